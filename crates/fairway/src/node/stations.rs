//! The gateway's side toward stations: OCPP over WebSocket over TLS, one connection per station, each with its password.

use super::core::{Job, Jobs};
use super::meters::Meters;
use super::outlets::Stations;
use super::passwords::{Passwords, password_fits};
use crate::environment::Clock;
use base64::Engine as _;
use fairway_model::StationId;
use fairway_model::station::ToStation;
use fairway_protocol::ocpp::{CsmsConfig, CsmsSession, CsmsStep, MAX_FRAME, SUBPROTOCOL};
use fairway_utility::door::Input;
use futures::{SinkExt as _, StreamExt as _};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

/// Most stations connected at once.
pub const MAX_STATIONS: usize = 15_000;
/// Time for the TLS and WebSocket handshakes.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A station that says nothing for this long is asked by a ping; after twice this it is gone.
const SILENCE: Duration = Duration::from_mins(1);
/// Failed passwords per station name and minute; then it must wait.
const MAX_FAILURES: u32 = 5;
/// Most station names in the list of failures; then unknown names are refused until the minute is over.
const MAX_FAILURE_NAMES: usize = 10_000;

type Socket = WebSocketStream<TlsStream<TcpStream>>;

#[derive(Debug, Default)]
struct Failures {
    minute: i64,
    by_name: BTreeMap<String, u32>,
}

/// Everything that a connection needs.
#[derive(Debug, Clone)]
pub struct Gate {
    passwords: Passwords,
    stations: Stations,
    jobs: Jobs,
    clock: Clock,
    failures: Arc<Mutex<Failures>>,
    connections: Arc<AtomicU64>,
    known: Arc<Mutex<BTreeMap<StationId, bool>>>,
    meters: Meters,
}

impl Gate {
    /// A gate over the shared lists.
    pub fn new(passwords: Passwords, stations: Stations, jobs: Jobs, clock: Clock) -> Self {
        Self {
            passwords,
            stations,
            jobs,
            clock,
            failures: Arc::default(),
            connections: Arc::default(),
            known: Arc::default(),
            meters: Meters::default(),
        }
    }

    /// Counts connections and messages.
    #[must_use]
    pub fn with_meters(self, meters: Meters) -> Self {
        Self { meters, ..self }
    }

    fn too_many_failures(&self, name: &str) -> bool {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let this_minute = failures.minute == Self::minute();
        let full =
            failures.by_name.len() >= MAX_FAILURE_NAMES && !failures.by_name.contains_key(name);
        this_minute
            && (full
                || failures
                    .by_name
                    .get(name)
                    .is_some_and(|n| *n >= MAX_FAILURES))
    }

    fn note_failure(&self, name: &str) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.minute != Self::minute() {
            *failures = Failures {
                minute: Self::minute(),
                by_name: BTreeMap::new(),
            };
        }
        let count = failures.by_name.entry(name.to_owned()).or_default();
        *count = count.saturating_add(1);
    }

    /// What is known of a station from an earlier connection of this run: then it need not boot again to talk, and `true` says
    /// that it is one of ours.
    fn known(&self, station: &StationId) -> Option<bool> {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(station)
            .copied()
    }

    fn remember(&self, station: &StationId, ours: bool) {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(station.clone(), ours);
    }

    fn minute() -> i64 {
        crate::environment::wall_ms().div_euclid(60_000)
    }

    /// Checks path, subprotocol and password of an upgrade request.
    fn admit(&self, request: &Request) -> Result<StationId, Box<ErrorResponse>> {
        let name = request
            .uri()
            .path()
            .strip_prefix("/ocpp/")
            .unwrap_or_default();
        let station = StationId::parse(name).map_err(|e| {
            refuse(
                StatusCode::NOT_FOUND,
                format!("connect to /ocpp/STATION: {e}"),
            )
        })?;
        let offered = request
            .headers()
            .get_all(SEC_WEBSOCKET_PROTOCOL)
            .iter()
            .filter_map(|v| v.to_str().ok());
        if !offered
            .flat_map(|v| v.split(','))
            .any(|p| p.trim() == SUBPROTOCOL)
        {
            return Err(refuse(
                StatusCode::BAD_REQUEST,
                format!("offer the subprotocol {SUBPROTOCOL}; nothing else is spoken here"),
            ));
        }
        let header = request
            .headers()
            .get(AUTHORIZATION)
            .and_then(|v| v.to_str().ok());
        let (user, password) = header.and_then(basic).unwrap_or_default();
        let stored = self.passwords.get(&station);
        let fits = user == name && stored.is_some_and(|stored| password_fits(&stored, &password));
        if fits {
            // Others' wrong guesses never keep the station itself out.
            return Ok(station);
        }
        if self.too_many_failures(name) {
            return Err(refuse(
                StatusCode::TOO_MANY_REQUESTS,
                "too many wrong passwords; wait a minute".into(),
            ));
        }
        self.note_failure(name);
        let text = "unknown station or wrong password: HTTP Basic with the station's name and password is required (OCPP security profile 2)";
        Err(refuse(StatusCode::UNAUTHORIZED, text.into()))
    }
}

