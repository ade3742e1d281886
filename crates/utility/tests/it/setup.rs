//! Two utilities, their stations, customers and agreements, and a driver who charges.

use crate::world::World;
use fairway_model::agreement::{LoadBand, Split};
use fairway_model::registry::{EvseEntry, Member, MemberKind, PrefixEntry};
use fairway_model::station::{
    CallId, FromStation, Identified, InputMethod, MeterSample, OfferView, Presented,
    ReadingContext, StopReason, ToStation, TransactionReport,
};
use fairway_model::time::{DAY, HOUR, MINUTE};
use fairway_model::{
    Agreement, Caps, Cin, CinPrefix, Corridor, Currency, CustomerClass, CustomerNumber, Dimension,
    Energy, EvseId, Hash, MemberId, MeterReading, Micro, OwnerId, Payment, Ppm, PriceComponent,
    Refusal, RefusalCode, Service, SessionId, SignReading, SigningKey, StationId, Tariff,
    TariffElement, Tier, TierTerms, Time,
};
use fairway_protocol::ocmf::MeterKey;
use fairway_utility::Config;
use fairway_utility::command::{Command, NewCustomer, PartnerRules, Policy, Rules};
use fairway_utility::door::Level;

pub(crate) const START: Time = Time(1_795_500_000_000);

pub(crate) fn alabama() -> MemberId {
    MemberId::parse("US*APC").unwrap()
}

pub(crate) fn duke() -> MemberId {
    MemberId::parse("US*DUK").unwrap()
}

pub(crate) fn rules(expected_kwh: u64) -> Rules {
    Rules {
        tariff: "standard".to_owned(),
        max_load_bps: 13_000,
        expected_energy: Energy(expected_kwh * Energy::PER_KWH),
        spread_bps: 2_500,
        guarantee: Micro(200_000_000),
    }
}

pub(crate) fn policy(version: u32) -> Policy {
    Policy {
        version,
        residential: rules(20),
        commercial: rules(60),
        partners: Vec::new(),
        offer_ttl: 2 * MINUTE,
        profile_ttl: 30 * DAY,
        home_timeout: 8_000,
        attempts_per_minute: 10,
    }
}

pub(crate) fn config(id: MemberId, seed: u8) -> Config {
    Config {
        id,
        key: SigningKey::from_seed([seed; 32]),
        name: if id == duke() {
            "Duke Energy".to_owned()
        } else {
            "Alabama Power".to_owned()
        },
        secret: [seed + 100; 32],
        chain: "test".to_owned(),
        policy: policy(1),
        members: members(),
        bill_offset: -300,
    }
}

fn member(id: MemberId, name: &str, seed: u8) -> Member {
    Member {
        id,
        name: name.to_owned(),
        kind: MemberKind::Utility,
        key: SigningKey::from_seed([seed; 32]).public(),
        validator: None,
        endpoint: "https://127.0.0.1:1".to_owned(),
        tls_fingerprint: Hash::default(),
    }
}

pub(crate) fn members() -> Vec<Member> {
    vec![
        member(alabama(), "Alabama Power", 1),
        member(duke(), "Duke Energy", 2),
    ]
}

pub(crate) fn tariff(id: &str, per_kwh: i64) -> Tariff {
    let component = |dimension, price, step_size| PriceComponent {
        dimension,
        price: Micro(price),
        vat: Some(Ppm(60_000)),
        step_size,
    };
    Tariff {
        id: id.to_owned(),
        currency: Currency::USD,
        elements: vec![TariffElement {
            components: vec![
                component(Dimension::Energy, per_kwh, 1),
                component(Dimension::Flat, 500_000, 1),
                component(Dimension::ParkingTime, 1_200_000, 60),
            ],
            restrictions: None,
        }],
        min_price: None,
        max_price: None,
        valid_from: None,
        valid_until: None,
        sales_taxes: Vec::new(),
    }
}

pub(crate) fn agreement(home: MemberId, visited: MemberId) -> Agreement {
    Agreement {
        version: 1,
        home,
        visited,
        currency: Currency::USD,
        valid_from: START.plus(-DAY),
        valid_until: START.plus(300 * DAY),
        text_hash: Hash::plain(b"text"),
        tariffs: vec![tariff("standard", 360_000), tariff("partner", 300_000)],
        corridor: Corridor {
            floor: Micro(100_000),
            cap: Micro(900_000),
        },
        load_band: LoadBand {
            min_bps: 8_000,
            max_bps: 20_000,
        },
        caps: Caps {
            energy_per_charge: Energy(200 * Energy::PER_KWH),
            amount_per_charge: Micro(150_000_000),
            exposure: Micro(5_000_000_000),
        },
        tiers: vec![TierTerms {
            tier: Tier::Gold,
            discount_bps: 500,
            home_bears_bps: 10_000,
        }],
        split: Split {
            home_bps: 1_000,
            visited_bps: 7_000,
            owner_bps: 2_000,
        },
        hold_ttl: 2 * DAY,
        netting_days: 30,
        due_days: 14,
        interest_bps: 500,
        dispute_days: 60,
    }
}

