//! Holds and charges.

use super::{
    AgreementRec, ChargeRec, DAY, GuaranteeRec, HoldRec, Judge, Life, Model, Move, Place, Postings,
    Verdict, hold_content, micro,
};
use crate::{rating, sharing};
use fairway_ledger::{Account, Effect, Hold, Parameter, Settlement};
use fairway_model::{
    ChargeEvent, Currency, GuaranteeId, Hash, MemberId, RefusalCode, SessionId, Time,
};

impl Model {
    /// What is set aside for a pair in a currency.
    pub fn held(&self, pair: (MemberId, MemberId), currency: Currency) -> i128 {
        self.pending()
            .filter(|h| (h.guarantee.home, h.visited) == pair && h.currency == currency)
            .map(|h| i128::from(h.amount.0))
            .sum()
    }

    fn pending(&self) -> impl Iterator<Item = &Hold> {
        self.holds
            .values()
            .filter(|h| h.life == Life::Pending)
            .map(|h| &h.hold)
    }

    /// What is set aside, and what was charged, under a guarantee.
    pub fn used(&self, home: MemberId, guarantee: GuaranteeId) -> (i128, i128) {
        let held = self
            .pending()
            .filter(|h| h.guarantee.home == home && h.guarantee.guarantee.id == guarantee)
            .map(|h| i128::from(h.amount.0));
        let charged = self
            .charges
            .values()
            .filter(|c| c.pair.0 == home && c.guarantee == guarantee)
            .map(|c| c.total);
        (held.sum(), charged.sum())
    }

    pub(super) fn place_hold(&mut self, by: MemberId, hold: &Hold, now: i64) -> Verdict {
        let mut judge = Judge::default();
        let home = hold.guarantee.home;
        let promise = &hold.guarantee.guarantee;
        judge.must(by == hold.visited, RefusalCode::NotAuthorized);
        self.speaks(home, hold.guarantee.home_key, now, &mut judge);
        if let Some(known) = self.holds.get(&hold.session) {
            judge.no(if hold_content(&known.hold) == hold_content(hold) {
                RefusalCode::Duplicate
            } else {
                RefusalCode::IdConflict
            });
        }
        let Some(rec) = self.agreements.get(&promise.agreement) else {
            judge.no(RefusalCode::AgreementUnknown);
            return judge.refused();
        };
        judge.must(rec.suspended.is_none(), RefusalCode::AgreementSuspended);
        self.below_ceilings(&rec.terms, now, &mut judge);
        let counted = rec.terms.session_caps.map(|_| now);
        self.hold_fits_terms(hold, rec, now, &mut judge);
        self.hold_has_room(hold, rec, &mut judge);
        let asked = rec.terms.collateral.map_or(0, |c| i128::from(c.0));
        let pledged = self.pledged(home, hold.visited, hold.currency);
        judge.must(pledged >= asked, RefusalCode::CollateralNeeded);
        if judge.clear() {
            self.guarantees
                .entry((home, promise.id))
                .or_insert(GuaranteeRec {
                    promise: promise.clone(),
                });
            let rec = HoldRec {
                hold: hold.clone(),
                life: Life::Pending,
                protected: None,
                counted,
            };
            self.holds.insert(hold.session, rec);
        }
        let effect = Effect::HoldPlaced {
            session: hold.session,
            amount: hold.amount,
        };
        judge.verdict(effect, Postings::new())
    }

