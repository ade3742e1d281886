//! Energy as a member sees it: what it had and sold by area and hour, and what is for sale. A copy of what the ledger says.

use crate::door::{Row, Table};
use fairway_ledger::energy::by_hour;
use fairway_ledger::energy::op::{EnergyEffect, EnergyOperation, Hour, OfferId};
use fairway_ledger::energy::state::{EnergyBook, OfferState};
use fairway_ledger::{Effect, Operation, Receipt, Transaction};
use fairway_model::canonical::Canonical;
use fairway_model::{DecodeError, Energy, MemberId, Time};
use std::collections::BTreeMap;

/// Most books of an area and hour that are kept; the oldest hours leave first.
const MAX_BOOKS: usize = 100_000;
/// Most open offers that are kept; those beyond are on the ledger all the same.
const MAX_OFFERS: usize = 10_000;
/// Beginning of the rows' keys.
pub(crate) const ENERGY: &str = "energy/";
const OFFER: &str = "energy/offer/";
const BOOK: &str = "energy/book/";

/// What changes in the rows.
pub(crate) enum Kept {
    Put(Row),
    Gone(String),
}

/// The copy.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct EnergyView {
    /// Open offers of all members.
    offers: BTreeMap<(MemberId, OfferId), OfferState>,
    /// Our own books.
    books: BTreeMap<(Hour, String), EnergyBook>,
}

fn plus(a: Energy, b: Energy) -> Energy {
    // The contract has checked the same sum.
    a.plus(b).unwrap_or(a)
}

impl EnergyView {
    pub(crate) fn offers(&self) -> impl Iterator<Item = (&MemberId, &OfferState)> {
        self.offers
            .iter()
            .map(|((seller, _), state)| (seller, state))
    }

    /// Books, the newest hour first.
    pub(crate) fn books(&self) -> impl Iterator<Item = (&str, Hour, &EnergyBook)> {
        self.books
            .iter()
            .rev()
            .map(|((hour, area), book)| (area.as_str(), *hour, book))
    }

    /// Takes over what an applied transaction did.
    pub(crate) fn apply(&mut self, me: MemberId, tx: &Transaction, receipt: &Receipt) -> Vec<Kept> {
        let at = receipt.time;
        match (&tx.operation, receipt.effect()) {
            (Operation::Energy(operation), Some(Effect::Energy(effect))) => {
                self.changed(me, tx.member, (operation, effect), at)
            }
            (Operation::SettleCharge(settlement), Some(Effect::ChargeSettled { .. })) => {
                let event = settlement.event();
                let Some(area) = settlement.area.as_ref().filter(|_| event.visited == me) else {
                    return Vec::new();
                };
                let mut kept = Vec::new();
                for (hour, energy) in by_hour(event).unwrap_or_default() {
                    let add = |book: &mut EnergyBook| book.delivered = plus(book.delivered, energy);
                    kept.extend(self.change_book(&(hour, area.clone()), at, add));
                }
                kept
            }
            _ => Vec::new(),
        }
    }

    fn changed(
        &mut self,
        me: MemberId,
        signer: MemberId,
        (operation, effect): (&EnergyOperation, &EnergyEffect),
        at: Time,
    ) -> Vec<Kept> {
        match (operation, effect) {
            (EnergyOperation::State(statement), EnergyEffect::Stated { area, hour, .. })
                if signer == me =>
            {
                let state = |book: &mut EnergyBook| book.statement = Some(statement.clone());
                self.change_book(&(*hour, area.clone()), at, state)
            }
            (EnergyOperation::Offer(offer), _) => {
                let state = OfferState {
                    offer: offer.clone(),
                    left: offer.energy,
                };
                let mut kept = self.put_offer(signer, state, at);
                if signer == me {
                    let add =
                        |book: &mut EnergyBook| book.offered = plus(book.offered, offer.energy);
                    kept.extend(self.change_book(&(offer.hour, offer.area.clone()), at, add));
                }
                kept
            }
            (EnergyOperation::Accept(trade), EnergyEffect::Traded { left, .. }) => {
                let place = (trade.hour, trade.area.clone());
                let mut kept = self.left(trade.seller, trade.id, *left, at);
                if trade.seller == me {
                    kept.extend(self.change_book(&place, at, |book| {
                        book.offered = book.offered.minus(trade.energy).unwrap_or_default();
                        book.traded = plus(book.traded, trade.energy);
                    }));
                } else if signer == me {
                    let add = |book: &mut EnergyBook| book.bought = plus(book.bought, trade.energy);
                    kept.extend(self.change_book(&place, at, add));
                }
                kept
            }
            (EnergyOperation::Cancel(over), EnergyEffect::Cancelled { energy, .. }) => {
                let mut kept = self.left(over.seller, over.id, Energy::ZERO, at);
                if over.seller == me {
                    let place = (over.hour, over.area.clone());
                    kept.extend(self.change_book(&place, at, |book| {
                        book.offered = book.offered.minus(*energy).unwrap_or_default();
                    }));
                }
                kept
            }
            _ => Vec::new(),
        }
    }

    fn change_book(
        &mut self,
        place: &(Hour, String),
        at: Time,
        change: impl FnOnce(&mut EnergyBook),
    ) -> Vec<Kept> {
        let book = self.books.entry(place.clone()).or_default();
        change(book);
        let key = book_key(place);
        let text = format!("energy of {} in the hour from {}", place.1, place.0.begin());
        let value = (place.0, place.1.clone(), book.clone());
        let mut kept = vec![Kept::Put(Row::new(
            Table::Registry,
            key,
            place.1.clone(),
            at,
            text,
            &value,
        ))];
        if self.books.len() > MAX_BOOKS
            && let Some((oldest, _)) = self.books.pop_first()
        {
            kept.push(Kept::Gone(book_key(&oldest)));
        }
        kept
    }

    pub(crate) fn put_offer(&mut self, seller: MemberId, state: OfferState, at: Time) -> Vec<Kept> {
        let key = (seller, state.offer.id);
        if self.offers.len() >= MAX_OFFERS && !self.offers.contains_key(&key) {
            return Vec::new();
        }
        let row = Row::new(
            Table::Registry,
            offer_key(seller, state.offer.id),
            seller.to_string(),
            at,
            format!("{} of {seller}", state.offer.id),
            &(seller, state.clone()),
        );
        self.offers.insert(key, state);
        vec![Kept::Put(row)]
    }

    fn left(&mut self, seller: MemberId, id: OfferId, left: Energy, at: Time) -> Vec<Kept> {
        let Some(mut state) = self.offers.remove(&(seller, id)) else {
            return Vec::new();
        };
        if left == Energy::ZERO {
            return vec![Kept::Gone(offer_key(seller, id))];
        }
        state.left = left;
        self.put_offer(seller, state, at)
    }

    pub(crate) fn restore(&mut self, row: &Row) -> Result<(), DecodeError> {
        if row.key.starts_with(OFFER) {
            let (seller, state) = <(MemberId, OfferState)>::from_bytes(&row.body)?;
            self.offers.insert((seller, state.offer.id), state);
        } else {
            let (hour, area, book) = <(Hour, String, EnergyBook)>::from_bytes(&row.body)?;
            self.books.insert((hour, area), book);
        }
        Ok(())
    }
}

fn offer_key(seller: MemberId, id: OfferId) -> String {
    format!("{OFFER}{seller}/{id}")
}

fn book_key((hour, area): &(Hour, String)) -> String {
    format!("{BOOK}{}/{area}", hour.0)
}
