//! Who owes whom: positions, netting cycles, obligations, statements.

use crate::api::extract::Query;
use crate::api::page::All;
use crate::api::problem::Problem;
use crate::api::who::authorized::{Accounting, Allow, Authorized, Signed, Staff};
use crate::api::wire::{self, Money};
use crate::api::{Api, other_answer};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use fairway_ledger::money::UtcDay;
use fairway_model::{Currency, MemberId, Micro};
use fairway_utility::command::{
    Command, CycleView, MoneyCommand, MoneyReply, ObligationView, Reply, StatementLine,
    StatementRequest,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What one member owes another.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Owed {
    /// Who owes.
    pub(crate) debtor: String,
    /// Whom.
    pub(crate) creditor: String,
    /// How much.
    pub(crate) amount: Money,
}

impl Owed {
    pub(crate) fn new(
        debtor: MemberId,
        creditor: MemberId,
        amount: Micro,
        currency: Currency,
    ) -> Self {
        Self {
            debtor: debtor.to_string(),
            creditor: creditor.to_string(),
            amount: Money::new(amount, currency),
        }
    }
}

/// A closed netting cycle.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Cycle)]
pub(crate) struct NettingCycle {
    /// ISO 4217.
    currency: String,
    /// The midnight at which it ended.
    cycle: String,
    /// Block that closed it.
    height: u64,
    /// Transaction that closed it.
    transaction: String,
    /// When.
    closed_at: String,
    /// Who owed whom before.
    before: Vec<Owed>,
    /// Who owes whom after.
    after: Vec<Owed>,
    /// Sum before.
    gross: Money,
    /// Sum after: the saving is the difference.
    net: Money,
    /// The last day of payment in time.
    due: String,
}

impl From<&CycleView> for NettingCycle {
    fn from(view: &CycleView) -> Self {
        let s = &view.summary;
        let currency = s.currency;
        let before = s.positions.iter();
        let before = before.map(|p| Owed::new(p.debtor, p.creditor, p.amount, currency));
        let after = s.transfers.iter();
        let after = after.map(|t| Owed::new(t.debtor, t.creditor, t.amount, currency));
        Self {
            currency: currency.to_string(),
            cycle: s.cycle.to_string(),
            height: view.height,
            transaction: view.transaction.hex(),
            closed_at: view.closed_at.rfc3339(),
            before: before.collect(),
            after: after.collect(),
            gross: Money::new(s.gross, currency),
            net: Money::new(s.net, currency),
            due: s.due.to_string(),
        }
    }
}

/// An obligation of or to this member.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Obligation)]
pub(crate) struct ObligationLine {
    /// Its name.
    obligation: String,
    /// The cycle that made it.
    cycle: String,
    /// Who owes.
    debtor: String,
    /// Whom.
    creditor: String,
    /// As the cycle left it.
    amount: Money,
    /// What is unpaid, charged interest included.
    open: Money,
    /// Interest that ran up and is not charged.
    accrued: Money,
    /// The last day of payment in time.
    due: String,
    /// Whether that day is over and something is unpaid.
    overdue: bool,
    /// Whether the debtor says that money is on its way.
    sent: bool,
    /// Transaction that made it.
    transaction: String,
    /// Its block.
    height: u64,
}

impl From<&ObligationView> for ObligationLine {
    fn from(o: &ObligationView) -> Self {
        let money = |value| Money::new(value, o.id.currency);
        Self {
            obligation: o.id.to_string(),
            cycle: o.id.cycle.to_string(),
            debtor: o.id.debtor.to_string(),
            creditor: o.id.creditor.to_string(),
            amount: money(o.amount),
            open: money(o.open),
            accrued: money(o.accrued),
            due: o.due.to_string(),
            overdue: o.overdue,
            sent: o.sent.is_some(),
            transaction: o.transaction.hex(),
            height: o.height,
        }
    }
}

/// What is not paid yet.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OpenMoney {
    /// Not netted yet, between this member and its partners.
    positions: Vec<Owed>,
    /// Netted; open ones first.
    obligations: Vec<ObligationLine>,
}

/// Which statement.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatementQuery {
    /// With whom.
    #[param(pattern = "^[A-Z]{2}\\*?[A-Z0-9]{3}$")]
    partner: String,
    /// In which currency, ISO 4217.
    #[param(pattern = "^[A-Z]{3}$")]
    currency: String,
    /// Of which cycle, as in 2026-11-17; left out: what is not netted yet.
    #[param(format = Date)]
    cycle: Option<String>,
}

/// One line of a statement.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatementEntry {
    /// `charge`, `payment`, `carried`, `trade` or `conversion`.
    kind: String,
    /// Who owes.
    debtor: String,
    /// Whom.
    creditor: String,
    /// By how much what is owed changes.
    amount: Money,
    /// The charge.
    session: Option<String>,
    /// Transaction.
    transaction: String,
    /// Block.
    height: u64,
    /// When.
    at: String,
    /// The cycle in which it was netted.
    cycle: Option<String>,
}

impl From<&StatementLine> for StatementEntry {
    fn from(l: &StatementLine) -> Self {
        Self {
            kind: wire::word(&l.kind),
            debtor: l.debtor.to_string(),
            creditor: l.creditor.to_string(),
            amount: Money::new(l.amount, l.currency),
            session: l.session.map(|s| s.to_string()),
            transaction: l.transaction.hex(),
            height: l.height,
            at: l.at.rfc3339(),
            cycle: l.cycle.map(|c| c.to_string()),
        }
    }
}

