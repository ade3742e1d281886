//! Whether an agreement's terms contradict themselves. Each contradiction has a text of its own.

mod forecast;
mod split;

use crate::context::refuse;
use crate::contract_text::text_hash;
use crate::limits::{
    MAX_AGREEMENT_MS, MAX_ANSWER_HOURS, MAX_DEADLINE_DAYS, MAX_HOLD_TTL_MS, MAX_LOAD_BPS,
    MAX_NOTICE_DAYS,
};
use fairway_model::agreement::{Agreement, SessionCaps};
use fairway_model::energy::Energy;
use fairway_model::money::{Currency, Micro};
use fairway_model::profile::Tier;
use fairway_model::refusal::{Refusal, RefusalCode};
use fairway_model::time::Time;
use fairway_pricing::check_tariff;
use std::collections::BTreeSet;

/// Basis points of the whole.
const WHOLE_BPS: u32 = 10_000;

/// ISO 4217 codes of currencies in use, in order.
const CURRENCIES: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP \
    CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR \
    ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN \
    NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP \
    SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";

fn invalid<T>(text: impl Into<String>) -> Result<T, Refusal> {
    refuse(RefusalCode::TermsInvalid, text)
}

/// Checks everything that needs no other state than the block's time.
pub(crate) fn check(agreement: &Agreement, now: Time) -> Result<(), Refusal> {
    check_validity(agreement, now)?;
    check_currency_in_use(agreement.currency)?;
    check_limits(agreement)?;
    check_tiers(agreement)?;
    split::check(agreement)?;
    forecast::check(agreement)?;
    check_deadlines(agreement)?;
    check_session_caps(agreement)?;
    check_service(agreement)?;
    check_security(agreement)?;
    check_rule(agreement)?;
    check_tariffs(agreement)?;
    check_text(agreement)
}

/// The readable text and the executing terms have one source.
fn check_text(agreement: &Agreement) -> Result<(), Refusal> {
    let right = text_hash(agreement);
    if agreement.text_hash == right {
        return Ok(());
    }
    invalid(format!(
        "text hash {} is not that of these terms; `fairway agreement text` makes their text, whose SHA-256 is {right}",
        agreement.text_hash
    ))
}

fn check_session_caps(agreement: &Agreement) -> Result<(), Refusal> {
    match agreement.session_caps {
        Some(SessionCaps {
            concurrent: None,
            per_day: None,
        }) => invalid("session caps name no cap; leave them out or name one"),
        Some(SessionCaps {
            concurrent: Some(0),
            ..
        }) => invalid("0 concurrent charges: no charge would be possible"),
        Some(SessionCaps {
            per_day: Some(0), ..
        }) => invalid("0 charges per day: no charge would be possible"),
        _ => Ok(()),
    }
}

fn check_service(agreement: &Agreement) -> Result<(), Refusal> {
    let Some(service) = agreement.service else {
        return Ok(());
    };
    let text = |amount: Micro| amount.text(agreement.currency);
    if agreement.home == agreement.visited {
        return invalid("a duty to serve toward oneself; it takes two members");
    }
    if service.least_served_bps > WHOLE_BPS {
        return invalid(format!(
            "service level of {} basis points is over {WHOLE_BPS}: nobody serves more than all",
            service.least_served_bps
        ));
    }
    if service.penalty <= Micro::ZERO {
        return invalid(format!(
            "penalty of {} per refused driver; more than nothing is right",
            text(service.penalty)
        ));
    }
    if service.penalty_cap < service.penalty {
        return invalid(format!(
            "penalty cap {} is under the penalty {} of one refused driver",
            text(service.penalty_cap),
            text(service.penalty)
        ));
    }
    if service.answer_hours == 0 || service.answer_hours > MAX_ANSWER_HOURS {
        return invalid(format!(
            "{} hours to answer a claim of refusal; 1 to {MAX_ANSWER_HOURS} are allowed",
            service.answer_hours
        ));
    }
    Ok(())
}

fn check_security(agreement: &Agreement) -> Result<(), Refusal> {
    match agreement.collateral {
        Some(amount) if amount <= Micro::ZERO => invalid(format!(
            "collateral of {}; more than nothing is right, or none",
            amount.text(agreement.currency)
        )),
        Some(_) if agreement.home == agreement.visited => {
            invalid("collateral toward oneself; it takes two members")
        }
        _ => Ok(()),
    }
}

fn check_rule(agreement: &Agreement) -> Result<(), Refusal> {
    match (agreement.rule, agreement.rule_fuel) {
        (None, None) => Ok(()),
        (Some(_), Some(fuel)) if fuel > 0 => Ok(()),
        (Some(_), _) => {
            invalid("a rule without fuel could not run; name the most that one run may use")
        }
        (None, Some(_)) => invalid("rule fuel without a rule; name the rule's hash, or no fuel"),
    }
}

