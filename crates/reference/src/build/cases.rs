//! Credits and the steps of cases.

use super::Builder;
use crate::cast::{Missing, Session};
use crate::rating;
use crate::step::{CaseStep, Fault};
use fairway_ledger::{
    CaseAnswer, CaseClaim, CaseOpening, CaseOperation, CaseRef, CaseReply, CreditNote,
    DisputeReason, Operation, Verdict,
};
use fairway_model::credit::{Credit, CreditReason, SignedCredit};
use fairway_model::{ChargeEvent, CreditId, Currency, Hash, Micro, OwnerId};

impl Builder<'_> {
    /// Thousandths of what is left of a session, in whole coins.
    fn part(&self, session: &Session, currency: Currency, per_mille: i64) -> i128 {
        let coin = rating::coin(&currency.to_string());
        let part = self.model.left(session.id) * i128::from(per_mille) / 1_000;
        part / coin * coin
    }

    fn amount(&self, part: i128) -> Micro {
        let amount = match self.step.fault {
            Fault::Amount(more) => part + i128::from(more),
            Fault::AmountIs(amount) => i128::from(amount),
            _ => part,
        };
        Micro(i64::try_from(amount).unwrap_or(i64::MAX))
    }

    /// The event as it was settled, or as it would be.
    fn settled_event(&self, session: &Session) -> Result<ChargeEvent, Missing> {
        match self.model.charges.get(&session.id) {
            Some(charge) => Ok(charge.full.clone()),
            None => self.event(session),
        }
    }

    fn claims(&self, session: &Session) -> Result<(OwnerId, Currency), Missing> {
        let terms = self.cast.terms(session.pair, session.version)?;
        let owner = match self.step.fault {
            Fault::Owner => OwnerId::parse("OWNER-9")?,
            _ => self.cast.evse(session.evse)?.owner.clone(),
        };
        Ok((owner, self.currency(terms.currency)))
    }

    pub(super) fn credit(
        &self,
        session: &Session,
        number: u8,
        per_mille: i64,
    ) -> Result<Operation, Missing> {
        let (home, visited) = self.parties(session.pair)?;
        let places = self
            .cast
            .pairs
            .get(session.pair)
            .copied()
            .unwrap_or_default();
        let (owner, currency) = self.claims(session)?;
        let event = self.settled_event(session)?;
        let hash = if self.step.fault == Fault::Offer {
            Hash::plain(b"another event")
        } else {
            event.hash()
        };
        let credit = Credit {
            id: CreditId([number; 16]),
            session: session.id,
            event: hash,
            home,
            visited,
            amount: self.amount(self.part(session, currency, per_mille)),
            reason: CreditReason::Courtesy,
        };
        let (home_key, home_signer) = self.inner(places.0);
        let generation = self.keys.get(places.1).copied().unwrap_or(0);
        let visited_key = self.cast.key(places.1, generation);
        let note = CreditNote {
            visited_key: visited_key.public(),
            home_key: home_key.public(),
            owner,
            currency,
            signed: SignedCredit {
                visited_signature: credit.sign(&visited_key),
                home_signature: credit.sign(&home_signer),
                credit,
            },
        };
        Ok(Operation::Case(CaseOperation::Credit(Box::new(note))))
    }

    pub(super) fn case(
        &self,
        session: &Session,
        by_home: bool,
        step: CaseStep,
    ) -> Result<Operation, Missing> {
        let (home, visited) = self.parties(session.pair)?;
        let (owner, currency) = self.claims(session)?;
        let case = CaseRef {
            session: session.id,
            opener: if by_home { home } else { visited },
            home,
            visited,
            owner,
            currency,
        };
        let answered = |evidence: Hash, reply: CaseReply| {
            CaseOperation::Answer(Box::new(CaseAnswer {
                case: case.clone(),
                evidence,
                reply,
                event: None,
            }))
        };
        let evidence = Hash::plain(b"evidence");
        let operation = match step {
            CaseStep::Open(per_mille, reason, with_event) => {
                let total = self.amount(self.part(session, currency, per_mille));
                let event = with_event
                    .then(|| self.settled_event(session))
                    .transpose()?;
                opened(&case, CaseClaim::Total(total), reason, event)
            }
            CaseStep::Usage(reason) => {
                let event = self.settled_event(session)?;
                let mut usage = event.usage.clone();
                for period in &mut usage.periods {
                    period.energy.0 /= 2;
                }
                opened(
                    &case,
                    CaseClaim::Usage(Box::new(usage)),
                    reason,
                    Some(event),
                )
            }
            CaseStep::Concede => answered(evidence, CaseReply::Accept),
            CaseStep::Contest(named) => {
                let event = self.settled_event(session)?;
                let shown = if named {
                    event.meter_evidence
                } else {
                    evidence
                };
                answered(shown, CaseReply::Contest)
            }
            CaseStep::Offer(per_mille) => {
                let total = self.amount(self.part(session, currency, per_mille));
                answered(evidence, CaseReply::Offer(CaseClaim::Total(total)))
            }
            CaseStep::Accept => CaseOperation::Accept(case),
            CaseStep::Withdraw => CaseOperation::Withdraw(case),
            CaseStep::Escalate => CaseOperation::Escalate(case),
            CaseStep::Close => CaseOperation::Close(case),
            CaseStep::Vote(number) => CaseOperation::Vote {
                case,
                verdict: match number % 3 {
                    0 => Verdict::Claim,
                    1 => Verdict::Answer,
                    _ => Verdict::Stands,
                },
            },
        };
        Ok(Operation::Case(operation))
    }
}

fn opened(
    case: &CaseRef,
    claim: CaseClaim,
    reason: u8,
    event: Option<ChargeEvent>,
) -> CaseOperation {
    CaseOperation::Open(Box::new(CaseOpening {
        case: case.clone(),
        reason: match reason % 4 {
            0 => DisputeReason::RatingsDiffer,
            1 => DisputeReason::MeterEvidence,
            2 => DisputeReason::NotTheDriver,
            _ => DisputeReason::Other,
        },
        evidence: Hash::plain(b"evidence"),
        claim,
        event: event.map(Box::new),
    }))
}
