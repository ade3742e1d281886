//! What the driver sees: one value per state of the flow chart (Fig. 4). Rendering it is the shell's business.

use crate::fault::Fault;
use fairway_model::station::{BillView, OfferView};
use fairway_model::{CinError, Currency, Energy, Micro, Refusal, SessionId, Time};

/// One screen. Texts are in English; a renderer may replace them by the code it finds beside them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Screen {
    /// No connection to the utility: nobody can be identified.
    Offline,
    /// Free: give a CIN, card or code (FL-01).
    Prompt,
    /// Digits are being typed; how many so far. The digits themselves are in [`crate::View::typed`] alone.
    Typing {
        /// Digits typed.
        digits: usize,
        /// Why they were not taken when the driver wanted to go on; a further key clears it.
        wrong: Option<CinError>,
    },
    /// The CIN needs its PIN; how many digits were typed.
    Pin {
        /// Digits typed.
        digits: usize,
    },
    /// The credential is being checked (FL-03 to FL-08).
    Checking,
    /// Something was refused; back to the prompt at `until` (FL-06, FL-07).
    Error {
        /// Why, with the way out.
        refusal: Refusal,
        /// When it disappears.
        until: Time,
    },
    /// The price, before anything flows (FL-09 to FL-11).
    Offer(Box<OfferView>),
    /// Consent was given; the utility's start is awaited (FL-13).
    Preparing {
        /// The charge.
        session: SessionId,
    },
    /// Permission is there, the cable is not.
    PlugIn {
        /// The charge.
        session: SessionId,
        /// When the permission is given back.
        until: Time,
    },
    /// Power flows (FL-14).
    Charging(ChargingView),
    /// The end: "battery 80 % charged, thanks for using Duke Energy" (FL-16).
    Thanks {
        /// The charge, where one is known.
        session: Option<SessionId>,
        /// Energy delivered.
        energy: Energy,
        /// Battery in percent, where the car told.
        soc: Option<u8>,
        /// The sentence.
        text: String,
    },
    /// What it cost (FL-19).
    Bill(Box<BillView>),
    /// Out of service.
    Faulted(Fault),
}

/// A charge in progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargingView {
    /// The charge, where one is known.
    pub session: Option<SessionId>,
    /// Energy so far.
    pub energy: Energy,
    /// Power in watts.
    pub power_w: u32,
    /// Battery in percent.
    pub soc: Option<u8>,
    /// Cost so far as the utility last told.
    pub cost: Option<Micro>,
    /// Energy that the cost is of: less than what flowed since.
    pub costed: Option<Energy>,
    /// Currency of the cost, from the offer.
    pub currency: Option<Currency>,
    /// Since when.
    pub since: Time,
}
