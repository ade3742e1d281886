//! What other terms would have meant: charges that took place are rated again under two versions of an agreement.
//!
//! The arithmetic is the one that prices and shares every charge ([`fairway_pricing`]); nothing is computed a second way here. What applied to a
//! charge then stays: its usage, its tariff's name, its tier, and its load multiplier, which the terms' band may hold back. Corridor, discount,
//! prices and shares are those of the terms. A tariff's own dates do not count, since the question is what it would have cost.
//!
//! Invariant: both sides are sums over the same charges, and on each side the parts add up to what the drivers pay. Tested beside the machine
//! (`tests/it/effect.rs`).

use crate::crp;
use fairway_model::registry::EvseEntry;
use fairway_model::time::DAY;
use fairway_model::{
    Agreement, ChargeEvent, Energy, Micro, MoneyError, Refusal, RefusalCode, SessionId, Shares,
    Tariff, Time,
};
use fairway_pricing::{BoundRule, CompiledTariff, Sharing, rate, share};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// Most charges that are rated again for one answer, the newest ones.
pub const MAX_EFFECT_CHARGES: usize = 10_000;
/// Charges that are named because they change most.
pub const MOST_AFFECTED: usize = 5;
/// How far back charges count, in milliseconds: 30 days.
pub const EFFECT_SPAN: i64 = 30 * DAY;

/// Who pays and gets what; home, visited, owner and tax add up to what the driver pays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
pub struct Amounts {
    /// What drivers pay, taxes included.
    #[n(0)]
    pub driver: Micro,
    /// The home utility's share.
    #[n(1)]
    pub home: Micro,
    /// The visited utility's share, without tax.
    #[n(2)]
    pub visited: Micro,
    /// The site owner's share.
    #[n(3)]
    pub owner: Micro,
    /// Tax.
    #[n(4)]
    pub tax: Micro,
}

impl Amounts {
    /// Of one charge.
    pub fn of(driver: Micro, shares: &Shares) -> Self {
        Self {
            driver,
            home: shares.home,
            visited: shares.visited,
            owner: shares.owner,
            tax: shares.tax,
        }
    }

    fn plus(self, other: Self) -> Result<Self, MoneyError> {
        Ok(Self {
            driver: self.driver.plus(other.driver)?,
            home: self.home.plus(other.home)?,
            visited: self.visited.plus(other.visited)?,
            owner: self.owner.plus(other.owner)?,
            tax: self.tax.plus(other.tax)?,
        })
    }

    /// The greatest change of any of the four that a party feels.
    fn distance(&self, other: &Self) -> u64 {
        let pairs = [
            (self.driver, other.driver),
            (self.home, other.home),
            (self.visited, other.visited),
            (self.owner, other.owner),
        ];
        let changes = pairs.iter().map(|(a, b)| a.0.abs_diff(b.0));
        changes.max().unwrap_or(0)
    }
}

/// One charge under both versions.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Affected {
    /// The charge.
    #[n(0)]
    pub session: SessionId,
    /// When it began.
    #[n(1)]
    pub start: Time,
    /// Its energy.
    #[n(2)]
    pub energy: Energy,
    /// The load multiplier that applied then, in basis points.
    #[n(3)]
    pub load_bps: u32,
    /// Under the older terms.
    #[n(4)]
    pub old: Amounts,
    /// Under the newer ones.
    #[n(5)]
    pub new: Amounts,
}

/// What the newer terms would have meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Effect {
    /// Charges that were rated.
    #[n(0)]
    pub charges: u32,
    /// Their energy.
    #[n(1)]
    pub energy: Energy,
    /// Sums under the older terms.
    #[n(2)]
    pub old: Amounts,
    /// Sums under the newer terms.
    #[n(3)]
    pub new: Amounts,
    /// Charges among them above the newer terms' caps on energy or amount: their drivers would have been stopped before.
    #[n(4)]
    pub over_cap: u32,
    /// Charges that have no price under one of the two, and are in no sum.
    #[n(5)]
    pub unrated: u32,
    /// Why the first of those has none.
    #[n(6)]
    pub why: Option<String>,
    /// Charges that change most, at most [`MOST_AFFECTED`], the greatest change first; those that do not change are not among them.
    #[n(7)]
    pub most: Vec<Affected>,
}

/// An agreement with the custom rule that it names.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The terms.
    pub agreement: &'a Agreement,
    /// The rule, where they name one.
    pub rule: Option<&'a BoundRule>,
}

