//! Authorization through the real programs: from a station's `Authorize` frame to the answer with price and estimate, over TLS
//! and WebSocket, with four member processes on this machine; first through the home utility, then from the visiting profile.

use super::{figure, percentile};
use crate::demo::drive::Bay;
use crate::demo::members::{Cast, UTILITIES, everybody};
use crate::demo::setup;
use crate::demo::world::{Plan, World};
use crate::environment::{self, Clock};
use crate::node::tls;
use crate::station::{Socket, open};
use clap::Args;
use fairway_model::cin::{Cin, CinPrefix, CustomerNumber};
use fairway_model::station::{
    CallId, ConnectorState, FromStation, Identified, InputMethod, Presented, ToStation,
};
use fairway_model::{Currency, CustomerClass, Micro, Payment, Service, SessionId, Tier};
use fairway_protocol::ocpp::{LinkConfig, StationLink};
use fairway_utility::command::{Command, NewCustomer};
use futures::{SinkExt as _, StreamExt as _};
use std::sync::Arc;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

/// How authorization is measured.
#[derive(Debug, Args)]
pub struct Options {
    /// One JSON object per figure.
    #[arg(long)]
    json: bool,
    /// Drivers; each is authorized once remotely and then twice from the visiting profile.
    #[arg(long, default_value_t = 200)]
    drivers: u32,
}

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

pub(super) async fn run(options: Options) -> Result<(), String> {
    let folder =
        std::env::temp_dir().join(format!("fairway-bench-authorize-{}", std::process::id()));
    let mut world = World::prepare(&Plan::new(&folder, 11, 1)?)?;
    for member in everybody() {
        world.start(member)?;
    }
    let result = measure(&options, &mut world).await;
    world.stop().await;
    // What cannot be removed now is removed by the system's own cleaning of temporary folders.
    let _ = std::fs::remove_dir_all(&folder);
    let (mut remote, mut cached) = result?;
    for (name, values) in [("remote", &mut remote), ("cached", &mut cached)] {
        values.sort_by(f64::total_cmp);
        figure(
            options.json,
            &format!("authorize/{name}/p50"),
            percentile(values, 500),
            "ms",
        );
        figure(
            options.json,
            &format!("authorize/{name}/p99"),
            percentile(values, 990),
            "ms",
        );
    }
    Ok(())
}

async fn measure(options: &Options, world: &mut World) -> Result<(Vec<f64>, Vec<f64>), String> {
    for member in everybody() {
        world.ready(member).await?;
    }
    let bays = setup::bays(11)?;
    setup::consortium(world, 11, &bays).await?;
    let [alabama, duke, _] = UTILITIES;
    let cins = customers(world, alabama, options.drivers).await?;
    let bay = bays
        .into_iter()
        .find(|b| b.utility.id == duke.id)
        .ok_or("no station")?;
    let mut tap = Tap::open(world, bay).await?;
    let (mut remote, mut cached) = (Vec::new(), Vec::new());
    for cin in &cins {
        remote.push(tap.authorize(cin, false).await?);
    }
    for cin in cins.iter().chain(&cins) {
        cached.push(tap.authorize(cin, true).await?);
    }
    Ok((remote, cached))
}

async fn customers(world: &World, home: Cast, count: u32) -> Result<Vec<String>, String> {
    let client = world.client(home)?;
    let prefix = CinPrefix::parse(home.prefix).map_err(|e| e.to_string())?;
    let mut out = Vec::new();
    for number in 0..count {
        let customer = CustomerNumber::new(500_000_000u32.saturating_add(number))
            .map_err(|e| e.to_string())?;
        let cin = Cin::new(prefix, Service::Standard, customer);
        let customer = NewCustomer {
            cin: cin.digits().clone(),
            name: format!("Driver {number}"),
            class: CustomerClass::Residential,
            tier: Tier::Gold,
            payment: Payment::Postpaid,
            credit_limit: Micro(500_000_000),
            language: "en".into(),
            pin: None,
            credentials: Vec::new(),
            currency: Currency::USD,
        };
        client.command(&Command::PutCustomer(customer)).await?;
        out.push(cin.digits().clone());
    }
    Ok(out)
}

