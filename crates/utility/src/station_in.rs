//! What stations say (visited role).

use crate::consent::{hold_key, void_key};
use crate::door::Level;
use crate::machine::Utility;
use crate::out::Out;
use crate::said::Says;
use crate::trace::flow;
use fairway_gateway::session::HoldMark;
use fairway_gateway::{State, Step};
use fairway_model::station::{ConnectorState, FromStation, ToStation};
use fairway_model::{Refusal, RefusalCode, SessionId, StationId};

impl Utility {
    pub(crate) fn on_station(&mut self, out: &mut Out, station: &StationId, words: FromStation) {
        if !matches!(words, FromStation::Disconnected) && !self.connected.contains_key(station) {
            self.connected.insert(station.clone(), out.now);
            self.reconnected(out, station);
        }
        match words {
            FromStation::Booted { model, firmware } => {
                out.log(
                    Level::Info,
                    None,
                    format!("{station} is connected: {model}, firmware {firmware}"),
                );
                self.reconnected(out, station);
            }
            FromStation::Status { evse, state } => self.on_status(out, station, evse, state),
            FromStation::Identify {
                call,
                evse,
                presented,
            } => self.on_identify(out, station, call, evse, presented),
            FromStation::Consent {
                call,
                session,
                accepted,
            } => self.on_consent(out, station, call, session, accepted),
            FromStation::Started { call, report } | FromStation::Updated { call, report } => {
                self.on_report(out, station, call, &report, None);
            }
            FromStation::Ended {
                call,
                report,
                reason,
            } => self.on_report(out, station, call, &report, Some(reason)),
            FromStation::CommandAnswered {
                command,
                accepted,
                text,
            } => self.on_command_answered(out, station, command, accepted, &text),
            FromStation::Disconnected => self.disconnected(out, station),
        }
    }

    fn on_status(&mut self, out: &mut Out, station: &StationId, evse: u32, state: ConnectorState) {
        // Only registered charging points are remembered, so that a station cannot fill the memory.
        if self.registry.evse_at(station, evse).is_some() {
            self.connectors.insert((station.clone(), evse), state);
        }
        let here = self.visits.at_evse(station, evse);
        let Some(visit) = here.and_then(|id| self.visits.get_mut(id)) else {
            return;
        };
        if visit.session.state() == State::Charging {
            visit.vacant =
                (state == ConnectorState::Available).then_some(visit.vacant.unwrap_or(out.now));
            let id = visit.session.id;
            self.set_timer(id);
        }
    }

    /// A new connection: what the old one may have lost is said again.
    fn reconnected(&mut self, out: &mut Out, station: &StationId) {
        for id in self.visits.of_station(station) {
            let Some(visit) = self.visits.get_mut(id) else {
                continue;
            };
            match visit.session.state() {
                State::Offered => visit.shown = false,
                State::Authorized => self.start(out, id),
                State::Charging if visit.session.stopping => self.request_stop(out, id),
                _ => {}
            }
            self.set_timer(id);
        }
    }

    fn disconnected(&mut self, out: &mut Out, station: &StationId) {
        if self.connected.remove(station).is_none() {
            return;
        }
        out.log(Level::Warn, None, format!("{station} is disconnected"));
        for id in self.visits.of_station(station) {
            if let Some(visit) = self.visits.get_mut(id) {
                visit.shown = false;
                // The request that waits belongs to the connection that is gone.
                visit.call = None;
            }
            self.set_timer(id);
        }
    }

    fn on_command_answered(
        &mut self,
        out: &mut Out,
        station: &StationId,
        command: u32,
        accepted: bool,
        text: &str,
    ) {
        let text: String = text.chars().take(120).collect();
        let meant = self.visits.of_station(station).into_iter().find(|id| {
            self.visits.get(*id).is_some_and(|v| {
                v.session.command == Some(command) && v.session.state() == State::Authorized
            })
        });
        if accepted {
            return;
        }
        out.log(
            Level::Warn,
            meant,
            format!("{station} refused command {command}: {text}"),
        );
        if let Some(id) = meant {
            let why = format!(
                "the station refused to start ({text}); nothing is billed, please take another one"
            );
            self.not_started(out, id, Refusal::new(RefusalCode::EvseUnavailable, why));
        }
    }

