//! What comes off a settled charge: credits that both utilities sign, and disputes that end.

use super::{CaseRec, ChargeRec, DAY, Judge, Model, Move, Place, Postings, Verdict, micro};
use crate::rating;
use fairway_ledger::cases::effect::CaseEffect;
use fairway_ledger::cases::op::{
    CaseAnswer, CaseClaim, CaseOpening, CaseOperation, CaseRef, CaseReply, CreditNote,
    Verdict as Vote,
};
use fairway_ledger::cases::state::Ruling;
use fairway_ledger::{Account, DisputeReason, Effect};
use fairway_model::canonical::Canonical;
use fairway_model::{ChargeEvent, Hash, MemberId, Micro, RefusalCode, SessionId, Shares, Time};

/// Days to answer, to come to terms, and to vote.
const WEEK: i64 = 7 * DAY;
/// Most credits of one charge that both parties sign.
const MOST_CREDITS: usize = 100;
/// Most seats of a panel.
const SEATS: usize = 3;

/// The answer to a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Hash of the evidence.
    pub evidence: Hash,
    /// The total that it finds right.
    pub total: i128,
    /// Until when the parties may still agree.
    pub until: i64,
}

/// A panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panel {
    /// Who was drawn.
    pub seats: Vec<MemberId>,
    /// Who voted how.
    pub votes: Vec<(MemberId, Vote)>,
    /// Until when votes count.
    pub until: i64,
}

fn parts(s: &Shares) -> [i128; 4] {
    [s.visited, s.owner, s.home, s.tax].map(|m| i128::from(m.0))
}

fn shares([visited, owner, home, tax]: [i128; 4]) -> Shares {
    Shares {
        home: micro(home),
        visited: micro(visited),
        owner: micro(owner),
        tax: micro(tax),
    }
}

/// Who gives back how much of a credit, out of what is left of the shares: negative ones come back in proportion, rounded down, and
/// enlarge what the others give; those in proportion, largest remainder.
fn given_back(credit: i128, left: [i128; 4]) -> [i128; 4] {
    let whole: i128 = left.iter().sum();
    if whole == 0 {
        return [0; 4];
    }
    let returned = left.map(|part| if part < 0 { -part * credit / whole } else { 0 });
    let more = credit + returned.iter().sum::<i128>();
    let weights = left.map(|part| part.max(0));
    let mut out = [0; 4];
    let divided = rating::largest_remainder(more, &weights);
    for (slot, (gives, takes)) in out.iter_mut().zip(divided.into_iter().zip(returned)) {
        *slot = gives - takes;
    }
    out
}

impl Model {
    /// What is left of a charge's shares after all credits.
    fn shares_left(&self, session: SessionId, charge: &ChargeRec) -> [i128; 4] {
        let mut left = parts(&charge.shares);
        for (_, given) in self.given.iter().filter(|(s, _)| *s == session) {
            for (slot, part) in left.iter_mut().zip(parts(given)) {
                *slot -= part;
            }
        }
        left
    }

    /// What is left of a charge's total.
    pub fn left(&self, session: SessionId) -> i128 {
        self.charges
            .get(&session)
            .map_or(0, |charge| self.shares_left(session, charge).iter().sum())
    }

    /// What is frozen of a pair's position by open cases.
    pub fn frozen(&self, pair: (MemberId, MemberId), currency: fairway_model::Currency) -> i128 {
        self.cases
            .iter()
            .filter(|((session, _), case)| {
                case.closed.is_none()
                    && self
                        .charges
                        .get(session)
                        .is_some_and(|c| c.pair == pair && c.currency == currency)
            })
            .map(|(_, case)| case.frozen)
            .sum()
    }

    pub(super) fn case(&mut self, by: MemberId, op: &CaseOperation, place: Place) -> Verdict {
        match op {
            CaseOperation::Credit(note) => self.credit(by, note, place.now),
            CaseOperation::Open(opening) => self.open_case(by, opening, place.now),
            CaseOperation::Answer(answer) => self.answer_case(by, answer, place.now),
            CaseOperation::Accept(case) => self.accept_case(by, case, place.now),
            CaseOperation::Withdraw(case) => self.withdraw_case(by, case, place.now),
            CaseOperation::Escalate(case) => self.escalate(by, case, place),
            CaseOperation::Vote { case, verdict } => self.vote(by, case, *verdict, place.now),
            CaseOperation::Close(case) => self.close_by_rule(case, place.now),
        }
    }

