//! What a page asks the station to do, read strictly, and the ids that make a repeated request change nothing.

use super::answers::Flaw;
use crate::station::Act;
use fairway_model::station::{InputMethod, MAX_TOKEN, Presented};
use fairway_protocol::card::parse_scan;
use fairway_station::car::{Car, CarModel};
use fairway_station::io::PadKey;
use fairway_station::{Choice, Fault, FaultCode};
use serde::Deserialize;
use std::collections::VecDeque;

/// Longest request id in bytes.
pub const MAX_ID: usize = 64;
/// Requests that are remembered, so that one that comes twice counts once.
pub const MAX_REMEMBERED: usize = 256;
/// Longest text of a simulated fault in bytes.
const MAX_FAULT_TEXT: usize = 120;
/// Battery of a car that is plugged in without a word about it, in percent.
const USUAL_PERCENT: u8 = 20;

/// A request as it comes in. Which members it has depends on `act`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// One of a kind for each press; a repetition carries the same.
    pub id: String,
    /// What to do: key, choose, card, plug, unplug, stop, fault, repair.
    pub act: String,
    /// The screen's step for which it was meant.
    pub step: Option<u64>,
    key: Option<String>,
    choice: Option<String>,
    number: Option<u8>,
    method: Option<String>,
    token: Option<String>,
    percent: Option<u8>,
    code: Option<String>,
    text: Option<String>,
}

/// The choices as pages name them.
const CHOICES: [(&str, Choice); 10] = [
    ("erase", Choice::Erase),
    ("enter", Choice::Enter),
    ("give_up", Choice::GiveUp),
    ("start", Choice::Start),
    ("decline", Choice::Decline),
    ("more_time", Choice::MoreTime),
    ("stop", Choice::Stop),
    ("stop_now", Choice::StopNow),
    ("go_on", Choice::GoOn),
    ("done", Choice::Done),
];

/// How a choice is named, and its number where it has one.
pub fn name_of(choice: Choice) -> (&'static str, Option<u8>) {
    match choice {
        Choice::Amount(number) => ("amount", Some(number)),
        other => {
            let found = CHOICES.iter().find(|(_, c)| *c == other);
            (found.map_or("", |(name, _)| name), None)
        }
    }
}

/// How a key is labelled.
pub fn label_of(key: PadKey) -> String {
    match key {
        PadKey::Digit(digit) => digit.to_string(),
        PadKey::Back => "*".to_owned(),
        PadKey::Enter => "#".to_owned(),
        PadKey::Cancel => "cancel".to_owned(),
    }
}

/// Whether an act needs the simulated world around the station.
pub fn is_simulated(act: &Act) -> bool {
    matches!(
        act,
        Act::PlugIn(_) | Act::Unplug | Act::Fault(_) | Act::Present(_)
    )
}

impl Asked {
    /// What is to be done.
    ///
    /// # Errors
    /// The places and reasons of what is wrong.
    pub fn act(&self) -> Result<Act, Vec<Flaw>> {
        let id = &self.id;
        if id.is_empty() || id.len() > MAX_ID || !id.is_ascii() {
            let right = format!("1 to {MAX_ID} ASCII characters");
            return Err(vec![Flaw::new("/id", right)]);
        }
        match self.act.as_str() {
            "key" => self.read_key(),
            "choose" => self.read_choice(),
            "card" => self.read_card(),
            "plug" => self.read_plug(),
            "unplug" => Ok(Act::Unplug),
            "stop" => Ok(Act::Choose(Choice::Stop)),
            "fault" => self.read_fault(),
            "repair" => Ok(Act::Fault(None)),
            _ => Err(vec![Flaw::new(
                "/act",
                "one of key, choose, card, plug, unplug, stop, fault, repair".to_owned(),
            )]),
        }
    }

    fn read_key(&self) -> Result<Act, Vec<Flaw>> {
        let key = match self.key.as_deref() {
            Some("*") => Some(PadKey::Back),
            Some("#") => Some(PadKey::Enter),
            Some(digit) if digit.len() == 1 => digit.parse().ok().map(PadKey::Digit),
            _ => None,
        };
        key.map(Act::Key)
            .ok_or_else(|| vec![Flaw::new("/key", "one of 0 to 9, * and #".to_owned())])
    }

    fn read_choice(&self) -> Result<Act, Vec<Flaw>> {
        let name = self.choice.as_deref().unwrap_or_default();
        if name == "amount" {
            return self
                .number
                .map(|number| Act::Choose(Choice::Amount(number)))
                .ok_or_else(|| vec![Flaw::new("/number", "the amount's number".to_owned())]);
        }
        let found = CHOICES.iter().find(|(known, _)| *known == name);
        found
            .map(|(_, choice)| Act::Choose(*choice))
            .ok_or_else(|| {
                let names: Vec<&str> = CHOICES.iter().map(|(name, _)| *name).collect();
                let right = format!("one of amount, {}", names.join(", "));
                vec![Flaw::new("/choice", right)]
            })
    }

