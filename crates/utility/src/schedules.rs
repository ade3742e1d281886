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
use fairway_ledger::forecast::state::PriceDay;
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
}

/// A day's row. A place is written over after [`MAX_DAYS`] days.
#[derive(Debug, Encode, Decode)]
struct StoredDay {
    #[n(0)]
    agreement: AgreementId,
    #[n(1)]
    prices: PriceDay,
}

/// The copy.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Schedules {
    calendars: BTreeMap<MemberId, Calendar>,
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
                vec![self.put_calendar(tx.member, calendar.clone(), at)]
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

    /// Takes a member's calendar over.
    pub(crate) fn put_calendar(&mut self, member: MemberId, calendar: Vec<u8>, at: Time) -> Row {
        let stored = StoredCalendar { member, calendar };
        self.take_calendar(&stored);
        let member = member.to_string();
        row(&format!("{CALENDAR}/{member}"), &member, at, &stored)
    }

    fn take_calendar(&mut self, stored: &StoredCalendar) {
        // The contract read it with the same function.
        if let Ok(calendar) = Calendar::read(&stored.calendar) {
            self.calendars.insert(stored.member, calendar);
        }
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
    pub(crate) fn bps(
        &self,
        (id, agreement): (AgreementId, &Agreement),
        at: Time,
    ) -> Result<Option<u32>, Refusal> {
        let Some(terms) = &agreement.forecast else {
            return Ok(None);
        };
        let Some(calendar) = self.calendars.get(&agreement.visited) else {
            return Err(Refusal::new(
                RefusalCode::NoOffer,
                format!(
                    "prices follow the forecast load of {}, which has opened no load book on the ledger",
                    agreement.visited
                ),
            ));
        };
        let hour = Hour::of(at);
        let prices = self.prices(id, calendar.local(hour).day);
        let band = agreement.load_band;
        Ok(Some(price_of(terms, band, calendar, prices, hour)))
    }

    /// The prices of a day, if they were published.
    pub(crate) fn prices(&self, id: AgreementId, day: Day) -> Option<&PriceDay> {
        let found = self.days.get(&(id, place(day)));
        found.filter(|prices| prices.day == day)
    }

    /// The day that a settlement names: that of the hour, among those that the contract allows, whose multiplier the event has.
    pub(crate) fn day_of(&self, agreement: &Agreement, event: &ChargeEvent) -> Option<Day> {
        agreement.forecast.as_ref()?;
        let calendar = self.calendars.get(&agreement.visited)?;
        let start = event.usage.start()?;
        let before = start.plus(PRICE_GRACE_MS.saturating_neg());
        let fits = |at: &Time| {
            let bps = self.bps((event.agreement, agreement), *at);
            bps.is_ok_and(|bps| bps == Some(event.adjustments.load_bps))
        };
        let at = [start, before].into_iter().find(fits).unwrap_or(start);
        Some(calendar.local(Hour::of(at)).day)
    }
}

fn place(day: Day) -> i64 {
    day.0.rem_euclid(MAX_DAYS)
}