    /// Consent was given, but nothing will flow: everything is given back.
    pub(crate) fn not_started(&mut self, out: &mut Out, id: SessionId, refusal: Refusal) {
        if self.step(out, id, Step::NotStarted) {
            self.hop(
                out,
                id,
                ("station", "gateway"),
                flow::START,
                &Says::NotStarted {
                    why: (&refusal).into(),
                },
            );
            self.give_back(out, id, refusal);
        }
    }

    /// A charge that is void after consent: tells home, frees the hold, tells the driver.
    pub(crate) fn give_back(&mut self, out: &mut Out, id: SessionId, refusal: Refusal) {
        let Some(visit) = self.visits.get_mut(id) else {
            return;
        };
        visit.session.refusal = Some(refusal.clone());
        let (station, hold) = (visit.session.station.clone(), visit.session.hold);
        out.visits.insert(id);
        self.tell_void(out, id, refusal.clone());
        if !matches!(hold, HoldMark::None | HoldMark::Gone) {
            self.void_hold(out, id);
        }
        out.log(Level::Info, Some(id), refusal.to_string());
        out.station(
            &station,
            ToStation::Notice {
                session: id,
                refusal,
            },
        );
    }

    /// Tells the station to stop, and remembers it for the case that it does not hear.
    pub(crate) fn request_stop(&mut self, out: &mut Out, id: SessionId) {
        let Some(visit) = self.visits.get_mut(id) else {
            return;
        };
        visit.session.stopping = true;
        out.visits.insert(id);
        let (station, transaction) = (
            visit.session.station.clone(),
            visit.session.transaction.clone(),
        );
        if let Some(transaction) = transaction {
            self.stop(out, &station, transaction);
        }
    }

    pub(crate) fn stop(&mut self, out: &mut Out, station: &StationId, transaction: String) {
        let (command, row) = self.marks.next_command(out.now);
        out.put(row);
        out.station(
            station,
            ToStation::Stop {
                command,
                transaction,
            },
        );
    }

    /// A charge's time has come.
    pub(crate) fn on_timer(&mut self, out: &mut Out, id: SessionId) {
        let Some(visit) = self.visits.get(id) else {
            return;
        };
        let home = visit.session.home.map_or_else(
            || "the home utility".to_owned(),
            |h| self.registry.name_of(h),
        );
        match visit.session.state() {
            State::Identifying | State::Negotiating => {
                let text = format!(
                    "{home} does not answer at present, and nothing known here allows the charge; please try again later"
                );
                self.refuse(out, id, Refusal::new(RefusalCode::HomeSilent, text));
            }
            State::Offered => {
                let text =
                    "nobody answered while the offer stood: nothing is billed and nothing is held";
                self.give_up_offer(
                    out,
                    id,
                    Step::Expire,
                    Refusal::new(RefusalCode::ConsentTimeout, text),
                );
            }
            State::Authorized => {
                let text = "no car was connected in time: nothing is billed, present the credential again to start anew";
                self.not_started(out, id, Refusal::new(RefusalCode::ConsentTimeout, text));
            }
            State::Charging => {
                out.log(
                    Level::Error,
                    Some(id),
                    "the end was never reported: billed up to the last signed record",
                );
                self.finish_charge(out, id, None);
            }
            State::Ended => {
                self.finalize(out, id);
            }
            State::Proposed => self.show_bill(out, id, false),
            State::Agreed | State::Settled | State::Refused | State::Void | State::Disputed => {}
        }
    }

    /// The hold was refused for good: nobody guarantees the money, so no more energy may flow.
    pub(crate) fn hold_refused(&mut self, out: &mut Out, id: SessionId, refusal: Refusal) {
        self.answered(out, &hold_key(id));
        out.log(Level::Error, Some(id), format!("hold refused: {refusal}"));
        self.hop(
            out,
            id,
            ("ledger", "gateway"),
            flow::LEDGER,
            &Says::HoldRefused {
                why: (&refusal).into(),
            },
        );
        let Some(visit) = self.visits.get_mut(id) else {
            return;
        };
        visit.session.hold = HoldMark::Gone;
        out.visits.insert(id);
        match visit.session.state() {
            State::Authorized => self.not_started(out, id, refusal),
            State::Charging => self.request_stop(out, id),
            _ => {}
        }
    }

    pub(crate) fn void_noted(&mut self, out: &mut Out, id: SessionId) {
        self.answered(out, &void_key(id));
    }
}
