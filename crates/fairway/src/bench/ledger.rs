//! Finality and settled charges per second: four validator processes over loopback, each fsyncing, each making a quarter of the load.

use super::{figure, percentile};
use clap::Args;
use serde_json::Value;
use std::process::Stdio;
use tokio::process::Command;

/// How the ledger is measured.
#[derive(Debug, Args)]
pub struct Options {
    /// One JSON object per figure.
    #[arg(long)]
    json: bool,
    /// Charges per second to offer, one run each.
    #[arg(long, value_delimiter = ',', default_value = "200,1000,2000")]
    rates: Vec<u32>,
    /// Seconds of each run.
    #[arg(long, default_value_t = 20)]
    seconds: u32,
}

pub(super) async fn run(options: Options) -> Result<(), String> {
    for rate in &options.rates {
        let nodes = once(*rate, options.seconds).await?;
        tell(&options, *rate, &nodes);
    }
    Ok(())
}

async fn once(rate: u32, seconds: u32) -> Result<Vec<Value>, String> {
    let folder = std::env::temp_dir().join(format!("fairway-bench-{}-{rate}", std::process::id()));
    let ports: Vec<String> = crate::ports::free(4)?
        .iter()
        .map(|address| address.port().to_string())
        .collect();
    let program = std::env::current_exe().map_err(|e| e.to_string())?;
    let mut running = Vec::new();
    for index in 0..4u32 {
        let dir = folder.join(index.to_string());
        std::fs::create_dir_all(&dir).map_err(|e| e.to_string())?;
        let mut command = Command::new(&program);
        command
            .arg("bench")
            .arg("ledger-node")
            .arg("--dir")
            .arg(&dir)
            .args(["--ports", &ports.join(",")]);
        command.args([
            "--index",
            &index.to_string(),
            "--rate",
            &rate.div_ceil(4).to_string(),
            "--seconds",
            &seconds.to_string(),
        ]);
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| e.to_string())?;
        running.push(child.wait_with_output());
    }
    let mut out = Vec::new();
    for result in futures::future::join_all(running).await {
        let result = result.map_err(|e| e.to_string())?;
        let text = String::from_utf8_lossy(&result.stdout).into_owned();
        let line = text
            .lines()
            .next()
            .ok_or_else(|| format!("a validator ended with {} and no figures", result.status))?;
        out.push(serde_json::from_str(line).map_err(|e| format!("{e}: {line}"))?);
    }
    // What cannot be removed now is removed by the system's own cleaning of temporary folders.
    let _ = std::fs::remove_dir_all(folder);
    Ok(out)
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

fn tell(options: &Options, rate: u32, nodes: &[Value]) {
    let latencies = nodes
        .iter()
        .filter_map(|n| n.get("latencies_ms").and_then(Value::as_array))
        .flatten();
    let mut sorted: Vec<f64> = latencies.filter_map(Value::as_f64).collect();
    sorted.sort_by(f64::total_cmp);
    let name = |what: &str| format!("ledger/{rate}_per_s/{what}");
    let settled = sum(nodes, "settled");
    let tell = |what: &str, value: f64, unit: &str| figure(options.json, &name(what), value, unit);
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
