//! Panels: active members that are no party, drawn by the block, voting on the ledger.
//!
//! The draw is a hash of case, height and time of the block that holds the request, so nobody who asks for a panel chooses it. A
//! block's proposer could shift the time by a little and so draw a few times; its own seat is one of several, and it is no party.

use super::close::{Decision, close};
use super::credit::{credits, left_of};
use super::effect::CaseEffect;
use super::keys::key_for_case;
use super::op::{CaseRef, Verdict};
use super::state::{CaseState, PanelState, PanelVote, Ruling};
use super::{charge_of, must_be, open_case, other_party};
use crate::context::{Context, Done, refuse};
use crate::council::{RollState, Standing, key_for_roll};
use crate::limits::{CASE_VOTE_MS, PANEL_SEATS};
use crate::receipt::Effect;
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use fairway_model::ids::MemberId;
use fairway_model::money::Micro;
use fairway_model::refusal::{Refusal, RefusalCode};

/// Asks for a panel.
pub(super) fn escalate(ctx: &mut Context<'_, '_>, case: &CaseRef) -> Result<Done, Refusal> {
    charge_of(ctx, case)?;
    let mut state = open_case(ctx, case)?;
    if ctx.member() != case.opener {
        must_be(ctx, other_party(case), "ask for a panel")?;
    }
    let Some(answer) = state.answer else {
        return refuse(
            RefusalCode::NotDue,
            format!(
                "the case is not answered; a panel is for contested ones, and from {} on the rules decide",
                state.answer_until
            ),
        );
    };
    if state.panel.is_some() {
        return refuse(RefusalCode::Duplicate, "the case has a panel already");
    }
    if ctx.now() >= answer.settle_until {
        return refuse(
            RefusalCode::TimeInvalid,
            format!("a panel could be asked for until {}", answer.settle_until),
        );
    }
    let members = draw(ctx, case)?;
    let vote_until = ctx.now().plus(CASE_VOTE_MS);
    state.panel = Some(PanelState {
        members: members.clone(),
        votes: Vec::new(),
        vote_until,
    });
    ctx.view
        .put(key_for_case(case.session, case.opener), &state);
    Ok(Effect::Case(CaseEffect::Escalated {
        session: case.session,
        opener: case.opener,
        panel: members,
        vote_until,
    })
    .into())
}

/// The members with the smallest hashes, an odd number of at most [`PANEL_SEATS`].
fn draw(ctx: &Context<'_, '_>, case: &CaseRef) -> Result<Vec<MemberId>, Refusal> {
    let roll: RollState = ctx.view.get(&key_for_roll())?.unwrap_or_default();
    let lot = |member: &MemberId| {
        let place = (
            case.session,
            case.opener,
            ctx.block.height,
            ctx.now(),
            *member,
        );
        Hash::of("fairway.panel", &place.to_bytes())
    };
    let mut drawn: Vec<(Hash, MemberId)> = roll
        .entries
        .iter()
        .filter(|entry| entry.standing_at(ctx.now()) == Standing::Active)
        .map(|entry| entry.member)
        .filter(|member| *member != case.home && *member != case.visited)
        .map(|member| (lot(&member), member))
        .collect();
    drawn.sort_unstable();
    let seats = drawn.len().min(PANEL_SEATS);
    let seats = if seats.checked_rem(2) == Some(0) {
        seats.saturating_sub(1)
    } else {
        seats
    };
    if seats == 0 {
        return refuse(
            RefusalCode::NotAuthorized,
            "no member is free to judge; the rules decide after the deadline",
        );
    }
    drawn.truncate(seats);
    Ok(drawn.into_iter().map(|(_, member)| member).collect())
}

/// Votes; more than half of the seats decide at once.
pub(super) fn vote(
    ctx: &mut Context<'_, '_>,
    case: &CaseRef,
    verdict: Verdict,
) -> Result<Done, Refusal> {
    let charge = charge_of(ctx, case)?;
    let mut state = open_case(ctx, case)?;
    let member = ctx.member();
    let Some(panel) = state.panel.as_mut() else {
        return refuse(RefusalCode::NotDue, "nobody has asked for a panel");
    };
    if !panel.members.contains(&member) {
        return refuse(
            RefusalCode::NotAuthorized,
            format!("{member} was not drawn for this panel"),
        );
    }
    if ctx.now() >= panel.vote_until {
        return refuse(
            RefusalCode::TimeInvalid,
            format!("votes counted until {}", panel.vote_until),
        );
    }
    if panel.votes.iter().any(|vote| vote.member == member) {
        return refuse(
            RefusalCode::Duplicate,
            format!("{member} has voted already"),
        );
    }
    panel.votes.push(PanelVote { member, verdict });
    let same = panel.votes.iter().filter(|v| v.verdict == verdict).count();
    if same.saturating_mul(2) > panel.members.len() {
        let left = left_of(&charge, &credits(ctx, case.session)?)?;
        let answered = state.answer.map_or(left, |answer| answer.total);
        let decision = Decision {
            ruling: Ruling::Panel,
            total: total(verdict, &state, answered, left),
        };
        return close(ctx, case, &charge, state, decision);
    }
    ctx.view
        .put(key_for_case(case.session, case.opener), &state);
    Ok(Effect::Case(CaseEffect::Voted {
        session: case.session,
        opener: case.opener,
        verdict,
    })
    .into())
}

/// The total that a verdict stands for.
pub(super) fn total(verdict: Verdict, state: &CaseState, answered: Micro, left: Micro) -> Micro {
    match verdict {
        Verdict::Claim => state.claimed,
        Verdict::Answer => answered,
        Verdict::Stands => left,
    }
}

/// The verdict with more votes than each other one; none when no vote was cast, or two are even.
pub(super) fn plurality(panel: &PanelState) -> Option<Verdict> {
    let count = |verdict| panel.votes.iter().filter(|v| v.verdict == verdict).count();
    let all = [Verdict::Claim, Verdict::Answer, Verdict::Stands];
    all.into_iter().find(|verdict| {
        let own = count(*verdict);
        own > 0
            && all
                .iter()
                .all(|other| other == verdict || count(*other) < own)
    })
}
