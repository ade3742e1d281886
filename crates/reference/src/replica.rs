//! The real contracts with a state of their own, and faults that can be planted around them.
//!
//! A planted fault never touches the contracts' code: it lies to them about state, time or signatures, or falsifies what they
//! answer, as a mistake of that kind inside would.

mod newer;

use fairway_ledger::money::{
    MoneyOperation, ObligationId, ObligationState, key_for_last_cycle, key_for_obligation,
};
use fairway_ledger::state::{
    BalanceState, ChargeState, EvseState, GuaranteeState, HeldState, HoldState, HoldStatus,
    MemberState, PairState,
};
use fairway_ledger::{
    Account, BatchItem, Block, CaseOperation, Contracts, Effect, Genesis, GenesisError, Key,
    Operation, Outcome, Receipt, Settlement, Transaction, key_for_account, key_for_agreement,
    key_for_charge, key_for_credit, key_for_evse, key_for_frozen, key_for_guarantee, key_for_held,
    key_for_hold, key_for_member, key_for_meter_page, key_for_nonce, key_for_pair, key_for_payment,
};
use fairway_model::canonical::Canonical;
use fairway_model::{Agreement, Currency, Hash, Micro, Refusal, RefusalCode, Time};
use std::collections::BTreeMap;

/// A mistake that a check must find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// A micro-unit of a charge goes to the wrong share.
    WrongRounding,
    /// Signatures that do not verify are let through.
    SkippedSignature,
    /// A settled charge settles again.
    DoublePost,
    /// A hold whose time is over is never freed by others.
    LostWakeUp,
    /// One replica carries out a block in the order of hashes.
    HashOrder,
    /// Caps and exposure are a micro-unit higher than agreed.
    CapOffByOne,
    /// What a refused hold had reserved stays reserved.
    NoRollback,
    /// Tax is credited to the utility's own account.
    TaxToOwnAccount,
    /// Agreements live a millisecond longer than agreed.
    LateEnd,
    /// A replaced key counts for ever.
    OldKeyForever,
    /// Prices are computed in UTC wherever the EVSE stands.
    NoTimeZone,
    /// A payment's reference is forgotten.
    PaymentForgotten,
    /// A dispute does not protect a hold.
    DisputeForgotten,
    /// A void does not give the guarantee back.
    GuaranteeLeak,
    /// A credit's id is forgotten.
    CreditTwice,
    /// A cycle can be closed again.
    CycleTwice,
    /// What a dispute froze is netted.
    FrozenNetted,
    /// Interest is charged for days that were charged before.
    InterestTwice,
    /// One charge of a batch is posted twice.
    ItemTwice,
    /// A charge of a batch that is refused is posted.
    RefusedItemPosted,
    /// What a meter sold is forgotten.
    MeterForgotten,
    /// Who pays with tokens has one micro-unit more than it has.
    TokensMade,
    /// Collateral is taken a day before the grace is over.
    EarlyCover,
    /// No interest is charged with tokens and collateral.
    TokensWithoutInterest,
    /// A rate serves a day longer than it may.
    StaleRate,
    /// A conversion's id is forgotten.
    ConvertedTwice,
    /// One of the members that have a vote is not counted.
    VoteForgotten,
    /// A member that is not active does what only active ones may.
    SuspendedActs,
    /// What the members voted for counts nowhere.
    ParameterIgnored,
    /// A misdeed that is on record is forgotten.
    EvidenceForgotten,
    /// A validator key that was used before is new.
    KeyTwice,
    /// Collateral comes back past its owner's limit.
    LimitForgotten,
    /// A refused driver is claimed again.
    ClaimTwice,
    /// A cycle of service closes a millisecond early.
    EarlyCycle,
    /// An offer on the board cannot be taken back.
    OfferStays,
}

