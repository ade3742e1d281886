//! The cases of the consortium, for us may be drawn to judge any: a copy of what the ledger says, with the times at which our node acts
//! by itself in those of its own charges. An open case rests on a settled charge and ends within three weeks.
//!
//! By itself a node answers for the visited utility with the meter records that both signed, a day before silence would decide; it
//! accepts at once what the visited utility claims against itself; and it closes what is due. The opener closes first and the
//! other party some minutes later, if need be.

use crate::command::{CaseEnd, CaseView};
use crate::door::{Row, Table};
use fairway_model::canonical::Canonical;
use fairway_model::time::{DAY, MINUTE};
use fairway_model::{DecodeError, MemberId, SessionId, Time};
use std::collections::{BTreeMap, BTreeSet};

/// Most closed cases that are kept; the oldest leave first.
pub(crate) const MAX_CLOSED_CASES: usize = 10_000;
/// How long before the deadline our node answers when nobody did, in milliseconds.
pub(crate) const ANSWER_BEFORE: i64 = DAY;
/// How much later than the opener the other party closes, in milliseconds.
const CLOSE_AFTER_OPENER: i64 = 10 * MINUTE;
/// Beginning of the rows' keys.
pub(crate) const CASE: &str = "case";

/// Charge and opener.
pub(crate) type CaseKey = (SessionId, MemberId);

/// What our node does by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Accept,
    Contest,
    Close,
}

/// The copy.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Cases {
    all: BTreeMap<CaseKey, CaseView>,
    due: BTreeSet<(Time, CaseKey)>,
    closed: BTreeSet<(Time, CaseKey)>,
}

/// When our node acts next in a case, and what it does then.
pub(crate) fn next_act(case: &CaseView, me: MemberId) -> Option<(Time, Act)> {
    if case.end.is_some() || (me != case.case.home && me != case.case.visited) {
        return None;
    }
    let later = if me == case.case.opener {
        0
    } else {
        CLOSE_AFTER_OPENER
    };
    let close = |at: Time| Some((at.plus(later), Act::Close));
    match (&case.vote_until, &case.settle_until) {
        (Some(at), _) | (None, Some(at)) => close(*at),
        (None, None) if me == case.case.opener => close(case.answer_until),
        (None, None) if me == case.case.home => Some((case.opened_at, Act::Accept)),
        (None, None) => Some((case.answer_until.plus(-ANSWER_BEFORE), Act::Contest)),
    }
}

impl Cases {
    pub(crate) fn get(&self, key: &CaseKey) -> Option<&CaseView> {
        self.all.get(key)
    }

    /// Every case, in order of charge.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &CaseView> {
        self.all.values()
    }

    /// Takes over a case as the ledger has it now; the row to store, and the key of one that leaves.
    pub(crate) fn put(&mut self, view: CaseView, me: MemberId, now: Time) -> (Row, Option<String>) {
        let row = Row::new(
            Table::Registry,
            row_key(&view),
            view.case.session.to_string(),
            now,
            format!("case of {}", view.case.opener),
            &view,
        );
        self.keep(view, me);
        let oldest = (self.closed.len() > MAX_CLOSED_CASES)
            .then(|| self.closed.pop_first())
            .flatten();
        let gone = oldest.and_then(|(_, key)| self.all.remove(&key));
        (row, gone.map(|case| row_key(&case)))
    }

    fn keep(&mut self, view: CaseView, me: MemberId) {
        let key = (view.case.session, view.case.opener);
        self.due.retain(|(_, due)| *due != key);
        if let Some((at, _)) = next_act(&view, me) {
            self.due.insert((at, key));
        }
        if let Some(CaseEnd { at, .. }) = view.end {
            self.closed.insert((at, key));
        }
        self.all.insert(key, view);
    }

    /// When something is due next.
    pub(crate) fn next_due(&self) -> Option<Time> {
        self.due.first().map(|(at, _)| *at)
    }

    /// A case in which our node acts now; it comes again only when the case has changed, or after a restart.
    pub(crate) fn pop_due(&mut self, now: Time) -> Option<CaseView> {
        let (_, key) = self.due.first().copied().filter(|(at, _)| *at <= now)?;
        self.due.pop_first();
        self.all.get(&key).cloned()
    }

    pub(crate) fn restore(&mut self, row: &Row, me: MemberId) -> Result<(), DecodeError> {
        self.keep(CaseView::from_bytes(&row.body)?, me);
        Ok(())
    }

    /// Everything that is stored, for comparison after a restart.
    pub(crate) fn durable(&self) -> &BTreeMap<CaseKey, CaseView> {
        &self.all
    }
}

fn row_key(view: &CaseView) -> String {
    format!("{CASE}/{}/{}", view.case.session, view.case.opener)
}
