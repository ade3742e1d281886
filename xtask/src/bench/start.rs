//! How long the program takes to be ready, how much memory it holds while nothing happens, and how large it is.
//!
//! The demonstration makes four members and their ledger, and ends. Then its members are started again without it, as a service
//! manager would start them: all at once, and one of them while the others run.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{database, left_out};
use crate::run::Log;
use crate::workspace;
use crate::world::World;

/// Folders of the demonstration's members. The last one is a validator without customers.
const MEMBERS: [&str; 4] = ["alabama", "duke", "georgia", "regulator"];
/// The one that is started while the others run.
const ONE: usize = 1;
/// How often one is started to get a figure: the middle one counts.
const TIMES: usize = 5;
/// The demonstration's clock, in seconds of it in one of ours.
const SPEED: &str = "1";
/// Longest time until a member is ready.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often a member is asked whether it is ready.
const POLL: Duration = Duration::from_millis(5);
/// How long nothing happens before memory is looked at, and for how long processor time is counted.
const IDLE: Duration = Duration::from_secs(20);
/// Clock ticks in a second in `/proc/PID/stat`, the same on every Linux that Rust runs on.
const TICKS: f64 = 100.0;

/// Runs everything and returns the figures; `None` where there is no `/proc`, which is said.
pub(super) fn run() -> Result<Option<String>, String> {
    if !Path::new("/proc/self/status").exists() {
        return Ok(left_out(
            "start",
            "memory is read from /proc, which is not here",
        ));
    }
    let program = workspace::target_dir().join("release").join("fairway");
    let mut lines = Vec::new();
    let size = std::fs::metadata(&program)
        .map_err(|error| format!("cannot read {}: {error}", program.display()))?
        .len();
    lines.push(figure("start-binary", of_bytes(size), "bytes", None));
    let first = Instant::now();
    let told = Command::new(&program)
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .map_err(|error| format!("cannot run {}: {error}", program.display()))?;
    if !told.success() {
        return Err(format!("{} --version: {told}", program.display()));
    }
    lines.push(figure("start-version", millis(first), "ms", None));
    let folder = workspace::target_dir().join("bench-start");
    lines.push(demonstration(&program, &folder)?);
    members(&program, &folder, &mut lines)?;
    Ok(Some(lines.concat()))
}

/// From nothing to four members with customers, agreements and stations, as `fairway demo` begins.
fn demonstration(program: &Path, folder: &Path) -> Result<String, String> {
    let log = Log::create(std::env::temp_dir().join("fairway-bench-start.log"))?;
    let begun = Instant::now();
    let world = World::start(program, folder.to_owned(), None, SPEED, &log)?;
    let took = millis(begun);
    drop(world);
    Ok(figure("start-demonstration", took, "ms", None))
}

fn members(program: &Path, folder: &Path, lines: &mut Vec<String>) -> Result<(), String> {
    let begun = Instant::now();
    let mut all = Vec::new();
    for name in MEMBERS {
        all.push(Member::start(program, &folder.join(name))?);
    }
    for member in &mut all {
        member.wait()?;
    }
    lines.push(figure("start-four", millis(begun), "ms", None));
    lines.push(again(program, &mut all)?);
    std::thread::sleep(IDLE);
    let before: Vec<f64> = all.iter().map(Member::ticks).collect::<Result<_, _>>()?;
    let counted = Instant::now();
    std::thread::sleep(IDLE);
    let seconds = counted.elapsed().as_secs_f64();
    let peer = postgres();
    for (name, member, before) in [
        ("utility", all.get(ONE), before.get(ONE)),
        ("witness", all.last(), before.last()),
    ] {
        let (Some(member), Some(before)) = (member, before) else {
            continue;
        };
        let busy = (member.ticks()? - before) / TICKS / seconds;
        let memory = resident(member.process.id())?;
        lines.push(figure(
            &format!("start-memory-{name}"),
            memory,
            "bytes",
            peer,
        ));
        lines.push(figure(
            &format!("start-idle-{name}"),
            busy * 100.0,
            "% of a core",
            None,
        ));
    }
    Ok(())
}

/// One member is ended without warning and started again while the others run.
fn again(program: &Path, all: &mut [Member]) -> Result<String, String> {
    let member = all.get_mut(ONE).ok_or("too few members")?;
    let mut took = Vec::new();
    for _ in 0..TIMES {
        let folder = member.folder.clone();
        member.end();
        let begun = Instant::now();
        *member = Member::start(program, &folder)?;
        member.wait()?;
        took.push(millis(begun));
    }
    took.sort_by(f64::total_cmp);
    let middle = took.get(TIMES / 2).copied().unwrap_or_default();
    Ok(figure("start-one", middle, "ms", None))
}

