//! Authentication and authorization decisions and changes of profiles, recorded as they happen (AA-15). Append only.
//!
//! A record names a customer by key only and never holds what was presented; after the profile is erased it says nothing
//! about a person.

use crate::customer::CustomerKey;
use crate::store::{Label, StoreTable, StoredChange};
use fairway_model::canonical::Canonical;
use fairway_model::station::InputMethod;
use fairway_model::{Hash, MemberId, RefusalCode, SessionId, Time};
use minicbor::{Decode, Encode};

/// Most reasons in one record.
pub const MAX_REASONS: usize = 16;

/// What was decided or done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum AuditKind {
    /// Who presents this credential.
    #[n(0)]
    Authentication,
    /// Whether the customer may charge there.
    #[n(1)]
    Authorization,
    /// A customer was entered.
    #[n(2)]
    CustomerAdded,
    /// A customer was changed; the reasons name the fields.
    #[n(3)]
    CustomerChanged,
    /// Every credential was blocked.
    #[n(4)]
    Blocked,
    /// Unblocked.
    #[n(5)]
    Unblocked,
    /// All data of the person was given out.
    #[n(6)]
    Exported,
    /// All data of the person was erased.
    #[n(7)]
    Erased,
    /// The customer froze his credentials.
    #[n(8)]
    Frozen,
    /// He lifted that again.
    #[n(9)]
    Unfrozen,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct AuditRecord {
    /// Counts up since the start of the program.
    #[n(0)]
    pub number: u64,
    /// When.
    #[n(1)]
    pub at: Time,
    /// What.
    #[n(2)]
    pub kind: AuditKind,
    /// The customer, where known.
    #[n(3)]
    pub customer: Option<CustomerKey>,
    /// Who asked.
    #[n(4)]
    pub asking: Option<MemberId>,
    /// For which charge.
    #[n(5)]
    pub session: Option<SessionId>,
    /// How the credential was entered.
    #[n(6)]
    pub method: Option<InputMethod>,
    /// The refusal's code; none means yes.
    #[n(7)]
    pub refused: Option<RefusalCode>,
    /// Why, one sentence each, at most [`MAX_REASONS`]: amounts that were compared, fields that were changed.
    #[n(8)]
    pub reasons: Vec<String>,
}

impl AuditRecord {
    /// A record of a kind, with everything else empty.
    pub fn of(kind: AuditKind) -> Self {
        Self {
            number: 0,
            at: Time::default(),
            kind,
            customer: None,
            asking: None,
            session: None,
            method: None,
            refused: None,
            reasons: Vec::new(),
        }
    }

    fn summary(&self) -> String {
        let by = self
            .asking
            .map(|m| format!(" asked by {m}"))
            .unwrap_or_default();
        let verdict = self
            .refused
            .map_or("yes".to_owned(), |code| code.to_string());
        format!("{:?}{by}: {verdict}", self.kind)
    }
}

/// The writer of the audit log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    next: u64,
}

impl Audit {
    /// Records something. The key sorts by time; its second half keeps records of one millisecond apart.
    pub fn record(&mut self, at: Time, mut record: AuditRecord) -> StoredChange {
        record.number = self.next;
        record.at = at;
        record.reasons.truncate(MAX_REASONS);
        self.next = self.next.saturating_add(1);
        let hash = Hash::of("fairway.audit", &record.to_bytes()).hex();
        let subject = record
            .customer
            .map(|c| c.to_string())
            .or(record.asking.map(|m| m.to_string()));
        let label = Label {
            key: format!(
                "{}-{}",
                at.rfc3339(),
                hash.chars().take(16).collect::<String>()
            ),
            subject: subject.unwrap_or_default(),
            at,
            summary: record.summary(),
        };
        StoredChange::put(StoreTable::Audit, label, &record)
    }
}
