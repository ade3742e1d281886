//! The pages in a real browser against the real programs: stations, members and ledger of the demonstration.

use std::path::PathBuf;
use std::time::Duration;

use super::{BUILD_LIMIT, Context, Outcome};
use crate::demo::PROGRAM_BUILD;
use crate::pictures::SHOTS;
use crate::world::{SPEED, World};
use crate::{tools, workspace};

/// Longest time of all specifications; on a machine of two cores that was busy with other things they took eight and a half minutes.
const LIMIT: Duration = Duration::from_mins(20);

/// Builds the pages and the program, then plays the specifications of `web/tests/e2e`.
pub(super) fn browser(context: &Context) -> Result<Outcome, String> {
    let chromium = match tools::browser(context.install) {
        Ok(found) => found,
        Err(remedy) => return Ok(Outcome::skipped(&remedy)),
    };
    if let Err(remedy) = tools::node() {
        return Ok(Outcome::skipped(&format!(
            "Node.js is missing or too old: {remedy}"
        )));
    }
    super::web::built(context)?;
    let mut build = context.cargo(&["build", "--locked"]);
    context.one_check(build.args(PROGRAM_BUILD), BUILD_LIMIT)?;
    let program = workspace::target_dir().join("debug/fairway");
    let play = Play {
        context,
        program,
        chromium,
    };
    let first = play.once(&[])?;
    if first.failed.is_empty() {
        return Ok(Outcome::passed(first.passed));
    }
    // A browser on a busy machine misses a gesture now and then. What fails in a second world too is a fault.
    let second = play.once(&first.failed)?;
    let passed = first.passed.saturating_add(second.passed);
    let note = format!("second try of {}", first.failed.join(", "));
    Ok(Outcome {
        passed,
        note,
        ..if second.failed.is_empty() {
            Outcome::passed(passed)
        } else {
            Outcome::failed(second.failures)
        }
    })
}

/// What every try needs.
struct Play<'a> {
    context: &'a Context,
    program: PathBuf,
    chromium: PathBuf,
}

/// What a try showed.
struct Played {
    /// Specifications that passed, in files without a failure.
    passed: u64,
    /// Specifications that failed.
    failures: u64,
    /// The files with failures.
    failed: Vec<String>,
}

impl Play<'_> {
    /// Plays some files of specifications, or all, against a world of their own.
    fn once(&self, files: &[String]) -> Result<Played, String> {
        let context = self.context;
        let world = World::start(
            &self.program,
            context.scratch.join("browser-world"),
            Some(&context.root.join("web/dist")),
            SPEED,
            &context.log,
        )?;
        let done = context.log.run(
            super::web::npm(context)
                .args(["run", "browser", "--", "--reporter", "json"])
                .args(files)
                .env("FAIRWAY_DEMO", world.folder())
                .env("FAIRWAY_PROGRAM", &self.program)
                .env("FAIRWAY_CHROMIUM", &self.chromium)
                .env("FAIRWAY_SHOTS", context.scratch.join(SHOTS)),
            LIMIT,
        )?;
        let failures = count(&done.output, "numFailedTests");
        let failed = failed_files(&done.output);
        let all = count(&done.output, "numPassedTests");
        match (done.success, all, failures) {
            (true, 1.., 0) => Ok(Played {
                passed: all,
                failures,
                failed,
            }),
            (_, _, 1..) if !failed.is_empty() => Ok(Played {
                passed: all.saturating_sub(passed_in_failed(&done.output)),
                failures,
                failed,
            }),
            _ => Err(done.how),
        }
    }
}

/// The reporter's results of each file: what stands before the file's status, and its path's last part.
fn files(output: &str) -> impl Iterator<Item = (&str, bool, &str)> {
    output
        .split("{\"assertionResults\":")
        .skip(1)
        .filter_map(|part| {
            let (results, rest) = part.split_once("\"endTime\":")?;
            let (_, status) = rest.split_once("\"status\":\"")?;
            let (_, name) = rest.split_once("\"name\":\"")?;
            let path = name.split('"').next()?;
            let file = path.rsplit('/').next()?;
            Some((results, status.starts_with("failed"), file))
        })
}

fn failed_files(output: &str) -> Vec<String> {
    let failed = files(output).filter(|(_, failed, _)| *failed);
    failed.map(|(_, _, file)| file.to_owned()).collect()
}

/// Specifications that passed in files where another one failed: they are played again.
fn passed_in_failed(output: &str) -> u64 {
    let failed = files(output).filter(|(_, failed, _)| *failed);
    let passed = failed.map(|(results, _, _)| results.matches("\"status\":\"passed\"").count());
    passed.sum::<usize>().try_into().unwrap_or(0)
}

/// A whole number behind a name in the reporter's JSON; 0 where it is not there.
fn count(output: &str, name: &str) -> u64 {
    output
        .rsplit_once(&format!("\"{name}\":"))
        .map(|(_, rest)| rest.trim_start())
        .and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next())
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reporters_numbers_are_read() {
        let output = "> vitest\n{\"numTotalTests\":8,\"numPassedTests\": 7,\"numFailedTests\":1}";
        assert_eq!(count(output, "numPassedTests"), 7);
        assert_eq!(count(output, "numFailedTests"), 1);
        assert_eq!(count("", "numFailedTests"), 0);
    }

    #[test]
    fn the_files_to_try_again_are_found() {
        let output = "{\"numFailedTests\":1,\"testResults\":[\
{\"assertionResults\":[{\"status\":\"passed\"}],\"startTime\":1,\"endTime\":2,\"status\":\"passed\",\"message\":\"\",\"name\":\"/a/kiosk.spec.ts\"},\
{\"assertionResults\":[{\"status\":\"passed\"},{\"status\":\"failed\"}],\"startTime\":1,\"endTime\":2,\"status\":\"failed\",\"message\":\"\",\"name\":\"/a/tour.spec.ts\"}]}";
        assert_eq!(failed_files(output), ["tour.spec.ts"]);
        assert_eq!(passed_in_failed(output), 1);
        assert!(failed_files("").is_empty());
    }
}
