//! The drawing: three lines with their names at their ends, a quiet grid, remarks at places that were computed.

use super::{Abscissa, Note, Point, parameters};
use crate::RECONSTRUCTION;
use crate::scenario::{Regime, Scenario};
use std::fmt::Write as _;

const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 480.0;
/// Edges of the plot.
const LEFT: f64 = 64.0;
const RIGHT: f64 = 670.0;
const TOP: f64 = 92.0;
const BOTTOM: f64 = 416.0;
/// Least distance of two names at the ends of lines.
const LINE_HEIGHT: f64 = 20.0;
/// About how many steps an axis has.
const STEPS: f64 = 6.0;

/// Colours that are told apart with every kind of colour vision, on light and on dark ground; the lines differ in their dashes too.
const STYLE: &str = "
  svg { --ground: #ffffff; --ink: #1b2330; --quiet: #5a6577; --grid: #e3e8ef; --none: #6b7789; --traditional: #b8510d; --proposed: #1559c4; }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #12161d; --ink: #eef2f8; --quiet: #a5b0c0; --grid: #2a323f; --none: #a3afc0; --traditional: #ff9d5c; --proposed: #74adff; }
  }
  .ground { fill: var(--ground); }
  text { font: 14px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; fill: var(--ink); }
  .title { font-size: 19px; font-weight: 650; }
  .quiet { fill: var(--quiet); font-size: 13px; }
  .grid { stroke: var(--grid); stroke-width: 1; }
  .axis { stroke: var(--quiet); stroke-width: 1; }
  .line { fill: none; stroke-width: 2.5; stroke-linejoin: round; stroke-linecap: round; }
  .none { stroke: var(--none); stroke-dasharray: 2 6; }
  .traditional { stroke: var(--traditional); stroke-dasharray: 9 5; }
  .proposed { stroke: var(--proposed); }
  .name { font-weight: 600; }
  .of-none { fill: var(--none); } .of-traditional { fill: var(--traditional); } .of-proposed { fill: var(--proposed); }
  .mark { fill: var(--ground); stroke: var(--ink); stroke-width: 2; }
  .halo { paint-order: stroke; stroke: var(--ground); stroke-width: 5px; stroke-linejoin: round; }
";

/// A step of 1, 2 or 5 times a power of ten, so that an axis of this length has about [`STEPS`].
fn step(length: f64) -> f64 {
    let rough = length / STEPS;
    let power = 10f64.powf(rough.log10().floor());
    let digit = rough / power;
    let nice = if digit < 1.5 {
        1.0
    } else if digit < 3.5 {
        2.0
    } else if digit < 7.5 {
        5.0
    } else {
        10.0
    };
    nice * power
}

/// From a place in the curves to a place on the drawing.
struct Scale {
    x: (f64, f64),
    top: f64,
}

impl Scale {
    fn of(points: &[Point]) -> Self {
        let first = points.first().map_or(0.0, |p| p.x);
        let last = points.last().map_or(1.0, |p| p.x);
        let most = points.iter().flat_map(|p| p.y).fold(0.0, f64::max);
        let step = step(most.max(f64::MIN_POSITIVE));
        Self {
            x: (first.min(step_down(first, last)), last),
            top: (most / step).ceil() * step,
        }
    }

    fn x(&self, x: f64) -> f64 {
        LEFT + (x - self.x.0) / (self.x.1 - self.x.0) * (RIGHT - LEFT)
    }

    fn y(&self, y: f64) -> f64 {
        BOTTOM - y / self.top * (BOTTOM - TOP)
    }
}

/// An abscissa that begins near zero begins at zero.
fn step_down(first: f64, last: f64) -> f64 {
    if first < last / 10.0 { 0.0 } else { first }
}

fn class(regime: Regime) -> &'static str {
    match regime {
        Regime::None => "none",
        Regime::Traditional => "traditional",
        Regime::Proposed => "proposed",
    }
}

