//! The table of stages, and every name, number and filter that they use.

mod books;
mod browser;
mod cargo_tests;
mod python;
mod schema;
mod web;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::run::{self, Log};
use crate::{claims, layers, postgres, tidy, tools};
use cargo_tests::Tests;
use python::PEERS;

/// One stage of the checks.
pub(crate) struct Stage {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// What it shows, in a few words.
    pub(crate) about: &'static str,
    /// Whether it belongs to the inner loop.
    pub(crate) fast: bool,
    /// Runs it.
    pub(crate) run: fn(&Context) -> Result<Outcome, String>,
}

/// What a stage has to work with.
#[derive(Debug)]
pub(crate) struct Context {
    /// The project's root.
    pub(crate) root: PathBuf,
    /// Our folder below the build folder, kept between runs.
    pub(crate) scratch: PathBuf,
    /// The stage's log.
    pub(crate) log: Log,
    /// Whether missing system packages may be installed.
    pub(crate) install: bool,
    /// Whether only the inner loop was asked for.
    pub(crate) fast: bool,
}

/// What a stage came to.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Checks that passed; a stage that is one check counts 1.
    pub(crate) passed: u64,
    /// Checks that failed.
    pub(crate) failed: u64,
    /// What was not run, each with its name and the line that would make it run.
    pub(crate) skipped: Vec<String>,
    /// Something worth a look, such as a time.
    pub(crate) note: String,
}

/// The stages, in the order in which they run: what is quick and often wrong comes first.
pub(crate) const STAGES: &[Stage] = &[
    Stage {
        name: "tools",
        about: "the programs this machine needs",
        fast: true,
        run: tools_present,
    },
    Stage {
        name: "fmt",
        about: "one form of source text",
        fast: true,
        run: fmt,
    },
    Stage {
        name: "layers",
        about: "who may depend on whom",
        fast: true,
        run: |context| ours(context, layers::report),
    },
    Stage {
        name: "tidy",
        about: "rules of the source",
        fast: true,
        run: |context| ours(context, tidy::report),
    },
    Stage {
        name: "claims",
        about: "numbers in documents are measured",
        fast: true,
        run: |context| ours(context, claims::report),
    },
    Stage {
        name: "typos",
        about: "spelling",
        fast: false,
        run: typos,
    },
    Stage {
        name: "deny",
        about: "licences, sources and bans of dependencies",
        fast: false,
        run: deny,
    },
    Stage {
        name: "web",
        about: "the pages: types, tests, build, budgets of script",
        fast: true,
        run: web::pages,
    },
    Stage {
        name: "clippy",
        about: "lints, warnings refused",
        fast: true,
        run: clippy,
    },
    Stage {
        name: "docs",
        about: "documentation builds, every link leads somewhere",
        fast: false,
        run: docs,
    },
    Stage {
        name: "unit",
        about: "unit and integration tests, SQLite",
        fast: true,
        run: unit,
    },
    Stage {
        name: "doctests",
        about: "examples in the documentation",
        fast: false,
        run: doctests,
    },
    Stage {
        name: "databases",
        about: "the same store tests on PostgreSQL",
        fast: false,
        run: databases,
    },
    Stage {
        name: "sim",
        about: "many seeds of a simulated world",
        fast: true,
        run: sim,
    },
    Stage {
        name: "model",
        about: "the contracts against a second opinion, many seeds",
        fast: true,
        run: model,
    },
    Stage {
        name: "chain",
        about: "many seeds of the consensus that ships, and of liars in it",
        fast: true,
        run: chain,
    },
    Stage {
        name: "peers",
        about: "programs of others as our counterpart",
        fast: false,
        run: peers,
    },
    Stage {
        name: "demo",
        about: "the demonstration, twice, with equal books",
        fast: false,
        run: books::demo,
    },
    Stage {
        name: "schema",
        about: "a running member against its description, by Schemathesis",
        fast: false,
        run: schema::schema,
    },
    Stage {
        name: "browser",
        about: "the pages in Chromium, against real stations and members",
        fast: false,
        run: browser::browser,
    },
];

