//! What a motion needs to be put to the vote, and what it does once it is decided.

use super::{Council, Model, Seat};
use crate::model::{Judge, MemberRec, Place};
use fairway_ledger::{Candidate, Motion, Parameter, Role, Standing};
use fairway_model::{MemberId, PublicKey, RefusalCode};

/// Most members.
const MOST_MEMBERS: usize = 1_024;

impl Model {
    /// Whether the motion could take effect now.
    pub(super) fn possible(&self, motion: &Motion, now: i64, judge: &mut Judge) {
        let council = &self.council;
        match motion {
            Motion::Admit { candidate, role } => self.admissible(candidate, *role, now, judge),
            Motion::Suspend { member, .. } => {
                council.is_one_of(*member, &[Standing::Active], now, judge);
            }
            Motion::Reinstate { member } => {
                council.is_one_of(*member, &[Standing::Suspended], now, judge);
            }
            Motion::Expel { member, .. } => {
                let may = [Standing::Active, Standing::Suspended];
                council.is_one_of(*member, &may, now, judge);
            }
            Motion::ChangeValidators { join, leave } => {
                council.changeable(join, leave, now, judge);
            }
            Motion::SetParameter { parameter, .. } => {
                // One change of a parameter after the other.
                let waits =
                    |(p, _, from): &(Parameter, i64, u64)| p == parameter && *from > self.height;
                let waiting = council.values.iter().any(waits);
                judge.must(!waiting, RefusalCode::OutOfOrder);
            }
            Motion::ActivateVersion { version, .. } => {
                let waiting = council.versions.iter().any(|(_, from)| *from > self.height);
                let next = *version == self.version() + 1;
                judge.must(next && !waiting, RefusalCode::OutOfOrder);
            }
        }
    }

    fn admissible(&self, candidate: &Candidate, role: Role, now: i64, judge: &mut Judge) {
        let (member, council) = (&candidate.member, &self.council);
        let seat = council.roll.get(&member.id);
        let present = seat.map(|s| s.at(now));
        let here = matches!(present, Some(Standing::Active | Standing::Suspended));
        judge.must(!here, RefusalCode::Duplicate);
        let room = seat.is_some() || council.roll.len() < MOST_MEMBERS;
        judge.must(room, RefusalCode::TooLarge);
        for key in keys_of(candidate) {
            judge.must(!self.keys.contains_key(&key), RefusalCode::KeyTaken);
        }
        if role == Role::Validator {
            judge.must(member.validator.is_some(), RefusalCode::ValidatorSet);
            council.set_of(council.validators() + 1, judge);
        }
    }

    /// What a decided motion does.
    pub(super) fn decided(&mut self, motion: &Motion, place: Place) {
        match motion {
            Motion::Admit { candidate, role } => self.take_in(candidate, *role, place),
            Motion::Suspend { member, .. } => {
                self.council.stands(*member, Standing::Suspended, place.now);
            }
            Motion::Reinstate { member } => {
                self.council.stands(*member, Standing::Active, place.now);
            }
            Motion::Expel { member, .. } => {
                self.council.stands(*member, Standing::Expelled, place.now);
            }
            Motion::ChangeValidators { join, leave } => {
                let joins = join.iter().map(|m| (m, true));
                for (member, validates) in joins.chain(leave.iter().map(|m| (m, false))) {
                    if let Some(seat) = self.council.roll.get_mut(member) {
                        seat.validates = validates;
                    }
                }
            }
            Motion::SetParameter {
                parameter,
                value,
                from,
            } => {
                let from = (*from).max(place.height + 1);
                self.council.values.push((*parameter, *value, from));
            }
            Motion::ActivateVersion { version, from } => {
                let from = (*from).max(place.height + 1);
                self.council.versions.push((*version, from));
            }
        }
        self.council.spare(place.now);
    }

    fn take_in(&mut self, candidate: &Candidate, role: Role, place: Place) {
        let member = &candidate.member;
        for key in keys_of(candidate) {
            let signs = key == member.key;
            self.keys.insert(key, (member.id, signs, place.height));
        }
        let seat = Seat {
            standing: Standing::Active,
            since: place.now,
            validates: role == Role::Validator,
            key: member.validator,
            address: candidate.ledger.clone(),
        };
        self.council.roll.insert(member.id, seat);
        let rec = MemberRec {
            member: member.clone(),
            old: None,
            old_encryption: None,
        };
        self.members.insert(member.id, rec);
    }
}

/// All keys of a candidate, each of which is to be new.
fn keys_of(candidate: &Candidate) -> Vec<PublicKey> {
    let member = &candidate.member;
    let encryption = member.encryption.map(|key| PublicKey(key.0));
    [Some(member.key), member.validator, encryption]
        .into_iter()
        .flatten()
        .collect()
}

impl Council {
    fn is_one_of(&self, member: MemberId, may: &[Standing], now: i64, judge: &mut Judge) {
        match self.roll.get(&member) {
            None => judge.no(RefusalCode::MemberUnknown),
            Some(seat) => judge.must(may.contains(&seat.at(now)), RefusalCode::OutOfOrder),
        }
    }

    fn changeable(&self, join: &[MemberId], leave: &[MemberId], now: i64, judge: &mut Judge) {
        for member in join {
            self.is_one_of(*member, &[Standing::Active], now, judge);
            let fit = self.roll.get(member).is_none_or(|seat| {
                seat.standing != Standing::Left && !seat.validates && seat.key.is_some()
            });
            judge.must(fit, RefusalCode::ValidatorSet);
        }
        for member in leave {
            match self.roll.get(member) {
                None => judge.no(RefusalCode::MemberUnknown),
                Some(seat) => judge.must(seat.validates, RefusalCode::ValidatorSet),
            }
        }
        let then = self.validators() + join.len();
        self.set_of(then.saturating_sub(leave.len()), judge);
    }

    fn stands(&mut self, member: MemberId, standing: Standing, now: i64) {
        if let Some(seat) = self.roll.get_mut(&member) {
            (seat.standing, seat.since) = (standing, now);
        }
    }
}
