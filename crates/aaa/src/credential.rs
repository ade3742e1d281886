//! What was presented at a station, in a form that can be looked up (CIN-06, CIN-09).
//!
//! A credential is a CIN or a text of capitals and digits: loyalty number, RFID UID or eMAID. The three share one name space;
//! how a text was entered decides what it may be, not whom it names.

use fairway_model::cin::strip_scheme;
use fairway_model::station::{InputMethod, MAX_TOKEN, Presented};
use fairway_model::{Cin, CinError, Emaid, Hash, Refusal, RefusalCode};

/// Fewest digits of a loyalty number.
pub const MIN_LOYALTY: usize = 4;
/// Most digits of a loyalty number: fewer than any CIN has, so that the dial pad can tell them apart.
pub const MAX_LOYALTY: usize = 16;
/// Hexadecimal digits of an RFID UID (ISO/IEC 14443-3: 4, 7 or 10 bytes).
pub const UID_LENGTHS: [usize; 3] = [8, 14, 20];

/// A credential in normal form.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A CIN.
    Cin(Cin),
    /// A loyalty number, card UID or eMAID in normal form.
    Other(String),
}

impl core::fmt::Debug for Credential {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // Credentials never reach a log.
        f.write_str(match self {
            Self::Cin(_) => "Credential(CIN)",
            Self::Other(_) => "Credential(other)",
        })
    }
}

impl Credential {
    /// The text that indexes are keyed by.
    pub fn text(&self) -> String {
        match self {
            Self::Cin(cin) => cin.digits(),
            Self::Other(text) => text.clone(),
        }
    }

    /// A fingerprint that only holders of `secret` can compute or recognise.
    pub fn fingerprint(&self, secret: &[u8; 32], domain: &str) -> Hash {
        Hash::keyed(secret, domain, self.text().as_bytes())
    }
}

/// Capitals and digits of a text; separators between them (space, `-`, `*`, `:`, `.`) are dropped. `None` when something else
/// is in it, or nothing.
pub fn normal(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => out.push(c.to_ascii_uppercase()),
            ' ' | '-' | '*' | ':' | '.' => {}
            _ => return None,
        }
    }
    (!out.is_empty()).then_some(out)
}

fn is_loyalty(text: &str) -> bool {
    (MIN_LOYALTY..=MAX_LOYALTY).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_uid(text: &str) -> bool {
    UID_LENGTHS.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// An eMAID in normal form: without its check character, which must fit where it is there.
fn emaid(text: &str) -> Option<Credential> {
    let id = Emaid::parse(text).ok()?;
    Some(Credential::Other(id.as_str().to_owned()))
}

fn foreign(text: &str) -> Refusal {
    Refusal::new(RefusalCode::CredentialForeign, text)
}

fn mistyped(e: CinError) -> Refusal {
    Refusal::new(RefusalCode::CinMistyped, e.to_string())
}

/// Reads a credential as an operator enters it for a customer, where no input method tells what it is.
///
/// # Errors
/// `credential-foreign`.
pub fn entered(text: &str) -> Result<Credential, Refusal> {
    if let Ok(cin) = Cin::parse(text) {
        return Ok(Credential::Cin(cin));
    }
    if let Some(id) = emaid(text) {
        return Ok(id);
    }
    let text = normal(text)
        .filter(|t| t.len() <= MAX_TOKEN)
        .ok_or_else(|| foreign("letters, digits and separators only"))?;
    if is_loyalty(&text) || is_uid(&text) {
        return Ok(Credential::Other(text));
    }
    Err(foreign("no CIN, loyalty number, RFID UID or eMAID"))
}

/// Reads what was presented; the payload of a card (`CIN:` and digits) counts as its digits. The PIN is not looked at.
///
/// # Errors
/// `cin-mistyped` for digits that were meant as a CIN and are none; `credential-foreign` for anything of no known form.
pub fn presented(presented: &Presented) -> Result<Credential, Refusal> {
    let token = presented.token.trim();
    if token.is_empty() || token.len() > MAX_TOKEN {
        return Err(foreign("the credential is empty or longer than 255 bytes"));
    }
    if let Some(digits) = strip_scheme(token) {
        return Cin::parse(digits).map(Credential::Cin).map_err(mistyped);
    }
    let error = match Cin::parse(token) {
        Ok(cin) => return Ok(Credential::Cin(cin)),
        Err(e) => e,
    };
    let text = normal(token);
    let fits = |test: fn(&str) -> bool| text.clone().filter(|t| test(t)).map(Credential::Other);
    match presented.method {
        InputMethod::DialPad => fits(is_loyalty).ok_or_else(|| mistyped(error)),
        InputMethod::Rfid => {
            fits(is_uid).ok_or_else(|| foreign("an RFID UID has 8, 14 or 20 hexadecimal digits"))
        }
        InputMethod::Contract => emaid(token).ok_or_else(|| {
            foreign("a contract id (eMAID) has 14 characters and perhaps a check digit")
        }),
        InputMethod::Code => emaid(token)
            .or_else(|| fits(is_loyalty))
            .ok_or_else(|| code_error(text.as_deref(), error)),
    }
}

/// Digits in a code were meant as a CIN; anything else is something foreign.
fn code_error(text: Option<&str>, error: CinError) -> Refusal {
    match text {
        Some(t) if t.bytes().all(|b| b.is_ascii_digit()) => mistyped(error),
        _ => foreign("the code holds no CIN, loyalty number or contract id"),
    }
}
