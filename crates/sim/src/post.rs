//! A station in the world: the shipped station machine with its rig, its power, and its connection to the gateway.
//!
//! A connection keeps order and loses nothing while it lives, as TCP does; when it dies, everything on the way is lost, and the
//! gateway may notice later than the station. Transaction reports may be repeated and reordered besides: stations that nobody here
//! wrote do that.

use crate::cast::{Bay, Fault};
use crate::plan::Sabotage;
use crate::words::{call_of, name_of, name_to, with_call};
use crate::world::{Event, World};
use fairway_model::station::{CallId, FromStation, ToStation};
use fairway_model::time::{MINUTE, SECOND};
use fairway_model::{Energy, SessionId, StationId, Time};
use fairway_protocol::ocmf::MeterKey;
use fairway_station::{Input, Output, Rig, Screen, Station, StationConfig};
use fairway_utility::door;
use std::collections::{BTreeSet, VecDeque};

/// How long a station waits for an answer.
const CALL_TIMEOUT: i64 = 30 * SECOND;
/// How often the instruments are read while power flows.
const MEASURE: i64 = 20 * SECOND;
/// Wait between two attempts to connect, from and to.
const RECONNECT: (i64, i64) = (3 * SECOND, 15 * SECOND);
/// How long a gateway may take to notice a dead connection, from and to.
const NOTICE: (i64, i64) = (0, 30 * SECOND);
/// Power of every station in watts.
const OFFERED_W: u32 = 150_000;
/// Most inputs that one input may lead to.
const MAX_CHAIN: usize = 500;

/// One station.
#[derive(Debug)]
pub(crate) struct Post {
    pub(crate) bay: Bay,
    machine: Option<Station<MeterKey>>,
    pub(crate) rig: Rig,
    saved: Option<Vec<u8>>,
    boots: u64,
    conn: Option<u64>,
    gateway_conn: Option<u64>,
    pub(crate) cut_until: Time,
    waiting: BTreeSet<CallId>,
    /// When the newest message of each direction arrives: order is kept.
    last: (Time, Time),
    tick_at: Option<Time>,
    /// The charge of the newest start command.
    started: Option<SessionId>,
    /// The charge for which the contactor is closed, and the register when it closed.
    flowing: Option<(SessionId, Energy)>,
    pub(crate) skew: i64,
    pub(crate) visit: Option<usize>,
}

impl Post {
    pub(crate) fn new(bay: Bay, skew: i64, now: Time) -> Self {
        Self {
            bay,
            machine: None,
            rig: Rig::new(Energy::ZERO, OFFERED_W, now.plus(skew)),
            saved: None,
            boots: 0,
            conn: None,
            gateway_conn: None,
            cut_until: Time(0),
            waiting: BTreeSet::new(),
            last: (Time(0), Time(0)),
            tick_at: None,
            started: None,
            flowing: None,
            skew,
            visit: None,
        }
    }

    /// What stands on the screen; dark without power.
    pub(crate) fn screen(&self) -> Screen {
        self.machine
            .as_ref()
            .map_or(Screen::Offline, |m| m.screen().clone())
    }

    pub(crate) fn on(&self) -> bool {
        self.machine.is_some()
    }

    fn config(&self, entropy: [u8; 16]) -> StationConfig {
        let mut config = StationConfig::new(
            self.bay.entry.evse.clone(),
            "Simulated",
            self.bay.entry.station.as_str(),
            entropy,
        );
        config.interval = 4 * MINUTE;
        config
    }
}