    /// Takes an amount off a charge: notes who gives back what, and what is no longer owed.
    fn give_back(&mut self, session: SessionId, amount: i128, now: i64) -> (Shares, Postings) {
        let Some(charge) = self.charges.get(&session).cloned() else {
            return (shares([0; 4]), Postings::new());
        };
        let back = given_back(amount, self.shares_left(session, &charge));
        let [visited, owner, home, tax] = back;
        let entries = [
            (Account::Member(charge.pair.0), amount - home),
            (Account::Member(charge.pair.1), -visited),
            (Account::Owner(charge.owner.clone()), -owner),
            (Account::Tax(charge.pair.1), -tax),
        ];
        let mut postings = Postings::new();
        for (account, change) in entries {
            *postings.entry((account, charge.currency)).or_default() += change;
        }
        postings.retain(|_, change| *change != 0);
        if charge.pair.0 != charge.pair.1 {
            self.moves.push(Move::Back {
                pair: charge.pair,
                currency: charge.currency,
                amount: amount - home,
                at: now,
            });
        }
        self.posted(&postings);
        let given = shares(back);
        self.given.push((session, given));
        (given, postings)
    }

    /// What a transaction says of the charge must be so.
    fn claims_fit(
        &self,
        session: SessionId,
        claims: (
            MemberId,
            MemberId,
            &fairway_model::OwnerId,
            fairway_model::Currency,
        ),
        judge: &mut Judge,
    ) {
        match self.charges.get(&session) {
            None => judge.no(RefusalCode::SessionUnknown),
            Some(c) => judge.must(
                (c.pair.0, c.pair.1, &c.owner, c.currency) == claims,
                RefusalCode::IdConflict,
            ),
        }
    }

    fn credit(&mut self, by: MemberId, note: &CreditNote, now: i64) -> Verdict {
        let (credit, mut judge) = (&note.signed.credit, Judge::default());
        judge.must(
            by == credit.home || by == credit.visited,
            RefusalCode::NotAuthorized,
        );
        self.speaks(credit.visited, note.visited_key, now, &mut judge);
        self.speaks(credit.home, note.home_key, now, &mut judge);
        let key = (credit.session, credit.id);
        if let Some(known) = self.credits.get(&key) {
            judge.no(if known == credit {
                RefusalCode::Duplicate
            } else {
                RefusalCode::IdConflict
            });
        }
        let claims = (credit.home, credit.visited, &note.owner, note.currency);
        self.claims_fit(credit.session, claims, &mut judge);
        let Some(charge) = self.charges.get(&credit.session) else {
            return judge.refused();
        };
        judge.must(charge.event == credit.event, RefusalCode::IdConflict);
        let amount = i128::from(credit.amount.0);
        let coin = rating::coin(&note.currency.to_string());
        judge.must(amount % coin == 0, RefusalCode::Malformed);
        judge.must(
            amount <= self.left(credit.session),
            RefusalCode::CreditExceeds,
        );
        judge.must(
            self.credits_of(credit.session) < MOST_CREDITS,
            RefusalCode::TooLarge,
        );
        if !judge.clear() {
            return judge.refused();
        }
        self.credits.insert(key, credit.clone());
        let (given, postings) = self.give_back(credit.session, amount, now);
        let effect = CaseEffect::Credited {
            session: credit.session,
            credit: credit.id,
            amount: credit.amount,
            shares: given,
            currency: note.currency,
        };
        judge.verdict(Effect::Case(effect), postings)
    }

    /// The total that a claim stands for.
    fn total_of(
        &self,
        claim: &CaseClaim,
        event: Option<&ChargeEvent>,
        charge: &ChargeRec,
        judge: &mut Judge,
    ) -> i128 {
        if event.is_some_and(|e| Hash::of("fairway.charge.v1", &e.to_bytes()) != charge.event) {
            judge.no(RefusalCode::IdConflict);
            return 0;
        }
        let usage = match claim {
            CaseClaim::Total(total) => return i128::from(total.0),
            CaseClaim::Usage(usage) => usage,
        };
        let Some(event) = event else {
            judge.no(RefusalCode::Malformed);
            return 0;
        };
        let priced = self.evses.get(&event.evse).and_then(|evse| {
            let terms = &self.agreements.get(&charge.agreement)?.terms;
            let tariff = terms.tariffs.iter().find(|t| t.id == event.tariff)?;
            let zone = &evse.entry.time_zone;
            Some(rating::price(tariff, zone, &event.adjustments, usage))
        });
        match priced {
            Some(Ok(price)) => price.total,
            Some(Err(reason)) => {
                judge.no(reason);
                0
            }
            None => {
                judge.no(RefusalCode::EvseUnavailable);
                0
            }
        }
    }