/// Tests that need a PostgreSQL server; they run the contract of the stores that `unit` runs on SQLite.
const POSTGRES_TESTS: Tests = Tests {
    package: None,
    names: &["postgres_"],
};
/// The variable that gives those tests a server: its URL without a database, where they may create their own.
const POSTGRES_VARIABLE: &str = "FAIRWAY_TEST_POSTGRES";

/// The tests of the simulator.
const SIM_TESTS: Tests = Tests {
    package: Some("fairway-sim"),
    names: &[],
};
/// The variable that says how many seeds they run.
const SIM_VARIABLE: &str = "FAIRWAY_SIM_SEEDS";
/// Seeds in a whole run, and in the inner loop.
const SIM_SEEDS: u32 = 256;
const SIM_SEEDS_FAST: u32 = 16;

/// The tests of the reference model, and the variable that says how many seeds they run.
const MODEL_TESTS: Tests = Tests {
    package: Some("fairway-reference"),
    names: &[],
};
const MODEL_VARIABLE: &str = "FAIRWAY_MODEL_SEEDS";
const MODEL_SEEDS: u32 = 256;
const MODEL_SEEDS_FAST: u32 = 64;

/// The tests of the simulated consortium, consensus included, and the variable that says how many seeds they run.
const CHAIN_TESTS: Tests = Tests {
    package: Some("fairway-chain-sim"),
    names: &[],
};
const CHAIN_VARIABLE: &str = "FAIRWAY_CHAIN_SEEDS";
const CHAIN_SEEDS: u32 = 32;
const CHAIN_SEEDS_FAST: u32 = 12;

/// Tests in which a program that nobody here wrote is the other side.
const PEER_TESTS: Tests = Tests {
    package: None,
    names: &["peer_"],
};
/// The variable that gives those tests a Python with the pinned packages.
const PEER_VARIABLE: &str = "FAIRWAY_PEER_PYTHON";

/// The demonstration, and the line of its output that must be equal in both runs.
const DEMO_ARGUMENTS: &[&str] = &["demo", "--headless", "--seed", "7"];
const BOOKS_PREFIX: &str = "books ";

/// Time limits: of a check without a build, of anything that may have to build everything, and of one
/// run of the demonstration.
const CHECK_LIMIT: Duration = Duration::from_mins(10);
const BUILD_LIMIT: Duration = Duration::from_mins(45);
const DEMO_LIMIT: Duration = Duration::from_mins(10);

impl Outcome {
    /// So many checks passed.
    pub(crate) fn passed(count: u64) -> Self {
        Self {
            passed: count,
            ..Self::default()
        }
    }

    /// So many checks failed.
    pub(crate) fn failed(count: u64) -> Self {
        Self {
            failed: count,
            ..Self::default()
        }
    }

    /// Nothing could be run, for this reason.
    pub(crate) fn skipped(reason: &str) -> Self {
        Self {
            skipped: vec![reason.to_owned()],
            ..Self::default()
        }
    }

    /// The note and what was skipped, as an ending of a line.
    pub(crate) fn remark(&self) -> String {
        let note = (!self.note.is_empty()).then(|| self.note.clone());
        let skipped = self
            .skipped
            .iter()
            .map(|reason| format!("skipped: {reason}"));
        let remarks: Vec<String> = note.into_iter().chain(skipped).collect();
        if remarks.is_empty() {
            String::new()
        } else {
            format!("  ({})", remarks.join("; "))
        }
    }
}

impl Context {
    /// Runs a command that is one check: its exit code decides.
    fn one_check(&self, command: &mut Command, limit: Duration) -> Result<Outcome, String> {
        let done = self.log.run(command, limit)?;
        if done.success {
            Ok(Outcome::passed(1))
        } else {
            Err(done.how)
        }
    }

    fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = run::cargo(&self.root);
        command.args(arguments);
        command
    }
}

/// A check of this program itself.
fn ours(context: &Context, check: fn() -> Result<String, String>) -> Result<Outcome, String> {
    context.log.note(&check()?)?;
    Ok(Outcome::passed(1))
}

fn tools_present(context: &Context) -> Result<Outcome, String> {
    let report = tools::check_for_tests(context.install);
    for line in &report.lines {
        context.log.note(line)?;
        if line.contains("missing") {
            println!("         {line}");
        }
    }
    if report.required_missing.is_empty() {
        Ok(Outcome::passed(1))
    } else {
        Err(report.required_missing.join("\n"))
    }
}

