//! The consumer identity number (CIN): digits only, so that it can be typed on a dial pad, printed, and read by every scanner.
//!
//! ```text
//! 840 001 1  1 123456789 9
//! country (3, ISO 3166-1 numeric)
//!     network (3)
//!         AAA node (1 to 3)        these three are the prefix, 7 to 9 digits
//!            service (1)
//!              customer (9)
//!                        check digit (Damm)
//! ```
//!
//! 18 to 20 digits, split from the right, so that no registry is needed to read one. All fields have fixed places and leading
//! zeros count: node `1` and node `01` are different prefixes. The check digit rejects every single wrong digit and every
//! exchange of neighbours. A digit too many or too few *behind* the prefix always leads to a prefix that cannot be registered
//! beside the right one ([`PrefixTable`] is prefix-free); *inside* the prefix, nine in ten are caught by the check digit and
//! the rest by the registry unless that other prefix exists. A right check digit never makes a number genuine: only the home
//! profile database does.
//!
//! `Debug` and `Display` are redacted. The full number leaves only through [`Cin::digits`] and [`Cin::grouped`].

mod damm;
mod error;
mod table;
#[cfg(test)]
mod tests;
mod typing;

pub use error::{CinError, MAX_CIN_TEXT};
pub use table::{MAX_PREFIXES, PrefixTable, RouteError, TableError};
pub use typing::{TYPED_GROUPS, TypedCin, TypedState};

use crate::country;
use crate::profile::Service;
use core::fmt;
use damm::damm;
use error::refuse_char;
use minicbor::{Decode, Decoder, Encode, Encoder};

/// Fewest digits of a CIN.
pub const MIN_CIN_DIGITS: usize = 18;
/// Most digits of a CIN.
pub const MAX_CIN_DIGITS: usize = 20;
/// Fewest digits of a prefix.
pub const MIN_PREFIX_DIGITS: usize = 7;
/// Most digits of a prefix.
pub const MAX_PREFIX_DIGITS: usize = 9;
/// The scheme of what QR code and chip of a card carry, with its colon: `CIN:` and the digits. It is not registered with IANA;
/// like every scheme it is compared without regard to case (RFC 3986 section 3.1), and it is written in capitals because QR
/// codes then need fewer modules.
pub const SCHEME: &str = "CIN:";
/// Digits of a customer number.
pub const CUSTOMER_DIGITS: usize = 9;

/// The part of a CIN that names the home utility's AAA node (CIN-02): country, network and node, 7 to 9 digits. Ordered as text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CinPrefix {
    /// ASCII digits, filled up with zero bytes, which sort before every digit.
    bytes: [u8; MAX_PREFIX_DIGITS],
}

impl CinPrefix {
    /// Reads a prefix, with or without separators as in [`Cin::parse`].
    ///
    /// # Errors
    /// [`CinError`]: characters, length, or a country that ISO 3166-1 does not have.
    pub fn parse(text: &str) -> Result<Self, CinError> {
        Self::from_digits(&read_digits(text)?)
    }

    fn from_digits(digits: &[u8]) -> Result<Self, CinError> {
        let found = digits.len();
        if !(MIN_PREFIX_DIGITS..=MAX_PREFIX_DIGITS).contains(&found) {
            return Err(CinError::Length {
                found,
                min: MIN_PREFIX_DIGITS,
                max: MAX_PREFIX_DIGITS,
            });
        }
        let mut bytes = [0u8; MAX_PREFIX_DIGITS];
        for (slot, digit) in bytes.iter_mut().zip(digits) {
            *slot = digit.saturating_add(b'0');
        }
        let prefix = Self { bytes };
        let mut country = ['0'; 3];
        for (slot, c) in country.iter_mut().zip(prefix.as_str().chars()) {
            *slot = c;
        }
        if country::alpha2(prefix.country()).is_none() {
            return Err(CinError::UnknownCountry(country));
        }
        Ok(prefix)
    }