    fn read_card(&self) -> Result<Act, Vec<Flaw>> {
        let token = self.token.as_deref().unwrap_or_default().trim();
        if token.is_empty() || token.len() > MAX_TOKEN {
            let right = format!("1 to {MAX_TOKEN} bytes of what the reader read");
            return Err(vec![Flaw::new("/token", right)]);
        }
        let method = match self.method.as_deref() {
            Some("rfid") => InputMethod::Rfid,
            Some("code") | None => InputMethod::Code,
            Some("contract") => InputMethod::Contract,
            Some(_) => {
                let right = "one of rfid, code, contract".to_owned();
                return Err(vec![Flaw::new("/method", right)]);
            }
        };
        // What is no CIN goes as it is: it may be a loyalty number or a contract id, and the gateway says what is wrong.
        let scanned = match method {
            InputMethod::Code => parse_scan(token).ok().map(|cin| cin.digits()),
            _ => None,
        };
        Ok(Act::Present(Presented {
            method,
            token: scanned.unwrap_or_else(|| token.to_owned()),
            pin: None,
        }))
    }

    fn read_plug(&self) -> Result<Act, Vec<Flaw>> {
        let percent = self.percent.unwrap_or(USUAL_PERCENT);
        if percent > 100 {
            return Err(vec![Flaw::new("/percent", "0 to 100".to_owned())]);
        }
        Ok(Act::PlugIn(Car::new(CarModel::MIDDLE, percent)))
    }

    fn read_fault(&self) -> Result<Act, Vec<Flaw>> {
        let code = self.code.as_deref().map(FaultCode::parse);
        if code == Some(None) {
            return Err(vec![Flaw::new("/code", "CX001 to CX026".to_owned())]);
        }
        let text = self.text.clone().unwrap_or_else(|| "out of order".into());
        if text.len() > MAX_FAULT_TEXT {
            let right = format!("at most {MAX_FAULT_TEXT} bytes");
            return Err(vec![Flaw::new("/text", right)]);
        }
        let code = code.flatten();
        Ok(Act::Fault(Some(Fault { code, text })))
    }
}

/// What is known of a request's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Never seen.
    New,
    /// The same request came before.
    Repeated,
    /// The id came before with another request.
    Conflict,
}

/// The last requests.
#[derive(Debug, Default)]
pub struct Remembered {
    requests: VecDeque<Asked>,
}

impl Remembered {
    /// Remembers a request, and tells whether it is new.
    pub fn note(&mut self, asked: &Asked) -> Known {
        if let Some(same) = self.requests.iter().find(|r| r.id == asked.id) {
            return if same == asked {
                Known::Repeated
            } else {
                Known::Conflict
            };
        }
        if self.requests.len() >= MAX_REMEMBERED {
            self.requests.pop_front();
        }
        self.requests.push_back(asked.clone());
        Known::New
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(json: &str) -> Asked {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn each_act_is_read_and_each_flaw_has_its_place() {
        let good = [
            r##"{"id":"1","act":"key","key":"#"}"##,
            r#"{"id":"1","act":"key","key":"7","step":3}"#,
            r#"{"id":"1","act":"choose","choice":"amount","number":2}"#,
            r#"{"id":"1","act":"choose","choice":"start"}"#,
            r#"{"id":"1","act":"card","token":"CIN:840001111234567899"}"#,
            r#"{"id":"1","act":"plug","percent":35}"#,
            r#"{"id":"1","act":"fault","code":"CX008","text":"emergency stop"}"#,
        ];
        for json in good {
            assert!(asked(json).act().is_ok(), "{json}");
        }
        let bad = [
            (r#"{"id":"","act":"stop"}"#, "/id"),
            (r#"{"id":"1","act":"dance"}"#, "/act"),
            (r#"{"id":"1","act":"key","key":"12"}"#, "/key"),
            (r#"{"id":"1","act":"key","key":"+"}"#, "/key"),
            (r#"{"id":"1","act":"choose","choice":"x"}"#, "/choice"),
            (r#"{"id":"1","act":"choose","choice":"amount"}"#, "/number"),
            (r#"{"id":"1","act":"card","token":" "}"#, "/token"),
            (
                r#"{"id":"1","act":"card","token":"1","method":"x"}"#,
                "/method",
            ),
            (r#"{"id":"1","act":"plug","percent":101}"#, "/percent"),
            (r#"{"id":"1","act":"fault","code":"CX099"}"#, "/code"),
        ];
        for (json, pointer) in bad {
            let flaws = asked(json).act().unwrap_err();
            assert_eq!(flaws[0].pointer, pointer, "{json}");
        }
    }

    #[test]
    fn twice_is_once_and_memory_is_bounded() {
        let mut memory = Remembered::default();
        let one = asked(r#"{"id":"a","act":"stop"}"#);
        assert_eq!(memory.note(&one), Known::New);
        assert_eq!(memory.note(&one), Known::Repeated);
        let other = asked(r#"{"id":"a","act":"unplug"}"#);
        assert_eq!(memory.note(&other), Known::Conflict);
        for n in 0..2 * MAX_REMEMBERED {
            memory.note(&asked(&format!(r#"{{"id":"n{n}","act":"stop"}}"#)));
        }
        assert_eq!(memory.requests.len(), MAX_REMEMBERED);
    }

    #[test]
    fn every_choice_has_a_name_that_reads_back() {
        for (name, choice) in CHOICES {
            assert_eq!(name_of(choice), (name, None));
        }
        assert_eq!(name_of(Choice::Amount(2)), ("amount", Some(2)));
    }
}
