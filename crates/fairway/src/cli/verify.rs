//! Verification of proof files with nothing but public keys, and what a proof says in plain words.

use fairway_chain::{Consistency, Consistent, Proof, Verified, verify_consistency, verify_proof};
use fairway_ledger::{Operation, Receipt, Settlement, Transaction};
use fairway_model::Time;
use fairway_model::canonical::Canonical;
use std::collections::BTreeMap;
use std::path::Path;

/// Whose signatures count.
#[derive(Debug, Clone, Default)]
pub(super) struct Trusted {
    chain: String,
    keys: Vec<[u8; 32]>,
    names: BTreeMap<[u8; 32], String>,
}

impl Trusted {
    /// Reads a file with `chain NAME` and `validator HEX` lines, or a genesis file.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        if text.contains("[[member]]") {
            let genesis = crate::genesis::Genesis::read(path).map_err(|e| e.to_string())?;
            let mut trusted = Self {
                chain: genesis.chain_id.clone(),
                ..Self::default()
            };
            for member in genesis.founders() {
                if let Some(key) = member.validator {
                    trusted.keys.push(key.0);
                    trusted
                        .names
                        .insert(key.0, format!("{} ({})", member.name, member.id));
                }
            }
            return Ok(trusted);
        }
        Self::parse(&text, &path.display().to_string())
    }

    fn parse(text: &str, file: &str) -> Result<Self, String> {
        let (mut chain, mut trusted) = (None, Self::default());
        for (at, line) in text.lines().enumerate() {
            let wrong = || {
                format!(
                    "{file}: line {}: expected `chain NAME` or `validator` and 64 hexadecimal digits",
                    at.saturating_add(1)
                )
            };
            match line.split_once(' ').map(|(word, rest)| (word, rest.trim())) {
                Some(("chain", name)) => chain = Some(name.to_owned()),
                Some(("validator", key)) => {
                    let bytes = hex::decode(key).map_err(|_| wrong())?;
                    let key = <[u8; 32]>::try_from(bytes).map_err(|_| wrong())?;
                    trusted.keys.push(key);
                }
                _ if line.trim().is_empty() || line.starts_with('#') => {}
                _ => return Err(wrong()),
            }
        }
        trusted.chain = chain.ok_or_else(|| format!("{file}: no `chain NAME` line"))?;
        Ok(trusted)
    }

    fn signers(&self, signers: &[[u8; 32]]) -> String {
        let name = |key: &[u8; 32]| {
            let known = self.names.get(key).cloned();
            known.unwrap_or_else(|| hex::encode(key))
        };
        let names: Vec<String> = signers.iter().map(name).collect();
        format!(
            "signed by {} of {} validators: {}",
            signers.len(),
            self.keys.len(),
            names.join(", ")
        )
    }
}

/// Checks proof bytes against the trusted keys.
///
/// # Errors
/// What differs.
pub fn verify(bytes: &[u8], chain: &str, keys: &[[u8; 32]]) -> Result<Verified, String> {
    let proof = Proof::from_bytes(bytes).map_err(|e| e.to_string())?;
    verify_proof(&proof, chain, keys).map_err(|e| format!("NOT PROVEN: {e}"))
}

/// Checks a proof file of either kind and says what it proves.
pub(super) fn report(bytes: &[u8], trusted: &Trusted, json: bool) -> Result<String, String> {
    if let Ok(proof) = Consistency::from_bytes(bytes) {
        let found = verify_consistency(&proof, &trusted.chain, &trusted.keys)
            .map_err(|e| format!("NOT PROVEN: {e}"))?;
        return Ok(consistent(&found, trusted, json));
    }
    let verified = verify(bytes, &trusted.chain, &trusted.keys)?;
    included(&verified, trusted, json)
}

