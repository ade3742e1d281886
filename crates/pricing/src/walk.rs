//! A charge cut into pieces inside which no restriction of the tariff changes.
//!
//! Energy of a period is taken as uniform over its time. At an instant `t` of a period that begins at `s` and lasts `d`, the
//! charge has taken what it had before plus the whole milliwatt-hours of `energy * (t - s) / d`; an energy threshold is reached
//! in the first millisecond at which that is at least the threshold, and the energy is cut exactly there. So cutting a period
//! further, where its energy divides without remainder, moves no milliwatt-hour and no millisecond between pieces.

use crate::compile::CompiledTariff;
use crate::error::RateError;
use crate::rate::MAX_CHARGE_MS;
use crate::when::Moment;
use crate::zone::{Span, in_range};
use fairway_model::charge::MAX_PERIODS;
use fairway_model::time::DAY;
use fairway_model::{Period, PeriodKind, Usage};

/// A part of a charge under one set of price components.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    /// State of its period.
    pub(crate) kind: PeriodKind,
    /// Its beginning, where restrictions are evaluated.
    pub(crate) at: Moment,
    /// Energy in mWh.
    pub(crate) energy: u64,
    /// Duration in milliseconds.
    pub(crate) millis: u64,
}

/// Calls `visit` for each piece in order of time: the first even when nothing happens in it, others only when time passes or
/// energy flows.
pub(crate) fn walk(
    tariff: &CompiledTariff,
    usage: &Usage,
    mut visit: impl FnMut(&Piece),
) -> Result<(), RateError> {
    let begin = check(usage)?;
    let mut walker = Walker {
        tariff,
        begin,
        energy: 0,
        span: None,
        first: true,
    };
    let ends = usage
        .periods
        .iter()
        .skip(1)
        .map(|p| p.start.0)
        .chain([usage.end.0]);
    for (index, (period, end)) in usage.periods.iter().zip(ends).enumerate() {
        walker
            .period(period, end, &mut visit)
            .ok_or(RateError::PeriodEnergy(index))?;
    }
    Ok(())
}

/// Checks order, number and range; gives the begin.
fn check(usage: &Usage) -> Result<i64, RateError> {
    let begin = usage.start().ok_or(RateError::NoPeriods)?;
    if usage.periods.len() > MAX_PERIODS {
        return Err(RateError::TooManyPeriods(usage.periods.len()));
    }
    for time in [begin, usage.end] {
        if !in_range(time) {
            return Err(RateError::TimeOutOfRange(time));
        }
    }
    let mut previous = begin;
    for (index, period) in usage.periods.iter().enumerate() {
        if period.start < previous || period.start > usage.end {
            return Err(RateError::PeriodOrder(index));
        }
        previous = period.start;
    }
    let length = usage.end.since(begin);
    if length > MAX_CHARGE_MS {
        Err(RateError::TooLong(length))
    } else {
        Ok(begin.0)
    }
}

struct Walker<'a> {
    tariff: &'a CompiledTariff,
    begin: i64,
    energy: u64,
    /// The zone's offset at the current piece; read again only when it has run out.
    span: Option<Span>,
    first: bool,
}

/// The end of a piece: when, and the charge's energy by then.
struct Cut {
    at: i64,
    energy: u64,
}

