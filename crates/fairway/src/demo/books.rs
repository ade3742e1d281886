//! The books of the ledger, folded from every node's blocks, against the books of every database.

use super::members::{Cast, UTILITIES, WITNESS, everybody};
use super::setup;
use super::world::World;
use crate::audit::audit;
use crate::cli::client::Client;
use fairway_ledger::books::Books;
use fairway_model::{Currency, Micro};
use fairway_utility::command::{self, Command, Reply};
use serde_json::Value;
use std::time::Duration;

/// Longest wait for open charges to close and for nodes to reach one height.
const SETTLE: Duration = Duration::from_secs(90);

/// Waits until no utility has an open charge.
pub(crate) async fn all_closed(world: &World) -> Result<(), String> {
    let begin = crate::environment::instant();
    for cast in UTILITIES {
        loop {
            let status = setup::status(world, cast).await?;
            if status.open == 0 && status.outbox == 0 {
                break;
            }
            if begin.elapsed() > SETTLE {
                return Err(format!(
                    "{}: {} charges are open and {} messages wait after {} s",
                    cast.name,
                    status.open,
                    status.outbox,
                    SETTLE.as_secs()
                ));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    Ok(())
}

fn bytes(entry: &Value, field: &str) -> Result<Vec<u8>, String> {
    let text = entry
        .get(field)
        .and_then(Value::as_str)
        .ok_or_else(|| format!("no {field} in a block"))?;
    hex::decode(text).map_err(|e| e.to_string())
}

/// Adds one block to the books; gives the state root behind it.
pub(crate) fn fold(books: &mut Books, block: &Value) -> Result<String, String> {
    let entries = block.get("entries").and_then(Value::as_array);
    for entry in entries.into_iter().flatten() {
        books
            .record(&bytes(entry, "transaction")?, &bytes(entry, "receipt")?)
            .map_err(|e| e.to_string())?;
    }
    let root = block.get("state_root").and_then(Value::as_str);
    Ok(root.unwrap_or_default().to_owned())
}

/// Folds the blocks of one node up to `height`; gives the books and the state root there.
async fn folded(client: &Client, height: u64) -> Result<(Books, String), String> {
    let mut books = Books::default();
    let mut root = String::new();
    for at in 1..=height {
        let block = client.json(&format!("/ledger/v1/block/{at}")).await?;
        root = fold(&mut books, &block).map_err(|e| format!("block {at}: {e}"))?;
    }
    Ok((books, root))
}

/// Height of one node's ledger.
async fn height_of(world: &World, cast: Cast) -> Result<u64, String> {
    let status = world.client(cast)?.json("/ledger/v1/status").await?;
    Ok(status.get("height").and_then(Value::as_u64).unwrap_or(0))
}

/// The greatest height of any node, once all have reached it.
async fn common_height(world: &World) -> Result<u64, String> {
    let mut height = 0;
    for cast in everybody() {
        height = height.max(height_of(world, cast).await?);
    }
    let begin = crate::environment::instant();
    for cast in everybody() {
        while height_of(world, cast).await? < height {
            if begin.elapsed() > SETTLE {
                return Err(format!(
                    "the node of {} does not reach height {height} in {} s",
                    cast.name,
                    SETTLE.as_secs()
                ));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(height)
}

/// Plays the auditor: an export of one node, executed again with nothing but the genesis file, gives the books that another
/// node's blocks give. Tells how far the export reaches and how long it is.
pub(crate) async fn audited(world: &World) -> Result<(u64, u64), String> {
    let (exporting, other) = (world.client(UTILITIES[0])?, world.client(WITNESS)?);
    let mut file = Vec::new();
    let chain = &world.genesis.chain_id;
    crate::cli::write_export(&exporting, chain, &mut file, 1, None).await?;
    let genesis = world.genesis.clone();
    let work = tokio::task::spawn_blocking(move || audit(&mut file.as_slice(), &genesis));
    let report = work
        .await
        .map_err(|e| e.to_string())?
        .map_err(|e| format!("the audit: {e}"))?;
    let (books, root) = folded(&other, report.audited.last).await?;
    if books != report.books || root != hex::encode(report.audited.state_root) {
        return Err("the auditor's books or state root differ from a node's".into());
    }
    Ok((report.audited.last, report.audited.bytes))
}

/// Folds every node's blocks and compares: one state, one set of books.
///
/// # Errors
/// What differs, and between whom.
pub async fn ledger(world: &World) -> Result<(Books, u64), String> {
    let height = common_height(world).await?;
    let mut first: Option<(Books, String)> = None;
    for cast in everybody() {
        let found = folded(&world.client(cast)?, height)
            .await
            .map_err(|e| format!("{}: {e}", cast.name))?;
        match &first {
            None => first = Some(found),
            Some(same) if *same == found => {}
            Some(_) => {
                return Err(format!(
                    "at height {height} the node of {} has another state than the first",
                    cast.name
                ));
            }
        }
    }
    let (books, _) = first.ok_or("no nodes")?;
    let sum = books.sum(Currency::USD).map_err(|e| e.to_string())?;
    if sum != Micro::ZERO {
        return Err(format!(
            "the ledger's accounts sum to {sum:?} instead of zero"
        ));
    }
    Ok((books, height))
}

/// Compares every utility's own books with the ledger's.
pub(crate) async fn databases(world: &World, ledger: &Books) -> Result<Micro, String> {
    let mut billed = Vec::new();
    for cast in UTILITIES {
        let reply = world.client(cast)?.command(&Command::Books).await?;
        let Reply::Books(own) = reply else {
            return Err("an answer of another kind".into());
        };
        compare(cast.name, cast.member()?, &own, ledger)?;
        billed.push(own.billed);
    }
    Micro::sum(billed).map_err(|e| e.to_string())
}

/// Compares what a utility's database says with the ledger.
pub(crate) fn compare(
    name: &str,
    me: fairway_model::MemberId,
    own: &command::Books,
    ledger: &Books,
) -> Result<(), String> {
    if own.trial_balance != Micro::ZERO {
        return Err(format!(
            "{name}: the journal sums to {:?} instead of zero",
            own.trial_balance
        ));
    }
    let (mut home, mut visited, mut billed) = (0u64, 0u64, Vec::new());
    for other in UTILITIES {
        let other = other.member()?;
        let as_home = ledger.turnover(me, other, Currency::USD);
        home = home.saturating_add(as_home.charges);
        billed.push(as_home.total);
        visited = visited.saturating_add(ledger.turnover(other, me, Currency::USD).charges);
        let owed = ledger
            .position(other, me, Currency::USD)
            .minus(ledger.position(me, other, Currency::USD))
            .map_err(|e| e.to_string())?;
        let noted = own
            .positions
            .iter()
            .filter(|(m, c, _)| *m == other && *c == Currency::USD)
            .map(|(_, _, a)| *a);
        let noted = Micro::sum(noted).map_err(|e| e.to_string())?;
        if other != me && noted != owed {
            return Err(format!(
                "{name}: its database says that {other} owes it {noted:?}, the ledger says {owed:?}"
            ));
        }
    }
    let billed = Micro::sum(billed).map_err(|e| e.to_string())?;
    if (own.settled_home, own.settled_visited, own.billed) != (home, visited, billed) {
        return Err(format!(
            "{name}: its database has {} home and {} visited charges and {:?} billed, the ledger {home}, {visited} and {billed:?}",
            own.settled_home, own.settled_visited, own.billed
        ));
    }
    Ok(())
}
