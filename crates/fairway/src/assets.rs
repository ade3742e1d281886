//! The web pages inside the program: what the build of `web/` left in `web/dist` when the program was built.
//!
//! A folder may stand in for them ([`read_from`]), so that a page can be changed without building the program.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use fairway_model::Hash;
use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::OnceLock;

include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// Files whose names hold a hash of their content never change.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Pages are asked for again, and not sent again when they are the same.
const ASK_AGAIN: &str = "no-cache";
/// What stands for a page that was not built.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Fairway</title></head><body><h1>The pages are not built</h1><p>Run <code>npm ci</code> and <code>npm run build</code> in <code>web/</code>, then build the program again.</p></body></html>";
/// Compressed copies that may lie beside a file, the smaller first: coding and ending.
pub(crate) const CODINGS: [(&str, &str); 2] = [("br", "br"), ("gzip", "gz")];
/// Hexadecimal digits of a file's tag.
const TAG_DIGITS: usize = 32;

static FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// Reads the pages from this folder from now on, instead of those inside the program. The first call counts.
pub fn read_from(folder: PathBuf) {
    let _ = FOLDER.set(folder);
}

/// A file's bytes. Names are those of the build: no way leads out of the folder.
fn bytes_of(name: &str) -> Option<Cow<'static, [u8]>> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/');
    if !name.chars().all(plain) || name.contains("..") || name.starts_with('/') {
        return None;
    }
    if let Some(folder) = FOLDER.get() {
        return std::fs::read(folder.join(name)).ok().map(Cow::Owned);
    }
    built_in(name).map(Cow::Borrowed)
}

/// A file of those inside the program.
pub(crate) fn built_in(name: &str) -> Option<&'static [u8]> {
    let at = PAGES
        .binary_search_by(|(known, _)| (*known).cmp(name))
        .ok()?;
    PAGES.get(at).map(|(_, bytes)| *bytes)
}

/// How long a file may be kept.
pub(crate) fn keeps(name: &str) -> &'static str {
    if name.starts_with("assets/") {
        FOR_EVER
    } else {
        ASK_AGAIN
    }
}

/// A page by its file name, such as `kiosk.html`.
pub fn page(name: &str, headers: &HeaderMap) -> Response {
    file(name, headers).unwrap_or_else(|| {
        let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
        (StatusCode::OK, kind, NOT_BUILT).into_response()
    })
}

/// A file of the pages, in the smallest form that the reader takes.
pub fn file(path: &str, headers: &HeaderMap) -> Option<Response> {
    let plain = bytes_of(path)?;
    let tag: String = Hash::plain(&plain).hex().chars().take(TAG_DIGITS).collect();
    let tag = format!("\"{tag}\"");
    let same = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|tags| tags.contains(&tag));
    let mut answer = if same {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let (bytes, coding) = smallest(path, plain, headers);
        let mut answer = Response::new(Body::from(bytes.into_owned()));
        if let Some(coding) = coding {
            let coding = HeaderValue::from_static(coding);
            answer
                .headers_mut()
                .insert(header::CONTENT_ENCODING, coding);
        }
        answer
    };
    let all = answer.headers_mut();
    all.insert(header::CONTENT_TYPE, HeaderValue::from_static(media(path)));
    all.insert(header::CACHE_CONTROL, HeaderValue::from_static(keeps(path)));
    all.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    all.insert(header::ETAG, HeaderValue::from_str(&tag).ok()?);
    Some(answer)
}

/// The compressed copy beside a file, where there is one that the reader takes.
fn smallest(
    path: &str,
    plain: Cow<'static, [u8]>,
    headers: &HeaderMap,
) -> (Cow<'static, [u8]>, Option<&'static str>) {
    for (coding, ending) in CODINGS {
        if takes(headers, coding)
            && let Some(copy) = bytes_of(&format!("{path}.{ending}"))
        {
            return (copy, Some(coding));
        }
    }
    (plain, None)
}

/// The media type that a file's ending says.
pub(crate) fn media(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "ftl" | "txt" | "md" => "text/plain; charset=utf-8",
        "pdf" => "application/pdf",
        _ => "application/octet-stream",
    }
}

/// Whether a browser takes a coding.
pub(crate) fn takes(headers: &HeaderMap, coding: &str) -> bool {
    let told = headers.get(header::ACCEPT_ENCODING);
    let told = told.and_then(|v| v.to_str().ok()).unwrap_or_default();
    told.split(',')
        .any(|part| part.trim().split(';').next() == Some(coding) && !part.contains("q=0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        for name in [
            "../Cargo.toml",
            "/etc/passwd",
            "assets/../../x",
            "a b",
            "a%2e",
            "assets/\\x",
        ] {
            assert!(bytes_of(name).is_none(), "{name}");
        }
        assert!(bytes_of("index.html").is_some());
        let same = page("index.html", &HeaderMap::new());
        let mut asks = HeaderMap::new();
        asks.insert(header::IF_NONE_MATCH, same.headers()[header::ETAG].clone());
        assert_eq!(page("index.html", &asks).status(), StatusCode::NOT_MODIFIED);
    }

    #[test]
    fn codings_are_taken_as_told() {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::ACCEPT_ENCODING,
            HeaderValue::from_static("gzip, br;q=0"),
        );
        assert!(takes(&headers, "gzip") && !takes(&headers, "br"));
    }

    #[test]
    fn the_program_holds_a_first_page() {
        assert!(PAGES.iter().any(|(name, _)| *name == "index.html"));
        assert!(PAGES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
