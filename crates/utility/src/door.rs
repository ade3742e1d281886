//! The one door of the machine: what comes in, what goes out.

use crate::happening::Happening;
use crate::seal::DecryptionKey;
use fairway_ledger::{Operation, Receipt, Transaction, parts};
use fairway_model::canonical::{Canonical, DecodeError};
use fairway_model::station::{FromStation, ToStation};
use fairway_model::{Hash, MemberId, Refusal, SessionId, SigningKey, StationId, Time};
use minicbor::{Decode, Encode};
use std::borrow::Cow;

/// Time and randomness of one input, given by the shell or by the simulator.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Present time.
    pub now: Time,
    /// Fresh random bytes, used for ids and salts.
    pub entropy: [u8; 32],
}

/// What happens to a utility.
#[derive(Debug, Clone)]
pub enum Input {
    /// A connected, authenticated station said something.
    Station {
        /// Which.
        station: StationId,
        /// What.
        words: FromStation,
    },
    /// Another member sent an envelope ([`crate::envelope::Envelope`]); the transport has authenticated `from`.
    Peer {
        /// Who, by the certificate of the connection.
        from: MemberId,
        /// Canonical bytes of the envelope.
        envelope: Vec<u8>,
    },
    /// The ledger finalized a block. Blocks come in order of height, each at least once; empty ones may be left out.
    Block(Block),
    /// The state after the block at which a member begins that did not see the blocks before; before the first [`Input::Block`].
    Founding(Box<crate::founding::Founding>),
    /// A person or program with the operator's rights wants something. The same id twice has the effect of once.
    Command {
        /// Chosen by the caller.
        id: [u8; 16],
        /// What is wanted.
        command: crate::command::Command,
    },
    /// The private encryption keys were read anew; these are all of them.
    DecryptionKeys(Vec<DecryptionKey>),
    /// Hourly loads and own forecasts of the area that this utility reports, as its source has them now; what is known already changes nothing.
    Loads(Box<crate::command::Loads>),
    /// Time has passed.
    Tick,
    /// The ledger has registered this key for us; it signs from now on.
    Key(SigningKey),
}

/// A finalized block as far as a utility cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Height, from 1.
    pub height: u64,
    /// The block's time.
    pub time: Time,
    /// Transactions with their receipts, in order.
    pub entries: Vec<Entry>,
}

/// A transaction of a block and what became of it, decoded once for all that follow the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// SHA-256 of the transaction's bytes.
    pub id: Hash,
    /// Both, or why they cannot be read.
    pub content: Result<Box<(Transaction, Receipt)>, DecodeError>,
}

impl Entry {
    /// Reads the canonical bytes of `fairway_ledger`.
    pub fn read(transaction: &[u8], receipt: &[u8]) -> Self {
        let content = Transaction::read(transaction)
            .and_then(|tx| Ok(Box::new((tx, Receipt::from_bytes(receipt)?))));
        Self {
            id: Hash::plain(transaction),
            content,
        }
    }
}

/// What a reader sees of an entry's content: the transaction with its receipt, or of a batch each item with its own. Nothing when the
/// receipt of a batch does not fit its items.
pub fn items(content: &(Transaction, Receipt)) -> Option<Cow<'_, [(Transaction, Receipt)]>> {
    let (tx, receipt) = content;
    let batch = matches!(tx.operation, Operation::Batch(_))
        || matches!(receipt.effect(), Some(fairway_ledger::Effect::Batch(_)));
    if batch {
        return parts(tx.clone(), receipt.clone()).map(Cow::Owned);
    }
    Some(Cow::Borrowed(core::slice::from_ref(content)))
}

/// What the shell must do. All [`Effect::Store`] of one input are one database transaction, made durable before anything else of
/// that input leaves. Messages may be lost afterwards: the machine repeats what was not answered.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Keep this.
    Store(Change),
    /// Send to a connected station; dropped when it is not connected.
    ToStation {
        /// Which.
        station: StationId,
        /// What.
        words: ToStation,
    },
    /// Send to another member; may be lost.
    ToPeer {
        /// Whom.
        to: MemberId,
        /// Canonical bytes of the envelope.
        envelope: Vec<u8>,
    },
    /// Hand to the ledger; may be lost.
    Submit {
        /// Canonical bytes of a transaction.
        transaction: Vec<u8>,
    },
    /// Answer a command.
    Reply {
        /// The command's id.
        id: [u8; 16],
        /// The answer or why not.
        reply: Result<crate::command::Reply, Refusal>,
    },
    /// Write to the operator's log; holds no personal data.
    Log(LogLine),
    /// Give a [`Input::Tick`] at this time at the latest.
    WakeAt(Time),
    /// Count this; nothing depends on it.
    Happened(Happening),
}

