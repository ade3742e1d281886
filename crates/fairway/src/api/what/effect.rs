//! What other terms would have meant for the charges of the last 30 days.

use super::agreements::{TermsRequest, find};
use crate::api::extract::{Body, Path};
use crate::api::problem::Problem;
use crate::api::who::authorized::{Allow, Authorized, Signed, Staff, Terms};
use crate::api::wire::{self, Money};
use crate::api::{Api, other_answer};
use axum::Json;
use axum::extract::State;
use fairway_model::{Agreement, Currency};
use fairway_utility::desk::{DeskAnswer, DeskQuestion, EffectView};
use fairway_utility::effect::{Affected, Amounts};
use serde::Serialize;
use utoipa::ToSchema;

/// Who pays and gets what; the last four add up to the first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EffectAmounts)]
pub(crate) struct AmountsLine {
    /// What drivers pay.
    driver: Money,
    /// The home utility's share.
    home: Money,
    /// The visited utility's share, without tax.
    visited: Money,
    /// The site owner's share.
    owner: Money,
    /// Tax.
    tax: Money,
}

impl AmountsLine {
    fn new(amounts: &Amounts, currency: Currency) -> Self {
        let money = |value| Money::new(value, currency);
        Self {
            driver: money(amounts.driver),
            home: money(amounts.home),
            visited: money(amounts.visited),
            owner: money(amounts.owner),
            tax: money(amounts.tax),
        }
    }
}

/// One charge under both versions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EffectCharge)]
pub(crate) struct AffectedLine {
    /// `ses_...`.
    session: String,
    /// When it began.
    start: String,
    /// Energy in milliwatt-hours.
    energy_mwh: u64,
    /// Load multiplier that applied then, in basis points.
    load_bps: u32,
    /// Under the older terms.
    older: AmountsLine,
    /// Under the newer terms.
    newer: AmountsLine,
}

/// What newer terms would have meant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Effect)]
pub(crate) struct EffectPage {
    /// Charges begun at this time or later count.
    from: String,
    /// And before this time.
    to: String,
    /// Settled charges that were rated again.
    charges: u32,
    /// Whether there were more than are rated for one answer; then the newest count.
    more: bool,
    /// Their energy in milliwatt-hours.
    energy_mwh: u64,
    /// Sums under the older terms.
    older: AmountsLine,
    /// Sums under the newer terms.
    newer: AmountsLine,
    /// Charges among them above the newer caps on energy or amount.
    over_cap: u32,
    /// Charges without a price under one of the two; they are in no sum.
    unrated: u32,
    /// Why the first of those has none.
    why: Option<String>,
    /// The charges that change most, at most five.
    most: Vec<AffectedLine>,
}

fn page(view: &EffectView, currency: Currency) -> EffectPage {
    let e = &view.effect;
    let line = |a: &Affected| AffectedLine {
        session: a.session.to_string(),
        start: a.start.rfc3339(),
        energy_mwh: a.energy.0,
        load_bps: a.load_bps,
        older: AmountsLine::new(&a.old, currency),
        newer: AmountsLine::new(&a.new, currency),
    };
    EffectPage {
        from: view.from.rfc3339(),
        to: view.to.rfc3339(),
        charges: e.charges,
        more: view.more,
        energy_mwh: e.energy.0,
        older: AmountsLine::new(&e.old, currency),
        newer: AmountsLine::new(&e.new, currency),
        over_cap: e.over_cap,
        unrated: e.unrated,
        why: e.why.clone(),
        most: e.most.iter().map(line).collect(),
    }
}

async fn compare(
    api: &Api,
    by: &Signed,
    older: Agreement,
    newer: Agreement,
) -> Result<Json<EffectPage>, Problem> {
    let currency = newer.currency;
    let question = DeskQuestion::Effect {
        older: Box::new(older),
        newer: Box::new(newer),
    };
    match api.ask(by, question).await? {
        DeskAnswer::Effect(view) => Ok(Json(page(&view, currency))),
        _ => Err(other_answer()),
    }
}

/// What the terms of the second would have meant for settled charges of the last 30 days that fell under the direction of the first: every
/// charge is rated again under both, with the load multiplier that applied then.
#[utoipa::path(get, path = "/api/v1/agreements/{agreement}/effect/{other}", tag = "agreements", extensions(("x-roles" = json!(Staff::ROLES))), params(("agreement" = String, Path), ("other" = String, Path)), responses((status = 200, body = EffectPage)))]
pub(crate) async fn of_agreements(
    State(api): State<Api>,
    by: Authorized<Staff>,
    Path((from, to)): Path<(String, String)>,
) -> Result<Json<EffectPage>, Problem> {
    let (older, _) = find(&api, &by, wire::agreement(&from)?).await?;
    let (newer, _) = find(&api, &by, wire::agreement(&to)?).await?;
    compare(&api, &by, older, newer).await
}

/// The same for terms that were not proposed yet; nothing is sent.
#[utoipa::path(post, path = "/api/v1/agreements/{agreement}/effect", tag = "agreements", extensions(("x-roles" = json!(Terms::ROLES))), params(("agreement" = String, Path)), request_body = TermsRequest, responses((status = 200, body = EffectPage)))]
pub(crate) async fn of_terms(
    State(api): State<Api>,
    by: Authorized<Terms>,
    Path(from): Path<String>,
    body: Body<TermsRequest>,
) -> Result<Json<EffectPage>, Problem> {
    let (older, _) = find(&api, &by, wire::agreement(&from)?).await?;
    let newer = body.value.terms.agreement()?;
    compare(&api, &by, older, newer).await
}
