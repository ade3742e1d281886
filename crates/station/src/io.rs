//! What goes into the station machine and what comes out.

use crate::choice::Choice;
use crate::fault::Fault;
use crate::screen::Screen;
use fairway_model::Energy;
use fairway_model::station::{CallId, FromStation, Presented, ToStation};

/// A key of the dial pad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PadKey {
    /// 0 to 9; larger values are ignored.
    Digit(u8),
    /// `*`: takes the last digit back, and what else [`crate::View::choices`] say.
    Back,
    /// `#`: finishes the entry, and what else [`crate::View::choices`] say.
    Enter,
    /// Gives up: back to the prompt.
    Cancel,
}

/// What happens to a station.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Power is on; the meter's register now. The first input after `new` or `restore`.
    PowerOn {
        /// Import register.
        register: Energy,
    },
    /// The connection to the gateway is open.
    LinkUp,
    /// The connection to the gateway is gone.
    LinkDown,
    /// The gateway said something.
    Gateway(ToStation),
    /// A request will get no answer: time-out, error answer or lost connection.
    Lost(CallId),
    /// The driver pressed a key.
    Key(PadKey),
    /// A card, code or contract certificate was presented.
    Presented(Presented),
    /// The driver answered the consent question.
    Choice(bool),
    /// The driver chose something that the screen offers ([`crate::View::choices`]).
    Choose(Choice),
    /// A cable was plugged in.
    PlugIn,
    /// The cable was pulled.
    Unplug,
    /// The driver pressed stop.
    StopButton,
    /// The meter and the car, as measured now. Give it each second, and right before an input that may begin or end a charge,
    /// so that the signed reading is the register of that moment.
    Measured {
        /// Import register.
        register: Energy,
        /// Power in watts.
        power_w: u32,
        /// Battery in percent, where the car tells.
        soc: Option<u8>,
        /// The car takes no more energy.
        full: bool,
    },
    /// A fault that makes delivery unsafe; it is shown.
    Fault(Fault),
    /// The fault is gone.
    FaultCleared,
    /// Time passed.
    Tick,
}

/// What a station wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Say this to the gateway.
    Send(FromStation),
    /// Show this.
    Display(Screen),
    /// Close (`true`) or open the contactor.
    Contactor(bool),
    /// Write these bytes durably, replacing what was written before, before the next output of this list is carried out.
    Persist(Vec<u8>),
}
