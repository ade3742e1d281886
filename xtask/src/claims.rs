//! `cargo xtask claims`: numbers in the documents are measured numbers.
//!
//! A document marks a number with a comment behind it, on the same line:
//! `212 ms <!-- claim: ledger/finality_p99 -->`. The last number before the comment must be the figure
//! of that key in `docs/figures`, rounded to the digits that the document writes.

use crate::figures::{self, Figure};
use crate::workspace::{self, Tree};

const OPENING: &str = "<!-- claim:";

/// Checks the documents on the disk, and says what was checked.
pub(crate) fn report() -> Result<String, String> {
    let root = workspace::root();
    let tree = Tree::load(&root)?;
    let (count, problems) = check(&tree, &figures::load(&root)?);
    if problems.is_empty() {
        return Ok(format!("claims: {count} numbers, each as measured"));
    }
    Err(format!(
        "{}\nclaims: {} problems",
        problems.join("\n"),
        problems.len()
    ))
}

/// How many claims there are, and what is wrong with them.
fn check(tree: &Tree, figures: &[Figure]) -> (usize, Vec<String>) {
    let (mut count, mut problems) = (0, Vec::new());
    for file in tree.files.iter().filter(|file| file.ends_in("md")) {
        for (index, line) in file.text.lines().enumerate() {
            for (before, key) in claims(line) {
                count += 1;
                if let Some(problem) = judge(before, key, figures) {
                    problems.push(format!("{}:{}: {problem}", file.path, index + 1));
                }
            }
        }
    }
    (count, problems)
}

/// The claims of a line: the text since the claim before it, and the key.
fn claims(line: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once(OPENING) {
        let Some((key, next)) = after.split_once("-->") else {
            break;
        };
        // Behind a backtick it is an example of how to write one.
        if !before.ends_with('`') {
            found.push((before, key.trim()));
        }
        rest = next;
    }
    found
}

fn judge(before: &str, key: &str, figures: &[Figure]) -> Option<String> {
    let Some(figure) = figures.iter().find(|figure| figure.key == key) else {
        return Some(format!(
            "no figure `{key}` in {}; measure it: cargo xtask bench --json --save",
            figures::FOLDER
        ));
    };
    let Some(written) = last_number(before) else {
        return Some(format!("no number before the claim `{key}`"));
    };
    let claimed: f64 = written.parse().ok()?;
    let close = (figure.value - claimed).abs() <= half_step(&written) * 1.000_001;
    (!close).then(|| format!("claims {written} for `{key}`, measured {}", figure.value))
}

/// The last number in a text, without the commas between its thousands.
fn last_number(text: &str) -> Option<String> {
    let is_part = |character: char| character.is_ascii_digit() || matches!(character, '.' | ',');
    text.split(|character| !is_part(character))
        .map(|part| part.trim_matches(['.', ',']).replace(',', ""))
        .rfind(|part| !part.is_empty())
}

/// Half of the last digit that the writer gave; zeros at the end of a whole number are not digits given.
fn half_step(written: &str) -> f64 {
    let mut step = 0.5;
    match written.split_once('.') {
        Some((_, decimals)) => (0..decimals.len()).for_each(|_| step /= 10.0),
        None => written
            .chars()
            .rev()
            .take_while(|digit| *digit == '0')
            .for_each(|_| step *= 10.0),
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let figures = [
            Figure {
                key: "ledger/p99".to_owned(),
                value: 212.4,
            },
            Figure {
                key: "ledger/rate".to_owned(),
                value: 1087.0,
            },
        ];
        check(&Tree::planted(&[("README.md", text)]), &figures).1
    }

    #[test]
    fn numbers_as_measured_pass() {
        assert_eq!(
            problems(
                "in **212** ms <!-- claim: ledger/p99 --> at 1,090 <!-- claim: ledger/rate -->\n"
            ),
            Vec::<String>::new()
        );
        assert_eq!(
            problems("212.4 <!-- claim: ledger/p99 -->\n"),
            Vec::<String>::new()
        );
        assert_eq!(
            problems("about 1,100. <!-- claim: ledger/rate -->\n"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_number_that_was_not_measured_is_found() {
        assert_eq!(
            problems("211 ms <!-- claim: ledger/p99 -->\n"),
            ["README.md:1: claims 211 for `ledger/p99`, measured 212.4"]
        );
        assert_eq!(problems("x\n1,200 <!-- claim: ledger/rate -->\n").len(), 1);
    }

    #[test]
    fn an_example_in_code_is_no_claim() {
        assert_eq!(
            problems("write `<!-- claim: file/figure -->` behind it\n"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn unknown_figures_and_missing_numbers_are_named() {
        assert_eq!(problems("5 <!-- claim: other/x -->\n").len(), 1);
        assert_eq!(problems("fast <!-- claim: ledger/p99 -->\n").len(), 1);
    }
}
