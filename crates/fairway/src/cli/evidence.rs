//! `fairway ledger evidence`: misbehaviour of validators that is on record or that this member's node heard, and evidence shown by hand.

use super::council::state;
use super::say;
use super::submit::{Desk, hand_in};
use clap::Subcommand;
use fairway_ledger::{
    Ballot, CouncilOperation, Evidence, EvidenceState, MisdeedsState, Operation, key_for_misdeeds,
};
use fairway_model::canonical::Canonical;
use std::path::{Path, PathBuf};

/// What is wanted of the evidence.
#[derive(Debug, Subcommand)]
pub(super) enum EvidenceCommand {
    /// Misdeeds on record, and those that this member's node has heard since its start.
    List {
        /// Write the evidence of each into this folder, as files that `submit` and other members take.
        #[arg(long)]
        save: Option<PathBuf>,
        #[command(flatten)]
        desk: Desk,
    },
    /// Show two contradicting votes of a validator to the ledger, from a file. A running member does so by itself.
    Submit {
        /// The file, as `list --save` writes it.
        file: PathBuf,
        #[command(flatten)]
        desk: Desk,
    },
}

pub(super) async fn run(command: EvidenceCommand) -> Result<(), String> {
    match command {
        EvidenceCommand::List { save, desk } => list(&desk, save.as_deref()).await,
        EvidenceCommand::Submit { file, desk } => {
            let evidence = read(&file)?;
            let operation = CouncilOperation::Report(Box::new(evidence));
            hand_in(&desk, "evidence", Operation::Council(operation))
                .await
                .map(|_| ())
        }
    }
}

/// Reads a file of evidence: its canonical bytes in hexadecimal.
fn read(path: &Path) -> Result<Evidence, String> {
    let fail = |what: String| format!("{}: {what}", path.display());
    let text = std::fs::read_to_string(path).map_err(|e| fail(e.to_string()))?;
    parse(&text).map_err(fail)
}

fn parse(text: &str) -> Result<Evidence, String> {
    let bytes = hex::decode(text.trim()).map_err(|e| format!("no hexadecimal: {e}"))?;
    Evidence::from_bytes(&bytes).map_err(|e| format!("no evidence: {e}"))
}

fn kind(ballot: &Ballot) -> &'static str {
    match ballot {
        Ballot::Notarize(_) => "notarize",
        Ballot::Nullify { .. } => "nullify",
        Ballot::Finalize(_) => "finalize",
    }
}

fn words(evidence: &Evidence) -> String {
    let (epoch, view) = evidence.first.ballot.round();
    format!(
        "{} signed {} and {} in epoch {epoch} view {view}",
        evidence.offender,
        kind(&evidence.first.ballot),
        kind(&evidence.second.ballot)
    )
}

async fn list(desk: &Desk, save: Option<&Path>) -> Result<(), String> {
    let client = desk.client()?;
    let mut all: Vec<Evidence> = Vec::new();
    let listed: MisdeedsState = state(&client, key_for_misdeeds())
        .await?
        .unwrap_or_default();
    for misdeed in listed.listed {
        let Some(found) = state::<EvidenceState>(&client, misdeed.record()).await? else {
            continue;
        };
        let then = if found.suspended {
            "suspended for it"
        } else {
            "not suspended for it"
        };
        say(&format!(
            "block {}: {}; shown by {}; {then}",
            found.height,
            words(&found.evidence),
            found.reporter
        ));
        all.push(found.evidence);
    }
    for text in heard(&client.json("/ledger/v1/misdeeds").await?) {
        let evidence = parse(&text)?;
        if !all.contains(&evidence) {
            say(&format!("heard by this node: {}", words(&evidence)));
            all.push(evidence);
        }
    }
    if all.is_empty() {
        say("no misbehaviour is on record, and none was heard");
    }
    save.map_or(Ok(()), |folder| keep(&all, folder))
}

fn heard(page: &serde_json::Value) -> Vec<String> {
    let list = page.get("evidence").and_then(|l| l.as_array());
    let texts = list.into_iter().flatten();
    texts
        .filter_map(|text| text.as_str().map(str::to_owned))
        .collect()
}

fn keep(all: &[Evidence], folder: &Path) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for evidence in all {
        let (epoch, view) = evidence.first.ballot.round();
        let offender = evidence.offender.to_string().replace('*', "-");
        let path = folder.join(format!("{offender}-{epoch}-{view}.hex"));
        std::fs::write(&path, hex::encode(evidence.to_bytes()))
            .map_err(|e| format!("{}: {e}", path.display()))?;
        say(&format!("written to {}", path.display()));
    }
    Ok(())
}
