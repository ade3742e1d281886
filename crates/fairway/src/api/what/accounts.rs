//! Accounts, as those who keep them see them.

use crate::api::Api;
use crate::api::extract::{Body, Path, Query};
use crate::api::page::{self, Page, Window};
use crate::api::problem::Problem;
use crate::api::who::Role;
use crate::api::who::authorized::{Administrators, Allow, Authorized, Signed};
use crate::api::who::password;
use crate::api::who::people::{Account, NewAccount, no_account};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use fairway_model::Time;
use fairway_utility::desk::DeskQuestion;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountLine {
    /// `acc_...`.
    account: String,
    /// Typed at the sign-in.
    name: String,
    /// Shown.
    display_name: String,
    /// What it may do.
    role: Role,
    /// A driver's customer key.
    customer: Option<String>,
    /// May not sign in.
    disabled: bool,
    /// When it was made, by the wall clock.
    created_at: String,
    /// When it last signed in.
    last_login_at: Option<String>,
}

impl From<&Account> for AccountLine {
    fn from(a: &Account) -> Self {
        Self {
            account: a.id.clone(),
            name: a.name.clone(),
            display_name: a.display_name.clone(),
            role: a.role,
            customer: a.customer.clone(),
            disabled: a.disabled,
            created_at: Time(a.created_ms).rfc3339(),
            last_login_at: a.last_login_ms.map(|at| Time(at).rfc3339()),
        }
    }
}

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountNew {
    /// Typed at the sign-in: letters, digits and - _ . @
    #[schema(pattern = "^[A-Za-z0-9_.@-]{1,64}$")]
    name: String,
    /// Shown.
    display_name: String,
    /// What it may do.
    role: Role,
    /// 12 characters or more, at most 256 bytes.
    #[schema(min_length = 12, max_length = 256)]
    password: String,
    /// A driver's customer key; for drivers only, and needed for them.
    #[serde(default)]
    #[schema(pattern = "^cus_[0-9a-f]{32}$")]
    customer: Option<String>,
}

/// What shall be different.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountChange {
    /// May not sign in.
    disabled: bool,
}

/// Accounts in order of name.
#[utoipa::path(get, path = "/api/v1/accounts", tag = "people", extensions(("x-roles" = json!(Administrators::ROLES))), params(Window), responses((status = 200, body = Page<AccountLine>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    _by: Authorized<Administrators>,
    Query(window): Query<Window>,
) -> Result<Json<Page<AccountLine>>, Problem> {
    let limit = page::limit(window.limit)?;
    let after: Option<String> = page::place(window.cursor.as_deref())?;
    let count = usize::try_from(limit).unwrap_or(1);
    let (found, more) = api.people().list(after.as_deref(), count);
    let last = found.last().map(|a| a.name.clone());
    let rows = found.iter().map(AccountLine::from).collect();
    Ok(Json(Page::new(rows, more, last.as_ref())))
}

/// Whether somebody keeps accounts of a role.
fn may_keep(by: &Signed, role: Role) -> Result<(), Problem> {
    let own = by.account().role;
    if own.may_give(role) {
        return Ok(());
    }
    let (own, role) = (own.word(), role.word());
    let text = format!(
        "an account of the role {own} makes and changes accounts of that role only; one of the role {role} is kept by an operator"
    );
    Err(Problem::new(StatusCode::FORBIDDEN, "role", text))
}

/// Makes an account: an operator of any role, another of his own role.
#[utoipa::path(post, path = "/api/v1/accounts", tag = "people", extensions(("x-roles" = json!(Administrators::ROLES))), request_body = AccountNew, responses((status = 201, body = AccountLine)))]
pub(crate) async fn create(
    State(api): State<Api>,
    by: Authorized<Administrators>,
    body: Body<AccountNew>,
) -> Result<(StatusCode, Json<AccountLine>), Problem> {
    let new = body.value;
    may_keep(&by, new.role)?;
    password::check("/password", &new.password)?;
    match (&new.customer, new.role) {
        (Some(key), Role::Driver) => {
            let known = api.ask(&by, DeskQuestion::Customer(key.clone())).await;
            known.map_err(|_| Problem::field("/customer", "is no customer of this utility"))?;
        }
        (None, Role::Driver) => {
            let text = "a driver's account is bound to a customer, `cus_...`";
            return Err(Problem::field("/customer", text));
        }
        (Some(_), _) => return Err(Problem::field("/customer", "is for drivers only")),
        (None, _) => {}
    }
    let account = NewAccount {
        name: new.name,
        display_name: new.display_name,
        role: new.role,
        customer: new.customer,
        hash: api.hasher().hash(new.password).await?,
    };
    let account = api.people().add(api.records(), account).await?;
    Ok((StatusCode::CREATED, Json(AccountLine::from(&account))))
}

/// Lets an account sign in, or not; then its sign-ins end.
#[utoipa::path(patch, path = "/api/v1/accounts/{account}", tag = "people", extensions(("x-roles" = json!(Administrators::ROLES))), params(("account" = String, Path)), request_body = AccountChange, responses((status = 200, body = AccountLine)))]
pub(crate) async fn change(
    State(api): State<Api>,
    by: Authorized<Administrators>,
    Path(id): Path<String>,
    body: Body<AccountChange>,
) -> Result<Json<AccountLine>, Problem> {
    let disabled = body.value.disabled;
    let kept = api.people().find(&id).ok_or_else(|| no_account(&id))?;
    may_keep(&by, kept.role)?;
    if id == by.account().id && disabled {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "own-account",
            "an account does not disable itself: somebody must be able to undo it",
        ));
    }
    let account = api
        .people()
        .set_disabled(api.records(), &id, disabled)
        .await?;
    Ok(Json(AccountLine::from(&account)))
}
