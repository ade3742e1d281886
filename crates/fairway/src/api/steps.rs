//! Who did what to which agreement, in which transaction of which block: the steps as the ledger took them.

use fairway_ledger::{Effect, Receipt, TermsEffect};
use fairway_model::{AgreementId, MemberId, Time};
use fairway_utility::door::{Entry, items};
use std::collections::BTreeMap;

/// Most agreements whose steps are kept; the one that rested longest leaves.
const MAX_AGREEMENTS: usize = 10_000;
/// Most steps kept of one; both signatures stay, of the later ones the newest.
const MAX_STEPS: usize = 64;
/// The steps that hold the signatures.
const SIGNATURES: usize = 2;

/// A step that the ledger took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// `proposed`, `countered`, `countersigned`, `suspended`, `resumed`, `terminated` or `broken`.
    pub(crate) word: &'static str,
    /// Who asked and signed.
    pub(crate) member: MemberId,
    /// The transaction, of an item its batch.
    pub(crate) transaction: [u8; 32],
    /// Its block.
    pub(crate) height: u64,
    /// The block's time.
    pub(crate) time: Time,
}

/// The steps of every agreement.
#[derive(Debug, Default)]
pub(crate) struct Steps(BTreeMap<AgreementId, Vec<Step>>);

/// What an applied operation did to agreements.
fn moved(receipt: &Receipt) -> Vec<(AgreementId, &'static str)> {
    match receipt.effect() {
        Some(Effect::AgreementProposed { agreement }) => vec![(*agreement, "proposed")],
        Some(Effect::AgreementCountersigned { agreement }) => vec![(*agreement, "countersigned")],
        Some(Effect::AgreementTerminated { agreement, .. }) => vec![(*agreement, "terminated")],
        Some(Effect::Terms(effect)) => match effect {
            TermsEffect::Countered {
                supersedes,
                agreement,
                ..
            } => vec![(*supersedes, "countered"), (*agreement, "proposed")],
            TermsEffect::Suspended { agreement, .. } => vec![(*agreement, "suspended")],
            TermsEffect::Resumed { agreement } => vec![(*agreement, "resumed")],
            TermsEffect::Broken { agreement, .. } => vec![(*agreement, "broken")],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

impl Steps {
    /// Notes what a transaction of a block did.
    pub(crate) fn take(&mut self, entry: &Entry, height: u64, time: Time) {
        let Ok(content) = &entry.content else {
            return;
        };
        for (transaction, receipt) in items(content).unwrap_or_default().iter() {
            for (agreement, word) in moved(receipt) {
                let step = Step {
                    word,
                    member: transaction.member,
                    transaction: entry.id.0,
                    height,
                    time,
                };
                self.note(agreement, step);
            }
        }
    }

    fn note(&mut self, agreement: AgreementId, step: Step) {
        let known = self.0.contains_key(&agreement);
        if !known && self.0.len() >= MAX_AGREEMENTS {
            let rested = |steps: &Vec<Step>| steps.last().map(|s| s.height);
            let oldest = self.0.iter().min_by_key(|(_, steps)| rested(steps));
            if let Some(id) = oldest.map(|(id, _)| *id) {
                self.0.remove(&id);
            }
        }
        let steps = self.0.entry(agreement).or_default();
        if steps.len() >= MAX_STEPS {
            steps.remove(SIGNATURES);
        }
        steps.push(step);
    }

    /// The steps of one agreement, oldest first.
    pub(crate) fn of(&self, agreement: AgreementId) -> Vec<Step> {
        self.0.get(&agreement).cloned().unwrap_or_default()
    }

    /// Every agreement, the one that moved last first.
    pub(crate) fn all(&self) -> Vec<(AgreementId, Vec<Step>)> {
        let mut all: Vec<_> = self.0.iter().map(|(id, s)| (*id, s.clone())).collect();
        all.sort_by_key(|(_, steps)| core::cmp::Reverse(steps.last().map(|s| s.height)));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_model::Hash;

    fn step(word: &'static str, height: u64) -> Step {
        Step {
            word,
            member: MemberId::parse("US*DUK").unwrap(),
            transaction: [0; 32],
            height,
            time: Time(0),
        }
    }

    #[test]
    fn signatures_stay_when_many_steps_follow() {
        let mut steps = Steps::default();
        let id = |text: &[u8]| AgreementId(Hash::plain(text));
        steps.note(id(b"a"), step("proposed", 1));
        steps.note(id(b"a"), step("countersigned", 2));
        for height in 3..200 {
            steps.note(id(b"a"), step("suspended", height));
        }
        steps.note(id(b"b"), step("proposed", 150));
        let kept = steps.of(id(b"a"));
        assert_eq!(kept.len(), MAX_STEPS);
        assert_eq!((kept[0].word, kept[1].word), ("proposed", "countersigned"));
        assert_eq!(kept.last().unwrap().height, 199);
        let order: Vec<AgreementId> = steps.all().into_iter().map(|(id, _)| id).collect();
        assert_eq!(order, [id(b"a"), id(b"b")]);
    }
}
