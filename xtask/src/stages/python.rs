//! A Python environment with pinned packages, kept until the pins change.

use std::path::PathBuf;
use std::process::Command;

use super::{CHECK_LIMIT, Context, PEER_REQUIREMENTS, TYPOS};
use crate::run;

/// The environment's folder; made anew when the pins or the Python changed.
pub(super) fn environment(context: &Context) -> Result<PathBuf, String> {
    let requirements = context.root.join(PEER_REQUIREMENTS);
    let pins = std::fs::read_to_string(&requirements)
        .map_err(|error| format!("cannot read {PEER_REQUIREMENTS}: {error}"))?;
    let python = run::answer("python3", &["--version"])
        .ok_or("python3 is missing: cargo xtask tools --install")?;
    let folder = context.scratch.join("python");
    let (stamp, wanted) = (
        folder.join("pins.txt"),
        format!("{python}\n{TYPOS}\n{pins}"),
    );
    if std::fs::read_to_string(&stamp).is_ok_and(|known| known == wanted) {
        return Ok(folder);
    }
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(&folder);
    context.one_check(&mut make, CHECK_LIMIT)?;
    let mut install = Command::new(folder.join("bin/python"));
    install
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            TYPOS,
            "-r",
        ])
        .arg(&requirements);
    context.one_check(&mut install, CHECK_LIMIT)?;
    std::fs::write(&stamp, wanted)
        .map_err(|error| format!("cannot write {}: {error}", stamp.display()))?;
    Ok(folder)
}
