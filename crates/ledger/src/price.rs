//! The contract's own opinion of a price.

use crate::cache::Terms;
use crate::context::refuse;
use fairway_model::charge::{ChargeEvent, Usage};
use fairway_model::money::Micro;
use fairway_model::price::{PriceBreakdown, RuleNote, Shares};
use fairway_model::refusal::{Refusal, RefusalCode};
use fairway_pricing::{BoundRule, RateError, Sharing, rate, share};

/// Rates the charge again with the agreement's tariff and rule in the EVSE's time zone: total and shares must be equal to the
/// micro-unit. Gives what the rule did.
pub(crate) fn check(
    event: &ChargeEvent,
    terms: &Terms,
    zone: &str,
    rule: Option<BoundRule>,
) -> Result<Option<RuleNote>, Refusal> {
    let agreement = &terms.agreement;
    let currency = agreement.currency;
    let price = priced(event, &event.usage, terms, (zone, rule))?;
    if price.total != event.total {
        let (found, right) = (event.total.text(currency), price.total.text(currency));
        let energy = price.energy.kwh_text();
        return refuse(
            RefusalCode::PriceWrong,
            format!(
                "total {found} {currency}; tariff {:?} gives {right} for {energy} kWh",
                event.tariff
            ),
        );
    }
    let sharing = Sharing::of(agreement, event.adjustments.tier, event.session);
    let right = share(&price, &sharing).map_err(|e| unrated(&e))?;
    if right != event.shares {
        let text = |s: &Shares| {
            [s.home, s.visited, s.owner, s.tax]
                .map(|part| part.text(currency))
                .join(" + ")
        };
        let (found, right) = (text(&event.shares), text(&right));
        return refuse(
            RefusalCode::SharesWrong,
            format!(
                "shares home + visited + owner + tax are {found}; the agreed rule, {}, gives {right} {currency}",
                agreement.split_kind().title()
            ),
        );
    }
    Ok(price.rule)
}

/// What another usage than the event's own costs, everything else being the event's: the total in whole minor units.
pub(crate) fn total(
    event: &ChargeEvent,
    usage: &Usage,
    terms: &Terms,
    zone: &str,
) -> Result<Micro, Refusal> {
    if let Some(rule) = terms.agreement.rule {
        return refuse(
            RefusalCode::RuleUnknown,
            format!("rule {rule} priced this charge, and a case does not run it; claim a total"),
        );
    }
    Ok(priced(event, usage, terms, (zone, None))?.total)
}

fn priced(
    event: &ChargeEvent,
    usage: &Usage,
    terms: &Terms,
    (zone, rule): (&str, Option<BoundRule>),
) -> Result<PriceBreakdown, Refusal> {
    let Some(tariff) = terms.agreement.tariff(&event.tariff) else {
        return refuse(
            RefusalCode::PriceWrong,
            format!("{} has no tariff {:?}", event.agreement, event.tariff),
        );
    };
    let unusable = |e| {
        Refusal::new(
            RefusalCode::TermsInvalid,
            format!("tariff {:?}: {e}", event.tariff),
        )
    };
    let compiled = terms.compiled(tariff, zone, rule).map_err(unusable)?;
    rate(&compiled, &event.adjustments, usage).map_err(|e| unrated(&e))
}

fn unrated(error: &RateError) -> Refusal {
    let code = match error {
        RateError::NotValid { .. } => RefusalCode::AgreementNotInForce,
        RateError::Adjustments(_) => RefusalCode::AdjustmentOutside,
        RateError::NoPeriods
        | RateError::TooManyPeriods(_)
        | RateError::PeriodOrder(_)
        | RateError::TooLong(_)
        | RateError::TimeOutOfRange(_) => RefusalCode::TimeInvalid,
        RateError::PeriodEnergy(_) => RefusalCode::EnergyMismatch,
        _ => RefusalCode::PriceWrong,
    };
    Refusal::new(code, error.to_string())
}