fn basic(header: &str) -> Option<(String, String)> {
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(header.strip_prefix("Basic ")?)
        .ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.split_once(':')
        .map(|(user, password)| (user.to_owned(), password.to_owned()))
}

fn refuse(status: StatusCode, text: String) -> Box<ErrorResponse> {
    let mut response = ErrorResponse::new(Some(text));
    *response.status_mut() = status;
    Box::new(response)
}

/// Serves stations until the process ends.
pub async fn serve(listener: TcpListener, tls: rustls::ServerConfig, gate: Gate) {
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let places = Arc::new(Semaphore::new(MAX_STATIONS));
    loop {
        let Ok((stream, address)) = listener.accept().await else {
            continue;
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            tracing::warn!(%address, "refused: {MAX_STATIONS} stations are connected already");
            continue;
        };
        let (acceptor, gate) = (acceptor.clone(), gate.clone());
        tokio::spawn(async move {
            match tokio::time::timeout(HANDSHAKE, upgrade(stream, acceptor, &gate)).await {
                Ok(Ok((socket, seat))) => run(socket, seat, &gate).await,
                Ok(Err(cause)) => tracing::warn!(%address, "station refused: {cause}"),
                Err(_) => tracing::warn!(%address, "station refused: no handshake in time"),
            }
            drop(place);
        });
    }
}

struct Occupied {
    station: StationId,
    connection: u64,
    words: mpsc::Receiver<ToStation>,
}

async fn upgrade(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    gate: &Gate,
) -> Result<(Socket, Occupied), String> {
    let _ = stream.set_nodelay(true);
    let stream = acceptor
        .accept(stream)
        .await
        .map_err(|e| format!("TLS: {e}"))?;
    let connection = gate.connections.fetch_add(1, Ordering::Relaxed);
    let mut seat = None;
    #[expect(
        clippy::result_large_err,
        reason = "the callback's type is given by the library"
    )]
    let check = |request: &Request, mut response: Response| {
        let station = gate.admit(request).map_err(|e| *e)?;
        let Some(words) = gate.stations.take(&station, connection) else {
            let text = format!("{station} is connected already; the live connection is kept");
            return Err(*refuse(StatusCode::CONFLICT, text));
        };
        seat = Some(Occupied {
            station,
            connection,
            words,
        });
        let protocol = tokio_tungstenite::tungstenite::http::HeaderValue::from_static(SUBPROTOCOL);
        response
            .headers_mut()
            .insert(SEC_WEBSOCKET_PROTOCOL, protocol);
        Ok(response)
    };
    let limits = WebSocketConfig::default()
        .max_message_size(Some(MAX_FRAME))
        .max_frame_size(Some(MAX_FRAME));
    let socket = tokio_tungstenite::accept_hdr_async_with_config(stream, check, Some(limits)).await;
    match (socket, seat) {
        (Ok(socket), Some(seat)) => Ok((socket, seat)),
        (Err(Error::Http(response)), seat) => {
            free(gate, seat);
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
        (Err(error), seat) => {
            free(gate, seat);
            Err(error.to_string())
        }
        (Ok(_), None) => Err("no station name".into()),
    }
}

fn free(gate: &Gate, seat: Option<Occupied>) {
    if let Some(seat) = seat {
        gate.stations.leave(&seat.station, seat.connection);
    }
}

/// How often a connection looks whether something timed out.
const LOOK: Duration = Duration::from_millis(250);

async fn run(socket: Socket, seat: Occupied, gate: &Gate) {
    let Occupied {
        station,
        connection,
        words,
    } = seat;
    tracing::info!(%station, "connected");
    gate.meters.connected(true);
    let known = gate.known(&station);
    let session = CsmsSession::new(csms(known, gate.clock.speed));
    let mut talk = Talk {
        station: station.clone(),
        session,
        jobs: gate.jobs.clone(),
        clock: gate.clock,
        meters: gate.meters.clone(),
    };
    let end = match talk.converse(socket, words).await {
        Ok(end) | Err(end) => end,
    };
    gate.remember(&station, talk.session.is_ours());
    gate.stations.leave(&station, connection);
    let step = talk.session.closed();
    // A stopping utility needs no word of it.
    let _ = talk.pass_on(step).await;
    talk.count();
    gate.meters.connected(false);
    tracing::info!(%station, "disconnected: {end}");
}

