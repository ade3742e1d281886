//! Proofs: to download, to check here, and the public keys that they are checked with elsewhere.

use crate::api::Api;
use crate::api::extract::{Octets, Path};
use crate::api::problem::Problem;
use crate::api::who::authorized::{Allow, Anybody, Authorized};
use crate::api::wire;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use fairway_chain::{Followed, MAX_FOLLOWED_BYTES, Proof, Proven, verify_file};
use fairway_model::Hash;
use serde::Serialize;
use std::fmt::Write as _;
use std::time::Duration;
use utoipa::ToSchema;

/// Time in which a proof that is asked for may become possible, and the pause between two looks.
const SOON: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(100);

/// What a proof says.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Verdict {
    /// It holds.
    proven: bool,
    /// The block that it is about.
    height: Option<u64>,
    /// The block that the validators signed.
    signed_height: Option<u64>,
    /// The transaction.
    transaction: Option<String>,
    /// Who signed.
    signers: Vec<String>,
    /// What it proves, in words.
    lines: Vec<String>,
}

/// A transaction's id from a path.
pub(crate) fn transaction(text: &str) -> Result<Hash, Problem> {
    wire::hash(text).ok_or_else(|| {
        Problem::not_found(format!(
            "{text} is no transaction: 64 hexadecimal digits are right"
        ))
    })
}

/// The proof that a transaction is in a final block; whoever heard of it a moment ago may be faster than this node.
pub(crate) async fn find(api: &Api, id: Hash) -> Result<Proof, Problem> {
    let chain = &api.parts().desk.chain;
    let begin = crate::environment::instant();
    loop {
        if let Some(proof) = chain.proof(id.0).await {
            return Ok(proof);
        }
        if begin.elapsed() > SOON {
            let text = format!("no final block of this node holds transaction {id}");
            return Err(Problem::not_found(text));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// A proof that stands on the founders' keys.
pub(crate) async fn followed(api: &Api, proof: &Proof) -> Result<Vec<u8>, Problem> {
    let handovers = api.parts().desk.chain.handovers().await;
    let handovers = handovers.ok_or_else(|| {
        Problem::busy("the last change of the validators has no certificate here yet")
    })?;
    Followed::wrap(proof.to_bytes(), &handovers).map_err(|e| Problem::busy(e.to_string()))
}

/// The founders' keys.
pub(crate) fn founders(api: &Api) -> Vec<[u8; 32]> {
    let founders = api.parts().founders.iter();
    founders
        .filter_map(|m| m.validator)
        .map(|key| key.0)
        .collect()
}

/// The proof of a transaction: what `fairway ledger verify` takes.
#[utoipa::path(get, path = "/api/v1/ledger/transactions/{transaction}/proof", tag = "ledger", extensions(("x-roles" = json!(Anybody::ROLES))), params(("transaction" = String, Path)), responses((status = 200, content_type = "application/octet-stream", body = Octets)))]
pub(crate) async fn proof(
    State(api): State<Api>,
    _by: Authorized<Anybody>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = transaction(&id)?;
    let proof = find(&api, id).await?;
    let bytes = followed(&api, &proof).await?;
    let name = id.hex();
    let name = format!(
        "attachment; filename=\"proof-{}.cbor\"",
        name.get(..12).unwrap_or_default()
    );
    let mut response = bytes.into_response();
    if let Ok(value) = HeaderValue::from_str(&name) {
        response
            .headers_mut()
            .insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// Checks a proof against the founders' keys that this member has.
#[utoipa::path(post, path = "/api/v1/ledger/verify", tag = "ledger", extensions(("x-roles" = json!(Anybody::ROLES))), request_body(content_type = "application/octet-stream", content = Octets), responses((status = 200, body = Verdict)))]
pub(crate) async fn verify(
    State(api): State<Api>,
    _by: Authorized<Anybody>,
    Octets(bytes): Octets,
) -> Result<Json<Verdict>, Problem> {
    let wrong = |text: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "proof", text);
    if bytes.len() > MAX_FOLLOWED_BYTES {
        return Err(wrong(format!(
            "a proof has at most {MAX_FOLLOWED_BYTES} bytes"
        )));
    }
    let parts = api.parts();
    let (proven, _) = verify_file(&bytes, &parts.chain, &founders(&api))
        .map_err(|e| wrong(format!("NOT PROVEN: {e}")))?;
    let names = super::explorer::Names::read(&api).await;
    let text = crate::cli::proof_report(&bytes, &parts.chain, &parts.founders).map_err(wrong)?;
    let signers = proven
        .signers()
        .iter()
        .map(|key| names.validator(key))
        .collect();
    let lines = text.lines().map(|line| line.trim().to_owned()).collect();
    let verdict = match &proven {
        Proven::Inclusion(found) => Verdict {
            proven: true,
            height: Some(found.height),
            signed_height: Some(found.signed_height),
            transaction: Some(hex::encode(found.tx_id)),
            signers,
            lines,
        },
        Proven::Consistency(found) => Verdict {
            proven: true,
            height: Some(found.older),
            signed_height: Some(found.newer),
            transaction: None,
            signers,
            lines,
        },
    };
    Ok(Json(verdict))
}

/// The founders' public keys, as `fairway ledger verify --validators` takes them.
#[utoipa::path(get, path = "/api/v1/ledger/validators", tag = "ledger", extensions(("x-roles" = json!(Anybody::ROLES))), responses((status = 200, content_type = "text/plain", body = String)))]
pub(crate) async fn validators(State(api): State<Api>, _by: Authorized<Anybody>) -> Response {
    let mut text = format!("chain {}\n", api.parts().chain);
    for founder in &api.parts().founders {
        if let Some(key) = founder.validator {
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "# {} ({})\nvalidator {}",
                founder.name,
                founder.id,
                hex::encode(key.0)
            );
        }
    }
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
