//! Customers of this utility (home profiles), and visiting profiles of others' drivers.

use crate::api::extract::{Body, Key, Path, Query};
use crate::api::once::{Answer, command_id};
use crate::api::page::{self, All, Page};
use crate::api::problem::Problem;
use crate::api::what::bills;
use crate::api::who::authorized::{Allow, Authorized, Operators, Signed, Staff};
use crate::api::wire::{self, ClassWord, Money, PaymentWord, TierWord};
use crate::api::{Api, other_answer};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fairway_messages::Language;
use fairway_utility::command::{ChangedCustomer, Command, NewCustomer};
use fairway_utility::desk::{CustomerView, DeskAnswer, DeskQuestion, VisitorView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A customer.
#[derive(Serialize, ToSchema)]
#[schema(as = Customer)]
pub(crate) struct CustomerBody {
    /// `cus_...`.
    customer: String,
    /// CIN, digits.
    cin: String,
    /// CIN in groups, as on a card.
    cin_grouped: String,
    /// Name as on the bill.
    name: String,
    /// Household or business.
    class: ClassWord,
    /// Loyalty tier.
    tier: TierWord,
    /// `standard`, `priority` or `fleet`.
    service: String,
    /// How the customer pays.
    payment: PaymentWord,
    /// Credit limit.
    credit_limit: Money,
    /// Balance; below nothing, what is owed.
    balance: Money,
    /// Language, BCP 47.
    language: String,
    /// Whether the dial pad asks for a PIN.
    has_pin: bool,
    /// Credentials beside the CIN.
    credentials: Vec<String>,
    /// Whether the utility blocks every credential.
    blocked: bool,
    /// Since when the customer himself has frozen every credential.
    frozen_since: Option<String>,
    /// Counts changes; the `ETag`.
    version: u32,
    /// Since when.
    since: String,
}

impl std::fmt::Debug for CustomerBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Personal data never reaches a log.
        write!(f, "CustomerBody({})", self.customer)
    }
}

impl From<&CustomerView> for CustomerBody {
    fn from(c: &CustomerView) -> Self {
        Self {
            customer: c.key.clone(),
            cin: c.cin.clone(),
            cin_grouped: c.grouped.clone(),
            name: c.name.clone(),
            class: c.class.into(),
            tier: c.tier.into(),
            service: wire::word(&c.service),
            payment: c.payment.into(),
            credit_limit: Money::new(c.credit_limit, c.currency),
            balance: Money::new(c.balance, c.currency),
            language: c.language.clone(),
            has_pin: c.has_pin,
            credentials: c.credentials.clone(),
            blocked: c.blocked,
            frozen_since: c.frozen.map(|at| at.rfc3339()),
            version: c.version,
            since: c.since.rfc3339(),
        }
    }
}

/// Which customers.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct CustomerQuery {
    /// Part of the name, or beginning of the CIN.
    q: Option<String>,
    /// Entries of the page, 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[A-Za-z0-9_-]{2,512}$")]
    cursor: Option<String>,
}

/// A new customer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CustomerNew {
    /// CIN, 18 to 20 digits; single spaces and dashes between them are allowed.
    #[schema(max_length = 64, pattern = "^[0-9]([ -]?[0-9]){17,19}$")]
    cin: String,
    /// Name as on the bill, 1 to 80 bytes.
    #[schema(
        min_length = 1,
        max_length = 80,
        pattern = r"^[^\u0000-\u001F\u007F-\u009F]*[^\u0000-\u0020\u007F-\u00A0][^\u0000-\u001F\u007F-\u009F]*$"
    )]
    name: String,
    /// Household or business.
    class: ClassWord,
    /// Loyalty tier.
    tier: TierWord,
    /// How the customer pays.
    payment: PaymentWord,
    /// Credit limit, nothing to a million; its currency is the account's.
    credit_limit: Money,
    /// Language, BCP 47.
    #[schema(pattern = "^[A-Za-z0-9-]{1,16}$")]
    language: String,
    /// PIN for the dial pad, 4 to 8 digits.
    #[serde(default)]
    #[schema(pattern = "^[0-9]{4,8}$")]
    pin: Option<String>,
    /// Other credentials, at most 16.
    #[serde(default)]
    #[schema(max_items = 16)]
    credentials: Vec<String>,
}

