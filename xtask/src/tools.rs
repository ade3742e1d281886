//! What must be installed on a machine, and the one line that installs it.

use std::path::PathBuf;
use std::process::Command;

use crate::run;

/// The oldest compiler that builds the project.
const RUST: (u32, u32) = (1, 95);

/// One program that some command needs.
struct Tool {
    name: &'static str,
    needed_for: &'static str,
    /// Without it nothing works; otherwise only the named stages are skipped.
    required: bool,
    /// Debian packages that bring it; none when it does not come from there.
    debian: &'static [&'static str],
    /// What to do where there is no `apt-get`.
    elsewhere: &'static str,
    /// What is found, in words.
    probe: fn() -> Option<String>,
}

const RUSTC: Tool = Tool {
    name: "rustc 1.95 or newer",
    needed_for: "everything",
    required: true,
    debian: &[],
    elsewhere: "rustup toolchain install 1.95 && rustup default 1.95",
    probe: rustc,
};

const CC: Tool = Tool {
    name: "a C compiler",
    needed_for: "SQLite, TLS and the consensus engine",
    required: true,
    debian: &["gcc", "libc6-dev"],
    elsewhere: "install a C compiler that answers to `cc` (macOS: xcode-select --install)",
    probe: || run::answer("cc", &["--version"]).map(first_line),
};

const PYTHON: Tool = Tool {
    name: "Python 3 with venv",
    needed_for: "stages peers, typos",
    required: true,
    debian: &["python3", "python3-venv"],
    elsewhere: "install Python 3.10 or newer (macOS: brew install python)",
    probe: python,
};

const POSTGRES: Tool = Tool {
    name: "PostgreSQL server programs",
    needed_for: "stage databases",
    required: false,
    debian: &["postgresql"],
    elsewhere: "install PostgreSQL 14 or newer (macOS: brew install postgresql)",
    probe: || postgres_bin().map(|folder| folder.display().to_string()),
};

const NODE: Tool = Tool {
    name: "Node.js 20.19 or newer with npm",
    needed_for: "stages web, browser",
    required: false,
    debian: &["nodejs", "npm"],
    elsewhere: "install Node.js 20.19 or newer from https://nodejs.org (macOS: brew install node)",
    probe: node_and_npm,
};

const CHROMIUM: Tool = Tool {
    name: "Chromium",
    needed_for: "stage browser",
    required: false,
    // The fonts hold the letters of every language that the pages speak.
    debian: &["chromium", "fonts-noto-core"],
    elsewhere: "install Chromium and set FAIRWAY_CHROMIUM to its program",
    probe: || chromium().map(|path| path.display().to_string()),
};

const NEXTEST: Tool = Tool {
    name: "cargo-nextest",
    needed_for: "quicker tests; without it `cargo test` runs them",
    required: false,
    debian: &[],
    elsewhere: "cargo install --locked cargo-nextest",
    probe: || run::answer("cargo", &["nextest", "--version"]).map(first_line),
};

const DENY: Tool = Tool {
    name: "cargo-deny",
    needed_for: "stage deny",
    required: false,
    debian: &[],
    elsewhere: "cargo install --locked cargo-deny",
    probe: || run::answer("cargo", &["deny", "--version"]).map(first_line),
};

/// What the tests need.
const FOR_TESTS: &[Tool] = &[RUSTC, CC, PYTHON, NODE, POSTGRES, NEXTEST, DENY];
/// What only the browser's stage needs, which installs it itself.
const OF_THE_BROWSER: &[Tool] = &[CHROMIUM];
/// What the demonstration needs.
const FOR_DEMO: &[Tool] = &[RUSTC, CC];

/// Names what this machine has and lacks; with `--install` installs what Debian brings.
pub(crate) fn main(arguments: &[String]) -> Result<(), String> {
    let report = check_for_tests(arguments.iter().any(|argument| argument == "--install"));
    println!("{}", report.lines.join("\n"));
    if report.required_missing.is_empty() {
        Ok(())
    } else {
        Err(report.required_missing.join("\n"))
    }
}

/// What a check of the machine found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// A line for each tool.
    pub(crate) lines: Vec<String>,
    /// Tools without which nothing works, with what to do.
    pub(crate) required_missing: Vec<String>,
}

/// Looks for what the tests need, and installs the missing Debian packages when asked to.
pub(crate) fn check_for_tests(install: bool) -> Report {
    let packages = missing_packages(FOR_TESTS);
    let mut report = Report::default();
    if install && !packages.is_empty() && can_install() {
        report.lines.push(match apt_install(&packages) {
            Ok(()) => format!("installed {}", packages.join(", ")),
            Err(problem) => problem,
        });
    }
    examine(FOR_TESTS, &mut report);
    examine(OF_THE_BROWSER, &mut report);
    report
}

/// Looks for what the demonstration needs.
pub(crate) fn check_for_demo() -> Report {
    let mut report = Report::default();
    examine(FOR_DEMO, &mut report);
    report
}

/// Whether tests run through cargo-nextest.
pub(crate) fn has_nextest() -> bool {
    (NEXTEST.probe)().is_some()
}

/// Whether cargo-deny is installed; if not, the line that installs it.
pub(crate) fn deny() -> Result<(), String> {
    (DENY.probe)()
        .map(drop)
        .ok_or_else(|| DENY.elsewhere.to_owned())
}

