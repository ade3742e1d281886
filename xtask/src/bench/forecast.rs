//! The forecast's back-test over real loads, beside programs of others that get the same rows and the same days.
//!
//! Each part is kept below the build folder under a hash of all that it depends on, so that a run that was stopped goes on where it was.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{quiet_build, say};
use crate::workspace;

/// Names the folder of real loads in the form of EIA-930, which the project does not hold.
pub(super) const DATA_VARIABLE: &str = "FAIRWAY_FORECAST_DATA";
/// The package and its example that plays the days.
const PACKAGE: &str = "fairway-training";
const EXAMPLE: &str = "backtest";
/// Threads of a training; its bytes do not depend on them.
const THREADS: &str = "2";
/// Threads with which hashes are compared.
const HASH_THREADS: [&str; 2] = ["1", "8"];
/// The parts that give figures. Times are taken on one thread.
const PARTS: &[&[&str]] = &[
    &["--part", "speed", "--threads", "1"],
    &["--part", "lie"],
    &["--at", "midnight", "--kind", "with"],
    &["--at", "ten", "--kind", "with"],
    &["--at", "midnight", "--kind", "without"],
    &["--at", "ten", "--kind", "without"],
];

/// Runs all parts and returns their lines of figures; `None` where there are no loads, which is said.
pub(super) fn run() -> Result<Option<String>, String> {
    let Some(data) = std::env::var_os(DATA_VARIABLE).map(PathBuf::from) else {
        say(&format!(
            "{DATA_VARIABLE} names no folder of loads in the form of EIA-930: benchmark `forecast` is left out"
        ));
        return Ok(None);
    };
    let program = built(true)?;
    let scratch = workspace::target_dir().join("bench-forecast");
    let answers = scratch.join("peers");
    std::fs::create_dir_all(&answers)
        .map_err(|error| format!("cannot create {}: {error}", answers.display()))?;
    let known = stamp(&[&program], &[&data])?;
    let mut lines = hashes(&program)?;
    peers(&program, &data, &answers, known)?;
    let known = stamp(&[&program], &[&data, &answers])?;
    for part in PARTS {
        let name = part.join("").replace("--", "-");
        let kept = scratch.join(format!("part{name}-{known:016x}.json"));
        if let Ok(text) = std::fs::read_to_string(&kept) {
            lines.push_str(&text);
            continue;
        }
        say(&format!("forecast: {}", part.join(" ")));
        let mut command = Command::new(&program);
        command
            .arg(&data)
            .arg("--json")
            .arg("--peers")
            .arg(&answers);
        let threads = part.contains(&"--threads");
        command.args(*part);
        if !threads {
            command.args(["--threads", THREADS]);
        }
        let text = output(&mut command)?;
        std::fs::write(&kept, &text)
            .map_err(|error| format!("cannot write {}: {error}", kept.display()))?;
        lines.push_str(&text);
    }
    Ok(Some(lines))
}

/// The example, built for speed or for finding faults.
fn built(release: bool) -> Result<PathBuf, String> {
    let mut arguments = vec!["build", "--locked", "-p", PACKAGE, "--example", EXAMPLE];
    if release {
        arguments.push("--release");
    }
    quiet_build(&arguments)?;
    let folder = if release { "release" } else { "debug" };
    let target = workspace::target_dir().join(folder);
    Ok(target.join("examples").join(EXAMPLE))
}

fn output(command: &mut Command) -> Result<String, String> {
    command.current_dir(workspace::root());
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run {command:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{command:?} failed: {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("{command:?}: {error}"))
}

/// Hashes of models and forecasts in both builds and on one and eight threads, which have to be equal.
fn hashes(program: &Path) -> Result<String, String> {
    let mut found: Vec<(String, String)> = Vec::new();
    for (build, program) in [("release", program.to_owned()), ("debug", built(false)?)] {
        for threads in HASH_THREADS {
            let mut command = Command::new(&program);
            command.args(["--part", "hashes", "--threads", threads]);
            found.push((format!("{build}, {threads} threads"), output(&mut command)?));
        }
    }
    let (first, wanted) = found.first().ok_or("no run")?;
    if let Some((other, different)) = found.iter().find(|(_, text)| text != wanted) {
        return Err(format!(
            "hashes differ:\n{first}\n{wanted}{other}\n{different}"
        ));
    }
    let line = |line: &str| {
        let (kind, hash) = line.split_once(' ').unwrap_or((line, ""));
        format!(
            "{{\"name\":\"hashes/{kind}/equal\",\"value\":{},\"unit\":\"builds and numbers of threads\",\"peer\":null,\"peer_value\":null,\"ratio\":null,\"hash\":\"{hash}\"}}\n",
            found.len()
        )
    };
    Ok(wanted.lines().map(line).collect())
}

/// Exports the tables and lets the others answer, unless they did so for the same program and data.
fn peers(program: &Path, data: &Path, folder: &Path, known: u64) -> Result<(), String> {
    let mark = folder.with_extension("stamp");
    let root = workspace::root();
    let scripts = stamp(
        &[],
        &[
            &root.join("bench-peers/lightgbm"),
            &root.join("bench-peers/augurs"),
        ],
    )?;
    let wanted = format!("{known:016x} {scripts:016x}\n");
    if std::fs::read_to_string(&mark).is_ok_and(|text| text == wanted) {
        return Ok(());
    }
    say("forecast: tables for the others");
    let mut export = Command::new(program);
    output(export.arg(data).arg("--export").arg(folder))?;
    for (name, result) in [("LightGBM", lightgbm(folder)), ("augurs", augurs(folder))] {
        if let Err(error) = result {
            say(&format!("{name} is left out: {error}"));
        }
    }
    std::fs::write(&mark, wanted)
        .map_err(|error| format!("cannot write {}: {error}", mark.display()))
}

fn lightgbm(folder: &Path) -> Result<(), String> {
    let place = workspace::target_dir().join("bench-forecast/python");
    let python = place.join("bin/python");
    let script = "bench-peers/lightgbm/forecast.py";
    if !python.is_file() {
        output(Command::new("python3").args(["-m", "venv"]).arg(&place))?;
    }
    let install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-r",
    ];
    let pins = "bench-peers/lightgbm/requirements.txt";
    output(Command::new(&python).args(install).arg(pins))?;
    say("forecast: LightGBM");
    output(Command::new(&python).arg(script).arg(folder)).map(drop)
}

fn augurs(folder: &Path) -> Result<(), String> {
    let target = workspace::target_dir().join("bench-peers");
    let place = target.to_string_lossy().into_owned();
    let manifest = "bench-peers/augurs/Cargo.toml";
    let build = [
        "build",
        "--release",
        "--locked",
        "--manifest-path",
        manifest,
        "--target-dir",
        &place,
    ];
    quiet_build(&build)?;
    say("forecast: MSTL of augurs");
    output(Command::new(target.join("release/bench-peer-augurs")).arg(folder)).map(drop)
}

/// A number that differs when a byte of the files, or of the files directly in the folders, does.
fn stamp(files: &[&Path], folders: &[&Path]) -> Result<u64, String> {
    let mut paths: Vec<PathBuf> = files.iter().map(|file| (*file).to_owned()).collect();
    for folder in folders {
        let entries = std::fs::read_dir(folder)
            .map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
        paths.extend(entries.flatten().map(|e| e.path()).filter(|p| p.is_file()));
    }
    paths.sort();
    let mut hasher = DefaultHasher::new();
    for path in paths {
        let bytes = std::fs::read(&path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        path.file_name().hash(&mut hasher);
        bytes.hash(&mut hasher);
    }
    Ok(hasher.finish())
}
