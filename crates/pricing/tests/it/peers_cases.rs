//! Priced cases published with the crate `ocpi-tariffs` (TandemDrive): CDRs with tariff and expected totals, and common tariffs
//! with charges described by energy, power and time. They are read from cargo's registry copy; nothing of them lies here.

use fairway_model::{Adjustments, Energy, Period, PeriodKind, PriceBreakdown, Tariff, Time, Usage};
use fairway_pricing::{CompiledTariff, rate};
use fairway_protocol::ocpi_tariff::{read_cdr, read_tariff};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the cases come from.
const PACKAGE: &str = "ocpi-tariffs-0.48.0";
/// What brings them here.
const REMEDY: &str = "cargo fetch --manifest-path bench-peers/ocpi-tariffs/Cargo.toml";

/// The 22 cases that we price otherwise or refuse: name, what comes out here, and why. A case that begins to agree, a new
/// difference or another figure fails the test.
const DIFFERENT: &[(&str, &str, &str)] = &[
    (
        "v211/real_world/custom_tariff_dimension/cdr.json",
        "unknown variant `CONGESTION_TIME`",
        UNKNOWN_DIMENSION,
    ),
    (
        "v211/real_world/time_and_parking_time/cdr.json",
        "excl_vat: 34967101 here, 34433400 there",
        INSIDE_A_PERIOD,
    ),
    (
        "v211/real_world/time_and_parking_time_separate_tariff/cdr.json",
        "excl_vat: 34967101 here, 34433400 there",
        INSIDE_A_PERIOD,
    ),
    (
        "v211/real_world/unordered_cdr_periods/cdr.json",
        "end_date_time is no time",
        "writes the month as `8`, which is not RFC 3339",
    ),
    (
        "v221/real_world/step_size/cdr1.json",
        "excl_vat: 430000 here, 550200 there",
        "its period from 17:00 to 17:02 claims five minutes of TIME; we count the two that its times say",
    ),
    (
        "popular/AC-0008/test_run_with_many_day_parking_costs.json",
        "excl_vat: 40272000 here, 60104100 there",
        "parks from 20:00 to 12:00; the window 07:00 to 23:00 holds for 8 hours of it, there for all 16: no period is cut at 23:00",
    ),
    (
        "popular/AC-0010/test_run_almost_avoid_parking_costs.json",
        "excl_vat: 25000000 here, 26399600 there",
        UNMEASURED_POWER,
    ),
    (
        "popular/AC-0010/test_run_avoid_parking_costs.json",
        "excl_vat: 14000000 here, 15200000 there",
        UNMEASURED_POWER,
    ),
    (
        "popular/AC-0014/test_run.json",
        "unknown variant `SESSION_TIME`",
        UNKNOWN_DIMENSION,
    ),
    (
        "popular/AC-0014/test_run_request_less_then_step_size.json",
        "unknown variant `SESSION_TIME`",
        UNKNOWN_DIMENSION,
    ),
    (
        "popular/AC-0018/test_run.json",
        "unknown variant `SESSION_TIME`",
        UNKNOWN_DIMENSION,
    ),
    (
        "popular/AC-0019/test_run.json",
        "unknown variant `SESSION_TIME`",
        UNKNOWN_DIMENSION,
    ),
    (
        "popular/DC-0003/test_run.json",
        "restriction max_*: is 0",
        "an element with max_kwh and max_duration 0 can never apply; refused",
    ),
    (
        "popular/DC-0006/test_run.json",
        "excl_vat: 39340000 here, 39670600 there",
        ONE_STEP_MORE,
    ),
    (
        "popular/DC-0011/test_run_no_parking_cost.json",
        "excl_vat: 22918000 here, 23168000 there",
        ONE_STEP_MORE,
    ),
    (
        "popular/DC-0011/test_run_with_parking_cost.json",
        "excl_vat: 33418000 here, 33668000 there",
        ONE_STEP_MORE,
    ),
    (
        "popular/DC-0013/test_run.json",
        "excl_vat: 47000000 here, 47300000 there",
        ONE_STEP_MORE,
    ),
    (
        "popular/DC-0015/test_run.json",
        "excl_vat: 32066667 here, 32230000 there",
        ONE_STEP_MORE,
    ),
    (
        "popular/DC-0016/test_run.json",
        "unknown variant `SESSION_TIME`",
        UNKNOWN_DIMENSION,
    ),
    (
        "popular/DC-0018/test_run.json",
        "expected struct WirePrice",
        PLAIN_LIMIT,
    ),
    (
        "popular/DC-0018/test_run_parking_step_size_900.json",
        "expected struct WirePrice",
        PLAIN_LIMIT,
    ),
    (
        "popular/DC-0018/test_run_session_under_5min.json",
        "expected struct WirePrice",
        PLAIN_LIMIT,
    ),
];
const UNKNOWN_DIMENSION: &str = "no dimension of OCPI 2.1.1 to 2.3.0: what it prices would be given away; refused, not passed over";
const INSIDE_A_PERIOD: &str = "07:00 falls inside a period; we cut the period there, and count its times, not its rounded hours";
const UNMEASURED_POWER: &str =
    "min_power of 9999 kW is not reached with 24 kW; there it holds, as its CDR names no power";
