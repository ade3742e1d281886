//! What operators ask of the money after settlement, and the answers.

use fairway_ledger::Account;
use fairway_ledger::money::{CycleSummary, MoneyOperation, ObligationId, PaymentSent, UtcDay};
use fairway_model::{Currency, Hash, MemberId, Micro, SessionId, SharedBy, Time};
use minicbor::{Decode, Encode};

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum MoneyCommand {
    /// The newest closed cycles.
    #[n(0)]
    Cycles,
    /// What stood between us and a partner, line by line.
    #[n(1)]
    Statement(#[n(0)] StatementRequest),
    /// What we owe and are owed.
    #[n(2)]
    Obligations,
    /// Token balances that concern us.
    #[n(3)]
    Tokens,
    /// Hand an operation to the ledger: a payment, its confirmation, tokens, collateral.
    #[n(4)]
    HandIn(#[n(0)] Box<MoneyOperation>),
    /// What is open in each direction that concerns us, secured or not, and how much of the cap it takes.
    #[n(5)]
    Exposures,
}

/// Which statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct StatementRequest {
    /// With whom.
    #[n(0)]
    pub partner: MemberId,
    /// In which currency.
    #[n(1)]
    pub currency: Currency,
    /// Of which cycle; none: of what is not netted yet.
    #[n(2)]
    pub cycle: Option<UtcDay>,
}

/// The answers.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum MoneyReply {
    /// Cycles, newest first.
    #[n(0)]
    Cycles(#[n(0)] Vec<CycleView>),
    /// A statement.
    #[n(1)]
    Statement(#[n(0)] Box<Statement>),
    /// Obligations, open ones first.
    #[n(2)]
    Obligations(#[n(0)] Vec<ObligationView>),
    /// Token balances.
    #[n(3)]
    Tokens(#[n(0)] Vec<TokenView>),
    /// Exposures, those of our debts first.
    #[n(4)]
    Exposures(#[n(0)] Vec<ExposureView>),
}

/// A closed cycle.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CycleView {
    /// What it came to.
    #[n(0)]
    pub summary: CycleSummary,
    /// Height of the block that closed it.
    #[n(1)]
    pub height: u64,
    /// The closing transaction.
    #[n(2)]
    pub transaction: Hash,
    /// Time of that block.
    #[n(3)]
    pub closed_at: Time,
    /// Who answers.
    #[n(4)]
    pub member: MemberId,
}

/// Why a line stands in a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum LineKind {
    /// A settled charge.
    #[n(0)]
    Charge,
    /// A payment before netting, by bank or by token.
    #[n(1)]
    Payment,
    /// The rest below one minor unit of the cycle before.
    #[n(2)]
    Carried,
    /// Energy that one bought of the other.
    #[n(3)]
    Trade,
    /// One leg of a debt that changed its currency; the other leg stands in the statement of the other currency.
    #[n(4)]
    Conversion,
}

/// One line: a change of what one member owes another, and where it stands on the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct StatementLine {
    /// Why.
    #[n(0)]
    pub kind: LineKind,
    /// Who owes.
    #[n(1)]
    pub debtor: MemberId,
    /// Whom.
    #[n(2)]
    pub creditor: MemberId,
    /// Currency.
    #[n(3)]
    pub currency: Currency,
    /// By how much what is owed changes.
    #[n(4)]
    pub amount: Micro,
    /// The charge, if it is one; `fairway session show` traces it.
    #[n(5)]
    pub session: Option<SessionId>,
    /// The transaction; `fairway ledger proof` takes it.
    #[n(6)]
    pub transaction: Hash,
    /// Height of its block.
    #[n(7)]
    pub height: u64,
    /// Time of its block.
    #[n(8)]
    pub at: Time,
    /// The cycle in which it was netted.
    #[n(9)]
    pub cycle: Option<UtcDay>,
    /// Who got what of the charge, and by which rule.
    #[n(10)]
    pub shared: Option<SharedBy>,
}

/// What stood between two members.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Statement {
    /// Who states it.
    #[n(0)]
    pub member: MemberId,
    /// With whom.
    #[n(1)]
    pub partner: MemberId,
    /// Currency.
    #[n(2)]
    pub currency: Currency,
    /// Which cycle; none: what is not netted yet.
    #[n(3)]
    pub cycle: Option<UtcDay>,
    /// The lines, in the order of the ledger.
    #[n(4)]
    pub lines: Vec<StatementLine>,
    /// What was netted, or stands; positive when the partner owes.
    #[n(5)]
    pub total: Micro,
    /// What of it no line explains: credits, and what disputes keep out or let in again.
    #[n(6)]
    pub other: Micro,
}

/// One obligation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ObligationView {
    /// Which.
    #[n(0)]
    pub id: ObligationId,
    /// As the cycle left it.
    #[n(1)]
    pub amount: Micro,
    /// What is unpaid, charged interest included.
    #[n(2)]
    pub open: Micro,
    /// Interest that ran up and is not charged yet.
    #[n(3)]
    pub accrued: Micro,
    /// The last day of payment in time.
    #[n(4)]
    pub due: UtcDay,
    /// Whether that day is over and something is unpaid.
    #[n(5)]
    pub overdue: bool,
    /// The debtor's word that money is on its way.
    #[n(6)]
    pub sent: Option<PaymentSent>,
    /// The transaction that closed the cycle.
    #[n(7)]
    pub transaction: Hash,
    /// Height of its block.
    #[n(8)]
    pub height: u64,
}

/// A token account that concerns us.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct TokenView {
    /// Which.
    #[n(0)]
    pub account: Account,
    /// Currency.
    #[n(1)]
    pub currency: Currency,
    /// What it holds.
    #[n(2)]
    pub balance: Micro,
    /// Up to which amount we accept the issuer's tokens.
    #[n(3)]
    pub limit: Option<Micro>,
}

/// What one member may come to owe another, as the contracts reckon it, but for the holds of charges that run.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ExposureView {
    /// Who owes.
    #[n(0)]
    pub debtor: MemberId,
    /// Whom.
    #[n(1)]
    pub creditor: MemberId,
    /// Currency.
    #[n(2)]
    pub currency: Currency,
    /// What is owed and in no cycle yet.
    #[n(3)]
    pub position: Micro,
    /// What is open of obligations, charged interest included.
    #[n(4)]
    pub obliged: Micro,
    /// Tokens that the debtor deposited for the creditor, of whatever issuer.
    #[n(5)]
    pub collateral: Micro,
    /// Position and obligations less the collateral; below nothing when more is deposited than owed.
    #[n(6)]
    pub unsecured: Micro,
    /// The cap of the terms that are in force in this currency; none without such terms.
    #[n(7)]
    pub cap: Option<Micro>,
    /// Collateral that these terms ask for.
    #[n(8)]
    pub asked: Option<Micro>,
}

/// How money moves by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct MoneyPolicy {
    /// Pay obligations with tokens as soon as they stand and there are tokens that the creditor accepts.
    #[n(0)]
    pub auto_pay: bool,
    /// Days before the due day from which on the log warns every day.
    #[n(1)]
    pub warn_days: u16,
}