    /// The agreement prices charges of this pair at present, or did a moment ago, and allows such a hold.
    fn hold_fits_terms(&self, hold: &Hold, rec: &AgreementRec, now: i64, judge: &mut Judge) {
        let terms = &rec.terms;
        let pair = (hold.guarantee.home, hold.visited);
        let known = self
            .remembered(pair.0, pair.1)
            .iter()
            .any(|a| a.terms == *terms);
        judge.must(known, RefusalCode::AgreementUnknown);
        let prices = |at| {
            self.in_force(pair.0, pair.1, at)
                .is_some_and(|a| a.terms == *terms)
        };
        judge.must(
            prices(now) || prices(now - self.rule(Parameter::OfferGrace)),
            RefusalCode::AgreementNotInForce,
        );
        let until = hold.guarantee.guarantee.valid_until.0;
        judge.must(now < until, RefusalCode::GuaranteeExceeded);
        let expires = hold.expires_at.0;
        judge.must(
            now < expires && expires <= now + terms.hold_ttl + self.rule(Parameter::ClockSkew),
            RefusalCode::TimeInvalid,
        );
        judge.must(hold.currency == terms.currency, RefusalCode::IdConflict);
        judge.must(
            hold.amount <= terms.caps.amount_per_charge,
            RefusalCode::AmountOverCap,
        );
    }

    /// Guarantee and exposure have room for the hold.
    fn hold_has_room(&self, hold: &Hold, rec: &AgreementRec, judge: &mut Judge) {
        let (home, promise) = (hold.guarantee.home, &hold.guarantee.guarantee);
        let amount = i128::from(hold.amount.0);
        if let Some(first) = self.guarantees.get(&(home, promise.id)) {
            judge.must(first.promise == *promise, RefusalCode::IdConflict);
        }
        let (set_aside, charged) = self.used(home, promise.id);
        judge.must(
            set_aside + charged + amount <= i128::from(promise.limit.0),
            RefusalCode::GuaranteeExceeded,
        );
        let exposed = self.held((home, hold.visited), hold.currency)
            + self.owed(home, hold.visited, hold.currency)
            + self.obliged(home, hold.visited, hold.currency)
            - self.pledged(home, hold.visited, hold.currency)
            + amount;
        judge.must(
            exposed <= i128::from(rec.terms.caps.exposure.0),
            RefusalCode::ExposureOverCap,
        );
    }

    pub(super) fn void_hold(
        &mut self,
        by: MemberId,
        session: SessionId,
        claims: (MemberId, MemberId, GuaranteeId, Currency),
        now: i64,
    ) -> Verdict {
        let mut judge = Judge::default();
        let Some(rec) = self.holds.get_mut(&session) else {
            judge.no(RefusalCode::HoldUnknown);
            return judge.refused();
        };
        let hold = &rec.hold;
        let own = (
            hold.guarantee.home,
            hold.visited,
            hold.guarantee.guarantee.id,
            hold.currency,
        );
        judge.must(own == claims, RefusalCode::IdConflict);
        judge.must(rec.life == Life::Pending, RefusalCode::HoldClosed);
        let mine = by == hold.visited;
        let free = hold.expires_at.0.max(rec.protected.unwrap_or(i64::MIN));
        judge.must(mine || now >= free, RefusalCode::NotAuthorized);
        let released = hold.amount;
        if judge.clear() {
            rec.life = if mine { Life::Void } else { Life::Expired };
        }
        let effect = Effect::HoldVoided {
            session,
            released,
            expired: !mine,
        };
        judge.verdict(effect, Postings::new())
    }

