//! A toy station with its driver.

use crate::setup::{meter, station};
use crate::world::World;
use fairway_model::station::{
    BillView, CallId, FromStation, Identified, InputMethod, MeterSample, OfferView, Presented,
    ReadingContext, StopReason, ToStation, TransactionReport,
};
use fairway_model::time::MINUTE;
use fairway_model::{
    Energy, MemberId, MeterReading, Micro, Refusal, RefusalCode, SessionId, SignReading, StationId,
};
use fairway_protocol::ocmf::MeterKey;

/// A station with its driver: says what a station says, and says it again when the connection broke.
pub(crate) struct Driver {
    pub(crate) member: MemberId,
    pub(crate) station: StationId,
    pub(crate) meter: MeterKey,
    pub(crate) session: Option<SessionId>,
    pub(crate) call: u64,
    pub(crate) seq: u64,
    pub(crate) page: u64,
    pub(crate) register: u64,
    pub(crate) transaction: String,
    pub(crate) command: Option<u32>,
    pub(crate) heard: Vec<ToStation>,
}

impl Driver {
    pub(crate) fn at(member: MemberId, n: u8) -> Self {
        Self {
            member,
            station: station(member, n),
            meter: meter(member, n),
            session: None,
            call: 0,
            seq: 0,
            page: 0,
            register: 1_000_000,
            transaction: format!("tx-{n}"),
            command: None,
            heard: Vec::new(),
        }
    }

    pub(crate) fn next_call(&mut self) -> CallId {
        self.call += 1;
        CallId(self.call)
    }

    pub(crate) fn say(&mut self, world: &mut World, words: FromStation) {
        world.station(self.member, &self.station, words);
        self.listen(world);
    }

    pub(crate) fn listen(&mut self, world: &mut World) {
        for words in world.take_said(&self.station) {
            if let ToStation::Start {
                command, session, ..
            } = &words
            {
                (self.command, self.session) = (Some(*command), Some(*session));
            }
            self.heard.push(words);
        }
    }

    pub(crate) fn reconnect(&mut self, world: &mut World) {
        self.say(world, FromStation::Disconnected);
        self.say(
            world,
            FromStation::Booted {
                model: "toy".to_owned(),
                firmware: "1".to_owned(),
            },
        );
    }

    pub(crate) fn presented(token: &str) -> Presented {
        Presented {
            method: InputMethod::Code,
            token: token.to_owned(),
            pin: None,
        }
    }

    /// Presents a credential and waits for the answer; reconnects and tries again when there is none.
    pub(crate) fn identify(&mut self, world: &mut World, presented: Presented) -> Identified {
        for _ in 0..8 {
            let call = self.next_call();
            self.say(
                world,
                FromStation::Identify {
                    call,
                    evse: Some(1),
                    presented: presented.clone(),
                },
            );
            for _ in 0..220 {
                let answer = self.heard.iter().find_map(|w| match w {
                    ToStation::Identified { call: c, answer } if *c == call => Some(answer.clone()),
                    _ => None,
                });
                if let Some(answer) = answer {
                    if let Identified::Offer(view) = &answer {
                        self.session = Some(view.session);
                    }
                    return answer;
                }
                world.step();
                self.listen(world);
            }
            self.reconnect(world);
        }
        panic!("no answer to a credential");
    }

    pub(crate) fn offer(&mut self, world: &mut World, token: &str) -> Box<OfferView> {
        for _ in 0..8 {
            match self.identify(world, Self::presented(token)) {
                Identified::Offer(view) => return view,
                Identified::Refused(r)
                    if matches!(r.code, RefusalCode::Busy | RefusalCode::HomeSilent) =>
                {
                    self.reconnect(world);
                }
                other => panic!("no offer: {other:?}"),
            }
        }
        panic!("no offer");
    }

    pub(crate) fn refused(&mut self, world: &mut World, token: &str) -> Refusal {
        match self.identify(world, Self::presented(token)) {
            Identified::Refused(refusal) => refusal,
            other => panic!("not refused: {other:?}"),
        }
    }

    pub(crate) fn consent(&mut self, world: &mut World, accepted: bool) -> Option<Refusal> {
        let session = self.session.unwrap();
        for _ in 0..4 {
            let call = self.next_call();
            self.say(
                world,
                FromStation::Consent {
                    call,
                    session,
                    accepted,
                },
            );
            let answer = self.heard.iter().find_map(|w| match w {
                ToStation::ConsentNoted { call: c, refusal } if *c == call => Some(refusal.clone()),
                _ => None,
            });
            if let Some(answer) = answer {
                return answer;
            }
            self.reconnect(world);
        }
        panic!("no answer to consent");
    }

