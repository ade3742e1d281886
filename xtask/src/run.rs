//! Runs a command with its output in a log file, a time limit, and a sign of life.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How often a running command is looked at.
const POLL: Duration = Duration::from_millis(50);
/// How often a long command's last line is shown, so that nobody thinks it hangs.
const SIGN_OF_LIFE: Duration = Duration::from_mins(1);

/// A log file that commands append to.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    path: PathBuf,
}

/// What a finished command left.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Whether it ended with exit code 0 in time.
    pub(crate) success: bool,
    /// How it ended, in words.
    pub(crate) how: String,
    /// What it printed, standard output and errors together.
    pub(crate) output: String,
}

impl Log {
    /// An empty log at this path.
    pub(crate) fn create(path: PathBuf) -> Result<Self, String> {
        File::create(&path)
            .map_err(|error| format!("cannot create {}: {error}", path.display()))?;
        Ok(Self { path })
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// All of it.
    pub(crate) fn text(&self) -> String {
        let bytes = std::fs::read(&self.path).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Appends a line.
    pub(crate) fn note(&self, line: &str) -> Result<(), String> {
        use std::io::Write as _;
        writeln!(self.open()?, "{line}")
            .map_err(|error| format!("cannot write {}: {error}", self.path.display()))
    }

    /// The file, for what is added at its end.
    pub(crate) fn open(&self) -> Result<File, String> {
        OpenOptions::new()
            .append(true)
            .open(&self.path)
            .map_err(|error| format!("cannot open {}: {error}", self.path.display()))
    }

    /// Runs a command to its end, or to its limit, when it and its children are killed.
    pub(crate) fn run(&self, command: &mut Command, limit: Duration) -> Result<Finished, String> {
        self.note(&format!("$ {}", shown(command)))?;
        let before = self.text().len();
        let (out, errors) = (self.open()?, self.open()?);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(errors)
            .spawn()
            .map_err(|error| {
                format!(
                    "cannot run {}: {error}",
                    command.get_program().to_string_lossy()
                )
            })?;
        let (success, how) = self.wait(&mut child, limit)?;
        let output = self.text().get(before..).unwrap_or_default().to_owned();
        Ok(Finished {
            success,
            how,
            output,
        })
    }

    fn wait(&self, child: &mut Child, limit: Duration) -> Result<(bool, String), String> {
        let started = Instant::now();
        let mut next_sign = SIGN_OF_LIFE;
        loop {
            if let Some(status) = child
                .try_wait()
                .map_err(|error| format!("cannot wait: {error}"))?
            {
                return Ok((status.success(), status.to_string()));
            }
            let elapsed = started.elapsed();
            if elapsed >= limit {
                kill_with_children(child);
                return Ok((
                    false,
                    format!("stopped after {}, its time limit", minutes(limit)),
                ));
            }
            if elapsed >= next_sign {
                let text = self.text();
                let last = text.lines().next_back().unwrap_or_default();
                println!(
                    "         {} so far: {}",
                    minutes(elapsed),
                    last.chars().take(100).collect::<String>()
                );
                next_sign += SIGN_OF_LIFE;
            }
            std::thread::sleep(POLL);
        }
    }
}

/// Runs a short command and returns what it printed, or nothing when it failed or does not exist.
pub(crate) fn answer(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A cargo command at the project's root, without the variables that `cargo run` gave to us.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new("cargo");
    command
        .current_dir(root)
        .env("CARGO_TERM_COLOR", "never")
        .env_remove("CARGO_MANIFEST_DIR");
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    command
}

/// A duration as people read it.
pub(crate) fn minutes(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 {
        return format!("{}.{} s", seconds, duration.subsec_millis() / 100);
    }
    format!("{} min {:02} s", seconds / 60, seconds % 60)
}

fn shown(command: &Command) -> String {
    let parts = std::iter::once(command.get_program()).chain(command.get_args());
    parts
        .map(|part| part.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Kills a process and, where `/proc` tells its children, those first.
fn kill_with_children(child: &mut Child) {
    let mut family = vec![child.id()];
    let mut next = 0;
    while let Some(parent) = family.get(next).copied() {
        family.extend(children_of(parent));
        next += 1;
    }
    for process in family.iter().skip(1).rev() {
        drop(
            Command::new("kill")
                .args(["-9", &process.to_string()])
                .status(),
        );
    }
    drop(child.kill());
    drop(child.wait());
}

fn children_of(parent: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_string_lossy().parse::<u32>().ok());
    ids.filter(|id| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // The name in parentheses may hold spaces: the parent is the second word behind it.
        let after = stat
            .rsplit_once(')')
            .map(|(_, after)| after.to_owned())
            .unwrap_or_default();
        after
            .split_whitespace()
            .nth(1)
            .and_then(|word| word.parse().ok())
            == Some(parent)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(name: &str) -> Log {
        let path =
            std::env::temp_dir().join(format!("fairway-xtask-{name}-{}.log", std::process::id()));
        Log::create(path).unwrap()
    }

    #[test]
    fn output_and_exit_code_are_kept() {
        let log = log("kept");
        let done = log
            .run(
                Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"]),
                Duration::from_secs(9),
            )
            .unwrap();
        assert!(!done.success);
        assert_eq!(done.output, "out\nerr\n");
        assert!(done.how.contains('3'), "{}", done.how);
        std::fs::remove_file(log.path()).unwrap();
    }

    #[test]
    fn a_command_that_hangs_is_killed_with_its_children() {
        let log = log("hangs");
        let started = Instant::now();
        let script = "sh -c 'echo child $$; exec sleep 60' & wait";
        let done = log
            .run(
                Command::new("sh").args(["-c", script]),
                Duration::from_millis(500),
            )
            .unwrap();
        assert!(!done.success && started.elapsed() < Duration::from_secs(10));
        let child = done
            .output
            .trim()
            .strip_prefix("child ")
            .unwrap()
            .to_owned();
        // The kernel takes a killed process away in its own time, which on a busy machine is not at once.
        let lives = || Path::new(&format!("/proc/{child}/exe")).exists();
        while lives() && started.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(POLL);
        }
        assert!(!lives(), "child {child} lives");
        std::fs::remove_file(log.path()).unwrap();
    }

    #[test]
    fn durations_read_well() {
        assert_eq!(minutes(Duration::from_millis(1250)), "1.2 s");
        assert_eq!(minutes(Duration::from_secs(125)), "2 min 05 s");
    }
}
