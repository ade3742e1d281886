//! What a presented credential is, and which member answers for it (GW-03, GW-08, CIN-06).

use fairway_model::cin::{RouteError, strip_scheme};
use fairway_model::station::{InputMethod, MAX_TOKEN, Presented};
use fairway_model::{
    Cin, CinError, Contract, Emaid, EmaidError, Foreign, MemberId, PrefixTable, Refusal,
    RefusalCode,
};

/// Hexadecimal characters of a card UID (ISO/IEC 14443-3: 4, 7 or 10 bytes; ISO 15693: 8).
const UID_LENGTHS: [usize; 4] = [8, 14, 16, 20];
/// Digits of a loyalty number: fewer than any CIN has, so that the dial pad can tell them apart.
const LOYALTY_DIGITS: core::ops::RangeInclusive<usize> = 4..=16;

/// A credential by its kind.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A consumer identity number.
    Cin(Cin),
    /// A contract id (eMAID) whose check character, where it has one, is right.
    Contract(Emaid),
    /// A card UID or loyalty number: only the utility that issued it can say whose it is.
    Own(String),
}

impl core::fmt::Debug for Credential {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // Credentials never reach a log.
        f.write_str(match self {
            Self::Cin(_) => "Cin(..)",
            Self::Contract(_) => "Contract(..)",
            Self::Own(_) => "Own(..)",
        })
    }
}

/// Who answers for a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// This member's AAA node.
    Member(MemberId),
    /// Only this utility's own profiles can tell; nobody else is asked.
    OwnProfiles,
}

fn foreign(text: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::CredentialForeign, text)
}

fn mistyped(error: CinError) -> Refusal {
    Refusal::new(
        RefusalCode::CinMistyped,
        format!("the number was not read right: {error}; please enter it again"),
    )
}

/// Reads a credential. The payload of a card (`CIN:` and digits, from a QR code or a chip) counts as its digits.
///
/// # Errors
/// `cin-mistyped` for digits that are no CIN, `credential-foreign` for anything of unknown form and for a contract id with a wrong
/// check character, `too-large`.
pub fn classify(presented: &Presented) -> Result<Credential, Refusal> {
    let token = presented.token.trim();
    if token.len() > MAX_TOKEN {
        return Err(Refusal::new(
            RefusalCode::TooLarge,
            format!(
                "a credential of {} bytes; at most {MAX_TOKEN} are read",
                token.len()
            ),
        ));
    }
    if let Some(digits) = strip_scheme(token) {
        return Cin::parse(digits).map(Credential::Cin).map_err(mistyped);
    }
    match presented.method {
        InputMethod::Contract => contract(token).map_err(|e| no_contract(&e)),
        InputMethod::Rfid => card(token),
        InputMethod::DialPad => number(token).map_err(mistyped),
        InputMethod::Code => code(token),
    }
}

/// Digits typed or scanned: a CIN, or the shorter loyalty number.
fn number(token: &str) -> Result<Credential, CinError> {
    let error = match Cin::parse(token) {
        Ok(cin) => return Ok(Credential::Cin(cin)),
        Err(error) => error,
    };
    let plain: String = token.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let digits = plain.bytes().all(|b| b.is_ascii_digit());
    if digits && LOYALTY_DIGITS.contains(&plain.len()) {
        return Ok(Credential::Own(plain));
    }
    Err(error)
}

/// A code: digits, or an eMAID. Text that begins with a digit was meant as a number.
fn code(token: &str) -> Result<Credential, Refusal> {
    let error = match number(token) {
        Ok(credential) => return Ok(credential),
        Err(error) => error,
    };
    if token.is_empty() || token.starts_with(char::is_numeric) {
        return Err(mistyped(error));
    }
    contract(token).map_err(|e| match e {
        EmaidError::Mistyped => no_contract(&e),
        _ => foreign("this code holds no charging number, loyalty number or contract id"),
    })
}

