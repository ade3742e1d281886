//! Objections of drivers, and the cases about settled charges on the ledger.
//!
//! What a driver writes stays in his utility's database; a case on the ledger names its SHA-256 only.

use crate::api::extract::{Body, Key, Path};
use crate::api::once::{Answer, command_id};
use crate::api::problem::Problem;
use crate::api::who::authorized::{Allow, Authorized, Cases, Operators, Signed};
use crate::api::wire::{self, Money};
use crate::api::{Api, other_answer};
use crate::store::records::Kind;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use fairway_ledger::DisputeReason;
use fairway_model::{Hash, SessionId};
use fairway_utility::command::{CaseCommand, CaseView, Command, Reply};
use fairway_utility::desk::{DeskAnswer, DeskQuestion};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest text of an objection, in bytes.
const MAX_TEXT: usize = 2_000;
/// Most objections of one customer that are open at a time.
const MAX_OPEN: usize = 50;

/// Why a driver objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReasonWord {
    /// The price is wrong.
    Price,
    /// The meter is wrong.
    Meter,
    /// It was not me.
    NotTheDriver,
    /// Something else.
    Other,
}

/// Where an objection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DisputeState {
    /// The utility has it.
    Received,
    /// The utility opened a case on the ledger.
    Opened,
    /// The utility answered without a case.
    Closed,
}

/// An objection as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Dispute {
    id: String,
    customer: String,
    session: String,
    reason: ReasonWord,
    text: String,
    claimed: Option<Money>,
    made_ms: i64,
    state: DisputeState,
    answer: Option<String>,
}

impl Dispute {
    pub(crate) fn is_of(&self, customer: &str) -> bool {
        self.customer == customer
    }

    fn evidence(&self) -> Hash {
        Hash::plain(self.text.as_bytes())
    }
}

/// A new objection.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DisputeNew {
    /// Which charge.
    #[schema(pattern = "^ses_[0-9a-f]{32}$")]
    pub(crate) session: String,
    /// Why.
    reason: ReasonWord,
    /// What is wrong, in the driver's words; at most 2,000 bytes.
    #[schema(min_length = 1, max_length = 2_000, pattern = r"\S")]
    text: String,
    /// The total that would be right.
    #[serde(default)]
    claimed: Option<Money>,
}

/// An objection.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Dispute)]
pub(crate) struct DisputeBody {
    /// `dsp_...`.
    dispute: String,
    /// Which charge.
    session: String,
    /// Why.
    reason: ReasonWord,
    /// The driver's words.
    text: String,
    /// The total that would be right.
    claimed: Option<Money>,
    /// When it was made.
    made_at: String,
    /// Where it stands.
    state: DisputeState,
    /// What the utility answered.
    answer: Option<String>,
    /// SHA-256 of the driver's words: what a case on the ledger names.
    evidence: String,
}

impl From<&Dispute> for DisputeBody {
    fn from(d: &Dispute) -> Self {
        Self {
            dispute: d.id.clone(),
            session: d.session.clone(),
            reason: d.reason,
            text: d.text.clone(),
            claimed: d.claimed.clone(),
            made_at: fairway_model::Time(d.made_ms).rfc3339(),
            state: d.state,
            answer: d.answer.clone(),
            evidence: d.evidence().hex(),
        }
    }
}

/// How a case ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CaseEndLine {
    /// Why so.
    ruling: &'static str,
    /// The total that was found right.
    total: Money,
    /// What was credited.
    credited: Money,
    /// When.
    at: String,
}

/// A case on the ledger.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Case)]
pub(crate) struct CaseLine {
    /// Which charge.
    session: String,
    /// Who opened it.
    opener: String,
    /// Home utility.
    home: String,
    /// Visited utility.
    visited: String,
    /// `ratings_differ`, `meter_evidence`, `not_the_driver` or `other`.
    reason: String,
    /// SHA-256 of the opener's evidence.
    evidence: String,
    /// The total that the opener finds right.
    claimed: Money,
    /// Since when.
    opened_at: String,
    /// The answer is due before.
    answer_until: String,
    /// The total that the answer finds right.
    answered: Option<Money>,
    /// A panel may be asked for before.
    settle_until: Option<String>,
    /// Who judges.
    panel: Vec<String>,
    /// Votes are due before.
    vote_until: Option<String>,
    /// How it ended.
    end: Option<CaseEndLine>,
}

