//! The visiting profile database (VCP, CP-04, CP-05): what a home utility said about its driver, kept for as long as it allows, so
//! that the next visit needs no question.
//!
//! Rows hold pseudonym and entitlements only. They are found by an HMAC of the credential under this utility's secret, so that the
//! database names no card and no CIN. A row is not found from the instant it expires, and [`VisitingProfiles::expire`] deletes it.
//!
//! The dial pad is kept apart from things that one has (card, code, contract): a number typed without a PIN finds only what an
//! earlier entry without a PIN brought, that is, of a driver who has none. A typed PIN is never looked up here, because only
//! home can check it; keeping a hash of it abroad would put the PIN at risk everywhere the driver ever charged.

mod guarantee;

use crate::credential;
use crate::store::{Label, StoreTable, StoredChange, read, unreadable};
use fairway_model::station::{InputMethod, Presented};
use fairway_model::time::{DAY, HOUR};
use fairway_model::{
    GuaranteeId, Hash, MemberId, Micro, Pseudonym, Refusal, RefusalCode, SessionId,
    SignedEligibility, Time,
};
use guarantee::Guarantees;
pub use guarantee::{GuaranteeUse, MAX_HOLDS};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};

/// Most profiles; the one that expires first makes room for a new one.
pub const MAX_PROFILES: usize = 200_000;
/// Longest time that a profile is kept, whatever the home utility allows, in milliseconds.
pub const MAX_PROFILE_TTL: i64 = 30 * DAY;
/// How long a revocation is remembered against answers that were under way, in milliseconds.
pub const REVOCATION_MEMORY: i64 = HOUR;
/// Most revocations remembered; the oldest makes room for a new one.
pub const MAX_REVOCATIONS: usize = 100_000;

type Key = Hash;

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct Profile {
    #[n(0)]
    signed: SignedEligibility,
    #[n(1)]
    forget_at: Time,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
struct Tombstone {
    #[n(0)]
    said_at: Time,
    #[n(1)]
    until: Time,
}

/// Visiting profiles.
#[derive(Clone, PartialEq, Eq)]
pub struct VisitingProfiles {
    me: MemberId,
    secret: [u8; 32],
    profiles: BTreeMap<Key, Profile>,
    names: BTreeMap<(MemberId, Pseudonym), BTreeSet<Key>>,
    guarantees: Guarantees,
    revoked: BTreeMap<Hash, Tombstone>,
    graves: BTreeSet<(Time, Hash)>,
    ends: BTreeSet<(Time, Key)>,
}

impl core::fmt::Debug for VisitingProfiles {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "VisitingProfiles({} profiles, {} guarantees)",
            self.profiles.len(),
            self.guarantees.len()
        )
    }
}

impl VisitingProfiles {
    /// An empty database. `secret` keys the look-up; it must stay the same over restarts and be no other utility's.
    pub fn new(me: MemberId, secret: [u8; 32]) -> Self {
        Self {
            me,
            secret,
            profiles: BTreeMap::new(),
            names: BTreeMap::new(),
            guarantees: Guarantees::default(),
            revoked: BTreeMap::new(),
            graves: BTreeSet::new(),
            ends: BTreeSet::new(),
        }
    }

    /// Profiles kept.
    pub fn len(&self) -> usize {
        self.profiles.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.profiles.is_empty()
    }

    /// What home utilities said, each with the time at which it is deleted; those that go first come first.
    pub fn iter(&self) -> impl Iterator<Item = (&SignedEligibility, Time)> {
        let profiles = self
            .ends
            .iter()
            .filter_map(|(_, key)| self.profiles.get(key));
        profiles.map(|profile| (&profile.signed, profile.forget_at))
    }

    /// Where a credential's profile lies; `None` for what is never looked up here.
    fn place(&self, presented: &Presented) -> Option<Key> {
        if presented.pin.is_some() {
            return None;
        }
        let domain = match presented.method {
            InputMethod::DialPad => "fairway.vcp.typed",
            InputMethod::Rfid | InputMethod::Code | InputMethod::Contract => "fairway.vcp.held",
        };
        let credential = credential::presented(presented).ok()?;
        Some(credential.fingerprint(&self.secret, domain))
    }

    fn tombstone(&self, home: MemberId, pseudonym: Pseudonym) -> Hash {
        let mut body = home.to_string().into_bytes();
        body.extend_from_slice(&pseudonym.0);
        Hash::keyed(&self.secret, "fairway.vcp.revoked", &body)
    }

    /// What was said about this credential's driver, when it still stands. No message leaves, no home utility is asked (CP-05).
    /// Whether enough is left of its guarantee says [`VisitingProfiles::remaining`]: when not, ask home for another.
    pub fn recall(&self, now: Time, presented: &Presented) -> Option<&SignedEligibility> {
        let profile = self.profiles.get(&self.place(presented)?)?;
        let promise = &profile.signed.statement.guarantee.guarantee;
        (now < profile.forget_at && now < promise.valid_until).then_some(&profile.signed)
    }

