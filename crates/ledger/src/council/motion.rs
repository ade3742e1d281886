//! What a motion needs to be put to the vote, and what it does once it is decided.

use super::charter::Parameter;
use super::ops::{Candidate, Motion};
use super::roll::{
    Role, RollEntry, RollState, Standing, check_key_is_fresh, check_set_size, find, set_standing,
    take_key, used_name,
};
use super::state::{CharterState, KeyPurpose, ParameterFrom, VersionFrom, key_for_charter};
use crate::context::{Context, refuse};
use crate::keys::key_for_member;
use crate::limits::MAX_GENESIS_MEMBERS;
use crate::state::MemberState;
use fairway_model::ids::MemberId;
use fairway_model::refusal::{Refusal, RefusalCode};

/// Whether the motion could take effect now. Checked when it is proposed, so that nobody votes on what cannot be, and again when
/// it takes effect, for the state may have changed.
pub(crate) fn check(
    ctx: &Context<'_, '_>,
    roll: &RollState,
    motion: &Motion,
) -> Result<(), Refusal> {
    match motion {
        Motion::Admit { candidate, role } => check_admission(ctx, roll, candidate, *role),
        Motion::Suspend { member, .. } => {
            let here = standing(ctx, roll, *member)?;
            must(*member, here, &[Standing::Active], "suspended")
        }
        Motion::Reinstate { member } => {
            let here = standing(ctx, roll, *member)?;
            must(*member, here, &[Standing::Suspended], "reinstated")
        }
        Motion::Expel { member, .. } => {
            let here = standing(ctx, roll, *member)?;
            let may = [Standing::Active, Standing::Suspended];
            must(*member, here, &may, "expelled")
        }
        Motion::ChangeValidators { join, leave } => check_change(ctx, roll, join, leave),
        Motion::SetParameter { parameter, .. } => check_parameter(ctx, *parameter),
        Motion::ActivateVersion { version, .. } => check_version(ctx, *version),
    }
}

/// Lets a motion take effect.
pub(crate) fn apply(
    ctx: &mut Context<'_, '_>,
    roll: &mut RollState,
    motion: &Motion,
) -> Result<(), Refusal> {
    check(ctx, roll, motion)?;
    let next = ctx.block.height.saturating_add(1);
    match motion {
        Motion::Admit { candidate, role } => admit(ctx, roll, candidate, *role),
        Motion::Suspend { member, .. } => set_standing(ctx, roll, *member, Standing::Suspended),
        Motion::Reinstate { member } => set_standing(ctx, roll, *member, Standing::Active),
        Motion::Expel { member, .. } => set_standing(ctx, roll, *member, Standing::Expelled),
        Motion::ChangeValidators { join, leave } => {
            let changes = join
                .iter()
                .map(|m| (*m, Role::Validator))
                .chain(leave.iter().map(|m| (*m, Role::FullNode)));
            for (member, role) in changes {
                if let Some(entry) = roll.find_mut(member) {
                    entry.role = role;
                }
            }
            Ok(())
        }
        Motion::SetParameter {
            parameter,
            value,
            from,
        } => {
            let (parameter, value) = (*parameter, *value);
            let from = next.max(*from);
            let mut charter = charter(ctx)?;
            let entry = ParameterFrom {
                parameter,
                value,
                from,
            };
            charter.add_value(entry, ctx.block.height);
            ctx.view.put(key_for_charter(), &charter);
            Ok(())
        }
        Motion::ActivateVersion { version, from } => {
            let mut charter = charter(ctx)?;
            let entry = VersionFrom {
                version: *version,
                from: next.max(*from),
            };
            charter.add_version(entry, ctx.block.height);
            ctx.view.put(key_for_charter(), &charter);
            Ok(())
        }
    }
}

fn charter(ctx: &Context<'_, '_>) -> Result<CharterState, Refusal> {
    Ok(ctx.view.get(&key_for_charter())?.unwrap_or_default())
}

fn standing(
    ctx: &Context<'_, '_>,
    roll: &RollState,
    member: MemberId,
) -> Result<Standing, Refusal> {
    find(roll, member).map(|entry| entry.standing_at(ctx.now()))
}

fn must(member: MemberId, here: Standing, may: &[Standing], what: &str) -> Result<(), Refusal> {
    if may.contains(&here) {
        return Ok(());
    }
    refuse(
        RefusalCode::OutOfOrder,
        format!("{member} is {here}; it cannot be {what}"),
    )
}

