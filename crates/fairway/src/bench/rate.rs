//! Charges rated per second on one core, beside other implementations on the same charges in the same run.
//!
//! The workload is made here, the same each time: charges of 8 to 10 quarter-hours under six tariffs, as OCPI 2.2.1 CDRs with
//! their tariff inside, cut where the price may change, as OCPI asks of the sender. *Typed* rates what was read before; *json*
//! reads CDR and tariff from text first. A peer is a program that gets the workload's file as its argument and prints one JSON
//! line with its name, both speeds, and the net price of each charge, which is compared with ours.

use fairway_model::{Adjustments, Micro, Time, Usage};
use fairway_pricing::{CompiledTariff, rate};
use fairway_protocol::ocpi_tariff::{read_cdr, read_tariff};
use serde_json::{Value, json};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// Charges in the workload.
const CHARGES: i64 = 600;
/// Rounds of each measurement.
const ROUNDS: usize = 15;
/// Times that a round of typed rating goes through the workload, so that a round is long enough to be measured.
const REPEATS: usize = 40;
/// All stations of the workload.
const ZONE: &str = "America/New_York";
/// Programs to compare with, separated like the entries of `PATH`.
const PEERS: &str = "FAIRWAY_BENCH_PEERS";
/// How far net prices may differ: peers round to four digits after the point.
const TOLERANCE: i64 = 100;

/// Measures and prints: per figure name, value, unit, and where there is a peer its name, value and the ratio. With `json` one
/// object per line.
///
/// # Errors
/// What failed: a tariff or CDR of the workload, or a peer.
pub fn run(json: bool) -> Result<(), String> {
    let workload = Workload::new()?;
    let (typed, nets) = workload.typed()?;
    let (from_text, _) = workload.texts()?;
    let figures = [("rate-typed", typed), ("rate-json", from_text)];
    for (name, speed) in &figures {
        print(json, name, speed.best, "charges/s", None);
        print(
            json,
            &format!("{name}-median"),
            speed.median,
            "charges/s",
            None,
        );
    }
    for program in peers() {
        let peer = Peer::run(&program, &workload.text())?;
        for (figure, value) in [(&figures[0], peer.typed), (&figures[1], peer.json)] {
            print(
                json,
                &format!("{}-{}", figure.0, peer.name),
                figure.1.best,
                "charges/s",
                Some((&peer.name, value)),
            );
        }
        let agree = nets
            .iter()
            .zip(&peer.nets)
            .filter(|(ours, theirs)| (ours.0 - **theirs).abs() <= TOLERANCE)
            .count();
        print(
            json,
            &format!("rate-agree-{}", peer.name),
            count(agree),
            "charges",
            Some((&peer.name, count(nets.len()))),
        );
    }
    Ok(())
}

/// Best and median of several rounds, in charges per second.
struct Speed {
    best: f64,
    median: f64,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of a benchmark are far below 2^52"
)]
fn count(n: usize) -> f64 {
    n as f64
}

#[expect(clippy::print_stdout, reason = "figures are this command's output")]
fn print(json: bool, name: &str, value: f64, unit: &str, peer: Option<(&str, f64)>) {
    let ratio = peer.map(|(_, other)| value / other);
    if json {
        let (name_of, value_of) = peer.map_or((Value::Null, Value::Null), |(n, v)| {
            (json!(n), json!(round(v, 1.0)))
        });
        let ratio = ratio.map_or(Value::Null, |r| json!(round(r, 100.0)));
        println!(
            "{{\"name\":{},\"value\":{},\"unit\":{},\"peer\":{name_of},\"peer_value\":{value_of},\"ratio\":{ratio}}}",
            json!(name),
            json!(round(value, 1.0)),
            json!(unit)
        );
    } else {
        let beside = peer.map_or_else(String::new, |(n, v)| {
            format!("   {n}: {v:.0}, ratio {:.2}", ratio.unwrap_or(0.0))
        });
        println!("{name:<28} {value:>12.0} {unit}{beside}");
    }
}

fn round(value: f64, digits: f64) -> f64 {
    (value * digits).round() / digits
}

fn peers() -> Vec<PathBuf> {
    let paths = std::env::var_os(PEERS).unwrap_or_default();
    std::env::split_paths(&paths)
        .filter(|path| !path.as_os_str().is_empty())
        .collect()
}

/// Runs `round` [`ROUNDS`] times, each rating `charges` charges.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn measure(charges: usize, mut round: impl FnMut() -> Result<(), String>) -> Result<Speed, String> {
    let mut speeds = Vec::with_capacity(ROUNDS);
    round()?;
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        round()?;
        speeds.push(count(charges) / begin.elapsed().as_secs_f64());
    }
    speeds.sort_by(f64::total_cmp);
    let at = |index: usize| speeds.get(index).copied().unwrap_or(0.0);
    Ok(Speed {
        best: at(ROUNDS - 1),
        median: at(ROUNDS / 2),
    })
}

