//! The common books, folded from the node's own blocks: who has what, and that the sum is zero.

use super::problem::Problem;
use crate::environment;
use axum::http::StatusCode;
use fairway_chain::Handle;
use fairway_ledger::Books;
use std::time::Duration;
use tokio::sync::Mutex;

/// Time that one request spends on blocks which were not read yet; the next request goes on.
const BUDGET: Duration = Duration::from_secs(2);
/// Time for the books of an earlier height, which are folded from the beginning.
const EARLIER_BUDGET: Duration = Duration::from_secs(6);

/// Books after a block.
#[derive(Debug, Clone, Default)]
pub(crate) struct BooksAt {
    /// The books.
    pub(crate) books: Books,
    /// After this block.
    pub(crate) height: u64,
}

/// The books after the newest block that was read.
#[derive(Debug, Default)]
pub(crate) struct BooksKeeper(Mutex<BooksAt>);

impl BooksAt {
    /// Reads on up to a height, as far as the time reaches.
    async fn read_on(&mut self, chain: &Handle, to: u64, budget: Duration) -> Result<(), Problem> {
        let begin = environment::instant();
        while self.height < to && begin.elapsed() < budget {
            let next = self.height.saturating_add(1);
            let Some(block) = chain.block(next).await else {
                return Ok(());
            };
            for (_, tx, receipt) in &block.txs {
                self.books.record(tx, receipt).map_err(|e| {
                    Problem::new(
                        StatusCode::INTERNAL_SERVER_ERROR,
                        "books",
                        format!("block {next} does not fold: {e}; `fairway audit` names the fault"),
                    )
                })?;
            }
            self.height = next;
        }
        Ok(())
    }
}

fn whole(chain: &Handle) -> Result<(), Problem> {
    let first = chain.status().whole;
    if first > 1 {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "blocks-missing",
            format!(
                "this node holds whole blocks from {first} on only; books are folded from the first one: ask a member that keeps every block"
            ),
        ));
    }
    Ok(())
}

impl BooksKeeper {
    /// The books after the newest block, or after the one that was reached in time.
    pub(crate) async fn newest(&self, chain: &Handle) -> Result<BooksAt, Problem> {
        whole(chain)?;
        let mut kept = self.0.lock().await;
        kept.read_on(chain, chain.status().height, BUDGET).await?;
        Ok(kept.clone())
    }

    /// The books after a block of the past.
    pub(crate) async fn at(&self, chain: &Handle, height: u64) -> Result<BooksAt, Problem> {
        whole(chain)?;
        let newest = chain.status().height;
        if height > newest {
            return Err(Problem::not_found(format!(
                "block {height} is not final; the newest is {newest}"
            )));
        }
        let mut books = BooksAt::default();
        books.read_on(chain, height, EARLIER_BUDGET).await?;
        if books.height < height {
            return Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "too-far",
                format!(
                    "the books after block {height} take longer than {} s to fold; `fairway ledger export --to {height}` and `fairway audit` do it without haste",
                    EARLIER_BUDGET.as_secs()
                ),
            ));
        }
        Ok(books)
    }
}
