//! What the contracts remember of forecasts. Rings: a key's number goes round, and the value says which page or day it holds.

use super::bounds::{DETAIL_DAYS, LOAD_PAGES, OWN_DAYS, OWN_PAGES, PAGE_HOURS, PRICE_DAYS};
use super::op::{ModelClaim, Pack};
use crate::keys::{Key, key};
use fairway_forecast::drift::{Coverage, Cusum, PageHinkley};
use fairway_forecast::ensemble::{Package, Spoken};
use fairway_forecast::hour::{Day, Hour};
use fairway_forecast::track::Tracker;
use fairway_model::agreement::AgreementId;
use fairway_model::hash::Hash;
use fairway_model::ids::MemberId;
use fairway_model::time::Time;
use minicbor::{Decode, Encode};

/// The load of one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Reading {
    /// Which hour of universal time.
    #[n(0)]
    pub hour: Hour,
    /// Mean load in it, in kilowatts.
    #[n(1)]
    pub kw: i64,
}

/// A member's load book.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct LoadBook {
    /// The region's calendar in canonical bytes.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub calendar: Vec<u8>,
    /// The hour in which it was opened first.
    #[n(1)]
    pub opened: Hour,
}

/// How a member posted so far: for everybody to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct LoadRecord {
    /// Hours with a first value.
    #[n(0)]
    pub hours: u64,
    /// Values that were replaced.
    #[n(1)]
    pub corrected: u64,
    /// Readings that were held because they were far from what is usual.
    #[n(2)]
    pub held: u64,
}

/// Readings, or own forecasts, of [`PAGE_HOURS`] hours.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct LoadPage {
    /// Which page: its first hour divided by [`PAGE_HOURS`].
    #[n(0)]
    pub page: i64,
    /// Values in kilowatts from the first hour on; what is not there, or none, is not known.
    #[n(1)]
    pub values: Vec<Option<i64>>,
    /// Readings that wait for a second posting.
    #[n(2)]
    pub suspects: Vec<Reading>,
}

impl LoadPage {
    /// A page without readings.
    pub fn empty(page: i64) -> Self {
        Self {
            page,
            values: Vec::new(),
            suspects: Vec::new(),
        }
    }

    /// The page of an hour.
    pub fn of(hour: Hour) -> i64 {
        hour.0.div_euclid(PAGE_HOURS)
    }

    /// The first hour.
    pub fn first(&self) -> Hour {
        Hour(self.page.saturating_mul(PAGE_HOURS))
    }

    /// The known values.
    pub fn known(&self) -> impl Iterator<Item = (Hour, i64)> + '_ {
        let hours = (self.first().0..).map(Hour);
        hours
            .zip(&self.values)
            .filter_map(|(h, v)| Some((h, (*v)?)))
    }

    /// Sets an hour of this page; another page's hour changes nothing.
    pub fn set(&mut self, hour: Hour, value: i64) {
        if Self::of(hour) != self.page {
            return;
        }
        let Ok(place) = usize::try_from(hour.since(self.first())) else {
            return;
        };
        if self.values.len() <= place {
            self.values.resize(place.saturating_add(1), None);
        }
        if let Some(slot) = self.values.get_mut(place) {
            *slot = Some(value);
        }
    }
}

/// A member's own forecast of a day, up to its reveal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct OwnDay {
    /// Which day.
    #[n(0)]
    pub day: Day,
    /// What it committed to.
    #[n(1)]
    pub commitment: Hash,
    /// When it was revealed.
    #[n(2)]
    pub revealed: Option<Time>,
}

/// A part of a model.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PartState {
    /// The bytes.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}

/// How many bytes of models a member stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct StoredState {
    /// The sum.
    #[n(0)]
    pub bytes: u64,
}

/// A stored model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ModelState {
    /// What its parts' keys are made of.
    #[n(0)]
    pub claim: ModelClaim,
    /// Its length.
    #[n(1)]
    pub bytes: u32,
    /// The feature specification that it is for.
    #[n(2)]
    pub spec: Hash,
    /// Its number of columns.
    #[n(3)]
    pub features: u16,
    /// In which block it was stored.
    #[n(4)]
    pub height: u64,
}

