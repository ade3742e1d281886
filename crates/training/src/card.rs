//! The model card: what a model was made of, how good it is, where it is weak.

use crate::board::{SEASONS, Standing};
use crate::candidate::{Candidate, Effort};
use crate::checks::date;
use crate::play::Entry;
use core::fmt::Write as _;
use fairway_forecast::scores::Errors;
use fairway_forecast::spec::Feature;
use fairway_forecast::trees::Model;

/// Columns of importance that are listed.
const MOST_IMPORTANT: usize = 12;

/// A column and its share of all splits, in thousandths.
pub type Importance = Vec<(String, u32)>;

/// How much each column was asked for, by all models together, the most first.
pub fn importance(features: &[Feature], models: &[Model]) -> Importance {
    let mut counts: Vec<u64> = vec![0; features.len()];
    for model in models {
        for (sum, number) in counts.iter_mut().zip(model.importance()) {
            *sum += u64::from(number);
        }
    }
    let total: u64 = counts.iter().sum();
    let share = |number: u64| {
        u32::try_from((number * 1_000).checked_div(total).unwrap_or(0)).unwrap_or(1_000)
    };
    let mut found: Importance = features
        .iter()
        .zip(&counts)
        .map(|(f, n)| (format!("{f:?}"), share(*n)))
        .collect();
    found.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    found
}

/// Millionths as per cent with two digits.
pub fn per_cent(millionths: Option<i64>) -> String {
    millionths.map_or_else(|| "-".to_owned(), |m| decimal(m.midpoint(m + 99) / 100, 2))
}

/// A whole number of the last digit as a decimal.
fn decimal(number: i64, digits: u8) -> String {
    crate::value::decimal_text(number, digits)
}

/// Kilowatts as megawatts with one digit.
pub fn megawatts(kilowatts: Option<i64>) -> String {
    kilowatts.map_or_else(
        || "-".to_owned(),
        |kw| decimal((kw + 50).div_euclid(100), 1),
    )
}

/// Thousandths as a fraction.
pub fn share(thousandths: Option<i64>) -> String {
    thousandths.map_or_else(|| "-".to_owned(), |t| decimal(t, 3))
}

/// The effort's name.
pub fn effort(effort: Effort) -> &'static str {
    match effort {
        Effort::Tiny => "tiny",
        Effort::Quick => "quick",
        Effort::Full => "full",
    }
}

/// The card as text.
pub fn text(entry: &Entry, importance: &Importance, naive: Option<&Errors>) -> String {
    let mut out = format!("Model card of {}\n\n", entry.id());
    let plan = &entry.plan;
    let (name, hash) = entry.data.first().cloned().unwrap_or_default();
    let _ = writeln!(out, "Candidate      {}", entry.candidate);
    let _ = writeln!(out, "Data           {name}, {}", hash.hex());
    for (other, hash) in entry.data.iter().skip(1) {
        let _ = writeln!(out, "Pooled with    {other}, {}", hash.hex());
    }
    let _ = writeln!(out, "Learned from   days up to {}", date(plan.last));
    let _ = writeln!(
        out,
        "Issued         {} days before the day, at {}:00 on its clock; up to {} hours ahead",
        plan.issue.days_before,
        plan.issue.clock,
        plan.issue.horizon()
    );
    let _ = writeln!(out, "Effort, seed   {}, {}", effort(plan.effort), plan.seed);
    match &entry.package {
        Some(package) => {
            let _ = writeln!(out, "Package        {}", package.hash().hex());
            let _ = writeln!(
                out,
                "Columns        {}, specification {}",
                package.spec.features.len(),
                package.spec.hash().hex()
            );
            for (level, hashes) in package.levels.iter().zip(&package.models) {
                let hashes: Vec<String> =
                    hashes.iter().map(fairway_model::hash::Hash::hex).collect();
                let _ = writeln!(
                    out,
                    "Quantile {:>5} {}",
                    share(Some(i64::from(*level))),
                    hashes.join(" ")
                );
            }
        }
        None => out.push_str("Package        none: it needs no training\n"),
    }
    match &entry.standing {
        Some(standing) => errors(&mut out, entry, standing, naive),
        None => out.push_str("\nImported: it has no errors of its own yet; they come in shadow.\n"),
    }
    if !importance.is_empty() {
        out.push_str("\nWhat the trees ask for (share of all questions)\n");
        for (column, part) in importance.iter().take(MOST_IMPORTANT) {
            let _ = writeln!(out, "  {:>6}  {column}", share(Some(i64::from(*part))));
        }
    }
    out.push_str(
        "\nLimits\n  Loads, forecasts and temperatures are taken as the files give them.\n",
    );
    if matches!(entry.candidate, Candidate::Trees { looks, .. } if looks.temperature) {
        out.push_str("  The temperature of hours to come was taken from the same file. If it was measured, not forecast, these errors are too good.\n");
    }
    out
}

fn errors(out: &mut String, entry: &Entry, standing: &Standing, naive: Option<&Errors>) {
    let (errors, quantiles) = (&standing.errors, &standing.quantiles);
    let _ = writeln!(
        out,
        "\nErrors, {} to {}, {} hours, rolling origin, trained anew every {} days",
        date(entry.plan.first),
        date(entry.plan.last),
        errors.hours,
        entry.plan.fold_days
    );
    let _ = writeln!(out, "  MAPE         {} %", per_cent(errors.mape()));
    if let Some(naive) = naive {
        let _ = writeln!(
            out,
            "  MASE         {}",
            share(errors.mase(naive).map(|m| m / 1_000))
        );
    }
    let _ = writeln!(
        out,
        "  MAE          {} MW",
        megawatts(errors.mean_absolute())
    );
    let _ = writeln!(out, "  Bias         {} %", per_cent(errors.bias()));
    let _ = writeln!(
        out,
        "  Pinball      {} MW, mean of five quantiles",
        megawatts(quantiles.mean_loss())
    );
    let _ = writeln!(
        out,
        "  Coverage     {} of 0.800, {} of 0.900",
        share(quantiles.coverage(100, 900)),
        share(quantiles.coverage(50, 950))
    );
    let _ = writeln!(
        out,
        "  Peak hour    named exactly on {} of {} days",
        standing.peaks.0, standing.peaks.1
    );
    out.push_str("  by season    ");
    let seasons: Vec<String> = SEASONS
        .iter()
        .zip(&standing.by_season)
        .map(|(name, e)| format!("{name} {} %", per_cent(e.mape())))
        .collect();
    let _ = writeln!(out, "{}", seasons.join(", "));
    for part in [0_usize, 8, 16] {
        let hours = standing.by_clock.iter().enumerate().skip(part).take(8);
        let hours: Vec<String> = hours
            .map(|(hour, e)| format!("{hour:02}h {}", per_cent(e.mape())))
            .collect();
        let _ = writeln!(out, "  by hour, %   {}", hours.join("  "));
    }
}
