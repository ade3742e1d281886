//! The explorer: blocks, transactions in plain words first, the common accounts whose sum is zero.

use super::network::{MemberRow, members};
use super::proofs;
use super::settlement::Owed;
use super::story::{PostingLine, postings};
use crate::api::Api;
use crate::api::books::BooksAt;
use crate::api::extract::{Path, Query};
use crate::api::page::{self, Page, Window};
use crate::api::plain::{self, facts, kind};
use crate::api::problem::Problem;
use crate::api::who::authorized::{Allow, Anybody, Authorized, Staff};
use crate::api::wire::{self, Money};
use axum::Json;
use axum::extract::State;
use fairway_chain::FinalBlock;
use fairway_ledger::{Receipt, Transaction};
use fairway_model::canonical::Canonical as _;
use fairway_model::{MemberId, SessionId, Time};
use fairway_utility::door::items;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Names of members and of their validators.
#[derive(Debug, Default)]
pub(crate) struct Names {
    members: BTreeMap<String, String>,
    validators: BTreeMap<String, String>,
}

impl Names {
    /// As the ledger has them now.
    pub(crate) async fn read(api: &Api) -> Self {
        let mut names = Self::default();
        for row in &members(api).await {
            let (id, name, key): (&str, &str, Option<&str>) = MemberRow::known_as(row);
            names.members.insert(id.to_owned(), name.to_owned());
            if let Some(key) = key {
                names
                    .validators
                    .insert(key.to_owned(), format!("{name} ({id})"));
            }
        }
        names
    }

    /// A member's name.
    pub(crate) fn member(&self, id: MemberId) -> String {
        let id = id.to_string();
        self.members.get(&id).cloned().unwrap_or(id)
    }

    /// A validator's name, or its key.
    pub(crate) fn validator(&self, key: &[u8; 32]) -> String {
        let key = hex::encode(key);
        self.validators.get(&key).cloned().unwrap_or(key)
    }
}

/// A block in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BlockRow {
    /// Height, from 1.
    height: u64,
    /// Its time.
    time: String,
    /// Digest of its header.
    digest: String,
    /// Digest of the header before.
    parent: String,
    /// Root of the state after it.
    state_root: String,
    /// Who proposed it.
    proposer: String,
    /// How many transactions it has.
    transactions: usize,
}

/// A transaction in a block.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EntryRow {
    /// Its id.
    transaction: String,
    /// What it is, in plain words.
    plain: String,
    /// The operation.
    kind: String,
    /// Who asked.
    member: Option<String>,
    /// `applied` or `refused`.
    outcome: &'static str,
}

/// A block with its transactions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BlockPage {
    /// As in lists.
    block: BlockRow,
    /// Its transactions in order.
    entries: Vec<EntryRow>,
}

/// One item of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ItemRow {
    /// What it is, in plain words.
    plain: Vec<String>,
    /// The operation.
    kind: String,
    /// `applied` or `refused`.
    outcome: &'static str,
    /// The charge that it is about.
    session: Option<String>,
}

/// A named value.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Fact {
    /// Its name.
    name: String,
    /// Its value.
    value: String,
}

/// A transaction: plain words first, then fields, then bytes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TransactionPage {
    /// Its id.
    transaction: String,
    /// What it is and did, in plain sentences.
    plain: Vec<String>,
    /// The operation.
    kind: String,
    /// Its block.
    height: u64,
    /// The block's time.
    time: String,
    /// Who asked.
    member: String,
    /// Its name.
    member_name: String,
    /// `applied` or `refused`.
    outcome: &'static str,
    /// Why it was refused.
    refusal: Option<super::sessions::RefusalLine>,
    /// The charge that it is about.
    session: Option<String>,
    /// Of a batch: each item.
    items: Vec<ItemRow>,
    /// What was posted; the sum is zero.
    postings: Vec<PostingLine>,
    /// Its fields.
    fields: Vec<Fact>,
    /// Its canonical bytes, hexadecimal.
    bytes: String,
    /// Its receipt's canonical bytes.
    receipt: String,
    /// Validators that signed the block which proves it.
    signers: Vec<String>,
    /// How many validators there were.
    validators: usize,
    /// The block that they signed.
    signed_height: u64,
}

/// An account of the common books.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountRow {
    /// Its name.
    account: String,
    /// `member`, `tax`, `owner`, `token`, `issued`, `redeeming`, `collateral`, or who owes whom.
    kind: String,
    /// Its balance.
    amount: Money,
}

/// The common books after a block.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountsPage {
    /// After this block.
    height: u64,
    /// Whether it is the newest block; when not, ask again: the node reads on.
    complete: bool,
    /// Every account with a balance.
    accounts: Vec<AccountRow>,
    /// Sums by currency: zero.
    sums: Vec<Money>,
    /// What members owe each other.
    positions: Vec<Owed>,
    /// Settled charges.
    charges: usize,
}

/// The state at a block.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AtQuery {
    /// After this block; the newest when left out.
    #[param(minimum = 0)]
    height: Option<u64>,
}

