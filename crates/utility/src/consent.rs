//! Consent and what follows from it, or from its absence (FL-11 to FL-13).

use crate::crp;
use crate::door::Level;
use crate::machine::Utility;
use crate::out::Out;
use crate::peer::Message;
use crate::said::{Number, Says, Word};
use crate::trace::flow;
use fairway_gateway::session::HoldMark;
use fairway_gateway::{State, Step};
use fairway_ledger::{GuaranteeClaim, Hold, Operation};
use fairway_model::station::{CallId, ToStation};
use fairway_model::{
    ConsentMethod, Energy, Refusal, RefusalCode, SessionId, SignedConsent, StationId, Time,
};

pub(crate) fn consent_key(id: SessionId) -> String {
    format!("consent/{id}")
}

pub(crate) fn hold_key(id: SessionId) -> String {
    format!("hold/{id}")
}

pub(crate) fn void_key(id: SessionId) -> String {
    format!("void/{id}")
}

pub(crate) fn void_hold_key(id: SessionId) -> String {
    format!("voidhold/{id}")
}

impl Utility {
    /// The driver answers the question on the screen.
    pub(crate) fn on_consent(
        &mut self,
        out: &mut Out,
        station: &StationId,
        call: CallId,
        id: SessionId,
        accepted: bool,
    ) {
        let state = self
            .visits
            .get(id)
            .filter(|v| v.session.station == *station)
            .map(|v| v.session.state());
        let refusal = match state {
            None => Some(Refusal::new(
                RefusalCode::SessionUnknown,
                "this charge is not known here; please present the credential again",
            )),
            Some(State::Offered) if accepted => self.consent(out, id, ConsentMethod::Screen).err(),
            Some(State::Offered) => {
                let refusal = Refusal::new(
                    RefusalCode::ConsentDeclined,
                    "cancelled: nothing is billed and nothing is held",
                );
                self.give_up_offer(out, id, Step::Decline, refusal);
                None
            }
            // The same answer again.
            Some(State::Authorized | State::Charging) if accepted => None,
            Some(_) => {
                let known = self.visits.get(id).and_then(|v| v.session.refusal.clone());
                let late = || {
                    Refusal::new(
                        RefusalCode::OutOfOrder,
                        "this charge is past the question of consent",
                    )
                };
                Some(known.unwrap_or_else(late))
                    .filter(|r| accepted || r.code != RefusalCode::ConsentDeclined)
            }
        };
        let starts = accepted && refusal.is_none();
        out.station(station, ToStation::ConsentNoted { call, refusal });
        if starts {
            self.start(out, id);
        }
    }

    /// Records consent, asks for the hold, and tells home. The caller answers the station and then lets energy flow with
    /// [`Utility::start`], in that order: the answer tells some stations to start by themselves.
    pub(crate) fn consent(
        &mut self,
        out: &mut Out,
        id: SessionId,
        method: ConsentMethod,
    ) -> Result<(), Refusal> {
        let home = self.visits.get(id).and_then(|v| v.session.home);
        for party in home.into_iter().chain([self.me.id]) {
            self.registry.must_be_active(party, out.now)?;
        }
        let limit = self.energy_limit(out, id);
        let (now, key) = (out.now, self.me.key.clone());
        let gone = || Refusal::new(RefusalCode::SessionUnknown, "this charge is not known here");
        let visit = self.visits.get_mut(id).ok_or_else(gone)?;
        visit
            .session
            .consent(method, now, limit, |c| SignedConsent::sign(c, &key))?;
        let (command, row) = self.marks.next_command(now);
        out.put(row);
        visit.session.command = Some(command);
        out.visits.insert(id);
        self.hop(
            out,
            id,
            ("station", "gateway"),
            flow::CONSENT,
            &Says::ConsentGiven {
                method: Word(method),
            },
        );
        self.place_hold(out, id);
        self.tell_consent(out, id);
        Ok(())
    }

    /// What the station may deliver at most: the agreement's cap, and what guarantee and cap of amount pay for.
    fn energy_limit(&self, out: &Out, id: SessionId) -> Option<Energy> {
        let session = &self.visits.get(id)?.session;
        let offer = &session.offer.as_ref()?.offer;
        let agreement = self.registry.agreement(offer.agreement)?;
        let evse = &self.registry.evses.get(&offer.evse)?.entry;
        let rule = self.registry.rule_of(agreement).ok()?;
        let compiled = crp::compile(agreement.tariff(&offer.tariff)?, evse, rule.as_ref()).ok()?;
        let statement = &session.eligibility.as_ref()?.statement;
        // What is held for this charge is part of what remains for it.
        let most = self
            .node
            .remaining(out.now, statement)
            .max(offer.hold)
            .min(agreement.caps.amount_per_charge);
        let cap = agreement.caps.energy_per_charge;
        Some(crp::affordable(
            &compiled,
            &offer.adjustments,
            evse,
            (cap, most),
            offer.issued_at,
        ))
    }

