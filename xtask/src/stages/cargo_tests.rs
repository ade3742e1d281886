//! Runs tests through cargo-nextest, or through `cargo test` where that is missing, and counts.
//!
//! Always the whole workspace is built and a filter chooses, so that no stage asks for libraries with
//! other features than the stage before it, which would build them again.

use super::{BUILD_LIMIT, Context, Outcome};
use crate::run::Finished;
use crate::tools;

/// A set of tests: those of one package or of all, whose names begin with one of these words behind their
/// module's path; no word means every name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tests {
    pub(super) package: Option<&'static str>,
    pub(super) names: &'static [&'static str],
}

impl Tests {
    /// The set in nextest's language.
    fn expression(&self) -> String {
        let package = self
            .package
            .map_or_else(|| "all()".to_owned(), |name| format!("package(={name})"));
        if self.names.is_empty() {
            return package;
        }
        let names: Vec<String> = self
            .names
            .iter()
            .map(|name| format!("test(/(^|::){name}/)"))
            .collect();
        format!("({package} & ({}))", names.join(" | "))
    }
}

/// Runs every test that is in none of the sets.
pub(super) fn run_without(context: &Context, sets: &[Tests]) -> Result<Outcome, String> {
    if tools::has_nextest() {
        let sets: Vec<String> = sets.iter().map(Tests::expression).collect();
        return nextest(context, &format!("not ({})", sets.join(" | ")), None);
    }
    let mut command = context.cargo(&[
        "test",
        "--locked",
        "--no-fail-fast",
        "--workspace",
        "--lib",
        "--bins",
        "--tests",
    ]);
    for set in sets.iter().filter(|set| set.names.is_empty()) {
        command.arg("--exclude").args(set.package);
    }
    command.arg("--");
    for name in sets.iter().flat_map(|set| set.names) {
        command.args(["--skip", name]);
    }
    outcome(&context.log.run(&mut command, BUILD_LIMIT)?, count_libtest)
}

/// Runs one set with a variable set. No test at all is a failure: a renamed test would vanish unseen.
pub(super) fn run_only(
    context: &Context,
    set: &Tests,
    variable: (&str, &str),
) -> Result<Outcome, String> {
    if tools::has_nextest() {
        return nextest(context, &set.expression(), Some(variable));
    }
    let mut command = context.cargo(&[
        "test",
        "--locked",
        "--no-fail-fast",
        "--lib",
        "--bins",
        "--tests",
    ]);
    match set.package {
        Some(package) => command.args(["-p", package]),
        None => command.arg("--workspace"),
    };
    command
        .arg("--")
        .args(set.names)
        .env(variable.0, variable.1);
    let outcome = outcome(&context.log.run(&mut command, BUILD_LIMIT)?, count_libtest)?;
    if outcome.passed + outcome.failed == 0 {
        Err(format!("no test matches {}", set.expression()))
    } else {
        Ok(outcome)
    }
}

/// Runs the examples in the documentation of all crates.
pub(super) fn run_examples(context: &Context) -> Result<Outcome, String> {
    let mut command =
        context.cargo(&["test", "--locked", "--no-fail-fast", "--workspace", "--doc"]);
    outcome(&context.log.run(&mut command, BUILD_LIMIT)?, count_libtest)
}

fn nextest(
    context: &Context,
    expression: &str,
    variable: Option<(&str, &str)>,
) -> Result<Outcome, String> {
    let mut command = context.cargo(&[
        "nextest",
        "run",
        "--locked",
        "--workspace",
        "--no-fail-fast",
        "--no-tests",
        "fail",
    ]);
    command.args([
        "--failure-output",
        "final",
        "--status-level",
        "slow",
        "--hide-progress-bar",
        "-E",
        expression,
    ]);
    command.envs(variable);
    outcome(&context.log.run(&mut command, BUILD_LIMIT)?, count_nextest)
}

