//! The pages in a real browser against the real programs: stations, members and ledger of the demonstration.

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
    let world = World::start(
        &program,
        context.scratch.join("browser-world"),
        Some(&context.root.join("web/dist")),
        SPEED,
        &context.log,
    )?;
    let done = context.log.run(
        super::web::npm(context)
            .args(["run", "browser", "--", "--reporter", "json"])
            .env("FAIRWAY_DEMO", world.folder())
            .env("FAIRWAY_PROGRAM", program)
            .env("FAIRWAY_CHROMIUM", chromium)
            .env("FAIRWAY_SHOTS", context.scratch.join(SHOTS)),
        LIMIT,
    )?;
    let (passed, failed) = (
        count(&done.output, "numPassedTests"),
        count(&done.output, "numFailedTests"),
    );
    match (done.success, passed, failed) {
        (true, passed, 0) if passed > 0 => Ok(Outcome::passed(passed)),
        (_, passed, failed) if failed > 0 => Ok(Outcome {
            passed,
            ..Outcome::failed(failed)
        }),
        _ => Err(done.how),
    }
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
}
