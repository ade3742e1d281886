//! The tariffs of this member's agreements, and what a station's screen shows of one.

use super::agreements::{TermsRequest, details, find};
use super::terms::{TariffTerms, tariff_terms};
use crate::api::extract::{Body, Path, Query};
use crate::api::page::All;
use crate::api::problem::Problem;
use crate::api::who::authorized::{Allow, Authorized, Signed, Staff, Terms};
use crate::api::wire::price::Breakdown;
use crate::api::wire::{self, Money, TierWord};
use crate::api::{Api, other_answer};
use crate::station::kiosk::{About, shape};
use axum::Json;
use axum::extract::State;
use fairway_model::{Agreement, Energy, EvseId, Tier};
use fairway_station::choice::offered;
use fairway_station::{Screen, View};
use fairway_utility::desk::{DeskAnswer, DeskQuestion, PreviewAsked, PreviewView};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// A tariff and the agreement that it belongs to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TariffRow {
    /// `agr_...`.
    agreement: String,
    /// Version of the agreement.
    version: u32,
    /// Whose drivers.
    home: String,
    /// Its name.
    home_name: String,
    /// Whose stations.
    visited: String,
    /// Where the agreement stands, as in its own list.
    state: String,
    /// ISO 4217.
    currency: String,
    /// The tariff.
    tariff: TariffTerms,
}

/// Which price, to whom, for which charge.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewQuery {
    /// The tariff's id.
    #[param(min_length = 1, max_length = 36)]
    tariff: String,
    /// The driver's tier at home; `standard` when left out.
    tier: Option<TierWord>,
    /// Energy in milliwatt-hours, more than 0; 20 kWh when left out.
    #[param(minimum = 1)]
    energy_mwh: Option<u64>,
    /// Minutes with the cable plugged in, at most a week; 0 when left out.
    #[param(minimum = 0, maximum = 10_080)]
    minutes: Option<u32>,
    /// Charging point; the visited utility's first when left out.
    #[param(pattern = "^[A-Za-z0-9*_.:-]{1,48}$")]
    evse: Option<String>,
}

/// What a station's screen would show.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TariffPreview)]
pub(crate) struct Preview {
    /// The view that a station sends to its screen (docs/kiosk.md), at the offer.
    #[schema(value_type = Object)]
    view: Value,
    /// What the imagined charge costs.
    total: Money,
    /// Its argument.
    breakdown: Breakdown,
}

/// Energy that is assumed when none is given: 20 kWh.
const USUAL_ENERGY: u64 = 20 * Energy::PER_KWH;

/// The tariffs of this member's agreements that are proposed, in force or later.
#[utoipa::path(get, path = "/api/v1/tariffs", tag = "agreements", extensions(("x-roles" = json!(Staff::ROLES))), responses((status = 200, body = All<TariffRow>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    by: Authorized<Staff>,
) -> Result<Json<All<TariffRow>>, Problem> {
    let found = details(&api, &by, None).await?;
    let me = api.parts().member.id;
    let alive = ["proposed", "later", "in_force", "suspended"];
    let mut data = Vec::new();
    for d in found.iter().filter(|d| alive.contains(&d.word.as_str())) {
        let own = d.terms.home == me;
        for tariff in &d.terms.tariffs {
            data.push(TariffRow {
                agreement: d.view.agreement.to_string(),
                version: d.terms.version,
                home: d.terms.home.to_string(),
                home_name: if own {
                    api.parts().member.name.clone()
                } else {
                    d.partner_name.clone()
                },
                visited: d.terms.visited.to_string(),
                state: d.word.clone(),
                currency: d.terms.currency.to_string(),
                tariff: tariff_terms(tariff, d.terms.currency),
            });
        }
    }
    Ok(Json(All { data }))
}

fn shown(api: &Api, found: &PreviewView) -> Value {
    let offer = Box::new(found.offer.clone());
    let view = View {
        screen: Screen::Offer(offer.clone()),
        linked: true,
        choices: offered(&found.offer),
        offer: Some(offer),
        ..View::dark()
    };
    let about = About {
        station: found.station.to_string(),
        operator: found.operator.clone(),
        help: None,
        power_w: found.power_w,
        simulated: false,
        url: String::new(),
        posted: None,
    };
    shape::view(&about, &api.parts().clock, &view, true)
}

async fn preview(
    api: &Api,
    by: &Signed,
    terms: Agreement,
    query: PreviewQuery,
) -> Result<Json<Preview>, Problem> {
    let evse = query.evse.as_deref().map(EvseId::parse).transpose();
    let evse = evse.map_err(|e| Problem::field("/evse", e.to_string()))?;
    let energy = query.energy_mwh.unwrap_or(USUAL_ENERGY);
    if energy == 0 {
        return Err(Problem::field("/energy_mwh", "more than 0 is right"));
    }
    let currency = terms.currency;
    let asked = PreviewAsked {
        terms,
        tariff: query.tariff,
        evse,
        tier: query.tier.map_or(Tier::Standard, Tier::from),
        energy: Energy(energy),
        minutes: query.minutes.unwrap_or(0),
    };
    match api.ask(by, DeskQuestion::Preview(Box::new(asked))).await? {
        DeskAnswer::Preview(found) => Ok(Json(Preview {
            view: shown(api, &found),
            total: Money::new(found.offer.estimate.expected, currency),
            breakdown: Breakdown::from(&found.offer.estimate.breakdown),
        })),
        _ => Err(other_answer()),
    }
}

/// What a station's screen shows of a tariff of an agreement, now.
#[utoipa::path(get, path = "/api/v1/agreements/{agreement}/preview", tag = "agreements", extensions(("x-roles" = json!(Staff::ROLES))), params(("agreement" = String, Path), PreviewQuery), responses((status = 200, body = Preview)))]
pub(crate) async fn of_agreement(
    State(api): State<Api>,
    by: Authorized<Staff>,
    Path(id): Path<String>,
    Query(query): Query<PreviewQuery>,
) -> Result<Json<Preview>, Problem> {
    let (terms, _) = find(&api, &by, wire::agreement(&id)?).await?;
    preview(&api, &by, terms, query).await
}

/// The same for terms that were not proposed yet; nothing is sent.
#[utoipa::path(post, path = "/api/v1/agreements/preview", tag = "agreements", extensions(("x-roles" = json!(Terms::ROLES))), params(PreviewQuery), request_body = TermsRequest, responses((status = 200, body = Preview)))]
pub(crate) async fn of_terms(
    State(api): State<Api>,
    by: Authorized<Terms>,
    Query(query): Query<PreviewQuery>,
    body: Body<TermsRequest>,
) -> Result<Json<Preview>, Problem> {
    let terms = body.value.terms.agreement()?;
    preview(&api, &by, terms, query).await
}
