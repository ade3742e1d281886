//! Charging rules and policy (CRP), and present loads.

use super::customers::{must_match, tagged};
use crate::api::extract::{Body, Path};
use crate::api::problem::Problem;
use crate::api::what::stations;
use crate::api::who::authorized::{Allow, Authorized, Operators, Signed, Staff};
use crate::api::{Api, other_answer, wire};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use fairway_ledger::limits::MAX_LOAD_BPS;
use fairway_model::{Energy, Micro};
use fairway_utility::command::{Command, MoneyPolicy, PartnerRules, Policy, Rules};
use fairway_utility::desk::{DeskAnswer, DeskQuestion, RulesView};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// A thousand megawatt-hours: more than any charge takes, in milliwatt-hours.
const MAX_EXPECTED_MWH: u64 = 1_000_000_000_000;

/// More than a station can ask in a minute.
const MAX_ATTEMPTS: u32 = 1_000_000;

/// Rules of one class of customers.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RulesBody {
    /// The agreement's tariff to offer, by id; its first when it has none of that name.
    tariff: String,
    /// Greatest load multiplier that own drivers' contracts accept.
    #[schema(minimum = 1, maximum = 100_000)]
    max_load_bps: u32,
    /// Energy that an estimate assumes, more than nothing.
    #[schema(minimum = 1, maximum = 1_000_000_000_000_u64)]
    expected_energy_mwh: u64,
    /// Half-width of the estimate's interval.
    #[schema(maximum = 10_000)]
    spread_bps: u32,
    /// What one statement guarantees, in millionths of the account's currency.
    guarantee_micro: i64,
}

/// Rules for one partner's drivers.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartnerRulesBody {
    /// Whose drivers.
    #[schema(pattern = "^[A-Z]{2}\\*?[A-Z0-9]{3}$")]
    home: String,
    /// The tariff to offer them.
    tariff: String,
    /// Greatest load multiplier that they are charged.
    #[schema(minimum = 1, maximum = 100_000)]
    max_load_bps: u32,
}

/// How money moves by itself.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoneyPolicyBody {
    /// Pay with tokens as soon as there are some that the creditor accepts.
    auto_pay: bool,
    /// Days before the due day from which on the log warns.
    #[schema(maximum = 65_535)]
    warn_days: u16,
}

/// The present load of an area.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct LoadLine {
    /// Grid area.
    area: String,
    /// Price multiplier; 10,000 is neutral.
    load_bps: u32,
}

/// The policy in force.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Policy)]
pub(crate) struct PolicyBody {
    /// Rises with every change; the `ETag`.
    version: u32,
    /// Households.
    residential: RulesBody,
    /// Businesses.
    commercial: RulesBody,
    /// What differs for partners' drivers.
    partners: Vec<PartnerRulesBody>,
    /// How long an offer stands.
    offer_ttl_ms: i64,
    /// How long partners may keep a visiting profile.
    profile_ttl_ms: i64,
    /// How long a driver waits for his home utility.
    home_timeout_ms: i64,
    /// Failed identifications per station and minute.
    attempts_per_minute: u32,
    /// How money moves by itself.
    money: Option<MoneyPolicyBody>,
    /// Present loads.
    loads: Vec<LoadLine>,
}

/// A new policy; its version is the next one.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyNew {
    /// Households.
    residential: RulesBody,
    /// Businesses.
    commercial: RulesBody,
    /// What differs for partners' drivers; at most 64.
    #[schema(max_items = 64)]
    partners: Vec<PartnerRulesBody>,
    /// How long an offer stands.
    #[schema(minimum = 1, example = 120_000)]
    offer_ttl_ms: i64,
    /// How long partners may keep a visiting profile.
    #[schema(minimum = 1, example = 86_400_000)]
    profile_ttl_ms: i64,
    /// How long a driver waits for his home utility.
    #[schema(minimum = 1, example = 2_000)]
    home_timeout_ms: i64,
    /// Failed identifications per station and minute.
    #[schema(maximum = 1_000_000, example = 600)]
    attempts_per_minute: u32,
    /// How money moves by itself.
    money: Option<MoneyPolicyBody>,
}

/// A load.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoadNew {
    /// Price multiplier; 10,000 is neutral.
    #[schema(minimum = 1, maximum = 100_000)]
    load_bps: u32,
}

impl From<&Rules> for RulesBody {
    fn from(r: &Rules) -> Self {
        Self {
            tariff: r.tariff.clone(),
            max_load_bps: r.max_load_bps,
            expected_energy_mwh: r.expected_energy.0,
            spread_bps: r.spread_bps,
            guarantee_micro: r.guarantee.0,
        }
    }
}

impl RulesBody {
    fn rules(self) -> Rules {
        Rules {
            tariff: self.tariff,
            max_load_bps: self.max_load_bps,
            expected_energy: Energy(self.expected_energy_mwh),
            spread_bps: self.spread_bps,
            guarantee: Micro(self.guarantee_micro),
        }
    }
}

impl From<&RulesView> for PolicyBody {
    fn from(view: &RulesView) -> Self {
        let p = &view.policy;
        let partners = p.partners.iter().map(|r| PartnerRulesBody {
            home: r.home.to_string(),
            tariff: r.tariff.clone(),
            max_load_bps: r.max_load_bps,
        });
        let loads = view.loads.iter().map(|(area, load_bps)| LoadLine {
            area: area.clone(),
            load_bps: *load_bps,
        });
        Self {
            version: p.version,
            residential: RulesBody::from(&p.residential),
            commercial: RulesBody::from(&p.commercial),
            partners: partners.collect(),
            offer_ttl_ms: p.offer_ttl,
            profile_ttl_ms: p.profile_ttl,
            home_timeout_ms: p.home_timeout,
            attempts_per_minute: p.attempts_per_minute,
            money: p.money.map(|m| MoneyPolicyBody {
                auto_pay: m.auto_pay,
                warn_days: m.warn_days,
            }),
            loads: loads.collect(),
        }
    }
}