/// The charges to rate, as text and typed.
struct Workload {
    cdrs: Vec<String>,
    tariffs: Vec<CompiledTariff>,
    typed: Vec<(usize, Usage)>,
}

impl Workload {
    fn new() -> Result<Self, String> {
        let sources = tariffs();
        let mut tariffs = Vec::new();
        for source in &sources {
            let tariff = read_tariff(source.to_string().as_bytes()).map_err(|e| e.to_string())?;
            tariffs.push(CompiledTariff::compile(&tariff, ZONE).map_err(|e| e.to_string())?);
        }
        let (mut cdrs, mut typed) = (Vec::new(), Vec::new());
        for (number, (index, tariff)) in (0..CHARGES).zip(sources.iter().enumerate().cycle()) {
            let text = cdr(number, tariff).to_string();
            typed.push((
                index,
                read_cdr(text.as_bytes()).map_err(|e| e.to_string())?.usage,
            ));
            cdrs.push(text);
        }
        Ok(Self {
            cdrs,
            tariffs,
            typed,
        })
    }

    /// The workload as its file's content.
    fn text(&self) -> String {
        format!(
            "{{\"time_zone\":\"{ZONE}\",\"cdrs\":[{}]}}",
            self.cdrs.join(",")
        )
    }

    fn compiled(&self, index: usize) -> Result<&CompiledTariff, String> {
        self.tariffs
            .get(index)
            .ok_or_else(|| "the workload names a tariff that it lacks".to_owned())
    }

    fn typed(&self) -> Result<(Speed, Vec<Micro>), String> {
        let once = |nets: &mut Vec<Micro>| {
            for (index, usage) in &self.typed {
                let breakdown = rate(
                    self.compiled(*index)?,
                    &Adjustments::NEUTRAL,
                    black_box(usage),
                )
                .map_err(|e| e.to_string())?;
                nets.push(black_box(breakdown).net);
            }
            Ok(())
        };
        let mut nets = Vec::with_capacity(self.typed.len());
        once(&mut nets)?;
        let mut scratch = Vec::with_capacity(self.typed.len());
        let speed = measure(self.typed.len() * REPEATS, || {
            (0..REPEATS).try_for_each(|_| {
                scratch.clear();
                once(&mut scratch)
            })
        })?;
        Ok((speed, nets))
    }

    /// Reads each CDR with its tariff; a tariff that is known already is not compiled again.
    fn texts(&self) -> Result<(Speed, Vec<Micro>), String> {
        let mut nets = Vec::with_capacity(self.cdrs.len());
        let speed = measure(self.cdrs.len(), || {
            nets.clear();
            for text in &self.cdrs {
                let charge = read_cdr(black_box(text.as_bytes())).map_err(|e| e.to_string())?;
                let tariff = charge.tariffs.first().ok_or("the CDR has no tariff")?;
                let known = self
                    .tariffs
                    .iter()
                    .find(|known| known.tariff() == tariff)
                    .ok_or("the CDR's tariff is unknown")?;
                let breakdown =
                    rate(known, &Adjustments::NEUTRAL, &charge.usage).map_err(|e| e.to_string())?;
                nets.push(black_box(breakdown).net);
            }
            Ok(())
        })?;
        Ok((speed, nets))
    }
}

/// What a compared program printed.
struct Peer {
    name: String,
    typed: f64,
    json: f64,
    nets: Vec<i64>,
}

