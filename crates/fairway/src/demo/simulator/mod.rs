//! The simulator's page: whoever watches the demonstration breaks things, and sees that charges go on and the books still balance.
//!
//! Everything is real: members are processes that are killed as kill -9 does, lines are connections that are closed, stations are the
//! programs that speak OCPP. It belongs to the demonstration and is no part of a member's program. Tested by `web/tests/e2e`.

mod deed;
mod keeper;
mod serve;

use self::deed::{Asked, AtStation, Deed};
use self::keeper::Keeper;
use super::accounts::name_of;
use super::drive::Post;
use super::members::{Cast, UTILITIES, everybody};
use super::setup::Driver;
use super::world::{World, pairs};
use crate::line::Line;
use crate::station::Act;
use crate::station::kiosk::shape;
use fairway_station::car::{Car, CarModel};
use fairway_station::{Fault, FaultCode};
use fairway_utility::command::Command;
use serde_json::{Value, json};
use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};

pub(super) use self::serve::PAGE;

/// Most deeds that wait.
const MAX_WAITING: usize = 64;
/// Deeds whose ids are remembered, so that one that comes twice counts once.
const MAX_REMEMBERED: usize = 256;
/// Deeds that the page shows.
const MAX_TOLD: usize = 20;
/// How often the page is told what is new.
const TICK: Duration = Duration::from_millis(250);
/// Time for a member to take a command.
const COMMAND: Duration = Duration::from_secs(5);
/// How much later everything arrives on a slow line, each way. The first question over a new connection takes four ways, and a driver
/// waits eight seconds for his utility.
const SLOW: Duration = Duration::from_millis(400);
/// Multipliers of an area at its peak, and otherwise, in basis points. The agreements' corridor has the last word.
const PEAK_BPS: u32 = 13_000;
const CALM_BPS: u32 = 10_000;
/// Battery of a car that comes, in percent.
const ARRIVES: u8 = 10;

/// A station with its screen's address and the line to its gateway.
#[derive(Debug)]
pub(super) struct Stand {
    /// The station.
    pub(super) post: Post,
    /// The line.
    pub(super) line: Line,
    /// Where its screen is.
    pub(super) url: String,
}

/// A deed on its way, and where its outcome goes.
#[derive(Debug)]
struct Asking {
    asked: Asked,
    answer: oneshot::Sender<Result<(), Refused>>,
}

/// Why a deed is not done.
#[derive(Debug)]
enum Refused {
    /// The request is wrong.
    Flaw(crate::station::kiosk::answers::Flaw),
    /// It cannot be done now.
    Cannot(String),
}

/// Everything that can be broken.
struct Simulator<'a> {
    world: &'a mut World,
    stands: Vec<Stand>,
    drivers: Vec<Driver>,
    slow: BTreeSet<&'static str>,
    peak: BTreeSet<&'static str>,
    seen: VecDeque<String>,
    told: VecDeque<Value>,
    books: watch::Receiver<Value>,
}

/// Serves the page until the demonstration ends.
///
/// # Errors
/// When a member has no address.
pub(super) async fn run(
    world: &mut World,
    stands: Vec<Stand>,
    drivers: &[Driver],
    listener: TcpListener,
) -> Result<(), String> {
    let clients = everybody().map(|cast| Ok::<_, String>((cast, world.client(cast)?)));
    let keeper = Keeper::new(clients.collect::<Result<_, _>>()?);
    let (told, books) = watch::channel(Value::Null);
    tokio::spawn(keeper.run(told));
    let (deeds, mut waiting) = mpsc::channel(MAX_WAITING);
    let (shown, states) = watch::channel(Value::Null);
    tokio::spawn(serve::serve(listener, deeds, states));
    let mut simulator = Simulator {
        world,
        stands,
        drivers: drivers.to_vec(),
        slow: BTreeSet::new(),
        peak: BTreeSet::new(),
        seen: VecDeque::new(),
        told: VecDeque::new(),
        books,
    };
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            Some(Asking { asked, answer }) = waiting.recv() => {
                // Whoever asked may be gone by now.
                let _ = answer.send(simulator.asked(&asked).await);
            }
            _ = tick.tick() => {}
        }
        let state = simulator.state();
        shown.send_if_modified(|old| {
            let new = *old != state;
            *old = state;
            new
        });
    }
}