impl World {
    /// Gives an input to a station and carries out what it wants done.
    pub(crate) fn post_input(&mut self, place: usize, input: Input) -> Result<(), Fault> {
        let mut todo = VecDeque::from([input]);
        // The instruments are read before anything that may end a charge, so that what flowed is known to the second.
        let now = self.now();
        let post = self.post(place)?;
        if post.flowing.is_some() {
            todo.push_front(post.rig.advance(now.plus(post.skew)));
        }
        for _ in 0..MAX_CHAIN {
            let Some(input) = todo.pop_front() else {
                return self.plan_tick(place);
            };
            let now = self.now();
            let post = self.post(place)?;
            let Some(machine) = post.machine.as_mut() else {
                return Ok(());
            };
            for output in machine.handle(now.plus(post.skew), input) {
                match output {
                    Output::Send(words) => todo.extend(self.say_to_gateway(place, words)?),
                    Output::Display(_) => {}
                    Output::Contactor(closed) => self.contactor(place, closed)?,
                    Output::Persist(bytes) => self.post(place)?.saved = Some(bytes),
                }
                let cut = u32::from(self.plan.power_cut_every > 0).saturating_mul(2);
                if self.faults && self.rng.chance(cut) {
                    return self.power_cut(place);
                }
            }
        }
        Err(format!(
            "station {place} answers one input with more than {MAX_CHAIN}"
        ))
    }

    fn plan_tick(&mut self, place: usize) -> Result<(), Fault> {
        let now = self.now();
        let post = self.post(place)?;
        let Some(at) = post.machine.as_ref().and_then(Station::poll_timeout) else {
            return Ok(());
        };
        let at = at.plus(post.skew.saturating_neg()).max(now.plus(1));
        if post.tick_at.is_none_or(|earlier| at < earlier) {
            post.tick_at = Some(at);
            self.queue.at(at, Event::Tick(place));
        }
        Ok(())
    }

    pub(crate) fn tick(&mut self, place: usize) -> Result<(), Fault> {
        let now = self.now();
        let post = self.post(place)?;
        if post.tick_at.is_some_and(|at| at <= now) {
            post.tick_at = None;
            self.post_input(place, Input::Tick)?;
        }
        Ok(())
    }

    pub(crate) fn measure(&mut self, place: usize, boots: u64) -> Result<(), Fault> {
        let now = self.now();
        let post = self.post(place)?;
        if post.boots != boots || !post.on() || post.rig.car().is_none() {
            return Ok(());
        }
        let measured = post.rig.advance(now.plus(post.skew));
        self.queue
            .after(MEASURE, Event::Measure { post: place, boots });
        self.post_input(place, measured)
    }

    /// Opens or closes the contactor: the one place where energy begins to flow.
    fn contactor(&mut self, place: usize, closed: bool) -> Result<(), Fault> {
        let now = self.now();
        let post = self.post(place)?;
        post.rig.set_contactor(now.plus(post.skew), closed);
        let register = post.rig.register();
        let before = post.flowing.take();
        if let Some((session, from)) = before {
            let more = register.minus(from).ok_or("a meter ran backwards")?;
            let sum = self.delivered.entry(session).or_default();
            *sum = sum.plus(more).ok_or("energy overflows")?;
        }
        if !closed {
            return Ok(());
        }
        let started = self.post(place)?.started;
        self.note(format!(
            "station {place} closes its contactor for {started:?}"
        ));
        let session = started
            .ok_or_else(|| format!("station {place} lets energy flow and had no start command"))?;
        if !self.consented.contains(&session) {
            return Err(format!(
                "station {place} lets energy flow for {session}, and no driver said yes to it"
            ));
        }
        self.post(place)?.flowing = Some((session, register));
        Ok(())
    }

    // Power.

    pub(crate) fn power_cut(&mut self, place: usize) -> Result<(), Fault> {
        if !self.post(place)?.on() {
            return Ok(());
        }
        self.note(format!("station {place} loses power"));
        self.counts.power_cuts = self.counts.power_cuts.saturating_add(1);
        self.contactor(place, false)?;
        let post = self.post(place)?;
        post.machine = None;
        post.tick_at = None;
        self.drop_link(place)?;
        let pause = self.rng.span((5 * SECOND, 4 * MINUTE));
        self.queue.after(pause, Event::PowerOn(place));
        Ok(())
    }

