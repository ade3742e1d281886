//! E-mobility account identifiers (eMAID): the contract ids of ISO 15118 and OCPI, and their lossless mapping to CINs (CIN-09).
//!
//! An eMAID is a country (2 letters), a provider (3 letters or digits), an instance (9) and an optional check character; hyphens
//! (or stars, in the older spelling) may stand between these parts (ISO 15118-2:2014 annex H, eMI3). A member's eMAIDs carry its own id as country and provider.
//! The instance of a CIN's eMAID is, in base 36 with nine characters,
//!
//! ```text
//! 15 * 36^8  +  (service * 1110 + node) * 10^9  +  customer
//! ```
//!
//! where `node` numbers all node texts: `0` to `9` are 0 to 9, `00` to `99` are 10 to 109, `000` to `999` are 110 to 1109. The
//! first term makes such an instance begin with `F`, `G`, `H` or `I`. The network is not in it: the registry knows it, because a
//! member uses a node number once over all its networks ([`crate::PrefixTable::insert`]).

#[cfg(test)]
mod tests;

use crate::cin::{Cin, CustomerNumber, PrefixTable, RouteError};
use crate::ids::MemberId;
use crate::profile::Service;
use core::fmt;

/// The longest text, in bytes, that is read as an eMAID; longer text is refused unread. An eMAID is at most 18 characters long
/// (15 and 3 hyphens); the rest of the bound is room for characters of several bytes, so that they are named and not counted.
pub const MAX_EMAID_TEXT: usize = 72;

/// Characters of the instance.
const INSTANCE_LEN: usize = 9;
/// Characters without the check character.
const PLAIN_LEN: usize = 14;
/// Added to the number that an instance of ours stands for: `F00000000`.
const MARK: u64 = 15 * 36u64.pow(8);
/// How many node texts there are.
const NODES: u64 = 1_110;
/// How many customer numbers there are.
const CUSTOMERS: u64 = 1_000_000_000;

/// Why text is no eMAID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EmaidError {
    /// Neither 14 characters nor 15 with the check character; holds how many.
    Length(usize),
    /// Twelve characters: the older form of DIN SPEC 91286 with a six-character instance.
    DinForm,
    /// A character that does not belong there; the place counts from 1, hyphens and stars left out.
    Character {
        /// Where.
        at: usize,
        /// What was found.
        found: char,
    },
    /// Hyphens or stars elsewhere than between country, provider, instance and check character.
    Separator,
    /// The check character does not fit the others.
    Mistyped,
}

impl EmaidError {
    /// A stable code, as test vectors and logs print it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Length(_) => "length",
            Self::DinForm => "din-form",
            Self::Character { .. } => "unexpected-character",
            Self::Separator => "separator",
            Self::Mistyped => "mistyped",
        }
    }
}

impl fmt::Display for EmaidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(n) => write!(
                f,
                "{n} characters: a contract id has 14, or 15 with its check character"
            ),
            Self::DinForm => write!(
                f,
                "the 12-character form of DIN SPEC 91286: use the 14-character contract id"
            ),
            Self::Character { at, found } => write!(
                f,
                "character {at} is {found:?}: 2 letters of a country, then letters and digits"
            ),
            Self::Separator => write!(f, "hyphens stand only as in US-DUK-F12345678-X"),
            Self::Mistyped => write!(
                f,
                "the check character does not fit: a character is mistyped"
            ),
        }
    }
}

impl core::error::Error for EmaidError {}

/// What a contract id turns out to be, seen from the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contract {
    /// The eMAID of this CIN. Whether the CIN exists, only its home utility knows.
    Cin(Cin),
    /// Not one of ours; the reason says whom to ask instead.
    Foreign(Foreign),
}

/// Why a contract id is no eMAID of a CIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// Nobody in the registry has this country and provider.
    Provider,
    /// The provider is a member, but the instance does not follow the layout of CINs: a contract of its own.
    Layout,
    /// The layout fits, but the member has no such AAA node.
    Node,
}

impl Foreign {
    /// A stable code, as test vectors and logs print it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Provider => "foreign-provider",
            Self::Layout => "foreign-layout",
            Self::Node => "foreign-node",
        }
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Provider => {
                "the contract's provider is no member: it can be asked only through an OCPI partner"
            }
            Self::Layout => "the contract is the member's own and stands for no CIN",
            Self::Node => "the contract names an AAA node that the member has not registered",
        })
    }
}

/// An eMAID in upper case, without its check character, which is computed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Emaid([u8; PLAIN_LEN]);

