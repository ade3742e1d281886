//! A customer of the home utility: what is entered, and what is kept.

use crate::credential::{self, Credential};
use crate::store::StoreTable;
use crate::store::unreadable;
use core::fmt;
use fairway_model::{
    Cin, Currency, CustomerClass, Hash, Micro, Payment, Refusal, RefusalCode, Service, Tier, Time,
};
use minicbor::{Decode, Encode};

/// Most credentials of one customer beside the CIN.
pub const MAX_CREDENTIALS: usize = 16;
/// Longest name in bytes.
pub const MAX_NAME: usize = 80;
/// Longest language tag (BCP 47) in bytes.
pub const MAX_LANGUAGE: usize = 16;
/// Fewest digits of a PIN.
pub const MIN_PIN: usize = 4;
/// Most digits of a PIN.
pub const MAX_PIN: usize = 8;
/// Greatest credit limit: a million of the currency's major unit.
pub const MAX_CREDIT: Micro = Micro(1_000_000_000_000);

/// Names a customer inside the home utility: random, so that accounts, journal and audit log say nothing about the person once
/// the profile is erased. Written `cus_` and 32 hexadecimal digits. Never leaves the home utility.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct CustomerKey(#[cbor(with = "minicbor::bytes")] pub [u8; 16]);

impl CustomerKey {
    /// Draws a key from fresh entropy.
    pub fn draw(entropy: &[u8; 32]) -> Self {
        Self(Hash::keyed(entropy, "fairway.customer-key", b"").short())
    }

    /// Reads the form that [`fmt::Display`] writes.
    ///
    /// # Errors
    /// `malformed` when the prefix or the digits are missing.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let bad = || {
            unreadable(
                StoreTable::ResidentialCustomers,
                text,
                "no customer key: cus_ and 32 hexadecimal digits",
            )
        };
        let digits = text
            .strip_prefix("cus_")
            .filter(|d| d.len() == 32)
            .ok_or_else(bad)?;
        let mut out = [0u8; 16];
        for (slot, pair) in out.iter_mut().zip(digits.as_bytes().chunks(2)) {
            let pair = core::str::from_utf8(pair).map_err(|_| bad())?;
            *slot = u8::from_str_radix(pair, 16).map_err(|_| bad())?;
        }
        Ok(Self(out))
    }
}

impl fmt::Display for CustomerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cus_")?;
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for CustomerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A customer as entered. The service comes from the CIN (CIN-04).
#[derive(Clone, PartialEq, Eq)]
pub struct CustomerInput {
    /// CIN, digits; separators allowed.
    pub cin: String,
    /// Name as on the bill, 1 to [`MAX_NAME`] bytes.
    pub name: String,
    /// Residential or commercial: which of the two stores (CR-03).
    pub class: CustomerClass,
    /// Loyalty tier.
    pub tier: Tier,
    /// How the customer pays.
    pub payment: Payment,
    /// Credit limit, 0 to [`MAX_CREDIT`]; ignored for prepaid customers.
    pub credit_limit: Micro,
    /// Language, BCP 47, at most [`MAX_LANGUAGE`] bytes.
    pub language: String,
    /// PIN for the dial pad, [`MIN_PIN`] to [`MAX_PIN`] digits; none lets the dial pad do without.
    pub pin: Option<String>,
    /// Other credentials: loyalty numbers, RFID UIDs, eMAIDs; at most [`MAX_CREDENTIALS`].
    pub credentials: Vec<String>,
    /// Currency of the account; cannot change later.
    pub currency: Currency,
}

impl fmt::Debug for CustomerInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Personal data never reaches a log.
        write!(f, "CustomerInput({:?}, {:?})", self.class, self.tier)
    }
}

/// What shall be different about a customer; what is `None` stays as it is.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CustomerPatch {
    /// Name as on the bill.
    pub name: Option<String>,
    /// Loyalty tier.
    pub tier: Option<Tier>,
    /// How the customer pays.
    pub payment: Option<Payment>,
    /// Credit limit.
    pub credit_limit: Option<Micro>,
    /// Language, BCP 47.
    pub language: Option<String>,
    /// Another PIN, or none any more.
    pub pin: Option<Option<String>>,
    /// All other credentials.
    pub credentials: Option<Vec<String>>,
}