    /// The digits, without separators.
    pub fn as_str(&self) -> &str {
        let filled = self.bytes.split(|b| *b == 0).next().unwrap_or_default();
        core::str::from_utf8(filled).unwrap_or_default()
    }

    fn part(&self, from: usize, to: usize) -> &str {
        self.as_str()
            .get(from..to.min(self.as_str().len()))
            .unwrap_or_default()
    }

    /// The country, three digits (ISO 3166-1 numeric).
    pub fn country(&self) -> &str {
        self.part(0, 3)
    }

    /// The country, two letters (ISO 3166-1 alpha-2).
    pub fn country_alpha2(&self) -> &'static str {
        country::alpha2(self.country()).unwrap_or_default()
    }

    /// The network, three digits, numbered by the consortium within the country.
    pub fn network(&self) -> &str {
        self.part(3, 6)
    }

    /// The AAA node, one to three digits, numbered by the network.
    pub fn node(&self) -> &str {
        self.part(6, MAX_PREFIX_DIGITS)
    }

    /// Whether every number with prefix `other` begins with this one too (equal prefixes included).
    pub fn is_prefix_of(&self, other: &Self) -> bool {
        other.as_str().starts_with(self.as_str())
    }

    /// Whether the two cannot be registered beside each other.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.is_prefix_of(other) || other.is_prefix_of(self)
    }

    /// For people: `840 001 1`.
    pub fn grouped(&self) -> String {
        format!("{} {} {}", self.country(), self.network(), self.node())
    }
}

impl fmt::Display for CinPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for CinPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A customer's number within a prefix and service: 0 to 999,999,999, written with nine digits. It must be drawn at random by
/// the home utility, so that it says nothing about the person and neighbours cannot be guessed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomerNumber(u32);

impl CustomerNumber {
    /// The greatest.
    pub const MAX: Self = Self(999_999_999);

    /// Checks the range.
    ///
    /// # Errors
    /// [`CinError::CustomerRange`] above 999,999,999.
    pub fn new(number: u32) -> Result<Self, CinError> {
        if number > Self::MAX.0 {
            Err(CinError::CustomerRange(number))
        } else {
            Ok(Self(number))
        }
    }

    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Debug for CustomerNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("*********")
    }
}

/// A consumer identity number. It is held by its meaning, so every value is valid; the check digit is computed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cin {
    prefix: CinPrefix,
    service: Service,
    customer: CustomerNumber,
}

impl Cin {
    /// Puts a number together.
    pub fn new(prefix: CinPrefix, service: Service, customer: CustomerNumber) -> Self {
        Self {
            prefix,
            service,
            customer,
        }
    }

    /// Reads what a person typed or a scanner read: ASCII digits, between which single spaces or hyphens may stand.
    ///
    /// # Errors
    /// [`CinError`], in this order: text too long, characters, length, check digit, country, service. The check digit comes
    /// before what the digits mean, because a wrong digit is the likelier cause of an unknown country.
    pub fn parse(text: &str) -> Result<Self, CinError> {
        let digits = read_digits(text)?;
        let found = digits.len();
        if !(MIN_CIN_DIGITS..=MAX_CIN_DIGITS).contains(&found) {
            return Err(CinError::Length {
                found,
                min: MIN_CIN_DIGITS,
                max: MAX_CIN_DIGITS,
            });
        }
        if damm(digits.iter().copied()) != Some(0) {
            return Err(CinError::Mistyped);
        }
        // From the right: check digit, customer, service; the rest is the prefix.
        let (prefix, rest) = digits
            .split_at_checked(found.saturating_sub(CUSTOMER_DIGITS + 2))
            .ok_or(CinError::Empty)?;
        let (service, rest) = rest.split_first().ok_or(CinError::Empty)?;
        let prefix = CinPrefix::from_digits(prefix)?;
        let service = Service::from_digit(*service).ok_or(CinError::UnknownService(*service))?;
        let number = rest.iter().take(CUSTOMER_DIGITS).fold(0u32, |n, d| {
            n.saturating_mul(10).saturating_add(u32::from(*d))
        });
        Ok(Self {
            prefix,
            service,
            customer: CustomerNumber::new(number)?,
        })
    }

