//! Measurements on this machine, as ratios to named peers where there are any.

pub mod authorize;
pub mod ledger;
mod ledger_node;
mod load;
mod loads;
mod noop;
mod pgbench;
pub mod rate;
pub mod size;
pub mod split;
pub mod transfers;

use clap::{Args, Subcommand};
use serde_json::json;

/// What is measured.
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Finality and settled charges per second, four validators over loopback.
    Ledger(ledger::Options),
    /// What a charge costs one validator while its ledger grows.
    LedgerSize(size::Options),
    /// Authorization, remote and from the visiting profile.
    Authorize(authorize::Options),
    /// Charges rated per second and core.
    Rate {
        /// One JSON object per figure.
        #[arg(long)]
        json: bool,
    },
    /// Laws of fair splits over drawn cases, and what a division costs.
    Split(split::Options),
    /// Token transfers and settlements that the contracts execute per second and core, with no consensus and no disk.
    Transfers {
        /// One JSON object per figure.
        #[arg(long)]
        json: bool,
    },
    /// One validator of `ledger`; started by it.
    #[command(hide = true)]
    LedgerNode(ledger_node::Options),
}

/// Measures.
///
/// # Errors
/// What could not be measured, and why.
pub async fn run(options: Options) -> Result<(), String> {
    crate::node::tls::install_provider();
    match options.what {
        What::Ledger(options) => ledger::run(options).await,
        What::LedgerSize(options) => size::run(options).await,
        What::Authorize(options) => authorize::run(options).await,
        What::Rate { json } => rate::run(json),
        What::Split(options) => split::run(&options),
        What::Transfers { json } => transfers::run(json),
        What::LedgerNode(options) => ledger_node::run(options).await,
    }
}

/// Prints one figure.
pub fn figure(json: bool, name: &str, value: f64, unit: &str) {
    if json {
        let none = serde_json::Value::Null;
        crate::cli::say(&json!({ "name": name, "value": value, "unit": unit, "peer": none, "peer_value": none, "ratio": none }).to_string());
    } else {
        crate::cli::say(&format!("{name:<52} {value:>12.2} {unit}"));
    }
}

/// The value below which `per_mille` thousandths of the sorted values lie.
pub fn percentile(sorted: &[f64], per_mille: usize) -> f64 {
    let at = sorted
        .len()
        .saturating_mul(per_mille)
        .div_ceil(1_000)
        .saturating_sub(1);
    sorted.get(at).copied().unwrap_or(f64::NAN)
}
