//! What the council's operations may change, and how it stands in the state.

use super::{Thing, both, read};
use crate::model::Model;
use fairway_ledger::state::MemberState;
use fairway_ledger::{
    AgendaState, CharterState, CouncilOperation, EvidenceState, MisdeedsState, Motion, Parameter,
    ProposalId, ProposalState, ProposalStatus, RollState, Standing, Transaction,
};
use fairway_model::{MemberId, PublicKey};
use std::collections::BTreeSet;

pub(super) fn named(tx: &Transaction, operation: &CouncilOperation, things: &mut Vec<Thing>) {
    things.push(Thing::Roll);
    match operation {
        CouncilOperation::Propose { motion, .. } => {
            let id = ProposalId::of(tx.member, tx.nonce, motion);
            things.extend([Thing::Agenda, Thing::Proposal(id)]);
            about(motion, things);
        }
        CouncilOperation::Vote {
            proposal, motion, ..
        }
        | CouncilOperation::Enact { proposal, motion } => {
            things.extend([Thing::Agenda, Thing::Proposal(*proposal)]);
            about(motion, things);
        }
        CouncilOperation::RotateValidatorKey { new_key, .. } => {
            things.push(Thing::UsedKey(*new_key));
        }
        CouncilOperation::Report(evidence) => {
            let (epoch, view) = evidence.first.ballot.round();
            things.push(Thing::Member(evidence.offender));
            things.push(Thing::Misdeed(evidence.key, epoch, view));
            things.push(Thing::Misdeeds);
        }
        CouncilOperation::Leave { .. } | CouncilOperation::ChangeContact { .. } => {}
    }
}

fn about(motion: &Motion, things: &mut Vec<Thing>) {
    match motion {
        Motion::Admit { candidate, .. } => {
            let member = &candidate.member;
            let encryption = member.encryption.map(|key| PublicKey(key.0));
            let keys = [Some(member.key), member.validator, encryption];
            things.push(Thing::Member(member.id));
            things.extend(keys.into_iter().flatten().map(Thing::UsedKey));
        }
        Motion::Suspend { member, .. }
        | Motion::Reinstate { member }
        | Motion::Expel { member, .. } => things.push(Thing::Member(*member)),
        Motion::SetParameter { .. } | Motion::ActivateVersion { .. } => {
            things.push(Thing::Charter);
        }
        Motion::ChangeValidators { .. } => {}
    }
}

/// What a member's own entry says of its standing.
pub(super) fn standing(model: &Model, id: MemberId, shown: &MemberState) -> bool {
    let seat = model.council.roll.get(&id);
    let restricted = seat.filter(|s| s.standing != Standing::Active);
    shown.standing.map(|s| (s.standing, s.since.0)) == restricted.map(|s| (s.standing, s.since))
}

/// The roll, in order of id. An invitation that ran out may stand there until somebody clears it away.
pub(super) fn roll(model: &Model, shown: Option<&Vec<u8>>) -> Result<bool, String> {
    let found: RollState = read(shown)?.unwrap_or_default();
    let invited = |member: MemberId| {
        let seat = model.council.roll.get(&member);
        seat.is_some_and(|s| s.standing == Standing::Invited)
    };
    let ordered = found.entries.is_sorted_by(|a, b| a.member < b.member);
    let same = found.entries.iter().all(|e| {
        let seat = model.council.roll.get(&e.member);
        seat.is_some_and(|s| {
            let founder = s.address.is_empty();
            (e.standing, e.validator) == (s.standing, s.key)
                && (founder || e.ledger == s.address)
                && (e.role == fairway_ledger::Role::Validator) == s.validates
                && (s.standing == Standing::Invited
                    || e.since.0 == s.since
                    || (founder && s.since == 0))
        })
    });
    let there: BTreeSet<MemberId> = found.entries.iter().map(|e| e.member).collect();
    let missing = model
        .council
        .roll
        .keys()
        .any(|m| !there.contains(m) && !invited(*m));
    Ok(ordered && same && !missing)
}

