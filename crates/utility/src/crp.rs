//! Charging rules and policy (CRP): how the visited utility makes an offer, and how the home utility answers one.
//!
//! Both sides compute with the countersigned agreement only, so that both logs show the same rounds and the same result.
//! A negotiation ends after [`crate::peer::MAX_ROUNDS`] at the latest.

use crate::command::{PartnerRules, Policy, Rules};
use crate::peer::{MAX_ROUNDS, OfferAnswer};
use crate::said::{Reason, Share, Table, Word};
pub use crate::schedules::Priced;
use fairway_model::registry::EvseEntry;
use fairway_model::{
    Adjustments, Agreement, AgreementId, CustomerClass, EligibilityStatement, Energy, Estimate,
    Micro, Offer, Refusal, RefusalCode, SessionId, SignedEligibility, SigningKey, Tariff, Tier,
    Time,
};
use fairway_pricing::{BoundRule, CompiledTariff, Expected, quote};

/// Load multiplier without load, in basis points.
pub const NEUTRAL_BPS: u32 = 10_000;
/// Most reasons in an offer.
const MAX_REASONS: usize = 8;
/// Most characters of a reason; a longer one ends there.
const MAX_REASON: usize = 160;

/// Everything that an offer is made from.
#[derive(Debug, Clone, Copy)]
pub struct Grounds<'a> {
    /// Rules and policy in force.
    pub policy: &'a Policy,
    /// The agreement in force and its id.
    pub agreement: &'a Agreement,
    /// The custom rule that it names, if it does.
    pub rule: Option<&'a BoundRule>,
    /// Its id.
    pub id: AgreementId,
    /// Where.
    pub evse: &'a EvseEntry,
    /// What home says about the driver.
    pub statement: &'a EligibilityStatement,
    /// Present load of the EVSE's area, in basis points.
    pub load_bps: u32,
    /// The multiplier of this hour by the day's schedule or the agreed table, where the agreement follows the forecast; then present
    /// load does not count.
    pub forecast: Option<Priced>,
    /// What home countered, in basis points.
    pub counter_bps: Option<u32>,
    /// What is left of the guarantee.
    pub remaining: Micro,
    /// The charge.
    pub session: SessionId,
    /// Now.
    pub now: Time,
}

/// The rules of a class.
pub fn rules(policy: &Policy, class: CustomerClass) -> &Rules {
    match class {
        CustomerClass::Residential => &policy.residential,
        CustomerClass::Commercial => &policy.commercial,
    }
}

fn partner<'a>(grounds: &Grounds<'a>) -> Option<&'a PartnerRules> {
    let home = grounds.statement.home;
    grounds.policy.partners.iter().find(|p| p.home == home)
}

pub(crate) fn no_offer(text: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::NoOffer, text)
}

fn choose_tariff<'a>(grounds: &Grounds<'a>) -> Result<&'a Tariff, Refusal> {
    let agreement = grounds.agreement;
    let by_partner = partner(grounds).and_then(|p| agreement.tariff(&p.tariff));
    let by_class = || agreement.tariff(&rules(grounds.policy, grounds.statement.class).tariff);
    by_partner
        .or_else(by_class)
        .or_else(|| agreement.tariffs.first())
        .ok_or_else(|| no_offer("the agreement between the two utilities has no tariff"))
}

/// The load multiplier: the area's, held inside the agreement's band, then under the partner's and the counter's ceiling.
fn load(grounds: &Grounds<'_>) -> Result<u32, Refusal> {
    if let Some(priced) = grounds.forecast {
        return scheduled(grounds, priced.bps);
    }
    let band = grounds.agreement.load_band;
    let mut load = band.held(grounds.load_bps);
    for ceiling in [
        partner(grounds).map(|p| p.max_load_bps),
        grounds.counter_bps,
    ]
    .into_iter()
    .flatten()
    {
        load = load.min(ceiling);
    }
    if load < band.min_bps {
        let text = format!(
            "no price suits both utilities: at most {load} basis points of load are accepted, and their agreement begins at {}",
            band.min_bps
        );
        return Err(no_offer(text));
    }
    Ok(load)
}

