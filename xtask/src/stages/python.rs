//! A Python environment with pinned packages, kept until the pins change.

use std::path::PathBuf;
use std::process::Command;

use super::{CHECK_LIMIT, Context};
use crate::run;

/// What an environment holds.
pub(super) struct Packages {
    /// Its folder below ours.
    folder: &'static str,
    /// The file of pinned packages.
    requirements: &'static str,
    /// One more pinned package.
    beside: Option<&'static str>,
}

/// The other side of the tests with peers, and the spelling checker.
pub(super) const PEERS: Packages = Packages {
    folder: "python",
    requirements: "tests/peers/requirements.txt",
    beside: Some("typos==1.52.0"),
};
/// What judges the API by its description. Alone: its pins and those of the peers know nothing of each other.
pub(super) const SCHEMATHESIS: Packages = Packages {
    folder: "python-schema",
    requirements: "tests/schema/requirements.txt",
    beside: None,
};

/// The environment's folder; made anew when the pins or the Python changed.
pub(super) fn environment(context: &Context, packages: &Packages) -> Result<PathBuf, String> {
    let requirements = context.root.join(packages.requirements);
    let pins = std::fs::read_to_string(&requirements)
        .map_err(|error| format!("cannot read {}: {error}", packages.requirements))?;
    let python = run::answer("python3", &["--version"])
        .ok_or("python3 is missing: cargo xtask tools --install")?;
    let folder = context.scratch.join(packages.folder);
    let beside = packages.beside.unwrap_or_default();
    let (stamp, wanted) = (
        folder.join("pins.txt"),
        format!("{python}\n{beside}\n{pins}"),
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
        ])
        .args(packages.beside)
        .arg("-r")
        .arg(&requirements);
    context.one_check(&mut install, CHECK_LIMIT)?;
    std::fs::write(&stamp, wanted)
        .map_err(|error| format!("cannot write {}: {error}", stamp.display()))?;
    Ok(folder)
}
