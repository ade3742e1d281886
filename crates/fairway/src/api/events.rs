//! What happens, for pages that are open: a bounded list of events, from which every stream reads at its own pace.
//!
//! Events have rising numbers. A stream says at once from which number on it tells (`hello`), and each sign of life on a quiet one has the
//! newest number, so that whoever lost the line can say what he knows. Who comes back with such a number goes on behind it; when that is
//! no longer in the list, or is no number, he is told to load again (`reset`). While nobody has listened for a while, events are not made
//! at all. A stream ends with the sign-in that opened it.

use super::Api;
use super::what::sessions::SessionRow;
use super::what::stations::{EvseState, evse_state};
use super::who::Role;
use super::who::authorized::{Allow, Anybody, Authorized, Signed};
use crate::environment;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::sse::{Event, Sse};
use fairway_ledger::money::MoneyEffect;
use fairway_ledger::{Effect, Operation};
use fairway_utility::desk::{ChargeRow, StationView};
use fairway_utility::door::{Block, items};
use futures::Stream;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Events that are kept for streams that come back.
const MAX_KEPT: usize = 4_096;
/// Events that one look at the list takes.
const MAX_AT_ONCE: usize = 64;
/// Pause between signs of life on a quiet stream.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long events are still made after the last stream ended, in milliseconds.
const LINGER: i64 = 10 * 60_000;
/// Most stations whose last news is remembered.
const MAX_STATIONS: usize = 20_000;

/// A charge changed.
const SESSION: &str = "fairway.session.updated.v1";
/// A station connected, left, or has another connector state.
const STATION: &str = "fairway.station.updated.v1";
/// A block with transactions is final.
const BLOCK: &str = "fairway.block.finalized.v1";
/// An agreement moved on.
const AGREEMENT: &str = "fairway.agreement.updated.v1";
/// A netting cycle was closed, or a debt changed.
const SETTLEMENT: &str = "fairway.settlement.updated.v1";
/// Rules or loads changed.
const POLICY: &str = "fairway.policy.updated.v1";
/// Load again.
const RESET: &str = "reset";
/// The stream stands, and tells what is behind its number.
const HELLO: &str = "hello";
/// Nothing that concerns the listener happened up to its number.
const ALIVE: &str = "alive";

/// One event.
#[derive(Debug, Clone)]
struct Item {
    id: u64,
    name: &'static str,
    data: Value,
    /// Whose charge it is about.
    owner: Option<String>,
}

#[derive(Debug, Default)]
struct List {
    items: VecDeque<Arc<Item>>,
    next: u64,
    stations: BTreeMap<String, Value>,
}

#[derive(Debug)]
struct Inner {
    list: Mutex<List>,
    bell: watch::Sender<u64>,
    /// Wall time until which events are made although nobody listens.
    wanted: AtomicI64,
}

/// The list; clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct News(Arc<Inner>);

impl Default for News {
    fn default() -> Self {
        // Numbers of an earlier run of the program are lower, so that who comes back with one of them loads again.
        let next = u64::try_from(environment::wall_ms()).unwrap_or(1);
        Self(Arc::new(Inner {
            list: Mutex::new(List {
                next,
                ..List::default()
            }),
            bell: watch::channel(next).0,
            wanted: AtomicI64::new(0),
        }))
    }
}

impl News {
    fn list(&self) -> std::sync::MutexGuard<'_, List> {
        self.0.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody listens, or did a moment ago.
    pub(crate) fn wanted(&self) -> bool {
        let listening = self.0.bell.receiver_count() > 0;
        let now = environment::wall_ms();
        if listening {
            self.0
                .wanted
                .store(now.saturating_add(LINGER), Ordering::Relaxed);
        }
        let wanted = listening || self.0.wanted.load(Ordering::Relaxed) > now;
        if !wanted {
            let mut list = self.list();
            if !list.items.is_empty() {
                // Whoever comes back has missed something from here on.
                list.items.clear();
                list.stations.clear();
            }
            list.next = list.next.saturating_add(1);
        }
        wanted
    }

    fn publish(&self, name: &'static str, owner: Option<String>, mut data: Value) {
        let mut list = self.list();
        if let Some(fields) = data.as_object_mut() {
            fields.insert("type".to_owned(), Value::String(name.to_owned()));
        }
        let id = list.next;
        list.next = id.saturating_add(1);
        let item = Item {
            id,
            name,
            data,
            owner,
        };
        list.items.push_back(Arc::new(item));
        if list.items.len() > MAX_KEPT {
            list.items.pop_front();
        }
        drop(list);
        self.0.bell.send_replace(id);
    }

    /// A charge changed.
    pub(crate) fn charge(&self, row: &ChargeRow, owner: Option<String>) {
        let session = SessionRow::from(row);
        self.publish(SESSION, owner, json!({ "session": session }));
    }