/// A connection's settings; its time-outs are wall time, whatever clock the messages tell.
fn csms(known: Option<bool>, speed: u32) -> CsmsConfig {
    let usual = CsmsConfig::default();
    let scaled = |millis: i64| millis.saturating_mul(i64::from(speed));
    CsmsConfig {
        command_timeout: scaled(usual.command_timeout),
        answer_timeout: scaled(usual.answer_timeout),
        booted_before: known.is_some(),
        ours: known.unwrap_or(false),
        ..usual
    }
}

/// One conversation. Its functions end with `Err(why)` when the conversation is over.
struct Talk {
    station: StationId,
    session: CsmsSession,
    jobs: Jobs,
    clock: Clock,
    meters: Meters,
}

impl Talk {
    /// Counts the calls of this step.
    fn count(&mut self) {
        self.meters.called(&self.session.take_exchanges());
    }

    async fn converse(
        &mut self,
        socket: Socket,
        mut words: mpsc::Receiver<ToStation>,
    ) -> Result<String, String> {
        let (mut sink, mut stream) = socket.split();
        let mut look = tokio::time::interval(LOOK);
        let mut heard = crate::environment::instant();
        let mut asked = false;
        loop {
            let frames = tokio::select! {
                incoming = stream.next() => {
                    (heard, asked) = (crate::environment::instant(), false);
                    self.incoming(incoming).await?
                }
                word = words.recv() => self.outgoing(&word.ok_or("replaced")?),
                _ = look.tick() => {
                    let quiet = heard.elapsed();
                    if quiet > SILENCE.saturating_mul(2) {
                        return Err("it said nothing for two minutes".into());
                    }
                    if quiet > SILENCE && !asked {
                        asked = true;
                        sink.send(Message::Ping(Vec::new().into())).await.map_err(|e| e.to_string())?;
                    }
                    self.timeouts().await?
                }
            };
            self.count();
            for frame in frames {
                sink.send(Message::Text(frame.into()))
                    .await
                    .map_err(|e| e.to_string())?;
            }
        }
    }

    async fn incoming(
        &mut self,
        incoming: Option<Result<Message, Error>>,
    ) -> Result<Vec<String>, String> {
        match incoming {
            None | Some(Ok(Message::Close(_))) => Err("it closed the connection".into()),
            Some(Err(Error::Capacity(e))) => {
                Err(format!("a frame is larger than {MAX_FRAME} bytes: {e}"))
            }
            Some(Err(e)) => Err(e.to_string()),
            Some(Ok(Message::Text(text))) => {
                let step = self.session.handle_text(self.clock.now(), &text);
                self.pass_on(step).await
            }
            Some(Ok(Message::Binary(_))) => Err("it sent a binary frame; OCPP-J is text".into()),
            Some(Ok(_)) => Ok(Vec::new()),
        }
    }

    fn outgoing(&mut self, words: &ToStation) -> Vec<String> {
        self.session
            .send(self.clock.now(), words)
            .unwrap_or_else(|error| {
                tracing::warn!(station = %self.station, "not sent: {error}");
                Vec::new()
            })
    }

    async fn timeouts(&mut self) -> Result<Vec<String>, String> {
        let now = self.clock.now();
        if self.session.poll_timeout().is_none_or(|at| at > now) {
            return Ok(Vec::new());
        }
        let step = self.session.handle_timeout(now);
        self.pass_on(step).await
    }

    /// Gives the words of a step to the machine and the frames back to the caller.
    async fn pass_on(&mut self, step: CsmsStep) -> Result<Vec<String>, String> {
        for finding in step.findings {
            tracing::warn!(station = %self.station, "odd frame at {:?}: {}", finding.at, finding.what);
        }
        for words in step.words {
            let input = Input::Station {
                station: self.station.clone(),
                words,
            };
            self.jobs
                .send(Job::Input(input))
                .await
                .map_err(|_| "the utility is stopping".to_owned())?;
        }
        Ok(step.replies)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials() {
        assert_eq!(
            basic("Basic QUxBLTE6c2VjcmV0OjE="),
            Some(("ALA-1".into(), "secret:1".into()))
        );
        assert_eq!(basic("Bearer x"), None);
    }
}
