//! A driver presents a credential (FL-02 to FL-05): which EVSE, whose credential, who answers for it.

use crate::door::Level;
use crate::machine::Utility;
use crate::out::Out;
use crate::peer::Message;
use crate::said::{Says, Word};
use crate::trace::flow;
use crate::visit::{MAX_OPEN, Visit};
use fairway_gateway::session::Opening;
use fairway_gateway::{Credential, Route, Session, State, Step, classify, route};
use fairway_model::station::{CallId, ConnectorState, Identified, Presented, ToStation};
use fairway_model::time::MINUTE;
use fairway_model::{
    AgreementId, ConsentMethod, EvseId, Hash, MemberId, Refusal, RefusalCode, SessionId,
    SignedEligibility, StationId, Time,
};
use std::collections::{BTreeMap, VecDeque};

/// Most stations whose failed attempts are counted at a time.
pub const MAX_ATTEMPT_STATIONS: usize = 10_000;
/// Most failures remembered of one station.
const MAX_FAILURES: usize = 256;

/// Failed identifications by station, of the last minute.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attempts {
    failures: BTreeMap<StationId, VecDeque<Time>>,
}

impl Attempts {
    fn failed(&mut self, station: &StationId, now: Time) {
        if self.failures.len() >= MAX_ATTEMPT_STATIONS && !self.failures.contains_key(station) {
            self.failures
                .retain(|_, times| times.back().is_some_and(|t| now.since(*t) < MINUTE));
            if self.failures.len() >= MAX_ATTEMPT_STATIONS {
                self.failures.pop_first();
            }
        }
        let times = self.failures.entry(station.clone()).or_default();
        times.push_back(now);
        if times.len() > MAX_FAILURES {
            times.pop_front();
        }
    }

    fn check(&mut self, station: &StationId, now: Time, most: u32) -> Result<(), Refusal> {
        let Some(times) = self.failures.get_mut(station) else {
            return Ok(());
        };
        while times.front().is_some_and(|t| now.since(*t) >= MINUTE) {
            times.pop_front();
        }
        if u32::try_from(times.len()).unwrap_or(u32::MAX) < most.max(1) {
            return Ok(());
        }
        let wait = times
            .front()
            .map_or(MINUTE, |t| MINUTE.saturating_sub(now.since(*t)))
            .div_euclid(1_000)
            .saturating_add(1);
        let text = format!("too many failed attempts at this station: please wait {wait} seconds");
        Err(Refusal::new(RefusalCode::TooManyAttempts, text))
    }
}

pub(crate) fn asked_key(id: SessionId) -> String {
    format!("asked/{id}")
}

fn unavailable(text: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::EvseUnavailable, text)
}

impl Utility {
    pub(crate) fn on_identify(
        &mut self,
        out: &mut Out,
        station: &StationId,
        call: CallId,
        evse: Option<u32>,
        presented: Presented,
    ) {
        let credential = self.recognise(&presented);
        if let Some(id) = self.same_again(station, evse, credential) {
            return self.on_again(out, id, call, presented);
        }
        let opened = self
            .attempts
            .check(station, out.now, self.policy().attempts_per_minute)
            .and_then(|()| self.free_evse(out, station, evse))
            .and_then(|(number, evse)| self.check_room().map(|()| (number, evse)));
        match opened {
            Ok((number, evse)) => {
                self.open(out, station, (number, evse), (call, credential, &presented));
            }
            Err(refusal) => {
                out.log(Level::Warn, None, format!("{station}: {refusal}"));
                let answer = Identified::Refused(refusal);
                out.station(station, ToStation::Identified { call, answer });
            }
        }
    }

    /// Recognises a credential without keeping it.
    fn recognise(&self, presented: &Presented) -> Hash {
        let text = match classify(presented) {
            Ok(Credential::Cin(cin)) => cin.digits(),
            Ok(Credential::Contract(emaid)) => emaid.as_str().to_owned(),
            Ok(Credential::Own(text)) => text,
            Err(_) => presented.token.clone(),
        };
        Hash::keyed(&self.me.secret, "fairway.credential", text.as_bytes())
    }

    /// The open charge at this station (and EVSE, where it is told) that the credential began.
    fn same_again(
        &self,
        station: &StationId,
        evse: Option<u32>,
        credential: Hash,
    ) -> Option<SessionId> {
        self.visits.of_station(station).into_iter().find(|id| {
            self.visits.get(*id).is_some_and(|v| {
                v.session.credential == credential && evse.is_none_or(|n| n == v.session.number)
            })
        })
    }