/// What stood between two members.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatementBody {
    /// Who states it.
    member: String,
    /// With whom.
    partner: String,
    /// ISO 4217.
    currency: String,
    /// Which cycle; none: not netted yet.
    cycle: Option<String>,
    /// Its lines in the order of the ledger.
    lines: Vec<StatementEntry>,
    /// What was netted, or stands; positive when the partner owes.
    total: Money,
    /// What of it no line explains: credits and disputes.
    other: Money,
}

/// An account of this member's own journal.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JournalAccount {
    /// Its name.
    account: String,
    /// Balance in millionths, over all currencies.
    amount_micro: i64,
}

/// This member's own books.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnBooks {
    /// Sum over all accounts: zero, or the books are wrong.
    trial_balance_micro: i64,
    /// Every account.
    accounts: Vec<JournalAccount>,
    /// Charges settled as home utility.
    settled_home: u64,
    /// Charges settled as visited utility.
    settled_visited: u64,
    /// What partners owe, less what is owed to them.
    positions: Vec<Owed>,
}

async fn money(api: &Api, by: &Signed, command: MoneyCommand) -> Result<MoneyReply, Problem> {
    match api
        .tell(by, rand::random(), Command::Money(command))
        .await?
    {
        Reply::Money(reply) => Ok(reply),
        _ => Err(other_answer()),
    }
}

async fn own_books(api: &Api, by: &Signed) -> Result<OwnBooks, Problem> {
    let Reply::Books(books) = api.tell(by, rand::random(), Command::Books).await? else {
        return Err(other_answer());
    };
    let me = api.parts().member.id;
    let positions = books
        .positions
        .iter()
        .filter(|(_, _, amount)| amount.0 != 0);
    let positions = positions.map(|(partner, currency, amount)| {
        let size = Micro(amount.0.saturating_abs());
        if amount.0 > 0 {
            Owed::new(*partner, me, size, *currency)
        } else {
            Owed::new(me, *partner, size, *currency)
        }
    });
    let accounts = books.accounts.iter().map(|(name, amount)| JournalAccount {
        account: name.clone(),
        amount_micro: amount.0,
    });
    Ok(OwnBooks {
        trial_balance_micro: books.trial_balance.0,
        accounts: accounts.collect(),
        settled_home: books.settled_home,
        settled_visited: books.settled_visited,
        positions: positions.collect(),
    })
}

/// The newest netting cycles: who owed whom before, and who owes whom after.
#[utoipa::path(get, path = "/api/v1/settlement/cycles", tag = "settlement", extensions(("x-roles" = json!(Staff::ROLES))), responses((status = 200, body = All<NettingCycle>)))]
pub(crate) async fn cycles(
    State(api): State<Api>,
    by: Authorized<Staff>,
) -> Result<Json<All<NettingCycle>>, Problem> {
    match money(&api, &by, MoneyCommand::Cycles).await? {
        MoneyReply::Cycles(cycles) => {
            let data = cycles.iter().map(NettingCycle::from).collect();
            Ok(Json(All { data }))
        }
        _ => Err(other_answer()),
    }
}

/// What is not netted and what is not paid.
#[utoipa::path(get, path = "/api/v1/settlement/open", tag = "settlement", extensions(("x-roles" = json!(Staff::ROLES))), responses((status = 200, body = OpenMoney)))]
pub(crate) async fn open(
    State(api): State<Api>,
    by: Authorized<Staff>,
) -> Result<Json<OpenMoney>, Problem> {
    match money(&api, &by, MoneyCommand::Obligations).await? {
        MoneyReply::Obligations(obligations) => Ok(Json(OpenMoney {
            positions: own_books(&api, &by).await?.positions,
            obligations: obligations.iter().map(ObligationLine::from).collect(),
        })),
        _ => Err(other_answer()),
    }
}

/// What stood, or stands, between this member and a partner, line by line.
#[utoipa::path(get, path = "/api/v1/settlement/statement", tag = "settlement", extensions(("x-roles" = json!(Accounting::ROLES))), params(StatementQuery), responses((status = 200, body = StatementBody)))]
pub(crate) async fn statement(
    State(api): State<Api>,
    by: Authorized<Accounting>,
    Query(query): Query<StatementQuery>,
) -> Result<Json<StatementBody>, Problem> {
    let wrong = |p: Problem| Problem::new(StatusCode::BAD_REQUEST, "query", p.body("", "").detail);
    let day = |text: &String| {
        UtcDay::parse(text)
            .ok_or_else(|| Problem::field("cycle", "a day as in 2026-11-17 is right"))
    };
    let request = StatementRequest {
        partner: wire::member("partner", &query.partner).map_err(wrong)?,
        currency: wire::currency("currency", &query.currency).map_err(wrong)?,
        cycle: query.cycle.as_ref().map(day).transpose().map_err(wrong)?,
    };
    match money(&api, &by, MoneyCommand::Statement(request)).await? {
        MoneyReply::Statement(s) => Ok(Json(StatementBody {
            member: s.member.to_string(),
            partner: s.partner.to_string(),
            currency: s.currency.to_string(),
            cycle: s.cycle.map(|c| c.to_string()),
            lines: s.lines.iter().map(StatementEntry::from).collect(),
            total: Money::new(s.total, s.currency),
            other: Money::new(s.other, s.currency),
        })),
        _ => Err(other_answer()),
    }
}

/// This member's own journal: every account, and that the sum is zero.
#[utoipa::path(get, path = "/api/v1/books", tag = "settlement", extensions(("x-roles" = json!(Accounting::ROLES))), responses((status = 200, body = OwnBooks)))]
pub(crate) async fn books(
    State(api): State<Api>,
    by: Authorized<Accounting>,
) -> Result<Json<OwnBooks>, Problem> {
    own_books(&api, &by).await.map(Json)
}