/// Open proposals that have not run out, in the order in which they were made, and no other open ones.
pub(super) fn agenda(model: &Model, shown: Option<&Vec<u8>>) -> Result<bool, String> {
    let found: AgendaState = read(shown)?.unwrap_or_default();
    let known = &model.council.proposals;
    let open: BTreeSet<ProposalId> = found.open.iter().map(|o| o.proposal).collect();
    let all_open = model.open_proposals(model.now);
    let whole = all_open.iter().all(|id| open.contains(id));
    let right = found.open.iter().all(|o| {
        known.get(&o.proposal).is_some_and(|p| {
            let undecided = matches!(p.status, ProposalStatus::Open | ProposalStatus::Adopted);
            o.expires_at.0 == p.expires && undecided
        })
    });
    let times = found
        .open
        .iter()
        .filter_map(|o| known.get(&o.proposal).map(|p| p.proposed.1));
    let closed = found.closed.iter().all(|id| {
        known
            .get(id)
            .is_some_and(|p| matches!(p.status, ProposalStatus::Enacted | ProposalStatus::Rejected))
    });
    Ok(whole && right && closed && times.is_sorted() && open.len() == found.open.len())
}

pub(super) fn proposal(
    model: &Model,
    id: ProposalId,
    shown: Option<&Vec<u8>>,
) -> Result<bool, String> {
    let found: Option<ProposalState> = read(shown)?;
    Ok(both(found, model.council.proposals.get(&id), |a, b| {
        let votes = a.votes.iter().map(|v| (v.member, (v.choice, v.height)));
        a.motion == b.motion
            && (a.proposer, a.proposed_at.0) == b.proposed
            && (a.expires_at.0, a.not_before, a.status) == (b.expires, b.not_before, b.status)
            && votes.eq(b.votes.iter().map(|(m, v)| (*m, *v)))
    }))
}

/// What counts, at this height and at any to come.
pub(super) fn charter(model: &Model, shown: Option<&Vec<u8>>) -> Result<bool, String> {
    let found: CharterState = read(shown)?.unwrap_or_default();
    let decided = &model.council.values;
    let begins = decided.iter().map(|(_, _, from)| *from);
    let heights: BTreeSet<u64> = begins.chain([model.height, model.height + 1]).collect();
    let mut then = model.clone();
    let values = heights.iter().filter(|h| **h >= model.height).all(|h| {
        then.height = *h;
        let all = Parameter::ALL.into_iter();
        all.clone().all(|p| found.value_at(p, *h) == then.rule(p))
    });
    let versions: Vec<(u32, u64)> = found.versions.iter().map(|v| (v.version, v.from)).collect();
    let recent = model.council.versions.iter().rev().take(versions.len());
    let recent: Vec<(u32, u64)> = recent.rev().copied().collect();
    Ok(values && versions == recent && versions.is_empty() == model.council.versions.is_empty())
}

pub(super) fn misdeed(
    model: &Model,
    key: (PublicKey, u64, u64),
    shown: Option<&Vec<u8>>,
) -> Result<bool, String> {
    let found: Option<EvidenceState> = read(shown)?;
    Ok(both(found, model.council.misdeeds.get(&key), |a, b| {
        a.evidence == b.evidence && (a.reporter, a.height) == b.shown && a.suspended == b.suspended
    }))
}

/// The list of misdeeds names each once.
pub(super) fn misdeeds(model: &Model, shown: Option<&Vec<u8>>) -> Result<bool, String> {
    let found: MisdeedsState = read(shown)?.unwrap_or_default();
    let listed: BTreeSet<(PublicKey, u64, u64)> = found
        .listed
        .iter()
        .map(|m| (m.key, m.epoch, m.view))
        .collect();
    Ok(listed.len() == found.listed.len() && listed.iter().eq(model.council.misdeeds.keys()))
}
