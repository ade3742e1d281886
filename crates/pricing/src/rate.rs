//! What a finished charge costs.
//!
//! The pieces of the charge ([`crate::walk`]) are added up per dimension and element; each sum becomes one line. Where digits
//! are dropped, and how:
//! - a unit price times the load multiplier: half-up to a micro-unit;
//! - a line's amount, billed quantity times unit price: half-up to a micro-unit;
//! - discount, each tax, and the change made by an after-tax limit: half-up to a micro-unit;
//! - shares of a discounted or limited net among the lines, for taxes only: largest remainder, so that they add up;
//! - the total: half-up to a minor unit; what that added is the breakdown's `rounding`.

use crate::bill;
use crate::compile::{CompiledTariff, Rule};
use crate::custom;
use crate::error::RateError;
use crate::unit::{self, check_adjustments};
use crate::walk::{Piece, walk};
use fairway_model::tariff::Dimension;
use fairway_model::{
    Adjustments, Energy, MoneyError, PeriodKind, PriceBreakdown, PriceLine, Time, Usage,
};

/// Longest charge that is priced, in milliseconds: 35 days.
pub const MAX_CHARGE_MS: i64 = 35 * 86_400_000;

/// Lines that a usual charge has; more are possible.
const USUAL_LINES: usize = 6;

/// Prices a charge.
///
/// Each piece of the charge is priced per dimension by the first element whose restrictions hold at its beginning: energy
/// wherever it flows, `TIME` while charging, `PARKING_TIME` while parking, `FLAT` once, by the first piece that has one. Thresholds
/// of time of day, date, energy and duration split a period where they fall; power and current are the period's own (the mean
/// power is computed when it was not measured; a current that was not measured fulfils no restriction). What no element
/// prices is free. Elements for reservations price nothing.
///
/// `step_size` (OCPI 2.2.1, `PriceComponent` and CDR `step_size`): once for energy and once for the times, on the amount used in
/// the whole charge, with the step of the last component that priced it, and billed at that component's price; charging time is
/// not rounded up when parking time is priced.
///
/// Load and corridor act on energy prices that are not zero ([`Adjustments`]): what a tariff gives for free stays free.
/// A custom rule of the agreement may set each energy price in place of list price and load, and the home utility's share; the
/// corridor holds its prices too. When it fails in any way, the charge is priced as if there were none, and `rule` says so.
///
/// `min_price` and `max_price` act on the sum of the lines and on its price with taxes; then the tier discount is a part of the
/// net price, and taxes are levied on what remains. A tax line whose base is zero is left out.
///
/// # Errors
/// [`RateError`] when usage or adjustments are out of bounds, or the charge begins outside the tariff's validity.
pub fn rate(
    tariff: &CompiledTariff,
    adjustments: &Adjustments,
    usage: &Usage,
) -> Result<PriceBreakdown, RateError> {
    check_adjustments(adjustments)?;
    check_validity(tariff, usage.start().ok_or(RateError::NoPeriods)?)?;
    let mut tally = Tally {
        tariff,
        lines: Vec::with_capacity(USUAL_LINES),
        flat: false,
        used: Used::default(),
        last: Last::default(),
    };
    walk(tariff, usage, |piece| tally.add(piece))?;
    let energy = Energy(tally.used.energy);
    let mut lines = tally.finish()?;
    let custom = tariff.custom().map(|rule| custom::Run {
        tariff,
        rule,
        adjustments,
        usage,
        energy,
    });
    let mut note = None;
    if let Some(run) = custom {
        let (priced, found) = run.price(&lines);
        if let Some(priced) = priced {
            return Ok(priced);
        }
        note = Some(found);
    }
    for line in &mut lines {
        unit::price(line, adjustments, None)?;
    }
    let mut breakdown = bill::close(tariff.tariff(), adjustments, lines, energy)?;
    breakdown.rule = note;
    Ok(breakdown)
}

