//! What the ledger finalized: the registry's copy, holds, settlements.

use crate::consent::{consent_key, hold_key, void_hold_key};
use crate::door::{Block, Level, Table, items};
use crate::energy::Kept;
use crate::home::HomeState;
use crate::machine::Utility;
use crate::out::Out;
use crate::refused;
use crate::said::{Number, Says};
use crate::settle::{charge_key, settle_key};
use crate::trace::flow;
use fairway_gateway::session::{HoldMark, Posted};
use fairway_gateway::{State, Step};
use fairway_ledger::money::MoneyEffect;
use fairway_ledger::{Effect, Hold, Operation, Receipt, Settlement, Transaction};
use fairway_model::{Hash, Refusal, RefusalCode, SessionId};
use std::collections::BTreeSet;

/// Most refused submissions of one charge that are tried again.
const MAX_TRIES: u32 = 50;
/// Most of them while the ledger also refuses the hold.
const MAX_TRIES_WITHOUT_HOLD: u32 = 5;

impl Utility {
    pub(crate) fn on_block(&mut self, out: &mut Out, block: &Block) {
        if block.height <= self.marks.height {
            return;
        }
        // Refused more than once in one block, a transaction still counts as one try.
        let mut seen = BTreeSet::new();
        for entry in &block.entries {
            match &entry.content {
                Ok(content) => {
                    let receipt = &content.1;
                    if receipt.refusal().is_none() || seen.insert(receipt.transaction) {
                        self.on_receipt(out, content);
                    }
                }
                Err(error) => out.log(
                    Level::Error,
                    None,
                    format!(
                        "block {}: a transaction or receipt cannot be read: {error}",
                        block.height
                    ),
                ),
            }
        }
        let row = self.marks.set_height(block.height, out.now);
        out.put(row);
    }

    fn on_receipt(&mut self, out: &mut Out, content: &(Transaction, Receipt)) {
        match items(content) {
            Some(items) => {
                for (tx, receipt) in items.iter() {
                    self.on_part(out, tx, receipt);
                }
            }
            None => out.log(
                Level::Error,
                None,
                format!(
                    "the receipt of batch {} does not fit its items",
                    content.1.transaction
                ),
            ),
        }
    }

    /// One transaction that is no batch, or one item of a batch.
    fn on_part(&mut self, out: &mut Out, tx: &Transaction, receipt: &Receipt) {
        for row in self.registry.apply(tx, receipt) {
            out.put(row);
        }
        if let Some(effect) = receipt.effect() {
            self.on_terms_effect(out, tx, effect);
        }
        for kept in self.energy.apply(self.me.id, tx, receipt) {
            match kept {
                Kept::Put(row) => out.put(row),
                Kept::Gone(key) => out.delete(Table::Registry, key),
            }
        }
        match (&tx.operation, receipt.effect()) {
            (Operation::Forecast(_), Some(_)) => self.on_forecast(out, tx, receipt),
            (_, Some(Effect::AgreementCountersigned { .. } | Effect::Terms(_))) => {
                self.forecasts.touch();
            }
            (Operation::SettleCharge(settlement), Some(Effect::ChargeSettled { .. })) => {
                self.on_settled(out, settlement, receipt);
            }
            (Operation::Case(operation), Some(Effect::Case(effect))) => {
                self.on_case(out, operation, effect, receipt);
            }
            (_, Some(Effect::HoldPlaced { session, .. })) => self.on_hold_placed(out, *session),
            (_, Some(Effect::HoldVoided { session, .. })) => self.on_hold_voided(out, *session),
            (_, Some(Effect::Money(effect))) => {
                if let MoneyEffect::CycleClosed(summary) = &**effect {
                    self.cycle_closed(out, summary.currency, summary.cycle);
                }
            }
            _ => {}
        }
        let Some(key) = self.entry_of(tx, &receipt.transaction) else {
            return;
        };
        match receipt.refusal() {
            None => {
                self.answered(out, &key);
            }
            Some(refusal) if self.signed_before(tx, refusal) => {}
            Some(refusal) => {
                self.on_refused(out, &key, &tx.operation, refusal);
                // The chain takes the same bytes only once, refused or not: what is to be tried again needs another nonce.
                let refused = receipt.transaction;
                if self.outbox.waits_for(&key, &refused) {
                    self.submit_again(out, &key, tx.operation.clone(), refused);
                }
            }
        }
    }

