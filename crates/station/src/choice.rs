//! What a driver can choose on each screen, and which key of the twelve does it: one table for keys, touch and phone.

use crate::io::PadKey;
use crate::machine::Station;
use crate::state::Stage;
use fairway_model::station::OfferView;
use fairway_model::{Energy, SignReading, Time};

/// Most that the times of a dialog grow when a driver asks for more: eight times as long as configured.
const MOST_PATIENCE: u8 = 8;

/// One thing that a driver can choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Takes the last digit back; on an empty entry, leaves.
    Erase,
    /// Finishes the entry.
    Enter,
    /// Gives up the entry, the check or the wait for the cable.
    GiveUp,
    /// Consents to the offer.
    Start,
    /// Declines the offer.
    Decline,
    /// Stops by itself at an energy whose cost the offer states, counted from 1; 0 is as much as the car takes.
    Amount(u8),
    /// Asks for more time.
    MoreTime,
    /// Asks to stop the charge; it is asked back.
    Stop,
    /// Stops the charge.
    StopNow,
    /// Lets the charge go on.
    GoOn,
    /// Has read the message.
    Done,
}

/// A choice with the key that makes it, where the screen has one.
pub type Offered = (Choice, Option<PadKey>);

const ERASE: Offered = (Choice::Erase, Some(PadKey::Back));
const MORE_TIME: Offered = (Choice::MoreTime, Some(PadKey::Digit(9)));

/// What can be chosen while an offer is shown: consent, no, an amount whose cost it states, more time.
pub fn offered(view: &OfferView) -> Vec<Offered> {
    let mut all = vec![
        (Choice::Start, Some(PadKey::Enter)),
        (Choice::Decline, Some(PadKey::Back)),
    ];
    for n in 1..=u8::try_from(view.facts.samples.len()).unwrap_or(0) {
        all.push((Choice::Amount(n), Some(PadKey::Digit(n))));
    }
    if all.len() > 2 {
        all.push((Choice::Amount(0), Some(PadKey::Digit(0))));
    }
    all.push(MORE_TIME);
    all
}

impl<S: SignReading> Station<S> {
    /// What can be chosen now. Digits are typed besides, where a screen takes a number.
    pub fn choices(&self) -> Vec<Offered> {
        let (enter, back) = (Some(PadKey::Enter), Some(PadKey::Back));
        match &self.stage {
            Stage::Idle | Stage::Consenting { .. } | Stage::Faulted => vec![],
            Stage::Typing { .. } => vec![
                (Choice::Enter, enter),
                ERASE,
                (Choice::GiveUp, None),
                (Choice::MoreTime, None),
            ],
            Stage::Checking { .. } => vec![(Choice::GiveUp, back)],
            Stage::Offered { view, .. } => offered(view),
            Stage::Transaction if !self.contactor => vec![(Choice::GiveUp, back), MORE_TIME],
            Stage::Transaction if self.stop_asked.is_some() => {
                vec![(Choice::StopNow, enter), (Choice::GoOn, back)]
            }
            Stage::Transaction => vec![(Choice::Stop, back)],
            Stage::Message { .. } => vec![(Choice::Done, enter), (Choice::MoreTime, back)],
        }
    }

    /// The choice that a key makes on this screen.
    pub(crate) fn choice_of(&self, key: PadKey) -> Option<Choice> {
        let offered = self.choices();
        offered
            .into_iter()
            .find(|(_, by)| *by == Some(key))
            .map(|(choice, _)| choice)
    }

    /// Carries out a choice; one that this screen does not offer changes nothing.
    pub(crate) fn choose(&mut self, now: Time, choice: Choice) {
        if !self.choices().iter().any(|(offered, _)| *offered == choice) {
            return;
        }
        match choice {
            Choice::Erase => self.back(now),
            Choice::Enter => self.enter(now),
            Choice::GiveUp if self.saved.open.is_some() => self.stop_button(now),
            Choice::GiveUp | Choice::Done => self.idle(),
            Choice::Start => self.choice(now, true),
            Choice::Decline => self.choice(now, false),
            Choice::Amount(number) => self.want(number),
            Choice::MoreTime => self.more_time(now),
            Choice::Stop => self.ask_stop(Some(now.plus(self.config.stop_question))),
            Choice::StopNow => self.stop_button(now),
            Choice::GoOn => self.ask_stop(None),
        }
    }

    /// Takes the energy of a stated cost as the place to stop.
    fn want(&mut self, number: u8) {
        if let Stage::Offered { view, .. } = &self.stage {
            self.wanted = usize::from(number)
                .checked_sub(1)
                .and_then(|at| view.facts.samples.get(at))
                .map(|sample| sample.energy);
        }
    }

    /// The lower of what the utility allows and the driver wants.
    pub(crate) fn limit_of(&self, allowed: Option<Energy>) -> Option<Energy> {
        allowed.into_iter().chain(self.wanted).min()
    }

    /// Puts or withdraws the question whether to stop.
    pub(crate) fn ask_stop(&mut self, until: Option<Time>) {
        if self.stop_asked.is_some() != until.is_some() {
            self.next_step();
        }
        self.stop_asked = until;
    }

    /// Milliseconds that a screen waits for this driver.
    pub(crate) fn patient(&self, usual: i64) -> i64 {
        usual.saturating_mul(i64::from(self.patience))
    }

    /// Doubles the driver's time, for this screen and those that follow in the dialog.
    fn more_time(&mut self, now: Time) {
        self.patience = self.patience.saturating_mul(2).min(MOST_PATIENCE);
        let fresh = now.plus(self.patient(self.config.idle));
        let warning = self.config.warning;
        let mut ends = false;
        match &mut self.stage {
            Stage::Typing { until, .. } | Stage::Message { until, .. } => *until = fresh,
            Stage::Offered { view, until, .. } => {
                ends = view.valid_until.since(now) <= warning;
                *until = view.valid_until.min(fresh);
            }
            _ => {}
        }
        if ends {
            self.ask_anew(now);
        } else {
            self.show_again();
        }
    }

    /// When the present screen goes away by itself, where it does.
    pub(crate) fn deadline(&self) -> Option<Time> {
        match &self.stage {
            Stage::Typing { until, .. }
            | Stage::Offered { until, .. }
            | Stage::Message { until, .. } => Some(*until),
            Stage::Transaction if !self.contactor => self.transaction_timeout(),
            Stage::Transaction => self.stop_asked,
            Stage::Idle | Stage::Checking { .. } | Stage::Consenting { .. } | Stage::Faulted => {
                None
            }
        }
    }
}