fn consistent(found: &Consistent, trusted: &Trusted, json: bool) -> String {
    if json {
        let signers: Vec<String> = found.signers.iter().map(hex::encode).collect();
        return serde_json::json!({
            "proven": true, "older": found.older, "older_digest": hex::encode(found.older_digest), "older_state": hex::encode(found.older_state),
            "newer": found.newer, "newer_digest": hex::encode(found.newer_digest), "newer_state": hex::encode(found.newer_state), "signers": signers,
        })
        .to_string();
    }
    format!(
        "PROVEN: the chain at block {} is the chain at block {}, continued; nothing before was changed\n  block {}: header {}, state {}\n  block {}: header {}, state {}\n  {}",
        found.newer,
        found.older,
        found.older,
        hex::encode(found.older_digest),
        hex::encode(found.older_state),
        found.newer,
        hex::encode(found.newer_digest),
        hex::encode(found.newer_state),
        trusted.signers(&found.signers),
    )
}

fn included(verified: &Verified, trusted: &Trusted, json: bool) -> Result<String, String> {
    let transaction =
        Transaction::from_bytes(&verified.tx).map_err(|e| format!("the transaction: {e}"))?;
    let receipt =
        Receipt::from_bytes(&verified.receipt).map_err(|e| format!("the receipt: {e}"))?;
    let time = Time(verified.time_ms);
    let outcome = receipt.refusal().map_or_else(
        || "executed".to_owned(),
        |refusal| format!("refused: {refusal}"),
    );
    let posting = |p: &fairway_ledger::Posting| {
        format!("{} {} {}", p.account, p.amount.text(p.currency), p.currency)
    };
    let postings: Vec<String> = receipt.postings.iter().map(posting).collect();
    let charge = match &transaction.operation {
        Operation::SettleCharge(settlement) => charge(settlement),
        _ => Vec::new(),
    };
    if json {
        let signers: Vec<String> = verified.signers.iter().map(hex::encode).collect();
        let body = serde_json::json!({
            "proven": true, "height": verified.height, "signed_height": verified.signed_height, "time": time.rfc3339(), "transaction": hex::encode(verified.tx_id), "member": transaction.member.to_string(),
            "outcome": outcome, "charge": charge, "postings": postings, "signers": signers,
        });
        return Ok(body.to_string());
    }
    let mut lines = vec![format!(
        "PROVEN: transaction {} of {} is in block {} of {}, {outcome}",
        hex::encode(verified.tx_id),
        transaction.member,
        verified.height,
        time,
    )];
    lines.extend(charge);
    lines.extend(postings.into_iter().map(|p| format!("posted: {p}")));
    if verified.signed_height != verified.height {
        lines.push(format!(
            "the validators signed block {}, whose tree of headers holds block {}",
            verified.signed_height, verified.height
        ));
    }
    lines.push(trusted.signers(&verified.signers));
    Ok(lines.join("\n  "))
}

/// A charge, for somebody who has the bill in the other hand.
fn charge(settlement: &Settlement) -> Vec<String> {
    let (event, currency) = (settlement.event(), settlement.currency);
    let amount = |value: fairway_model::Micro| value.text(currency);
    let span = event.usage.start().map_or_else(String::new, |start| {
        format!(" from {} to {}", start, event.usage.end)
    });
    let energy = event
        .usage
        .energy()
        .map_or_else(|| "?".to_owned(), |energy| energy.kwh_text());
    vec![
        format!("charge {} at {}{span}", event.session, event.evse),
        format!(
            "a driver of {} at a station of {}, under agreement {}",
            event.home, event.visited, event.agreement
        ),
        format!(
            "{energy} kWh, meter from {} to {} kWh; the driver pays {} {currency}",
            event.meter_start.kwh_text(),
            event.meter_end.kwh_text(),
            amount(event.total)
        ),
        format!(
            "of it {} keeps {}, {} gets {} and {} tax, {} gets {}",
            event.home,
            amount(event.shares.home),
            event.visited,
            amount(event.shares.visited),
            amount(event.shares.tax),
            settlement.owner,
            amount(event.shares.owner)
        ),
        format!(
            "both utilities signed the charge: {} with key {}, {} with key {}",
            event.visited, settlement.visited_key, event.home, settlement.home_key
        ),
    ]
}
