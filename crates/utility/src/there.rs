//! What charging under an agreement is like: what a kilowatt-hour costs at a time, how charges of our drivers at a partner's stations went, and
//! how the partner pays us. Operators choose partners by it.
//!
//! Nothing here is a promise: a price is that of a standard driver before taxes, and the visited utility's offer is what counts.

use crate::crp::{self, no_offer};
use crate::desk::Outcomes;
use crate::home::{HomeCharge, HomeState};
use crate::machine::Utility;
use crate::overview::{MONTH, Outcome, Tally, more};
use crate::roaming::{Dues, PriceThere};
use fairway_ledger::money::UtcDay;
use fairway_model::registry::EvseEntry;
use fairway_model::{Agreement, MemberId, Micro, Refusal, RefusalCode, Tier, Time};
use fairway_pricing::price_per_kwh_now;
use std::collections::BTreeMap;

/// Most times of one question about prices: more hours than any day has.
pub const MAX_PRICED: usize = 48;

fn outcome(charge: &HomeCharge) -> Outcome {
    match charge.state {
        HomeState::Asked | HomeState::Offered | HomeState::Consented => Outcome::Open,
        HomeState::Agreed | HomeState::Settled => Outcome::Charged,
        HomeState::Disputed => Outcome::Disputed,
        HomeState::Refused => Outcome::Refused(charge.refusal.as_ref().map(|r| r.code)),
        HomeState::Void if charge.consent.is_some() => Outcome::NotStarted,
        HomeState::Void => Outcome::Declined,
    }
}

impl Utility {
    /// How charges of our drivers at others' stations went in the last 30 days, by visited utility.
    pub(crate) fn outcomes_there(&self, now: Time) -> BTreeMap<MemberId, Outcomes> {
        let mut all: BTreeMap<MemberId, Tally> = BTreeMap::new();
        let recent = self.homes.all.values();
        let recent = recent.filter(|c| c.visited != self.me.id && c.at >= now.plus(-MONTH));
        for charge in recent {
            all.entry(charge.visited).or_default().add(&outcome(charge));
        }
        let all = all.into_iter();
        all.map(|(member, tally)| (member, tally.counts()))
            .collect()
    }

    /// How a partner paid, or did not pay, what netting made it owe us.
    pub(crate) fn dues_of(&self, partner: MemberId, now: Time) -> Dues {
        let today = UtcDay::of(now);
        let mut dues = Dues::default();
        let all = self.registry.money.obligations.values();
        for one in all.filter(|o| o.id.debtor == partner && o.id.creditor == self.me.id) {
            if one.is_open() && today > one.state.due {
                more(&mut dues.overdue);
            } else if one.is_open() {
                more(&mut dues.open);
            } else if one.state.charged_through > one.state.due {
                more(&mut dues.late);
            } else {
                more(&mut dues.in_time);
            }
        }
        dues
    }

    /// A charging point of a member that is in use: prices follow the clock there.
    pub(crate) fn point_of(&self, member: MemberId, now: Time) -> Option<&EvseEntry> {
        let mut points = self.registry.evses.values();
        let found = points.find(|r| r.entry.utility == member && r.in_use(now));
        found.map(|r| &r.entry)
    }

    /// What a kilowatt-hour costs a standard driver before taxes, under one of an agreement's tariffs, at each time with its load multiplier in
    /// basis points; none where the tariff prices no energy then.
    ///
    /// # Errors
    /// `no-offer` for more than [`MAX_PRICED`] times, when the agreement has no such tariff, when the visited utility has no charging point in
    /// use at `now`, or when the tariff or its rule cannot be prepared.
    pub(crate) fn unit_prices(
        &self,
        (agreement, tariff): (&Agreement, &str),
        times: &[(Time, u32)],
        now: Time,
    ) -> Result<Vec<Option<Micro>>, Refusal> {
        if times.len() > MAX_PRICED {
            let text = format!("{} times; at most {MAX_PRICED} are priced", times.len());
            return Err(no_offer(text));
        }
        let found = agreement.tariff(tariff);
        let found = found.ok_or_else(|| no_offer(format!("no tariff {tariff:?}")))?;
        let visited = agreement.visited;
        let point = self.point_of(visited, now).ok_or_else(|| {
            no_offer(format!("{visited} has no charging point on the ledger yet"))
        })?;
        let rule = self.registry.rule_of(agreement)?;
        let compiled = crp::compile(found, point, rule.as_ref())?;
        let price = |(at, bps): &(Time, u32)| {
            let adjustments = crp::adjustments(agreement, Tier::Standard, *bps);
            price_per_kwh_now(&compiled, &adjustments, *at)
        };
        Ok(times.iter().map(price).collect())
    }

    /// What a kilowatt-hour costs our drivers at a partner's stations now, by tariff of the agreement in force; nothing where there is none, or
    /// where no price can be told.
    pub(crate) fn prices_there(&self, partner: MemberId, now: Time) -> Vec<PriceThere> {
        let in_force = self.registry.in_force(self.me.id, partner, now);
        let point = self.point_of(partner, now);
        let Some(((id, agreement), point)) = in_force.zip(point) else {
            return Vec::new();
        };
        let Ok(load) = self.present_load((id, agreement), point, now) else {
            return Vec::new();
        };
        let price = |tariff: &str| {
            let prices = self.unit_prices((agreement, tariff), &[(now, load)], now);
            prices.ok().and_then(|all| all.into_iter().next().flatten())
        };
        let tariffs = agreement.tariffs.iter();
        tariffs
            .map(|tariff| PriceThere {
                agreement: id,
                tariff: tariff.id.clone(),
                currency: agreement.currency,
                price: price(&tariff.id),
                load_bps: load,
                corridor: agreement.corridor,
            })
            .collect()
    }

    /// As [`Utility::unit_prices`], of an agreement on the ledger.
    ///
    /// # Errors
    /// `agreement-unknown` and as there.
    pub(crate) fn hour_prices(
        &self,
        asked: &crate::desk::HourPricesAsked,
        now: Time,
    ) -> Result<Vec<Option<Micro>>, Refusal> {
        let id = asked.agreement;
        let agreement = self.registry.agreement(id).ok_or_else(|| {
            let text = format!("{id} is not on the ledger as far as it is seen here");
            Refusal::new(RefusalCode::AgreementUnknown, text)
        })?;
        self.unit_prices((agreement, &asked.tariff), &asked.times, now)
    }
}
