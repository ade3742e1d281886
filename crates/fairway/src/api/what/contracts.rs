//! Every agreement on the ledger, whoever its parties are, with who signed what in which block.

use super::explorer::Names;
use crate::api::Api;
use crate::api::problem::Problem;
use crate::api::steps::Step;
use crate::api::who::authorized::{Allow, Authorized, Staff};
use crate::api::wire::Money;
use axum::Json;
use axum::extract::State;
use fairway_ledger::state::{AgreementStatus, PairState};
use fairway_ledger::{key_for_agreement, key_for_agreement_status, key_for_pair};
use fairway_model::canonical::Canonical as _;
use fairway_model::{Agreement, AgreementId};
use fairway_utility::roaming::ledger_stage;
use serde::Serialize;
use utoipa::ToSchema;

/// Most agreements in the list: those that moved last.
const MAX_SHOWN: usize = 1_000;

/// What a party did with an agreement, as the ledger took it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgreementStep {
    /// `proposed` and `countersigned` are the signatures; `countered`, `suspended`, `resumed`, `terminated`, `broken`.
    step: &'static str,
    /// Who asked and signed.
    member: String,
    /// Its name.
    member_name: String,
    /// The transaction.
    transaction: String,
    /// Its block.
    height: u64,
    /// The block's time.
    time: String,
}

/// An agreement on the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LedgerAgreement {
    /// `agr_...`.
    agreement: String,
    /// Whose drivers.
    home: String,
    /// Its name.
    home_name: String,
    /// Whose stations.
    visited: String,
    /// Its name.
    visited_name: String,
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
    /// Highest energy price per kWh.
    cap: Money,
    /// What the home utility may owe at any time.
    exposure: Money,
    /// SHA-256 of the text that both sign.
    text_hash: String,
    /// What was done, oldest first.
    steps: Vec<AgreementStep>,
}

/// The agreements on the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LedgerAgreements {
    /// The one that moved last first; at most 1,000.
    data: Vec<LedgerAgreement>,
    /// They were read of blocks from here ...
    first: u64,
    /// ... to here.
    height: u64,
    /// Whether that is the newest block; when not, ask again: the node reads on.
    complete: bool,
}

/// Steps with the members' names.
fn lines(steps: &[Step], names: &Names) -> Vec<AgreementStep> {
    let lines = steps.iter().map(|step| AgreementStep {
        step: step.word,
        member: step.member.to_string(),
        member_name: names.member(step.member),
        transaction: hex::encode(step.transaction),
        height: step.height,
        time: step.time.rfc3339(),
    });
    lines.collect()
}

/// The steps of one agreement, as far as blocks were read.
pub(super) async fn steps(api: &Api, id: AgreementId) -> Vec<AgreementStep> {
    lines(&api.reader().steps(id), &Names::read(api).await)
}

/// An agreement as the ledger has it now.
async fn row(api: &Api, id: AgreementId, steps: &[Step], names: &Names) -> Option<LedgerAgreement> {
    let chain = &api.parts().desk.chain;
    let terms = Agreement::from_bytes(&chain.get(key_for_agreement(id)).await?).ok()?;
    let status = chain.get(key_for_agreement_status(id)).await?;
    let status = AgreementStatus::from_bytes(&status).ok()?;
    let pair = chain.get(key_for_pair(terms.home, terms.visited)).await;
    let pair = pair.and_then(|bytes| PairState::from_bytes(&bytes).ok());
    let now = api.parts().clock.now();
    let newest = pair.as_ref().and_then(|pair| pair.in_force(now));
    let state = ledger_stage(&terms, &status, newest.map(|v| v.version), now);
    Some(LedgerAgreement {
        agreement: id.to_string(),
        home: terms.home.to_string(),
        home_name: names.member(terms.home),
        visited: terms.visited.to_string(),
        visited_name: names.member(terms.visited),
        version: terms.version,
        proposer: status.proposer.to_string(),
        currency: terms.currency.to_string(),
        valid_from: terms.valid_from.rfc3339(),
        valid_until: terms.valid_until.rfc3339(),
        state: state.to_owned(),
        cap: Money::new(terms.corridor.cap, terms.currency),
        exposure: Money::new(terms.caps.exposure, terms.currency),
        text_hash: terms.text_hash.hex(),
        steps: lines(steps, names),
    })
}

/// Every agreement on the ledger, between whomever, with who signed it in which block.
#[utoipa::path(get, path = "/api/v1/ledger/agreements", tag = "ledger", extensions(("x-roles" = json!(Staff::ROLES))), responses((status = 200, body = LedgerAgreements)))]
pub(crate) async fn list(
    State(api): State<Api>,
    _by: Authorized<Staff>,
) -> Result<Json<LedgerAgreements>, Problem> {
    let newest = api.parts().desk.chain.status().height;
    let known = api.reader().agreements(newest).await;
    let names = Names::read(&api).await;
    let mut data = Vec::new();
    for (id, steps) in known.all.iter().take(MAX_SHOWN) {
        data.extend(row(&api, *id, steps, &names).await);
    }
    Ok(Json(LedgerAgreements {
        data,
        first: known.first,
        height: known.height,
        complete: known.height >= newest,
    }))
}
