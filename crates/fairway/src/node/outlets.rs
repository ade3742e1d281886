//! Where effects leave: bounded queues to stations, members and the ledger. A full queue drops; the machine repeats what was not
//! answered.

use fairway_model::station::ToStation;
use fairway_model::{MemberId, StationId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// Most words waiting for one station.
pub const MAX_STATION_QUEUE: usize = 256;
/// Most envelopes waiting for one member.
pub const MAX_PEER_QUEUE: usize = 1_024;
/// Most transactions waiting for the ledger node.
pub const MAX_LEDGER_QUEUE: usize = 8_192;

/// The connected stations.
#[derive(Debug, Clone, Default)]
pub struct Stations(Arc<Mutex<BTreeMap<StationId, Seat>>>);

#[derive(Debug)]
struct Seat {
    connection: u64,
    words: mpsc::Sender<ToStation>,
}

impl Stations {
    /// Gives the seat of a station to a connection, or `None` when another live connection holds it.
    pub fn take(&self, station: &StationId, connection: u64) -> Option<mpsc::Receiver<ToStation>> {
        let mut seats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seats
            .get(station)
            .is_some_and(|seat| !seat.words.is_closed())
        {
            return None;
        }
        let (words, receiver) = mpsc::channel(MAX_STATION_QUEUE);
        seats.insert(station.clone(), Seat { connection, words });
        Some(receiver)
    }

    /// Frees the seat, if this connection still holds it.
    pub fn leave(&self, station: &StationId, connection: u64) {
        let mut seats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seats
            .get(station)
            .is_some_and(|seat| seat.connection == connection)
        {
            seats.remove(station);
        }
    }

    fn send(&self, station: &StationId, words: ToStation) -> bool {
        let seats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seats
            .get(station)
            .is_some_and(|seat| seat.words.try_send(words).is_ok())
    }
}

/// The queues to the other members; clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Ways(Arc<Mutex<BTreeMap<MemberId, mpsc::Sender<Vec<u8>>>>>);

impl Ways {
    /// Opens the way to a member, unless there is one; gives the end at which its envelopes come out.
    pub fn open(&self, to: MemberId) -> Option<mpsc::Receiver<Vec<u8>>> {
        let mut ways = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ways.contains_key(&to) {
            return None;
        }
        let (sender, receiver) = mpsc::channel(MAX_PEER_QUEUE);
        ways.insert(to, sender);
        Some(receiver)
    }

    fn to(&self, to: MemberId) -> Option<mpsc::Sender<Vec<u8>>> {
        let ways = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ways.get(&to).cloned()
    }
}

/// All ways out.
#[derive(Debug)]
pub struct Outlets {
    /// Connected stations.
    pub stations: Stations,
    /// The other members.
    pub peers: Ways,
    /// The ledger node.
    pub ledger: mpsc::Sender<Vec<u8>>,
}

impl Outlets {
    pub(super) fn to_station(&self, station: &StationId, words: ToStation) {
        if !self.stations.send(station, words) {
            tracing::debug!(%station, "not connected or too slow: dropped a message to it");
        }
    }

    pub(super) fn to_peer(&self, to: MemberId, envelope: Vec<u8>) {
        match self.peers.to(to) {
            Some(queue) if queue.try_send(envelope).is_ok() => {}
            Some(_) => {
                tracing::debug!(%to, "too many messages wait for this member: dropped one, it is repeated later");
            }
            None => tracing::warn!(%to, "no address is known for this member"),
        }
    }

    pub(super) fn submit(&self, transaction: Vec<u8>) {
        if self.ledger.try_send(transaction).is_err() {
            tracing::debug!(
                "too many transactions wait for the ledger: dropped one, it is repeated later"
            );
        }
    }
}