/// What is looked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchQuery {
    /// A height, a transaction, a charge, an agreement or a member.
    q: String,
}

/// Where something is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Found {
    /// `block`, `transaction`, `session`, `agreement`, `member` or `none`.
    kind: &'static str,
    /// The page about it.
    path: Option<String>,
}

fn row(block: &FinalBlock, names: &Names) -> BlockRow {
    BlockRow {
        height: block.height,
        time: Time(block.time_ms).rfc3339(),
        digest: hex::encode(block.digest),
        parent: hex::encode(block.parent),
        state_root: hex::encode(block.state_root),
        proposer: names.validator(&block.proposer),
        transactions: block.txs.len(),
    }
}

fn outcome(receipt: &Receipt) -> &'static str {
    if receipt.refusal().is_some() {
        "refused"
    } else {
        "applied"
    }
}

/// Blocks, the newest first.
#[utoipa::path(get, path = "/api/v1/ledger/blocks", tag = "ledger", extensions(("x-roles" = json!(Staff::ROLES))), params(Window), responses((status = 200, body = Page<BlockRow>)))]
pub(crate) async fn blocks(
    State(api): State<Api>,
    _by: Authorized<Staff>,
    Query(window): Query<Window>,
) -> Result<Json<Page<BlockRow>>, Problem> {
    let limit = usize::try_from(page::limit(window.limit)?).unwrap_or(1);
    let chain = &api.parts().desk.chain;
    let before: Option<u64> = page::place(window.cursor.as_deref())?;
    let mut height = before.map_or_else(|| chain.status().height, |h| h.saturating_sub(1));
    let names = Names::read(&api).await;
    let mut rows = Vec::with_capacity(limit);
    while height > 0 && rows.len() < limit {
        let Some(block) = chain.block(height).await else {
            break;
        };
        rows.push(row(&block, &names));
        height = height.saturating_sub(1);
    }
    let more = height >= chain.status().whole.max(1) && rows.len() == limit;
    let last = rows.last().map(|r| r.height);
    Ok(Json(Page::new(rows, more, last.as_ref())))
}

/// A block with its transactions.
#[utoipa::path(get, path = "/api/v1/ledger/blocks/{height}", tag = "ledger", extensions(("x-roles" = json!(Staff::ROLES))), params(("height" = u64, Path)), responses((status = 200, body = BlockPage)))]
pub(crate) async fn block(
    State(api): State<Api>,
    _by: Authorized<Staff>,
    Path(height): Path<u64>,
) -> Result<Json<BlockPage>, Problem> {
    let chain = &api.parts().desk.chain;
    let Some(block) = chain.block(height).await else {
        let s = chain.status();
        return Err(Problem::not_found(format!(
            "no block {height} here; this node holds whole blocks {} to {}",
            s.whole, s.height
        )));
    };
    let names = Names::read(&api).await;
    let entries = block.txs.iter().map(|(id, tx, receipt)| {
        let read = Transaction::read(tx).and_then(|tx| Ok((tx, Receipt::from_bytes(receipt)?)));
        match read {
            Ok((tx, receipt)) => EntryRow {
                transaction: hex::encode(id),
                plain: plain::sentence(&tx, &names),
                kind: kind(&tx.operation),
                member: Some(tx.member.to_string()),
                outcome: outcome(&receipt),
            },
            Err(error) => EntryRow {
                transaction: hex::encode(id),
                plain: format!("cannot be read by this program: {error}"),
                kind: "unknown".to_owned(),
                member: None,
                outcome: "refused",
            },
        }
    });
    Ok(Json(BlockPage {
        entries: entries.collect(),
        block: row(&block, &names),
    }))
}

fn item_rows(content: &(Transaction, Receipt), names: &Names) -> Vec<ItemRow> {
    let all = items(content).unwrap_or_default();
    if all.len() < 2 && !matches!(content.0.operation, fairway_ledger::Operation::Batch(_)) {
        return Vec::new();
    }
    let rows = all.iter().map(|(tx, receipt)| ItemRow {
        plain: plain::sentences(tx, receipt, names),
        kind: kind(&tx.operation),
        outcome: outcome(receipt),
        session: plain::session(&tx.operation).map(|s| s.to_string()),
    });
    rows.collect()
}