pub(crate) fn cin(member: MemberId, number: u32) -> String {
    let prefix = if member == duke() {
        "8400021"
    } else {
        "8400011"
    };
    Cin::new(
        CinPrefix::parse(prefix).unwrap(),
        Service::Standard,
        CustomerNumber::new(number).unwrap(),
    )
    .digits()
}

pub(crate) fn station(member: MemberId, n: u8) -> StationId {
    StationId::parse(&format!("{}-{n}", member.party())).unwrap()
}

pub(crate) fn evse(member: MemberId, n: u8) -> EvseId {
    EvseId::parse(&format!("{member}*E{n}*1")).unwrap()
}

pub(crate) fn meter(member: MemberId, n: u8) -> MeterKey {
    MeterKey::from_seed(Hash::plain(format!("{member}{n}").as_bytes()).0)
}

pub(crate) fn evse_entry(member: MemberId, n: u8) -> EvseEntry {
    EvseEntry {
        evse: evse(member, n),
        station: station(member, n),
        number: 1,
        utility: member,
        owner: OwnerId::parse(&format!("owner-{}", member.party())).unwrap(),
        meter_key: meter(member, n).public_spki(),
        time_zone: "America/New_York".to_owned(),
        area: format!("{}-west", member.party()),
        max_power_w: 50_000,
    }
}

pub(crate) fn customer(member: MemberId, number: u32) -> NewCustomer {
    NewCustomer {
        cin: cin(member, number),
        name: format!("Customer {number}"),
        class: CustomerClass::Residential,
        tier: Tier::Gold,
        payment: Payment::Postpaid,
        credit_limit: Micro(1_000_000_000),
        language: "en-US".to_owned(),
        pin: None,
        credentials: vec![format!("04A2B3{number:08}")],
        currency: Currency::USD,
    }
}

/// Everything registered, agreed and known; each utility has stations 1 and 2 and customers 1 to 3.
pub(crate) fn world() -> World {
    let mut world = World::new(
        vec![config(alabama(), 1), config(duke(), 2)],
        members(),
        START,
    );
    furnish(&mut world);
    world
}

pub(crate) fn furnish(world: &mut World) {
    for (me, partner) in [(alabama(), duke()), (duke(), alabama())] {
        let prefix = cin(me, 1)[..7].to_owned();
        world
            .command(
                me,
                Command::RegisterPrefix(PrefixEntry { prefix, member: me }),
            )
            .unwrap();
        for n in 1..=2 {
            world
                .command(me, Command::RegisterEvse(evse_entry(me, n)))
                .unwrap();
            world
                .command(
                    me,
                    Command::PutStation {
                        station: station(me, n),
                        password: "hash".to_owned(),
                    },
                )
                .unwrap();
        }
        for number in 1..=3 {
            world
                .command(me, Command::PutCustomer(customer(me, number)))
                .unwrap();
        }
        for home in [me, partner] {
            world
                .command(me, Command::ProposeAgreement(Box::new(agreement(home, me))))
                .unwrap();
        }
    }
    world.run(3_000);
    for (me, partner) in [(alabama(), duke()), (duke(), alabama())] {
        world
            .command(me, Command::Countersign(agreement(me, me).id()))
            .unwrap();
        world
            .command(me, Command::Countersign(agreement(me, partner).id()))
            .unwrap();
    }
    world.run(3_000);
    assert_eq!(world.errors(), Vec::<String>::new());
    assert_eq!(world.utility(duke()).status().agreements.len(), 4);
    assert_eq!(world.utility(duke()).status().outbox, 0);
}

pub(crate) fn partner_rules(home: MemberId) -> PartnerRules {
    PartnerRules {
        home,
        tariff: "partner".to_owned(),
        max_load_bps: 11_000,
    }
}

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
                    self.reconnect(world)
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

    pub(crate) fn bills(&self) -> Vec<&fairway_model::station::BillView> {
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

pub(crate) fn hours(n: i64) -> i64 {
    n * HOUR
}

/// The books of both add up, mirror each other and the ledger, and nothing is open.
pub(crate) fn assert_clean(world: &World) {
    for (member, books) in world.books() {
        assert_eq!(books.trial_balance, Micro::ZERO, "{member}");
        let status = world.utility(member).status();
        assert_eq!(
            (status.open, status.outbox),
            (0, 0),
            "{member}: {:?} {:?}",
            world.utility(member).summaries(),
            world
                .logs
                .iter()
                .filter(|l| l.1.level != Level::Info)
                .collect::<Vec<_>>()
        );
    }
    let books = world.books();
    let position = |a: MemberId, b: MemberId| {
        books[&a]
            .positions
            .iter()
            .find(|p| p.0 == b)
            .map_or(Micro::ZERO, |p| p.2)
    };
    assert_eq!(
        position(duke(), alabama()).0,
        -position(alabama(), duke()).0
    );
    let account = |a: MemberId, name: &str| {
        books[&a]
            .accounts
            .iter()
            .find(|x| x.0 == name)
            .map_or(0, |x| x.1.0)
    };
    for (a, b) in [(alabama(), duke()), (duke(), alabama())] {
        assert_eq!(
            account(a, &format!("payable:{b}")),
            -account(b, &format!("receivable:{a}"))
        );
        assert_eq!(
            position(a, b).0,
            -account(a, &format!("receivable:{b}")) - account(a, &format!("payable:{b}"))
        );
    }
}