const ONE_STEP_MORE: &str = "58 minutes of parking after 12 of charging are 58 steps of 60 s; there a fraction of a second makes a 59th";
const PLAIN_LIMIT: &str = "min_price is a plain number; in OCPI 2.2.1 and 2.3.0 it is an object";

#[expect(
    clippy::disallowed_methods,
    reason = "where cargo keeps packages is known only from the environment"
)]
fn cases() -> Option<PathBuf> {
    let home = std::env::var("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|_| std::env::var("HOME").map(|h| Path::new(&h).join(".cargo")));
    let sources = home.ok().map(|home| home.join("registry/src"));
    let found = sources
        .and_then(|sources| fs::read_dir(sources).ok())
        .and_then(|dirs| {
            dirs.flatten()
                .map(|d| d.path().join(PACKAGE).join("test_data"))
                .find(|p| p.is_dir())
        });
    if found.is_none() {
        assert_ne!(
            std::env::var("CI").as_deref(),
            Ok("true"),
            "{PACKAGE} is not in cargo's registry; bring it with: {REMEDY}"
        );
        eprintln!("skipped: {PACKAGE} is not in cargo's registry; bring it with: {REMEDY}");
    }
    found
}

/// All files below `dir` whose name begins with `prefix`, in order.
fn files(dir: &Path, prefix: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("a folder of cases").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, prefix));
        } else if entry.file_name().to_string_lossy().starts_with(prefix) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// JSON with `//` and `#` comments and commas before a closing bracket, as the cases have them.
fn relaxed(path: &Path) -> Option<Value> {
    let text = fs::read_to_string(path).ok()?;
    let mut plain: String = text
        .lines()
        .filter(|l| !matches!(l.trim_start().as_bytes(), [b'/', b'/', ..] | [b'#', ..]))
        .collect();
    for _ in 0..4 {
        plain = plain
            .replace(", }", "}")
            .replace(",  ", ", ")
            .replace(", ]", "]")
            .replace(",}", "}")
            .replace(",]", "]");
    }
    Some(serde_json::from_str(&plain).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).expect("JSON")
}

/// A JSON number or string in micro-units, digits beyond cut.
fn micros(value: &Value) -> Option<i64> {
    let text = match value {
        Value::Number(n) => n.to_string(),
        Value::String(s) => s.clone(),
        _ => return None,
    };
    let cut = text
        .find('.')
        .map_or(text.as_str(), |dot| &text[..text.len().min(dot + 7)]);
    fairway_model::Micro::parse(cut).ok().map(|m| m.0)
}

/// Price before and after taxes, before rounding to minor units; `None` when nothing was priced.
fn totals(b: &PriceBreakdown) -> (i64, i64) {
    (b.net.0 - b.discount.0, b.total.0 - b.rounding.0)
}

/// Compares with an expected `excl_vat` and `incl_vat`; an absent or null value says nothing.
fn compare(ours: (i64, i64), want: &Value, tolerance: i64) -> Result<(), String> {
    let plain = micros(want);
    for (name, ours) in [("excl_vat", ours.0), ("incl_vat", ours.1)] {
        let want = match plain {
            Some(n) if name == "excl_vat" => Some(n),
            _ => want.get(name).and_then(micros),
        };
        if let Some(want) = want
            && (ours - want).abs() > tolerance
        {
            return Err(format!("{name}: {ours} here, {want} there"));
        }
    }
    Ok(())
}

fn priced(tariff: &Tariff, zone: &str, usage: &Usage) -> Result<PriceBreakdown, String> {
    let compiled = CompiledTariff::compile(tariff, zone).map_err(|e| e.to_string())?;
    rate(&compiled, &Adjustments::NEUTRAL, usage).map_err(|e| e.to_string())
}

fn zone_of(cdr: &Value) -> String {
    let location = cdr
        .get("cdr_location")
        .or(cdr.get("location"))
        .cloned()
        .unwrap_or_default();
    if let Some(zone) = location.get("time_zone").and_then(Value::as_str) {
        return zone.to_owned();
    }
    match location.get("country").and_then(Value::as_str) {
        Some("BEL") => "Europe/Brussels",
        Some("ITA") => "Europe/Rome",
        _ => "Europe/Amsterdam",
    }
    .to_owned()
}

