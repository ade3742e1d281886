//! `cargo xtask pictures`: the documents' pictures, made of what the last run of the browser's stage photographed.

use crate::{tools, workspace};
use std::process::Command;

/// Where the documents' pictures lie.
const FOLDER: &str = "docs/guide/pictures";

/// Folder of the photographs, below the folder of what commands leave behind.
pub(crate) const SHOTS: &str = "shots";

/// Makes them anew.
pub(crate) fn main() -> Result<(), String> {
    tools::node().map_err(str::to_owned)?;
    let chromium = tools::browser(false)?;
    let root = workspace::root();
    let shots = workspace::scratch_dir()?.join(SHOTS);
    if !shots.is_dir() {
        return Err(format!(
            "there is no {}: run `cargo xtask test browser` first",
            shots.display()
        ));
    }
    let done = Command::new("npm")
        .args(["--silent", "--prefix"])
        .arg(root.join("web"))
        .args(["run", "pictures", "--"])
        .arg(root.join(FOLDER))
        .env("FAIRWAY_SHOTS", shots)
        .env("FAIRWAY_CHROMIUM", chromium)
        .status()
        .map_err(|error| format!("cannot run npm: {error}"))?;
    if done.success() {
        Ok(())
    } else {
        Err(format!("npm run pictures failed: {done}"))
    }
}
