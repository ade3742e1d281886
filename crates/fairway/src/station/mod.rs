//! A charging station as a program: the station machine, a simulated meter and car, and its WebSocket to the gateway.

pub mod kiosk;
pub mod terminal;

use crate::environment::Clock;
use base64::Engine as _;
use fairway_model::station::{FromStation, Presented};
use fairway_model::{Energy, StationId, Time};
use fairway_protocol::ocmf::MeterKey;
use fairway_protocol::ocpp::{LinkStep, MAX_FRAME, SUBPROTOCOL, StationLink};
use fairway_station::car::Car;
use fairway_station::io::{Input, Output, PadKey};
use fairway_station::rig::Rig;
use fairway_station::view::View;
use fairway_station::{Choice, Fault, Station, StationConfig};
use futures::{SinkExt as _, StreamExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream};

/// Longest wait between two attempts to connect.
const MAX_RECONNECT: Duration = Duration::from_secs(15);
/// How often the instruments are read (wall clock).
const TICK: Duration = Duration::from_millis(50);
/// Most acts that wait for the station; more than a person does in a second.
pub const MAX_WAITING: usize = 64;
/// Time to connect.
const CONNECT: Duration = Duration::from_secs(5);

/// Everything that one station program is told.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Its name in the connection path.
    pub station: StationId,
    /// Its machine's settings.
    pub config: StationConfig,
    /// Its connection's settings.
    pub link: fairway_protocol::ocpp::LinkConfig,
    /// Meter key.
    pub meter: MeterKey,
    /// Meter register at the first start.
    pub register: Energy,
    /// Power that the station can offer, in watts.
    pub offered_w: u32,
    /// Gateway, such as `wss://127.0.0.1:7400`.
    pub gateway: String,
    /// Password.
    pub password: String,
    /// Accepts only the gateway's certificate.
    pub tls: Arc<rustls::ClientConfig>,
    /// The clock to run by.
    pub clock: Clock,
    /// Where unsent transaction events survive a power cut.
    pub state: Option<PathBuf>,
}

/// What a driver, or the simulated world around the station, does.
#[derive(Debug, Clone)]
pub enum Act {
    /// Presents a card, code or contract.
    Present(Presented),
    /// Presses a key of the dial pad.
    Key(PadKey),
    /// Answers the consent question.
    Choice(bool),
    /// Plugs a car in.
    PlugIn(Car),
    /// Pulls the cable.
    Unplug,
    /// Presses stop.
    Stop,
    /// Chooses something that the screen offers.
    Choose(Choice),
    /// Something is broken (`Some`), or repaired.
    Fault(Option<Fault>),
}

/// An act on its way to the station.
#[derive(Debug)]
pub struct Done {
    /// What is done.
    pub act: Act,
    /// The screen that it was meant for; on another one it is not carried out.
    pub step: Option<u64>,
    /// Where the view after it goes: an error when another screen was shown.
    pub answer: Option<oneshot::Sender<Result<View, View>>>,
}

impl From<Act> for Done {
    fn from(act: Act) -> Self {
        Self {
            act,
            step: None,
            answer: None,
        }
    }
}

/// A station's connection to its gateway.
pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

struct Runner {
    setup: Setup,
    machine: Station<MeterKey>,
    rig: Rig,
    link: StationLink,
    frames: Vec<String>,
    views: watch::Sender<View>,
    /// The register as it was last written down.
    written: Energy,
}

/// Runs a station until nobody can act any more.
///
/// # Errors
/// When its saved state cannot be read or written.
pub async fn run(
    setup: Setup,
    mut acts: mpsc::Receiver<Done>,
    views: watch::Sender<View>,
) -> Result<(), String> {
    let mut runner = Runner::new(setup, views)?;
    let mut wait = Duration::from_millis(100);
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let Setup {
            gateway,
            station,
            password,
            tls,
            ..
        } = runner.setup.clone();
        let attempt = open(&gateway, &station, &password, tls);
        tokio::pin!(attempt);
        let socket = loop {
            tokio::select! {
                socket = &mut attempt => break socket,
                act = acts.recv() => match act { Some(act) => runner.done(act)?, None => return Ok(()) },
                _ = tick.tick() => runner.tick()?,
            }
        };
        match socket {
            Ok(socket) => {
                wait = Duration::from_millis(100);
                runner.connected()?;
                let why = runner.converse(socket, &mut acts, &mut tick).await?;
                let Some(why) = why else { return Ok(()) };
                tracing::debug!(station = %runner.setup.station, "connection ended: {why}");
                runner.disconnected()?;
            }
            Err(why) => {
                tracing::info!(station = %runner.setup.station, "gateway not reached: {why}");
            }
        }
        let until = tokio::time::Instant::now()
            .checked_add(wait)
            .unwrap_or_else(tokio::time::Instant::now);
        wait = wait.saturating_mul(2).min(MAX_RECONNECT);
        while tokio::time::Instant::now() < until {
            tokio::select! {
                act = acts.recv() => match act { Some(act) => runner.done(act)?, None => return Ok(()) },
                _ = tick.tick() => runner.tick()?,
            }
        }
    }
}

