//! The members as the ledger knows them: who they are, their keys, and what each may do at present.

use crate::config::MAX_DECRYPTION_KEYS;
use crate::door::Row;
use crate::registry::{Registry, row};
use fairway_ledger::council::{CouncilEffect, CouncilOperation, Motion, ProposalStatus, Standing};
use fairway_ledger::limits::KEY_OVERLAP_MS;
use fairway_ledger::state::MemberState;
use fairway_model::registry::{EncryptionKey, Member};
use fairway_model::{MemberId, PublicKey, Refusal, RefusalCode, Time};
use minicbor::{Decode, Encode};

/// A member with the keys that it had before, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct MemberRecord {
    #[n(0)]
    pub(crate) member: Member,
    /// The key before, and until when what it signed counts.
    #[n(1)]
    previous: Option<(PublicKey, Time)>,
    /// Encryption keys that were replaced, and until when each counts; the newest last, at most [`MAX_DECRYPTION_KEYS`].
    #[n(2)]
    replaced: Vec<(EncryptionKey, Time)>,
    /// What it lost its rights by, and since when; a time to come is its notice.
    #[n(3)]
    standing: Option<(Standing, Time)>,
}

impl MemberRecord {
    pub(crate) fn new(member: Member) -> Self {
        Self {
            member,
            previous: None,
            replaced: Vec::new(),
            standing: None,
        }
    }

    /// A member as the ledger's state has it.
    fn found(state: &MemberState) -> Self {
        let replaced = state.previous_encryption.iter();
        Self {
            member: state.member.clone(),
            previous: state.previous.map(|old| (old.key, old.until)),
            replaced: replaced.map(|old| (old.key, old.until)).collect(),
            standing: state.standing.map(|lost| (lost.standing, lost.since)),
        }
    }

    /// Whether `check` holds for a key of the member that counts now.
    pub(crate) fn signed(&self, now: Time, check: impl Fn(&PublicKey) -> bool) -> bool {
        let old = self.previous.filter(|(_, until)| now < *until);
        check(&self.member.key) || old.is_some_and(|(key, _)| check(&key))
    }
}

impl Registry {
    /// What messages to a member are encrypted to.
    pub(crate) fn encryption_key_of(&self, member: MemberId) -> Option<EncryptionKey> {
        self.members.get(&member).and_then(|m| m.member.encryption)
    }

    /// Encryption keys of a member that were replaced, and until when each counts.
    pub(crate) fn replaced_encryption_keys(&self, member: MemberId) -> &[(EncryptionKey, Time)] {
        self.members
            .get(&member)
            .map(|m| m.replaced.as_slice())
            .unwrap_or_default()
    }

    /// The key of a member with which something was signed: the one before while only that fits, else the present one.
    pub(crate) fn signing_key(
        &self,
        member: MemberId,
        check: impl Fn(&PublicKey) -> bool,
    ) -> Option<PublicKey> {
        let record = self.members.get(&member)?;
        let old = record.previous.map(|(key, _)| key);
        let old = old.filter(|key| !check(&record.member.key) && check(key));
        Some(old.unwrap_or(record.member.key))
    }

    /// Refuses to begin anything with a member that may not: in the driver's words.
    pub(crate) fn must_be_active(&self, member: MemberId, now: Time) -> Result<(), Refusal> {
        let lost = self
            .members
            .get(&member)
            .and_then(|record| record.standing)
            .filter(|(_, since)| *since <= now);
        let Some((standing, since)) = lost else {
            return Ok(());
        };
        let name = self.name_of(member);
        let (code, what) = match standing {
            Standing::Left => (RefusalCode::MemberGone, "left the network at"),
            Standing::Expelled => (RefusalCode::MemberGone, "was expelled from the network at"),
            _ => (
                RefusalCode::MemberSuspended,
                "is suspended from the network since",
            ),
        };
        let text = format!("{name} {what} {since}; no new charge begins with it");
        Err(Refusal::new(code, text))
    }

