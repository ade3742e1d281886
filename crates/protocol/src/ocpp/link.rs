//! A station's end of its connection.
//!
//! Invariant: nothing but a BootNotification goes out before one was accepted (OCPP 2.0.1, B01), and one call is on the way at a time.

use super::calls::Calls;
use super::frame::{Frame, Violation, error, parse, result};
use super::get::Get;
use super::link_in::{self, Ordered};
use super::link_out::{self, Event};
use super::shape::check;
use super::step::{Finding, SendError};
use super::{MAX_FINDINGS, MAX_UNANSWERED, shapes, vendor};
use fairway_model::station::{CallId, FromStation, ToStation};
use fairway_model::time::SECOND;
use fairway_model::{EvseId, Refusal, RefusalCode, Time};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Stop commands have no number in OCPP; they get one from here upwards.
const FIRST_STOP: u32 = 0x8000_0000;
/// Seconds between heartbeats or boots that a gateway may ask for.
const INTERVAL_S: core::ops::RangeInclusive<i64> = 1..=86_400;

/// Settings of a station's connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkConfig {
    /// Vendor name, at most 50 characters.
    pub vendor: String,
    /// Serial number, at most 25 characters.
    pub serial: String,
    /// The EVSE's id, for start commands of gateways that do not name it.
    pub evse_id: EvseId,
    /// Milliseconds to wait for the gateway's answer.
    pub call_timeout: i64,
    /// Meter's public key, sent with its readings, as SubjectPublicKeyInfo DER.
    pub meter_spki: Vec<u8>,
}

impl LinkConfig {
    /// Settings with a time-out of 30 s.
    pub fn new(serial: impl Into<String>, evse_id: EvseId, meter_spki: Vec<u8>) -> Self {
        Self {
            vendor: "Fairway".into(),
            serial: serial.into(),
            evse_id,
            call_timeout: 30 * SECOND,
            meter_spki,
        }
    }
}

/// What a station's end wants done after a frame or a time-out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkStep {
    /// Frames to send at once, in order.
    pub replies: Vec<String>,
    /// What the gateway said.
    pub words: Vec<ToStation>,
    /// Requests that will get no answer.
    pub lost: Vec<CallId>,
    /// What was odd.
    pub findings: Vec<Finding>,
}

/// What a call of ours was for.
#[derive(Debug, Clone, Copy)]
enum Said {
    Boot,
    Tell,
    Identify(CallId),
    Consent(CallId),
    Transaction(CallId),
}

impl Said {
    fn call(self) -> Option<CallId> {
        match self {
            Self::Boot | Self::Tell => None,
            Self::Identify(call) | Self::Consent(call) | Self::Transaction(call) => Some(call),
        }
    }
}

/// One WebSocket connection, seen from the station.
#[derive(Debug)]
pub struct StationLink {
    config: LinkConfig,
    calls: Calls<Said>,
    boot: Option<Value>,
    booted_before: bool,
    open: bool,
    accepted: bool,
    /// The next heartbeat, or the next try to boot.
    beat: Option<Time>,
    interval: i64,
    /// Commands of the gateway that the station has not answered: number to messageId.
    commands: BTreeMap<u32, String>,
    stops: u32,
}

impl StationLink {
    /// A link that is not connected.
    pub fn new(config: LinkConfig) -> Self {
        let calls = Calls::new(String::new(), config.call_timeout);
        let interval = 300 * SECOND;
        Self {
            config,
            calls,
            boot: None,
            booted_before: false,
            open: false,
            accepted: false,
            beat: None,
            interval,
            commands: BTreeMap::new(),
            stops: 0,
        }
    }

    /// A connection was opened; `nonce` makes its message ids unique. Words wait until a [`FromStation::Booted`] was accepted.
    pub fn connected(&mut self, nonce: u64) {
        self.calls = Calls::new(format!("{nonce:016x}"), self.config.call_timeout);
        (self.open, self.accepted, self.beat, self.boot) = (true, false, None, None);
        self.commands.clear();
    }

    /// Whether the gateway accepted the boot over this connection.
    pub fn is_accepted(&self) -> bool {
        self.accepted
    }

    /// The connection ended: requests without an answer are lost.
    pub fn disconnected(&mut self) -> LinkStep {
        (self.open, self.accepted, self.beat) = (false, false, None);
        self.commands.clear();
        LinkStep {
            lost: self
                .calls
                .drain()
                .into_iter()
                .filter_map(Said::call)
                .collect(),
            ..LinkStep::default()
        }
    }

