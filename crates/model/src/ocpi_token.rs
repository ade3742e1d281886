//! CINs as OCPI tokens (OCPI 2.2.1 and 2.3.0, module `tokens`), losslessly (CIN-09): for partners outside the consortium.

use crate::cin::{Cin, PrefixTable, RouteError};
use crate::emaid::{Contract, Emaid, EmaidError, Foreign};
use core::fmt;

/// The longest `uid` and `contract_id` (OCPI `CiString(36)`).
pub const MAX_TOKEN_TEXT: usize = 36;

/// OCPI `TokenType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenType {
    /// `AD_HOC_USER`: made for one charge.
    AdHocUser,
    /// `APP_USER`.
    AppUser,
    /// `OTHER`: here, a number that the driver types or has scanned.
    Other,
    /// `RFID`: `uid` is what the card's chip says.
    Rfid,
}

impl TokenType {
    /// OCPI's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AdHocUser => "AD_HOC_USER",
            Self::AppUser => "APP_USER",
            Self::Other => "OTHER",
            Self::Rfid => "RFID",
        }
    }

    /// Reads OCPI's word.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::AdHocUser, Self::AppUser, Self::Other, Self::Rfid];
        all.into_iter().find(|t| t.as_str() == text)
    }
}

/// The part of an OCPI `Token` that says who it is.
#[derive(Clone, PartialEq, Eq)]
pub struct OcpiToken {
    /// OCPI `country_code`, ISO 3166-1 alpha-2.
    pub country_code: String,
    /// OCPI `party_id`.
    pub party_id: String,
    /// OCPI `uid`: the CIN's digits for [`TokenType::Other`], the chip's id for [`TokenType::Rfid`].
    pub uid: String,
    /// OCPI `contract_id`: the eMAID with check character and without hyphens.
    pub contract_id: String,
    /// OCPI `type`.
    pub token_type: TokenType,
}

/// Redacted: a CIN can be read from the other fields.
impl fmt::Debug for OcpiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "OcpiToken({}*{} {} ***)",
            self.country_code,
            self.party_id,
            self.token_type.as_str()
        )
    }
}

/// Why a token stands for no CIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// A field is empty or longer than OCPI allows; holds its name.
    Field(&'static str),
    /// `contract_id` is no eMAID.
    Contract(EmaidError),
    /// `contract_id` is somebody else's: a partner's token, not an error of the sender.
    Foreign(Foreign),
    /// `country_code` and `party_id` are not those of the contract.
    Party,
    /// `uid` of a token of type `OTHER` is not the CIN of the contract.
    Uid,
    /// The registry has no member for the CIN.
    Route(RouteError),
}

impl TokenError {
    /// A stable code, as test vectors and logs print it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Field(_) => "field",
            Self::Contract(_) => "contract",
            Self::Foreign(_) => "foreign",
            Self::Party => "party",
            Self::Uid => "uid",
            Self::Route(_) => "route",
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, "{name} is empty or longer than OCPI allows"),
            Self::Contract(e) => write!(f, "contract_id: {e}"),
            Self::Foreign(e) => write!(f, "contract_id: {e}"),
            Self::Party => write!(
                f,
                "country_code and party_id differ from those in contract_id"
            ),
            Self::Uid => write!(f, "uid is not the number that contract_id stands for"),
            Self::Route(e) => write!(f, "{e}"),
        }
    }
}

impl core::error::Error for TokenError {}

impl OcpiToken {
    /// The token of a CIN that is typed or scanned.
    ///
    /// # Errors
    /// [`RouteError`] when the registry has no member for the CIN.
    pub fn of(cin: &Cin, table: &PrefixTable) -> Result<Self, RouteError> {
        Self::make(cin, table, cin.digits(), TokenType::Other)
    }

    /// The token of an RFID card of a CIN; `chip` is the card's id as the reader gives it (hexadecimal).
    ///
    /// # Errors
    /// [`TokenError::Route`] when the registry has no member for the CIN, [`TokenError::Field`] when `chip` is empty or longer
    /// than [`MAX_TOKEN_TEXT`].
    pub fn of_card(cin: &Cin, table: &PrefixTable, chip: &str) -> Result<Self, TokenError> {
        check_field("uid", chip)?;
        Self::make(cin, table, chip.to_owned(), TokenType::Rfid).map_err(TokenError::Route)
    }

