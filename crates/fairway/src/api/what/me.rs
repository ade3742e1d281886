//! Sign-in, and who one is.

use crate::api::Api;
use crate::api::extract::Body;
use crate::api::problem::Problem;
use crate::api::who::Role;
use crate::api::who::authorized::{Allow, Anybody, Authorized, COOKIE};
use crate::api::who::password;
use crate::api::who::people::{Account, LASTS, NewAccount, SignIn};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fairway_model::Time;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The program.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Version)]
pub(crate) struct ProgramVersion {
    /// Its name.
    name: &'static str,
    /// Its version.
    version: &'static str,
    /// Version of the API.
    api: &'static str,
}

/// Which program answers.
#[utoipa::path(get, path = "/version", tag = "people", responses((status = 200, body = ProgramVersion)))]
pub(crate) async fn version() -> Json<ProgramVersion> {
    Json(ProgramVersion {
        name: "fairway",
        version: env!("CARGO_PKG_VERSION"),
        api: "v1",
    })
}

/// Whether the first account is still to be made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SetupState {
    /// It is.
    needed: bool,
    /// Member id.
    member: String,
    /// Its name.
    name: String,
    /// Everything here is a demonstration.
    demonstration: bool,
    /// In a demonstration the names of its accounts, at most 20, so that the sign-in can offer them; otherwise none.
    accounts: Vec<String>,
}

/// The most accounts that the sign-in of a demonstration offers.
const MOST_OFFERED: usize = 20;

/// The first account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetUp {
    /// The part of the printed link behind `#`.
    token: String,
    /// Typed at the sign-in: letters, digits and - _ . @
    #[schema(pattern = "^[A-Za-z0-9_.@-]{1,64}$")]
    name: String,
    /// Shown.
    display_name: String,
    /// 12 characters or more, at most 256 bytes.
    #[schema(min_length = 12, max_length = 256)]
    password: String,
}

/// A sign-in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    /// The account's name.
    name: String,
    /// Its password.
    password: String,
}

/// Another password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordChange {
    /// The present one.
    old: String,
    /// The new one, 12 characters or more, at most 256 bytes.
    #[schema(min_length = 12, max_length = 256)]
    new: String,
}

/// The member that answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberLine {
    /// Member id.
    id: String,
    /// Its name.
    name: String,
    /// `utility` or `witness`.
    kind: &'static str,
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    /// The account.
    account: String,
    /// Its name.
    name: String,
    /// What is shown.
    display_name: String,
    /// What it may do.
    role: Role,
    /// What changing requests show as `X-Fairway-Csrf`.
    csrf: String,
    /// When the sign-in ends, by the wall clock.
    expires_at: String,
    /// Everything here is a demonstration.
    demonstration: bool,
    /// A driver's customer key.
    customer: Option<String>,
    /// Whose pages these are.
    member: MemberLine,
    /// Present time by the utility's clock.
    now: String,
    /// Seconds of that clock in one of the wall clock.
    clock_speed: u32,
}

fn me_of(api: &Api, account: &Account, session: &SignIn) -> Me {
    let parts = api.parts();
    Me {
        account: account.id.clone(),
        name: account.name.clone(),
        display_name: account.display_name.clone(),
        role: account.role,
        csrf: session.csrf.clone(),
        expires_at: Time(session.until_ms).rfc3339(),
        demonstration: parts.web.demonstration,
        customer: account.customer.clone(),
        member: MemberLine {
            id: parts.member.id.to_string(),
            name: parts.member.name.clone(),
            kind: if api.is_utility() {
                "utility"
            } else {
                "witness"
            },
        },
        now: parts.clock.now().rfc3339(),
        clock_speed: parts.clock.speed,
    }
}

fn set_cookie(headers: &mut HeaderMap, api: &Api, value: &str, seconds: i64) {
    let secure = if api.parts().secure { "; Secure" } else { "" };
    let web = &api.parts().web;
    // The members of a demonstration share one host, and cookies know no ports: one sign-in would end the other.
    let of = if web.demonstration {
        format!("_{}", web.listen.port())
    } else {
        String::new()
    };
    let text = format!(
        "{COOKIE}{of}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}"
    );
    if let Ok(value) = HeaderValue::from_str(&text) {
        headers.insert(header::SET_COOKIE, value);
    }
}

