//! Where an agreement stands, and which steps lead on from there. One table, asked by every operation.

use crate::state::AgreementStatus;
use core::fmt;
use fairway_model::agreement::Agreement;
use fairway_model::refusal::{Refusal, RefusalCode};
use fairway_model::time::Time;

/// Where an agreement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Proposed; waits for the other party.
    Open,
    /// Answered by other terms.
    Countered,
    /// Withdrawn by its proposer, or declined by the other party.
    Withdrawn,
    /// Its validity ended before it was signed.
    Lapsed,
    /// Signed by both, before or in its validity; notice may have been given.
    Signed,
    /// Signed, and no new charge begins for now.
    Suspended,
    /// Over: by its validity, by notice or for breach.
    Ended,
}

/// What a party does with an agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Answer it with other terms.
    Counter,
    /// Sign it.
    Countersign,
    /// Withdraw or decline it, or give notice.
    Terminate,
    /// Let no new charge begin.
    Suspend,
    /// Let charges begin again.
    Resume,
    /// End it at once for breach.
    Breach,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Open,
        Self::Countered,
        Self::Withdrawn,
        Self::Lapsed,
        Self::Signed,
        Self::Suspended,
        Self::Ended,
    ];

    /// Where terms with this status stand at `now`.
    pub fn of(agreement: &Agreement, status: &AgreementStatus, now: Time) -> Self {
        let end = status
            .terminated_from
            .map_or(agreement.valid_until, |at| at.min(agreement.valid_until));
        match status.countersigned {
            None if status.superseded_by.is_some() => Self::Countered,
            None if status.terminated_from.is_some() => Self::Withdrawn,
            None if agreement.valid_until <= now => Self::Lapsed,
            None => Self::Open,
            Some(_) if end <= now => Self::Ended,
            Some(_) if status.suspended.is_some() => Self::Suspended,
            Some(_) => Self::Signed,
        }
    }

    /// Whether a step leads on from here.
    pub fn allows(self, step: Step) -> bool {
        match self {
            Self::Open => matches!(step, Step::Counter | Step::Countersign | Step::Terminate),
            Self::Signed => matches!(step, Step::Terminate | Step::Suspend | Step::Breach),
            Self::Suspended => matches!(step, Step::Terminate | Step::Resume | Step::Breach),
            Self::Countered | Self::Withdrawn | Self::Lapsed | Self::Ended => false,
        }
    }

    /// Refuses a step that does not lead on from here; `subject` names the agreement.
    pub(crate) fn check(self, step: Step, subject: &dyn fmt::Display) -> Result<(), Refusal> {
        if self.allows(step) {
            return Ok(());
        }
        let (code, state) = match self {
            Self::Open => (
                RefusalCode::AgreementUnknown,
                "is proposed and not countersigned",
            ),
            Self::Countered => (
                RefusalCode::AgreementNotInForce,
                "was answered by other terms; answer those",
            ),
            Self::Withdrawn => (
                RefusalCode::AgreementNotInForce,
                "was withdrawn; propose new terms",
            ),
            Self::Lapsed => (
                RefusalCode::TimeInvalid,
                "ended before it was countersigned; propose new terms",
            ),
            Self::Signed => (RefusalCode::Duplicate, "is countersigned already"),
            Self::Suspended => (
                RefusalCode::Duplicate,
                "is countersigned already, and suspended",
            ),
            Self::Ended => (
                RefusalCode::AgreementNotInForce,
                "is over; propose new terms",
            ),
        };
        // What a signed agreement refuses of its own steps has a clearer word than "countersigned".
        let state = match (self, step) {
            (Self::Signed, Step::Resume) => "is not suspended",
            (Self::Suspended, Step::Suspend) => "is suspended already",
            _ => state,
        };
        let verb = match step {
            Step::Counter => "answered by other terms",
            Step::Countersign => "countersigned",
            Step::Terminate => "ended",
            Step::Suspend => "suspended",
            Step::Resume => "resumed",
            Step::Breach => "ended for breach",
        };
        Err(Refusal::new(
            code,
            format!("{subject} cannot be {verb}: it {state}"),
        ))
    }
}