    /// Keeps a statement that the caller has verified with the home utility's key. A statement that is not reusable, or was
    /// asked for with a typed PIN, opens its guarantee for this charge and leaves no profile.
    ///
    /// # Errors
    /// `not-authorized` when it is for another utility; `time-invalid` when it has expired; `cin-blocked` when
    /// the home utility has since taken it back. Nothing is kept then.
    pub fn remember(
        &mut self,
        now: Time,
        presented: &Presented,
        signed: &SignedEligibility,
    ) -> Result<Vec<StoredChange>, Refusal> {
        let statement = &signed.statement;
        if statement.visited != self.me {
            let text = format!(
                "the statement is for {}, this is {}",
                statement.visited, self.me
            );
            return Err(Refusal::new(RefusalCode::NotAuthorized, text));
        }
        if statement.expires_at <= now {
            return Err(Refusal::new(
                RefusalCode::TimeInvalid,
                "the eligibility statement has expired: ask again",
            ));
        }
        let grave = self.tombstone(statement.home, statement.pseudonym);
        if self
            .revoked
            .get(&grave)
            .is_some_and(|t| statement.issued_at <= t.said_at)
        {
            return Err(Refusal::new(
                RefusalCode::CinBlocked,
                "the home utility has taken this statement back",
            ));
        }
        let mut changes = vec![self.guarantees.open(now, &statement.guarantee.guarantee)];
        if let Some(key) = self.place(presented).filter(|_| statement.reusable) {
            changes.extend(self.make_room(key));
            changes.push(self.keep(
                key,
                signed.clone(),
                statement.expires_at.min(now.plus(MAX_PROFILE_TTL)),
                now,
            ));
        }
        Ok(changes)
    }

    fn make_room(&mut self, key: Key) -> Vec<StoredChange> {
        if self.profiles.len() < MAX_PROFILES || self.profiles.contains_key(&key) {
            return Vec::new();
        }
        let first = self.ends.first().copied();
        first
            .and_then(|(_, key)| self.forget(key))
            .into_iter()
            .collect()
    }

    fn keep(
        &mut self,
        key: Key,
        signed: SignedEligibility,
        forget_at: Time,
        now: Time,
    ) -> StoredChange {
        let _replaced = self.forget(key);
        self.names
            .entry((signed.statement.home, signed.statement.pseudonym))
            .or_default()
            .insert(key);
        self.ends.insert((forget_at, key));
        let label = Label {
            key: format!("profile/{key}"),
            subject: signed.statement.home.to_string(),
            at: now,
            summary: format!(
                "{:?} of {}, until {forget_at}",
                signed.statement.tier, signed.statement.home
            ),
        };
        let row = Profile { signed, forget_at };
        let change = StoredChange::put(StoreTable::VisitingProfiles, label, &row);
        self.profiles.insert(key, row);
        change
    }

    fn forget(&mut self, key: Key) -> Option<StoredChange> {
        let row = self.profiles.remove(&key)?;
        self.ends.remove(&(row.forget_at, key));
        let name = (row.signed.statement.home, row.signed.statement.pseudonym);
        if let Some(keys) = self.names.get_mut(&name) {
            keys.remove(&key);
            if keys.is_empty() {
                self.names.remove(&name);
            }
        }
        Some(StoredChange::delete(
            StoreTable::VisitingProfiles,
            format!("profile/{key}"),
        ))
    }

    /// What was used of a guarantee, while it is known here.
    pub fn guarantee(&self, id: GuaranteeId) -> Option<&GuaranteeUse> {
        self.guarantees.get(id)
    }

    /// What may still be held under a guarantee now; zero when it is unknown, taken back or over.
    pub fn remaining(&self, now: Time, id: GuaranteeId) -> Micro {
        self.guarantees.remaining(now, id)
    }

    /// Holds a part of a guarantee for a charge. The same again changes nothing.
    ///
    /// # Errors
    /// `guarantee-exceeded` when it does not suffice, is unknown, taken back or over; `id-conflict` when the charge holds another
    /// amount; `busy` over [`MAX_HOLDS`].
    pub fn hold(
        &mut self,
        now: Time,
        id: GuaranteeId,
        session: SessionId,
        amount: Micro,
    ) -> Result<Vec<StoredChange>, Refusal> {
        self.guarantees.hold(now, id, session, amount)
    }

    /// Gives back what a charge holds. Nothing happens when it holds nothing.
    pub fn release(&mut self, now: Time, session: SessionId) -> Vec<StoredChange> {
        self.guarantees.settle(now, session, Micro::ZERO)
    }

