//! Where sold energy comes from. What a member has and has given away in an area and hour is added up from statements, trades, open
//! offers and charges.

use super::{DAY, HOUR, Judge, Model, Move, Place, Postings, Verdict, micro};
use fairway_ledger::energy::op::{
    EnergyAcceptance, EnergyCancellation, EnergyEffect, EnergyOffer, EnergyOperation,
    EnergyStatement, Hour, OfferId,
};
use fairway_ledger::{Account, Effect, Parameter};
use fairway_model::{ChargeEvent, Energy, MemberId, RefusalCode};
use std::collections::BTreeMap;

/// A member's area and hour.
pub type Spot = (MemberId, String, Hour);

/// What is known of energy.
#[derive(Debug, Clone, Default)]
pub struct Market {
    /// The newest statements.
    pub stated: BTreeMap<Spot, EnergyStatement>,
    /// Offers and what is left of them, in mWh.
    pub offers: BTreeMap<(MemberId, OfferId), (EnergyOffer, u64)>,
    /// Buyer, seller, area, hour and mWh of each trade.
    pub trades: Vec<(MemberId, MemberId, String, Hour, u64)>,
}

/// What an area and hour of a member holds, in mWh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Book {
    /// Bought from others.
    pub bought: u64,
    /// In settled charges.
    pub delivered: u64,
    /// Sold to others.
    pub traded: u64,
    /// Set aside for open offers.
    pub offered: u64,
}

/// mWh of a charge by the hour in which a period begins.
pub fn hours(event: &ChargeEvent) -> BTreeMap<Hour, u64> {
    let mut out = BTreeMap::new();
    for period in event.usage.periods.iter().filter(|p| p.energy.0 > 0) {
        let hour = Hour(period.start.0.div_euclid(HOUR));
        let sum: &mut u64 = out.entry(hour).or_default();
        *sum = sum.saturating_add(period.energy.0);
    }
    out
}

/// From then on an hour's statement stands.
fn closes(hour: Hour) -> i64 {
    (hour.0 + 1) * HOUR + 7 * DAY
}

impl Model {
    /// What was given and taken.
    pub fn book(&self, (member, area, hour): &Spot) -> Book {
        let trades = |pick: fn(&(MemberId, MemberId, String, Hour, u64)) -> MemberId| {
            let own = self.market.trades.iter();
            own.filter(|t| pick(t) == *member && (&t.2, t.3) == (area, *hour))
                .map(|t| t.4)
                .sum()
        };
        let charges = self.charges.values();
        let own = charges.filter(|c| c.pair.1 == *member && c.area.as_ref() == Some(area));
        let offers = self.market.offers.iter();
        let open = offers.filter(|((seller, _), (offer, _))| {
            seller == member && (&offer.area, offer.hour) == (area, *hour)
        });
        Book {
            bought: trades(|t| t.0),
            traded: trades(|t| t.1),
            delivered: own.filter_map(|c| hours(&c.full).get(hour).copied()).sum(),
            offered: open.map(|(_, (_, left))| *left).sum(),
        }
    }

    /// What there is less what is taken, so many mWh more than at present; below nothing when more is taken.
    fn spare(&self, spot: &Spot, statement: Option<&EnergyStatement>, more: u64) -> i128 {
        let book = self.book(spot);
        let stated = statement.map_or(0, |s| i128::from(s.metered.0) + i128::from(s.certified.0));
        let taken = [book.delivered, book.traded, book.offered, more];
        stated + i128::from(book.bought) - taken.map(i128::from).iter().sum::<i128>()
    }

    /// What a member has to offer.
    pub fn to_spare(&self, spot: &Spot) -> i128 {
        self.spare(spot, self.market.stated.get(spot), 0).max(0)
    }

    /// Whether nothing is ever sold beyond what is stated.
    fn strict(&self) -> bool {
        self.rule(Parameter::EnergyStrict) == 1
    }

    /// A charge in an hour whose statement stands takes no more than there is.
    pub(super) fn energy_is_there(
        &self,
        event: &ChargeEvent,
        area: &str,
        now: i64,
        judge: &mut Judge,
    ) {
        for (hour, energy) in hours(event) {
            let spot = (event.visited, area.to_owned(), hour);
            let stated = self.market.stated.get(&spot);
            let short = self.spare(&spot, stated, energy) < 0;
            let fixed = self.strict() || (stated.is_some() && now >= closes(hour));
            judge.must(!(short && fixed), RefusalCode::EnergyNotOwned);
        }
    }

    pub(super) fn energy(
        &mut self,
        by: MemberId,
        operation: &EnergyOperation,
        place: Place,
    ) -> Verdict {
        match operation {
            EnergyOperation::State(statement) => self.state(by, statement, place.now),
            EnergyOperation::Offer(offer) => self.offer(by, offer, place.now),
            EnergyOperation::Accept(acceptance) => self.buy(by, acceptance, place.now),
            EnergyOperation::Cancel(cancellation) => self.cancel(by, cancellation, place.now),
        }
    }