    /// A station spoke; what is as before is no news.
    pub(crate) fn station(&self, view: &StationView) {
        let evses = view.evses.iter().map(|e| {
            let state: EvseState = evse_state(e.state);
            json!({ "number": e.entry.number, "state": state })
        });
        let name = view.station.to_string();
        let data = json!({ "station": name, "connected": view.connected.is_some(), "evses": evses.collect::<Vec<_>>() });
        {
            let mut list = self.list();
            if list.stations.get(&name) == Some(&data) {
                return;
            }
            if list.stations.len() >= MAX_STATIONS {
                list.stations.pop_first();
            }
            list.stations.insert(name, data.clone());
        }
        self.publish(STATION, None, data);
    }

    /// Rules or loads changed.
    pub(crate) fn policy(&self, version: u32) {
        self.publish(POLICY, None, json!({ "version": version }));
    }

    /// A block is final.
    pub(crate) fn block(&self, block: &Block) {
        if block.entries.is_empty() || !self.wanted() {
            return;
        }
        let at = block.time.rfc3339();
        let count = block.entries.len();
        self.publish(
            BLOCK,
            None,
            json!({ "at": at, "height": block.height, "time": at, "transactions": count }),
        );
        let mut seen = BTreeSet::new();
        for entry in &block.entries {
            let Ok(content) = &entry.content else {
                continue;
            };
            for (tx, receipt) in items(content).unwrap_or_default().iter() {
                if let Some(effect) = receipt.effect() {
                    seen.extend(about(&tx.operation, effect));
                }
            }
        }
        for (name, key, value) in seen {
            self.publish(name, None, json!({ "at": at, key: value }));
        }
    }

    /// Events behind `seen`, or that it is gone; and the last number looked at.
    fn after(&self, seen: u64) -> Result<(Vec<Arc<Item>>, u64), u64> {
        let list = self.list();
        let newest = list.next.saturating_sub(1);
        let first = list.items.front().map_or(list.next, |item| item.id);
        if seen.saturating_add(1) < first || seen > newest {
            return Err(newest);
        }
        let fresh = list.items.iter().filter(|item| item.id > seen);
        let found: Vec<Arc<Item>> = fresh.take(MAX_AT_ONCE).cloned().collect();
        let upto = found.last().map_or(newest, |item| item.id);
        Ok((found, upto))
    }

    fn newest(&self) -> u64 {
        self.list().next.saturating_sub(1)
    }
}

/// What else an applied transaction is news of.
fn about(operation: &Operation, effect: &Effect) -> Vec<(&'static str, &'static str, String)> {
    let agreement =
        |id: &fairway_model::AgreementId| vec![(AGREEMENT, "agreement", id.to_string())];
    match (operation, effect) {
        (
            _,
            Effect::AgreementProposed { agreement: id }
            | Effect::AgreementCountersigned { agreement: id }
            | Effect::AgreementTerminated { agreement: id, .. },
        ) => agreement(id),
        (_, Effect::Terms(effect)) => match effect {
            fairway_ledger::TermsEffect::Countered {
                supersedes,
                agreement: new,
                ..
            } => [agreement(supersedes), agreement(new)].concat(),
            fairway_ledger::TermsEffect::Suspended { agreement: id, .. }
            | fairway_ledger::TermsEffect::Resumed { agreement: id }
            | fairway_ledger::TermsEffect::Broken { agreement: id, .. } => agreement(id),
            _ => Vec::new(),
        },
        (_, Effect::Money(effect)) => match &**effect {
            MoneyEffect::CycleClosed(summary) => {
                vec![(
                    SETTLEMENT,
                    "cycle",
                    format!("{}/{}", summary.currency, summary.cycle),
                )]
            }
            _ => vec![(SETTLEMENT, "cycle", String::new())],
        },
        (_, Effect::PaymentConfirmed { .. } | Effect::Case(_)) => {
            vec![(SETTLEMENT, "cycle", String::new())]
        }
        _ => Vec::new(),
    }
}

/// Whether somebody may see an event.
fn visible(by: &Signed, item: &Item) -> bool {
    by.account().role != Role::Driver
        || (item.owner.is_some() && item.owner == by.account().customer)
}

struct Reader {
    news: News,
    bell: watch::Receiver<u64>,
    /// Rings when any sign-in ended.
    ended: watch::Receiver<()>,
    by: Signed,
    last: u64,
    waiting: VecDeque<Event>,
    /// When something was sent last.
    sent: Instant,
    api: Api,
}

/// An event without content, at a number.
fn mark(name: &'static str, id: u64) -> Event {
    Event::default().id(id.to_string()).event(name).data("{}")
}

/// What a stream begins with: the number behind which it tells, and its first event. Who shows a number that cannot be read has seen
/// something, nobody knows what.
fn opening(told: Option<&HeaderValue>, newest: u64) -> (u64, Event) {
    let Some(told) = told else {
        return (newest, mark(HELLO, newest));
    };
    let known = told.to_str().ok().and_then(|text| text.trim().parse().ok());
    known.map_or_else(
        || (newest, mark(RESET, newest)),
        |last| (last, mark(HELLO, last)),
    )
}

