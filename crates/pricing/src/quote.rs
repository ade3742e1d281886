//! What a charge is expected to cost, before it begins.

use crate::compile::CompiledTariff;
use crate::custom;
use crate::error::RateError;
use crate::rate::{MAX_CHARGE_MS, check_validity, rate};
use crate::unit::{WHOLE_BPS, check_adjustments, energy_price};
use crate::when::Moment;
use fairway_model::money::divide;
use fairway_model::tariff::Dimension;
use fairway_model::{
    Adjustments, Energy, Estimate, Micro, Period, PeriodKind, Rounding, Time, Usage,
};

/// What a charge is expected to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// Energy that the driver is expected to take; more than none.
    pub energy: Energy,
    /// Mean power in watts while charging; at least 1.
    pub power_w: u32,
    /// Milliseconds connected after charging ended; not negative.
    pub parking_ms: i64,
    /// How far energy and parking time may be off, in basis points of each, at most 10,000.
    pub spread_bps: u32,
}

impl Expected {
    /// The charge that this expectation simulates from `now`: energy at constant power, then parking.
    ///
    /// # Errors
    /// [`RateError::Expected`] when a value is out of bounds, [`RateError::TooLong`] when the charge would be.
    pub fn usage(&self, now: Time) -> Result<Usage, RateError> {
        self.scaled(now, WHOLE_BPS)
    }

    fn check(&self) -> Result<(), RateError> {
        let problem = if self.energy == Energy::ZERO {
            "expected energy is 0; more is right"
        } else if self.power_w == 0 {
            "expected power is 0 W; at least 1 is right"
        } else if self.parking_ms < 0 {
            "expected parking time is negative; 0 or more is right"
        } else if self.spread_bps > WHOLE_BPS {
            "spread is over 10000 basis points; 0 to 10000 is right"
        } else {
            return Ok(());
        };
        Err(RateError::Expected(problem))
    }

    /// The charge with energy and parking time at `bps` of the expectation.
    fn scaled(&self, now: Time, bps: u32) -> Result<Usage, RateError> {
        const RANGE: RateError = RateError::Expected("expected energy or time is out of range");
        self.check()?;
        let part = |whole: i128| {
            let product = whole.checked_mul(i128::from(bps)).ok_or(RANGE)?;
            divide(product, i128::from(WHOLE_BPS), Rounding::HalfUp).map_err(RateError::Money)
        };
        let energy = part(i128::from(self.energy.0))?;
        let parking = i64::try_from(part(i128::from(self.parking_ms))?).map_err(|_| RANGE)?;
        // 1 W takes 3,600 ms for 1 mWh.
        let millis = energy
            .checked_mul(3_600)
            .and_then(|n| n.checked_add(i128::from(self.power_w).saturating_sub(1)));
        let charging = millis
            .and_then(|n| n.checked_div(i128::from(self.power_w)))
            .ok_or(RANGE)?;
        let charging = i64::try_from(charging).unwrap_or(i64::MAX);
        let length = charging.saturating_add(parking);
        if length > MAX_CHARGE_MS {
            return Err(RateError::TooLong(length));
        }
        let energy = Energy(u64::try_from(energy).map_err(|_| RANGE)?);
        let idle = now.plus(charging);
        let mut periods = vec![Period {
            start: now,
            kind: PeriodKind::Charging,
            energy,
            power_w: Some(self.power_w),
            current_ma: None,
        }];
        if parking > 0 {
            periods.push(Period {
                start: idle,
                kind: PeriodKind::Parking,
                energy: Energy::ZERO,
                power_w: Some(0),
                current_ma: None,
            });
        }
        Ok(Usage {
            end: now.plus(length),
            periods,
        })
    }
}

/// Prices three simulated charges from `now` at the expected power: with energy and parking time less by the spread, as
/// expected, and more by the spread. `low` and `high` are the lowest and the highest of the three totals; the breakdown is the
/// expected one's.
///
/// # Errors
/// [`RateError::Expected`] when the expectation is out of bounds, else as [`crate::rate`].
pub fn quote(
    tariff: &CompiledTariff,
    adjustments: &Adjustments,
    expected: &Expected,
    now: Time,
) -> Result<Estimate, RateError> {
    let breakdown = rate(tariff, adjustments, &expected.usage(now)?)?;
    let (mut low, mut high) = (breakdown.total, breakdown.total);
    for bps in [
        WHOLE_BPS.saturating_sub(expected.spread_bps),
        WHOLE_BPS.saturating_add(expected.spread_bps),
    ] {
        let total = rate(tariff, adjustments, &expected.scaled(now, bps)?)?.total;
        low = low.min(total);
        high = high.max(total);
    }
    Ok(Estimate {
        energy: breakdown.energy,
        low,
        expected: breakdown.total,
        high,
        breakdown,
    })
}

/// Net energy price per kWh of a charge that begins at `now`, after load, corridor and discount; `None` when no element prices
/// energy then. Elements that depend on power or current are passed over, since neither is known before the charge.
pub fn price_per_kwh_now(
    tariff: &CompiledTariff,
    adjustments: &Adjustments,
    now: Time,
) -> Option<Micro> {
    check_adjustments(adjustments).ok()?;
    check_validity(tariff, now).ok()?;
    let rule = tariff.rule(Dimension::Energy, &begin(tariff, now))?;
    let price = custom::price_now(tariff, adjustments, rule.price, now)
        .unwrap_or_else(|| energy_price(rule.price, adjustments).0);
    let rest = WHOLE_BPS.saturating_sub(adjustments.discount_bps);
    price
        .scale(i64::from(rest), i64::from(WHOLE_BPS), Rounding::HalfUp)
        .ok()
}

/// The state of a charge that begins at `now`.
pub(crate) fn begin(tariff: &CompiledTariff, now: Time) -> Moment {
    let (day, clock) = tariff.local(now.0);
    Moment {
        clock,
        day,
        energy: 0,
        elapsed: 0,
        power: None,
        current: None,
    }
}
