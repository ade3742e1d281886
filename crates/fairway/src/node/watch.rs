//! What a member's ledger node has seen since it started: counts, the newest refusals with their reasons, and what all of it cost.

use super::meters::Meters;
use crate::environment;
use fairway_chain::Handle;
use fairway_ledger::{Operation, Receipt, Transaction};
use fairway_model::{Hash, MemberId};
use fairway_utility::door::{Block, items};
use fairway_utility::happening::Gauges;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

/// Refused transactions that are remembered; the oldest leave first. All are on the ledger for good.
pub const MAX_REFUSED: usize = 1_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    member: String,
    outcome: String,
}

/// Who brought transactions.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Carrier {
    peer: String,
}

#[derive(Debug, Default)]
struct Seen {
    refused: VecDeque<Value>,
    outcomes: BTreeMap<(String, String), u64>,
    blocks: u64,
    charges: u64,
    own_charges: u64,
    /// Height up to which the ledger was read.
    read: u64,
    /// The last attempt to export old blocks failed.
    export_failed: bool,
}

/// The record of one node; clones are the same record.
#[derive(Debug, Clone)]
pub struct Record {
    seen: Arc<Mutex<Seen>>,
    member: MemberId,
    folder: PathBuf,
}

impl Record {
    /// The empty record of a member whose ledger is kept in a folder.
    pub fn new(member: MemberId, folder: &Path) -> Self {
        Self {
            seen: Arc::default(),
            member,
            folder: folder.to_owned(),
        }
    }

    /// Notes up to which height this member has read the ledger.
    pub(super) fn note_read(&self, height: u64) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.read = height;
    }

    /// Height up to which this member has read the ledger.
    pub(super) fn read_up_to(&self) -> u64 {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.read
    }

    /// Notes whether the last attempt to export old blocks failed.
    pub(super) fn note_export_failed(&self, failed: bool) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.export_failed = failed;
    }

    /// Counts a final block; each is shown once.
    pub(super) fn note(&self, block: &Block) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.blocks = seen.blocks.saturating_add(1);
        for entry in &block.entries {
            let Ok(content) = &entry.content else {
                continue;
            };
            for (tx, receipt) in items(content).unwrap_or_default().iter() {
                self.note_part(&mut seen, block, (entry.id, tx, receipt));
            }
        }
    }

    /// Counts one transaction, or one item of a batch.
    fn note_part(
        &self,
        seen: &mut Seen,
        block: &Block,
        (id, tx, receipt): (Hash, &Transaction, &Receipt),
    ) {
        let member = tx.member.to_string();
        let outcome = receipt
            .refusal()
            .map_or_else(|| "applied".to_owned(), |r| r.code.to_string());
        let count = seen.outcomes.entry((member.clone(), outcome)).or_default();
        *count = count.saturating_add(1);
        if let Some(refusal) = receipt.refusal() {
            seen.refused.push_back(json!({
                "height": block.height, "time_ms": block.time.0, "transaction": id.to_string(), "member": member,
                "code": refusal.code.to_string(), "text": refusal.text,
            }));
            if seen.refused.len() > MAX_REFUSED {
                seen.refused.pop_front();
            }
        } else if let Operation::SettleCharge(settlement) = &tx.operation {
            let event = settlement.event();
            seen.charges = seen.charges.saturating_add(1);
            if [event.home, event.visited].contains(&self.member) {
                seen.own_charges = seen.own_charges.saturating_add(1);
            }
        }
    }

    /// The newest refused transactions, oldest first.
    pub fn refused(&self) -> Value {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        json!({ "member": self.member.to_string(), "refused": seen.refused, "kept_at_most": MAX_REFUSED })
    }

    /// What this member spent on the ledger since the process began, as far as the machine tells.
    pub fn cost(&self) -> Value {
        let (charges, own, blocks) = {
            let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            (seen.charges, seen.own_charges, seen.blocks)
        };
        json!({
            "member": self.member.to_string(), "protocol_fee": 0, "blocks": blocks, "charges": charges, "own_charges": own,
            "cpu_seconds": environment::cpu_seconds(), "resident_bytes": resident_bytes(), "ledger_bytes": folder_bytes(&self.folder),
        })
    }

    /// Everything in Prometheus' text format (OpenMetrics 1.0), with what else is counted and what stands in the machine.
    pub fn metrics(&self, chain: &Handle, meters: &Meters, gauges: Option<&Gauges>) -> String {
        let mut registry = Registry::with_prefix("fairway");
        self.register_counts(&mut registry);
        register_chain(&mut registry, chain);
        meters.register(&mut registry, gauges);
        let memory = Gauge::<i64>::default();
        memory.set(i64::try_from(resident_bytes()).unwrap_or(i64::MAX));
        registry.register_with_unit("process_resident", "memory in use", Unit::Bytes, memory);
        let cpu = Counter::<f64, AtomicU64>::default();
        cpu.inc_by(environment::cpu_seconds());
        registry.register_with_unit(
            "process_cpu",
            "CPU time since the start",
            Unit::Seconds,
            cpu,
        );
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &registry);
        text
    }

    fn register_counts(&self, registry: &mut Registry) {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let outcomes = Family::<Outcome, Counter>::default();
        for ((member, outcome), count) in &seen.outcomes {
            let labels = Outcome {
                member: member.clone(),
                outcome: outcome.clone(),
            };
            outcomes.get_or_create(&labels).inc_by(*count);
        }
        let failed = Gauge::<i64>::default();
        failed.set(i64::from(seen.export_failed));
        registry.register(
            "ledger_export_failed",
            "1 when old blocks could not be exported, so that they are not dropped",
            failed,
        );
        registry.register(
            "ledger_transactions",
            "final transactions by author and outcome: applied, or the reason code of the refusal",
            outcomes,
        );
        for (name, help, count) in [
            ("ledger_blocks", "blocks seen final", seen.blocks),
            (
                "ledger_charges_settled",
                "charges settled on the ledger",
                seen.charges,
            ),
            (
                "ledger_own_charges_settled",
                "charges settled in which this member is home or visited",
                seen.own_charges,
            ),
        ] {
            let counter = Counter::<u64>::default();
            counter.inc_by(count);
            registry.register(name, help, counter);
        }
    }
}

