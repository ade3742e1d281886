//! A member's part in forecasts: what it reports, and the days of its agreements.

use fairway_forecast::hour::{Day, date_of};
use fairway_ledger::forecast::op::{ReadingFault, ReadingVerdict};
use fairway_ledger::forecast::state::PriceDay;
use fairway_utility::command::{AreaReport, ForecastView, LineView, OwnStep, Standing};
use serde_json::{Value, json};
use std::fmt::Write as _;

macro_rules! line {
    ($out:expr, $($arg:tt)*) => {{
        // Writing to a String cannot fail.
        let _ = writeln!($out, $($arg)*);
    }};
}

fn date(day: Day) -> String {
    let (year, month, day) = date_of(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// What became of a reading, in words.
pub fn verdict(verdict: ReadingVerdict) -> String {
    match verdict {
        ReadingVerdict::New => "taken".to_owned(),
        ReadingVerdict::Repeated => "known already".to_owned(),
        ReadingVerdict::Corrected { .. } => "corrected".to_owned(),
        ReadingVerdict::Held { usual } => {
            format!("held, for {usual} kW are usual then; posted once more it counts")
        }
        ReadingVerdict::Refused(why) => fault(Some(why)).to_owned(),
    }
}

/// What prices a day, in words.
pub fn day(prices: &PriceDay) -> String {
    format!("  {}: {}", date(prices.day), priced(prices))
}

/// Millionths as a percentage with one digit.
pub fn per_cent(millionths: i64) -> String {
    let tenths = millionths.div_euclid(1_000);
    let sign = if tenths < 0 { "-" } else { "" };
    let size = tenths.unsigned_abs();
    format!("{sign}{}.{} %", size.div_euclid(10), size.rem_euclid(10))
}

fn fault(fault: Option<ReadingFault>) -> &'static str {
    match fault {
        None => "refused together with others; the log of `fairway serve` has the ledger's words",
        Some(ReadingFault::Future) => "refused: its hour had not ended",
        Some(ReadingFault::Late) => "refused: its hour was closed, 72 hours after its end",
        Some(ReadingFault::Range) => "refused: it lies before what the ledger keeps",
        Some(ReadingFault::NoLoad) => "refused: no load of any grid",
        Some(ReadingFault::Watts) => "refused: it seems to be in W, and kW are asked for",
        Some(ReadingFault::Megawatts) => "refused: it seems to be in MW, and kW are asked for",
    }
}

fn standing(standing: Standing) -> String {
    match standing {
        Standing::Waits => "waits".to_owned(),
        Standing::Taken => "taken".to_owned(),
        Standing::Missed => "fed too late".to_owned(),
        Standing::Held { usual } => format!(
            "held, for {usual} kW are usual; `fairway load post FILE --confirm` posts it again, if it is right"
        ),
        Standing::Refused(why) => fault(why).to_owned(),
    }
}

fn own_step(step: &OwnStep) -> String {
    match step {
        OwnStep::Committing => "the commitment is on its way".to_owned(),
        OwnStep::Committed => "committed; it is opened at ten o'clock of the day before".to_owned(),
        OwnStep::Revealing => "the forecast is on its way".to_owned(),
        OwnStep::Revealed => "revealed".to_owned(),
        OwnStep::Missed(why) => format!("missed: {why}"),
    }
}

/// For a terminal.
pub fn text(view: &ForecastView) -> String {
    let mut out = String::new();
    match &view.report {
        Some(report) => out.push_str(&area(report)),
        None => line!(
            out,
            "this member reports no load; [load] in its configuration names an area and a source"
        ),
    }
    for each in &view.lines {
        out.push_str(&agreement(each));
    }
    if view.lines.is_empty() {
        line!(out, "no agreement in force follows the forecast");
    }
    out
}

fn area(report: &AreaReport) -> String {
    let mut out = String::new();
    let made_up = if report.synthetic {
        ", a SYNTHETIC load that nobody has"
    } else {
        ""
    };
    line!(
        out,
        "load of {} by the calendar {}{made_up}",
        report.area,
        report.region
    );
    let source = match report.source.as_str() {
        "" => "nothing was fed since the start of the program",
        source => source,
    };
    line!(out, "  source: {source}");
    if !report.open {
        line!(out, "  the load book is not open on the ledger yet");
    }
    let r = &report.readings;
    let last = r.last.map_or_else(
        || "none".to_owned(),
        |hour| format!("that of the hour from {}", hour.start()),
    );
    line!(
        out,
        "  readings: {} taken (the newest: {last}), {} waiting, {} held, {} refused, {} fed too late",
        r.taken,
        r.waiting,
        r.held,
        r.refused,
        r.missed
    );
    for (reading, how) in &report.odd {
        line!(
            out,
            "    {} kW in the hour from {}: {}",
            reading.kw,
            reading.hour.start(),
            standing(*how)
        );
    }
    for own in &report.own {
        line!(
            out,
            "  own forecast of {}: {}, {}",
            date(own.day),
            own_step(&own.step),
            own.at
        );
    }
    out
}

fn agreement(line: &LineView) -> String {
    let mut out = String::new();
    line!(
        out,
        "{} ({} at {})",
        line.agreement,
        line.home,
        line.visited
    );
    match &line.pack {
        None => line!(out, "  no package of models is in force"),
        Some(pack) => {
            let spare = pack
                .spare
                .map_or_else(|| "none".to_owned(), |hash| hash.to_string());
            line!(out, "  package {}, spare {spare}", pack.package);
        }
    }
    for day in &line.days {
        line!(out, "{}", self::day(day));
    }
    if line.days.iter().all(|day| day.day != line.tomorrow) {
        line!(
            out,
            "  {}: no schedule; one can be made from {} until {}, or else the agreed table prices the day",
            date(line.tomorrow),
            line.from,
            line.until
        );
    }
    match (line.scored, line.skill) {
        (None, _) => line!(out, "  no day is scored yet"),
        (Some(day), skill) => line!(
            out,
            "  scored up to {}, skill over the agreed days {}",
            date(day),
            skill.map_or_else(|| "unknown yet".to_owned(), per_cent)
        ),
    }
    out
}

fn priced(day: &PriceDay) -> String {
    let made = format!("block {}", day.height);
    let ends = day.bps.iter().min().zip(day.bps.iter().max());
    match (day.reason, ends) {
        (None, Some((low, high))) => {
            format!("the forecast sets {low} to {high} basis points, {made}")
        }
        (None, None) => format!("nothing was computed, {made}"),
        (Some(why), _) => format!(
            "the agreed table prices the day, for {} ({made})",
            why.words()
        ),
    }
}

/// For programs.
pub fn json(view: &ForecastView) -> Value {
    let report = view.report.as_ref().map(|r| {
        let odd: Vec<Value> = r.odd.iter().map(|(reading, how)| json!({ "hour": reading.hour.start().rfc3339(), "kw": reading.kw, "standing": standing(*how) })).collect();
        let own: Vec<Value> = r.own.iter().map(|own| json!({ "day": date(own.day), "step": own_step(&own.step), "at": own.at.rfc3339() })).collect();
        json!({ "area": r.area, "region": r.region, "synthetic": r.synthetic, "source": r.source, "open": r.open,
            "readings": { "taken": r.readings.taken, "waiting": r.readings.waiting, "held": r.readings.held, "refused": r.readings.refused,
                "missed": r.readings.missed, "last": r.readings.last.map(|hour| hour.start().rfc3339()) },
            "odd": odd, "own": own })
    });
    let lines: Vec<Value> = view.lines.iter().map(line_json).collect();
    json!({ "report": report, "agreements": lines })
}

fn line_json(line: &LineView) -> Value {
    let day = |day: &PriceDay| {
        json!({ "day": date(day.day), "first_hour": day.first.start().rfc3339(), "bps": day.bps,
        "table": day.reason.map(fairway_ledger::forecast::state::TableReason::words), "package": day.package.map(|hash| hash.to_string()), "height": day.height })
    };
    json!({ "agreement": line.agreement.to_string(), "home": line.home.to_string(), "visited": line.visited.to_string(),
        "package": line.pack.map(|pack| pack.package.to_string()), "spare": line.pack.and_then(|pack| pack.spare).map(|hash| hash.to_string()),
        "tomorrow": date(line.tomorrow), "from": line.from.rfc3339(), "until": line.until.rfc3339(),
        "days": line.days.iter().map(day).collect::<Vec<_>>(), "scored": line.scored.map(date), "skill_millionths": line.skill })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn millionths_read_as_per_cent() {
        let shown = [123_456, 1_000, 0, -250_000].map(per_cent);
        assert_eq!(shown, ["12.3 %", "0.1 %", "0.0 %", "-25.0 %"]);
    }
}
