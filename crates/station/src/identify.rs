//! From a credential to consent (FL-01 to FL-13).

use crate::io::PadKey;
use crate::machine::Station;
use crate::screen::Screen;
use crate::state::Stage;
use fairway_model::cin::{Cin, MAX_CIN_DIGITS, TypedCin, TypedState};
use fairway_model::station::{CallId, FromStation, Identified, InputMethod, OfferView, Presented};
use fairway_model::{CinError, Refusal, RefusalCode, SessionId, SignReading, Time};

/// Longest PIN.
const MAX_PIN: usize = 12;

/// Why digits are no number.
fn why_not(digits: &str) -> Option<CinError> {
    match TypedCin::new(digits).state {
        TypedState::Wrong { error, .. } => Some(error),
        _ => Cin::parse(digits).err(),
    }
}

impl<S: SignReading> Station<S> {
    pub(crate) fn key(&mut self, now: Time, key: PadKey) {
        match key {
            PadKey::Cancel if self.saved.open.is_none() => self.cancel(now),
            PadKey::Cancel => {}
            key => match (self.choice_of(key), key) {
                (Some(choice), _) => self.choose(now, choice),
                (None, PadKey::Digit(digit)) => self.digit(now, digit),
                (None, _) => {}
            },
        }
    }

    /// Gives up whatever is on the screen; an offer is declined.
    pub(crate) fn cancel(&mut self, now: Time) {
        match self.stage {
            Stage::Offered { .. } => self.choice(now, false),
            Stage::Consenting { .. } | Stage::Faulted | Stage::Transaction => {}
            _ => self.idle(),
        }
    }

    /// Whether a new driver may begin.
    fn may_begin(&self) -> bool {
        matches!(
            self.stage,
            Stage::Idle | Stage::Message { .. } | Stage::Typing { .. }
        )
    }

    fn digit(&mut self, now: Time, digit: u8) {
        let Some(digit) = char::from_digit(u32::from(digit), 10) else {
            return;
        };
        let until = now.plus(self.patient(self.config.idle));
        if !self.linked && self.may_begin() {
            self.silent(now);
            return;
        }
        match &mut self.stage {
            Stage::Typing {
                digits,
                cin,
                wrong,
                until: deadline,
            } => {
                let room = if cin.is_some() {
                    MAX_PIN
                } else {
                    MAX_CIN_DIGITS
                };
                if digits.len() < room {
                    digits.push(digit);
                }
                (*deadline, *wrong) = (until, None);
            }
            Stage::Idle | Stage::Message { .. } => {
                self.after_a_bill();
                self.stage = Stage::Typing {
                    digits: digit.to_string(),
                    cin: None,
                    wrong: None,
                    until,
                };
            }
            _ => return,
        }
        self.show_typing();
    }

    /// Takes the last digit back; where there is none, the entry is left.
    pub(crate) fn back(&mut self, now: Time) {
        let until = now.plus(self.patient(self.config.idle));
        if let Stage::Typing {
            digits,
            wrong,
            until: deadline,
            ..
        } = &mut self.stage
        {
            let had = digits.pop();
            (*deadline, *wrong) = (until, None);
            match had {
                Some(_) => self.show_typing(),
                None => self.idle(),
            }
        }
    }

    /// Whoever begins while the last charge's bill is shown is another driver.
    fn after_a_bill(&mut self) {
        if matches!(self.screen(), Screen::Thanks { .. } | Screen::Bill(_)) {
            self.next_dialog();
        }
    }

    fn show_typing(&mut self) {
        if let Stage::Typing {
            digits, cin, wrong, ..
        } = &self.stage
        {
            let (digits, wrong) = (digits.len(), *wrong);
            self.show(if cin.is_some() {
                Screen::Pin { digits }
            } else {
                Screen::Typing { digits, wrong }
            });
        }
    }

    /// Takes the entry. A number that cannot be right stays as it was typed, with the reason: a typing error never travels (ST-11).
    pub(crate) fn enter(&mut self, now: Time) {
        let until = now.plus(self.patient(self.config.idle));
        let Stage::Typing {
            digits,
            cin,
            wrong,
            until: deadline,
        } = &mut self.stage
        else {
            return;
        };
        if cin.is_none() && TypedCin::new(digits).state != TypedState::Complete {
            (*wrong, *deadline) = (why_not(digits), until);
            self.show_typing();
            return;
        }
        let (digits, cin) = (digits.clone(), cin.clone());
        let presented = match cin {
            Some(cin) => Presented {
                method: InputMethod::DialPad,
                token: cin,
                pin: Some(digits),
            },
            None => Presented {
                method: InputMethod::DialPad,
                token: digits,
                pin: None,
            },
        };
        self.presented(now, presented);
    }