    /// Which AAA node answers for it.
    pub fn prefix(&self) -> CinPrefix {
        self.prefix
    }

    /// The service of the contract (CIN-04).
    pub fn service(&self) -> Service {
        self.service
    }

    /// The customer's number at home.
    pub fn customer(&self) -> CustomerNumber {
        self.customer
    }

    /// The check digit, 0 to 9.
    pub fn check_digit(&self) -> u8 {
        damm(self.body().bytes().map(|b| b.saturating_sub(b'0'))).unwrap_or_default()
    }

    fn body(&self) -> String {
        format!(
            "{}{}{:09}",
            self.prefix,
            self.service.digit(),
            self.customer.0
        )
    }

    /// All digits without separators. Never to be logged.
    pub fn digits(&self) -> String {
        format!("{}{}", self.body(), self.check_digit())
    }

    /// All digits in groups for people, the same on cards, bills and screens: country and network as such, then fours, which one can
    /// remember while typing: `840 001 1112 3456 7899`. Never to be logged.
    pub fn grouped(&self) -> String {
        typing::groups(&self.digits()).join(" ")
    }
}

/// Redacted: the prefix, and stars.
impl fmt::Display for Cin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} * ********* *", self.prefix)
    }
}

/// Redacted: the prefix, and stars.
impl fmt::Debug for Cin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cin({self})")
    }
}

/// What follows [`SCHEME`], in either case, in the payload of a card; `None` for text without it. The rest is not looked at.
pub fn strip_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_at_checked(SCHEME.len())?;
    scheme.eq_ignore_ascii_case(SCHEME).then_some(rest)
}

/// The values of the digits in `text`, in order; no more than [`MAX_CIN_TEXT`].
fn read_digits(text: &str) -> Result<Vec<u8>, CinError> {
    if text.is_empty() {
        return Err(CinError::Empty);
    }
    if text.len() > MAX_CIN_TEXT {
        return Err(CinError::TooLong(text.len()));
    }
    let mut digits = Vec::with_capacity(MAX_CIN_DIGITS);
    // Where the last separator stands while no digit has followed it; a text may not begin or end with one.
    let mut open = Some(1);
    for (at, c) in (1usize..).zip(text.chars()) {
        match (c, c.to_digit(10).and_then(|d| u8::try_from(d).ok())) {
            (_, Some(d)) => {
                digits.push(d);
                open = None;
            }
            (' ' | '-', None) if open.is_none() => open = Some(at),
            (' ' | '-', None) => return Err(CinError::Separator { at }),
            (other, None) => return Err(refuse_char(at, other)),
        }
    }
    match open {
        Some(at) => Err(CinError::Separator { at }),
        None => Ok(digits),
    }
}

/// CBOR text of digits: nothing else decodes, so that a value has one form.
fn plain_text<'b>(d: &mut Decoder<'b>) -> Result<&'b str, minicbor::decode::Error> {
    let text = d.str()?;
    if text.bytes().all(|b| b.is_ascii_digit()) {
        Ok(text)
    } else {
        Err(minicbor::decode::Error::message("expected digits only"))
    }
}

impl<C> Encode<C> for CinPrefix {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.str(self.as_str())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for CinPrefix {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Self::parse(plain_text(d)?).map_err(|e| minicbor::decode::Error::message(e.to_string()))
    }
}

impl<C> Encode<C> for Cin {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.str(&self.digits())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Cin {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Self::parse(plain_text(d)?).map_err(|e| minicbor::decode::Error::message(e.to_string()))
    }
}