impl Sabotage {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::WrongRounding,
        Self::SkippedSignature,
        Self::DoublePost,
        Self::LostWakeUp,
        Self::HashOrder,
        Self::CapOffByOne,
        Self::NoRollback,
        Self::TaxToOwnAccount,
        Self::LateEnd,
        Self::OldKeyForever,
        Self::NoTimeZone,
        Self::PaymentForgotten,
        Self::DisputeForgotten,
        Self::GuaranteeLeak,
        Self::CreditTwice,
        Self::CycleTwice,
        Self::FrozenNetted,
        Self::InterestTwice,
        Self::ItemTwice,
        Self::RefusedItemPosted,
        Self::MeterForgotten,
        Self::TokensMade,
        Self::EarlyCover,
        Self::TokensWithoutInterest,
        Self::StaleRate,
        Self::ConvertedTwice,
        Self::VoteForgotten,
        Self::SuspendedActs,
        Self::ParameterIgnored,
        Self::EvidenceForgotten,
        Self::KeyTwice,
        Self::LimitForgotten,
        Self::ClaimTwice,
        Self::EarlyCycle,
        Self::OfferStays,
    ];
}

/// Values that one batch of transactions wrote.
pub type Writes = BTreeMap<Key, Option<Vec<u8>>>;

/// One validator's contracts and state.
#[derive(Debug)]
pub struct Replica {
    contracts: Contracts,
    /// Everything that it shows.
    pub state: BTreeMap<Key, Vec<u8>>,
    place: usize,
    genesis: Genesis,
    sabotage: Option<Sabotage>,
}

impl Replica {
    /// A replica of a chain that begins with `genesis`; `place` is its number among its like.
    ///
    /// # Errors
    /// What is wrong with the genesis.
    pub fn new(
        genesis: &Genesis,
        place: usize,
        sabotage: Option<Sabotage>,
    ) -> Result<Self, GenesisError> {
        let contracts = Contracts::new(genesis)?;
        let state = contracts.genesis().clone();
        Ok(Self {
            contracts,
            state,
            place,
            genesis: genesis.clone(),
            sabotage,
        })
    }

    /// What it showed before the first block.
    pub fn founded(&self) -> &BTreeMap<Key, Vec<u8>> {
        self.contracts.genesis()
    }

    /// What it says of bytes before they enter a block.
    pub fn admit(&self, txs: &[Vec<u8>]) -> Vec<Result<(), Refusal>> {
        let mut verdicts = self.contracts.admit(txs);
        if self.sabotage == Some(Sabotage::SkippedSignature) {
            for verdict in &mut verdicts {
                if matches!(verdict, Err(r) if r.code == RefusalCode::BadSignature) {
                    *verdict = Ok(());
                }
            }
        }
        verdicts
    }

    /// Carries transactions out, on exactly the state that they say they need; gives receipts and what was written.
    pub fn execute(&mut self, block: Block, txs: &[Vec<u8>]) -> (Vec<Vec<u8>>, Writes) {
        let mut view = BTreeMap::new();
        for key in txs.iter().flat_map(|tx| self.contracts.reads(tx)) {
            if let Some(value) = self.state.get(&key) {
                view.insert(key, value.clone());
            }
        }
        let (receipts, writes) = match self.sabotage {
            Some(Sabotage::HashOrder) if self.place > 0 => self.by_hash(block, txs, &view),
            Some(sabotage) => self.each(block, txs, &view, sabotage),
            None => self.contracts.execute(block, txs, &view),
        };
        for (key, value) in &writes {
            match value {
                Some(value) => self.state.insert(*key, value.clone()),
                None => self.state.remove(key),
            };
        }
        (receipts, writes)
    }

    fn by_hash(
        &self,
        block: Block,
        txs: &[Vec<u8>],
        view: &BTreeMap<Key, Vec<u8>>,
    ) -> (Vec<Vec<u8>>, Writes) {
        let mut order: Vec<(usize, &Vec<u8>)> = txs.iter().enumerate().collect();
        order.sort_by_key(|(_, tx)| Hash::plain(tx));
        let sorted: Vec<&Vec<u8>> = order.iter().map(|(_, tx)| *tx).collect();
        let (receipts, writes) = self.contracts.execute(block, &sorted, view);
        let mut placed: Vec<(usize, Vec<u8>)> =
            order.iter().map(|(at, _)| *at).zip(receipts).collect();
        placed.sort_unstable();
        (placed.into_iter().map(|(_, r)| r).collect(), writes)
    }

