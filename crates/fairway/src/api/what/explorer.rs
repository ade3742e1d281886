//! The explorer: blocks, transactions in plain words first, the common accounts whose sum is zero.

use super::network::{MemberRow, members};
use super::proofs;
use super::settlement::Owed;
use super::story::{PostingLine, postings};
use crate::api::Api;
use crate::api::books::BooksAt;
use crate::api::deeds::Plain;
use crate::api::extract::{Path, Query};
use crate::api::page::{self, Page};
use crate::api::plain::{self, facts, kind};
use crate::api::problem::Problem;
use crate::api::who::authorized::{Allow, Anybody, Authorized, Signed, Staff};
use crate::api::wire::said::Said;
use crate::api::wire::{self, Money};
use axum::Json;
use axum::extract::State;
use fairway_chain::FinalBlock;
use fairway_ledger::state::ChargeState;
use fairway_ledger::{Receipt, Transaction, key_for_charge};
use fairway_model::canonical::Canonical as _;
use fairway_model::{MemberId, SessionId, Time};
use fairway_utility::desk::DeskQuestion;
use fairway_utility::door::items;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Most blocks that one page looks into because they were not read yet.
const MAX_UNREAD: usize = 2_000;

/// Fewest characters of a member's name that find it.
const LEAST_OF_NAME: usize = 3;

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
    /// What it is, in plain English words.
    plain: String,
    /// The same by its code; none where only English has the sentence.
    said: Option<Said>,
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
    /// What it is, in plain English sentences.
    plain: Vec<String>,
    /// The same by their codes, in the same order; none where only English has a sentence.
    said: Vec<Option<Said>>,
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
    /// What it is and did, in plain English sentences.
    plain: Vec<String>,
    /// The same by their codes, in the same order; none where only English has a sentence.
    said: Vec<Option<Said>>,
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
    /// The block that was asked for; without a height the newest one.
    wanted: u64,
    /// Whether that block was read; when not, ask again: the node reads on.
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

/// Which blocks.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct BlocksQuery {
    /// Entries of the page, 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[A-Za-z0-9_-]{2,512}$")]
    cursor: Option<String>,
    /// Only blocks with transactions.
    filled: Option<bool>,
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

/// Blocks with transactions below a height: those that the reader knows, and above what it has read the blocks themselves.
async fn filled(api: &Api, before: u64, limit: usize) -> Result<Page<BlockRow>, Problem> {
    let chain = &api.parts().desk.chain;
    let names = Names::read(api).await;
    // One more than is shown tells whether there are more.
    let known = api.reader().filled(before, limit.saturating_add(1)).await;
    let unread = known.read.saturating_add(1)..before;
    let heights = unread.rev().take(MAX_UNREAD).chain(known.heights);
    let (mut rows, mut more) = (Vec::with_capacity(limit), false);
    for height in heights {
        let block = chain.block(height).await;
        let Some(block) = block.filter(|block| !block.txs.is_empty()) else {
            continue;
        };
        more = rows.len() == limit;
        if more {
            break;
        }
        rows.push(row(&block, &names));
    }
    let last = rows.last().map(|r| r.height);
    Ok(Page::new(rows, more, last.as_ref()))
}

