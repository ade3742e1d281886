//! The books, looked at again and again while things break: every node's blocks folded, and every database beside them.

use crate::cli::client::Client;
use crate::demo::books::{compare, fold};
use crate::demo::members::{Cast, UTILITIES};
use fairway_ledger::books::Books;
use fairway_model::{Currency, Micro};
use fairway_utility::command::{self, Command, Reply, Status};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Pause between two looks.
const PAUSE: Duration = Duration::from_secs(1);
/// Time for one answer of a member; one that is stopped or overloaded counts as not reached.
const ANSWER: Duration = Duration::from_secs(3);
/// Most blocks of one node that one look folds, so that a node that comes back does not hold up the others.
const MAX_BLOCKS: u64 = 200;
/// A database follows its node a moment later, so that a difference counts when it has stayed this long.
const LAG: Duration = Duration::from_secs(30);

/// One member as the keeper knows it.
#[derive(Debug)]
struct Node {
    cast: Cast,
    client: Client,
    /// Folded up to `height`, where the state had `root`.
    books: Books,
    height: u64,
    root: String,
    /// Height of its ledger; none while it is not reached.
    tip: Option<u64>,
}

/// What a utility says of itself.
struct Own {
    cast: Cast,
    status: Box<Status>,
    books: Box<command::Books>,
}

/// Looks at all members until the demonstration ends.
#[derive(Debug)]
pub(super) struct Keeper {
    nodes: Vec<Node>,
    /// A difference between databases and ledger, and since when.
    differs: Option<(String, Instant)>,
}

async fn in_time<T>(asking: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    tokio::time::timeout(ANSWER, asking)
        .await
        .map_err(|_| "no answer in time".to_owned())?
}

impl Keeper {
    /// A keeper that has seen nothing.
    pub(super) fn new(clients: Vec<(Cast, Client)>) -> Self {
        let node = |(cast, client)| Node {
            cast,
            client,
            books: Books::default(),
            height: 0,
            root: String::new(),
            tip: None,
        };
        Self {
            nodes: clients.into_iter().map(node).collect(),
            differs: None,
        }
    }

    /// Looks, tells, and looks again until nobody listens.
    pub(super) async fn run(mut self, told: watch::Sender<Value>) {
        while !told.is_closed() {
            let found = self.look().await;
            told.send_replace(found);
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn look(&mut self) -> Value {
        for node in &mut self.nodes {
            node.tip = node.ask_height().await.ok();
        }
        let tips = self.nodes.iter().filter_map(|node| node.tip);
        let folded = self.nodes.iter().map(|node| node.height).max();
        let goal = tips.min().max(folded).unwrap_or(0);
        let mut fault = None;
        for node in &mut self.nodes {
            if let Err(problem) = node.follow(goal).await {
                fault = fault.or(Some(format!("{}: {problem}", node.cast.name)));
            }
        }
        let heights: BTreeMap<&str, Option<u64>> = self
            .nodes
            .iter()
            .map(|node| (node.cast.id, node.tip))
            .collect();
        let equal = self.equal();
        let own = self.own().await;
        let journals: Vec<Value> = own
            .iter()
            .map(|o| json!({ "member": o.cast.id, "balanced": o.books.trial_balance == Micro::ZERO }))
            .collect();
        let databases = self.databases(&own);
        let furthest = self.furthest();
        let sum = furthest.map(|node| node.books.sum(Currency::USD));
        json!({
            "height": furthest.map(|node| node.height),
            "heights": heights,
            "compared": equal.0,
            "same": equal.1,
            "zero": sum.is_none_or(|sum| sum == Ok(Micro::ZERO)),
            "charges": furthest.map(|node| node.books.charges()),
            "open": own.iter().map(|o| u64::from(o.status.open)).sum::<u64>(),
            "journals": journals,
            "databases": databases,
            "fault": fault,
        })
    }

    /// The node that was followed furthest.
    fn furthest(&self) -> Option<&Node> {
        self.nodes.iter().max_by_key(|node| node.height)
    }

    /// How many nodes are at the greatest height that was folded, and whether they have one state and one set of books there.
    fn equal(&self) -> (usize, bool) {
        let height = self.nodes.iter().map(|node| node.height).max();
        let there: Vec<&Node> = self
            .nodes
            .iter()
            .filter(|node| Some(node.height) == height)
            .collect();
        let same = there
            .windows(2)
            .all(|pair| matches!(pair, [a, b] if a.root == b.root && a.books == b.books));
        (there.len(), same)
    }

    /// What every utility that is reached says of itself.
    async fn own(&self) -> Vec<Own> {
        let mut found = Vec::new();
        for node in self.nodes.iter().filter(|node| node.tip.is_some()) {
            if UTILITIES.iter().any(|cast| cast.id == node.cast.id)
                && let Ok(own) = in_time(node.ask_own()).await
            {
                found.push(own);
            }
        }
        found
    }

    /// Whether every database says what the ledger says. None while charges are open, a member is away, or a database is a moment behind.
    fn databases(&mut self, own: &[Own]) -> Option<bool> {
        let quiet = |own: &Own| own.status.open == 0 && own.status.outbox == 0;
        if own.len() < UTILITIES.len() || !own.iter().all(quiet) {
            self.differs = None;
            return None;
        }
        let ledger = &self.furthest()?.books;
        let found = own.iter().try_for_each(|o| {
            let member = o.cast.member()?;
            compare(o.cast.name, member, &o.books, ledger)
        });
        let Err(difference) = found else {
            self.differs = None;
            return Some(true);
        };
        let now = crate::environment::instant();
        let (known, since) = self
            .differs
            .take()
            .filter(|(known, _)| *known == difference)
            .unwrap_or((difference, now));
        let stays = now.duration_since(since) > LAG;
        if stays {
            tracing::error!("{known}");
        }
        self.differs = Some((known, since));
        stays.then_some(false)
    }
}

impl Node {
    async fn ask_height(&self) -> Result<u64, String> {
        let status = in_time(self.client.json("/ledger/v1/status")).await?;
        let height = status.get("height").and_then(Value::as_u64);
        height.ok_or_else(|| "its ledger has no height".to_owned())
    }

    /// Folds its blocks up to `goal`, as far as it has them.
    async fn follow(&mut self, goal: u64) -> Result<(), String> {
        let Some(tip) = self.tip.filter(|tip| *tip >= goal) else {
            return Ok(());
        };
        let most = self.height.saturating_add(MAX_BLOCKS);
        let to = goal.min(tip).min(most);
        while self.height < to {
            let next = self.height.saturating_add(1);
            let path = format!("/ledger/v1/block/{next}");
            // A member that ends in the middle is no fault of the books.
            let Ok(block) = in_time(self.client.json(&path)).await else {
                return Ok(());
            };
            self.root = fold(&mut self.books, &block).map_err(|e| format!("block {next}: {e}"))?;
            self.height = next;
        }
        Ok(())
    }

    async fn ask_own(&self) -> Result<Own, String> {
        let status = match self.client.command(&Command::Status).await? {
            Reply::Status(status) => Box::new(status),
            _ => return Err("an answer of another kind".to_owned()),
        };
        let books = match self.client.command(&Command::Books).await? {
            Reply::Books(books) => Box::new(books),
            _ => return Err("an answer of another kind".to_owned()),
        };
        Ok(Own {
            cast: self.cast,
            status,
            books,
        })
    }
}
