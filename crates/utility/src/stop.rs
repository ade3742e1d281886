//! A charge is ended from afar: a driver's home utility asks and the visited one tells its station, or that one's operator does.
//!
//! Invariant: a station is told only for its own operator or the home utility of the very charge, only while energy flows, and once however often it is
//! asked; what the station then reports ends the charge as any other end does. Tested in `tests/it/stops.rs`.

use crate::command::Reply;
use crate::door::Level;
use crate::home::HomeState;
use crate::machine::Utility;
use crate::out::Out;
use crate::peer::{Message, StopAnswer};
use crate::said::Says;
use crate::trace::flow;
use crate::visit::Visit;
use fairway_gateway::State;
use fairway_model::{MemberId, Refusal, RefusalCode, SessionId, StationId, Time};
use minicbor::{Decode, Encode};

/// A driver's wish to end his charge, as his home utility knows it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct StopWish {
    /// When he asked.
    #[n(0)]
    pub at: Time,
    /// Counts his requests for the charge, from 1: answers to earlier ones change nothing.
    #[n(1)]
    pub number: u32,
    /// What the visited utility said; none while it has not answered.
    #[n(2)]
    pub answer: Option<StopAnswer>,
}

/// Names the request in the outbox.
pub(crate) fn stop_key(id: SessionId) -> String {
    format!("stop/{id}")
}

fn unknown_here() -> Refusal {
    let text = "this charge is not known here";
    Refusal::new(RefusalCode::SessionUnknown, text)
}

fn no_flow(over: bool) -> Refusal {
    let text = if over {
        "this charge has ended: there is nothing to stop"
    } else {
        "no energy flows yet: leave the offer at the station, or do not plug in"
    };
    Refusal::new(RefusalCode::OutOfOrder, text)
}

impl Utility {
    /// A driver of ours wants his charge to end. Asked again, nothing more happens, unless the visited utility refused.
    ///
    /// # Errors
    /// `session-unknown` for a charge that is not his; `out-of-order` before his consent is known here and after the end.
    pub(crate) fn stop_charge(
        &mut self,
        out: &mut Out,
        customer: &str,
        session: SessionId,
    ) -> Result<Reply, Refusal> {
        let key = self.customer(customer)?.key;
        let own = self.owner_of(session) == Some(key);
        let charge = self.homes.all.get_mut(&session).filter(|_| own);
        let Some(charge) = charge else {
            let text = format!("{session} is no charge of this customer");
            return Err(Refusal::new(RefusalCode::SessionUnknown, text));
        };
        if charge.state != HomeState::Consented {
            return Err(no_flow(charge.state > HomeState::Consented));
        }
        let refused = |wish: &StopWish| matches!(wish.answer, Some(StopAnswer::Refused(_)));
        if charge.stop.as_ref().is_some_and(|wish| !refused(wish)) {
            return Ok(Reply::Done);
        }
        let before = charge.stop.as_ref().map_or(0, |wish| wish.number);
        let number = before.saturating_add(1);
        charge.stop = Some(StopWish {
            at: out.now,
            number,
            answer: None,
        });
        let visited = charge.visited;
        out.homes.insert(session);
        let to = visited.to_string();
        self.hop(out, session, ("aaa", &to), flow::END, &Says::StopWished);
        let message = Message::StopAsked { session, number };
        self.ask(
            out,
            stop_key(session),
            visited,
            message,
            Some(session),
            true,
        );
        Ok(Reply::Done)
    }

    /// A message about a charge that its driver wants to end; others are none of it.
    pub(crate) fn on_stop_message(&mut self, out: &mut Out, from: MemberId, message: Message) {
        match message {
            Message::StopAsked { session, number } => {
                self.on_stop_asked(out, from, session, number);
            }
            Message::StopAnswered {
                session,
                number,
                answer,
            } => self.on_stop_answered(out, from, (session, number), answer),
            _ => {}
        }
    }

