//! Where sold energy comes from, and its market: every refusal, what counts where, and random courses.

use crate::table::Table;
use crate::world::{Charge, T0, USD, World, kwh, member, place, settle, usd};
use expect_test::{expect, expect_file};
use fairway_ledger::council::{Motion, Parameter};
use fairway_ledger::energy::op::{
    EnergyAcceptance, EnergyCancellation, EnergyEffect, EnergyOffer, EnergyOperation,
    EnergyStatement, Hour, OfferId,
};
use fairway_ledger::energy::state::{EnergyBook, OfferState, key_for_energy, key_for_energy_offer};
use fairway_ledger::limits::ENERGY_WINDOW_MS;
use fairway_ledger::{Account, Books, BooksError, Effect, Operation, Outcome, Settlement};
use fairway_model::canonical::Canonical;
use fairway_model::energy::Energy;
use fairway_model::hash::Hash;
use fairway_model::money::{Currency, Micro};
use fairway_model::time::{DAY, HOUR};
use proptest::prelude::*;

const AREA: &str = "SERC";

/// The hour in which [`Charge::new`] charges.
fn hour() -> Hour {
    Hour::of(T0.plus(-HOUR))
}

fn statement(serial: u32, metered: u64) -> EnergyStatement {
    EnergyStatement {
        area: AREA.to_owned(),
        hour: hour(),
        metered: kwh(metered),
        certified: Energy::ZERO,
        document: Hash::plain(b"metering record"),
        serial,
    }
}

fn state(statement: EnergyStatement) -> Operation {
    Operation::Energy(EnergyOperation::State(statement))
}

fn offer(id: u8, energy: u64) -> EnergyOffer {
    EnergyOffer {
        id: OfferId([id; 16]),
        area: AREA.to_owned(),
        hour: hour(),
        energy: kwh(energy),
        price: usd("0.0333"),
        currency: USD,
        valid_until: T0.plus(DAY),
    }
}

fn post(offer: EnergyOffer) -> Operation {
    Operation::Energy(EnergyOperation::Offer(offer))
}

fn taking(seller: &str, id: u8, energy: u64) -> EnergyAcceptance {
    let offer = offer(id, energy);
    EnergyAcceptance {
        seller: member(seller),
        id: offer.id,
        area: offer.area,
        hour: offer.hour,
        energy: offer.energy,
        price: offer.price,
        currency: offer.currency,
    }
}

fn accept(acceptance: EnergyAcceptance) -> Operation {
    Operation::Energy(EnergyOperation::Accept(acceptance))
}

fn cancel(seller: &str, id: u8) -> Operation {
    Operation::Energy(EnergyOperation::Cancel(EnergyCancellation {
        seller: member(seller),
        id: OfferId([id; 16]),
        area: AREA.to_owned(),
        hour: hour(),
    }))
}

fn claimed(charge: &Charge, area: &str) -> Settlement {
    Settlement {
        area: Some(area.to_owned()),
        ..charge.settlement()
    }
}

fn book(world: &World, name: &str) -> EnergyBook {
    world
        .get(key_for_energy(member(name), AREA, hour()))
        .unwrap_or_default()
}

fn strict(world: &mut World) {
    let motion = Motion::SetParameter {
        parameter: Parameter::EnergyStrict,
        value: 1,
        from: 0,
    };
    world.decide(&["APC", "DUK", "REG"], &motion);
}

