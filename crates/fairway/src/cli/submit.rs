//! Commands that change what the ledger says: handed in, then looked for in the blocks that follow.

use super::client::{Client, Target};
use super::say;
use crate::config::Config;
use crate::environment;
use crate::genesis::{Genesis, Keys};
use clap::Args;
use fairway_ledger::{Operation, Receipt, Transaction, TxNonce};
use fairway_model::canonical::Canonical as _;
use fairway_model::{Hash, MemberId, Refusal};
use fairway_utility::command::{Command, Reply, Status};
use std::path::PathBuf;
use std::time::Duration;

/// Longest wait for a block.
pub(super) const FINAL: Duration = Duration::from_secs(10);
/// Time between two looks.
pub(super) const LOOK: Duration = Duration::from_millis(100);

/// Which member's desk a command goes to.
#[derive(Debug, Clone, Args)]
pub(crate) struct Desk {
    /// The member's configuration file: it tells the address and where the operator's token is.
    #[arg(long, default_value = "fairway.toml")]
    config: PathBuf,
}

/// An operation that is final.
#[derive(Debug)]
pub(crate) struct Handed {
    /// The block that holds it.
    pub(crate) height: u64,
    /// The nonce that its transaction has used.
    pub(crate) nonce: TxNonce,
    /// What became of it.
    pub(crate) receipt: Receipt,
}

impl Desk {
    /// The desk of the member with this configuration file.
    pub(crate) const fn of(config: PathBuf) -> Self {
        Self { config }
    }

    /// The height of the member's ledger node.
    ///
    /// # Errors
    /// Why the member was not reached.
    pub(crate) async fn height(&self) -> Result<u64, String> {
        ledger_height(&self.client()?).await
    }

    /// Signs an operation with the member's key, hands it in at its ledger node, and waits for the block that answers it.
    /// Works for witnesses too, which have no utility to sign for them. `what` begins the sentence of an error.
    ///
    /// # Errors
    /// The refusal of the ledger, or why the member was not reached.
    pub(crate) async fn hand_in(&self, what: &str, operation: Operation) -> Result<Handed, String> {
        let (client, me, config) = (self.client()?, self.member()?, self.config()?);
        let keys = Keys::read(&config.path(&config.keys))?;
        let genesis = Genesis::read(&config.path(&config.genesis)).map_err(|e| e.to_string())?;
        let nonce = TxNonce(Hash(environment::entropy()).short());
        let tx = Transaction::sign(&genesis.chain_id, me, nonce, operation, &keys.member);
        let next = ledger_height(&client).await?.saturating_add(1);
        client.hand_in(tx.to_bytes()).await?;
        if let Some((height, receipt)) = awaited(&client, me, next, |o| *o == tx.operation).await? {
            if let Some(refusal) = receipt.refusal() {
                return Err(format!(
                    "{what}: refused by the ledger in block {height}: {refusal}"
                ));
            }
            return Ok(Handed {
                height,
                nonce,
                receipt,
            });
        }
        Err(format!(
            "{what}: submitted, not final yet after {} s; `fairway ledger status` says whether blocks are made",
            FINAL.as_secs()
        ))
    }

    /// The configuration.
    pub(super) fn config(&self) -> Result<Config, String> {
        Config::read(&self.config).map_err(|e| e.to_string())
    }

    /// The member's id.
    pub(super) fn member(&self) -> Result<MemberId, String> {
        MemberId::parse(&self.config()?.member).map_err(|e| e.to_string())
    }

    /// A connection.
    pub(super) fn client(&self) -> Result<Client, String> {
        Client::of(&Target {
            config: self.config.clone(),
            json: false,
        })
    }
}

/// What the utility has seen.
pub(super) async fn status(client: &Client) -> Result<Status, String> {
    match client.command(&Command::Status).await? {
        Reply::Status(status) => Ok(status),
        _ => Err("the utility gave an answer of another kind".to_owned()),
    }
}

/// Hands a command in and waits for the block that answers it. `ours` recognises its operation on the ledger; `what` begins the
/// printed sentence.
///
/// # Errors
/// The refusal of the utility or of the ledger, or why the member was not reached.
pub(super) async fn submit(
    desk: &Desk,
    command: &Command,
    what: &str,
    ours: impl Fn(&Operation) -> bool,
) -> Result<(), String> {
    let (client, me) = (desk.client()?, desk.member()?);
    let next = ledger_height(&client).await?.saturating_add(1);
    client.command(command).await?;
    if let Some((height, receipt)) = awaited(&client, me, next, ours).await? {
        let outcome = receipt.refusal().cloned().map_or(Ok(()), Err);
        return told(&client, what, height, outcome).await;
    }
    say(&format!(
        "{what}: submitted, not final yet after {} s; `fairway ledger status` says whether blocks are made, and a refusal stands in the log of `fairway serve`",
        FINAL.as_secs()
    ));
    Ok(())
}

/// As [`Desk::hand_in`], and says in which block. Returns the nonce that the transaction has used, and its receipt.
///
/// # Errors
/// As [`Desk::hand_in`].
pub(super) async fn hand_in(
    desk: &Desk,
    what: &str,
    operation: Operation,
) -> Result<(TxNonce, Receipt), String> {
    let done = desk.hand_in(what, operation).await?;
    say(&format!("{what}: final in block {}", done.height));
    Ok((done.nonce, done.receipt))
}

/// The first block from `next` on that answers an operation of ours, with the receipt; none when it does not come in time.
async fn awaited(
    client: &Client,
    me: MemberId,
    mut next: u64,
    ours: impl Fn(&Operation) -> bool,
) -> Result<Option<(u64, Receipt)>, String> {
    let begin = environment::instant();
    while begin.elapsed() < FINAL {
        let newest = ledger_height(client).await?;
        while next <= newest {
            let Ok(block) = client.json(&format!("/ledger/v1/block/{next}")).await else {
                // Counted already and not readable yet: at the next look.
                break;
            };
            if let Some(receipt) = answer(&block, me, &ours) {
                return Ok(Some((next, receipt)));
            }
            next = next.saturating_add(1);
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(None)
}

async fn ledger_height(client: &Client) -> Result<u64, String> {
    let status = client.json("/ledger/v1/status").await?;
    status
        .get("height")
        .and_then(serde_json::Value::as_u64)
        .ok_or_else(|| "/ledger/v1/status: no height".to_owned())
}

/// The receipt of our operation in a block, if it holds it.
fn answer(
    block: &serde_json::Value,
    me: MemberId,
    ours: impl Fn(&Operation) -> bool,
) -> Option<Receipt> {
    let bytes =
        |entry: &serde_json::Value, name: &str| hex::decode(entry.get(name)?.as_str()?).ok();
    block.get("entries")?.as_array()?.iter().find_map(|entry| {
        let transaction = Transaction::from_bytes(&bytes(entry, "transaction")?).ok()?;
        if transaction.member != me || !ours(&transaction.operation) {
            return None;
        }
        Receipt::from_bytes(&bytes(entry, "receipt")?).ok()
    })
}

/// Prints the outcome, once the utility has seen its block too, so that the next command finds it.
async fn told(
    client: &Client,
    what: &str,
    height: u64,
    outcome: Result<(), Refusal>,
) -> Result<(), String> {
    outcome
        .map_err(|refusal| format!("{what}: refused by the ledger in block {height}: {refusal}"))?;
    let begin = environment::instant();
    while status(client).await?.height < height && begin.elapsed() < FINAL {
        tokio::time::sleep(LOOK).await;
    }
    say(&format!("{what}: final in block {height}"));
    Ok(())
}
