//! What an operation works with, and the checks that all share.

use crate::cache::{Cache, Terms};
use crate::contracts::Block;
use crate::council::{Rules, standing};
use crate::keys::{
    Key, key_for_account, key_for_agreement, key_for_agreement_status, key_for_member,
    key_for_nonce,
};
use crate::receipt::{Account, Effect, Posting};
use crate::rules::RuleUse;
use crate::state::{AgreementStatus, BalanceState, MemberState, NonceState};
use crate::tx::Transaction;
use crate::view::View;
use fairway_model::agreement::{Agreement, AgreementId};
use fairway_model::hash::Hash;
use fairway_model::ids::MemberId;
use fairway_model::money::{Currency, Micro, MoneyError};
use fairway_model::refusal::{Refusal, RefusalCode};
use fairway_model::registry::MemberKind;
use fairway_model::sign::PublicKey;
use fairway_model::time::Time;
use std::sync::Arc;

/// What an operation did.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) effect: Effect,
    pub(crate) postings: Vec<Posting>,
}

impl From<Effect> for Done {
    fn from(effect: Effect) -> Self {
        Self {
            effect,
            postings: Vec::new(),
        }
    }
}

/// A refusal as the error of any operation.
pub(crate) fn refuse<T>(code: RefusalCode, text: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::new(code, text))
}

/// An amount that does not fit: no sum of the consortium's comes near, so it is a malformed request.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it is given to map_err by name"
)]
pub(crate) fn overflow(error: MoneyError) -> Refusal {
    Refusal::new(RefusalCode::Malformed, error.to_string())
}

/// One transaction at work.
pub(crate) struct Context<'v, 'b> {
    pub(crate) block: Block,
    pub(crate) id: Hash,
    pub(crate) tx: &'v Transaction,
    pub(crate) view: &'v mut View<'b>,
    pub(crate) cache: &'v Cache,
    /// What the members have set, as it counts in this block.
    pub(crate) rules: Rules,
    /// What custom rules did; goes into the receipt.
    pub(crate) custom: &'v mut Vec<RuleUse>,
}

impl Context<'_, '_> {
    /// The block's time.
    pub(crate) fn now(&self) -> Time {
        self.block.time
    }

    /// Who asks.
    pub(crate) fn member(&self) -> MemberId {
        self.tx.member
    }

    /// Uses the transaction's nonce up.
    pub(crate) fn use_nonce(&mut self) {
        let key = key_for_nonce(self.tx.member, self.tx.nonce);
        let used = NonceState {
            transaction: self.id,
        };
        self.view.put(key, &used);
    }

    /// Checks that the claimed key is the member's and the nonce fresh, and uses the nonce up.
    pub(crate) fn begin(&mut self) -> Result<(), Refusal> {
        let state = self.member_state(self.tx.member)?;
        if state.member.key != self.tx.key {
            return refuse(
                RefusalCode::NotAuthorized,
                format!(
                    "key {} is not the registered key of {}; sign with that one",
                    self.tx.key, self.tx.member
                ),
            );
        }
        standing::check(self, &state)?;
        let key = key_for_nonce(self.tx.member, self.tx.nonce);
        match self.view.get::<NonceState>(&key)? {
            Some(used) if used.transaction == self.id => refuse(
                RefusalCode::Duplicate,
                "this transaction took effect before; nothing changed",
            ),
            Some(used) => refuse(
                RefusalCode::IdConflict,
                format!(
                    "the nonce belongs to transaction {}; make a new one for a new operation",
                    used.transaction
                ),
            ),
            None => {
                self.use_nonce();
                Ok(())
            }
        }
    }

    /// A member.
    pub(crate) fn member_state(&self, id: MemberId) -> Result<MemberState, Refusal> {
        let unknown = || {
            Refusal::new(
                RefusalCode::MemberUnknown,
                format!("{id} is no member of this chain"),
            )
        };
        self.view.get(&key_for_member(id))?.ok_or_else(unknown)
    }

    /// A member that operates stations and serves drivers.
    pub(crate) fn utility(&self, id: MemberId) -> Result<MemberState, Refusal> {
        let state = self.member_state(id)?;
        match state.member.kind {
            MemberKind::Utility => Ok(state),
            MemberKind::Witness => refuse(
                RefusalCode::NotAuthorized,
                format!("{id} is a witness; only a utility can do this"),
            ),
        }
    }