impl Walker<'_> {
    /// `None` when the energy of the charge does not fit.
    fn period(&mut self, period: &Period, end: i64, visit: &mut impl FnMut(&Piece)) -> Option<()> {
        let flow = Flow::of(period, end, self.energy)?;
        let mut at = period.start.0;
        loop {
            let (moment, next_local) = self.moment(at, &flow, period.current_ma);
            let cut = self.next_cut(moment.elapsed, next_local, &flow);
            let piece = Piece {
                kind: period.kind,
                at: moment,
                energy: cut.energy.saturating_sub(self.energy),
                millis: cut.at.saturating_sub(at).unsigned_abs(),
            };
            if self.first || piece.energy > 0 || piece.millis > 0 {
                visit(&piece);
            }
            self.first = false;
            (at, self.energy) = (cut.at, cut.energy);
            if at >= end && self.energy >= flow.total {
                return Some(());
            }
        }
    }

    /// The state at the beginning of a piece, and the next instant at which local time matters.
    fn moment(&mut self, at: i64, flow: &Flow, current: Option<u32>) -> (Moment, i64) {
        let (mut clock, mut day, mut next_local) = (0, 0, i64::MAX);
        if let Some(zone) = self.tariff.zone() {
            let span = match self.span {
                Some(span) if at < span.until => span,
                _ => *self.span.insert(zone.span(at)),
            };
            let local = at.saturating_add(span.offset);
            (day, clock) = (local.div_euclid(DAY), local.rem_euclid(DAY));
            let bound = self
                .tariff
                .clock_bounds()
                .iter()
                .find(|b| **b > clock)
                .copied()
                .unwrap_or(DAY);
            next_local = at
                .saturating_add(bound.saturating_sub(clock))
                .min(span.until);
        }
        let elapsed = at.saturating_sub(self.begin);
        (
            Moment {
                clock,
                day,
                energy: self.energy,
                elapsed,
                power: flow.power,
                current,
            },
            next_local,
        )
    }

    fn next_cut(&self, elapsed: i64, next_local: i64, flow: &Flow) -> Cut {
        let mut at = flow.end.min(next_local);
        if let Some(bound) = self.tariff.elapsed_bounds().iter().find(|b| **b > elapsed) {
            at = at.min(self.begin.saturating_add(*bound));
        }
        let energy = flow.energy_at(at);
        match self
            .tariff
            .energy_bounds()
            .iter()
            .find(|b| **b > self.energy)
        {
            Some(bound) if *bound <= energy => Cut {
                at: flow.reached(*bound).min(at),
                energy: *bound,
            },
            _ => Cut { at, energy },
        }
    }
}

/// The uniform flow of energy in one period.
struct Flow {
    start: i64,
    end: i64,
    millis: u64,
    /// Energy of the charge before, in, and after the period.
    before: u64,
    energy: u64,
    total: u64,
    /// As measured, else the mean of the period; unknown for a period without duration.
    power: Option<u32>,
}

impl Flow {
    fn of(period: &Period, end: i64, before: u64) -> Option<Self> {
        let (start, energy) = (period.start.0, period.energy.0);
        let millis = end.saturating_sub(start).unsigned_abs();
        // 1 mWh in 1 ms is 3,600 W.
        let mean = || {
            let watts = u128::from(energy)
                .saturating_mul(3_600)
                .checked_div(u128::from(millis))?;
            Some(u32::try_from(watts).unwrap_or(u32::MAX))
        };
        let power = period.power_w.or_else(mean);
        Some(Self {
            start,
            end,
            millis,
            before,
            energy,
            total: before.checked_add(energy)?,
            power,
        })
    }

    /// Energy of the charge at an instant of the period.
    fn energy_at(&self, at: i64) -> u64 {
        if at >= self.end {
            return self.total;
        }
        let share = muldiv(
            self.energy,
            at.saturating_sub(self.start).unsigned_abs(),
            self.millis,
        );
        self.before.saturating_add(share)
    }

    /// The first millisecond at which the charge has this energy; it lies inside the period.
    fn reached(&self, energy: u64) -> i64 {
        let wanted = energy.saturating_sub(self.before);
        let product = u128::from(wanted).saturating_mul(u128::from(self.millis));
        let offset = product.div_ceil(u128::from(self.energy.max(1)));
        self.start
            .saturating_add(i64::try_from(offset).unwrap_or(i64::MAX))
    }
}

/// `a * b / c` in whole units; `c` is at least `b`, so that the result fits. Nothing for `c` = 0.
fn muldiv(a: u64, b: u64, c: u64) -> u64 {
    let exact = || {
        u128::from(a)
            .saturating_mul(u128::from(b))
            .checked_div(u128::from(c))
            .and_then(|q| u64::try_from(q).ok())
    };
    let quotient = match a.checked_mul(b) {
        Some(product) => product.checked_div(c),
        None => exact(),
    };
    quotient.unwrap_or(0)
}
