//! Fair splits: how many drawn cases break a law, and what a division costs.

use super::figure;
use crate::cli::say;
use crate::environment;
use clap::Args;
use fairway_model::{AdHoc, Costs, Energy, Micro, Split, SplitRule};
use fairway_pricing::game::{MAX_PLAYERS, shapley};
use fairway_pricing::laws::{CASES_PER_SEED, try_seed};
use fairway_pricing::{Sharing, Turn, divide};
use std::hint::black_box;

/// Most broken laws that are shown.
const MAX_SHOWN: u64 = 10;
/// Divisions that are timed.
const DIVISIONS: u32 = 1_000_000;

/// How much is tried.
#[derive(Debug, Args)]
pub struct Options {
    /// Seeds; each draws five divisions.
    #[arg(long, default_value_t = 1_000_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// One JSON object per figure.
    #[arg(long)]
    json: bool,
}

/// Tries the laws and measures.
///
/// # Errors
/// The laws that were broken, with their seeds.
pub fn run(options: &Options) -> Result<(), String> {
    let broken = violations(options);
    let cases = options.seeds.saturating_mul(CASES_PER_SEED);
    let print = |name: &str, value: f64, unit: &str| figure(options.json, name, value, unit);
    print("split-cases", count(cases), "cases");
    print("split-violations", count(broken), "cases");
    print("split-shapley-three", three_way(), "ns");
    print("split-shapley-sixteen", sixteen()?, "ms");
    if broken == 0 {
        return Ok(());
    }
    Err(format!("{broken} of {} seeds break a law", options.seeds))
}

fn count(n: u64) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

fn violations(options: &Options) -> u64 {
    let mut broken = 0u64;
    for seed in options.first..options.first.saturating_add(options.seeds) {
        let Err(law) = try_seed(seed) else { continue };
        broken = broken.saturating_add(1);
        if broken <= MAX_SHOWN && !options.json {
            say(&format!("seed {seed}: {law}"));
        }
    }
    broken
}

/// Nanoseconds of one division of a charge by the Shapley value.
fn three_way() -> f64 {
    let rule = SplitRule::Shapley {
        costs: Costs {
            energy_per_kwh: Micro(110_000),
            network_per_kwh: Micro(50_000),
            per_charge: Micro(100_000),
        },
        ad_hoc: AdHoc {
            price_per_kwh: Micro(380_000),
            chance_bps: 6_000,
        },
    };
    let parts = Split {
        home_bps: 800,
        visited_bps: 7_700,
        owner_bps: 1_500,
    };
    let sharing = Sharing {
        parts: &parts,
        rule: Some(&rule),
        tier: None,
        turn: Turn::ALL[0],
    };
    let begin = environment::instant();
    for n in 0..DIVISIONS {
        let net = Micro(10_000_000_i64.saturating_add(i64::from(n)));
        let _same_every_time = black_box(divide(net, Energy(30_000_000), black_box(&sharing)));
    }
    begin.elapsed().as_secs_f64() * 1e9 / f64::from(DIVISIONS)
}

/// Milliseconds of an exact Shapley value of sixteen parties.
fn sixteen() -> Result<f64, String> {
    let worth: Vec<Micro> = (0..1u32 << MAX_PLAYERS)
        .map(|group| {
            Micro(
                i64::from(group.count_ones())
                    .pow(2)
                    .saturating_mul(1_000_003),
            )
        })
        .collect();
    let ranks: Vec<u32> = (0..16).collect();
    let begin = environment::instant();
    black_box(shapley(&worth, &ranks).map_err(|e| e.to_string())?);
    Ok(begin.elapsed().as_secs_f64() * 1e3)
}
