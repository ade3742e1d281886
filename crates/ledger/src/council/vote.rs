//! Proposals and votes.

use super::motion;
use super::ops::{Choice, CouncilEffect, Motion, ProposalId, ProposalStatus};
use super::roll::{self, RollState, Standing};
use super::state::{
    AgendaState, CastVote, OpenProposal, ProposalState, key_for_agenda, key_for_proposal,
};
use crate::context::{Context, Done, refuse};
use crate::limits::{MAX_CLOSED_PROPOSALS, MAX_OPEN_PROPOSALS};
use crate::receipt::Effect;
use fairway_model::refusal::{Refusal, RefusalCode};
use fairway_model::time::Time;

/// The votes that count at a time.
#[derive(Debug, Clone, Copy)]
struct Tally {
    yes: usize,
    no: usize,
    of: usize,
}

impl Tally {
    /// Counts the votes of those who have one now: who was suspended since it voted does not count.
    fn of(roll: &RollState, votes: &[CastVote], now: Time) -> Self {
        let count = |choice| {
            let counts = |v: &&CastVote| {
                v.choice == choice && roll.find(v.member).is_some_and(|e| e.votes(now))
            };
            votes.iter().filter(counts).count()
        };
        Self {
            yes: count(Choice::Yes),
            no: count(Choice::No),
            of: roll.electorate(now),
        }
    }

    /// More than two thirds.
    fn adopts(self) -> bool {
        self.yes.saturating_mul(3) > self.of.saturating_mul(2)
    }

    /// Not more than two thirds are left.
    fn rejects(self) -> bool {
        self.of.saturating_sub(self.no).saturating_mul(3) <= self.of.saturating_mul(2)
    }

    /// The fewest votes that adopt.
    fn needed(self) -> usize {
        self.of
            .saturating_mul(2)
            .checked_div(3)
            .unwrap_or(0)
            .saturating_add(1)
    }
}

/// Puts a motion to the vote.
pub(crate) fn propose(
    ctx: &mut Context<'_, '_>,
    motion: &Motion,
    expires_at: Time,
    not_before: u64,
) -> Result<Done, Refusal> {
    let latest = ctx.now().plus(ctx.rules.voting_time_ms);
    if expires_at <= ctx.now() || expires_at > latest {
        let text = format!(
            "the vote ends at {expires_at}; it must be after {} and not after {latest}",
            ctx.now()
        );
        return refuse(RefusalCode::TimeInvalid, text);
    }
    let mut roll = roll::load(ctx)?;
    motion::check(ctx, &roll, motion)?;
    let id = ProposalId::of(ctx.member(), ctx.tx.nonce, motion);
    add_to_agenda(ctx, id, expires_at)?;
    let oldest = ctx.now().plus(ctx.rules.voting_time_ms.saturating_neg());
    roll.forget_invitations(oldest);
    if let Motion::Admit { candidate, .. } = motion
        && motion::invite(ctx, &mut roll, candidate)
    {
        roll::store(ctx, &roll);
    }
    let state = ProposalState {
        motion: motion.clone(),
        proposer: ctx.member(),
        proposed_at: ctx.now(),
        expires_at,
        not_before,
        votes: Vec::new(),
        status: ProposalStatus::Open,
    };
    ctx.view.put(key_for_proposal(id), &state);
    Ok(Effect::Council(CouncilEffect::Proposed { proposal: id }).into())
}

/// Casts or changes a vote, and lets the motion take effect when the vote decides it and its height is reached.
pub(crate) fn vote(
    ctx: &mut Context<'_, '_>,
    id: ProposalId,
    motion: &Motion,
    choice: Choice,
) -> Result<Done, Refusal> {
    let mut state = find(ctx, id, motion)?;
    must_be_open(ctx, id, &state)?;
    let mut roll = roll::load(ctx)?;
    must_have_vote(ctx, &roll)?;
    cast(ctx, &mut state, choice)?;
    let tally = Tally::of(&roll, &state.votes, ctx.now());
    if tally.adopts() {
        state.status = ProposalStatus::Adopted;
        if ctx.block.height >= state.not_before {
            take_effect(ctx, &mut roll, id, &mut state)?;
        }
    } else if tally.rejects() {
        state.status = ProposalStatus::Rejected;
        close(ctx, id)?;
        if motion::withdraw(&mut roll, motion) {
            roll::store(ctx, &roll);
        }
    }
    ctx.view.put(key_for_proposal(id), &state);
    let effect = CouncilEffect::Voted {
        proposal: id,
        yes: u32::try_from(tally.yes).unwrap_or(u32::MAX),
        of: u32::try_from(tally.of).unwrap_or(u32::MAX),
        status: state.status,
    };
    Ok(Effect::Council(effect).into())
}

