//! The forecast's back-test over real loads, beside programs of others that get the same rows and the same days.
//!
//! Each trained model, each peer's answer and each part's figures are kept below the build folder under a hash of all that they depend on, so that a run that
//! was stopped goes on where it was.

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
    let programs = Programs {
        release: built(true)?,
        debug: built(false)?,
    };
    let scratch = workspace::target_dir().join("bench-forecast");
    let answers = scratch.join("peers");
    let sources = workspace::root().join("crates/forecast/src");
    let trainer = stamp(&[], &[&sources, &sources.join("trees")])?;
    let models = scratch.join(format!("models-{trainer:016x}"));
    for folder in [&answers, &models] {
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    }
    let known = stamp(&[&programs.release, &programs.debug], &[])?;
    let mut lines = kept(&scratch, "hashes", known, || hashes(&programs))?;
    let known = stamp(&[&programs.release], &[&data])?;
    peers(&programs.release, &data, &answers, known)?;
    let known = stamp(&[&programs.release], &[&data, &answers])?;
    for part in PARTS {
        let name = part.concat();
        let text = kept(&scratch, name.trim_start_matches('-'), known, || {
            let mut command = Command::new(&programs.release);
            command.arg(&data).arg("--json").args(*part);
            command.arg("--peers").arg(&answers);
            command.arg("--models").arg(&models);
            if !part.contains(&"--threads") {
                command.args(["--threads", &threads()]);
            }
            output(&mut command)
        })?;
        lines.push_str(&text);
    }
    Ok(Some(lines))
}

/// The example in both builds.
struct Programs {
    release: PathBuf,
    debug: PathBuf,
}

/// As many threads as there are processors.
fn threads() -> String {
    let found = std::thread::available_parallelism();
    found.map_or(1, std::num::NonZero::get).to_string()
}

/// What a part printed when it ran with the same `known`, or what it prints now.
fn kept(
    scratch: &Path,
    name: &str,
    known: u64,
    run: impl FnOnce() -> Result<String, String>,
) -> Result<String, String> {
    let path = scratch.join(format!("{name}-{known:016x}.json"));
    if let Ok(text) = std::fs::read_to_string(&path) {
        return Ok(text);
    }
    say(&format!("forecast: {name}"));
    let text = run()?;
    std::fs::write(&path, &text)
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    Ok(text)
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
fn hashes(programs: &Programs) -> Result<String, String> {
    let mut found: Vec<(String, String)> = Vec::new();
    for (build, program) in [("release", &programs.release), ("debug", &programs.debug)] {
        for threads in HASH_THREADS {
            let mut command = Command::new(program);
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

/// Exports the tables and lets the others answer what they have not answered for the same tables.
fn peers(program: &Path, data: &Path, folder: &Path, known: u64) -> Result<(), String> {
    let mark = folder.with_extension("stamp");
    let wanted = format!("{known:016x}\n");
    if !std::fs::read_to_string(&mark).is_ok_and(|text| text == wanted) {
        say("forecast: tables for the others");
        let mut export = Command::new(program);
        output(export.arg(data).arg("--export").arg(folder))?;
        std::fs::write(&mark, wanted)
            .map_err(|error| format!("cannot write {}: {error}", mark.display()))?;
    }
    let peers = workspace::root().join("bench-peers");
    let script = stamp(&[], &[&peers.join("lightgbm")])?;
    forget(
        folder,
        "table",
        &["table", "folds", "own", "pooled"],
        script,
    )?;
    let script = stamp(&[], &[&peers.join("augurs"), &peers.join("augurs/src")])?;
    forget(folder, "origins", &["loads", "origins"], script)?;
    for (name, result) in [("LightGBM", lightgbm(folder)), ("augurs", augurs(folder))] {
        if let Err(error) = result {
            say(&format!("{name} is left out: {error}"));
        }
    }
    Ok(())
}

/// Takes answers away whose questions, or whose program, have changed. The peers answer what has no answer, so a stopped run goes on.
fn forget(folder: &Path, of: &str, questions: &[&str], script: u64) -> Result<(), String> {
    let entries = std::fs::read_dir(folder)
        .map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    for base in entries.flatten().map(|entry| entry.path()) {
        if base.extension().is_none_or(|ending| ending != of) {
            continue;
        }
        let files: Vec<PathBuf> = questions.iter().map(|q| base.with_extension(q)).collect();
        let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
        let wanted = format!("{:016x} {script:016x}\n", stamp(&files, &[])?);
        let (key, said) = (base.with_extension("key"), base.with_extension("said"));
        if std::fs::read_to_string(&key).is_ok_and(|text| text == wanted) {
            continue;
        }
        if said.exists() {
            std::fs::remove_file(&said)
                .map_err(|error| format!("cannot remove {}: {error}", said.display()))?;
        }
        std::fs::write(&key, wanted)
            .map_err(|error| format!("cannot write {}: {error}", key.display()))?;
    }
    Ok(())
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
