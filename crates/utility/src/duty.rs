//! The duty to serve, as both sides' own nodes look after it: requests signed by the visited utility, releases by home, claims and
//! their answers, and cycles closed when they are due.
//!
//! Only agreements with a service level are touched. Home claims what it cannot explain otherwise: it said yes, the charge ended
//! without any offer, and neither silence nor credit of its own was the reason.

use crate::door::{Level, Row, Table};
use crate::machine::Utility;
use crate::out::Out;
use fairway_gateway::session::HoldMark;
use fairway_ledger::life::{Release, ServiceClaim, TermsEffect, TermsOperation, closes_at};
use fairway_ledger::{Effect, Operation, Transaction};
use fairway_model::canonical::Canonical;
use fairway_model::service::ServiceRequest;
use fairway_model::time::{DAY, HOUR, MINUTE};
use fairway_model::{
    AgreementId, DecodeError, MemberId, PublicKey, Refusal, RefusalCode, SessionId, Signature, Time,
};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};

/// Most releases kept to answer claims with; the oldest leave first.
const MAX_RELEASES: usize = 100_000;
/// How long a release may be needed: days to claim, a month to answer, in milliseconds.
const RELEASE_TTL: i64 = 40 * DAY;
/// After a cycle is due home closes it, later the visited utility, in milliseconds: one of the two suffices.
const HOME_CLOSES: i64 = MINUTE;
const VISITED_CLOSES: i64 = HOUR;
/// How often a member tries to close a cycle.
const MAX_CLOSINGS: u8 = 5;

/// What the visited utility says with its question: that the driver asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Asked {
    /// When.
    #[n(0)]
    pub at: Time,
    /// The visited utility's signature over the service request.
    #[n(1)]
    pub signature: Signature,
}

/// A cycle with a claim in which we are a party.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
struct Cycle {
    #[n(0)]
    agreement: AgreementId,
    #[n(1)]
    number: u64,
    /// When we close it; none once it is closed or given up.
    #[n(2)]
    due: Option<Time>,
    #[n(3)]
    tries: u8,
}

/// What is kept for it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Duty {
    releases: BTreeMap<SessionId, Signature>,
    /// The same by age.
    ages: BTreeSet<(Time, SessionId)>,
    cycles: BTreeMap<(AgreementId, u64), Cycle>,
}

/// Key kinds of the rows.
pub(crate) const RELEASE: &str = "release";
pub(crate) const CYCLE: &str = "cycle";

impl Duty {
    fn keep(&mut self, session: SessionId, at: Time, release: Signature) {
        self.releases.insert(session, release);
        self.ages.insert((at, session));
    }

    /// Forgets the oldest release, if it is too old or one too many.
    fn forget(&mut self, now: Time) -> Option<SessionId> {
        let (at, oldest) = self.ages.first().copied()?;
        if self.releases.len() <= MAX_RELEASES && now.since(at) <= RELEASE_TTL {
            return None;
        }
        self.ages.pop_first();
        self.releases.remove(&oldest);
        Some(oldest)
    }

    fn put_cycle(&mut self, cycle: Cycle, at: Time) -> Row {
        let key = format!("{CYCLE}/{}/{}", cycle.agreement, cycle.number);
        if cycle.due.is_some() {
            self.cycles.insert((cycle.agreement, cycle.number), cycle);
        } else {
            self.cycles.remove(&(cycle.agreement, cycle.number));
        }
        Row::new(Table::Registry, key.clone(), "", at, key, &cycle)
    }

    /// When a cycle is closed next.
    pub(crate) fn next_due(&self) -> Option<Time> {
        self.cycles.values().filter_map(|c| c.due).min()
    }

    /// Takes back a stored row of kind [`RELEASE`] or [`CYCLE`].
    pub(crate) fn restore(&mut self, kind: &str, row: &Row) -> Result<(), DecodeError> {
        if kind == CYCLE {
            let cycle = Cycle::from_bytes(&row.body)?;
            self.put_cycle(cycle, row.at);
        } else {
            let (session, signature) = <(SessionId, Signature)>::from_bytes(&row.body)?;
            self.keep(session, row.at, signature);
        }
        Ok(())
    }
}

fn release_key(session: SessionId) -> String {
    format!("{RELEASE}/{session}")
}

