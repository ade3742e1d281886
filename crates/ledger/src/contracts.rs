//! The door of the contracts: admit, reads, execute.

use crate::cache::Cache;
use crate::context::{Context, Done};
use crate::genesis::{Genesis, GenesisError};
use crate::keys::Key;
use crate::receipt::{Outcome, Receipt};
use crate::tx::{Operation, Transaction};
use crate::view::View;
use crate::{admit, agreements, disputes, holds, payments, reads, registry, settle};
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use fairway_model::refusal::{Refusal, RefusalCode};
use fairway_model::time::Time;
use std::collections::BTreeMap;

/// Where and when a block stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Height; the first executed block is 1.
    pub height: u64,
    /// The block's time, later than its parent's.
    pub time: Time,
}

/// What a block did: one receipt per transaction in order (canonical bytes of [`Receipt`]), and the new state values. The
/// contracts delete nothing, so every value is present.
pub type Executed = (Vec<Vec<u8>>, BTreeMap<Key, Option<Vec<u8>>>);

/// The contracts of one chain. Holds no state but a cache of compiled tariffs, which changes no result: its entries are found by
/// the hash of the terms.
#[derive(Debug)]
pub struct Contracts {
    chain_id: String,
    genesis: BTreeMap<Key, Vec<u8>>,
    cache: Cache,
}

impl Contracts {
    /// The contracts of the chain that begins with `genesis`.
    ///
    /// # Errors
    /// [`GenesisError`] when the genesis is out of bounds or contradicts itself.
    pub fn new(genesis: &Genesis) -> Result<Self, GenesisError> {
        Ok(Self {
            chain_id: genesis.chain_id.clone(),
            genesis: genesis.state()?,
            cache: Cache::default(),
        })
    }

    /// The chain that transactions are signed for.
    pub fn chain_id(&self) -> &str {
        &self.chain_id
    }

    /// The state before the first block.
    pub fn genesis(&self) -> &BTreeMap<Key, Vec<u8>> {
        &self.genesis
    }

    /// Checks transactions without state: size, canonical form, bounds of every field, and every signature against the key that is
    /// claimed for it. One verdict per transaction, the same on every machine and in every company of other transactions.
    pub fn admit<T: AsRef<[u8]>>(&self, txs: &[T]) -> Vec<Result<(), Refusal>> {
        admit::admit(&self.chain_id, txs)
    }

    /// Every state key that executing this transaction may read or write; none for bytes that are no transaction.
    pub fn reads(&self, tx: &[u8]) -> Vec<Key> {
        Transaction::read_admitted(tx)
            .map(|tx| reads::reads(&tx))
            .unwrap_or_default()
    }

    /// Applies a block. `view` must hold the value of every key of [`Contracts::reads`] that has one.
    ///
    /// Signatures are not verified again: only transactions that [`Contracts::admit`] passed may be given, and the chain admits
    /// every proposed block on every validator. Claimed keys are compared with the registry here.
    pub fn execute<T: AsRef<[u8]>>(
        &self,
        block: Block,
        txs: &[T],
        view: &BTreeMap<Key, Vec<u8>>,
    ) -> Executed {
        let mut view = View::new(view);
        let receipts = txs
            .iter()
            .map(|tx| self.apply(block, tx.as_ref(), &mut view).to_bytes())
            .collect();
        (receipts, view.into_writes())
    }

    fn apply(&self, block: Block, bytes: &[u8], view: &mut View<'_>) -> Receipt {
        let id = Hash::plain(bytes);
        let result = Transaction::read_admitted(bytes)
            .map_err(|e| Refusal::new(RefusalCode::Malformed, format!("no transaction: {e}")))
            .and_then(|tx| {
                run(Context {
                    block,
                    id,
                    tx: &tx,
                    view,
                    cache: &self.cache,
                })
            });
        let (outcome, postings) = match result {
            Ok(done) => {
                view.keep();
                (Outcome::Applied(done.effect), done.postings)
            }
            Err(refusal) => {
                view.drop_present();
                (Outcome::Refused(refusal), Vec::new())
            }
        };
        Receipt {
            transaction: id,
            height: block.height,
            time: block.time,
            outcome,
            postings,
        }
    }
}

fn run(mut ctx: Context<'_, '_>) -> Result<Done, Refusal> {
    ctx.begin()?;
    let tx = ctx.tx;
    match &tx.operation {
        Operation::RegisterPrefix(entry) => registry::register_prefix(&mut ctx, entry),
        Operation::RegisterEvse(entry) => registry::register_evse(&mut ctx, entry),
        Operation::RetireEvse { evse, from } => registry::retire_evse(&mut ctx, evse, *from),
        Operation::RotateMeterKey { evse, meter_key } => {
            registry::rotate_meter_key(&mut ctx, evse, meter_key)
        }
        Operation::RotateMemberKey {
            new_key,
            compromised,
            ..
        } => registry::rotate_member_key(&mut ctx, *new_key, *compromised),
        Operation::ProposeAgreement {
            agreement,
            signature,
        } => agreements::propose(&mut ctx, agreement, *signature),
        Operation::CountersignAgreement {
            agreement,
            home,
            visited,
            signature,
        } => agreements::countersign(&mut ctx, *agreement, (*home, *visited), *signature),
        Operation::TerminateAgreement {
            agreement,
            home,
            visited,
            from,
        } => agreements::terminate(&mut ctx, *agreement, (*home, *visited), *from),
        Operation::PlaceHold(hold) => holds::place(&mut ctx, hold),
        Operation::VoidHold {
            session,
            home,
            visited,
            guarantee,
            currency,
        } => holds::void(
            &mut ctx,
            *session,
            &holds::HoldClaims {
                home: *home,
                visited: *visited,
                guarantee: *guarantee,
                currency: *currency,
            },
        ),
        Operation::SettleCharge(settlement) => settle::settle(&mut ctx, settlement),
        Operation::ConfirmPayment(payment) => payments::confirm(&mut ctx, payment),
        Operation::Dispute(dispute) => disputes::record(&mut ctx, dispute),
    }
}
