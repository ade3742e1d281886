//! The auditor: an export and the genesis file in, balances or the first thing that is wrong out. It shares the contracts
//! with the validators but neither their blocks nor their databases: everything is executed again.

use crate::genesis::Genesis;
use fairway_chain::{
    AuditRules, Audited, FinalBlock, Finding, FindingKind, JoinError, Joined, Machine, StateKey,
    ValidatorHistory, Watcher, history_of_file, join_exports,
};
use fairway_ledger::{Books, BooksError, Movements};
use fairway_model::{Currency, Micro, MoneyError};
use std::io::{BufWriter, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What an audit found right.
#[derive(Debug)]
pub struct Report {
    /// What was read, and how far.
    pub audited: Audited,
    /// The books, folded from the transactions; empty for a part of a chain.
    pub books: Books,
    /// What moved, when the blocks are a part of a chain: balances and debts follow from older blocks.
    pub part: Option<Movements>,
    /// How many balances of the books equal the executed state.
    pub compared: usize,
}

/// What the auditor must know of a chain.
pub fn rules(genesis: &Genesis) -> AuditRules {
    let founders = genesis.founders();
    let keys = founders.iter().filter_map(|member| member.validator);
    AuditRules {
        epoch_blocks: genesis.epoch_blocks,
        ..AuditRules::new(&genesis.chain_id, keys.map(|key| key.0).collect())
    }
}

/// Exit code of a finding; 1 is for what could not be audited at all. `docs/audit.md` lists them.
pub fn exit_code(kind: FindingKind) -> u8 {
    match kind {
        FindingKind::OtherChain => 2,
        FindingKind::Changed | FindingKind::Damaged => 3,
        FindingKind::Cut => 4,
        FindingKind::Extra => 5,
        FindingKind::Order => 6,
        FindingKind::Execution => 7,
        FindingKind::Books => 8,
        _ => 1,
    }
}

/// Folds the books beside the execution, or what moved in a part of a chain.
#[derive(Debug, Default)]
struct Folding {
    books: Books,
    part: Option<Movements>,
    begun: bool,
}

impl Folding {
    fn record(&mut self, transaction: &[u8], receipt: &[u8]) -> Result<(), BooksError> {
        match &mut self.part {
            Some(part) => part.record(transaction, receipt),
            None => self.books.record(transaction, receipt),
        }
    }
}

impl Watcher for Folding {
    fn block(&mut self, block: &FinalBlock) -> Result<(), String> {
        if !self.begun && block.height > 1 {
            self.part = Some(Movements::default());
        }
        self.begun = true;
        for (_, transaction, receipt) in &block.txs {
            self.record(transaction, receipt)
                .map_err(|e| format!("the books do not follow the receipt: {e}"))?;
        }
        Ok(())
    }

    fn wants(&self) -> Vec<StateKey> {
        self.books.balances().into_iter().map(|b| b.key).collect()
    }
}

/// A folder for the auditor's state, removed when it is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, String> {
        let name = format!("fairway-audit-{}", hex::encode(rand::random::<[u8; 8]>()));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Audits an export.
///
/// # Errors
/// The first thing that is wrong.
pub fn audit(input: &mut (dyn Read + Send), genesis: &Genesis) -> Result<Report, Finding> {
    audit_by(input, genesis, &rules(genesis))
}

/// The contracts of a chain.
fn machine_of(genesis: &Genesis) -> Result<Arc<dyn Machine>, String> {
    crate::node::ledger::machine(&fairway_ledger::Genesis {
        chain_id: genesis.chain_id.clone(),
        members: genesis.founders(),
    })
}

fn audit_by(
    input: &mut (dyn Read + Send),
    genesis: &Genesis,
    rules: &AuditRules,
) -> Result<Report, Finding> {
    let fault = |text: String| Finding::fault(FindingKind::Setup, &text);
    let machine = machine_of(genesis).map_err(fault)?;
    let scratch = Scratch::new().map_err(fault)?;
    let mut folding = Folding::default();
    let audited = fairway_chain::audit(input, rules, machine, &scratch.0, &mut folding)?;
    let Folding { books, part, .. } = folding;
    let wrong = |e: String| Finding::fault(FindingKind::Books, &e);
    if let Some(part) = &part {
        let sums = part.currencies().into_iter().map(|c| (c, part.sum(c)));
        must_be_zero(sums).map_err(wrong)?;
    }
    let compared = compare(&audited, &books).map_err(wrong)?;
    Ok(Report {
        audited,
        books,
        part,
        compared,
    })
}

fn must_be_zero(
    sums: impl IntoIterator<Item = (Currency, Result<Micro, MoneyError>)>,
) -> Result<(), String> {
    for (currency, sum) in sums {
        let sum = sum.map_err(|e| e.to_string())?;
        if sum != Micro::ZERO {
            let sum = sum.text(currency);
            return Err(format!(
                "all accounts sum to {sum} {currency}, expected zero"
            ));
        }
    }
    Ok(())
}

/// Sums must be zero, and every balance of the books must be the executed state's.
fn compare(audited: &Audited, books: &Books) -> Result<usize, String> {
    must_be_zero(books.currencies().into_iter().map(|c| (c, books.sum(c))))?;
    if !audited.executed {
        return Ok(0);
    }
    let balances = books.balances();
    for (balance, value) in balances.iter().zip(&audited.values) {
        balance.compare(value.as_deref())?;
    }
    Ok(balances.len())
}

/// Opens an export and the genesis file, and audits. A proof tells who validated when, for an export from a later block on.
///
/// # Errors
/// The first thing that is wrong.
pub fn audit_file(file: &Path, genesis: &Path, proof: Option<&Path>) -> Result<Report, Finding> {
    let fault = |text: String| Finding::fault(FindingKind::Setup, &text);
    let genesis = Genesis::read(genesis).map_err(|e| fault(e.to_string()))?;
    let mut input =
        std::fs::File::open(file).map_err(|e| fault(format!("{}: {e}", file.display())))?;
    let rules = told_by(rules(&genesis), proof).map_err(fault)?;
    audit_by(&mut input, &genesis, &rules)
}

/// Rules that know who validated when, as far as a proof tells.
fn told_by(mut rules: AuditRules, proof: Option<&Path>) -> Result<AuditRules, String> {
    if let Some(path) = proof {
        let at = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
        let bytes = std::fs::read(path).map_err(|e| at(&e))?;
        let history = history_of_file(&bytes, &rules.chain_id, &rules.validators);
        rules.history = Some(history.map_err(|e| at(&e))?);
    }
    Ok(rules)
}

/// Has no wishes.
struct Silent;

impl Watcher for Silent {
    fn block(&mut self, _: &FinalBlock) -> Result<(), String> {
        Ok(())
    }

    fn wants(&self) -> Vec<StateKey> {
        Vec::new()
    }
}

/// Checks links, certificates and bodies of a part of a chain, and executes nothing.
///
/// # Errors
/// The first thing that is wrong.
pub fn check_piece(
    file: &Path,
    genesis: &Genesis,
    history: ValidatorHistory,
) -> Result<Audited, Finding> {
    let fault = |text: String| Finding::fault(FindingKind::Setup, &text);
    let at = |e: std::io::Error| fault(format!("{}: {e}", file.display()));
    let mut input = std::fs::File::open(file).map_err(at)?;
    let rules = AuditRules {
        history: Some(history),
        execute: false,
        ..rules(genesis)
    };
    let machine = machine_of(genesis).map_err(fault)?;
    let scratch = Scratch::new().map_err(fault)?;
    fairway_chain::audit(&mut input, &rules, machine, &scratch.0, &mut Silent)
}

/// Joins exports of one chain into a new file that is audited as one. A proof tells who validated when, when the first of them does not begin
/// with block 1. After an error there is no file.
///
/// # Errors
/// The piece that is not right, what is missing between two, or why the file cannot be written; with the exit code.
pub fn concat_files(
    pieces: &[PathBuf],
    genesis: &Path,
    proof: Option<&Path>,
    out: &Path,
) -> Result<Joined, (String, u8)> {
    let fault = |text: String| (text, 1);
    let at = |e: std::io::Error| fault(format!("{}: {e}", out.display()));
    let genesis = Genesis::read(genesis).map_err(|e| fault(e.to_string()))?;
    let rules = told_by(rules(&genesis), proof).map_err(fault)?;
    let machine = machine_of(&genesis).map_err(fault)?;
    let scratch = Scratch::new().map_err(fault)?;
    let file = std::fs::File::create_new(out).map_err(at)?;
    let mut writer = BufWriter::new(&file);
    let joined = join_exports(pieces, &rules, &machine, &scratch.0, &mut writer);
    let joined = joined.map_err(|error| (error.to_string(), join_code(&error)));
    let written = writer.flush().and_then(|()| file.sync_all()).map_err(at);
    let outcome = joined.and_then(|joined| written.map(|()| joined));
    if outcome.is_err() {
        let _ = std::fs::remove_file(out);
    }
    outcome
}

fn join_code(error: &JoinError) -> u8 {
    match error {
        JoinError::Piece { finding, .. } => exit_code(finding.kind),
        JoinError::Gap { .. } | JoinError::Differs { .. } => exit_code(FindingKind::Order),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever joins exports by a script learns from the code what is wrong.
    #[test]
    fn pieces_that_cannot_be_joined_have_their_exit_code() {
        let file = PathBuf::from("a");
        let finding = |kind| JoinError::Piece {
            file: file.clone(),
            finding: Box::new(Finding::fault(kind, "it differs")),
        };
        let differs = JoinError::Differs {
            file: file.clone(),
            other: "b".into(),
            height: 7,
            offset: 60,
        };
        assert_eq!(
            differs.to_string(),
            "a: offset 60, block 7: another block than b leads to, and the validators signed both"
        );
        let gap = JoinError::Gap {
            before: file.clone(),
            after: "b".into(),
            first: 5,
            last: 6,
        };
        for (error, code) in [
            (differs, 6),
            (gap, 6),
            (finding(FindingKind::OtherChain), 2),
            (finding(FindingKind::Changed), 3),
            (finding(FindingKind::Damaged), 3),
            (finding(FindingKind::Cut), 4),
            (finding(FindingKind::Extra), 5),
            (finding(FindingKind::Setup), 1),
            (JoinError::NoPiece, 1),
            (JoinError::Write("full".to_owned()), 1),
        ] {
            assert_eq!(join_code(&error), code, "{error}");
        }
    }
}