impl From<&CaseView> for CaseLine {
    fn from(c: &CaseView) -> Self {
        let money = |value| Money::new(value, c.case.currency);
        Self {
            session: c.case.session.to_string(),
            opener: c.case.opener.to_string(),
            home: c.case.home.to_string(),
            visited: c.case.visited.to_string(),
            reason: wire::word(&c.reason),
            evidence: c.evidence.hex(),
            claimed: money(c.claimed),
            opened_at: c.opened_at.rfc3339(),
            answer_until: c.answer_until.rfc3339(),
            answered: c.answered.map(money),
            settle_until: c.settle_until.map(|at| at.rfc3339()),
            panel: c.panel.iter().map(ToString::to_string).collect(),
            vote_until: c.vote_until.map(|at| at.rfc3339()),
            end: c.end.map(|end| CaseEndLine {
                ruling: end.ruling.word(),
                total: money(end.total),
                credited: money(end.credited),
                at: end.at.rfc3339(),
            }),
        }
    }
}

/// Objections and cases.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DisputesPage {
    /// Objections of this utility's drivers, the newest first.
    data: Vec<DisputeBody>,
    /// Cases of the consortium.
    cases: Vec<CaseLine>,
}

/// The total that is right.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DisputeOpen {
    /// Taxes included, less than what was settled.
    claimed: Money,
}

/// The utility's answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DisputeClose {
    /// What the driver reads; at most 2,000 bytes.
    #[schema(min_length = 1, max_length = 2_000, pattern = r"\S")]
    answer: String,
}

/// Every objection, oldest first.
pub(crate) async fn kept(api: &Api) -> Result<Vec<Dispute>, Problem> {
    api.records().all(Kind::Dispute).await
}

async fn one(api: &Api, id: &str) -> Result<Dispute, Problem> {
    let found = api.records().get(Kind::Dispute, id).await?;
    found.ok_or_else(|| Problem::not_found(format!("no objection {id}")))
}

async fn keep(api: &Api, dispute: &Dispute) -> Result<(), Problem> {
    let at = dispute.made_ms;
    api.records()
        .put(Kind::Dispute, &dispute.id, at, dispute)
        .await
}

fn check_text(pointer: &str, text: &str) -> Result<(), Problem> {
    if text.trim().is_empty() || text.len() > MAX_TEXT {
        return Err(Problem::field(
            pointer,
            format!("1 to {MAX_TEXT} bytes are right"),
        ));
    }
    Ok(())
}

/// Takes a driver's objection to a charge of his.
pub(crate) async fn receive(
    api: &Api,
    by: &Signed,
    session: SessionId,
    request: &DisputeNew,
) -> Result<Answer, Problem> {
    check_text("/text", &request.text)?;
    let customer = by.customer()?;
    let all = kept(api).await?;
    let open = all
        .iter()
        .filter(|d| d.is_of(customer) && d.state == DisputeState::Received);
    if open.clone().any(|d| d.session == session.to_string()) {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "duplicate",
            format!("an objection to {session} is with the utility already"),
        ));
    }
    if open.count() >= MAX_OPEN {
        return Err(Problem::busy(format!(
            "{MAX_OPEN} objections are open; wait for an answer to one"
        )));
    }
    let entropy = crate::environment::entropy();
    let dispute = Dispute {
        id: format!("dsp_{}", hex::encode(entropy.get(..16).unwrap_or_default())),
        customer: customer.to_owned(),
        session: session.to_string(),
        reason: request.reason,
        text: request.text.clone(),
        claimed: request.claimed.clone(),
        made_ms: api.parts().clock.now().0,
        state: DisputeState::Received,
        answer: None,
    };
    keep(api, &dispute).await?;
    Ok(Answer::new(
        StatusCode::CREATED,
        &DisputeBody::from(&dispute),
    ))
}

