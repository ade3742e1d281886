//! The roll: who is or was a member, with which standing, and who validates.
//!
//! A validator whose member loses its rights leaves the set as well, but never so that fewer than
//! [`MIN_VALIDATORS`] remain: with three validators the ledger would stand still when any one is silent, while among four one may
//! even lie. Such a validator stays in the set, without any other right, until another joins.

use super::ops::CouncilEffect;
use super::state::{KeyPurpose, MemberStanding, UsedKeyState, key_for_roll, key_for_used_key};
use crate::context::{Context, Done, refuse};
use crate::genesis::member_fault;
use crate::keys::{Key, key_for_member};
use crate::limits::{MAX_VALIDATORS, MIN_VALIDATORS};
use crate::receipt::Effect;
use crate::state::MemberState;
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use fairway_model::ids::MemberId;
use fairway_model::refusal::{Refusal, RefusalCode};
use fairway_model::registry::{EncryptionKey, Member};
use fairway_model::sign::PublicKey;
use fairway_model::time::Time;
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// What a member is to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Standing {
    /// The members vote on taking it in; it may do nothing yet.
    #[n(0)]
    Invited,
    /// It may do everything.
    #[n(1)]
    Active,
    /// It may pay, settle what began before, and close what is open.
    #[n(2)]
    Suspended,
    /// It left by own wish; what may be done is as for a suspended one.
    #[n(3)]
    Left,
    /// It was expelled by vote; what may be done is as for a suspended one.
    #[n(4)]
    Expelled,
}

impl core::fmt::Display for Standing {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Left => "left",
            Self::Expelled => "expelled",
        })
    }
}

/// What a member's node does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Role {
    /// It checks, executes and votes.
    #[n(0)]
    Validator,
    /// It checks and executes.
    #[n(1)]
    FullNode,
}

/// A member on the roll.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct RollEntry {
    /// Who.
    #[n(0)]
    pub member: MemberId,
    /// Its standing; read it with [`RollEntry::standing_at`].
    #[n(1)]
    pub standing: Standing,
    /// Since when. A time to come is the notice of somebody who leaves.
    #[n(2)]
    pub since: Time,
    /// Whether it is in the validator set of the next epoch.
    #[n(3)]
    pub role: Role,
    /// Its validator key.
    #[n(4)]
    pub validator: Option<PublicKey>,
    /// Where its ledger node listens; empty for founders, whose addresses the genesis file names.
    #[n(5)]
    pub ledger: String,
}

impl RollEntry {
    /// The standing at a time: whoever gave notice is active until then.
    pub fn standing_at(&self, now: Time) -> Standing {
        if self.standing == Standing::Left && now < self.since {
            Standing::Active
        } else {
            self.standing
        }
    }

    /// Whether its vote counts.
    pub fn votes(&self, now: Time) -> bool {
        self.role == Role::Validator && self.standing_at(now) == Standing::Active
    }
}

/// All members.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Default)]
pub struct RollState {
    /// In order of id, at most [`crate::limits::MAX_GENESIS_MEMBERS`].
    #[n(0)]
    pub entries: Vec<RollEntry>,
}

impl RollState {
    /// A member's entry.
    pub fn find(&self, member: MemberId) -> Option<&RollEntry> {
        self.entries.iter().find(|e| e.member == member)
    }

    /// Who validates in the next epoch: members and keys, in order of member.
    pub fn validators(&self) -> impl Iterator<Item = (&RollEntry, PublicKey)> {
        self.entries
            .iter()
            .filter(|e| e.role == Role::Validator)
            .filter_map(|e| e.validator.map(|key| (e, key)))
    }

    /// How many members have a vote.
    pub fn electorate(&self, now: Time) -> usize {
        self.entries.iter().filter(|e| e.votes(now)).count()
    }

    /// Puts an entry in its place, instead of one of the same member.
    pub(crate) fn put(&mut self, entry: RollEntry) {
        let at = self.entries.partition_point(|e| e.member < entry.member);
        match self.entries.get_mut(at) {
            Some(found) if found.member == entry.member => *found = entry,
            _ => self.entries.insert(at, entry),
        }
    }

    pub(crate) fn find_mut(&mut self, member: MemberId) -> Option<&mut RollEntry> {
        self.entries.iter_mut().find(|e| e.member == member)
    }

