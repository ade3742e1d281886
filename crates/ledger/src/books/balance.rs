//! The books' figures one by one, each with the place of the same figure in the contracts' state, so that an auditor compares
//! two computations that share nothing but the records.

use super::Books;
use crate::keys::{Key, key_for_account, key_for_position};
use crate::money::{ObligationState, PositionState, key_for_obligation};
use crate::state::BalanceState;
use fairway_model::canonical::Canonical;
use fairway_model::money::{Currency, Micro};
use std::collections::BTreeSet;

/// What kind of value the contracts keep a figure in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    Balance,
    Position,
    Obligation,
}

/// One figure of the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    /// The account, who owes whom, or the obligation.
    pub name: String,
    /// Where the contracts keep it.
    pub key: Key,
    /// How much it is.
    pub amount: Micro,
    /// In which currency.
    pub currency: Currency,
    kept: Kept,
}

impl Balance {
    /// Whether the contracts keep the same amount under the key; `value` is what they keep, if anything.
    ///
    /// # Errors
    /// A sentence with both amounts.
    pub fn compare(&self, value: Option<&[u8]>) -> Result<(), String> {
        let name = &self.name;
        let state = match value {
            None => Micro::ZERO,
            Some(bytes) => self
                .amount_in(bytes)
                .map_err(|e| format!("{name}: the state has no such amount: {e}"))?,
        };
        if state == self.amount {
            return Ok(());
        }
        let (books, state) = (self.amount.text(self.currency), state.text(self.currency));
        let currency = self.currency;
        Err(format!(
            "{name}: the books say {books} {currency}, the executed state says {state} {currency}"
        ))
    }

    fn amount_in(&self, bytes: &[u8]) -> Result<Micro, String> {
        match self.kept {
            Kept::Balance => BalanceState::from_bytes(bytes)
                .map(|state| state.amount)
                .map_err(|e| e.to_string()),
            Kept::Position => PositionState::from_bytes(bytes)
                .map(|state| state.amount)
                .map_err(|e| e.to_string()),
            Kept::Obligation => ObligationState::from_bytes(bytes)
                .map_err(|e| e.to_string())?
                .open()
                .map_err(|e| e.to_string()),
        }
    }
}

impl Books {
    /// Every account, position and obligation.
    pub fn balances(&self) -> Vec<Balance> {
        let accounts = self.accounts().map(|(account, currency, amount)| Balance {
            name: format!("account {account}"),
            key: key_for_account(account, currency),
            amount,
            currency,
            kept: Kept::Balance,
        });
        let positions = self
            .positions
            .keys()
            .map(|&(debtor, creditor, currency)| Balance {
                name: format!("{debtor} owes {creditor}"),
                key: key_for_position(debtor, creditor, currency),
                amount: self.position(debtor, creditor, currency),
                currency,
                kept: Kept::Position,
            });
        let obligations = self.obligations().map(|id| Balance {
            name: format!("obligation {id}"),
            key: key_for_obligation(id),
            amount: self.obligation(id),
            currency: id.currency,
            kept: Kept::Obligation,
        });
        accounts.chain(positions).chain(obligations).collect()
    }

    /// The currencies in which anything moved.
    pub fn currencies(&self) -> BTreeSet<Currency> {
        let currencies = self.accounts.keys().map(|(_, currency)| *currency);
        currencies.collect()
    }
}
