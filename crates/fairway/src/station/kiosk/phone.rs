//! What the driver's phone asks, after it scanned the code on the post: the same code again, the price, the charge, the receipt.
//!
//! Opening the page takes nothing, so that a preview in a messenger does not use up the code. The page's script takes the code,
//! once, and gets a secret as a cookie that only this code's address sends.

use super::acts::Asked;
use super::answers::Problem;
use super::guests::{Closed, Seen};
use super::post::{App, carry_out, from_own_page, read};
use super::{Inner, View, live, locked, shape};
use crate::assets;
use crate::station::Act;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::sync::Arc;

/// Name of the cookie.
const COOKIE: &str = "fairway_phone";
/// Seconds that a phone keeps it: the time of a receipt.
const COOKIE_SECONDS: u64 = super::guests::RECEIPT_LIFE / 1_000;

fn closed(why: Closed) -> Problem {
    match why {
        Closed::Unknown => {
            let text = "this code is not valid any more; scan the one on the post's screen now";
            Problem::new(StatusCode::NOT_FOUND, "code-gone", text)
        }
        Closed::Taken => {
            let text = "another phone has used this code; scan the one on the post's screen now";
            Problem::new(StatusCode::GONE, "code-taken", text)
        }
        Closed::TooMany => {
            let text = "too many wrong codes; wait a minute and scan the code on the post";
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many", text)
        }
    }
}

fn secret(headers: &HeaderMap) -> Result<[u8; 16], Problem> {
    let cookies = headers.get_all(header::COOKIE).iter();
    let found = cookies
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .and_then(|(_, value)| hex::decode(value).ok())
        .and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
    found.ok_or_else(|| closed(Closed::Unknown))
}

/// What a phone sees, or nothing when it is not known any more.
fn shown(inner: &Inner, code: &str, secret: [u8; 16], view: &View) -> Result<Value, Problem> {
    let guests = locked(&inner.guests);
    let seen = guests.seen(code, secret, view).map_err(closed)?;
    let mut value = match seen {
        Seen::Live { may_act } => shape::view(&inner.about, &inner.clock, view, may_act),
        Seen::Receipt(view) => shape::view(&inner.about, &inner.clock, view, false),
        Seen::Over => {
            json!({ "station": inner.about.station, "operator": inner.about.operator, "help": inner.about.help })
        }
    };
    if let Some(fields) = value.as_object_mut() {
        let phase = match seen {
            Seen::Live { .. } => "live",
            Seen::Receipt(_) => "receipt",
            Seen::Over => "over",
        };
        fields.insert("phase".into(), json!(phase));
        fields.insert("code".into(), json!(code));
        // The reader's card, cable and car are at the post.
        fields.insert("demonstration".into(), json!(false));
    }
    Ok(value)
}

/// The phone's page.
pub(super) async fn page(headers: HeaderMap) -> Response {
    assets::page("phone.html", &headers)
}

/// Takes the code.
pub(super) async fn open(
    State(inner): App,
    Path(code): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    from_own_page(&headers)?;
    let view = inner.view();
    if let Ok(secret) = secret(&headers)
        && let Ok(value) = shown(&inner, &code, secret, &view)
    {
        return Ok(axum::Json(value).into_response());
    }
    let fresh: [u8; 16] = rand::random();
    let made = (fresh, rand::random());
    let taken = locked(&inner.guests).open(inner.now(), &code, &view, made);
    taken.map_err(closed)?;
    inner.moved.notify_one();
    let mut answer = axum::Json(shown(&inner, &code, fresh, &view)?).into_response();
    let secure = if inner.about.url.starts_with("https://") {
        "; Secure"
    } else {
        ""
    };
    let cookie = format!(
        "{COOKIE}={}; Path=/s/{code}; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Strict{secure}",
        hex::encode(fresh)
    );
    // The code is one of ours, so the text is plain ASCII.
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(answer)
}

/// The views of a phone.
pub(super) async fn events(
    State(inner): App,
    Path(code): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let secret = secret(&headers)?;
    shown(&inner, &code, secret, &inner.view())?;
    let render: live::Render = Box::new(move |inner, view| shown(inner, &code, secret, view).ok());
    live::open(&inner, &inner.phones, &headers, render)
}

/// An act on a phone: keys and choices of its own dialog.
pub(super) async fn act(
    State(inner): App,
    Path(code): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    from_own_page(&headers)?;
    let secret = secret(&headers)?;
    let asked: Asked = read(body)?;
    let act = asked.act().map_err(|flaws| Problem::flaws(&flaws))?;
    allowed(&inner, &code, secret, &act)?;
    let asked = meant(&inner, asked);
    let before = inner.view();
    locked(&inner.guests).acts(inner.now(), &code, secret);
    let outcome = carry_out(&inner, &asked, act).await;
    let after = outcome.as_ref().map_or(&before, |outcome| &outcome.view);
    locked(&inner.guests).acted(&code, secret, &before, after);
    inner.moved.notify_one();
    let outcome = outcome?;
    let value = shown(&inner, &code, secret, &outcome.view)?;
    Ok(outcome.answer(&value))
}

fn allowed(inner: &Arc<Inner>, code: &str, secret: [u8; 16], act: &Act) -> Result<(), Problem> {
    let view = inner.view();
    let guests = locked(&inner.guests);
    let may_act = matches!(
        guests.seen(code, secret, &view).map_err(closed)?,
        Seen::Live { may_act: true }
    );
    if may_act && matches!(act, Act::Key(_) | Act::Choose(_)) {
        return Ok(());
    }
    let text = "this phone looks on; use the post's screen, or begin from the phone next time";
    Err(Problem::new(StatusCode::FORBIDDEN, "looks-on", text))
}

/// A phone's act counts for the screen that the station shows now, so that it never reaches into another driver's dialog.
fn meant(inner: &Inner, mut asked: Asked) -> Asked {
    asked.step = asked.step.or(Some(inner.views.borrow().step));
    asked
}
