//! What the post's own screen asks: the page, the view, acts, and the QR code of the session.

use super::acts::{Asked, Known, is_simulated};
use super::answers::Problem;
use super::{Inner, View, live, locked, shape};
use crate::assets;
use crate::station::{Act, Done};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fairway_protocol::card::link_svg;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Time in which the station takes an act.
const ACT: Duration = Duration::from_secs(5);

pub(super) type App = State<Arc<Inner>>;
pub(super) type Peer = ConnectInfo<SocketAddr>;

/// The host that a request names, without its port.
pub(crate) fn host(headers: &HeaderMap) -> &str {
    let host = headers.get(header::HOST).and_then(|v| v.to_str().ok());
    let name = host.unwrap_or_default();
    name.rsplit_once(':').map_or(name, |(name, _)| name)
}

/// Whether a host is this machine by one of its own names, and not by one that a foreign page resolves to it.
pub(crate) fn is_here(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

/// The post's screen belongs to this machine: another one must not press its keys.
fn here(
    inner: &Inner,
    station: &str,
    peer: SocketAddr,
    headers: &HeaderMap,
) -> Result<(), Problem> {
    if !peer.ip().is_loopback() {
        let text = "the station's screen answers its own machine only; scan the code on it with your phone";
        return Err(Problem::new(StatusCode::FORBIDDEN, "not-here", text));
    }
    let name = host(headers);
    let own = inner.about.url.split("://").nth(1).unwrap_or_default();
    let own = own.rsplit_once(':').map_or(own, |(name, _)| name);
    if !is_here(name) && name != own {
        let text = "this host name is not the station's; open the address that the station printed";
        return Err(Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "host-unknown",
            text,
        ));
    }
    if station != inner.about.station {
        let text = format!("this program runs the station {}", inner.about.station);
        return Err(Problem::new(StatusCode::NOT_FOUND, "station-unknown", text));
    }
    Ok(())
}

/// A change must come from the station's own page.
pub(crate) fn from_own_page(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let site = text("sec-fetch-site").unwrap_or("same-origin");
    let host = text("host").unwrap_or_default();
    let own = text("origin").is_none_or(|origin| {
        origin
            .split_once("://")
            .is_some_and(|(_, origin)| origin == host)
    });
    if !own || !matches!(site, "same-origin" | "none") {
        let text = "only the page of this address may act";
        return Err(Problem::new(StatusCode::FORBIDDEN, "foreign-page", text));
    }
    let kind = text("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let text = "send the request as application/json";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Problem::new(status, "not-json", text));
    }
    Ok(())
}

/// Reads the JSON of a request.
pub(crate) fn read<T: DeserializeOwned>(body: Result<Bytes, BytesRejection>) -> Result<T, Problem> {
    let body = body.map_err(|e| {
        let text = "the request is too large or broke off; at most 4 KiB are read";
        Problem::new(e.status(), "body-unreadable", text)
    })?;
    serde_json::from_slice(&body).map_err(|error| {
        let status = if error.is_data() {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::BAD_REQUEST
        };
        Problem::new(status, "request-invalid", format!("the request: {error}"))
    })
}

/// What came of an act.
pub(super) struct Outcome {
    /// The station as it is after it.
    pub(super) view: View,
    /// It had come before, and nothing was done.
    pub(super) repeated: bool,
}

impl Outcome {
    pub(super) fn answer(&self, value: &Value) -> Response {
        let mut answer = axum::Json(value).into_response();
        if self.repeated {
            let yes = HeaderValue::from_static("true");
            answer.headers_mut().insert("idempotent-replayed", yes);
        }
        answer
    }
}

