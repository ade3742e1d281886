//! Finality and settled charges per second: four validator processes, each fsyncing, each making its part of the load; the same with
//! distance between them, with one dead, with one whose clock lies; and beside it what stands beneath (the engine with transactions that do
//! nothing) and what stands elsewhere (PostgreSQL as a central ledger).

use super::{figure, percentile, pgbench};
use crate::line::{Condition, Line};
use clap::{Args, ValueEnum};
use serde_json::Value;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// How the ledger is measured.
#[derive(Debug, Args)]
pub struct Options {
    /// One JSON object per figure.
    #[arg(long)]
    json: bool,
    /// Charges per second to offer over loopback, one run each.
    #[arg(long, value_delimiter = ',', default_value = "200,1000,2000,4000")]
    rates: Vec<u32>,
    /// Charges per second to offer in the other cases.
    #[arg(long, value_delimiter = ',', default_value = "200,1000")]
    case_rates: Vec<u32>,
    /// Seconds of each run.
    #[arg(long, default_value_t = 20)]
    seconds: u32,
    /// Which cases; all when none is named.
    #[arg(long, value_delimiter = ',')]
    cases: Vec<Case>,
}

/// Under which conditions the validators work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Case {
    /// All four on loopback.
    Loopback,
    /// 50 ms from each to each, one way.
    Far,
    /// As far, and one of four dead.
    FarOneDead,
    /// On loopback, one of four dead.
    OneDead,
    /// On loopback; one of four proposes blocks that are ten minutes ahead of everybody's time.
    OneLies,
    /// On loopback; one of four floods the others with transactions that come to nothing.
    OneFloods,
    /// On loopback; transactions and machine that do nothing.
    Engine,
    /// The same postings in PostgreSQL.
    Postgres,
}

/// One-way delay of the far cases.
const FAR: Duration = Duration::from_millis(50);

impl Case {
    /// How the figures are named; those over loopback have the name that they have had from the beginning.
    fn name(self, rate: u32) -> String {
        let case = match self {
            Self::Loopback => return format!("ledger/{rate}_per_s"),
            Self::Far => "50_ms_apart",
            Self::FarOneDead => "50_ms_apart_one_dead",
            Self::OneDead => "one_dead",
            Self::OneLies => "one_lies",
            Self::OneFloods => "one_floods",
            Self::Engine => "bare_engine",
            Self::Postgres => "postgres",
        };
        format!("ledger/{case}/{rate}_per_s")
    }

    fn delay(self) -> Option<Duration> {
        matches!(self, Self::Far | Self::FarOneDead).then_some(FAR)
    }

    /// What the last of the four does, when it runs and makes no load.
    fn harm(self) -> Option<&'static str> {
        match self {
            Self::OneLies => Some("lie"),
            Self::OneFloods => Some("flood"),
            _ => None,
        }
    }

    /// How many validators make load.
    fn loaded(self) -> u32 {
        match self {
            Self::FarOneDead | Self::OneDead | Self::OneLies | Self::OneFloods => 3,
            _ => 4,
        }
    }
}

pub(super) async fn run(options: Options) -> Result<(), String> {
    for case in Case::value_variants() {
        if !options.cases.is_empty() && !options.cases.contains(case) {
            continue;
        }
        let rates = match case {
            Case::Loopback | Case::Engine => &options.rates,
            Case::Postgres => {
                pgbench::run(options.json, &options.rates, options.seconds).await?;
                continue;
            }
            _ => &options.case_rates,
        };
        for rate in rates {
            let nodes = once(*case, *rate, options.seconds).await?;
            tell(&options, &case.name(*rate), &nodes);
        }
    }
    Ok(())
}

async fn once(case: Case, rate: u32, seconds: u32) -> Result<Vec<Value>, String> {
    let folder = std::env::temp_dir().join(format!(
        "fairway-bench-{}-{case:?}-{rate}",
        std::process::id()
    ));
    let listen = crate::ports::free(4)?;
    let reached = reached(case, &listen)?;
    let ports = |addresses: &[SocketAddr]| -> Vec<String> {
        addresses.iter().map(|a| a.port().to_string()).collect()
    };
    let reached = ports(&reached).join(",");
    let (mut running, mut harmful) = (Vec::new(), None);
    for (index, port) in (0u32..).zip(ports(&listen)) {
        let loaded = index < case.loaded();
        if !loaded && case.harm().is_none() {
            continue;
        }
        let dir = folder.join(index.to_string());
        std::fs::create_dir_all(&dir).map_err(|e| e.to_string())?;
        let mut command = node(case, &dir, index, (rate, seconds))?;
        command.args(["--ports", &reached, "--listen", &port]);
        if loaded {
            let child = command.stdout(Stdio::piped()).spawn();
            running.push(child.map_err(|e| e.to_string())?.wait_with_output());
        } else {
            command.args(["--harm", case.harm().unwrap_or_default()]);
            let child = command.stdout(Stdio::null()).spawn();
            harmful = Some(child.map_err(|e| e.to_string())?);
        }
    }
    let out = figures(running).await;
    still_there(harmful).await?;
    // What cannot be removed now is removed by the system's own cleaning of temporary folders.
    let _ = std::fs::remove_dir_all(folder);
    out
}