/// Lets an adopted motion take effect that waited for its height.
pub(crate) fn enact(
    ctx: &mut Context<'_, '_>,
    id: ProposalId,
    motion: &Motion,
) -> Result<Done, Refusal> {
    let mut state = find(ctx, id, motion)?;
    let mut roll = roll::load(ctx)?;
    match state.status {
        ProposalStatus::Adopted => {}
        ProposalStatus::Enacted => {
            return refuse(
                RefusalCode::Duplicate,
                format!("{id} took effect already; nothing changed"),
            );
        }
        ProposalStatus::Rejected => return closed(id, "rejected"),
        ProposalStatus::Open => {
            let tally = Tally::of(&roll, &state.votes, ctx.now());
            return refuse(
                RefusalCode::ThresholdNotMet,
                format!(
                    "{} of {} are for {id}; more than two thirds are needed, so {}",
                    tally.yes,
                    tally.of,
                    tally.needed()
                ),
            );
        }
    }
    if ctx.block.height < state.not_before {
        return refuse(
            RefusalCode::TimeInvalid,
            format!(
                "{id} takes effect from height {} on; this block is {}",
                state.not_before, ctx.block.height
            ),
        );
    }
    take_effect(ctx, &mut roll, id, &mut state)?;
    ctx.view.put(key_for_proposal(id), &state);
    Ok(Effect::Council(CouncilEffect::Enacted { proposal: id }).into())
}

fn take_effect(
    ctx: &mut Context<'_, '_>,
    roll: &mut RollState,
    id: ProposalId,
    state: &mut ProposalState,
) -> Result<(), Refusal> {
    motion::apply(ctx, roll, &state.motion)?;
    roll::store(ctx, roll);
    state.status = ProposalStatus::Enacted;
    close(ctx, id)
}

fn find(ctx: &Context<'_, '_>, id: ProposalId, motion: &Motion) -> Result<ProposalState, Refusal> {
    let Some(state) = ctx.view.get::<ProposalState>(&key_for_proposal(id))? else {
        return refuse(
            RefusalCode::ProposalUnknown,
            format!("{id} was never proposed on this chain"),
        );
    };
    if state.motion == *motion {
        return Ok(state);
    }
    refuse(
        RefusalCode::IdConflict,
        format!("{id} is another motion than the one that was signed; look at it again"),
    )
}

fn closed<T>(id: ProposalId, what: &str) -> Result<T, Refusal> {
    refuse(
        RefusalCode::ProposalClosed,
        format!("{id} is {what}; no vote is taken any more"),
    )
}

fn must_be_open(
    ctx: &Context<'_, '_>,
    id: ProposalId,
    state: &ProposalState,
) -> Result<(), Refusal> {
    match state.status {
        ProposalStatus::Open if ctx.now() < state.expires_at => Ok(()),
        ProposalStatus::Open => closed(id, &format!("expired since {}", state.expires_at)),
        ProposalStatus::Adopted | ProposalStatus::Enacted => closed(id, "adopted"),
        ProposalStatus::Rejected => closed(id, "rejected"),
    }
}

fn must_have_vote(ctx: &Context<'_, '_>, roll: &RollState) -> Result<(), Refusal> {
    let entry = roll::find(roll, ctx.member())?;
    if entry.votes(ctx.now()) {
        return Ok(());
    }
    let why = match entry.standing_at(ctx.now()) {
        Standing::Active => "only follows as a full node".to_owned(),
        other => format!("is {other}"),
    };
    refuse(
        RefusalCode::NoVote,
        format!(
            "{} {why}; the active members that validate have a vote",
            ctx.member()
        ),
    )
}

fn cast(ctx: &Context<'_, '_>, state: &mut ProposalState, choice: Choice) -> Result<(), Refusal> {
    let vote = CastVote {
        member: ctx.member(),
        choice,
        height: ctx.block.height,
    };
    let at = state.votes.partition_point(|v| v.member < vote.member);
    match state.votes.get_mut(at).filter(|v| v.member == vote.member) {
        Some(found) if found.choice == choice => {
            return refuse(
                RefusalCode::Duplicate,
                format!("{} has voted so already", vote.member),
            );
        }
        Some(found) => *found = vote,
        None => state.votes.insert(at, vote),
    }
    Ok(())
}

fn agenda(ctx: &Context<'_, '_>) -> Result<AgendaState, Refusal> {
    Ok(ctx.view.get(&key_for_agenda())?.unwrap_or_default())
}

/// Expired proposals make room.
fn add_to_agenda(
    ctx: &mut Context<'_, '_>,
    id: ProposalId,
    expires_at: Time,
) -> Result<(), Refusal> {
    let mut agenda = agenda(ctx)?;
    let now = ctx.now();
    agenda.open.retain(|open| now < open.expires_at);
    if agenda.open.len() >= MAX_OPEN_PROPOSALS {
        return refuse(
            RefusalCode::TooLarge,
            format!("{MAX_OPEN_PROPOSALS} proposals are open; decide one of them first"),
        );
    }
    agenda.open.push(OpenProposal {
        proposal: id,
        expires_at,
    });
    ctx.view.put(key_for_agenda(), &agenda);
    Ok(())
}

fn close(ctx: &mut Context<'_, '_>, id: ProposalId) -> Result<(), Refusal> {
    let mut agenda = agenda(ctx)?;
    agenda.open.retain(|open| open.proposal != id);
    if agenda.closed.len() >= MAX_CLOSED_PROPOSALS {
        agenda.closed.remove(0);
    }
    agenda.closed.push(id);
    ctx.view.put(key_for_agenda(), &agenda);
    Ok(())
}
