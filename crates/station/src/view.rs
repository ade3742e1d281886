//! Everything that a renderer needs besides the screen itself: what can be chosen, until when, what was typed, what the price is.

use crate::choice::{Choice, Offered};
use crate::machine::Station;
use crate::screen::Screen;
use crate::state::Stage;
use fairway_model::cin::TypedCin;
use fairway_model::station::OfferView;
use fairway_model::{Energy, SignReading, Time};

/// A question over a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Whether more time is wanted: the screen goes away soon.
    MoreTime,
    /// Whether the charge shall really stop.
    ReallyStop,
}

/// What the driver meets at one moment. A renderer shows it and adds no state of its own to the dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The screen.
    pub screen: Screen,
    /// Counts the screens: a press that was meant for an earlier one is told apart.
    pub step: u64,
    /// Counts the drivers' dialogs.
    pub dialog: u64,
    /// Whether the gateway is connected.
    pub linked: bool,
    /// Whether a cable is plugged in.
    pub plugged: bool,
    /// When the screen goes away by itself, where it does.
    pub until: Option<Time>,
    /// What the driver is asked besides, where something is.
    pub question: Option<Question>,
    /// The number as typed so far; never a PIN.
    pub typed: Option<TypedCin>,
    /// The offer of the charge on the screen, from the price to the bill.
    pub offer: Option<Box<OfferView>>,
    /// The energy at which the driver wants to stop.
    pub wanted: Option<Energy>,
    /// What can be chosen, with its keys.
    pub choices: Vec<Offered>,
}

impl View {
    /// The view of a station that was not switched on yet.
    pub fn dark() -> Self {
        Self {
            screen: Screen::Offline,
            step: 0,
            dialog: 0,
            linked: false,
            plugged: false,
            until: None,
            question: None,
            typed: None,
            offer: None,
            wanted: None,
            choices: vec![],
        }
    }
}

impl<S: SignReading> Station<S> {
    /// What the driver meets at `now`.
    pub fn view(&self, now: Time) -> View {
        let until = self.deadline();
        let choices = self.choices();
        let extends = choices.iter().any(|(c, _)| *c == Choice::MoreTime);
        let typed = match &self.stage {
            Stage::Typing {
                digits, cin: None, ..
            } => Some(TypedCin::new(digits)),
            _ => None,
        };
        View {
            screen: self.screen().clone(),
            step: self.step,
            dialog: self.dialog,
            linked: self.linked,
            plugged: self.plugged,
            until,
            question: if self.stop_asked.is_some() {
                Some(Question::ReallyStop)
            } else {
                let soon = until.is_some_and(|at| at.since(now) <= self.config.warning);
                (extends && soon).then_some(Question::MoreTime)
            },
            typed,
            offer: self.offer.clone(),
            wanted: self.wanted,
            choices,
        }
    }
}
