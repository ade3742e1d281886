//! Shows misbehaviour to the contracts without being asked: what the ledger node heard a validator sign, this member reports once.

use super::ballots::{evidence, report};
use super::ledger::state;
use super::own::OwnKeys;
use bytes::Bytes;
use fairway_chain::{Handle, Misdeed};
use fairway_ledger::{
    Evidence, KeyPurpose, RollState, Standing, UsedKeyState, key_for_evidence, key_for_roll,
    key_for_used_key,
};
use fairway_model::canonical::Canonical as _;
use fairway_model::{Hash, MemberId, PublicKey, Time};
use std::collections::BTreeSet;
use std::time::Duration;

/// Pause between two looks at what the node heard.
const LOOK: Duration = Duration::from_secs(1);
/// Looks between two submissions of the same evidence, while it is not on record.
const AGAIN: u32 = 5;
/// Misdeeds that are remembered as done with; the chain itself names one of each validator.
const MAX_DONE: usize = 1_024;

/// Which misdeed.
type Id = ([u8; 32], u64, u64);

fn id(misdeed: &Misdeed) -> Id {
    let vote = &misdeed.first;
    (misdeed.validator, vote.epoch, vote.view)
}

/// A member that watches its fellow members.
pub(super) struct Watchman {
    pub(super) chain: Handle,
    pub(super) chain_id: String,
    pub(super) me: MemberId,
    pub(super) keys: OwnKeys,
}

/// What is to be done about a misdeed.
enum Verdict {
    /// Nothing, now or later: it is on record, or it is nobody's who could be suspended for it.
    Done(&'static str),
    /// Show it.
    Show(Box<Evidence>),
    /// This member may not act at present.
    Wait,
}

impl Watchman {
    /// Watches until the process ends.
    pub(super) async fn run(self) {
        let (mut done, mut rounds) = (BTreeSet::new(), 0u32);
        loop {
            tokio::time::sleep(LOOK).await;
            rounds = rounds.wrapping_add(1);
            for misdeed in self.chain.misdeeds() {
                if done.contains(&id(&misdeed)) {
                    continue;
                }
                if self.look_after(&misdeed, rounds).await {
                    done.insert(id(&misdeed));
                    if done.len() > MAX_DONE {
                        done.pop_first();
                    }
                }
            }
        }
    }

    /// Whether nothing more is to be done about a misdeed.
    async fn look_after(&self, misdeed: &Misdeed, rounds: u32) -> bool {
        let (_, epoch, view) = id(misdeed);
        let key = PublicKey(misdeed.validator);
        match self.judge(misdeed).await {
            Verdict::Done(why) => {
                tracing::info!(%key, epoch, view, "misbehaviour of a validator: {why}");
                true
            }
            Verdict::Wait => false,
            Verdict::Show(evidence) => {
                // Members take turns, so that seldom more than one shows it.
                let [turn, ..] = Hash::plain(self.me.to_string().as_bytes()).0;
                if rounds.wrapping_add(turn.into()).checked_rem(AGAIN) == Some(0) {
                    let offender = evidence.offender;
                    let transaction =
                        report(&self.chain_id, self.me, &self.keys.member(), *evidence);
                    tracing::warn!(%offender, epoch, view, "two contradicting votes of its validator go to the ledger");
                    if let Err(error) = self.chain.submit(Bytes::from(transaction.to_bytes())).await
                    {
                        tracing::warn!(%offender, "evidence not taken yet: {error}");
                    }
                }
                false
            }
        }
    }

    async fn judge(&self, misdeed: &Misdeed) -> Verdict {
        let (_, epoch, view) = id(misdeed);
        let key = PublicKey(misdeed.validator);
        let used: Option<UsedKeyState> = state(&self.chain, key_for_used_key(key)).await;
        let Some(used) = used.filter(|used| used.purpose == KeyPurpose::Validator) else {
            return Verdict::Done("its key is no member's");
        };
        if used.member == self.me {
            return Verdict::Done(
                "it is our own; two nodes run with one validator key, or its votes were lost",
            );
        }
        if self
            .chain
            .get(key_for_evidence(key, epoch, view))
            .await
            .is_some()
        {
            return Verdict::Done("on record");
        }
        let roll: RollState = state(&self.chain, key_for_roll()).await.unwrap_or_default();
        let now = Time(self.chain.status().time_ms);
        let standing = |member| roll.find(member).map(|entry| entry.standing_at(now));
        if standing(used.member) != Some(Standing::Active) {
            return Verdict::Done("its member has lost its rights already");
        }
        if standing(self.me) != Some(Standing::Active) {
            return Verdict::Wait;
        }
        Verdict::Show(Box::new(evidence(used.member, misdeed)))
    }
}

/// All that the node heard, against the members whose keys signed it.
pub(super) async fn heard(chain: &Handle) -> Vec<Evidence> {
    let mut out = Vec::new();
    for misdeed in chain.misdeeds() {
        let key = key_for_used_key(PublicKey(misdeed.validator));
        if let Some(used) = state::<UsedKeyState>(chain, key).await {
            out.push(evidence(used.member, &misdeed));
        }
    }
    out
}
