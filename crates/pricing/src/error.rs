//! What can be wrong with a tariff, and why a usage cannot be priced.

use core::fmt;
use fairway_model::tariff::Dimension;
use fairway_model::{MoneyError, Time};

/// Why a tariff cannot be used. `element` and `component` count from 0, as in the tariff's lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TariffError {
    /// The id is empty or longer than 36 characters; its length.
    Id(usize),
    /// No element, or more than `MAX_ELEMENTS`; how many.
    Elements(usize),
    /// An element without component, or with more than `MAX_COMPONENTS`.
    Components {
        /// Which element.
        element: usize,
        /// How many components it has.
        count: usize,
    },
    /// Two components of one element price the same dimension.
    DuplicateDimension {
        /// Which element.
        element: usize,
        /// The second of the two.
        component: usize,
        /// What both price.
        dimension: Dimension,
    },
    /// A component whose value is outside its bounds.
    Component {
        /// Which element.
        element: usize,
        /// Which component.
        component: usize,
        /// What is wrong and what would be right.
        what: &'static str,
    },
    /// A restriction that no charge can fulfil, or that is out of range.
    Restriction {
        /// Which element.
        element: usize,
        /// OCPI name of the field.
        field: &'static str,
        /// What is wrong and what would be right.
        what: &'static str,
    },
    /// `min_price` or `max_price` is negative, or they contradict each other.
    Limits(&'static str),
    /// `end_date_time` is not after `start_date_time`.
    Validity,
    /// A sales tax whose name, rate or dimensions are out of bounds; which one, and what is wrong.
    SalesTax(usize, &'static str),
    /// More sales taxes than `MAX_SALES_TAXES`; how many.
    SalesTaxes(usize),
    /// Not a time zone of the compiled-in IANA database.
    TimeZone(String),
}

impl fmt::Display for TariffError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(n) => write!(f, "tariff id has {n} characters; 1 to 36 are allowed"),
            Self::Elements(n) => write!(
                f,
                "tariff has {n} elements; 1 to {} are allowed",
                fairway_model::tariff::MAX_ELEMENTS
            ),
            Self::Components { element, count } => write!(
                f,
                "element {element} has {count} price components; 1 to {} are allowed",
                fairway_model::tariff::MAX_COMPONENTS
            ),
            Self::DuplicateDimension {
                element,
                component,
                dimension,
            } => write!(
                f,
                "element {element}, component {component}: the element prices {dimension:?} already; one component per dimension is allowed"
            ),
            Self::Component {
                element,
                component,
                what,
            } => write!(f, "element {element}, component {component}: {what}"),
            Self::Restriction {
                element,
                field,
                what,
            } => write!(f, "element {element}, restriction {field}: {what}"),
            Self::Limits(what) => f.write_str(what),
            Self::Validity => f.write_str(
                "tariff ends before it begins; end_date_time must be after start_date_time",
            ),
            Self::SalesTax(index, what) => write!(f, "sales tax {index}: {what}"),
            Self::SalesTaxes(n) => write!(
                f,
                "tariff has {n} sales taxes; at most {} are allowed",
                crate::check::MAX_SALES_TAXES
            ),
            Self::TimeZone(name) => {
                write!(f, "{name:?} is no IANA time zone such as America/New_York")
            }
        }
    }
}

impl core::error::Error for TariffError {}

/// Why a usage, an expectation or a breakdown cannot be priced or shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RateError {
    /// No period: there is no charge.
    NoPeriods,
    /// More periods than `MAX_PERIODS`; how many.
    TooManyPeriods(usize),
    /// A period begins before the one ahead of it, or after the end of the charge; which one, counted from 0.
    PeriodOrder(usize),
    /// A period of parking, or without duration between two others, that holds energy it cannot hold; which one.
    PeriodEnergy(usize),
    /// The charge lasts longer than `MAX_CHARGE_MS`; its milliseconds.
    TooLong(i64),
    /// A time outside the years 1900 to 9000, which no time zone rule covers.
    TimeOutOfRange(Time),
    /// The charge begins outside the tariff's validity.
    NotValid {
        /// When it begins.
        begin: Time,
    },
    /// Adjustments that contradict themselves; what is wrong.
    Adjustments(&'static str),
    /// An expectation that cannot be simulated; what is wrong.
    Expected(&'static str),
    /// A split that does not add up to 10,000 basis points; its sum.
    Split(u64),
    /// Tier terms over 10,000 basis points, or not those of the breakdown's discount.
    TierTerms(&'static str),
    /// A breakdown whose own sums are wrong; what is wrong.
    Breakdown(&'static str),
    /// An amount that does not fit.
    Money(MoneyError),
}

impl From<MoneyError> for RateError {
    fn from(error: MoneyError) -> Self {
        Self::Money(error)
    }
}

impl fmt::Display for RateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPeriods => f.write_str("usage has no period; a charge has at least one"),
            Self::TooManyPeriods(n) => write!(
                f,
                "usage has {n} periods; at most {} are allowed",
                fairway_model::charge::MAX_PERIODS
            ),
            Self::PeriodOrder(i) => write!(
                f,
                "period {i} begins before its predecessor or after the end of the charge"
            ),
            Self::PeriodEnergy(i) => {
                write!(f, "period {i} brings the energy of the charge out of range")
            }
            Self::TooLong(ms) => write!(
                f,
                "charge lasts {ms} ms; at most {} are allowed",
                crate::rate::MAX_CHARGE_MS
            ),
            Self::TimeOutOfRange(t) => write!(f, "{t} is outside the years 1900 to 9000"),
            Self::NotValid { begin } => {
                write!(f, "charge begins at {begin}, when the tariff is not valid")
            }
            Self::Adjustments(what)
            | Self::Expected(what)
            | Self::TierTerms(what)
            | Self::Breakdown(what) => f.write_str(what),
            Self::Split(sum) => write!(f, "split adds up to {sum} basis points; 10000 are right"),
            Self::Money(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for RateError {}
