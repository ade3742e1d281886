//! The flow chart of a charge, drawn from the table of transitions: what is not in the table is not in the picture.
//!
//! The way to a settled charge runs down the middle; whatever ends a charge otherwise leaves to the left (nothing is billed) or to the
//! right (people must look), in the row of the state that it leaves.

use crate::states::{State, Step, TRANSITIONS, Transition};
use core::fmt::Write as _;

/// Width of the picture.
const WIDTH: i32 = 980;
/// Left edge and width of the boxes in the middle.
const MIDDLE: (i32, i32) = (390, 200);
/// Left edge and width of the ends on the left.
const LEFT: (i32, i32) = (20, 130);
/// Left edge and width of the ends on the right.
const RIGHT: (i32, i32) = (830, 130);
/// Height of a box.
const BOX: i32 = 34;
/// Height of one way that leaves a row.
const LANE: i32 = 46;
/// Room for the label between two boxes of the middle.
const GAP: i32 = 40;
/// Room above the first box.
const TOP: i32 = 64;

/// What a step says in the picture.
pub fn words(step: Step) -> &'static str {
    match step {
        Step::Eligible => "home (or visiting profile) says yes",
        Step::Refuse => "no",
        Step::Show => "offer agreed and shown",
        Step::Consent => "driver consents",
        Step::Decline => "driver declines",
        Step::Expire => "offer runs out",
        Step::Begin => "transaction begins",
        Step::NotStarted => "never starts",
        Step::Finish => "battery full, driver stops, limit, fault",
        Step::Rate => "rated from signed records",
        Step::NothingDelivered => "no energy, no fee",
        Step::NotRatable => "not proven",
        Step::HomeAgrees => "home computes the same",
        Step::HomeDiffers => "home differs",
        Step::LedgerPosts => "contract posts",
        Step::LedgerRefuses => "contract refuses",
    }
}

fn fill(state: State) -> &'static str {
    match state {
        State::Settled => "#d9f2df",
        State::Refused | State::Void => "#eceff3",
        State::Disputed => "#fbe3d6",
        _ => "#e2ecfb",
    }
}

/// The states on the way to a settled charge, from the first one on: each leads to the next that is not a final one, the last to
/// [`State::Settled`].
fn main_way() -> Vec<State> {
    let mut way = vec![State::Identifying];
    let mut at = State::Identifying;
    let onward = |at: State| {
        let mut ways = TRANSITIONS.iter().filter(|t| t.from == at);
        let open = ways.clone().find(|t| !t.to.is_final());
        open.or_else(|| ways.find(|t| t.to == State::Settled))
    };
    while let Some(next) = onward(at).map(|t| t.to).filter(|next| !way.contains(next)) {
        way.push(next);
        at = next;
    }
    way
}

/// The picture as SVG text.
pub fn flow_chart() -> String {
    let way = main_way();
    let (mut body, mut y) = (String::new(), TOP);
    for (at, state) in way.iter().enumerate() {
        let next = way.get(at.saturating_add(1)).copied();
        y = row(&mut body, *state, next, y);
    }
    let height = y.saturating_add(20);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"title\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\">\n<title id=\"title\">The states of one charge, drawn from the program's table of \
         transitions</title>\n<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\">\
         <path d=\"M0 0 8 4 0 8z\" fill=\"#445\"/></marker></defs>\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"20\" y=\"32\" font-size=\"17\" font-weight=\"600\">One charge, from the credential to the ledger</text>\n{body}</svg>\n"
    )
}

/// One state of the middle with everything that leaves it; gives where the next row begins.
fn row(out: &mut String, state: State, next: Option<State>, y: i32) -> i32 {
    let mut ways: Vec<&Transition> = TRANSITIONS.iter().filter(|t| t.from == state).collect();
    let mut down = None;
    ways.retain(|t| {
        let ahead = Some(t.to) == next;
        if ahead {
            down = Some(*t);
        }
        !ahead
    });
    let (mut left, mut right) = (y, y);
    for t in ways {
        // The ledger may post before the home utility's answer arrived: the only way that skips a box of the middle.
        let to_the_right = matches!(t.to, State::Disputed | State::Settled);
        let lane = if to_the_right { &mut right } else { &mut left };
        side(out, t, *lane, to_the_right);
        *lane = lane.saturating_add(LANE);
    }
    let lanes = left.max(right).saturating_sub(y).div_euclid(LANE).max(1);
    let height = BOX.saturating_add(lanes.saturating_sub(1).saturating_mul(LANE));
    boxed(out, MIDDLE, (y, height), &format!("{state:?}"), fill(state));
    let bottom = y.saturating_add(height);
    if let Some(t) = down {
        let x = MIDDLE.0.saturating_add(MIDDLE.1 / 2);
        let (from, to) = (bottom, bottom.saturating_add(GAP));
        arrow(out, (x, from), (x, to));
        let label = format!("{} · {}", words(t.step), t.flow);
        text(
            out,
            (x.saturating_add(8), to.saturating_sub(14)),
            "start",
            &label,
        );
        return to;
    }
    bottom
}

fn side(out: &mut String, t: &Transition, y: i32, to_the_right: bool) {
    let middle = y.saturating_add(BOX / 2);
    let label = format!("{} · {}", words(t.step), t.flow);
    let (from, to, column) = if to_the_right {
        (MIDDLE.0.saturating_add(MIDDLE.1), RIGHT.0, RIGHT)
    } else {
        (MIDDLE.0, LEFT.0.saturating_add(LEFT.1), LEFT)
    };
    boxed(out, column, (y, BOX), &format!("{:?}", t.to), fill(t.to));
    arrow(out, (from, middle), (to, middle));
    let x = from.saturating_add(to) / 2;
    text(out, (x, middle.saturating_sub(6)), "middle", &label);
}

fn boxed(
    out: &mut String,
    (x, width): (i32, i32),
    (y, height): (i32, i32),
    label: &str,
    fill: &str,
) {
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"7\" fill=\"{fill}\" stroke=\"#445\"/>"
    );
    let centre = (
        x.saturating_add(width / 2),
        y.saturating_add(height / 2).saturating_add(5),
    );
    text(out, centre, "middle", label);
}

fn arrow(out: &mut String, from: (i32, i32), to: (i32, i32)) {
    let _ = writeln!(
        out,
        "<path d=\"M{} {}L{} {}\" stroke=\"#445\" fill=\"none\" marker-end=\"url(#tip)\"/>",
        from.0, from.1, to.0, to.1
    );
}

fn text(out: &mut String, (x, y): (i32, i32), anchor: &str, words: &str) {
    let _ = writeln!(
        out,
        "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" fill=\"#223\">{words}</text>"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_the_table_is_drawn_once() {
        let picture = flow_chart();
        let arrows = picture.matches("marker-end").count();
        assert_eq!(arrows, TRANSITIONS.len());
        for t in TRANSITIONS {
            assert!(picture.contains(&format!("{} · {}", words(t.step), t.flow)));
            assert!(picture.contains(&format!(">{:?}<", t.to)));
        }
    }

    #[test]
    fn the_way_down_ends_at_the_settled_charge() {
        let way = main_way();
        assert_eq!(way.first(), Some(&State::Identifying));
        assert_eq!(way.last(), Some(&State::Settled));
        assert!(way.contains(&State::Charging));
    }
}