/// Carries out a request once.
pub(super) async fn carry_out(inner: &Inner, asked: &Asked, act: Act) -> Result<Outcome, Problem> {
    if is_simulated(&act) && !inner.about.simulated {
        let text = "cards, cable and car of this station are real; use them";
        return Err(Problem::new(StatusCode::CONFLICT, "not-simulated", text));
    }
    match locked(&inner.asked).note(asked) {
        Known::New => {}
        Known::Repeated => {
            return Ok(Outcome {
                view: inner.view(),
                repeated: true,
            });
        }
        Known::Conflict => {
            let text = "this id came before with another request; each press has an id of its own";
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Err(Problem::new(status, "id-conflict", text));
        }
    }
    let ended = || {
        let text = "the station does not answer; call the number on the post";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "station-ended", text)
    };
    let (answer, answered) = oneshot::channel();
    let done = Done {
        act,
        step: asked.step,
        answer: Some(answer),
    };
    let told = async {
        inner.acts.send(done).await.map_err(|_| ended())?;
        answered.await.map_err(|_| ended())
    };
    match tokio::time::timeout(ACT, told)
        .await
        .map_err(|_| ended())??
    {
        Ok(view) => Ok(Outcome {
            view,
            repeated: false,
        }),
        Err(view) => {
            let text = "the screen has changed; look again and choose what it offers now";
            Err(Problem::new(StatusCode::CONFLICT, "screen-changed", text)
                .with("step", json!(view.step)))
        }
    }
}

/// The view for the post: everything, and the code for a phone.
fn shown(inner: &Inner, view: &View) -> Value {
    let mut value = shape::view(&inner.about, &inner.clock, view, true);
    let guests = locked(&inner.guests);
    let (code, left) = guests.code(inner.now());
    if let Some(fields) = value.as_object_mut() {
        fields.insert(
            "phone".into(),
            json!({ "code": code, "url": format!("{}/s/{code}", inner.about.url), "left_ms": left,
                "connected": guests.connected(view.dialog) }),
        );
    }
    value
}

/// The page of the post's screen.
pub(super) async fn page(
    State(inner): App,
    ConnectInfo(peer): Peer,
    Path(station): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    here(&inner, &station, peer, &headers)?;
    Ok(assets::page("kiosk.html", &headers))
}

/// The views of the post.
pub(super) async fn events(
    State(inner): App,
    ConnectInfo(peer): Peer,
    Path(station): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    here(&inner, &station, peer, &headers)?;
    let render: live::Render = Box::new(|inner, view| Some(shown(inner, view)));
    live::open(&inner, &inner.screens, &headers, render)
}

/// An act at the post.
pub(super) async fn act(
    State(inner): App,
    ConnectInfo(peer): Peer,
    Path(station): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    here(&inner, &station, peer, &headers)?;
    from_own_page(&headers)?;
    let asked: Asked = read(body)?;
    let act = asked.act().map_err(|flaws| Problem::flaws(&flaws))?;
    let outcome = carry_out(&inner, &asked, act).await?;
    locked(&inner.guests).follow_ahead(inner.now(), &inner.view(), rand::random());
    inner.moved.notify_one();
    let value = shown(&inner, &outcome.view);
    Ok(outcome.answer(&value))
}

/// The QR code of the phone's address. Only the code that the screen shows now is drawn.
pub(super) async fn qr(
    State(inner): App,
    ConnectInfo(peer): Peer,
    Path((station, code)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    here(&inner, &station, peer, &headers)?;
    let current = locked(&inner.guests).code(inner.now()).0 == code;
    let gone = || {
        let text = "the screen shows another code by now";
        Problem::new(StatusCode::NOT_FOUND, "code-gone", text)
    };
    if !current {
        return Err(gone());
    }
    let svg = link_svg(&format!("{}/s/{code}", inner.about.url)).map_err(|_| gone())?;
    Ok(([(header::CONTENT_TYPE, "image/svg+xml")], svg).into_response())
}

/// A file of the pages.
pub(crate) async fn asset(
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    assets::file(&format!("assets/{path}"), &headers).ok_or_else(|| {
        let text = "no such file belongs to the pages of this version";
        Problem::new(StatusCode::NOT_FOUND, "not-found", text)
    })
}
