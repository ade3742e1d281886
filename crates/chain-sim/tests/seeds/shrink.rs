//! A failing plan with fewer events that still fails in the same way.

use crate::{
    plan::Plan,
    run::{Planted, run},
};

/// Most runs that are spent on making one failure smaller.
const MOST: usize = 48;

/// What kind of failure a text tells: its first words, without numbers.
fn kind(error: &str) -> String {
    let line = error.lines().next().unwrap_or("");
    let words = line.split_whitespace().take(6);
    let words = words.filter(|word| !word.chars().any(|c| c.is_ascii_digit()));
    words.collect::<Vec<_>>().join(" ")
}

/// The plan with only these of its events.
pub(crate) fn keep(plan: &Plan, places: &[usize]) -> Plan {
    let events = plan.events.iter().enumerate();
    let events = events.filter(|(place, _)| places.contains(place));
    Plan {
        events: events.map(|(_, event)| event.clone()).collect(),
        ..plan.clone()
    }
}

/// Leaves events out, in ever smaller pieces, as long as the same kind of failure stays. Gives the places of the events that
/// are left, and what goes wrong with them.
pub(crate) fn shrink(plan: &Plan, planted: Planted, first: &str) -> (Vec<usize>, String) {
    let mut best: Vec<usize> = (0..plan.events.len()).collect();
    let (mut error, mut runs) = (first.to_string(), 0);
    let mut piece = best.len();
    while piece > 0 && runs < MOST {
        let mut at = 0;
        while at < best.len() && runs < MOST {
            let mut fewer = best.clone();
            fewer.drain(at..(at + piece).min(best.len()));
            runs += 1;
            match run(&keep(plan, &fewer), planted) {
                Err(found) if kind(&found) == kind(first) => (best, error) = (fewer, found),
                _ => at += piece,
            }
        }
        piece /= 2;
    }
    (best, error)
}