    pub(crate) fn presented(&mut self, now: Time, presented: Presented) {
        if self.saved.open.is_some() {
            self.ask_to_stop(presented);
            return;
        }
        if !self.may_begin() && !matches!(self.stage, Stage::Offered { .. }) {
            return;
        }
        if !self.linked {
            self.silent(now);
            return;
        }
        // A typing error is caught here and never travels (ST-11).
        let typed = matches!(presented.method, InputMethod::DialPad | InputMethod::Code);
        if typed && let Err(error) = Cin::parse(&presented.token) {
            self.complain(now, RefusalCode::CinMistyped, &error.to_string());
            return;
        }
        self.after_a_bill();
        self.check(now, presented);
    }

    fn check(&mut self, now: Time, presented: Presented) {
        let call = self.call();
        let until = now.plus(self.config.idle);
        self.stage = Stage::Checking {
            call,
            presented: presented.clone(),
            until,
        };
        self.show(Screen::Checking);
        self.say(FromStation::Identify {
            call,
            evse: Some(self.config.evse),
            presented,
        });
    }

    /// The offer ends, and its driver needs more time: it is declined, and the same credential asks for another one. Presenting
    /// it alone would be consent.
    pub(crate) fn ask_anew(&mut self, now: Time) {
        let Stage::Offered {
            view, presented, ..
        } = &self.stage
        else {
            return;
        };
        let (session, presented) = (view.session, presented.clone());
        self.give_up();
        let call = self.call();
        self.say(FromStation::Consent {
            call,
            session,
            accepted: false,
        });
        self.check(now, presented);
    }

    /// A credential while a transaction is open: its owner may stop it.
    fn ask_to_stop(&mut self, presented: Presented) {
        if self.linked && self.stop_check.is_none() {
            let call = self.call();
            self.stop_check = Some(call);
            self.say(FromStation::Identify {
                call,
                evse: Some(self.config.evse),
                presented,
            });
        }
    }

    /// The answer to a credential.
    pub(crate) fn answered(&mut self, now: Time, answer: Identified) {
        match answer {
            Identified::Offer(view) => self.offer(now, view),
            Identified::Consented(session) => self.await_start(now, session, None),
            Identified::StopRequested(session) => {
                let text = "this card belongs to a charge that does not run here";
                let refusal = Refusal::new(RefusalCode::SessionUnknown, text);
                self.refuse(now, Some(session), refusal);
            }
            Identified::Refused(refusal) => self.refused(now, refusal),
        }
    }

    fn offer(&mut self, now: Time, view: Box<OfferView>) {
        let until = view
            .valid_until
            .min(now.plus(self.patient(self.config.idle)));
        let Stage::Checking { presented, .. } = &self.stage else {
            return;
        };
        let presented = presented.clone();
        self.offer = Some(view.clone());
        self.wanted = None;
        self.stage = Stage::Offered {
            view: view.clone(),
            presented,
            until,
        };
        self.show(Screen::Offer(view));
    }

    /// A missing PIN is asked for; everything else is shown.
    fn refused(&mut self, now: Time, refusal: Refusal) {
        if let Stage::Checking { presented, .. } = &self.stage {
            let typed = presented.method == InputMethod::DialPad && presented.pin.is_none();
            if typed && refusal.code == RefusalCode::PinWrong {
                let cin = Some(presented.token.clone());
                let until = now.plus(self.patient(self.config.idle));
                self.stage = Stage::Typing {
                    digits: String::new(),
                    cin,
                    wrong: None,
                    until,
                };
                self.show_typing();
                return;
            }
        }
        self.refuse(now, None, refusal);
    }

    pub(crate) fn choice(&mut self, now: Time, accepted: bool) {
        let Stage::Offered { view, .. } = &self.stage else {
            return;
        };
        let session = view.session;
        let call = self.call();
        self.say(FromStation::Consent {
            call,
            session,
            accepted,
        });
        if accepted {
            self.await_start(now, session, Some(call));
        } else {
            self.idle();
        }
    }

    fn await_start(&mut self, now: Time, session: SessionId, call: Option<CallId>) {
        self.given_up = None;
        let until = now.plus(self.config.idle);
        self.stage = Stage::Consenting {
            session,
            call,
            until,
        };
        self.show(Screen::Preparing { session });
    }

    pub(crate) fn consent_noted(&mut self, now: Time, noted: CallId, refusal: Option<Refusal>) {
        let Stage::Consenting { session, call, .. } = &mut self.stage else {
            return;
        };
        if *call != Some(noted) {
            return;
        }
        *call = None;
        let session = *session;
        if let Some(refusal) = refusal {
            self.refuse(now, Some(session), refusal);
        }
    }

    /// A message of the utility about a charge that is on the screen.
    pub(crate) fn notice(&mut self, now: Time, session: SessionId, refusal: Refusal) {
        let about = match &self.stage {
            Stage::Offered { view, .. } => Some(view.session),
            Stage::Consenting { session, .. } => Some(*session),
            Stage::Message { session, .. } => *session,
            _ => None,
        };
        if about == Some(session) {
            self.refuse(now, Some(session), refusal);
        }
    }
}
