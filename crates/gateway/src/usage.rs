//! What was consumed, from signed meter records alone: one deterministic function that both utilities apply to the same records.

use crate::metering::{VerifiedReading, in_order};
use fairway_model::charge::MAX_PERIODS;
use fairway_model::station::ReadingContext;
use fairway_model::{Energy, Period, PeriodKind, Refusal, RefusalCode, Time, Usage};

/// Most readings that a charge is computed from: one more than the periods between them.
pub const MAX_READINGS: usize = MAX_PERIODS + 1;
/// Most bytes of signed records that travel with one charge; the envelope holds the rest.
pub const MAX_EVIDENCE_BYTES: usize = 384 * 1024;

/// Chooses the records that a charge is proven with: all of them, or, when they are more than [`MAX_READINGS`] or
/// [`MAX_EVIDENCE_BYTES`], the first, the last and evenly spaced ones between. Registers are cumulative, so no energy is lost.
pub fn select_evidence(readings: &[VerifiedReading]) -> Vec<VerifiedReading> {
    let bytes: usize = readings.iter().map(|r| r.record.len()).sum();
    let by_bytes = bytes.div_ceil(MAX_EVIDENCE_BYTES);
    let by_count = readings
        .len()
        .saturating_sub(1)
        .div_ceil(MAX_READINGS.saturating_sub(2).max(1));
    let mut every = by_bytes.max(by_count).max(1);
    loop {
        let chosen = take_every(readings, every);
        let size: usize = chosen.iter().map(|r| r.record.len()).sum();
        if (chosen.len() <= MAX_READINGS && size <= MAX_EVIDENCE_BYTES) || chosen.len() <= 2 {
            return chosen;
        }
        every = every.saturating_add(1);
    }
}

fn take_every(readings: &[VerifiedReading], every: usize) -> Vec<VerifiedReading> {
    let last = readings.len().saturating_sub(1);
    readings
        .iter()
        .enumerate()
        .filter(|(i, _)| i.checked_rem(every) == Some(0) || *i == last)
        .map(|(_, r)| r.clone())
        .collect()
}

/// Computes the usage from records in the meter's order.
///
/// Between two neighbouring records the charge was charging when the register grew, else parking; neighbouring parking periods
/// are one. Records of the same millisecond count as one.
///
/// # Errors
/// `nothing-delivered` with fewer than two records; `meter-signature` when the first record is not a begin;
/// `too-large` over [`MAX_READINGS`]; `meter-backwards` or `time-invalid` for records out of order; `energy-mismatch` for energy
/// without duration.
pub fn from_readings(readings: &[VerifiedReading]) -> Result<Usage, Refusal> {
    let (Some(first), Some(last)) = (readings.first(), readings.last()) else {
        return Err(too_few());
    };
    if readings.len() < 2 {
        return Err(too_few());
    }
    if readings.len() > MAX_READINGS {
        let text = format!(
            "{} meter records; at most {MAX_READINGS} are computed with",
            readings.len()
        );
        return Err(Refusal::new(RefusalCode::TooLarge, text));
    }
    if first.context != ReadingContext::Begin {
        return Err(Refusal::new(
            RefusalCode::MeterSignature,
            "the first signed meter record is not that of the begin; a charge needs one",
        ));
    }
    for (earlier, later) in readings.iter().zip(readings.iter().skip(1)) {
        in_order(earlier, later)?;
        if earlier.pagination >= later.pagination {
            return Err(Refusal::new(
                RefusalCode::IdConflict,
                "two meter records have the same number",
            ));
        }
    }
    let points = distinct_times(readings);
    let periods = periods_between(&points)?;
    if periods.is_empty() {
        return Err(no_duration(first, last));
    }
    Ok(Usage {
        end: last.at,
        periods,
    })
}

fn too_few() -> Refusal {
    Refusal::new(
        RefusalCode::NothingDelivered,
        "fewer than two signed meter records: no energy is proven",
    )
}

fn no_duration(first: &VerifiedReading, last: &VerifiedReading) -> Refusal {
    if first.register == last.register {
        Refusal::new(
            RefusalCode::NothingDelivered,
            "the charge had no duration and no energy",
        )
    } else {
        Refusal::new(
            RefusalCode::EnergyMismatch,
            "the meter records energy without any duration",
        )
    }
}

/// One point per millisecond: the register at its end, but at the first one the register at its begin, so that no energy is lost.
fn distinct_times(readings: &[VerifiedReading]) -> Vec<(Time, Energy)> {
    let mut points: Vec<(Time, Energy)> = Vec::with_capacity(readings.len());
    for r in readings {
        let single = points.len() == 1;
        match points.last_mut() {
            Some((at, register)) if *at == r.at => {
                if !single {
                    *register = r.register;
                }
            }
            _ => points.push((r.at, r.register)),
        }
    }
    points
}