    /// What the council did to members; the rows to store.
    pub(crate) fn governed(
        &mut self,
        by: MemberId,
        operation: &CouncilOperation,
        effect: &CouncilEffect,
        at: Time,
    ) -> Vec<Row> {
        match (operation, effect) {
            (
                CouncilOperation::Vote { motion, .. },
                CouncilEffect::Voted {
                    status: ProposalStatus::Enacted,
                    ..
                },
            )
            | (CouncilOperation::Enact { motion, .. }, CouncilEffect::Enacted { .. }) => {
                self.decided(motion, at)
            }
            (CouncilOperation::Leave { from }, _) => {
                self.change_member(by, at, |r| r.standing = Some((Standing::Left, *from)))
            }
            (
                _,
                CouncilEffect::MisbehaviourRecorded {
                    member,
                    suspended: true,
                },
            ) => self.change_member(*member, at, |r| {
                r.standing = Some((Standing::Suspended, at));
            }),
            (CouncilOperation::RotateValidatorKey { new_key, .. }, _) => {
                self.change_member(by, at, |r| r.member.validator = Some(*new_key))
            }
            (
                CouncilOperation::ChangeContact {
                    endpoint,
                    tls_fingerprint,
                    ..
                },
                _,
            ) => self.change_member(by, at, |r| {
                endpoint.clone_into(&mut r.member.endpoint);
                r.member.tls_fingerprint = *tls_fingerprint;
            }),
            _ => Vec::new(),
        }
    }

    fn decided(&mut self, motion: &Motion, at: Time) -> Vec<Row> {
        match motion {
            Motion::Admit { candidate, .. } => {
                let record = MemberRecord::new(candidate.member.clone());
                vec![self.put_member(record, at)]
            }
            Motion::Suspend { member, .. } => self.change_member(*member, at, |r| {
                r.standing = Some((Standing::Suspended, at));
            }),
            Motion::Reinstate { member } => self.change_member(*member, at, |r| r.standing = None),
            Motion::Expel { member, .. } => {
                self.change_member(*member, at, |r| r.standing = Some((Standing::Expelled, at)))
            }
            Motion::ChangeValidators { .. }
            | Motion::SetParameter { .. }
            | Motion::ActivateVersion { .. } => Vec::new(),
        }
    }

    /// Another key for a member. What the old one signed counts for a while, unless others know it.
    pub(crate) fn rotate_member(
        &mut self,
        id: MemberId,
        key: PublicKey,
        compromised: bool,
        at: Time,
    ) -> Vec<Row> {
        self.change_member(id, at, |record| {
            let old = core::mem::replace(&mut record.member.key, key);
            record.previous = (!compromised).then_some((old, at.plus(KEY_OVERLAP_MS)));
        })
    }

    /// Another key that messages to a member are encrypted to. The old one counts for a while, unless others know it.
    pub(crate) fn rotate_encryption(
        &mut self,
        id: MemberId,
        key: EncryptionKey,
        compromised: bool,
        at: Time,
    ) -> Vec<Row> {
        // Blocks may repeat.
        if self.encryption_key_of(id) == Some(key) {
            return Vec::new();
        }
        let until = at.plus(if compromised { 0 } else { KEY_OVERLAP_MS });
        self.change_member(id, at, |record| {
            let old = record.member.encryption.replace(key);
            record.replaced.extend(old.map(|key| (key, until)));
            if record.replaced.len() > MAX_DECRYPTION_KEYS {
                record.replaced.remove(0);
            }
        })
    }

    /// A member as the state has it, known here before or not.
    pub(crate) fn found_member(&mut self, state: &MemberState, at: Time) -> Row {
        self.put_member(MemberRecord::found(state), at)
    }

    fn change_member(
        &mut self,
        id: MemberId,
        at: Time,
        change: impl FnOnce(&mut MemberRecord),
    ) -> Vec<Row> {
        let Some(mut record) = self.members.get(&id).cloned() else {
            return Vec::new();
        };
        change(&mut record);
        vec![self.put_member(record, at)]
    }

    fn put_member(&mut self, record: MemberRecord, at: Time) -> Row {
        let id = record.member.id;
        let row = row(&format!("member/{id}"), &id.to_string(), at, &record);
        self.members.insert(id, record);
        row
    }
}
