//! Lists: a page, and the cursor of the next one. A cursor is opaque to callers and says where the page ended.

use super::problem::Problem;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Entries of a page when no number is asked for.
pub(crate) const USUAL: u32 = 50;
/// Most entries of a page.
pub(crate) const MOST: u32 = 200;
/// Longest cursor.
const MAX_CURSOR: usize = 512;

/// A page of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Page<T: ToSchema> {
    /// The entries.
    pub(crate) data: Vec<T>,
    /// What to send as `cursor` for the next page.
    pub(crate) next_cursor: Option<String>,
    /// Whether there is a next page.
    pub(crate) has_more: bool,
}

/// A list that has one page.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct All<T: ToSchema> {
    /// The entries.
    pub(crate) data: Vec<T>,
}

impl<T: ToSchema> Page<T> {
    /// A page whose next one begins behind `last`.
    pub(crate) fn new(data: Vec<T>, more: bool, last: Option<&impl Serialize>) -> Self {
        Self {
            data,
            next_cursor: last.filter(|_| more).map(cursor),
            has_more: more,
        }
    }
}

/// Where in a list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Window {
    /// Entries of the page, 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[A-Za-z0-9_-]{2,512}$")]
    pub(crate) cursor: Option<String>,
}

/// A limit that a list can keep.
pub(crate) fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    match asked {
        None => Ok(USUAL),
        Some(n) if (1..=MOST).contains(&n) => Ok(n),
        Some(n) => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "query",
            format!("limit = {n}: a page has 1 to {MOST} entries"),
        )),
    }
}

/// A place in a list as text.
fn cursor(place: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(place).unwrap_or_default())
}

/// Reads a cursor.
pub(crate) fn place<T: DeserializeOwned>(text: Option<&str>) -> Result<Option<T>, Problem> {
    let Some(text) = text else {
        return Ok(None);
    };
    let bytes = Some(text)
        .filter(|text| text.len() <= MAX_CURSOR)
        .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    let found = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    found.map(Some).ok_or_else(|| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "query",
            "cursor: send `next_cursor` of the page before as it is, or begin without a cursor",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_read_back_and_others_are_refused() {
        let text = cursor(&(7i64, "ses_1"));
        assert_eq!(
            place::<(i64, String)>(Some(&text)).unwrap(),
            Some((7, "ses_1".to_owned()))
        );
        assert!(place::<(i64, String)>(Some("x!")).is_err());
        assert!(place::<(i64, String)>(Some(&cursor(&3))).is_err());
        assert!(limit(Some(0)).is_err() && limit(Some(201)).is_err());
    }
}