    /// One after the other, each under the lie of the planted fault.
    fn each(
        &self,
        block: Block,
        txs: &[Vec<u8>],
        view: &BTreeMap<Key, Vec<u8>>,
        sabotage: Sabotage,
    ) -> (Vec<Vec<u8>>, Writes) {
        let (mut receipts, mut all) = (Vec::new(), Writes::new());
        let mut present = view.clone();
        for bytes in txs {
            let Ok(tx) = Transaction::read(bytes) else {
                continue;
            };
            let (mut seen, mut when) = (present.clone(), block);
            lie(sabotage, &tx, &mut seen, &mut when);
            // Contracts that have seen the true terms would remember them.
            let fresh = Contracts::new(&self.genesis);
            let contracts = fresh.as_ref().unwrap_or(&self.contracts);
            let (mut done, mut writes) = contracts.execute(when, &[bytes], &seen);
            writes.retain(|key, value| {
                value.as_ref() != seen.get(key) || present.get(key) != seen.get(key)
            });
            for receipt in &mut done {
                falsify(sabotage, &tx, receipt, &mut writes, &present);
            }
            for (key, value) in &writes {
                if let Some(value) = value {
                    present.insert(*key, value.clone());
                }
            }
            receipts.extend(done);
            all.extend(writes);
        }
        (receipts, all)
    }
}

fn change<T: Canonical>(view: &mut BTreeMap<Key, Vec<u8>>, key: Key, edit: impl FnOnce(&mut T)) {
    if let Some(bytes) = view.get_mut(&key)
        && let Ok(mut value) = T::from_bytes(bytes)
    {
        edit(&mut value);
        *bytes = value.to_bytes();
    }
}

/// Changes what the contracts see.
fn lie(sabotage: Sabotage, tx: &Transaction, view: &mut BTreeMap<Key, Vec<u8>>, block: &mut Block) {
    match (sabotage, &tx.operation) {
        (Sabotage::DoublePost, Operation::SettleCharge(s)) => {
            view.remove(&key_for_nonce(tx.member, tx.nonce));
            view.remove(&key_for_charge(s.event().session));
            forget_meter(view, s);
            change(
                view,
                key_for_hold(s.event().session),
                |h: &mut HoldState| {
                    if h.status == HoldStatus::Posted {
                        h.status = HoldStatus::Expired;
                    }
                },
            );
        }
        (Sabotage::LostWakeUp, Operation::VoidHold { visited, .. }) if *visited != tx.member => {
            block.time = Time(0);
        }
        (Sabotage::CapOffByOne, Operation::PlaceHold(h)) => {
            let id = h.guarantee.guarantee.agreement;
            change(view, key_for_agreement(id), |a: &mut Agreement| {
                a.caps.exposure = Micro(a.caps.exposure.0 + 1);
                a.caps.amount_per_charge = Micro(a.caps.amount_per_charge.0 + 1);
            });
        }
        (Sabotage::LateEnd, Operation::PlaceHold(h)) => {
            let pair = key_for_pair(h.guarantee.home, h.visited);
            change(view, pair, |p: &mut PairState| {
                for version in &mut p.versions {
                    version.until = version.until.plus(1);
                }
            });
        }
        (Sabotage::LateEnd, Operation::SettleCharge(s)) => {
            let key = key_for_agreement(s.event().agreement);
            change(view, key, |a: &mut Agreement| {
                a.valid_until = a.valid_until.plus(1);
            });
        }
        (Sabotage::OldKeyForever, Operation::PlaceHold(h)) => old_key(view, h.guarantee.home),
        (Sabotage::OldKeyForever, Operation::SettleCharge(s)) => {
            old_key(view, s.event().home);
            old_key(view, s.event().visited);
        }
        (Sabotage::MeterForgotten, Operation::SettleCharge(s)) => forget_meter(view, s),
        (Sabotage::NoTimeZone, Operation::SettleCharge(s)) => {
            change(view, key_for_evse(&s.event().evse), |e: &mut EvseState| {
                "UTC".clone_into(&mut e.entry.time_zone);
            });
        }
        (Sabotage::PaymentForgotten, Operation::ConfirmPayment(p)) => {
            view.remove(&key_for_payment(p.creditor, p.reference));
        }
        (Sabotage::DisputeForgotten, Operation::VoidHold { session, .. }) => {
            change(view, key_for_hold(*session), |h: &mut HoldState| {
                h.disputed_until = None;
            });
        }
        _ => {
            lie_afterwards(sabotage, tx, view);
            newer::lie(sabotage, tx, view, block);
        }
    }
}

