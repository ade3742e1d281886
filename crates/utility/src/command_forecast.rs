//! What is shown of a utility's part in forecasts.

pub use crate::loads::{Fed, Loads, ReadingCounts, Standing};
pub use crate::own::OwnStep;
use fairway_forecast::hour::Day;
use fairway_ledger::forecast::op::{Pack, PackageClaim};
use fairway_ledger::forecast::state::{PriceDay, Reading};
use fairway_model::{AgreementId, MemberId, Time};
use minicbor::{Decode, Encode};

/// How a utility's part in forecasts stands.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ForecastView {
    /// Its own readings and forecasts, where its configuration names an area.
    #[n(0)]
    pub report: Option<AreaReport>,
    /// The agreements in force that follow the forecast.
    #[n(1)]
    pub lines: Vec<LineView>,
}

/// What a utility reports.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct AreaReport {
    /// The grid area.
    #[n(0)]
    pub area: String,
    /// The region of its calendar.
    #[n(1)]
    pub region: String,
    /// The load is made up, for a demonstration.
    #[n(2)]
    pub synthetic: bool,
    /// Where the loads come from; empty before they were fed since the start of the program.
    #[n(3)]
    pub source: String,
    /// The load book is open on the ledger.
    #[n(4)]
    pub open: bool,
    /// How many readings stand where.
    #[n(5)]
    pub readings: ReadingCounts,
    /// Readings that are held or were refused, newest first.
    #[n(6)]
    pub odd: Vec<(Reading, Standing)>,
    /// Its own forecasts, oldest day first.
    #[n(7)]
    pub own: Vec<OwnView>,
}

/// A day's own forecast.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct OwnView {
    /// The day in the region.
    #[n(0)]
    pub day: Day,
    /// How far it is.
    #[n(1)]
    pub step: OwnStep,
    /// Since when.
    #[n(2)]
    pub at: Time,
}

/// An agreement that follows the forecast.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct LineView {
    /// Which.
    #[n(0)]
    pub agreement: AgreementId,
    /// Whose drivers.
    #[n(1)]
    pub home: MemberId,
    /// Whose stations, and whose load moves the prices.
    #[n(2)]
    pub visited: MemberId,
    /// The packages in force.
    #[n(3)]
    pub pack: Option<Pack>,
    /// The next day in the region.
    #[n(4)]
    pub tomorrow: Day,
    /// From when on its schedule can be made.
    #[n(5)]
    pub from: Time,
    /// Until when.
    #[n(6)]
    pub until: Time,
    /// The newest days with a schedule or a reason, oldest first.
    #[n(7)]
    pub days: Vec<PriceDay>,
    /// The last scored day.
    #[n(8)]
    pub scored: Option<Day>,
    /// Skill over the agreed days in millionths.
    #[n(9)]
    pub skill: Option<i64>,
    /// What the schedule of the next day is asked for with, as far as it is known by now.
    #[n(10)]
    pub claim: Option<PackageClaim>,
}
