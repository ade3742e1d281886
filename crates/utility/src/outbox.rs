//! What waits for an answer and is said again until it comes. Delays grow and are bounded; a repetition changes nothing at the
//! receiver, because everything is named by the charge's or the operation's id.
//!
//! Holds, releases and charges for the ledger travel in loads: what is due together leaves in one transaction. A load leaves at
//! once when none left within the last [`LOAD_PAUSE`], so nothing that comes alone waits; what comes right after one gathers until the
//! pause is over or the load is full. An item that gets no answer is said again within the same bytes.

use crate::door::{Row, Table};
use crate::peer::Message;
use fairway_ledger::BatchItem;
use fairway_ledger::limits::MAX_BATCH;
use fairway_model::canonical::Canonical;
use fairway_model::{DecodeError, Hash, MemberId, Pseudonym, SessionId, Time};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};

/// Most entries. Beyond it nothing new is promised: new charges are refused as busy.
pub const MAX_OUTBOX: usize = 100_000;
/// First delay before a repetition, in milliseconds.
pub const FIRST_DELAY: i64 = 500;
/// Longest delay between repetitions, in milliseconds.
pub const LONGEST_DELAY: i64 = 60_000;

/// How long after one load the next one gathers, in milliseconds: less than a block takes, so that waiting costs no block.
pub const LOAD_PAUSE: i64 = 100;
/// Most bytes of the items of one load; three quarters of what a transaction may have. A greater item leaves alone.
pub const MAX_LOAD_BYTES: usize = 48 * 1024;

/// First part of the keys of revocations.
pub(crate) const REVOKE: &str = "revoke/";

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
    /// A part of a transaction that is signed when it leaves.
    #[n(2)]
    Item {
        #[n(0)]
        item: Box<BatchItem>,
        /// How often the ledger refused it for now. It makes the next transaction's nonce another.
        #[n(1)]
        refused: u32,
    },
}

/// An item that leaves: its entry's key, how often it was refused for now, and itself.
pub(crate) type Loaded = (String, u32, BatchItem);

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
    /// The load that it left in.
    load: Option<Hash>,
    /// Encoded bytes of an item; 0 for anything else.
    bytes: usize,
}

