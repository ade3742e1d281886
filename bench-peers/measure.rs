// What both compared programs share: reading the workload, timing, and the line that they print.

use serde_json::{Value, json};
use std::time::Instant;

/// Rounds of each measurement; the best counts.
const ROUNDS: usize = 7;

/// The workload: the time zone of all stations, and the charges as OCPI 2.2.1 CDRs with their tariff inside.
pub struct Workload {
    pub time_zone: String,
    pub cdrs: Vec<String>,
}

/// Reads the file named by the first argument.
pub fn workload() -> Result<Workload, String> {
    let path = std::env::args().nth(1).ok_or("usage: give the path of a workload file")?;
    let text = std::fs::read_to_string(&path).map_err(|e| format!("cannot read {path}: {e}"))?;
    let value: Value = serde_json::from_str(&text).map_err(|e| format!("{path}: {e}"))?;
    let time_zone = value["time_zone"].as_str().ok_or("workload has no time_zone")?.to_owned();
    let cdrs = value["cdrs"].as_array().ok_or("workload has no cdrs")?.iter().map(Value::to_string).collect();
    Ok(Workload { time_zone, cdrs })
}

/// Charges per second of the best round; `round` rates `charges` charges.
pub fn best(charges: usize, mut round: impl FnMut() -> Result<(), String>) -> Result<f64, String> {
    let mut best: f64 = 0.0;
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        round()?;
        best = best.max(charges as f64 / begin.elapsed().as_secs_f64());
    }
    Ok(best)
}

/// Prints the result; `nets` are the prices before tax.
pub fn print(peer: &str, typed: f64, json: f64, nets: &[String]) {
    println!("{}", json!({"peer": peer, "typed_per_s": typed.round(), "json_per_s": json.round(), "nets": nets}));
}