/// A card: its chip may give the CIN, else its UID.
fn card(token: &str) -> Result<Credential, Refusal> {
    if let Ok(cin) = Cin::parse(token) {
        return Ok(Credential::Cin(cin));
    }
    let plain: String = token
        .chars()
        .filter(|c| !matches!(c, ':' | '-' | ' '))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    if plain.bytes().all(|b| b.is_ascii_hexdigit()) && UID_LENGTHS.contains(&plain.len()) {
        return Ok(Credential::Own(plain));
    }
    Err(foreign(
        "this card is of no known form; type the number on your card, or scan its code",
    ))
}

/// An eMAID ([`Emaid`]).
fn contract(token: &str) -> Result<Credential, EmaidError> {
    Emaid::parse(token).map(Credential::Contract)
}

fn no_contract(error: &EmaidError) -> Refusal {
    foreign(format!(
        "the contract id was not read right: {error}; present your card, or dial your number"
    ))
}

/// Who answers for a credential.
///
/// # Errors
/// `cin-unknown-network`: nobody has that prefix, or a digit is too many or missing; for a contract, its provider is no member or
/// has no such node. `credential-foreign`: the contract stands for no CIN.
pub fn route(credential: &Credential, prefixes: &PrefixTable) -> Result<Route, Refusal> {
    match credential {
        Credential::Cin(cin) => of_cin(cin, prefixes),
        Credential::Contract(emaid) => match emaid.resolve(prefixes) {
            Contract::Cin(cin) => of_cin(&cin, prefixes),
            Contract::Foreign(why) => Err(foreign_contract(emaid, why)),
        },
        Credential::Own(_) => Ok(Route::OwnProfiles),
    }
}

fn of_cin(cin: &Cin, prefixes: &PrefixTable) -> Result<Route, Refusal> {
    prefixes
        .find(cin)
        .map(Route::Member)
        .map_err(|e| unknown_network(&e))
}

fn foreign_contract(emaid: &Emaid, why: Foreign) -> Refusal {
    let provider = format!("{}*{}", emaid.country(), emaid.provider());
    match why {
        Foreign::Provider => Refusal::new(
            RefusalCode::CinUnknownNetwork,
            format!("the contract's provider {provider} takes no part in this network"),
        ),
        Foreign::Layout => foreign(format!(
            "the contract of {provider} stands for no charging number of this network; present your card, or dial your number"
        )),
        Foreign::Node => Refusal::new(
            RefusalCode::CinUnknownNetwork,
            format!(
                "the contract names a number range of {provider} that is not registered in this network"
            ),
        ),
    }
}