/// What shall be different; what is missing stays.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CustomerChange {
    /// Name as on the bill, 1 to 80 bytes.
    #[schema(
        min_length = 1,
        max_length = 80,
        pattern = r"^[^\u0000-\u001F\u007F-\u009F]*[^\u0000-\u0020\u007F-\u00A0][^\u0000-\u001F\u007F-\u009F]*$"
    )]
    name: Option<String>,
    /// Loyalty tier.
    tier: Option<TierWord>,
    /// How the customer pays.
    payment: Option<PaymentWord>,
    /// Credit limit, nothing to a million.
    credit_limit: Option<Money>,
    /// Language, BCP 47.
    #[schema(pattern = "^[A-Za-z0-9-]{1,16}$")]
    language: Option<String>,
    /// Another PIN; the empty text takes it away.
    #[schema(pattern = "^([0-9]{4,8})?$")]
    pin: Option<String>,
    /// All credentials beside the CIN, at most 16.
    #[schema(max_items = 16)]
    credentials: Option<Vec<String>>,
}

/// Whether to block.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Blocking {
    /// Block or unblock every credential.
    blocked: bool,
}

/// Money that was paid in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PaidIn {
    /// How much; more than nothing, at most a million, whole in the smallest coin.
    amount: Money,
}

/// A visiting profile: what another utility said about its driver, without anything that names him.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Visitor {
    /// Home utility.
    home: String,
    /// Its name.
    home_name: String,
    /// Loyalty tier.
    tier: TierWord,
    /// `standard`, `priority` or `fleet`.
    service: String,
    /// Household or business.
    class: ClassWord,
    /// How the driver pays at home.
    payment: PaymentWord,
    /// When it was said.
    issued_at: String,
    /// When it is deleted here.
    forget_at: String,
    /// `gua_...`.
    guarantee: String,
    /// Up to how much home pays, where the currency is known.
    limit: Option<Money>,
    /// Charged or held under it.
    used: Option<Money>,
    /// Until when.
    valid_until: String,
    /// Whether home accepts every offer inside the agreement.
    standing_acceptance: bool,
}

impl From<&VisitorView> for Visitor {
    fn from(v: &VisitorView) -> Self {
        let s = &v.signed.statement;
        let guarantee = &s.guarantee.guarantee;
        let money = |value| v.currency.map(|currency| Money::new(value, currency));
        Self {
            home: v.home.to_string(),
            home_name: v.name.clone(),
            tier: s.tier.into(),
            service: wire::word(&s.service),
            class: s.class.into(),
            payment: s.payment.into(),
            issued_at: s.issued_at.rfc3339(),
            forget_at: v.forget_at.rfc3339(),
            guarantee: guarantee.id.to_string(),
            limit: money(guarantee.limit),
            used: money(v.used),
            valid_until: guarantee.valid_until.rfc3339(),
            standing_acceptance: s.standing_acceptance,
        }
    }
}

fn tag(version: u32) -> String {
    format!("\"{version}\"")
}

/// What the caller last saw must be what is there.
///
/// # Errors
/// 428 without `If-Match`, 412 when somebody was faster.
pub(crate) fn must_match(headers: &HeaderMap, version: u32) -> Result<(), Problem> {
    let lines = headers.get_all(header::IF_MATCH).into_iter();
    let told: Vec<&str> = lines
        .filter_map(|v| v.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .collect();
    if told.is_empty() {
        return Err(Problem::new(
            StatusCode::PRECONDITION_REQUIRED,
            "etag",
            "send `If-Match` with the `ETag` of what was read",
        ));
    }
    // Any one of a list, or `*` for whatever is there; a weak tag never fits (RFC 9110, 13.1.1).
    if told.iter().any(|one| *one == "*" || *one == tag(version)) {
        return Ok(());
    }
    let told = told.join(", ");
    Err(Problem::new(
        StatusCode::PRECONDITION_FAILED,
        "etag",
        format!("version {version} is there, {told} was read: read it again and repeat the change"),
    ))
}

/// A language must be one in which bills and screens are worded.
fn spoken(language: &str) -> Result<(), Problem> {
    let found = Language::parse(language);
    found
        .map(drop)
        .map_err(|e| Problem::field("/language", e.to_string()))
}

/// An answer with the version as its `ETag`.
pub(crate) fn tagged(version: u32, body: impl Serialize) -> Response {
    let mut response = Json(body).into_response();
    if let Ok(value) = HeaderValue::from_str(&tag(version)) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}

/// Customers in order of CIN.
#[utoipa::path(get, path = "/api/v1/customers", tag = "customers", extensions(("x-roles" = json!(Operators::ROLES))), params(CustomerQuery), responses((status = 200, body = Page<CustomerBody>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    by: Authorized<Operators>,
    Query(query): Query<CustomerQuery>,
) -> Result<Json<Page<CustomerBody>>, Problem> {
    let question = DeskQuestion::Customers {
        after: page::place(query.cursor.as_deref())?,
        limit: page::limit(query.limit)?,
        text: query.q.unwrap_or_default(),
    };
    let DeskAnswer::Customers { rows, more } = api.ask(&by, question).await? else {
        return Err(other_answer());
    };
    let last = rows.last().map(|c| c.cin.clone());
    let data = rows.iter().map(CustomerBody::from).collect();
    Ok(Json(Page::new(data, more, last.as_ref())))
}

