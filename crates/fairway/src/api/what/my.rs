//! What a driver sees: what is his, and nothing else. Another's charge is not found, as if it were not there.

use super::agreements::Nothing;
use super::bills::{self, BillBody};
use super::customers::{self, CustomerBody};
use super::disputes::{self, DisputeBody, DisputeNew};
use super::sessions::{self, SessionRow};
use super::story::{self, Story};
use crate::api::extract::{Body, Key, Octets, Path, Query};
use crate::api::once::{Answer, command_id};
use crate::api::page::{self, All, Page, Window};
use crate::api::problem::Problem;
use crate::api::who::authorized::{Allow, Authorized, Drivers, Signed};
use crate::api::wire::{self, Money};
use crate::api::{Api, other_answer};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use fairway_model::SessionId;
use fairway_utility::command::Command;
use fairway_utility::desk::{
    ChargeFilter, CustomerView, DeskAnswer, DeskQuestion, MonthView, ToldView,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// States of a charge that goes on.
const LIVE: [&str; 5] = ["identifying", "offered", "authorized", "charging", "ended"];
/// Charges among which those are looked for.
const RECENT: u32 = 20;

/// A month with something on the bill.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MonthLine {
    /// As in `2026-11`.
    month: String,
    /// What it comes to.
    total: Money,
    /// Charges.
    lines: u32,
    /// Credits.
    credits: u32,
    /// Finished charges that are not settled yet.
    pending: u32,
}

impl From<&MonthView> for MonthLine {
    fn from(m: &MonthView) -> Self {
        Self {
            month: wire::month_text((m.year, m.month)),
            total: Money::new(m.total, m.currency),
            lines: m.lines,
            credits: m.credits,
            pending: m.pending,
        }
    }
}

/// The first page of a driver.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MyHome {
    /// Who he is at this utility.
    customer: CustomerBody,
    /// Charges that go on.
    live: Vec<SessionRow>,
    /// The newest month with something on the bill.
    month: Option<MonthLine>,
}

async fn months(api: &Api, by: &Signed) -> Result<Vec<MonthLine>, Problem> {
    let key = by.customer()?.to_owned();
    match api.ask(by, DeskQuestion::Months(key)).await? {
        DeskAnswer::Months(months) => Ok(months.iter().map(MonthLine::from).collect()),
        _ => Err(other_answer()),
    }
}

fn own(by: &Signed) -> Result<ChargeFilter, Problem> {
    Ok(ChargeFilter {
        customer: Some(by.customer()?.to_owned()),
        ..ChargeFilter::default()
    })
}

/// A charge of the driver's own; 404 for everybody else's.
async fn own_session(api: &Api, by: &Signed, text: &str) -> Result<SessionId, Problem> {
    let id = wire::session(text)?;
    match api.ask(by, DeskQuestion::Owner(id)).await? {
        DeskAnswer::Owner(Some(owner)) if owner == by.customer()? => Ok(id),
        _ => Err(Problem::not_found(format!("{id} is no charge of yours"))),
    }
}

/// Who I am, what charges now, what this month comes to.
#[utoipa::path(get, path = "/api/v1/my", tag = "my", extensions(("x-roles" = json!(Drivers::ROLES))), responses((status = 200, body = MyHome)))]
pub(crate) async fn home(
    State(api): State<Api>,
    by: Authorized<Drivers>,
) -> Result<Json<MyHome>, Problem> {
    let customer = bills::customer(&api, &by, by.customer()?).await?;
    let filter = ChargeFilter {
        limit: RECENT,
        ..own(&by)?
    };
    let question = DeskQuestion::Charges(Box::new(filter));
    let DeskAnswer::Charges { rows, .. } = api.ask(&by, question).await? else {
        return Err(other_answer());
    };
    let live = rows
        .iter()
        .filter(|r| LIVE.contains(&r.summary.state.as_str()));
    let live = live.map(SessionRow::from).collect();
    let month = months(&api, &by).await?.into_iter().next();
    Ok(Json(MyHome {
        customer: CustomerBody::from(&customer),
        live,
        month,
    }))
}