    /// Nobody need be asked to end a charge that has ended.
    pub(crate) fn stop_over(&mut self, out: &mut Out, session: SessionId) {
        self.answered(out, &stop_key(session));
    }

    /// The visited utility answers.
    fn on_stop_answered(
        &mut self,
        out: &mut Out,
        from: MemberId,
        (session, number): (SessionId, u32),
        answer: StopAnswer,
    ) {
        let charge = self.homes.all.get_mut(&session);
        let charge = charge.filter(|charge| charge.visited == from);
        let wish = charge.and_then(|charge| charge.stop.as_mut());
        let Some(wish) = wish.filter(|w| w.number == number && w.answer.is_none()) else {
            let text = format!("{from} answers a wish to stop that nobody waits for");
            return out.log(Level::Info, Some(session), text);
        };
        if let StopAnswer::Refused(refusal) = &answer {
            let text = format!("{from} does not stop the charge: {refusal}");
            out.log(Level::Warn, Some(session), text);
        }
        wish.answer = Some(answer);
        out.homes.insert(session);
        self.answered(out, &stop_key(session));
    }

    /// A home utility asks for its driver (visited role). Who is not the home of the charge hears what he would hear of none.
    fn on_stop_asked(&mut self, out: &mut Out, from: MemberId, session: SessionId, number: u32) {
        let answer = self
            .take_stop(out, from, session)
            .unwrap_or_else(StopAnswer::Refused);
        let message = Message::StopAnswered {
            session,
            number,
            answer,
        };
        self.send(out, from, message);
    }

    fn take_stop(
        &mut self,
        out: &mut Out,
        from: MemberId,
        session: SessionId,
    ) -> Result<StopAnswer, Refusal> {
        if !self.is_home_of(out, from, session) {
            return Err(unknown_here());
        }
        self.tell_stop(out, session, &from.to_string(), &Says::StopAskedByHome)
    }

    /// The operator wants a charge at a station of ours to end. Asked again, nothing more happens.
    ///
    /// # Errors
    /// `session-unknown` for a charge that is at no station of ours; `out-of-order` before energy flows and after the end.
    pub(crate) fn end_charge(
        &mut self,
        out: &mut Out,
        session: SessionId,
    ) -> Result<Reply, Refusal> {
        if self.visits.get(session).is_none() {
            let text = format!(
                "{session} is at no station of this utility: the one whose station it is can stop it, and so can its driver"
            );
            return Err(Refusal::new(RefusalCode::SessionUnknown, text));
        }
        self.tell_stop(out, session, "operator", &Says::StopByOperator)?;
        Ok(Reply::Done)
    }

    /// Tells the station, unless somebody was heard before, and says how far that comes.
    fn tell_stop(
        &mut self,
        out: &mut Out,
        session: SessionId,
        asks: &str,
        says: &Says,
    ) -> Result<StopAnswer, Refusal> {
        let visit = self.visits.get(session).ok_or_else(unknown_here)?;
        match visit.session.state() {
            State::Charging => {}
            State::Identifying | State::Negotiating | State::Offered | State::Authorized => {
                return Err(no_flow(false));
            }
            _ => return Err(no_flow(true)),
        }
        let answer = self.reach(&visit.session.station);
        // Whoever asked before, with the card or from afar, has been heard.
        if !visit.session.stopping {
            self.hop(out, session, (asks, "gateway"), flow::END, says);
            self.request_stop(out, session);
        }
        Ok(answer)
    }

    /// Whether a station hears now what it is told.
    fn reach(&self, station: &StationId) -> StopAnswer {
        if self.connected.contains_key(station) {
            StopAnswer::Told
        } else {
            StopAnswer::Waits
        }
    }

    /// How far a wish to end this charge at our station has come, whoever had it; nothing where nobody had, or it is over.
    pub(crate) fn stop_of(&self, visit: &Visit) -> Option<StopAnswer> {
        let asked = visit.session.stopping && visit.session.state() == State::Charging;
        asked.then(|| self.reach(&visit.session.station))
    }
}
