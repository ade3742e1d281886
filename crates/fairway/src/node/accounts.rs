//! Accounts for the pages, made by whoever has the operator's token: the way in when nobody can sign in.

use super::operator::{Desk, Token, problem};
use crate::api::{AccountByHand, Role};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Json, Response};
use serde::{Deserialize, Serialize};

/// An account as `fairway account add` asks for it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountRequest {
    /// Typed at the sign-in.
    pub name: String,
    /// Shown.
    pub display_name: String,
    /// What it may do.
    pub role: Role,
    /// Its password.
    pub password: String,
    /// A driver's CIN.
    pub cin: Option<String>,
}

impl std::fmt::Debug for AccountRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Passwords and numbers never reach a log.
        write!(f, "AccountRequest({:?})", self.role)
    }
}

/// Makes the account.
pub(super) async fn add(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> Response {
    if !Token::new(&desk.token).shown_in(&headers) {
        return Token::asked_for();
    }
    let Some(api) = &desk.api else {
        return problem(
            StatusCode::NOT_FOUND,
            "this member serves no pages: add `[web]` with `listen` to its configuration",
        );
    };
    let asked: AccountRequest = match serde_json::from_slice(&body) {
        Ok(asked) => asked,
        Err(error) => return problem(StatusCode::BAD_REQUEST, format!("the account: {error}")),
    };
    let made = api
        .add_by_hand(AccountByHand {
            name: asked.name,
            display_name: asked.display_name,
            role: asked.role,
            password: asked.password,
            cin: asked.cin,
        })
        .await;
    match made {
        Ok(id) => (
            StatusCode::CREATED,
            Json(serde_json::json!({ "account": id })),
        )
            .into_response(),
        Err((status, detail)) => problem(status, detail),
    }
}
