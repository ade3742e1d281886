//! Puts the pages of `web/dist` and the documents into the program. Where the pages are not built there is one page that says how.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const PLACEHOLDER: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Fairway</title>\n<h1>Fairway runs; its pages are not built</h1>\n\
<p>Build them with <code>cargo xtask test web</code> (needs Node 20.19 or newer) and build the program again, or name a folder with them in the \
configuration: <code>[web] dir = \"web/dist\"</code>. The API is at <a href=\"/openapi.json\">/openapi.json</a>.</p>\n</html>\n";

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Whether a file of `docs` is read by people: texts, drawings, pictures, examples.
fn is_document(path: &Path) -> bool {
    let ending = path
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default();
    matches!(
        ending,
        "md" | "svg" | "png" | "webp" | "txt" | "toml" | "json"
    ) && !path.components().any(|part| part.as_os_str() == "figures")
}

/// A list of names and contents as the source of a static.
fn list(name: &str, about: &str, mut entries: Vec<(String, String)>) -> String {
    entries.sort();
    let mut text =
        format!("/// {about}, by name in rising order.\nstatic {name}: &[(&str, &[u8])] = &[\n");
    for (name, bytes) in entries {
        let _ = writeln!(text, "    ({name:?}, {bytes}),");
    }
    text.push_str("];\n");
    text
}

fn write(name: &str, text: &str) {
    let out = std::env::var_os("OUT_DIR").map(PathBuf::from);
    let written = out.map(|out| std::fs::write(out.join(name), text));
    assert!(
        matches!(written, Some(Ok(()))),
        "the list {name} cannot be written"
    );
}

fn include(path: &Path) -> Option<String> {
    Some(format!("include_bytes!({:?})", path.to_str()?))
}

fn documents() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let docs = top.join("docs");
    println!("cargo:rerun-if-changed={}", docs.display());
    let mut files = Vec::new();
    walk(&docs, &mut files);
    files.retain(|path| is_document(path));
    files.extend(
        [
            "README.md",
            "ARCHITECTURE.md",
            "SECURITY.md",
            "CONTRIBUTING.md",
            "STYLE.md",
            "CHANGELOG.md",
        ]
        .map(|name| top.join(name)),
    );
    for path in &files {
        println!("cargo:rerun-if-changed={}", path.display());
    }
    let entries = files.iter().filter_map(|path| {
        let name = path.strip_prefix(&top).ok()?.to_str()?.replace('\\', "/");
        Some((name, include(path)?))
    });
    write(
        "documents.rs",
        &list("DOCUMENTS", "The documents", entries.collect()),
    );
}

fn main() {
    documents();
    pages();
}

fn pages() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist");
    println!("cargo:rerun-if-changed={}", root.display());
    println!("cargo:rerun-if-changed=build.rs");
    let mut files = Vec::new();
    walk(&root, &mut files);
    let mut pages: Vec<(String, String)> = files
        .iter()
        .filter_map(|path| {
            let name = path.strip_prefix(&root).ok()?.to_str()?.replace('\\', "/");
            Some((name, include(path)?))
        })
        .collect();
    if !pages.iter().any(|(name, _)| name == "index.html") {
        pages.push((
            "index.html".to_owned(),
            format!("{PLACEHOLDER:?}.as_bytes()"),
        ));
    }
    write("pages.rs", &list("PAGES", "The pages", pages));
}
