//! From the start command to the bill (FL-13 to FL-19).

use crate::fault::Fault;
use crate::io::Output;
use crate::machine::Station;
use crate::outbox::MAX_OUTBOX;
use crate::screen::{ChargingView, Screen};
use crate::state::{Event, Measured, Open, Queued, Stage};
use fairway_model::station::{
    BillView, CallId, FromStation, Identified, MeterSample, ReadingContext, StopReason,
    TransactionReport,
};
use fairway_model::{
    Canonical, Energy, Hash, MeterReading, Micro, Refusal, RefusalCode, SessionId, SignReading,
    Time,
};

/// Start commands remembered, so that a repeated one is answered as before and changes nothing.
const MAX_COMMANDS: usize = 16;
/// Hexadecimal digits of a transaction id: 128 bits, within the 36 characters of OCPP.
const TRANSACTION_DIGITS: usize = 32;

impl<S: SignReading> Station<S> {
    /// Power is on. A transaction that was open when it failed ends now, with what the register shows.
    pub(crate) fn power_on(&mut self, now: Time, register: Energy) {
        self.measured = Measured {
            register,
            ..Measured::default()
        };
        self.out.push(Output::Contactor(false));
        if self.saved.open.is_some() {
            self.end(now, StopReason::PowerLoss);
        }
    }

    /// The only place that lets energy flow.
    pub(crate) fn start(
        &mut self,
        now: Time,
        command: u32,
        here: bool,
        session: SessionId,
        limit: Option<Energy>,
    ) {
        if let Some((_, accepted)) = self.saved.commands.iter().find(|(c, _)| *c == command) {
            let accepted = *accepted;
            self.answer(command, accepted, "repeated");
            return;
        }
        let refusal = self.start_refusal(here, session);
        if self.saved.commands.len() >= MAX_COMMANDS {
            self.saved.commands.remove(0);
        }
        self.saved.commands.push((command, refusal.is_none()));
        if let Some(text) = refusal {
            self.answer(command, false, text);
            return;
        }
        self.answer(command, true, "");
        self.open(now, command, session, limit);
    }

