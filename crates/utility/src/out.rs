//! What one input leads to, collected: stores first, everything else after them.

use crate::door::{Change, Effect, Level, LogLine, Moment, Row, Table};
use crate::happening::Happening;
use crate::peer::Message;
use fairway_aaa::{StoreTable, StoredChange};
use fairway_model::station::ToStation;
use fairway_model::{Hash, MemberId, SessionId, StationId, Time};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Most messages to ourselves that one input may lead to; a charge at home needs fewer than ten.
pub(crate) const MAX_LOCAL: usize = 256;

/// The effects of one input, and its time and randomness.
#[derive(Debug)]
pub(crate) struct Out {
    /// Present time.
    pub(crate) now: Time,
    entropy: [u8; 32],
    drawn: u32,
    order: Vec<(Table, String)>,
    changes: BTreeMap<(Table, String), Change>,
    acts: Vec<Effect>,
    /// Messages that this utility sends to itself, handled in the same call.
    pub(crate) local: VecDeque<Message>,
    /// Charges at our stations whose rows must be written.
    pub(crate) visits: BTreeSet<SessionId>,
    /// Charges of our drivers whose rows must be written.
    pub(crate) homes: BTreeSet<SessionId>,
    /// Traces whose rows must be written.
    pub(crate) traces: BTreeSet<SessionId>,
}

impl Out {
    pub(crate) fn new(moment: Moment) -> Self {
        Self {
            now: moment.now,
            entropy: moment.entropy,
            drawn: 0,
            order: Vec::new(),
            changes: BTreeMap::new(),
            acts: Vec::new(),
            local: VecDeque::new(),
            visits: BTreeSet::new(),
            homes: BTreeSet::new(),
            traces: BTreeSet::new(),
        }
    }

    /// Fresh random bytes; each call gives others.
    pub(crate) fn draw(&mut self) -> [u8; 32] {
        self.drawn = self.drawn.saturating_add(1);
        Hash::keyed(
            &self.entropy,
            "fairway.utility.draw",
            &self.drawn.to_be_bytes(),
        )
        .0
    }

    fn change(&mut self, table: Table, key: String, change: Change) {
        let at = (table, key);
        if self.changes.insert(at.clone(), change).is_none() {
            self.order.push(at);
        }
    }

    pub(crate) fn put(&mut self, row: Row) {
        self.change(row.table, row.key.clone(), Change::Put(row));
    }

    pub(crate) fn delete(&mut self, table: Table, key: impl Into<String>) {
        let key = key.into();
        let change = Change::Delete {
            table,
            key: key.clone(),
        };
        self.change(table, key, change);
    }

    /// Keeps what the AAA node wants kept.
    pub(crate) fn keep(&mut self, changes: Vec<StoredChange>) {
        for change in changes {
            match change {
                StoredChange::Put {
                    table,
                    key,
                    subject,
                    at,
                    summary,
                    body,
                } => self.put(Row {
                    table: table_of(table),
                    key,
                    subject,
                    at,
                    summary,
                    body,
                }),
                StoredChange::Delete { table, key } => self.delete(table_of(table), key),
            }
        }
    }

    pub(crate) fn act(&mut self, effect: Effect) {
        self.acts.push(effect);
    }

    pub(crate) fn station(&mut self, station: &StationId, words: ToStation) {
        self.act(Effect::ToStation {
            station: station.clone(),
            words,
        });
    }

    pub(crate) fn peer(&mut self, to: MemberId, envelope: Vec<u8>) {
        self.act(Effect::ToPeer { to, envelope });
    }

    pub(crate) fn log(
        &mut self,
        level: Level,
        session: Option<SessionId>,
        text: impl Into<String>,
    ) {
        self.act(Effect::Log(LogLine {
            level,
            session,
            text: text.into(),
        }));
    }

    pub(crate) fn happened(&mut self, what: Happening) {
        self.act(Effect::Happened(what));
    }

    /// The effects in the order in which they must be carried out.
    pub(crate) fn finish(mut self, wake: Option<Time>) -> Vec<Effect> {
        let mut effects = Vec::with_capacity(self.order.len().saturating_add(self.acts.len()));
        for at in &self.order {
            if let Some(change) = self.changes.remove(at) {
                effects.push(Effect::Store(change));
            }
        }
        effects.append(&mut self.acts);
        effects.extend(wake.map(Effect::WakeAt));
        effects
    }
}

/// Where the AAA node's rows sit.
pub(crate) fn table_of(table: StoreTable) -> Table {
    match table {
        StoreTable::ResidentialCustomers => Table::ResidentialCustomers,
        StoreTable::CommercialCustomers => Table::CommercialCustomers,
        StoreTable::VisitingProfiles => Table::VisitingProfiles,
        StoreTable::Issued => Table::Issued,
        StoreTable::Journal => Table::Journal,
        StoreTable::Balances => Table::Balances,
        StoreTable::Audit => Table::Audit,
        StoreTable::HomeCharges => Table::HomeCharges,
    }
}
