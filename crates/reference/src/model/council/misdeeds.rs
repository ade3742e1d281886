//! Two votes of one validator that no honest program signs both.

use super::Model;
use crate::model::{Judge, Place, Postings, Verdict};
use fairway_ledger::{Ballot, CouncilEffect, Effect, Evidence, Standing};
use fairway_model::{MemberId, RefusalCode};

/// A misdeed on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misdeed {
    /// Both votes.
    pub evidence: Evidence,
    /// Who showed them, at which height.
    pub shown: (MemberId, u64),
    /// Whether the member was suspended for it.
    pub suspended: bool,
}

/// Two different blocks voted for, or two different ones final, or one view given up and its block final.
pub fn contradict(evidence: &Evidence) -> bool {
    let (a, b) = (&evidence.first.ballot, &evidence.second.ballot);
    if a.round() != b.round() {
        return false;
    }
    match (a, b) {
        (Ballot::Notarize(x), Ballot::Notarize(y)) | (Ballot::Finalize(x), Ballot::Finalize(y)) => {
            x != y
        }
        (Ballot::Nullify { .. }, Ballot::Finalize(_))
        | (Ballot::Finalize(_), Ballot::Nullify { .. }) => true,
        _ => false,
    }
}

/// What a validator of a chain signs: the length and the text of a namespace, then numbers of seven bits a byte, then the block.
pub fn signed_words(chain: &str, ballot: &Ballot) -> Vec<u8> {
    let (word, block) = match ballot {
        Ballot::Notarize(p) => ("NOTARIZE", Some(p)),
        Ballot::Nullify { .. } => ("NULLIFY", None),
        Ballot::Finalize(p) => ("FINALIZE", Some(p)),
    };
    let name = format!("fairway-chain/1/{chain}_{word}");
    let (epoch, view) = ballot.round();
    let mut out = number(u64::try_from(name.len()).unwrap_or(0));
    out.extend(name.into_bytes());
    out.extend(number(epoch));
    out.extend(number(view));
    if let Some(p) = block {
        out.extend(number(p.parent));
        out.extend(p.block.0);
    }
    out
}

fn number(n: u64) -> Vec<u8> {
    let low = u8::try_from(n % 128).unwrap_or(0);
    if n < 128 {
        return vec![low];
    }
    let mut out = vec![low + 128];
    out.extend(number(n / 128));
    out
}

impl Model {
    pub(super) fn report(&mut self, by: MemberId, evidence: &Evidence, place: Place) -> Verdict {
        let mut judge = Judge::default();
        let (epoch, view) = evidence.first.ballot.round();
        // A validator's key that is or was this member's; a key that signs transactions proves nothing.
        let known = self.keys.get(&evidence.key);
        let its = known.is_some_and(|(who, signs, _)| *who == evidence.offender && !signs);
        judge.must(its, RefusalCode::EvidenceEmpty);
        let key = (evidence.key, epoch, view);
        let twice = self.council.misdeeds.contains_key(&key);
        judge.must(!twice, RefusalCode::Duplicate);
        let seat = self.council.roll.get(&evidence.offender);
        let suspended = seat
            .is_some_and(|s| s.key == Some(evidence.key) && s.at(place.now) == Standing::Active);
        if judge.clear() {
            let misdeed = Misdeed {
                evidence: evidence.clone(),
                shown: (by, place.height),
                suspended,
            };
            self.council.misdeeds.insert(key, misdeed);
            if let Some(seat) = self.council.roll.get_mut(&evidence.offender)
                && suspended
            {
                (seat.standing, seat.since) = (Standing::Suspended, place.now);
            }
            self.council.spare(place.now);
        }
        let effect = CouncilEffect::MisbehaviourRecorded {
            member: evidence.offender,
            suspended,
        };
        judge.verdict(Effect::Council(effect), Postings::new())
    }
}
