//! Two utilities, their stations, customers and agreements, and a driver who charges.

pub(crate) use crate::driver::Driver;
use crate::world::World;
use fairway_ledger::worded;
use fairway_model::agreement::{LoadBand, Split};
use fairway_model::registry::{EvseEntry, Member, MemberKind, PrefixEntry};
use fairway_model::time::{DAY, HOUR, MINUTE};
use fairway_model::{
    Agreement, Caps, Cin, CinPrefix, Corridor, Currency, CustomerClass, CustomerNumber, Dimension,
    Energy, EvseId, Hash, MemberId, Micro, OwnerId, Payment, Ppm, PriceComponent, Service,
    SigningKey, StationId, Tariff, TariffElement, Tier, TierTerms, Time,
};
use fairway_protocol::ocmf::MeterKey;
use fairway_utility::Config;
use fairway_utility::command::{Command, NewCustomer, PartnerRules, Policy, Rules};
use fairway_utility::door::Level;
use fairway_utility::seal::DecryptionKey;

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
        money: None,
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
        ring: vec![decryption_key(seed)],
        secret: [seed + 100; 32],
        chain: "test".to_owned(),
        policy: policy(1),
        members: members(),
        bill_offset: -300,
        report: None,
    }
}

/// The private encryption key of the member whose other keys are made of this seed.
pub(crate) fn decryption_key(seed: u8) -> DecryptionKey {
    DecryptionKey::from_seed([seed + 50; 32])
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
        encryption: Some(decryption_key(seed).public()),
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
    worded(Agreement {
        version: 1,
        home,
        visited,
        currency: Currency::USD,
        valid_from: START.plus(-DAY),
        valid_until: START.plus(300 * DAY),
        text_hash: Hash::default(),
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
        notice_days: None,
        session_caps: None,
        service: None,
        collateral: None,
        model: None,
        rule: None,
        rule_fuel: None,
        annex_hash: None,
        split_rule: None,
        forecast: None,
    })
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
        let prefix = cin(me, 1).chars().take(7).collect();
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
        for home in [me, partner] {
            world
                .command(me, Command::ProposeAgreement(Box::new(agreement(home, me))))
                .unwrap();
        }
    }
    world.run(3_000);
    for (me, partner) in [(alabama(), duke()), (duke(), alabama())] {
        for number in 1..=3 {
            world
                .command(me, Command::PutCustomer(customer(me, number)))
                .unwrap();
        }
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
    // What netting made an obligation is still owed.
    let position = |a: MemberId, b: MemberId| {
        let netted: i64 = world
            .utility(a)
            .open_obligations()
            .map(|(id, open)| match (id.debtor == b, id.creditor == b) {
                (true, _) => open.0,
                (_, true) => -open.0,
                _ => 0,
            })
            .sum();
        let standing = books[&a].positions.iter().find(|p| p.0 == b);
        Micro(netted + standing.map_or(0, |p| p.2.0))
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
