//! What the description says of parameters that many operations share: how the ids in paths are written, and which headers a request
//! must have. Each is said once, here, instead of beside every handler that takes it.

use super::extract::IDEMPOTENCY_KEY;
use super::who::authorized::CSRF;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Required, Schema};

/// A parameter that is a text.
struct Form {
    /// Its name, as in the description.
    name: &'static str,
    /// What it looks like, as a regular expression (ECMA 262).
    pattern: &'static str,
    /// What it is.
    says: &'static str,
}

const fn form(name: &'static str, pattern: &'static str, says: &'static str) -> Form {
    Form {
        name,
        pattern,
        says,
    }
}

/// Ids and names in paths. What has another form is not there: 404.
const IN_PATHS: [Form; 10] = [
    form("account", "^acc_[0-9a-f]{32}$", "An account's id"),
    form("agreement", "^agr_[0-9a-f]{64}$", "An agreement's id"),
    form(
        "area",
        "^[A-Za-z0-9._-]{1,32}$",
        "A grid area, as charging points are registered in it",
    ),
    form("customer", "^cus_[0-9a-f]{32}$", "A customer's key"),
    form("dispute", "^dsp_[0-9a-f]{32}$", "An objection's id"),
    form(
        "month",
        "^[0-9]{4}-(0[1-9]|1[0-2])$",
        "A month, as in 2026-11",
    ),
    form(
        "other",
        "^agr_[0-9a-f]{64}$",
        "The id of the agreement to compare with",
    ),
    form("session", "^ses_[0-9a-f]{32}$", "A charge's id"),
    form(
        "station",
        "^[A-Za-z0-9*_.:-]{1,48}$",
        "A station's name at the gateway",
    ),
    form(
        "transaction",
        "^[0-9a-fA-F]{64}$",
        "A transaction's id, hexadecimal",
    ),
];

/// Headers that some operations name.
const HEADERS: [Form; 2] = [
    form(
        IDEMPOTENCY_KEY,
        "^[!-~]{1,255}$",
        "A new one for a new request, the same one to repeat a request whose answer was lost",
    ),
    form(
        "if-match",
        "^\"[0-9]{1,10}\"$",
        "The `ETag` of what was read before",
    ),
];

/// The header of every request that changes something in the name of whoever signed in.
const SIGN: Form = form(
    CSRF,
    "^[0-9a-f]{64}$",
    "`csrf` of the sign-in, or of `GET /api/v1/me`",
);

impl Form {
    fn schema(&self) -> Schema {
        let text = ObjectBuilder::new().schema_type(Type::String);
        text.pattern(Some(self.pattern)).into()
    }

    fn describe(&self, parameter: &mut Parameter) {
        parameter.schema = Some(RefOr::T(self.schema()));
        parameter.description = Some(self.says.to_owned());
    }
}

fn describe(parameter: &mut Parameter) {
    let forms = match parameter.parameter_in {
        ParameterIn::Path => IN_PATHS.as_slice(),
        ParameterIn::Header => HEADERS.as_slice(),
        _ => return,
    };
    let mut forms = forms.iter();
    if let Some(form) = forms.find(|form| form.name.eq_ignore_ascii_case(&parameter.name)) {
        form.describe(parameter);
    }
}

/// Says what is known of an operation's parameters, and which header it wants when it changes something for whoever signed in.
pub(super) fn parameters(method: &str, open: bool, operation: &mut Operation) {
    let all = operation.parameters.get_or_insert_default();
    for parameter in all.iter_mut() {
        if let RefOr::T(parameter) = parameter {
            describe(parameter);
        }
    }
    if !open && method != "get" {
        let csrf = ParameterBuilder::new()
            .name("X-Fairway-Csrf")
            .parameter_in(ParameterIn::Header)
            .required(Required::True)
            .description(Some(SIGN.says))
            .schema(Some(SIGN.schema()))
            .build();
        all.push(RefOr::T(csrf));
    }
    if all.is_empty() {
        operation.parameters = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::extract::MAX_KEY;

    fn taken(method: &str, open: bool, names: &[(&str, ParameterIn)]) -> Vec<(String, String)> {
        let mut operation = Operation::default();
        operation.parameters = Some(
            names
                .iter()
                .map(|(name, place)| {
                    let one = ParameterBuilder::new()
                        .name(*name)
                        .parameter_in(place.clone());
                    RefOr::T(one.build())
                })
                .collect(),
        );
        parameters(method, open, &mut operation);
        let all = serde_json::to_value(operation.parameters).unwrap();
        let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let list = all.as_array().cloned().unwrap_or_default();
        list.iter()
            .map(|one| (word(&one["name"]), word(&one["schema"]["pattern"])))
            .collect()
    }

    #[test]
    fn changes_want_the_header_of_the_sign_in_and_reading_does_not() {
        let names = |method, open| -> Vec<String> {
            let all = taken(method, open, &[("session", ParameterIn::Path)]);
            all.into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(names("get", false), ["session"]);
        assert_eq!(names("post", true), ["session"]);
        assert_eq!(names("put", false), ["session", "X-Fairway-Csrf"]);
        assert!(CSRF.eq_ignore_ascii_case("X-Fairway-Csrf"));
    }

    #[test]
    fn shared_parameters_say_how_they_are_written() {
        let asked = [
            ("customer", ParameterIn::Path),
            ("Idempotency-Key", ParameterIn::Header),
            ("customer", ParameterIn::Query),
        ];
        let told = taken("get", false, &asked);
        assert_eq!(told[0].1, "^cus_[0-9a-f]{32}$");
        assert_eq!(told[1].1, format!("^[!-~]{{1,{MAX_KEY}}}$"));
        assert_eq!(told[2].1, "");
    }
}