impl fmt::Debug for CustomerPatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Personal data never reaches a log.
        f.write_str("CustomerPatch")
    }
}

impl CustomerPatch {
    /// The customer as it would be entered with the changes; the PIN only when it changes, because the old one is not known.
    pub fn over(&self, before: &Customer) -> CustomerInput {
        CustomerInput {
            cin: before.cin.digits(),
            name: self.name.clone().unwrap_or_else(|| before.name.clone()),
            class: before.class,
            tier: self.tier.unwrap_or(before.tier),
            payment: self.payment.unwrap_or(before.payment),
            credit_limit: self.credit_limit.unwrap_or(before.credit_limit),
            language: self
                .language
                .clone()
                .unwrap_or_else(|| before.language.clone()),
            pin: self.pin.clone().flatten(),
            credentials: self
                .credentials
                .clone()
                .unwrap_or_else(|| before.credentials.clone()),
            currency: before.currency,
        }
    }
}

/// A PIN as kept: never the digits. The HMAC's key is the home utility's secret, which is in no database, so that a stolen
/// database alone does not give way to trying all ten thousand PINs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct PinHash {
    /// Random, new with every PIN.
    #[n(0)]
    pub salt: Hash,
    /// HMAC-SHA-256 (RFC 2104) of salt and PIN under the home secret.
    #[n(1)]
    pub mac: Hash,
}

impl PinHash {
    /// Makes the hash of a PIN with a fresh salt.
    pub fn make(secret: &[u8; 32], salt: Hash, pin: &str) -> Self {
        Self {
            salt,
            mac: mac(secret, salt, pin),
        }
    }

    /// Whether this is the PIN.
    pub fn fits(&self, secret: &[u8; 32], pin: &str) -> bool {
        // Comparing two MACs under an unknown key: where they first differ tells nothing about the PIN.
        mac(secret, self.salt, pin) == self.mac
    }
}

fn mac(secret: &[u8; 32], salt: Hash, pin: &str) -> Hash {
    let mut body = salt.0.to_vec();
    body.extend_from_slice(pin.as_bytes());
    Hash::keyed(secret, "fairway.pin", &body)
}

/// A customer as kept in the home profile database (HCP).
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct Customer {
    /// Key inside the home utility.
    #[n(0)]
    pub key: CustomerKey,
    /// CIN.
    #[n(1)]
    pub cin: Cin,
    /// Name as on the bill.
    #[n(2)]
    pub name: String,
    /// Residential or commercial.
    #[n(3)]
    pub class: CustomerClass,
    /// Loyalty tier.
    #[n(4)]
    pub tier: Tier,
    /// How the customer pays.
    #[n(5)]
    pub payment: Payment,
    /// Credit limit; zero for prepaid customers.
    #[n(6)]
    pub credit_limit: Micro,
    /// Language, BCP 47.
    #[n(7)]
    pub language: String,
    /// PIN, hashed.
    #[n(8)]
    pub pin: Option<PinHash>,
    /// Other credentials in normal form ([`credential::normal`]).
    #[n(9)]
    pub credentials: Vec<String>,
    /// Currency of the account.
    #[n(10)]
    pub currency: Currency,
    /// Whether every credential is blocked.
    #[n(11)]
    pub blocked: bool,
    /// Counts changes, from 1.
    #[n(12)]
    pub version: u32,
    /// When the customer was first entered.
    #[n(13)]
    pub since: Time,
    /// Since when the customer himself lets no credential charge; none while he does. The utility's own block stands beside it.
    #[n(14)]
    pub frozen: Option<Time>,
}

impl fmt::Debug for Customer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Personal data never reaches a log.
        write!(f, "Customer({}, version {})", self.key, self.version)
    }
}