    /// A total that could stand on a bill, and is not more than is left.
    fn billable(total: i128, left: i128, charge: &ChargeRec, judge: &mut Judge) {
        let coin = rating::coin(&charge.currency.to_string());
        judge.must(total % coin == 0, RefusalCode::Malformed);
        judge.must((0..=left).contains(&total), RefusalCode::PriceWrong);
    }

    fn open_case(&mut self, by: MemberId, opening: &CaseOpening, now: i64) -> Verdict {
        let (case, mut judge) = (&opening.case, Judge::default());
        let claims = (case.home, case.visited, &case.owner, case.currency);
        self.claims_fit(case.session, claims, &mut judge);
        let Some(charge) = self.charges.get(&case.session).cloned() else {
            return judge.refused();
        };
        judge.must(by == case.opener, RefusalCode::NotAuthorized);
        let party = case.opener == charge.pair.0 || case.opener == charge.pair.1;
        judge.must(
            party && charge.pair.0 != charge.pair.1,
            RefusalCode::NotAuthorized,
        );
        let about_meter = opening.reason == DisputeReason::MeterEvidence;
        judge.must(
            !about_meter || opening.event.is_some(),
            RefusalCode::Malformed,
        );
        if let Some(known) = self.cases.get(&(case.session, case.opener)) {
            judge.no(if known.opening == *opening {
                RefusalCode::Duplicate
            } else {
                RefusalCode::IdConflict
            });
        }
        judge.must(now < charge.disputable, RefusalCode::TimeInvalid);
        let left = self.left(case.session);
        let event = opening.event.as_deref();
        let claimed = self.total_of(&opening.claim, event, &charge, &mut judge);
        Self::billable(claimed, left, &charge, &mut judge);
        judge.must(claimed != left, RefusalCode::Malformed);
        if !judge.clear() {
            return judge.refused();
        }
        let disputed = left - claimed;
        let [_, _, home, _] = given_back(disputed, self.shares_left(case.session, &charge));
        let rec = CaseRec {
            opening: opening.clone(),
            claimed,
            meter: event.filter(|_| about_meter).map(|e| e.meter_evidence),
            opened: now,
            frozen: disputed - home,
            answer: None,
            panel: None,
            closed: None,
        };
        let effect = CaseEffect::Opened {
            session: case.session,
            opener: case.opener,
            claimed: micro(claimed),
            frozen: micro(rec.frozen),
            answer_until: Time(now + WEEK),
        };
        self.cases.insert((case.session, case.opener), rec);
        judge.verdict(Effect::Case(effect), Postings::new())
    }

    /// The case, if it is there and not decided; whoever asks must be the one who may.
    fn pending_case(
        &self,
        case: &CaseRef,
        asked: Option<(MemberId, MemberId)>,
        judge: &mut Judge,
    ) -> Option<CaseRec> {
        let claims = (case.home, case.visited, &case.owner, case.currency);
        self.claims_fit(case.session, claims, judge);
        if let Some((by, may)) = asked {
            judge.must(by == may, RefusalCode::NotAuthorized);
        }
        let found = self.cases.get(&(case.session, case.opener));
        match found {
            None => judge.no(RefusalCode::CaseUnknown),
            Some(rec) => judge.must(rec.closed.is_none(), RefusalCode::CaseClosed),
        }
        found
            .filter(|_| self.charges.contains_key(&case.session))
            .cloned()
    }

    fn put_case(&mut self, case: &CaseRef, rec: CaseRec) {
        self.cases.insert((case.session, case.opener), rec);
    }

