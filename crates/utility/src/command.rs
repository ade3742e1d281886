//! What operators and their programs ask of their utility, and the answers.

use crate::desk::{DeskAnswer, DeskQuestion};
use crate::door::Table;
use crate::roaming::{AgreementView, PartnerView, TermsCommand};
use fairway_ledger::energy::op::{EnergyOperation, Hour};
use fairway_ledger::energy::state::{EnergyBook, OfferState};
use fairway_ledger::forecast::op::ForecastOperation;
use fairway_ledger::{CaseRef, CaseReply, DisputeReason, Ruling, Verdict};
use fairway_model::charge::SignedChargeEvent;
use fairway_model::credit::CreditReason;
use fairway_model::offer::{SignedConsent, SignedOffer};
use fairway_model::registry::{EncryptionKey, EvseEntry, PrefixEntry};
use fairway_model::{
    Agreement, AgreementId, Bill, Currency, CustomerClass, Energy, EvseId, Hash, MemberId, Micro,
    Payment, PriceBreakdown, Refusal, SessionId, ShareNote, StationId, Tier, Time,
};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

pub use crate::command_forecast::{
    AreaReport, Fed, ForecastView, LineView, Loads, OwnStep, OwnView, ReadingCounts, Standing,
};
pub use crate::command_money::{
    CycleView, ExposureView, LineKind, MoneyCommand, MoneyPolicy, MoneyReply, ObligationView,
    Statement, StatementLine, StatementRequest, TokenView,
};

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Command {
    /// Add a customer (HCP), or replace it whole.
    #[n(0)]
    PutCustomer(#[n(0)] NewCustomer),
    /// Block or unblock every credential of the customer with this CIN.
    #[n(1)]
    SetBlocked {
        /// The CIN, digits.
        #[n(0)]
        cin: String,
        /// Block or unblock.
        #[n(1)]
        blocked: bool,
    },
    /// Put money on a prepaid balance.
    #[n(2)]
    TopUp {
        /// The CIN, digits.
        #[n(0)]
        cin: String,
        /// How much.
        #[n(1)]
        amount: Micro,
    },
    /// Let a station connect.
    #[n(3)]
    PutStation {
        /// Its identity in the connection path.
        #[n(0)]
        station: StationId,
        /// Salted hash of its password as the shell made it.
        #[n(1)]
        password: String,
    },
    /// Register a CIN prefix on the ledger.
    #[n(4)]
    RegisterPrefix(#[n(0)] PrefixEntry),
    /// Register an EVSE on the ledger.
    #[n(5)]
    RegisterEvse(#[n(0)] EvseEntry),
    /// Propose an agreement on the ledger.
    #[n(6)]
    ProposeAgreement(#[n(0)] Box<Agreement>),
    /// Countersign one that the partner proposed.
    #[n(7)]
    Countersign(#[n(0)] AgreementId),
    /// Present load of a grid area as a price multiplier in basis points (CR-12); takes effect with the next offer.
    #[n(8)]
    SetLoad {
        /// The area as in the EVSE's ledger entry.
        #[n(0)]
        area: String,
        /// Multiplier; 10,000 is neutral.
        #[n(1)]
        load_bps: u32,
    },
    /// Put a new version of the charging rules and policy in force for new offers.
    #[n(9)]
    PutPolicy(#[n(0)] Box<Policy>),
    /// One month's bill of a driver.
    #[n(10)]
    Bill {
        /// The CIN, digits.
        #[n(0)]
        cin: String,
        /// Year.
        #[n(1)]
        year: i16,
        /// Month, 1 to 12.
        #[n(2)]
        month: u8,
    },
    /// The whole trace of one charge, as far as this utility saw it.
    #[n(11)]
    Session(#[n(0)] SessionId),
    /// The newest charges, at most [`MAX_LIST`].
    #[n(12)]
    Sessions,
    /// The utility's own books, for comparison with the ledger's.
    #[n(13)]
    Books,
    /// What is open, connected and registered.
    #[n(14)]
    Status,
    /// Agreements and partners.
    #[n(33)]
    Terms(#[n(0)] TermsCommand),
    /// Change a customer in some respects and leave the others as they are.
    #[n(40)]
    ChangeCustomer(#[n(0)] Box<ChangedCustomer>),
    /// Netting, obligations, tokens, collateral.
    #[n(30)]
    Money(#[n(0)] MoneyCommand),
    /// Credits and disputes of settled charges.
    #[n(35)]
    Case(#[n(0)] CaseCommand),
    /// Energy by grid area and hour.
    #[n(36)]
    Energy(#[n(0)] EnergyCommand),
    /// Erase a customer: nothing here leads to the person afterwards; amounts stay in the books. Refused while charges are open.
    #[n(19)]
    EraseCustomer {
        /// The CIN, digits.
        #[n(0)]
        cin: String,
    },
    /// Put the module of a custom rule on the ledger.
    #[n(17)]
    UploadRule {
        /// The WebAssembly module.
        #[n(0)]
        #[cbor(with = "minicbor::bytes")]
        module: Vec<u8>,
    },
    /// Register another key that messages to this member are encrypted to; its private half is in the keys folder already.
    #[n(41)]
    RotateEncryptionKey {
        /// The new key.
        #[n(0)]
        new_key: EncryptionKey,
        /// The old key is known to others and counts no more.
        #[n(1)]
        compromised: bool,
    },
    /// Hand something about readings, forecasts, models, schedules or scores to the ledger.
    #[n(60)]
    Forecast(#[n(0)] Box<ForecastOperation>),
    /// Hourly loads and own forecasts of the area that this utility reports.
    #[n(61)]
    PutLoads(#[n(0)] Box<Loads>),
    /// How this utility's part in forecasts stands.
    #[n(62)]
    ShowForecast,
    /// Everything that is kept about a person (GDPR articles 15 and 20). The export itself is recorded in the audit log.
    #[n(42)]
    ExportCustomer {
        /// The CIN, digits.
        #[n(0)]
        cin: String,
    },
    /// What pages ask.
    #[n(64)]
    Desk(#[n(0)] DeskQuestion),
    /// A driver freezes every credential of his own, or lifts that again. The utility's block ([`Command::SetBlocked`]) is another thing:
    /// neither touches the other.
    #[n(70)]
    SetFrozen {
        /// The customer's key, `cus_...`.
        #[n(0)]
        customer: String,
        /// Freeze or lift.
        #[n(1)]
        frozen: bool,
    },
    /// A driver stops a charge of his own while energy flows; where it runs at another utility, that one is asked.
    #[n(71)]
    StopCharge {
        /// The customer's key, `cus_...`.
        #[n(0)]
        customer: String,
        /// The charge.
        #[n(1)]
        session: SessionId,
    },
    /// The operator stops a charge at a station of this utility while energy flows, whoever's driver it is.
    #[n(72)]
    EndCharge {
        /// The charge.
        #[n(0)]
        session: SessionId,
    },
}

/// What is wanted about settled charges.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum CaseCommand {
    /// Credit a charge at our station, whole or part.
    #[n(0)]
    Credit {
        /// The charge.
        #[n(0)]
        session: SessionId,
        /// What the driver gets back, taxes included, in whole minor units.
        #[n(1)]
        amount: Micro,
        /// Why.
        #[n(2)]
        reason: CreditReason,
    },
    /// Open a case about a charge of ours.
    #[n(1)]
    Open {
        /// The charge.
        #[n(0)]
        session: SessionId,
        /// Why.
        #[n(1)]
        reason: DisputeReason,
        /// SHA-256 of the evidence.
        #[n(2)]
        evidence: Hash,
        /// The total that is right.
        #[n(3)]
        claimed: Micro,
    },
    /// Answer the partner's case.
    #[n(2)]
    Answer {
        /// The charge.
        #[n(0)]
        session: SessionId,
        /// Who opened the case.
        #[n(1)]
        opener: MemberId,
        /// SHA-256 of the counter-evidence.
        #[n(2)]
        evidence: Hash,
        /// The answer.
        #[n(3)]
        reply: CaseReply,
    },
    /// Take the answer's total in our own case.
    #[n(3)]
    Accept(#[n(0)] SessionId),
    /// Give our own case up.
    #[n(4)]
    Withdraw(#[n(0)] SessionId),
    /// Ask for a panel.
    #[n(5)]
    Escalate {
        /// The charge.
        #[n(0)]
        session: SessionId,
        /// Who opened the case.
        #[n(1)]
        opener: MemberId,
    },
    /// Vote in a panel that we were drawn for.
    #[n(6)]
    Vote {
        /// The charge.
        #[n(0)]
        session: SessionId,
        /// Who opened the case.
        #[n(1)]
        opener: MemberId,
        /// How.
        #[n(2)]
        verdict: Verdict,
    },
    /// Cases of the consortium, at most [`MAX_LIST`].
    #[n(7)]
    List,
    /// The cases about one charge.
    #[n(8)]
    Show(#[n(0)] SessionId),
}

/// What is wanted about energy.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum EnergyCommand {
    /// State, offer, accept or cancel on the ledger.
    #[n(0)]
    Submit(#[n(0)] EnergyOperation),
    /// What is for sale, and what this member had, at most [`MAX_LIST`] of each.
    #[n(1)]
    Show,
}

/// Energy as a member sees it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct EnergyBalance {
    /// Open offers of all members.
    #[n(0)]
    pub offers: Vec<OpenOffer>,
    /// The member's own books, the newest hour first.
    #[n(1)]
    pub books: Vec<AreaBook>,
}

/// An open offer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct OpenOffer {
    /// Whose.
    #[n(0)]
    pub seller: MemberId,
    /// The offer, and what is left of it.
    #[n(1)]
    pub state: OfferState,
}

/// One area in one hour.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct AreaBook {
    /// Where.
    #[n(0)]
    pub area: String,
    /// When.
    #[n(1)]
    pub hour: Hour,
    /// What there was, and what became of it.
    #[n(2)]
    pub book: EnergyBook,
}

/// A case as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CaseView {
    /// Its name: charge, opener, parties.
    #[n(0)]
    pub case: CaseRef,
    /// Why.
    #[n(1)]
    pub reason: DisputeReason,
    /// SHA-256 of the opener's evidence.
    #[n(2)]
    pub evidence: Hash,
    /// The total that the opener finds right.
    #[n(3)]
    pub claimed: Micro,
    /// Since when.
    #[n(4)]
    pub opened_at: Time,
    /// The answer is due before.
    #[n(5)]
    pub answer_until: Time,
    /// The total that the answer finds right.
    #[n(6)]
    pub answered: Option<Micro>,
    /// A panel may be asked for before.
    #[n(7)]
    pub settle_until: Option<Time>,
    /// Who judges.
    #[n(8)]
    pub panel: Vec<MemberId>,
    /// Votes are due before.
    #[n(9)]
    pub vote_until: Option<Time>,
    /// How it ended.
    #[n(10)]
    pub end: Option<CaseEnd>,
}

/// How a case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct CaseEnd {
    /// Why so.
    #[n(0)]
    pub ruling: Ruling,
    /// The total that was found right.
    #[n(1)]
    pub total: Micro,
    /// What was credited to come to it.
    #[n(2)]
    pub credited: Micro,
    /// When.
    #[n(3)]
    pub at: Time,
}

/// Most entries in a list answer.
pub const MAX_LIST: usize = 200;

/// A customer as entered. The customer's CIN is the key; loyalty number, card UIDs and contract ids lead to it (CIN-06).
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct NewCustomer {
    /// CIN, digits.
    #[n(0)]
    pub cin: String,
    /// Name as on the bill.
    #[n(1)]
    pub name: String,
    /// Residential or commercial.
    #[n(2)]
    pub class: CustomerClass,
    /// Loyalty tier.
    #[n(3)]
    pub tier: Tier,
    /// How the customer pays.
    #[n(4)]
    pub payment: Payment,
    /// Credit limit (postpaid) in micro-units.
    #[n(5)]
    pub credit_limit: Micro,
    /// Language, BCP 47.
    #[n(6)]
    pub language: String,
    /// PIN for the dial pad, 4 to 8 digits; none lets the dial pad do without.
    #[n(7)]
    pub pin: Option<String>,
    /// Other credentials of the same customer: loyalty numbers, RFID UIDs in upper-case hex, eMAIDs; at most 16.
    #[n(8)]
    pub credentials: Vec<String>,
    /// Currency of the account.
    #[n(9)]
    pub currency: Currency,
}

impl core::fmt::Debug for NewCustomer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // Personal data never reaches a log.
        write!(f, "NewCustomer({:?}, {:?})", self.class, self.tier)
    }
}

/// What shall be different about a customer; what is missing stays as it is.
#[derive(Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct ChangedCustomer {
    /// Whose, digits.
    #[n(0)]
    pub cin: String,
    /// Name as on the bill.
    #[n(1)]
    pub name: Option<String>,
    /// Loyalty tier.
    #[n(2)]
    pub tier: Option<Tier>,
    /// How the customer pays.
    #[n(3)]
    pub payment: Option<Payment>,
    /// Credit limit (postpaid) in micro-units.
    #[n(4)]
    pub credit_limit: Option<Micro>,
    /// Language, BCP 47.
    #[n(5)]
    pub language: Option<String>,
    /// Another PIN, 4 to 8 digits; the empty text takes the PIN away.
    #[n(6)]
    pub pin: Option<String>,
    /// All credentials beside the CIN; at most 16.
    #[n(7)]
    pub credentials: Option<Vec<String>>,
}

impl core::fmt::Debug for ChangedCustomer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // Personal data never reaches a log.
        f.write_str("ChangedCustomer")
    }
}

/// Charging rules and policy (CRP) of one version. Rules of residential and commercial customers are separate sets.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Policy {
    /// Version; must be greater than the one in force.
    #[n(0)]
    pub version: u32,
    /// Rules for households.
    #[n(1)]
    pub residential: Rules,
    /// Rules for businesses.
    #[n(2)]
    pub commercial: Rules,
    /// As visited utility: rules that differ for one partner's drivers (CR-11); at most 64.
    #[n(3)]
    pub partners: Vec<PartnerRules>,
    /// How long an offer stands, in milliseconds.
    #[n(4)]
    pub offer_ttl: i64,
    /// As home: how long partners may keep a visiting profile, in milliseconds.
    #[n(5)]
    pub profile_ttl: i64,
    /// As visited: how long to wait for the home utility before refusing, in milliseconds.
    #[n(6)]
    pub home_timeout: i64,
    /// As visited: failed identifications per station and minute before it is told to wait.
    #[n(7)]
    pub attempts_per_minute: u32,
    /// How money moves by itself; without it nothing is paid and nothing is warned of.
    #[n(8)]
    pub money: Option<MoneyPolicy>,
}

/// Rules of one customer class.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Rules {
    /// As visited: the agreement's tariff to offer, by id; the agreement's first when it has none of that name.
    #[n(0)]
    pub tariff: String,
    /// As home: greatest load multiplier that this class's contract accepts, in basis points.
    #[n(1)]
    pub max_load_bps: u32,
    /// Energy that an estimate assumes.
    #[n(2)]
    pub expected_energy: Energy,
    /// Half-width of the estimate's interval in basis points of that energy.
    #[n(3)]
    pub spread_bps: u32,
    /// As home: what one statement's guarantee covers, in micro-units (postpaid).
    #[n(4)]
    pub guarantee: Micro,
}

/// Rules for one partner's drivers.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PartnerRules {
    /// Whose drivers.
    #[n(0)]
    pub home: MemberId,
    /// The agreement's tariff to offer them, by id.
    #[n(1)]
    pub tariff: String,
    /// Greatest load multiplier that they are charged, in basis points.
    #[n(2)]
    pub max_load_bps: u32,
}

/// The answer to a command.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Reply {
    /// Done; with the session or nothing to show.
    #[n(0)]
    Done,
    /// Handed to the ledger; the answer is final when the block is.
    #[n(1)]
    Submitted,
    /// A bill.
    #[n(2)]
    Bill(#[n(0)] Box<Bill>),
    /// A trace.
    #[n(3)]
    Session(#[n(0)] Box<SessionTrace>),
    /// The newest charges.
    #[n(4)]
    Sessions(#[n(0)] Vec<SessionSummary>),
    /// Books.
    #[n(5)]
    Books(#[n(0)] Books),
    /// Status.
    #[n(6)]
    Status(#[n(0)] Status),
    /// Netting, obligations, tokens.
    #[n(30)]
    Money(#[n(0)] MoneyReply),
    /// Cases.
    #[n(35)]
    Cases(#[n(0)] Vec<CaseView>),
    /// The members as partners.
    #[n(33)]
    Partners(#[n(0)] Vec<PartnerView>),
    /// This member's agreements.
    #[n(34)]
    Agreements(#[n(0)] Vec<AgreementView>),
    /// Energy.
    #[n(36)]
    Energy(#[n(0)] Box<EnergyBalance>),
    /// Everything about a person.
    #[n(42)]
    Export(#[n(0)] Box<CustomerExport>),
    /// What a page asked.
    #[n(61)]
    Desk(#[n(0)] Box<DeskAnswer>),
    /// What became of loads.
    #[n(63)]
    Fed(#[n(0)] Fed),
    /// Forecasts.
    #[n(62)]
    Forecast(#[n(0)] Box<ForecastView>),
}

/// Everything that is kept about a person.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct CustomerExport {
    /// Who keeps it.
    #[n(0)]
    pub utility: MemberId,
    /// The person's CIN, digits.
    #[n(1)]
    pub cin: String,
    /// When it was put together.
    #[n(2)]
    pub made_at: Time,
    /// Profile, account, statements and bills as named values.
    #[n(3)]
    pub facts: Vec<(String, String)>,
    /// Every charge whose trace is kept.
    #[n(4)]
    pub charges: Vec<SessionTrace>,
    /// By which bytes a stored row is recognised as the person's: CIN, name, credentials, customer key, pseudonyms, charges.
    #[n(5)]
    pub marks: Vec<ByteVec>,
    /// The rows of the database that bear one of them; the machine leaves them to the shell.
    #[n(6)]
    pub rows: Vec<ExportedRow>,
}

impl core::fmt::Debug for CustomerExport {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // Personal data never reaches a log.
        write!(f, "CustomerExport({} rows)", self.rows.len())
    }
}

/// A stored row as it is exported.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ExportedRow {
    /// The table.
    #[n(0)]
    pub table: Table,
    /// Its key.
    #[n(1)]
    pub key: String,
    /// When it was written.
    #[n(2)]
    pub at: Time,
    /// The line for people.
    #[n(3)]
    pub summary: String,
    /// Canonical CBOR.
    #[n(4)]
    #[cbor(with = "minicbor::bytes")]
    pub body: Vec<u8>,
}

/// Role of this utility in a charge (PR-08).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Role {
    /// Its driver elsewhere.
    #[n(0)]
    Home,
    /// Another's driver at its station.
    #[n(1)]
    Visited,
    /// Its driver at its station.
    #[n(2)]
    Both,
}

/// One hop of a charge's trace (GW-10).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Hop {
    /// When, by this utility's clock.
    #[n(0)]
    pub at: Time,
    /// From where: `station`, `gateway`, `aaa`, `crp`, `ledger`, or a member id.
    #[n(1)]
    pub from: String,
    /// To where.
    #[n(2)]
    pub to: String,
    /// What, one sentence without personal data, behind the steps of the flow chart in square brackets; [`crate::said::hop`] reads it.
    #[n(3)]
    pub what: String,
}

/// Most hops kept of one charge; later ones are counted, not kept.
pub const MAX_HOPS: usize = 128;

/// One charge as this utility saw it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SessionTrace {
    /// Overview.
    #[n(0)]
    pub summary: SessionSummary,
    /// Hop by hop.
    #[n(1)]
    pub hops: Vec<Hop>,
    /// The offer, once agreed.
    #[n(2)]
    pub offer: Option<SignedOffer>,
    /// The consent, once given.
    #[n(3)]
    pub consent: Option<SignedConsent>,
    /// The price with its argument, once rated.
    #[n(4)]
    pub breakdown: Option<PriceBreakdown>,
    /// The charge event, once both signed.
    #[n(5)]
    pub event: Option<SignedChargeEvent>,
    /// Signed meter records.
    #[n(6)]
    pub evidence: Vec<String>,
    /// SHA-256 of the settling transaction, once settled.
    #[n(7)]
    pub transaction: Option<Hash>,
    /// Height of its block.
    #[n(8)]
    pub height: Option<u64>,
    /// Who gets what of the price, and by which rule, once rated.
    #[n(9)]
    pub shared: Option<ShareNote>,
}

/// A charge in a list.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SessionSummary {
    /// The charge.
    #[n(0)]
    pub session: SessionId,
    /// This utility's role.
    #[n(1)]
    pub role: Role,
    /// Home utility, once known.
    #[n(2)]
    pub home: Option<MemberId>,
    /// Visited utility.
    #[n(3)]
    pub visited: MemberId,
    /// Where.
    #[n(4)]
    pub evse: Option<EvseId>,
    /// State in one word: `identifying`, `offered`, `authorized`, `charging`, `ended`, `agreed`, `settled`, `refused`, `void`, `disputed`.
    #[n(5)]
    pub state: String,
    /// When it began.
    #[n(6)]
    pub at: Time,
    /// Authenticated from the visiting profile.
    #[n(7)]
    pub local: bool,
    /// Energy so far.
    #[n(8)]
    pub energy: Energy,
    /// Amount, once rated.
    #[n(9)]
    pub total: Option<Micro>,
    /// Why it was refused, if it was.
    #[n(10)]
    pub refusal: Option<Refusal>,
}

/// The utility's own books: what its journal says that members and owners owe each other, to compare with the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Books {
    /// Sum over all accounts of the journal; zero, or the books are wrong.
    #[n(0)]
    pub trial_balance: Micro,
    /// Balance by account name, in order of name.
    #[n(1)]
    pub accounts: Vec<(String, Micro)>,
    /// Charges settled as home utility: count.
    #[n(2)]
    pub settled_home: u64,
    /// Charges settled as visited utility: count.
    #[n(3)]
    pub settled_visited: u64,
    /// What drivers were billed for settled charges.
    #[n(4)]
    pub billed: Micro,
    /// Ledger position by partner and currency: positive when the partner owes us.
    #[n(5)]
    pub positions: Vec<(MemberId, Currency, Micro)>,
}

/// State of the utility.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Status {
    /// Who.
    #[n(0)]
    pub member: MemberId,
    /// Ledger height seen.
    #[n(1)]
    pub height: u64,
    /// Charges that are open (not settled, refused or void).
    #[n(2)]
    pub open: u32,
    /// Messages and transactions waiting for an answer.
    #[n(3)]
    pub outbox: u32,
    /// Stations connected.
    #[n(4)]
    pub connected: Vec<StationId>,
    /// Agreements in force, by partner: (home, visited, id).
    #[n(5)]
    pub agreements: Vec<(MemberId, MemberId, AgreementId)>,
    /// Agreements proposed to us and not countersigned.
    #[n(6)]
    pub proposals: Vec<AgreementId>,
    /// CIN prefixes known.
    #[n(7)]
    pub prefixes: Vec<(String, MemberId)>,
    /// EVSEs known, ours and others'.
    #[n(8)]
    pub evses: u32,
    /// Policy version in force.
    #[n(9)]
    pub policy_version: u32,
    /// Visiting profiles held.
    #[n(10)]
    pub visiting_profiles: u32,
}