    pub(crate) fn power_on(&mut self, place: usize) -> Result<(), Fault> {
        let now = self.now();
        let entropy = fairway_model::Hash(self.rng.bytes()).short();
        let post = self.post(place)?;
        if post.on() {
            return Ok(());
        }
        let (config, key) = (post.config(entropy), post.bay.meter.clone());
        let machine = match &post.saved {
            None => Station::new(config, key),
            Some(saved) => Station::restore(config, key, saved)
                .map_err(|e| format!("station {place} cannot read what it saved: {e}"))?,
        };
        post.machine = Some(machine);
        post.boots = post.boots.saturating_add(1);
        let _ = post.rig.advance(now.plus(post.skew));
        let (register, plugged) = (post.rig.register(), post.rig.car().is_some());
        self.note(format!("station {place} has power"));
        self.post_input(place, Input::PowerOn { register })?;
        if plugged {
            self.plugged(place)?;
        }
        let pause = self.rng.span((SECOND, 5 * SECOND));
        self.queue.after(pause, Event::Connect(place));
        Ok(())
    }

    /// The cable is in: the station is told, and its instruments are read from now on.
    pub(crate) fn plugged(&mut self, place: usize) -> Result<(), Fault> {
        let boots = self.post(place)?.boots;
        self.queue
            .after(MEASURE, Event::Measure { post: place, boots });
        self.post_input(place, Input::PlugIn)
    }

    // The connection.

    pub(crate) fn connect(&mut self, place: usize) -> Result<(), Fault> {
        let now = self.now();
        let post = self.post(place)?;
        if !post.on() || post.conn.is_some() {
            return Ok(());
        }
        let (utility, ready) = (
            post.bay.utility,
            post.cut_until <= now && post.gateway_conn.is_none(),
        );
        if !ready || !self.host(utility)?.up() {
            let pause = self.rng.span(RECONNECT);
            self.queue.after(pause, Event::Connect(place));
            return Ok(());
        }
        let conn = self.fresh();
        self.note(format!("station {place} connects"));
        let post = self.post(place)?;
        post.conn = Some(conn);
        post.gateway_conn = Some(conn);
        post.last = (now, now);
        self.post_input(place, Input::LinkUp)
    }

    /// The connection dies; the station sees it at once, the gateway perhaps later.
    pub(crate) fn drop_link(&mut self, place: usize) -> Result<(), Fault> {
        let post = self.post(place)?;
        let Some(conn) = post.conn.take() else {
            return Ok(());
        };
        let lost = core::mem::take(&mut post.waiting);
        let notice = self.rng.span(NOTICE);
        self.queue
            .after(notice, Event::Noticed { post: place, conn });
        self.note(format!("station {place} loses its connection"));
        for call in lost {
            self.post_input(place, Input::Lost(call))?;
        }
        self.post_input(place, Input::LinkDown)?;
        let pause = self.rng.span(RECONNECT);
        self.queue.after(pause, Event::Connect(place));
        Ok(())
    }

    /// The gateway's end is gone with its computer; the station notices with its next word or soon.
    pub(crate) fn gateway_died(&mut self, place: usize) {
        if let Some(post) = self.posts.get_mut(place) {
            post.gateway_conn = None;
            let Some(conn) = post.conn else { return };
            let notice = self.rng.span((0, 2 * SECOND));
            self.queue
                .after(notice, Event::Noticed { post: place, conn });
        }
    }

    pub(crate) fn noticed(&mut self, place: usize, conn: u64) -> Result<(), Fault> {
        let post = self.post(place)?;
        if post.conn == Some(conn) {
            return self.drop_link(place);
        }
        if post.gateway_conn != Some(conn) {
            return Ok(());
        }
        post.gateway_conn = None;
        let (utility, station) = (post.bay.utility, post.bay.entry.station.clone());
        self.give(
            utility,
            door::Input::Station {
                station,
                words: FromStation::Disconnected,
            },
        )
    }

    pub(crate) fn timed_out(&mut self, place: usize, conn: u64, call: CallId) -> Result<(), Fault> {
        let post = self.post(place)?;
        if post.conn == Some(conn) && post.waiting.remove(&call) {
            self.note(format!("station {place} waits no longer for {call:?}"));
            return self.post_input(place, Input::Lost(call));
        }
        Ok(())
    }