    pub(super) fn settle(
        &mut self,
        by: MemberId,
        settlement: &Settlement,
        place: Place,
    ) -> Verdict {
        let event = settlement.event();
        let mut judge = Judge::default();
        let pair = (event.home, event.visited);
        judge.must(by == pair.0 || by == pair.1, RefusalCode::NotAuthorized);
        self.speaks(pair.1, settlement.visited_key, place.now, &mut judge);
        self.speaks(pair.0, settlement.home_key, place.now, &mut judge);
        judge.must(
            !self.charges.contains_key(&event.session),
            RefusalCode::AlreadySettled,
        );
        let Some(rec) = self.agreements.get(&event.agreement).cloned() else {
            judge.no(RefusalCode::AgreementUnknown);
            return judge.refused();
        };
        let currency = rec.terms.currency;
        judge.must(settlement.currency == currency, RefusalCode::IdConflict);
        let limits = [Parameter::ClockSkew, Parameter::ChargeAge].map(|p| self.rule(p));
        usage_makes_sense(event, place.now, limits, &mut judge);
        inside_terms(event, &rec, &mut judge);
        self.follows(settlement, &rec.terms, &mut judge);
        let begin = event.usage.start().map_or(i64::MIN, |t| t.0);
        self.at_evse(settlement, (begin, place.now), &rec, &mut judge);
        let freed = self.hold_stands(event, begin, &mut judge);
        self.meter_not_sold(event, &mut judge);
        let total = i128::from(event.total.0);
        let leaves = total - i128::from(event.shares.home.0);
        self.money_suffices(event, &rec, (freed, leaves), &mut judge);
        let postings = postings(settlement);
        let hash = Hash::of("fairway.charge.v1", &canonical(event));
        let effect = Effect::ChargeSettled {
            session: event.session,
            event: hash,
            total: event.total,
            shares: event.shares,
            currency,
            released: micro((freed - total).max(0)),
        };
        if judge.clear() {
            if let Some(hold) = self.holds.get_mut(&event.session) {
                hold.life = Life::Posted;
            }
            if pair.0 != pair.1 {
                self.moves.push(Move::Charge {
                    pair,
                    currency,
                    amount: leaves,
                    at: place.now,
                });
            }
            let charge = ChargeRec {
                full: event.clone(),
                event: hash,
                agreement: event.agreement,
                pair,
                owner: settlement.owner.clone(),
                area: settlement.area.clone(),
                guarantee: event.guarantee,
                energy: event.usage.periods.iter().map(|p| p.energy.0).sum(),
                total,
                shares: event.shares,
                currency,
                settled: (place.height, place.now),
                disputable: place.now + i64::from(rec.terms.dispute_days) * DAY,
            };
            self.charges.insert(event.session, charge);
        }
        judge.verdict(effect, postings)
    }

    /// The EVSE is the visited utility's, in use when the charge began, with this meter and owner, and gives this price.
    fn at_evse(
        &self,
        settlement: &Settlement,
        (begin, now): (i64, i64),
        rec: &AgreementRec,
        judge: &mut Judge,
    ) {
        let event = settlement.event();
        let Some(evse) = self.evses.get(&event.evse) else {
            judge.no(RefusalCode::EvseUnavailable);
            return;
        };
        judge.must(
            evse.entry.utility == event.visited,
            RefusalCode::NotAuthorized,
        );
        judge.must(
            evse.retired.is_none_or(|from| begin < from),
            RefusalCode::EvseUnavailable,
        );
        let present = Hash::plain(&evse.entry.meter_key) == event.meter_key;
        let past = evse
            .old
            .is_some_and(|(key, at)| key == event.meter_key && begin < at);
        judge.must(present || past, RefusalCode::MeterKey);
        judge.must(
            evse.entry.owner == settlement.owner,
            RefusalCode::IdConflict,
        );
        if let Some(area) = &settlement.area {
            judge.must(*area == evse.entry.area, RefusalCode::IdConflict);
            self.energy_is_there(event, area, now, judge);
        } else {
            // With strict origin every charge says whose energy it took, where the EVSE is in an area.
            let strict = self.rule(Parameter::EnergyStrict) == 1;
            let nowhere = evse.entry.area.is_empty();
            judge.must(!strict || nowhere, RefusalCode::EnergyNotOwned);
        }
        let Some(tariff) = rec.terms.tariffs.iter().find(|t| t.id == event.tariff) else {
            judge.no(RefusalCode::PriceWrong);
            return;
        };
        // What has no sense as a charge was said before; it has no price either.
        if !judge.clear() && !ordered(event) {
            return;
        }
        match rating::price(
            tariff,
            &evse.entry.time_zone,
            &event.adjustments,
            &event.usage,
        ) {
            Err(reason) => judge.no(reason),
            Ok(price) => {
                judge.must(
                    rating::total(&price) == event.total,
                    RefusalCode::PriceWrong,
                );
                let right = sharing::of_event(&price, &rec.terms, event);
                judge.must(right == event.shares, RefusalCode::SharesWrong);
            }
        }
    }

