//! What a presented credential is, and which member answers for it (GW-03, GW-08, CIN-06).

use fairway_model::cin::RouteError;
use fairway_model::station::{InputMethod, MAX_TOKEN, Presented};
use fairway_model::{Cin, CinError, MemberId, PrefixTable, Refusal, RefusalCode};

/// Hexadecimal characters of a card UID (ISO/IEC 14443-3: 4, 7 or 10 bytes; ISO 15693: 8).
const UID_LENGTHS: [usize; 4] = [8, 14, 16, 20];
/// Digits of a loyalty number: fewer than any CIN has, so that the dial pad can tell them apart.
const LOYALTY_DIGITS: core::ops::RangeInclusive<usize> = 4..=16;

/// A credential by its kind.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A consumer identity number.
    Cin(Cin),
    /// A contract id (eMAID) with the member that its country and provider code name.
    Contract {
        /// Without separators, upper case.
        emaid: String,
        /// Who issued it.
        provider: MemberId,
    },
    /// A card UID or loyalty number: only the utility that issued it can say whose it is.
    Own(String),
}

impl core::fmt::Debug for Credential {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // Credentials never reach a log.
        f.write_str(match self {
            Self::Cin(_) => "Cin(..)",
            Self::Contract { .. } => "Contract(..)",
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

/// Reads a credential.
///
/// # Errors
/// `cin-mistyped` for digits that are no CIN, `credential-foreign` for anything of unknown form, `too-large`.
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
    match presented.method {
        InputMethod::Contract => contract(token),
        InputMethod::Rfid => card(token),
        InputMethod::DialPad | InputMethod::Code => number(token),
    }
}

/// Digits typed or scanned: a CIN, or the shorter loyalty number; a code may also hold an eMAID.
fn number(token: &str) -> Result<Credential, Refusal> {
    let error = match Cin::parse(token) {
        Ok(cin) => return Ok(Credential::Cin(cin)),
        Err(error) => error,
    };
    let plain: String = token.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let digits = plain.bytes().all(|b| b.is_ascii_digit());
    if digits && LOYALTY_DIGITS.contains(&plain.len()) {
        return Ok(Credential::Own(plain));
    }
    if digits {
        return Err(mistyped(error));
    }
    contract(token).map_err(|_| mistyped(error))
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

/// An eMAID: country, provider, instance of nine characters, and a check character that may be missing (ISO 15118-1 annex H);
/// hyphens or stars may stand between its parts.
fn contract(token: &str) -> Result<Credential, Refusal> {
    let plain: String = token
        .chars()
        .filter(|c| !matches!(c, '-' | '*'))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let form = plain.bytes().all(|b| b.is_ascii_alphanumeric()) && matches!(plain.len(), 14 | 15);
    let provider = plain.get(..5).and_then(|p| MemberId::parse(p).ok());
    match provider {
        Some(provider) if form => Ok(Credential::Contract {
            emaid: plain,
            provider,
        }),
        _ => Err(foreign(
            "this is no contract id: country, provider and nine characters are expected, as in US-DUK-C12345678",
        )),
    }
}

/// Who answers for a credential.
///
/// # Errors
/// `cin-unknown-network`: nobody has that prefix, or a digit is too many or missing; for a contract, its provider is no member.
pub fn route(
    credential: &Credential,
    prefixes: &PrefixTable,
    is_member: impl Fn(MemberId) -> bool,
) -> Result<Route, Refusal> {
    match credential {
        Credential::Cin(cin) => prefixes
            .find(cin)
            .map(Route::Member)
            .map_err(|e| unknown_network(&e)),
        Credential::Contract { provider, .. } if is_member(*provider) => {
            Ok(Route::Member(*provider))
        }
        Credential::Contract { provider, .. } => Err(Refusal::new(
            RefusalCode::CinUnknownNetwork,
            format!("the contract's provider {provider} takes no part in this network"),
        )),
        Credential::Own(_) => Ok(Route::OwnProfiles),
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
        let duke = MemberId::parse("US*DUK").unwrap();
        for text in ["US-DUK-C12345678", "usdukc12345678", "US*DUK*C12345678*X"] {
            match classify(&presented(InputMethod::Contract, text)) {
                Ok(Credential::Contract { provider, .. }) => assert_eq!(provider, duke),
                other => panic!("{text}: {other:?}"),
            }
        }
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
        let none = route(&credential, &table, |_| true).unwrap_err();
        assert_eq!(none.code, RefusalCode::CinUnknownNetwork);
        table.insert(cin().prefix(), duke).unwrap();
        assert_eq!(
            route(&credential, &table, |_| true),
            Ok(Route::Member(duke))
        );
        let contract = Credential::Contract {
            emaid: "USDUKC12345678".to_owned(),
            provider: duke,
        };
        assert_eq!(
            route(&contract, &table, |m| m == duke),
            Ok(Route::Member(duke))
        );
        assert_eq!(
            route(&contract, &table, |_| false).unwrap_err().code,
            RefusalCode::CinUnknownNetwork
        );
    }
}
