//! The page.

use super::html::{STYLE, card, escaped, figure, paragraph, table};
use super::pictures::{day, figure_five};
use super::played::played;
use super::svg::{Bars, bars};
use super::{percent, percent_bps};
use crate::number::{count, major};
use crate::outcome::{Outcome, Quantity as Q};
use crate::parameters::PROFILE;
use crate::regime::{BAND, Regime};
use crate::simulate::{Simulated, price_error};
use crate::stats::{AGREEMENT, Interval};
use crate::{Evaluation, RECONSTRUCTION};
use std::fmt::Write as _;

/// Money is shown for so many wishes to charge.
const WISHES: f64 = 1_000.0;

/// A measure of an outcome.
type Of = fn(&Outcome) -> f64;

/// The whole page.
pub fn page(e: &Evaluation) -> String {
    let mut out = String::from(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Fairway: what roaming, contracts and the forecast are worth</title>\n<style>",
    );
    out.push_str(STYLE);
    out.push_str("</style></head>\n<body>\n");
    header(&mut out, e);
    out.push_str("<main>\n");
    parties(&mut out, e);
    drivers(&mut out, e);
    day(&mut out, e);
    figure_five(&mut out, e);
    claims(&mut out, e);
    played(&mut out, e);
    checked(&mut out, e);
    assumptions(&mut out, e);
    out.push_str("</main>\n<footer><p>Made by <code>fairway evaluate</code>. ");
    let _ = write!(
        out,
        "{}. Seed {}.</p></footer>\n</body></html>\n",
        escaped(RECONSTRUCTION),
        e.parameters.seed
    );
    out
}

fn of(e: &Evaluation, regime: Regime) -> Option<&Simulated> {
    e.simulated.iter().find(|s| s.regime == regime)
}

fn shown(found: Interval, times: f64, digits: usize) -> String {
    format!(
        "{:.digits$} ± {:.digits$}",
        found.mean * times,
        found.half * times
    )
}

fn header(out: &mut String, e: &Evaluation) {
    out.push_str("<header><h1>What roaming, contracts and the forecast are worth</h1>\n");
    out.push_str(&paragraph("Two electric utilities let each other's drivers charge. This page compares four ways to do it: no roaming at all; roaming through a hub, where both utilities add a margin and the hub takes a fee; Fairway's contract with one agreed price; and the same contract with prices that follow the load forecast inside agreed limits. The same drawn drivers meet all four."));
    let data = if e.synthetic {
        "The loads here are synthetic: made from a seed, nobody has them. The option --data takes real ones.".to_owned()
    } else {
        format!(
            "The loads are real: {}. The drivers are drawn; nobody's charging is known.",
            e.loads_origin
        )
    };
    let _ = writeln!(
        out,
        "<p class=\"notice\"><strong>{}.</strong> The paper's equations are lost; this is the simplest model that gives its sentences. {}</p>",
        escaped(RECONSTRUCTION),
        escaped(&data)
    );
    out.push_str("<ul class=\"cards\">\n");
    if let (Some(hub), Some(fixed), Some(forecast)) = (
        of(e, Regime::Hub),
        of(e, Regime::Static),
        of(e, Regime::Forecast),
    ) {
        let part = |a: &Simulated, b: &Simulated, q: Q| {
            let change = a.over(b, |o| o[q]);
            let base = b.interval(|o| o[q]).mean;
            format!(
                "{:+.1} % ± {:.1}",
                100.0 * change.mean / base,
                100.0 * change.half / base
            )
        };
        out.push_str(&card(
            &part(fixed, hub, Q::Margin),
            "what utilities and site owners keep: contract against hub",
        ));
        out.push_str(&card(
            &part(forecast, fixed, Q::Margin),
            "what they keep: forecast against fixed price",
        ));
        out.push_str(&card(
            &part(forecast, hub, Q::Surplus),
            "what drivers gain: contract with forecast against hub",
        ));
        out.push_str(&card(
            &part(forecast, fixed, Q::Peak),
            "charges in the 1 % of hours with the highest load: forecast against fixed price",
        ));
    }
    out.push_str("</ul></header>\n");
}

