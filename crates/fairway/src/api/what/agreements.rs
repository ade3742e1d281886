//! Roaming agreements: read, compare, check, and move along their table of steps.

use super::contracts::{self, AgreementStep};
use super::terms::TermsBody;
use crate::api::extract::{Body, Key, Path};
use crate::api::once::{Answer, command_id};
use crate::api::page::All;
use crate::api::problem::Problem;
use crate::api::who::authorized::{Allow, Authorized, Managers, Signed, Staff, Terms};
use crate::api::{Api, other_answer, wire};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use fairway_ledger::{Ground, contract_text, key_for_agreement};
use fairway_model::canonical::Canonical as _;
use fairway_model::{Agreement, AgreementId, Hash};
use fairway_utility::command::Command;
use fairway_utility::desk::{AgreementDetail, DeskAnswer, DeskQuestion};
use fairway_utility::roaming::TermsCommand;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

wire::words!(
    /// Why a party suspends.
    GroundWord of Ground { Payment, Service, Security, Technical, Regulation, Other }
);

/// Most differences that are listed.
const MAX_CHANGES: usize = 500;

/// An agreement in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgreementRow {
    /// `agr_...`.
    agreement: String,
    /// Whose drivers.
    home: String,
    /// Whose stations.
    visited: String,
    /// The other party.
    partner: String,
    /// Its name.
    partner_name: String,
    /// Version.
    version: u32,
    /// Who proposed it.
    proposer: String,
    /// Currency.
    currency: String,
    /// From when.
    valid_from: String,
    /// Until when.
    valid_until: String,
    /// `proposed`, `countered`, `withdrawn`, `lapsed`, `later`, `in_force`, `replaced`, `suspended`, `ended` or `broken`.
    state: String,
    /// The same in a sentence.
    stage: String,
    /// Whether it waits for this member's signature.
    waits_for_us: bool,
    /// When it was countersigned.
    countersigned_at: Option<String>,
    /// The terms that answered it.
    superseded_by: Option<String>,
}

/// An agreement with its text and terms.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgreementPage {
    /// As in lists; none where this member is no party of it.
    row: Option<AgreementRow>,
    /// The terms that the contracts execute.
    terms: TermsBody,
    /// What the parties read: made from the terms.
    text: String,
    /// Its SHA-256, which both sign.
    text_hash: String,
    /// Who signed and did what in which block, oldest first; empty while the node has not read those blocks, or does not hold them.
    steps: Vec<AgreementStep>,
}

/// Terms.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TermsRequest {
    /// The terms.
    pub(super) terms: TermsBody,
}

/// What the contract would say.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Checked {
    /// The id that the terms would have.
    agreement: String,
    /// What the parties would read.
    text: String,
    /// Whether the contract would take the proposal.
    ok: bool,
    /// Why not.
    problem: Option<String>,
}

/// One difference of two versions' terms.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Change {
    /// JSON pointer into the terms.
    path: String,
    /// Before; none where there was nothing.
    #[schema(value_type = Value)]
    from: Option<Value>,
    /// After; none where nothing is left.
    #[schema(value_type = Value)]
    to: Option<Value>,
}

/// A line of the compared texts.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct TextLine {
    /// `same`, `removed` or `added`.
    kind: &'static str,
    /// The line.
    line: String,
}

/// Two agreements compared.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Difference {
    /// The older one.
    from: String,
    /// The newer one.
    to: String,
    /// Terms that differ.
    changes: Vec<Change>,
    /// The readable texts, line by line.
    text: Vec<TextLine>,
}

/// A step that the ledger was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Submitted {
    /// `submitted`: handed to the ledger; a block takes it within seconds, and an event tells.
    state: &'static str,
    /// The agreement that it is about; a proposal's is the new one.
    agreement: String,
}

/// Why to suspend.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Suspension {
    /// The ground.
    ground: GroundWord,
    /// SHA-256 of evidence that both parties hold.
    #[serde(default)]
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    evidence: Option<String>,
}

