//! The door of the contracts: admit, reads, execute.

use crate::cache::Cache;
use crate::context::{Context, Done};
use crate::council::charter::FIRST_VERSION;
use crate::council::{self, CharterState, Rules, key_for_charter};
use crate::genesis::{Genesis, GenesisError};
use crate::keys::Key;
use crate::receipt::{Outcome, Receipt};
use crate::tx::{Operation, Transaction};
use crate::view::View;
use crate::{
    admit, agreements, batch, cases, disputes, holds, life, money, payments, reads, registry,
    rules, settle,
};
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
    versions: Vec<Version>,
}

/// Refuses an operation, or lets it pass.
pub type Restriction = fn(&Operation) -> Result<(), Refusal>;

/// One version of the contracts: what an admitted transaction does.
#[derive(Debug, Clone, Copy)]
struct Version {
    number: u32,
    /// Asked before everything else.
    permits: Restriction,
    run: fn(Context<'_, '_>) -> Result<Done, Refusal>,
}

/// Every version that this program can execute. An old one stays as long as a chain has blocks of it.
const VERSIONS: &[Version] = &[Version {
    number: FIRST_VERSION,
    permits: |_| Ok(()),
    run,
}];

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
            versions: VERSIONS.to_vec(),
        })
    }

    /// The same program with one version more, which is the newest one and refuses what `permits` refuses. So a consortium
    /// rehearses how a version is decided, installed and begun before it needs one.
    #[must_use]
    pub fn rehearsing(mut self, permits: Restriction) -> Self {
        if let Some(newest) = self.versions.last().copied() {
            let number = newest.number.saturating_add(1);
            self.versions.push(Version {
                number,
                permits,
                ..newest
            });
        }
        self
    }

    /// The state keys that [`Contracts::version_at`] reads.
    pub fn version_keys() -> Vec<Key> {
        vec![key_for_charter()]
    }

    /// The version that is in force in the block of this height, on the state before it.
    ///
    /// # Errors
    /// This program lacks it; [`RefusalCode::VersionUnknown`].
    pub fn version_at(&self, height: u64, view: &BTreeMap<Key, Vec<u8>>) -> Result<u32, Refusal> {
        let rules = rules_at(height, &View::new(view));
        self.version(rules.version).map(|version| version.number)
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
        // What a block decides counts from the next block on, so one look serves the whole block.
        let rules = rules_at(block.height, &view);
        let receipts = txs
            .iter()
            .map(|tx| self.apply(block, rules, tx.as_ref(), &mut view).to_bytes())
            .collect();
        (receipts, view.into_writes())
    }

    fn apply(&self, block: Block, rules: Rules, bytes: &[u8], view: &mut View<'_>) -> Receipt {
        let id = Hash::plain(bytes);
        let mut custom = Vec::new();
        let result = Transaction::read_admitted(bytes)
            .map_err(|e| Refusal::new(RefusalCode::Malformed, format!("no transaction: {e}")))
            .and_then(|tx| {
                let version = self.version(rules.version)?;
                (version.permits)(&tx.operation)?;
                (version.run)(Context {
                    block,
                    id,
                    tx: &tx,
                    view,
                    cache: &self.cache,
                    rules,
                    custom: &mut custom,
                })
            });
        let (outcome, postings) = match result {
            Ok(done) => {
                view.keep();
                (Outcome::Applied(done.effect), done.postings)
            }
            Err(refusal) => {
                view.drop_present();
                custom.clear();
                (Outcome::Refused(refusal), Vec::new())
            }
        };
        Receipt {
            transaction: id,
            height: block.height,
            time: block.time,
            outcome,
            postings,
            rules: (!custom.is_empty()).then_some(custom),
        }
    }

    /// A program without the version that is in force refuses everything, instead of executing other rules than the members
    /// decided. The chain asks [`Contracts::version_at`] first and stops such a node.
    fn version(&self, number: u32) -> Result<&Version, Refusal> {
        let found = self.versions.iter().find(|v| v.number == number);
        found.ok_or_else(|| {
            Refusal::new(
                RefusalCode::VersionUnknown,
                format!(
                    "version {number} of the contracts is in force; install a program that has it"
                ),
            )
        })
    }
}

