//! The service's answers, as text for people and JSON for programs.

use super::progress::{Progress, spoken};
use super::service::{Card, Prediction, Shadow, Trained};
use fairway_forecast::compare::Verdict;
use fairway_forecast::scores::Errors;
use fairway_forecast::track::LEVELS;
use fairway_training::board::{Board, SEASONS, Standing};
use fairway_training::card::{self, megawatts, per_cent, share};
use fairway_training::checks::date;
use fairway_training::dataset::Report;
use fairway_training::describe::{Description, LoadFigures};
use fairway_training::hours;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// An import as text.
pub fn report(name: &str, report: &Report) -> String {
    if report.again {
        return format!("{name}: this file was imported before; nothing was changed");
    }
    let checked = &report.checked;
    let mut out = format!(
        "{name}: {} rows added, {} repeated, {} corrected, {} spikes made gaps ({})",
        report.added, checked.repeated, checked.corrected, checked.set_aside, report.form
    );
    if !report.left.is_empty() {
        let _ = write!(out, "\nnot taken: {}", report.left.join(", "));
    }
    for note in &checked.notes {
        let _ = write!(out, "\nnote: {note}");
    }
    out
}

/// An import as JSON.
pub fn report_json(report: &Report) -> Value {
    let checked = &report.checked;
    json!({ "again": report.again, "form": report.form, "added": report.added, "repeated": checked.repeated, "corrected": checked.corrected,
        "spikes_made_gaps": checked.set_aside, "not_taken": report.left, "notes": checked.notes })
}

/// A description as text.
pub fn description(d: &Description) -> String {
    let mut out = format!(
        "{}: {} rows, region {}\nhash {}\n\n",
        d.name,
        d.rows,
        d.region,
        d.hash.hex()
    );
    for (line, column) in &d.columns {
        let range = column
            .range
            .as_ref()
            .map(|(a, b)| format!(", {a} to {b}"))
            .unwrap_or_default();
        let _ = writeln!(out, "{line}\n    {} filled{range}", column.filled);
    }
    if let Some(loads) = &d.loads {
        out.push_str(&load_text(loads));
    }
    let _ = writeln!(out, "\n{} files", d.imports.len());
    for (name, rows) in &d.imports {
        let _ = writeln!(out, "    {rows:>8} rows of {name}");
    }
    out.trim_end().to_owned()
}

fn load_text(l: &LoadFigures) -> String {
    let (least, middle, most) = l.loads;
    let mut out = format!(
        "\nloads from {} to {}: {} hours, {} of them measured\n    least {} MW, median {} MW, greatest {} MW\n    {} hours lack",
        hours::text(l.span.0),
        hours::text(l.span.1),
        l.hours.0,
        l.hours.1,
        megawatts(Some(least)),
        megawatts(Some(middle)),
        megawatts(Some(most)),
        l.gaps.0
    );
    if let Some((from, length)) = l.gaps.1 {
        let _ = write!(
            out,
            ", at most {length} in a row from {}",
            hours::text(from)
        );
    }
    let _ = write!(
        out,
        "\n    {} days of 23 hours, {} of 25",
        l.odd_days.0, l.odd_days.1
    );
    if l.forecast.hours > 0 {
        let _ = write!(
            out,
            "\nown forecast over {} measured hours: MAPE {} %, bias {} %",
            l.forecast.hours,
            per_cent(l.forecast.mape()),
            per_cent(l.forecast.bias())
        );
    }
    if l.temperatures > 0 {
        let _ = write!(out, "\ntemperature in {} hours", l.temperatures);
    }
    if let Some(profile) = &l.profile {
        let shares: Vec<String> = profile.iter().map(|p| share(Some(p / 1_000))).collect();
        let _ = write!(
            out,
            "\nmean day on the clock, 0:00 first, of the mean load:\n    {}",
            shares.join(" ")
        );
    }
    out.push('\n');
    out
}

/// A description as JSON.
pub fn description_json(d: &Description) -> Value {
    let columns: Vec<Value> = d.columns.iter().map(|(line, c)| json!({ "column": c.name, "schema": line, "filled": c.filled, "range": c.range })).collect();
    let loads = d.loads.as_ref().map(|l| {
        json!({ "from": hours::text(l.span.0), "to": hours::text(l.span.1), "hours": l.hours.0, "measured": l.hours.1, "missing": l.gaps.0,
            "longest_gap": l.gaps.1.map(|(from, length)| json!({ "from": hours::text(from), "hours": length })),
            "least_kw": l.loads.0, "median_kw": l.loads.1, "greatest_kw": l.loads.2, "profile_ppm": l.profile,
            "days_of_23": l.odd_days.0, "days_of_25": l.odd_days.1, "temperatures": l.temperatures, "own_forecast": errors_json(&l.forecast) })
    });
    let imports: Vec<Value> = d
        .imports
        .iter()
        .map(|(name, rows)| json!({ "name": name, "rows": rows }))
        .collect();
    json!({ "name": d.name, "hash": d.hash.hex(), "region": d.region, "rows": d.rows, "columns": columns, "loads": loads, "imports": imports })
}