/// How grave a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Ordinary course.
    Info,
    /// Refused or repeated; nothing to do.
    Warn,
    /// Somebody must look.
    Error,
}

/// One line of the log.
#[derive(Debug, Clone)]
pub struct LogLine {
    /// Gravity.
    pub level: Level,
    /// The charge concerned.
    pub session: Option<SessionId>,
    /// What happened, one sentence.
    pub text: String,
}

/// The stores of a utility (design: operational data in SQL). Each is one SQL table of the same shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Table {
    /// Home profiles (HCP) of households.
    #[n(0)]
    ResidentialCustomers,
    /// Home profiles (HCP) of businesses.
    #[n(1)]
    CommercialCustomers,
    /// Visiting profiles (VCP); rows leave when they expire.
    #[n(2)]
    VisitingProfiles,
    /// Eligibility statements and guarantees issued, with the customer behind each pseudonym.
    #[n(3)]
    Issued,
    /// Charges at our stations, from identification to settlement.
    #[n(4)]
    VisitedSessions,
    /// Charges of our drivers, here and abroad.
    #[n(5)]
    HomeCharges,
    /// Double-entry journal; append only.
    #[n(6)]
    Journal,
    /// Balances of the journal's accounts.
    #[n(7)]
    Balances,
    /// Charging rules and policy (CRP), one row a version.
    #[n(8)]
    Policies,
    /// Our copy of what the ledger registers: members, prefixes, EVSEs, agreements.
    #[n(9)]
    Registry,
    /// Stations with their password hashes.
    #[n(10)]
    Stations,
    /// What waits to be sent or submitted again until it is answered.
    #[n(11)]
    Outbox,
    /// Authentication and authorization decisions; append only.
    #[n(12)]
    Audit,
    /// Answers to commands, kept so that a repeated command changes nothing.
    #[n(13)]
    Commands,
    /// Counters and marks, such as the ledger height already seen.
    #[n(14)]
    Marks,
    /// Hourly loads that this utility reports, its own forecasts of them, and what became of each.
    #[n(15)]
    Loads,
}

impl Table {
    /// All tables.
    pub const ALL: [Self; 16] = [
        Self::ResidentialCustomers,
        Self::CommercialCustomers,
        Self::VisitingProfiles,
        Self::Issued,
        Self::VisitedSessions,
        Self::HomeCharges,
        Self::Journal,
        Self::Balances,
        Self::Policies,
        Self::Registry,
        Self::Stations,
        Self::Outbox,
        Self::Audit,
        Self::Commands,
        Self::Marks,
        Self::Loads,
    ];

    /// The SQL name.
    pub fn name(self) -> &'static str {
        match self {
            Self::ResidentialCustomers => "hcp_residential",
            Self::CommercialCustomers => "hcp_commercial",
            Self::VisitingProfiles => "vcp",
            Self::Issued => "issued_eligibility",
            Self::VisitedSessions => "visited_sessions",
            Self::HomeCharges => "home_charges",
            Self::Journal => "journal",
            Self::Balances => "balances",
            Self::Policies => "crp_policies",
            Self::Registry => "ledger_registry",
            Self::Stations => "stations",
            Self::Outbox => "outbox",
            Self::Audit => "audit_log",
            Self::Commands => "commands",
            Self::Marks => "marks",
            Self::Loads => "loads",
        }
    }

    /// Whether rows are only ever added, and read by reports rather than kept in the machine's memory.
    pub fn append_only(self) -> bool {
        matches!(self, Self::Journal | Self::Audit)
    }
}

/// One change of the stored data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Insert or replace.
    Put(Row),
    /// Remove; nothing happens when it is not there.
    Delete {
        /// Where.
        table: Table,
        /// Which.
        key: String,
    },
}

/// One row. The columns beside the body are for people and indexes; the machine reads the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Where.
    pub table: Table,
    /// Primary key, at most 160 bytes.
    pub key: String,
    /// Whom it concerns: customer key, session id or member; indexed.
    pub subject: String,
    /// When it happened; indexed.
    pub at: Time,
    /// One line for a person who reads the table.
    pub summary: String,
    /// Canonical CBOR.
    pub body: Vec<u8>,
}

impl Row {
    /// A row whose body is the canonical form of `value`.
    pub fn new<T: Canonical>(
        table: Table,
        key: impl Into<String>,
        subject: impl Into<String>,
        at: Time,
        summary: impl Into<String>,
        value: &T,
    ) -> Self {
        Self {
            table,
            key: key.into(),
            subject: subject.into(),
            at,
            summary: summary.into(),
            body: value.to_bytes(),
        }
    }
}