    /// Charges that sold a part of this page of a meter's register: 32 kWh each.
    pub(crate) fn of_page(&self, meter: Hash, page: u64) -> impl Iterator<Item = &ChargeRec> {
        self.charges.values().filter(move |c| {
            c.full.meter_key == meter && pages(&c.full).is_some_and(|p| p.contains(&page))
        })
    }

    /// Nobody sold a part of this stretch of the meter's register before, and there is room to remember it.
    fn meter_not_sold(&self, event: &ChargeEvent, judge: &mut Judge) {
        let Some(touched) = pages(event) else { return };
        judge.must(touched.end() - touched.start() < 128, RefusalCode::TooLarge);
        if !judge.clear() {
            return;
        }
        for page in touched {
            let known = self.of_page(event.meter_key, page);
            judge.must(known.count() < 256, RefusalCode::TooLarge);
        }
        let twice = self.charges.values().any(|c| {
            let sold = &c.full;
            let apart = sold.meter_end <= event.meter_start || event.meter_end <= sold.meter_start;
            sold.meter_key == event.meter_key && !apart
        });
        judge.must(!twice, RefusalCode::MeterOverlap);
    }

    /// The hold is this charge's and was alive when it began; gives what it still sets aside.
    fn hold_stands(&self, event: &ChargeEvent, begin: i64, judge: &mut Judge) -> i128 {
        let Some(rec) = self.holds.get(&event.session) else {
            judge.no(RefusalCode::HoldUnknown);
            return 0;
        };
        let hold = &rec.hold;
        let same = hold.guarantee.guarantee.agreement == event.agreement
            && hold.guarantee.guarantee.id == event.guarantee
            && hold.offer == event.offer;
        judge.must(same, RefusalCode::IdConflict);
        judge.must(
            matches!(rec.life, Life::Pending | Life::Expired),
            RefusalCode::HoldClosed,
        );
        judge.must(begin < hold.expires_at.0, RefusalCode::HoldClosed);
        if rec.life == Life::Pending {
            i128::from(hold.amount.0)
        } else {
            0
        }
    }

    /// The guarantee covers the charge, and so does the exposure where more is owed than was set aside.
    fn money_suffices(
        &self,
        event: &ChargeEvent,
        rec: &AgreementRec,
        (freed, leaves): (i128, i128),
        judge: &mut Judge,
    ) {
        let Some(first) = self.guarantees.get(&(event.home, event.guarantee)) else {
            return;
        };
        let (held, charged) = self.used(event.home, event.guarantee);
        let then = held - freed + charged + i128::from(event.total.0);
        judge.must(
            then <= i128::from(first.promise.limit.0),
            RefusalCode::GuaranteeExceeded,
        );
        if event.home == event.visited || leaves <= freed {
            return;
        }
        let pair = (event.home, event.visited);
        let currency = rec.terms.currency;
        let exposed = self.held(pair, currency) - freed
            + self.owed(pair.0, pair.1, currency)
            + self.obliged(pair.0, pair.1, currency)
            - self.pledged(pair.0, pair.1, currency)
            + leaves;
        judge.must(
            exposed <= i128::from(rec.terms.caps.exposure.0),
            RefusalCode::ExposureOverCap,
        );
    }
}

/// The pages of the register that a charge sells; none when it runs backwards.
pub(crate) fn pages(event: &ChargeEvent) -> Option<core::ops::RangeInclusive<u64>> {
    const PAGE: u64 = 32_000_000;
    (event.meter_start < event.meter_end)
        .then(|| event.meter_start.0 / PAGE..=(event.meter_end.0 - 1) / PAGE)
}

