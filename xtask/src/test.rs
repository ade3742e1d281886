//! `cargo xtask test`: every check, in order, each with its time; the last line counts.

use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::run::{self, Log};
use crate::stages::{Context, Outcome, STAGES, Stage};
use crate::workspace;

/// Lines of a failed stage's log that are shown; the whole log lies under the named path.
const SHOWN_LINES: usize = 200;

/// What the command line asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    fast: bool,
    install: bool,
    list: bool,
    stages: Vec<String>,
}

/// One stage that ran.
struct Row {
    name: &'static str,
    outcome: Outcome,
    time: Duration,
}

/// Runs the asked stages and prints the closing line.
pub(crate) fn main(arguments: &[String]) -> Result<(), String> {
    let asked = Asked::parse(arguments)?;
    if asked.list {
        for stage in STAGES {
            println!("{:<10} {}", stage.name, stage.about);
        }
        return Ok(());
    }
    let chosen: Vec<&Stage> = STAGES.iter().filter(|stage| asked.wants(stage)).collect();
    let scratch = workspace::scratch_dir()?;
    let mut rows = Vec::new();
    let started = Instant::now();
    for (index, stage) in chosen.iter().enumerate() {
        print!(
            "[{:>2}/{}] {:<10} {}",
            index + 1,
            chosen.len(),
            stage.name,
            stage.about
        );
        drop(std::io::stdout().flush());
        let log = Log::create(scratch.join(format!("{}.log", stage.name)))?;
        let context = Context {
            root: workspace::root(),
            scratch: scratch.clone(),
            log,
            install: asked.install,
            fast: asked.fast,
        };
        println!();
        rows.push(run_stage(stage, &context));
    }
    println!("\n{}", table(&rows));
    println!("all stages: {}\n", run::minutes(started.elapsed()));
    let (line, failed) = closing_line(&rows);
    println!("{line}");
    drop(std::io::stdout().flush());
    // The closing line stays the last one: the exit code alone says the rest.
    if failed > 0 {
        std::process::exit(1)
    } else {
        Ok(())
    }
}

fn run_stage(stage: &Stage, context: &Context) -> Row {
    let started = Instant::now();
    let outcome = (stage.run)(context).unwrap_or_else(|problem| {
        drop(context.log.note(&problem));
        Outcome::failed(1)
    });
    let time = started.elapsed();
    println!(
        "         {} in {}{}",
        verdict(&outcome),
        run::minutes(time),
        outcome.remark()
    );
    if outcome.failed > 0 {
        let text = context.log.text();
        let lines: Vec<&str> = text.lines().collect();
        let hidden = lines.len().saturating_sub(SHOWN_LINES);
        println!(
            "--- {} (whole log: {})",
            stage.name,
            context.log.path().display()
        );
        lines
            .iter()
            .skip(hidden)
            .for_each(|line| println!("    {line}"));
        println!("---");
    }
    Row {
        name: stage.name,
        outcome,
        time,
    }
}

fn verdict(outcome: &Outcome) -> String {
    match outcome {
        Outcome { passed, failed, .. } if *failed > 0 => {
            format!("FAILED, {passed} passed, {failed} failed")
        }
        Outcome {
            passed: 0, skipped, ..
        } if !skipped.is_empty() => "skipped".to_owned(),
        Outcome { passed, .. } => format!("ok, {passed} passed"),
    }
}

fn table(rows: &[Row]) -> String {
    let lines = rows.iter().map(|row| {
        let Outcome {
            passed,
            failed,
            skipped,
            ..
        } = &row.outcome;
        let time = run::minutes(row.time);
        format!(
            "  {:<10} {time:>13} {passed:>6} passed {failed:>4} failed {:>3} skipped{}",
            row.name,
            skipped.len(),
            row.outcome.remark()
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The last line, and how many failed.
fn closing_line(rows: &[Row]) -> (String, u64) {
    let passed: u64 = rows.iter().map(|row| row.outcome.passed).sum();
    let failed: u64 = rows.iter().map(|row| row.outcome.failed).sum();
    let skipped: usize = rows.iter().map(|row| row.outcome.skipped.len()).sum();
    let skipped = if skipped == 0 {
        String::new()
    } else {
        format!(", {skipped} skipped")
    };
    (format!("{passed} passed, {failed} failed{skipped}"), failed)
}

impl Asked {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let known: Vec<&str> = STAGES.iter().map(|stage| stage.name).collect();
        let mut asked = Self {
            install: ci(),
            ..Self::default()
        };
        for argument in arguments {
            match argument.as_str() {
                "--fast" => asked.fast = true,
                "--install" => asked.install = true,
                "--list" => asked.list = true,
                name if known.contains(&name) => asked.stages.push(name.to_owned()),
                unknown => {
                    return Err(format!(
                        "no stage or option `{unknown}`; stages: {}",
                        known.join(", ")
                    ));
                }
            }
        }
        Ok(asked)
    }

    fn wants(&self, stage: &Stage) -> bool {
        if self.stages.is_empty() {
            !self.fast || stage.fast
        } else {
            self.stages.iter().any(|name| name == stage.name)
        }
    }
}

/// Whether this runs for a continuous integration, which may install packages.
fn ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true" || value == "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(outcome: Outcome) -> Row {
        Row {
            name: "a",
            outcome,
            time: Duration::from_secs(1),
        }
    }

    #[test]
    fn the_closing_line_adds_up() {
        let rows = [row(Outcome::passed(3)), row(Outcome::failed(2))];
        assert_eq!(closing_line(&rows), ("3 passed, 2 failed".to_owned(), 2));
        let rows = [
            row(Outcome::passed(3)),
            row(Outcome::skipped("deny: not installed")),
        ];
        assert_eq!(
            closing_line(&rows),
            ("3 passed, 0 failed, 1 skipped".to_owned(), 0)
        );
    }

    #[test]
    fn stages_are_chosen_by_name_and_by_speed() {
        let parse = |words: &[&str]| {
            Asked::parse(
                &words
                    .iter()
                    .map(|word| (*word).to_owned())
                    .collect::<Vec<_>>(),
            )
        };
        let chosen = |words: &[&str]| {
            let asked = parse(words).unwrap();
            STAGES.iter().filter(|stage| asked.wants(stage)).count()
        };
        assert_eq!(chosen(&[]), STAGES.len());
        assert_eq!(chosen(&["fmt", "unit"]), 2);
        assert!(chosen(&["--fast"]) < STAGES.len());
        assert!(parse(&["units"]).unwrap_err().contains("unit, doctests"));
    }
}