/// The counts, and never a pass where the command itself failed.
fn outcome(done: &Finished, count: fn(&str) -> (u64, u64)) -> Result<Outcome, String> {
    let (passed, failed) = count(&done.output);
    match (done.success, passed + failed, failed) {
        (true, 0, _) => Ok(Outcome {
            note: "nothing to run".to_owned(),
            ..Outcome::default()
        }),
        (false, 0, _) => Err(done.how.clone()),
        (false, _, 0) => Ok(Outcome {
            passed,
            failed: 1,
            note: done.how.clone(),
            ..Outcome::default()
        }),
        (_, _, _) => Ok(Outcome {
            passed,
            failed,
            ..Outcome::default()
        }),
    }
}

/// Counts from nextest's line `Summary [ 1.2s] 12 tests run: 10 passed (1 slow), 2 failed, 3 skipped`.
fn count_nextest(output: &str) -> (u64, u64) {
    let summary = output
        .lines()
        .rfind(|line| line.trim_start().starts_with("Summary ["));
    let counts = summary
        .and_then(|line| line.split_once("run:"))
        .map(|(_, counts)| counts)
        .unwrap_or_default();
    let (mut passed, mut failed) = (0, 0);
    for part in without_parentheses(counts).split(',') {
        let Some((number, word)) = part.trim().split_once(' ') else {
            continue;
        };
        let number: u64 = number.parse().unwrap_or(0);
        match word.trim() {
            "passed" => passed += number,
            "skipped" => {}
            _ => failed += number,
        }
    }
    (passed, failed)
}

fn without_parentheses(text: &str) -> String {
    let mut depth = 0_usize;
    text.chars()
        .filter(|character| {
            depth += usize::from(*character == '(');
            let keep = depth == 0;
            depth = depth.saturating_sub(usize::from(*character == ')'));
            keep
        })
        .collect()
}

/// Adds up libtest's lines `test result: ok. 3 passed; 0 failed; 1 ignored; ...`.
fn count_libtest(output: &str) -> (u64, u64) {
    let (mut passed, mut failed) = (0, 0);
    for line in output
        .lines()
        .filter(|line| line.starts_with("test result:"))
    {
        let words: Vec<&str> = line.split_whitespace().collect();
        for (number, word) in words.iter().zip(words.iter().skip(1)) {
            let number: u64 = number.parse().unwrap_or(0);
            match *word {
                "passed;" => passed += number,
                "failed;" => failed += number,
                _ => {}
            }
        }
    }
    (passed, failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nextest_is_counted() {
        let line = "     Summary [  12.3s] 14 tests run: 10 passed (1 slow, 1 flaky), 3 failed, 1 timed out, 7 skipped\n";
        assert_eq!(count_nextest(line), (10, 4));
        assert_eq!(
            count_nextest("     Summary [   0.1s] 1 test run: 1 passed, 0 skipped\n"),
            (1, 0)
        );
        assert_eq!(count_nextest("error: could not compile\n"), (0, 0));
    }

    #[test]
    fn libtest_is_counted() {
        let text = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured\nx\ntest result: FAILED. 1 passed; 2 failed; 0 ignored\n";
        assert_eq!(count_libtest(text), (4, 2));
    }

    #[test]
    fn a_failed_command_never_passes() {
        let done = |success, output: &str| Finished {
            success,
            how: "exit 101".to_owned(),
            output: output.to_owned(),
        };
        let ok = "test result: ok. 3 passed; 0 failed;";
        assert_eq!(
            outcome(&done(false, "error"), count_libtest),
            Err("exit 101".to_owned())
        );
        assert_eq!(outcome(&done(false, ok), count_libtest).unwrap().failed, 1);
        assert_eq!(
            outcome(&done(true, ok), count_libtest).unwrap(),
            Outcome::passed(3)
        );
    }

    #[test]
    fn sets_read_as_nextest_expressions() {
        let set = Tests {
            package: None,
            names: &["peer_", "postgres_"],
        };
        assert_eq!(
            set.expression(),
            "(all() & (test(/(^|::)peer_/) | test(/(^|::)postgres_/)))"
        );
        assert_eq!(
            Tests {
                package: Some("fairway-sim"),
                names: &[]
            }
            .expression(),
            "package(=fairway-sim)"
        );
    }
}