    /// Checks that what `key` signed counts for `id`: its present key, or the one before during the overlap.
    pub(crate) fn check_signer(
        &self,
        id: MemberId,
        key: PublicKey,
        what: &str,
    ) -> Result<(), Refusal> {
        let state = self.member_state(id)?;
        let old = state
            .previous
            .is_some_and(|old| old.key == key && self.now() < old.until);
        if old || state.member.key == key {
            return Ok(());
        }
        refuse(
            RefusalCode::NotAuthorized,
            format!("the {what} is signed with {key}, which is not the registered key of {id}"),
        )
    }

    /// The terms and status of an agreement.
    pub(crate) fn agreement(
        &self,
        id: AgreementId,
    ) -> Result<(Arc<Terms>, AgreementStatus), Refusal> {
        let unknown = || {
            Refusal::new(
                RefusalCode::AgreementUnknown,
                format!("{id} was never proposed on this chain"),
            )
        };
        let status = self
            .view
            .get(&key_for_agreement_status(id))?
            .ok_or_else(unknown)?;
        if let Some(terms) = self.cache.find(id) {
            return Ok((terms, status));
        }
        let terms: Agreement = self.view.get(&key_for_agreement(id))?.ok_or_else(unknown)?;
        Ok((self.cache.insert(id, terms), status))
    }

    /// An amount under a key; nothing when there is none.
    pub(crate) fn balance(&self, key: &Key) -> Result<Micro, Refusal> {
        Ok(self
            .view
            .get::<BalanceState>(key)?
            .unwrap_or_default()
            .amount)
    }

    /// Writes an amount.
    pub(crate) fn set_balance(&mut self, key: Key, amount: Micro) {
        self.view.put(key, &BalanceState { amount });
    }

    /// Posts amounts that add up to zero; the zero ones are left out. Returns what was posted.
    pub(crate) fn post(
        &mut self,
        currency: Currency,
        amounts: Vec<(Account, Micro)>,
    ) -> Result<Vec<Posting>, Refusal> {
        let sum = Micro::sum(amounts.iter().map(|(_, amount)| *amount)).map_err(overflow)?;
        if sum != Micro::ZERO {
            let text = format!(
                "the postings add up to {} {currency}, not to zero",
                sum.text(currency)
            );
            return refuse(RefusalCode::SharesWrong, text);
        }
        let mut postings = Vec::with_capacity(amounts.len());
        for (account, amount) in amounts
            .into_iter()
            .filter(|(_, amount)| *amount != Micro::ZERO)
        {
            let key = key_for_account(&account, currency);
            let balance = self.balance(&key)?.plus(amount).map_err(overflow)?;
            self.set_balance(key, balance);
            postings.push(Posting {
                account,
                amount,
                currency,
            });
        }
        Ok(postings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tx::{Operation, TxNonce};
    use fairway_model::registry::PrefixEntry;
    use fairway_model::sign::SigningKey;
    use std::collections::BTreeMap;

    /// The price check leaves no way to this refusal, so it is shown here.
    #[test]
    fn postings_that_do_not_add_up_to_zero_are_refused() {
        let member = MemberId::parse("US*DUK").unwrap();
        let entry = PrefixEntry {
            prefix: "8400010".to_owned(),
            member,
        };
        let key = SigningKey::from_seed([1; 32]);
        let tx = Transaction::sign(
            "test",
            member,
            TxNonce([0; 16]),
            Operation::RegisterPrefix(entry),
            &key,
        );
        let (base, cache) = (BTreeMap::new(), Cache::default());
        let mut view = View::new(&base);
        let block = Block {
            height: 1,
            time: Time(0),
        };
        let mut ctx = Context {
            block,
            id: tx.id(),
            tx: &tx,
            view: &mut view,
            cache: &cache,
            rules: Rules::default(),
            custom: &mut Vec::new(),
        };
        let (own, tax) = (Account::Member(member), Account::Tax(member));
        let off = ctx.post(
            Currency::USD,
            vec![(own.clone(), Micro(5)), (tax.clone(), Micro(-4))],
        );
        assert_eq!(off.unwrap_err().code, RefusalCode::SharesWrong);
        let huge = ctx.post(
            Currency::USD,
            vec![(own.clone(), Micro(i64::MAX)), (tax.clone(), Micro(1))],
        );
        assert_eq!(huge.unwrap_err().code, RefusalCode::Malformed);
        assert_eq!(
            ctx.post(Currency::USD, vec![(own, Micro(5)), (tax, Micro(-5))])
                .unwrap()
                .len(),
            2
        );
    }
}
