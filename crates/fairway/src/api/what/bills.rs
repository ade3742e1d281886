//! A driver's bill of one month, every line with its argument and its place on the ledger.

use crate::api::extract::{Octets, Path, Query};
use crate::api::problem::Problem;
use crate::api::who::authorized::{Accounting, Allow, Authorized, Signed};
use crate::api::wire::price::{Breakdown, Split, split};
use crate::api::wire::said::{self, Said};
use crate::api::wire::{self, Money};
use crate::api::{Api, other_answer};
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use fairway_messages::Language;
use fairway_model::{Bill, BillLine};
use fairway_utility::command::{Command, Reply};
use fairway_utility::desk::{CustomerView, DeskAnswer, DeskQuestion};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One line.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BillLineBody {
    /// The charge.
    session: String,
    /// Whose station.
    visited: String,
    /// Its name.
    visited_name: String,
    /// Where.
    evse: String,
    /// IANA zone of the place, where the ledger knows it.
    time_zone: Option<String>,
    /// Begin.
    start: String,
    /// End.
    end: String,
    /// Energy.
    energy_mwh: u64,
    /// Amount, taxes included.
    total: Money,
    /// Its argument.
    breakdown: Breakdown,
    /// Hash of the offer that was consented to.
    offer: String,
    /// Hash over the signed meter records.
    meter_evidence: String,
    /// The agreement.
    agreement: String,
    /// Hash of the charge event.
    event: String,
    /// The settling transaction.
    transaction: String,
    /// Its block.
    height: u64,
    /// Who got what of it.
    split: Option<Split>,
    /// What the station said about the price before the consent, as it said it.
    reasons: Vec<String>,
    /// The reasons by their codes, in the same order; none where one is in other words.
    reasons_said: Vec<Option<Said>>,
    /// What the signed meter records proved; none where the home utility did not compute the charge itself.
    meter: Option<MeterBody>,
    /// Where its proof is read: `fairway ledger verify` takes it.
    proof: String,
}

/// What the signed meter records proved; every one was verified before the charge was signed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MeterBody {
    /// How many.
    records: u32,
    /// SHA-256 of the meter's public key, as registered on the ledger.
    key: String,
    /// The register at the begin.
    begin_mwh: u64,
    /// The register at the end.
    end_mwh: u64,
}

/// What came off a charge.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreditBody {
    /// The charge.
    session: String,
    /// When.
    at: String,
    /// How much.
    amount: Money,
    /// Why, in a word.
    reason: String,
    /// The crediting transaction.
    transaction: String,
    /// Its block.
    height: u64,
}

/// A month's bill.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Bill)]
pub(crate) struct BillBody {
    /// Who bills.
    utility: String,
    /// Its name.
    utility_name: String,
    /// Whom.
    customer: String,
    /// CIN, digits.
    cin: String,
    /// The same in groups for people.
    cin_grouped: String,
    /// As in `2026-11`.
    month: String,
    /// ISO 4217.
    currency: String,
    /// Settled charges in order of time.
    lines: Vec<BillLineBody>,
    /// Their sum, less the credits.
    total: Money,
    /// Charges that are finished and not settled.
    pending: u32,
    /// What came off charges.
    credits: Vec<CreditBody>,
}

fn line(l: &BillLine) -> BillLineBody {
    let currency = l.breakdown.currency;
    let shared = l.shared.as_ref();
    let quoted = l.quoted.as_ref().map_or(&[][..], |q| q.reasons.as_slice());
    BillLineBody {
        session: l.session.to_string(),
        visited: l.visited.to_string(),
        visited_name: l.visited_name.clone(),
        evse: l.evse.to_string(),
        time_zone: l.place.as_ref().map(|p| p.time_zone.clone()),
        start: l.start.rfc3339(),
        end: l.end.rfc3339(),
        energy_mwh: l.energy.0,
        total: Money::new(l.total, currency),
        breakdown: Breakdown::from(&l.breakdown),
        offer: l.offer.hex(),
        meter_evidence: l.meter_evidence.hex(),
        agreement: l.agreement.to_string(),
        event: l.event.hex(),
        transaction: l.transaction.hex(),
        height: l.height,
        split: shared.map(|note| split(&note.shares, Some(note), currency)),
        reasons: quoted.to_vec(),
        reasons_said: said::reasons(quoted),
        meter: l.metered.as_ref().map(|m| MeterBody {
            records: m.records,
            key: m.key.hex(),
            begin_mwh: m.begin.0,
            end_mwh: m.end.0,
        }),
        proof: format!("/api/v1/ledger/transactions/{}/proof", l.transaction.hex()),
    }
}