    /// Sends; gives what the station learns at once when there is no connection.
    fn say_to_gateway(&mut self, place: usize, words: FromStation) -> Result<Option<Input>, Fault> {
        let now = self.now();
        let call = call_of(&words);
        let post = self.post(place)?;
        let Some(conn) = post.conn else {
            return Ok(call.map(Input::Lost));
        };
        post.waiting.extend(call);
        if let Some(call) = call {
            self.queue.after(
                CALL_TIMEOUT,
                Event::TimedOut {
                    post: place,
                    conn,
                    call,
                },
            );
        }
        let report = matches!(
            words,
            FromStation::Started { .. } | FromStation::Updated { .. } | FromStation::Ended { .. }
        );
        let words = with_call(words, conn);
        if report && self.faults && self.rng.chance(self.plan.twice) {
            let late = self.delay().saturating_mul(3);
            self.queue.after(
                late,
                Event::ToGateway {
                    post: place,
                    conn,
                    words: words.clone(),
                },
            );
        }
        let delay = self.delay();
        let post = self.post(place)?;
        let at = if report {
            now.plus(delay)
        } else {
            now.plus(delay).max(post.last.0)
        };
        post.last.0 = post.last.0.max(at);
        self.queue.at(
            at,
            Event::ToGateway {
                post: place,
                conn,
                words,
            },
        );
        Ok(None)
    }

    pub(crate) fn at_gateway(
        &mut self,
        place: usize,
        conn: u64,
        words: FromStation,
    ) -> Result<(), Fault> {
        let post = self.post(place)?;
        if post.gateway_conn != Some(conn) {
            return Ok(());
        }
        let (utility, station) = (post.bay.utility, post.bay.entry.station.clone());
        self.note(format!("station {place} says {}", name_of(&words)));
        self.give(utility, door::Input::Station { station, words })
    }

    pub(crate) fn say_to_post(&mut self, utility: usize, station: &StationId, words: ToStation) {
        let now = self.now();
        let delay = self.delay();
        let found = self.posts.iter_mut().enumerate();
        let Some((place, post)) = found
            .into_iter()
            .find(|(_, p)| p.bay.utility == utility && p.bay.entry.station == *station)
        else {
            return;
        };
        let Some(conn) = post.gateway_conn else {
            return;
        };
        let at = now.plus(delay).max(post.last.1);
        post.last.1 = at;
        self.queue.at(
            at,
            Event::ToPost {
                post: place,
                conn,
                words,
            },
        );
    }

    pub(crate) fn at_post(
        &mut self,
        place: usize,
        conn: u64,
        words: ToStation,
    ) -> Result<(), Fault> {
        let post = self.post(place)?;
        if post.conn != Some(conn) {
            return Ok(());
        }
        let (mut words, call) = crate::words::answered(words, conn);
        // An answer that nobody waits for any more does not reach the machine.
        if call.is_some_and(|call| !post.waiting.remove(&call)) {
            return Ok(());
        }
        if let ToStation::Start { session, .. } = &mut words {
            if self.plan.sabotage == Some(Sabotage::StartForAnother) && !self.sabotaged {
                *session = SessionId([0xab; 16]);
                self.sabotaged = true;
            }
            self.post(place)?.started = Some(*session);
        }
        self.note(format!("station {place} hears {}", name_to(&words)));
        self.post_input(place, Input::Gateway(words))
    }

    /// Planted fault: a start command from nowhere.
    pub(crate) fn rogue_start(&mut self, place: usize) -> Result<(), Fault> {
        if self.plan.sabotage != Some(Sabotage::StartWithoutConsent)
            || self.sabotaged
            || self.post(place)?.conn.is_none()
        {
            return Ok(());
        }
        self.sabotaged = true;
        let session = SessionId([0xab; 16]);
        let evse_id = self.post(place)?.bay.entry.evse.clone();
        self.post(place)?.started = Some(session);
        self.note(format!(
            "planted: station {place} hears a start command that nobody sent"
        ));
        let words = ToStation::Start {
            command: 4_711,
            evse: 1,
            evse_id,
            session,
            energy_limit: None,
        };
        self.post_input(place, Input::Gateway(words))
    }
}