/// A stored package.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PackageState {
    /// The package.
    #[n(0)]
    pub package: Package,
    /// Its models, in rising order of their hashes.
    #[n(1)]
    pub models: Vec<ModelClaim>,
    /// Who stored it.
    #[n(2)]
    pub by: MemberId,
    /// In which block.
    #[n(3)]
    pub height: u64,
}

/// Packages with the height from which they count, and who proposed them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Coming {
    /// Which.
    #[n(0)]
    pub pack: Pack,
    /// From which height.
    #[n(1)]
    pub from: u64,
    /// Who proposed them.
    #[n(2)]
    pub by: MemberId,
}

/// The packages of an agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct LineState {
    /// In force.
    #[n(0)]
    pub active: Option<Pack>,
    /// In force before.
    #[n(1)]
    pub before: Option<Pack>,
    /// Agreed on, and not in force yet.
    #[n(2)]
    pub next: Option<Coming>,
    /// Waits for the other party.
    #[n(3)]
    pub proposed: Option<Coming>,
}

impl LineState {
    /// The same at a height: what was agreed for it is in force.
    #[must_use]
    pub fn at(mut self, height: u64) -> Self {
        if let Some(next) = self.next.filter(|next| next.from <= height) {
            self.before = self.active;
            self.active = Some(next.pack);
            self.next = None;
        }
        self
    }
}

/// Why the agreed table prices a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum TableReason {
    /// No package is in force.
    #[n(0)]
    NoModel,
    /// The member revealed no forecast of its own, and there is no spare package.
    #[n(1)]
    NoForecast,
    /// Too few readings of the last days.
    #[n(2)]
    NoReadings,
    /// Too few readings of the trailing year.
    #[n(3)]
    NoYear,
    /// The package is for other calendars than the member's, or the calendar does not reach the day.
    #[n(4)]
    OtherCalendar,
    /// The forecast was no better than the baseline over the agreed window.
    #[n(5)]
    NoSkill,
    /// Two drift monitors fire.
    #[n(6)]
    Drift,
}

impl TableReason {
    /// The reason in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NoModel => "no package of models is agreed on",
            Self::NoForecast => {
                "the utility revealed no forecast of its own, and no spare package is agreed on"
            }
            Self::NoReadings => "too few readings of the last days are there",
            Self::NoYear => "too few readings of the last year are there",
            Self::OtherCalendar => "the package is not for the region's calendar",
            Self::NoSkill => "the forecast was no better than the baseline over the agreed days",
            Self::Drift => "the forecast's monitors say that the world has changed",
        }
    }
}

/// The prices of a local day.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PriceDay {
    /// Which day.
    #[n(0)]
    pub day: Day,
    /// Its first hour.
    #[n(1)]
    pub first: Hour,
    /// The multipliers of its hours in basis points, as computed. They price unless there is a reason; empty where nothing could be computed.
    #[n(2)]
    pub bps: Vec<u32>,
    /// Why the agreed table prices the day instead.
    #[n(3)]
    pub reason: Option<TableReason>,
    /// Which package forecast.
    #[n(4)]
    pub package: Option<Hash>,
    /// Hash of everything that it was computed from.
    #[n(5)]
    pub inputs: Option<Hash>,
    /// In which block.
    #[n(6)]
    pub height: u64,
}

/// What was forecast for an hour.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SaidHour {
    /// What the models said, before tracking.
    #[n(0)]
    pub spoken: Spoken,
    /// What is published: kilowatts per level.
    #[n(1)]
    pub quantiles: Vec<i64>,
    /// What the baseline says: kilowatts per level; empty where it has no reading to stand on.
    #[n(2)]
    pub baseline: Vec<i64>,
}

/// What was forecast for a day, until it is scored.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct DetailDay {
    /// Which day.
    #[n(0)]
    pub day: Day,
    /// By which package.
    #[n(1)]
    pub package: Hash,
    /// Its levels in thousandths.
    #[n(2)]
    pub levels: Vec<u16>,
    /// Hour by hour.
    #[n(3)]
    pub hours: Vec<SaidHour>,
    /// The member's own forecast, where it was revealed.
    #[n(4)]
    pub own: Option<Vec<i64>>,
    /// The loads at the curve's levels.
    #[n(5)]
    pub percentiles: Vec<i64>,
    /// How fast its quantiles are moved, in millionths of the scale.
    #[n(6)]
    pub rate: u16,
}