impl Customer {
    /// The service of the contract: the CIN's service digit (CIN-04).
    pub fn service(&self) -> Service {
        self.cin.service()
    }

    /// Whether the customer's credentials count at all, before anything else is looked at.
    ///
    /// # Errors
    /// `cin-blocked` while the utility blocks him, else `cin-frozen` while he has frozen them himself.
    pub(crate) fn check_open(&self) -> Result<(), Refusal> {
        if self.blocked {
            let text = "blocked by the home utility: call your utility";
            return Err(Refusal::new(RefusalCode::CinBlocked, text));
        }
        if self.frozen.is_some() {
            let text =
                "frozen by the customer: unfreeze it on your utility's pages, then try again";
            return Err(Refusal::new(RefusalCode::CinFrozen, text));
        }
        Ok(())
    }

    /// How far the account may go: zero for prepaid, minus the credit limit for postpaid.
    pub fn floor(&self) -> Micro {
        match self.payment {
            Payment::Prepaid => Micro::ZERO,
            Payment::Postpaid => self.credit_limit.negated().unwrap_or(Micro::ZERO),
        }
    }

    /// The store that holds the customer.
    pub fn table(&self) -> StoreTable {
        table_of(self.class)
    }
}

/// The store of a class (CR-03).
pub(crate) fn table_of(class: CustomerClass) -> StoreTable {
    match class {
        CustomerClass::Residential => StoreTable::ResidentialCustomers,
        CustomerClass::Commercial => StoreTable::CommercialCustomers,
    }
}

/// The parts of an input that were checked and brought into normal form.
pub(crate) struct Checked {
    pub(crate) cin: Cin,
    pub(crate) credentials: Vec<String>,
}

fn invalid(text: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::CustomerInvalid, text)
}

/// Checks an input's fields one by one; the first that does not fit is named.
pub(crate) fn check(input: &CustomerInput) -> Result<Checked, Refusal> {
    let cin = Cin::parse(&input.cin)
        .map_err(|e| Refusal::new(RefusalCode::CinMistyped, format!("cin: {e}")))?;
    if input.name.trim().is_empty()
        || input.name.len() > MAX_NAME
        || input.name.chars().any(char::is_control)
    {
        return Err(invalid(format!(
            "name: 1 to {MAX_NAME} bytes without control characters"
        )));
    }
    let tag = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    if input.language.is_empty()
        || input.language.len() > MAX_LANGUAGE
        || !input.language.bytes().all(tag)
    {
        return Err(invalid(format!(
            "language: a BCP 47 tag of at most {MAX_LANGUAGE} characters, as in en-US"
        )));
    }
    if !(Micro::ZERO..=MAX_CREDIT).contains(&input.credit_limit) {
        return Err(invalid("credit_limit: not negative, and at most a million"));
    }
    if let Some(pin) = &input.pin
        && (!(MIN_PIN..=MAX_PIN).contains(&pin.len()) || !pin.bytes().all(|b| b.is_ascii_digit()))
    {
        return Err(invalid(format!(
            "pin: {MIN_PIN} to {MAX_PIN} digits, or none"
        )));
    }
    Ok(Checked {
        cin,
        credentials: check_credentials(&input.credentials)?,
    })
}

fn check_credentials(entered: &[String]) -> Result<Vec<String>, Refusal> {
    if entered.len() > MAX_CREDENTIALS {
        return Err(invalid(format!(
            "credentials: {} entered, at most {MAX_CREDENTIALS} are kept",
            entered.len()
        )));
    }
    let mut normal = Vec::with_capacity(entered.len());
    for (at, text) in (1u32..).zip(entered) {
        let Ok(Credential::Other(text)) = credential::entered(text) else {
            return Err(invalid(format!(
                "credentials: number {at} is no loyalty number (4 to 16 digits), RFID UID (8, 14 or 20 hexadecimal digits) or eMAID"
            )));
        };
        if normal.contains(&text) {
            return Err(invalid(format!("credentials: number {at} is there twice")));
        }
        normal.push(text);
    }
    Ok(normal)
}