/// My charges, the newest first.
#[utoipa::path(get, path = "/api/v1/my/sessions", tag = "my", extensions(("x-roles" = json!(Drivers::ROLES))), params(Window), responses((status = 200, body = Page<SessionRow>)))]
pub(crate) async fn sessions(
    State(api): State<Api>,
    by: Authorized<Drivers>,
    Query(window): Query<Window>,
) -> Result<Json<Page<SessionRow>>, Problem> {
    let filter = ChargeFilter {
        limit: page::limit(window.limit)?,
        before: sessions::before(window.cursor.as_deref())?,
        ..own(&by)?
    };
    sessions::page_of(&api, &by, filter).await
}

/// The story of one of my charges.
#[utoipa::path(get, path = "/api/v1/my/sessions/{session}", tag = "my", extensions(("x-roles" = json!(Drivers::ROLES))), params(("session" = String, Path)), responses((status = 200, body = Story)))]
pub(crate) async fn session(
    State(api): State<Api>,
    by: Authorized<Drivers>,
    Path(id): Path<String>,
) -> Result<Json<Story>, Problem> {
    let id = own_session(&api, &by, &id).await?;
    story::tell(&api, &by, id).await.map(Json)
}

/// Stops one of my charges while energy flows, wherever it runs; `stop` of the answer says how far that has come.
#[utoipa::path(post, path = "/api/v1/my/sessions/{session}/stop", tag = "my", extensions(("x-roles" = json!(Drivers::ROLES))), params(("session" = String, Path), ("Idempotency-Key" = String, Header)), request_body = Nothing, responses((status = 202, body = SessionRow)))]
pub(crate) async fn stop(
    State(api): State<Api>,
    by: Authorized<Drivers>,
    Path(id): Path<String>,
    key: Key,
    body: Body<Nothing>,
) -> Result<Response, Problem> {
    let work = async {
        let session = own_session(&api, &by, &id).await?;
        let customer = by.customer()?.to_owned();
        let command = Command::StopCharge { customer, session };
        api.tell(&by, command_id(&by, &key), command).await?;
        let question = DeskQuestion::Charge(session);
        let DeskAnswer::Charge(view) = api.ask(&by, question).await? else {
            return Err(other_answer());
        };
        let row = SessionRow::from(&view.row);
        Ok(Answer::new(StatusCode::ACCEPTED, &row))
    };
    api.once()
        .run(api.records(), (&by, &key, body.fingerprint), work)
        .await
}

/// Whether to freeze.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Freezing {
    /// Freeze every card and number of mine, or lift that again.
    frozen: bool,
}

/// Freezes every card and number of mine at once, or lifts that again. The utility's own block stays as it is, and a charge under way goes on.
#[utoipa::path(post, path = "/api/v1/my/freeze", tag = "my", extensions(("x-roles" = json!(Drivers::ROLES))), params(("Idempotency-Key" = String, Header)), request_body = Freezing, responses((status = 200, body = CustomerBody)))]
pub(crate) async fn freeze(
    State(api): State<Api>,
    by: Authorized<Drivers>,
    key: Key,
    body: Body<Freezing>,
) -> Result<Response, Problem> {
    let frozen = body.value.frozen;
    let command = |c: &CustomerView| {
        let customer = c.key.clone();
        Ok(Command::SetFrozen { customer, frozen })
    };
    let mine = by.customer()?;
    let work = customers::changed_by(&api, &by, (&key, mine), command);
    api.once()
        .run(api.records(), (&by, &key, body.fingerprint), work)
        .await
}

/// Another utility that may keep a visiting profile of me.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProfileLine {
    /// Member id.
    member: String,
    /// Its name.
    name: String,
    /// When it was told last that I may charge there.
    told_at: String,
    /// When its profile ends at the latest.
    until: String,
    /// It was taken back, and that utility has not confirmed it yet.
    taken_back: bool,
}