#[test]
fn every_refusal_of_a_statement() {
    let mut t = Table::on(World::ready());
    t.row("by a witness", "REG", state(statement(1, 30)));
    t.row("good", "DUK", state(statement(1, 30)));
    t.row("again", "DUK", state(statement(1, 30)));
    t.row(
        "changed under the same serial",
        "DUK",
        state(statement(1, 31)),
    );
    t.row("corrected", "DUK", state(statement(2, 31)));
    t.row("by a lower serial", "DUK", state(statement(1, 30)));
    t.world.must("DUK", post(offer(1, 31)));
    t.row(
        "corrected below what is offered",
        "DUK",
        state(statement(3, 21)),
    );
    t.world.time = hour().end().plus(ENERGY_WINDOW_MS);
    t.row("after its week", "DUK", state(statement(4, 31)));
    let mut world = World::ready();
    strict(&mut world);
    t.world = world;
    t.world.must("DUK", state(statement(1, 30)));
    t.world.must("DUK", post(offer(1, 30)));
    t.row(
        "strict: below what is offered",
        "DUK",
        state(statement(2, 20)),
    );
    let huge = EnergyStatement {
        metered: Energy(u64::MAX),
        certified: Energy(1),
        ..statement(3, 0)
    };
    t.row("more than fits", "APC", state(huge));
    expect![[r#"
        by a witness | REG: not-authorized: US*REG is a witness; only a utility can do this
        good | DUK: Energy(Stated { area: "SERC", hour: Hour(498727), short: 0 kWh })
        again | DUK: duplicate: the hour was stated so already; nothing changed
        changed under the same serial | DUK: id-conflict: serial 1 is not above 1, which counts; a correction has a higher one
        corrected | DUK: Energy(Stated { area: "SERC", hour: Hour(498727), short: 0 kWh })
        by a lower serial | DUK: id-conflict: serial 1 is not above 2, which counts; a correction has a higher one
        corrected below what is offered | DUK: Energy(Stated { area: "SERC", hour: Hour(498727), short: 10 kWh })
        after its week | DUK: time-invalid: the hour from 2026-11-23T07:00:00.000Z was closed at 2026-11-30T08:00:00.000Z
        strict: below what is offered | DUK: energy-not-owned: 10 kWh of this hour are sold or offered beyond the statement; buy them first
        more than fits | APC: malformed: an amount of energy does not fit
    "#]].assert_eq(t.rows());
}

#[test]
fn charges_count_where_they_were_delivered() {
    let mut t = Table::on(World::ready());
    let charges = [1, 2, 3, 4].map(|n| Charge::new("APC", "DUK", n));
    for charge in &charges {
        t.world.must("DUK", place(charge));
    }
    t.row("another area", "DUK", settle(claimed(&charges[0], "PJM")));
    t.world.must("DUK", settle(claimed(&charges[0], AREA)));
    t.note(
        "without a statement",
        &format!("short of {:?}", book(&t.world, "DUK").short()),
    );
    t.world.must("DUK", state(statement(1, 30)));
    t.world.must("DUK", settle(claimed(&charges[1], AREA)));
    t.note(
        "with one",
        &format!("short of {:?}", book(&t.world, "DUK").short()),
    );
    t.world.time = hour().end().plus(ENERGY_WINDOW_MS);
    t.row(
        "closed and sold out",
        "DUK",
        settle(claimed(&charges[2], AREA)),
    );
    t.row(
        "not counted where nobody insists",
        "DUK",
        settle(charges[3].settlement()),
    );
    assert_eq!(book(&t.world, "DUK").delivered, kwh(40));

    let mut world = World::ready();
    strict(&mut world);
    for charge in &charges {
        world.must("DUK", place(charge));
    }
    t.world = world;
    t.row(
        "strict: area not named",
        "DUK",
        settle(charges[0].settlement()),
    );
    t.row(
        "strict: nothing stated",
        "DUK",
        settle(claimed(&charges[0], AREA)),
    );
    t.world.must("DUK", state(statement(1, 30)));
    t.world.must("DUK", settle(claimed(&charges[0], AREA)));
    t.row(
        "strict: oversold",
        "DUK",
        settle(claimed(&charges[1], AREA)),
    );
    // GPC has energy to spare in the same area and hour: with it, the charge settles.
    t.world.must("GPC", state(statement(1, 10)));
    t.world.must("GPC", post(offer(1, 10)));
    t.row("bought", "DUK", accept(taking("GPC", 1, 10)));
    t.row("strict: covered", "DUK", settle(claimed(&charges[1], AREA)));
    expect![[r#"
        another area | DUK: id-conflict: the grid area of US*DUK*E0001*1 is "SERC", not "PJM"
        without a statement | short of Ok(20 kWh)
        with one | short of Ok(10 kWh)
        closed and sold out | DUK: energy-not-owned: US*DUK would have sold 30 kWh more than it had in SERC in the hour from 2026-11-23T07:00:00.000Z
        not counted where nobody insists | DUK: ChargeSettled { session: ses_04040404040404040404040404040404, event: c83009eb395f3bb5fd6a0c31325a508828530febd1fc29f27bc25b211871da74, total: 9.06, shares: Shares { home: 0.222333, visited: 7.335806, owner: 0.889333, tax: 0.612528 }, currency: USD, released: 10.94 } member:US*APC -8.837667, member:US*DUK 7.335806, owner:OWNER-1 0.889333, tax:US*DUK 0.612528
        strict: area not named | DUK: energy-not-owned: the settlement does not name the grid area SERC of US*DUK*E0001*1; its energy must be counted
        strict: nothing stated | DUK: energy-not-owned: US*DUK would have sold 20 kWh more than it had in SERC in the hour from 2026-11-23T07:00:00.000Z
        strict: oversold | DUK: energy-not-owned: US*DUK would have sold 10 kWh more than it had in SERC in the hour from 2026-11-23T07:00:00.000Z
        bought | DUK: Energy(Traded { seller: US*GPC, id: nrg_01010101010101010101010101010101, energy: 10 kWh, amount: 0.333, left: 0 kWh }) member:US*DUK -0.333, member:US*GPC 0.333
        strict: covered | DUK: ChargeSettled { session: ses_02020202020202020202020202020202, event: 5b6919e4436c8f5348d2b4b86b4e908b81cd38b0c2619f32fa10c55ca40a768f, total: 9.06, shares: Shares { home: 0.222333, visited: 7.335806, owner: 0.889333, tax: 0.612528 }, currency: USD, released: 10.94 } member:US*APC -8.837667, member:US*DUK 7.335806, owner:OWNER-1 0.889333, tax:US*DUK 0.612528
    "#]].assert_eq(t.rows());
}

/// The periods of one charge in two hours count in both.
#[test]
fn a_charge_over_the_hour_counts_in_both() {
    let mut world = World::ready();
    let mut charge = Charge::new("APC", "DUK", 1);
    charge.start = hour().end().plus(-10 * 60_000);
    charge.energy = kwh(30);
    world.must("DUK", place(&charge));
    world.time = T0.plus(HOUR);
    world.must("DUK", settle(claimed(&charge, AREA)));
    assert_eq!(book(&world, "DUK").delivered, kwh(10));
    let next: EnergyBook = world
        .get(key_for_energy(member("DUK"), AREA, Hour(hour().0 + 1)))
        .unwrap();
    assert_eq!(next.delivered, kwh(20));
}

#[test]
fn every_refusal_of_the_market() {
    let mut t = Table::on(World::ready());
    t.row("nothing stated", "GPC", post(offer(1, 10)));
    t.world.must("GPC", state(statement(1, 30)));
    t.row("more than there is", "GPC", post(offer(1, 31)));
    t.row(
        "over already",
        "GPC",
        post(EnergyOffer {
            valid_until: T0,
            ..offer(1, 20)
        }),
    );
    let late = hour().end().plus(ENERGY_WINDOW_MS + 1);
    t.row(
        "beyond the hour's week",
        "GPC",
        post(EnergyOffer {
            valid_until: late,
            ..offer(1, 20)
        }),
    );
    t.row("by a witness", "REG", post(offer(1, 20)));
    t.row("good", "GPC", post(offer(1, 20)));
    t.row("again", "GPC", post(offer(1, 20)));
    t.row("same id, other content", "GPC", post(offer(1, 10)));
    t.row("the same energy twice", "GPC", post(offer(2, 11)));
    t.row("unknown", "DUK", accept(taking("GPC", 9, 5)));
    t.row("from oneself", "GPC", accept(taking("GPC", 1, 5)));
    t.row("by a witness", "REG", accept(taking("GPC", 1, 5)));
    t.row(
        "cheaper",
        "DUK",
        accept(EnergyAcceptance {
            price: usd("0.03"),
            ..taking("GPC", 1, 5)
        }),
    );
    t.row(
        "in another currency",
        "DUK",
        accept(EnergyAcceptance {
            currency: Currency::EUR,
            ..taking("GPC", 1, 5)
        }),
    );
    t.row(
        "in another hour",
        "DUK",
        accept(EnergyAcceptance {
            hour: Hour(1),
            ..taking("GPC", 1, 5)
        }),
    );
    t.row("too much", "DUK", accept(taking("GPC", 1, 21)));
    t.row("a part", "DUK", accept(taking("GPC", 1, 7)));
    t.row("cancelled by another", "APC", cancel("GPC", 1));
    t.row(
        "cancelled in another hour",
        "GPC",
        Operation::Energy(EnergyOperation::Cancel(EnergyCancellation {
            seller: member("GPC"),
            id: OfferId([1; 16]),
            area: AREA.to_owned(),
            hour: Hour(1),
        })),
    );
    t.row("cancelled unknown", "GPC", cancel("GPC", 9));
    t.row("cancelled", "GPC", cancel("GPC", 1));
    t.row("cancelled again", "GPC", cancel("GPC", 1));
    t.row("after that", "DUK", accept(taking("GPC", 1, 1)));
    t.world.must("GPC", post(offer(2, 23)));
    t.world.time = T0.plus(DAY);
    t.row("expired", "DUK", accept(taking("GPC", 2, 1)));
    t.row("freed by anybody", "REG", cancel("GPC", 2));
    let book = book(&t.world, "GPC");
    assert_eq!((book.traded, book.offered), (kwh(7), Energy::ZERO));
    expect![[r#"
        nothing stated | GPC: energy-not-owned: 10 kWh are offered; US*GPC has 0 kWh free in SERC in the hour from 2026-11-23T07:00:00.000Z
        more than there is | GPC: energy-not-owned: 31 kWh are offered; US*GPC has 30 kWh free in SERC in the hour from 2026-11-23T07:00:00.000Z
        over already | GPC: time-invalid: the offer is valid until 2026-11-23T08:00:00.000Z; it must end after now and by 2026-11-30T08:00:00.000Z, when the hour is closed
        beyond the hour's week | GPC: time-invalid: the offer is valid until 2026-11-30T08:00:00.001Z; it must end after now and by 2026-11-30T08:00:00.000Z, when the hour is closed
        by a witness | REG: not-authorized: US*REG is a witness; only a utility can do this
        good | GPC: Energy(Offered { id: nrg_01010101010101010101010101010101 })
        again | GPC: duplicate: nrg_01010101010101010101010101010101 was posted before
        same id, other content | GPC: id-conflict: nrg_01010101010101010101010101010101 was posted with other content; a new offer needs a new id
        the same energy twice | GPC: energy-not-owned: 11 kWh are offered; US*GPC has 10 kWh free in SERC in the hour from 2026-11-23T07:00:00.000Z
        unknown | DUK: offer-unknown: US*GPC has posted no nrg_09090909090909090909090909090909
        from oneself | GPC: not-authorized: US*GPC cannot buy from itself; it may cancel the offer
        by a witness | REG: not-authorized: US*REG is a witness; only a utility can do this
        cheaper | DUK: id-conflict: nrg_01010101010101010101010101010101 is for SERC in the hour from 2026-11-23T07:00:00.000Z at 0.0333 USD per kWh
        in another currency | DUK: id-conflict: nrg_01010101010101010101010101010101 is for SERC in the hour from 2026-11-23T07:00:00.000Z at 0.0333 USD per kWh
        in another hour | DUK: id-conflict: nrg_01010101010101010101010101010101 is for SERC in the hour from 2026-11-23T07:00:00.000Z at 0.0333 USD per kWh
        too much | DUK: energy-not-owned: 21 kWh are asked for; nrg_01010101010101010101010101010101 has 20 kWh left
        a part | DUK: Energy(Traded { seller: US*GPC, id: nrg_01010101010101010101010101010101, energy: 7 kWh, amount: 0.2331, left: 13 kWh }) member:US*DUK -0.2331, member:US*GPC 0.2331
        cancelled by another | APC: not-authorized: until 2026-11-24T08:00:00.000Z only US*GPC can cancel nrg_01010101010101010101010101010101
        cancelled in another hour | GPC: id-conflict: nrg_01010101010101010101010101010101 is for SERC in the hour from 2026-11-23T07:00:00.000Z
        cancelled unknown | GPC: offer-unknown: US*GPC has posted no nrg_09090909090909090909090909090909
        cancelled | GPC: Energy(Cancelled { seller: US*GPC, id: nrg_01010101010101010101010101010101, energy: 13 kWh })
        cancelled again | GPC: duplicate: nrg_01010101010101010101010101010101 is over: nothing of it is set aside
        after that | DUK: energy-not-owned: 1 kWh are asked for; nrg_01010101010101010101010101010101 has 0 kWh left
        expired | DUK: offer-expired: nrg_02020202020202020202020202020202 could be accepted until 2026-11-24T08:00:00.000Z
        freed by anybody | REG: Energy(Cancelled { seller: US*GPC, id: nrg_02020202020202020202020202020202, energy: 23 kWh })
    "#]].assert_eq(t.rows());
}

#[test]
fn a_trade_moves_money_through_the_position() {
    let mut world = World::ready();
    world.must("GPC", state(statement(1, 30)));
    world.must("GPC", post(offer(1, 20)));
    world.must("DUK", accept(taking("GPC", 1, 7)));
    // 7 kWh at 0.0333.
    let amount = usd("0.2331");
    assert_eq!(
        world.books.position(member("DUK"), member("GPC"), USD),
        amount
    );
    assert_eq!(world.account(&Account::Member(member("GPC"))), amount);
    assert_eq!(
        world.account(&Account::Member(member("DUK"))),
        amount.negated().unwrap()
    );
    assert_eq!(book(&world, "DUK").bought, kwh(7));
    let tx = world.sign("APC", accept(taking("GPC", 1, 5)));
    let receipt = world.execute(&tx);
    let mut other = receipt.clone();
    if let Outcome::Applied(Effect::Energy(EnergyEffect::Traded { amount, .. })) =
        &mut other.outcome
    {
        amount.0 += 1;
    }
    let fold = |bytes: Vec<u8>| Books::default().record(&tx, &bytes);
    assert_eq!(fold(receipt.to_bytes()), Ok(()));
    assert_eq!(
        fold(other.to_bytes()),
        Err(BooksError::PostingsDiffer(Hash::plain(&tx)))
    );
}

/// Nobody is bound anew to a member that lost its rights; its offer, posted before, is not taken.
#[test]
fn nothing_is_bought_of_who_is_suspended() {
    let mut t = Table::on(World::ready());
    t.world.must("GPC", state(statement(1, 100)));
    t.world.must("GPC", post(offer(1, 20)));
    t.world
        .decide(&["APC", "DUK", "REG"], &crate::council::suspend("GPC"));
    t.row("its offer", "DUK", accept(taking("GPC", 1, 7)));
    t.row("given up", "GPC", cancel("GPC", 1));
    expect![[r#"
        its offer | DUK: member-suspended: US*GPC is suspended since 2026-11-23T08:00:27.000Z; it may settle charges that began before, pay, and close what is open
        given up | GPC: Energy(Cancelled"#]].assert_eq(&t.heads());
}

#[test]
fn malformed_energy_is_not_admitted() {
    let mut world = World::ready();
    let long = "x".repeat(33);
    let wrong = [
        state(EnergyStatement {
            area: String::new(),
            ..statement(1, 1)
        }),
        state(EnergyStatement {
            area: long.clone(),
            ..statement(1, 1)
        }),
        post(offer(1, 0)),
        post(EnergyOffer {
            price: usd("-1"),
            ..offer(1, 1)
        }),
        accept(taking("GPC", 1, 0)),
        settle(claimed(&Charge::new("APC", "DUK", 1), &long)),
    ];
    let verdicts = wrong.map(|operation| {
        let tx = world.sign("DUK", operation);
        world
            .contracts
            .admit(&[tx])
            .remove(0)
            .unwrap_err()
            .to_string()
    });
    expect![[r#"
        malformed: bytes of the grid area: 0; 1 to 32 are allowed
        too-large: bytes of the grid area: 33; 1 to 32 are allowed
        malformed: no energy is offered or asked for
        malformed: the price is negative
        malformed: no energy is offered or asked for
        too-large: bytes of the grid area: 33; 1 to 32 are allowed"#]]
    .assert_eq(&verdicts.join("\n"));
}

/// What a buyer owes for energy counts as what it owes for charges; without an agreement of its own direction it has no credit at all.
#[test]
fn a_purchase_fits_the_exposure() {
    let mut t = Table::on(World::ready());
    let dear = |id: u8| EnergyOffer {
        price: usd("9"),
        ..offer(id, 10)
    };
    let buy = |id: u8, energy: u64| {
        accept(EnergyAcceptance {
            price: usd("9"),
            ..taking("GPC", id, energy)
        })
    };
    t.world.must("GPC", state(statement(1, 100)));
    for id in 1..4 {
        t.world.must("GPC", post(dear(id)));
    }
    let charge = Charge::new("DUK", "GPC", 1);
    t.world.must("GPC", place(&charge));
    t.row("holds of 20 leave 80", "DUK", buy(1, 9));
    t.row("72 fit", "DUK", buy(1, 8));
    t.row("nothing more", "DUK", buy(2, 1));
    let agreement = charge.agreement.id();
    let (home, visited) = (member("DUK"), member("GPC"));
    let from = t.world.time.plus(1_000);
    let end = Operation::TerminateAgreement {
        agreement,
        home,
        visited,
        from,
    };
    t.world.must("GPC", end);
    t.world.time = from;
    t.row("no agreement any more", "DUK", buy(3, 1));
    expect![[r#"
        holds of 20 leave 80 | DUK: exposure-over-cap: US*DUK would owe US*GPC 101.00 USD, holds included; the cap is 100.00
        72 fit | DUK: Energy(Traded
        nothing more | DUK: exposure-over-cap: US*DUK would owe US*GPC 101.00 USD, holds included; the cap is 100.00
        no agreement any more | DUK: exposure-over-cap: US*DUK would owe US*GPC 101.00 USD, holds included; the cap is 0.00"#]]
    .assert_eq(&t.heads());
}

/// Every byte that the energy operations sign or store.
#[test]
fn conformance_hashes_of_energy_hold() {
    let mut world = World::ready();
    let charge = Charge::new("APC", "DUK", 1);
    world.must("DUK", place(&charge));
    let story = vec![
        ("state", "GPC", state(statement(1, 30))),
        ("offer", "GPC", post(offer(1, 20))),
        ("accept", "DUK", accept(taking("GPC", 1, 7))),
        ("cancel", "GPC", cancel("GPC", 1)),
        ("settle", "DUK", settle(claimed(&charge, AREA))),
        ("refused", "GPC", post(offer(2, 100))),
    ];
    let keys = vec![
        ("book", key_for_energy(member("DUK"), AREA, hour())),
        ("stated-book", key_for_energy(member("GPC"), AREA, hour())),
        (
            "offer",
            key_for_energy_offer(member("GPC"), OfferId([1; 16])),
        ),
    ];
    let text = crate::conformance::hashes_of(&mut world, story, keys);
    expect_file!["../../../../fixtures/conformance/ledger-energy.json"].assert_eq(&text);
}

const NAMES: [&str; 3] = ["APC", "DUK", "GPC"];

/// Energy is neither made nor lost by trading, what is set aside is what open offers hold, and strictly nobody is ever short.
fn check(world: &World, strict: bool) {
    let mut traded = (0u64, 0u64);
    for name in NAMES {
        let book = book(world, name);
        let offers = (0..4u8).filter_map(|id| {
            world.get::<OfferState>(key_for_energy_offer(member(name), OfferId([id; 16])))
        });
        let open: u64 = offers.map(|offer| offer.left.0).sum();
        assert_eq!(book.offered.0, open);
        traded = (traded.0 + book.bought.0, traded.1 + book.traded.0);
        if strict {
            assert_eq!(book.short().unwrap(), Energy::ZERO);
        }
        for other in NAMES {
            assert!(world.books.position(member(name), member(other), USD) >= Micro::ZERO);
        }
    }
    assert_eq!(traded.0, traded.1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn energy_is_neither_made_nor_lost(
        insist in any::<bool>(),
        steps in prop::collection::vec((0u8..6, 0u8..3, 0u8..3, 0u8..4, any::<u8>()), 1..60),
    ) {
        let mut world = World::ready();
        if insist {
            strict(&mut world);
        }
        for (kind, who, other, id, amount) in steps {
            let (by, seller) = (NAMES[usize::from(who)], NAMES[usize::from(other)]);
            let energy = u64::from(amount % 40) + 1;
            let operation = match kind {
                0 => state(statement(u32::from(amount), energy)),
                1 => post(offer(id, energy)),
                2 => accept(taking(seller, id, energy / 4 + 1)),
                3 => cancel(seller, id),
                4 => {
                    let charge = Charge::new(seller, by, 10 * who + id);
                    world.run(by, place(&charge));
                    settle(claimed(&charge, AREA))
                }
                _ => {
                    world.time = world.time.plus(i64::from(amount % 8) * HOUR);
                    continue;
                }
            };
            world.run(by, operation);
            check(&world, insist);
        }
    }
}