/// When to end.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ending {
    /// The earliest that the notice allows when none is given.
    #[serde(default)]
    #[schema(format = DateTime)]
    from: Option<String>,
}

/// Nothing to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

fn row(api: &Api, d: &AgreementDetail) -> AgreementRow {
    let me = api.parts().member.id;
    let partner = if d.terms.home == me {
        d.terms.visited
    } else {
        d.terms.home
    };
    AgreementRow {
        agreement: d.view.agreement.to_string(),
        home: d.terms.home.to_string(),
        visited: d.terms.visited.to_string(),
        partner: partner.to_string(),
        partner_name: d.partner_name.clone(),
        version: d.terms.version,
        proposer: d.view.proposer.to_string(),
        currency: d.terms.currency.to_string(),
        valid_from: d.terms.valid_from.rfc3339(),
        valid_until: d.terms.valid_until.rfc3339(),
        state: d.word.clone(),
        stage: d.view.stage.clone(),
        waits_for_us: d.waits_for_us,
        countersigned_at: d.countersigned.map(|at| at.rfc3339()),
        superseded_by: d.superseded_by.map(|id| id.to_string()),
    }
}

/// This member's agreements with their terms.
pub(super) async fn details(
    api: &Api,
    by: &Signed,
    which: Option<AgreementId>,
) -> Result<Vec<AgreementDetail>, Problem> {
    match api.ask(by, DeskQuestion::Agreements(which)).await? {
        DeskAnswer::Agreements(found) => Ok(found),
        _ => Err(other_answer()),
    }
}

/// The terms of any agreement on the ledger, and this member's view of it where it is a party.
pub(super) async fn find(
    api: &Api,
    by: &Signed,
    id: AgreementId,
) -> Result<(Agreement, Option<AgreementDetail>), Problem> {
    let own = details(api, by, Some(id)).await.unwrap_or_default();
    if let Some(detail) = own.into_iter().next() {
        return Ok((detail.terms.clone(), Some(detail)));
    }
    let stored = api.parts().desk.chain.get(key_for_agreement(id)).await;
    let terms = stored.and_then(|bytes| Agreement::from_bytes(&bytes).ok());
    terms
        .map(|terms| (terms, None))
        .ok_or_else(|| Problem::not_found(format!("{id} is not on the ledger")))
}

/// This member's agreements: in force, proposed, ended.
#[utoipa::path(get, path = "/api/v1/agreements", tag = "agreements", extensions(("x-roles" = json!(Staff::ROLES))), responses((status = 200, body = All<AgreementRow>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    by: Authorized<Staff>,
) -> Result<Json<All<AgreementRow>>, Problem> {
    let found = details(&api, &by, None).await?;
    let data = found.iter().map(|d| row(&api, d)).collect();
    Ok(Json(All { data }))
}

/// An agreement: its readable text and the terms that the contracts execute.
#[utoipa::path(get, path = "/api/v1/agreements/{agreement}", tag = "agreements", extensions(("x-roles" = json!(Staff::ROLES))), params(("agreement" = String, Path)), responses((status = 200, body = AgreementPage)))]
pub(crate) async fn one(
    State(api): State<Api>,
    by: Authorized<Staff>,
    Path(id): Path<String>,
) -> Result<Json<AgreementPage>, Problem> {
    let id = wire::agreement(&id)?;
    let (terms, detail) = find(&api, &by, id).await?;
    Ok(Json(AgreementPage {
        row: detail.as_ref().map(|d| row(&api, d)),
        text: contract_text(&terms),
        text_hash: terms.text_hash.hex(),
        terms: TermsBody::from(&terms),
        steps: contracts::steps(&api, id).await,
    }))
}

