//! The pages for browsers: built into the program, or from a folder of the configuration. No other origin is ever named.

use super::Api;
use super::problem::Problem;
use crate::assets::{self, CODINGS, keeps, media, takes};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use fairway_model::Hash;
use std::borrow::Cow;
use std::path::{Component, Path};

/// Largest file that is served from a folder, in bytes.
const MAX_FILE: u64 = 32 * 1024 * 1024;
/// What pages may do: everything from this origin, nothing inline.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; \
    object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// The page that other pages of this origin show inside of themselves: a station's screen with a price that is looked at beforehand. It asks
/// for nothing and sends nothing.
const FRAMED: &str = "preview.html";
/// What that page may do.
const FRAMED_POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; \
    object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// Pages that stations and the demonstration serve; a member does not.
const ELSEWHERE: [&str; 3] = ["kiosk", "phone", "simulator"];

/// A file of the pages.
struct File {
    bytes: Cow<'static, [u8]>,
    coding: Option<&'static str>,
}

/// Names under which an address may lie, in the order in which they are tried.
fn candidates(path: &str) -> Vec<String> {
    let plain = path.trim_matches('/');
    let first = plain.split('/').next().unwrap_or_default();
    let mut names = Vec::new();
    if !plain.is_empty() {
        names.push(plain.to_owned());
    }
    // An address without a file's ending belongs to the page that its first part names.
    let is_file = plain
        .rsplit('/')
        .next()
        .is_some_and(|last| last.contains('.'));
    if first.is_empty() {
        names.push("index.html".to_owned());
    } else if !is_file && !ELSEWHERE.contains(&first) {
        names.extend([format!("{first}.html"), format!("{first}/index.html")]);
        if matches!(first, "login" | "setup") {
            names.push("index.html".to_owned());
        }
    }
    names
}

fn is_plain(name: &str) -> bool {
    Path::new(name)
        .components()
        .all(|part| matches!(part, Component::Normal(_)))
}

async fn read(api: &Api, name: &str) -> Option<Cow<'static, [u8]>> {
    let Some(folder) = &api.parts().pages else {
        return assets::built_in(name).map(Cow::Borrowed);
    };
    let path = folder.join(name);
    let about = tokio::fs::metadata(&path).await.ok()?;
    if !about.is_file() || about.len() > MAX_FILE {
        return None;
    }
    tokio::fs::read(&path).await.ok().map(Cow::Owned)
}

async fn find(api: &Api, headers: &HeaderMap, name: &str) -> Option<File> {
    for (coding, ending) in CODINGS {
        if takes(headers, coding)
            && let Some(bytes) = read(api, &format!("{name}.{ending}")).await
        {
            return Some(File {
                bytes,
                coding: Some(coding),
            });
        }
    }
    let bytes = read(api, name).await?;
    Some(File {
        bytes,
        coding: None,
    })
}

/// The answer to who asks for a file: its bytes, or that they are still those that he has.
pub(crate) fn answer(asked: &HeaderMap, name: &str, bytes: Cow<'static, [u8]>) -> Response {
    let digest = Hash::plain(&bytes).hex();
    let tag = format!("\"{}\"", digest.get(..16).unwrap_or_default());
    let known = asked.get(header::IF_NONE_MATCH);
    let mut response = if known.and_then(|v| v.to_str().ok()) == Some(tag.as_str()) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Response::new(Body::from(bytes.into_owned()))
    };
    fit(response.headers_mut(), name, &tag);
    response
}

/// Headers that every file has.
fn fit(headers: &mut HeaderMap, name: &str, tag: &str) {
    let policy = if name == FRAMED {
        FRAMED_POLICY
    } else {
        POLICY
    };
    let fixed = [
        (header::CONTENT_TYPE, media(name)),
        (header::CACHE_CONTROL, keeps(name)),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::VARY, "accept-encoding"),
    ];
    for (key, value) in fixed {
        headers.insert(key, HeaderValue::from_static(value));
    }
    if let Ok(value) = HeaderValue::from_str(tag) {
        headers.insert(header::ETAG, value);
    }
}

/// Serves a page or one of its files.
pub(crate) async fn serve(State(api): State<Api>, request: Request) -> Response {
    let path = request.uri().path();
    let missing = || Problem::not_found(format!("nothing is served at {path}")).into_response();
    if path.starts_with("/api/") {
        return missing();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let text = format!("{path} is read with GET");
        return Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", text).into_response();
    }
    for name in candidates(path).iter().filter(|name| is_plain(name)) {
        let Some(file) = find(&api, request.headers(), name).await else {
            continue;
        };
        let mut response = answer(request.headers(), name, file.bytes);
        if let Some(coding) = file.coding {
            let value = HeaderValue::from_static(coding);
            response
                .headers_mut()
                .insert(header::CONTENT_ENCODING, value);
        }
        return response;
    }
    missing()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lead_to_pages() {
        assert_eq!(candidates("/"), ["index.html"]);
        assert_eq!(
            candidates("/console/sessions/ses_1"),
            [
                "console/sessions/ses_1",
                "console.html",
                "console/index.html"
            ]
        );
        assert_eq!(candidates("/assets/a-1.js"), ["assets/a-1.js"]);
        assert!(!candidates("/simulator").contains(&"simulator.html".to_owned()));
        assert!(candidates("/setup").contains(&"index.html".to_owned()));
        assert!(!is_plain("../keys/member.seed") && !is_plain("/etc/passwd"));
    }
}