impl Emaid {
    /// Reads an eMAID in either case, with or without hyphens or stars, with or without its check character.
    ///
    /// # Errors
    /// [`EmaidError`]: length, place of a separator, a character, the check character.
    pub fn parse(text: &str) -> Result<Self, EmaidError> {
        let plain = without_separators(text)?;
        match plain.chars().count() {
            12 => return Err(EmaidError::DinForm),
            14 | 15 => {}
            other => return Err(EmaidError::Length(other)),
        }
        let mut id = Self([0; PLAIN_LEN]);
        let mut given = None;
        for (i, c) in plain.chars().enumerate() {
            let fits = c.is_ascii_uppercase() || (i >= 2 && c.is_ascii_digit());
            let byte = u8::try_from(c).ok().filter(|_| fits);
            let byte = byte.ok_or(EmaidError::Character {
                at: i.saturating_add(1),
                found: c,
            })?;
            match id.0.get_mut(i) {
                Some(slot) => *slot = byte,
                None => given = Some(c),
            }
        }
        match given {
            Some(c) if c != id.check_character() => Err(EmaidError::Mistyped),
            _ => Ok(id),
        }
    }

    /// The eMAID of a CIN.
    ///
    /// # Errors
    /// [`RouteError`] when the registry has no member for the CIN.
    pub fn of(cin: &Cin, table: &PrefixTable) -> Result<Self, RouteError> {
        let member = table.find(cin)?;
        let service = u64::from(cin.service().digit());
        let head = service
            .saturating_mul(NODES)
            .saturating_add(node_index(cin.prefix().node()));
        let customer = u64::from(cin.customer().get());
        let number = head
            .saturating_mul(CUSTOMERS)
            .saturating_add(customer)
            .saturating_add(MARK);
        let mut id = Self([b'0'; PLAIN_LEN]);
        let party = member
            .country()
            .into_bytes()
            .into_iter()
            .chain(member.party().into_bytes());
        for (slot, byte) in id.0.iter_mut().zip(party.chain(base36(number))) {
            *slot = byte;
        }
        Ok(id)
    }

    /// What it stands for.
    pub fn resolve(&self, table: &PrefixTable) -> Contract {
        let Ok(member) = MemberId::parse(self.party()) else {
            return Contract::Foreign(Foreign::Provider);
        };
        if table.prefixes_of(member).next().is_none() {
            return Contract::Foreign(Foreign::Provider);
        }
        let Some((service, node, customer)) = self.fields() else {
            return Contract::Foreign(Foreign::Layout);
        };
        let prefix = table
            .prefixes_of(member)
            .find(|p| node_index(p.node()) == node);
        match prefix {
            Some(prefix) => Contract::Cin(Cin::new(*prefix, service, customer)),
            None => Contract::Foreign(Foreign::Node),
        }
    }

    /// Service, node index and customer, when the instance follows the layout.
    fn fields(&self) -> Option<(Service, u64, CustomerNumber)> {
        let number = u64::from_str_radix(self.instance(), 36)
            .ok()?
            .checked_sub(MARK)?;
        let (head, customer) = (
            number.checked_div(CUSTOMERS)?,
            number.checked_rem(CUSTOMERS)?,
        );
        let (service, node) = (head.checked_div(NODES)?, head.checked_rem(NODES)?);
        let service = Service::from_digit(u8::try_from(service).ok()?)?;
        Some((
            service,
            node,
            CustomerNumber::new(u32::try_from(customer).ok()?).ok()?,
        ))
    }

    fn part(&self, from: usize, to: usize) -> &str {
        let bytes = self.0.get(from..to).unwrap_or_default();
        core::str::from_utf8(bytes).unwrap_or_default()
    }

    /// The country, two letters.
    pub fn country(&self) -> &str {
        self.part(0, 2)
    }

    /// The provider, three characters (OCPI `party_id`).
    pub fn provider(&self) -> &str {
        self.part(2, 5)
    }

    fn party(&self) -> &str {
        self.part(0, 5)
    }

    /// The instance, nine characters.
    pub fn instance(&self) -> &str {
        self.part(5, PLAIN_LEN)
    }

    /// Fourteen characters: the normal form for comparison, and in a contract certificate's subject.
    pub fn as_str(&self) -> &str {
        self.part(0, PLAIN_LEN)
    }

    /// Fifteen characters, the check character last; the longest that ISO 15118-2 carries. Never to be logged: a CIN can be
    /// read from it.
    pub fn with_check(&self) -> String {
        format!("{}{}", self.as_str(), self.check_character())
    }