fn compare(path: &str, from: Option<&Value>, to: Option<&Value>, found: &mut Vec<Change>) {
    if from == to || found.len() >= MAX_CHANGES {
        return;
    }
    match (from, to) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                compare(&format!("{path}/{name}"), a.get(name), b.get(name), found);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            for at in 0..a.len().max(b.len()) {
                compare(&format!("{path}/{at}"), a.get(at), b.get(at), found);
            }
        }
        _ => found.push(Change {
            path: path.to_owned(),
            from: from.cloned(),
            to: to.cloned(),
        }),
    }
}

/// The lines of two texts, by their longest common part.
fn compare_texts(from: &str, to: &str) -> Vec<TextLine> {
    let (older, newer): (Vec<&str>, Vec<&str>) = (from.lines().collect(), to.lines().collect());
    let width = newer.len().saturating_add(1);
    // One row for each older line: how many lines the rests from there have in common.
    let mut table = vec![0usize; older.len().saturating_add(1).saturating_mul(width)];
    let place = |row: usize, column: usize| row.saturating_mul(width).saturating_add(column);
    let known = |table: &[usize], row, column| table.get(place(row, column)).copied().unwrap_or(0);
    for row in (0..older.len()).rev() {
        for column in (0..newer.len()).rev() {
            let (below, beside) = (row.saturating_add(1), column.saturating_add(1));
            let value = if older.get(row) == newer.get(column) {
                known(&table, below, beside).saturating_add(1)
            } else {
                known(&table, below, column).max(known(&table, row, beside))
            };
            if let Some(slot) = table.get_mut(place(row, column)) {
                *slot = value;
            }
        }
    }
    walk(&older, &newer, |row, column| known(&table, row, column))
}

/// Walks along both texts; `common` tells how many lines the rests have in common.
fn walk(older: &[&str], newer: &[&str], common: impl Fn(usize, usize) -> usize) -> Vec<TextLine> {
    let (mut row, mut column, mut lines) = (0usize, 0usize, Vec::new());
    let mut push = |kind, line: &str| {
        lines.push(TextLine {
            kind,
            line: line.to_owned(),
        });
    };
    loop {
        let (below, beside) = (row.saturating_add(1), column.saturating_add(1));
        match (older.get(row), newer.get(column)) {
            (Some(gone), Some(new)) if gone == new => {
                push("same", gone);
                (row, column) = (below, beside);
            }
            (Some(gone), new) if new.is_none() || common(below, column) >= common(row, beside) => {
                push("removed", gone);
                row = below;
            }
            (_, Some(new)) => {
                push("added", new);
                column = beside;
            }
            _ => return lines,
        }
    }
}

/// What differs between two agreements, in terms and in text.
#[utoipa::path(get, path = "/api/v1/agreements/{agreement}/diff/{other}", tag = "agreements", extensions(("x-roles" = json!(Staff::ROLES))), params(("agreement" = String, Path), ("other" = String, Path)), responses((status = 200, body = Difference)))]
pub(crate) async fn diff(
    State(api): State<Api>,
    by: Authorized<Staff>,
    Path((from, to)): Path<(String, String)>,
) -> Result<Json<Difference>, Problem> {
    let (from, to) = (wire::agreement(&from)?, wire::agreement(&to)?);
    let (older, _) = find(&api, &by, from).await?;
    let (newer, _) = find(&api, &by, to).await?;
    let json = |terms: &Agreement| serde_json::to_value(TermsBody::from(terms)).ok();
    let mut changes = Vec::new();
    compare(
        "",
        json(&older).as_ref(),
        json(&newer).as_ref(),
        &mut changes,
    );
    Ok(Json(Difference {
        from: from.to_string(),
        to: to.to_string(),
        changes,
        text: compare_texts(&contract_text(&older), &contract_text(&newer)),
    }))
}

