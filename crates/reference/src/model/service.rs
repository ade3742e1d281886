//! Drivers that were served or refused, cycle by cycle of an agreement, and what members offer to partners whom they do not know yet.
//!
//! Written from decision 0008. Nothing is counted when it happens: charges and claims are kept, and a cycle is added up from them
//! whenever somebody asks. The contracts remember 64 cycles of a direction at a time; the generator never makes so many.

use super::{AgreementRec, DAY, HOUR, Judge, Model, Move, Postings, Verdict, micro, terms};
use fairway_ledger::life::{BoardOffer, Release, ServiceClaim};
use fairway_ledger::{Account, Effect, Parameter, TermsEffect, TermsOperation};
use fairway_model::agreement::ServiceLevel;
use fairway_model::service::ServiceRequest;
use fairway_model::{Agreement, AgreementId, Currency, MemberId, Micro, RefusalCode, SessionId};
use std::collections::{BTreeMap, BTreeSet};

/// A refusal is claimed within so many milliseconds.
const CLAIMABLE: i64 = 7 * DAY;
/// Basis points of the whole.
const WHOLE: i128 = 10_000;

/// A claimed refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimed {
    /// Under which terms.
    pub agreement: AgreementId,
    /// In which of their cycles.
    pub cycle: u64,
    /// When it was claimed.
    pub at: i64,
    /// It can be answered before then.
    pub until: i64,
    /// Whether it was.
    pub answered: bool,
}

/// What is known of service and of the board.
#[derive(Debug, Clone, Default)]
pub struct Service {
    /// Claims by charge.
    pub claims: BTreeMap<SessionId, Claimed>,
    /// Cycles that were closed.
    pub closed: BTreeSet<(AgreementId, u64)>,
    /// What stands in members' slots, and since when.
    pub board: BTreeMap<(MemberId, u8), (Option<BoardOffer>, i64)>,
}

/// A cycle that holds somebody and is not closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tally {
    /// Under which terms.
    pub agreement: AgreementId,
    /// Which of their cycles.
    pub cycle: u64,
    /// Charges that were settled.
    pub served: u32,
    /// Claims without an answer.
    pub refused: u32,
    /// From then on it can be closed.
    pub over: i64,
    /// When the first of them came.
    first: i64,
}

fn length(terms: &Agreement) -> i64 {
    i64::from(terms.netting_days) * DAY
}

/// The cycle in which a moment lies.
pub fn cycle_at(terms: &Agreement, at: i64) -> Option<u64> {
    u64::try_from((at - terms.valid_from.0).div_euclid(length(terms))).ok()
}

/// From then on nobody can claim or answer in a cycle any more.
pub fn over(terms: &Agreement, service: ServiceLevel, cycle: u64) -> i64 {
    let end = i128::from(terms.valid_from.0) + (i128::from(cycle) + 1) * i128::from(length(terms));
    let late = CLAIMABLE + i64::from(service.answer_hours) * HOUR;
    micro(end + i128::from(late)).0
}

/// Each driver whom the promised part does not forgive costs, up to a cap.
fn price(service: ServiceLevel, tally: &Tally) -> Micro {
    let all = i128::from(tally.served) + i128::from(tally.refused);
    let forgiven = all * (WHOLE - i128::from(service.least_served_bps)) / WHOLE;
    let too_many = (i128::from(tally.refused) - forgiven).max(0);
    let sum = too_many * i128::from(service.penalty.0);
    micro(sum.min(i128::from(service.penalty_cap.0)))
}

impl Model {
    /// Everybody who is counted under terms, by cycle.
    fn tallies(&self, rec: &AgreementRec) -> Vec<Tally> {
        let (id, terms) = (rec.terms.id(), &rec.terms);
        let Some(service) = terms.service else {
            return Vec::new();
        };
        let mut all: BTreeMap<u64, Tally> = BTreeMap::new();
        let mut count = |cycle: u64, at: i64, served: u32, refused: u32| {
            let over = over(terms, service, cycle);
            if at >= over {
                return;
            }
            let tally = all.entry(cycle).or_insert(Tally {
                agreement: id,
                cycle,
                served: 0,
                refused: 0,
                over,
                first: at,
            });
            tally.served += served;
            tally.refused += refused;
            tally.first = tally.first.min(at);
        };
        for charge in self.charges.values().filter(|c| c.agreement == id) {
            let begin = charge.full.usage.start().map(|t| t.0);
            if let Some(cycle) = begin.and_then(|at| cycle_at(terms, at)) {
                count(cycle, charge.settled.1, 1, 0);
            }
        }
        for claim in self.service.claims.values().filter(|c| c.agreement == id) {
            count(claim.cycle, claim.at, 0, u32::from(!claim.answered));
        }
        all.into_values().collect()
    }

