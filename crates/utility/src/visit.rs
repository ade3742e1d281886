//! Charges at our stations (visited role): the gateway's session with what the composition keeps beside it.

use crate::door::{Row, Table};
use fairway_gateway::{MeterLog, Session, State, VerifiedReading};
use fairway_model::canonical::Canonical;
use fairway_model::station::{CallId, Presented};
use fairway_model::time::{DAY, MINUTE, SECOND};
use fairway_model::{DecodeError, MemberId, SessionId, StationId, Time};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Most charges open at once at one utility's stations.
pub const MAX_OPEN: usize = 50_000;
/// Most finished charges kept in memory for lists and traces; older ones stay in the database only.
pub const MAX_CLOSED: usize = 20_000;
/// Most refused meter records kept of one charge.
pub const MAX_BAD_RECORDS: usize = 32;
/// How long a connected station may take to begin after the start command, in milliseconds: time to plug in.
pub const START_TIMEOUT: i64 = 5 * MINUTE;
/// How long late records are awaited after the end, in milliseconds.
pub const END_GRACE: i64 = 30 * SECOND;
/// How long the station waits for home's word before it shows the bill with our own, in milliseconds.
pub const BILL_WAIT: i64 = 5 * SECOND;
/// After so long without a word of a running charge it counts as ended, in milliseconds.
pub const LOST_AFTER: i64 = 7 * DAY;

/// How long the end of a charge is awaited whose connector is free again, in milliseconds.
pub const VACANT_GRACE: i64 = 10 * MINUTE;

/// One charge at one of our stations.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    pub(crate) session: Session,
    pub(crate) log: MeterLog,
    /// Refused meter records, kept as evidence.
    pub(crate) bad: Vec<String>,
    /// The request that waits for the offer.
    pub(crate) call: Option<CallId>,
    /// The credential, while home is asked; never stored.
    pub(crate) presented: Option<Presented>,
    /// Whether the offer certainly reached the screen of the present connection.
    pub(crate) shown: bool,
    /// When the station last spoke of it.
    pub(crate) heard: Time,
    /// Whether home was asked about this charge.
    pub(crate) asked: bool,
    /// Since when the connector is free although the charge runs: its end is on the way, or lost.
    pub(crate) vacant: Option<Time>,
}

impl Visit {
    pub(crate) fn new(session: Session) -> Self {
        let heard = session.at;
        Self {
            session,
            log: MeterLog::new(),
            bad: Vec::new(),
            call: None,
            presented: None,
            shown: false,
            heard,
            asked: false,
            vacant: None,
        }
    }
}

/// All charges at our stations, with their indexes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Visits {
    all: BTreeMap<SessionId, Visit>,
    /// The charge that holds an EVSE.
    at_evse: BTreeMap<(StationId, u32), SessionId>,
    by_transaction: BTreeMap<(StationId, String), SessionId>,
    timers: BTreeSet<(Time, SessionId)>,
    timer_of: BTreeMap<SessionId, Time>,
    open: BTreeSet<SessionId>,
    closed: VecDeque<SessionId>,
    /// Records that came back before their charge: rows come in any order.
    early: BTreeMap<SessionId, (MeterLog, Vec<String>)>,
}

impl Visits {
    pub(crate) fn get(&self, id: SessionId) -> Option<&Visit> {
        self.all.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: SessionId) -> Option<&mut Visit> {
        self.all.get_mut(&id)
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&SessionId, &Visit)> {
        self.all.iter()
    }

    pub(crate) fn insert(&mut self, visit: Visit) {
        let id = visit.session.id;
        self.all.insert(id, visit);
        self.index(id);
    }

    /// Brings the indexes in line with a charge's state.
    pub(crate) fn index(&mut self, id: SessionId) {
        let Some(visit) = self.all.get(&id) else {
            return;
        };
        let session = &visit.session;
        let place = (session.station.clone(), session.number);
        if session.state().holds_evse() {
            self.at_evse.insert(place, id);
        } else if self.at_evse.get(&place) == Some(&id) {
            self.at_evse.remove(&place);
        }
        if let Some(transaction) = &session.transaction {
            self.by_transaction
                .insert((session.station.clone(), transaction.clone()), id);
        }
        if !session.state().is_final() {
            self.open.insert(id);
        } else if self.open.remove(&id) || !self.closed.contains(&id) {
            self.closed.push_back(id);
        }
        while self.closed.len() > MAX_CLOSED {
            if let Some(oldest) = self.closed.pop_front() {
                self.drop_from_memory(oldest);
            }
        }
    }

    fn drop_from_memory(&mut self, id: SessionId) {
        if let Some(visit) = self.all.remove(&id)
            && let Some(transaction) = visit.session.transaction
        {
            self.by_transaction
                .remove(&(visit.session.station, transaction));
        }
        self.set_timer(id, None);
    }

    /// The oldest first: what a restart must do before it counts closed charges.
    pub(crate) fn order_closed(&mut self) {
        let mut closed: Vec<(Time, SessionId)> = self
            .closed
            .iter()
            .filter_map(|id| self.all.get(id).map(|v| (v.session.since(), *id)))
            .collect();
        closed.sort();
        self.closed = closed.into_iter().map(|(_, id)| id).collect();
    }