fn register_chain(registry: &mut Registry, chain: &Handle) {
    let status = chain.status();
    let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    for (name, help, value) in [
        (
            "ledger_height",
            "height of the last applied block",
            whole(status.height),
        ),
        (
            "ledger_whole_from",
            "lowest block that this node holds whole; older ones were dropped, or never held",
            whole(status.whole),
        ),
        ("ledger_view", "consensus view", whole(status.view)),
        (
            "ledger_peers",
            "validators that this one is connected with",
            count(status.peers),
        ),
        (
            "ledger_mempool",
            "transactions that wait",
            count(status.mempool),
        ),
        (
            "ledger_stalled",
            "1 when no block was final for too long: no quorum",
            i64::from(status.stalled),
        ),
        (
            "ledger_stopped",
            "1 when the node has stopped by itself",
            i64::from(status.error.is_some()),
        ),
    ] {
        let gauge = Gauge::<i64>::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    }
    let given_up = Counter::<u64>::default();
    given_up.inc_by(status.given_up);
    registry.register(
        "ledger_views_given_up",
        "views given up because the block was of a later time than this node would wait for",
        given_up,
    );
    let dropped = Family::<Carrier, Counter>::default();
    for (key, count) in &status.dropped {
        let peer = hex::encode(key);
        dropped.get_or_create(&Carrier { peer }).inc_by(*count);
    }
    registry.register(
        "ledger_transactions_dropped",
        "transactions dropped unread because the validator with this key brought too many",
        dropped,
    );
    let age = Gauge::<f64, AtomicU64>::default();
    age.set(status.finalized_age.as_secs_f64());
    registry.register_with_unit(
        "ledger_finalized_age",
        "time since the last block was applied",
        Unit::Seconds,
        age,
    );
}

/// Bytes of all files below a folder; what cannot be read counts as nothing.
pub fn folder_bytes(folder: &Path) -> u64 {
    let (mut sum, mut open) = (0u64, vec![folder.to_owned()]);
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(meta) if meta.is_dir() => open.push(entry.path()),
                Ok(meta) => sum = sum.saturating_add(meta.len()),
                Err(_) => {}
            }
        }
    }
    sum
}

/// Memory of this process, in bytes.
pub fn resident_bytes() -> u64 {
    environment::process_status("VmRSS:").saturating_mul(1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_measured_whole() {
        let folder = std::env::temp_dir().join(format!("fairway-watch-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("below")).unwrap();
        std::fs::write(folder.join("a"), [0; 10]).unwrap();
        std::fs::write(folder.join("below/b"), [0; 32]).unwrap();
        assert_eq!(folder_bytes(&folder), 42);
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(folder_bytes(&folder), 0);
    }

    #[test]
    fn this_process_has_memory_and_time() {
        assert!(resident_bytes() > 1_000_000);
        assert!(environment::cpu_seconds() >= 0.0);
    }
}