/// Objections of drivers, and cases on the ledger.
#[utoipa::path(get, path = "/api/v1/disputes", tag = "disputes", extensions(("x-roles" = json!(Cases::ROLES))), responses((status = 200, body = DisputesPage)))]
pub(crate) async fn list(
    State(api): State<Api>,
    by: Authorized<Cases>,
) -> Result<Json<DisputesPage>, Problem> {
    let command = Command::Case(CaseCommand::List);
    let Reply::Cases(cases) = api.tell(&by, rand::random(), command).await? else {
        return Err(other_answer());
    };
    let all = kept(&api).await?;
    Ok(Json(DisputesPage {
        data: all.iter().rev().map(DisputeBody::from).collect(),
        cases: cases.iter().map(CaseLine::from).collect(),
    }))
}

/// Opens a case on the ledger about a driver's objection.
#[utoipa::path(post, path = "/api/v1/disputes/{dispute}/open", tag = "disputes", extensions(("x-roles" = json!(Operators::ROLES))), params(("dispute" = String, Path), ("Idempotency-Key" = String, Header)), request_body = DisputeOpen, responses((status = 202, body = DisputeBody)))]
pub(crate) async fn open(
    State(api): State<Api>,
    by: Authorized<Operators>,
    Path(id): Path<String>,
    key: Key,
    body: Body<DisputeOpen>,
) -> Result<Response, Problem> {
    let (request, print) = (body.value, body.fingerprint);
    let work = async {
        let mut dispute = one(&api, &id).await?;
        let session = wire::session(&dispute.session)?;
        let DeskAnswer::Charge(view) = api.ask(&by, DeskQuestion::Charge(session)).await? else {
            return Err(other_answer());
        };
        let currency = view
            .row
            .currency
            .ok_or_else(|| Problem::field("/claimed", "the charge has no price yet"))?;
        let command = CaseCommand::Open {
            session,
            reason: match dispute.reason {
                ReasonWord::Price => DisputeReason::RatingsDiffer,
                ReasonWord::Meter => DisputeReason::MeterEvidence,
                ReasonWord::NotTheDriver => DisputeReason::NotTheDriver,
                ReasonWord::Other => DisputeReason::Other,
            },
            evidence: dispute.evidence(),
            claimed: request.claimed.micro("/claimed", currency)?,
        };
        api.tell(&by, command_id(&by, &key), Command::Case(command))
            .await?;
        dispute.state = DisputeState::Opened;
        keep(&api, &dispute).await?;
        Ok(Answer::new(
            StatusCode::ACCEPTED,
            &DisputeBody::from(&dispute),
        ))
    };
    api.once()
        .run(api.records(), (&by, &key, print), work)
        .await
}

/// Answers a driver's objection without a case.
#[utoipa::path(post, path = "/api/v1/disputes/{dispute}/close", tag = "disputes", extensions(("x-roles" = json!(Operators::ROLES))), params(("dispute" = String, Path), ("Idempotency-Key" = String, Header)), request_body = DisputeClose, responses((status = 200, body = DisputeBody)))]
pub(crate) async fn close(
    State(api): State<Api>,
    by: Authorized<Operators>,
    Path(id): Path<String>,
    key: Key,
    body: Body<DisputeClose>,
) -> Result<Response, Problem> {
    let (request, print) = (body.value, body.fingerprint);
    let work = async {
        check_text("/answer", &request.answer)?;
        let mut dispute = one(&api, &id).await?;
        dispute.state = DisputeState::Closed;
        dispute.answer = Some(request.answer.clone());
        keep(&api, &dispute).await?;
        Ok(Answer::new(StatusCode::OK, &DisputeBody::from(&dispute)))
    };
    api.once()
        .run(api.records(), (&by, &key, print), work)
        .await
}
