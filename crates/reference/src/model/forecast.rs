//! Prices that follow a forecast, as far as agreed tables go: load books, days without a model, and the multiplier of a charge.
//!
//! Written from decision 0027 and `docs/forecast.md`. Local time comes from the zone database, not from the calendar's table. What models
//! say is not computed here: agreements of the generator have none, so each published day says `NoModel`.

use super::{HOUR, Judge, Model, Place, Postings, Verdict};
use fairway_forecast::calendar::Calendar;
use fairway_forecast::hour::{Day, Hour};
use fairway_ledger::forecast::op::{Asked, ForecastEffect, ForecastOperation};
use fairway_ledger::forecast::state::{PriceDay, TableReason};
use fairway_ledger::{Effect, Settlement};
use fairway_model::forecast::ForecastTerms;
use fairway_model::{Agreement, AgreementId, Hash, MemberId, RefusalCode};
use jiff::Timestamp;
use jiff::civil::{Weekday, date};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::collections::BTreeMap;

/// Schedules are made from this hour of the day before on.
const FROM_HOUR: i64 = 11;

/// What is known of forecasts.
#[derive(Debug, Clone, Default)]
pub struct Forecasts {
    /// Calendar in bytes, and the hour of the first opening, of each member's load book.
    pub books: BTreeMap<MemberId, (Vec<u8>, i64)>,
    /// Published days by agreement.
    pub days: BTreeMap<(AgreementId, i64), PriceDay>,
}

/// The clock of a region.
#[derive(Debug)]
pub struct Region(TimeZone);

impl Region {
    /// The region of a calendar in bytes.
    pub fn of(calendar: &[u8]) -> Option<Self> {
        let region = Calendar::read(calendar).ok()?.region().to_owned();
        let zone = if region.contains("central") {
            "America/Chicago"
        } else {
            "America/New_York"
        };
        TimeZoneDatabase::bundled().get(zone).ok().map(Self)
    }

    /// The local day of an hour since 1970, the hour that its clock shows, and whether it is on a weekend.
    pub fn local(&self, hour: i64) -> Option<(i64, usize, bool)> {
        let at = Timestamp::from_millisecond(hour * HOUR).ok()?;
        let local = at.to_zoned(self.0.clone());
        let days = local.date().duration_since(date(1970, 1, 1)).as_hours() / 24;
        let weekend = matches!(local.weekday(), Weekday::Saturday | Weekday::Sunday);
        Some((days, usize::try_from(local.hour()).ok()?, weekend))
    }

    /// The first hour since 1970 of a local day.
    pub fn begin(&self, day: i64) -> i64 {
        let near = day * 24;
        let of = |hour: &i64| self.local(*hour).is_some_and(|(d, ..)| d == day);
        (near - 24..near + 48).find(of).unwrap_or(near)
    }
}

fn table(terms: &ForecastTerms, clock: usize, weekend: bool) -> Option<u32> {
    let hours = if weekend {
        &terms.weekend_bps
    } else {
        &terms.weekday_bps
    };
    hours.get(clock).copied()
}

impl Model {
    /// The clock of a member's region.
    pub fn region(&self, member: MemberId) -> Option<Region> {
        Region::of(&self.forecasts.books.get(&member)?.0)
    }

    /// Day and multiplier of an hour under terms that follow the forecast.
    pub fn multiplier(&self, terms: &Agreement, region: &Region, hour: i64) -> Option<(i64, u32)> {
        let (day, clock, weekend) = region.local(hour)?;
        let told = terms.forecast.as_ref()?;
        let published = self.forecasts.days.get(&(terms.id(), day));
        let priced = published.filter(|p| p.reason.is_none()).and_then(|p| {
            let place = usize::try_from(hour - p.first.0).ok()?;
            p.bps.get(place).copied()
        });
        Some((day, priced.or_else(|| table(told, clock, weekend))?))
    }