async fn by_cin(api: &Api, by: &Signed, cin: &str) -> Result<CustomerBody, Problem> {
    let question = DeskQuestion::KeyOf(cin.to_owned());
    let DeskAnswer::Owner(Some(key)) = api.ask(by, question).await? else {
        return Err(other_answer());
    };
    let view = bills::customer(api, by, &key).await?;
    Ok(CustomerBody::from(&view))
}

/// Adds a customer; one with the same CIN is replaced whole.
#[utoipa::path(post, path = "/api/v1/customers", tag = "customers", extensions(("x-roles" = json!(Operators::ROLES))), params(("Idempotency-Key" = String, Header)), request_body = CustomerNew, responses((status = 201, body = CustomerBody)))]
pub(crate) async fn create(
    State(api): State<Api>,
    by: Authorized<Operators>,
    key: Key,
    body: Body<CustomerNew>,
) -> Result<Response, Problem> {
    let (new, print) = (body.value, body.fingerprint);
    let work = async {
        spoken(&new.language)?;
        let currency = wire::currency("/credit_limit/currency", &new.credit_limit.currency)?;
        let cin = new.cin.clone();
        let customer = NewCustomer {
            credit_limit: new.credit_limit.micro("/credit_limit", currency)?,
            cin: new.cin,
            name: new.name,
            class: new.class.into(),
            tier: new.tier.into(),
            payment: new.payment.into(),
            language: new.language,
            pin: new.pin,
            credentials: new.credentials,
            currency,
        };
        let command = Command::PutCustomer(customer);
        api.tell(&by, command_id(&by, &key), command).await?;
        let made = by_cin(&api, &by, &cin).await?;
        Ok(Answer::new(StatusCode::CREATED, &made))
    };
    api.once()
        .run(api.records(), (&by, &key, print), work)
        .await
}

/// One customer.
#[utoipa::path(get, path = "/api/v1/customers/{customer}", tag = "customers", extensions(("x-roles" = json!(Operators::ROLES))), params(("customer" = String, Path)), responses((status = 200, body = CustomerBody)))]
pub(crate) async fn one(
    State(api): State<Api>,
    by: Authorized<Operators>,
    Path(key): Path<String>,
) -> Result<Response, Problem> {
    let view = bills::customer(&api, &by, &key).await?;
    Ok(tagged(view.version, CustomerBody::from(&view)))
}

/// Changes a customer in some respects.
#[utoipa::path(patch, path = "/api/v1/customers/{customer}", tag = "customers", extensions(("x-roles" = json!(Operators::ROLES))), params(("customer" = String, Path), ("If-Match" = String, Header)), request_body = CustomerChange, responses((status = 200, body = CustomerBody)))]
pub(crate) async fn change(
    State(api): State<Api>,
    by: Authorized<Operators>,
    Path(key): Path<String>,
    headers: HeaderMap,
    body: Body<CustomerChange>,
) -> Result<Response, Problem> {
    let before = bills::customer(&api, &by, &key).await?;
    must_match(&headers, before.version)?;
    let asked = body.value;
    asked.language.as_deref().map(spoken).transpose()?;
    let limit = asked.credit_limit.as_ref();
    let limit = limit.map(|m| m.micro("/credit_limit", before.currency));
    let changed = ChangedCustomer {
        cin: before.cin.clone(),
        name: asked.name,
        tier: asked.tier.map(Into::into),
        payment: asked.payment.map(Into::into),
        credit_limit: limit.transpose()?,
        language: asked.language,
        pin: asked.pin,
        credentials: asked.credentials,
    };
    let command = Command::ChangeCustomer(Box::new(changed));
    api.tell(&by, rand::random(), command).await?;
    let after = bills::customer(&api, &by, &key).await?;
    Ok(tagged(after.version, CustomerBody::from(&after)))
}

