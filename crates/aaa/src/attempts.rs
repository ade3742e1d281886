//! How often a PIN or a number may be guessed.
//!
//! Two limits. A wrong PIN is counted per credential **and** asking member: after [`FREE_FAILURES`] the pair must wait, twice as
//! long after each further one, at most [`LONGEST_WAIT`]. So nobody can lock the owner out for long: at another member's
//! stations, with the card, and after a quarter of an hour the right PIN always works. The same wrong PIN again is not counted
//! again: it teaches a guesser nothing, and a repeated message must not punish. Numbers that nobody has are counted per asking member
//! only ([`MEMBER_BURST`], then one each [`MEMBER_REFILL`]), so that a member whose station guesses is slowed by seconds.
//!
//! The counts are in memory: a restart forgets them.

use fairway_model::time::{DAY, MINUTE, SECOND};
use fairway_model::{Hash, MemberId, Refusal, RefusalCode, Time};
use std::collections::BTreeMap;

/// Wrong PINs without a wait.
pub const FREE_FAILURES: u32 = 3;
/// The first wait, in milliseconds.
pub const FIRST_WAIT: i64 = 5 * SECOND;
/// The longest wait, in milliseconds.
pub const LONGEST_WAIT: i64 = 15 * MINUTE;
/// After so long without a failure the count begins anew, in milliseconds.
pub const FORGET_AFTER: i64 = DAY;
/// Most pairs tracked; the one that waits least is dropped for a new one.
pub const MAX_TRACKED: usize = 10_000;
/// Failures that one member may cause at once.
pub const MEMBER_BURST: i64 = 120;
/// Time after which a member gets one of them back, in milliseconds.
pub const MEMBER_REFILL: i64 = SECOND;
/// Most members tracked.
pub const MAX_MEMBERS: usize = 1_024;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Track {
    failures: u32,
    last: Time,
    until: Time,
    wrong: Hash,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Bucket {
    used: i64,
    at: Time,
}

/// The counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attempts {
    pins: BTreeMap<(Hash, MemberId), Track>,
    members: BTreeMap<MemberId, Bucket>,
}

fn wait_after(failures: u32) -> i64 {
    let Some(over) = failures.checked_sub(FREE_FAILURES) else {
        return 0;
    };
    1i64.checked_shl(over.min(20))
        .and_then(|factor| FIRST_WAIT.checked_mul(factor))
        .map_or(LONGEST_WAIT, |w| w.min(LONGEST_WAIT))
}

fn too_many(wait: i64) -> Refusal {
    let seconds = wait.saturating_add(SECOND - 1).div_euclid(SECOND).max(1);
    Refusal::new(
        RefusalCode::TooManyAttempts,
        format!("too many attempts: wait {seconds} s, or use the card"),
    )
}

impl Attempts {
    /// Whether a PIN for this credential may be tried by this member now.
    ///
    /// # Errors
    /// `too-many-attempts`, with the time to wait. Asking does not lengthen the wait.
    pub fn check_pin(&self, now: Time, credential: Hash, asking: MemberId) -> Result<(), Refusal> {
        match self.pins.get(&(credential, asking)) {
            Some(track) if track.until > now => Err(too_many(track.until.since(now))),
            _ => Ok(()),
        }
    }

    /// Whether this member may ask now.
    ///
    /// # Errors
    /// `too-many-attempts`.
    pub fn check_member(&self, now: Time, asking: MemberId) -> Result<(), Refusal> {
        let used = self.members.get(&asking).map_or(0, |b| refilled(b, now));
        if used < MEMBER_BURST {
            Ok(())
        } else {
            Err(too_many(MEMBER_REFILL))
        }
    }

    /// A wrong PIN was entered; `wrong` is a fingerprint of it.
    pub fn wrong_pin(&mut self, now: Time, credential: Hash, asking: MemberId, wrong: Hash) {
        let known = self
            .pins
            .get(&(credential, asking))
            .filter(|t| now.since(t.last) < FORGET_AFTER);
        if known.is_some_and(|t| t.wrong == wrong) {
            return;
        }
        let failures = known.map_or(0, |t| t.failures).saturating_add(1);
        let until = now.plus(wait_after(failures));
        if self.pins.len() >= MAX_TRACKED && !self.pins.contains_key(&(credential, asking)) {
            self.drop_one();
        }
        self.pins.insert(
            (credential, asking),
            Track {
                failures,
                last: now,
                until,
                wrong,
            },
        );
        self.unknown(now, asking);
    }

    /// The right PIN was entered: the pair's count is forgotten.
    pub fn right_pin(&mut self, credential: Hash, asking: MemberId) {
        self.pins.remove(&(credential, asking));
    }

    /// A member asked for a number that nobody has.
    pub fn unknown(&mut self, now: Time, asking: MemberId) {
        if self.members.len() >= MAX_MEMBERS && !self.members.contains_key(&asking) {
            self.members.pop_first();
        }
        let bucket = self
            .members
            .entry(asking)
            .or_insert(Bucket { used: 0, at: now });
        bucket.used = refilled(bucket, now).saturating_add(1);
        bucket.at = now;
    }

    /// Forgets what no longer matters.
    pub fn expire(&mut self, now: Time) {
        self.pins.retain(|_, t| now.since(t.last) < FORGET_AFTER);
        self.members.retain(|_, b| refilled(b, now) > 0);
    }

    /// Pairs tracked.
    pub fn tracked(&self) -> usize {
        self.pins.len()
    }

    fn drop_one(&mut self) {
        let least = self
            .pins
            .iter()
            .min_by_key(|(_, t)| t.until)
            .map(|(k, _)| *k);
        if let Some(key) = least {
            self.pins.remove(&key);
        }
    }
}

fn refilled(bucket: &Bucket, now: Time) -> i64 {
    let back = now.since(bucket.at).max(0).div_euclid(MEMBER_REFILL);
    bucket.used.saturating_sub(back).max(0)
}
