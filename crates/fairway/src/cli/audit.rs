//! `fairway audit`: an export checked by someone who trusts nobody.

use super::{Failure, say};
use crate::audit::{Report, audit_file, exit_code};
use clap::Args;
use fairway_model::Time;
use std::path::PathBuf;

/// Which export, and what it is checked against.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The export, as `fairway ledger export` writes it.
    file: PathBuf,
    /// The consortium's genesis file; get it from somebody whom you trust, not from where the export came.
    #[arg(long, default_value = "genesis.toml")]
    genesis: PathBuf,
    /// A proof file of this chain, as `fairway ledger consistency` writes it: it tells who validated when, for an export that does not
    /// begin with block 1.
    #[arg(long)]
    proof: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(options: Options) -> Result<(), Failure> {
    let Options {
        file,
        genesis,
        proof,
        json,
    } = options;
    let name = file.display().to_string();
    let done =
        tokio::task::spawn_blocking(move || audit_file(&file, &genesis, proof.as_deref())).await;
    match done.map_err(|e| Failure::from(e.to_string()))? {
        Ok(report) => {
            say(&if json {
                as_json(&report)
            } else {
                as_text(&report)
            });
            Ok(())
        }
        Err(finding) => {
            if json {
                let body = serde_json::json!({
                    "right": false, "kind": format!("{:?}", finding.kind), "offset": finding.offset, "block": finding.height, "field": finding.field, "what": finding.what,
                });
                say(&body.to_string());
            }
            Err(Failure {
                text: format!("{name}: NOT RIGHT: {finding}"),
                code: exit_code(finding.kind),
            })
        }
    }
}

fn as_text(report: &Report) -> String {
    let audited = &report.audited;
    let head = format!(
        "RIGHT: blocks {} to {} with {} transactions, {} bytes, last block of {}\n  {} blocks carry certificates of their own; the last one covers all\n  last header {}\n  state root  {}\n",
        audited.first,
        audited.last,
        audited.transactions,
        audited.bytes,
        Time(audited.time_ms),
        audited.certificates,
        hex::encode(audited.digest),
        hex::encode(audited.state_root),
    );
    let executed = if audited.executed {
        format!(
            "every block was executed again: receipts and state root are equal at every height, and {} balances of the independent books are those of the state",
            report.compared
        )
    } else {
        "not executed: the export does not begin with block 1, so links, certificates and bodies were checked, and what moved in this part; balances, and whether what was paid was owed, follow from older blocks".to_owned()
    };
    format!("{head}  {executed}\n{}", books(report).trim_end())
}

/// The books, or what moved in a part of a chain; one line each.
fn books(report: &Report) -> String {
    let part = report.part.as_ref().map(ToString::to_string);
    part.unwrap_or_else(|| report.books.to_string())
}

fn as_json(report: &Report) -> String {
    let audited = &report.audited;
    let books: Vec<String> = books(report).lines().map(str::to_owned).collect();
    serde_json::json!({
        "right": true, "first": audited.first, "last": audited.last, "transactions": audited.transactions, "bytes": audited.bytes, "certificates": audited.certificates,
        "digest": hex::encode(audited.digest), "state_root": hex::encode(audited.state_root), "executed": audited.executed, "compared": report.compared, "books": books,
    })
    .to_string()
}