    /// A charge was settled with `total`: its hold is over and the total is used up. Nothing happens when it holds nothing.
    pub fn settle(&mut self, now: Time, session: SessionId, total: Micro) -> Vec<StoredChange> {
        self.guarantees.settle(now, session, total)
    }

    /// The home utility takes back everything that it said about a driver (CP-06); `said_at` is its own time of saying so.
    /// Statements that it made before are refused for [`REVOCATION_MEMORY`]. Charges that run are not touched.
    pub fn revoke(
        &mut self,
        now: Time,
        home: MemberId,
        pseudonym: Pseudonym,
        said_at: Time,
    ) -> Vec<StoredChange> {
        let mut changes = Vec::new();
        let keys: Vec<Key> = self
            .names
            .get(&(home, pseudonym))
            .into_iter()
            .flatten()
            .copied()
            .collect();
        for key in keys {
            let profile = self.profiles.get(&key);
            let id = profile.map(|p| p.signed.statement.guarantee.guarantee.id);
            changes.extend(self.forget(key));
            changes.extend(id.and_then(|id| self.guarantees.revoke(now, id)));
        }
        let grave = self.tombstone(home, pseudonym);
        let said_at = self
            .revoked
            .get(&grave)
            .map_or(said_at, |t| t.said_at.max(said_at));
        changes.extend(self.bury(
            now,
            grave,
            Tombstone {
                said_at,
                until: now.plus(REVOCATION_MEMORY),
            },
        ));
        changes
    }

    fn bury(&mut self, now: Time, grave: Hash, row: Tombstone) -> Vec<StoredChange> {
        let mut changes = Vec::new();
        if let Some(old) = self.revoked.get(&grave) {
            self.graves.remove(&(old.until, grave));
        } else if self.revoked.len() >= MAX_REVOCATIONS
            && let Some((at, first)) = self.graves.first().copied()
        {
            changes.extend(self.unbury(at, first));
        }
        let label = Label {
            key: format!("revoked/{grave}"),
            subject: String::new(),
            at: now,
            summary: format!("until {}", row.until),
        };
        self.revoked.insert(grave, row);
        self.graves.insert((row.until, grave));
        changes.push(StoredChange::put(StoreTable::VisitingProfiles, label, &row));
        changes
    }

    fn unbury(&mut self, at: Time, grave: Hash) -> Option<StoredChange> {
        self.graves.remove(&(at, grave));
        self.revoked.remove(&grave)?;
        Some(StoredChange::delete(
            StoreTable::VisitingProfiles,
            format!("revoked/{grave}"),
        ))
    }

    /// Deletes what has expired: profiles, guarantees without open charges, memories of revocations.
    pub fn expire(&mut self, now: Time) -> Vec<StoredChange> {
        let mut changes = Vec::new();
        while let Some((_, key)) = self.ends.first().copied().filter(|(at, _)| *at <= now) {
            self.ends.pop_first();
            changes.extend(self.forget(key));
        }
        changes.extend(self.guarantees.expire(now));
        while let Some((at, grave)) = self.graves.first().copied().filter(|(at, _)| *at <= now) {
            changes.extend(self.unbury(at, grave));
        }
        changes
    }

    /// When the next profile expires.
    pub fn next_deadline(&self) -> Option<Time> {
        self.ends.first().map(|(at, _)| *at)
    }

    /// Takes back a stored row.
    ///
    /// # Errors
    /// `malformed`.
    pub fn restore(&mut self, key: &str, body: &[u8]) -> Result<(), Refusal> {
        const TABLE: StoreTable = StoreTable::VisitingProfiles;
        let bad = || unreadable(TABLE, key, "no kind of row that is known");
        let (kind, name) = key.split_once('/').ok_or_else(bad)?;
        match kind {
            "profile" => {
                let row: Profile = read(TABLE, key, body)?;
                let place = read_hash(name).ok_or_else(bad)?;
                let _same_row = self.keep(place, row.signed, row.forget_at, row.forget_at);
            }
            "guarantee" => {
                let id = GuaranteeId::parse(name).map_err(|_| bad())?;
                let row: GuaranteeUse = read(TABLE, key, body)?;
                let _same_row = self.guarantees.keep(row.valid_until, id, row);
            }
            "revoked" => {
                let row: Tombstone = read(TABLE, key, body)?;
                let grave = read_hash(name).ok_or_else(bad)?;
                let _same_row = self.bury(row.until, grave, row);
            }
            _ => return Err(bad()),
        }
        Ok(())
    }
}

fn read_hash(text: &str) -> Option<Hash> {
    let mut out = [0u8; 32];
    if text.len() != 64 {
        return None;
    }
    for (slot, pair) in out.iter_mut().zip(text.as_bytes().chunks(2)) {
        *slot = u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(Hash(out))
}
