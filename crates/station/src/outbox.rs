//! Transaction events on their way to the utility: in order, one at a time, repeated until each is confirmed.

use crate::machine::Station;
use crate::state::{Event, Queued};
use fairway_model::station::{CallId, FromStation, TransactionReport};
use fairway_model::time::{MINUTE, SECOND};
use fairway_model::{SignReading, Time};

/// Events that are kept for the utility. When more gather, interim readings are dropped first, oldest first: begin and end are
/// enough for a bill.
pub const MAX_OUTBOX: usize = 512;
/// Wait before the first repetition; it doubles up to [`LONGEST_RETRY`].
const FIRST_RETRY: i64 = 5 * SECOND;
/// Longest wait between two tries.
const LONGEST_RETRY: i64 = 10 * MINUTE;

/// What is known of the event at the head of the queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outbox {
    on_the_way: Option<CallId>,
    retry_at: Option<Time>,
    wait: i64,
}

impl Outbox {
    /// A new connection: everything may be tried at once.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// The event on the way got no answer.
    pub(crate) fn lost(&mut self, now: Time, call: CallId) {
        if self.on_the_way == Some(call) {
            self.on_the_way = None;
            self.wait = self
                .wait
                .saturating_mul(2)
                .clamp(FIRST_RETRY, LONGEST_RETRY);
            self.retry_at = Some(now.plus(self.wait));
        }
    }
}

impl<S: SignReading> Station<S> {
    /// Puts an event at the end of the queue.
    pub(crate) fn enqueue(&mut self, queued: Queued) {
        let queue = &mut self.saved.queue;
        if queue.len() >= MAX_OUTBOX {
            // The head may be on its way.
            let interim = queue.iter().skip(1).position(|q| q.event == Event::Updated);
            if let Some(at) = interim {
                queue.remove(at.saturating_add(1));
            } else if queued.event == Event::Updated {
                return;
            }
        }
        queue.push(queued);
    }

    /// Sends the event at the head when nothing is on the way.
    pub(crate) fn send_next(&mut self, now: Time) {
        let waits = self.outbox.retry_at.is_some_and(|at| at > now);
        if !self.linked || self.outbox.on_the_way.is_some() || waits {
            return;
        }
        let Some(Queued { event, report }) = self.saved.queue.first().cloned() else {
            return;
        };
        let call = self.call();
        self.outbox.on_the_way = Some(call);
        self.outbox.retry_at = None;
        self.say(match event {
            Event::Started => FromStation::Started { call, report },
            Event::Updated => FromStation::Updated { call, report },
            Event::Ended(reason) => FromStation::Ended {
                call,
                report,
                reason,
            },
        });
    }

    /// The utility confirmed the event on the way: it is forgotten. Gives what it said.
    pub(crate) fn confirm(&mut self, call: CallId) -> Option<TransactionReport> {
        if self.outbox.on_the_way != Some(call) || self.saved.queue.is_empty() {
            return None;
        }
        self.outbox.reset();
        let confirmed = self.saved.queue.remove(0);
        self.persist();
        Some(confirmed.report)
    }

    /// When the head is tried again.
    pub(crate) fn retry_at(&self) -> Option<Time> {
        if self.linked && !self.saved.queue.is_empty() {
            self.outbox.retry_at
        } else {
            None
        }
    }
}