/// A multiplier that the ledger has set: it is offered as it is, or not at all.
fn scheduled(grounds: &Grounds<'_>, bps: u32) -> Result<u32, Refusal> {
    let ceilings = [
        partner(grounds).map(|p| p.max_load_bps),
        grounds.counter_bps,
    ];
    match ceilings.into_iter().flatten().find(|most| *most < bps) {
        None => Ok(bps),
        Some(most) => Err(no_offer(format!(
            "the forecast sets {bps} basis points for this hour, and at most {most} are accepted; another hour may suit"
        ))),
    }
}

/// What the terms add to a tariff for a driver of `tier` at this load.
pub(crate) fn adjustments(agreement: &Agreement, tier: Tier, load_bps: u32) -> Adjustments {
    Adjustments {
        load_bps,
        tier,
        discount_bps: agreement.tier_terms(tier).map_or(0, |t| t.discount_bps),
        corridor: agreement.corridor,
    }
}

/// What an estimate at this EVSE assumes.
fn expected(energy: Energy, spread_bps: u32, evse: &EvseEntry) -> Expected {
    Expected {
        energy,
        power_w: evse.max_power_w.max(1),
        parking_ms: 0,
        spread_bps,
    }
}

/// What a charge would cost.
pub(crate) fn estimate(
    compiled: &CompiledTariff,
    adjustments: &Adjustments,
    expected: &Expected,
    now: Time,
) -> Result<Estimate, Refusal> {
    quote(compiled, adjustments, expected, now)
        .map_err(|e| no_offer(format!("the tariff gives no price: {e}")))
}

/// A tariff prepared for an EVSE, with the agreement's custom rule.
pub(crate) fn compile(
    tariff: &Tariff,
    evse: &EvseEntry,
    rule: Option<&BoundRule>,
) -> Result<CompiledTariff, Refusal> {
    CompiledTariff::compile_with(tariff, &evse.time_zone, rule.cloned())
        .map_err(|e| no_offer(format!("tariff {:?}: {e}", tariff.id)))
}

/// Makes an offer inside the agreement.
///
/// # Errors
/// `no-offer` when no price is possible inside the agreement; `credit-exhausted` when the guarantee does not cover the least that
/// is expected.
pub fn propose(grounds: &Grounds<'_>) -> Result<Offer, Refusal> {
    let (agreement, policy) = (grounds.agreement, grounds.policy);
    let tariff = choose_tariff(grounds)?;
    let adjustments = adjustments(agreement, grounds.statement.tier, load(grounds)?);
    let rules = rules(policy, grounds.statement.class);
    let compiled = compile(tariff, grounds.evse, grounds.rule)?;
    let energy = rules.expected_energy.min(agreement.caps.energy_per_charge);
    let estimate = estimate(
        &compiled,
        &adjustments,
        &expected(energy, rules.spread_bps, grounds.evse),
        grounds.now,
    )?;
    let hold = hold(&estimate, agreement, grounds.remaining)?;
    Ok(Offer {
        session: grounds.session,
        agreement: grounds.id,
        home: agreement.home,
        visited: agreement.visited,
        evse: grounds.evse.evse.clone(),
        tariff: tariff.id.clone(),
        adjustments,
        hold,
        policy_version: policy.version,
        currency: agreement.currency,
        issued_at: grounds.now,
        valid_until: grounds.now.plus(policy.offer_ttl),
        reasons: reasons(grounds, &adjustments, tariff),
        estimate,
    })
}