fn parties(out: &mut String, e: &Evaluation) {
    out.push_str("<h2>Who earns what</h2>\n");
    out.push_str(&paragraph("Per 1,000 wishes to charge, in currency units, before the cost of energy. A wish that no price suits earns nothing. Thin lines are 95 % intervals over the runs."));
    let income = [Q::Home, Q::Visited, Q::Owner, Q::Fee];
    let sum = |o: &Outcome| income.iter().map(|q| o[*q]).sum::<f64>();
    let chart = Bars {
        about: "Stacked bars: revenue of home utilities, visited utilities, owners, hub or ledger, for four ways of roaming".to_owned(),
        groups: e.simulated.iter().map(|s| short(s.regime)).collect(),
        parts: income.iter().map(|q| q.name().to_owned()).collect(),
        values: e.simulated.iter().map(|s| income.iter().map(|q| s.interval(|o| o[*q]).mean * WISHES).collect()).collect(),
        halves: e.simulated.iter().map(|s| s.interval(sum).half * WISHES).collect(),
    };
    let quantities = [
        Q::Home,
        Q::Visited,
        Q::Owner,
        Q::Fee,
        Q::Energy,
        Q::First,
        Q::Second,
        Q::FirstKeeps,
        Q::SecondKeeps,
        Q::Margin,
    ];
    let rows = by_regime(e, &quantities, 0);
    let heads = heads(e, "per 1,000 wishes");
    let caption = "Revenue by party; a home utility's own drivers at its own stations count under visited, for they are served there.";
    out.push_str("<div class=\"pair\">");
    out.push_str(&figure(
        &bars(&chart),
        caption,
        &table(
            "Money per 1,000 wishes, with 95 % intervals",
            &refs(&heads),
            &rows,
        ),
    ));
    let kept = [Q::FirstKeeps, Q::SecondKeeps, Q::Owner, Q::Surplus];
    let chart = Bars {
        about: "Stacked bars: what utility 1, utility 2, owners and drivers have in the end, for four ways of roaming".to_owned(),
        groups: e.simulated.iter().map(|s| short(s.regime)).collect(),
        parts: ["utility 1", "utility 2", "site owners", "drivers"].map(str::to_owned).to_vec(),
        values: e.simulated.iter().map(|s| kept.iter().map(|q| s.interval(|o| o[*q]).mean * WISHES).collect()).collect(),
        halves: e.simulated.iter().map(|s| s.interval(|o| kept.iter().map(|q| o[*q]).sum()).half * WISHES).collect(),
    };
    let rows = by_regime(e, &[Q::FirstKeeps, Q::SecondKeeps, Q::Owner, Q::Surplus], 0);
    let caption = "After the cost of energy and fees: what each party keeps, and what drivers would have paid more.";
    out.push_str(&figure(
        &bars(&chart),
        caption,
        &table("What is left per 1,000 wishes", &refs(&heads), &rows),
    ));
    out.push_str("</div>\n");
}

fn short(regime: Regime) -> String {
    match regime {
        Regime::None => "no|roaming",
        Regime::Hub => "hub",
        Regime::Static => "contract,|fixed",
        Regime::Table => "contract,|table",
        Regime::Forecast => "contract,|forecast",
        Regime::Known => "contract,|known",
    }
    .to_owned()
}

fn heads(e: &Evaluation, first: &str) -> Vec<String> {
    let names = e.simulated.iter().map(|s| s.regime.name().to_owned());
    core::iter::once(first.to_owned()).chain(names).collect()
}

fn refs(heads: &[String]) -> Vec<&str> {
    heads.iter().map(String::as_str).collect()
}

fn by_regime(e: &Evaluation, quantities: &[Q], digits: usize) -> Vec<Vec<String>> {
    let row = |q: &Q| {
        let cells = e
            .simulated
            .iter()
            .map(|s| shown(s.interval(|o| o[*q]), WISHES, digits));
        core::iter::once(q.name().to_owned()).chain(cells).collect()
    };
    quantities.iter().map(row).collect()
}

fn drivers(out: &mut String, e: &Evaluation) {
    out.push_str("<h2>What drivers get, and the peak</h2>\n");
    let measures: [(&str, Of, f64, usize); 5] = [
        ("share of wishes served, %", |o| o[Q::Served], 100.0, 2),
        (
            "roaming charges per 1,000 wishes",
            |o| o[Q::Roaming],
            WISHES,
            1,
        ),
        (
            "driver surplus per 1,000 wishes",
            |o| o[Q::Surplus],
            WISHES,
            0,
        ),
        (
            "charges in the 1 % highest hours, per 1,000 wishes",
            |o| o[Q::Peak],
            WISHES,
            2,
        ),
        ("price error per kWh, in hundredths", price_error, 100.0, 2),
    ];
    let rows: Vec<Vec<String>> = measures
        .iter()
        .map(|(name, of, times, digits)| {
            let cells = e
                .simulated
                .iter()
                .map(|s| shown(s.interval(of), *times, *digits));
            core::iter::once((*name).to_owned()).chain(cells).collect()
        })
        .collect();
    let heads = heads(e, "measure");
    out.push_str(&table(
        "Means with 95 % intervals over the runs",
        &refs(&heads),
        &rows,
    ));
    out.push_str(&paragraph("Price error is how far the offered price lies from the one that the load of that hour asks for. A driver without an offer has none."));
    let rows: Vec<Vec<String>> = e
        .simulated
        .iter()
        .map(|s| {
            let [a, b] = s.peaks.map(|kw| format!("{:.1}", kw / 1e3));
            vec![s.regime.name().to_owned(), a, b]
        })
        .collect();
    let [first, second] = &e.names;
    out.push_str(&table(
        "Highest load with charging, in megawatts, by the closed form",
        &["way", first, second],
        &rows,
    ));
}

