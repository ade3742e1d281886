//! Prices that follow the forecast, as the ledger published them: a copy for offers and their checks.
//!
//! Both utilities price with the function of the contract ([`fairway_ledger::forecast::price_of`]), so an offer that both stand by is one that
//! the ledger settles.

use crate::door::Row;
use crate::registry::row;
use fairway_forecast::calendar::Calendar;
use fairway_forecast::hour::{Day, Hour};
use fairway_ledger::forecast::bounds::PRICE_GRACE_MS;
use fairway_ledger::forecast::op::{ForecastEffect, ForecastOperation};
use fairway_ledger::forecast::price_of;
use fairway_ledger::forecast::state::{PriceDay, TableReason};
use fairway_ledger::{Effect, Operation, Receipt, Transaction};
use fairway_model::canonical::Canonical;
use fairway_model::{
    Agreement, AgreementId, ChargeEvent, DecodeError, MemberId, Refusal, RefusalCode, Time,
};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// Days of an agreement that are kept: longer than a charge waits for its second signature.
const MAX_DAYS: i64 = 16;
/// First part of a calendar's row.
pub(crate) const CALENDAR: &str = "calendar";
/// First part of a day's row.
pub(crate) const PRICES: &str = "prices";

/// A calendar's row.
#[derive(Debug, Encode, Decode)]
struct StoredCalendar {
    #[n(0)]
    member: MemberId,
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    calendar: Vec<u8>,
    /// The hour in which its book was opened first.
    #[n(2)]
    opened: Hour,
}

/// A day's row. A place is written over after [`MAX_DAYS`] days.
#[derive(Debug, Encode, Decode)]
struct StoredDay {
    #[n(0)]
    agreement: AgreementId,
    #[n(1)]
    prices: PriceDay,
}

/// A load book, as far as prices and readings depend on it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Book {
    /// The region's clock and holidays.
    pub(crate) calendar: Calendar,
    /// The hour in which it was opened first; earlier hours are history.
    pub(crate) opened: Hour,
}

/// The multiplier of an hour, and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Priced {
    /// In basis points.
    pub bps: u32,
    /// Why the agreed table gave it, in words; none where the forecast did.
    pub table: Option<&'static str>,
}

/// Why the agreed table prices a day of which the ledger has no schedule.
pub(crate) const NO_SCHEDULE: &str = "no schedule of this day was made";

/// The copy.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Schedules {
    books: BTreeMap<MemberId, Book>,
    days: BTreeMap<(AgreementId, i64), PriceDay>,
}

impl Schedules {
    /// Takes over what an applied transaction did; the rows to store.
    pub(crate) fn apply(&mut self, tx: &Transaction, receipt: &Receipt) -> Vec<Row> {
        let at = receipt.time;
        let (Operation::Forecast(operation), Some(Effect::Forecast(effect))) =
            (&tx.operation, receipt.effect())
        else {
            return Vec::new();
        };
        match (&**operation, effect) {
            (ForecastOperation::Open { calendar }, ForecastEffect::Opened { .. }) => {
                vec![self.put_calendar(tx.member, (calendar.clone(), Hour::of(at)), at)]
            }
            (_, ForecastEffect::Published { agreement, prices }) => {
                let stored = StoredDay {
                    agreement: *agreement,
                    prices: prices.clone(),
                };
                let place = place(prices.day);
                let key = format!("{PRICES}/{agreement}/{place}");
                let row = row(&key, &agreement.to_string(), at, &stored);
                self.days.insert((*agreement, place), stored.prices);
                vec![row]
            }
            _ => Vec::new(),
        }
    }

    /// Takes a member's book over. The hour in which it was opened first stays.
    pub(crate) fn put_calendar(
        &mut self,
        member: MemberId,
        (calendar, opened): (Vec<u8>, Hour),
        at: Time,
    ) -> Row {
        let opened = self.books.get(&member).map_or(opened, |book| book.opened);
        let stored = StoredCalendar {
            member,
            calendar,
            opened,
        };
        self.take_calendar(&stored);
        let member = member.to_string();
        row(&format!("{CALENDAR}/{member}"), &member, at, &stored)
    }

    fn take_calendar(&mut self, stored: &StoredCalendar) {
        // The contract read it with the same function.
        if let Ok(calendar) = Calendar::read(&stored.calendar) {
            let opened = stored.opened;
            self.books.insert(stored.member, Book { calendar, opened });
        }
    }

    /// A member's load book, if it opened one.
    pub(crate) fn book(&self, member: MemberId) -> Option<&Book> {
        self.books.get(&member)
    }

    /// Takes back a stored row of either kind.
    pub(crate) fn restore(&mut self, kind: &str, row: &Row) -> Result<(), DecodeError> {
        if kind == CALENDAR {
            self.take_calendar(&StoredCalendar::from_bytes(&row.body)?);
        } else {
            let stored = StoredDay::from_bytes(&row.body)?;
            let place = place(stored.prices.day);
            self.days.insert((stored.agreement, place), stored.prices);
        }
        Ok(())
    }

    /// The multiplier of an agreement at a time; none where the agreement does not follow the forecast.
    ///
    /// # Errors
    /// `no-offer` when the visited utility has no load book: then no hour of its clock is known.
    pub(crate) fn priced(
        &self,
        (id, agreement): (AgreementId, &Agreement),
        at: Time,
    ) -> Result<Option<Priced>, Refusal> {
        let Some(terms) = &agreement.forecast else {
            return Ok(None);
        };
        let Some(book) = self.books.get(&agreement.visited) else {
            return Err(Refusal::new(
                RefusalCode::NoOffer,
                format!(
                    "prices follow the forecast load of {}, which has opened no load book on the ledger",
                    agreement.visited
                ),
            ));
        };
        let hour = Hour::of(at);
        let prices = self.prices(id, book.calendar.local(hour).day);
        let band = agreement.load_band;
        let table = prices.map_or(Some(NO_SCHEDULE), |prices| {
            prices.reason.map(TableReason::words)
        });
        Ok(Some(Priced {
            bps: price_of(terms, band, &book.calendar, prices, hour),
            table,
        }))
    }

    /// The days of an agreement whose prices are known here, oldest first.
    pub(crate) fn days(&self, id: AgreementId) -> Vec<&PriceDay> {
        let mut found: Vec<&PriceDay> = self
            .days
            .range((id, 0)..(id, MAX_DAYS))
            .map(|(_, prices)| prices)
            .collect();
        found.sort_by_key(|prices| prices.day);
        found
    }

    /// The prices of a day, if they were published.
    pub(crate) fn prices(&self, id: AgreementId, day: Day) -> Option<&PriceDay> {
        let found = self.days.get(&(id, place(day)));
        found.filter(|prices| prices.day == day)
    }

    /// The day that a settlement names: that of the hour, among those that the contract allows, whose multiplier the event has.
    pub(crate) fn day_of(&self, agreement: &Agreement, event: &ChargeEvent) -> Option<Day> {
        agreement.forecast.as_ref()?;
        let calendar = &self.books.get(&agreement.visited)?.calendar;
        let start = event.usage.start()?;
        let before = start.plus(PRICE_GRACE_MS.saturating_neg());
        let fits = |at: &Time| {
            let found = self.priced((event.agreement, agreement), *at);
            found.is_ok_and(|found| found.map(|p| p.bps) == Some(event.adjustments.load_bps))
        };
        let at = [start, before].into_iter().find(fits).unwrap_or(start);
        Some(calendar.local(Hour::of(at)).day)
    }
}

fn place(day: Day) -> i64 {
    day.0.rem_euclid(MAX_DAYS)
}
