//! The words of Fairway: identities, money, energy, tariffs, agreements, offers and charge events, with their canonical bytes.
//!
//! Every other crate speaks these types. They are plain values: no I/O, no clock, no randomness, no float. What is signed or
//! hashed is the canonical CBOR of a value ([`canonical`]), so that two members always sign the same bytes.
//!
//! Invariant: `from_bytes(b)` succeeds only when re-encoding gives `b` again.

pub mod agreement;
pub mod bill;
pub mod canonical;
pub mod charge;
pub mod cin;
pub mod country;
pub mod credit;
pub mod emaid;
pub mod energy;
pub mod forecast;
pub mod hash;
pub mod ids;
pub mod meter;
pub mod money;
pub mod ocpi_token;
pub mod offer;
pub mod price;
pub mod profile;
pub mod refusal;
pub mod registry;
pub mod service;
pub mod sign;
pub mod split;
pub mod station;
pub mod tariff;
pub mod time;

pub use agreement::{
    Agreement, AgreementId, Caps, Corridor, LoadBand, ServiceLevel, SessionCaps, Split, TierTerms,
};
pub use bill::{Bill, BillLine, CreditLine, Metered, Place, Quoted};
pub use canonical::{Canonical, DecodeError};
pub use charge::{ChargeEvent, Period, PeriodKind, SignedChargeEvent, Usage};
pub use cin::{Cin, CinError, CinPrefix, CustomerNumber, PrefixTable, RouteError, TableError};
pub use credit::{Credit, CreditReason, SignedCredit};
pub use emaid::{Contract, Emaid, EmaidError, Foreign};
pub use energy::Energy;
pub use forecast::{CurvePoint, ForecastTerms};
pub use hash::Hash;
pub use ids::{CreditId, EvseId, GuaranteeId, IdError, MemberId, OwnerId, SessionId, StationId};
pub use meter::{MeterReading, SignReading};
pub use money::{Currency, Micro, MoneyError, Ppm, Rounding};
pub use ocpi_token::{OcpiToken, TokenError, TokenType};
pub use offer::{
    Consent, ConsentMethod, Estimate, HomeAcceptance, Offer, SignedConsent, SignedOffer,
};
pub use price::{
    Adjustments, PriceBreakdown, PriceLine, RuleFault, RuleNote, RuleVerdict, Shares, TaxLine,
};
pub use profile::{
    CustomerClass, EligibilityStatement, Guarantee, Payment, Pseudonym, Service, SignedEligibility,
    Tier,
};
pub use refusal::{Refusal, RefusalCode};
pub use sign::{PublicKey, Signature, SigningKey};
pub use split::{AdHoc, Alone, Costs, Division, ShareNote, SharedBy, SplitKind, SplitRule};
pub use tariff::{Dimension, PriceComponent, Restrictions, Tariff, TariffElement};
pub use time::Time;