pub(super) fn chart(s: &Scenario, abscissa: Abscissa, points: &[Point], notes: &[Note]) -> String {
    let scale = Scale::of(points);
    let letter = s.travel.letter();
    let title = format!("Figure 5, model {letter}: revenue of utility 1");
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}; {RECONSTRUCTION}\">\n<style>{STYLE}</style>\n<rect class=\"ground\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\n"
    );
    text(&mut out, (LEFT, 34.0), "title", &title);
    text(&mut out, (LEFT, 56.0), "quiet", RECONSTRUCTION);
    text(&mut out, (LEFT, 75.0), "quiet", &parameters(s));
    grid(&mut out, &scale);
    let label = match abscissa {
        Abscissa::Rate => {
            "λ1, the rate of region 1's willingness to pay (its drivers are poorer to the right)"
        }
        Abscissa::Willingness => {
            "w1 = 1/λ1, the mean willingness to pay in region 1 (its drivers are richer to the right)"
        }
    };
    text(&mut out, (LEFT, HEIGHT - 18.0), "quiet", label);
    lines(&mut out, &scale, points);
    names(&mut out, &scale, points);
    for note in notes {
        remark(&mut out, &scale, note);
    }
    out.push_str("</svg>\n");
    out
}

fn text(out: &mut String, (x, y): (f64, f64), class: &str, what: &str) {
    let _ = writeln!(
        out,
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{what}</text>"
    );
}

fn grid(out: &mut String, scale: &Scale) {
    let rise = step(scale.top);
    let mut y = 0.0;
    while y <= scale.top * 1.001 {
        let at = scale.y(y);
        let class = if y == 0.0 { "axis" } else { "grid" };
        let _ = writeln!(
            out,
            "<line class=\"{class}\" x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{RIGHT}\" y2=\"{at:.1}\"/><text class=\"quiet\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 10.0,
            at + 4.5,
            number(y, rise)
        );
        y += rise;
    }
    let run = step(scale.x.1 - scale.x.0);
    let mut x = (scale.x.0 / run).ceil() * run;
    while x <= scale.x.1 * 1.001 {
        let at = scale.x(x);
        let _ = writeln!(
            out,
            "<line class=\"axis\" x1=\"{at:.1}\" y1=\"{BOTTOM}\" x2=\"{at:.1}\" y2=\"{:.1}\"/><text class=\"quiet\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            BOTTOM + 5.0,
            BOTTOM + 22.0,
            number(x, run)
        );
        x += run;
    }
}

/// A number with as many digits as its step needs.
fn number(value: f64, step: f64) -> String {
    if step >= 1.0 {
        format!("{value:.0}")
    } else if step >= 0.1 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

fn lines(out: &mut String, scale: &Scale, points: &[Point]) {
    for (index, regime) in Regime::ALL.into_iter().enumerate() {
        let places: Vec<String> = points
            .iter()
            .filter_map(|p| p.y.get(index).map(|y| (p.x, *y)))
            .map(|(x, y)| format!("{:.1},{:.1}", scale.x(x), scale.y(y)))
            .collect();
        let _ = writeln!(
            out,
            "<polyline class=\"line {}\" points=\"{}\"/>",
            class(regime),
            places.join(" ")
        );
    }
}

/// The names of the lines at their ends, moved apart where they would touch.
fn names(out: &mut String, scale: &Scale, points: &[Point]) {
    let Some(last) = points.last() else { return };
    let mut ends: Vec<(f64, Regime)> = Regime::ALL
        .into_iter()
        .zip(last.y)
        .map(|(regime, y)| (scale.y(y), regime))
        .collect();
    // From the top of the drawing down.
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut lowest = BOTTOM + 4.0;
    for end in ends.iter_mut().rev() {
        end.0 = end.0.min(lowest - 4.0);
        lowest = end.0 - LINE_HEIGHT + 4.0;
    }
    for (y, regime) in ends {
        let class = format!("name of-{}", class(regime));
        text(out, (RIGHT + 10.0, y + 5.0), &class, regime.name());
    }
}

fn remark(out: &mut String, scale: &Scale, note: &Note) {
    let (x, y) = (scale.x(note.x), scale.y(note.y));
    let _ = writeln!(
        out,
        "<circle class=\"mark\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\"/>"
    );
    // Below and to the right of its place, where no line runs.
    let (x, y) = (x + 8.0, y + 24.0);
    text(out, (x, y), "halo", &note.text);
}
