//! The pages in a real browser against the real programs: stations, members and ledger of the demonstration.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

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
    let again = files_with_failures(&first);
    if again.is_empty() {
        return Ok(Outcome::passed(passed(&first)));
    }
    // A browser on a busy machine misses a gesture now and then. What fails in a second world too is a fault.
    let second = play.once(&again)?;
    let whole = first.iter().filter(|spec| !again.contains(&spec.file));
    let counted = passed(whole).saturating_add(passed(&second));
    let failures = second.iter().filter(|spec| spec.fault.is_some()).count();
    let note = match failures {
        0 => format!("second try after {}", faults(&first)),
        _ => format!("{}; before: {}", faults(&second), faults(&first)),
    };
    Ok(Outcome {
        passed: counted,
        failed: u64::try_from(failures).unwrap_or(u64::MAX),
        note,
        ..Outcome::default()
    })
}

/// What every try needs.
struct Play<'a> {
    context: &'a Context,
    program: PathBuf,
    chromium: PathBuf,
}

/// One specification that was played.
#[derive(Debug, PartialEq, Eq)]
struct Spec {
    /// Its file's name.
    file: String,
    /// Its own name.
    name: String,
    /// What went wrong and where, in one line; nothing where it passed.
    fault: Option<String>,
}

impl Play<'_> {
    /// Plays some files of specifications, or all, against a world of their own.
    fn once(&self, files: &[String]) -> Result<Vec<Spec>, String> {
        let context = self.context;
        let world = World::start(
            &self.program,
            context.scratch.join("browser-world"),
            Some(&context.root.join("web/dist")),
            SPEED,
            &context.log,
        )?;
        // Times and faults are for the log, and the file is for us.
        let told = context.scratch.join("browser.json");
        drop(std::fs::remove_file(&told));
        let done = context.log.run(
            super::web::npm(context)
                .args(["run", "browser", "--", "--reporter=verbose"])
                .arg("--reporter=json")
                .arg(format!("--outputFile.json={}", told.display()))
                .args(files)
                .env("FAIRWAY_DEMO", world.folder())
                .env("FAIRWAY_PROGRAM", &self.program)
                .env("FAIRWAY_CHROMIUM", &self.chromium)
                .env("FAIRWAY_SHOTS", context.scratch.join(SHOTS)),
            LIMIT,
        )?;
        let report = std::fs::read_to_string(&told)
            .map_err(|error| format!("{}, and no report: {error}", done.how))?;
        let specs = read(&report)?;
        let faultless = specs.iter().all(|spec| spec.fault.is_none());
        if specs.is_empty() || faultless != done.success {
            return Err(done.how);
        }
        Ok(specs)
    }
}

/// What the reporter wrote of each specification.
fn read(report: &str) -> Result<Vec<Spec>, String> {
    let report: Value = serde_json::from_str(report)
        .map_err(|error| format!("the browser's report is not JSON: {error}"))?;
    let specs = list(&report, "/testResults").flat_map(|file| {
        let name = text(file, "/name").rsplit('/').next().unwrap_or_default();
        let results = list(file, "/assertionResults");
        results.map(|result| Spec {
            file: name.to_owned(),
            name: text(result, "/title").to_owned(),
            fault: (text(result, "/status") != "passed")
                .then(|| fault(name, text(result, "/failureMessages/0"))),
        })
    });
    Ok(specs.collect())
}

/// What stands at a JSON pointer; nothing where that is no list.
fn list<'a>(value: &'a Value, at: &str) -> impl Iterator<Item = &'a Value> {
    let found = value.pointer(at).and_then(Value::as_array);
    found.into_iter().flatten()
}

/// What stands at a JSON pointer; empty where that is no text.
fn text<'a>(value: &'a Value, at: &str) -> &'a str {
    let found = value.pointer(at).and_then(Value::as_str);
    found.unwrap_or_default()
}

/// The first line of a message, and the line of the file that it came from.
fn fault(file: &str, message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    let place = message.split_once(&format!("{file}:"));
    let line = place.and_then(|(_, rest)| rest.split(|c: char| !c.is_ascii_digit()).next());
    format!("line {}: {first}", line.unwrap_or("?"))
}

fn passed<'a>(specs: impl IntoIterator<Item = &'a Spec>) -> u64 {
    let passed = specs.into_iter().filter(|spec| spec.fault.is_none());
    u64::try_from(passed.count()).unwrap_or(u64::MAX)
}

fn files_with_failures(specs: &[Spec]) -> Vec<String> {
    let failed = specs.iter().filter(|spec| spec.fault.is_some());
    let mut files: Vec<String> = failed.map(|spec| spec.file.clone()).collect();
    files.dedup();
    files
}

/// Every fault, with the name of its specification.
fn faults(specs: &[Spec]) -> String {
    let faults = specs.iter().filter_map(|spec| {
        let fault = spec.fault.as_deref()?;
        Some(format!("{} {} ({fault})", spec.file, spec.name))
    });
    faults.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"{"numFailedTests":1,"testResults":[
{"assertionResults":[{"status":"passed","title":"a","failureMessages":[]}],"status":"passed","name":"/a/kiosk.spec.ts"},
{"assertionResults":[{"status":"passed","title":"b","failureMessages":[]},
{"status":"failed","title":"c","failureMessages":["Timeout 60000ms\n  at /a/tour.spec.ts:77:3"]}],"status":"failed","name":"/a/tour.spec.ts"}]}"#;

    #[test]
    fn the_reporters_results_are_read() {
        let specs = read(REPORT).unwrap();
        assert_eq!(passed(&specs), 2);
        assert_eq!(files_with_failures(&specs), ["tour.spec.ts"]);
        assert_eq!(faults(&specs), "tour.spec.ts c (line 77: Timeout 60000ms)");
        assert!(read("").is_err());
    }
}