/// Blocks, the newest first.
#[utoipa::path(get, path = "/api/v1/ledger/blocks", tag = "ledger", extensions(("x-roles" = json!(Staff::ROLES))), params(BlocksQuery), responses((status = 200, body = Page<BlockRow>)))]
pub(crate) async fn blocks(
    State(api): State<Api>,
    _by: Authorized<Staff>,
    Query(query): Query<BlocksQuery>,
) -> Result<Json<Page<BlockRow>>, Problem> {
    let limit = usize::try_from(page::limit(query.limit)?).unwrap_or(1);
    let chain = &api.parts().desk.chain;
    let before: Option<u64> = page::place(query.cursor.as_deref())?;
    if query.filled == Some(true) {
        let before = before.unwrap_or_else(|| chain.status().height.saturating_add(1));
        return filled(&api, before, limit).await.map(Json);
    }
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
            Ok((tx, receipt)) => {
                let Plain { english, said } = plain::sentence(&tx, &names);
                EntryRow {
                    transaction: hex::encode(id),
                    plain: english,
                    said,
                    kind: kind(&tx.operation),
                    member: Some(tx.member.to_string()),
                    outcome: outcome(&receipt),
                }
            }
            Err(error) => EntryRow {
                transaction: hex::encode(id),
                plain: format!("cannot be read by this program: {error}"),
                said: None,
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

/// Plain sentences in English, and by their codes.
fn told(tx: &Transaction, receipt: &Receipt, names: &Names) -> (Vec<String>, Vec<Option<Said>>) {
    let all = plain::sentences(tx, receipt, names).into_iter();
    all.map(|one| (one.english, one.said)).unzip()
}

fn item_rows(content: &(Transaction, Receipt), names: &Names) -> Vec<ItemRow> {
    let all = items(content).unwrap_or_default();
    if all.len() < 2 && !matches!(content.0.operation, fairway_ledger::Operation::Batch(_)) {
        return Vec::new();
    }
    let rows = all.iter().map(|(tx, receipt)| {
        let (plain, said) = told(tx, receipt, names);
        ItemRow {
            plain,
            said,
            kind: kind(&tx.operation),
            outcome: outcome(receipt),
            session: plain::session(&tx.operation).map(|s| s.to_string()),
        }
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
    let (plain, said) = told(tx, receipt, &names);
    Ok(Json(TransactionPage {
        transaction: id.hex(),
        plain,
        said,
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

fn accounts_page(at: &BooksAt, wanted: u64) -> Result<AccountsPage, Problem> {
    let moved = at.accounts.iter().filter(|(.., amount)| amount.0 != 0);
    let accounts = moved.map(|(account, currency, amount)| {
        let name = account.to_string();
        AccountRow {
            kind: name.split(':').next().unwrap_or_default().to_owned(),
            account: name,
            amount: Money::new(*amount, *currency),
        }
    });
    let owed = at.positions.iter().filter(|(.., amount)| amount.0 != 0);
    let positions = owed.map(|(debtor, creditor, currency, amount)| {
        Owed::new(*debtor, *creditor, *amount, *currency)
    });
    let sums = at.sums().map_err(|e| Problem::busy(e.to_string()))?;
    let sums = sums
        .into_iter()
        .map(|(currency, sum)| Money::new(sum, currency));
    Ok(AccountsPage {
        height: at.height,
        wanted,
        complete: at.height >= wanted,
        accounts: accounts.collect(),
        sums: sums.collect(),
        positions: positions.collect(),
        charges: at.charges,
    })
}

/// The common books: every account, and that the sum is zero. With a height: as they were after that block.
#[utoipa::path(get, path = "/api/v1/ledger/accounts", tag = "ledger", extensions(("x-roles" = json!(Staff::ROLES))), params(AtQuery), responses((status = 200, body = AccountsPage)))]
pub(crate) async fn accounts(
    State(api): State<Api>,
    _by: Authorized<Staff>,
    Query(query): Query<AtQuery>,
) -> Result<Json<AccountsPage>, Problem> {
    let newest = api.parts().desk.chain.status().height;
    let wanted = query.height.unwrap_or(newest);
    if wanted > newest {
        let text = format!("block {wanted} is not final; the newest is {newest}");
        return Err(Problem::not_found(text));
    }
    let at = api.reader().books(wanted).await?;
    accounts_page(&at, wanted).map(Json)
}

/// What an id, a height or a member's name leads to.
#[utoipa::path(get, path = "/api/v1/ledger/search", tag = "ledger", extensions(("x-roles" = json!(Staff::ROLES))), params(SearchQuery), responses((status = 200, body = Found)))]
pub(crate) async fn search(
    State(api): State<Api>,
    by: Authorized<Staff>,
    Query(query): Query<SearchQuery>,
) -> Json<Found> {
    let found = lookup(&api, &by, query.q.trim()).await;
    let (kind, path) = found.map_or(("none", None), |(kind, path)| (kind, Some(path)));
    Json(Found { kind, path })
}

/// The kind of what a text names, and the page about it that this member can show.
async fn lookup(api: &Api, by: &Signed, text: &str) -> Option<(&'static str, String)> {
    let chain = &api.parts().desk.chain;
    if let Ok(height) = text.parse::<u64>()
        && (1..=chain.status().height).contains(&height)
    {
        return Some(("block", format!("/explorer/blocks/{height}")));
    }
    if let Ok(session) = SessionId::parse(text) {
        return of_session(api, by, session).await;
    }
    if let Ok(id) = wire::agreement(text) {
        let (_, own) = super::agreements::find(api, by, id).await.ok()?;
        let pages = if own.is_some() { "console" } else { "explorer" };
        return Some(("agreement", format!("/{pages}/agreements/{id}")));
    }
    if let Some(id) = wire::hash(text)
        && chain.proof(id.0).await.is_some()
    {
        return Some(("transaction", format!("/explorer/transactions/{text}")));
    }
    let roll = members(api).await;
    let names = roll.iter().map(|row| {
        let (id, name, _) = row.known_as();
        (id, name)
    });
    let member = match named(names, text) {
        Some(member) => member.to_owned(),
        None => MemberId::parse(text).ok()?.to_string(),
    };
    if api.is_utility() {
        return Some(("member", "/console/network".to_owned()));
    }
    Some(("member", format!("/explorer/agreements?q={member}")))
}

/// The id of the member of a name, whatever its case; a part of a name will do when it is in no other's.
fn named<'a>(members: impl Iterator<Item = (&'a str, &'a str)>, text: &str) -> Option<&'a str> {
    let wanted = text.to_lowercase();
    let names: Vec<(&str, String)> = members.map(|(id, n)| (id, n.to_lowercase())).collect();
    let whole = names.iter().find(|(_, name)| *name == wanted);
    let mut parts = names.iter().filter(|(_, name)| name.contains(&wanted));
    let part = parts.next().filter(|_| parts.next().is_none());
    let long = wanted.chars().count() >= LEAST_OF_NAME;
    whole.or(part.filter(|_| long)).map(|(id, _)| *id)
}

/// A charge: its story where this member had a part in it, and everywhere the transaction that settled it.
async fn of_session(api: &Api, by: &Signed, id: SessionId) -> Option<(&'static str, String)> {
    if api.ask(by, DeskQuestion::Charge(id)).await.is_ok() {
        return Some(("session", format!("/console/sessions/{id}")));
    }
    let chain = &api.parts().desk.chain;
    let charge = chain.get(key_for_charge(id)).await?;
    let charge = ChargeState::from_bytes(&charge).ok()?;
    let block = chain.block(charge.height).await?;
    let settles = |(_, tx, receipt): &&(_, axum::body::Bytes, Vec<u8>)| {
        let content = Transaction::read(tx).and_then(|tx| Ok((tx, Receipt::from_bytes(receipt)?)));
        content.is_ok_and(|content| super::story::own_item(&content, id).is_some())
    };
    let (transaction, ..) = block.txs.iter().find(settles)?;
    let transaction = hex::encode(transaction);
    Some((
        "transaction",
        format!("/explorer/transactions/{transaction}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_found_by_its_name_or_a_part_that_no_other_has() {
        let members = [
            ("US*DUK", "Duke Energy"),
            ("US*ALP", "Alabama Power"),
            ("US*GPC", "Georgia Power"),
            ("US*PWR", "Power"),
        ];
        let find = |text| named(members.into_iter(), text);
        assert_eq!(find("duke energy"), Some("US*DUK"));
        assert_eq!(find("GEORGIA"), Some("US*GPC"));
        // The whole name of one counts before the part that several have.
        assert_eq!(find("power"), Some("US*PWR"));
        for none in ["energ y", "owe", "du", "", "US*DUK"] {
            assert_eq!(find(none), None, "{none:?}");
        }
    }
}