/// The same about what happens to a charge after it is settled.
fn lie_afterwards(sabotage: Sabotage, tx: &Transaction, view: &mut BTreeMap<Key, Vec<u8>>) {
    if let (Sabotage::CreditTwice, Operation::Case(CaseOperation::Credit(note))) =
        (sabotage, &tx.operation)
    {
        let credit = &note.signed.credit;
        view.remove(&key_for_credit(credit.session, credit.id));
    }
    let Operation::Money(operation) = &tx.operation else {
        return;
    };
    match (sabotage, &**operation) {
        (Sabotage::CycleTwice, MoneyOperation::CloseCycle(request)) => {
            view.remove(&key_for_last_cycle(request.currency));
        }
        (Sabotage::FrozenNetted, MoneyOperation::CloseCycle(request)) => {
            for debtor in &request.members {
                for creditor in &request.members {
                    view.remove(&key_for_frozen(*debtor, *creditor, request.currency));
                }
            }
        }
        (Sabotage::InterestTwice, MoneyOperation::ChargeInterest { obligation, .. }) => {
            charged_never(view, obligation);
        }
        (Sabotage::InterestTwice, MoneyOperation::PaymentReceived(received)) => {
            charged_never(view, &received.obligation);
        }
        _ => {}
    }
}

fn forget_meter(view: &mut BTreeMap<Key, Vec<u8>>, settlement: &Settlement) {
    let event = settlement.event();
    for page in crate::model::pages(event).into_iter().flatten().take(128) {
        view.remove(&key_for_meter_page(event.meter_key, page));
    }
}

fn charged_never(view: &mut BTreeMap<Key, Vec<u8>>, id: &ObligationId) {
    change(view, key_for_obligation(id), |o: &mut ObligationState| {
        o.charged_through = o.due;
    });
}

fn old_key(view: &mut BTreeMap<Key, Vec<u8>>, member: fairway_model::MemberId) {
    change(view, key_for_member(member), |m: &mut MemberState| {
        if let Some(old) = &mut m.previous {
            old.until = Time(i64::MAX);
        }
    });
}