    pub(crate) fn sample(&mut self, world: &World, context: ReadingContext) -> MeterSample {
        self.page += 1;
        let reading = MeterReading {
            gateway_serial: "gw".to_owned(),
            meter_serial: "m1".to_owned(),
            pagination: self.page,
            at: world.now,
            context,
            register: Energy(self.register),
            session: self.session,
            good: true,
        };
        MeterSample {
            at: world.now,
            context,
            register: Energy(self.register),
            power_w: Some(11_000),
            soc: Some(55),
            signed: self.meter.sign(&reading),
            public_key: None,
        }
    }

    pub(crate) fn report(&mut self, world: &World, samples: Vec<MeterSample>) -> TransactionReport {
        let report = TransactionReport {
            transaction: self.transaction.clone(),
            evse: Some(1),
            seq: self.seq,
            at: world.now,
            remote_start: self.command,
            charging: true,
            samples,
            session: self.session,
            presented: None,
        };
        self.seq += 1;
        report
    }

    /// Sends a report until it is noted; gives the cost and the refusal in the answer.
    pub(crate) fn deliver(
        &mut self,
        world: &mut World,
        words: impl Fn(CallId) -> FromStation,
    ) -> (Option<Micro>, Option<Refusal>) {
        for _ in 0..4 {
            let call = self.next_call();
            self.say(world, words(call));
            let answer = self.heard.iter().find_map(|w| match w {
                ToStation::TransactionNoted {
                    call: c,
                    cost,
                    refusal,
                } if *c == call => Some((*cost, refusal.clone())),
                _ => None,
            });
            if let Some(answer) = answer {
                return answer;
            }
            self.reconnect(world);
        }
        panic!("no answer to a report");
    }

    pub(crate) fn start(&mut self, world: &mut World) -> (Option<Micro>, Option<Refusal>) {
        let sample = self.sample(world, ReadingContext::Begin);
        let report = self.report(world, vec![sample]);
        self.deliver(world, |call| FromStation::Started {
            call,
            report: report.clone(),
        })
    }

    pub(crate) fn update(
        &mut self,
        world: &mut World,
        wh: u64,
    ) -> (Option<Micro>, Option<Refusal>) {
        self.register += wh * 1_000;
        let sample = self.sample(world, ReadingContext::Interval);
        let report = self.report(world, vec![sample]);
        self.deliver(world, |call| FromStation::Updated {
            call,
            report: report.clone(),
        })
    }

    pub(crate) fn end(&mut self, world: &mut World, wh: u64) -> (Option<Micro>, Option<Refusal>) {
        self.register += wh * 1_000;
        let sample = self.sample(world, ReadingContext::End);
        let report = self.report(world, vec![sample]);
        self.deliver(world, |call| FromStation::Ended {
            call,
            report: report.clone(),
            reason: StopReason::Full,
        })
    }

    /// A whole charge of 10 kWh in three quarters of an hour.
    pub(crate) fn charge(&mut self, world: &mut World, token: &str) -> SessionId {
        let view = self.offer(world, token);
        assert_eq!(self.consent(world, true), None);
        self.begin_and_end(world);
        view.session
    }

    pub(crate) fn begin_and_end(&mut self, world: &mut World) {
        self.heard.retain(|w| !matches!(w, ToStation::Bill(_)));
        while self.command.is_none() {
            self.reconnect(world);
        }
        assert_eq!(self.start(world).1, None);
        world.run(2_000);
        for _ in 0..2 {
            world.sleep(15 * MINUTE);
            assert_eq!(self.update(world, 4_000).1, None);
        }
        world.sleep(15 * MINUTE);
        assert_eq!(self.end(world, 2_000).1, None);
        self.finished();
    }

    /// Ready for the next charge.
    pub(crate) fn finished(&mut self) {
        self.transaction = format!("{}n", self.transaction);
        (self.seq, self.command) = (0, None);
    }

    pub(crate) fn bills(&self) -> Vec<&BillView> {
        self.heard
            .iter()
            .filter_map(|w| match w {
                ToStation::Bill(b) => Some(&**b),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn notices(&self) -> Vec<&Refusal> {
        self.heard
            .iter()
            .filter_map(|w| match w {
                ToStation::Notice { refusal, .. } => Some(refusal),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn stops(&self) -> usize {
        self.heard
            .iter()
            .filter(|w| matches!(w, ToStation::Stop { .. }))
            .count()
    }

    pub(crate) fn starts(&self) -> usize {
        self.heard
            .iter()
            .filter(|w| matches!(w, ToStation::Start { .. }))
            .count()
    }
}