fn claims(out: &mut String, e: &Evaluation) {
    out.push_str("<h2>What the paper says, sentence by sentence</h2>\n<ul class=\"claims\">\n");
    for row in e.claims() {
        let class = match row.verdict {
            "holds" => "holds",
            "holds if" => "if",
            _ => "fails",
        };
        let condition = if row.condition.is_empty() {
            String::new()
        } else {
            format!(": {}", row.condition)
        };
        let _ = writeln!(
            out,
            "<li class=\"{class}\"><p>{} <span class=\"quiet\">({}, {})</span></p><p><b class=\"word\">{}</b>{}</p><p class=\"small\">{}</p>{}</li>",
            escaped(&row.sentence),
            escaped(row.lines),
            escaped(&row.model),
            row.verdict,
            escaped(&condition),
            escaped(&row.computed),
            if row.measured.is_empty() {
                String::new()
            } else {
                format!("<p class=\"small\">{}</p>", escaped(&row.measured))
            }
        );
    }
    out.push_str("</ul>\n");
}

fn checked(out: &mut String, e: &Evaluation) {
    out.push_str("<h2>Is it right?</h2>\n");
    let all = e.agreements();
    let within = all.iter().filter(|a| a.holds()).count();
    let worst = all.iter().map(|a| a.errors().abs()).fold(0.0, f64::max);
    // Two-sided, of a normal distribution.
    let by_chance = 0.0027 * count(all.len());
    out.push_str(&paragraph(&format!(
        "{within} of {} simulated quantities agree with their closed form within {AGREEMENT} standard errors; the largest difference is {worst:.2}. By chance alone {by_chance:.1} would lie outside.",
        all.len()
    )));
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|a| {
            vec![
                a.what.clone(),
                format!("{:.6}", a.simulated),
                format!("{:.6}", a.standard_error),
                format!("{:.6}", a.closed_form),
                format!("{:+.2}", a.errors()),
            ]
        })
        .collect();
    let heads = [
        "quantity per wish",
        "simulated",
        "standard error",
        "closed form",
        "standard errors apart",
    ];
    let _ = write!(
        out,
        "<details><summary>All {} quantities</summary>{}</details>",
        all.len(),
        table("Simulation and closed form", &heads, &rows)
    );
    out.push_str(&paragraph("The figures above go a shorter way: prices, bills and shares by the shipped price engine, decisions as drawn. A sample of the same drivers went the whole way through the running composition: station screens, gateways, both utilities' policies, sealed messages, consent, meter, contract on four replicas, bills. Every trip is compared: offer, decision, multiplier, total and all shares, to the millionth of a unit."));
    let rows: Vec<Vec<String>> = e
        .samples
        .iter()
        .map(|s| {
            vec![
                s.regime.name().to_owned(),
                s.trips.to_string(),
                s.charged.to_string(),
                s.too_dear.to_string(),
                s.refused.to_string(),
                s.blocks.to_string(),
                format!("{:.2}", major(s.billed)),
                s.differences.len().to_string(),
            ]
        })
        .collect();
    if rows.is_empty() {
        out.push_str(&paragraph("No sample was taken in this run."));
        return;
    }
    let heads = [
        "way",
        "trips",
        "charged",
        "too dear",
        "no agreement",
        "blocks",
        "billed",
        "differences",
    ];
    out.push_str(&table("The sample through the composition", &heads, &rows));
}

fn assumptions(out: &mut String, e: &Evaluation) {
    out.push_str("<h2>What is assumed</h2>\n");
    out.push_str(&paragraph(&e.parameters.to_string()));
    let profile: Vec<String> = PROFILE.iter().map(u32::to_string).collect();
    out.push_str(&paragraph(&format!(
        "Wishes by the hour on the clock, in thousandths: {}. Each charge is {} kWh.",
        profile.join(" "),
        crate::parameters::KWH
    )));
    let [first, second] = &e.names;
    let region = |name: &String, place: usize| {
        let (model, week) = e.errors.get(place).copied().unwrap_or_default();
        vec![
            name.clone(),
            percent(model),
            percent(week),
            percent(e.followed.get(place).copied().unwrap_or(0.0)),
            format!("{:.4}", e.costs.get(place).copied().unwrap_or(0.0)),
        ]
    };
    let rows = vec![region(first, 0), region(second, 1)];
    let heads = [
        "region",
        "forecast's error",
        "error of the week before",
        "hours that followed the forecast",
        "cost of a kWh in the agreed prices",
    ];
    out.push_str(&table("The regions", &heads, &rows));
    out.push_str(&paragraph(&format!("Multipliers stay between {} and {}. In other hours than those that followed the forecast the agreed table priced: there was no forecast, or it had no skill over the week before during four weeks.", percent_bps(BAND.min_bps), percent_bps(BAND.max_bps))));
    out.push_str(&paragraph("Not in it: congestion of lines, competition of networks, queues at stations, costs of stations and of programs, and drivers who choose where to charge by price. The cost of energy is a stated curve over the load, not a market's price. Closed forms exist for every mean above; the highest load is computed from them, not drawn."));
}
