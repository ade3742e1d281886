//! What stations report about transactions (FL-14 to FL-16): permission first, then signed meter records.

use crate::door::Level;
use crate::machine::Utility;
use crate::out::Out;
use crate::said::{Kwh, Says};
use crate::trace::flow;
use crate::visit::{MAX_BAD_RECORDS, bad_row, reading_row};
use fairway_gateway::session::Ending;
use fairway_gateway::{Added, State, Step, VerifiedReading};
use fairway_model::station::{
    CallId, MAX_SAMPLES, MAX_SIGNED_RECORD, MeterSample, ReadingContext, StopReason, ToStation,
    TransactionReport,
};
use fairway_model::{Micro, Refusal, RefusalCode, SessionId, StationId};
use fairway_protocol::ocmf;

/// Longest transaction id that is kept, in bytes (OCPP 2.0.1: 36).
const MAX_TRANSACTION: usize = 36;

impl Utility {
    pub(crate) fn on_report(
        &mut self,
        out: &mut Out,
        station: &StationId,
        call: CallId,
        report: &TransactionReport,
        ended: Option<StopReason>,
    ) {
        if report.transaction.is_empty()
            || report.transaction.len() > MAX_TRANSACTION
            || report.samples.len() > MAX_SAMPLES
        {
            let refusal = Refusal::new(
                RefusalCode::TooLarge,
                format!(
                    "a transaction id of 1 to {MAX_TRANSACTION} bytes and at most {MAX_SAMPLES} samples are read"
                ),
            );
            return out.station(
                station,
                ToStation::TransactionNoted {
                    call,
                    cost: None,
                    refusal: Some(refusal),
                },
            );
        }
        let Some(id) = self.charge_of(out, station, report) else {
            return self.free_riding(out, station, call, report, ended);
        };
        let state = self.visits.get(id).map(|v| v.session.state());
        if state == Some(State::Authorized) && !self.begin(out, id, report) {
            return;
        }
        self.note_report(out, id, report, ended.is_some());
        for sample in &report.samples {
            self.on_sample(out, id, sample);
        }
        if ended.is_none() {
            self.check_limits(out, id);
        }
        if let Some(reason) = ended {
            self.finish_charge(
                out,
                id,
                Some(Ending {
                    at: report.at,
                    reason,
                }),
            );
        }
        self.maybe_finalize(out, id);
        let cost = self.cost_so_far(id);
        out.station(
            station,
            ToStation::TransactionNoted {
                call,
                cost,
                refusal: None,
            },
        );
    }

    /// The charge that a report belongs to, by the strongest link that it has.
    fn charge_of(
        &mut self,
        out: &mut Out,
        station: &StationId,
        report: &TransactionReport,
    ) -> Option<SessionId> {
        if let Some(id) = self.visits.by_transaction(station, &report.transaction) {
            return Some(id);
        }
        let fits = |id: &SessionId| {
            self.visits.get(*id).is_some_and(|v| {
                let s = &v.session;
                s.station == *station
                    && s.state() == State::Authorized
                    && report.evse.is_none_or(|n| n == s.number)
            })
        };
        let by_session = report.session.filter(|id| fits(id));
        let by_command = || {
            let command = report.remote_start?;
            let open = self.visits.of_station(station);
            open.into_iter().find(|id| {
                fits(id)
                    && self
                        .visits
                        .get(*id)
                        .is_some_and(|v| v.session.command == Some(command))
            })
        };
        let unnamed = report.session.is_none() && report.remote_start.is_none();
        let by_place = || {
            report
                .evse
                .filter(|_| unnamed)
                .and_then(|n| self.visits.at_evse(station, n))
                .filter(|id| fits(id))
        };
        let found = by_session.or_else(by_command).or_else(by_place)?;
        out.visits.insert(found);
        Some(found)
    }

