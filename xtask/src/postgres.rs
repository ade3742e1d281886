//! A PostgreSQL server of our own, in a temporary folder, that never outlives us.
//!
//! A shell script makes the cluster, starts it, and then reads its standard input. When this process
//! ends, in whatever way, that input ends too, and the script stops the server and removes the folder.

use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::tools;

/// How long `initdb` and the start may take on a busy machine.
const START_LIMIT: Duration = Duration::from_mins(2);

/// The user that tests connect as; it may create databases.
const USER: &str = "fairway";

/// The first port that the server may listen on.
const FIRST_PORT: u32 = 5_500;

/// How many ports it may choose from.
const PORTS: u32 = 2_000;

/// Connections for many tests at once.
const CONNECTIONS: u32 = 200;

/// Makes, starts, waits for the end of its input, stops, removes. Arguments: the folder, the folder of
/// PostgreSQL's programs, the port, and whether it writes durably (`on`): tests are not about that, a comparison is.
const SCRIPT: &str = r#"
set -eu
folder=$1 programs=$2 port=$3 fsync=$4
cleanup() {
  "$programs/pg_ctl" -D "$folder/data" -m immediate -w stop >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap cleanup EXIT
trap '' INT HUP
cd "$folder"
"$programs/initdb" -D "$folder/data" -U USER -A trust -E UTF8 --locale=C --no-sync
"$programs/pg_ctl" -D "$folder/data" -l "$folder/server.log" -w -t 60 \
  -o "-p $port -k $folder -c listen_addresses=127.0.0.1 -c fsync=$fsync -c max_connections=CONNECTIONS" start \
  || { cat "$folder/server.log"; exit 1; }
touch "$folder/ready"
cat >/dev/null
"#;

/// A running server.
pub(crate) struct Cluster {
    script: Child,
    folder: PathBuf,
    port: u16,
}

impl Cluster {
    /// Makes and starts a server with the programs in this folder.
    ///
    /// What it says goes to the end of the file `log`. Without `durable` nothing is synced to disk.
    pub(crate) fn start(programs: &Path, log: &Path, durable: bool) -> Result<Self, String> {
        let folder = std::env::temp_dir().join(format!("fairway-pg-{}", std::process::id()));
        std::fs::create_dir_all(&folder)
            .map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
        let port = free_port()?;
        let script = SCRIPT
            .replace("USER", USER)
            .replace("CONNECTIONS", &CONNECTIONS.to_string());
        let mut command = as_database_user(&folder)?;
        command
            .args(["-c", &script, "fairway-postgres"])
            .arg(&folder)
            .arg(programs)
            .arg(port.to_string())
            .arg(if durable { "on" } else { "off" });
        let output = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .map_err(|error| format!("cannot open the log: {error}"))?;
        let errors = output
            .try_clone()
            .map_err(|error| format!("cannot open the log: {error}"))?;
        // A group of its own: Ctrl-C ends us, and thereby the script, but leaves it the time to clean up.
        let script = command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(|error| format!("cannot start PostgreSQL: {error}"))?;
        let mut cluster = Self {
            script,
            folder,
            port,
        };
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    /// The server's URL; a test appends the database that it wants, `/postgres` to create its own.
    pub(crate) fn url(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}", self.port)
    }

    /// Its first process; none where the server does not say.
    pub(crate) fn process(&self) -> Option<u32> {
        let told = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).ok()?;
        told.lines().next()?.trim().parse().ok()
    }

    fn wait_until_ready(&mut self) -> Result<(), String> {
        let started = Instant::now();
        while !self.folder.join("ready").exists() {
            let ended = self
                .script
                .try_wait()
                .map_err(|error| format!("cannot wait: {error}"))?;
            if ended.is_some() || started.elapsed() > START_LIMIT {
                return Err("PostgreSQL did not start; its output is above".to_owned());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut input) = self.script.stdin.take() {
            drop(input.flush());
        }
        drop(self.script.wait());
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// A shell as a user that PostgreSQL agrees to run under: it refuses root.
fn as_database_user(folder: &Path) -> Result<Command, String> {
    if !tools::is_root() {
        return Ok(Command::new("sh"));
    }
    let owned = Command::new("chown").arg("postgres").arg(folder).status();
    if !owned.is_ok_and(|status| status.success()) {
        return Err("root may not run PostgreSQL and there is no user `postgres`: useradd --system postgres".to_owned());
    }
    let mut command = Command::new("setpriv");
    command.args([
        "--reuid=postgres",
        "--regid=postgres",
        "--init-groups",
        "sh",
    ]);
    Ok(command)
}

/// A port below those that the system takes for outgoing connections, one of which might take it before the server does.
fn free_port() -> Result<u16, String> {
    let begin = std::process::id() % PORTS;
    (0..PORTS)
        .map(|place| FIRST_PORT + (begin + place) % PORTS)
        .filter_map(|port| u16::try_from(port).ok())
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .ok_or_else(|| "no free port on 127.0.0.1".to_owned())
}
