//! The virtual clock: events in order of time, and of their making where times are equal.

use fairway_model::Time;
use std::collections::BTreeMap;

/// What will happen, and the present time.
#[derive(Debug, Clone)]
pub(crate) struct Queue<E> {
    now: Time,
    next: u64,
    events: BTreeMap<(Time, u64), E>,
}

impl<E> Queue<E> {
    pub(crate) fn new(now: Time) -> Self {
        Self {
            now,
            next: 0,
            events: BTreeMap::new(),
        }
    }

    pub(crate) fn now(&self) -> Time {
        self.now
    }

    /// Lets something happen at a time; what is past happens now.
    pub(crate) fn at(&mut self, at: Time, event: E) {
        self.next = self.next.wrapping_add(1);
        self.events.insert((at.max(self.now), self.next), event);
    }

    /// Lets something happen later.
    pub(crate) fn after(&mut self, millis: i64, event: E) {
        self.at(self.now.plus(millis), event);
    }

    /// The next event, if it is not later than `until`; the clock moves to it, or to `until`.
    pub(crate) fn pop(&mut self, until: Time) -> Option<E> {
        match self.events.first_key_value() {
            Some(((at, _), _)) if *at <= until => {}
            _ => {
                self.now = self.now.max(until);
                return None;
            }
        }
        let ((at, _), event) = self.events.pop_first()?;
        self.now = at;
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_then_order() {
        let mut queue = Queue::new(Time(10));
        queue.at(Time(30), 'c');
        queue.after(10, 'a');
        queue.at(Time(20), 'b');
        queue.at(Time(1), '0');
        let mut seen = Vec::new();
        while let Some(event) = queue.pop(Time(25)) {
            seen.push((queue.now(), event));
        }
        assert_eq!(seen, [(Time(10), '0'), (Time(20), 'a'), (Time(20), 'b')]);
        assert_eq!(queue.now(), Time(25));
        assert_eq!(queue.pop(Time(99)), Some('c'));
    }
}
