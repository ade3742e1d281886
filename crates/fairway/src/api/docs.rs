//! The documents inside the program, as pages: `/docs/` and a document's path in the source.
//!
//! Texts are Markdown and are set when they are asked for. Links between documents lead to pages, links to other files of the source become
//! words, since those files are not here. HTML inside a document is left out. Tested below: every document is set, and every link leads somewhere.

use super::pages::answer;
use super::problem::Problem;
use crate::api::extract::Path;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

include!(concat!(env!("OUT_DIR"), "/documents.rs"));

/// The reference of the API, which is made and no file: where it is served.
pub(super) const REFERENCE: &str = "api/docs";
/// Where readers begin.
const FIRST: &str = "docs/guide/README.md";
/// The way through the documents: what it is called, and which it is.
const WAY: [(&str, &str); 12] = [
    ("Overview", FIRST),
    ("Start", "docs/guide/start.md"),
    ("Concepts", "docs/guide/concepts.md"),
    ("For drivers", "docs/guide/drivers.md"),
    ("For operators", "docs/guide/operators.md"),
    ("For engineers", "docs/guide/engineers.md"),
    ("For auditors", "docs/guide/auditors.md"),
    ("The screens", "docs/guide/screens.md"),
    ("The API", "docs/api.md"),
    ("Every operation", REFERENCE),
    ("Internals", "ARCHITECTURE.md"),
    ("What changed", "CHANGELOG.md"),
];
/// The style of the documents, under `/docs/`.
const STYLE: &str = "style.css";
const STYLES: [&str; 2] = [
    include_str!("../../../../web/src/styles/tokens.css"),
    include_str!("docs.css"),
];

/// To the first page.
pub(crate) async fn to_first() -> Redirect {
    Redirect::temporary(&address(FIRST))
}

/// A document, or a picture in one.
pub(crate) async fn serve(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let (name, bytes) = if path == STYLE {
        (STYLE, Cow::Owned(STYLES.concat().into_bytes()))
    } else if let Some((name, bytes)) = find(&path) {
        if is_text(name) {
            let text = String::from_utf8_lossy(bytes);
            ("page.html", Cow::Owned(page(name, &text).into_bytes()))
        } else {
            (name, Cow::Borrowed(bytes))
        }
    } else {
        return Problem::not_found(format!(
            "there is no document {path}; the list of them is at /docs/"
        ))
        .into_response();
    };
    answer(&headers, name, bytes)
}

/// A document by its path under `/docs/`: `docs/` before it may be left out.
fn find(path: &str) -> Option<(&'static str, &'static [u8])> {
    let get = |name: &str| {
        let at = DOCUMENTS.binary_search_by(|(known, _)| (*known).cmp(name));
        DOCUMENTS.get(at.ok()?).copied()
    };
    get(&format!("docs/{path}")).or_else(|| get(path))
}

/// Where a document is served.
fn address(name: &str) -> String {
    if name == REFERENCE {
        return format!("/{REFERENCE}");
    }
    format!("/docs/{}", name.strip_prefix("docs/").unwrap_or(name))
}

