//! What this crate asks its owner to keep, and how kept rows come back.

use fairway_model::canonical::Canonical;
use fairway_model::{MoneyError, Refusal, RefusalCode, Time};

/// The stores of the AAA node. The composition maps each to one table of its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StoreTable {
    /// Home profiles (HCP) of households; key: customer key.
    ResidentialCustomers,
    /// Home profiles (HCP) of businesses; key: customer key.
    CommercialCustomers,
    /// Visiting profiles (VCP); keys: `profile/…`, `guarantee/…`, `revoked/…`.
    VisitingProfiles,
    /// Eligibility statements issued, with the customer behind each pseudonym; key: guarantee id.
    Issued,
    /// Double-entry journal; append only and never read back by this crate. Key: 20-digit number.
    Journal,
    /// Balances, reservations, marks of posted charges and sums of months; keys: `account/…`, `reserved/…`, `posted/…`, `month/…`, `totals`.
    Balances,
    /// Authentication and authorization decisions and changes of profiles; append only and never read back by this crate.
    Audit,
    /// Finished charges of our drivers, with their bill lines once settled; key: session id.
    HomeCharges,
}

impl StoreTable {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::ResidentialCustomers,
        Self::CommercialCustomers,
        Self::VisitingProfiles,
        Self::Issued,
        Self::Journal,
        Self::Balances,
        Self::Audit,
        Self::HomeCharges,
    ];

    /// Whether rows are only ever added; they need not be restored.
    pub fn append_only(self) -> bool {
        matches!(self, Self::Journal | Self::Audit)
    }
}

/// One change of the stored data. All changes that one call returns belong in one transaction, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredChange {
    /// Insert or replace a row.
    Put {
        /// Where.
        table: StoreTable,
        /// Primary key, at most 160 bytes.
        key: String,
        /// Whom it concerns: customer key, session id or member; empty when nobody.
        subject: String,
        /// When it happened.
        at: Time,
        /// One line for a person who reads the table; no personal data.
        summary: String,
        /// Canonical CBOR.
        body: Vec<u8>,
    },
    /// Remove a row; nothing happens when it is not there.
    Delete {
        /// Where.
        table: StoreTable,
        /// Which.
        key: String,
    },
}

/// The columns of a row beside its body.
pub(crate) struct Label {
    pub(crate) key: String,
    pub(crate) subject: String,
    pub(crate) at: Time,
    pub(crate) summary: String,
}

impl StoredChange {
    pub(crate) fn put<T: Canonical>(table: StoreTable, label: Label, value: &T) -> Self {
        let Label {
            key,
            subject,
            at,
            summary,
        } = label;
        Self::Put {
            table,
            key,
            subject,
            at,
            summary,
            body: value.to_bytes(),
        }
    }

    pub(crate) fn delete(table: StoreTable, key: impl Into<String>) -> Self {
        Self::Delete {
            table,
            key: key.into(),
        }
    }

    /// The table concerned.
    pub fn table(&self) -> StoreTable {
        match self {
            Self::Put { table, .. } | Self::Delete { table, .. } => *table,
        }
    }

    /// The key of the row concerned.
    pub fn key(&self) -> &str {
        match self {
            Self::Put { key, .. } | Self::Delete { key, .. } => key,
        }
    }
}

/// Reads a stored body.
pub(crate) fn read<T: Canonical>(table: StoreTable, key: &str, body: &[u8]) -> Result<T, Refusal> {
    T::from_bytes(body).map_err(|e| unreadable(table, key, &e.to_string()))
}

/// The refusal for a row that this version cannot read. Keys of these tables hold no personal data.
pub(crate) fn unreadable(table: StoreTable, key: &str, why: &str) -> Refusal {
    Refusal::new(
        RefusalCode::Malformed,
        format!("stored row {key:?} of {table:?}: {why}"),
    )
}

/// The refusal for an amount out of range.
#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
pub(crate) fn money(e: MoneyError) -> Refusal {
    Refusal::new(RefusalCode::TooLarge, e.to_string())
}
