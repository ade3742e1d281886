//! The gateway's end of one station's connection.
//!
//! Invariant: every call of the station is answered exactly once: at once, by the utility's word, or with `InternalError` when
//! the utility stays silent.

use super::calls::Calls;
use super::csms_in::{self, Asked, Heard};
use super::frame::{Frame, RpcCode, Violation, error, parse, result};
use super::get::Get;
use super::shape::check;
use super::step::{CallResult, CsmsStep, Direction, Exchange, Finding, SendError};
use super::{MAX_EXCHANGES, MAX_FINDINGS, MAX_UNANSWERED, csms_out, shapes, vendor};
use fairway_model::station::{CallId, FromStation, Identified, ToStation};
use fairway_model::time::SECOND;
use fairway_model::{SessionId, Time};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};

/// Longest [`FromStation::CommandAnswered`] text in bytes.
const MAX_ANSWER_TEXT: usize = 240;
/// Most accepted charges remembered of one connection.
const MAX_ACCEPTED: usize = 64;
/// Messages of ours on a station's screen are numbered from here to here, in a circle.
const DISPLAY_IDS: u32 = 1_000;

/// The two commands that move energy.
const START: &str = "RequestStartTransaction";
const STOP: &str = "RequestStopTransaction";

/// Settings of a gateway's connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsmsConfig {
    /// Heartbeat interval told to stations, in seconds.
    pub heartbeat_s: u32,
    /// Milliseconds to wait for a station's answer to a command.
    pub command_timeout: i64,
    /// Milliseconds after which a station's request that the utility did not answer is answered with `InternalError`.
    pub answer_timeout: i64,
    /// Whether this station was accepted in an earlier connection: it need not boot again before it talks (OCPP 2.0.1, B01).
    pub booted_before: bool,
    /// Whether it told us in an earlier connection that it is a station of ours, which reads offers and bills.
    pub ours: bool,
}

impl Default for CsmsConfig {
    fn default() -> Self {
        Self {
            heartbeat_s: 300,
            command_timeout: 30 * SECOND,
            answer_timeout: 25 * SECOND,
            booted_before: false,
            ours: false,
        }
    }
}

/// What a call of ours was for.
#[derive(Debug, Clone, Copy)]
enum Command {
    Start(u32),
    Stop(u32),
    /// With its action.
    Show(&'static str),
}

impl Command {
    fn action(self) -> &'static str {
        match self {
            Self::Start(_) => START,
            Self::Stop(_) => STOP,
            Self::Show(action) => action,
        }
    }
}

/// A request of the station that the utility has to answer.
#[derive(Debug)]
struct Waiting {
    message_id: String,
    asked: Asked,
    deadline: Time,
}

/// One WebSocket connection, seen from the gateway.
#[derive(Debug)]
pub struct CsmsSession {
    config: CsmsConfig,
    calls: Calls<Command>,
    waiting: BTreeMap<CallId, Waiting>,
    heard: u64,
    shown: u32,
    closed: bool,
    /// Charges that a station of another maker starts by itself, for its driver's credential was accepted.
    accepted: VecDeque<SessionId>,
    /// Calls that nobody has counted yet.
    exchanges: Vec<Exchange>,
}

impl CsmsSession {
    /// A new connection.
    pub fn new(config: CsmsConfig) -> Self {
        let calls = Calls::new("fw".into(), config.command_timeout);
        Self {
            config,
            calls,
            waiting: BTreeMap::new(),
            heard: 0,
            shown: 0,
            closed: false,
            accepted: VecDeque::new(),
            exchanges: Vec::new(),
        }
    }

    /// Whether the station told that it is one of ours; worth remembering for its next connection.
    pub fn is_ours(&self) -> bool {
        self.config.ours
    }

