//! What the contracts alone do on one core: token transfers and settlements executed per second, without signatures (admission checks
//! them, and is measured beside), consensus, network or disk.

use super::figure;
use super::load::{CHAIN, Load, Party, members, party};
use crate::environment;
use fairway_ledger::limits::MAX_BATCH;
use fairway_ledger::money::{Mint, MoneyOperation, Reserve};
use fairway_ledger::{
    BatchItem, Block, Contracts, Genesis, Key, Operation, Receipt, Settlement, Transaction, TxNonce,
};
use fairway_model::canonical::Canonical as _;
use fairway_model::{Currency, Hash, Micro, Time};
use std::collections::BTreeMap;
use std::hint::black_box;

/// Transactions of a block.
const BLOCK: usize = 2_000;
/// Times that each block is executed; the fastest counts, for other work on the machine only ever slows one down.
const ROUNDS: usize = 9;

/// What was measured, all in transactions per second on one core.
#[derive(Debug, Clone, Copy)]
pub struct Speeds {
    /// Token transfers executed.
    pub transfers: f64,
    /// Settled charges executed: each priced again and posted.
    pub settlements: f64,
    /// Token transfers admitted: decoded, checked, one signature each, in one batch.
    pub admissions: f64,
    /// Settled charges executed in full batches.
    pub batched: f64,
    /// Charges admitted: decoded, checked, three signatures each, in one batch.
    pub charges_admitted: f64,
    /// Charges admitted in full batches: two signatures each, and one for the transaction.
    pub batched_admitted: f64,
}

/// A ledger in memory.
struct World {
    contracts: Contracts,
    state: BTreeMap<Key, Vec<u8>>,
    height: u64,
    time: Time,
    nonce: u128,
}

impl World {
    fn new() -> Result<Self, String> {
        let genesis = Genesis {
            chain_id: CHAIN.into(),
            members: members()?,
        };
        let contracts = Contracts::new(&genesis).map_err(|e| e.to_string())?;
        Ok(Self {
            state: contracts.genesis().clone(),
            contracts,
            height: 0,
            time: Time(environment::wall_ms()),
            nonce: 0,
        })
    }

    fn block(&self) -> Block {
        Block {
            height: self.height.saturating_add(1),
            time: self.time,
        }
    }

    fn sign(&mut self, member: usize, operation: MoneyOperation) -> Result<Vec<u8>, String> {
        Ok(self.sign_any(&party(member)?, Operation::Money(Box::new(operation))))
    }

    fn sign_any(&mut self, party: &Party, operation: Operation) -> Vec<u8> {
        self.nonce = self.nonce.saturating_add(1);
        let nonce = TxNonce(self.nonce.to_be_bytes());
        Transaction::sign(CHAIN, party.id, nonce, operation, &party.key).to_bytes()
    }

    /// The values that a block's transactions may read, as a node hands them over.
    fn view(&self, txs: &[Vec<u8>]) -> BTreeMap<Key, Vec<u8>> {
        let keys = txs.iter().flat_map(|tx| self.contracts.reads(tx));
        keys.filter_map(|key| self.state.get(&key).map(|value| (key, value.clone())))
            .collect()
    }

    /// Executes and keeps a block.
    ///
    /// # Errors
    /// A refusal: then something else would be measured.
    fn keep(&mut self, txs: &[Vec<u8>]) -> Result<(), String> {
        let verdicts = self.contracts.admit(txs);
        if let Some(Err(refusal)) = verdicts.into_iter().find(Result::is_err) {
            return Err(format!("not admitted: {refusal}"));
        }
        let (receipts, writes) = self.contracts.execute(self.block(), txs, &self.state);
        for receipt in receipts {
            let receipt = Receipt::from_bytes(&receipt).map_err(|e| e.to_string())?;
            if let Some(refusal) = super::loads::refusals(&receipt).flatten().next() {
                return Err(format!("refused: {refusal}"));
            }
        }
        let written = writes.into_iter().filter_map(|(k, v)| Some((k, v?)));
        self.state.extend(written);
        self.height = self.height.saturating_add(1);
        self.time = self.time.plus(1);
        Ok(())
    }

    /// How many charges are admitted in a second.
    fn admitted(&self, txs: &[Vec<u8>], charges: usize) -> f64 {
        fastest(charges, || {
            black_box(self.contracts.admit(txs));
        })
    }

    /// The fastest of several executions of the same block on the same state.
    fn fastest(&self, txs: &[Vec<u8>], count: usize) -> f64 {
        let view = self.view(txs);
        fastest(count, || {
            black_box(self.contracts.execute(self.block(), txs, &view));
        })
    }
}

fn fastest(count: usize, mut work: impl FnMut()) -> f64 {
    let count = u32::try_from(count).map_or(0.0, f64::from);
    let mut best = 0.0f64;
    for _ in 0..ROUNDS {
        let begin = environment::instant();
        work();
        best = best.max(count / begin.elapsed().as_secs_f64().max(1e-9));
    }
    best
}