fn periods_between(points: &[(Time, Energy)]) -> Result<Vec<Period>, Refusal> {
    let mut periods: Vec<Period> = Vec::with_capacity(points.len());
    for ((start, from), (end, to)) in points.iter().zip(points.iter().skip(1)) {
        let energy = to
            .minus(*from)
            .ok_or_else(|| Refusal::new(RefusalCode::MeterBackwards, "the meter ran backwards"))?;
        let parking = energy == Energy::ZERO;
        if parking
            && periods
                .last()
                .is_some_and(|p| p.kind == PeriodKind::Parking)
        {
            continue;
        }
        periods.push(Period {
            start: *start,
            kind: if parking {
                PeriodKind::Parking
            } else {
                PeriodKind::Charging
            },
            energy,
            power_w: (!parking).then(|| mean_power(energy, end.since(*start))),
            current_ma: None,
        });
    }
    Ok(periods)
}

/// Watts, rounded down: milliwatt-hours times 3,600 over milliseconds.
fn mean_power(energy: Energy, millis: i64) -> u32 {
    let millis = u128::try_from(millis).unwrap_or(1).max(1);
    let watts = u128::from(energy.0)
        .saturating_mul(3_600)
        .checked_div(millis)
        .unwrap_or(0);
    u32::try_from(watts).unwrap_or(u32::MAX)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Record `n` at `seconds` with `register` milliwatt-hours; the first one begins.
    pub(crate) fn reading(n: u64, seconds: u64, register: u64) -> VerifiedReading {
        VerifiedReading {
            at: Time(i64::try_from(seconds).unwrap() * 1_000),
            context: if n == 1 {
                ReadingContext::Begin
            } else {
                ReadingContext::Interval
            },
            register: Energy(register),
            pagination: n,
            session: None,
            record: format!("OCMF|{n}"),
        }
    }

    #[test]
    fn charging_and_parking() {
        let usage = from_readings(&[
            reading(1, 0, 1_000),
            reading(2, 900, 2_751_000),
            reading(3, 1_800, 2_751_000),
            reading(4, 2_700, 2_751_000),
            reading(5, 3_600, 2_752_000),
        ])
        .unwrap();
        let kinds: Vec<_> = usage
            .periods
            .iter()
            .map(|p| (p.start.0, p.kind, p.energy.0, p.power_w))
            .collect();
        assert_eq!(
            kinds,
            vec![
                (0, PeriodKind::Charging, 2_750_000, Some(11_000)),
                (900_000, PeriodKind::Parking, 0, None),
                (2_700_000, PeriodKind::Charging, 1_000, Some(4)),
            ]
        );
        assert_eq!(usage.end, Time(3_600_000));
        assert_eq!(usage.energy(), Some(Energy(2_751_000)));
    }

    #[test]
    fn same_millisecond_loses_nothing() {
        let usage = from_readings(&[
            reading(1, 0, 0),
            reading(2, 0, 5),
            reading(3, 10, 20),
            reading(4, 10, 30),
            reading(5, 20, 30),
        ])
        .unwrap();
        assert_eq!(usage.energy(), Some(Energy(30)));
        assert_eq!(usage.periods.len(), 2);
    }

    #[test]
    fn refusals() {
        let code = |readings: &[VerifiedReading]| from_readings(readings).unwrap_err().code;
        assert_eq!(code(&[]), RefusalCode::NothingDelivered);
        assert_eq!(code(&[reading(1, 0, 0)]), RefusalCode::NothingDelivered);
        assert_eq!(
            code(&[reading(2, 0, 0), reading(3, 1, 1)]),
            RefusalCode::MeterSignature
        );
        assert_eq!(
            code(&[reading(1, 0, 9), reading(2, 1, 8)]),
            RefusalCode::MeterBackwards
        );
        assert_eq!(
            code(&[reading(1, 0, 0), reading(2, 0, 8)]),
            RefusalCode::EnergyMismatch
        );
        assert_eq!(
            code(&[reading(1, 0, 0), reading(2, 0, 0)]),
            RefusalCode::NothingDelivered
        );
    }

    #[test]
    fn many_records_are_thinned_without_losing_energy() {
        let all: Vec<_> = (1..=5_000).map(|i| reading(i, i * 60, i * 7)).collect();
        let chosen = select_evidence(&all);
        assert!(chosen.len() <= MAX_READINGS && chosen.len() > MAX_READINGS / 2);
        let usage = from_readings(&chosen).unwrap();
        assert_eq!(usage.energy(), Some(Energy(4_999 * 7)));
        assert!(usage.periods.len() <= MAX_PERIODS);
        assert_eq!(select_evidence(&all[..10]), all[..10].to_vec());
        let mut long = all[..600].to_vec();
        for r in &mut long {
            r.record = "x".repeat(2_000);
        }
        let chosen = select_evidence(&long);
        assert!(chosen.iter().map(|r| r.record.len()).sum::<usize>() <= MAX_EVIDENCE_BYTES);
        assert_eq!(chosen.last(), long.last());
    }
}
