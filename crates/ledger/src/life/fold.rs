//! Service levels as an auditor counts them: from the exported transactions alone, in counts of its own, so that the penalty of a
//! closed cycle is computed again and not believed.

use super::service::{Count, penalty};
use super::state::PairUse;
use super::tx::{TermsEffect, TermsOperation};
use crate::receipt::Effect;
use crate::tx::Operation;
use fairway_model::agreement::{Agreement, AgreementId};
use fairway_model::ids::MemberId;
use fairway_model::money::{Currency, Micro, MoneyError};
use fairway_model::time::Time;
use std::collections::BTreeMap;

/// Terms with a service level, and the counts under them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ServiceBooks {
    terms: BTreeMap<AgreementId, Agreement>,
    uses: BTreeMap<(MemberId, MemberId), PairUse>,
}

/// A penalty: who pays whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Penalty {
    pub(crate) debtor: MemberId,
    pub(crate) creditor: MemberId,
    pub(crate) currency: Currency,
    pub(crate) amount: Micro,
}

impl ServiceBooks {
    /// The penalty of a closing, from the auditor's own counts; `None` when the operation or the receipt says anything else.
    pub(crate) fn closing(
        &self,
        operation: &TermsOperation,
        effect: &TermsEffect,
    ) -> Result<Option<Penalty>, MoneyError> {
        let TermsOperation::CloseCycle {
            agreement,
            cycle,
            home,
            visited,
            currency,
        } = operation
        else {
            return Ok(None);
        };
        let terms = self
            .terms
            .get(agreement)
            .filter(|a| (a.home, a.visited, a.currency) == (*home, *visited, *currency));
        let level = terms.and_then(|a| a.service);
        let count = self
            .uses
            .get(&(*home, *visited))
            .and_then(|present| present.clone().take(*agreement, *cycle));
        let Some((level, count)) = level.zip(count) else {
            return Ok(None);
        };
        let amount = penalty(&level, count)?;
        let Count { served, refused } = count;
        let expected = TermsEffect::CycleClosed {
            agreement: *agreement,
            cycle: *cycle,
            served,
            refused,
            penalty: amount,
        };
        Ok((*effect == expected).then_some(Penalty {
            debtor: *visited,
            creditor: *home,
            currency: *currency,
            amount,
        }))
    }

    /// Takes over what an applied operation counts.
    pub(crate) fn note(&mut self, operation: &Operation, effect: &Effect, now: Time) {
        match (operation, effect) {
            (Operation::ProposeAgreement { agreement, .. }, Effect::AgreementProposed { .. })
            | (
                Operation::Terms(TermsOperation::Counter { agreement, .. }),
                Effect::Terms(TermsEffect::Countered { .. }),
            ) if agreement.service.is_some() => {
                self.terms.insert(agreement.id(), (**agreement).clone());
            }
            (Operation::SettleCharge(settlement), Effect::ChargeSettled { .. }) => {
                let event = settlement.event();
                if let Some(start) = event.usage.start() {
                    self.count(event.agreement, start, now, 1, 0);
                }
            }
            (
                Operation::Terms(TermsOperation::ClaimRefusal(claim)),
                Effect::Terms(TermsEffect::RefusalClaimed { .. }),
            ) => self.count(claim.request.agreement, claim.request.asked_at, now, 0, 1),
            (
                Operation::Terms(TermsOperation::AnswerRefusal { request, .. }),
                Effect::Terms(TermsEffect::RefusalAnswered { .. }),
            ) => self.count(request.agreement, request.asked_at, now, 0, -1),
            (
                Operation::Terms(TermsOperation::CloseCycle {
                    agreement,
                    home,
                    visited,
                    cycle,
                    ..
                }),
                Effect::Terms(TermsEffect::CycleClosed { .. }),
            ) => {
                if let Some(present) = self.uses.get_mut(&(*home, *visited)) {
                    present.take(*agreement, *cycle);
                }
            }
            _ => {}
        }
    }

    fn count(&mut self, id: AgreementId, at: Time, now: Time, served: u32, refused: i32) {
        let Some(terms) = self.terms.get(&id) else {
            return;
        };
        let present = self.uses.entry((terms.home, terms.visited)).or_default();
        present.count((id, terms), at, now, |c| {
            c.served = c.served.saturating_add(served);
            c.refused = c.refused.saturating_add_signed(refused);
        });
    }
}