    /// A text frame came in.
    pub fn handle_text(&mut self, now: Time, text: &str) -> CsmsStep {
        let mut step = CsmsStep::default();
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
                    } => self.on_call(now, id, &action, &payload, &mut step),
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
        now: Time,
        id: String,
        action: &str,
        payload: &Map<String, Value>,
        step: &mut CsmsStep,
    ) {
        if self.waiting.values().any(|w| w.message_id == id) {
            // The answer to the first one answers both.
            step.findings.push(Finding::new(
                "",
                &format!("messageId {id:?} used again while its first call waits; ignored"),
            ));
            return;
        }
        self.heard = self.heard.saturating_add(1);
        let call = CallId(self.heard);
        let heard = self.hear(now, call, action, payload, &mut step.findings);
        let taken = if heard.is_ok() {
            CallResult::Accepted
        } else {
            CallResult::Refused
        };
        self.note(csms_in::known(action), Direction::FromStation, taken);
        match heard {
            Ok(Heard::Answer(answer, word)) => {
                step.replies.push(result(&id, &answer));
                step.words.extend(word);
            }
            Ok(Heard::Ask(asked, word)) => {
                self.waiting.insert(
                    call,
                    Waiting {
                        message_id: id,
                        asked,
                        deadline: now.plus(self.config.answer_timeout),
                    },
                );
                step.words.push(*word);
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

    fn hear(
        &mut self,
        now: Time,
        call: CallId,
        action: &str,
        payload: &Map<String, Value>,
        findings: &mut Vec<Finding>,
    ) -> Result<Heard, Violation> {
        if action == "BootNotification" {
            let (booted, ours) = csms_in::boot(payload, findings)?;
            self.config.booted_before = true;
            self.config.ours = ours;
            let answer = json!({ "currentTime": now.rfc3339(), "interval": self.config.heartbeat_s, "status": "Accepted" });
            return Ok(Heard::Answer(answer, Some(booted)));
        }
        if !self.config.booted_before {
            // OCPP 2.0.1, B01.FR.10 and B02.FR.09.
            return Err(Violation::new(
                RpcCode::SecurityError,
                "",
                "a BootNotification that is accepted comes first",
            ));
        }
        let heard = csms_in::hear(now, call, action, payload, findings)?;
        if matches!(heard, Heard::Ask(..)) && self.waiting.len() >= MAX_UNANSWERED {
            return Err(Violation::new(
                RpcCode::InternalError,
                "",
                format!("{MAX_UNANSWERED} requests wait already; try again later"),
            ));
        }
        Ok(heard)
    }

    /// The station answered a command.
    fn on_answer(
        &mut self,
        now: Time,
        id: &str,
        answer: Result<Value, String>,
        step: &mut CsmsStep,
    ) {
        let Some(command) = self.calls.answered(id) else {
            step.findings.push(Finding::new(
                "",
                "an answer to no call of ours, or too late; ignored",
            ));
            return;
        };
        let (accepted, text) = judge(answer, &mut step.findings);
        let result = if accepted {
            CallResult::Accepted
        } else {
            CallResult::Refused
        };
        self.note_command(command, result);
        if !accepted && matches!(command, Command::Show(_)) {
            step.findings.push(Finding::new(
                "",
                &format!("the station did not show it: {text}"),
            ));
        }
        step.words
            .extend(command_answered(command, accepted, &text));
        step.replies.extend(self.calls.next(now));
    }

    /// A station of another maker starts when its `Authorize` is accepted (OCPP 2.0.1 part 2, use case C01); a start command on top
    /// would start it twice.
    fn note_accepted(&mut self, answer: &Identified) {
        if let Identified::Consented(session) = answer
            && !self.config.ours
        {
            self.accepted.truncate(MAX_ACCEPTED.saturating_sub(1));
            self.accepted.push_front(*session);
        }
    }

    /// Says `word` to the station: the frames to send now. Commands wait in line behind a command that is not answered yet.
    ///
    /// # Errors
    /// When nobody waits for the answer, or too many commands wait.
    pub fn send(&mut self, now: Time, word: &ToStation) -> Result<Vec<String>, SendError> {
        if self.closed {
            return Err(SendError::Closed);
        }
        let ours = self.config.ours;
        match word {
            ToStation::Identified { call, answer } => {
                self.note_accepted(answer);
                self.answer(*call, |_| csms_out::identified(now, answer, ours))
            }
            ToStation::ConsentNoted { call, refusal } => {
                self.answer(*call, |_| csms_out::consent_noted(refusal.as_ref()))
            }
            ToStation::TransactionNoted {
                call,
                cost,
                refusal,
            } => self.answer(*call, |asked| {
                csms_out::transaction_noted(asked, *cost, refusal.as_ref(), ours)
            }),
            ToStation::Start { session, .. } if self.accepted.contains(session) => Ok(Vec::new()),
            ToStation::Start {
                command,
                evse,
                evse_id,
                session,
                energy_limit,
            } => {
                let payload =
                    csms_out::start(*command, *evse, evse_id, *session, *energy_limit, ours);
                self.command(now, START, payload, Command::Start(*command))
            }
            ToStation::Stop {
                command,
                transaction,
            } => self.command(
                now,
                STOP,
                json!({ "transactionId": transaction }),
                Command::Stop(*command),
            ),
            ToStation::Bill(view) => {
                let mut frames = self.show(now, "CostUpdated", csms_out::cost(view))?;
                frames.extend(if ours {
                    self.show(now, "DataTransfer", csms_out::bill(view))?
                } else {
                    self.display(now, &vendor::bill_text(view))?
                });
                Ok(frames)
            }
            ToStation::Notice { session, refusal } if ours => {
                self.show(now, "DataTransfer", csms_out::notice(*session, refusal))
            }
            ToStation::Notice { refusal, .. } => self.display(now, &refusal.text),
        }
    }

    fn display(&mut self, now: Time, text: &str) -> Result<Vec<String>, SendError> {
        self.shown = self
            .shown
            .saturating_add(1)
            .checked_rem(DISPLAY_IDS)
            .unwrap_or(0);
        let payload = csms_out::display(self.shown, text);
        self.show(now, "SetDisplayMessage", payload)
    }

    fn show(
        &mut self,
        now: Time,
        action: &'static str,
        payload: Value,
    ) -> Result<Vec<String>, SendError> {
        self.command(now, action, payload, Command::Show(action))
    }

    /// The calls since this was last asked, and what became of them.
    pub fn take_exchanges(&mut self) -> Vec<Exchange> {
        core::mem::take(&mut self.exchanges)
    }

    fn note(&mut self, action: &'static str, direction: Direction, result: CallResult) {
        if self.exchanges.len() < MAX_EXCHANGES {
            self.exchanges.push(Exchange {
                action,
                direction,
                result,
            });
        }
    }

    fn note_command(&mut self, command: Command, result: CallResult) {
        self.note(command.action(), Direction::ToStation, result);
    }

    fn answer(
        &mut self,
        call: CallId,
        payload: impl FnOnce(Asked) -> Value,
    ) -> Result<Vec<String>, SendError> {
        let waiting = self
            .waiting
            .remove(&call)
            .ok_or(SendError::UnknownCall(call))?;
        Ok(vec![result(&waiting.message_id, &payload(waiting.asked))])
    }

    fn command(
        &mut self,
        now: Time,
        action: &'static str,
        payload: Value,
        command: Command,
    ) -> Result<Vec<String>, SendError> {
        self.calls.push(action, payload, command)?;
        Ok(self.calls.next(now).into_iter().collect())
    }

    /// When [`Self::handle_timeout`] is wanted.
    pub fn poll_timeout(&self) -> Option<Time> {
        let answers = self.waiting.values().map(|w| w.deadline).min();
        answers.into_iter().chain(self.calls.deadline()).min()
    }

    /// The time of [`Self::poll_timeout`] has come: a command was not answered, or the utility answered nothing.
    pub fn handle_timeout(&mut self, now: Time) -> CsmsStep {
        let mut step = CsmsStep::default();
        if let Some(command) = self.calls.expired(now) {
            self.note_command(command, CallResult::Unanswered);
            step.words.extend(command_answered(
                command,
                false,
                "no answer from the station in time",
            ));
            step.replies.extend(self.calls.next(now));
        }
        let silent: Vec<CallId> = self
            .waiting
            .iter()
            .filter(|(_, w)| w.deadline <= now)
            .map(|(call, _)| *call)
            .collect();
        for waiting in silent.iter().filter_map(|call| self.waiting.remove(call)) {
            let violation = Violation::new(
                RpcCode::InternalError,
                "",
                "the utility gave no answer in time; try again",
            );
            step.replies.push(error(&waiting.message_id, &violation));
        }
        step
    }

    /// The connection ended: unanswered commands are told as not accepted, then [`FromStation::Disconnected`].
    pub fn closed(&mut self) -> CsmsStep {
        let mut step = CsmsStep::default();
        if !self.closed {
            self.closed = true;
            self.waiting.clear();
            let open = self.calls.drain();
            for command in &open {
                self.note_command(*command, CallResult::Unanswered);
            }
            step.words.extend(open.into_iter().filter_map(|c| {
                command_answered(c, false, "the connection ended before the station answered")
            }));
            step.words.push(FromStation::Disconnected);
        }
        step
    }
}

fn command_answered(command: Command, accepted: bool, text: &str) -> Option<FromStation> {
    let (Command::Start(command) | Command::Stop(command)) = command else {
        return None;
    };
    let mut text = text.to_owned();
    while text.len() > MAX_ANSWER_TEXT {
        text.pop();
    }
    Some(FromStation::CommandAnswered {
        command,
        accepted,
        text,
    })
}

/// Whether an answer to a command says yes, and its words.
fn judge(answer: Result<Value, String>, findings: &mut Vec<Finding>) -> (bool, String) {
    let payload = match answer {
        Ok(Value::Object(payload)) => payload,
        Ok(_) => return (false, "the answer's payload is no object".into()),
        Err(text) => return (false, text),
    };
    // CostUpdated is answered with an empty object: nothing to judge.
    let Some(status) = payload.text(&["status"]).map(str::to_owned) else {
        return (payload.is_empty(), String::new());
    };
    let mut odd = Vec::new();
    if let Err(violation) = check(shapes::ANY_ANSWER, &payload, &mut odd) {
        findings.push(Finding::new(&violation.at, &violation.rule));
    }
    let info = payload
        .text(&["statusInfo", "additionalInfo"])
        .or_else(|| payload.text(&["statusInfo", "reasonCode"]));
    (
        status == "Accepted",
        info.map_or_else(|| status.clone(), |info| format!("{status}: {info}")),
    )
}
