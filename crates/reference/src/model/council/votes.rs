//! Proposals and votes: more than two thirds of the active members that validate adopt.

use super::{Model, Proposal, Seat};
use crate::model::{Judge, Place, Postings, Verdict};
use fairway_ledger::{
    Choice, CouncilEffect, Effect, Motion, Parameter, ProposalId, ProposalStatus, Standing,
    Transaction,
};
use fairway_model::canonical::Canonical;
use fairway_model::{Hash, MemberId, RefusalCode};

/// Most proposals that are open at a time.
const MOST_OPEN: usize = 64;

fn told(effect: CouncilEffect) -> Effect {
    Effect::Council(effect)
}

/// The name of a motion: the hash of who proposes it, in which transaction, and what.
fn name(tx: &Transaction, motion: &Motion) -> ProposalId {
    let body = (tx.member, tx.nonce, motion.to_bytes()).to_bytes();
    ProposalId(Hash::of("fairway.proposal.v1", &body))
}

impl Model {
    pub(super) fn put_to_the_vote(
        &mut self,
        tx: &Transaction,
        motion: &Motion,
        (expires, not_before): (i64, u64),
        place: Place,
    ) -> Verdict {
        let (id, mut judge) = (name(tx, motion), Judge::default());
        let last = place.now + self.rule(Parameter::VotingTime);
        let timely = place.now < expires && expires <= last;
        judge.must(timely, RefusalCode::TimeInvalid);
        self.possible(motion, place.now, &mut judge);
        let room = self.open_proposals(place.now).len() < MOST_OPEN;
        judge.must(room, RefusalCode::TooLarge);
        if judge.clear() {
            let proposal = Proposal {
                motion: motion.clone(),
                proposed: (tx.member, place.now),
                expires,
                not_before,
                votes: std::collections::BTreeMap::new(),
                status: ProposalStatus::Open,
            };
            self.council.proposals.insert(id, proposal);
            self.invite(motion, place.now);
        }
        judge.verdict(
            told(CouncilEffect::Proposed { proposal: id }),
            Postings::new(),
        )
    }

    /// Proposals that are open or wait for their height, and have not run out.
    pub(crate) fn open_proposals(&self, now: i64) -> Vec<ProposalId> {
        let all = self.council.proposals.iter();
        let open = all.filter(|(_, p)| {
            matches!(p.status, ProposalStatus::Open | ProposalStatus::Adopted) && now < p.expires
        });
        open.map(|(id, _)| *id).collect()
    }

    /// A candidate stands on the roll while it is voted on.
    fn invite(&mut self, motion: &Motion, now: i64) {
        if let Motion::Admit { candidate, .. } = motion {
            let seat = Seat {
                standing: Standing::Invited,
                since: now,
                validates: false,
                key: None,
                address: candidate.ledger.clone(),
            };
            self.council.roll.entry(candidate.member.id).or_insert(seat);
        }
    }

    /// The proposal of that name, when its motion is this one.
    fn proposal(&self, (id, motion): (ProposalId, &Motion), judge: &mut Judge) -> Option<Proposal> {
        let found = self.council.proposals.get(&id).cloned();
        match &found {
            None => judge.no(RefusalCode::ProposalUnknown),
            Some(p) => judge.must(p.motion == *motion, RefusalCode::IdConflict),
        }
        found
    }

    pub(super) fn cast(
        &mut self,
        by: MemberId,
        (id, motion): (ProposalId, &Motion),
        choice: Choice,
        place: Place,
    ) -> Verdict {
        let mut judge = Judge::default();
        let seat = self.council.roll.get(&by);
        let may = seat.is_some_and(|s| s.votes(place.now));
        judge.must(may, RefusalCode::NoVote);
        let Some(mut proposal) = self.proposal((id, motion), &mut judge) else {
            return judge.refused();
        };
        let open = proposal.status == ProposalStatus::Open && place.now < proposal.expires;
        judge.must(open, RefusalCode::ProposalClosed);
        let same = proposal.votes.get(&by).is_some_and(|(c, _)| *c == choice);
        judge.must(!same, RefusalCode::Duplicate);
        if !judge.clear() {
            return judge.refused();
        }
        proposal.votes.insert(by, (choice, place.height));
        let (yes, no, of) = self.count(&proposal, place.now);
        let due = place.height >= proposal.not_before;
        proposal.status = if 3 * yes > 2 * of && due {
            self.possible(motion, place.now, &mut judge);
            ProposalStatus::Enacted
        } else if 3 * yes > 2 * of {
            ProposalStatus::Adopted
        } else if 3 * (of - no) <= 2 * of {
            ProposalStatus::Rejected
        } else {
            ProposalStatus::Open
        };
        if !judge.clear() {
            return judge.refused();
        }
        let status = proposal.status;
        self.council.proposals.insert(id, proposal);
        match status {
            ProposalStatus::Enacted => self.decided(motion, place),
            ProposalStatus::Rejected => self.take_back(motion),
            _ => {}
        }
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let effect = CouncilEffect::Voted {
            proposal: id,
            yes: number(yes),
            of: number(of),
            status,
        };
        judge.verdict(told(effect), Postings::new())
    }

    /// Votes for and against of those who have one now, and how many have one.
    fn count(&self, proposal: &Proposal, now: i64) -> (usize, usize, usize) {
        let roll = &self.council.roll;
        let has = |m: &MemberId| roll.get(m).is_some_and(|s| s.votes(now));
        let votes = |wanted: Choice| {
            let all = proposal.votes.iter();
            all.filter(|(m, (choice, _))| *choice == wanted && has(m))
                .count()
        };
        let of = roll.keys().filter(|m| has(m)).count();
        (votes(Choice::Yes), votes(Choice::No), of)
    }

    /// A candidate that the members do not want leaves the roll again.
    fn take_back(&mut self, motion: &Motion) {
        if let Motion::Admit { candidate, .. } = motion {
            let id = candidate.member.id;
            self.council
                .roll
                .retain(|m, s| *m != id || s.standing != Standing::Invited);
        }
    }

    pub(super) fn enact(&mut self, (id, motion): (ProposalId, &Motion), place: Place) -> Verdict {
        let mut judge = Judge::default();
        let Some(mut proposal) = self.proposal((id, motion), &mut judge) else {
            return judge.refused();
        };
        match proposal.status {
            ProposalStatus::Enacted => judge.no(RefusalCode::Duplicate),
            ProposalStatus::Rejected => judge.no(RefusalCode::ProposalClosed),
            ProposalStatus::Open if place.now >= proposal.expires => {
                judge.no(RefusalCode::ProposalClosed);
                judge.no(RefusalCode::ThresholdNotMet);
            }
            ProposalStatus::Open => judge.no(RefusalCode::ThresholdNotMet),
            ProposalStatus::Adopted => {}
        }
        judge.must(
            place.height >= proposal.not_before,
            RefusalCode::TimeInvalid,
        );
        self.possible(motion, place.now, &mut judge);
        if judge.clear() {
            proposal.status = ProposalStatus::Enacted;
            self.council.proposals.insert(id, proposal);
            self.decided(motion, place);
        }
        judge.verdict(
            told(CouncilEffect::Enacted { proposal: id }),
            Postings::new(),
        )
    }
}