    /// The entry of the outbox that waited for this transaction, or for this item of it.
    fn entry_of(&self, tx: &Transaction, id: &Hash) -> Option<String> {
        let item = match &tx.operation {
            Operation::PlaceHold(hold) => Some(hold_key(hold.session)),
            Operation::VoidHold { session, .. } => Some(void_hold_key(*session)),
            Operation::SettleCharge(settlement) => Some(settle_key(settlement.event().session)),
            _ => None,
        };
        match item {
            Some(key) => Some(key).filter(|key| self.outbox.waits_for(key, id)),
            None => self.outbox.of_transaction(id).cloned(),
        }
    }

    fn on_hold_placed(&mut self, out: &mut Out, id: SessionId) {
        let Some(visit) = self.visits.get_mut(id) else {
            return;
        };
        visit.session.hold = HoldMark::Placed;
        out.visits.insert(id);
        self.answered(out, &hold_key(id));
        self.hop(
            out,
            id,
            ("ledger", "gateway"),
            flow::CONSENT,
            &Says::HoldPlaced,
        );
    }

    fn on_hold_voided(&mut self, out: &mut Out, id: SessionId) {
        let Some(visit) = self.visits.get_mut(id) else {
            return;
        };
        visit.session.hold = HoldMark::Gone;
        out.visits.insert(id);
        self.answered(out, &void_hold_key(id));
        self.hop(
            out,
            id,
            ("ledger", "gateway"),
            flow::NO_CONSENT,
            &Says::HoldReleased,
        );
    }

    fn on_settled(&mut self, out: &mut Out, settlement: &Settlement, receipt: &Receipt) {
        let event = settlement.event();
        let id = event.session;
        if event.home != self.me.id && event.visited != self.me.id {
            return;
        }
        self.answered(out, &settle_key(id));
        self.book(out, settlement, receipt);
        let posted = Posted {
            height: receipt.height,
            transaction: receipt.transaction,
        };
        if event.visited == self.me.id {
            self.visit_settled(out, id, settlement, posted);
        }
        if event.home == self.me.id {
            self.home_settled(out, id, posted);
        }
    }

    /// Posts the charge once, in whatever roles we have, and puts it on the driver's bill.
    fn book(&mut self, out: &mut Out, settlement: &Settlement, receipt: &Receipt) {
        let event = settlement.event();
        let line = (event.home == self.me.id)
            .then(|| self.bill_line(settlement, receipt))
            .flatten();
        let offer = self
            .homes
            .all
            .get(&event.session)
            .and_then(|c| c.offer.as_ref());
        let offer = offer.or_else(|| {
            self.visits
                .get(event.session)
                .and_then(|v| v.session.offer.as_ref())
        });
        let country = event.visited.country();
        let booking = fairway_aaa::Settlement {
            event,
            currency: settlement.currency,
            policy_version: offer.map_or(0, |o| o.offer.policy_version),
            owner: (event.visited == self.me.id).then_some(&settlement.owner),
            jurisdiction: (event.visited == self.me.id).then_some(country.as_str()),
            line: line.as_ref(),
        };
        match self.node.aaa.settled(receipt.time, &booking) {
            Ok(changes) => out.keep(changes),
            Err(refusal) => out.log(
                Level::Error,
                Some(event.session),
                format!("settled by the ledger but not booked: {refusal}"),
            ),
        }
    }