    fn on_again(&mut self, out: &mut Out, id: SessionId, call: CallId, presented: Presented) {
        let now = out.now;
        let Some(visit) = self.visits.get_mut(id) else {
            return;
        };
        let repeated = visit.call == Some(call);
        match visit.session.state() {
            State::Identifying | State::Negotiating => {
                let older = visit.call.replace(call).filter(|_| !repeated);
                visit.presented = Some(presented);
                if let Some(older) = older {
                    let refusal =
                        Refusal::new(RefusalCode::Busy, "the credential is being checked");
                    let station = visit.session.station.clone();
                    out.station(
                        &station,
                        ToStation::Identified {
                            call: older,
                            answer: Identified::Refused(refusal),
                        },
                    );
                }
            }
            State::Offered => {
                let stands = visit
                    .session
                    .offer
                    .as_ref()
                    .is_some_and(|o| now < o.offer.valid_until);
                let seen = visit.shown && stands && !repeated;
                visit.call = Some(call);
                if seen {
                    self.consent_by_card(out, id, call);
                } else {
                    self.show_offer(out, id);
                }
            }
            State::Authorized => {
                self.identified(out, id, call, Identified::Consented(id));
                self.start(out, id);
            }
            State::Charging => self.stop_by_card(out, id, call),
            _ => {}
        }
    }

    fn consent_by_card(&mut self, out: &mut Out, id: SessionId, call: CallId) {
        match self.consent(out, id, ConsentMethod::SecondPresentation) {
            Ok(()) => {
                self.identified(out, id, call, Identified::Consented(id));
                self.start(out, id);
            }
            Err(refusal) => self.identified(out, id, call, Identified::Refused(refusal)),
        }
    }

    fn stop_by_card(&mut self, out: &mut Out, id: SessionId, call: CallId) {
        self.hop(
            out,
            id,
            ("station", "gateway"),
            flow::END,
            &Says::StopByCard,
        );
        self.request_stop(out, id);
        self.identified(out, id, call, Identified::StopRequested(id));
    }

    pub(crate) fn identified(
        &mut self,
        out: &mut Out,
        id: SessionId,
        call: CallId,
        answer: Identified,
    ) {
        if let Some(visit) = self.visits.get(id) {
            out.station(
                &visit.session.station.clone(),
                ToStation::Identified { call, answer },
            );
        }
    }

    fn check_room(&self) -> Result<(), Refusal> {
        if self.visits.open_count() >= MAX_OPEN || self.outbox.full() {
            return Err(Refusal::new(
                RefusalCode::Busy,
                "too many charges are open at present: please try again in a minute",
            ));
        }
        Ok(())
    }

    /// The EVSE that is meant: the one told, the station's only one, or the first that is free, one with a cable in it before
    /// others. An offer that somebody else left open there is withdrawn.
    fn free_evse(
        &mut self,
        out: &mut Out,
        station: &StationId,
        told: Option<u32>,
    ) -> Result<(u32, EvseId), Refusal> {
        let numbers = told.map_or_else(|| self.registry.numbers_of(station), |n| vec![n]);
        let mut free: Vec<(bool, u32, EvseId)> = Vec::new();
        let mut why = Refusal::new(
            RefusalCode::StationUnknown,
            format!("station {station} has no registered charging point"),
        );
        for number in numbers {
            match self.evse_state(station, number, out.now) {
                Ok(evse) => {
                    let plugged = self.connectors.get(&(station.clone(), number))
                        == Some(&ConnectorState::Occupied);
                    free.push((!plugged, number, evse));
                }
                Err(refusal) => why = refusal,
            }
        }
        free.sort();
        let Some((_, number, evse)) = free.into_iter().next() else {
            return Err(why);
        };
        if let Some(other) = self.visits.at_evse(station, number) {
            let refusal = Refusal::new(
                RefusalCode::ConsentDeclined,
                "another credential was presented while the offer was open",
            );
            self.give_up_offer(out, other, Step::Decline, refusal);
        }
        Ok((number, evse))
    }

    fn evse_state(&self, station: &StationId, number: u32, now: Time) -> Result<EvseId, Refusal> {
        let Some(record) = self.registry.evse_at(station, number) else {
            return Err(unavailable(format!(
                "charging point {number} of {station} is not registered"
            )));
        };
        if record.entry.utility != self.me.id {
            return Err(unavailable(format!(
                "{} is served by {}",
                record.entry.evse, record.entry.utility
            )));
        }
        if !record.in_use(now) {
            return Err(unavailable(format!(
                "{} is out of use; please take another one",
                record.entry.evse
            )));
        }
        let state = self.connectors.get(&(station.clone(), number));
        if let Some(
            ConnectorState::Faulted | ConnectorState::Unavailable | ConnectorState::Reserved,
        ) = state
        {
            return Err(unavailable(format!(
                "{} is out of service or reserved; please take another one",
                record.entry.evse
            )));
        }
        let other = self
            .visits
            .at_evse(station, number)
            .and_then(|id| self.visits.get(id));
        if other.is_some_and(|v| v.session.state() != State::Offered) {
            return Err(unavailable(format!(
                "{} is in use; please take another one, or wait",
                record.entry.evse
            )));
        }
        Ok(record.entry.evse.clone())
    }

