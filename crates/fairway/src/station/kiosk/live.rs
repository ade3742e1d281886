//! The view as a stream of server-sent events.
//!
//! Each event is the whole view, so a reader that lost the line needs only the newest: with the id of the last event that it saw
//! (`Last-Event-ID`) it gets one at once unless nothing changed.

use super::answers::Problem;
use super::{Frame, Inner};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde_json::Value;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// A sign of life at least so often.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Shortest pause between two events of one reader; a screen need not show more.
const PAUSE: Duration = Duration::from_millis(100);

/// What one reader gets of a frame; `None` ends the stream.
pub(super) type Render = Box<dyn Fn(&Inner, &super::View) -> Option<Value> + Send + Sync>;

struct Reader {
    inner: Arc<Inner>,
    frames: watch::Receiver<Frame>,
    render: Render,
    /// The id of the event that the reader saw last.
    seen: Option<String>,
    first: bool,
    _place: OwnedSemaphorePermit,
}

/// Opens a stream for one reader.
///
/// # Errors
/// When too many read already.
pub(super) fn open(
    inner: &Arc<Inner>,
    places: &Arc<Semaphore>,
    headers: &HeaderMap,
    render: Render,
) -> Result<Response, Problem> {
    let Ok(place) = places.clone().try_acquire_owned() else {
        let text = "too many screens listen to this station; close one and try again";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", text));
    };
    let seen = headers.get("last-event-id").and_then(|v| v.to_str().ok());
    let one = Reader {
        inner: inner.clone(),
        frames: inner.frames.subscribe(),
        render,
        seen: seen.map(str::to_owned),
        first: true,
        _place: place,
    };
    let events = stream::unfold(one, next);
    Ok(Sse::new(events)
        .keep_alive(KeepAlive::new().interval(HEARTBEAT))
        .into_response())
}

async fn next(mut reader: Reader) -> Option<(Result<Event, Infallible>, Reader)> {
    loop {
        if !reader.first {
            tokio::time::sleep(PAUSE).await;
            reader.frames.changed().await.ok()?;
        }
        reader.first = false;
        let Frame { seq, view } = reader.frames.borrow_and_update().clone();
        let id = format!("{}-{seq}", reader.inner.run);
        if reader.seen.as_deref() == Some(&id) {
            continue;
        }
        let value = (reader.render)(&reader.inner, &view)?;
        reader.seen = Some(id.clone());
        let event = Event::default()
            .event("view")
            .id(id)
            .data(value.to_string());
        return Some((Ok(event), reader));
    }
}