impl Simulator<'_> {
    async fn asked(&mut self, asked: &Asked) -> Result<(), Refused> {
        let stations = self.stands.iter().map(|s| s.post.bay.station.to_string());
        let stations: Vec<String> = stations.collect();
        let drivers: Vec<String> = self.drivers.iter().map(|d| d.cin.clone()).collect();
        let deed = asked.deed(&stations, &drivers).map_err(Refused::Flaw)?;
        if self.seen.contains(&asked.id) {
            return Ok(());
        }
        self.carry_out(deed).await.map_err(Refused::Cannot)?;
        if self.seen.len() >= MAX_REMEMBERED {
            self.seen.pop_front();
        }
        self.seen.push_back(asked.id.clone());
        if self.told.len() >= MAX_TOLD {
            self.told.pop_back();
        }
        let mut told = asked.told();
        if let Some(fields) = told.as_object_mut() {
            let at = self.world.clock.now().rfc3339();
            fields.insert("at".to_owned(), json!(at));
            fields.insert("id".to_owned(), json!(asked.id));
        }
        self.told.push_front(told);
        Ok(())
    }

    async fn carry_out(&mut self, deed: Deed) -> Result<(), String> {
        match deed {
            Deed::Kill(cast) => self.world.kill(cast).await,
            Deed::Restart(cast) if self.world.runs(cast) => Ok(()),
            Deed::Restart(cast) => self.world.start(cast),
            Deed::Cut(a, b, cut) => {
                for line in self.both_ways(a, b) {
                    line.cut(cut);
                }
                Ok(())
            }
            Deed::Slow(cast, slow) => {
                self.slow_down(cast, slow);
                Ok(())
            }
            Deed::Peak(cast, peak) => self.load(cast, peak).await,
            Deed::Station(name, deed) => self.at_station(&name, deed).await,
        }
    }

    fn both_ways(&self, a: Cast, b: Cast) -> impl Iterator<Item = &Line> {
        let there = self.world.line(a.id, b.id);
        there.into_iter().chain(self.world.line(b.id, a.id))
    }

    /// A line is slow while either of its ends is.
    fn slow_down(&mut self, cast: Cast, slow: bool) {
        if slow {
            self.slow.insert(cast.id);
        } else {
            self.slow.remove(cast.id);
        }
        for (from, to) in pairs() {
            let slow = self.slow.contains(from.id) || self.slow.contains(to.id);
            if let Some(line) = self.world.line(from.id, to.id) {
                line.slow(if slow { SLOW } else { Duration::ZERO });
            }
        }
    }

    async fn load(&mut self, cast: Cast, peak: bool) -> Result<(), String> {
        let command = Command::SetLoad {
            area: cast.area.to_owned(),
            load_bps: if peak { PEAK_BPS } else { CALM_BPS },
        };
        let client = self.world.client(cast)?;
        tokio::time::timeout(COMMAND, client.command(&command))
            .await
            .map_err(|_| format!("{} does not answer", cast.name))??;
        if peak {
            self.peak.insert(cast.id);
        } else {
            self.peak.remove(cast.id);
        }
        Ok(())
    }

    async fn at_station(&self, name: &str, deed: AtStation) -> Result<(), String> {
        let mut stands = self.stands.iter();
        let stand = stands
            .find(|stand| stand.post.bay.station.as_str() == name)
            .ok_or("no such station")?;
        let post = &stand.post;
        match deed {
            AtStation::Cut(cut) => {
                stand.line.cut(cut);
                Ok(())
            }
            AtStation::Charge(cin) => {
                let mut post = post.twin();
                // What goes wrong is on the station's screen.
                tokio::spawn(async move {
                    if let Err(reason) = visit(&mut post, &cin).await {
                        tracing::info!("{reason}");
                    }
                });
                Ok(())
            }
            AtStation::Plug => post.act(Act::PlugIn(car())).await,
            AtStation::Unplug => post.act(Act::Unplug).await,
            AtStation::Repair => post.act(Act::Fault(None)).await,
            AtStation::Fault => {
                let fault = Fault {
                    code: Some(FaultCode::EMERGENCY_STOP),
                    text: "emergency stop".to_owned(),
                };
                post.act(Act::Fault(Some(fault))).await
            }
        }
    }

    fn state(&mut self) -> Value {
        let books = self.books.borrow().clone();
        let members: Vec<Value> = everybody().map(|cast| self.member(cast, &books)).collect();
        let lines = pairs().filter(|(a, b)| a.id < b.id).map(|(a, b)| {
            let cut = self.both_ways(a, b).any(|line| line.condition().cut);
            json!({ "from": a.id, "to": b.id, "cut": cut })
        });
        let now = self.world.clock.now();
        let stations = self.stands.iter().map(|stand| {
            let view = stand.post.view();
            json!({
                "station": stand.post.bay.station.as_str(),
                "operator": stand.post.bay.utility.id,
                "url": stand.url,
                "cut": stand.line.condition().cut,
                "linked": view.linked,
                "plugged": view.plugged,
                "home": view.offer.as_ref().map(|offer| offer.home_name.clone()),
                "screen": shape::screen(&view, now),
            })
        });
        let drivers = self.drivers.iter().map(
            |d| json!({ "name": d.name, "cin": d.cin, "home": d.home.id, "account": name_of(d) }),
        );
        json!({
            "members": members,
            "lines": lines.collect::<Vec<_>>(),
            "stations": stations.collect::<Vec<_>>(),
            "drivers": drivers.collect::<Vec<_>>(),
            "books": books,
            "told": self.told,
        })
    }

    fn member(&mut self, cast: Cast, books: &Value) -> Value {
        let height = books.get("heights").and_then(|all| all.get(cast.id));
        json!({
            "id": cast.id,
            "name": cast.name,
            "utility": UTILITIES.iter().any(|utility| utility.id == cast.id),
            "runs": self.world.runs(cast),
            "height": height.and_then(Value::as_u64),
            "slow": self.slow.contains(cast.id),
            "peak": self.peak.contains(cast.id),
            "pages": self.world.pages(cast).ok(),
        })
    }
}

fn car() -> Car {
    Car::new(CarModel::MIDDLE, ARRIVES)
}

/// A driver who comes, agrees, plugs in, and leaves with the bill.
async fn visit(post: &mut Post, cin: &str) -> Result<(), String> {
    post.visit(cin, ARRIVES).await.map(drop)
}

/// A listener for the page.
///
/// # Errors
/// When there is no free port.
pub(super) async fn listener() -> Result<(TcpListener, SocketAddr), String> {
    let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))
        .await
        .map_err(|e| e.to_string())?;
    let address = listener.local_addr().map_err(|e| e.to_string())?;
    Ok((listener, address))
}
