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
/// Shortest pause between two events of one reader about the same screen; a person sees no more. Another screen is told at once.
const PAUSE: Duration = Duration::from_millis(100);

/// What one reader gets of a frame; `None` ends the stream.
pub(super) type Render = Box<dyn Fn(&Inner, &super::View) -> Option<Value> + Send + Sync>;

struct Reader {
    inner: Arc<Inner>,
    frames: watch::Receiver<Frame>,
    render: Render,
    /// The id of the event that the reader saw last.
    seen: Option<String>,
    /// The screen of that event, by its number; nothing before the first one.
    step: Option<u64>,
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
        step: None,
        _place: place,
    };
    let events = stream::unfold(one, next);
    Ok(Sse::new(events)
        .keep_alive(KeepAlive::new().interval(HEARTBEAT))
        .into_response())
}

/// Waits until there is something new for a reader who sees the screen with the number `step`; `None` when nothing will come.
async fn change(frames: &mut watch::Receiver<Frame>, step: u64) -> Option<()> {
    let rest = tokio::time::sleep(PAUSE);
    tokio::pin!(rest);
    let mut new = false;
    loop {
        tokio::select! {
            () = &mut rest, if !rest.is_elapsed() => {}
            changed = frames.changed() => {
                changed.ok()?;
                new = true;
            }
        }
        if new && (rest.is_elapsed() || frames.borrow().view.step != step) {
            return Some(());
        }
    }
}

async fn next(mut reader: Reader) -> Option<(Result<Event, Infallible>, Reader)> {
    loop {
        if let Some(step) = reader.step {
            change(&mut reader.frames, step).await?;
        }
        let Frame { seq, view } = reader.frames.borrow_and_update().clone();
        reader.step = Some(view.step);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::station::kiosk::View;
    use futures::FutureExt as _;

    #[tokio::test]
    async fn another_screen_is_told_at_once_and_the_same_one_after_a_rest() {
        let frame = |seq, step| {
            let mut view = View::dark();
            view.step = step;
            Frame { seq, view }
        };
        let (sender, mut frames) = watch::channel(frame(0, 0));
        sender.send(frame(1, 0)).unwrap();
        assert!(change(&mut frames, 0).now_or_never().is_none());
        sender.send(frame(2, 1)).unwrap();
        assert!(change(&mut frames, 0).now_or_never().is_some());
        sender.send(frame(3, 1)).unwrap();
        assert!(change(&mut frames, 1).await.is_some());
        drop(sender);
        assert!(change(&mut frames, 1).await.is_none());
    }
}