/// Opens a station's WebSocket.
///
/// # Errors
/// The gateway's refusal, or why it was not reached.
pub async fn open(
    gateway: &str,
    station: &StationId,
    password: &str,
    tls: Arc<rustls::ClientConfig>,
) -> Result<Socket, String> {
    let mut request = format!("{gateway}/ocpp/{station}")
        .into_client_request()
        .map_err(|e| e.to_string())?;
    let credentials =
        base64::engine::general_purpose::STANDARD.encode(format!("{station}:{password}"));
    let credentials =
        HeaderValue::from_str(&format!("Basic {credentials}")).map_err(|e| e.to_string())?;
    request.headers_mut().insert(AUTHORIZATION, credentials);
    request.headers_mut().insert(
        SEC_WEBSOCKET_PROTOCOL,
        HeaderValue::from_static(SUBPROTOCOL),
    );
    let limits = WebSocketConfig::default()
        .max_message_size(Some(MAX_FRAME))
        .max_frame_size(Some(MAX_FRAME));
    let connector = Connector::Rustls(tls);
    let attempt = tokio_tungstenite::connect_async_tls_with_config(
        request,
        Some(limits),
        true,
        Some(connector),
    );
    match tokio::time::timeout(CONNECT, attempt).await {
        Err(_) => Err("no answer in time".into()),
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(Error::Http(response))) => {
            let body = response
                .body()
                .as_ref()
                .map(|b| String::from_utf8_lossy(b).into_owned());
            Err(format!(
                "{} {}",
                response.status(),
                body.unwrap_or_default()
            ))
        }
        Ok(Err(error)) => Err(error.to_string()),
    }
}

/// Writes a file beside its place and moves it there, so that a power cut leaves the old or the new one.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let fresh = path.with_extension("new");
    let written = std::fs::write(&fresh, bytes).and_then(|()| std::fs::rename(&fresh, path));
    written.map_err(|e| format!("{}: {e}", path.display()))
}

/// Where the simulated meter keeps its register: beside the station's state.
fn register_file(setup: &Setup) -> Option<PathBuf> {
    setup
        .state
        .as_ref()
        .map(|path| path.with_extension("meter"))
}

/// The register at power-on: the one kept, or the one of the setup when it is higher or there is none.
fn read_register(setup: &Setup) -> Result<Energy, String> {
    let Some(path) = register_file(setup).filter(|path| path.exists()) else {
        return Ok(setup.register);
    };
    let wrong = |why: String| {
        format!(
            "{}: {why}; a number of milliwatt-hours is right",
            path.display()
        )
    };
    let text = std::fs::read_to_string(&path).map_err(|e| wrong(e.to_string()))?;
    let kept: u64 = text
        .trim()
        .parse()
        .map_err(|_| wrong(format!("{text:?}")))?;
    Ok(Energy(kept).max(setup.register))
}

impl Runner {
    fn new(setup: Setup, views: watch::Sender<View>) -> Result<Self, String> {
        let saved = match &setup.state {
            Some(path) if path.exists() => {
                Some(std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?)
            }
            _ => None,
        };
        let machine = match saved {
            Some(bytes) => Station::restore(setup.config.clone(), setup.meter.clone(), &bytes)
                .map_err(|e| format!("saved state: {e}"))?,
            None => Station::new(setup.config.clone(), setup.meter.clone()),
        };
        let now = setup.clock.now();
        let written = read_register(&setup)?;
        let rig = Rig::new(written, setup.offered_w, now);
        let link = StationLink::new(setup.link.clone());
        let register = rig.register();
        let mut runner = Self {
            setup,
            machine,
            rig,
            link,
            frames: Vec::new(),
            views,
            written,
        };
        runner.input(now, Input::PowerOn { register })?;
        Ok(runner)
    }

    fn now(&self) -> Time {
        self.setup.clock.now()
    }

    fn act(&mut self, act: Act) -> Result<(), String> {
        let now = self.now();
        match act {
            Act::Present(presented) => self.input(now, Input::Presented(presented)),
            Act::Key(key) => self.input(now, Input::Key(key)),
            Act::Choice(yes) => self.input(now, Input::Choice(yes)),
            Act::PlugIn(car) => {
                self.rig.set_car(now, Some(car));
                self.input(now, Input::PlugIn)
            }
            Act::Unplug => {
                self.input(now, Input::Unplug)?;
                self.rig.set_car(now, None);
                Ok(())
            }
            Act::Stop => self.input(now, Input::StopButton),
            Act::Choose(choice) => self.input(now, Input::Choose(choice)),
            Act::Fault(Some(fault)) => self.input(now, Input::Fault(fault)),
            Act::Fault(None) => self.input(now, Input::FaultCleared),
        }
    }