async fn begin(api: &Api, account: &Account, status: StatusCode) -> Result<Response, Problem> {
    let (cookie, session) = api.people().sign_in(api.records(), account).await?;
    let mut response = (status, Json(me_of(api, account, &session))).into_response();
    set_cookie(response.headers_mut(), api, &cookie, LASTS / 1_000);
    Ok(response)
}

/// Whether the first account is still to be made, and whose pages these are.
#[utoipa::path(get, path = "/api/v1/setup", tag = "people", responses((status = 200, body = SetupState)))]
pub(crate) async fn setup_state(State(api): State<Api>) -> Json<SetupState> {
    let parts = api.parts();
    let shown = if parts.web.demonstration {
        api.people().list(None, MOST_OFFERED).0
    } else {
        Vec::new()
    };
    Json(SetupState {
        accounts: shown.into_iter().map(|account| account.name).collect(),
        needed: api.people().is_empty(),
        member: parts.member.id.to_string(),
        name: parts.member.name.clone(),
        demonstration: parts.web.demonstration,
    })
}

/// Makes the first account, an operator's, with the printed link.
#[utoipa::path(post, path = "/api/v1/setup", tag = "people", request_body = SetUp, responses((status = 201, body = Me)))]
pub(crate) async fn set_up(State(api): State<Api>, body: Body<SetUp>) -> Result<Response, Problem> {
    let asked = body.value;
    api.people().check_setup(&asked.token)?;
    password::check("/password", &asked.password)?;
    let new = NewAccount {
        name: asked.name,
        display_name: asked.display_name,
        role: Role::Operator,
        customer: None,
        hash: api.hasher().hash(asked.password).await?,
    };
    // The hash took a while: somebody else may have been first.
    api.people().check_setup(&asked.token)?;
    let account = api.people().add(api.records(), new).await?;
    begin(&api, &account, StatusCode::CREATED).await
}

/// Signs in.
#[utoipa::path(post, path = "/api/v1/login", tag = "people", request_body = Login, responses((status = 200, body = Me)))]
pub(crate) async fn login(State(api): State<Api>, body: Body<Login>) -> Result<Response, Problem> {
    let Login { name, password } = body.value;
    let name = name.trim().to_lowercase();
    if name.len() > password::LONGEST || password.len() > password::LONGEST {
        return Err(wrong());
    }
    api.limits().may_try(&name)?;
    let found = api.people().named(&name);
    let stored = found.as_ref().map(|(_, hash)| hash.clone());
    let fits = api.hasher().fits(password, stored).await?;
    let Some((account, _)) = found.filter(|(account, _)| fits && !account.disabled) else {
        api.limits().failed(&name);
        return Err(wrong());
    };
    api.limits().succeeded(&name);
    begin(&api, &account, StatusCode::OK).await
}

fn wrong() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "credentials",
        "no account has this name and password",
    )
}

/// Ends the sign-in.
#[utoipa::path(post, path = "/api/v1/logout", tag = "people", extensions(("x-roles" = json!(Anybody::ROLES))), responses((status = 204, description = "Signed out")))]
pub(crate) async fn logout(
    State(api): State<Api>,
    by: Authorized<Anybody>,
) -> Result<Response, Problem> {
    api.people().sign_out(api.records(), by.session()).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(response.headers_mut(), &api, "", 0);
    Ok(response)
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/v1/me", tag = "people", extensions(("x-roles" = json!(Anybody::ROLES))), responses((status = 200, body = Me)))]
pub(crate) async fn me(State(api): State<Api>, by: Authorized<Anybody>) -> Json<Me> {
    Json(me_of(&api, by.account(), by.session()))
}

/// Changes one's own password; other sign-ins of the account end.
#[utoipa::path(put, path = "/api/v1/me/password", tag = "people", extensions(("x-roles" = json!(Anybody::ROLES))), request_body = PasswordChange, responses((status = 204, description = "Changed")))]
pub(crate) async fn change_password(
    State(api): State<Api>,
    by: Authorized<Anybody>,
    body: Body<PasswordChange>,
) -> Result<StatusCode, Problem> {
    let PasswordChange { old, new } = body.value;
    password::check("/new", &new)?;
    let name = &by.account().name;
    api.limits().may_try(name)?;
    let stored = api.people().named(name).map(|(_, hash)| hash);
    if !api.hasher().fits(old, stored).await? {
        api.limits().failed(name);
        return Err(Problem::field("/old", "is not the present password"));
    }
    let hash = api.hasher().hash(new).await?;
    let (id, token) = (&by.account().id, by.session().token.as_str());
    api.people()
        .set_password(api.records(), id, hash, Some(token))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
