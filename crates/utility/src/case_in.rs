//! Credits and disputes: what operators ask, what the partner says, what the ledger did, and what our node does by itself.

use crate::cases::{Act, next_act};
use crate::command::{CaseCommand, CaseEnd, CaseView, MAX_LIST, Reply};
use crate::door::Level;
use crate::home_charge::refuse;
use crate::machine::Utility;
use crate::out::Out;
use crate::peer::{Answer, Message};
use fairway_aaa::CreditPosting;
use fairway_aaa::accounts::journal::ChargeReference;
use fairway_ledger::{
    CaseAnswer, CaseClaim, CaseEffect, CaseOpening, CaseOperation, CaseRef, CaseReply, CreditNote,
    DisputeReason, Operation, Receipt,
};
use fairway_model::credit::{Credit, CreditReason, SignedCredit};
use fairway_model::ids::CreditId;
use fairway_model::{
    ChargeEvent, CreditLine, Currency, Hash, MemberId, Micro, OwnerId, PublicKey, Refusal,
    RefusalCode, SessionId, Shares, Signature,
};

/// Whether a member is a party of a case.
pub(crate) fn concerns(case: &CaseView, me: MemberId) -> bool {
    me == case.case.home || me == case.case.visited
}

fn credit_key(session: SessionId, id: CreditId) -> String {
    format!("credit/{session}/{id}")
}

/// A credit as it came to pass on the ledger.
struct Credited<'a> {
    session: SessionId,
    home: MemberId,
    visited: MemberId,
    owner: &'a OwnerId,
    currency: Currency,
    amount: Micro,
    shares: Shares,
    reason: String,
}

impl Utility {
    pub(crate) fn case_command(
        &mut self,
        out: &mut Out,
        id: &[u8; 16],
        command: CaseCommand,
    ) -> Result<Reply, Refusal> {
        let operation = match command {
            CaseCommand::Credit {
                session,
                amount,
                reason,
            } => return self.propose_credit(out, id, session, (amount, reason)),
            CaseCommand::List => {
                let list = self.cases.iter().take(MAX_LIST).cloned().collect();
                return Ok(Reply::Cases(list));
            }
            CaseCommand::Show(session) => {
                let about = self.cases.iter().filter(|c| c.case.session == session);
                return Ok(Reply::Cases(about.cloned().collect()));
            }
            CaseCommand::Open {
                session,
                reason,
                evidence,
                claimed,
            } => self.opening(session, reason, (evidence, claimed))?,
            CaseCommand::Answer {
                session,
                opener,
                evidence,
                reply,
            } => CaseOperation::Answer(Box::new(CaseAnswer {
                case: self.case_ref(session, opener)?,
                evidence,
                reply,
                event: None,
            })),
            CaseCommand::Accept(session) => {
                CaseOperation::Accept(self.case_ref(session, self.me.id)?)
            }
            CaseCommand::Withdraw(session) => {
                CaseOperation::Withdraw(self.case_ref(session, self.me.id)?)
            }
            CaseCommand::Escalate { session, opener } => {
                CaseOperation::Escalate(self.case_ref(session, opener)?)
            }
            CaseCommand::Vote {
                session,
                opener,
                verdict,
            } => CaseOperation::Vote {
                case: self.case_ref(session, opener)?,
                verdict,
            },
        };
        self.hand_in(out, id, Operation::Case(operation))
    }

    /// The settled event of a charge of ours, in either role.
    fn event_of(&self, session: SessionId) -> Result<&ChargeEvent, Refusal> {
        let visit = self
            .visits
            .get(session)
            .and_then(|v| v.session.event.as_ref());
        let home = self.homes.all.get(&session).and_then(|c| c.event.as_ref());
        visit.or(home).ok_or_else(|| {
            Refusal::new(
                RefusalCode::SessionUnknown,
                format!(
                    "{session} is no finished charge here, or so old that only the database has it"
                ),
            )
        })
    }

    /// Owner and currency of a charge, as they were settled.
    fn claims_of(&self, event: &ChargeEvent) -> Result<(OwnerId, Currency), Refusal> {
        let owner = self
            .registry
            .evses
            .get(&event.evse)
            .map(|e| e.entry.owner.clone());
        let currency = self.registry.agreement(event.agreement).map(|a| a.currency);
        owner.zip(currency).ok_or_else(|| {
            Refusal::new(
                RefusalCode::AgreementUnknown,
                "agreement or charging point is not known here",
            )
        })
    }