/// Changes what the contracts answered and wrote.
#[expect(
    clippy::too_many_lines,
    reason = "a table with a row for each kind: in parts its gaps would not show"
)]
fn falsify(
    sabotage: Sabotage,
    tx: &Transaction,
    bytes: &mut Vec<u8>,
    writes: &mut Writes,
    before: &BTreeMap<Key, Vec<u8>>,
) {
    let Ok(mut receipt) = Receipt::from_bytes(bytes) else {
        return;
    };
    match (sabotage, &receipt.outcome, &tx.operation) {
        (
            Sabotage::WrongRounding,
            Outcome::Applied(Effect::ChargeSettled { .. }),
            Operation::SettleCharge(s),
        ) => {
            let event = s.event();
            if let Outcome::Applied(Effect::ChargeSettled { shares, .. }) = &mut receipt.outcome {
                shares.visited = Micro(shares.visited.0 - 1);
                shares.owner = Micro(shares.owner.0 + 1);
            }
            edit(
                writes,
                before,
                key_for_charge(event.session),
                |c: &mut ChargeState| {
                    c.shares.visited = Micro(c.shares.visited.0 - 1);
                    c.shares.owner = Micro(c.shares.owner.0 + 1);
                },
            );
            let accounts = (
                Account::Member(event.visited),
                Account::Owner(s.owner.clone()),
            );
            shift(&mut receipt, writes, before, accounts, (1, s.currency));
        }
        (
            Sabotage::TaxToOwnAccount,
            Outcome::Applied(Effect::ChargeSettled { .. }),
            Operation::SettleCharge(s),
        ) => {
            let event = s.event();
            let accounts = (Account::Tax(event.visited), Account::Member(event.visited));
            shift(
                &mut receipt,
                writes,
                before,
                accounts,
                (event.shares.tax.0, s.currency),
            );
        }
        (
            Sabotage::ItemTwice | Sabotage::RefusedItemPosted,
            Outcome::Applied(Effect::Batch(outcomes)),
            Operation::Batch(items),
        ) => {
            let applied = sabotage == Sabotage::ItemTwice;
            let charge = items
                .iter()
                .zip(outcomes)
                .find_map(|(item, outcome)| match item {
                    BatchItem::Charge(s) if outcome.applied() == applied => Some(s),
                    _ => None,
                });
            let Some(settlement) = charge else { return };
            post_again(writes, before, settlement);
        }
        (Sabotage::NoRollback, Outcome::Refused(refusal), Operation::PlaceHold(h))
            if refusal.code == RefusalCode::ExposureOverCap =>
        {
            let key = key_for_held(h.guarantee.home, h.visited, h.currency);
            edit(writes, before, key, |held: &mut HeldState| {
                held.amount = Micro(held.amount.0.saturating_add(h.amount.0));
            });
        }
        (
            Sabotage::GuaranteeLeak,
            Outcome::Applied(_),
            Operation::VoidHold {
                home, guarantee, ..
            },
        ) => {
            let key = key_for_guarantee(*home, *guarantee);
            let old = before
                .get(&key)
                .and_then(|b| GuaranteeState::from_bytes(b).ok());
            edit(writes, before, key, |g: &mut GuaranteeState| {
                g.held = old.map_or(g.held, |o| o.held);
            });
        }
        _ => return,
    }
    *bytes = receipt.to_bytes();
}

/// Moves the shares of a charge on the accounts that exist, as a settlement does.
fn post_again(writes: &mut Writes, before: &BTreeMap<Key, Vec<u8>>, settlement: &Settlement) {
    let (event, shares) = (settlement.event(), settlement.event().shares);
    let accounts = [
        (Account::Member(event.home), shares.home.0 - event.total.0),
        (Account::Member(event.visited), shares.visited.0),
        (Account::Tax(event.visited), shares.tax.0),
        (Account::Owner(settlement.owner.clone()), shares.owner.0),
    ];
    for (account, amount) in accounts {
        let key = key_for_account(&account, settlement.currency);
        edit(writes, before, key, |b: &mut BalanceState| {
            b.amount = Micro(b.amount.0 + amount);
        });
    }
}

/// Edits a value that was written, or was there before.
fn edit<T: Canonical>(
    writes: &mut Writes,
    before: &BTreeMap<Key, Vec<u8>>,
    key: Key,
    change: impl FnOnce(&mut T),
) {
    let present = writes.get(&key).cloned().flatten();
    let bytes = present.or_else(|| before.get(&key).cloned());
    if let Some(mut value) = bytes.and_then(|b| T::from_bytes(&b).ok()) {
        change(&mut value);
        writes.insert(key, Some(value.to_bytes()));
    }
}

/// Moves an amount between two accounts, in the state and in the receipt alike: the books still sum to zero.
fn shift(
    receipt: &mut Receipt,
    writes: &mut Writes,
    before: &BTreeMap<Key, Vec<u8>>,
    (from, to): (Account, Account),
    (amount, currency): (i64, Currency),
) {
    for (account, amount) in [(from, -amount), (to, amount)] {
        let key = key_for_account(&account, currency);
        edit(writes, before, key, |b: &mut BalanceState| {
            b.amount = Micro(b.amount.0 + amount);
        });
        if let Some(posting) = receipt.postings.iter_mut().find(|p| p.account == account) {
            posting.amount = Micro(posting.amount.0 + amount);
        }
    }
}