fn fmt(context: &Context) -> Result<Outcome, String> {
    context.one_check(
        &mut context.cargo(&["fmt", "--all", "--check", "--", "--color", "never"]),
        CHECK_LIMIT,
    )
}

fn clippy(context: &Context) -> Result<Outcome, String> {
    let arguments = [
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    context.one_check(&mut context.cargo(&arguments), BUILD_LIMIT)
}

fn docs(context: &Context) -> Result<Outcome, String> {
    let mut command = context.cargo(&["doc", "--locked", "--workspace", "--no-deps"]);
    context.one_check(command.env("RUSTDOCFLAGS", "-D warnings"), BUILD_LIMIT)
}

/// The package whose priced cases the pricing tests read from cargo's registry folder.
const PRICED_CASES: &str = "bench-peers/ocpi-tariffs/Cargo.toml";

fn unit(context: &Context) -> Result<Outcome, String> {
    let fetch = ["fetch", "--locked", "--manifest-path", PRICED_CASES];
    context.one_check(&mut context.cargo(&fetch), CHECK_LIMIT)?;
    cargo_tests::run_without(
        context,
        &[
            PEER_TESTS,
            SIM_TESTS,
            MODEL_TESTS,
            CHAIN_TESTS,
            POSTGRES_TESTS,
        ],
    )
}

fn doctests(context: &Context) -> Result<Outcome, String> {
    cargo_tests::run_examples(context)
}

fn databases(context: &Context) -> Result<Outcome, String> {
    let Some(programs) = tools::postgres_bin() else {
        return Ok(Outcome::skipped(&format!(
            "PostgreSQL is not installed: {}",
            tools::postgres_remedy()
        )));
    };
    let cluster = postgres::Cluster::start(&programs, context.log.path(), false)?;
    cargo_tests::run_only(
        context,
        &POSTGRES_TESTS,
        (POSTGRES_VARIABLE, &cluster.url()),
    )
}

fn sim(context: &Context) -> Result<Outcome, String> {
    seeded(
        context,
        &SIM_TESTS,
        SIM_VARIABLE,
        (SIM_SEEDS, SIM_SEEDS_FAST),
    )
}

fn model(context: &Context) -> Result<Outcome, String> {
    seeded(
        context,
        &MODEL_TESTS,
        MODEL_VARIABLE,
        (MODEL_SEEDS, MODEL_SEEDS_FAST),
    )
}

fn chain(context: &Context) -> Result<Outcome, String> {
    seeded(
        context,
        &CHAIN_TESTS,
        CHAIN_VARIABLE,
        (CHAIN_SEEDS, CHAIN_SEEDS_FAST),
    )
}

/// Tests that are told how many seeds to run: so many in a whole run, so many in the inner loop.
fn seeded(
    context: &Context,
    tests: &Tests,
    variable: &str,
    (whole, fast): (u32, u32),
) -> Result<Outcome, String> {
    let seeds = if context.fast { fast } else { whole };
    let outcome = cargo_tests::run_only(context, tests, (variable, &seeds.to_string()))?;
    Ok(Outcome {
        note: format!("{seeds} seeds"),
        ..outcome
    })
}

fn peers(context: &Context) -> Result<Outcome, String> {
    let python = python::environment(context, &PEERS)?.join("bin/python");
    cargo_tests::run_only(
        context,
        &PEER_TESTS,
        (PEER_VARIABLE, &python.to_string_lossy()),
    )
}

fn typos(context: &Context) -> Result<Outcome, String> {
    let program = python::environment(context, &PEERS)?.join("bin/typos");
    let mut command = Command::new(program);
    context.one_check(
        command
            .current_dir(&context.root)
            .args(["--config", "typos.toml", "--color", "never"]),
        CHECK_LIMIT,
    )
}

fn deny(context: &Context) -> Result<Outcome, String> {
    if let Err(remedy) = tools::deny() {
        return Ok(Outcome::skipped(&format!(
            "cargo-deny is not installed: {remedy}"
        )));
    }
    context.one_check(
        &mut context.cargo(&["deny", "--locked", "check", "bans", "licenses", "sources"]),
        CHECK_LIMIT,
    )
}
