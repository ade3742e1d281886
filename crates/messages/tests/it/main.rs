//! The texts of all surfaces: every language has the same messages with the same variables, and the Rust programs use each of theirs.

#![expect(
    clippy::unwrap_used,
    reason = "a test that meets something unexpected must fail"
)]

use fluent_syntax::ast::{self, Entry, Expression, InlineExpression, Pattern, PatternElement};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The language that the others are compared with.
const FIRST: &str = "en";
/// The files whose messages Rust sources name; the web's tests see to the others.
const RUST_FILES: [&str; 2] = ["bill.ftl", "terminal.ftl"];
/// Where they are named.
const RUST_SOURCES: [&str; 3] = ["messages", "document", "fairway"];
/// Ids that are put together from a part and a number or word.
const COMPOSED: [(&str, &[&str]); 3] = [
    (
        "bill-month-",
        &[
            "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12",
        ],
    ),
    (
        "bill-credit-",
        &[
            "meter",
            "price",
            "not-the-driver",
            "service",
            "courtesy",
            "dispute",
        ],
    ),
    ("bill-verify-", &["1", "2", "3", "4", "5"]),
];

/// A message by its id, with the variables of its value and attributes.
type Messages = BTreeMap<String, BTreeSet<String>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn variables_of_inline(expression: &InlineExpression<&str>, found: &mut BTreeSet<String>) {
    match expression {
        InlineExpression::VariableReference { id } => {
            found.insert(format!("${}", id.name));
        }
        InlineExpression::MessageReference { id, .. } => {
            found.insert(id.name.to_owned());
        }
        InlineExpression::Placeable { expression } => variables_of(expression, found),
        InlineExpression::FunctionReference { arguments, .. } => {
            for argument in &arguments.positional {
                variables_of_inline(argument, found);
            }
        }
        _ => {}
    }
}

fn variables_of(expression: &Expression<&str>, found: &mut BTreeSet<String>) {
    match expression {
        Expression::Inline(inline) => variables_of_inline(inline, found),
        Expression::Select { selector, variants } => {
            variables_of_inline(selector, found);
            for variant in variants {
                variables_of_pattern(&variant.value, found);
            }
        }
    }
}

fn variables_of_pattern(pattern: &Pattern<&str>, found: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            variables_of(expression, found);
        }
    }
}

fn of_message(message: &ast::Message<&str>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if let Some(value) = &message.value {
        variables_of_pattern(value, &mut found);
    }
    for attribute in &message.attributes {
        found.insert(format!(".{}", attribute.id.name));
        variables_of_pattern(&attribute.value, &mut found);
    }
    found
}

fn read(path: &Path) -> Result<Messages, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let resource = fluent_syntax::parser::parse(text.as_str())
        .map_err(|(_, errors)| format!("{}: {errors:?}", path.display()))?;
    let mut messages = Messages::new();
    for entry in &resource.body {
        if let Entry::Message(message) = entry {
            let id = message.id.name.to_owned();
            if messages.insert(id.clone(), of_message(message)).is_some() {
                return Err(format!("{}: {id} stands twice", path.display()));
            }
        }
    }
    Ok(messages)
}

/// Names of folders or files below a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// What differs between two languages' versions of one file.
fn differences(file: &str, language: &str, ours: &Messages, first: &Messages) -> Vec<String> {
    let mut found = Vec::new();
    for (id, variables) in first {
        match ours.get(id) {
            None => found.push(format!("{language}/{file}: {id} is missing")),
            Some(own) if own != variables => found.push(format!(
                "{language}/{file}: {id} has {own:?}, in {FIRST} {variables:?}"
            )),
            Some(_) => {}
        }
    }
    for id in ours.keys().filter(|id| !first.contains_key(*id)) {
        found.push(format!("{language}/{file}: {id} is not in {FIRST}"));
    }
    found
}

#[test]
fn every_language_has_the_same_messages_with_the_same_variables() {
    let folder = root().join("messages");
    let languages = names(&folder);
    assert_eq!(languages, ["de", "en", "es"]);
    let files = names(&folder.join(FIRST));
    let mut found = Vec::new();
    for language in &languages {
        assert_eq!(names(&folder.join(language)), files, "files of {language}");
        for file in &files {
            let first = read(&folder.join(FIRST).join(file)).unwrap();
            let ours = read(&folder.join(language).join(file)).unwrap();
            found.extend(differences(file, language, &ours, &first));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_planted_difference_is_found() {
    let message = |id: &str, variables: &[&str]| {
        let variables = variables.iter().map(|v| (*v).to_owned()).collect();
        (id.to_owned(), variables)
    };
    let first = Messages::from([message("a", &["$x"]), message("b", &[])]);
    let ours = Messages::from([message("a", &["$y"]), message("c", &[])]);
    assert_eq!(differences("f", "es", &ours, &first).len(), 3);
}

fn sources(folder: &Path, text: &mut String) {
    for name in names(folder) {
        let path = folder.join(&name);
        if path.is_dir() {
            sources(&path, text);
        } else if Path::new(&name).extension().is_some_and(|e| e == "rs") {
            text.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// All texts in quotes that look like the id of a message of `prefix`.
fn named(text: &str, prefix: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for part in text.split('"') {
        let fits = part
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits && part.starts_with(prefix) {
            found.insert(part.to_owned());
        }
    }
    found
}

#[test]
fn every_message_is_used_and_every_used_one_exists() {
    let mut text = String::new();
    for name in RUST_SOURCES {
        sources(&root().join("crates").join(name).join("src"), &mut text);
    }
    for file in RUST_FILES {
        let messages = read(&root().join("messages").join(FIRST).join(file)).unwrap();
        let prefix = format!("{}-", file.trim_end_matches(".ftl"));
        let mut used = named(&text, &prefix);
        for (part, ends) in COMPOSED.iter().filter(|(p, _)| p.starts_with(&prefix)) {
            if text.contains(&format!("\"{part}{{")) {
                used.extend(ends.iter().map(|end| format!("{part}{end}")));
            }
        }
        let known: BTreeSet<String> = messages.keys().cloned().collect();
        let unused: Vec<_> = known.difference(&used).collect();
        let missing: Vec<_> = used.difference(&known).collect();
        assert!(unused.is_empty(), "{file}: nobody says {unused:?}");
        assert!(missing.is_empty(), "{file}: missing {missing:?}");
    }
}
