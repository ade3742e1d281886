//! Our own calls: one on the way at a time (OCPP-J 2.0.1, 4.1.1), the others in line behind it.

use super::frame::call;
use super::{MAX_FRAME, MAX_QUEUED, SendError};
use fairway_model::Time;
use serde_json::Value;
use std::collections::VecDeque;

/// The line. `T` is what the caller wants back with the answer.
#[derive(Debug)]
pub(super) struct Calls<T> {
    /// Begins every message id, so that two connections never use the same.
    prefix: String,
    count: u64,
    timeout: i64,
    line: VecDeque<(&'static str, Value, T)>,
    on_the_way: Option<OnTheWay<T>>,
}

#[derive(Debug)]
struct OnTheWay<T> {
    id: String,
    deadline: Time,
    tag: T,
}

impl<T> Calls<T> {
    pub(super) fn new(prefix: String, timeout: i64) -> Self {
        Self {
            prefix,
            count: 0,
            timeout,
            line: VecDeque::new(),
            on_the_way: None,
        }
    }

    /// Puts a call at the end of the line.
    pub(super) fn push(
        &mut self,
        action: &'static str,
        payload: Value,
        tag: T,
    ) -> Result<(), SendError> {
        if self.line.len() >= MAX_QUEUED {
            return Err(SendError::QueueFull);
        }
        // Three quarters leave room for the frame around the payload.
        if payload.to_string().len() > MAX_FRAME / 4 * 3 {
            return Err(SendError::TooLarge);
        }
        self.line.push_back((action, payload, tag));
        Ok(())
    }

    /// As [`Self::push`], at the head of the line.
    pub(super) fn push_first(&mut self, action: &'static str, payload: Value, tag: T) {
        self.line.push_front((action, payload, tag));
    }

    /// The next frame to send, when nothing is on the way.
    pub(super) fn next(&mut self, now: Time) -> Option<String> {
        if self.on_the_way.is_some() {
            return None;
        }
        let (action, payload, tag) = self.line.pop_front()?;
        self.count = self.count.saturating_add(1);
        let id = format!("{}-{}", self.prefix, self.count);
        let frame = call(&id, action, &payload);
        self.on_the_way = Some(OnTheWay {
            id,
            deadline: now.plus(self.timeout),
            tag,
        });
        Some(frame)
    }

    /// An answer with this id came: what it answers, or `None` for an answer to nothing.
    pub(super) fn answered(&mut self, id: &str) -> Option<T> {
        if self.on_the_way.as_ref().is_none_or(|call| call.id != id) {
            return None;
        }
        self.on_the_way.take().map(|call| call.tag)
    }

    /// The call on the way, when its time is over.
    pub(super) fn expired(&mut self, now: Time) -> Option<T> {
        if self
            .on_the_way
            .as_ref()
            .is_none_or(|call| call.deadline > now)
        {
            return None;
        }
        self.on_the_way.take().map(|call| call.tag)
    }

    /// When [`Self::expired`] is wanted.
    pub(super) fn deadline(&self) -> Option<Time> {
        self.on_the_way.as_ref().map(|call| call.deadline)
    }

    /// Whether nothing is on the way or in line.
    pub(super) fn is_idle(&self) -> bool {
        self.on_the_way.is_none() && self.line.is_empty()
    }

    /// Everything that was not answered, in order; the line is empty afterwards.
    pub(super) fn drain(&mut self) -> Vec<T> {
        let first = self.on_the_way.take().map(|call| call.tag);
        first
            .into_iter()
            .chain(self.line.drain(..).map(|(_, _, tag)| tag))
            .collect()
    }
}