impl From<&ToldView> for ProfileLine {
    fn from(told: &ToldView) -> Self {
        Self {
            member: told.member.to_string(),
            name: told.name.clone(),
            told_at: told.told_at.rfc3339(),
            until: told.until.rfc3339(),
            taken_back: told.taken_back,
        }
    }
}

/// Other utilities that may keep a visiting profile of me: what lets them serve me without asking again.
#[utoipa::path(get, path = "/api/v1/my/profiles", tag = "my", extensions(("x-roles" = json!(Drivers::ROLES))), responses((status = 200, body = All<ProfileLine>)))]
pub(crate) async fn profiles(
    State(api): State<Api>,
    by: Authorized<Drivers>,
) -> Result<Json<All<ProfileLine>>, Problem> {
    let question = DeskQuestion::Told(by.customer()?.to_owned());
    let DeskAnswer::Told(told) = api.ask(&by, question).await? else {
        return Err(other_answer());
    };
    let data = told.iter().map(ProfileLine::from).collect();
    Ok(Json(All { data }))
}

/// Months with something on my bill, the newest first.
#[utoipa::path(get, path = "/api/v1/my/bills", tag = "my", extensions(("x-roles" = json!(Drivers::ROLES))), responses((status = 200, body = All<MonthLine>)))]
pub(crate) async fn bills(
    State(api): State<Api>,
    by: Authorized<Drivers>,
) -> Result<Json<All<MonthLine>>, Problem> {
    let data = months(&api, &by).await?;
    Ok(Json(All { data }))
}

/// My bill of a month.
#[utoipa::path(get, path = "/api/v1/my/bills/{month}", tag = "my", extensions(("x-roles" = json!(Drivers::ROLES))), params(("month" = String, Path)), responses((status = 200, body = BillBody)))]
pub(crate) async fn bill(
    State(api): State<Api>,
    by: Authorized<Drivers>,
    Path(month): Path<String>,
) -> Result<Json<BillBody>, Problem> {
    bills::bill_of(&api, &by, by.customer()?, &month)
        .await
        .map(Json)
}

/// My bill of a month as a tagged PDF.
#[utoipa::path(get, path = "/api/v1/my/bills/{month}/pdf", tag = "my", extensions(("x-roles" = json!(Drivers::ROLES))), params(("month" = String, Path), bills::Paper), responses((status = 200, content_type = "application/pdf", body = Octets)))]
pub(crate) async fn bill_paper(
    State(api): State<Api>,
    by: Authorized<Drivers>,
    Path(month): Path<String>,
    Query(paper): Query<bills::Paper>,
) -> Result<Response, Problem> {
    bills::paper_of(&api, &by, by.customer()?, &month, &paper).await
}

/// My objections, the newest first.
#[utoipa::path(get, path = "/api/v1/my/disputes", tag = "my", extensions(("x-roles" = json!(Drivers::ROLES))), responses((status = 200, body = All<DisputeBody>)))]
pub(crate) async fn disputes(
    State(api): State<Api>,
    by: Authorized<Drivers>,
) -> Result<Json<All<DisputeBody>>, Problem> {
    let customer = by.customer()?;
    let all = disputes::kept(&api).await?;
    let mine = all.iter().rev().filter(|d| d.is_of(customer));
    let data = mine.map(DisputeBody::from).collect();
    Ok(Json(All { data }))
}

/// Objects to one of my charges; the utility looks at it.
#[utoipa::path(post, path = "/api/v1/my/disputes", tag = "my", extensions(("x-roles" = json!(Drivers::ROLES))), params(("Idempotency-Key" = String, Header)), request_body = DisputeNew, responses((status = 201, body = DisputeBody)))]
pub(crate) async fn dispute(
    State(api): State<Api>,
    by: Authorized<Drivers>,
    key: Key,
    body: Body<DisputeNew>,
) -> Result<Response, Problem> {
    let (request, print) = (body.value, body.fingerprint);
    let work = async {
        let id = own_session(&api, &by, &request.session).await?;
        disputes::receive(&api, &by, id, &request).await
    };
    api.once()
        .run(api.records(), (&by, &key, print), work)
        .await
}
