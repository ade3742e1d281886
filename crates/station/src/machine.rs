//! The station as one machine: the door, time, and what the gateway says.

use crate::config::StationConfig;
use crate::io::{Input, Output};
use crate::outbox::Outbox;
use crate::screen::Screen;
use crate::state::{Measured, Saved, Stage};
use fairway_model::station::{
    CallId, ConnectorState, FromStation, Identified, OfferView, ToStation,
};
use fairway_model::{
    Canonical, DecodeError, Energy, Micro, Refusal, RefusalCode, SessionId, SignReading, Time,
};

/// One charging station with one EVSE.
///
/// Invariant: the contactor is closed only between an accepted [`ToStation::Start`] and the end of its transaction.
#[derive(Debug)]
pub struct Station<S> {
    pub(crate) config: StationConfig,
    pub(crate) signer: S,
    pub(crate) stage: Stage,
    pub(crate) saved: Saved,
    pub(crate) outbox: Outbox,
    pub(crate) measured: Measured,
    pub(crate) linked: bool,
    pub(crate) plugged: bool,
    pub(crate) contactor: bool,
    /// The check of a credential that was presented while a transaction is open.
    pub(crate) stop_check: Option<CallId>,
    /// The offer of this dialog, from its first screen to the bill.
    pub(crate) offer: Option<Box<OfferView>>,
    /// The energy at which the driver wants to stop.
    pub(crate) wanted: Option<Energy>,
    /// How many times longer than usual the screens wait for this driver.
    pub(crate) patience: u8,
    /// Until when it is asked whether to stop.
    pub(crate) stop_asked: Option<Time>,
    /// Counts the drivers' dialogs.
    pub(crate) dialog: u64,
    /// Counts the screens.
    pub(crate) step: u64,
    pub(crate) cost: Option<Micro>,
    /// Energy of the last reading that the utility took: what the cost is of.
    pub(crate) costed: Option<Energy>,
    /// The charge whose bill is awaited.
    pub(crate) last: Option<SessionId>,
    /// The charge whose offer or consent ended on the screen without a start: it must not start any more.
    pub(crate) given_up: Option<SessionId>,
    pub(crate) out: Vec<Output>,
    screen: Screen,
    told: Option<ConnectorState>,
    calls: u64,
}

impl<S: SignReading> Station<S> {
    /// A station that was never switched on before.
    pub fn new(config: StationConfig, signer: S) -> Self {
        Self::with(config, signer, Saved::default())
    }

    /// A station as its last [`Output::Persist`] left it: unsent events are sent, an open transaction ends with "power loss".
    ///
    /// # Errors
    /// When the bytes are not what a station writes.
    pub fn restore(config: StationConfig, signer: S, saved: &[u8]) -> Result<Self, DecodeError> {
        let saved = Saved::from_bytes(saved)?;
        if saved.format != 0 {
            let text = format!("station data of format {}; 0 is known", saved.format);
            return Err(DecodeError::Malformed(text));
        }
        Ok(Self::with(config, signer, saved))
    }

    fn with(config: StationConfig, signer: S, saved: Saved) -> Self {
        Self {
            config,
            signer,
            stage: Stage::Idle,
            saved,
            outbox: Outbox::default(),
            measured: Measured::default(),
            linked: false,
            plugged: false,
            contactor: false,
            stop_check: None,
            offer: None,
            wanted: None,
            patience: 1,
            stop_asked: None,
            dialog: 0,
            step: 0,
            cost: None,
            costed: None,
            last: None,
            given_up: None,
            out: Vec::new(),
            screen: Screen::Offline,
            told: None,
            calls: 0,
        }
    }

