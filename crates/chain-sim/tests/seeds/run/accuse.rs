//! What the honest members do about a validator that contradicts itself.

use std::collections::BTreeSet;

use bytes::Bytes;
use commonware_runtime::Clock as _;
use fairway_chain::Misdeed;
use fairway_model::canonical::Canonical as _;

use super::{PATIENCE, Planted, World, setup::configuration};
use crate::{
    ballots, load,
    world::{self, CHAIN, member},
};

/// Evidence that was handed in, by validator, epoch, view and the end that reported it.
pub(super) type Shown = BTreeSet<([u8; 32], u64, u64, usize)>;

impl World {
    /// Every honest member shows what its validator heard, as the program does. Nobody honest is ever in it.
    pub(super) async fn show_evidence(&mut self) -> Result<(), String> {
        let (_, validators) = configuration(&self.plan);
        let members = load::members(self.plan.validators);
        for (end, name) in members.iter().enumerate() {
            if !self.honest(end) || self.asleep[end] {
                continue;
            }
            let misdeeds = self.nodes[end]
                .handle()
                .map(fairway_chain::Handle::misdeeds);
            for misdeed in misdeeds.unwrap_or_default() {
                let at = validators
                    .iter()
                    .position(|v| v.public_key == misdeed.validator);
                let Some(at) = at.filter(|at| !self.honest(*at)) else {
                    return Err(format!("an honest validator is accused: {misdeed:?}"));
                };
                if self.reports() && !self.canon.suspended(member(members[at])) {
                    self.report(end, name, members[at], &misdeed).await;
                }
            }
        }
        Ok(())
    }

    /// Whether evidence is handed in. A suspension takes a vote away, and a place in the set: it is not mixed with a vote about
    /// the set, nor with two liars of four, one of whom has charges to settle.
    fn reports(&self) -> bool {
        self.planted == Planted::Nothing && !self.plan.joins()
    }

    /// Hands one misdeed in, once.
    async fn report(&mut self, end: usize, name: &str, offender: &str, misdeed: &Misdeed) {
        let first = &misdeed.first;
        if !self
            .shown
            .insert((misdeed.validator, first.epoch, first.view, end))
        {
            return;
        }
        let Some(handle) = self.nodes[end].handle().cloned() else {
            return;
        };
        let evidence = ballots::evidence(member(offender), misdeed);
        let tx = ballots::report(CHAIN, member(name), &world::key(name), evidence);
        tokio::select! {
            biased;
            _ = handle.submit(Bytes::from(tx.to_bytes())) => {}
            () = self.context.sleep(PATIENCE) => {}
        }
    }
}