    fn open(
        &mut self,
        out: &mut Out,
        station: &StationId,
        place: (u32, EvseId),
        who: (CallId, Hash, &Presented),
    ) {
        let (count, row) = self.marks.next_session(out.now);
        out.put(row);
        let id = SessionId::make(&self.me.secret, self.me.id, count);
        let opening = Opening {
            id,
            at: out.now,
            station: station.clone(),
            number: place.0,
            evse: place.1,
            credential: who.1,
            salt: out.draw(),
        };
        let mut visit = Visit::new(Session::open(opening));
        visit.call = Some(who.0);
        visit.presented = Some(who.2.clone());
        self.visits.insert(visit);
        out.visits.insert(id);
        self.hop(
            out,
            id,
            ("station", "gateway"),
            flow::CREDENTIAL,
            &Says::Presented {
                method: Word(who.2.method),
            },
        );
        if let Err(refusal) = self.find_home(out, id, who.2) {
            self.refuse(out, id, refusal);
        }
    }

    fn find_home(
        &mut self,
        out: &mut Out,
        id: SessionId,
        presented: &Presented,
    ) -> Result<(), Refusal> {
        let credential = classify(presented)?;
        let home = match route(&credential, &self.registry.prefixes)? {
            Route::Member(member) => member,
            Route::OwnProfiles => self.me.id,
        };
        for party in [home, self.me.id] {
            self.registry.must_be_active(party, out.now)?;
        }
        let Some((agreement, _)) = self.registry.in_force(home, self.me.id, out.now) else {
            let name = self.registry.name_of(home);
            let text = format!(
                "{name} has no roaming agreement with {}; please call your utility",
                self.me.name
            );
            return Err(Refusal::new(RefusalCode::NoAgreement, text));
        };
        if let Some(visit) = self.visits.get_mut(id) {
            visit.session.home = Some(home);
            visit.session.agreement = Some(agreement);
        }
        self.hop(
            out,
            id,
            ("gateway", "gateway"),
            flow::DECODED,
            &Says::Decoded { home, session: id },
        );
        let recalled = self.node.recall(out.now, home, agreement, presented);
        match recalled.filter(|signed| self.local_suffices(out, id, signed)) {
            Some(signed) => {
                if let Some(visit) = self.visits.get_mut(id) {
                    visit.session.local = true;
                }
                self.hop(
                    out,
                    id,
                    ("gateway", "aaa"),
                    flow::ASK_HOME,
                    &Says::ProfileFound,
                );
                self.eligible(out, id, &signed);
            }
            None => self.ask_home(out, id, (home, agreement), presented),
        }
        Ok(())
    }

    /// Whether what is left of a remembered guarantee covers an offer; else home is asked for a new one.
    fn local_suffices(&mut self, out: &Out, id: SessionId, signed: &SignedEligibility) -> bool {
        if let Some(visit) = self.visits.get_mut(id) {
            visit.session.eligibility = Some(signed.clone());
        }
        let suffices = !matches!(self.make_offer(out, id, None), Err(r) if r.code == RefusalCode::CreditExhausted);
        if let Some(visit) = self.visits.get_mut(id) {
            visit.session.eligibility = None;
        }
        suffices
    }

    fn ask_home(
        &mut self,
        out: &mut Out,
        id: SessionId,
        home: (MemberId, AgreementId),
        presented: &Presented,
    ) {
        let Some(visit) = self.visits.get_mut(id) else {
            return;
        };
        visit.asked = true;
        let evse = visit.session.evse.clone();
        let message = Message::EligibilityAsked {
            session: id,
            agreement: home.1,
            evse,
            presented: presented.clone(),
            asked: self.asked_word(out.now, id, home.0, home.1),
        };
        self.hop(
            out,
            id,
            ("gateway", &home.0.to_string()),
            flow::ASK_HOME,
            &Says::EligibilityAsked,
        );
        self.ask(out, asked_key(id), home.0, message, Some(id), false);
    }

    /// Says no before there is consent; the EVSE is free again.
    pub(crate) fn refuse(&mut self, out: &mut Out, id: SessionId, refusal: Refusal) {
        self.not_allowed(out, id, refusal.code);
        if !self.step(out, id, Step::Refuse) {
            return;
        }
        let Some(visit) = self.visits.get_mut(id) else {
            return;
        };
        visit.session.refusal = Some(refusal.clone());
        let (call, station, asked) = (
            visit.call.take(),
            visit.session.station.clone(),
            visit.asked,
        );
        visit.presented = None;
        self.answered(out, &asked_key(id));
        self.answered(out, &crate::offer::offer_key(id));
        // A home that was silent may have promised credit all the same.
        if asked {
            self.tell_void(out, id, refusal.clone());
        }
        self.attempts.failed(&station, out.now);
        out.log(Level::Warn, Some(id), format!("{station}: {refusal}"));
        self.hop(
            out,
            id,
            ("gateway", "station"),
            flow::AUTHENTICATION,
            &Says::Refused {
                why: (&refusal).into(),
            },
        );
        match call {
            Some(call) => self.identified(out, id, call, Identified::Refused(refusal)),
            None => out.station(
                &station,
                ToStation::Notice {
                    session: id,
                    refusal,
                },
            ),
        }
    }
}