/// Whether a charge may begin then.
pub(crate) fn check_validity(tariff: &CompiledTariff, begin: Time) -> Result<(), RateError> {
    let t = tariff.tariff();
    if t.valid_from.is_some_and(|from| begin < from)
        || t.valid_until.is_some_and(|until| begin >= until)
    {
        return Err(RateError::NotValid { begin });
    }
    Ok(())
}

/// Everything used, priced or not.
#[derive(Default)]
struct Used {
    energy: u64,
    charging: u64,
    parking: u64,
}

/// Line and step of the component that priced a dimension last.
#[derive(Default)]
struct Last {
    energy: Option<(usize, u64)>,
    charging: Option<(usize, u64)>,
    parking: Option<(usize, u64)>,
}

struct Tally<'a> {
    tariff: &'a CompiledTariff,
    lines: Vec<PriceLine>,
    flat: bool,
    used: Used,
    last: Last,
}

impl Tally<'_> {
    fn add(&mut self, piece: &Piece) {
        let tariff = self.tariff;
        if !self.flat
            && let Some(rule) = tariff.rule(Dimension::Flat, &piece.at)
        {
            self.flat = true;
            self.line(Dimension::Flat, rule, 1);
        }
        // Sums cannot overflow: the walk has checked energy and length of the charge.
        if piece.energy > 0 {
            self.used.energy = self.used.energy.saturating_add(piece.energy);
            if let Some(rule) = tariff.rule(Dimension::Energy, &piece.at) {
                self.last.energy =
                    Some((self.line(Dimension::Energy, rule, piece.energy), rule.step));
            }
        }
        if piece.millis == 0 {
            return;
        }
        match piece.kind {
            PeriodKind::Charging => {
                self.used.charging = self.used.charging.saturating_add(piece.millis);
                if let Some(rule) = tariff.rule(Dimension::Time, &piece.at) {
                    self.last.charging =
                        Some((self.line(Dimension::Time, rule, piece.millis), rule.step));
                }
            }
            PeriodKind::Parking => {
                self.used.parking = self.used.parking.saturating_add(piece.millis);
                if let Some(rule) = tariff.rule(Dimension::ParkingTime, &piece.at) {
                    self.last.parking = Some((
                        self.line(Dimension::ParkingTime, rule, piece.millis),
                        rule.step,
                    ));
                }
            }
        }
    }

    /// Adds to the line of a component; gives its index.
    fn line(&mut self, dimension: Dimension, rule: &Rule, quantity: u64) -> usize {
        let known = self
            .lines
            .iter_mut()
            .enumerate()
            .find(|(_, l)| l.dimension == dimension && l.element == rule.element);
        if let Some((index, line)) = known {
            line.quantity = line.quantity.saturating_add(quantity);
            return index;
        }
        self.lines.push(PriceLine {
            dimension,
            element: rule.element,
            quantity,
            billed: 0,
            list_price: rule.price,
            unit_price: rule.price,
            amount: fairway_model::Micro::ZERO,
            vat: rule.vat,
            clamped: false,
        });
        self.lines.len().saturating_sub(1)
    }

    /// Applies step sizes and puts the lines in order of dimension and element.
    fn finish(mut self) -> Result<Vec<PriceLine>, RateError> {
        for line in &mut self.lines {
            line.billed = line.quantity;
        }
        let charging = if self.last.parking.is_some() {
            None
        } else {
            self.last.charging
        };
        let steps = [
            (self.last.energy, self.used.energy),
            (charging, self.used.charging),
            (self.last.parking, self.used.parking),
        ];
        for (last, used) in steps {
            let Some((index, step)) = last else { continue };
            let surplus = used
                .checked_rem(step)
                .filter(|r| *r > 0)
                .map_or(0, |r| step.saturating_sub(r));
            if let Some(line) = self.lines.get_mut(index) {
                line.billed = line
                    .billed
                    .checked_add(surplus)
                    .ok_or(MoneyError::Overflow("step size"))?;
            }
        }
        self.lines
            .sort_unstable_by_key(|line| (line.dimension, line.element));
        Ok(self.lines)
    }
}
