//! The demonstration's listener: where one begins, the simulator's page, its state as server-sent events, and deeds. It answers this machine alone.

use super::deed::Asked;
use super::{Asking, Refused};
use crate::assets;
use crate::station::kiosk::answers::{Problem, guarded};
use crate::station::kiosk::post::{asset, from_own_page, host, is_here, read};
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use futures::stream;
use serde_json::Value;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};

/// Where the page is.
pub(crate) const PAGE: &str = "/simulator";
/// Largest request in bytes.
const MAX_REQUEST: usize = 4 * 1024;
/// Most pages that listen.
const MAX_READERS: usize = 16;
/// A sign of life at least so often.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Time for a deed.
const DEED: Duration = Duration::from_secs(10);

#[derive(Debug, Clone)]
struct Desk {
    deeds: mpsc::Sender<Asking>,
    states: watch::Receiver<Value>,
    places: Arc<Semaphore>,
}

struct Reader {
    states: watch::Receiver<Value>,
    first: bool,
    _place: OwnedSemaphorePermit,
}

/// Serves until the listener fails.
pub(super) async fn serve(
    listener: TcpListener,
    deeds: mpsc::Sender<Asking>,
    states: watch::Receiver<Value>,
) {
    let desk = Desk {
        deeds,
        states,
        places: Arc::new(Semaphore::new(MAX_READERS)),
    };
    let app = Router::new()
        .route("/", get(tour))
        .route(PAGE, get(page))
        .route("/simulator/events", get(events))
        .route("/simulator/act", post(act))
        .route("/assets/{*path}", get(asset))
        .fallback(nothing)
        .layer(DefaultBodyLimit::max(MAX_REQUEST))
        .layer(from_fn(guarded))
        .with_state(desk);
    if let Err(error) = axum::serve(listener, app).await {
        tracing::error!("the simulator's listener failed: {error}");
    }
}

async fn nothing() -> Problem {
    let text =
        format!("nothing is here; the demonstration begins at /, the simulator is at {PAGE}");
    Problem::new(StatusCode::NOT_FOUND, "not-found", text)
}

/// A name that a foreign page resolves to this machine is not ours.
fn here(headers: &HeaderMap) -> Result<(), Problem> {
    if is_here(host(headers)) {
        return Ok(());
    }
    let text =
        "this host name is not the simulator's; open the address that the demonstration printed";
    let status = StatusCode::MISDIRECTED_REQUEST;
    Err(Problem::new(status, "host-unknown", text))
}

/// Where one begins: things to try, across all members.
async fn tour(headers: HeaderMap) -> Result<Response, Problem> {
    here(&headers)?;
    Ok(assets::page("tour.html", &headers))
}

async fn page(headers: HeaderMap) -> Result<Response, Problem> {
    here(&headers)?;
    Ok(assets::page("simulator.html", &headers))
}

async fn events(State(desk): State<Desk>, headers: HeaderMap) -> Result<Response, Problem> {
    here(&headers)?;
    let Ok(place) = desk.places.clone().try_acquire_owned() else {
        let text = "too many pages listen to the simulator; close one and try again";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", text));
    };
    let reader = Reader {
        states: desk.states.clone(),
        first: true,
        _place: place,
    };
    let events = stream::unfold(reader, |mut reader| async move {
        if !reader.first {
            reader.states.changed().await.ok()?;
        }
        reader.first = false;
        let state = reader.states.borrow_and_update().to_string();
        let event = Event::default().event("state").data(state);
        Some((Ok::<_, Infallible>(event), reader))
    });
    let events = Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    Ok(events.into_response())
}

async fn act(
    State(desk): State<Desk>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    here(&headers)?;
    from_own_page(&headers)?;
    let asked: Asked = read(body)?;
    let (answer, answered) = oneshot::channel();
    let told = async {
        desk.deeds.send(Asking { asked, answer }).await.ok()?;
        answered.await.ok()
    };
    let late = || {
        let text = "the demonstration does not answer; it may be ending";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", text)
    };
    let outcome = tokio::time::timeout(DEED, told).await.ok().flatten();
    match outcome.ok_or_else(late)? {
        Ok(()) => Ok(StatusCode::NO_CONTENT.into_response()),
        Err(Refused::Flaw(flaw)) => Err(Problem::flaws(&[flaw])),
        Err(Refused::Cannot(why)) => Err(Problem::new(StatusCode::CONFLICT, "cannot", why)),
    }
}
