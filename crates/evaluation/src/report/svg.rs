//! Drawings: lines and bars. Colours come from the page, so that they fit light and dark; lines differ in their dashes besides.

use super::html::escaped;
use crate::number::count;
use std::fmt::Write as _;

/// Size of every drawing: narrow, so that its letters stay readable on a telephone.
const WIDTH: f64 = 380.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = 370.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 216.0;
/// About how many steps an axis has.
const STEPS: f64 = 5.0;

/// One line.
pub(super) struct Line {
    pub(super) name: String,
    /// The place of its colour and dash.
    pub(super) style: usize,
    pub(super) points: Vec<(f64, f64)>,
    /// Points with the half height of their interval; drawn as marks.
    pub(super) marks: Vec<(f64, f64, f64)>,
}

/// Lines over an abscissa.
pub(super) struct Lines {
    pub(super) about: String,
    pub(super) x: String,
    pub(super) drawn: Vec<Line>,
    /// Whether the ordinate begins at zero.
    pub(super) from_zero: bool,
}

/// Bars side by side by group, each a stack.
pub(super) struct Bars {
    pub(super) about: String,
    pub(super) groups: Vec<String>,
    /// Names of the parts of a stack.
    pub(super) parts: Vec<String>,
    /// By group and part.
    pub(super) values: Vec<Vec<f64>>,
    /// By group the half width of the whole stack's interval.
    pub(super) halves: Vec<f64>,
}

/// A step of 1, 2 or 5 times a power of ten.
fn step(length: f64) -> f64 {
    let rough = (length / STEPS).max(f64::MIN_POSITIVE);
    let power = 10f64.powf(rough.log10().floor());
    let digit = rough / power;
    let nice = [1.0, 2.0, 5.0].into_iter().find(|n| digit <= n * 1.25);
    nice.unwrap_or(10.0) * power
}

/// A number with as many digits as its step needs.
fn label(value: f64, step: f64) -> String {
    let digits = [(1.0, 0), (0.1, 1), (0.01, 2)];
    let digits = digits.into_iter().find(|(least, _)| step >= *least * 0.999);
    let digits = digits.map_or(3, |(_, digits)| digits);
    // No minus before a zero.
    let value = if value.abs() < step / 1e6 { 0.0 } else { value };
    if value.abs() >= 10_000.0 {
        return format!("{:.0}k", value / 1_000.0);
    }
    format!("{value:.digits$}")
}

struct Scale {
    x: (f64, f64),
    y: (f64, f64),
}

impl Scale {
    fn x(&self, x: f64) -> f64 {
        let run = (self.x.1 - self.x.0).max(f64::MIN_POSITIVE);
        LEFT + (x - self.x.0) / run * (RIGHT - LEFT)
    }

    fn y(&self, y: f64) -> f64 {
        let rise = (self.y.1 - self.y.0).max(f64::MIN_POSITIVE);
        BOTTOM - (y - self.y.0) / rise * (BOTTOM - TOP)
    }
}

/// The range of an axis that holds these values, on whole steps.
fn around(values: impl Iterator<Item = f64>, from_zero: bool) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
        (low.min(v), high.max(v))
    });
    if !(low.is_finite() && high.is_finite()) {
        return (0.0, 1.0);
    }
    let low = if from_zero { low.min(0.0) } else { low };
    let high = if from_zero { high.max(0.0) } else { high };
    let step = step((high - low).max(high.abs() * 1e-6).max(1e-12));
    ((low / step).floor() * step, (high / step).ceil() * step)
}

fn begin(about: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">\n",
        escaped(about)
    )
}

fn text(out: &mut String, (x, y): (f64, f64), anchor: &str, what: &str) {
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>",
        escaped(what)
    );
}

fn rule(out: &mut String, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
    let _ = writeln!(
        out,
        "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
    );
}

fn ordinate(out: &mut String, scale: &Scale) {
    let step = step(scale.y.1 - scale.y.0);
    let mut y = scale.y.0;
    while y <= scale.y.1 + step / 1e3 {
        let at = scale.y(y);
        let class = if y.abs() < step / 1e6 { "axis" } else { "grid" };
        rule(out, class, (LEFT, at), (RIGHT, at));
        text(out, (LEFT - 6.0, at + 4.0), "end", &label(y, step));
        y += step;
    }
}

fn abscissa(out: &mut String, scale: &Scale, name: &str) {
    let step = step(scale.x.1 - scale.x.0);
    let mut x = (scale.x.0 / step).ceil() * step;
    while x <= scale.x.1 + step / 1e3 {
        let at = scale.x(x);
        rule(out, "axis", (at, BOTTOM), (at, BOTTOM + 4.0));
        text(out, (at, BOTTOM + 18.0), "middle", &label(x, step));
        x += step;
    }
    text(
        out,
        (f64::midpoint(LEFT, RIGHT), HEIGHT - 6.0),
        "middle",
        name,
    );
}