    fn make(
        cin: &Cin,
        table: &PrefixTable,
        uid: String,
        token_type: TokenType,
    ) -> Result<Self, RouteError> {
        let contract = Emaid::of(cin, table)?;
        Ok(Self {
            country_code: contract.country().to_owned(),
            party_id: contract.provider().to_owned(),
            uid,
            contract_id: contract.with_check(),
            token_type,
        })
    }

    /// The CIN that it stands for.
    ///
    /// # Errors
    /// [`TokenError`] names the field that does not fit; [`TokenError::Foreign`] when the contract is not of a CIN.
    pub fn cin(&self, table: &PrefixTable) -> Result<Cin, TokenError> {
        check_field("uid", &self.uid)?;
        check_field("contract_id", &self.contract_id)?;
        let contract = Emaid::parse(&self.contract_id).map_err(TokenError::Contract)?;
        let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
        if !same(&self.country_code, contract.country())
            || !same(&self.party_id, contract.provider())
        {
            return Err(TokenError::Party);
        }
        let cin = match contract.resolve(table) {
            Contract::Cin(cin) => cin,
            Contract::Foreign(reason) => return Err(TokenError::Foreign(reason)),
        };
        if self.token_type == TokenType::Other && Cin::parse(&self.uid) != Ok(cin) {
            return Err(TokenError::Uid);
        }
        Ok(cin)
    }
}

fn check_field(name: &'static str, text: &str) -> Result<(), TokenError> {
    if text.is_empty() || text.len() > MAX_TOKEN_TEXT {
        Err(TokenError::Field(name))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cin::{CinPrefix, CustomerNumber};
    use crate::ids::MemberId;
    use crate::profile::Service;
    use proptest::prelude::*;

    fn table() -> PrefixTable {
        let mut table = PrefixTable::new();
        let duke = MemberId::parse("US*DUK").unwrap();
        table
            .insert(CinPrefix::parse("84000212").unwrap(), duke)
            .unwrap();
        table
            .insert(CinPrefix::parse("840002003").unwrap(), duke)
            .unwrap();
        table
    }

    fn cin(which: usize, service: u8, customer: u32) -> Cin {
        let prefix = *table().iter().nth(which).unwrap().0;
        Cin::new(
            prefix,
            Service::from_digit(service).unwrap(),
            CustomerNumber::new(customer).unwrap(),
        )
    }

    proptest! {
        #[test]
        fn cins_round_trip(which in 0..2usize, service in 1..=3u8, customer in 0..1_000_000_000u32) {
            let (cin, table) = (cin(which, service, customer), table());
            let typed = OcpiToken::of(&cin, &table).unwrap();
            prop_assert_eq!(typed.cin(&table), Ok(cin));
            prop_assert_eq!((typed.country_code.as_str(), typed.party_id.as_str()), ("US", "DUK"));
            let card = OcpiToken::of_card(&cin, &table, "04A2B3C4D5E680").unwrap();
            prop_assert_eq!(card.cin(&table), Ok(cin));
            let redacted = format!("{typed:?}");
            prop_assert!(!redacted.contains(&typed.uid));
        }
    }

    #[test]
    fn contradictions_are_named() {
        let table = table();
        let good = OcpiToken::of(&cin(0, 1, 7), &table).unwrap();
        let with = |change: fn(&mut OcpiToken)| {
            let mut token = good.clone();
            change(&mut token);
            token.cin(&table)
        };
        assert_eq!(
            with(|t| t.uid = cin(0, 1, 8).digits()),
            Err(TokenError::Uid)
        );
        assert_eq!(with(|t| t.party_id = "ALA".into()), Err(TokenError::Party));
        assert_eq!(
            with(|t| t.uid = "1".repeat(37)),
            Err(TokenError::Field("uid"))
        );
        assert_eq!(
            with(|t| t.contract_id = "x".into()),
            Err(TokenError::Contract(EmaidError::Length(1)))
        );
        assert_eq!(
            OcpiToken::of_card(&cin(0, 1, 7), &table, ""),
            Err(TokenError::Field("uid"))
        );
        let foreign = |t: &mut OcpiToken| {
            (t.country_code, t.party_id) = ("NL".into(), "TNM".into());
            t.contract_id = "NLTNM000122045U".into();
        };
        assert_eq!(with(foreign), Err(TokenError::Foreign(Foreign::Provider)));
    }

    #[test]
    fn type_words() {
        for word in ["AD_HOC_USER", "APP_USER", "OTHER", "RFID"] {
            assert_eq!(TokenType::parse(word).unwrap().as_str(), word);
        }
        assert_eq!(TokenType::parse("rfid"), None);
    }
}
