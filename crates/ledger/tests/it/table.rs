//! A table: each row is what was tried, by whom, and what came of it.

use crate::world::World;
use fairway_ledger::Operation;
use std::fmt::Write as _;

pub(crate) struct Table {
    pub(crate) world: World,
    rows: String,
}

impl Table {
    pub(crate) fn on(world: World) -> Self {
        Self {
            world,
            rows: String::new(),
        }
    }

    /// Tries one operation and writes its row.
    pub(crate) fn row(&mut self, what: &str, by: &str, operation: Operation) {
        let outcome = self.world.outcome(by, operation);
        self.note(what, &format!("{by}: {outcome}"));
    }

    pub(crate) fn note(&mut self, what: &str, outcome: &str) {
        writeln!(self.rows, "{what} | {outcome}").unwrap();
    }

    pub(crate) fn rows(&self) -> &str {
        &self.rows
    }

    /// The rows without the fields of what took effect.
    pub(crate) fn heads(&self) -> String {
        let heads = self.rows.lines().map(|line| line.split(" { ").next());
        heads.flatten().collect::<Vec<_>>().join("\n")
    }
}