    /// With hyphens and check character: `US-DUK-F12345678-X`. Never to be logged.
    pub fn grouped(&self) -> String {
        let (country, provider, instance) = (self.country(), self.provider(), self.instance());
        format!("{country}-{provider}-{instance}-{}", self.check_character())
    }

    /// The check character ("Check Digit Calculation for Contract-IDs", eMI3).
    ///
    /// A character of value 0 to 35 is a vector of two bits and two trits, `18 a + 9 b + 3 c + d`. Over all fifteen places `i`
    /// the sums of `(a, b) P^i` modulo 2 and `(c, d) Q^i` modulo 3 are zero, with `P = [[0, 1], [1, 1]]`, `Q = [[0, 1], [1, 2]]`.
    /// As `P^15 = 1` and `Q^16 = 1`, the last place is the sum of the others itself modulo 2, and its product with `-Q`
    /// modulo 3.
    pub fn check_character(&self) -> char {
        let sums = self.0.iter().rev().fold([0; 4], |sums, byte| {
            let value = char::from(*byte).to_digit(36).unwrap_or_default();
            let parts = [value / 18, value / 9 % 2, value / 3 % 3, value % 3];
            turn(plus(sums, parts))
        });
        let [first, second, _, _] = sums;
        let [_, _, third, fourth] = turn(sums);
        let negative = |n: u32| 3u32.saturating_sub(n) % 3;
        let parts = [
            (18, first),
            (9, second),
            (3, negative(third)),
            (1, negative(fourth)),
        ];
        let value = parts
            .iter()
            .fold(0u32, |sum, (w, n)| sum.saturating_add(n.saturating_mul(*w)));
        char::from_digit(value, 36)
            .unwrap_or_default()
            .to_ascii_uppercase()
    }
}

/// Redacted: the provider, and stars.
impl fmt::Display for Emaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-*********", self.country(), self.provider())
    }
}

/// Redacted: the provider, and stars.
impl fmt::Debug for Emaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Emaid({self})")
    }
}

/// The moduli of the four components of a check vector: two bits, two trits.
const MODULI: [u32; 4] = [2, 2, 3, 3];

fn plus(mut sums: [u32; 4], parts: [u32; 4]) -> [u32; 4] {
    for ((sum, part), modulus) in sums.iter_mut().zip(parts).zip(MODULI) {
        *sum = sum
            .saturating_add(part)
            .checked_rem(modulus)
            .unwrap_or_default();
    }
    sums
}

/// The row vectors times `P` and `Q`.
fn turn([a, b, c, d]: [u32; 4]) -> [u32; 4] {
    plus([b, b, d, d], [0, a, 0, c.saturating_add(d)])
}

/// The number of a node text among all node texts.
fn node_index(node: &str) -> u64 {
    let shorter = match node.len() {
        1 => 0,
        2 => 10,
        _ => 110,
    };
    node.parse::<u64>()
        .unwrap_or_default()
        .saturating_add(shorter)
}

/// Nine characters, upper case; numbers that need more lose their front (none of ours does: service digits are one digit).
fn base36(number: u64) -> [u8; INSTANCE_LEN] {
    let mut out = [b'0'; INSTANCE_LEN];
    let mut rest = number;
    for slot in out.iter_mut().rev() {
        let digit = u32::try_from(rest % 36)
            .ok()
            .and_then(|d| char::from_digit(d, 36));
        *slot = digit
            .and_then(|c| u8::try_from(c).ok())
            .unwrap_or(b'0')
            .to_ascii_uppercase();
        rest /= 36;
    }
    out
}

/// Upper case and without hyphens and stars, which may stand at all the boundaries of the parts or at none.
fn without_separators(text: &str) -> Result<String, EmaidError> {
    if text.len() > MAX_EMAID_TEXT {
        return Err(EmaidError::Length(text.chars().count()));
    }
    let parts: Vec<usize> = text.split(['-', '*']).map(|p| p.chars().count()).collect();
    // A wrong count of characters without any separator is named as such by the caller.
    let fits = matches!(parts.as_slice(), [_] | [2, 3, 6 | 9] | [2, 3, 6 | 9, 1]);
    if !fits {
        return Err(EmaidError::Separator);
    }
    Ok(text
        .chars()
        .filter(|c| !matches!(c, '-' | '*'))
        .map(|c| c.to_ascii_uppercase())
        .collect())
}