    fn begin(&mut self, out: &mut Out, id: SessionId, report: &TransactionReport) -> bool {
        if !self.step(out, id, Step::Begin) {
            return false;
        }
        if let Some(visit) = self.visits.get_mut(id) {
            visit.session.transaction = Some(report.transaction.clone());
        }
        self.visits.index(id);
        self.hop(
            out,
            id,
            ("station", "gateway"),
            flow::START,
            &Says::Began {
                transaction: report.transaction.clone(),
            },
        );
        true
    }

    fn note_report(
        &mut self,
        out: &mut Out,
        id: SessionId,
        report: &TransactionReport,
        last: bool,
    ) {
        let Some(visit) = self.visits.get_mut(id) else {
            return;
        };
        visit.session.reports.note(report.seq, last);
        visit.heard = out.now;
        visit.vacant = None;
        out.visits.insert(id);
    }

    /// Tells a station to stop that did not hear it before, or that passed the limit without stopping by itself.
    fn check_limits(&mut self, out: &mut Out, id: SessionId) {
        let Some(visit) = self
            .visits
            .get(id)
            .filter(|v| v.session.state() == State::Charging)
        else {
            return;
        };
        let session = &visit.session;
        let over = session
            .energy_limit
            .is_some_and(|limit| session.told_energy() >= limit);
        if over && !session.stopping {
            let what = Says::StopAtLimit;
            self.hop(out, id, ("gateway", "station"), flow::END, &what);
        }
        if over || self.visits.get(id).is_some_and(|v| v.session.stopping) {
            self.request_stop(out, id);
        }
    }

    /// Energy without permission: the station must stop, nothing is billed, somebody must look.
    fn free_riding(
        &mut self,
        out: &mut Out,
        station: &StationId,
        call: CallId,
        report: &TransactionReport,
        ended: Option<StopReason>,
    ) {
        let text = "this transaction has no permission: no energy may be delivered; present a credential first";
        let refusal = Refusal::new(RefusalCode::OutOfOrder, text);
        let what = if ended.is_some() { "ended" } else { "runs" };
        let line = format!(
            "free-riding attempt: transaction {} at {station} {what} without permission; nothing is billed",
            report.transaction
        );
        out.log(Level::Error, None, line);
        out.station(
            station,
            ToStation::TransactionNoted {
                call,
                cost: None,
                refusal: Some(refusal),
            },
        );
        if ended.is_none() {
            self.stop(out, station, report.transaction.clone());
        }
    }

    fn on_sample(&mut self, out: &mut Out, id: SessionId, sample: &MeterSample) {
        let Some(visit) = self.visits.get_mut(id) else {
            return;
        };
        visit.session.tell(sample.register);
        visit.session.soc = sample.soc.filter(|s| *s <= 100).or(visit.session.soc);
        let takes = matches!(visit.session.state(), State::Charging | State::Ended);
        let Some(record) = sample.signed.as_ref().filter(|_| takes) else {
            return;
        };
        match self.read_record(id, record, sample) {
            Ok(reading) => self.keep_reading(out, id, &reading, record),
            Err(refusal) => self.bad_record(out, id, record, sample.context, &refusal),
        }
    }

    fn read_record(
        &self,
        id: SessionId,
        record: &str,
        sample: &MeterSample,
    ) -> Result<VerifiedReading, Refusal> {
        if record.len() > MAX_SIGNED_RECORD {
            let text = format!(
                "a meter record of {} bytes; at most {MAX_SIGNED_RECORD} are read",
                record.len()
            );
            return Err(Refusal::new(RefusalCode::TooLarge, text));
        }
        let session = self.visits.get(id).map(|v| &v.session);
        let evse = session.and_then(|s| self.registry.evses.get(&s.evse).map(|e| (e, s.at)));
        let Some((evse, at)) = evse else {
            return Err(Refusal::new(
                RefusalCode::MeterKey,
                "the charging point is not registered",
            ));
        };
        verify(record, sample.public_key.as_deref(), &evse.meter_keys(at))
    }

