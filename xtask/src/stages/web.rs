//! The pages: types and components, their unit tests, the build with its budgets of script.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

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

/// What the build reads, besides its packages.
const SOURCES: &[&str] = &[
    "web/src",
    "web/build",
    "web/vite.config.ts",
    "web/package-lock.json",
    "messages",
];
/// What the build writes last but for its compressed copies.
const BUILT: &str = "web/dist/index.html";

/// Builds the pages and nothing else, for the program that holds them. What is newer than all it was made from stays, because new
/// files would make the program be built again.
pub(super) fn built(context: &Context) -> Result<(), String> {
    install(context)?;
    let made = changed(&context.root.join(BUILT));
    let newest = SOURCES.iter().map(|name| context.root.join(name));
    if made.is_some() && newest.map(newest_below).max().flatten() < made {
        return Ok(());
    }
    context.one_check(npm(context).args(["run", "build"]), CHECK_LIMIT)?;
    Ok(())
}

fn changed(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path)
        .and_then(|found| found.modified())
        .ok()
}

/// When the newest file of a folder changed, or the file itself.
fn newest_below(path: PathBuf) -> Option<SystemTime> {
    let (mut open, mut newest) = (vec![path], None);
    while let Some(path) = open.pop() {
        newest = newest.max(changed(&path));
        let inside = std::fs::read_dir(&path).into_iter().flatten().flatten();
        open.extend(inside.map(|entry| entry.path()));
    }
    newest
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