pub(super) async fn changed_by(
    api: &Api,
    by: &Signed,
    (key, customer): (&Key, &str),
    command: impl FnOnce(&CustomerView) -> Result<Command, Problem>,
) -> Result<Answer, Problem> {
    let before = bills::customer(api, by, customer).await?;
    let command = command(&before)?;
    api.tell(by, command_id(by, key), command).await?;
    let after = bills::customer(api, by, customer).await?;
    Ok(Answer::new(StatusCode::OK, &CustomerBody::from(&after)))
}

/// Blocks or unblocks every credential of a customer.
#[utoipa::path(post, path = "/api/v1/customers/{customer}/block", tag = "customers", extensions(("x-roles" = json!(Operators::ROLES))), params(("customer" = String, Path), ("Idempotency-Key" = String, Header)), request_body = Blocking, responses((status = 200, body = CustomerBody)))]
pub(crate) async fn block(
    State(api): State<Api>,
    by: Authorized<Operators>,
    Path(customer): Path<String>,
    key: Key,
    body: Body<Blocking>,
) -> Result<Response, Problem> {
    let blocked = body.value.blocked;
    let command = |c: &CustomerView| {
        let cin = c.cin.clone();
        Ok(Command::SetBlocked { cin, blocked })
    };
    let work = changed_by(&api, &by, (&key, &customer), command);
    api.once()
        .run(api.records(), (&by, &key, body.fingerprint), work)
        .await
}

/// Puts money on a customer's account: a prepaid balance, or a bill that was paid.
#[utoipa::path(post, path = "/api/v1/customers/{customer}/top-up", tag = "customers", extensions(("x-roles" = json!(Operators::ROLES))), params(("customer" = String, Path), ("Idempotency-Key" = String, Header)), request_body = PaidIn, responses((status = 200, body = CustomerBody)))]
pub(crate) async fn top_up(
    State(api): State<Api>,
    by: Authorized<Operators>,
    Path(customer): Path<String>,
    key: Key,
    body: Body<PaidIn>,
) -> Result<Response, Problem> {
    let paid = body.value.amount;
    let command = |c: &CustomerView| {
        let amount = paid.micro("/amount", c.currency)?;
        let cin = c.cin.clone();
        Ok(Command::TopUp { cin, amount })
    };
    let work = changed_by(&api, &by, (&key, &customer), command);
    api.once()
        .run(api.records(), (&by, &key, body.fingerprint), work)
        .await
}

/// Visiting profiles, those that end first first.
#[utoipa::path(get, path = "/api/v1/visitors", tag = "customers", extensions(("x-roles" = json!(Staff::ROLES))), responses((status = 200, body = All<Visitor>)))]
pub(crate) async fn visitors(
    State(api): State<Api>,
    by: Authorized<Staff>,
) -> Result<Json<All<Visitor>>, Problem> {
    let DeskAnswer::Visitors(visitors) = api.ask(&by, DeskQuestion::Visitors).await? else {
        return Err(other_answer());
    };
    let data = visitors.iter().map(Visitor::from).collect();
    Ok(Json(All { data }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_shown_alone_in_a_list_or_as_any() {
        let shown = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::IF_MATCH, HeaderValue::from_static(line));
            }
            must_match(&headers, 7).map_err(|problem| problem.status().as_u16())
        };
        for fits in [
            &["\"7\""][..],
            &["\"x\", \"7\""],
            &["\"x\"", "\"7\""],
            &["*"],
        ] {
            assert_eq!(shown(fits), Ok(()), "{fits:?}");
        }
        for other in [
            &["\"6\""][..],
            &["7"],
            &["W/\"7\""],
            &["\"6\", \"8\""],
            &[""],
        ] {
            assert_eq!(shown(other), Err(412), "{other:?}");
        }
        assert_eq!(shown(&[]), Err(428));
    }

    #[test]
    fn a_customer_speaks_a_language_that_there_are_texts_in() {
        assert!(spoken("es-MX").is_ok() && spoken("de").is_ok());
        let told = spoken("klingon").unwrap_err().body("", "").detail;
        assert!(told.contains("en, es or de"), "{told}");
    }
}
