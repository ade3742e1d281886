//! What one member owes another, kept as an auditor keeps it: by the day on which it came to be.

use crate::money::UtcDay;
use fairway_model::money::{Micro, MoneyError};
use std::collections::BTreeMap;

/// Amounts by day, oldest first; what is paid is taken from the oldest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Standing {
    lots: BTreeMap<UtcDay, Micro>,
}

impl Standing {
    pub(super) fn total(&self) -> Result<Micro, MoneyError> {
        Micro::sum(self.lots.values().copied())
    }

    pub(super) fn grow(&mut self, day: UtcDay, amount: Micro) -> Result<(), MoneyError> {
        let lot = self.lots.entry(day).or_default();
        *lot = lot.plus(amount)?;
        self.total().map(|_| ())
    }

    /// Takes an amount out; whether there was so much.
    pub(super) fn pay(&mut self, amount: Micro) -> Result<bool, MoneyError> {
        let mut rest = amount;
        while rest > Micro::ZERO {
            let Some((day, lot)) = self.lots.pop_first() else {
                return Ok(false);
            };
            // A day on which more was given away than was owed counts against the others.
            let taken = lot.min(rest);
            rest = rest.minus(taken)?;
            let left = lot.minus(taken)?;
            if left != Micro::ZERO {
                self.lots.insert(day, left);
            }
        }
        Ok(true)
    }

    /// What a close on `today` may take: what is older than the day, less what is frozen.
    pub(super) fn nettable(&self, today: UtcDay, frozen: Micro) -> Result<Micro, MoneyError> {
        let older = self.lots.range(..today).map(|(_, lot)| *lot);
        let free = Micro::sum(older)?.min(self.total()?).minus(frozen)?;
        Ok(free.max(Micro::ZERO))
    }
}