    /// The only door: what happened, and what is to be done about it, in order.
    pub fn handle(&mut self, now: Time, input: Input) -> Vec<Output> {
        match input {
            Input::PowerOn { register } => self.power_on(now, register),
            Input::LinkUp => self.link_up(),
            Input::LinkDown => self.link_down(now),
            Input::Gateway(word) => self.gateway(now, word),
            Input::Lost(call) => self.lost(now, call),
            Input::Key(key) => self.key(now, key),
            Input::Presented(presented) => self.presented(now, presented),
            Input::Choice(accepted) => self.choice(now, accepted),
            Input::Choose(choice) => self.choose(now, choice),
            Input::PlugIn => self.plug_in(now),
            Input::Unplug => self.unplug(now),
            Input::StopButton => self.stop_button(now),
            Input::Measured {
                register,
                power_w,
                soc,
                full,
            } => {
                self.measure(
                    now,
                    Measured {
                        register,
                        power_w,
                        soc,
                        full,
                    },
                );
            }
            Input::Fault(fault) => self.fault(now, fault),
            Input::FaultCleared => self.fault_cleared(),
            Input::Tick => {}
        }
        self.time_passed(now);
        self.send_next(now);
        self.tell_status();
        core::mem::take(&mut self.out)
    }

    /// What the driver sees now.
    pub fn screen(&self) -> &Screen {
        &self.screen
    }

    /// Whether the contactor is to be closed.
    pub fn is_delivering(&self) -> bool {
        self.contactor
    }

    /// Events that the utility has not confirmed.
    pub fn unsent(&self) -> usize {
        self.saved.queue.len()
    }

    /// When [`Input::Tick`] is wanted at the latest.
    pub fn poll_timeout(&self) -> Option<Time> {
        let stage = match &self.stage {
            Stage::Typing { until, .. }
            | Stage::Checking { until, .. }
            | Stage::Offered { until, .. }
            | Stage::Consenting { until, .. }
            | Stage::Message { until, .. } => Some(*until),
            Stage::Transaction => self.transaction_timeout(),
            Stage::Idle | Stage::Faulted => None,
        };
        stage
            .into_iter()
            .chain(self.stop_asked)
            .chain(self.retry_at())
            .min()
    }

    fn time_passed(&mut self, now: Time) {
        match &self.stage {
            Stage::Typing { until, .. } | Stage::Message { until, .. } if *until <= now => {
                self.idle();
            }
            Stage::Checking { until, .. } if *until <= now => self.silent(now),
            Stage::Offered { until, .. } if *until <= now => self.complain(
                now,
                RefusalCode::ConsentTimeout,
                "the offer ran out; present your card again for a new one",
            ),
            Stage::Consenting { until, .. } if *until <= now => self.silent(now),
            Stage::Transaction => self.transaction_time(now),
            _ => {}
        }
        if self.stop_asked.is_some_and(|until| until <= now) {
            self.ask_stop(None);
        }
    }

    fn link_up(&mut self) {
        self.linked = true;
        self.told = None;
        self.outbox.reset();
        let (model, firmware) = (self.config.model.clone(), self.config.firmware.clone());
        self.say(FromStation::Booted { model, firmware });
        if self.stage == Stage::Idle {
            self.show(Screen::Prompt);
        }
    }

    fn link_down(&mut self, now: Time) {
        self.linked = false;
        self.outbox.reset();
        self.stop_check = None;
        match self.stage {
            Stage::Idle => self.show(Screen::Offline),
            Stage::Checking { .. } | Stage::Offered { .. } | Stage::Consenting { .. } => {
                self.silent(now);
            }
            _ => {}
        }
    }

    fn gateway(&mut self, now: Time, word: ToStation) {
        match word {
            ToStation::Identified { call, answer } => self.identified(now, call, answer),
            ToStation::ConsentNoted { call, refusal } => self.consent_noted(now, call, refusal),
            ToStation::TransactionNoted {
                call,
                cost,
                refusal,
            } => {
                self.transaction_noted(now, call, cost, refusal);
            }
            ToStation::Start {
                command,
                evse,
                evse_id,
                session,
                energy_limit,
            } => {
                let here = evse == self.config.evse && evse_id == self.config.evse_id;
                self.start(now, command, here, session, energy_limit);
            }
            ToStation::Stop {
                command,
                transaction,
            } => {
                self.remote_stop(now, command, &transaction);
            }
            ToStation::Bill(view) => self.bill(now, view),
            ToStation::Notice { session, refusal } => self.notice(now, session, refusal),
        }
    }