fn check_admission(
    ctx: &Context<'_, '_>,
    roll: &RollState,
    candidate: &Candidate,
    wanted: Role,
) -> Result<(), Refusal> {
    let member = &candidate.member;
    let present = roll.find(member.id).map(|e| e.standing_at(ctx.now()));
    if let Some(here @ (Standing::Active | Standing::Suspended)) = present {
        return refuse(
            RefusalCode::Duplicate,
            format!("{} is a member already, {here}", member.id),
        );
    }
    if present.is_none() && roll.entries.len() >= MAX_GENESIS_MEMBERS {
        return refuse(
            RefusalCode::TooLarge,
            format!("the roll has {MAX_GENESIS_MEMBERS} members; no more are allowed"),
        );
    }
    check_key_is_fresh(ctx, member.key)?;
    if let Some(key) = member.validator {
        check_key_is_fresh(ctx, key)?;
    }
    if let Some(key) = member.encryption {
        check_key_is_fresh(ctx, used_name(key))?;
    }
    if wanted == Role::FullNode {
        return Ok(());
    }
    if member.validator.is_none() {
        return no_key(member.id);
    }
    let present = roll.validators().count();
    check_set_size(present, present.saturating_add(1))
}

fn no_key<T>(member: MemberId) -> Result<T, Refusal> {
    refuse(
        RefusalCode::ValidatorSet,
        format!("{member} has no validator key; it must register one first"),
    )
}

fn check_change(
    ctx: &Context<'_, '_>,
    roll: &RollState,
    join: &[MemberId],
    leave: &[MemberId],
) -> Result<(), Refusal> {
    let wrong = |text: String| refuse(RefusalCode::ValidatorSet, text);
    for member in join {
        let entry = find(roll, *member)?;
        must(
            *member,
            entry.standing_at(ctx.now()),
            &[Standing::Active],
            "a validator",
        )?;
        if entry.standing == Standing::Left {
            return wrong(format!("{member} has given notice; it cannot join the set"));
        }
        if entry.role == Role::Validator {
            return wrong(format!("{member} is in the set already"));
        }
        if entry.validator.is_none() {
            return no_key(*member);
        }
    }
    for member in leave {
        if find(roll, *member)?.role != Role::Validator {
            return wrong(format!("{member} is not in the set"));
        }
    }
    let present = roll.validators().count();
    let next = present
        .saturating_add(join.len())
        .saturating_sub(leave.len());
    check_set_size(present, next)
}

fn check_parameter(ctx: &Context<'_, '_>, parameter: Parameter) -> Result<(), Refusal> {
    let Some(waiting) = charter(ctx)?.value_to_come(parameter, ctx.block.height) else {
        return Ok(());
    };
    refuse(
        RefusalCode::OutOfOrder,
        format!(
            "{} becomes {} at height {}; the next change waits for it",
            parameter.name(),
            waiting.value,
            waiting.from
        ),
    )
}

fn check_version(ctx: &Context<'_, '_>, version: u32) -> Result<(), Refusal> {
    if let Some(waiting) = charter(ctx)?.version_to_come(ctx.block.height) {
        return refuse(
            RefusalCode::OutOfOrder,
            format!(
                "version {} begins at height {}; the next waits for it",
                waiting.version, waiting.from
            ),
        );
    }
    let next = ctx.rules.version.saturating_add(1);
    if version == next {
        return Ok(());
    }
    refuse(
        RefusalCode::OutOfOrder,
        format!(
            "version {version} does not follow version {}; {next} does",
            ctx.rules.version
        ),
    )
}

fn admit(
    ctx: &mut Context<'_, '_>,
    roll: &mut RollState,
    candidate: &Candidate,
    wanted: Role,
) -> Result<(), Refusal> {
    let member = &candidate.member;
    take_key(ctx, member.key, member.id, KeyPurpose::Member)?;
    if let Some(key) = member.validator {
        take_key(ctx, key, member.id, KeyPurpose::Validator)?;
    }
    if let Some(key) = member.encryption {
        take_key(ctx, used_name(key), member.id, KeyPurpose::Encryption)?;
    }
    roll.put(RollEntry {
        member: member.id,
        standing: Standing::Active,
        since: ctx.now(),
        role: wanted,
        validator: member.validator,
        ledger: candidate.ledger.clone(),
    });
    let state = MemberState {
        member: member.clone(),
        previous: None,
        standing: None,
        previous_encryption: None,
    };
    ctx.view.put(key_for_member(member.id), &state);
    Ok(())
}

/// Shows a candidate on the roll while it is voted on.
pub(crate) fn invite(ctx: &Context<'_, '_>, roll: &mut RollState, candidate: &Candidate) -> bool {
    if roll.find(candidate.member.id).is_some() {
        return false;
    }
    roll.put(RollEntry {
        member: candidate.member.id,
        standing: Standing::Invited,
        since: ctx.now(),
        role: Role::FullNode,
        validator: None,
        ledger: candidate.ledger.clone(),
    });
    true
}

/// Takes an invitation back that was not accepted by the members.
pub(crate) fn withdraw(roll: &mut RollState, motion: &Motion) -> bool {
    let Motion::Admit { candidate, .. } = motion else {
        return false;
    };
    let before = roll.entries.len();
    roll.entries
        .retain(|e| e.member != candidate.member.id || e.standing != Standing::Invited);
    roll.entries.len() != before
}