/// A transaction: what it is in plain words, then its fields, then its bytes.
#[utoipa::path(get, path = "/api/v1/ledger/transactions/{transaction}", tag = "ledger", extensions(("x-roles" = json!(Anybody::ROLES))), params(("transaction" = String, Path)), responses((status = 200, body = TransactionPage)))]
pub(crate) async fn transaction(
    State(api): State<Api>,
    _by: Authorized<Anybody>,
    Path(id): Path<String>,
) -> Result<Json<TransactionPage>, Problem> {
    let id = proofs::transaction(&id)?;
    let proof = proofs::find(&api, id).await?;
    let bytes = proofs::followed(&api, &proof).await?;
    let parts = api.parts();
    let checked = fairway_chain::verify_file(&bytes, &parts.chain, &proofs::founders(&api));
    let broken =
        |e: String| Problem::new(axum::http::StatusCode::INTERNAL_SERVER_ERROR, "proof", e);
    let (proven, validators) = checked.map_err(|e| broken(e.to_string()))?;
    let fairway_chain::Proven::Inclusion(found) = proven else {
        return Err(broken("the proof is of another kind".to_owned()));
    };
    let tx = Transaction::read(&found.tx).map_err(|e| broken(e.to_string()))?;
    let receipt = Receipt::from_bytes(&found.receipt).map_err(|e| broken(e.to_string()))?;
    let names = Names::read(&api).await;
    let signers = found.signers.iter().map(|key| names.validator(key));
    let fields = facts(&tx);
    let content = (tx, receipt);
    let (tx, receipt) = &content;
    Ok(Json(TransactionPage {
        transaction: id.hex(),
        plain: plain::sentences(tx, receipt, &names),
        kind: kind(&tx.operation),
        height: found.height,
        time: Time(found.time_ms).rfc3339(),
        member: tx.member.to_string(),
        member_name: names.member(tx.member),
        outcome: outcome(receipt),
        refusal: receipt.refusal().map(super::sessions::RefusalLine::from),
        session: plain::session(&tx.operation).map(|s| s.to_string()),
        items: item_rows(&content, &names),
        postings: postings(receipt),
        fields: fields
            .into_iter()
            .map(|(name, value)| Fact { name, value })
            .collect(),
        bytes: hex::encode(&found.tx),
        receipt: hex::encode(&found.receipt),
        signers: signers.collect(),
        validators: validators.len(),
        signed_height: found.signed_height,
    }))
}

fn accounts_page(at: &BooksAt, newest: u64) -> Result<AccountsPage, Problem> {
    let books = &at.books;
    let (mut accounts, mut positions) = (Vec::new(), Vec::new());
    for balance in books.balances().iter().filter(|b| b.amount.0 != 0) {
        if let Some(name) = balance.name.strip_prefix("account ") {
            accounts.push(AccountRow {
                account: name.to_owned(),
                kind: name.split(':').next().unwrap_or_default().to_owned(),
                amount: Money::new(balance.amount, balance.currency),
            });
        } else if let Some((debtor, creditor)) = balance.name.split_once(" owes ") {
            let parties = MemberId::parse(debtor)
                .ok()
                .zip(MemberId::parse(creditor).ok());
            positions.extend(parties.map(|(debtor, creditor)| {
                Owed::new(debtor, creditor, balance.amount, balance.currency)
            }));
        }
    }
    let sums = books.currencies().into_iter().map(|currency| {
        let sum = books
            .sum(currency)
            .map_err(|e| Problem::busy(e.to_string()))?;
        Ok(Money::new(sum, currency))
    });
    Ok(AccountsPage {
        height: at.height,
        complete: at.height >= newest,
        accounts,
        sums: sums.collect::<Result<_, Problem>>()?,
        positions,
        charges: books.charges(),
    })
}

/// The common books: every account, and that the sum is zero. With a height: as they were after that block.
#[utoipa::path(get, path = "/api/v1/ledger/accounts", tag = "ledger", extensions(("x-roles" = json!(Staff::ROLES))), params(AtQuery), responses((status = 200, body = AccountsPage)))]
pub(crate) async fn accounts(
    State(api): State<Api>,
    _by: Authorized<Staff>,
    Query(query): Query<AtQuery>,
) -> Result<Json<AccountsPage>, Problem> {
    let chain = &api.parts().desk.chain;
    match query.height {
        None => {
            let newest = chain.status().height;
            let at = api.books().newest(chain).await?;
            accounts_page(&at, newest).map(Json)
        }
        Some(height) => {
            let at = api.books().at(chain, height).await?;
            accounts_page(&at, height).map(Json)
        }
    }
}

/// What an id, a height or a member's name leads to.
#[utoipa::path(get, path = "/api/v1/ledger/search", tag = "ledger", extensions(("x-roles" = json!(Staff::ROLES))), params(SearchQuery), responses((status = 200, body = Found)))]
pub(crate) async fn search(
    State(api): State<Api>,
    _by: Authorized<Staff>,
    Query(query): Query<SearchQuery>,
) -> Json<Found> {
    let text = query.q.trim();
    let found = |kind, path: String| {
        Json(Found {
            kind,
            path: Some(path),
        })
    };
    let chain = &api.parts().desk.chain;
    if let Ok(height) = text.parse::<u64>()
        && (1..=chain.status().height).contains(&height)
    {
        return found("block", format!("/explorer/blocks/{height}"));
    }
    if SessionId::parse(text).is_ok() {
        return found("session", format!("/console/sessions/{text}"));
    }
    if wire::agreement(text).is_ok() {
        return found("agreement", format!("/console/agreements/{text}"));
    }
    if let Some(id) = wire::hash(text)
        && chain.proof(id.0).await.is_some()
    {
        return found("transaction", format!("/explorer/transactions/{text}"));
    }
    if MemberId::parse(text).is_ok() {
        return found("member", "/console/network".to_owned());
    }
    Json(Found {
        kind: "none",
        path: None,
    })
}
