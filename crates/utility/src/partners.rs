//! The members as partners, counted from the ledger's blocks: what they offer, and how they kept what they agreed.

use crate::door::{Row, Table};
use crate::roaming::PartnerRecord;
use fairway_ledger::life::{BoardOffer, TermsEffect, TermsOperation};
use fairway_ledger::{CaseEffect, CaseRef, Effect, Operation, Receipt, Transaction};
use fairway_model::canonical::Canonical;
use fairway_model::{DecodeError, MemberId, RefusalCode, Time};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// Boards and records. Both grow with the number of members only.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Partners {
    board: BTreeMap<(MemberId, u8), BoardOffer>,
    records: BTreeMap<MemberId, PartnerRecord>,
}

/// A stored slot of the board.
#[derive(Debug, Encode, Decode)]
struct Slot(#[n(0)] MemberId, #[n(1)] u8, #[n(2)] Option<BoardOffer>);

/// Key kinds of the rows.
pub(crate) const BOARD: &str = "board";
pub(crate) const PARTNER: &str = "partner";

impl Partners {
    /// What a member is known for.
    pub(crate) fn record(&self, member: MemberId) -> PartnerRecord {
        self.records.get(&member).cloned().unwrap_or_default()
    }

    /// What a member offers at `now`.
    pub(crate) fn offers(&self, member: MemberId, now: Time) -> Vec<BoardOffer> {
        self.board
            .range((member, 0)..=(member, u8::MAX))
            .map(|(_, offer)| offer.clone())
            .filter(|offer| now < offer.valid_until)
            .collect()
    }

    /// Takes over what a transaction tells, applied or refused; the rows to store.
    pub(crate) fn note(&mut self, tx: &Transaction, receipt: &Receipt) -> Vec<Row> {
        let at = receipt.time;
        let Some(effect) = receipt.effect() else {
            return self.refused(tx, receipt);
        };
        match (&tx.operation, effect) {
            (Operation::SettleCharge(settlement), Effect::ChargeSettled { .. }) => {
                let event = settlement.event();
                if event.home == event.visited {
                    return Vec::new();
                }
                let energy = event.usage.energy().unwrap_or_default();
                let served = self.change(event.visited, at, |r| {
                    r.served = r.served.saturating_add(1);
                    // A sum of energies beyond the range stays where it is: it is a record for reading, not a bill.
                    r.energy = r.energy.plus(energy).unwrap_or(r.energy);
                });
                let sent = self.change(event.home, at, |r| r.sent = r.sent.saturating_add(1));
                vec![served, sent]
            }
            (_, Effect::PaymentConfirmed { debtor, .. }) => vec![self.change(*debtor, at, |r| {
                r.payments = r.payments.saturating_add(1);
                r.paid_at = Some(at);
            })],
            (Operation::Case(operation), Effect::Case(effect)) => operation
                .case()
                .map_or_else(Vec::new, |case| self.case(case, effect, at)),
            (_, Effect::DisputeRecorded { .. }) => vec![self.change(tx.member, at, |r| {
                r.disputes = r.disputes.saturating_add(1);
            })],
            (Operation::Terms(operation), Effect::Terms(effect)) => {
                self.terms(tx.member, operation, effect, at)
            }
            _ => Vec::new(),
        }
    }

    fn terms(
        &mut self,
        by: MemberId,
        operation: &TermsOperation,
        effect: &TermsEffect,
        at: Time,
    ) -> Vec<Row> {
        match (operation, effect) {
            (TermsOperation::PostOffer(offer), TermsEffect::OfferPosted { slot }) => {
                vec![self.put_slot(by, *slot, Some(offer.clone()), at)]
            }
            (_, TermsEffect::OfferWithdrawn { slot }) => {
                vec![self.put_slot(by, *slot, None, at)]
            }
            (_, TermsEffect::Suspended { .. }) => vec![self.change(by, at, |r| {
                r.suspensions = r.suspensions.saturating_add(1);
            })],
            (TermsOperation::Breach { home, visited, .. }, TermsEffect::Broken { .. }) => {
                let other = if by == *home { *visited } else { *home };
                let said = self.change(by, at, |r| {
                    r.breaches_said = r.breaches_said.saturating_add(1);
                });
                let heard = self.change(other, at, |r| {
                    r.breaches_heard = r.breaches_heard.saturating_add(1);
                });
                vec![said, heard]
            }
            (TermsOperation::ClaimRefusal(claim), TermsEffect::RefusalClaimed { .. }) => {
                vec![self.change(claim.request.visited, at, |r| {
                    r.refusals = r.refusals.saturating_add(1);
                })]
            }
            (_, TermsEffect::RefusalAnswered { .. }) => vec![self.change(by, at, |r| {
                r.refusals = r.refusals.saturating_sub(1);
                r.answered = r.answered.saturating_add(1);
            })],
            (
                TermsOperation::CloseCycle { visited, .. },
                TermsEffect::CycleClosed { penalty, .. },
            ) if penalty.0 > 0 => vec![self.change(*visited, at, |r| {
                r.penalties = r.penalties.saturating_add(1);
            })],
            _ => Vec::new(),
        }
    }

    fn case(&mut self, case: &CaseRef, effect: &CaseEffect, at: Time) -> Vec<Row> {
        match effect {
            CaseEffect::Opened { .. } => {
                let other = if case.opener == case.home {
                    case.visited
                } else {
                    case.home
                };
                let by = self.change(case.opener, at, |r| {
                    r.disputes = r.disputes.saturating_add(1);
                });
                let against = self.change(other, at, |r| {
                    r.disputed = r.disputed.saturating_add(1);
                });
                vec![by, against]
            }
            CaseEffect::Closed { credited, .. } if credited.0 > 0 => {
                vec![self.change(case.visited, at, |r| {
                    r.corrected = r.corrected.saturating_add(1);
                })]
            }
            _ => Vec::new(),
        }
    }

    /// A settlement that the contract refused for what it says; what came twice or too early says nothing about its sender.
    fn refused(&mut self, tx: &Transaction, receipt: &Receipt) -> Vec<Row> {
        let telling = receipt.refusal().is_some_and(|refusal| {
            matches!(
                refusal.code,
                RefusalCode::PriceWrong
                    | RefusalCode::SharesWrong
                    | RefusalCode::AdjustmentOutside
                    | RefusalCode::EnergyMismatch
                    | RefusalCode::EnergyOverCap
                    | RefusalCode::AmountOverCap
                    | RefusalCode::MeterKey
                    | RefusalCode::AgreementNotInForce
            )
        });
        if telling && matches!(tx.operation, Operation::SettleCharge(_)) {
            return vec![self.change(tx.member, receipt.time, |r| {
                r.refused = r.refused.saturating_add(1);
            })];
        }
        Vec::new()
    }

    pub(crate) fn put_slot(
        &mut self,
        by: MemberId,
        slot: u8,
        offer: Option<BoardOffer>,
        at: Time,
    ) -> Row {
        let key = format!("{BOARD}/{by}/{slot}");
        let row = row(&key, by, at, &Slot(by, slot, offer.clone()));
        match offer {
            Some(offer) => self.board.insert((by, slot), offer),
            None => self.board.remove(&(by, slot)),
        };
        row
    }

    fn change(
        &mut self,
        member: MemberId,
        at: Time,
        change: impl FnOnce(&mut PartnerRecord),
    ) -> Row {
        let record = self.records.entry(member).or_default();
        change(record);
        let key = format!("{PARTNER}/{member}");
        row(&key, member, at, &(member, record.clone()))
    }

    /// Takes back a stored row of kind [`BOARD`] or [`PARTNER`].
    pub(crate) fn restore(&mut self, kind: &str, row: &Row) -> Result<(), DecodeError> {
        if kind == BOARD {
            let Slot(by, slot, offer) = Slot::from_bytes(&row.body)?;
            self.put_slot(by, slot, offer, row.at);
        } else {
            let (member, record) = <(MemberId, PartnerRecord)>::from_bytes(&row.body)?;
            self.records.insert(member, record);
        }
        Ok(())
    }
}

fn row<T: Canonical>(key: &str, subject: MemberId, at: Time, value: &T) -> Row {
    Row::new(
        Table::Registry,
        key,
        subject.to_string(),
        at,
        key.to_owned(),
        value,
    )
}
