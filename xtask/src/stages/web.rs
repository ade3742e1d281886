//! The pages: types and components, their unit tests, the build with its budgets of script.

use std::process::Command;

use super::{BUILD_LIMIT, CHECK_LIMIT, Context, Outcome};
use crate::tools;

/// Folder of the pages.
const FOLDER: &str = "web";
/// What `package.json` calls the checks, in the order of what fails quickest.
const SCRIPTS: &[&str] = &["check", "test", "build"];

/// Installs the pinned packages where the lock has changed, then runs every check.
pub(super) fn pages(context: &Context) -> Result<Outcome, String> {
    if let Err(remedy) = tools::node() {
        return Ok(Outcome::skipped(&format!(
            "Node.js is missing or too old: {remedy}"
        )));
    }
    install(context)?;
    for script in SCRIPTS {
        context.one_check(npm(context).args(["run", script]), CHECK_LIMIT)?;
    }
    Ok(Outcome::passed(
        u64::try_from(SCRIPTS.len()).unwrap_or_default(),
    ))
}

/// Builds the pages and nothing else, for the program that holds them.
pub(super) fn built(context: &Context) -> Result<(), String> {
    install(context)?;
    context.one_check(npm(context).args(["run", "build"]), CHECK_LIMIT)?;
    Ok(())
}

/// Packages lie beside the lock, so that editors find them; the stamp among them says which lock they are of.
fn install(context: &Context) -> Result<(), String> {
    let folder = context.root.join(FOLDER);
    let lock = folder.join("package-lock.json");
    let wanted = std::fs::read_to_string(&lock)
        .map_err(|error| format!("cannot read {}: {error}", lock.display()))?;
    let stamp = folder.join("node_modules").join(".fairway-lock");
    if std::fs::read_to_string(&stamp).is_ok_and(|known| known == wanted) {
        return Ok(());
    }
    context.one_check(
        npm(context).args(["ci", "--no-audit", "--no-fund"]),
        BUILD_LIMIT,
    )?;
    std::fs::write(&stamp, wanted)
        .map_err(|error| format!("cannot write {}: {error}", stamp.display()))
}

/// npm in the folder of the pages.
pub(super) fn npm(context: &Context) -> Command {
    let mut command = Command::new("npm");
    command
        .current_dir(context.root.join(FOLDER))
        .env("NO_COLOR", "1")
        .env("CI", "1");
    command
}