/// The high estimate rounded up to a whole major unit, but no more than cap and guarantee allow.
pub(crate) fn hold(
    estimate: &Estimate,
    agreement: &Agreement,
    remaining: Micro,
) -> Result<Micro, Refusal> {
    const UNIT: i64 = fairway_model::money::MICROS_PER_MAJOR;
    let units = estimate
        .high
        .0
        .max(1)
        .checked_add(UNIT - 1)
        .map_or(i64::MAX, |m| m.div_euclid(UNIT));
    let hold = Micro(units.saturating_mul(UNIT))
        .min(agreement.caps.amount_per_charge)
        .min(remaining);
    if hold < estimate.low || hold <= Micro::ZERO {
        let text = format!(
            "credit or balance covers {} {}, and this charge is expected to cost at least {}",
            hold.text(agreement.currency),
            agreement.currency,
            estimate.low.text(agreement.currency)
        );
        return Err(Refusal::new(RefusalCode::CreditExhausted, text));
    }
    Ok(hold)
}

fn reasons(grounds: &Grounds<'_>, adjustments: &Adjustments, tariff: &Tariff) -> Vec<String> {
    let agreement = grounds.agreement;
    let mut reasons = vec![Reason::Tariff {
        tariff: tariff.id.clone(),
        home: agreement.home,
        visited: agreement.visited,
    }];
    if partner(grounds).is_some() {
        reasons.push(Reason::Partner {
            home: grounds.statement.home,
        });
    }
    reasons.extend(load_reason(grounds, adjustments.load_bps));
    if grounds.counter_bps.is_some() {
        reasons.push(Reason::Countered);
    }
    if adjustments.discount_bps > 0 {
        let terms = agreement.tier_terms(adjustments.tier);
        reasons.push(Reason::Discount {
            tier: Word(adjustments.tier),
            discount: Share(adjustments.discount_bps),
            bears: Share(terms.map_or(0, |t| t.home_bears_bps)),
        });
    }
    let texts = reasons.iter().take(MAX_REASONS).map(Reason::to_string);
    texts
        .map(|text| text.chars().take(MAX_REASON).collect())
        .collect()
}

/// Why energy costs more or less than the tariff says.
fn load_reason(grounds: &Grounds<'_>, load_bps: u32) -> Option<Reason> {
    let load = Share(load_bps);
    match grounds.forecast {
        Some(Priced { table: None, .. }) => Some(Reason::Forecast {
            visited: grounds.agreement.visited,
            load,
        }),
        Some(Priced {
            table: Some(why), ..
        }) => Some(Reason::AgreedTable {
            load,
            why: Table(why),
        }),
        None if load_bps == NEUTRAL_BPS => None,
        None => Some(Reason::Load {
            area: grounds.evse.area.clone(),
            load,
        }),
    }
}

/// What home knows when an offer is proposed to it.
#[derive(Debug, Clone, Copy)]
pub struct HomeGrounds<'a> {
    /// Rules and policy in force.
    pub policy: &'a Policy,
    /// The agreement that the offer names.
    pub agreement: &'a Agreement,
    /// The multiplier of the hour in which the offer was made, where the agreement follows the forecast.
    pub forecast_bps: Option<u32>,
    /// The custom rule that it names, if it does.
    pub rule: Option<&'a BoundRule>,
    /// Where, from the registry.
    pub evse: &'a EvseEntry,
    /// What was said about the driver.
    pub issued: &'a SignedEligibility,
    /// Now.
    pub now: Time,
}

/// Answers a proposed offer: outside the agreement it is refused, over the contract's load it is countered, else signed.
pub fn answer(
    grounds: &HomeGrounds<'_>,
    offer: &Offer,
    round: u8,
    key: &SigningKey,
) -> OfferAnswer {
    if let Err(refusal) = inside_agreement(grounds, offer) {
        return OfferAnswer::Refused(refusal);
    }
    let most = rules(grounds.policy, grounds.issued.statement.class).max_load_bps;
    if offer.adjustments.load_bps <= most {
        return OfferAnswer::Accepted(offer.sign(key));
    }
    if round >= MAX_ROUNDS || most < grounds.agreement.load_band.min_bps {
        let text = format!(
            "the driver's contract accepts at most {most} basis points of load, the offer has {}",
            offer.adjustments.load_bps
        );
        return OfferAnswer::Refused(no_offer(text));
    }
    OfferAnswer::Countered {
        max_load_bps: most,
        reason: format!("the driver's contract accepts at most {most} basis points of load"),
    }
}