    /// The cycles of a direction that can still be closed. One in which nobody was refused costs nothing: once it is over it is
    /// forgotten as soon as another begins to count.
    pub fn open_cycles(&self, home: MemberId, visited: MemberId) -> Vec<Tally> {
        let pair = self.agreements.values();
        let pair = pair.filter(|a| (a.terms.home, a.terms.visited) == (home, visited));
        let all: Vec<Tally> = pair.flat_map(|a| self.tallies(a)).collect();
        let forgotten = |t: &Tally| t.refused == 0 && all.iter().any(|o| o.first >= t.over);
        let closed = |t: &Tally| self.service.closed.contains(&(t.agreement, t.cycle));
        let mut open: Vec<Tally> = all.clone();
        open.retain(|t| !forgotten(t) && !closed(t));
        open.sort_unstable();
        open
    }

    pub(super) fn serve(
        &mut self,
        by: MemberId,
        operation: &TermsOperation,
        now: i64,
    ) -> Option<Verdict> {
        Some(match operation {
            TermsOperation::PostOffer(offer) => self.post_offer(by, offer, now),
            TermsOperation::WithdrawOffer { slot } => self.withdraw_offer(by, *slot, now),
            TermsOperation::ClaimRefusal(claim) => self.claim_refusal(by, claim, now),
            TermsOperation::AnswerRefusal { request, release } => {
                self.answer_refusal(by, request, release.as_ref(), now)
            }
            TermsOperation::CloseCycle {
                agreement,
                home,
                visited,
                currency,
                cycle,
            } => self.close_service((*agreement, *cycle), (*home, *visited), *currency, now),
            _ => return None,
        })
    }

    fn post_offer(&mut self, by: MemberId, offer: &BoardOffer, now: i64) -> Verdict {
        let mut judge = Judge::default();
        self.utility(by, &mut judge);
        let corridor = offer.corridor.floor..=offer.corridor.cap;
        let parts = [Some(offer.home_bps), offer.least_served_bps];
        let sense = terms::is_money(offer.currency)
            && offer.corridor.floor.0 >= 0
            && corridor.contains(&offer.energy_price)
            && offer.start_fee.0 >= 0
            && parts.into_iter().flatten().all(|p| i128::from(p) <= WHOLE);
        judge.must(sense, RefusalCode::TermsInvalid);
        let left = offer.valid_until.0 - now;
        judge.must((1..=366 * DAY).contains(&left), RefusalCode::TimeInvalid);
        if judge.clear() {
            let stands = (Some(offer.clone()), now);
            self.service.board.insert((by, offer.slot), stands);
        }
        let effect = TermsEffect::OfferPosted { slot: offer.slot };
        judge.verdict(Effect::Terms(effect), Postings::new())
    }

    fn withdraw_offer(&mut self, by: MemberId, slot: u8, now: i64) -> Verdict {
        let mut judge = Judge::default();
        let stands = self.service.board.get_mut(&(by, slot));
        match stands.filter(|(offer, _)| offer.is_some()) {
            Some(stands) => *stands = (None, now),
            None => judge.no(RefusalCode::OfferUnknown),
        }
        let effect = TermsEffect::OfferWithdrawn { slot };
        judge.verdict(Effect::Terms(effect), Postings::new())
    }

    /// Terms between these two, with what they promise.
    fn promised(
        &self,
        id: AgreementId,
        pair: (MemberId, MemberId),
        judge: &mut Judge,
    ) -> Option<(&AgreementRec, ServiceLevel)> {
        let Some(rec) = self.agreements.get(&id) else {
            judge.no(RefusalCode::AgreementUnknown);
            return None;
        };
        let own = (rec.terms.home, rec.terms.visited);
        judge.must(own == pair, RefusalCode::IdConflict);
        let service = rec.terms.service;
        judge.must(service.is_some(), RefusalCode::ClaimInvalid);
        Some((rec, service?))
    }