/// The folder of PostgreSQL's server programs: the newest Debian one, or the one on the path.
pub(crate) fn postgres_bin() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            Some((
                entry.file_name().to_string_lossy().parse().ok()?,
                entry.path().join("bin"),
            ))
        })
        .filter(|(_, folder)| folder.join("initdb").exists())
        .collect();
    found.sort();
    let newest = found.pop().map(|(_, folder)| folder);
    newest.or_else(|| {
        run::answer("pg_config", &["--bindir"])
            .map(PathBuf::from)
            .filter(|folder| folder.join("initdb").exists())
    })
}

/// Where the browser is, when it is not where Debian puts it.
const CHROMIUM_VARIABLE: &str = "FAIRWAY_CHROMIUM";
/// Where Debian puts it.
const CHROMIUM_PATH: &str = "/usr/bin/chromium";

fn chromium() -> Option<PathBuf> {
    let named = std::env::var_os(CHROMIUM_VARIABLE).map(PathBuf::from);
    Some(named.unwrap_or_else(|| CHROMIUM_PATH.into())).filter(|path| path.exists())
}

/// The browser; where it is missing and may be installed, it is.
///
/// # Errors
/// What is missing, and the line that installs it.
pub(crate) fn browser(install: bool) -> Result<PathBuf, String> {
    if let Some(found) = chromium() {
        return Ok(found);
    }
    let mut problem = String::new();
    if install && can_install() {
        problem = apt_install(CHROMIUM.debian).err().unwrap_or_default();
    }
    chromium().ok_or_else(|| {
        let line = remedy(&CHROMIUM);
        format!("Chromium is missing: {line} {problem}")
            .trim_end()
            .to_owned()
    })
}

/// The line that installs PostgreSQL here.
pub(crate) fn postgres_remedy() -> String {
    remedy(&POSTGRES)
}

/// Whether this process is root's.
pub(crate) fn is_root() -> bool {
    run::answer("id", &["-u"]).is_some_and(|id| id == "0")
}

fn examine(tools: &[Tool], report: &mut Report) {
    for tool in tools {
        let found = (tool.probe)();
        let state = found
            .clone()
            .unwrap_or_else(|| format!("missing ({}): {}", tool.needed_for, remedy(tool)));
        let line = format!("{:<28} {state}", tool.name);
        if found.is_none() && tool.required {
            report.required_missing.push(line.clone());
        }
        report.lines.push(line);
    }
}

fn missing_packages(tools: &[Tool]) -> Vec<&'static str> {
    tools
        .iter()
        .filter(|tool| (tool.probe)().is_none())
        .flat_map(|tool| tool.debian)
        .copied()
        .collect()
}

fn remedy(tool: &Tool) -> String {
    if tool.debian.is_empty() || !has_apt() {
        return tool.elsewhere.to_owned();
    }
    let sudo = if is_root() { "" } else { "sudo " };
    format!(
        "{sudo}apt-get install -y --no-install-recommends {}",
        tool.debian.join(" ")
    )
}

fn has_apt() -> bool {
    run::answer("apt-get", &["--version"]).is_some()
}

fn can_install() -> bool {
    has_apt() && is_root()
}

fn apt_install(packages: &[&str]) -> Result<(), String> {
    let apt = |arguments: &[&str]| {
        Command::new("apt-get")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .output()
    };
    drop(apt(&["update", "-q"]));
    let install: Vec<&str> = ["install", "-y", "-q", "--no-install-recommends"]
        .iter()
        .chain(packages)
        .copied()
        .collect();
    let output = apt(&install).map_err(|error| format!("cannot run apt-get: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "apt-get install failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    ))
}

fn rustc() -> Option<String> {
    let version = run::answer("rustc", &["--version"])?;
    new_enough(&version, RUST).then_some(version)
}

/// The oldest Node.js that builds the pages.
const OLDEST_NODE: (u32, u32) = (20, 19);

fn node_and_npm() -> Option<String> {
    run::answer("npm", &["--version"])?;
    let version = run::answer("node", &["--version"])?;
    let text = format!("node {}", version.trim_start_matches('v'));
    new_enough(&text, OLDEST_NODE).then_some(text)
}

/// Whether the pages can be built here; otherwise what to do.
pub(crate) fn node() -> Result<(), &'static str> {
    node_and_npm().map(drop).ok_or(NODE.elsewhere)
}

fn python() -> Option<String> {
    run::answer("python3", &["-c", "import venv, ensurepip"])?;
    let version = run::answer("python3", &["--version"])?;
    new_enough(&version, (3, 10)).then_some(version)
}

/// Whether the second word of `text` is a version of at least `wanted`.
fn new_enough(text: &str, wanted: (u32, u32)) -> bool {
    let version = text.split_whitespace().nth(1).unwrap_or_default();
    let mut numbers = version.split('.').map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= wanted
}

fn first_line(text: String) -> String {
    text.lines().next().map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABSENT: Tool = Tool {
        name: "a tool nobody has",
        needed_for: "this test",
        required: true,
        debian: &[],
        elsewhere: "the line that installs it",
        probe: || None,
    };

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(new_enough("rustc 1.95.0 (59807616e 2026-04-14)", RUST));
        assert!(new_enough("rustc 1.100.0", RUST));
        assert!(!new_enough("rustc 1.94.1", RUST));
        assert!(!new_enough("nonsense", RUST));
    }

    #[test]
    fn a_missing_tool_is_named_with_its_remedy() {
        let mut report = Report::default();
        examine(&[ABSENT], &mut report);
        assert_eq!(report.required_missing.len(), 1);
        assert!(
            report
                .required_missing
                .iter()
                .all(|line| line.ends_with("the line that installs it"))
        );
    }
}
