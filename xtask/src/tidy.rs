//! `cargo xtask tidy`: rules of the source that a linter cannot express.
//!
//! Each rule is a function from the tree to findings and has a test that plants a violation.

mod code;
mod documents;
mod text;

use crate::workspace::{self, Tree};

/// One thing that a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The file, from the project's root.
    pub(crate) path: String,
    /// The line, counted from 1; 0 when the whole file is meant.
    pub(crate) line: usize,
    /// What is wrong and what would be right.
    pub(crate) message: String,
    /// A warning is printed and does not fail the check.
    pub(crate) warning: bool,
}

impl Finding {
    fn error(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            message: message.into(),
            warning: false,
        }
    }

    fn show(&self) -> String {
        let kind = if self.warning { "warning: " } else { "" };
        format!("{}:{}: {kind}{}", self.path, self.line, self.message)
    }
}

/// Checks the tree on the disk.
pub(crate) fn main() -> Result<(), String> {
    let tree = Tree::load(&workspace::root())?;
    let mut findings = check(&tree);
    findings.extend(code::stale_exceptions(&tree));
    findings.sort_by(|left, right| (&left.path, left.line).cmp(&(&right.path, right.line)));
    let (warnings, errors): (Vec<&Finding>, Vec<&Finding>) =
        findings.iter().partition(|finding| finding.warning);
    for finding in &warnings {
        println!("{}", finding.show());
    }
    if errors.is_empty() {
        println!(
            "tidy: {} files, {} warnings",
            tree.files.len(),
            warnings.len()
        );
        return Ok(());
    }
    let lines: Vec<String> = errors.iter().map(|finding| finding.show()).collect();
    Err(format!(
        "{}\ntidy: {} problems",
        lines.join("\n"),
        lines.len()
    ))
}

/// Every finding of every rule.
fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        text::check(file, &mut findings);
        if file.ends_in("rs") {
            code::check(file, &mut findings);
        }
        if file.ends_in("md") {
            documents::links(tree, file, &mut findings);
        }
    }
    documents::decisions(tree, &mut findings);
    findings
}

/// What the rules say about one planted file.
#[cfg(test)]
fn planted(path: &str, text: &str) -> Vec<String> {
    check(&Tree::planted(&[(path, text)]))
        .iter()
        .map(Finding::show)
        .collect()
}
