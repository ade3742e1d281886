//! Verification of proof files with nothing but public keys, and what a proof says in plain words.

use fairway_chain::{Consistent, Proven, Verified, verify_file};
use fairway_ledger::{Operation, Receipt, Settlement, Transaction, parts};
use fairway_model::Time;
use fairway_model::canonical::Canonical;
use std::collections::BTreeMap;
use std::path::Path;

/// Whose signatures count: the founders', and of whoever they handed over to.
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
            return Ok(Self::of(&genesis.chain_id, &genesis.founders()));
        }
        Self::parse(&text, &path.display().to_string())
    }

    fn of(chain: &str, founders: &[fairway_model::registry::Member]) -> Self {
        let mut trusted = Self {
            chain: chain.to_owned(),
            ..Self::default()
        };
        for member in founders {
            if let Some(key) = member.validator {
                trusted.keys.push(key.0);
                trusted
                    .names
                    .insert(key.0, format!("{} ({})", member.name, member.id));
            }
        }
        trusted
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

    fn signers(&self, signers: &[[u8; 32]], validators: usize) -> String {
        let name = |key: &[u8; 32]| {
            let known = self.names.get(key).cloned();
            known.unwrap_or_else(|| hex::encode(key))
        };
        let names: Vec<String> = signers.iter().map(name).collect();
        format!(
            "signed by {} of {validators} validators: {}",
            signers.len(),
            names.join(", ")
        )
    }
}

/// Checks the bytes of an inclusion proof against the founders' keys.
///
/// # Errors
/// What differs.
pub fn verify(bytes: &[u8], chain: &str, founders: &[[u8; 32]]) -> Result<Verified, String> {
    match verify_file(bytes, chain, founders) {
        Ok((Proven::Inclusion(found), _)) => Ok(found),
        Ok((Proven::Consistency(_), _)) => Err("NOT PROVEN: no transaction is in it".to_owned()),
        Err(error) => Err(format!("NOT PROVEN: {error}")),
    }
}

/// What a proof says, checked against founders' keys.
///
/// # Errors
/// What differs.
pub(crate) fn proof_report(
    bytes: &[u8],
    chain: &str,
    founders: &[fairway_model::registry::Member],
) -> Result<String, String> {
    report(bytes, &Trusted::of(chain, founders), false)
}

/// Checks a proof file of either kind and says what it proves.
pub(super) fn report(bytes: &[u8], trusted: &Trusted, json: bool) -> Result<String, String> {
    let (proven, validators) = verify_file(bytes, &trusted.chain, &trusted.keys)
        .map_err(|e| format!("NOT PROVEN: {e}"))?;
    let signed = trusted.signers(proven.signers(), validators.len());
    match proven {
        Proven::Consistency(found) => Ok(consistent(&found, &signed, json)),
        Proven::Inclusion(found) => included(&found, signed, json),
    }
}

fn consistent(found: &Consistent, signed: &str, json: bool) -> String {
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
        signed,
    )
}

fn included(verified: &Verified, signed: String, json: bool) -> Result<String, String> {
    let transaction =
        Transaction::from_bytes(&verified.tx).map_err(|e| format!("the transaction: {e}"))?;
    let receipt =
        Receipt::from_bytes(&verified.receipt).map_err(|e| format!("the receipt: {e}"))?;
    let time = Time(verified.time_ms);
    let outcome = outcome(&receipt);
    let posting = |p: &fairway_ledger::Posting| {
        format!("{} {} {}", p.account, p.amount.text(p.currency), p.currency)
    };
    let postings: Vec<String> = receipt.postings.iter().map(posting).collect();
    let member = transaction.member;
    let batch = matches!(transaction.operation, Operation::Batch(_));
    let parts = parts(transaction, receipt)
        .ok_or("the receipt does not have a result for each item of the batch")?;
    let items = if batch { items(&parts) } else { Vec::new() };
    let charge = match parts.first().map(|(tx, _)| &tx.operation) {
        Some(Operation::SettleCharge(settlement)) if !batch => charge(settlement),
        _ => Vec::new(),
    };
    if json {
        let signers: Vec<String> = verified.signers.iter().map(hex::encode).collect();
        let body = serde_json::json!({
            "proven": true, "height": verified.height, "signed_height": verified.signed_height, "time": time.rfc3339(), "transaction": hex::encode(verified.tx_id), "member": member.to_string(),
            "outcome": outcome, "charge": charge, "items": items, "postings": postings, "signers": signers,
        });
        return Ok(body.to_string());
    }
    let mut lines = vec![format!(
        "PROVEN: transaction {} of {} is in block {} of {}, {outcome}",
        hex::encode(verified.tx_id),
        member,
        verified.height,
        time,
    )];
    lines.extend(charge);
    lines.extend(items.concat());
    lines.extend(postings.into_iter().map(|p| format!("posted: {p}")));
    if verified.signed_height != verified.height {
        lines.push(format!(
            "the validators signed block {}, whose tree of headers holds block {}",
            verified.signed_height, verified.height
        ));
    }
    lines.push(signed);
    Ok(lines.join("\n  "))
}

fn outcome(receipt: &Receipt) -> String {
    receipt.refusal().map_or_else(
        || "executed".to_owned(),
        |refusal| format!("refused: {refusal}"),
    )
}

/// The items of a batch, each with its place and its own result.
fn items(parts: &[(Transaction, Receipt)]) -> Vec<Vec<String>> {
    let item = |(at, (tx, receipt)): (usize, &(Transaction, Receipt))| {
        let (what, session) = match &tx.operation {
            Operation::PlaceHold(hold) => ("hold for", hold.session),
            Operation::VoidHold { session, .. } => ("release of the hold for", *session),
            Operation::SettleCharge(settlement) => ("charge", settlement.event().session),
            _ => return Vec::new(),
        };
        let mut lines = vec![format!("item {at}: {what} {session}, {}", outcome(receipt))];
        if let Operation::SettleCharge(settlement) = &tx.operation {
            lines.extend(charge(settlement));
        }
        lines
    };
    parts.iter().enumerate().map(item).collect()
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