    /// A text frame came in.
    pub fn handle_text(&mut self, now: Time, text: &str) -> LinkStep {
        let mut step = LinkStep::default();
        match parse(text) {
            Err(unreadable) => {
                step.replies.extend(unreadable.reply);
                step.findings.push(unreadable.finding);
            }
            Ok((frame, findings)) => {
                step.findings = findings;
                match frame {
                    Frame::Call {
                        id,
                        action,
                        payload,
                    } => self.on_call(id, &action, &payload, &mut step),
                    Frame::Result { id, payload } => {
                        self.on_answer(now, &id, Ok(payload), &mut step);
                    }
                    Frame::Error { id, code, text } => {
                        self.on_answer(now, &id, Err(format!("{code}: {text}")), &mut step);
                    }
                }
            }
        }
        step.findings.truncate(MAX_FINDINGS);
        step
    }

    fn on_call(
        &mut self,
        id: String,
        action: &str,
        payload: &Map<String, Value>,
        step: &mut LinkStep,
    ) {
        let number_of_stop = FIRST_STOP.saturating_add(self.stops);
        match link_in::order(
            action,
            payload,
            &self.config.evse_id,
            number_of_stop,
            &mut step.findings,
        ) {
            Ok(Ordered::Answer(answer, word)) => {
                step.replies.push(result(&id, &answer));
                step.words.extend(word);
            }
            Ok(Ordered::Command(number, word)) => {
                if self.commands.contains_key(&number) || self.commands.len() >= MAX_UNANSWERED {
                    let refusal = Refusal::new(
                        RefusalCode::Busy,
                        "the same command, or too many others, wait for the station",
                    );
                    step.replies.push(result(&id, &json!({ "status": "Rejected", "statusInfo": vendor::status_info(&refusal) })));
                    return;
                }
                if number == number_of_stop {
                    self.stops = self.stops.wrapping_add(1) & (FIRST_STOP - 1);
                }
                self.commands.insert(number, id);
                step.words.push(word);
            }
            Err(violation) => {
                step.findings.push(Finding::new(
                    &violation.at,
                    &format!("{action} refused: {}", violation.rule),
                ));
                step.replies.push(error(&id, &violation));
            }
        }
    }

    fn on_answer(
        &mut self,
        now: Time,
        id: &str,
        answer: Result<Value, String>,
        step: &mut LinkStep,
    ) {
        let Some(said) = self.calls.answered(id) else {
            step.findings.push(Finding::new(
                "",
                "an answer to no call of ours, or too late; ignored",
            ));
            return;
        };
        let outcome = match answer {
            Ok(Value::Object(payload)) => self
                .understand(now, said, &payload, &mut step.findings)
                .map_err(|v| v.sentence()),
            Ok(_) => Err("the answer's payload is no object".into()),
            Err(text) => Err(text),
        };
        match outcome {
            Ok(word) => step.words.extend(word),
            Err(text) => {
                step.findings
                    .push(Finding::new("", &format!("request failed: {text}")));
                step.lost.extend(said.call());
                if matches!(said, Said::Boot) {
                    self.beat = Some(now.plus(self.interval));
                }
            }
        }
        step.replies.extend(self.pump(now));
    }

    fn understand(
        &mut self,
        now: Time,
        said: Said,
        payload: &Map<String, Value>,
        findings: &mut Vec<Finding>,
    ) -> Result<Option<ToStation>, Violation> {
        match said {
            Said::Boot => {
                check(shapes::BOOT_ANSWER, payload, findings)?;
                let seconds = payload
                    .integer(&["interval"])
                    .unwrap_or(0)
                    .clamp(*INTERVAL_S.start(), *INTERVAL_S.end());
                self.interval = seconds.saturating_mul(SECOND);
                self.accepted = payload.text(&["status"]) == Some("Accepted");
                self.booted_before = self.booted_before || self.accepted;
                self.beat = Some(now.plus(self.interval));
                Ok(None)
            }
            Said::Tell => Ok(None),
            Said::Identify(call) => link_in::identified(call, payload, findings).map(Some),
            Said::Consent(call) => link_in::consent_noted(call, payload, findings).map(Some),
            Said::Transaction(call) => {
                link_in::transaction_noted(call, payload, findings).map(Some)
            }
        }
    }