    /// Forgets those whose vote must have run out.
    pub(crate) fn forget_invitations(&mut self, before: Time) {
        self.entries
            .retain(|e| e.standing != Standing::Invited || e.since > before);
    }

    /// Takes validators that are no longer active out of the set, as long as enough remain.
    fn retire_inactive(&mut self, now: Time) {
        let mut count = self.validators().count();
        let gone = self
            .entries
            .iter_mut()
            .filter(|e| e.role == Role::Validator && e.standing_at(now) != Standing::Active);
        for entry in gone {
            if count <= MIN_VALIDATORS {
                return;
            }
            entry.role = Role::FullNode;
            count = count.saturating_sub(1);
        }
    }
}

/// What the founders have in common: the roll and the index of their keys.
pub(crate) fn genesis(members: &[Member]) -> BTreeMap<Key, Vec<u8>> {
    let (mut roll, mut state) = (RollState::default(), BTreeMap::new());
    for member in members {
        roll.put(RollEntry {
            member: member.id,
            standing: Standing::Active,
            since: Time(0),
            role: match member.validator {
                Some(_) => Role::Validator,
                None => Role::FullNode,
            },
            validator: member.validator,
            ledger: String::new(),
        });
        let keys = [
            (KeyPurpose::Member, Some(member.key)),
            (KeyPurpose::Validator, member.validator),
            (KeyPurpose::Encryption, member.encryption.map(used_name)),
        ];
        for (purpose, key) in keys.into_iter().filter_map(|(p, key)| Some((p, key?))) {
            let used = UsedKeyState {
                member: member.id,
                purpose,
                height: 0,
            };
            state.insert(key_for_used_key(key), used.to_bytes());
        }
    }
    state.insert(key_for_roll(), roll.to_bytes());
    state
}

pub(crate) fn load(ctx: &Context<'_, '_>) -> Result<RollState, Refusal> {
    Ok(ctx.view.get(&key_for_roll())?.unwrap_or_default())
}

/// Writes the roll, after taking out of the validator set who may be taken out.
pub(crate) fn store(ctx: &mut Context<'_, '_>, roll: &RollState) {
    let mut roll = roll.clone();
    roll.retire_inactive(ctx.now());
    ctx.view.put(key_for_roll(), &roll);
}

pub(crate) fn find(roll: &RollState, member: MemberId) -> Result<&RollEntry, Refusal> {
    roll.find(member).ok_or_else(|| {
        Refusal::new(
            RefusalCode::MemberUnknown,
            format!("{member} is not on the roll of this chain"),
        )
    })
}

/// Changes a member's standing from this block on, on the roll and in the member's own entry.
pub(crate) fn set_standing(
    ctx: &mut Context<'_, '_>,
    roll: &mut RollState,
    member: MemberId,
    standing: Standing,
) -> Result<(), Refusal> {
    let since = ctx.now();
    set_standing_from(ctx, roll, member, standing, since)
}

fn set_standing_from(
    ctx: &mut Context<'_, '_>,
    roll: &mut RollState,
    member: MemberId,
    standing: Standing,
    since: Time,
) -> Result<(), Refusal> {
    find(roll, member)?;
    if let Some(entry) = roll.find_mut(member) {
        (entry.standing, entry.since) = (standing, since);
    }
    let mut state = ctx.member_state(member)?;
    state.standing = (standing != Standing::Active).then_some(MemberStanding { standing, since });
    ctx.view.put(key_for_member(member), &state);
    Ok(())
}

/// Whether a set of `next` validators may follow one of `present`. A chain that was founded with fewer than [`MIN_VALIDATORS`]
/// may grow toward them.
pub(crate) fn check_set_size(present: usize, next: usize) -> Result<(), Refusal> {
    if next > MAX_VALIDATORS {
        return refuse(
            RefusalCode::ValidatorSet,
            format!("the set would have {next} validators; at most {MAX_VALIDATORS} are allowed"),
        );
    }
    if next < MIN_VALIDATORS && next < present {
        return refuse(
            RefusalCode::ValidatorSet,
            format!(
                "the set would have {next} validators; at least {MIN_VALIDATORS} must remain, so another must join first"
            ),
        );
    }
    Ok(())
}