/// A transaction that left with items whose answer is awaited.
#[derive(Debug, Clone)]
struct Load {
    transaction: Vec<u8>,
    keys: BTreeSet<String>,
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
    /// The same of items.
    items: BTreeSet<(Time, String)>,
    loads: BTreeMap<Hash, Load>,
    /// When the next load may leave; none left yet.
    gate: Option<Time>,
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
        let (due, refused, bytes) = match &parcel {
            Parcel::Item { item, refused } => (&mut self.items, *refused, item.to_bytes().len()),
            _ => (&mut self.due, 0, 0),
        };
        due.insert((now, key.clone()));
        let entry = Entry {
            parcel,
            session,
            durable,
            sent: 0,
            due: now,
            refused,
            load: None,
            bytes,
        };
        self.entries.insert(key, entry);
        row
    }

    fn forget(&mut self, key: &str) -> Option<Entry> {
        let entry = self.entries.remove(key)?;
        self.due.remove(&(entry.due, key.to_owned()));
        self.items.remove(&(entry.due, key.to_owned()));
        if let Parcel::Ledger { transaction } = &entry.parcel {
            self.by_transaction.remove(&Hash::plain(transaction));
        }
        if let Some(id) = entry.load
            && let Some(load) = self.loads.get_mut(&id)
        {
            load.keys.remove(key);
            if load.keys.is_empty() {
                self.loads.remove(&id);
            }
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

    /// Whether an entry's key begins so.
    pub(crate) fn has_prefix(&self, prefix: &str) -> bool {
        let mut from = self.entries.range(prefix.to_owned()..);
        from.next().is_some_and(|(key, _)| key.starts_with(prefix))
    }

    /// The key of the entry with this transaction.
    pub(crate) fn of_transaction(&self, transaction: &Hash) -> Option<&String> {
        self.by_transaction.get(transaction)
    }

    /// The charge that an entry belongs to.
    pub(crate) fn session_of(&self, key: &str) -> Option<SessionId> {
        self.entries.get(key).and_then(|e| e.session)
    }

    /// What waits for the ledger as a transaction of its own: keys, charges, transactions.
    pub(crate) fn transactions(&self) -> Vec<(String, Option<SessionId>, Vec<u8>)> {
        let all = self.entries.iter();
        all.filter_map(|(key, entry)| match &entry.parcel {
            Parcel::Ledger { transaction } => {
                Some((key.clone(), entry.session, transaction.clone()))
            }
            Parcel::Peer { .. } | Parcel::Item { .. } => None,
        })
        .collect()
    }

    /// The message of an entry that goes to another member.
    pub(crate) fn message(&self, key: &str) -> Option<&Message> {
        match &self.entries.get(key)?.parcel {
            Parcel::Peer { message, .. } => Some(message),
            Parcel::Ledger { .. } | Parcel::Item { .. } => None,
        }
    }

    /// Where a statement was taken back and that is not confirmed: the utility, and the driver as it knows him.
    pub(crate) fn revocations(&self) -> impl Iterator<Item = (MemberId, Pseudonym)> {
        let from = self.entries.range(REVOKE.to_owned()..);
        let entries = from.take_while(|(key, _)| key.starts_with(REVOKE));
        entries.filter_map(|(_, entry)| match &entry.parcel {
            Parcel::Peer { to, message } => match **message {
                Message::Revoked { pseudonym, .. } => Some((*to, pseudonym)),
                _ => None,
            },
            _ => None,
        })
    }

    /// Whether an entry waits for the answer to this transaction.
    pub(crate) fn waits_for(&self, key: &str, transaction: &Hash) -> bool {
        let load = self.entries.get(key).and_then(|e| e.load);
        load == Some(*transaction)
            || self
                .by_transaction
                .get(transaction)
                .is_some_and(|k| k == key)
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

    /// The next load of new items, oldest first; none while it may still gather. [`Outbox::loaded`] says how it left.
    pub(crate) fn take_load(&mut self, now: Time) -> Option<Vec<Loaded>> {
        let due = self.items.iter().take_while(|(at, _)| *at <= now);
        let fresh = due.filter_map(|(_, key)| {
            let entry = self.entries.get(key).filter(|e| e.load.is_none())?;
            match &entry.parcel {
                Parcel::Item { item, refused } => Some((key, *refused, &**item, entry.bytes)),
                _ => None,
            }
        });
        let (mut load, mut bytes, mut full) = (Vec::new(), 0_usize, false);
        for (key, refused, item, more) in fresh {
            bytes = bytes.saturating_add(more);
            full = load.len() >= MAX_BATCH || (bytes > MAX_LOAD_BYTES && !load.is_empty());
            if full {
                break;
            }
            load.push((key, refused, item));
        }
        full |= load.len() >= MAX_BATCH;
        if load.is_empty() || (!full && self.gate.is_some_and(|gate| now < gate)) {
            return None;
        }
        self.gate = Some(now.plus(LOAD_PAUSE));
        let owned =
            |(key, refused, item): (&String, u32, &BatchItem)| (key.clone(), refused, item.clone());
        Some(load.into_iter().map(owned).collect())
    }

    /// Notes the transaction in which items left.
    pub(crate) fn loaded(&mut self, keys: BTreeSet<String>, transaction: Vec<u8>, now: Time) {
        let id = Hash::plain(&transaction);
        for key in &keys {
            if let Some(entry) = self.entries.get_mut(key) {
                entry.load = Some(id);
            }
        }
        self.loads.insert(id, Load { transaction, keys });
        self.put_off(id, now);
    }

    /// The items of a load are due together.
    fn put_off(&mut self, id: Hash, now: Time) {
        let Some(load) = self.loads.get(&id) else {
            return;
        };
        let sent = load.keys.iter().filter_map(|key| self.entries.get(key));
        let sent = sent.map(|e| e.sent).max().unwrap_or_default();
        let due = now.plus(delay(&id.hex(), sent));
        for key in &load.keys {
            if let Some(entry) = self.entries.get_mut(key) {
                self.items.remove(&(entry.due, key.clone()));
                entry.due = due;
                entry.sent = sent.saturating_add(1);
                self.items.insert((due, key.clone()));
            }
        }
    }

    /// Loads without an answer for too long, to be sent again as they were.
    pub(crate) fn take_overdue(&mut self, now: Time) -> Vec<Vec<u8>> {
        let due = self.items.iter().take_while(|(at, _)| *at <= now);
        let ids: BTreeSet<Hash> = due
            .filter_map(|(_, key)| self.entries.get(key)?.load)
            .collect();
        let mut overdue = Vec::new();
        for id in ids {
            overdue.extend(self.loads.get(&id).map(|load| load.transaction.clone()));
            self.put_off(id, now);
        }
        overdue
    }

    /// Forgets how items left: all that wait for an answer are due, to leave in loads that are signed anew.
    pub(crate) fn unload(&mut self, now: Time) {
        for load in core::mem::take(&mut self.loads).into_values() {
            for key in load.keys {
                if let Some(entry) = self.entries.get_mut(&key) {
                    self.items.remove(&(entry.due, key.clone()));
                    (entry.load, entry.due) = (None, now);
                    self.items.insert((now, key));
                }
            }
        }
    }

    /// When something is due next.
    pub(crate) fn next_due(&self) -> Option<Time> {
        let message = self.due.first().map(|(at, _)| *at);
        let item = self.items.first().map(|(at, _)| {
            let gate = self.gate.unwrap_or(*at);
            gate.max(*at)
        });
        message.into_iter().chain(item).min()
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
        Parcel::Item { item, .. } => ("ledger".to_owned(), format!("item of {}", item.session())),
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
    use fairway_model::{Currency, GuaranteeId};

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

    fn item(number: u8) -> Parcel {
        let item = BatchItem::Void {
            session: SessionId([number; 16]),
            home: MemberId::parse("US*APC").unwrap(),
            visited: MemberId::parse("US*DUK").unwrap(),
            guarantee: GuaranteeId([number; 16]),
            currency: Currency::USD,
        };
        Parcel::Item {
            item: Box::new(item),
            refused: 0,
        }
    }

    fn add(outbox: &mut Outbox, number: u8, now: Time) {
        outbox.add(format!("k{number:03}"), item(number), None, true, now);
    }

    /// The numbers of the items of the next load, which leaves.
    fn load(outbox: &mut Outbox, now: Time) -> Vec<u8> {
        let Some(load) = outbox.take_load(now) else {
            return Vec::new();
        };
        let keys = load.iter().map(|(key, ..)| key.clone()).collect();
        let numbers: Vec<u8> = load.iter().map(|(.., item)| item.session().0[0]).collect();
        outbox.loaded(keys, numbers.clone(), now);
        numbers
    }

    #[test]
    fn what_is_due_together_leaves_in_one_load_and_one_alone_at_once() {
        let mut outbox = Outbox::default();
        add(&mut outbox, 1, Time(1_000));
        assert_eq!(
            load(&mut outbox, Time(1_000)),
            [1],
            "alone, it does not wait"
        );
        for number in 2..5 {
            add(&mut outbox, number, Time(1_010));
        }
        assert!(load(&mut outbox, Time(1_050)).is_empty(), "they gather");
        assert_eq!(outbox.next_due(), Some(Time(1_000 + LOAD_PAUSE)));
        assert_eq!(load(&mut outbox, Time(1_000 + LOAD_PAUSE)), [2, 3, 4]);
        // A full load does not wait.
        let most = u8::try_from(MAX_BATCH).unwrap();
        for number in 10..=10 + most {
            add(&mut outbox, number, Time(1_110));
        }
        assert_eq!(load(&mut outbox, Time(1_110)).len(), MAX_BATCH);
        assert!(load(&mut outbox, Time(1_110)).is_empty());
        assert_eq!(load(&mut outbox, Time(1_110 + LOAD_PAUSE)), [10 + most]);
    }

    #[test]
    fn a_load_without_answer_is_sent_again_as_it_was_until_each_item_is_answered() {
        let mut outbox = Outbox::default();
        for number in 1..4 {
            add(&mut outbox, number, Time(0));
        }
        let sent = load(&mut outbox, Time(0));
        let id = Hash::plain(&sent);
        assert!(outbox.take_overdue(Time(FIRST_DELAY / 2)).is_empty());
        let late = Time(LONGEST_DELAY);
        assert_eq!(outbox.take_overdue(late), [sent]);
        assert!(outbox.take_overdue(late).is_empty());
        assert!(outbox.waits_for("k002", &id));
        outbox.done("k002").unwrap();
        assert!(!outbox.waits_for("k002", &id) && outbox.waits_for("k001", &id));
        // An item that was refused for now leaves the load and goes into another.
        outbox.add("k001", item(1), None, true, late);
        assert_eq!(load(&mut outbox, late.plus(LOAD_PAUSE)), [1]);
        outbox.done("k003").unwrap();
        outbox.done("k001").unwrap();
        assert!(outbox.next_due().is_none() && outbox.loads.is_empty());
    }

    #[test]
    fn what_left_in_a_load_leaves_in_another_when_it_is_to_be_signed_anew() {
        let mut outbox = Outbox::default();
        add(&mut outbox, 1, Time(0));
        add(&mut outbox, 2, Time(0));
        let id = Hash::plain(&load(&mut outbox, Time(0)));
        outbox.unload(Time(10));
        assert!(outbox.loads.is_empty() && !outbox.waits_for("k001", &id));
        assert!(outbox.take_overdue(Time(LONGEST_DELAY)).is_empty());
        assert_eq!(load(&mut outbox, Time(LOAD_PAUSE)), [1, 2]);
        assert!(outbox.waits_for("k001", &id) && outbox.waits_for("k002", &id));
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