/// The addresses that the validators are told: their own, or those of proxies before them.
fn reached(case: Case, listen: &[SocketAddr]) -> Result<Vec<SocketAddr>, String> {
    let Some(delay) = case.delay() else {
        return Ok(listen.to_vec());
    };
    let reached = crate::ports::free(listen.len())?;
    for (from, to) in reached.iter().zip(listen) {
        Line::open(*from, *to, Condition { cut: false, delay })?;
    }
    Ok(reached)
}

fn node(
    case: Case,
    dir: &std::path::Path,
    index: u32,
    (rate, seconds): (u32, u32),
) -> Result<Command, String> {
    let program = std::env::current_exe().map_err(|e| e.to_string())?;
    let part = rate.div_ceil(case.loaded()).to_string();
    let mut command = Command::new(program);
    command.args(["bench", "ledger-node", "--dir"]).arg(dir);
    command.args(["--index", &index.to_string(), "--rate", &part]);
    command.args(["--seconds", &seconds.to_string()]);
    command.args(["--running", &case.loaded().to_string()]);
    if case == Case::Engine {
        command.arg("--noop");
    }
    command.stdin(Stdio::null()).kill_on_drop(true);
    Ok(command)
}

/// What each validator says at its end. When one has failed the others would wait for it: they are ended too.
async fn figures(
    running: Vec<impl Future<Output = std::io::Result<std::process::Output>>>,
) -> Result<Vec<Value>, String> {
    futures::future::try_join_all(running.into_iter().map(figures_of)).await
}

async fn figures_of(
    node: impl Future<Output = std::io::Result<std::process::Output>>,
) -> Result<Value, String> {
    let ended = node.await.map_err(|e| e.to_string())?;
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    let line = text
        .lines()
        .next()
        .ok_or_else(|| format!("a validator ended with {} and no figures", ended.status))?;
    serde_json::from_str(line).map_err(|e| format!("{e}: {line}"))
}

/// A harmful validator that fell over by itself would have measured something else.
async fn still_there(harmful: Option<Child>) -> Result<(), String> {
    let Some(mut harmful) = harmful else {
        return Ok(());
    };
    if let Some(status) = harmful.try_wait().map_err(|e| e.to_string())? {
        return Err(format!(
            "the harmful validator ended by itself with {status}"
        ));
    }
    harmful.kill().await.map_err(|e| e.to_string())
}

fn sum(nodes: &[Value], field: &str) -> f64 {
    nodes
        .iter()
        .filter_map(|n| n.get(field).and_then(Value::as_f64))
        .sum()
}

fn greatest(nodes: &[Value], field: &str) -> f64 {
    nodes
        .iter()
        .filter_map(|n| n.get(field).and_then(Value::as_f64))
        .fold(0.0, f64::max)
}

fn tell(options: &Options, name: &str, nodes: &[Value]) {
    let latencies = nodes
        .iter()
        .filter_map(|n| n.get("latencies_ms").and_then(Value::as_array))
        .flatten();
    let mut sorted: Vec<f64> = latencies.filter_map(Value::as_f64).collect();
    sorted.sort_by(f64::total_cmp);
    let settled = sum(nodes, "settled");
    let tell = |what: &str, value: f64, unit: &str| {
        figure(options.json, &format!("{name}/{what}"), value, unit);
    };
    tell(
        "settled",
        settled / greatest(nodes, "seconds").max(0.001),
        "charges/s",
    );
    tell("refused", sum(nodes, "refused"), "charges");
    tell(
        "unanswered",
        sum(nodes, "offered") - settled - sum(nodes, "refused"),
        "charges",
    );
    tell("finality_p50", percentile(&sorted, 500), "ms");
    tell("finality_p99", percentile(&sorted, 990), "ms");
    tell("finality_max", percentile(&sorted, 1_000), "ms");
    tell("idle_memory", greatest(nodes, "idle_mib"), "MiB");
    tell("loaded_memory", greatest(nodes, "loaded_mib"), "MiB");
    tell(
        "cpu_per_charge_all_nodes",
        sum(nodes, "cpu_s") * 1_000_000.0 / settled.max(1.0),
        "us",
    );
    if let Some(reason) = nodes
        .iter()
        .find_map(|n| n.get("reason").and_then(Value::as_str))
    {
        tracing::warn!("refused: {reason}");
    }
}