fn check_validity(agreement: &Agreement, now: Time) -> Result<(), Refusal> {
    let (from, until) = (agreement.valid_from, agreement.valid_until);
    if until <= from {
        return invalid(format!(
            "validity is inverted: until {until} is not after from {from}"
        ));
    }
    if until <= now {
        return invalid(format!(
            "validity is in the past: it ends at {until}, the block's time is {now}"
        ));
    }
    if until.since(from) > MAX_AGREEMENT_MS {
        return invalid(format!(
            "validity from {from} until {until} is longer than ten years"
        ));
    }
    Ok(())
}

pub(crate) fn check_currency_in_use(currency: Currency) -> Result<(), Refusal> {
    let code = currency.to_string();
    if CURRENCIES
        .split_ascii_whitespace()
        .any(|known| known == code)
    {
        return Ok(());
    }
    invalid(format!("{code} is no currency in use (ISO 4217)"))
}

fn check_limits(agreement: &Agreement) -> Result<(), Refusal> {
    let (corridor, band, caps) = (agreement.corridor, agreement.load_band, agreement.caps);
    let text = |amount: Micro| amount.text(agreement.currency);
    if corridor.floor < Micro::ZERO {
        return invalid(format!(
            "corridor floor {} is negative",
            text(corridor.floor)
        ));
    }
    if corridor.cap < corridor.floor {
        return invalid(format!(
            "corridor is inverted: floor {} is over cap {}",
            text(corridor.floor),
            text(corridor.cap)
        ));
    }
    if band.max_bps < band.min_bps {
        return invalid(format!(
            "load band is inverted: {} to {} basis points",
            band.min_bps, band.max_bps
        ));
    }
    if band.min_bps == 0 || band.max_bps > MAX_LOAD_BPS {
        return invalid(format!(
            "load band {} to {} is outside 1 to {MAX_LOAD_BPS} basis points",
            band.min_bps, band.max_bps
        ));
    }
    if caps.energy_per_charge == Energy::ZERO || caps.amount_per_charge <= Micro::ZERO {
        return invalid("a cap per charge is zero or negative: no charge would be possible");
    }
    if caps.exposure < caps.amount_per_charge {
        let (exposure, amount) = (text(caps.exposure), text(caps.amount_per_charge));
        return invalid(format!(
            "exposure cap {exposure} is under the amount cap per charge {amount}"
        ));
    }
    Ok(())
}

fn check_tiers(agreement: &Agreement) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for terms in &agreement.tiers {
        if terms.tier == Tier::Standard {
            return invalid("tier terms for Standard, which means no tier");
        }
        if !seen.insert(terms.tier) {
            return invalid(format!("tier {:?} has terms twice", terms.tier));
        }
        if terms.discount_bps > WHOLE_BPS || terms.home_bears_bps > WHOLE_BPS {
            return invalid(format!(
                "tier {:?} has more than 10000 basis points of discount or of bearing",
                terms.tier
            ));
        }
    }
    Ok(())
}

fn check_deadlines(agreement: &Agreement) -> Result<(), Refusal> {
    if agreement.hold_ttl <= 0 || agreement.hold_ttl > MAX_HOLD_TTL_MS {
        return invalid(format!(
            "holds last {} ms; 1 to {MAX_HOLD_TTL_MS} are allowed",
            agreement.hold_ttl
        ));
    }
    if agreement.netting_days == 0 {
        return invalid("netting every 0 days; at least 1 is right");
    }
    let longest = agreement
        .netting_days
        .max(agreement.due_days)
        .max(agreement.dispute_days);
    if longest > MAX_DEADLINE_DAYS {
        return invalid(format!(
            "a deadline of {longest} days is over {MAX_DEADLINE_DAYS}"
        ));
    }
    if let Some(days) = agreement.notice_days.filter(|days| *days > MAX_NOTICE_DAYS) {
        return invalid(format!(
            "notice of {days} days is over {MAX_NOTICE_DAYS}: nobody could leave"
        ));
    }
    if agreement.interest_bps > WHOLE_BPS {
        return invalid(format!(
            "interest of {} basis points a year is over 10000",
            agreement.interest_bps
        ));
    }
    Ok(())
}

fn check_tariffs(agreement: &Agreement) -> Result<(), Refusal> {
    if agreement.tariffs.is_empty() {
        return invalid("no tariff: nothing could be priced");
    }
    let mut ids = BTreeSet::new();
    for tariff in &agreement.tariffs {
        check_tariff(tariff).map_err(|e| {
            Refusal::new(
                RefusalCode::TermsInvalid,
                format!("tariff {:?}: {e}", tariff.id),
            )
        })?;
        if !ids.insert(tariff.id.as_str()) {
            return invalid(format!("tariff id {:?} appears twice", tariff.id));
        }
        if tariff.currency != agreement.currency {
            return invalid(format!(
                "tariff {:?} is in {}, the agreement in {}",
                tariff.id, tariff.currency, agreement.currency
            ));
        }
    }
    Ok(())
}
