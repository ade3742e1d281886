//! The signed meter records of one charge: loss, repetition and disorder change nothing, and the register never runs backwards.
//!
//! Whether a signature verifies is decided before a record comes here ([`VerifiedReading`]); this module decides whether it fits
//! the others.

use core::fmt;
use fairway_model::station::ReadingContext;
use fairway_model::{Energy, Refusal, RefusalCode, SessionId, Time};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// Most signed records kept of one charge. Records in between are cumulative, so those above the bound are not missed; the end
/// record always finds room.
pub const MAX_KEPT: usize = 4_096;

/// A reading whose signature verified with the key that is registered for its EVSE, and the record that proves it.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct VerifiedReading {
    /// When it was taken, as signed.
    #[n(0)]
    pub at: Time,
    /// Why it was taken.
    #[n(1)]
    pub context: ReadingContext,
    /// Import register.
    #[n(2)]
    pub register: Energy,
    /// The meter's counter of signed records.
    #[n(3)]
    pub pagination: u64,
    /// The charge, where the record names one.
    #[n(4)]
    pub session: Option<SessionId>,
    /// The record as signed.
    #[n(5)]
    pub record: String,
}

impl fmt::Debug for VerifiedReading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} #{} {} {:?}",
            self.context, self.pagination, self.at, self.register
        )
    }
}

/// What became of a reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// It is kept.
    New,
    /// It is known, or one too many in between; nothing changed.
    Seen,
}

/// The kept readings in the meter's own order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MeterLog {
    readings: BTreeMap<u64, VerifiedReading>,
}

impl MeterLog {
    /// No readings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a reading of the charge `session`, in any order.
    ///
    /// # Errors
    /// `meter-signature` when the record names another charge, `id-conflict` for a second record of the same number,
    /// `meter-backwards` and `time-invalid` when register or time contradict a neighbour. Nothing is changed then.
    pub fn add(&mut self, session: SessionId, reading: VerifiedReading) -> Result<Added, Refusal> {
        if let Some(other) = reading.session.filter(|s| *s != session) {
            let text = format!(
                "meter record {} was signed for {other}, not for {session}",
                reading.pagination
            );
            return Err(Refusal::new(RefusalCode::MeterSignature, text));
        }
        if let Some(known) = self.readings.get(&reading.pagination) {
            // ECDSA signatures are not unique: the content decides, not the bytes.
            let same = known.at == reading.at
                && known.register == reading.register
                && known.context == reading.context;
            if same {
                return Ok(Added::Seen);
            }
            let text = format!(
                "two different meter records have the number {}",
                reading.pagination
            );
            return Err(Refusal::new(RefusalCode::IdConflict, text));
        }
        self.check_neighbours(&reading)?;
        if self.readings.len() >= MAX_KEPT && reading.context == ReadingContext::Interval {
            return Ok(Added::Seen);
        }
        self.readings.insert(reading.pagination, reading);
        Ok(Added::New)
    }

    fn check_neighbours(&self, reading: &VerifiedReading) -> Result<(), Refusal> {
        let before = self.readings.range(..reading.pagination).next_back();
        let after = self.readings.range(reading.pagination..).next();
        for (earlier, later) in [
            before.map(|(_, r)| (r, reading)),
            after.map(|(_, r)| (reading, r)),
        ]
        .into_iter()
        .flatten()
        {
            in_order(earlier, later)?;
        }
        Ok(())
    }

    /// The readings in order.
    pub fn iter(&self) -> impl Iterator<Item = &VerifiedReading> {
        self.readings.values()
    }

    /// The readings in order, as a list.
    pub fn to_vec(&self) -> Vec<VerifiedReading> {
        self.readings.values().cloned().collect()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.readings.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.readings.is_empty()
    }

    /// Whether the last reading is the signed end.
    pub fn has_end(&self) -> bool {
        self.readings
            .last_key_value()
            .is_some_and(|(_, r)| r.context == ReadingContext::End)
    }

    /// Register difference proven so far.
    pub fn energy(&self) -> Energy {
        let first = self.readings.first_key_value().map(|(_, r)| r.register);
        let last = self.readings.last_key_value().map(|(_, r)| r.register);
        first
            .zip(last)
            .and_then(|(f, l)| l.minus(f))
            .unwrap_or_default()
    }

    /// Time of the newest reading.
    pub fn last_at(&self) -> Option<Time> {
        self.readings.last_key_value().map(|(_, r)| r.at)
    }
}

/// Whether two readings of one meter can follow each other.
///
/// # Errors
/// `meter-backwards`, `time-invalid`.
pub(crate) fn in_order(earlier: &VerifiedReading, later: &VerifiedReading) -> Result<(), Refusal> {
    if later.register < earlier.register {
        let text = format!(
            "the meter ran backwards: record {} says {} kWh, record {} before it said {} kWh",
            later.pagination,
            later.register.kwh_text(),
            earlier.pagination,
            earlier.register.kwh_text()
        );
        return Err(Refusal::new(RefusalCode::MeterBackwards, text));
    }
    if later.at < earlier.at {
        let text = format!(
            "the meter's clock ran backwards: record {} is of {}, record {} before it of {}",
            later.pagination, later.at, earlier.pagination, earlier.at
        );
        return Err(Refusal::new(RefusalCode::TimeInvalid, text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::tests::reading;

    const CHARGE: SessionId = SessionId([1; 16]);

    #[test]
    fn any_order_and_any_repetition_give_the_same_log() {
        let all: Vec<_> = (1..=5).map(|i| reading(i, i * 10, i * 100)).collect();
        let mut straight = MeterLog::new();
        for r in &all {
            assert_eq!(straight.add(CHARGE, r.clone()), Ok(Added::New));
        }
        for order in [[4, 3, 2, 1, 0], [2, 0, 4, 1, 3], [1, 4, 0, 3, 2]] {
            let mut log = MeterLog::new();
            for i in order {
                assert_eq!(log.add(CHARGE, all[i].clone()), Ok(Added::New));
                assert_eq!(log.add(CHARGE, all[i].clone()), Ok(Added::Seen));
            }
            assert_eq!(log, straight);
        }
        assert_eq!(straight.energy(), Energy(400));
    }

    #[test]
    fn contradictions_change_nothing() {
        let mut log = MeterLog::new();
        for i in [1, 2, 4] {
            log.add(CHARGE, reading(i, i * 10, i * 100)).unwrap();
        }
        let before = log.clone();
        for (bad, code) in [
            (reading(5, 50, 399), RefusalCode::MeterBackwards),
            (reading(3, 30, 401), RefusalCode::MeterBackwards),
            (reading(5, 39, 500), RefusalCode::TimeInvalid),
            (reading(2, 20, 201), RefusalCode::IdConflict),
        ] {
            assert_eq!(log.add(CHARGE, bad).unwrap_err().code, code);
        }
        let mut other = reading(6, 60, 600);
        other.session = Some(SessionId([9; 16]));
        assert_eq!(
            log.add(CHARGE, other).unwrap_err().code,
            RefusalCode::MeterSignature
        );
        assert_eq!(log, before);
    }
}
