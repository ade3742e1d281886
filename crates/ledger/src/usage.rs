//! Whether a charge event's usage is a charge at all, and inside the caps and adjustments that were agreed.

use crate::context::refuse;
use crate::council::Rules;
use fairway_model::agreement::Agreement;
use fairway_model::charge::ChargeEvent;
use fairway_model::energy::Energy;
use fairway_model::refusal::{Refusal, RefusalCode};
use fairway_model::time::{DAY, Time};

/// Checks times, energy, caps and adjustments, and returns when the charge began.
pub(crate) fn check(
    event: &ChargeEvent,
    agreement: &Agreement,
    now: Time,
    rules: Rules,
) -> Result<Time, Refusal> {
    let start = check_times(event, now, rules)?;
    check_energy(event, agreement)?;
    check_adjustments(event, agreement)?;
    if event.total > agreement.caps.amount_per_charge {
        let (total, cap) = (
            event.total.text(agreement.currency),
            agreement.caps.amount_per_charge.text(agreement.currency),
        );
        return refuse(
            RefusalCode::AmountOverCap,
            format!(
                "total {total} {} is over the cap of {cap} per charge",
                agreement.currency
            ),
        );
    }
    Ok(start)
}

fn check_times(event: &ChargeEvent, now: Time, rules: Rules) -> Result<Time, Refusal> {
    let invalid = |text: String| refuse(RefusalCode::TimeInvalid, text);
    let usage = &event.usage;
    let Some(start) = usage.start() else {
        return invalid("the usage has no period; a charge has at least one".to_owned());
    };
    let backwards = usage
        .periods
        .iter()
        .zip(usage.periods.iter().skip(1))
        .position(|(a, b)| b.start < a.start);
    if let Some(at) = backwards {
        return invalid(format!(
            "period {} begins before the one ahead of it",
            at.saturating_add(1)
        ));
    }
    if let Some(last) = usage.periods.last().filter(|last| last.start > usage.end) {
        return invalid(format!(
            "the last period begins at {}, after the charge ended at {}",
            last.start, usage.end
        ));
    }
    if usage.end > now.plus(rules.clock_skew_ms) {
        return invalid(format!(
            "the charge ends at {}, in the future of the block's time {now}",
            usage.end
        ));
    }
    if now.since(usage.end) > rules.charge_age_ms {
        return invalid(format!(
            "the charge ended at {}, more than {} days before the block's time {now}",
            usage.end,
            rules.charge_age_ms.checked_div(DAY).unwrap_or(0)
        ));
    }
    Ok(start)
}

fn check_energy(event: &ChargeEvent, agreement: &Agreement) -> Result<(), Refusal> {
    let (start, end) = (event.meter_start, event.meter_end);
    let Some(register) = end.minus(start) else {
        let text = format!(
            "the meter ran backwards, from {} to {} kWh",
            start.kwh_text(),
            end.kwh_text()
        );
        return refuse(RefusalCode::MeterBackwards, text);
    };
    let Some(used) = event.usage.energy().filter(|used| *used == register) else {
        let used = event
            .usage
            .energy()
            .map_or_else(|| "more than fits".to_owned(), |e| e.kwh_text());
        let text = format!(
            "the periods hold {used} kWh, the register difference is {} kWh",
            register.kwh_text()
        );
        return refuse(RefusalCode::EnergyMismatch, text);
    };
    if used == Energy::ZERO {
        return refuse(
            RefusalCode::NothingDelivered,
            "no energy was delivered; void the hold instead",
        );
    }
    let cap = agreement.caps.energy_per_charge;
    if used > cap {
        let text = format!(
            "{} kWh are over the cap of {} kWh per charge",
            used.kwh_text(),
            cap.kwh_text()
        );
        return refuse(RefusalCode::EnergyOverCap, text);
    }
    Ok(())
}

fn check_adjustments(event: &ChargeEvent, agreement: &Agreement) -> Result<(), Refusal> {
    let (found, band) = (event.adjustments, agreement.load_band);
    let outside = |text: String| refuse(RefusalCode::AdjustmentOutside, text);
    if found.load_bps < band.min_bps || found.load_bps > band.max_bps {
        return outside(format!(
            "load multiplier {} is outside {} to {} basis points",
            found.load_bps, band.min_bps, band.max_bps
        ));
    }
    let agreed = agreement
        .tier_terms(found.tier)
        .map_or(0, |terms| terms.discount_bps);
    if found.discount_bps != agreed {
        return outside(format!(
            "discount {} for tier {:?}; the agreement says {agreed} basis points",
            found.discount_bps, found.tier
        ));
    }
    if found.corridor != agreement.corridor {
        return outside("the corridor is not the agreement's".to_owned());
    }
    Ok(())
}