    fn answer_case(&mut self, by: MemberId, answer: &CaseAnswer, now: i64) -> Verdict {
        let (case, mut judge) = (&answer.case, Judge::default());
        let asked = Some((by, other(case)));
        let Some(mut rec) = self.pending_case(case, asked, &mut judge) else {
            return judge.refused();
        };
        judge.must(rec.answer.is_none(), RefusalCode::CaseClosed);
        judge.must(now < rec.opened + WEEK, RefusalCode::TimeInvalid);
        let left = self.left(case.session);
        let mut total = left;
        if let (CaseReply::Offer(claim), Some(charge)) =
            (&answer.reply, self.charges.get(&case.session))
        {
            total = self.total_of(claim, answer.event.as_deref(), charge, &mut judge);
            Self::billable(total, left, charge, &mut judge);
            judge.must(total >= rec.claimed, RefusalCode::Malformed);
        }
        if !judge.clear() {
            return judge.refused();
        }
        if answer.reply == CaseReply::Accept {
            let claimed = rec.claimed;
            return self.close(case, rec, (Ruling::Accepted, claimed), now);
        }
        rec.answer = Some(Answer {
            evidence: answer.evidence,
            total,
            until: now + WEEK,
        });
        self.put_case(case, rec);
        let effect = CaseEffect::Answered {
            session: case.session,
            opener: case.opener,
            total: micro(total),
            settle_until: Time(now + WEEK),
        };
        judge.verdict(Effect::Case(effect), Postings::new())
    }

    fn accept_case(&mut self, by: MemberId, case: &CaseRef, now: i64) -> Verdict {
        let mut judge = Judge::default();
        let Some(rec) = self.pending_case(case, Some((by, case.opener)), &mut judge) else {
            return judge.refused();
        };
        let Some(answer) = rec.answer else {
            judge.no(RefusalCode::NotDue);
            return judge.refused();
        };
        if !judge.clear() {
            return judge.refused();
        }
        self.close(case, rec, (Ruling::Agreed, answer.total), now)
    }

    fn withdraw_case(&mut self, by: MemberId, case: &CaseRef, now: i64) -> Verdict {
        let mut judge = Judge::default();
        let Some(rec) = self.pending_case(case, Some((by, case.opener)), &mut judge) else {
            return judge.refused();
        };
        if !judge.clear() {
            return judge.refused();
        }
        let left = self.left(case.session);
        self.close(case, rec, (Ruling::Withdrawn, left), now)
    }

    fn escalate(&mut self, by: MemberId, case: &CaseRef, place: Place) -> Verdict {
        let mut judge = Judge::default();
        let Some(mut rec) = self.pending_case(case, None, &mut judge) else {
            return judge.refused();
        };
        judge.must(
            by == case.opener || by == other(case),
            RefusalCode::NotAuthorized,
        );
        judge.must(rec.panel.is_none(), RefusalCode::Duplicate);
        match rec.answer {
            None => judge.no(RefusalCode::NotDue),
            Some(answer) => judge.must(place.now < answer.until, RefusalCode::TimeInvalid),
        }
        let seats = self.draw(case, place);
        judge.must(!seats.is_empty(), RefusalCode::NotAuthorized);
        if !judge.clear() {
            return judge.refused();
        }
        let until = place.now + WEEK;
        rec.panel = Some(Panel {
            seats: seats.clone(),
            votes: Vec::new(),
            until,
        });
        self.put_case(case, rec);
        let effect = CaseEffect::Escalated {
            session: case.session,
            opener: case.opener,
            panel: seats,
            vote_until: Time(until),
        };
        judge.verdict(Effect::Case(effect), Postings::new())
    }

    /// Active members that are no party, by lot: an odd number, three at most.
    fn draw(&self, case: &CaseRef, place: Place) -> Vec<MemberId> {
        let mut lots: Vec<(Hash, MemberId)> = self
            .members
            .keys()
            .filter(|m| **m != case.home && **m != case.visited)
            .filter(|m| self.is_active(**m, place.now))
            .map(|m| {
                let lot = (case.session, case.opener, place.height, Time(place.now), *m);
                (Hash::of("fairway.panel", &lot.to_bytes()), *m)
            })
            .collect();
        lots.sort_unstable();
        let free = lots.len().min(SEATS);
        let seats = if free.is_multiple_of(2) {
            free.saturating_sub(1)
        } else {
            free
        };
        lots.into_iter().take(seats).map(|(_, m)| m).collect()
    }

    fn vote(&mut self, by: MemberId, case: &CaseRef, vote: Vote, now: i64) -> Verdict {
        let mut judge = Judge::default();
        let Some(mut rec) = self.pending_case(case, None, &mut judge) else {
            return judge.refused();
        };
        let Some(panel) = rec.panel.as_mut() else {
            judge.no(RefusalCode::NotDue);
            return judge.refused();
        };
        judge.must(panel.seats.contains(&by), RefusalCode::NotAuthorized);
        judge.must(now < panel.until, RefusalCode::TimeInvalid);
        let voted = panel.votes.iter().any(|(m, _)| *m == by);
        judge.must(!voted, RefusalCode::Duplicate);
        if !judge.clear() {
            return judge.refused();
        }
        panel.votes.push((by, vote));
        let same = panel.votes.iter().filter(|(_, v)| *v == vote).count();
        if same * 2 > panel.seats.len() {
            let total = self.meant(vote, &rec, case.session);
            return self.close(case, rec, (Ruling::Panel, total), now);
        }
        self.put_case(case, rec);
        let effect = CaseEffect::Voted {
            session: case.session,
            opener: case.opener,
            verdict: vote,
        };
        judge.verdict(Effect::Case(effect), Postings::new())
    }