/// Rates each charge under both versions. Charges whose point is not given are counted as unrated.
///
/// # Errors
/// `terms-invalid` when the versions have different currencies; `price-wrong` when a sum does not fit.
pub fn effect<'a>(
    charges: impl Iterator<Item = (&'a ChargeEvent, Option<&'a EvseEntry>)>,
    older: Terms<'a>,
    newer: Terms<'a>,
) -> Result<Effect, Refusal> {
    if older.agreement.currency != newer.agreement.currency {
        let text = format!(
            "the older terms are in {}, the newer ones in {}; amounts of two currencies cannot be compared",
            older.agreement.currency, newer.agreement.currency
        );
        return Err(Refusal::new(RefusalCode::TermsInvalid, text));
    }
    let (mut older, mut newer) = (Rater::new(older), Rater::new(newer));
    let mut found = Effect::default();
    for (event, evse) in charges.take(MAX_EFFECT_CHARGES) {
        let both = older
            .rated(event, evse)
            .and_then(|old| Ok((old, newer.rated(event, evse)?)));
        match both {
            Ok((old, new)) => {
                count(&mut found, event, (old, new), &newer).map_err(|e| unfit(&e))?;
            }
            Err(refusal) => {
                found.unrated = found.unrated.saturating_add(1);
                found.why.get_or_insert(refusal.text);
            }
        }
    }
    Ok(found)
}

fn unfit(error: &MoneyError) -> Refusal {
    Refusal::new(
        RefusalCode::PriceWrong,
        format!("the sum does not fit: {error}"),
    )
}

fn count(
    found: &mut Effect,
    event: &ChargeEvent,
    (old, new): (Amounts, Amounts),
    newer: &Rater<'_>,
) -> Result<(), MoneyError> {
    let energy = event.usage.energy().unwrap_or_default();
    found.charges = found.charges.saturating_add(1);
    found.energy = found.energy.plus(energy).unwrap_or(found.energy);
    found.old = found.old.plus(old)?;
    found.new = found.new.plus(new)?;
    let caps = &newer.terms.agreement.caps;
    if energy > caps.energy_per_charge || new.driver > caps.amount_per_charge {
        found.over_cap = found.over_cap.saturating_add(1);
    }
    if old != new {
        found.most.push(Affected {
            session: event.session,
            start: event.usage.start().unwrap_or(event.usage.end),
            energy,
            load_bps: event.adjustments.load_bps,
            old,
            new,
        });
        let place = |a: &Affected| (u64::MAX.abs_diff(a.old.distance(&a.new)), a.session);
        found.most.sort_by_key(place);
        found.most.truncate(MOST_AFFECTED);
    }
    Ok(())
}

/// Rates charges under one version; a tariff is compiled once for each time zone.
struct Rater<'a> {
    terms: Terms<'a>,
    compiled: BTreeMap<(String, String), CompiledTariff>,
}

impl<'a> Rater<'a> {
    fn new(terms: Terms<'a>) -> Self {
        Self {
            terms,
            compiled: BTreeMap::new(),
        }
    }

    fn rated(&mut self, event: &ChargeEvent, evse: Option<&EvseEntry>) -> Result<Amounts, Refusal> {
        let agreement = self.terms.agreement;
        let wrong = |text: String| Refusal::new(RefusalCode::PriceWrong, text);
        let evse = evse.ok_or_else(|| {
            wrong(format!(
                "charging point {} is not registered any more",
                event.evse
            ))
        })?;
        let load = agreement.load_band.held(event.adjustments.load_bps);
        let tier = event.adjustments.tier;
        let adjustments = crp::adjustments(agreement, tier, load);
        let tariff = self.tariff(&event.tariff, evse)?;
        let price = rate(tariff, &adjustments, &event.usage)
            .map_err(|e| wrong(format!("{} cannot be priced: {e}", event.session)))?;
        let sharing = Sharing::of(agreement, tier, event.session);
        let shares = share(&price, &sharing)
            .map_err(|e| wrong(format!("{} cannot be shared: {e}", event.session)))?;
        Ok(Amounts::of(price.total, &shares))
    }

    /// The tariff of this name, or the first one as in an offer.
    fn tariff(&mut self, name: &str, evse: &EvseEntry) -> Result<&CompiledTariff, Refusal> {
        let Terms { agreement, rule } = self.terms;
        let found = agreement.tariff(name).or_else(|| agreement.tariffs.first());
        let tariff = found.ok_or_else(|| {
            Refusal::new(
                RefusalCode::PriceWrong,
                "the terms have no tariff".to_owned(),
            )
        })?;
        let place = (tariff.id.clone(), evse.time_zone.clone());
        match self.compiled.entry(place) {
            std::collections::btree_map::Entry::Occupied(known) => Ok(known.into_mut()),
            std::collections::btree_map::Entry::Vacant(free) => {
                let undated = Tariff {
                    valid_from: None,
                    valid_until: None,
                    ..tariff.clone()
                };
                Ok(free.insert(crp::compile(&undated, evse, rule)?))
            }
        }
    }
}
