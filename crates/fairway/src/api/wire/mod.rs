//! How values are written: money with its scale, energy in milliwatt-hours, times as RFC 3339.

pub(crate) mod price;
pub(crate) mod said;

use super::problem::Problem;
use fairway_model::{
    AgreementId, Currency, CustomerClass, Hash, MemberId, Micro, Payment, SessionId, StationId,
    Tier, Time,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Digits of a micro-unit.
const FINEST: u32 = 6;

/// An amount: `amount / 10^scale` of the currency's major unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Money {
    /// Whole number of units of ten to the minus `scale`.
    #[schema(example = 842)]
    pub(crate) amount: i64,
    /// ISO 4217.
    #[schema(example = "USD", pattern = "^[A-Z]{3}$")]
    pub(crate) currency: String,
    /// Digits after the decimal point, 0 to 6: the fewest that are exact, and not fewer than the currency's minor unit has.
    #[schema(example = 2, maximum = 6)]
    pub(crate) scale: u32,
}

impl Money {
    /// With as few digits as are exact.
    pub(crate) fn new(value: Micro, currency: Currency) -> Self {
        let least = currency.minor_digits();
        let (mut amount, mut scale) = (value.0, FINEST);
        while scale > least && amount.checked_rem(10) == Some(0) {
            amount = amount.checked_div(10).unwrap_or(amount);
            scale = scale.saturating_sub(1);
        }
        Self {
            amount,
            currency: currency.to_string(),
            scale,
        }
    }

    /// The amount in micro-units of the currency that is expected.
    pub(crate) fn micro(&self, pointer: &str, currency: Currency) -> Result<Micro, Problem> {
        if self.currency != currency.to_string() {
            let text = format!("is in {}; {currency} is expected here", self.currency);
            return Err(Problem::field(&format!("{pointer}/currency"), text));
        }
        self.value(pointer)
    }

    fn value(&self, pointer: &str) -> Result<Micro, Problem> {
        let digits = FINEST
            .checked_sub(self.scale)
            .ok_or_else(|| Problem::field(&format!("{pointer}/scale"), "a scale is 0 to 6"))?;
        let factor = 10i64.checked_pow(digits);
        let value = factor.and_then(|factor| self.amount.checked_mul(factor));
        value
            .map(Micro)
            .ok_or_else(|| Problem::field(&format!("{pointer}/amount"), "is out of range"))
    }
}

/// A member's name beside its id.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Named {
    /// Member id.
    #[schema(example = "US*DUK")]
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
}

/// A charge's id from a path; what is none is nothing that is there.
pub(crate) fn session(text: &str) -> Result<SessionId, Problem> {
    SessionId::parse(text).map_err(|e| Problem::not_found(e.to_string()))
}

/// An agreement's id.
pub(crate) fn agreement(text: &str) -> Result<AgreementId, Problem> {
    crate::cli::agreement_id(text).map_err(Problem::not_found)
}

/// 64 hexadecimal digits.
pub(crate) fn hash(text: &str) -> Option<Hash> {
    let bytes = hex::decode(text).ok()?;
    <[u8; 32]>::try_from(bytes).ok().map(Hash)
}

/// As [`hash`], of a field of the body.
pub(crate) fn hash_at(pointer: &str, text: &str) -> Result<Hash, Problem> {
    hash(text).ok_or_else(|| Problem::field(pointer, "64 hexadecimal digits are right"))
}

/// A member's id from a query or body.
pub(crate) fn member(pointer: &str, text: &str) -> Result<MemberId, Problem> {
    MemberId::parse(text).map_err(|e| Problem::field(pointer, e.to_string()))
}

/// A station's name.
pub(crate) fn station(text: &str) -> Result<StationId, Problem> {
    StationId::parse(text).map_err(|e| Problem::not_found(e.to_string()))
}

/// A currency.
pub(crate) fn currency(pointer: &str, text: &str) -> Result<Currency, Problem> {
    Currency::parse(text).map_err(|e| Problem::field(pointer, e.to_string()))
}

/// A time, RFC 3339 with any offset.
pub(crate) fn time(pointer: &str, text: &str) -> Result<Time, Problem> {
    text.parse::<jiff::Timestamp>()
        .map(|at| Time(at.as_millisecond()))
        .map_err(|_| Problem::field(pointer, "a time as in 2026-11-16T15:00:00Z is right"))
}

/// Year and month of `2026-11`.
pub(crate) fn month(text: &str) -> Result<(i16, u8), Problem> {
    let parts = text.split_once('-');
    let found = parts.and_then(|(year, month)| Some((year.parse().ok()?, month.parse().ok()?)));
    found
        .filter(|(_, month)| (1..=12).contains(month) && text.len() == 7)
        .ok_or_else(|| Problem::not_found(format!("{text} is no month as in 2026-11")))
}

/// The month as text.
pub(crate) fn month_text((year, month): (i16, u8)) -> String {
    format!("{year:04}-{month:02}")
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident of $theirs:ident { $($ours:ident),+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum $name { $(#[doc = stringify!($ours)] $ours),+ }

        impl From<$theirs> for $name {
            fn from(value: $theirs) -> Self {
                match value { $($theirs::$ours => Self::$ours),+ }
            }
        }

        impl From<$name> for $theirs {
            fn from(value: $name) -> Self {
                match value { $($name::$ours => Self::$ours),+ }
            }
        }
    };
}
pub(crate) use words;

words!(
    /// Loyalty tier at home.
    TierWord of Tier { Standard, Gold, Diamond, Platinum }
);
words!(
    /// Household or business.
    ClassWord of CustomerClass { Residential, Commercial }
);
words!(
    /// How a customer pays.
    PaymentWord of Payment { Prepaid, Postpaid }
);

/// A word of our own enumerations: the name in snake case.
pub(crate) fn word(value: &impl std::fmt::Debug) -> String {
    let mut out = String::new();
    for c in format!("{value:?}").chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_as_few_digits_as_are_exact() {
        let show = |micro| {
            let money = Money::new(Micro(micro), Currency::USD);
            (money.amount, money.scale)
        };
        assert_eq!(show(8_420_000), (842, 2));
        assert_eq!(show(365_000), (365, 3));
        assert_eq!(show(-1), (-1, 6));
        assert_eq!(show(0), (0, 2));
        let yen = Money::new(Micro(5_000_000), Currency::parse("JPY").unwrap());
        assert_eq!((yen.amount, yen.scale), (5, 0));
    }

    #[test]
    fn amounts_read_back_and_others_are_named() {
        for micro in [0, 1, -365_000, 8_420_000, i64::MAX] {
            let money = Money::new(Micro(micro), Currency::USD);
            assert_eq!(money.micro("/x", Currency::USD).unwrap(), Micro(micro));
        }
        let wrong = |amount, currency: &str, scale| {
            let money = Money {
                amount,
                currency: currency.to_owned(),
                scale,
            };
            let body = money.micro("/x", Currency::USD).unwrap_err().body("/", "");
            body.errors[0].pointer.clone()
        };
        assert_eq!(wrong(1, "EUR", 2), "/x/currency");
        assert_eq!(wrong(1, "USD", 7), "/x/scale");
        assert_eq!(wrong(i64::MAX, "USD", 2), "/x/amount");
    }

    #[test]
    fn months_and_words() {
        assert_eq!(month("2026-11").unwrap(), (2026, 11));
        for bad in ["2026-13", "2026-1", "x", "2026-11-01"] {
            assert!(month(bad).is_err(), "{bad}");
        }
        assert_eq!(word(&fairway_model::ConsentMethod::OwnDevice), "own_device");
    }
}