/// Says what the contract would say of terms; nothing is sent.
#[utoipa::path(post, path = "/api/v1/agreements/check", tag = "agreements", extensions(("x-roles" = json!(Terms::ROLES))), request_body = TermsRequest, responses((status = 200, body = Checked)))]
pub(crate) async fn check(
    State(api): State<Api>,
    _by: Authorized<Terms>,
    body: Body<TermsRequest>,
) -> Result<Json<Checked>, Problem> {
    let terms = body.value.terms.agreement()?;
    let now = api.parts().clock.now();
    let verdict = crate::cli::check_terms(&terms, now);
    Ok(Json(Checked {
        agreement: terms.id().to_string(),
        text: contract_text(&terms),
        ok: verdict.is_ok(),
        problem: verdict.err(),
    }))
}

/// Hands a command about an agreement in, once for each key.
async fn hand_in(
    api: &Api,
    by: &Signed,
    key: &Key,
    print: Hash,
    (about, command): (AgreementId, Command),
) -> Result<Response, Problem> {
    let work = async {
        let id = command_id(by, key);
        api.tell(by, id, command).await?;
        let answer = Submitted {
            state: "submitted",
            agreement: about.to_string(),
        };
        Ok(Answer::new(StatusCode::ACCEPTED, &answer))
    };
    api.once().run(api.records(), (by, key, print), work).await
}

fn checked(api: &Api, terms: &Agreement) -> Result<(), Problem> {
    crate::cli::check_terms(terms, api.parts().clock.now()).map_err(|text| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "terms-invalid", text)
            .at("/terms", "see detail")
    })
}

/// Proposes terms to the partner.
#[utoipa::path(post, path = "/api/v1/agreements", tag = "agreements", extensions(("x-roles" = json!(Managers::ROLES))), params(("Idempotency-Key" = String, Header)), request_body = TermsRequest, responses((status = 202, body = Submitted)))]
pub(crate) async fn propose(
    State(api): State<Api>,
    by: Authorized<Managers>,
    key: Key,
    body: Body<TermsRequest>,
) -> Result<Response, Problem> {
    let terms = body.value.terms.agreement()?;
    checked(&api, &terms)?;
    let (id, print) = (terms.id(), body.fingerprint);
    hand_in(
        &api,
        &by,
        &key,
        print,
        (id, Command::ProposeAgreement(Box::new(terms))),
    )
    .await
}

/// Answers a proposal with other terms.
#[utoipa::path(post, path = "/api/v1/agreements/{agreement}/counter", tag = "agreements", extensions(("x-roles" = json!(Managers::ROLES))), params(("agreement" = String, Path), ("Idempotency-Key" = String, Header)), request_body = TermsRequest, responses((status = 202, body = Submitted)))]
pub(crate) async fn counter(
    State(api): State<Api>,
    by: Authorized<Managers>,
    Path(id): Path<String>,
    key: Key,
    body: Body<TermsRequest>,
) -> Result<Response, Problem> {
    let supersedes = wire::agreement(&id)?;
    let terms = body.value.terms.agreement()?;
    checked(&api, &terms)?;
    let (new, print) = (terms.id(), body.fingerprint);
    let command = TermsCommand::Counter {
        supersedes,
        agreement: Box::new(terms),
    };
    hand_in(&api, &by, &key, print, (new, Command::Terms(command))).await
}

/// Signs what the partner proposed; it is in force from the block on.
#[utoipa::path(post, path = "/api/v1/agreements/{agreement}/countersign", tag = "agreements", extensions(("x-roles" = json!(Managers::ROLES))), params(("agreement" = String, Path), ("Idempotency-Key" = String, Header)), request_body = Nothing, responses((status = 202, body = Submitted)))]
pub(crate) async fn countersign(
    State(api): State<Api>,
    by: Authorized<Managers>,
    Path(id): Path<String>,
    key: Key,
    body: Body<Nothing>,
) -> Result<Response, Problem> {
    let id = wire::agreement(&id)?;
    hand_in(
        &api,
        &by,
        &key,
        body.fingerprint,
        (id, Command::Countersign(id)),
    )
    .await
}

