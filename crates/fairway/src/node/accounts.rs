//! Accounts for the pages, made and changed by whoever has the operator's token: the way in when nobody can sign in.

use super::operator::{Desk, Token, problem};
use crate::api::{AccountByHand, Api, ChangeByHand, Role};
use axum::body::Bytes;
use axum::extract::{Query, State};
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

/// A change of an account as `fairway account disable`, `enable` and `password` ask for it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountChangeRequest {
    /// Typed at the sign-in.
    pub name: String,
    /// Whether it may not sign in any more; as it is when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// Another password; as it is when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

impl std::fmt::Debug for AccountChangeRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Passwords and names never reach a log.
        write!(f, "AccountChangeRequest({:?})", self.disabled)
    }
}

/// Where a list goes on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct After {
    /// The last name that was told.
    #[serde(default)]
    after: Option<String>,
}

/// The pages' accounts, for whoever shows the token.
fn api<'a>(desk: &'a Desk, headers: &HeaderMap) -> Result<&'a Api, Box<Response>> {
    if !Token::new(&desk.token).shown_in(headers) {
        return Err(Box::new(Token::asked_for()));
    }
    desk.api.as_ref().ok_or_else(|| {
        let text = "this member serves no pages: add `[web]` with `listen` to its configuration";
        Box::new(problem(StatusCode::NOT_FOUND, text))
    })
}

/// Tells the accounts, without anything of a password.
pub(super) async fn list(
    State(desk): State<Desk>,
    headers: HeaderMap,
    Query(from): Query<After>,
) -> Response {
    match api(&desk, &headers) {
        Ok(api) => Json(api.accounts_by_hand(from.after.as_deref())).into_response(),
        Err(refused) => *refused,
    }
}

/// Disables or enables an account, or sets its password.
pub(super) async fn change(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> Response {
    let api = match api(&desk, &headers) {
        Ok(api) => api,
        Err(refused) => return *refused,
    };
    let asked: AccountChangeRequest = match serde_json::from_slice(&body) {
        Ok(asked) => asked,
        Err(error) => return problem(StatusCode::BAD_REQUEST, format!("the change: {error}")),
    };
    let change = match (asked.disabled, asked.password) {
        (Some(disabled), None) => ChangeByHand::Disabled(disabled),
        (None, Some(password)) => ChangeByHand::Password(password),
        _ => {
            return problem(
                StatusCode::BAD_REQUEST,
                "the change: name `disabled` or `password`, one of them",
            );
        }
    };
    match api.change_by_hand(&asked.name, change).await {
        Ok(account) => Json(account).into_response(),
        Err((status, detail)) => problem(status, detail),
    }
}

/// Makes the account.
pub(super) async fn add(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> Response {
    let api = match api(&desk, &headers) {
        Ok(api) => api,
        Err(refused) => return *refused,
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