/// Under what an encryption key stands in the index of used keys: its bytes, like those of a signing key.
pub(crate) fn used_name(key: EncryptionKey) -> PublicKey {
    PublicKey(key.0)
}

/// A key is one member's, for one purpose, once.
pub(crate) fn take_key(
    ctx: &mut Context<'_, '_>,
    key: PublicKey,
    member: MemberId,
    purpose: KeyPurpose,
) -> Result<(), Refusal> {
    check_key_is_fresh(ctx, key)?;
    let used = UsedKeyState {
        member,
        purpose,
        height: ctx.block.height,
    };
    ctx.view.put(key_for_used_key(key), &used);
    Ok(())
}

pub(crate) fn check_key_is_fresh(ctx: &Context<'_, '_>, key: PublicKey) -> Result<(), Refusal> {
    let Some(used) = ctx.view.get::<UsedKeyState>(&key_for_used_key(key))? else {
        return Ok(());
    };
    let purpose = match used.purpose {
        KeyPurpose::Member => "member",
        KeyPurpose::Validator => "validator",
        KeyPurpose::Encryption => "encryption",
    };
    refuse(
        RefusalCode::KeyTaken,
        format!(
            "key {key} is or was the {purpose} key of {}; make a new one",
            used.member
        ),
    )
}

/// Leaves by own wish.
pub(crate) fn leave(ctx: &mut Context<'_, '_>, from: Time) -> Result<Done, Refusal> {
    let mut roll = load(ctx)?;
    let entry = find(&roll, ctx.member())?;
    if entry.standing == Standing::Left {
        return refuse(
            RefusalCode::Duplicate,
            format!(
                "{} has given notice for {} already",
                ctx.member(),
                entry.since
            ),
        );
    }
    let earliest = ctx.now().plus(ctx.rules.leave_notice_ms);
    if from < earliest {
        return refuse(
            RefusalCode::TimeInvalid,
            format!("notice for {from} is too short; the earliest is {earliest}"),
        );
    }
    if entry.role == Role::Validator {
        let present = roll.validators().count();
        check_set_size(present, present.saturating_sub(1))?;
    }
    let me = ctx.member();
    set_standing_from(ctx, &mut roll, me, Standing::Left, from)?;
    if let Some(entry) = roll.find_mut(me) {
        entry.role = Role::FullNode;
    }
    store(ctx, &roll);
    Ok(Effect::Council(CouncilEffect::Leaves { from }).into())
}

/// Registers or replaces the validator key. What the old one signed stays signed; it is in the set until the epoch's end.
pub(crate) fn rotate_validator_key(
    ctx: &mut Context<'_, '_>,
    new_key: PublicKey,
) -> Result<Done, Refusal> {
    let me = ctx.member();
    take_key(ctx, new_key, me, KeyPurpose::Validator)?;
    let mut state: MemberState = ctx.member_state(me)?;
    state.member.validator = Some(new_key);
    ctx.view.put(key_for_member(me), &state);
    let mut roll = load(ctx)?;
    find(&roll, me)?;
    if let Some(entry) = roll.find_mut(me) {
        entry.validator = Some(new_key);
    }
    store(ctx, &roll);
    Ok(Effect::Council(CouncilEffect::ValidatorKeyRotated).into())
}

/// From this block on the member is reached elsewhere, or shows another certificate.
pub(crate) fn change_contact(
    ctx: &mut Context<'_, '_>,
    endpoint: &str,
    tls_fingerprint: Hash,
    ledger: Option<&String>,
) -> Result<Done, Refusal> {
    let me = ctx.member();
    let mut state: MemberState = ctx.member_state(me)?;
    endpoint.clone_into(&mut state.member.endpoint);
    state.member.tls_fingerprint = tls_fingerprint;
    if let Some(what) = member_fault(&state.member) {
        return refuse(RefusalCode::Malformed, format!("{me}: {what}"));
    }
    ctx.view.put(key_for_member(me), &state);
    if let Some(address) = ledger {
        let mut roll = load(ctx)?;
        find(&roll, me)?;
        if let Some(entry) = roll.find_mut(me) {
            entry.ledger.clone_from(address);
        }
        store(ctx, &roll);
    }
    Ok(Effect::Council(CouncilEffect::ContactChanged).into())
}
