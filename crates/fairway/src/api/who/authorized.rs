//! Authorization as a value: a handler acts for a party only with an [`Authorized`] of the right roles, and only the extractor here
//! makes one, after it has seen cookie, account, role and, where something changes, the CSRF token.

use super::Role;
use super::people::{Account, People, SignIn};
use crate::api::Api;
use crate::api::problem::Problem;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use std::marker::PhantomData;
use std::ops::Deref;

/// Name of the cookie.
pub(crate) const COOKIE: &str = "fairway_session";
/// Name of the header that changing requests must show.
pub(crate) const CSRF: &str = "x-fairway-csrf";

/// Which roles a handler is for.
pub(crate) trait Allow: Send + Sync {
    /// The roles.
    const ROLES: &'static [Role];
}

macro_rules! allow {
    ($($(#[$doc:meta])* $name:ident: $($role:ident)+;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub(crate) struct $name;

            impl Allow for $name {
                const ROLES: &'static [Role] = &[$(Role::$role),+];
            }
        )+
    };
}

allow! {
    /// Whoever signed in.
    Anybody: Operator RoamingManager Auditor Engineer Driver;
    /// Whoever works for the member.
    Staff: Operator RoamingManager Auditor Engineer;
    /// Runs the business.
    Operators: Operator;
    /// Agrees with partners.
    Managers: RoamingManager;
    /// May look at terms before they are proposed.
    Terms: Operator RoamingManager;
    /// Keeps accounts of the console.
    Administrators: Operator Engineer;
    /// Sees bills and books.
    Accounting: Operator Auditor;
    /// Sees objections and cases.
    Cases: Operator RoamingManager Auditor;
    /// A customer.
    Drivers: Driver;
}

/// Somebody who signed in. Nothing else makes this value.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    account: Account,
    session: SignIn,
}

impl Signed {
    /// Whose account.
    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    /// Which sign-in.
    pub(crate) fn session(&self) -> &SignIn {
        &self.session
    }

    /// The customer of a driver's account.
    ///
    /// # Errors
    /// 404 when the account has none: nothing is his.
    pub(crate) fn customer(&self) -> Result<&str, Problem> {
        let customer = self.account.customer.as_deref();
        customer.ok_or_else(|| Problem::not_found("this account has no customer"))
    }
}

/// Somebody who signed in and has one of the roles of `A`.
#[derive(Debug)]
pub(crate) struct Authorized<A> {
    signed: Signed,
    roles: PhantomData<A>,
}

impl<A> Deref for Authorized<A> {
    type Target = Signed;

    fn deref(&self) -> &Signed {
        &self.signed
    }
}

/// The values of sign-in cookies. A browser sends those of every port of a host, so that there may be one of each member that runs
/// there; the others' are unknown here.
pub(crate) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(header::COOKIE).into_iter();
    let pairs = lines
        .filter_map(|v| v.to_str().ok())
        .flat_map(|line| line.split(';'));
    pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| {
            let rest = name.strip_prefix(COOKIE);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        })
        .map(|(_, value)| value)
}

/// Who showed a valid cookie.
pub(crate) fn shown(headers: &HeaderMap, api: &Api) -> Option<(SignIn, Account)> {
    cookies(headers).find_map(|value| api.people().of_cookie(value))
}

fn not_signed_in() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "not-signed-in",
        "sign in (POST /api/v1/login): there is no sign-in, or it has ended",
    )
}

fn signed(parts: &Parts, api: &Api) -> Result<Signed, Problem> {
    let (session, account) = shown(&parts.headers, api).ok_or_else(not_signed_in)?;
    Ok(Signed { account, session })
}

impl<A: Allow> FromRequestParts<Api> for Authorized<A> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let signed = signed(parts, api)?;
        let role = signed.account.role;
        if !A::ROLES.contains(&role) {
            let may: Vec<&str> = A::ROLES.iter().map(|r| r.word()).collect();
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "role",
                format!(
                    "this is for the roles {}; this account is {}",
                    may.join(", "),
                    role.word()
                ),
            ));
        }
        let shown = parts.headers.get(CSRF).and_then(|v| v.to_str().ok());
        let changes = !parts.method.is_safe();
        if changes && !shown.is_some_and(|shown| People::shows_csrf(&signed.session, shown)) {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "csrf",
                "send `X-Fairway-Csrf` with the value `csrf` of GET /api/v1/me",
            ));
        }
        Ok(Self {
            signed,
            roles: PhantomData,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::COOKIE,
            HeaderValue::from_static("a=b; fairway_session=ff; c=d"),
        );
        assert_eq!(cookies(&headers).collect::<Vec<_>>(), ["ff"]);
        headers.insert(
            header::COOKIE,
            HeaderValue::from_static("xfairway_session=ff"),
        );
        assert_eq!(cookies(&headers).count(), 0);
        headers.insert(
            header::COOKIE,
            HeaderValue::from_static("fairway_session_7400=a; fairway_session_7500=b"),
        );
        assert_eq!(cookies(&headers).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn drivers_are_in_no_list_of_the_staff() {
        for roles in [
            Staff::ROLES,
            Operators::ROLES,
            Managers::ROLES,
            Terms::ROLES,
            Administrators::ROLES,
            Accounting::ROLES,
            Cases::ROLES,
        ] {
            assert!(!roles.contains(&Role::Driver));
        }
    }
}