    fn visit_settled(
        &mut self,
        out: &mut Out,
        id: SessionId,
        settlement: &Settlement,
        posted: Posted,
    ) {
        let Some(visit) = self.visits.get_mut(id) else {
            return;
        };
        visit.session.posted = Some(posted);
        visit.session.home_signature = Some(settlement.signed.home_signature);
        visit.session.hold = HoldMark::Gone;
        let early = visit.session.state() == State::Proposed;
        out.visits.insert(id);
        self.answered(out, &charge_key(id));
        self.answered(out, &consent_key(id));
        self.answered(out, &hold_key(id));
        if self.step(out, id, Step::LedgerPosts) {
            self.hop(
                out,
                id,
                ("ledger", "gateway"),
                flow::LEDGER,
                &Says::Settled {
                    block: Number(posted.height),
                },
            );
            if early {
                self.show_bill(out, id, true);
            }
        }
    }

    fn home_settled(&mut self, out: &mut Out, id: SessionId, posted: Posted) {
        let Some(charge) = self.homes.all.get_mut(&id) else {
            return;
        };
        charge.state = HomeState::Settled;
        charge.posted = Some(posted);
        out.homes.insert(id);
        self.hop(
            out,
            id,
            ("ledger", "aaa"),
            flow::ACCOUNT,
            &Says::Billed {
                block: Number(posted.height),
            },
        );
    }

    /// The contract refused one of our transactions.
    fn on_refused(&mut self, out: &mut Out, key: &str, operation: &Operation, refusal: &Refusal) {
        match operation {
            Operation::PlaceHold(hold) => self.on_hold_refused(out, hold, refusal),
            Operation::VoidHold { session, .. } => {
                self.on_void_refused(out, key, *session, refusal);
            }
            Operation::SettleCharge(settlement) => {
                self.on_settlement_refused(out, key, settlement, refusal);
            }
            // Somebody else was first, or it was taken before.
            Operation::Terms(_)
                if matches!(refusal.code, RefusalCode::NotDue | RefusalCode::Duplicate) =>
            {
                self.answered(out, key);
                out.log(Level::Info, None, format!("done already: {refusal}"));
            }
            Operation::Case(_)
                if matches!(
                    refusal.code,
                    RefusalCode::CaseClosed | RefusalCode::Duplicate
                ) =>
            {
                self.answered(out, key);
                out.log(Level::Info, None, format!("done already: {refusal}"));
            }
            // Blocks are a little behind clocks.
            Operation::Case(_) if refusal.code == RefusalCode::NotDue => {
                out.log(Level::Info, None, format!("not yet: {refusal}"));
            }
            Operation::Money(_) => self.on_money_refused(out, key, refusal),
            Operation::Forecast(operation) if key.starts_with(crate::forecasting::AUTO) => {
                self.on_forecast_refused(out, key, operation, refusal);
            }
            _ if transient(refusal.code) && !self.gives_up(key, operation, refusal) => out.log(
                Level::Warn,
                None,
                format!("the ledger refused for now: {refusal}"),
            ),
            _ => {
                if key.starts_with(refused::ASKED) {
                    self.refused.note(out.now, operation, refusal);
                }
                self.answered(out, key);
                out.log(
                    Level::Error,
                    None,
                    format!("the ledger refused {key}: {refusal}"),
                );
            }
        }
    }

    fn gives_up(&self, key: &str, operation: &Operation, refusal: &Refusal) -> bool {
        let before = self.outbox.refusals(key);
        key.starts_with(refused::ASKED) && refused::is_final(operation, refusal.code, before)
    }

