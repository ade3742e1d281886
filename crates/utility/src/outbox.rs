//! What waits for an answer and is said again until it comes. Delays grow and are bounded; a repetition changes nothing at the
//! receiver, because everything is named by the charge's or the operation's id.

use crate::door::{Row, Table};
use crate::peer::Message;
use fairway_model::canonical::Canonical;
use fairway_model::{DecodeError, Hash, MemberId, SessionId, Time};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};

/// Most entries. Beyond it nothing new is promised: new charges are refused as busy.
pub const MAX_OUTBOX: usize = 100_000;
/// First delay before a repetition, in milliseconds.
pub const FIRST_DELAY: i64 = 500;
/// Longest delay between repetitions, in milliseconds.
pub const LONGEST_DELAY: i64 = 60_000;

/// What is to be delivered.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Parcel {
    /// A message to another member; sealed anew each time.
    #[n(0)]
    Peer {
        #[n(0)]
        to: MemberId,
        #[n(1)]
        message: Box<Message>,
    },
    /// A signed transaction: the same bytes each time.
    #[n(1)]
    Ledger {
        #[n(0)]
        #[cbor(with = "minicbor::bytes")]
        transaction: Vec<u8>,
    },
}

/// One thing that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) parcel: Parcel,
    /// The charge that it belongs to.
    pub(crate) session: Option<SessionId>,
    /// Whether it survives a restart.
    pub(crate) durable: bool,
    /// How often it was sent.
    pub(crate) sent: u32,
    /// When it is sent (again).
    pub(crate) due: Time,
    /// How often the ledger refused it for now, since the start of the program.
    refused: u32,
}

/// The stored form.
#[derive(Encode, Decode)]
struct Stored {
    #[n(0)]
    parcel: Parcel,
    #[n(1)]
    session: Option<SessionId>,
}

/// All that waits, by key.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outbox {
    entries: BTreeMap<String, Entry>,
    by_transaction: BTreeMap<Hash, String>,
    due: BTreeSet<(Time, String)>,
}

/// The delay before repetition number `sent`, a little different for each key so that not all is repeated at once.
fn delay(key: &str, sent: u32) -> i64 {
    let doubled = FIRST_DELAY
        .checked_shl(sent.min(16))
        .unwrap_or(LONGEST_DELAY);
    let base = doubled.clamp(FIRST_DELAY, LONGEST_DELAY);
    let [spread, ..] = Hash::of("fairway.outbox", key.as_bytes()).0;
    base.saturating_add(base.saturating_mul(i64::from(spread)).div_euclid(1_024))
}

impl Outbox {
    /// Adds or replaces an entry; it is sent with the next [`Outbox::take_due`] at `now`.
    pub(crate) fn add(
        &mut self,
        key: impl Into<String>,
        parcel: Parcel,
        session: Option<SessionId>,
        durable: bool,
        now: Time,
    ) -> Option<Row> {
        let key = key.into();
        self.forget(&key);
        let row = durable.then(|| row(&key, &parcel, session, now));
        if let Parcel::Ledger { transaction } = &parcel {
            self.by_transaction
                .insert(Hash::plain(transaction), key.clone());
        }
        self.due.insert((now, key.clone()));
        let entry = Entry {
            parcel,
            session,
            durable,
            sent: 0,
            due: now,
            refused: 0,
        };
        self.entries.insert(key, entry);
        row
    }

    fn forget(&mut self, key: &str) -> Option<Entry> {
        let entry = self.entries.remove(key)?;
        self.due.remove(&(entry.due, key.to_owned()));
        if let Parcel::Ledger { transaction } = &entry.parcel {
            self.by_transaction.remove(&Hash::plain(transaction));
        }
        Some(entry)
    }

    /// Takes an entry out; gives it and whether its stored row must go too.
    pub(crate) fn done(&mut self, key: &str) -> Option<Entry> {
        self.forget(key)
    }