/// A bare station connection.
struct Tap {
    socket: Socket,
    link: StationLink,
    clock: Clock,
    calls: u64,
}

impl Tap {
    async fn open(world: &World, bay: Bay) -> Result<Self, String> {
        let certificate = world
            .genesis
            .find(bay.utility.member()?)
            .ok_or("not in genesis")?
            .certificate_der()?;
        let tls = Arc::new(tls::station_client(certificate)?);
        let socket = open(
            &world.gateway(bay.utility)?,
            &bay.station,
            &bay.password,
            tls,
        )
        .await?;
        let mut link = StationLink::new(LinkConfig::new(
            bay.station.as_str(),
            bay.evse.clone(),
            bay.meter.public_spki(),
        ));
        link.connected(1);
        let mut tap = Self {
            socket,
            link,
            clock: world.clock,
            calls: 0,
        };
        tap.say(FromStation::Booted {
            model: "Tap".into(),
            firmware: "1".into(),
        })
        .await?;
        tap.say(FromStation::Status {
            evse: 1,
            state: ConnectorState::Available,
        })
        .await?;
        Ok(tap)
    }

    async fn say(&mut self, words: FromStation) -> Result<(), String> {
        let frames = self
            .link
            .send(self.clock.now(), &words)
            .map_err(|e| e.to_string())?;
        self.send(frames).await
    }

    async fn send(&mut self, frames: Vec<String>) -> Result<(), String> {
        for frame in frames {
            self.socket
                .send(Message::Text(frame.into()))
                .await
                .map_err(|e| e.to_string())?;
        }
        Ok(())
    }

    async fn hear(&mut self) -> Result<Vec<ToStation>, String> {
        let incoming = tokio::time::timeout(PATIENCE, self.socket.next())
            .await
            .map_err(|_| "no answer in time".to_owned())?;
        let text = match incoming {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(_)) => return Ok(Vec::new()),
            Some(Err(error)) => return Err(error.to_string()),
            None => return Err("the gateway closed the connection".into()),
        };
        let step = self.link.handle_text(self.clock.now(), &text);
        self.send(step.replies).await?;
        Ok(step.words)
    }

    fn call(&mut self) -> CallId {
        self.calls = self.calls.saturating_add(1);
        CallId(self.calls)
    }

    /// Presents a card, waits for the price, declines; gives the milliseconds until the price.
    async fn authorize(&mut self, cin: &str, local: bool) -> Result<f64, String> {
        let call = self.call();
        let presented = Presented {
            method: InputMethod::Code,
            token: cin.to_owned(),
            pin: None,
        };
        let begin = environment::instant();
        self.say(FromStation::Identify {
            call,
            evse: Some(1),
            presented,
        })
        .await?;
        let (session, took) = loop {
            let found = self
                .hear()
                .await?
                .into_iter()
                .find_map(|words| match words {
                    ToStation::Identified { answer, .. } => Some(answer),
                    _ => None,
                });
            match found {
                Some(Identified::Offer(view)) if view.local == local => {
                    break (view.session, begin.elapsed());
                }
                Some(other) => {
                    return Err(format!("expected an offer (local: {local}), got {other:?}"));
                }
                None => {}
            }
        };
        self.decline(session).await?;
        Ok(took.as_secs_f64() * 1_000.0)
    }

    async fn decline(&mut self, session: SessionId) -> Result<(), String> {
        let call = self.call();
        self.say(FromStation::Consent {
            call,
            session,
            accepted: false,
        })
        .await?;
        loop {
            if self
                .hear()
                .await?
                .iter()
                .any(|w| matches!(w, ToStation::ConsentNoted { .. }))
            {
                return Ok(());
            }
        }
    }
}