    fn start_refusal(&self, here: bool, session: SessionId) -> Option<&'static str> {
        match &self.stage {
            _ if !here => Some("this station has another EVSE number or id"),
            _ if self.saved.open.is_some() => Some("another transaction is open"),
            _ if self.saved.queue.len() >= MAX_OUTBOX => Some("too many unsent events"),
            _ if self.given_up == Some(session) => Some("the driver was told that nothing starts"),
            Stage::Faulted => Some("the station is out of service"),
            Stage::Typing { .. } | Stage::Checking { .. } => {
                Some("another driver is at the station")
            }
            Stage::Offered { view, .. } if view.session != session => {
                Some("another offer is on the screen")
            }
            Stage::Consenting { session: s, .. } if *s != session => {
                Some("another driver consented")
            }
            _ => None,
        }
    }

    fn answer(&mut self, command: u32, accepted: bool, text: &str) {
        let text = text.to_owned();
        self.say(FromStation::CommandAnswered {
            command,
            accepted,
            text,
        });
    }

    fn open(&mut self, now: Time, command: u32, session: SessionId, limit: Option<Energy>) {
        self.saved.transactions = self.saved.transactions.saturating_add(1);
        let count = self.saved.transactions.to_be_bytes();
        let id = Hash::keyed(&self.config.entropy, "fairway.station.transaction", &count);
        let transaction = id.hex().chars().take(TRANSACTION_DIGITS).collect();
        let begin = self.measured.register;
        let limit = self.limit_of(limit);
        let (since, read_at, seq) = (now, now, 0);
        let open = Open {
            transaction,
            session,
            command,
            seq,
            begin,
            limit,
            since,
            read_at,
        };
        self.saved.open = Some(open);
        (self.last, self.stage) = (Some(session), Stage::Transaction);
        (self.cost, self.costed) = (None, None);
        self.set_contactor(self.plugged);
        self.report(now, Event::Started, Some(ReadingContext::Begin));
        self.show_charge();
    }

    fn set_contactor(&mut self, closed: bool) {
        let closed = closed && self.saved.open.is_some();
        if self.contactor != closed {
            self.contactor = closed;
            self.out.push(Output::Contactor(closed));
        }
    }

    pub(crate) fn plug_in(&mut self, now: Time) {
        self.plugged = true;
        if self.saved.open.is_some() && !self.contactor {
            self.set_contactor(true);
            self.report(now, Event::Updated, None);
            self.show_charge();
        }
    }

    pub(crate) fn unplug(&mut self, now: Time) {
        self.plugged = false;
        if self.contactor {
            self.end(now, StopReason::EvDisconnected);
        }
    }

    pub(crate) fn stop_button(&mut self, now: Time) {
        if self.saved.open.is_some() {
            self.end(now, StopReason::Local);
        } else {
            self.cancel(now);
        }
    }

    pub(crate) fn remote_stop(&mut self, now: Time, command: u32, transaction: &str) {
        let runs = self
            .saved
            .open
            .as_ref()
            .is_some_and(|open| open.transaction == transaction);
        self.answer(
            command,
            runs,
            if runs {
                ""
            } else {
                "no such transaction is open"
            },
        );
        if runs {
            self.end(now, StopReason::Remote);
        }
    }

    /// The answer to a credential that was presented while the transaction is open.
    pub(crate) fn stop_answered(&mut self, now: Time, answer: &Identified) {
        let session = self.saved.open.as_ref().map(|open| open.session);
        if let Identified::StopRequested(stop) = answer
            && session == Some(*stop)
        {
            self.end(now, StopReason::Local);
        }
    }

    pub(crate) fn measure(&mut self, now: Time, measured: Measured) {
        self.measured = measured;
        let Some(open) = &self.saved.open else { return };
        if !self.contactor {
            return;
        }
        let used = measured.register.minus(open.begin).unwrap_or(Energy::ZERO);
        if open.limit.is_some_and(|limit| used >= limit) {
            self.end(now, StopReason::LimitReached);
        } else if measured.full {
            self.end(now, StopReason::Full);
        } else {
            self.show_charge();
        }
    }

    pub(crate) fn fault(&mut self, now: Time, fault: Fault) {
        if self.saved.open.is_some() {
            self.end(now, StopReason::Fault);
        }
        self.set_contactor(false);
        self.stage = Stage::Faulted;
        self.show(Screen::Faulted(fault));
    }

    pub(crate) fn fault_cleared(&mut self) {
        if self.stage == Stage::Faulted {
            self.idle();
        }
    }

    /// When the next reading is due, or the permission is given back.
    pub(crate) fn transaction_timeout(&self) -> Option<Time> {
        let open = self.saved.open.as_ref()?;
        let plug_in = open.since.plus(self.patient(self.config.plug_in));
        Some(if self.contactor {
            open.read_at.plus(self.config.interval)
        } else {
            plug_in
        })
    }

    pub(crate) fn transaction_time(&mut self, now: Time) {
        if self.transaction_timeout().is_none_or(|at| at > now) {
            return;
        }
        if self.contactor {
            self.report(now, Event::Updated, Some(ReadingContext::Interval));
            return;
        }
        self.end(now, StopReason::EvDisconnected);
        let text = "no cable was plugged in; nothing was delivered; present your card again";
        self.complain(now, RefusalCode::NothingDelivered, text);
    }

    /// Ends the transaction: contactor first, then the last reading, then the driver.
    fn end(&mut self, now: Time, reason: StopReason) {
        let Some(open) = self.saved.open.clone() else {
            return;
        };
        if self.contactor {
            self.contactor = false;
            self.out.push(Output::Contactor(false));
        }
        self.report(now, Event::Ended(reason), Some(ReadingContext::End));
        self.stop_check = None;
        self.stop_asked = None;
        self.last = Some(open.session);
        let until = now.plus(self.patient(self.config.farewell));
        self.stage = Stage::Message {
            session: Some(open.session),
            until,
        };
        let soc = self.measured.soc;
        let thanks = format!("thanks for using {}", self.config.operator);
        self.show(Screen::Thanks {
            session: Some(open.session),
            energy: self
                .measured
                .register
                .minus(open.begin)
                .unwrap_or(Energy::ZERO),
            soc,
            text: soc.map_or(thanks.clone(), |soc| {
                format!("battery {soc} % charged, {thanks}")
            }),
        });
    }

    /// Makes an event of the open transaction, with a signed reading, and queues it. The end closes the transaction.
    fn report(&mut self, now: Time, event: Event, context: Option<ReadingContext>) {
        let Some(open) = self.saved.open.clone() else {
            return;
        };
        let samples = context.map(|context| self.read(now, context, open.session));
        let report = TransactionReport {
            transaction: open.transaction,
            evse: Some(self.config.evse),
            seq: open.seq,
            at: now,
            remote_start: Some(open.command),
            charging: self.contactor,
            samples: samples.into_iter().collect(),
            session: Some(open.session),
            presented: None,
        };
        if let Some(open) = &mut self.saved.open {
            open.seq = open.seq.saturating_add(1);
            if context.is_some() {
                open.read_at = now;
            }
        }
        if matches!(event, Event::Ended(_)) {
            self.saved.open = None;
        }
        self.enqueue(Queued { event, report });
        self.persist();
    }

    fn read(&mut self, at: Time, context: ReadingContext, session: SessionId) -> MeterSample {
        self.saved.pagination = self.saved.pagination.saturating_add(1);
        let reading = MeterReading {
            gateway_serial: self.config.gateway_serial.clone(),
            meter_serial: self.config.meter_serial.clone(),
            pagination: self.saved.pagination,
            at,
            context,
            register: self.measured.register,
            session: Some(session),
            good: true,
        };
        MeterSample {
            at,
            context,
            register: self.measured.register,
            power_w: Some(self.measured.power_w),
            soc: self.measured.soc,
            signed: self.signer.sign(&reading),
            public_key: None,
        }
    }

    pub(crate) fn persist(&mut self) {
        let bytes = self.saved.to_bytes();
        self.out.push(Output::Persist(bytes));
    }

    /// The utility took an event; it may tell the cost, or forbid the transaction.
    pub(crate) fn transaction_noted(
        &mut self,
        now: Time,
        call: CallId,
        cost: Option<Micro>,
        refusal: Option<Refusal>,
    ) {
        let Some(report) = self.confirm(call) else {
            return;
        };
        let begin = match &self.saved.open {
            Some(open) if open.transaction == report.transaction => open.begin,
            _ => return,
        };
        let read = report.samples.last().map(|sample| sample.register);
        self.costed = read.and_then(|read| read.minus(begin)).or(self.costed);
        self.cost = cost.or(self.cost);
        if let Some(refusal) = refusal {
            let session = self.last;
            self.end(now, StopReason::Remote);
            self.refuse(now, session, refusal);
        } else {
            self.show_charge();
        }
    }

    pub(crate) fn show_charge(&mut self) {
        let Some(open) = &self.saved.open else { return };
        if !self.contactor {
            let until = open.since.plus(self.patient(self.config.plug_in));
            let session = open.session;
            self.show(Screen::PlugIn { session, until });
            return;
        }
        let view = ChargingView {
            session: Some(open.session),
            energy: self
                .measured
                .register
                .minus(open.begin)
                .unwrap_or(Energy::ZERO),
            power_w: self.measured.power_w,
            soc: self.measured.soc,
            cost: self.cost,
            costed: self.costed,
            currency: self.offer.as_ref().map(|offer| offer.currency),
            since: open.since,
        };
        self.show(Screen::Charging(view));
    }

    /// The bill of the last charge, unless somebody else is at the station by now.
    pub(crate) fn bill(&mut self, now: Time, view: Box<BillView>) {
        let free = matches!(self.stage, Stage::Idle | Stage::Message { .. });
        if free && self.last == Some(view.session) {
            let until = now.plus(self.patient(self.config.farewell));
            self.stage = Stage::Message {
                session: Some(view.session),
                until,
            };
            self.show(Screen::Bill(view));
        }
    }
}