    /// A case by name: one that is known here, or one to be opened.
    fn case_ref(&self, session: SessionId, opener: MemberId) -> Result<CaseRef, Refusal> {
        if let Some(known) = self.cases.get(&(session, opener)) {
            return Ok(known.case.clone());
        }
        let event = self.event_of(session)?;
        let (owner, currency) = self.claims_of(event)?;
        Ok(CaseRef {
            session,
            opener,
            home: event.home,
            visited: event.visited,
            owner,
            currency,
        })
    }

    fn opening(
        &self,
        session: SessionId,
        reason: DisputeReason,
        (evidence, claimed): (Hash, Micro),
    ) -> Result<CaseOperation, Refusal> {
        let case = self.case_ref(session, self.me.id)?;
        let event = (reason == DisputeReason::MeterEvidence)
            .then(|| self.event_of(session).cloned().map(Box::new))
            .transpose()?;
        Ok(CaseOperation::Open(Box::new(CaseOpening {
            case,
            reason,
            evidence,
            claim: CaseClaim::Total(claimed),
            event,
        })))
    }

    // Credits.

    /// The visited utility issues credits, as it issues invoices; the home utility signs what is in its driver's favour.
    fn propose_credit(
        &mut self,
        out: &mut Out,
        id: &[u8; 16],
        session: SessionId,
        (amount, reason): (Micro, CreditReason),
    ) -> Result<Reply, Refusal> {
        let event = self.event_of(session)?;
        if event.visited != self.me.id {
            return refuse(
                RefusalCode::NotAuthorized,
                format!(
                    "{} issues credits of this charge; open a dispute here instead",
                    event.visited
                ),
            );
        }
        let credit = Credit {
            id: CreditId(*id),
            session,
            event: event.hash(),
            home: event.home,
            visited: event.visited,
            amount,
            reason,
        };
        check_amount(event, amount)?;
        let signature = credit.sign(&self.me.key);
        if event.home == self.me.id {
            let note = self.note(credit, signature, signature)?;
            let operation = Operation::Case(CaseOperation::Credit(Box::new(note)));
            return self.hand_in(out, id, operation);
        }
        let (home, key) = (event.home, credit_key(session, credit.id));
        let message = Message::CreditProposed {
            credit: Box::new(credit),
            signature,
        };
        self.ask(out, key, home, message, Some(session), true);
        Ok(Reply::Submitted)
    }

    fn note(
        &self,
        credit: Credit,
        visited_signature: Signature,
        home_signature: Signature,
    ) -> Result<CreditNote, Refusal> {
        let (owner, currency) = self.claims_of(self.event_of(credit.session)?)?;
        let key = |member, signature: &Signature| {
            let check = |key: &PublicKey| credit.verify(key, signature);
            self.registry.signing_key(member, check).ok_or_else(|| {
                Refusal::new(
                    RefusalCode::MemberUnknown,
                    format!("{member} is not known here"),
                )
            })
        };
        Ok(CreditNote {
            visited_key: key(credit.visited, &visited_signature)?,
            home_key: key(credit.home, &home_signature)?,
            owner,
            currency,
            signed: SignedCredit {
                visited_signature,
                home_signature,
                credit,
            },
        })
    }

    pub(crate) fn on_credit_message(&mut self, out: &mut Out, from: MemberId, message: Message) {
        match message {
            Message::CreditProposed { credit, signature } => {
                self.on_credit_proposed(out, from, &credit, signature);
            }
            Message::CreditAnswered {
                session,
                id,
                answer,
            } => self.on_credit_answered(out, from, (session, id), answer),
            _ => {}
        }
    }

    /// The visited utility credits our driver (home role).
    fn on_credit_proposed(
        &mut self,
        out: &mut Out,
        from: MemberId,
        credit: &Credit,
        signature: Signature,
    ) {
        let answer = match self.check_credit(out, from, credit, signature) {
            Ok(()) => Answer::Yes(Box::new(credit.sign(&self.me.key))),
            Err(refusal) => Answer::No(refusal),
        };
        let message = Message::CreditAnswered {
            session: credit.session,
            id: credit.id,
            answer,
        };
        self.send(out, from, message);
    }