    fn keep_reading(
        &mut self,
        out: &mut Out,
        id: SessionId,
        reading: &VerifiedReading,
        record: &str,
    ) {
        let Some(visit) = self.visits.get_mut(id) else {
            return;
        };
        let context = reading.context;
        match visit.log.add(id, reading.clone()) {
            Ok(Added::New) => {
                let first = visit.log.len() == 1;
                out.put(reading_row(id, reading));
                if first {
                    let what = Says::RecordsArrive {
                        register: Kwh(reading.register),
                    };
                    self.hop(out, id, ("station", "gateway"), flow::CHARGING, &what);
                }
            }
            Ok(Added::Seen) => {}
            Err(refusal) => self.bad_record(out, id, record, context, &refusal),
        }
    }

    /// A record that does not fit is evidence and nothing more.
    fn bad_record(
        &mut self,
        out: &mut Out,
        id: SessionId,
        record: &str,
        context: ReadingContext,
        refusal: &Refusal,
    ) {
        let Some(visit) = self.visits.get_mut(id) else {
            return;
        };
        if visit.bad.iter().any(|known| known == record) {
            return;
        }
        if visit.bad.len() < MAX_BAD_RECORDS {
            let cut: String = record.chars().take(MAX_SIGNED_RECORD).collect();
            out.put(bad_row(id, visit.bad.len(), out.now, &cut));
            visit.bad.push(cut);
        }
        let last = context == ReadingContext::End;
        if last {
            let text = format!(
                "disputed: the final meter record was refused ({}); billed up to the last proven one",
                refusal.text
            );
            visit.session.refusal = Some(Refusal::new(refusal.code, text));
            out.visits.insert(id);
        }
        let level = if last { Level::Error } else { Level::Warn };
        out.log(
            level,
            Some(id),
            format!("meter record refused, evidence kept: {refusal}"),
        );
        self.hop(
            out,
            id,
            ("station", "gateway"),
            flow::CHARGING,
            &Says::RecordRefused {
                why: refusal.into(),
            },
        );
        self.stop_unproven(out, id);
    }

    /// Energy that nothing proves cannot be billed: a charge whose first record is refused does not go on.
    fn stop_unproven(&mut self, out: &mut Out, id: SessionId) {
        let unproven = self.visits.get(id).is_some_and(|visit| {
            visit.log.is_empty()
                && !visit.session.stopping
                && visit.session.state() == State::Charging
        });
        if unproven {
            let what = Says::StopUnproven;
            out.log(Level::Error, Some(id), what.to_string());
            self.hop(out, id, ("gateway", "station"), flow::END, &what);
            self.request_stop(out, id);
        }
    }

    /// Cost to show now: rated from signed records, or, while there are none, from what the station tells; unsigned values are
    /// never billed.
    fn cost_so_far(&self, id: SessionId) -> Option<Micro> {
        let visit = self.visits.get(id)?;
        match visit.session.state() {
            State::Charging | State::Ended => self.present_cost(id),
            State::Void | State::Refused => Some(Micro::ZERO),
            _ => visit.session.breakdown.as_ref().map(|b| b.total),
        }
    }
}

/// Verifies a record with any of the keys that count for its charge, the present one first.
pub(crate) fn verify(
    record: &str,
    beside: Option<&[u8]>,
    keys: &[&[u8]],
) -> Result<VerifiedReading, Refusal> {
    let mut refused = Refusal::new(
        RefusalCode::MeterKey,
        "no meter key is registered for the charging point",
    );
    for key in keys.iter().rev() {
        match ocmf::verify_beside(record, beside, key) {
            Ok(found) => {
                return Ok(VerifiedReading {
                    at: found.at,
                    context: found.context,
                    register: found.register,
                    pagination: found.pagination,
                    session: found.session,
                    record: record.to_owned(),
                });
            }
            Err(refusal) => refused = refusal,
        }
    }
    Err(refused)
}