fn errors_json(e: &Errors) -> Value {
    json!({ "hours": e.hours, "mape_ppm": e.mape(), "mae_kw": e.mean_absolute(), "bias_ppm": e.bias() })
}

/// The board as text.
pub fn board(board: &Board) -> String {
    let plan = &board.plan;
    let mut out = format!(
        "{} to {}, issued {} days before at {}:00, trained anew every {} days, effort {}, seed {}; {} hours that all speak about\n\n{:<38} {:>11} {:>8} {:>7} {:>6} {:>6} {:>10}\n",
        date(plan.first),
        date(plan.last),
        plan.issue.days_before,
        plan.issue.clock,
        plan.fold_days,
        card::effort(plan.effort),
        plan.seed,
        board.hours,
        "candidate",
        "pinball MW",
        "MAPE %",
        "MASE",
        "80 %",
        "90 %",
        "peak hour"
    );
    for s in &board.standings {
        let _ = writeln!(
            out,
            "{}",
            standing_line(&s.candidate.to_string(), s, Some(&board.naive))
        );
    }
    out.trim_end().to_owned()
}

fn standing_line(name: &str, s: &Standing, naive: Option<&Errors>) -> String {
    let mase = naive
        .and_then(|naive| s.errors.mase(naive))
        .map(|m| m / 1_000);
    format!(
        "{name:<38} {:>11} {:>8} {:>7} {:>6} {:>6} {:>10}",
        megawatts(s.quantiles.mean_loss()),
        per_cent(s.errors.mape()),
        share(mase),
        share(s.quantiles.coverage(100, 900)),
        share(s.quantiles.coverage(50, 950)),
        format!("{}/{}", s.peaks.0, s.peaks.1)
    )
}

fn standing_json(s: &Standing, naive: Option<&Errors>) -> Value {
    let seasons: serde_json::Map<String, Value> = SEASONS
        .iter()
        .zip(&s.by_season)
        .map(|(name, e)| ((*name).to_owned(), json!(e.mape())))
        .collect();
    json!({ "candidate": s.candidate.to_string(), "spoke": s.spoke, "hours": s.errors.hours, "days": s.daily.len(),
        "pinball_kw": s.quantiles.mean_loss(), "mape_ppm": s.errors.mape(), "mase_ppm": naive.and_then(|n| s.errors.mase(n)), "mae_kw": s.errors.mean_absolute(),
        "bias_ppm": s.errors.bias(), "coverage_80_permille": s.quantiles.coverage(100, 900), "coverage_90_permille": s.quantiles.coverage(50, 950),
        "peak_hours_named": s.peaks.0, "mape_ppm_by_hour": s.by_clock.iter().map(Errors::mape).collect::<Vec<_>>(), "mape_ppm_by_season": seasons })
}

/// The board as JSON.
pub fn board_json(board: &Board) -> Value {
    let plan = &board.plan;
    json!({ "from": date(plan.first), "to": date(plan.last), "issue": { "days_before": plan.issue.days_before, "clock": plan.issue.clock },
        "fold_days": plan.fold_days, "effort": card::effort(plan.effort), "seed": plan.seed, "hours": board.hours,
        "standings": board.standings.iter().map(|s| standing_json(s, Some(&board.naive))).collect::<Vec<_>>() })
}

/// What a search ended with, as text.
pub fn trained(name: &str, t: &Trained) -> String {
    let role = if t.champion {
        "is the champion"
    } else {
        "is a challenger in shadow; `fairway forecast shadow` compares it with the champion as soon as newer loads are imported"
    };
    format!(
        "{}\n\n{} models trained, {} found from before\n{name}: {} {role}",
        board(&t.board),
        t.trained,
        t.found,
        t.id
    )
}

/// What a search ended with, as JSON.
pub fn trained_json(t: &Trained) -> Value {
    json!({ "model": t.id, "champion": t.champion, "trained": t.trained, "found": t.found, "board": board_json(&t.board) })
}

fn verdict(verdict: Verdict) -> String {
    match verdict {
        Verdict::Better => "better, not by luck".to_owned(),
        Verdict::Undecided => "not better by 1 %, or perhaps by luck".to_owned(),
        Verdict::TooFewDays(days) => format!(
            "{days} days are too few; {} are needed",
            fairway_forecast::compare::FEWEST_DAYS
        ),
    }
}