    fn check_credit(
        &self,
        out: &Out,
        from: MemberId,
        credit: &Credit,
        signature: Signature,
    ) -> Result<(), Refusal> {
        if credit.visited != from || credit.home != self.me.id {
            return refuse(
                RefusalCode::NotAuthorized,
                format!(
                    "the credit is between {} and {}",
                    credit.home, credit.visited
                ),
            );
        }
        let signed = self
            .registry
            .signed_by(from, out.now, |key| credit.verify(key, &signature));
        if !signed {
            return refuse(
                RefusalCode::BadSignature,
                format!("the credit is not signed by {from}"),
            );
        }
        let event = self.event_of(credit.session)?;
        if event.visited != from || event.hash() != credit.event {
            return refuse(
                RefusalCode::IdConflict,
                format!("{} was settled with another event", credit.session),
            );
        }
        check_amount(event, credit.amount)
    }

    /// Home signed the credit, or says why not (visited role).
    fn on_credit_answered(
        &mut self,
        out: &mut Out,
        from: MemberId,
        (session, id): (SessionId, CreditId),
        answer: Answer<Signature>,
    ) {
        let key = credit_key(session, id);
        let Some(Message::CreditProposed { credit, signature }) =
            self.outbox.message(&key).cloned()
        else {
            return;
        };
        if credit.home != from {
            return out.log(
                Level::Warn,
                Some(session),
                format!("{from} answers a credit that is for {}", credit.home),
            );
        }
        let signed = match answer {
            Answer::Yes(signature) => *signature,
            Answer::No(refusal) => {
                self.answered(out, &key);
                let text = format!("{from} does not sign the credit: {refusal}");
                return out.log(Level::Error, Some(session), text);
            }
        };
        if !self
            .registry
            .signed_by(from, out.now, |k| credit.verify(k, &signed))
        {
            let text = format!("the signature of {from} over the credit does not verify");
            return out.log(Level::Error, Some(session), text);
        }
        self.answered(out, &key);
        match self.note(*credit, signature, signed) {
            Ok(note) => {
                let operation = Operation::Case(CaseOperation::Credit(Box::new(note)));
                self.submit(
                    out,
                    format!("credited/{session}/{id}"),
                    operation,
                    Some(session),
                    0,
                );
            }
            Err(refusal) => out.log(
                Level::Error,
                Some(session),
                format!("the credit cannot be handed in: {refusal}"),
            ),
        }
    }

    // The ledger.

    pub(crate) fn on_case(
        &mut self,
        out: &mut Out,
        operation: &CaseOperation,
        effect: &CaseEffect,
        receipt: &Receipt,
    ) {
        match (operation, effect) {
            (CaseOperation::Credit(note), CaseEffect::Credited { amount, shares, .. }) => {
                let credit = &note.signed.credit;
                let credited = Credited {
                    session: credit.session,
                    home: credit.home,
                    visited: credit.visited,
                    owner: &note.owner,
                    currency: note.currency,
                    amount: *amount,
                    shares: *shares,
                    reason: credit.reason.word().to_owned(),
                };
                self.book_credit(out, &credited, receipt);
            }
            (operation, effect) => {
                let Some(case) = operation.case() else { return };
                if let CaseEffect::Closed {
                    ruling,
                    credited,
                    shares,
                    currency,
                    ..
                } = effect
                {
                    let credited = Credited {
                        session: case.session,
                        home: case.home,
                        visited: case.visited,
                        owner: &case.owner,
                        currency: *currency,
                        amount: *credited,
                        shares: *shares,
                        reason: format!("dispute, {}", ruling.word()),
                    };
                    self.book_credit(out, &credited, receipt);
                }
                self.follow_case(out, operation, effect, receipt);
            }
        }
    }

