//! The same postings in PostgreSQL, as a central ledger would make them: one server, synced to disk, no signature checked, nothing priced.
//!
//! A charge is what the ledger writes for one: the hold is placed in one transaction; in another it is posted, the charge is recorded
//! under a unique id, four accounts and the position of the pair move. Its speed is what trusting one operator buys.

use super::{figure, percentile};
use crate::environment;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Stdio;
use tokio::process::Command;

/// The server's URL, and the folder of its programs.
const SERVER: &str = "FAIRWAY_BENCH_POSTGRES";
const PROGRAMS: &str = "FAIRWAY_BENCH_POSTGRES_BIN";
/// Connections, as many as have been found to give the most on two cores.
const CLIENTS: &str = "16";

/// Members of the ledger, owners of sites and tax accounts as in the load of the validators.
const TABLES: &str = "
CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL);
CREATE TABLE position (home int, visited int, owed bigint NOT NULL, held bigint NOT NULL, PRIMARY KEY (home, visited));
CREATE TABLE hold (session bigint PRIMARY KEY, status smallint NOT NULL, amount bigint NOT NULL, content bytea NOT NULL);
CREATE TABLE charge (session bigint PRIMARY KEY, total bigint NOT NULL, event bytea NOT NULL);
CREATE SEQUENCE session CACHE 100;
INSERT INTO account SELECT n, 0 FROM generate_series(0, 11) n;
INSERT INTO position SELECT h, v, 0, 0 FROM generate_series(0, 3) h, generate_series(0, 3) v;
";

/// One charge: 32 bytes of hold and 400 of event, as the ledger stores about. Rows are locked in one order by all, so that no two
/// charges wait for each other.
const SCRIPT: &str = r"
\set v random(0, 3)
\set h mod(:v + 1, 4)
\set first least(:h, :v)
\set second greatest(:h, :v)
\set of_first (case when :first = :h then -11500000 else 9000000 end)
\set of_second (-2500000 - :of_first)
SELECT nextval('session') AS s \gset
BEGIN;
INSERT INTO hold VALUES (:s, 0, 12500000, decode(repeat('ab', 32), 'hex'));
UPDATE position SET held = held + 12500000 WHERE home = :h AND visited = :v;
COMMIT;
BEGIN;
UPDATE position SET held = held - 12500000, owed = owed + 11500000 WHERE home = :h AND visited = :v;
INSERT INTO charge VALUES (:s, 12500000, decode(repeat('ab', 400), 'hex'));
UPDATE hold SET status = 1 WHERE session = :s AND status = 0;
UPDATE account SET balance = balance + :of_first WHERE id = :first;
UPDATE account SET balance = balance + :of_second WHERE id = :second;
UPDATE account SET balance = balance + 1700000 WHERE id = 4 + :v;
UPDATE account SET balance = balance + 800000 WHERE id = 8 + :v;
COMMIT;
";

/// Measures at each rate, and without a limit.
///
/// # Errors
/// When a server is there and does not do what is asked.
pub(super) async fn run(json: bool, rates: &[u32], seconds: u32) -> Result<(), String> {
    let (Some(server), Some(programs)) = (
        environment::variable(SERVER),
        environment::variable(PROGRAMS),
    ) else {
        tracing::warn!("{SERVER} and {PROGRAMS} name no PostgreSQL server: it is not measured");
        return Ok(());
    };
    let folder = std::env::temp_dir().join(format!("fairway-pgbench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
    std::fs::write(folder.join("charge.sql"), SCRIPT).map_err(|e| e.to_string())?;
    let (programs, url) = (Path::new(&programs), format!("{server}/postgres"));
    let mut psql = Command::new(programs.join("psql"));
    done(psql.args(["-q", "-v", "ON_ERROR_STOP=1", "-d", &url, "-c", TABLES])).await?;
    for limit in rates.iter().map(|rate| Some(*rate)).chain([None]) {
        let mut latencies = once(programs, &url, &folder, limit, seconds).await?;
        latencies.sort_by(f64::total_cmp);
        let name = limit.map_or_else(|| "unlimited".to_owned(), |rate| format!("{rate}_per_s"));
        let tell = |what: &str, value: f64, unit: &str| {
            figure(json, &format!("ledger/postgres/{name}/{what}"), value, unit);
        };
        let count = u32::try_from(latencies.len()).unwrap_or(u32::MAX);
        tell(
            "settled",
            f64::from(count) / f64::from(seconds.max(1)),
            "charges/s",
        );
        tell("latency_p50", percentile(&latencies, 500), "ms");
        tell("latency_p99", percentile(&latencies, 990), "ms");
        tell("latency_max", percentile(&latencies, 1_000), "ms");
    }
    let _ = std::fs::remove_dir_all(folder);
    Ok(())
}

/// One run; latencies in milliseconds, counted from when a charge was due.
async fn once(
    programs: &Path,
    url: &str,
    folder: &Path,
    limit: Option<u32>,
    seconds: u32,
) -> Result<Vec<f64>, String> {
    let prefix = folder.join(format!("log-{}", limit.unwrap_or(0)));
    let mut command = Command::new(programs.join("pgbench"));
    command.args(["-n", "-c", CLIENTS, "-j", "2", "-M", "prepared", "-l"]);
    command.args(["-T", &seconds.to_string(), "-f"]);
    command.arg(folder.join("charge.sql"));
    command.arg("--log-prefix").arg(&prefix);
    if let Some(rate) = limit {
        command.args(["-R", &rate.to_string()]);
    }
    done(command.arg(url)).await?;
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).map_err(|e| e.to_string())? {
        let path = entry.map_err(|e| e.to_string())?.path();
        let ours = path
            .to_string_lossy()
            .starts_with(&*prefix.to_string_lossy());
        if ours {
            let log = std::fs::read_to_string(&path).map_err(|e| e.to_string())?;
            let _ = writeln!(text, "{log}");
            let _ = std::fs::remove_file(&path);
        }
    }
    Ok(text.lines().filter_map(latency_ms).collect())
}

/// The third field of a line of pgbench's log: microseconds.
fn latency_ms(line: &str) -> Option<f64> {
    let micros: u32 = line.split_ascii_whitespace().nth(2)?.parse().ok()?;
    Some(f64::from(micros) / 1_000.0)
}

async fn done(command: &mut Command) -> Result<(), String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(|e| format!("{command:?}: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    ))
}
