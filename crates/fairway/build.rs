//! Puts the pages of `web/dist` into the program. Where they are not built there is one page that says how.

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

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist");
    println!("cargo:rerun-if-changed={}", root.display());
    println!("cargo:rerun-if-changed=build.rs");
    let mut files = Vec::new();
    walk(&root, &mut files);
    let mut pages: Vec<(String, String)> = files
        .iter()
        .filter_map(|path| {
            let name = path.strip_prefix(&root).ok()?.to_str()?.replace('\\', "/");
            Some((name, format!("include_bytes!({:?})", path.to_str()?)))
        })
        .collect();
    if !pages.iter().any(|(name, _)| name == "index.html") {
        pages.push((
            "index.html".to_owned(),
            format!("{PLACEHOLDER:?}.as_bytes()"),
        ));
    }
    pages.sort();
    let mut text = String::from(
        "/// The pages, by name in rising order.\nstatic PAGES: &[(&str, &[u8])] = &[\n",
    );
    for (name, bytes) in pages {
        let _ = writeln!(text, "    ({name:?}, {bytes}),");
    }
    text.push_str("];\n");
    let out = std::env::var_os("OUT_DIR").map(PathBuf::from);
    let written = out.map(|out| std::fs::write(out.join("pages.rs"), text));
    assert!(
        matches!(written, Some(Ok(()))),
        "the list of pages cannot be written"
    );
}