    fn book_credit(&mut self, out: &mut Out, credited: &Credited<'_>, receipt: &Receipt) {
        let session = credited.session;
        let ours = credited.home == self.me.id || credited.visited == self.me.id;
        if !ours || credited.amount == Micro::ZERO {
            return;
        }
        let charge = self.event_of(session).ok().map(|event| ChargeReference {
            session,
            agreement: event.agreement,
            tariff: event.tariff.clone(),
            policy_version: 0,
            event: event.hash(),
        });
        let posting = CreditPosting {
            session,
            charge: charge.as_ref(),
            home: credited.home,
            visited: credited.visited,
            currency: credited.currency,
            amount: credited.amount,
            shares: credited.shares,
            customer: None,
            owner: credited.owner,
            jurisdiction: &credited.visited.country(),
        };
        let line = CreditLine {
            session,
            at: receipt.time,
            amount: credited.amount,
            reason: credited.reason.clone(),
            transaction: receipt.transaction,
            height: receipt.height,
        };
        match self.node.aaa.credited(receipt.time, &posting, line) {
            Ok(changes) => out.keep(changes),
            Err(refusal) => out.log(
                Level::Error,
                Some(session),
                format!("credited by the ledger but not booked: {refusal}"),
            ),
        }
        let text = format!(
            "{} {} of this charge credited in block {} ({})",
            credited.amount.text(credited.currency),
            credited.currency,
            receipt.height,
            credited.reason
        );
        out.log(Level::Info, Some(session), text);
    }

    /// Keeps our copy of a case, when it concerns us.
    fn follow_case(
        &mut self,
        out: &mut Out,
        operation: &CaseOperation,
        effect: &CaseEffect,
        receipt: &Receipt,
    ) {
        let Some(case) = operation.case() else { return };
        let known = self.cases.get(&(case.session, case.opener)).cloned();
        let mut view = match (operation, effect, known) {
            (
                CaseOperation::Open(opening),
                CaseEffect::Opened {
                    claimed,
                    answer_until,
                    ..
                },
                _,
            ) => CaseView {
                case: case.clone(),
                reason: opening.reason,
                evidence: opening.evidence,
                claimed: *claimed,
                opened_at: receipt.time,
                answer_until: *answer_until,
                answered: None,
                settle_until: None,
                panel: Vec::new(),
                vote_until: None,
                end: None,
            },
            (_, _, Some(known)) => known,
            _ => return,
        };
        match effect {
            CaseEffect::Answered {
                total,
                settle_until,
                ..
            } => (view.answered, view.settle_until) = (Some(*total), Some(*settle_until)),
            CaseEffect::Escalated {
                panel, vote_until, ..
            } => (view.panel, view.vote_until) = (panel.clone(), Some(*vote_until)),
            CaseEffect::Closed {
                ruling,
                total,
                credited,
                ..
            } => {
                view.end = Some(CaseEnd {
                    ruling: *ruling,
                    total: *total,
                    credited: *credited,
                    at: receipt.time,
                });
            }
            _ => {}
        }
        let (row, gone) = self.cases.put(view, self.me.id, out.now);
        out.put(row);
        if let Some(key) = gone {
            out.delete(crate::door::Table::Registry, key);
        }
    }

    // Time.

    /// What our node does by itself in every case that is due.
    pub(crate) fn act_in_cases(&mut self, out: &mut Out) {
        while let Some(view) = self.cases.pop_due(out.now) {
            let Some((_, act)) = next_act(&view, self.me.id) else {
                continue;
            };
            let case = view.case.clone();
            let session = case.session;
            let key = format!("case/{session}/{}/{act:?}", case.opener);
            if self.outbox.contains(&key) {
                continue;
            }
            let reply = |case, evidence, reply| {
                CaseOperation::Answer(Box::new(CaseAnswer {
                    case,
                    evidence,
                    reply,
                    event: None,
                }))
            };
            let records = self.event_of(session).map(|e| e.meter_evidence).ok();
            let operation = match act {
                Act::Accept => reply(case, view.evidence, CaseReply::Accept),
                Act::Contest => reply(case, records.unwrap_or_default(), CaseReply::Contest),
                Act::Close => CaseOperation::Close(case),
            };
            out.log(
                Level::Info,
                Some(session),
                format!("the dispute is due: {act:?}"),
            );
            self.submit(out, key, Operation::Case(operation), Some(session), 0);
        }
    }
}

/// What could come off a charge: whole minor units are the contract's to check.
fn check_amount(event: &ChargeEvent, amount: Micro) -> Result<(), Refusal> {
    if Micro::ZERO < amount && amount <= event.total {
        return Ok(());
    }
    refuse(
        RefusalCode::CreditExceeds,
        format!(
            "a credit is more than nothing and at most the total of {}",
            event.session
        ),
    )
}
