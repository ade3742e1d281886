//! What a station remembers: the stage of its dialog, and what survives a power loss.

use fairway_model::station::{CallId, OfferView, Presented, StopReason, TransactionReport};
use fairway_model::{CinError, Energy, SessionId, Time};
use minicbor::{Decode, Encode};

/// Where the dialog with the driver stands. Whether energy may flow is not said here but by [`Saved::open`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nobody is here.
    Idle,
    /// Digits are being typed; with `cin` they are the PIN of that CIN. `wrong` is why they were not taken as they are.
    Typing {
        digits: String,
        cin: Option<String>,
        wrong: Option<CinError>,
        until: Time,
    },
    /// An `Identify` is under way.
    Checking {
        call: CallId,
        presented: Presented,
        until: Time,
    },
    /// The price is on the screen, for who presented this.
    Offered {
        view: Box<OfferView>,
        presented: Presented,
        until: Time,
    },
    /// Consent was given; the start is awaited. The call is gone once the utility noted the consent.
    Consenting {
        session: SessionId,
        call: Option<CallId>,
        until: Time,
    },
    /// A transaction is open ([`Saved::open`]).
    Transaction,
    /// A message is shown, or thanks, or the bill of this charge.
    Message {
        session: Option<SessionId>,
        until: Time,
    },
    /// Out of service.
    Faulted,
}

/// A transaction between its start command and its end.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Open {
    #[n(0)]
    pub(crate) transaction: String,
    #[n(1)]
    pub(crate) session: SessionId,
    #[n(2)]
    pub(crate) command: u32,
    /// The next event's number.
    #[n(3)]
    pub(crate) seq: u64,
    /// Register at the begin.
    #[n(4)]
    pub(crate) begin: Energy,
    #[n(5)]
    pub(crate) limit: Option<Energy>,
    #[n(6)]
    pub(crate) since: Time,
    /// When the last reading was taken.
    #[n(7)]
    pub(crate) read_at: Time,
}

/// What kind of event a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Event {
    #[n(0)]
    Started,
    #[n(1)]
    Updated,
    #[n(2)]
    Ended(#[n(0)] StopReason),
}

/// An event that the utility has not confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Queued {
    #[n(0)]
    pub(crate) event: Event,
    #[n(1)]
    pub(crate) report: TransactionReport,
}

/// What survives a power loss. The format's number stands first, so that a later one is told apart.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Default)]
pub(crate) struct Saved {
    #[n(0)]
    pub(crate) format: u32,
    /// Records that the meter signed so far.
    #[n(1)]
    pub(crate) pagination: u64,
    /// Transactions so far.
    #[n(2)]
    pub(crate) transactions: u64,
    #[n(3)]
    pub(crate) open: Option<Open>,
    /// Oldest first.
    #[n(4)]
    pub(crate) queue: Vec<Queued>,
    /// Start commands and how they were answered, oldest first, so that a repeated one changes nothing.
    #[n(5)]
    pub(crate) commands: Vec<(u32, bool)>,
}

/// What the instruments showed last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Measured {
    pub(crate) register: Energy,
    pub(crate) power_w: u32,
    pub(crate) soc: Option<u8>,
    pub(crate) full: bool,
}