    fn on_hold_refused(&mut self, out: &mut Out, hold: &Hold, refusal: &Refusal) {
        let id = hold.session;
        match refusal.code {
            // Nobody else places holds for our charges: the other content is an earlier submission of our own.
            RefusalCode::Duplicate | RefusalCode::IdConflict => self.on_hold_placed(out, id),
            // The ledger stood still for so long that the hold had ended before it was placed.
            RefusalCode::TimeInvalid if hold.expires_at <= out.now => {
                self.answered(out, &hold_key(id));
                out.log(
                    Level::Warn,
                    Some(id),
                    format!("hold came too late and is placed anew: {refusal}"),
                );
                self.place_hold(out, id);
            }
            code if transient(code) => out.log(
                Level::Warn,
                Some(id),
                format!("hold refused for now: {refusal}"),
            ),
            _ => self.hold_refused(out, id, refusal.clone()),
        }
    }

    fn on_void_refused(&mut self, out: &mut Out, key: &str, id: SessionId, refusal: &Refusal) {
        // The hold may still be on its way; when it never comes there is nothing to give back.
        let waits = refusal.code == RefusalCode::HoldUnknown && self.outbox.contains(&hold_key(id));
        if !waits && !transient(refusal.code) {
            self.answered(out, key);
            out.log(
                Level::Info,
                Some(id),
                format!("nothing to give back on the ledger: {refusal}"),
            );
        }
    }

    fn on_settlement_refused(
        &mut self,
        out: &mut Out,
        key: &str,
        settlement: &Settlement,
        refusal: &Refusal,
    ) {
        let id = settlement.event().session;
        if refusal.code == RefusalCode::AlreadySettled || refusal.code == RefusalCode::Duplicate {
            self.answered(out, key);
            let ours = self.visits.get(id).map(|v| v.session.state());
            let theirs = self.homes.all.get(&id).map(|c| c.state);
            if ours == Some(State::Settled) || theirs == Some(HomeState::Settled) {
                return;
            }
        }
        let tries = self.count_try(out, id);
        let again = refusal.code == RefusalCode::HoldUnknown || transient(refusal.code);
        let hopeless = self
            .visits
            .get(id)
            .is_some_and(|v| v.session.hold == HoldMark::Gone);
        let most = if hopeless {
            MAX_TRIES_WITHOUT_HOLD
        } else {
            MAX_TRIES
        };
        if again && tries < most {
            out.log(
                Level::Warn,
                Some(id),
                format!("settlement refused for now: {refusal}"),
            );
            if refusal.code == RefusalCode::HoldUnknown
                && settlement.event().visited == self.me.id
                && !self.outbox.contains(&hold_key(id))
            {
                self.place_hold(out, id);
            }
            return;
        }
        self.answered(out, key);
        out.log(
            Level::Error,
            Some(id),
            format!("the contract refused the settlement, evidence kept: {refusal}"),
        );
        self.hop(
            out,
            id,
            ("ledger", "gateway"),
            flow::LEDGER,
            &Says::Refused {
                why: refusal.into(),
            },
        );
        if settlement.event().visited == self.me.id
            && self.step(out, id, Step::LedgerRefuses)
            && let Some(visit) = self.visits.get_mut(id)
        {
            visit.session.refusal = Some(refusal.clone());
        }
        if let Some(charge) = self.homes.all.get_mut(&id).filter(|c| !c.state.is_final()) {
            charge.state = HomeState::Disputed;
            charge.refusal = Some(refusal.clone());
            out.homes.insert(id);
        }
    }

    fn count_try(&mut self, out: &mut Out, id: SessionId) -> u32 {
        if let Some(visit) = self.visits.get_mut(id) {
            visit.session.tries = visit.session.tries.saturating_add(1);
            out.visits.insert(id);
            return visit.session.tries;
        }
        let Some(charge) = self.homes.all.get_mut(&id) else {
            return MAX_TRIES;
        };
        charge.tries = charge.tries.saturating_add(1);
        out.homes.insert(id);
        charge.tries
    }
}

/// Refusals that time may cure: full queues, clocks that differ.
fn transient(code: RefusalCode) -> bool {
    matches!(
        code,
        RefusalCode::Busy | RefusalCode::LedgerStalled | RefusalCode::TimeInvalid
    )
}