fn body(bill: &Bill) -> BillBody {
    let credits = bill.credits.iter().map(|c| CreditBody {
        session: c.session.to_string(),
        at: c.at.rfc3339(),
        amount: Money::new(c.amount, bill.currency),
        reason: c.reason.clone(),
        transaction: c.transaction.hex(),
        height: c.height,
    });
    BillBody {
        utility: bill.utility.to_string(),
        utility_name: bill.utility_name.clone(),
        customer: bill.customer.clone(),
        cin: bill.cin.clone(),
        cin_grouped: bill.cin_grouped(),
        month: wire::month_text((bill.year, bill.month)),
        currency: bill.currency.to_string(),
        lines: bill.lines.iter().map(line).collect(),
        total: Money::new(bill.total, bill.currency),
        pending: bill.pending,
        credits: credits.collect(),
    }
}

/// A customer by key.
pub(crate) async fn customer(api: &Api, by: &Signed, key: &str) -> Result<CustomerView, Problem> {
    let found = api.ask(by, DeskQuestion::Customer(key.to_owned())).await;
    match found {
        Ok(DeskAnswer::Customer(view)) => Ok(*view),
        Ok(_) => Err(other_answer()),
        Err(_) => Err(Problem::not_found(format!(
            "{key} is no customer of this utility"
        ))),
    }
}

async fn month_of(api: &Api, by: &Signed, key: &str, month: &str) -> Result<Bill, Problem> {
    let (year, month) = wire::month(month)?;
    let cin = customer(api, by, key).await?.cin;
    let command = Command::Bill { cin, year, month };
    match api.tell(by, rand::random(), command).await? {
        Reply::Bill(bill) => Ok(*bill),
        _ => Err(other_answer()),
    }
}

/// A customer's bill of a month.
pub(crate) async fn bill_of(
    api: &Api,
    by: &Signed,
    key: &str,
    month: &str,
) -> Result<BillBody, Problem> {
    month_of(api, by, key, month).await.map(|bill| body(&bill))
}

/// In which language.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paper {
    /// A tag such as `es`; the customer's language when none is given.
    #[param(pattern = "^(en|es|de)([_-][A-Za-z0-9_-]*)?$")]
    language: Option<String>,
}

fn unmade(why: String) -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "document", why)
}

/// A customer's bill of a month as a tagged PDF.
pub(crate) async fn paper_of(
    api: &Api,
    by: &Signed,
    key: &str,
    month: &str,
    paper: &Paper,
) -> Result<Response, Problem> {
    let wanted = paper.language.as_deref().map(Language::parse).transpose();
    let wanted = wanted
        .map_err(|e| Problem::new(StatusCode::BAD_REQUEST, "query", format!("language: {e}")))?;
    let bill = month_of(api, by, key, month).await?;
    let language = wanted.unwrap_or_else(|| Language::nearest(&bill.language));
    let name = format!("bill-{}.pdf", wire::month_text((bill.year, bill.month)));
    let made = tokio::task::spawn_blocking(move || fairway_document::pdf(&bill, language)).await;
    let bytes = made
        .map_err(|e| unmade(e.to_string()))?
        .map_err(|e| unmade(e.to_string()))?;
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    Ok((headers, bytes).into_response())
}

/// A customer's bill of a month.
#[utoipa::path(get, path = "/api/v1/customers/{customer}/bills/{month}", tag = "customers", extensions(("x-roles" = json!(Accounting::ROLES))), params(("customer" = String, Path), ("month" = String, Path)), responses((status = 200, body = BillBody)))]
pub(crate) async fn of_customer(
    State(api): State<Api>,
    by: Authorized<Accounting>,
    Path((key, month)): Path<(String, String)>,
) -> Result<Json<BillBody>, Problem> {
    bill_of(&api, &by, &key, &month).await.map(Json)
}

/// A customer's bill of a month as a tagged PDF.
#[utoipa::path(get, path = "/api/v1/customers/{customer}/bills/{month}/pdf", tag = "customers", extensions(("x-roles" = json!(Accounting::ROLES))), params(("customer" = String, Path), ("month" = String, Path), Paper), responses((status = 200, content_type = "application/pdf", body = Octets)))]
pub(crate) async fn paper_of_customer(
    State(api): State<Api>,
    by: Authorized<Accounting>,
    Path((key, month)): Path<(String, String)>,
    Query(paper): Query<Paper>,
) -> Result<Response, Problem> {
    paper_of(&api, &by, &key, &month, &paper).await
}
