//! A driver's bill of one month, every line with its argument and its place on the ledger.

use crate::api::extract::Path;
use crate::api::problem::Problem;
use crate::api::who::authorized::{Accounting, Allow, Authorized, Signed};
use crate::api::wire::price::{Breakdown, Split, split};
use crate::api::wire::{self, Money};
use crate::api::{Api, other_answer};
use axum::Json;
use axum::extract::State;
use fairway_utility::command::{Bill, BillLine, Command, Reply};
use fairway_utility::desk::{CustomerView, DeskAnswer, DeskQuestion};
use serde::Serialize;
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
    /// Where its proof is read: `fairway ledger verify` takes it.
    proof: String,
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
    BillLineBody {
        session: l.session.to_string(),
        visited: l.visited.to_string(),
        visited_name: l.visited_name.clone(),
        evse: l.evse.to_string(),
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
        proof: format!("/api/v1/ledger/transactions/{}/proof", l.transaction.hex()),
    }
}

fn body(api: &Api, bill: &Bill) -> BillBody {
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
        utility_name: api.parts().member.name.clone(),
        customer: bill.customer.clone(),
        cin: bill.cin.clone(),
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

/// A customer's bill of a month.
pub(crate) async fn bill_of(
    api: &Api,
    by: &Signed,
    key: &str,
    month: &str,
) -> Result<BillBody, Problem> {
    let (year, month) = wire::month(month)?;
    let cin = customer(api, by, key).await?.cin;
    let command = Command::Bill { cin, year, month };
    match api.tell(by, rand::random(), command).await? {
        Reply::Bill(bill) => Ok(body(api, &bill)),
        _ => Err(other_answer()),
    }
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