/// How one day went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct DayScore {
    /// Which day.
    #[n(0)]
    pub day: Day,
    /// Hours with a reading; a day with fewer than half of them counts nothing.
    #[n(1)]
    pub hours: u16,
    /// Pinball loss of the published quantiles, in thousandths of a kilowatt.
    #[n(2)]
    pub loss: i64,
    /// The baseline's.
    #[n(3)]
    pub baseline: i64,
    /// Loss of the member's own forecast as a median; none where it revealed none.
    #[n(4)]
    pub own: Option<i64>,
    /// The baseline's median's.
    #[n(5)]
    pub own_baseline: i64,
    /// The published median's bias: forecast less load in millionths of the load.
    #[n(6)]
    pub bias: i64,
}

/// A tracker of a package.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PackageTracker {
    /// Which package.
    #[n(0)]
    pub package: Hash,
    /// Its quantiles' shifts.
    #[n(1)]
    pub tracker: Tracker,
}

/// The scores of an agreement.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ScoreState {
    /// The last days, oldest first, at most [`super::bounds::SCORE_DAYS`].
    #[n(0)]
    pub days: Vec<DayScore>,
    /// Trackers of the packages in use, at most two.
    #[n(1)]
    pub trackers: Vec<PackageTracker>,
    /// Watches daily skill.
    #[n(2)]
    pub skill: PageHinkley,
    /// Watches the coverage of the widest interval; made by the first scored day.
    #[n(3)]
    pub coverage: Option<Coverage>,
    /// Watches the bias of the published median.
    #[n(4)]
    pub bias: Cusum,
    /// The package that the monitors watch; another one begins anew.
    #[n(5)]
    pub package: Option<Hash>,
}

impl Default for ScoreState {
    fn default() -> Self {
        Self {
            days: Vec::new(),
            trackers: Vec::new(),
            skill: PageHinkley::SKILL,
            coverage: None,
            bias: Cusum::BIAS,
            package: None,
        }
    }
}

/// Of [`LoadBook`].
pub fn key_for_load_book(member: MemberId) -> Key {
    key("fairway.state.load-book", &member)
}

/// Of [`LoadRecord`].
pub fn key_for_load_record(member: MemberId) -> Key {
    key("fairway.state.load-record", &member)
}

/// Of a [`LoadPage`] of readings.
pub fn key_for_load_page(member: MemberId, page: i64) -> Key {
    key(
        "fairway.state.load-page",
        &(member, page.rem_euclid(LOAD_PAGES)),
    )
}

/// Of a [`LoadPage`] of own forecasts.
pub fn key_for_own_page(member: MemberId, page: i64) -> Key {
    key(
        "fairway.state.own-page",
        &(member, page.rem_euclid(OWN_PAGES)),
    )
}

/// Of an [`OwnDay`].
pub fn key_for_own_day(member: MemberId, day: Day) -> Key {
    key(
        "fairway.state.own-day",
        &(member, day.0.rem_euclid(OWN_DAYS)),
    )
}

/// Of a [`PartState`].
pub fn key_for_model_part(by: MemberId, model: Hash, part: u16) -> Key {
    key("fairway.state.model-part", &(by, model, part))
}

/// Of a [`StoredState`].
pub fn key_for_stored(member: MemberId) -> Key {
    key("fairway.state.model-bytes", &member)
}

/// Of a [`ModelState`].
pub fn key_for_model(model: Hash) -> Key {
    key("fairway.state.model", &model)
}

/// Of a [`PackageState`].
pub fn key_for_package(package: Hash) -> Key {
    key("fairway.state.package", &package)
}

/// Of a [`LineState`].
pub fn key_for_line(agreement: AgreementId) -> Key {
    key("fairway.state.forecast-line", &agreement)
}

/// Of a [`PriceDay`].
pub fn key_for_prices(agreement: AgreementId, day: Day) -> Key {
    key(
        "fairway.state.price-day",
        &(agreement, day.0.rem_euclid(PRICE_DAYS)),
    )
}

/// Of a [`DetailDay`].
pub fn key_for_detail(agreement: AgreementId, day: Day) -> Key {
    key(
        "fairway.state.forecast-day",
        &(agreement, day.0.rem_euclid(DETAIL_DAYS)),
    )
}

/// Of a [`ScoreState`].
pub fn key_for_score(agreement: AgreementId) -> Key {
    key("fairway.state.forecast-score", &agreement)
}
