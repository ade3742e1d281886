//! Station, link and gateway session in memory, through a whole charge, against a scripted utility.

use crate::bay::{Bay, bill, card, evse, key, offer, report, session};
use fairway_model::station::{FromStation, Identified, StopReason, ToStation};
use fairway_model::{Energy, Micro, Refusal, RefusalCode};
use fairway_protocol::ocmf::verify_beside;
use fairway_protocol::ocpp::{CsmsConfig, CsmsSession, LinkConfig, StationLink};
use fairway_station::{Input, Screen};

/// Both ends of one connection, and a utility that answers as the script says.
struct Wire {
    bay: Bay,
    link: StationLink,
    csms: CsmsSession,
    /// Every frame, with who sent it.
    frames: Vec<String>,
    /// What the utility heard.
    heard: Vec<FromStation>,
    begin: Energy,
}

impl Wire {
    fn new() -> Self {
        let mut bay = Bay::new();
        bay.said.clear();
        let link = StationLink::new(LinkConfig::new("SN-1", evse(), key().public_spki()));
        let csms = CsmsSession::new(CsmsConfig::default());
        let mut wire = Self {
            bay,
            link,
            csms,
            frames: vec![],
            heard: vec![],
            begin: Energy::ZERO,
        };
        wire.link.connected(0xABCD);
        wire.act(Input::LinkUp);
        wire
    }

    fn act(&mut self, input: Input) {
        let words = self.bay.act(input);
        self.up(words);
    }

    /// Words of the station go to the utility.
    fn up(&mut self, words: Vec<FromStation>) {
        for word in words {
            let frames = self.link.send(self.bay.now, &word).unwrap();
            self.frames_up(frames);
        }
    }

    fn frames_up(&mut self, frames: Vec<String>) {
        for frame in frames {
            self.frames.push(format!("> {frame}"));
            let step = self.csms.handle_text(self.bay.now, &frame);
            assert_eq!(step.findings, vec![], "{frame}");
            self.frames_down(step.replies);
            for word in step.words {
                self.heard.push(word.clone());
                for answer in self.utility(&word) {
                    let frames = self.csms.send(self.bay.now, &answer).unwrap();
                    self.frames_down(frames);
                }
            }
        }
    }

    fn frames_down(&mut self, frames: Vec<String>) {
        for frame in frames {
            self.frames.push(format!("< {frame}"));
            let step = self.link.handle_text(self.bay.now, &frame);
            assert_eq!((step.findings, step.lost), (vec![], vec![]), "{frame}");
            self.frames_up(step.replies);
            for word in step.words {
                let said = self.bay.tell(word);
                self.up(said);
            }
        }
    }

    fn utility(&mut self, word: &FromStation) -> Vec<ToStation> {
        match word {
            FromStation::Identify {
                call, presented, ..
            } => {
                assert_eq!(presented, &card());
                let answer = Identified::Offer(Box::new(offer(session(1), self.bay.now)));
                vec![ToStation::Identified {
                    call: *call,
                    answer,
                }]
            }
            FromStation::Consent {
                call,
                session,
                accepted,
            } => {
                assert!(accepted);
                let limit = Some(Energy(30_000_000));
                let start = ToStation::Start {
                    command: 77,
                    evse: 1,
                    evse_id: evse(),
                    session: *session,
                    energy_limit: limit,
                };
                vec![
                    ToStation::ConsentNoted {
                        call: *call,
                        refusal: None,
                    },
                    start,
                ]
            }
            FromStation::Started { call, report } => {
                self.begin = report.samples[0].register;
                vec![ToStation::TransactionNoted {
                    call: *call,
                    cost: Some(Micro(0)),
                    refusal: None,
                }]
            }
            FromStation::Updated { call, .. } => {
                vec![ToStation::TransactionNoted {
                    call: *call,
                    cost: Some(Micro(1_230_000)),
                    refusal: None,
                }]
            }
            FromStation::Ended { call, report, .. } => {
                let energy = report.samples[0].register.minus(self.begin).unwrap();
                let noted = ToStation::TransactionNoted {
                    call: *call,
                    cost: Some(Micro(4_320_000)),
                    refusal: None,
                };
                vec![
                    noted,
                    ToStation::Bill(Box::new(bill(session(1), &report.transaction, energy))),
                ]
            }
            _ => vec![],
        }
    }

    fn wait(&mut self, seconds: i64) {
        for _ in 0..seconds {
            let words = self.bay.wait(1);
            self.up(words);
            if self
                .link
                .poll_timeout()
                .is_some_and(|at| at <= self.bay.now)
            {
                let step = self.link.handle_timeout(self.bay.now);
                self.frames_up(step.replies);
            }
        }
    }
}