/// Lets no new charge begin under an agreement.
#[utoipa::path(post, path = "/api/v1/agreements/{agreement}/suspend", tag = "agreements", extensions(("x-roles" = json!(Managers::ROLES))), params(("agreement" = String, Path), ("Idempotency-Key" = String, Header)), request_body = Suspension, responses((status = 202, body = Submitted)))]
pub(crate) async fn suspend(
    State(api): State<Api>,
    by: Authorized<Managers>,
    Path(id): Path<String>,
    key: Key,
    body: Body<Suspension>,
) -> Result<Response, Problem> {
    let agreement = wire::agreement(&id)?;
    let asked = body.value;
    let evidence = asked.evidence.as_ref();
    let evidence = evidence.map(|text| wire::hash_at("/evidence", text));
    let command = TermsCommand::Suspend {
        agreement,
        ground: asked.ground.into(),
        evidence: evidence.transpose()?,
    };
    hand_in(
        &api,
        &by,
        &key,
        body.fingerprint,
        (agreement, Command::Terms(command)),
    )
    .await
}

/// Lets charges begin again, after a suspension by this member.
#[utoipa::path(post, path = "/api/v1/agreements/{agreement}/resume", tag = "agreements", extensions(("x-roles" = json!(Managers::ROLES))), params(("agreement" = String, Path), ("Idempotency-Key" = String, Header)), request_body = Nothing, responses((status = 202, body = Submitted)))]
pub(crate) async fn resume(
    State(api): State<Api>,
    by: Authorized<Managers>,
    Path(id): Path<String>,
    key: Key,
    body: Body<Nothing>,
) -> Result<Response, Problem> {
    let agreement = wire::agreement(&id)?;
    let command = Command::Terms(TermsCommand::Resume { agreement });
    hand_in(&api, &by, &key, body.fingerprint, (agreement, command)).await
}

/// Gives notice; withdraws or declines a proposal.
#[utoipa::path(post, path = "/api/v1/agreements/{agreement}/terminate", tag = "agreements", extensions(("x-roles" = json!(Managers::ROLES))), params(("agreement" = String, Path), ("Idempotency-Key" = String, Header)), request_body = Ending, responses((status = 202, body = Submitted)))]
pub(crate) async fn terminate(
    State(api): State<Api>,
    by: Authorized<Managers>,
    Path(id): Path<String>,
    key: Key,
    body: Body<Ending>,
) -> Result<Response, Problem> {
    let agreement = wire::agreement(&id)?;
    let from = body.value.from.as_ref();
    let from = from.map(|text| wire::time("/from", text)).transpose()?;
    let command = Command::Terms(TermsCommand::Terminate { agreement, from });
    hand_in(&api, &by, &key, body.fingerprint, (agreement, command)).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn differences_are_pointed_at() {
        let (a, b) = (
            json!({ "x": 1, "list": [1, 2], "same": true }),
            json!({ "x": 2, "list": [1], "same": true, "new": 0 }),
        );
        let mut found = Vec::new();
        compare("", Some(&a), Some(&b), &mut found);
        let paths: Vec<&str> = found.iter().map(|c| c.path.as_str()).collect();
        assert_eq!(paths, ["/list/1", "/new", "/x"]);
        assert_eq!(
            (found[0].from.clone(), found[0].to.clone()),
            (Some(json!(2)), None)
        );
    }

    #[test]
    fn texts_are_compared_line_by_line() {
        let shown: Vec<String> = compare_texts("a\nb\nc", "a\nx\nc\nd")
            .iter()
            .map(|l| format!("{} {}", l.kind, l.line))
            .collect();
        assert_eq!(
            shown,
            ["same a", "removed b", "added x", "same c", "added d"]
        );
        assert!(compare_texts("", "").is_empty());
    }
}
