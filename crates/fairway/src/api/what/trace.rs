//! The whole message trace of one charge as a file (GW-10): what `fairway session show --json` prints.

use crate::api::extract::Path;
use crate::api::problem::Problem;
use crate::api::who::authorized::{Allow, Authorized, Staff};
use crate::api::{Api, other_answer, wire};
use crate::view;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use fairway_utility::desk::{DeskAnswer, DeskQuestion};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// What `fairway session show --json` prints.
#[derive(Debug, Serialize, ToSchema)]
#[schema(value_type = Object)]
pub(crate) struct Trace(Value);

/// The whole message trace of a charge, to be saved: every hop, offer, consent, price, meter record and the event, as this member saw them.
#[utoipa::path(get, path = "/api/v1/sessions/{session}/trace", tag = "sessions", extensions(("x-roles" = json!(Staff::ROLES))), params(("session" = String, Path)), responses((status = 200, body = Trace, description = "What `fairway session show --json` prints, as a file")))]
pub(crate) async fn of_session(
    State(api): State<Api>,
    by: Authorized<Staff>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = wire::session(&id)?;
    let DeskAnswer::Charge(charge) = api.ask(&by, DeskQuestion::Charge(id)).await? else {
        return Err(other_answer());
    };
    let name = format!("attachment; filename=\"trace-{id}.json\"");
    let trace = Json(Trace(view::json::trace(&charge.trace)));
    Ok(([(header::CONTENT_DISPOSITION, name)], trace).into_response())
}
