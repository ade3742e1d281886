//! Identities of members, stations, sessions and owners.

use crate::hash::Hash;
use core::fmt;
use minicbor::{Decode, Encode};

/// The longest EVSE or station identifier (OCPI 2.2.1 `evse_id` and OCPP 2.0.1 station identity: 48).
pub const MAX_ID_LEN: usize = 48;

/// Why text is not an identifier; the text and the rule that it breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdError {
    /// What kind of identifier was expected.
    pub kind: &'static str,
    /// The text found, shortened to 64 characters.
    pub found: String,
    /// The rule that it breaks.
    pub rule: &'static str,
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no {}: {}", self.found, self.kind, self.rule)
    }
}

impl core::error::Error for IdError {}

fn refuse(kind: &'static str, found: &str, rule: &'static str) -> IdError {
    IdError {
        kind,
        found: found.chars().take(64).collect(),
        rule,
    }
}

/// A consortium member, written `US*DUK`: ISO 3166-1 alpha-2 country and three-character party (OCPI 2.2.1 `country_code`, `party_id`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct MemberId(#[cbor(with = "minicbor::bytes")] [u8; 5]);

impl MemberId {
    /// Reads `CC*PPP` (the star may be missing).
    ///
    /// # Errors
    /// When it is not two upper-case letters and three upper-case letters or digits.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        const KIND: &str = "member id";
        let mut bytes = [0u8; 5];
        let plain: Vec<u8> = text.bytes().filter(|b| *b != b'*').collect();
        if plain.len() != 5 || text.len() > 6 {
            return Err(refuse(
                KIND,
                text,
                "a country of 2 letters, a star, a party of 3 characters, as in US*DUK",
            ));
        }
        for (i, (slot, byte)) in bytes.iter_mut().zip(plain).enumerate() {
            let fits = byte.is_ascii_uppercase() || (i >= 2 && byte.is_ascii_digit());
            if !fits {
                return Err(refuse(
                    KIND,
                    text,
                    "upper-case letters, digits only in the party, as in US*DUK",
                ));
            }
            *slot = byte;
        }
        Ok(Self(bytes))
    }

    /// The country, two letters.
    pub fn country(&self) -> String {
        self.0.iter().take(2).map(|b| char::from(*b)).collect()
    }

    /// The party, three characters.
    pub fn party(&self) -> String {
        self.0.iter().skip(2).map(|b| char::from(*b)).collect()
    }
}

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}*{}", self.country(), self.party())
    }
}

impl fmt::Debug for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn check_text(kind: &'static str, text: &str) -> Result<(), IdError> {
    let fits = !text.is_empty()
        && text.len() <= MAX_ID_LEN
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'*' | b'-' | b'_' | b'.' | b':'));
    if fits {
        Ok(())
    } else {
        Err(refuse(kind, text, "1 to 48 letters, digits and * - _ . :"))
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
        #[cbor(transparent)]
        pub struct $name(String);

        impl $name {
            /// Reads the identifier.
            ///
            /// # Errors
            /// When it is empty, longer than 48 characters, or holds a character outside letters, digits and `* - _ . :`.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                check_text($kind, text)?;
                Ok(Self(text.to_owned()))
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// One EVSE in eMI3 form, as in `US*DUK*E0001*1`; unique on the ledger.
    EvseId,
    "EVSE id"
);
text_id!(
    /// One charging station as it names itself in its OCPP connection path.
    StationId,
    "station id"
);
text_id!(
    /// An owner of charging infrastructure (site, station), with an account of his own on the ledger.
    OwnerId,
    "owner id"
);

macro_rules! binary_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
        #[cbor(transparent)]
        pub struct $name(#[cbor(with = "minicbor::bytes")] pub [u8; 16]);

        impl $name {
            /// Reads the prefixed hexadecimal form that [`fmt::Display`] writes.
            ///
            /// # Errors
            /// When the prefix or the 32 hexadecimal digits are missing.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                const RULE: &str = concat!($prefix, " and 32 lower-case hexadecimal digits");
                let digits = text.strip_prefix($prefix).ok_or_else(|| refuse(stringify!($name), text, RULE))?;
                let mut out = [0u8; 16];
                if digits.len() != 32 {
                    return Err(refuse(stringify!($name), text, RULE));
                }
                for (slot, pair) in out.iter_mut().zip(digits.as_bytes().chunks(2)) {
                    let pair = core::str::from_utf8(pair).map_err(|_| refuse(stringify!($name), text, RULE))?;
                    *slot = u8::from_str_radix(pair, 16).map_err(|_| refuse(stringify!($name), text, RULE))?;
                }
                Ok(Self(out))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

binary_id!(
    /// The one-of-a-kind identifier of a charge (CIN-08), made by the visited gateway; it names the charge in every log and record.
    SessionId,
    "ses_"
);
binary_id!(
    /// A home utility's guarantee to pay, against which holds are placed.
    GuaranteeId,
    "gua_"
);
binary_id!(
    /// Names a credit among those of one charge.
    CreditId,
    "cre_"
);

impl SessionId {
    /// Makes the id of the `counter`-th charge of `visited` from the gateway's secret. Distinct (member, counter) pairs never
    /// collide short of a collision of HMAC-SHA-256 cut to 128 bits; outsiders can neither guess nor count sessions.
    pub fn make(secret: &[u8; 32], visited: MemberId, counter: u64) -> Self {
        let mut body = visited.0.to_vec();
        body.extend_from_slice(&counter.to_be_bytes());
        Self(Hash::keyed(secret, "fairway.session", &body).short())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn member_ids() {
        assert_eq!(MemberId::parse("US*DUK").unwrap().to_string(), "US*DUK");
        assert_eq!(MemberId::parse("USDUK").unwrap().party(), "DUK");
        for bad in ["", "US*DU", "us*duk", "US*DUKE", "1S*DUK", "U*S*DUK"] {
            assert!(MemberId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn session_ids_read_back() {
        let id = SessionId::make(&[3; 32], MemberId::parse("US*DUK").unwrap(), 9);
        assert_eq!(SessionId::parse(&id.to_string()), Ok(id));
        assert!(SessionId::parse("ses_12").is_err());
    }
}