fn event(item: &Item) -> Event {
    Event::default()
        .id(item.id.to_string())
        .event(item.name)
        .data(item.data.to_string())
}

impl Reader {
    /// The next event; none when the sign-in has ended.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                self.sent = environment::instant();
                return Some((Ok(event), self));
            }
            self.ended.mark_unchanged();
            self.bell.mark_unchanged();
            if !self.api.people().lasts(&self.by.session().token) {
                return None;
            }
            match self.news.after(self.last) {
                Ok((found, upto)) => {
                    self.last = upto;
                    let mine = found.iter().filter(|item| visible(&self.by, item));
                    self.waiting.extend(mine.map(|item| event(item)));
                    if found.is_empty() {
                        self.wait().await;
                    }
                }
                Err(newest) => {
                    self.last = newest;
                    self.waiting.push_back(mark(RESET, newest));
                }
            }
        }
    }

    /// Waits for news, for the end of a sign-in, or until a sign of life is due. It is due although others' events come all the time: they
    /// make the number grow that this listener must know.
    async fn wait(&mut self) {
        let left = HEARTBEAT.saturating_sub(self.sent.elapsed());
        if left.is_zero() {
            self.waiting.push_back(mark(ALIVE, self.last));
            return;
        }
        tokio::select! {
            _ = self.bell.changed() => {}
            _ = self.ended.changed() => {}
            () = tokio::time::sleep(left) => {}
        }
    }
}

/// What happens, as server-sent events (HTML standard, 9.2).
#[utoipa::path(get, path = "/api/v1/events", tag = "events", extensions(("x-roles" = json!(Anybody::ROLES))),
    responses((status = 200, description = "A stream of events: `fairway.session.updated.v1`, `fairway.station.updated.v1`, `fairway.block.finalized.v1`, \
        `fairway.agreement.updated.v1`, `fairway.settlement.updated.v1`, `fairway.policy.updated.v1`, `reset`, and without content `hello` and `alive`", content_type = "text/event-stream", body = String)))]
pub(crate) async fn events(
    State(api): State<Api>,
    by: Authorized<Anybody>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let news = api.parts().news.clone();
    let bell = news.0.bell.subscribe();
    let ended = api.people().ended();
    // From now on events are made.
    let _ = news.wanted();
    let (last, first) = opening(headers.get("last-event-id"), news.newest());
    let reader = Reader {
        news,
        bell,
        ended,
        by: (*by).clone(),
        last,
        waiting: VecDeque::from([first]),
        sent: environment::instant(),
        api,
    };
    Sse::new(futures::stream::unfold(reader, Reader::next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_back_goes_on_where_he_was() {
        let news = News::default();
        let begin = news.newest();
        for version in 0..3 {
            news.policy(version);
        }
        let (found, upto) = news.after(begin).unwrap();
        assert_eq!((found.len(), upto), (3, begin + 3));
        let (found, _) = news.after(begin + 1).unwrap();
        assert_eq!(found[0].data["version"], 1);
        assert!(news.after(begin + 3).unwrap().0.is_empty());
        // From another run of the program, or from the future: load again.
        assert!(news.after(5).is_err() && news.after(begin + 4).is_err());
    }

    #[test]
    fn what_cannot_be_read_is_not_taken_for_nothing_seen() {
        let text = |told: Option<&'static str>| {
            let told = told.map(HeaderValue::from_static);
            let (last, event) = opening(told.as_ref(), 40);
            (last, format!("{event:?}"))
        };
        for told in [None, Some("7"), Some(" 7 ")] {
            let (last, event) = text(told);
            assert_eq!(last, if told.is_some() { 7 } else { 40 });
            assert!(event.contains(HELLO), "{event}");
        }
        for told in ["abc", "", "-1", "7.5", "99999999999999999999999"] {
            let (last, event) = text(Some(told));
            assert!(last == 40 && event.contains(RESET), "{told}: {event}");
        }
    }

    #[test]
    fn the_list_is_bounded_and_says_when_something_is_missed() {
        let news = News::default();
        let begin = news.newest();
        for version in 0..5_000 {
            news.policy(version);
        }
        assert_eq!(news.list().items.len(), MAX_KEPT);
        assert_eq!(news.after(begin).unwrap_err(), begin + 5_000);
        let (page, upto) = news.after(begin + 2_000).unwrap();
        assert_eq!((page.len(), upto), (MAX_AT_ONCE, begin + 2_064));
    }

    #[test]
    fn without_a_listener_nothing_is_kept_and_that_is_noticed() {
        let news = News::default();
        let last = news.newest();
        assert!(!news.wanted());
        assert!(news.after(last).is_err());
        let bell = news.0.bell.subscribe();
        assert!(news.wanted());
        drop(bell);
        assert!(news.wanted(), "for a while after the last one left");
    }
}