    fn identified(&mut self, now: Time, call: CallId, answer: Identified) {
        if self.stop_check == Some(call) {
            self.stop_check = None;
            self.stop_answered(now, &answer);
        } else if matches!(&self.stage, Stage::Checking { call: asked, .. } if *asked == call) {
            self.answered(now, answer);
        }
    }

    fn lost(&mut self, now: Time, call: CallId) {
        if self.stop_check == Some(call) {
            self.stop_check = None;
        }
        let waiting = match &self.stage {
            Stage::Checking { call: asked, .. } => *asked == call,
            Stage::Consenting { call: asked, .. } => *asked == Some(call),
            _ => false,
        };
        if waiting {
            self.silent(now);
        }
        self.outbox.lost(now, call);
    }

    /// Back to the first screen.
    pub(crate) fn idle(&mut self) {
        self.give_up();
        self.stage = Stage::Idle;
        self.next_dialog();
        self.show(if self.linked {
            Screen::Prompt
        } else {
            Screen::Offline
        });
    }

    /// Another driver may be at the station: nothing of the last one is left on the screen.
    pub(crate) fn next_dialog(&mut self) {
        (self.offer, self.wanted, self.patience) = (None, None, 1);
        self.dialog = self.dialog.saturating_add(1);
    }

    /// The driver sees that nothing will start; a start that comes late must not prove him wrong.
    pub(crate) fn give_up(&mut self) {
        self.given_up = match &self.stage {
            Stage::Offered { view, .. } => Some(view.session),
            Stage::Consenting { session, .. } => Some(*session),
            _ => self.given_up,
        };
    }

    /// Shows a refusal for a while.
    pub(crate) fn refuse(&mut self, now: Time, session: Option<SessionId>, refusal: Refusal) {
        self.give_up();
        let until = now.plus(self.patient(self.config.idle));
        self.stage = Stage::Message { session, until };
        self.show(Screen::Error { refusal, until });
    }

    pub(crate) fn complain(&mut self, now: Time, code: RefusalCode, text: &str) {
        self.refuse(now, None, Refusal::new(code, text));
    }

    /// The utility did not answer.
    pub(crate) fn silent(&mut self, now: Time) {
        let text = "the station cannot reach its utility; nothing was started and nothing is charged; try again in a minute";
        self.complain(now, RefusalCode::HomeSilent, text);
    }

    pub(crate) fn say(&mut self, word: FromStation) {
        self.out.push(Output::Send(word));
    }

    pub(crate) fn show(&mut self, screen: Screen) {
        if self.screen != screen {
            if core::mem::discriminant(&self.screen) != core::mem::discriminant(&screen) {
                self.next_step();
            }
            self.screen = screen.clone();
            self.out.push(Output::Display(screen));
        }
    }

    pub(crate) fn next_step(&mut self) {
        self.step = self.step.saturating_add(1);
    }

    /// The screen names its end where that moved.
    pub(crate) fn show_again(&mut self) {
        match (&self.stage, &self.screen) {
            (Stage::Message { until, .. }, Screen::Error { refusal, .. }) => {
                let (refusal, until) = (refusal.clone(), *until);
                self.show(Screen::Error { refusal, until });
            }
            (Stage::Transaction, _) => self.show_charge(),
            _ => {}
        }
    }

    /// Numbers of requests never repeat while the program runs.
    pub(crate) fn call(&mut self) -> CallId {
        self.calls = self.calls.saturating_add(1);
        CallId(self.calls)
    }

    /// Tells the connector's state when it changed.
    fn tell_status(&mut self) {
        let state = match self.stage {
            Stage::Faulted => ConnectorState::Faulted,
            _ if self.plugged || self.saved.open.is_some() => ConnectorState::Occupied,
            _ => ConnectorState::Available,
        };
        if self.linked && self.told != Some(state) {
            self.told = Some(state);
            self.say(FromStation::Status {
                evse: self.config.evse,
                state,
            });
        }
    }
}