fn canonical(event: &ChargeEvent) -> Vec<u8> {
    fairway_model::Canonical::to_bytes(event)
}

fn ordered(event: &ChargeEvent) -> bool {
    let starts: Vec<Time> = event.usage.periods.iter().map(|p| p.start).collect();
    !starts.is_empty() && starts.is_sorted() && starts.last().is_some_and(|t| *t <= event.usage.end)
}

/// In order, not further in the future than clocks differ, and not too old.
fn usage_makes_sense(event: &ChargeEvent, now: i64, [skew, oldest]: [i64; 2], judge: &mut Judge) {
    let end = event.usage.end.0;
    let timely = ordered(event) && end <= now + skew && now - end <= oldest;
    judge.must(timely, RefusalCode::TimeInvalid);
    let used: u128 = event
        .usage
        .periods
        .iter()
        .map(|p| u128::from(p.energy.0))
        .sum();
    let (from, to) = (
        u128::from(event.meter_start.0),
        u128::from(event.meter_end.0),
    );
    judge.must(from <= to, RefusalCode::MeterBackwards);
    judge.must(from + used == to, RefusalCode::EnergyMismatch);
    judge.must(used > 0, RefusalCode::NothingDelivered);
}

fn inside_terms(event: &ChargeEvent, rec: &AgreementRec, judge: &mut Judge) {
    let terms = &rec.terms;
    let pair = (terms.home, terms.visited) == (event.home, event.visited);
    judge.must(pair && rec.signed.is_some(), RefusalCode::AgreementUnknown);
    let begin = event.usage.start().map_or(i64::MIN, |t| t.0);
    judge.must(
        terms.valid_from.0 <= begin && begin < rec.until(),
        RefusalCode::AgreementNotInForce,
    );
    let used: u128 = event
        .usage
        .periods
        .iter()
        .map(|p| u128::from(p.energy.0))
        .sum();
    judge.must(
        used <= u128::from(terms.caps.energy_per_charge.0),
        RefusalCode::EnergyOverCap,
    );
    judge.must(
        event.total <= terms.caps.amount_per_charge,
        RefusalCode::AmountOverCap,
    );
    let made = event.adjustments;
    let band = terms.load_band.min_bps..=terms.load_band.max_bps;
    let tier = terms.tiers.iter().find(|t| t.tier == made.tier);
    let agreed = band.contains(&made.load_bps)
        && made.discount_bps == tier.map_or(0, |t| t.discount_bps)
        && made.corridor == terms.corridor;
    judge.must(agreed, RefusalCode::AdjustmentOutside);
}

/// Home pays everything but its own share; visited, owner and tax get theirs.
fn postings(settlement: &Settlement) -> Postings {
    let event = settlement.event();
    let of = |m: fairway_model::Micro| i128::from(m.0);
    let shares = event.shares;
    let parts = [
        (
            Account::Member(event.home),
            of(shares.home) - of(event.total),
        ),
        (Account::Member(event.visited), of(shares.visited)),
        (Account::Owner(settlement.owner.clone()), of(shares.owner)),
        (Account::Tax(event.visited), of(shares.tax)),
    ];
    let mut out = Postings::new();
    for (account, amount) in parts {
        *out.entry((account, settlement.currency)).or_default() += amount;
    }
    out.retain(|_, amount| *amount != 0);
    out
}

/// What a settled charge moved, again.
pub(super) fn moved(charge: &ChargeRec) -> [(Account, i128); 4] {
    let of = |m: fairway_model::Micro| i128::from(m.0);
    [
        (
            Account::Member(charge.pair.0),
            of(charge.shares.home) - charge.total,
        ),
        (Account::Member(charge.pair.1), of(charge.shares.visited)),
        (
            Account::Owner(charge.owner.clone()),
            of(charge.shares.owner),
        ),
        (Account::Tax(charge.pair.1), of(charge.shares.tax)),
    ]
}
