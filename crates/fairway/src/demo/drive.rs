//! Stations and what drivers do at them.

use super::members::Cast;
use super::world::World;
use crate::environment::Clock;
use crate::node::tls;
use crate::station::kiosk::{About, Kiosk};
use crate::station::{Act, Done, MAX_WAITING, Setup, run, terminal};
use fairway_messages::{Language, Words};
use fairway_model::station::{BillView, InputMethod, OfferView, Presented};
use fairway_model::time::{MINUTE, SECOND};
use fairway_model::{Energy, EvseId, Refusal, StationId};
use fairway_protocol::ocmf::MeterKey;
use fairway_protocol::ocpp::LinkConfig;
use fairway_station::StationConfig;
use fairway_station::car::{Car, CarModel};
use fairway_station::screen::Screen;
use fairway_station::view::View;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// Longest wait for a screen.
const PATIENCE: Duration = Duration::from_secs(45);

/// One station with one EVSE.
#[derive(Debug, Clone)]
pub struct Bay {
    /// Whose it is.
    pub utility: Cast,
    /// Its name at the gateway.
    pub station: StationId,
    /// Its EVSE.
    pub evse: EvseId,
    /// Its meter's key.
    pub meter: MeterKey,
    /// Its password at the gateway.
    pub password: String,
}

/// A running station, as a driver meets it.
#[derive(Debug)]
pub struct Post {
    /// Which station.
    pub bay: Bay,
    acts: mpsc::Sender<Done>,
    views: watch::Receiver<View>,
    clock: Clock,
    /// The program; a second pair of hands has none.
    program: Option<JoinHandle<()>>,
}

/// How long a station's screens wait, in seconds of the wall clock.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    idle: i64,
    warning: i64,
    stop_question: i64,
    plug_in: i64,
    farewell: i64,
}

impl Pace {
    /// For drivers that are programs.
    pub const QUICK: Self = Self {
        idle: 5,
        warning: 2,
        stop_question: 5,
        plug_in: 60,
        farewell: 2,
    };
    /// For people.
    pub const HUMAN: Self = Self {
        idle: 60,
        warning: 20,
        stop_question: 30,
        plug_in: 180,
        farewell: 30,
    };
}

/// What came of a visit.
#[derive(Debug)]
pub struct Visit {
    /// The offer that was shown.
    pub offer: OfferView,
    /// The bill that was shown.
    pub bill: Box<BillView>,
}

impl Post {
    /// Starts a station's program for drivers that are programs.
    pub fn open(world: &World, bay: Bay) -> Result<Self, String> {
        let gateway = world.gateway(bay.utility)?;
        Self::paced(world, bay, Pace::QUICK, gateway)
    }

    /// Starts a station's program whose screens wait as long as `pace` says, and that connects to `gateway`.
    pub fn paced(world: &World, bay: Bay, pace: Pace, gateway: String) -> Result<Self, String> {
        let spki = bay.meter.public_spki();
        let certificate = world
            .genesis
            .find(bay.utility.member()?)
            .ok_or("not in genesis")?
            .certificate_der()?;
        let mut config = StationConfig::new(
            bay.evse.clone(),
            bay.utility.name,
            bay.station.as_str(),
            rand::random(),
        );
        // Screens stay as long as whoever stands here needs them: so many seconds of the wall clock.
        let wall = |seconds: i64| {
            seconds
                .saturating_mul(SECOND)
                .saturating_mul(i64::from(world.speed))
        };
        config.idle = wall(pace.idle);
        config.warning = wall(pace.warning);
        config.stop_question = wall(pace.stop_question);
        config.plug_in = wall(pace.plug_in);
        config.farewell = wall(pace.farewell);
        config.interval = 2 * MINUTE;
        let mut link = LinkConfig::new(bay.station.as_str(), bay.evse.clone(), spki);
        link.call_timeout = wall(30);
        let setup = Setup {
            station: bay.station.clone(),
            config,
            link,
            meter: bay.meter.clone(),
            register: Energy::ZERO,
            offered_w: 150_000,
            gateway,
            password: bay.password.clone(),
            tls: Arc::new(tls::station_client(certificate)?),
            clock: world.clock,
            state: Some(world.folder.join(format!("station-{}.cbor", bay.station))),
        };
        let (acts, receiver) = mpsc::channel(MAX_WAITING);
        let (shown, views) = watch::channel(View::dark());
        let clock = world.clock;
        let name = bay.station.clone();
        let program = tokio::spawn(async move {
            if let Err(error) = Box::pin(run(setup, receiver, shown)).await {
                tracing::error!(station = %name, "{error}");
            }
        });
        Ok(Self {
            bay,
            acts,
            views,
            clock,
            program: Some(program),
        })
    }

