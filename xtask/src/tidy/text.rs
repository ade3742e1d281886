//! Rules for every text file: length, white space, words.

use super::Finding;
use crate::source;
use crate::workspace::File;

/// A Rust file of more lines fails.
const MOST_LINES: usize = 1000;
/// A Rust file of more lines is named, so that somebody thinks about it.
const MANY_LINES: usize = 500;

/// Words that say that something is unfinished. Written in halves so that this file passes its own rule.
const UNFINISHED: &[&str] = &[
    concat!("FIX", "ME"),
    concat!("TO", "DO"),
    concat!("XX", "X"),
];

/// Words that speak of the machine or the circumstances something was written in.
const OUT_OF_PLACE: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!(".lib", "rary"),
    concat!("this ses", "sion"),
];

/// Data made by others or by programs, which no text rule judges.
const NOT_JUDGED: &[&str] = &["fixtures/", "docs/figures/"];

/// Checks one file.
pub(super) fn check(file: &File, findings: &mut Vec<Finding>) {
    if NOT_JUDGED
        .iter()
        .any(|folder| file.path.starts_with(folder))
    {
        return;
    }
    length(file, findings);
    for (index, line) in file.text.lines().enumerate() {
        let at = |message: String| Finding::error(&file.path, index + 1, message);
        if line.ends_with([' ', '\t']) {
            findings.push(at("white space at the end of the line".to_owned()));
        }
        if let Some(word) = UNFINISHED.iter().find(|word| source::has_word(line, word)) {
            findings.push(at(format!(
                "`{word}`: finish it, or say what is missing in the documents"
            )));
        }
        let lower = line.to_lowercase();
        if let Some(word) = OUT_OF_PLACE.iter().find(|word| lower.contains(**word)) {
            findings.push(at(format!("`{word}` does not belong in the project")));
        }
    }
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        findings.push(Finding::error(
            &file.path,
            file.text.lines().count(),
            "no line end at the end of the file",
        ));
    }
}

fn length(file: &File, findings: &mut Vec<Finding>) {
    let lines = file.text.lines().count();
    if !file.ends_in("rs") || lines <= MANY_LINES {
        return;
    }
    let message = format!(
        "{lines} lines; a file has one job and at most {MOST_LINES} lines, better {MANY_LINES}"
    );
    findings.push(Finding {
        warning: lines <= MOST_LINES,
        ..Finding::error(&file.path, lines, message)
    });
}

#[cfg(test)]
mod tests {
    use super::super::{check as check_tree, planted};
    use super::*;
    use crate::workspace::Tree;

    #[test]
    fn long_files_fail_and_longish_files_warn() {
        let warnings = |lines: usize| {
            let text = "//! Head.\n".repeat(lines);
            check_tree(&Tree::planted(&[("crates/model/src/a.rs", &text)]))
                .iter()
                .map(|finding| finding.warning)
                .collect::<Vec<_>>()
        };
        assert_eq!(warnings(MANY_LINES), Vec::<bool>::new());
        assert_eq!(warnings(MANY_LINES + 1), [true]);
        assert_eq!(warnings(MOST_LINES + 1), [false]);
    }

    #[test]
    fn each_word_is_found_on_its_line() {
        for word in UNFINISHED.iter().chain(OUT_OF_PLACE) {
            let found = planted("docs/a.md", &format!("fine\nsee {word} there\n"));
            assert_eq!(found.len(), 1, "{word}");
            assert!(
                found.iter().all(|line| line.starts_with("docs/a.md:2:")),
                "{found:?}"
            );
        }
    }

    #[test]
    fn white_space_is_found() {
        assert_eq!(planted("a.toml", "a = 1 \n").len(), 1);
        assert_eq!(planted("a.toml", "a = 1").len(), 1);
        assert_eq!(planted("fixtures/a.txt", "a \n").len(), 0);
    }
}