fn unknown_network(error: &RouteError) -> Refusal {
    Refusal::new(
        RefusalCode::CinUnknownNetwork,
        format!("no utility in this network has such numbers ({error}); please check the number"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_model::{CinPrefix, CustomerNumber, Service};

    fn presented(method: InputMethod, token: &str) -> Presented {
        Presented {
            method,
            token: token.to_owned(),
            pin: None,
        }
    }

    fn cin() -> Cin {
        Cin::new(
            CinPrefix::parse("8400011").unwrap(),
            Service::Standard,
            CustomerNumber::new(123).unwrap(),
        )
    }

    #[test]
    fn credentials_by_kind() {
        let digits = cin().digits();
        for method in [InputMethod::DialPad, InputMethod::Code, InputMethod::Rfid] {
            assert_eq!(
                classify(&presented(method, &digits)),
                Ok(Credential::Cin(cin()))
            );
        }
        assert_eq!(
            classify(&presented(InputMethod::Rfid, "04a2b3c4d5e6f7")),
            Ok(Credential::Own("04A2B3C4D5E6F7".to_owned()))
        );
        assert_eq!(
            classify(&presented(InputMethod::DialPad, "7000-0042")),
            Ok(Credential::Own("70000042".to_owned()))
        );
        let right = Emaid::parse("US-DUK-C12345678").unwrap();
        let expected = Ok(Credential::Contract(right));
        for text in [
            "US-DUK-C12345678",
            "usdukc12345678",
            &right.with_check(),
            &right.grouped().replace('-', "*"),
        ] {
            for method in [InputMethod::Contract, InputMethod::Code] {
                assert_eq!(classify(&presented(method, text)), expected, "{text}");
            }
        }
    }

    #[test]
    fn the_payload_of_a_card_counts_as_its_digits() {
        for text in [
            format!("CIN:{}", cin().digits()),
            format!("cin:{}\r\n", cin().digits()),
            format!("CIN:{}", cin().grouped()),
        ] {
            for method in [InputMethod::Code, InputMethod::Rfid] {
                assert_eq!(
                    classify(&presented(method, &text)),
                    Ok(Credential::Cin(cin()))
                );
            }
        }
        // No loyalty number hides behind the scheme.
        let short = classify(&presented(InputMethod::Code, "CIN:70000042"));
        assert_eq!(short.unwrap_err().code, RefusalCode::CinMistyped);
    }

    #[test]
    fn each_bad_credential_has_its_code() {
        let mut wrong = cin().digits();
        let last = wrong.pop().unwrap();
        wrong.push(if last == '0' { '1' } else { '0' });
        for (method, token, code) in [
            (
                InputMethod::DialPad,
                wrong.as_str(),
                RefusalCode::CinMistyped,
            ),
            (InputMethod::DialPad, "", RefusalCode::CinMistyped),
            (InputMethod::DialPad, "12", RefusalCode::CinMistyped),
            (
                InputMethod::Rfid,
                "hello card",
                RefusalCode::CredentialForeign,
            ),
            (
                InputMethod::Contract,
                "8400",
                RefusalCode::CredentialForeign,
            ),
            (
                InputMethod::Contract,
                "US-DUK-C12345678-0",
                RefusalCode::CredentialForeign,
            ),
            (
                InputMethod::Code,
                "https://example.com/",
                RefusalCode::CredentialForeign,
            ),
            (
                InputMethod::Code,
                "84O00101000001230",
                RefusalCode::CinMistyped,
            ),
            (InputMethod::Code, "", RefusalCode::CinMistyped),
            (InputMethod::Code, &"9".repeat(300), RefusalCode::TooLarge),
        ] {
            assert_eq!(
                classify(&presented(method, token)).map_err(|r| r.code),
                Err(code),
                "{token}"
            );
        }
    }

    #[test]
    fn every_prefix_goes_to_its_member() {
        let duke = MemberId::parse("US*DUK").unwrap();
        let mut table = PrefixTable::new();
        let credential = Credential::Cin(cin());
        let none = route(&credential, &table).unwrap_err();
        assert_eq!(none.code, RefusalCode::CinUnknownNetwork);
        table.insert(cin().prefix(), duke).unwrap();
        assert_eq!(route(&credential, &table), Ok(Route::Member(duke)));
        assert_eq!(
            route(&Credential::Own("70000042".to_owned()), &table),
            Ok(Route::OwnProfiles)
        );
    }

    #[test]
    fn contracts_go_where_their_cin_goes() {
        let duke = MemberId::parse("US*DUK").unwrap();
        let mut table = PrefixTable::new();
        table.insert(cin().prefix(), duke).unwrap();
        let go = |text: &str| {
            classify(&presented(InputMethod::Contract, text)).and_then(|c| route(&c, &table))
        };
        let emaid = Emaid::of(&cin(), &table).unwrap();
        assert_eq!(go(&emaid.grouped()), Ok(Route::Member(duke)));
        let rows: Vec<String> = [
            emaid.as_str().replacen("USDUK", "NLTNM", 1).as_str(),
            "USDUKC12345678",
            "USDUKFE8827M68",
            "USDUKC12345678_",
            "US-DUK-C12345678-0",
            "NL-TNM-012204-5",
        ]
        .map(|text| go(text).unwrap_err().to_string())
        .into();
        expect_test::expect![[r"
            cin-unknown-network: the contract's provider NL*TNM takes no part in this network
            credential-foreign: the contract of US*DUK stands for no charging number of this network; present your card, or dial your number
            cin-unknown-network: the contract names a number range of US*DUK that is not registered in this network
            credential-foreign: the contract id was not read right: character 15 is '_': 2 letters of a country, then letters and digits; present your card, or dial your number
            credential-foreign: the contract id was not read right: the check character does not fit: a character is mistyped; present your card, or dial your number
            credential-foreign: the contract id was not read right: the 12-character form of DIN SPEC 91286: use the 14-character contract id; present your card, or dial your number"]].assert_eq(&rows.join("\n"));
    }
}