/// Shadow as text.
pub fn shadow(s: &Shadow) -> String {
    let mut out = format!(
        "{} to {}, days that no model has learned from\n\n",
        date(s.days.0),
        date(s.days.1)
    );
    for row in &s.rows {
        let role = row.verdict.map_or_else(|| "champion".to_owned(), verdict);
        let name = format!("{} {}", row.id, row.standing.candidate);
        let _ = writeln!(
            out,
            "{name:<56} pinball {:>8} MW  MAPE {:>6} %  {role}",
            megawatts(row.standing.quantiles.mean_loss()),
            per_cent(row.standing.errors.mape())
        );
    }
    match &s.promoted {
        Some(id) => {
            let _ = write!(out, "\n{id} is promoted to champion");
        }
        None => out.push_str("\nthe champion stays"),
    }
    out
}

/// Shadow as JSON.
pub fn shadow_json(s: &Shadow) -> Value {
    let rows: Vec<Value> = s.rows.iter().map(|row| json!({ "model": row.id, "champion": row.champion, "verdict": row.verdict.map(verdict), "standing": standing_json(&row.standing, None) })).collect();
    json!({ "from": date(s.days.0), "to": date(s.days.1), "promoted": s.promoted, "models": rows })
}

/// A forecast as text.
pub fn prediction(p: &Prediction) -> String {
    let heads: Vec<String> = LEVELS
        .iter()
        .map(|level| format!("{:>10}", format!("q{}", share(Some(i64::from(*level))))))
        .collect();
    let mut out = format!(
        "{} by model {}, in MW\n{:<18} {:>5} {}\n",
        date(p.day),
        p.id,
        "hour",
        "clock",
        heads.join(" ")
    );
    for (said, quantiles) in &p.hours {
        let values = match quantiles {
            Ok(values) => values
                .iter()
                .map(|kw| format!("{:>10}", megawatts(Some(*kw))))
                .collect::<Vec<_>>()
                .join(" "),
            Err(why) => format!("  none: {why}"),
        };
        let _ = writeln!(
            out,
            "{:<18} {:>5} {values}",
            hours::text(said.hour),
            said.clock
        );
    }
    out.trim_end().to_owned()
}

/// A forecast as CSV, in kilowatts. An hour without a forecast has empty cells.
pub fn prediction_csv(p: &Prediction) -> String {
    let heads: Vec<String> = LEVELS.iter().map(|level| format!("q{level}_kw")).collect();
    let mut out = format!("hour,clock,{}\n", heads.join(","));
    for (said, quantiles) in &p.hours {
        let values = quantiles.as_ref().map_or_else(
            |_| vec![String::new(); LEVELS.len()],
            |values| values.iter().map(ToString::to_string).collect(),
        );
        let _ = writeln!(
            out,
            "{},{},{}",
            hours::text(said.hour),
            said.clock,
            values.join(",")
        );
    }
    out
}

/// A forecast as JSON.
pub fn prediction_json(p: &Prediction) -> Value {
    let hours: Vec<Value> = p
        .hours
        .iter()
        .map(|(said, quantiles)| match quantiles {
            Ok(values) => json!({ "hour": hours::text(said.hour), "clock": said.clock, "quantiles_kw": values }),
            Err(why) => json!({ "hour": hours::text(said.hour), "clock": said.clock, "none": why }),
        })
        .collect();
    json!({ "model": p.id, "day": date(p.day), "levels_permille": LEVELS, "hours": hours })
}

/// A card as JSON.
pub fn card_json(c: &Card) -> Value {
    let e = &c.entry;
    let data: Vec<Value> = e
        .data
        .iter()
        .map(|(name, hash)| json!({ "dataset": name, "hash": hash.hex() }))
        .collect();
    let package = e.package.as_ref().map(|p| {
        let models: Vec<Vec<String>> = p.models.iter().map(|list| list.iter().map(fairway_model::Hash::hex).collect()).collect();
        json!({ "hash": p.hash().hex(), "specification": p.spec.hash().hex(), "columns": p.spec.features.len(), "levels_permille": p.levels, "models": models })
    });
    let importance: Vec<Value> = c
        .importance
        .iter()
        .map(|(column, part)| json!({ "column": column, "permille": part }))
        .collect();
    json!({ "model": c.id, "candidate": e.candidate.to_string(), "data": data, "learned_until": date(e.plan.last),
        "issue": { "days_before": e.plan.issue.days_before, "clock": e.plan.issue.clock, "horizon": e.plan.issue.horizon() },
        "effort": card::effort(e.plan.effort), "seed": e.plan.seed, "package": package,
        "errors": e.standing.as_ref().map(|s| standing_json(s, c.naive.as_ref())), "importance": importance })
}

/// How far a search is, as text.
pub fn progress(p: &Progress) -> String {
    let left = p
        .left_ms
        .map(|ms| format!(", about {} left", spoken(ms)))
        .unwrap_or_default();
    format!("{}/{} models{left}: {}", p.done, p.jobs, p.doing)
}

/// How far a search is, as JSON.
pub fn progress_json(p: &Progress) -> Value {
    json!({ "done": p.done, "jobs": p.jobs, "found": p.found, "left_ms": p.left_ms, "doing": p.doing })
}
