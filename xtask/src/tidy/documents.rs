//! Rules for the documents: links lead somewhere, decisions are listed.

use super::Finding;
use crate::workspace::{File, Tree};

/// Where the decisions lie.
const DECISIONS: &str = "docs/decisions/";
/// Their index.
const INDEX: &str = "docs/decisions/README.md";

/// Every relative link of a document names a file or folder of the tree.
pub(super) fn links(tree: &Tree, file: &File, findings: &mut Vec<Finding>) {
    let mut fenced = false;
    for (index, line) in file.text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        for target in targets(line) {
            if !target_exists(tree, &file.path, target) {
                findings.push(Finding::error(
                    &file.path,
                    index + 1,
                    format!("link to `{target}`, which does not exist"),
                ));
            }
        }
    }
}

fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', ' ']).next())
}

fn target_exists(tree: &Tree, from: &str, target: &str) -> bool {
    if target.contains("://") || target.starts_with("mailto:") {
        return true;
    }
    let path = target.split('#').next().unwrap_or(target);
    path.is_empty() || resolve(from, path).is_some_and(|path| tree.contains(&path))
}

/// The path that a link means, from the root; `None` when it leaves the project.
fn resolve(from: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// In a table whose last column is headed `Tests`, every row names tests that there are.
pub(super) fn tests_exist(tree: &Tree, file: &File, findings: &mut Vec<Finding>) {
    let mut in_table = false;
    for (index, line) in file.text.lines().enumerate() {
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').collect();
        let last = cells.last().copied().unwrap_or_default().trim();
        if !line.starts_with('|') || last == "Tests" {
            in_table = last == "Tests";
            continue;
        }
        if !in_table || last.starts_with("--") {
            continue;
        }
        let names: Vec<&str> = last.split('`').skip(1).step_by(2).collect();
        let mut wrong = |text: String| {
            findings.push(Finding::error(&file.path, index + 1, text));
        };
        if names.is_empty() {
            wrong("names no test".to_owned());
        }
        for name in names.iter().filter(|name| !is_test(tree, name)) {
            wrong(format!("`{name}` is no test of this tree"));
        }
    }
}

fn is_test(tree: &Tree, name: &str) -> bool {
    let heads = [
        ("rs", format!("fn {name}(")),
        ("ts", format!("test('{name}'")),
    ];
    heads.iter().any(|(ending, head)| {
        tree.files
            .iter()
            .any(|f| f.ends_in(ending) && f.text.contains(head))
    })
}

/// Every decision is linked from the index, and no number is given twice.
pub(super) fn decisions(tree: &Tree, findings: &mut Vec<Finding>) {
    let index = tree.text(INDEX).unwrap_or_default();
    let mut last_number = "";
    for file in &tree.files {
        let Some(name) = file
            .path
            .strip_prefix(DECISIONS)
            .filter(|name| *name != "README.md")
        else {
            continue;
        };
        let number = name.split('-').next().unwrap_or(name);
        if number.len() != 4 || !number.chars().all(|character| character.is_ascii_digit()) {
            findings.push(Finding::error(
                &file.path,
                0,
                "a decision is named NNNN-what-was-decided.md",
            ));
        }
        if number == last_number {
            findings.push(Finding::error(
                &file.path,
                0,
                format!("decision number {number} is given twice"),
            ));
        }
        if !index.contains(&format!("]({name})")) {
            findings.push(Finding::error(
                &file.path,
                0,
                format!("not listed in {INDEX}"),
            ));
        }
        last_number = number;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Finding, check};
    use crate::workspace::Tree;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        check(&Tree::planted(files))
            .iter()
            .map(Finding::show)
            .collect()
    }

    #[test]
    fn a_dead_link_is_found_and_live_ones_pass() {
        let text = "[a](../README.md#top) [b](https://example.org) [c](#here) [d](figures)\n```\n[e](no.md)\n```\n[f](gone.md)\n";
        let found = found(&[
            ("README.md", "x\n"),
            ("docs/a.md", text),
            ("docs/figures/x.json", "{}\n"),
        ]);
        assert_eq!(
            found,
            ["docs/a.md:5: link to `gone.md`, which does not exist"]
        );
    }

    #[test]
    fn a_link_out_of_the_project_is_dead() {
        assert_eq!(found(&[("README.md", "[a](../../other.md)\n")]).len(), 1);
    }

    #[test]
    fn a_table_of_tests_names_tests_that_there_are() {
        let table =
            "| a | Tests |\n|---|---|\n| x | `there` `on_a_page` |\n| y | `gone` |\n| z | none |\n";
        let source = ("crates/model/src/a.rs", "fn there() {}\n");
        let page = ("web/tests/a.test.ts", "test('on_a_page', () => {});\n");
        let found = found(&[("docs/a.md", table), source, page]);
        let about: Vec<&String> = found.iter().filter(|f| f.starts_with("docs/")).collect();
        assert_eq!(
            about,
            [
                "docs/a.md:4: `gone` is no test of this tree",
                "docs/a.md:5: names no test"
            ]
        );
    }

    #[test]
    fn decisions_are_listed_once() {
        let index = ("docs/decisions/README.md", "[one](0001-one.md)\n");
        assert_eq!(
            found(&[("docs/decisions/0001-one.md", "x\n"), index]).len(),
            0
        );
        assert_eq!(
            found(&[
                ("docs/decisions/0001-one.md", "x\n"),
                ("docs/decisions/0002-two.md", "x\n"),
                index
            ])
            .len(),
            1
        );
        let twice = found(&[
            ("docs/decisions/0001-one.md", "x\n"),
            ("docs/decisions/0001-other.md", "x\n"),
            index,
        ]);
        assert_eq!(twice.len(), 2);
        assert_eq!(
            found(&[
                ("docs/decisions/notes.md", "x\n"),
                ("docs/decisions/README.md", "[n](notes.md)\n")
            ])
            .len(),
            1
        );
    }
}