    /// A second pair of hands at the same station.
    pub(crate) fn twin(&self) -> Self {
        Self {
            bay: self.bay.clone(),
            acts: self.acts.clone(),
            views: self.views.clone(),
            clock: self.clock,
            program: None,
        }
    }

    /// Ends the station's program, and gives its bay back.
    pub async fn close(self) -> Bay {
        drop(self.acts);
        if let Some(program) = self.program {
            // It ends when nobody can act any more; what it said before is in the log.
            let _ = program.await;
        }
        self.bay
    }

    /// What the station shows now.
    pub(crate) fn view(&self) -> View {
        self.views.borrow().clone()
    }

    /// The station's kiosk, to be served.
    pub fn kiosk(&self, about: About) -> Kiosk {
        Kiosk::new(about, self.clock, self.views.clone(), self.acts.clone())
    }

    /// Does something.
    pub async fn act(&self, act: Act) -> Result<(), String> {
        self.acts
            .send(act.into())
            .await
            .map_err(|_| format!("station {} has ended", self.bay.station))
    }

    /// Waits for a screen that `wanted` takes, and gives what it made of it.
    pub async fn see<T>(
        &mut self,
        what: &str,
        wanted: impl Fn(&Screen) -> Option<T>,
    ) -> Result<T, String> {
        let station = self.bay.station.clone();
        let waiting = async {
            loop {
                if let Some(found) = wanted(&self.views.borrow_and_update().screen) {
                    return Ok(found);
                }
                self.views
                    .changed()
                    .await
                    .map_err(|_| format!("station {station} has ended"))?;
            }
        };
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(found) => found,
            Err(_) => Err(format!(
                "{} shows no {what}; it shows: {}",
                self.bay.station,
                terminal::render(&self.views.borrow().screen, &Words::of(Language::En))
            )),
        }
    }

    /// Waits until the station is free.
    pub async fn free(&mut self) -> Result<(), String> {
        self.see("prompt", |s| matches!(s, Screen::Prompt).then_some(()))
            .await
    }

    /// Presents a card.
    pub async fn card(&mut self, cin: &str) -> Result<(), String> {
        self.free().await?;
        self.act(Act::Present(Presented {
            method: InputMethod::Code,
            token: cin.to_owned(),
            pin: None,
        }))
        .await
    }

    /// Presents a card and waits for the price.
    pub async fn offer(&mut self, cin: &str) -> Result<OfferView, String> {
        self.card(cin).await?;
        let seen = self.see("offer", |s| match s {
            Screen::Offer(view) => Some(Ok(view.as_ref().clone())),
            Screen::Error { refusal, .. } => Some(Err(refusal.to_string())),
            _ => None,
        });
        seen.await?
            .map_err(|e| format!("{}: {e}", self.bay.station))
    }

    /// Presents a card that is refused; gives the refusal on the screen.
    pub async fn refused(&mut self, cin: &str) -> Result<Refusal, String> {
        self.card(cin).await?;
        self.see("error", |s| match s {
            Screen::Error { refusal, .. } => Some(refusal.clone()),
            _ => None,
        })
        .await
    }

    /// Consents, plugs in, and waits until power flows.
    pub async fn begin(&mut self, soc: u8) -> Result<(), String> {
        self.act(Act::Choice(true)).await?;
        self.see("request to plug in", |s| {
            matches!(s, Screen::PlugIn { .. } | Screen::Charging(_)).then_some(())
        })
        .await?;
        self.act(Act::PlugIn(Car::new(
            CarModel {
                target: 60,
                ..CarModel::MIDDLE
            },
            soc,
        )))
        .await?;
        self.see("charging", |s| match s {
            Screen::Charging(view) if view.energy > Energy::ZERO => Some(()),
            _ => None,
        })
        .await
    }

    /// Waits for the bill, unplugs, and leaves.
    pub async fn finish(&mut self) -> Result<Box<BillView>, String> {
        let bill = self
            .see("bill", |s| match s {
                Screen::Bill(bill) => Some(bill.clone()),
                _ => None,
            })
            .await?;
        self.act(Act::Unplug).await?;
        Ok(bill)
    }

    /// A whole visit: card, price, consent, charge to the car's target, bill.
    pub async fn visit(&mut self, cin: &str, soc: u8) -> Result<Visit, String> {
        let offer = self.offer(cin).await?;
        self.begin(soc).await?;
        let bill = self.finish().await?;
        Ok(Visit { offer, bill })
    }
}
