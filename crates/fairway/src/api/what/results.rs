//! What charges came to, month by month.

use crate::api::extract::Query;
use crate::api::problem::Problem;
use crate::api::who::authorized::{Allow, Authorized, Staff};
use crate::api::wire::{self, Money};
use crate::api::{Api, other_answer};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use fairway_model::Currency;
use fairway_utility::desk::{DeskAnswer, DeskQuestion};
use fairway_utility::results::{ResultKind, ResultLine, ResultPart, ResultsView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which month.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct MonthQuery {
    /// A billing month, as in 2026-11; the present one when left out.
    #[param(pattern = "^[0-9]{4}-(0[1-9]|1[0-2])$")]
    month: Option<String>,
}

wire::words!(
    /// Which charges: own drivers at own stations, others' drivers there, own drivers elsewhere, or all.
    ChargesOf of ResultKind { Own, Inbound, Outbound, All }
);

/// What some charges came to, less the month's credits. What drivers pay is what goes to partner, site owners, tax authority and this
/// member; a shortfall is below nothing and comes off the last.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Came {
    /// Charges that the ledger settled.
    charges: u64,
    /// Their energy.
    energy_mwh: u64,
    /// What drivers pay, taxes included.
    billed: Money,
    /// What of it the other utility has.
    partners: Money,
    /// What of it the owners of this member's sites have.
    owners: Money,
    /// What of it is tax that this member collects.
    taxes: Money,
    /// What prepaid balances did not cover.
    shortfall: Money,
    /// What is left to this member.
    net: Money,
    /// Credits.
    credits: u64,
    /// What drivers got back by them.
    credited: Money,
}

impl Came {
    fn new(part: &ResultPart, currency: Currency) -> Self {
        let money = |amount| Money::new(amount, currency);
        Self {
            charges: part.charges,
            energy_mwh: part.energy.0,
            billed: money(part.billed),
            partners: money(part.partners),
            owners: money(part.owners),
            taxes: money(part.taxes),
            shortfall: money(part.shortfall),
            net: money(part.net),
            credits: part.credits,
            credited: money(part.credited),
        }
    }
}

/// A line of the results.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResultRow {
    /// ISO 4217.
    currency: String,
    /// Which charges.
    charges_of: ChargesOf,
    /// Only those with this partner; null for all of the kind.
    partner: Option<String>,
    /// Its name.
    partner_name: Option<String>,
    /// In the month.
    now: Came,
    /// In the month before.
    before: Came,
}

/// Roaming fees of one currency: what the home utility keeps of a charge elsewhere.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Fees {
    /// ISO 4217.
    currency: String,
    /// Kept by this member of its drivers' charges elsewhere.
    received: Money,
    /// Kept by partners of their drivers' charges here.
    paid: Money,
    /// The former in the month before.
    received_before: Money,
    /// The latter.
    paid_before: Money,
}

/// Results of a month.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Results {
    /// The billing month, as in 2026-11.
    month: String,
    /// The one before.
    before: String,
    /// Months with results, the newest first.
    months: Vec<String>,
    /// Lines by currency and kind; in each kind the whole first, then each partner.
    lines: Vec<ResultRow>,
    /// Roaming fees by currency.
    fees: Vec<Fees>,
}

fn text((year, month): (i64, i64)) -> String {
    format!("{year:04}-{month:02}")
}

/// The fee of outbound charges: what is left of them before losses on prepaid balances.
fn received(part: &ResultPart) -> fairway_model::Micro {
    part.net.minus(part.shortfall).unwrap_or(part.net)
}

fn fees(lines: &[ResultLine]) -> Vec<Fees> {
    let whole = |currency: Currency, kind: ResultKind| {
        let mut of = lines.iter();
        of.find(|l| (l.currency, l.kind, l.partner) == (currency, kind, None))
    };
    let all = lines.iter().filter(|l| l.kind == ResultKind::All);
    all.filter_map(|line| {
        let currency = line.currency;
        let out = whole(currency, ResultKind::Outbound)?;
        let into = whole(currency, ResultKind::Inbound)?;
        Some(Fees {
            currency: currency.to_string(),
            received: Money::new(received(&out.now), currency),
            paid: Money::new(into.now.partners, currency),
            received_before: Money::new(received(&out.before), currency),
            paid_before: Money::new(into.before.partners, currency),
        })
    })
    .collect()
}

impl From<&ResultsView> for Results {
    fn from(view: &ResultsView) -> Self {
        let row = |line: &ResultLine| ResultRow {
            currency: line.currency.to_string(),
            charges_of: ChargesOf::from(line.kind),
            partner: line.partner.map(|id| id.to_string()),
            partner_name: line.partner.and_then(|id| {
                let mut names = view.names.iter();
                names.find(|(of, _)| *of == id).map(|(_, n)| n.clone())
            }),
            now: Came::new(&line.now, line.currency),
            before: Came::new(&line.before, line.currency),
        };
        Self {
            month: text(view.month),
            before: text(view.before),
            months: view.months.iter().copied().map(text).collect(),
            lines: view.lines.iter().map(row).collect(),
            fees: fees(&view.lines),
        }
    }
}

/// What charges came to in a billing month, from this member's own books: by direction and partner, beside the month before.
#[utoipa::path(get, path = "/api/v1/results", tag = "settlement", extensions(("x-roles" = json!(Staff::ROLES))), params(MonthQuery), responses((status = 200, body = Results)))]
pub(crate) async fn results(
    State(api): State<Api>,
    by: Authorized<Staff>,
    Query(query): Query<MonthQuery>,
) -> Result<Json<Results>, Problem> {
    let wrong = |p: Problem| Problem::new(StatusCode::BAD_REQUEST, "query", p.body("", "").detail);
    let asked = query.month.as_deref().map(wire::month).transpose();
    let asked = asked.map_err(wrong)?;
    let month = asked.map(|(year, month)| (i64::from(year), i64::from(month)));
    match api.ask(&by, DeskQuestion::Results(month)).await? {
        DeskAnswer::Results(view) => Ok(Json(Results::from(&*view))),
        _ => Err(other_answer()),
    }
}