    /// Carries out an act on the screen that it was meant for, and tells what came of it.
    fn done(&mut self, done: Done) -> Result<(), String> {
        let before = self.machine.view(self.now());
        let meant = done.step.is_none_or(|step| step == before.step);
        if meant {
            self.act(done.act)?;
        }
        if let Some(answer) = done.answer {
            let view = self.machine.view(self.now());
            // Who asked may be gone by now.
            let _ = answer.send(if meant { Ok(view) } else { Err(view) });
        }
        Ok(())
    }

    fn tick(&mut self) -> Result<(), String> {
        let now = self.now();
        self.input(now, Input::Tick)?;
        if self.link.poll_timeout().is_some_and(|at| at <= now) {
            let step = self.link.handle_timeout(now);
            self.step(now, step)?;
        }
        Ok(())
    }

    fn connected(&mut self) -> Result<(), String> {
        self.link.connected(u64::from_le_bytes(rand::random()));
        self.input(self.now(), Input::LinkUp)
    }

    fn disconnected(&mut self) -> Result<(), String> {
        self.frames.clear();
        let now = self.now();
        let step = self.link.disconnected();
        self.step(now, step)?;
        self.input(now, Input::LinkDown)
    }

    fn step(&mut self, now: Time, step: LinkStep) -> Result<(), String> {
        self.frames.extend(step.replies);
        for finding in step.findings {
            tracing::debug!(station = %self.setup.station, "odd at {}: {}", finding.at, finding.what);
        }
        for call in step.lost {
            self.input(now, Input::Lost(call))?;
        }
        for words in step.words {
            self.input(now, Input::Gateway(words))?;
        }
        Ok(())
    }

    /// Reads the instruments first, so that what begins or ends a charge sees the register of that moment.
    fn input(&mut self, now: Time, input: Input) -> Result<(), String> {
        if !matches!(input, Input::PowerOn { .. }) {
            let measured = self.rig.advance(now);
            self.write_register()?;
            self.handle(now, measured)?;
        }
        self.handle(now, input)
    }

    fn handle(&mut self, now: Time, input: Input) -> Result<(), String> {
        for output in self.machine.handle(now, input) {
            match output {
                Output::Send(words) => self.say(now, &words),
                // The view below shows it, with what can be chosen.
                Output::Display(_) => {}
                Output::Contactor(closed) => self.rig.set_contactor(now, closed),
                Output::Persist(bytes) => self.persist(&bytes)?,
            }
        }
        let view = self.machine.view(now);
        self.views.send_if_modified(|shown| {
            let other = *shown != view;
            if other {
                *shown = view;
            }
            other
        });
        Ok(())
    }

    fn say(&mut self, now: Time, words: &FromStation) {
        match self.link.send(now, words) {
            Ok(frames) => self.frames.extend(frames),
            Err(error) => tracing::debug!(station = %self.setup.station, "not sent: {error}"),
        }
    }

    fn persist(&self, bytes: &[u8]) -> Result<(), String> {
        self.setup
            .state
            .as_ref()
            .map_or(Ok(()), |path| replace(path, bytes))
    }

    /// A meter keeps its register over a power cut, and so does the simulated one, before anything is told of it.
    fn write_register(&mut self) -> Result<(), String> {
        let register = self.rig.register();
        match register_file(&self.setup) {
            Some(path) if register != self.written => {
                replace(&path, register.0.to_string().as_bytes())?;
                self.written = register;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Talks until the connection ends (`Some(why)`) or nobody can act any more (`None`).
    async fn converse(
        &mut self,
        mut socket: Socket,
        acts: &mut mpsc::Receiver<Done>,
        tick: &mut tokio::time::Interval,
    ) -> Result<Option<String>, String> {
        loop {
            for frame in std::mem::take(&mut self.frames) {
                if socket.send(Message::Text(frame.into())).await.is_err() {
                    return Ok(Some("it broke while sending".into()));
                }
            }
            tokio::select! {
                incoming = socket.next() => match incoming {
                    None | Some(Ok(Message::Close(_))) => return Ok(Some("the gateway closed it".into())),
                    Some(Err(error)) => return Ok(Some(error.to_string())),
                    Some(Ok(Message::Text(text))) => {
                        let now = self.now();
                        let step = self.link.handle_text(now, &text);
                        self.step(now, step)?;
                    }
                    Some(Ok(_)) => {}
                },
                act = acts.recv() => match act {
                    Some(act) => self.done(act)?,
                    None => return Ok(None),
                },
                _ = tick.tick() => self.tick()?,
            }
        }
    }
}