    fn claim_refusal(&mut self, by: MemberId, claim: &ServiceClaim, now: i64) -> Verdict {
        let (asked, mut judge) = (&claim.request, Judge::default());
        let (at, session) = (asked.asked_at.0, asked.session);
        judge.must(by == asked.home, RefusalCode::NotAuthorized);
        self.speaks(asked.visited, claim.visited_key, now, &mut judge);
        let pair = (asked.home, asked.visited);
        let Some((rec, service)) = self.promised(asked.agreement, pair, &mut judge) else {
            return judge.refused();
        };
        let signed = rec.signed.map(|(_, at)| at.max(rec.terms.valid_from.0));
        let bound = signed.is_some_and(|from| (from..rec.until()).contains(&at))
            && rec.suspended.is_none_or(|(.., since)| at < since);
        judge.must(bound, RefusalCode::ClaimInvalid);
        let newest = now + self.rule(Parameter::ClockSkew);
        let timely = (now - CLAIMABLE..=newest).contains(&at);
        judge.must(timely, RefusalCode::TimeInvalid);
        let twice = self.service.claims.contains_key(&session);
        judge.must(!twice, RefusalCode::Duplicate);
        let served = self.holds.contains_key(&session);
        judge.must(!served, RefusalCode::ClaimInvalid);
        let cycle = cycle_at(&rec.terms, at).unwrap_or(0);
        if judge.clear() {
            let claimed = Claimed {
                agreement: asked.agreement,
                cycle,
                at: now,
                until: now + i64::from(service.answer_hours) * HOUR,
                answered: false,
            };
            self.service.claims.insert(session, claimed);
        }
        let effect = TermsEffect::RefusalClaimed { session, cycle };
        judge.verdict(Effect::Terms(effect), Postings::new())
    }

    fn answer_refusal(
        &mut self,
        by: MemberId,
        asked: &ServiceRequest,
        release: Option<&Release>,
        now: i64,
    ) -> Verdict {
        let (session, mut judge) = (asked.session, Judge::default());
        judge.must(by == asked.visited, RefusalCode::NotAuthorized);
        match release {
            Some(release) => self.speaks(asked.home, release.home_key, now, &mut judge),
            None => judge.must(self.holds.contains_key(&session), RefusalCode::ClaimInvalid),
        }
        let Some(claim) = self.service.claims.get(&session).copied() else {
            judge.no(RefusalCode::ClaimInvalid);
            return judge.refused();
        };
        let pair = (asked.home, asked.visited);
        let Some((rec, _)) = self.promised(asked.agreement, pair, &mut judge) else {
            return judge.refused();
        };
        let cycle = cycle_at(&rec.terms, asked.asked_at.0);
        let same = (claim.agreement, Some(claim.cycle)) == (asked.agreement, cycle);
        judge.must(same, RefusalCode::ClaimInvalid);
        judge.must(!claim.answered, RefusalCode::Duplicate);
        judge.must(now < claim.until, RefusalCode::TimeInvalid);
        if judge.clear()
            && let Some(claim) = self.service.claims.get_mut(&session)
        {
            claim.answered = true;
        }
        let effect = TermsEffect::RefusalAnswered {
            session,
            cycle: claim.cycle,
        };
        judge.verdict(Effect::Terms(effect), Postings::new())
    }

    fn close_service(
        &mut self,
        (id, cycle): (AgreementId, u64),
        pair: (MemberId, MemberId),
        currency: Currency,
        now: i64,
    ) -> Verdict {
        let mut judge = Judge::default();
        let Some((rec, service)) = self.promised(id, pair, &mut judge) else {
            return judge.refused();
        };
        judge.must(currency == rec.terms.currency, RefusalCode::IdConflict);
        let due = over(&rec.terms, service, cycle);
        judge.must(now >= due, RefusalCode::NotDue);
        let open = self.open_cycles(pair.0, pair.1);
        let found = open.iter().find(|t| (t.agreement, t.cycle) == (id, cycle));
        let Some(tally) = found else {
            judge.no(RefusalCode::NotDue);
            return judge.refused();
        };
        let penalty = price(service, tally);
        let mut postings = Postings::from([
            ((Account::Member(pair.1), currency), -i128::from(penalty.0)),
            ((Account::Member(pair.0), currency), i128::from(penalty.0)),
        ]);
        postings.retain(|_, amount| *amount != 0);
        if judge.clear() {
            self.service.closed.insert((id, cycle));
            self.posted(&postings);
            self.moves.push(Move::Charge {
                pair: (pair.1, pair.0),
                currency,
                amount: i128::from(penalty.0),
                at: now,
            });
        }
        let effect = TermsEffect::CycleClosed {
            agreement: id,
            cycle,
            served: tally.served,
            refused: tally.refused,
            penalty,
        };
        judge.verdict(Effect::Terms(effect), postings)
    }
}