/// The document that a link in another one means, and the place in it.
fn target(from: &str, link: &str) -> Option<(&'static str, String)> {
    let (path, place) = match link.split_once('#') {
        Some((path, place)) => (path, format!("#{place}")),
        None => (link, String::new()),
    };
    let mut parts: Vec<&str> = from.split('/').collect();
    if !path.is_empty() {
        parts.pop();
    }
    for part in path.split('/').filter(|part| !part.is_empty()) {
        match part {
            "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    let name = parts.join("/");
    let at = DOCUMENTS.binary_search_by(|(known, _)| (*known).cmp(name.as_str()));
    DOCUMENTS.get(at.ok()?).map(|(name, _)| (*name, place))
}

/// Whether a document is Markdown, and not a picture.
fn is_text(name: &str) -> bool {
    std::path::Path::new(name).extension() == Some("md".as_ref())
}

/// Where a link leads on these pages; none when what it means is not here.
fn lead(from: &str, link: &str) -> Option<String> {
    if link.starts_with("https://") || link.starts_with("http://") {
        return Some(link.to_owned());
    }
    // What the reference names is its own, or served beside it.
    if from == REFERENCE && link.starts_with(['#', '/']) {
        return Some(link.to_owned());
    }
    target(from, link).map(|(name, place)| format!("{}{place}", address(name)))
}

/// The name of a heading in addresses, as code forges make it.
pub(super) fn slug(text: &str) -> String {
    let kept = text.chars().filter_map(|c| match c {
        ' ' | '-' => Some('-'),
        '_' => Some('_'),
        c if c.is_alphanumeric() => Some(c),
        _ => None,
    });
    kept.flat_map(char::to_lowercase).collect()
}

/// What stands on a page: its title and its body.
fn set(name: &str, text: &str) -> (String, String) {
    let mut setter = Setter {
        name,
        ..Setter::default()
    };
    for event in Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        setter.take(event);
    }
    let mut body = String::new();
    html::push_html(&mut body, setter.events.into_iter());
    (setter.title, body)
}

/// A document on its way to a page.
#[derive(Default)]
struct Setter<'a> {
    /// The document, against which links are read.
    name: &'a str,
    events: Vec<Event<'a>>,
    /// The first heading.
    title: String,
    /// Names of headings so far, and how often each came.
    seen: BTreeMap<String, u32>,
    /// Where the heading that is read begins, and its words.
    heading: Option<usize>,
    words: String,
    /// Of each open link whether it leads nowhere here.
    dropped: Vec<bool>,
}

impl<'a> Setter<'a> {
    fn take(&mut self, event: Event<'a>) {
        match event {
            Event::Html(_) | Event::InlineHtml(_) => {}
            Event::Start(tag) => self.start(tag),
            Event::End(end) => self.end(end),
            Event::Text(ref text) | Event::Code(ref text) => {
                if self.heading.is_some() {
                    self.words.push_str(text);
                }
                self.events.push(event);
            }
            other => self.events.push(other),
        }
    }

    fn start(&mut self, mut tag: Tag<'a>) {
        match &mut tag {
            Tag::Heading { .. } => {
                self.heading = Some(self.events.len());
                self.words.clear();
            }
            Tag::Link { dest_url, .. } => {
                let found = lead(self.name, dest_url);
                self.dropped.push(found.is_none());
                let Some(found) = found else { return };
                *dest_url = CowStr::from(found);
            }
            Tag::Image { dest_url, .. } => {
                *dest_url = CowStr::from(lead(self.name, dest_url).unwrap_or_default());
            }
            Tag::Table(_) => self.events.push(around(
                "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"table\">",
            )),
            Tag::CodeBlock(_) => self.events.push(around(
                "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"code\">",
            )),
            _ => {}
        }
        self.events.push(Event::Start(tag));
    }

    fn end(&mut self, end: TagEnd) {
        match end {
            TagEnd::Heading(_) => self.name_heading(),
            TagEnd::Link if self.dropped.pop() != Some(false) => return,
            _ => {}
        }
        self.events.push(Event::End(end));
        if matches!(end, TagEnd::Table | TagEnd::CodeBlock) {
            self.events.push(around("</div>"));
        }
    }

    fn name_heading(&mut self) {
        if self.title.is_empty() {
            self.title.clone_from(&self.words);
        }
        let place = self.heading.take().and_then(|at| self.events.get_mut(at));
        if let Some(Event::Start(Tag::Heading { id, .. })) = place {
            *id = Some(CowStr::from(unique(&mut self.seen, slug(&self.words))));
        }
    }
}

fn around(mark: &'static str) -> Event<'static> {
    Event::Html(CowStr::Borrowed(mark))
}

fn unique(seen: &mut BTreeMap<String, u32>, name: String) -> String {
    let times = seen.entry(name.clone()).or_insert(0);
    let found = if *times == 0 {
        name
    } else {
        format!("{name}-{times}")
    };
    *times = times.saturating_add(1);
    found
}

/// Text inside HTML.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    html::push_html(&mut out, core::iter::once(Event::Text(text.into())));
    out
}

