//! The description of the API against a running member: Schemathesis, a program of others, asks what the description allows and much
//! that it does not, and judges every answer by it.

use std::process::Command;
use std::time::Duration;

use super::python::{self, SCHEMATHESIS};
use super::{BUILD_LIMIT, Context, Outcome};
use crate::demo::PROGRAM_BUILD;
use crate::workspace;
use crate::world::{SPEED, World};

/// Who asks what.
const SCRIPT: &str = "tests/schema/check.py";
/// What the members serve and clients are made from.
const DESCRIPTION: &str = "openapi/fairway.json";
/// Longest time of all runs: they take minutes on a quiet machine of two cores, and many times as long where forty other programs want them.
const LIMIT: Duration = Duration::from_mins(30);
/// How the script's last line begins.
const RESULT: &str = "schema: ";

/// Builds the program, starts the demonstration, asks.
pub(super) fn schema(context: &Context) -> Result<Outcome, String> {
    let python = python::environment(context, &SCHEMATHESIS)?.join("bin/python");
    let mut build = context.cargo(&["build", "--locked"]);
    context.one_check(build.args(PROGRAM_BUILD), BUILD_LIMIT)?;
    let program = workspace::target_dir().join("debug/fairway");
    let world = World::start(
        &program,
        context.scratch.join("schema-world"),
        None,
        SPEED,
        &context.log,
    )?;
    let mut command = Command::new(python);
    command
        .current_dir(&context.root)
        .arg(SCRIPT)
        .arg(world.folder())
        .arg(DESCRIPTION)
        .arg(context.scratch.join("schema"));
    let done = context.log.run(&mut command, LIMIT)?;
    match result(&done.output) {
        Some((passed, 0)) if done.success => Ok(Outcome::passed(passed)),
        Some((passed, failed)) if failed > 0 => Ok(Outcome {
            passed,
            ..Outcome::failed(failed)
        }),
        _ => Err(done.how),
    }
}

/// Operations that passed, and failures, from the script's last line.
fn result(output: &str) -> Option<(u64, u64)> {
    let line = output.lines().rev().find_map(|l| l.strip_prefix(RESULT))?;
    let number = |behind: &str| {
        let (before, _) = line.split_once(behind)?;
        before.split_whitespace().next_back()?.parse().ok()
    };
    Some((number(" operations passed")?, number(" failed")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_read() {
        let text = "asked\nschema: 55 operations passed, 2 failed, 2462 requests\n";
        assert_eq!(result(text), Some((55, 2)));
        assert_eq!(result("Traceback"), None);
    }
}
