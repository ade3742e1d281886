//! Fewer and simpler steps that still go wrong in the same way.

use crate::cast::Cast;
use crate::play::{Violation, play};
use crate::replica::Sabotage;
use crate::step::{Fault, Step};

/// Most worlds that are played to make one failure smaller.
const MOST: usize = 800;

/// Leaves steps out, in ever smaller pieces, and mends faults, as long as the same kind of violation stays. Gives the steps that are
/// left, and what goes wrong with them.
pub fn shrink(
    cast: &Cast,
    steps: &[Step],
    sabotage: Option<Sabotage>,
    first: &Violation,
) -> (Vec<Step>, Violation) {
    let mut best: Vec<Step> = steps.iter().take(first.step + 1).cloned().collect();
    let mut found = first.clone();
    let mut played = 0;
    let mut fails = |steps: &[Step]| {
        played += 1;
        if played > MOST {
            return None;
        }
        match play(cast, steps, sabotage) {
            Err(violation) if violation.kind == first.kind => Some(*violation),
            _ => None,
        }
    };
    let mut piece = best.len().div_ceil(2);
    while piece > 0 {
        let (mut at, before) = (0, best.len());
        while at < best.len() {
            let mut fewer = best.clone();
            fewer.drain(at..(at + piece).min(best.len()));
            match fails(&fewer) {
                Some(violation) => (best, found) = (fewer, violation),
                None => at += piece,
            }
        }
        // What was needed by a step that is gone now may go too.
        piece = match piece {
            1 if best.len() == before => 0,
            1 => 1,
            n => n.div_ceil(2),
        };
    }
    for at in 0..best.len() {
        for simpler in simpler(&best, at) {
            if let Some(violation) = fails(&simpler) {
                (best, found) = (simpler, violation);
            }
        }
    }
    (best, found)
}

/// The step without its fault, and in a block of its own.
fn simpler(steps: &[Step], at: usize) -> Vec<Vec<Step>> {
    let mut out = Vec::new();
    let mut change = |edit: fn(&mut Step)| {
        let mut all = steps.to_vec();
        if let Some(step) = all.get_mut(at) {
            edit(step);
        }
        if all != steps {
            out.push(all);
        }
    };
    change(|step| step.fault = Fault::None);
    change(|step| step.cut = true);
    out
}