impl Peer {
    fn run(program: &Path, workload: &str) -> Result<Self, String> {
        let file = std::env::temp_dir().join(format!("fairway-rate-{}.json", std::process::id()));
        std::fs::write(&file, workload)
            .map_err(|e| format!("cannot write {}: {e}", file.display()))?;
        let output = Command::new(program).arg(&file).output();
        let _ = std::fs::remove_file(&file);
        let output = output.map_err(|e| format!("cannot run {}: {e}", program.display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            return Err(format!(
                "{} failed: {}",
                program.display(),
                String::from_utf8_lossy(&output.stderr)
            ));
        }
        Self::read(&text).ok_or_else(|| format!("{} printed no figures: {text}", program.display()))
    }

    fn read(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let nets = value
            .get("nets")?
            .as_array()?
            .iter()
            .filter_map(Value::as_str);
        Some(Self {
            name: value.get("peer")?.as_str()?.to_owned(),
            typed: value.get("typed_per_s")?.as_f64()?,
            json: value.get("json_per_s")?.as_f64()?,
            nets: nets
                .map(|n| Micro::parse(n).map_or(i64::MIN / 2, |m| m.0))
                .collect(),
        })
    }
}

/// Six tariffs of the usual kinds.
fn tariffs() -> Vec<Value> {
    let energy =
        |price: f64| json!({"type": "ENERGY", "price": price, "vat": 19.0, "step_size": 1});
    let flat = |price: f64| json!({"type": "FLAT", "price": price, "vat": 19.0, "step_size": 1});
    let parking =
        |price: f64| json!({"type": "PARKING_TIME", "price": price, "vat": 19.0, "step_size": 300});
    let time = |price: f64| json!({"type": "TIME", "price": price, "vat": 19.0, "step_size": 60});
    let from = |start: &str, end: &str| json!({"start_time": start, "end_time": end});
    let work = json!(["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]);
    let element = |components: Value, restrictions: Option<Value>| match restrictions {
        Some(r) => json!({"price_components": components, "restrictions": r}),
        None => json!({"price_components": components}),
    };
    let all = [
        vec![
            element(
                json!([energy(0.56)]),
                Some(json!({"start_time": "14:00", "end_time": "19:00", "day_of_week": work})),
            ),
            element(json!([energy(0.28)]), Some(from("22:00", "06:00"))),
            element(json!([energy(0.42), flat(1.0), parking(6.0)]), None),
        ],
        vec![element(
            json!([energy(0.39), flat(0.5), parking(3.0)]),
            None,
        )],
        vec![
            element(json!([energy(0.31)]), Some(from("21:00", "07:00"))),
            element(json!([parking(9.0)]), Some(json!({"min_duration": 5_400}))),
            element(json!([energy(0.44), flat(0.75)]), None),
        ],
        vec![
            element(
                json!([energy(0.33), time(1.2), parking(4.8)]),
                Some(from("08:00", "20:00")),
            ),
            element(
                json!([energy(0.27), time(0.6), parking(2.4), flat(0.35)]),
                None,
            ),
        ],
        vec![
            element(
                json!([energy(0.49), parking(7.5)]),
                Some(json!({"day_of_week": work})),
            ),
            element(json!([energy(0.37), parking(1.5)]), None),
            element(json!([flat(1.5)]), None),
        ],
        vec![
            element(
                json!([energy(0.61)]),
                Some(
                    json!({"start_time": "16:00", "end_time": "21:00", "start_date": "2026-06-01", "end_date": "2026-10-01"}),
                ),
            ),
            element(
                json!([energy(0.24)]),
                Some(json!({"start_time": "23:00", "end_time": "05:00"})),
            ),
            element(json!([energy(0.4), flat(0.9), parking(5.4)]), None),
        ],
    ];
    let whole = |(number, elements): (usize, Vec<Value>)| {
        json!({
            "country_code": "US", "party_id": "DUK", "id": format!("T{number}"), "currency": "USD", "elements": elements,
            "last_updated": "2026-01-01T00:00:00Z"
        })
    };
    all.into_iter().enumerate().map(whole).collect()
}

/// Charge `number` of the workload: 6 to 8 quarter-hours of charging, then two of parking; begins spread over a year.
fn cdr(number: i64, tariff: &Value) -> Value {
    const QUARTER: i64 = 900_000;
    // 2026-01-01T00:00Z; the stride visits all quarter-hours of the day and all days of the week.
    let begin = Time(1_767_225_600_000).plus(number * 59 * QUARTER);
    let charging = 6 + number % 3;
    let periods = (0..charging + 2).map(|i| {
        let (kind, kwh) = if i < charging {
            ("TIME", format!("{}.{:03}", 2 + (number + i) % 9, (number * 37 + i * 11) % 1_000))
        } else {
            ("PARKING_TIME", "0".to_owned())
        };
        let mut dimensions = vec![json!({"type": kind, "volume": 0.25})];
        if i < charging {
            dimensions.push(json!({"type": "ENERGY", "volume": kwh.parse::<serde_json::Number>().unwrap_or_else(|_| 0.into())}));
        }
        json!({"start_date_time": begin.plus(i * QUARTER).rfc3339(), "dimensions": dimensions})
    });
    let periods: Vec<Value> = periods.collect();
    json!({
        "country_code": "US", "party_id": "DUK", "id": format!("CDR{number}"), "start_date_time": begin.rfc3339(),
        "end_date_time": begin.plus((charging + 2) * QUARTER).rfc3339(),
        "cdr_token": {"country_code": "US", "party_id": "ALP", "uid": "0123456789", "type": "RFID", "contract_id": "US-ALP-C0000001"},
        "auth_method": "WHITELIST",
        "cdr_location": {
            "id": "LOC1", "address": "1 Main Street", "city": "Charlotte", "country": "USA",
            "coordinates": {"latitude": "35.227087", "longitude": "-80.843127"}, "evse_uid": "1", "evse_id": "US*DUK*E1",
            "connector_id": "1", "connector_standard": "IEC_62196_T1_COMBO", "connector_format": "CABLE", "connector_power_type": "DC"
        },
        "currency": "USD", "tariffs": [tariff], "charging_periods": periods,
        "total_cost": {"excl_vat": 0, "incl_vat": 0}, "total_energy": 0, "total_time": 0, "last_updated": "2026-12-31T00:00:00Z"
    })
}