fn whole_charge() -> Wire {
    let mut wire = Wire::new();
    let said = wire.bay.plug_in(60);
    wire.up(said);
    wire.act(Input::Presented(card()));
    assert!(
        matches!(wire.bay.station.screen(), Screen::Offer(v) if **v == offer(session(1), wire.bay.now))
    );
    wire.act(Input::Choice(true));
    assert!(wire.bay.station.is_delivering());
    wire.wait(90);
    assert!(
        matches!(wire.bay.station.screen(), Screen::Charging(v) if v.cost == Some(Micro(1_230_000)))
    );
    wire.act(Input::StopButton);
    wire
}

#[test]
fn a_whole_charge_over_the_wire() {
    let wire = whole_charge();
    let words: Vec<_> = wire.heard.iter().filter_map(report).collect();
    assert_eq!(words.len(), 3);
    for report in &words {
        assert_eq!(
            (report.session, report.remote_start, report.evse),
            (Some(session(1)), Some(77), Some(1))
        );
        for sample in &report.samples {
            let read = verify_beside(
                sample.signed.as_ref().unwrap(),
                sample.public_key.as_deref(),
                &key().public_spki(),
            )
            .unwrap();
            assert_eq!((read.register, read.at), (sample.register, sample.at));
        }
    }
    let local = |w: &FromStation| {
        matches!(
            w,
            FromStation::Ended {
                reason: StopReason::Local,
                ..
            }
        )
    };
    assert!(wire.heard.iter().any(local));
    assert!(wire.heard.contains(&FromStation::CommandAnswered {
        command: 77,
        accepted: true,
        text: "Accepted".into()
    }));
    let delivered = words[2].samples[0]
        .register
        .minus(words[0].samples[0].register)
        .unwrap();
    assert!(
        matches!(wire.bay.station.screen(), Screen::Bill(b) if b.energy == delivered && b.total == Micro(4_320_000))
    );
    assert_eq!(wire.bay.station.unsent(), 0);
}

#[test]
fn golden_frames() {
    let text = whole_charge().frames.join("\n") + "\n";
    expect_test::expect_file!["../../../../fixtures/ocpp/charge.frames"].assert_eq(&text);
}

#[test]
fn a_refusal_keeps_its_code_and_text_over_the_wire() {
    let mut wire = Wire::new();
    let frames = {
        let said = wire.bay.act(Input::Presented(card()));
        wire.link.send(wire.bay.now, &said[0]).unwrap()
    };
    let step = wire.csms.handle_text(wire.bay.now, &frames[0]);
    let FromStation::Identify { call, .. } = step.words[0] else {
        panic!()
    };
    let refusal = Refusal::new(
        RefusalCode::CreditExhausted,
        "your credit of 20.00 USD is used up; pay your bill or call Alabama Power",
    );
    let answer = ToStation::Identified {
        call,
        answer: Identified::Refused(refusal.clone()),
    };
    let frames = wire.csms.send(wire.bay.now, &answer).unwrap();
    assert!(frames[0].contains(r#""status":"NoCredit""#));
    wire.frames_down(frames);
    assert!(
        matches!(wire.bay.station.screen(), Screen::Error { refusal: shown, .. } if *shown == refusal)
    );
    assert!(
        wire.csms.send(wire.bay.now, &answer).is_err(),
        "one answer for one request"
    );
}

#[test]
fn a_cut_connection_loses_nothing() {
    let mut wire = Wire::new();
    let said = wire.bay.plug_in(20);
    wire.up(said);
    wire.act(Input::Presented(card()));
    wire.act(Input::Choice(true));
    let lost = wire.link.disconnected().lost;
    let closed = wire.csms.closed();
    assert_eq!(closed.words, [FromStation::Disconnected]);
    for call in lost {
        wire.bay.act(Input::Lost(call));
    }
    wire.bay.act(Input::LinkDown);
    wire.bay.wait(100);
    wire.bay.act(Input::StopButton);
    assert_eq!(wire.bay.station.unsent(), 2);
    let ours = wire.csms.is_ours();
    wire.csms = CsmsSession::new(CsmsConfig {
        ours,
        booted_before: true,
        ..CsmsConfig::default()
    });
    wire.link.connected(0xBCDE);
    wire.act(Input::LinkUp);
    assert_eq!(wire.bay.station.unsent(), 0);
    assert!(matches!(wire.bay.station.screen(), Screen::Bill(_)));
    assert_eq!(
        wire.heard
            .iter()
            .filter_map(report)
            .map(|r| r.seq)
            .collect::<Vec<_>>(),
        [0, 1, 2]
    );
}
