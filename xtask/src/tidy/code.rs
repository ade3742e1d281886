//! Rules for Rust source: what core and money crates may not name, and attributes that hide things.

use super::Finding;
use crate::source;
use crate::workspace::{File, Tree};

/// Crates without I/O, clock, chance, floats and hash order.
const CORE: &[&str] = &[
    "model",
    "messages",
    "document",
    "protocol",
    "station",
    "gateway",
    "aaa",
    "pricing",
    "forecast",
    "training",
    "ledger",
    "utility",
    "sim",
    "reference",
];

/// Crates that count money: besides, no `as` casts, which can lose digits without a word.
const MONEY: &[&str] = &["model", "pricing", "ledger"];

/// What core crates may not name, and what is right instead.
const NOT_IN_CORE: &[(&str, &str)] = &[
    ("std::fs", "files are the shell's; data arrives as input"),
    (
        "std::net",
        "sockets are the shell's; what must leave is an effect",
    ),
    (
        "std::env",
        "configuration is read in the shell and arrives as a value",
    ),
    ("std::process", "processes are the shell's"),
    (
        "std::thread",
        "one machine, one thread; the shell drives it",
    ),
    ("SystemTime", "time is an argument"),
    ("Instant", "time is an argument"),
    (
        "HashMap",
        "iteration order differs between runs; use BTreeMap",
    ),
    (
        "HashSet",
        "iteration order differs between runs; use BTreeSet",
    ),
    ("f32", "floats differ between machines; use integers"),
    ("f64", "floats differ between machines; use integers"),
];

/// Modules of `std` that may also hide in a grouped `use`.
const STD_MODULES: &[&str] = &["fs", "net", "env", "process", "thread"];

/// The types that an `as` cast of numbers goes to.
const NUMBERS: &[&str] = &[
    "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32",
    "f64",
];

/// Attributes and phrases that hide a problem instead of solving it.
const HIDING: &[(&str, &str)] = &[
    (
        "#[allow(",
        "use `#[expect(.., reason = \"..\")]`, which also says when it is no longer needed",
    ),
    (
        "#![allow(",
        "use `#![expect(.., reason = \"..\")]`, which also says when it is no longer needed",
    ),
    ("#[ignore", "a test that does not run guards nothing"),
    ("assert!(true", "a test that cannot fail guards nothing"),
];

/// A place where a core rule is lifted, with the reason. One that is no longer needed fails the check.
struct Exception {
    path: &'static str,
    word: &'static str,
    reason: &'static str,
}

/// All lifted places.
const EXCEPTIONS: &[Exception] = &[Exception {
    path: "crates/document/src/draw.rs",
    word: "f32",
    reason: "the PDF library's coordinates; each is made from a whole number there and read by nobody",
}];

/// Checks one Rust file.
pub(super) fn check(file: &File, findings: &mut Vec<Finding>) {
    let code = source::code_only(&file.text);
    for (index, line) in code.lines().enumerate() {
        let squeezed: String = line
            .chars()
            .filter(|character| !character.is_whitespace())
            .collect();
        for (mark, advice) in HIDING.iter().filter(|(mark, _)| squeezed.contains(mark)) {
            findings.push(Finding::error(
                &file.path,
                index + 1,
                format!("`{mark}`: {advice}"),
            ));
        }
    }
    head(file, findings);
    let Some(name) = crate_of(&file.path) else {
        return;
    };
    if is_test(&file.path) {
        return;
    }
    let code = source::without_tests(&code);
    if CORE.contains(&name) {
        core(file, &code, findings);
    }
    if MONEY.contains(&name) {
        casts(file, &code, findings);
    }
}

/// Exceptions whose file no longer needs them.
pub(super) fn stale_exceptions(tree: &Tree) -> Vec<Finding> {
    EXCEPTIONS
        .iter()
        .filter(|exception| {
            !tree.text(exception.path).is_some_and(|text| {
                let code = source::without_tests(&source::code_only(text));
                code.lines()
                    .any(|line| source::has_word(line, exception.word))
            })
        })
        .map(|exception| {
            let message = format!(
                "exception for `{}` ({}) is no longer needed",
                exception.word, exception.reason
            );
            Finding::error(exception.path, 0, message)
        })
        .collect()
}

fn crate_of(path: &str) -> Option<&str> {
    path.strip_prefix("crates/")?.split('/').next()
}

fn is_test(path: &str) -> bool {
    path.split('/')
        .any(|part| matches!(part, "tests" | "tests.rs" | "benches" | "examples"))
}