/// Resident memory of an idle PostgreSQL server with all its processes, each page counted once.
fn postgres() -> Option<(&'static str, f64)> {
    let (cluster, _programs) = database()?;
    std::thread::sleep(Duration::from_secs(2));
    let first = cluster.process()?;
    let own = std::iter::once(first).chain(children(first));
    let kib: f64 = own.filter_map(|id| kib(id, "smaps_rollup", "Pss:")).sum();
    (kib > 0.0).then_some(("PostgreSQL", kib * 1024.0))
}

/// A member's process.
struct Member {
    process: Child,
    folder: PathBuf,
    operations: SocketAddr,
}

impl Member {
    fn start(program: &Path, folder: &Path) -> Result<Self, String> {
        let config = folder.join("fairway.toml");
        let text = std::fs::read_to_string(&config)
            .map_err(|error| format!("cannot read {}: {error}", config.display()))?;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("operations = "));
        let operations = line
            .and_then(|value| value.trim_matches('"').parse().ok())
            .ok_or_else(|| format!("{} names no address for operations", config.display()))?;
        let process = Command::new(program)
            .args(["serve", "--config"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot run {}: {error}", program.display()))?;
        Ok(Self {
            process,
            folder: folder.to_owned(),
            operations,
        })
    }

    /// Waits until `/readyz` says yes.
    fn wait(&mut self) -> Result<(), String> {
        let begun = Instant::now();
        while !ready(self.operations) {
            let ended = self.process.try_wait().map_err(|error| error.to_string())?;
            if ended.is_some() || begun.elapsed() > PATIENCE {
                let folder = self.folder.display();
                return Err(format!(
                    "the member in {folder} was not ready in time: see its log.txt"
                ));
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }

    fn ticks(&self) -> Result<f64, String> {
        let path = format!("/proc/{}/stat", self.process.id());
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        // User and system time are the 14th and 15th field; the second is a name in brackets.
        let behind = text.rsplit(')').next().unwrap_or_default();
        let fields: Vec<f64> = behind
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse().ok())
            .collect();
        Ok(fields.iter().sum())
    }

    fn end(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.end();
    }
}

/// Whether a member answers `/readyz` with 200.
fn ready(operations: SocketAddr) -> bool {
    let asked = || -> std::io::Result<String> {
        let mut line = TcpStream::connect_timeout(&operations, Duration::from_secs(1))?;
        line.set_read_timeout(Some(Duration::from_secs(1)))?;
        line.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        line.read_to_string(&mut answer)?;
        Ok(answer)
    };
    asked().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

/// Resident memory of a process, in bytes.
fn resident(process: u32) -> Result<f64, String> {
    let found = kib(process, "status", "VmRSS:");
    found
        .map(|kib| kib * 1024.0)
        .ok_or_else(|| format!("process {process} has ended"))
}

/// A line of a file of `/proc/PID` that counts KiB.
fn kib(process: u32, file: &str, name: &str) -> Option<f64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/{file}")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// The processes that a process started.
fn children(of: u32) -> impl Iterator<Item = u32> {
    let text = std::fs::read_to_string(format!("/proc/{of}/task/{of}/children"));
    let text = text.unwrap_or_default();
    let all: Vec<u32> = text
        .split_whitespace()
        .filter_map(|id| id.parse().ok())
        .collect();
    all.into_iter()
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}

#[expect(
    clippy::cast_precision_loss,
    reason = "files have far fewer than 2^53 bytes"
)]
const fn of_bytes(bytes: u64) -> f64 {
    bytes as f64
}

fn figure(name: &str, value: f64, unit: &str, peer: Option<(&str, f64)>) -> String {
    let (peer, peer_value, ratio) = peer.map_or_else(
        || ("null".to_owned(), "null".to_owned(), "null".to_owned()),
        |(name, other)| {
            let ratio = format!("{:.2}", value / other);
            (format!("\"{name}\""), format!("{other:.1}"), ratio)
        },
    );
    format!(
        "{{\"name\":\"{name}\",\"value\":{value:.1},\"unit\":\"{unit}\",\"peer\":{peer},\"peer_value\":{peer_value},\"ratio\":{ratio}}}\n"
    )
}
