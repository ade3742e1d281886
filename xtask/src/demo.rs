//! `cargo demo`: everything from a fresh clone to the running demonstration.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::{compile, tools, workspace};

/// What is built: the program alone, in the profile that the tests use too.
pub(crate) const PROGRAM_BUILD: &[&str] = &["-p", "fairway"];

/// Checks the machine, builds, and becomes the demonstration.
pub(crate) fn main(arguments: &[String]) -> Result<(), String> {
    let report = tools::check_for_demo();
    if !report.required_missing.is_empty() {
        return Err(format!(
            "the demo cannot be built on this machine yet:\n{}",
            report.required_missing.join("\n")
        ));
    }
    compile::build(&workspace::root(), "demo", PROGRAM_BUILD)?;
    let program = workspace::target_dir().join("debug/fairway");
    let arguments = arguments
        .strip_prefix(&["--".to_owned()])
        .unwrap_or(arguments);
    // The program takes this process over: its exit code and Ctrl-C are its own.
    let error = Command::new(&program).arg("demo").args(arguments).exec();
    Err(format!("cannot run {}: {error}", program.display()))
}