impl Utility {
    fn request(
        session: SessionId,
        agreement: AgreementId,
        parties: (MemberId, MemberId),
        asked_at: Time,
    ) -> ServiceRequest {
        ServiceRequest {
            session,
            agreement,
            home: parties.0,
            visited: parties.1,
            asked_at,
        }
    }

    fn has_level(&self, agreement: AgreementId) -> bool {
        self.registry
            .agreement(agreement)
            .is_some_and(|a| a.service.is_some())
    }

    /// Visited: our word that the driver asked, where the terms measure service.
    pub(crate) fn asked_word(
        &self,
        now: Time,
        session: SessionId,
        home: MemberId,
        agreement: AgreementId,
    ) -> Option<Asked> {
        let request = Self::request(session, agreement, (home, self.me.id), now);
        self.has_level(agreement).then(|| Asked {
            at: now,
            signature: request.sign(&self.me.key),
        })
    }

    /// Home: keeps the visited utility's word. Where the terms measure service, a question without it is not answered: no refusal
    /// of this driver could ever be claimed.
    pub(crate) fn take_asked(
        &mut self,
        now: Time,
        from: MemberId,
        (session, agreement): (SessionId, AgreementId),
        asked: Option<Asked>,
    ) -> Result<(), Refusal> {
        if from == self.me.id || !self.has_level(agreement) {
            return Ok(());
        }
        let good = asked.filter(|asked| {
            let request = Self::request(session, agreement, (self.me.id, from), asked.at);
            let fresh = asked.at.since(now).saturating_abs() < HOUR;
            fresh
                && self
                    .registry
                    .signed_by(from, now, |key| request.verify(key, &asked.signature))
        });
        let Some(asked) = good else {
            return Err(Refusal::new(
                RefusalCode::NotAuthorized,
                format!("{from} must sign that the driver asked, as the service level says"),
            ));
        };
        if let Some(charge) = self.homes.all.get_mut(&session) {
            charge.asked = Some((agreement, asked));
        }
        Ok(())
    }

    /// Home: our word that the request is no refusal, given with every no of ours and every answer to an offer.
    pub(crate) fn release_word(&self, session: SessionId) -> Option<Signature> {
        let charge = self.homes.all.get(&session)?;
        let (agreement, asked) = charge.asked?;
        let parties = (self.me.id, charge.visited);
        Some(Self::request(session, agreement, parties, asked.at).release(&self.me.key))
    }

    /// Visited: keeps home's release.
    pub(crate) fn on_release(
        &mut self,
        out: &mut Out,
        from: MemberId,
        session: SessionId,
        release: Option<Signature>,
    ) {
        let ours = self.visits.get(session).and_then(|v| v.session.home) == Some(from);
        let Some(signature) = release.filter(|_| ours && from != self.me.id) else {
            return;
        };
        let duty = &mut self.registry.duty;
        if duty.releases.contains_key(&session) {
            return;
        }
        duty.keep(session, out.now, signature);
        let key = release_key(session);
        out.put(Row::new(
            Table::Registry,
            key.clone(),
            "",
            out.now,
            key,
            &(session, signature),
        ));
        while let Some(oldest) = duty.forget(out.now) {
            out.delete(Table::Registry, release_key(oldest));
        }
    }

    /// Home: the charge ended without an offer. Claims the refusal when it is one.
    pub(crate) fn claim_refusal(&mut self, out: &mut Out, session: SessionId, reason: RefusalCode) {
        let Some(charge) = self.homes.all.get(&session) else {
            return;
        };
        let excused = matches!(
            reason,
            RefusalCode::HomeSilent | RefusalCode::CreditExhausted | RefusalCode::GuaranteeExceeded
        );
        let offered = charge.round.is_some() || charge.consent.is_some();
        let Some((agreement, asked)) = charge
            .asked
            .filter(|_| charge.statement().is_some() && !offered && !excused)
        else {
            return;
        };
        let parties = (self.me.id, charge.visited);
        let request = Self::request(session, agreement, parties, asked.at);
        let check = |key: &PublicKey| request.verify(key, &asked.signature);
        let Some(visited_key) = self.registry.signing_key(charge.visited, check) else {
            return;
        };
        let claim = ServiceClaim {
            request,
            visited_key,
            visited_signature: asked.signature,
        };
        let operation = Operation::Terms(TermsOperation::ClaimRefusal(Box::new(claim)));
        self.submit(out, format!("claim/{session}"), operation, Some(session), 0);
    }