/// Measures blocks of so many transactions.
///
/// # Errors
/// When the load cannot be made or is refused.
pub fn measure(block: usize) -> Result<Speeds, String> {
    let mut world = World::new()?;
    let transfers = token_block(&mut world, block)?;
    let speed = world.fastest(&transfers, transfers.len());
    let admissions = fastest(transfers.len(), || {
        black_box(world.contracts.admit(&transfers));
    });
    world.keep(&transfers)?;
    let mut world = World::new()?;
    let charges = charges_held(&mut world, block)?;
    let settlements = singles(&mut world, &charges)?;
    let settled = world.fastest(&settlements, block);
    let charges_admitted = world.admitted(&settlements, block);
    let items: Vec<BatchItem> = charges
        .into_iter()
        .map(Box::new)
        .map(BatchItem::Charge)
        .collect();
    let together = batches(&mut world, &items)?;
    let batched = world.fastest(&together, block);
    let admitted_together = world.admitted(&together, block);
    world.keep(&together)?;
    Ok(Speeds {
        batched,
        charges_admitted,
        batched_admitted: admitted_together,
        transfers: speed,
        settlements: settled,
        admissions,
    })
}

/// Members 1 and 2 hold tokens of member 0 and send them to each other.
fn token_block(world: &mut World, count: usize) -> Result<Vec<Vec<u8>>, String> {
    const PLENTY: Micro = Micro(1_000_000_000_000);
    let (issuer, currency) = (party(0)?.id, Currency::USD);
    let mut first = vec![world.sign(
        0,
        MoneyOperation::RegisterIssuer {
            currency,
            cap: PLENTY,
            terms: Hash::default(),
        },
    )?];
    for holder in [1, 2] {
        let accept = MoneyOperation::AcceptIssuer {
            issuer,
            currency,
            limit: PLENTY,
        };
        first.push(world.sign(holder, accept)?);
    }
    for holder in [1, 2] {
        let mint = Mint {
            holder: party(holder)?.id,
            currency,
            amount: Micro(100_000_000_000),
            reserve: Reserve {
                statement: Hash::default(),
                amount: PLENTY,
                as_of: Time(0),
            },
        };
        first.push(world.sign(0, MoneyOperation::Mint(mint))?);
    }
    world.keep(&first)?;
    let transfer = |(number, world): (usize, &mut World)| {
        let (from, to) = if number.is_multiple_of(2) {
            (1, 2)
        } else {
            (2, 1)
        };
        let operation = MoneyOperation::Transfer {
            to: party(to)?.id,
            issuer,
            currency,
            amount: Micro(10_000),
            note: Hash::default(),
        };
        world.sign(from, operation)
    };
    (0..count).map(|number| transfer((number, world))).collect()
}

/// Charges whose holds are placed.
fn charges_held(world: &mut World, count: usize) -> Result<Vec<Settlement>, String> {
    let mut load = Load::new(0, world.time)?;
    let set_up = load.set_up("8400010");
    world.keep(&set_up)?;
    let (mut holds, mut charges) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let (hold, charge) = load.charge();
        holds.push(hold);
        let BatchItem::Charge(charge) = charge else {
            return Err("the load settles something else than charges".into());
        };
        charges.push(*charge);
    }
    let holds = batches(world, &holds)?;
    world.keep(&holds)?;
    Ok(charges)
}

/// Each charge in a transaction of its own.
fn singles(world: &mut World, charges: &[Settlement]) -> Result<Vec<Vec<u8>>, String> {
    let visited = party(0)?;
    let settle = |charge: &Settlement| Operation::SettleCharge(Box::new(charge.clone()));
    let all = charges.iter().map(settle);
    Ok(all.map(|one| world.sign_any(&visited, one)).collect())
}

/// These items in full batches.
fn batches(world: &mut World, items: &[BatchItem]) -> Result<Vec<Vec<u8>>, String> {
    let visited = party(0)?;
    let mut out = Vec::new();
    for full in items.chunks(MAX_BATCH) {
        out.push(world.sign_any(&visited, Operation::Batch(full.to_vec())));
    }
    Ok(out)
}

pub(super) fn run(json: bool) -> Result<(), String> {
    let speeds = measure(BLOCK)?;
    figure(json, "transfers/executed", speeds.transfers, "transfers/s");
    figure(json, "transfers/admitted", speeds.admissions, "transfers/s");
    figure(json, "transfers/settled", speeds.settlements, "charges/s");
    figure(json, "batches/settled", speeds.batched, "charges/s");
    figure(
        json,
        "batches/admitted-single",
        speeds.charges_admitted,
        "charges/s",
    );
    figure(
        json,
        "batches/admitted",
        speeds.batched_admitted,
        "charges/s",
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_load_is_applied_and_measured() {
        let speeds = super::measure(20).unwrap();
        let all = [
            speeds.transfers,
            speeds.settlements,
            speeds.admissions,
            speeds.batched,
            speeds.charges_admitted,
            speeds.batched_admitted,
        ];
        assert!(all.iter().all(|speed| *speed > 0.0), "{speeds:?}");
    }
}