    fn state(&mut self, by: MemberId, statement: &EnergyStatement, now: i64) -> Verdict {
        let mut judge = Judge::default();
        self.utility(by, &mut judge);
        let spot = (by, statement.area.clone(), statement.hour);
        match self.market.stated.get(&spot) {
            Some(known) if known == statement => judge.no(RefusalCode::Duplicate),
            Some(known) => judge.must(statement.serial > known.serial, RefusalCode::IdConflict),
            None => {}
        }
        judge.must(now < closes(statement.hour), RefusalCode::TimeInvalid);
        let spare = self.spare(&spot, Some(statement), 0);
        let enough = spare >= 0 || !self.strict();
        judge.must(enough, RefusalCode::EnergyNotOwned);
        if judge.clear() {
            self.market.stated.insert(spot, statement.clone());
        }
        let effect = EnergyEffect::Stated {
            area: statement.area.clone(),
            hour: statement.hour,
            short: Energy(u64::try_from(-spare).unwrap_or(0)),
        };
        judge.verdict(Effect::Energy(effect), Postings::new())
    }

    fn offer(&mut self, by: MemberId, offer: &EnergyOffer, now: i64) -> Verdict {
        let mut judge = Judge::default();
        self.utility(by, &mut judge);
        if let Some((known, _)) = self.market.offers.get(&(by, offer.id)) {
            judge.no(if known == offer {
                RefusalCode::Duplicate
            } else {
                RefusalCode::IdConflict
            });
        }
        let until = offer.valid_until.0;
        judge.must(
            now < until && until <= closes(offer.hour),
            RefusalCode::TimeInvalid,
        );
        let spot = (by, offer.area.clone(), offer.hour);
        let free = self.to_spare(&spot);
        judge.must(
            i128::from(offer.energy.0) <= free,
            RefusalCode::EnergyNotOwned,
        );
        if judge.clear() {
            let known = (offer.clone(), offer.energy.0);
            self.market.offers.insert((by, offer.id), known);
        }
        let effect = EnergyEffect::Offered { id: offer.id };
        judge.verdict(Effect::Energy(effect), Postings::new())
    }

    fn buy(&mut self, by: MemberId, wanted: &EnergyAcceptance, now: i64) -> Verdict {
        let mut judge = Judge::default();
        self.utility(by, &mut judge);
        let (seller, currency) = (wanted.seller, wanted.currency);
        judge.must(by != seller, RefusalCode::NotAuthorized);
        let Some((offer, left)) = self.market.offers.get(&(seller, wanted.id)).cloned() else {
            judge.no(RefusalCode::OfferUnknown);
            return judge.refused();
        };
        let same = (&offer.area, offer.hour) == (&wanted.area, wanted.hour)
            && (offer.price, offer.currency) == (wanted.price, currency);
        judge.must(same, RefusalCode::IdConflict);
        judge.must(now < offer.valid_until.0, RefusalCode::OfferExpired);
        judge.must(wanted.energy.0 <= left, RefusalCode::EnergyNotOwned);
        let rest = left.saturating_sub(wanted.energy.0);
        let price = i128::from(wanted.price.0) * i128::from(wanted.energy.0);
        let amount = (price + 500_000).div_euclid(1_000_000);
        let cap = self.in_force(by, seller, now).map(|a| &a.terms);
        let cap = cap.filter(|terms| terms.currency == currency);
        let open = self.held((by, seller), currency)
            + self.owed(by, seller, currency)
            + self.obliged(by, seller, currency)
            + amount
            - self.pledged(by, seller, currency);
        judge.must(
            open <= cap.map_or(0, |terms| i128::from(terms.caps.exposure.0)),
            RefusalCode::ExposureOverCap,
        );
        let mut postings = Postings::from([
            ((Account::Member(by), currency), -amount),
            ((Account::Member(seller), currency), amount),
        ]);
        postings.retain(|_, amount| *amount != 0);
        if judge.clear() {
            self.market
                .offers
                .insert((seller, wanted.id), (offer, rest));
            let trade = (
                by,
                seller,
                wanted.area.clone(),
                wanted.hour,
                wanted.energy.0,
            );
            self.market.trades.push(trade);
            self.posted(&postings);
            self.moves.push(Move::Charge {
                pair: (by, seller),
                currency,
                amount,
                at: now,
            });
        }
        let effect = EnergyEffect::Traded {
            seller,
            id: wanted.id,
            energy: wanted.energy,
            amount: micro(amount),
            left: Energy(rest),
        };
        judge.verdict(Effect::Energy(effect), postings)
    }

    fn cancel(&mut self, by: MemberId, unwanted: &EnergyCancellation, now: i64) -> Verdict {
        let mut judge = Judge::default();
        let key = (unwanted.seller, unwanted.id);
        let Some((offer, left)) = self.market.offers.get(&key).cloned() else {
            judge.no(RefusalCode::OfferUnknown);
            return judge.refused();
        };
        let same = (&offer.area, offer.hour) == (&unwanted.area, unwanted.hour);
        judge.must(same, RefusalCode::IdConflict);
        let may = by == unwanted.seller || now >= offer.valid_until.0;
        judge.must(may, RefusalCode::NotAuthorized);
        judge.must(left > 0, RefusalCode::Duplicate);
        if judge.clear() {
            self.market.offers.insert(key, (offer, 0));
        }
        let effect = EnergyEffect::Cancelled {
            seller: unwanted.seller,
            id: unwanted.id,
            energy: Energy(left),
        };
        judge.verdict(Effect::Energy(effect), Postings::new())
    }
}