async fn present(api: &Api, by: &Signed) -> Result<RulesView, Problem> {
    match api.ask(by, DeskQuestion::Rules).await? {
        DeskAnswer::Rules(view) => Ok(*view),
        _ => Err(other_answer()),
    }
}

async fn answered(api: &Api, by: &Signed) -> Result<Response, Problem> {
    let view = present(api, by).await?;
    Ok(tagged(view.policy.version, PolicyBody::from(&view)))
}

/// The policy in force, and present loads.
#[utoipa::path(get, path = "/api/v1/policy", tag = "policy", extensions(("x-roles" = json!(Staff::ROLES))), responses((status = 200, body = PolicyBody)))]
pub(crate) async fn read(
    State(api): State<Api>,
    by: Authorized<Staff>,
) -> Result<Response, Problem> {
    answered(&api, &by).await
}

/// Puts another policy in force for new offers.
#[utoipa::path(put, path = "/api/v1/policy", tag = "policy", extensions(("x-roles" = json!(Operators::ROLES))), params(("If-Match" = String, Header)), request_body = PolicyNew, responses((status = 200, body = PolicyBody)))]
pub(crate) async fn replace(
    State(api): State<Api>,
    by: Authorized<Operators>,
    headers: HeaderMap,
    body: Body<PolicyNew>,
) -> Result<Response, Problem> {
    let before = present(&api, &by).await?.policy.version;
    must_match(&headers, before)?;
    let new = body.value;
    within_bounds(&new)?;
    let mut partners = Vec::with_capacity(new.partners.len());
    for (at, rules) in new.partners.into_iter().enumerate() {
        partners.push(PartnerRules {
            home: wire::member(&format!("/partners/{at}/home"), &rules.home)?,
            tariff: rules.tariff,
            max_load_bps: bounded(&format!("/partners/{at}/max_load_bps"), rules.max_load_bps)?,
        });
    }
    let policy = Policy {
        version: before.saturating_add(1),
        residential: new.residential.rules(),
        commercial: new.commercial.rules(),
        partners,
        offer_ttl: new.offer_ttl_ms,
        profile_ttl: new.profile_ttl_ms,
        home_timeout: new.home_timeout_ms,
        attempts_per_minute: new.attempts_per_minute,
        money: new.money.map(|m| MoneyPolicy {
            auto_pay: m.auto_pay,
            warn_days: m.warn_days,
        }),
    };
    let command = Command::PutPolicy(Box::new(policy));
    api.tell(&by, rand::random(), command).await?;
    answered(&api, &by).await
}

/// A load multiplier within the bounds of every load.
fn bounded(pointer: &str, load_bps: u32) -> Result<u32, Problem> {
    if (1..=MAX_LOAD_BPS).contains(&load_bps) {
        return Ok(load_bps);
    }
    let text = format!("a load has 1 to {MAX_LOAD_BPS} basis points; 10000 is neutral");
    Err(Problem::field(pointer, text))
}

/// Numbers that no policy has.
fn within_bounds(new: &PolicyNew) -> Result<(), Problem> {
    for (class, rules) in [
        ("residential", &new.residential),
        ("commercial", &new.commercial),
    ] {
        bounded(&format!("/{class}/max_load_bps"), rules.max_load_bps)?;
        if !(1..=MAX_EXPECTED_MWH).contains(&rules.expected_energy_mwh) {
            let pointer = format!("/{class}/expected_energy_mwh");
            let text = format!("an estimate assumes 1 to {MAX_EXPECTED_MWH} milliwatt-hours");
            return Err(Problem::field(&pointer, text));
        }
    }
    if new.attempts_per_minute > MAX_ATTEMPTS {
        let text = format!("a station may fail at most {MAX_ATTEMPTS} times a minute");
        return Err(Problem::field("/attempts_per_minute", text));
    }
    Ok(())
}

/// A load is that of an area in which this member has a charging point, or has a load already.
async fn known_area(api: &Api, by: &Signed, area: &str) -> Result<(), Problem> {
    let stations = stations::all(api, by).await?;
    let evses = stations.iter().flat_map(|station| &station.evses);
    let mut areas: BTreeSet<String> = evses.map(|evse| evse.entry.area.clone()).collect();
    let loads = present(api, by).await?.loads;
    areas.extend(loads.into_iter().map(|(area, _)| area));
    if areas.contains(area) {
        return Ok(());
    }
    let known: Vec<String> = areas.into_iter().collect();
    let text = if known.is_empty() {
        "this member has no charging point yet, and so no grid area".to_owned()
    } else {
        format!(
            "no charging point is in that grid area; there are {}",
            known.join(", ")
        )
    };
    Err(Problem::not_found(text))
}

/// Sets the present load of a grid area; takes effect with the next offer.
#[utoipa::path(put, path = "/api/v1/loads/{area}", tag = "policy", extensions(("x-roles" = json!(Operators::ROLES))), params(("area" = String, Path)), request_body = LoadNew, responses((status = 200, body = PolicyBody)))]
pub(crate) async fn set_load(
    State(api): State<Api>,
    by: Authorized<Operators>,
    Path(area): Path<String>,
    body: Body<LoadNew>,
) -> Result<Response, Problem> {
    let load_bps = bounded("/load_bps", body.value.load_bps)?;
    known_area(&api, &by, &area).await?;
    let command = Command::SetLoad { area, load_bps };
    api.tell(&by, rand::random(), command).await?;
    answered(&api, &by).await
}