/// Whether an offer is inside its agreement and says about the driver what home said.
///
/// # Errors
/// `no-offer`, `adjustment-outside`, `amount-over-cap`, `guarantee-exceeded`, `price-wrong`; the text names the field.
pub fn inside_agreement(grounds: &HomeGrounds<'_>, offer: &Offer) -> Result<(), Refusal> {
    let (agreement, statement) = (grounds.agreement, &grounds.issued.statement);
    let outside = |text: String| Err(Refusal::new(RefusalCode::AdjustmentOutside, text));
    if (offer.home, offer.visited, offer.currency)
        != (agreement.home, agreement.visited, agreement.currency)
    {
        return Err(no_offer("parties or currency are not the agreement's"));
    }
    let Some(tariff) = agreement.tariff(&offer.tariff) else {
        return Err(no_offer(format!(
            "the agreement has no tariff {:?}",
            offer.tariff
        )));
    };
    let right = adjustments(agreement, statement.tier, offer.adjustments.load_bps);
    if offer.adjustments != right {
        return outside(format!(
            "tier, discount or corridor are not the agreement's for {:?}",
            statement.tier
        ));
    }
    let band = agreement.load_band;
    if !(band.min_bps..=band.max_bps).contains(&offer.adjustments.load_bps) {
        return outside(format!(
            "load of {} basis points is outside {} to {}",
            offer.adjustments.load_bps, band.min_bps, band.max_bps
        ));
    }
    if let Some(right) = grounds
        .forecast_bps
        .filter(|right| *right != offer.adjustments.load_bps)
    {
        return outside(format!(
            "load of {} basis points; the ledger has {right} for the hour of this offer",
            offer.adjustments.load_bps
        ));
    }
    if offer.hold > agreement.caps.amount_per_charge || offer.hold <= Micro::ZERO {
        return Err(Refusal::new(
            RefusalCode::AmountOverCap,
            format!(
                "the hold of {} is outside the cap",
                offer.hold.text(offer.currency)
            ),
        ));
    }
    if offer.hold > statement.guarantee.guarantee.limit {
        return Err(Refusal::new(
            RefusalCode::GuaranteeExceeded,
            "the hold is larger than the guarantee",
        ));
    }
    let compiled = compile(tariff, grounds.evse, grounds.rule)?;
    let own = estimate(
        &compiled,
        &right,
        &expected(offer.estimate.energy, 0, grounds.evse),
        offer.issued_at,
    )?;
    if own.expected != offer.estimate.expected || own.breakdown != offer.estimate.breakdown {
        let text = format!(
            "the estimate is {}, computed here {}",
            offer.estimate.expected.text(offer.currency),
            own.expected.text(offer.currency)
        );
        return Err(Refusal::new(RefusalCode::PriceWrong, text));
    }
    Ok(())
}

/// Most halvings of the search for what an amount buys: finer than a watt-hour of any cap.
const MAX_HALVINGS: u32 = 40;

/// The most energy, in whole watt-hours and at most the cap, whose expected cost stays within an amount. Never nothing: a
/// station's limit of zero would mean no limit.
pub(crate) fn affordable(
    compiled: &CompiledTariff,
    adjustments: &Adjustments,
    evse: &EvseEntry,
    (cap, most): (Energy, Micro),
    now: Time,
) -> Energy {
    let fits = |wh: u64| {
        let energy = Energy::from_wh(wh).unwrap_or(cap);
        quote(compiled, adjustments, &expected(energy, 0, evse), now)
            .is_ok_and(|e| e.expected <= most)
    };
    let top = cap.0.checked_div(1_000).unwrap_or(1).max(1);
    if fits(top) {
        return cap;
    }
    let (mut low, mut high) = (1u64, top);
    for _ in 0..MAX_HALVINGS {
        let middle = low.midpoint(high);
        if middle == low {
            break;
        }
        if fits(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    Energy::from_wh(low).unwrap_or(cap)
}