    pub(crate) fn at_evse(&self, station: &StationId, number: u32) -> Option<SessionId> {
        self.at_evse.get(&(station.clone(), number)).copied()
    }

    pub(crate) fn by_transaction(
        &self,
        station: &StationId,
        transaction: &str,
    ) -> Option<SessionId> {
        self.by_transaction
            .get(&(station.clone(), transaction.to_owned()))
            .copied()
    }

    /// Charges that hold an EVSE of this station.
    pub(crate) fn of_station(&self, station: &StationId) -> Vec<SessionId> {
        let from = (station.clone(), 0);
        let to = (station.clone(), u32::MAX);
        self.at_evse.range(from..=to).map(|(_, id)| *id).collect()
    }

    pub(crate) fn set_timer(&mut self, id: SessionId, at: Option<Time>) {
        if let Some(old) = self.timer_of.remove(&id) {
            self.timers.remove(&(old, id));
        }
        if let Some(at) = at {
            self.timers.insert((at, id));
            self.timer_of.insert(id, at);
        }
    }

    pub(crate) fn next_timer(&self) -> Option<Time> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// A charge whose time has come.
    pub(crate) fn pop_timer(&mut self, now: Time) -> Option<SessionId> {
        let (at, id) = *self.timers.first()?;
        if at > now {
            return None;
        }
        self.set_timer(id, None);
        Some(id)
    }

    pub(crate) fn open_count(&self) -> usize {
        self.open.len()
    }

    pub(crate) fn open(&self) -> Vec<SessionId> {
        self.open.iter().copied().collect()
    }

    pub(crate) fn restore(&mut self, row: &Row) -> Result<(), DecodeError> {
        match row.key.split_once('/') {
            None => {
                let session = Session::from_bytes(&row.body)?;
                self.all.insert(session.id, Visit::new(session));
            }
            Some((id, rest)) => self.restore_record(id, rest, &row.body)?,
        }
        Ok(())
    }

    fn restore_record(&mut self, id: &str, rest: &str, body: &[u8]) -> Result<(), DecodeError> {
        let id = SessionId::parse(id).map_err(|e| DecodeError::Malformed(e.to_string()))?;
        let (log, bad) = self.early.entry(id).or_default();
        if rest.starts_with('m') {
            let reading = VerifiedReading::from_bytes(body)?;
            log.add(id, reading)
                .map_err(|e| DecodeError::Malformed(e.to_string()))?;
        } else {
            bad.push(String::from_bytes(body)?);
        }
        Ok(())
    }

    /// Builds the indexes after all rows came back.
    pub(crate) fn ready(&mut self) {
        for (id, (log, bad)) in core::mem::take(&mut self.early) {
            if let Some(visit) = self.all.get_mut(&id) {
                (visit.log, visit.bad) = (log, bad);
            }
        }
        let ids: Vec<SessionId> = self.all.keys().copied().collect();
        for id in &ids {
            self.index(*id);
        }
        self.order_closed();
    }
}

/// The row of a charge.
pub(crate) fn session_row(visit: &Visit) -> Row {
    let s = &visit.session;
    let home = s
        .home
        .map_or_else(|| "?".to_owned(), |h: MemberId| h.to_string());
    let summary = format!("{} of {home} at {}", s.state(), s.evse);
    Row::new(
        Table::VisitedSessions,
        s.id.to_string(),
        s.id.to_string(),
        s.at,
        summary,
        s,
    )
}

/// The row of a signed meter record.
pub(crate) fn reading_row(id: SessionId, reading: &VerifiedReading) -> Row {
    let key = format!("{id}/m{:020}", reading.pagination);
    let summary = format!("meter record {}", reading.pagination);
    Row::new(
        Table::VisitedSessions,
        key,
        id.to_string(),
        reading.at,
        summary,
        reading,
    )
}

/// The row of a refused meter record.
pub(crate) fn bad_row(id: SessionId, number: usize, at: Time, record: &str) -> Row {
    let key = format!("{id}/x{number:03}");
    Row::new(
        Table::VisitedSessions,
        key,
        id.to_string(),
        at,
        "refused meter record",
        &record.to_owned(),
    )
}

/// States in which the station is expected to speak.
pub(crate) fn deadline(
    visit: &Visit,
    home_timeout: i64,
    connected: Option<Time>,
    hold_ttl: i64,
) -> Option<Time> {
    let s = &visit.session;
    match s.state() {
        State::Identifying | State::Negotiating => Some(s.at.plus(home_timeout)),
        State::Offered => s.offer.as_ref().map(|o| o.offer.valid_until),
        State::Authorized => {
            let started = connected.map(|c| c.max(s.since()).plus(START_TIMEOUT));
            let lapsed = s.since().plus(hold_ttl);
            Some(started.map_or(lapsed, |t| t.min(lapsed)))
        }
        State::Charging => {
            let lost = visit.heard.plus(LOST_AFTER);
            Some(
                visit
                    .vacant
                    .map_or(lost, |t| t.plus(VACANT_GRACE).min(lost)),
            )
        }
        State::Ended => Some(s.since().plus(END_GRACE)),
        State::Proposed if s.billed.is_none() => Some(s.since().plus(BILL_WAIT)),
        State::Proposed
        | State::Agreed
        | State::Settled
        | State::Refused
        | State::Void
        | State::Disputed => None,
    }
}
