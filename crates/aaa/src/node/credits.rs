//! A credit's way into the accounts and onto the driver's bill.

use super::AaaNode;
use crate::accounts::CreditPosting;
use crate::store::StoredChange;
use fairway_model::{CreditLine, Refusal, Time};

impl AaaNode {
    /// The ledger took a credit in a block of time `at`: posts it in whatever role we have, and puts `line` on the driver's bill of
    /// that month when we are home. Each credit is given once.
    ///
    /// # Errors
    /// As [`crate::accounts::Accounts::post_credit`]. Nothing is changed then.
    pub fn credited(
        &mut self,
        at: Time,
        credit: &CreditPosting<'_>,
        line: CreditLine,
    ) -> Result<Vec<StoredChange>, Refusal> {
        let customer = (credit.home == self.config.member)
            .then(|| self.charges.get(credit.session).map(|row| row.customer))
            .flatten();
        let mut changes = self.accounts.post_credit(
            at,
            self.charges.month_of(at),
            &CreditPosting {
                customer,
                ..*credit
            },
        )?;
        if customer.is_some() {
            changes.extend(self.charges.credit(credit.session, line));
        }
        Ok(changes)
    }
}
