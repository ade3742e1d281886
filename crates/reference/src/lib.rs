//! A second opinion on the contracts: a reference model that is written differently, a generator of transactions that tries
//! everything, and the comparison of both with the contracts that ship.
//!
//! The model ([`model`], [`rating`], [`sharing`], [`mod@admit`]) knows the documents and none of the contracts' code: plain maps, 128-bit whole
//! numbers, balances added up from history, prices worked out minute by minute. It uses the ledger's words (transactions,
//! receipts, state values) and not the price engine; the table of layers keeps it so.
//!
//! [`run`] plays one seed: admission, outcome, code, effect, postings and everything that the ledger shows must agree after every
//! transaction; replicas that get the same blocks in other parts must be equal byte for byte; the auditor's books must fold to the
//! same balances. [`explain`] makes a failure small. [`Sabotage`] plants mistakes that must be found.

pub mod admit;
pub mod build;
pub mod cast;
pub mod chance;
pub mod model;
pub mod observe;
pub mod plan;
pub mod play;
pub mod rating;
pub mod replica;
pub mod sharing;
pub mod shrink;
pub mod step;

pub use cast::Cast;
pub use play::{Log, Report, Violation, play};
pub use replica::{Replica, Sabotage};
pub use step::{Fault, Step, What};

/// Plays one seed.
///
/// # Errors
/// The first disagreement, with everything that led to it; [`explain`] makes it smaller.
pub fn run(seed: u64, sabotage: Option<Sabotage>) -> Result<(Report, Log), Box<Violation>> {
    let cast = cast_of(seed)?;
    play(&cast, &plan::steps(&cast), sabotage)
}

/// The smallest part of a seed's steps that was found to go wrong in the same way.
///
/// # Errors
/// [`Violation`] when the seed has no cast.
pub fn explain(
    violation: &Violation,
    sabotage: Option<Sabotage>,
) -> Result<(Vec<Step>, Violation), Box<Violation>> {
    let cast = cast_of(violation.seed)?;
    let steps = plan::steps(&cast);
    Ok(shrink::shrink(&cast, &steps, sabotage, violation))
}

fn cast_of(seed: u64) -> Result<Cast, Box<Violation>> {
    Cast::new(seed).map_err(|cast::Missing(what)| {
        Box::new(Violation {
            seed,
            kind: "cast",
            what,
            step: 0,
            trace: Vec::new(),
        })
    })
}
