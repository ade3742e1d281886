//! The demonstration as a running world: real members, stations and a ledger, that never outlive us.
//!
//! A shell script starts it and then reads its standard input. When this process ends, in whatever way, that input ends too, and the
//! script ends the demonstration as an operator would, so that it ends its members.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::run::Log;

/// Longest time until the members are ready, on a machine that is busy with other things.
const START_LIMIT: Duration = Duration::from_mins(4);
/// How often the file that says so is looked for.
const POLL: Duration = Duration::from_millis(200);
/// What the demonstration writes last: addresses, drivers, accounts.
const TOLD: &str = "demo.json";
/// Seconds of its clock in one of ours, where people and programs use its pages.
pub(crate) const SPEED: &str = "60";

/// Starts, waits for the end of its input or of the demonstration, ends it. A demonstration that ends by itself ends the script. Arguments: the program, and what it is told.
const SCRIPT: &str = r#"
set -u
trap '' INT HUP
"$@" &
child=$!
(while kill -0 "$child" 2>/dev/null; do sleep 1; done; kill -TERM $$) &
watch=$!
cat >/dev/null
kill -TERM "$child"
wait "$child"
kill "$watch"
"#;

/// A demonstration that runs.
pub(crate) struct World {
    script: Child,
    folder: PathBuf,
}

impl World {
    /// Starts it in a folder that is made empty, with the pages of `pages` instead of those inside the program. `speed` is the
    /// number of seconds of its clock in one of ours.
    ///
    /// # Errors
    /// It did not open its screens in time; what it said is in the log.
    pub(crate) fn start(
        program: &Path,
        folder: PathBuf,
        pages: Option<&Path>,
        speed: &str,
        log: &Log,
    ) -> Result<Self, String> {
        drop(std::fs::remove_dir_all(&folder));
        let mut command = Command::new("sh");
        command
            .args(["-c", SCRIPT, "fairway-world"])
            .arg(program)
            .args(["demo", "--quick", "--speed", speed, "--dir"])
            .arg(&folder);
        if let Some(pages) = pages {
            command.arg("--pages").arg(pages);
        }
        let (out, errors) = (log.open()?, log.open()?);
        // A group of its own: Ctrl-C ends us, and thereby the script, but leaves it the time to end the members.
        let script = command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(out)
            .stderr(errors)
            .spawn()
            .map_err(|error| format!("cannot start the demonstration: {error}"))?;
        let mut world = Self { script, folder };
        world.wait_until_ready()?;
        Ok(world)
    }

    /// Its folder: `demo.json` in it says addresses, drivers and accounts.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn wait_until_ready(&mut self) -> Result<(), String> {
        let started = Instant::now();
        while !self.folder.join(TOLD).exists() {
            let ended = self
                .script
                .try_wait()
                .map_err(|error| format!("cannot wait: {error}"))?;
            if ended.is_some() || started.elapsed() > START_LIMIT {
                return Err(format!(
                    "the demonstration did not open its screens; logs are in {}",
                    self.folder.display()
                ));
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.script.stdin.take());
        drop(self.script.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_started_is_ended_with_it() {
        let place = std::env::temp_dir().join(format!("fairway-world-{}", std::process::id()));
        std::fs::create_dir_all(&place).unwrap();
        let program = place.join("program");
        // The sixth word is the folder; the real program writes the file when its members are ready.
        let text = "#!/bin/sh\nmkdir -p \"$6\"\necho $$ >\"$6/demo.json\"\nexec sleep 60\n";
        std::fs::write(&program, text).unwrap();
        assert!(
            Command::new("chmod")
                .arg("+x")
                .arg(&program)
                .status()
                .unwrap()
                .success()
        );
        let log = Log::create(place.join("log")).unwrap();
        let started = Instant::now();
        let world = World::start(&program, place.join("world"), None, SPEED, &log).unwrap();
        let child = std::fs::read_to_string(world.folder().join(TOLD)).unwrap();
        let child = PathBuf::from(format!("/proc/{}", child.trim()));
        assert!(child.exists() || !Path::new("/proc/self").exists());
        drop(world);
        assert!(!child.exists() && started.elapsed() < Duration::from_secs(30));
        std::fs::remove_dir_all(&place).unwrap();
    }

    #[test]
    fn one_that_ends_by_itself_is_not_waited_for() {
        let place = std::env::temp_dir().join(format!("fairway-no-world-{}", std::process::id()));
        std::fs::create_dir_all(&place).unwrap();
        let log = Log::create(place.join("log")).unwrap();
        let started = Instant::now();
        let world = World::start(Path::new("false"), place.join("world"), None, SPEED, &log);
        assert!(world.is_err() && started.elapsed() < Duration::from_secs(30));
        std::fs::remove_dir_all(&place).unwrap();
    }
}
