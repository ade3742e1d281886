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

/// Checks the tree on the disk, and says what was checked.
pub(crate) fn report() -> Result<String, String> {
    let tree = Tree::load(&workspace::root())?;
    let mut findings = check(&tree);
    findings.extend(code::stale_exceptions(&tree));
    findings.sort_by(|left, right| (&left.path, left.line).cmp(&(&right.path, right.line)));
    let errors = findings.iter().filter(|finding| !finding.warning).count();
    let mut lines: Vec<String> = findings.iter().map(Finding::show).collect();
    if errors == 0 {
        lines.push(format!(
            "tidy: {} files, {} warnings",
            tree.files.len(),
            findings.len()
        ));
        return Ok(lines.join("\n"));
    }
    lines.push(format!("tidy: {errors} problems"));
    Err(lines.join("\n"))
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
            documents::tests_exist(tree, file, &mut findings);
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