/// The drawing of lines, with their names below it.
pub(super) fn lines(chart: &Lines) -> String {
    let points = || chart.drawn.iter().flat_map(|l| l.points.iter().copied());
    let marks = || chart.drawn.iter().flat_map(|l| l.marks.iter().copied());
    let xs = points().map(|p| p.0).chain(marks().map(|m| m.0));
    let (low, high) = xs.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
        (low.min(x), high.max(x))
    });
    let ys = points()
        .map(|p| p.1)
        .chain(marks().flat_map(|m| [m.1 - m.2, m.1 + m.2]));
    let scale = Scale {
        x: (low, high),
        y: around(ys, chart.from_zero),
    };
    let mut out = begin(&chart.about);
    ordinate(&mut out, &scale);
    abscissa(&mut out, &scale, &chart.x);
    for line in &chart.drawn {
        let places: Vec<String> = line
            .points
            .iter()
            .map(|(x, y)| format!("{:.1},{:.1}", scale.x(*x), scale.y(*y)))
            .collect();
        let _ = writeln!(
            out,
            "<polyline class=\"line s{}\" points=\"{}\"/>",
            line.style,
            places.join(" ")
        );
        for (x, y, half) in &line.marks {
            let (x, y, high, low) = (
                scale.x(*x),
                scale.y(*y),
                scale.y(y + half),
                scale.y(y - half),
            );
            rule(
                &mut out,
                &format!("bar s{}", line.style),
                (x, high),
                (x, low),
            );
            let _ = writeln!(
                out,
                "<circle class=\"mark s{}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>",
                line.style
            );
        }
    }
    out.push_str("</svg>\n");
    let names = chart.drawn.iter().map(|l| (l.style, l.name.as_str()));
    legend(&mut out, names, false);
    out
}

/// The names under a drawing, each with its line or its colour.
fn legend<'a>(out: &mut String, names: impl Iterator<Item = (usize, &'a str)>, filled: bool) {
    out.push_str("<ul class=\"legend\">");
    for (style, name) in names {
        let swatch = if filled {
            format!("<rect class=\"fill f{style}\" x=\"1\" y=\"1\" width=\"26\" height=\"10\"/>")
        } else {
            format!("<line class=\"line s{style}\" x1=\"1\" y1=\"6\" x2=\"27\" y2=\"6\"/>")
        };
        let _ = write!(
            out,
            "<li><svg viewBox=\"0 0 28 12\" aria-hidden=\"true\">{swatch}</svg>{}</li>",
            escaped(name)
        );
    }
    out.push_str("</ul>\n");
}

/// The drawing of stacked bars, with the names of their parts below it.
pub(super) fn bars(chart: &Bars) -> String {
    let total = |v: &Vec<f64>| v.iter().filter(|x| **x > 0.0).sum::<f64>();
    let below = |v: &Vec<f64>| v.iter().filter(|x| **x < 0.0).sum::<f64>();
    let ys = chart.values.iter().flat_map(|v| [total(v), below(v)]);
    let halves = chart.halves.iter().copied().fold(0.0, f64::max);
    let tops = ys.flat_map(|y| [y, if y > 0.0 { y + halves } else { y }]);
    let scale = Scale {
        x: (0.0, 1.0),
        y: around(tops, true),
    };
    let mut out = begin(&chart.about);
    ordinate(&mut out, &scale);
    let pitch = (RIGHT - LEFT) / count(chart.groups.len().max(1));
    let width = (pitch * 0.66).min(60.0);
    // Where groups are many, only some are named.
    let every = chart.groups.len().div_ceil(6).max(1);
    for (place, (name, values)) in chart.groups.iter().zip(&chart.values).enumerate() {
        let middle = LEFT + pitch * (count(place) + 0.5);
        stack(&mut out, &scale, values, (middle - width / 2.0, width));
        if let Some(half) = chart.halves.get(place).filter(|half| **half > 0.0) {
            let sum = total(values);
            rule(
                &mut out,
                "whisker",
                (middle, scale.y(sum + half)),
                (middle, scale.y(sum - half)),
            );
        }
        if place % every == 0 {
            for (row, word) in name.split('|').enumerate() {
                text(
                    &mut out,
                    (middle, BOTTOM + 17.0 + 14.0 * count(row)),
                    "middle",
                    word,
                );
            }
        }
    }
    out.push_str("</svg>\n");
    if chart.parts.len() > 1 {
        legend(
            &mut out,
            chart.parts.iter().map(String::as_str).enumerate(),
            true,
        );
    }
    out
}

fn stack(out: &mut String, scale: &Scale, values: &[f64], (left, width): (f64, f64)) {
    let (mut up, mut down) = (0.0, 0.0);
    for (part, value) in values.iter().enumerate() {
        let from = if *value >= 0.0 { &mut up } else { &mut down };
        let (a, b) = (scale.y(*from), scale.y(*from + value));
        *from += value;
        let _ = writeln!(
            out,
            "<rect class=\"fill f{part}\" x=\"{left:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{:.1}\"/>",
            a.min(b),
            (a - b).abs()
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_round_steps_and_hold_every_value() {
        assert!((step(1.0) - 0.2).abs() < 1e-12);
        assert!((step(70.0) - 20.0).abs() < 1e-9);
        assert_eq!(label(-0.0, 0.2), "0.0");
        assert_eq!(label(25_000.0, 5_000.0), "25k");
        let (low, high) = around([-0.3, 7.1].into_iter(), true);
        assert!(low <= -0.3 && high >= 7.1);
        assert_eq!(around([].into_iter(), true), (0.0, 1.0));
    }

    #[test]
    fn names_in_drawings_are_escaped() {
        let chart = Bars {
            about: "a \"b\" <c>".to_owned(),
            groups: vec!["<g>".to_owned()],
            parts: vec!["one".to_owned()],
            values: vec![vec![-1.0]],
            halves: vec![],
        };
        let drawn = bars(&chart);
        assert!(drawn.contains("a &quot;b&quot; &lt;c&gt;") && drawn.contains("&lt;g&gt;"));
        assert!(!drawn.contains("NaN"));
    }
}