    /// Says `word` to the gateway: the frames to send now.
    ///
    /// # Errors
    /// When there is no connection, too much waits, or the word cannot be written.
    pub fn send(&mut self, now: Time, word: &FromStation) -> Result<Vec<String>, SendError> {
        if !self.open {
            return Err(SendError::Closed);
        }
        let spki = &self.config.meter_spki;
        let (action, payload, said) = match word {
            FromStation::Booted { model, firmware } => {
                let first = !self.booted_before;
                let payload = link_out::boot(
                    &self.config.vendor,
                    &self.config.serial,
                    model,
                    firmware,
                    first,
                );
                return Ok(self.say_boot(now, payload));
            }
            FromStation::CommandAnswered {
                command,
                accepted,
                text,
            } => return Ok(self.answer(*command, *accepted, text)),
            FromStation::Disconnected => return Ok(Vec::new()),
            FromStation::Status { evse, state } => (
                "StatusNotification",
                link_out::status(now, *evse, *state),
                Said::Tell,
            ),
            FromStation::Identify {
                call,
                evse,
                presented,
            } => {
                let payload = link_out::authorize(*evse, presented)
                    .ok_or(SendError::Unwritable("a credential over 36 characters"))?;
                ("Authorize", payload, Said::Identify(*call))
            }
            FromStation::Consent {
                call,
                session,
                accepted,
            } => (
                "DataTransfer",
                link_out::consent(*session, *accepted),
                Said::Consent(*call),
            ),
            FromStation::Started { call, report } => (
                "TransactionEvent",
                link_out::transaction(now, Event::Started, report, spki),
                Said::Transaction(*call),
            ),
            FromStation::Updated { call, report } => (
                "TransactionEvent",
                link_out::transaction(now, Event::Updated, report, spki),
                Said::Transaction(*call),
            ),
            FromStation::Ended {
                call,
                report,
                reason,
            } => (
                "TransactionEvent",
                link_out::transaction(now, Event::Ended(*reason), report, spki),
                Said::Transaction(*call),
            ),
        };
        self.calls.push(action, payload, said)?;
        Ok(self.pump(now))
    }

    fn say_boot(&mut self, now: Time, payload: Value) -> Vec<String> {
        self.boot = Some(payload.clone());
        self.accepted = false;
        self.beat = None;
        self.calls
            .push_first("BootNotification", payload, Said::Boot);
        self.calls.next(now).into_iter().collect()
    }

    fn pump(&mut self, now: Time) -> Vec<String> {
        if self.accepted {
            self.calls.next(now).into_iter().collect()
        } else {
            Vec::new()
        }
    }

    fn answer(&mut self, command: u32, accepted: bool, text: &str) -> Vec<String> {
        let Some(id) = self.commands.remove(&command) else {
            return Vec::new();
        };
        let mut payload = json!({ "status": if accepted { "Accepted" } else { "Rejected" } });
        if let (Some(map), false) = (payload.as_object_mut(), text.is_empty()) {
            map.insert("statusInfo".into(), json!({ "reasonCode": "Station", "additionalInfo": text.chars().take(512).collect::<String>() }));
        }
        vec![result(&id, &payload)]
    }

    /// When [`Self::handle_timeout`] is wanted.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.calls.deadline().into_iter().chain(self.beat).min()
    }

    /// The time of [`Self::poll_timeout`] has come: a heartbeat, a repeated boot, or a request that got no answer.
    pub fn handle_timeout(&mut self, now: Time) -> LinkStep {
        let mut step = LinkStep::default();
        if let Some(said) = self.calls.expired(now) {
            step.lost.extend(said.call());
            if matches!(said, Said::Boot) {
                self.beat = Some(now.plus(self.interval));
            }
            step.replies.extend(self.pump(now));
        }
        if self.beat.is_some_and(|at| at <= now) {
            self.beat = Some(now.plus(self.interval));
            step.replies
                .extend(match (self.accepted, self.boot.clone()) {
                    (false, Some(boot)) => self.say_boot(now, boot),
                    (false, None) => Vec::new(),
                    (true, _) => self.beat_once(now),
                });
        }
        step
    }

    /// A heartbeat is needless while other calls are under way.
    fn beat_once(&mut self, now: Time) -> Vec<String> {
        if self.calls.is_idle() && self.calls.push("Heartbeat", json!({}), Said::Tell).is_ok() {
            return self.pump(now);
        }
        Vec::new()
    }
}