    /// What the ledger took: claims against us are answered, cycles are noted and forgotten.
    pub(crate) fn on_terms_effect(&mut self, out: &mut Out, tx: &Transaction, effect: &Effect) {
        let Effect::Terms(effect) = effect else {
            return;
        };
        match (&tx.operation, effect) {
            (
                Operation::Terms(TermsOperation::ClaimRefusal(claim)),
                TermsEffect::RefusalClaimed { cycle, .. },
            ) => {
                let request = claim.request;
                self.note_cycle(out, &request, *cycle);
                if request.visited == self.me.id {
                    self.answer_claim(out, request);
                }
            }
            (
                _,
                TermsEffect::CycleClosed {
                    agreement, cycle, ..
                },
            ) => {
                let closed = Cycle {
                    agreement: *agreement,
                    number: *cycle,
                    due: None,
                    tries: 0,
                };
                let row = self.registry.duty.put_cycle(closed, out.now);
                out.delete(Table::Registry, row.key);
            }
            _ => {}
        }
    }

    fn note_cycle(&mut self, out: &mut Out, request: &ServiceRequest, cycle: u64) {
        let ours = request.home == self.me.id || request.visited == self.me.id;
        let terms = self.registry.agreement(request.agreement);
        let Some((agreement, level)) = terms.filter(|_| ours).and_then(|a| Some((a, a.service?)))
        else {
            return;
        };
        let wait = if request.home == self.me.id {
            HOME_CLOSES
        } else {
            VISITED_CLOSES
        };
        let due = closes_at(agreement, &level, cycle).plus(wait);
        let noted = Cycle {
            agreement: request.agreement,
            number: cycle,
            due: Some(due),
            tries: 0,
        };
        let row = self.registry.duty.put_cycle(noted, out.now);
        out.put(row);
    }

    fn answer_claim(&mut self, out: &mut Out, request: ServiceRequest) {
        let session = request.session;
        let placed = self
            .visits
            .get(session)
            .is_some_and(|v| matches!(v.session.hold, HoldMark::Placed | HoldMark::Gone));
        let kept = self.registry.duty.releases.get(&session).copied();
        let release = kept.and_then(|home_signature| {
            let check = |key: &PublicKey| request.verify_release(key, &home_signature);
            let home_key = self.registry.signing_key(request.home, check)?;
            Some(Release {
                home_key,
                home_signature,
            })
        });
        if release.is_none() && !placed {
            out.log(
                Level::Warn,
                Some(session),
                format!(
                    "{} claims that its driver was refused, and it counts",
                    request.home
                ),
            );
            return;
        }
        let operation = Operation::Terms(TermsOperation::AnswerRefusal { request, release });
        self.submit(
            out,
            format!("answer/{session}"),
            operation,
            Some(session),
            0,
        );
    }

    /// Closes the cycles that are due.
    pub(crate) fn close_cycles(&mut self, out: &mut Out) {
        let cycles = self.registry.duty.cycles.values();
        let due: Vec<Cycle> = cycles
            .filter(|c| c.due.is_some_and(|at| at <= out.now))
            .copied()
            .collect();
        for cycle in due {
            let tries = cycle.tries.saturating_add(1);
            let again = Cycle {
                due: (tries < MAX_CLOSINGS).then(|| out.now.plus(HOUR)),
                tries,
                ..cycle
            };
            let row = self.registry.duty.put_cycle(again, out.now);
            out.put(row);
            let Some(terms) = self.registry.agreement(cycle.agreement) else {
                continue;
            };
            let operation = Operation::Terms(TermsOperation::CloseCycle {
                agreement: cycle.agreement,
                home: terms.home,
                visited: terms.visited,
                currency: terms.currency,
                cycle: cycle.number,
            });
            // Another try is another transaction: the chain takes the same bytes only once.
            let key = format!("close/{}/{}/{tries}", cycle.agreement, cycle.number);
            self.submit(out, key, operation, None, 0);
        }
    }
}