    pub(crate) fn contains(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// The key of the entry with this transaction.
    pub(crate) fn of_transaction(&self, transaction: &Hash) -> Option<&String> {
        self.by_transaction.get(transaction)
    }

    /// The charge that an entry belongs to.
    pub(crate) fn session_of(&self, key: &str) -> Option<SessionId> {
        self.entries.get(key).and_then(|e| e.session)
    }

    /// The message of an entry that goes to another member.
    pub(crate) fn message(&self, key: &str) -> Option<&Message> {
        match &self.entries.get(key)?.parcel {
            Parcel::Peer { message, .. } => Some(message),
            Parcel::Ledger { .. } => None,
        }
    }

    /// How often an entry was refused for now.
    pub(crate) fn refusals(&self, key: &str) -> u32 {
        self.entries.get(key).map_or(0, |e| e.refused)
    }

    /// Notes how often an entry was refused for now.
    pub(crate) fn set_refusals(&mut self, key: &str, refused: u32) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.refused = refused;
        }
    }

    /// What is due, each put off until its next repetition.
    pub(crate) fn take_due(&mut self, now: Time) -> Vec<(String, Parcel, u32)> {
        let mut parcels = Vec::new();
        while let Some((at, key)) = self.due.pop_first() {
            if at > now {
                self.due.insert((at, key));
                break;
            }
            if let Some(entry) = self.entries.get_mut(&key) {
                entry.due = now.plus(delay(&key, entry.sent));
                entry.sent = entry.sent.saturating_add(1);
                parcels.push((key.clone(), entry.parcel.clone(), entry.sent));
                self.due.insert((entry.due, key));
            }
        }
        parcels
    }

    /// When something is due next.
    pub(crate) fn next_due(&self) -> Option<Time> {
        self.due.first().map(|(at, _)| *at)
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn full(&self) -> bool {
        self.entries.len() >= MAX_OUTBOX
    }

    pub(crate) fn restore(&mut self, row: &Row) -> Result<(), DecodeError> {
        let stored = Stored::from_bytes(&row.body)?;
        // Everything stored is due at once after a restart: `Time(i64::MIN)` is before any moment.
        self.add(
            row.key.clone(),
            stored.parcel,
            stored.session,
            true,
            Time(i64::MIN),
        );
        Ok(())
    }

    /// The durable entries, for comparison after a restart.
    pub(crate) fn durable(&self) -> impl Iterator<Item = (&String, &Parcel)> {
        self.entries
            .iter()
            .filter(|(_, e)| e.durable)
            .map(|(k, e)| (k, &e.parcel))
    }
}

fn row(key: &str, parcel: &Parcel, session: Option<SessionId>, now: Time) -> Row {
    let (subject, summary) = match parcel {
        Parcel::Peer { to, message } => (to.to_string(), format!("{} to {to}", message.name())),
        Parcel::Ledger { transaction } => (
            "ledger".to_owned(),
            format!("transaction {}", Hash::plain(transaction)),
        ),
    };
    let stored = Stored {
        parcel: parcel.clone(),
        session,
    };
    Row::new(Table::Outbox, key, subject, now, summary, &stored)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(byte: u8) -> Parcel {
        Parcel::Ledger {
            transaction: vec![byte],
        }
    }

    #[test]
    fn repeats_with_growing_bounded_delay_until_done() {
        let mut outbox = Outbox::default();
        outbox.add("k", parcel(1), None, false, Time(0));
        let (mut now, mut gaps) = (Time(0), Vec::new());
        for _ in 0..12 {
            assert_eq!(outbox.take_due(now).len(), 1);
            assert!(outbox.take_due(now).is_empty());
            let next = outbox.next_due().unwrap();
            gaps.push(next.since(now));
            now = next;
        }
        assert!(gaps.windows(2).all(|g| g[0] <= g[1]), "{gaps:?}");
        assert!(gaps.iter().all(|g| *g <= LONGEST_DELAY * 5 / 4));
        assert!(outbox.of_transaction(&Hash::plain(&[1])).is_some());
        outbox.done("k").unwrap();
        assert!(outbox.next_due().is_none() && outbox.of_transaction(&Hash::plain(&[1])).is_none());
    }

    #[test]
    fn durable_entries_come_back_and_are_due() {
        let mut outbox = Outbox::default();
        let row = outbox
            .add("k", parcel(7), Some(SessionId([1; 16])), true, Time(5))
            .unwrap();
        let mut again = Outbox::default();
        again.restore(&row).unwrap();
        assert!(again.durable().eq(outbox.durable()));
        assert_eq!(again.take_due(Time(6)).len(), 1);
    }
}