/// A whole page.
pub(super) fn page(name: &str, text: &str) -> String {
    let (title, body) = set(name, text);
    let mut way = String::new();
    for (label, document) in WAY {
        let here = if document == name {
            " aria-current=\"page\""
        } else {
            ""
        };
        let _ = write!(
            way,
            "<li><a href=\"{}\"{here}>{label}</a></li>",
            address(document)
        );
    }
    let title = escaped(&title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
<meta name=\"color-scheme\" content=\"light dark\">\n<title>{title} - Fairway</title>\n<link rel=\"stylesheet\" href=\"/docs/{STYLE}\">\n</head>\n<body>\n\
<a class=\"skip\" href=\"#content\">Skip to the text</a>\n<header><a class=\"brand\" href=\"/\">Fairway</a><nav aria-label=\"Documents\"><ul>{way}</ul></nav></header>\n\
<main id=\"content\" tabindex=\"-1\">\n{body}</main>\n</body>\n</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts() -> impl Iterator<Item = (&'static str, String)> {
        let texts = DOCUMENTS.iter().filter(|(name, _)| is_text(name));
        texts.map(|(name, bytes)| (*name, String::from_utf8(bytes.to_vec()).unwrap()))
    }

    #[test]
    fn every_document_is_set_and_found() {
        let mut count = 0;
        for (name, text) in texts() {
            let (title, body) = set(name, &text);
            assert!(!title.is_empty() && body.contains("<h1"), "{name}");
            assert!(
                !body.contains("<!--") && !body.contains("<script"),
                "{name}"
            );
            let path = address(name);
            let path = path.strip_prefix("/docs/").unwrap();
            assert_eq!(find(path).map(|(found, _)| found), Some(name));
            count += 1;
        }
        assert!(count > 40, "{count} documents");
        for (_, document) in WAY {
            assert!(
                document == REFERENCE || DOCUMENTS.iter().any(|(name, _)| *name == document),
                "{document}"
            );
        }
    }

    #[test]
    fn links_between_documents_lead_to_pages() {
        let lead = |link| lead("docs/guide/start.md", link);
        assert_eq!(
            lead("concepts.md").as_deref(),
            Some("/docs/guide/concepts.md")
        );
        assert_eq!(
            lead("../cin.md#grammar").as_deref(),
            Some("/docs/cin.md#grammar")
        );
        assert_eq!(
            lead("../../ARCHITECTURE.md").as_deref(),
            Some("/docs/ARCHITECTURE.md")
        );
        assert_eq!(lead("#try").as_deref(), Some("/docs/guide/start.md#try"));
        assert_eq!(lead("../../crates/model/src/cin.rs"), None);
        assert_eq!(lead("../../../../etc/passwd"), None);
        assert_eq!(lead("javascript:alert(1)"), None);
        let (_, body) = set(
            "docs/guide/start.md",
            "# A\n\n[x](../../crates/model/src/cin.rs) [y](../cin.md)\n",
        );
        assert!(
            body.contains("<p>x <a href=\"/docs/cin.md\">y</a></p>"),
            "{body}"
        );
    }

    #[test]
    fn places_in_documents_exist() {
        let bodies: BTreeMap<&str, String> = texts()
            .map(|(name, text)| (name, set(name, &text).1))
            .collect();
        for (from, text) in texts() {
            for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
                let Event::Start(Tag::Link { dest_url, .. }) = event else {
                    continue;
                };
                let Some((name, place)) = target(from, &dest_url) else {
                    continue;
                };
                let Some(place) = place.strip_prefix('#') else {
                    continue;
                };
                let found = bodies
                    .get(name)
                    .is_some_and(|body| body.contains(&format!("id=\"{place}\"")));
                assert!(found, "{from} names {name}#{place}");
            }
        }
    }

    #[test]
    fn headings_have_names_of_their_own_and_markup_stays_text() {
        let (title, body) = set(
            "docs/x.md",
            "# A <b>`bold`</b> & co\n\n## Twice\n\n## Twice\n\n<script>alert(1)</script>\n",
        );
        assert_eq!(title, "A bold & co");
        assert!(
            body.contains("id=\"twice\"") && body.contains("id=\"twice-1\""),
            "{body}"
        );
        assert!(!body.contains("<script") && page("docs/x.md", "# <i>\n").contains("<title>"));
    }
}