    /// Sends the start command, again if need be.
    pub(crate) fn start(&mut self, out: &mut Out, id: SessionId) {
        let Some(visit) = self.visits.get(id) else {
            return;
        };
        if let (Some(permit), Some(command)) = (visit.session.permit(), visit.session.command) {
            out.station(&visit.session.station, permit.words(command));
            let what = Says::StartSent {
                command: Number(command.into()),
            };
            self.hop(out, id, ("gateway", "station"), flow::START, &what);
        }
    }

    /// Asks the ledger to set the money aside. Nobody waits for it.
    pub(crate) fn place_hold(&mut self, out: &mut Out, id: SessionId) {
        let Some(hold) = self.hold_of(id, out.now) else {
            return;
        };
        let amount = hold.amount;
        let statement = self
            .visits
            .get(id)
            .and_then(|v| v.session.eligibility.as_ref())
            .map(|e| e.statement.clone());
        if let Some(statement) = statement {
            self.node.use_guarantee(out, &statement, id, amount);
        }
        if let Some(visit) = self.visits.get_mut(id) {
            visit.session.hold = HoldMark::Submitted(visit.session.tries);
            out.visits.insert(id);
        }
        self.hop(
            out,
            id,
            ("gateway", "ledger"),
            flow::CONSENT,
            &Says::HoldSubmitted,
        );
        self.submit(
            out,
            hold_key(id),
            Operation::PlaceHold(Box::new(hold)),
            Some(id),
            0,
        );
    }

    fn hold_of(&self, id: SessionId, now: Time) -> Option<Hold> {
        let session = &self.visits.get(id)?.session;
        let offer = &session.offer.as_ref()?.offer;
        let signed = &session.eligibility.as_ref()?.statement.guarantee;
        let given_at = session.consent_given()?.consent.given_at;
        let agreement = self.registry.agreement(offer.agreement)?;
        let ends = given_at.plus(agreement.hold_ttl);
        Some(Hold {
            session: id,
            visited: self.me.id,
            guarantee: GuaranteeClaim {
                home: offer.home,
                home_key: self
                    .registry
                    .signing_key(offer.home, |key| signed.verify(key))?,
                guarantee: signed.guarantee.clone(),
                home_signature: signed.home_signature,
            },
            amount: offer.hold,
            currency: offer.currency,
            expires_at: if ends > now {
                ends
            } else {
                now.plus(agreement.hold_ttl)
            },
            offer: offer.hash(),
        })
    }

    fn tell_consent(&mut self, out: &mut Out, id: SessionId) {
        let Some(session) = self.visits.get(id).map(|v| &v.session) else {
            return;
        };
        let parts = (
            session.offer.clone(),
            session.consent_given().cloned(),
            session.eligibility.as_ref(),
        );
        let (Some(offer), Some(consent), Some(eligibility)) = parts else {
            return;
        };
        let home = offer.offer.home;
        let message = Message::ConsentGiven {
            offer: Box::new(offer),
            consent,
            pseudonym: eligibility.statement.pseudonym,
        };
        self.hop(
            out,
            id,
            ("gateway", &home.to_string()),
            flow::CONSENT,
            &Says::ConsentReported,
        );
        self.ask(out, consent_key(id), home, message, Some(id), true);
    }

    /// Ends an open offer without consent: nothing is held, nothing billed.
    pub(crate) fn give_up_offer(
        &mut self,
        out: &mut Out,
        id: SessionId,
        step: Step,
        refusal: Refusal,
    ) {
        if !self.step(out, id, step) {
            return;
        }
        let Some(visit) = self.visits.get_mut(id) else {
            return;
        };
        visit.session.refusal = Some(refusal.clone());
        let (station, asked) = (visit.session.station.clone(), visit.asked);
        if asked {
            self.tell_void(out, id, refusal.clone());
        }
        out.log(Level::Info, Some(id), refusal.to_string());
        self.hop(
            out,
            id,
            ("station", "gateway"),
            flow::NO_CONSENT,
            &Says::GivenUp {
                why: (&refusal).into(),
            },
        );
        out.station(
            &station,
            ToStation::Notice {
                session: id,
                refusal,
            },
        );
    }

    /// Tells home that nothing will come of a charge.
    pub(crate) fn tell_void(&mut self, out: &mut Out, id: SessionId, reason: Refusal) {
        let Some(home) = self.visits.get(id).and_then(|v| v.session.home) else {
            return;
        };
        self.answered(out, &consent_key(id));
        let message = Message::ChargeVoided {
            session: id,
            reason,
        };
        self.ask(out, void_key(id), home, message, Some(id), true);
    }

    /// Frees what is held on the ledger for a charge that ended without anything to settle.
    pub(crate) fn void_hold(&mut self, out: &mut Out, id: SessionId) {
        let Some(hold) = self.hold_of(id, out.now) else {
            return;
        };
        self.node.free_guarantee(out, id);
        let operation = Operation::VoidHold {
            session: id,
            home: hold.guarantee.home,
            visited: self.me.id,
            guarantee: hold.guarantee.guarantee.id,
            currency: hold.currency,
        };
        self.hop(
            out,
            id,
            ("gateway", "ledger"),
            flow::NO_CONSENT,
            &Says::HoldGivenBack,
        );
        self.submit(out, void_hold_key(id), operation, Some(id), 0);
    }
}