fn check_cdr(path: &Path) -> Result<(), String> {
    let folder = path.parent().expect("a folder");
    let cdr = relaxed(path).expect("a CDR");
    let charge = read_cdr(&bytes(&cdr)).map_err(|e| e.to_string())?;
    let tariff = match relaxed(&folder.join("tariff.json")) {
        Some(tariff) => read_tariff(&bytes(&tariff)).map_err(|e| e.to_string())?,
        None => charge.tariffs.first().cloned().ok_or("no tariff")?,
    };
    let breakdown = priced(&tariff, &zone_of(&cdr), &charge.usage)?;
    let name = format!(
        "output_price__{}",
        path.file_name().expect("a name").to_string_lossy()
    );
    let output = relaxed(&folder.join(name));
    let expected = output
        .as_ref()
        .and_then(|o| o.get("cdr_price"))
        .and_then(|p| p.get("total_cost"))
        .or(cdr.get("total_cost"));
    // Expected totals have two to four digits after the point.
    compare(
        totals(&breakdown),
        expected.ok_or("no expected total")?,
        5_000,
    )
}

fn check_run(path: &Path) -> Result<(), String> {
    let tariff = relaxed(&path.parent().expect("a folder").join("tariff.json")).expect("a tariff");
    let tariff = read_tariff(&bytes(&tariff)).map_err(|e| e.to_string())?;
    let run = relaxed(path).expect("a run");
    let (input, expect) = (&run["input"], &run["expect"]);
    let usage = simulate(input)?;
    let breakdown = priced(
        &tariff,
        input["timezone"].as_str().unwrap_or("Europe/Amsterdam"),
        &usage,
    )?;
    let total = &expect["total_cost"];
    if total.is_null() {
        return compare(
            totals(&breakdown),
            &serde_json::json!({"excl_vat": 0, "incl_vat": 0}),
            0,
        );
    }
    let tolerance = micros(&total["tolerance"]).ok_or("no tolerance")?;
    compare(totals(&breakdown), &total["value"], tolerance)
}

/// Charges at full power until the wanted energy is there or the time is over, then parks.
fn simulate(input: &Value) -> Result<Usage, String> {
    let time = |field: &str| {
        let text = input[field].as_str().unwrap_or_default();
        text.parse::<jiff::Timestamp>()
            .map(|t| Time(t.as_millisecond()))
            .map_err(|e| format!("{field}: {e}"))
    };
    let (start, end) = (time("start_date_time")?, time("end_date_time")?);
    let number = |field: &str| micros(&input[field]).ok_or(format!("no {field}"));
    let (watts, amperes, wanted) = (
        number("max_power_supply_kw")? / 1_000,
        number("max_current_supply_amp")? / 1_000,
        number("requested_kwh")?,
    );
    let full = wanted * 3_600 / watts;
    let charging = full.min(end.since(start));
    let energy = if charging == full {
        wanted
    } else {
        watts * charging / 3_600
    };
    let period = |start, kind, energy: i64, watts: i64, milliamperes: i64| Period {
        start,
        kind,
        energy: Energy(u64::try_from(energy).expect("an energy")),
        power_w: u32::try_from(watts).ok(),
        current_ma: u32::try_from(milliamperes).ok(),
    };
    let mut periods = vec![period(start, PeriodKind::Charging, energy, watts, amperes)];
    if start.plus(charging) < end {
        periods.push(period(
            start.plus(charging),
            PeriodKind::Parking,
            0,
            watts,
            amperes,
        ));
    }
    Ok(Usage { end, periods })
}

#[test]
fn published_cases_agree_but_for_the_named_ones() {
    let Some(root) = cases() else { return };
    let mut results: Vec<(PathBuf, Result<(), String>)> = Vec::new();
    for version in ["v211", "v221"] {
        for path in files(&root.join(version).join("real_world"), "cdr") {
            let result = check_cdr(&path);
            results.push((path, result));
        }
    }
    let cdrs = results.len();
    for path in files(&root.join("popular"), "test_run") {
        let result = check_run(&path);
        results.push((path, result));
    }
    let name = |path: &Path| {
        path.strip_prefix(&root)
            .expect("below")
            .to_string_lossy()
            .into_owned()
    };
    let different: Vec<(String, &String)> = results
        .iter()
        .filter_map(|(p, r)| r.as_ref().err().map(|e| (name(p), e)))
        .collect();
    eprintln!(
        "{} of {} cases agree ({cdrs} CDRs)",
        results.len() - different.len(),
        results.len()
    );
    let names: Vec<&str> = different.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        DIFFERENT
            .iter()
            .map(|(name, _, _)| *name)
            .collect::<Vec<_>>(),
        "{different:#?}"
    );
    for ((name, result), (_, expected, why)) in different.iter().zip(DIFFERENT) {
        assert!(
            result.contains(expected),
            "{name}: {result}; expected was {expected}, because {why}"
        );
    }
    assert_eq!(
        (cdrs, results.len()),
        (21, 121),
        "the published cases are not those that were compared"
    );
}
