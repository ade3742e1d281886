//! Builds the program with a progress bar, and remembers how long it took.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{run, workspace};

/// Minutes of one core that a first build takes where none was measured yet.
const FIRST_BUILD_CORE_MINUTES: u64 = 14;

/// Steps that Cargo reports for each package of the lock file, in percent, where no build was counted
/// yet: build scripts make it more, packages for other systems make it fewer.
const STEPS_PER_LOCKED_PACKAGE: u64 = 88;

/// Between two lines of progress where no bar can be shown.
const PLAIN_PROGRESS: Duration = Duration::from_secs(30);

/// What a finished build took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Record {
    seconds: u64,
    steps: u64,
}

/// Runs `cargo build --locked <arguments>`; `name` is the file under which its duration is kept.
pub(crate) fn build(root: &Path, name: &str, arguments: &[&str]) -> Result<(), String> {
    let file = workspace::scratch_dir()?.join(format!("{name}-build.txt"));
    let last = std::fs::read_to_string(&file)
        .ok()
        .and_then(|text| Record::parse(&text));
    let profile = if arguments.contains(&"--release") {
        "release"
    } else {
        "debug"
    };
    let built_before = workspace::target_dir()
        .join(profile)
        .join("fairway")
        .exists();
    println!("{}", announcement(last, built_before, cores()));
    let bar = ProgressBar::new(last.map_or_else(|| estimated_steps(root), |record| record.steps));
    bar.set_style(style());
    bar.enable_steady_tick(Duration::from_millis(200));
    let started = Instant::now();
    let mut child = run::cargo(root)
        .args([
            "build",
            "--locked",
            "--message-format=json-render-diagnostics",
        ])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    let (steps, compiled, errors) = follow(&mut child, &bar, started);
    let status = child
        .wait()
        .map_err(|error| format!("cannot wait for cargo: {error}"))?;
    bar.finish_and_clear();
    if !status.success() {
        return Err(format!(
            "{errors}\nthe build failed; the messages above say where"
        ));
    }
    println!("built in {}", run::minutes(started.elapsed()));
    // Only a build that made most of it anew says how long a full one takes.
    if compiled.saturating_mul(2) > steps {
        let record = Record {
            seconds: started.elapsed().as_secs(),
            steps,
        };
        drop(std::fs::write(&file, record.to_text()));
    }
    Ok(())
}

/// Reads what Cargo says until it ends: all steps, the steps that were not there before, and its messages.
fn follow(child: &mut Child, bar: &ProgressBar, started: Instant) -> (u64, u64, String) {
    let messages = child.stderr.take().map(|pipe| {
        let bar = bar.clone();
        std::thread::spawn(move || read_messages(BufReader::new(pipe), &bar))
    });
    let (mut steps, mut compiled, mut next_line) = (0, 0, PLAIN_PROGRESS);
    let lines = child
        .stdout
        .take()
        .into_iter()
        .flat_map(|pipe| BufReader::new(pipe).lines());
    for line in lines.map_while(Result::ok) {
        if !line.contains("\"reason\":\"compiler-artifact\"") {
            continue;
        }
        steps += 1;
        compiled += u64::from(line.contains("\"fresh\":false"));
        if steps > bar.length().unwrap_or(0) {
            bar.set_length(steps + 1);
        }
        bar.set_position(steps);
        if bar.is_hidden() && started.elapsed() >= next_line {
            println!(
                "  {steps} of about {} after {}",
                bar.length().unwrap_or(steps),
                run::minutes(started.elapsed())
            );
            next_line = started.elapsed() + PLAIN_PROGRESS;
        }
    }
    let text = messages
        .and_then(|thread| thread.join().ok())
        .unwrap_or_default();
    (steps, compiled, text)
}

/// Shows what Cargo is at, and keeps what a reader of a failed build must see.
fn read_messages(pipe: impl std::io::BufRead, bar: &ProgressBar) -> String {
    const STATUS: &[&str] = &[
        "Compiling",
        "Downloading",
        "Downloaded",
        "Updating",
        "Finished",
        "Locking",
        "Blocking",
    ];
    let mut kept = String::new();
    for line in pipe.lines().map_while(Result::ok) {
        let word = line.split_whitespace().next().unwrap_or_default();
        if STATUS.contains(&word) {
            bar.set_message(line.trim().chars().take(48).collect::<String>());
        } else {
            kept.push_str(&line);
            kept.push('\n');
        }
    }
    kept
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("  {bar:30} {pos}/{len}  {elapsed} (about {eta} left)  {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn announcement(last: Option<Record>, built_before: bool, cores: u64) -> String {
    match last {
        None if built_before => "building Fairway: seconds when little changed".to_owned(),
        Some(record) => format!(
            "building Fairway: seconds when little changed; the last full build here took {}",
            run::minutes(Duration::from_secs(record.seconds))
        ),
        None => format!(
            "building Fairway: the first build takes about {} minutes on {cores} cores, later ones seconds",
            FIRST_BUILD_CORE_MINUTES.div_ceil(cores.max(1))
        ),
    }
}

fn cores() -> u64 {
    std::thread::available_parallelism().map_or(1, |cores| u64::try_from(cores.get()).unwrap_or(1))
}

fn estimated_steps(root: &Path) -> u64 {
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).unwrap_or_default();
    let packages = u64::try_from(lock.matches("[[package]]").count()).unwrap_or(0);
    packages.saturating_mul(STEPS_PER_LOCKED_PACKAGE) / 100
}

impl Record {
    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split_whitespace().map(str::parse);
        Some(Self {
            seconds: numbers.next()?.ok()?,
            steps: numbers.next()?.ok()?,
        })
    }

    fn to_text(self) -> String {
        format!("{} {}\n", self.seconds, self.steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_its_file() {
        let record = Record {
            seconds: 611,
            steps: 480,
        };
        assert_eq!(Record::parse(&record.to_text()), Some(record));
        assert_eq!(Record::parse("nonsense"), None);
    }

    #[test]
    fn the_announcement_is_honest_about_the_first_build() {
        assert!(announcement(None, false, 2).contains("about 7 minutes on 2 cores"));
        assert!(
            announcement(
                Some(Record {
                    seconds: 90,
                    steps: 1
                }),
                true,
                2
            )
            .contains("1 min 30 s")
        );
    }

    #[test]
    fn messages_of_a_failed_build_are_kept() {
        let text = "   Compiling a v1\nerror[E0308]: mismatched types\n --> src/a.rs:1:1\n";
        let kept = read_messages(text.as_bytes(), &ProgressBar::hidden());
        assert_eq!(kept, "error[E0308]: mismatched types\n --> src/a.rs:1:1\n");
    }
}
