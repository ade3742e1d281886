//! How much of what members owe each other is secured, and how much of an agreement's cap it takes: as the contracts reckon it, from what
//! the blocks told. Holds of running charges are not in it: a member knows only its own.

use crate::command::{ExposureView, MAX_LIST};
use crate::machine::Utility;
use fairway_ledger::Account;
use fairway_model::{Agreement, Currency, MemberId, Micro, MoneyError, Refusal, RefusalCode, Time};
use std::collections::BTreeMap;

/// Debtor, creditor and currency.
type Direction = (MemberId, MemberId, Currency);

/// What stands in one direction.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    position: Micro,
    obliged: Micro,
    collateral: Micro,
}

impl Utility {
    /// Every direction that concerns us and in which something is owed, deposited or capped; our debts first.
    pub(crate) fn exposures(&self, now: Time) -> Result<Vec<ExposureView>, Refusal> {
        let fault = |e: MoneyError| Refusal::new(RefusalCode::TooLarge, e.to_string());
        let me = self.me.id;
        let mut views = Vec::new();
        for (direction, sums) in self.sums(now).map_err(fault)? {
            views.push(self.exposure(direction, &sums, now).map_err(fault)?);
        }
        views.sort_by_key(|view| (view.debtor != me, view.debtor, view.creditor, view.currency));
        views.truncate(MAX_LIST);
        Ok(views)
    }

    fn sums(&self, now: Time) -> Result<BTreeMap<Direction, Sums>, MoneyError> {
        let me = self.me.id;
        let ours = |debtor: MemberId, creditor: MemberId| {
            debtor != creditor && (debtor == me || creditor == me)
        };
        let mut all = BTreeMap::<Direction, Sums>::new();
        for (direction, amount) in &self.registry.positions {
            if ours(direction.0, direction.1) && *amount != Micro::ZERO {
                all.entry(*direction).or_default().position = *amount;
            }
        }
        for record in self.registry.money.obligations.values() {
            let id = record.id;
            let open = record.state.open()?;
            if open > Micro::ZERO {
                let sums = all
                    .entry((id.debtor, id.creditor, id.currency))
                    .or_default();
                sums.obliged = sums.obliged.plus(open)?;
            }
        }
        for ((account, currency), balance) in &self.registry.money.tokens {
            let Account::Collateral {
                debtor, creditor, ..
            } = account
            else {
                continue;
            };
            if ours(*debtor, *creditor) && *balance != Micro::ZERO {
                let sums = all.entry((*debtor, *creditor, *currency)).or_default();
                sums.collateral = sums.collateral.plus(*balance)?;
            }
        }
        for record in self.registry.agreements.values() {
            let terms = &record.agreement;
            let direction = (terms.home, terms.visited, terms.currency);
            if ours(terms.home, terms.visited) && self.terms_of(direction, now).is_some() {
                all.entry(direction).or_default();
            }
        }
        Ok(all)
    }

    fn exposure(
        &self,
        direction: Direction,
        sums: &Sums,
        now: Time,
    ) -> Result<ExposureView, MoneyError> {
        let (debtor, creditor, currency) = direction;
        let terms = self.terms_of(direction, now);
        let owed = sums.position.plus(sums.obliged)?;
        Ok(ExposureView {
            debtor,
            creditor,
            currency,
            position: sums.position,
            obliged: sums.obliged,
            collateral: sums.collateral,
            unsecured: owed.minus(sums.collateral)?,
            cap: terms.map(|terms| terms.caps.exposure),
            asked: terms.and_then(|terms| terms.collateral),
        })
    }

    /// The terms in force of a direction, when they are in its currency.
    fn terms_of(&self, (home, visited, currency): Direction, now: Time) -> Option<&Agreement> {
        let (_, terms) = self.registry.in_force(home, visited, now)?;
        (terms.currency == currency).then_some(terms)
    }
}