    /// The total that a vote means.
    fn meant(&self, vote: Vote, rec: &CaseRec, session: SessionId) -> i128 {
        let left = self.left(session);
        match vote {
            Vote::Claim => rec.claimed,
            Vote::Answer => rec.answer.map_or(left, |a| a.total),
            Vote::Stands => left,
        }
    }

    fn close_by_rule(&mut self, case: &CaseRef, now: i64) -> Verdict {
        let mut judge = Judge::default();
        let Some(rec) = self.pending_case(case, None, &mut judge) else {
            return judge.refused();
        };
        let due = match (&rec.panel, &rec.answer) {
            (Some(panel), _) => panel.until,
            (None, Some(answer)) => answer.until,
            (None, None) => rec.opened + WEEK,
        };
        judge.must(now >= due, RefusalCode::NotDue);
        if !judge.clear() {
            return judge.refused();
        }
        let decision = self.decide(case, &rec);
        self.close(case, rec, decision, now)
    }

    /// The table of decision 0010, row by row.
    fn decide(&self, case: &CaseRef, rec: &CaseRec) -> (Ruling, i128) {
        let by_home = case.opener == case.home;
        let Some(answer) = rec.answer else {
            let owed_proof = matches!(
                rec.opening.reason,
                DisputeReason::MeterEvidence | DisputeReason::NotTheDriver
            );
            let rated = matches!(rec.opening.claim, CaseClaim::Usage(_));
            return if rated || owed_proof || !by_home {
                (Ruling::Unanswered, rec.claimed)
            } else {
                (Ruling::NotProven, self.left(case.session))
            };
        };
        if let Some(panel) = &rec.panel {
            let all = [Vote::Claim, Vote::Answer, Vote::Stands];
            let mut counts: Vec<(usize, Vote)> = all
                .into_iter()
                .map(|v| (panel.votes.iter().filter(|(_, w)| *w == v).count(), v))
                .collect();
            counts.sort_by_key(|(n, _)| core::cmp::Reverse(*n));
            if let [(most, vote), (second, _), ..] = counts.as_slice()
                && most > second
            {
                return (Ruling::Panel, self.meant(*vote, rec, case.session));
            }
        }
        if by_home && rec.meter.is_some_and(|named| named != answer.evidence) {
            return (Ruling::EvidenceMissing, rec.claimed);
        }
        (Ruling::Answered, answer.total)
    }

    fn close(
        &mut self,
        case: &CaseRef,
        mut rec: CaseRec,
        (ruling, total): (Ruling, i128),
        now: i64,
    ) -> Verdict {
        let credited = (self.left(case.session) - total).max(0);
        rec.closed = Some((ruling, total, credited, now));
        self.put_case(case, rec);
        let (given, postings) = self.give_back(case.session, credited, now);
        let effect = CaseEffect::Closed {
            session: case.session,
            opener: case.opener,
            ruling,
            total: micro(total),
            credited: micro(credited),
            shares: given,
            currency: case.currency,
        };
        Judge::default().verdict(Effect::Case(effect), postings)
    }

    /// How many credits of a charge both parties signed.
    pub(crate) fn credits_of(&self, session: SessionId) -> usize {
        self.credits.keys().filter(|(s, _)| *s == session).count()
    }

    /// What was given back of a charge in all.
    pub(crate) fn given_of(&self, session: SessionId) -> (Micro, Shares) {
        let mut sum = [0; 4];
        for (_, given) in self.given.iter().filter(|(s, _)| *s == session) {
            for (slot, part) in sum.iter_mut().zip(parts(given)) {
                *slot += part;
            }
        }
        (micro(sum.iter().sum()), shares(sum))
    }
}

/// The party that did not open the case.
fn other(case: &CaseRef) -> MemberId {
    if case.opener == case.home {
        case.visited
    } else {
        case.home
    }
}