/// What the charter says for a height.
fn rules_at(height: u64, view: &View<'_>) -> Rules {
    view.get::<CharterState>(&key_for_charter())
        .ok()
        .flatten()
        .unwrap_or_default()
        .at(height)
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
        Operation::RotateEncryptionKey {
            new_key,
            compromised,
        } => registry::rotate_encryption_key(&mut ctx, *new_key, *compromised),
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
        Operation::Terms(operation) => life::run(&mut ctx, operation),
        Operation::Case(operation) => cases::run(&mut ctx, operation),
        Operation::Energy(operation) => crate::energy::run(&mut ctx, operation),
        Operation::Rate(operation) => crate::rates::run(&mut ctx, operation),
        Operation::Money(operation) => money::run(&mut ctx, operation),
        Operation::Council(operation) => council::run(&mut ctx, operation),
        Operation::Rule(operation) => rules::run(&mut ctx, operation),
        Operation::Forecast(operation) => crate::forecast::run(&mut ctx, operation),
        Operation::Batch(items) => Ok(batch::run(&mut ctx, items)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::council::{Choice, CouncilOperation, Motion, ProposalId};
    use crate::tx::TxNonce;
    use fairway_model::ids::MemberId;
    use fairway_model::registry::{Member, MemberKind, PrefixEntry};
    use fairway_model::sign::SigningKey;

    /// A second version that nobody could take for the first: it registers no prefixes.
    fn no_prefixes(operation: &Operation) -> Result<(), Refusal> {
        match operation {
            Operation::RegisterPrefix(_) => Err(Refusal::new(
                RefusalCode::PrefixTaken,
                "version 2 registers no prefixes",
            )),
            _ => Ok(()),
        }
    }
    const ACTIVE_FROM: u64 = 9;

    fn member() -> MemberId {
        MemberId::parse("US*DUK").unwrap()
    }

    fn old() -> Contracts {
        let founder = Member {
            id: member(),
            name: "Duke".to_owned(),
            kind: MemberKind::Utility,
            key: SigningKey::from_seed([1; 32]).public(),
            validator: Some(SigningKey::from_seed([2; 32]).public()),
            endpoint: "https://127.0.0.1:1".to_owned(),
            tls_fingerprint: Hash::default(),
            encryption: None,
        };
        let genesis = Genesis {
            chain_id: "test".to_owned(),
            members: vec![founder],
        };
        Contracts::new(&genesis).unwrap()
    }

    fn new() -> Contracts {
        old().rehearsing(no_prefixes)
    }

    fn sign(n: u8, operation: Operation) -> Vec<u8> {
        let key = SigningKey::from_seed([1; 32]);
        Transaction::sign("test", member(), TxNonce([n; 16]), operation, &key).to_bytes()
    }

    /// Proposal, vote, then a prefix in every block.
    fn blocks() -> Vec<Vec<Vec<u8>>> {
        let motion = Motion::ActivateVersion {
            version: 2,
            from: ACTIVE_FROM,
        };
        let id = ProposalId::of(member(), TxNonce([0; 16]), &motion);
        let propose = CouncilOperation::Propose {
            motion: Box::new(motion.clone()),
            expires_at: Time(1_000_000),
            not_before: 0,
        };
        let vote = CouncilOperation::Vote {
            proposal: id,
            motion: Box::new(motion),
            choice: Choice::Yes,
        };
        let prefix = |n: u8| {
            let prefix = format!("84000{:02}", n + 10);
            let member = member();
            vec![sign(
                n,
                Operation::RegisterPrefix(PrefixEntry { prefix, member }),
            )]
        };
        let mut blocks = vec![vec![
            sign(0, Operation::Council(propose)),
            sign(1, Operation::Council(vote)),
        ]];
        blocks.extend((2..14).map(prefix));
        blocks
    }

    /// Runs the blocks on a replica and gives the heights at which a prefix was refused, with the state after all.
    fn run_all(replica: &Contracts) -> (Vec<u64>, BTreeMap<Key, Vec<u8>>) {
        let (mut state, mut refused) = (replica.genesis().clone(), Vec::new());
        for (height, txs) in (1..).zip(blocks()) {
            assert!(replica.admit(&txs).iter().all(Result::is_ok));
            let block = Block {
                height,
                time: Time(i64::try_from(height).unwrap()),
            };
            let (receipts, writes) = replica.execute(block, &txs, &state);
            for receipt in receipts {
                if Receipt::from_bytes(&receipt).unwrap().refusal().is_some() {
                    refused.push(height);
                }
            }
            state.extend(writes.into_iter().filter_map(|(k, v)| Some((k, v?))));
        }
        (refused, state)
    }

    #[test]
    fn a_version_begins_at_its_height_on_every_replica() {
        let replicas = [new(), new(), new(), new()];
        let results: Vec<_> = replicas.iter().map(run_all).collect();
        assert_eq!(results[0].0, (ACTIVE_FROM..=13).collect::<Vec<_>>());
        assert!(results.iter().all(|r| *r == results[0]));
    }

    #[test]
    fn a_program_without_the_version_refuses_rather_than_guesses() {
        let (refused, state) = run_all(&old());
        assert_eq!(refused, (ACTIVE_FROM..=13).collect::<Vec<_>>());
        assert_eq!(state, run_all(&new()).1);
        assert_eq!(old().version_at(ACTIVE_FROM - 1, &state), Ok(1));
        assert_eq!(new().version_at(ACTIVE_FROM, &state), Ok(2));
        let lacks = old().version_at(ACTIVE_FROM, &state).unwrap_err();
        assert!(lacks.to_string().contains("version 2"), "{lacks}");
    }
}