    /// The charge uses the multiplier of the hour in which it began, or of the hour before, on the day that it names.
    pub(super) fn follows(&self, settlement: &Settlement, terms: &Agreement, judge: &mut Judge) {
        let event = settlement.event();
        let wanted = terms.forecast.is_some();
        judge.must(
            wanted == settlement.forecast.is_some(),
            RefusalCode::IdConflict,
        );
        let (true, Some(day)) = (wanted, settlement.forecast) else {
            return;
        };
        let Some(region) = self.region(event.visited) else {
            judge.no(RefusalCode::ModelUnknown);
            return;
        };
        let Some(begin) = event.usage.start().map(|t| t.0.div_euclid(HOUR)) else {
            return;
        };
        let hours = [begin, begin - 1];
        let found = hours.map(|h| self.multiplier(terms, &region, h));
        let on_day = found.into_iter().flatten().filter(|(d, _)| *d == day.0);
        let right: Vec<u32> = on_day.map(|(_, bps)| bps).collect();
        judge.must(!right.is_empty(), RefusalCode::IdConflict);
        let used = event.adjustments.load_bps;
        judge.must(right.contains(&used), RefusalCode::AdjustmentOutside);
    }

    pub(super) fn forecast(
        &mut self,
        by: MemberId,
        operation: &ForecastOperation,
        place: Place,
    ) -> Option<Verdict> {
        match operation {
            ForecastOperation::Open { calendar } => Some(self.open_book(by, calendar, place)),
            ForecastOperation::Publish(asked) if asked.package.is_none() => {
                Some(self.publish(asked, place))
            }
            _ => None,
        }
    }

    fn open_book(&mut self, by: MemberId, calendar: &[u8], place: Place) -> Verdict {
        let mut judge = Judge::default();
        self.utility(by, &mut judge);
        let known = self.forecasts.books.get(&by);
        let same = known.is_some_and(|(bytes, _)| bytes == calendar);
        judge.must(!same, RefusalCode::Duplicate);
        let opened = known.map_or(place.now.div_euclid(HOUR), |(_, opened)| *opened);
        if judge.clear() {
            let book = (calendar.to_vec(), opened);
            self.forecasts.books.insert(by, book);
        }
        let hash = Calendar::read(calendar).map_or_else(|_| Hash::default(), |c| c.hash());
        let effect = ForecastEffect::Opened { calendar: hash };
        judge.verdict(Effect::Forecast(effect), Postings::new())
    }

    /// A day without a model: the agreed table prices it, and the state says why.
    fn publish(&mut self, asked: &Asked, place: Place) -> Verdict {
        let (parties, mut judge) = (asked.parties, Judge::default());
        let Some(rec) = self.agreements.get(&parties.agreement) else {
            judge.no(RefusalCode::AgreementUnknown);
            return judge.refused();
        };
        let pair = (rec.terms.home, rec.terms.visited);
        judge.must(
            pair == (parties.home, parties.visited),
            RefusalCode::IdConflict,
        );
        judge.must(rec.signed.is_some(), RefusalCode::AgreementUnknown);
        let over = rec.until() <= place.now;
        judge.must(!over, RefusalCode::AgreementNotInForce);
        let notice = rec
            .terms
            .forecast
            .as_ref()
            .map(|f| i64::from(f.notice_hours));
        judge.must(notice.is_some(), RefusalCode::TermsInvalid);
        let Some(region) = self.region(pair.1) else {
            judge.no(RefusalCode::ModelUnknown);
            return judge.refused();
        };
        let key = (parties.agreement, asked.day.0);
        let twice = self.forecasts.days.contains_key(&key);
        judge.must(!twice, RefusalCode::Duplicate);
        let begin = region.begin(asked.day.0);
        let from = region.begin(asked.day.0 - 1);
        let opens = (from..from + 24).find(|h| {
            region
                .local(*h)
                .is_some_and(|(_, clock, _)| i64::try_from(clock) == Ok(FROM_HOUR))
        });
        let until = (begin - notice.unwrap_or(0)) * HOUR;
        let timely = opens.is_some_and(|h| (h * HOUR..until).contains(&place.now));
        judge.must(timely, RefusalCode::NotDue);
        let prices = PriceDay {
            day: Day(asked.day.0),
            first: Hour(begin),
            bps: Vec::new(),
            reason: Some(TableReason::NoModel),
            package: None,
            inputs: None,
            height: place.height,
        };
        if judge.clear() {
            self.forecasts.days.insert(key, prices.clone());
        }
        let effect = ForecastEffect::Published {
            agreement: parties.agreement,
            prices,
        };
        judge.verdict(Effect::Forecast(effect), Postings::new())
    }
}