fn head(file: &File, findings: &mut Vec<Finding>) {
    let is_root = crate_of(&file.path).is_some()
        && (file.path.ends_with("/src/lib.rs") || file.path.ends_with("/src/main.rs"));
    if is_root && !file.text.starts_with("//!") {
        let message = "a crate begins with `//!`: its purpose, its invariant, how it is tested";
        findings.push(Finding::error(&file.path, 1, message));
    }
}

fn core(file: &File, code: &str, findings: &mut Vec<Finding>) {
    for (index, line) in code.lines().enumerate() {
        for (word, advice) in NOT_IN_CORE
            .iter()
            .filter(|(word, _)| source::has_word(line, word))
        {
            let lifted = EXCEPTIONS
                .iter()
                .any(|known| known.path == file.path && known.word == *word);
            if !lifted {
                findings.push(Finding::error(
                    &file.path,
                    index + 1,
                    format!("`{word}` in a core crate: {advice}"),
                ));
            }
        }
    }
    for (position, _) in code.match_indices("std::{") {
        let (before, group) = code.split_at(position);
        let group = group.split(';').next().unwrap_or(group);
        for module in STD_MODULES
            .iter()
            .filter(|module| source::has_word(group, module))
        {
            let line = before.lines().count().max(1);
            findings.push(Finding::error(
                &file.path,
                line,
                format!("`std::{module}` in a core crate"),
            ));
        }
    }
}

fn casts(file: &File, code: &str, findings: &mut Vec<Finding>) {
    for (index, line) in code.lines().enumerate() {
        let words: Vec<&str> = line
            .split(|character: char| !character.is_alphanumeric() && character != '_')
            .collect();
        let target = words
            .iter()
            .zip(words.iter().skip(1))
            .find_map(|(word, next)| (*word == "as" && NUMBERS.contains(next)).then_some(*next));
        if let Some(target) = target {
            let message = format!(
                "`as {target}` in a money crate: use `from` or `try_from`, which cannot lose digits"
            );
            findings.push(Finding::error(&file.path, index + 1, message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::planted;
    use super::*;

    const HEAD: &str = "//! Head.\n";

    #[test]
    fn each_word_is_refused_in_core_code_and_allowed_elsewhere() {
        for (word, _) in NOT_IN_CORE {
            let body = format!("{HEAD}type A = {word};\n");
            assert_eq!(planted("crates/model/src/lib.rs", &body).len(), 1, "{word}");
            assert_eq!(
                planted("crates/fairway/src/main.rs", &body).len(),
                0,
                "{word}"
            );
            let tested = format!("{HEAD}#[cfg(test)]\nmod tests {{ type A = {word}; }}\n");
            assert_eq!(
                planted("crates/model/src/lib.rs", &tested).len(),
                0,
                "{word}"
            );
            let said = format!("{HEAD}// {word}\nconst A: &str = \"{word}\";\n");
            assert_eq!(planted("crates/model/src/lib.rs", &said).len(), 0, "{word}");
        }
    }

    #[test]
    fn a_grouped_use_does_not_hide_a_module() {
        let body = format!("{HEAD}use std::{{\n    collections::BTreeMap,\n    fs,\n}};\n");
        assert_eq!(
            planted("crates/aaa/src/lib.rs", &body),
            ["crates/aaa/src/lib.rs:2: `std::fs` in a core crate"]
        );
    }

    #[test]
    fn casts_are_refused_where_money_is_counted() {
        let body = format!("{HEAD}fn a(b: u8) -> u64 {{ b as u64 }}\nuse c as d;\n");
        assert_eq!(planted("crates/ledger/src/lib.rs", &body).len(), 1);
        assert_eq!(planted("crates/station/src/lib.rs", &body).len(), 0);
    }

    #[test]
    fn hidden_problems_are_refused() {
        for body in [
            "#[allow(dead_code)]\nfn a() {}\n",
            "#[ignore]\nfn a() {}\n",
            "fn a() { assert!(true); }\n",
        ] {
            assert_eq!(planted("crates/fairway/src/a.rs", body).len(), 1, "{body}");
        }
        assert_eq!(
            planted(
                "crates/fairway/src/a.rs",
                "#[expect(dead_code, reason = \"..\")]\nfn a() {}\n"
            )
            .len(),
            0
        );
    }

    #[test]
    fn a_crate_without_a_head_is_refused() {
        assert_eq!(planted("crates/aaa/src/lib.rs", "fn a() {}\n").len(), 1);
    }

    #[test]
    fn every_exception_gives_a_reason() {
        for exception in EXCEPTIONS {
            assert!(
                !exception.reason.is_empty() && !exception.word.is_empty(),
                "{}",
                exception.path
            );
        }
    }
}
