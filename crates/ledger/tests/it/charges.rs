//! Settlement: what it moves, and everything that it refuses.

use crate::table::Table;
use crate::world::{
    Charge, T0, USD, World, agreement, evse, key, kwh, member, place, propose, settle, signed, usd,
};
use expect_test::expect;
use fairway_ledger::{Account, Operation, Payment, Settlement, worded};
use fairway_model::charge::ChargeEvent;
use fairway_model::energy::Energy;
use fairway_model::hash::Hash;
use fairway_model::ids::{EvseId, GuaranteeId, MemberId, OwnerId};
use fairway_model::money::{Currency, Micro};
use fairway_model::profile::Tier;
use fairway_model::tariff::Restrictions;
use fairway_model::time::{DAY, HOUR};

/// What a test changes in an event that is otherwise right; both sign the result.
type Change = fn(&mut ChargeEvent);

const REFUSED: &[(&str, Change)] = &[
    ("unknown agreement", |e| {
        e.agreement = agreement("APC", "DUK", 7).id();
    }),
    ("another pair's agreement", |e| {
        e.agreement = agreement("GPC", "DUK", 1).id();
    }),
    ("proposed agreement", |e| {
        e.agreement = agreement("APC", "DUK", 2).id();
    }),
    ("no period", |e| e.usage.periods.truncate(0)),
    ("periods out of order", |e| e.usage.periods.swap(0, 1)),
    ("period after the end", |e| {
        e.usage.end = e.usage.periods[1].start;
    }),
    ("end in the future", |e| e.usage.end = T0.plus(HOUR)),
    ("meter backwards", |e| e.meter_end = kwh(1)),
    ("register difference", |e| {
        e.meter_end = Energy(e.meter_end.0 + 1);
    }),
    ("energy overflow", |e| {
        e.usage.periods[0].energy = Energy(u64::MAX);
    }),
    ("nothing delivered", |e| {
        e.meter_end = e.meter_start;
        e.usage
            .periods
            .iter_mut()
            .for_each(|p| p.energy = Energy::ZERO);
    }),
    ("energy over the cap", |e| {
        e.meter_end = Energy(e.meter_end.0 + kwh(100).0);
        e.usage.periods[0].energy = Energy(e.usage.periods[0].energy.0 + kwh(100).0);
    }),
    ("load outside the band", |e| e.adjustments.load_bps = 7_999),
    ("discount of another tier", |e| {
        e.adjustments.tier = Tier::Platinum;
    }),
    ("discount without tier", |e| {
        e.adjustments.tier = Tier::Diamond;
    }),
    ("another corridor", |e| {
        e.adjustments.corridor.cap = usd("9");
    }),
    ("amount over the cap", |e| e.total = usd("60.01")),
    ("unknown EVSE", |e| {
        e.evse = EvseId::parse("US*DUK*E9").unwrap();
    }),
    ("another's EVSE", |e| e.evse = evse("APC").evse),
    ("another meter key", |e| e.meter_key = Hash::plain(b"other")),
    ("unknown tariff", |e| "night".clone_into(&mut e.tariff)),
    ("total", |e| e.total = e.total.minus(usd("0.01")).unwrap()),
    ("negative total", |e| e.total = Micro(i64::MIN)),
    ("shares", |e| {
        e.shares.home = e.shares.home.plus(Micro(1)).unwrap();
    }),
    ("another guarantee", |e| e.guarantee = GuaranteeId([9; 16])),
    ("another offer", |e| e.offer = Hash::plain(b"other")),
    ("another session", |e| e.session.0[0] = 99),
];

#[test]
fn every_refusal_of_a_settlement() {
    let mut t = Table::on(World::ready());
    let charge = Charge::new("APC", "DUK", 1);
    t.world.must("DUK", place(&charge));
    t.world
        .must("APC", propose(&agreement("APC", "DUK", 2), "APC"));
    for (what, change) in REFUSED {
        let mut event = charge.event();
        change(&mut event);
        // An empty usage is stopped before execution; the rule behind it is shown without admission.
        let tx = t.world.sign("DUK", settle(signed(event)));
        let receipt = t.world.execute_unadmitted(&tx);
        t.note(what, &crate::world::line(&receipt));
    }
    t.row("by a third", "GPC", settle(charge.settlement()));
    let claim = |change: fn(&mut Settlement)| {
        let mut settlement = Charge::new("APC", "DUK", 1).settlement();
        change(&mut settlement);
        settle(settlement)
    };
    t.row(
        "another owner",
        "DUK",
        claim(|s| s.owner = OwnerId::parse("ME").unwrap()),
    );
    t.row(
        "another currency",
        "DUK",
        claim(|s| s.currency = Currency::EUR),
    );
    t.row(
        "home's key is not home's",
        "DUK",
        claim(|s| {
            (s.home_key, s.signed.home_signature) =
                (key("DUK").public(), s.signed.event.sign(&key("DUK")));
        }),
    );
    t.row(
        "visited's key is not visited's",
        "DUK",
        claim(|s| {
            (s.visited_key, s.signed.visited_signature) =
                (key("APC").public(), s.signed.event.sign(&key("APC")));
        }),
    );
    assert_eq!(t.world.books.charges(), 0);
    t.row("good", "DUK", settle(charge.settlement()));
    t.row("again", "APC", settle(charge.settlement()));
    let mut other = charge.event();
    other.driver = Hash::plain(b"other");
    t.row("again with other content", "APC", settle(signed(other)));
    expect![[r#"
        unknown agreement | agreement-unknown: agr_98bc15fd8f8f982902ab16a3207e256382dc0ee255f9531664f2b63ed481ace8 was never proposed on this chain
        another pair's agreement | agreement-unknown: agr_51fb21b1e118c67372b36cebef5da8ab743f720907a21142ec30c0a4a7a959ab is between US*GPC and US*DUK, not US*APC and US*DUK
        proposed agreement | agreement-unknown: agr_455ee06f9706e38745ca59bf90402b9c482cc2fada321482691385eabdc70eff is proposed but not countersigned
        no period | time-invalid: the usage has no period; a charge has at least one
        periods out of order | time-invalid: period 1 begins before the one ahead of it
        period after the end | time-invalid: the last period begins at 2026-11-23T07:30:00.000Z, after the charge ended at 2026-11-23T07:15:00.000Z
        end in the future | time-invalid: the charge ends at 2026-11-23T09:00:00.000Z, in the future of the block's time 2026-11-23T08:00:30.000Z
        meter backwards | meter-backwards: the meter ran backwards, from 1200 to 1 kWh
        register difference | energy-mismatch: the periods hold 20 kWh, the register difference is 20.000001 kWh
        energy overflow | energy-mismatch: the periods hold more than fits kWh, the register difference is 20 kWh
        nothing delivered | nothing-delivered: no energy was delivered; void the hold instead
        energy over the cap | energy-over-cap: 120 kWh are over the cap of 100 kWh per charge
        load outside the band | adjustment-outside: load multiplier 7999 is outside 8000 to 12500 basis points
        discount of another tier | adjustment-outside: discount 500 for tier Platinum; the agreement says 1500 basis points
        discount without tier | adjustment-outside: discount 500 for tier Diamond; the agreement says 0 basis points
        another corridor | adjustment-outside: the corridor is not the agreement's
        amount over the cap | amount-over-cap: total 60.01 USD is over the cap of 60.00 per charge
        unknown EVSE | evse-unavailable: EVSE US*DUK*E9 is not registered
        another's EVSE | not-authorized: EVSE US*APC*E0001*1 belongs to US*APC, not to US*DUK
        another meter key | meter-key: meter key d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa is not the one registered for US*DUK*E0001*1
        unknown tariff | price-wrong: agr_1113b91aad74e631e51012320f4e1d71244fcb46b04909ff1507f4e042ee9ce1 has no tariff "night"
        total | price-wrong: total 9.05 USD; tariff "day" gives 9.06 for 20 kWh
        negative total | price-wrong: total -9223372036854.775808 USD; tariff "day" gives 9.06 for 20 kWh
        shares | shares-wrong: shares home + visited + owner + tax are 0.222334 + 7.335806 + 0.889333 + 0.612528; the agreed rule, fixed parts of the net price, gives 0.222333 + 7.335806 + 0.889333 + 0.612528 USD
        another guarantee | id-conflict: the hold for ses_01010101010101010101010101010101 has another guarantee
        another offer | id-conflict: the hold for ses_01010101010101010101010101010101 has another offer
        another session | hold-unknown: ses_63010101010101010101010101010101 has no hold; place one at consent
        by a third | GPC: not-authorized: US*GPC is no party of a charge of US*APC at US*DUK
        another owner | DUK: id-conflict: the owner of US*DUK*E0001*1 is OWNER-1, not ME
        another currency | DUK: id-conflict: the operation is in EUR, the agreement in USD
        home's key is not home's | DUK: not-authorized: the charge event is signed with bf67c80766d4b4d13cfc471fdcc96159ae37d23862e8953a6f94dc1995cf557c, which is not the registered key of US*APC
        visited's key is not visited's | DUK: not-authorized: the charge event is signed with c022440e0a3c5ba3d3341180b2c66065bfcb727365a7788a49078c8ef1c347bd, which is not the registered key of US*DUK
        good | DUK: ChargeSettled { session: ses_01010101010101010101010101010101, event: ade48587876c7c9551f53aef02d22e066dd82e5a652def982825435759504f77, total: 9.06, shares: Shares { home: 0.222333, visited: 7.335806, owner: 0.889333, tax: 0.612528 }, currency: USD, released: 10.94 } member:US*APC -8.837667, member:US*DUK 7.335806, owner:OWNER-1 0.889333, tax:US*DUK 0.612528
        again | APC: already-settled: ses_01010101010101010101010101010101 was settled in block 56 with the same content
        again with other content | APC: already-settled: ses_01010101010101010101010101010101 was settled in block 56 with other content; object by a dispute
    "#]].assert_eq(t.rows());
}

#[test]
fn charges_outside_their_time() {
    let mut t = Table::on(World::ready());
    let before = Charge {
        start: T0.plus(-2 * DAY),
        ..Charge::new("APC", "DUK", 1)
    };
    t.world.must("DUK", place(&before));
    t.row("before validity", "DUK", settle(before.settlement()));
    let terms = agreement("APC", "DUK", 1);
    let end = Operation::TerminateAgreement {
        agreement: terms.id(),
        home: terms.home,
        visited: terms.visited,
        from: T0.plus(HOUR),
    };
    let [under, after] = [T0, T0.plus(HOUR)].map(|start| Charge {
        start,
        ..Charge::new("APC", "DUK", if start == T0 { 2 } else { 3 })
    });
    t.world.must("DUK", place(&under));
    t.world.must("DUK", place(&after));
    t.world.must("APC", end);
    t.world.time = T0.plus(2 * HOUR);
    t.row(
        "began before termination",
        "DUK",
        settle(under.settlement()),
    );
    t.row("began after termination", "DUK", settle(after.settlement()));
    t.row(
        "hold after termination",
        "DUK",
        place(&Charge {
            expires_at: T0.plus(4 * HOUR),
            ..Charge::new("APC", "DUK", 4)
        }),
    );
    t.world.time = T0.plus(92 * DAY);
    t.row("very late", "DUK", settle(after.settlement()));
    expect![[r#"
        before validity | DUK: agreement-not-in-force: the charge began at 2026-11-21T08:00:00.000Z; agr_1113b91aad74e631e51012320f4e1d71244fcb46b04909ff1507f4e042ee9ce1 is in force from 2026-11-22T08:00:00.000Z until 2027-11-23T08:00:00.000Z
        began before termination | DUK: ChargeSettled { session: ses_02020202020202020202020202020202, event: 2510a9d97c189dabf3f15da50119f55eced29019e47a8e749c5cf1d693554ce9, total: 9.06, shares: Shares { home: 0.222333, visited: 7.335806, owner: 0.889333, tax: 0.612528 }, currency: USD, released: 10.94 } member:US*APC -8.837667, member:US*DUK 7.335806, owner:OWNER-1 0.889333, tax:US*DUK 0.612528
        began after termination | DUK: agreement-not-in-force: the charge began at 2026-11-23T09:00:00.000Z; agr_1113b91aad74e631e51012320f4e1d71244fcb46b04909ff1507f4e042ee9ce1 is in force from 2026-11-22T08:00:00.000Z until 2026-11-23T09:00:00.000Z
        hold after termination | DUK: agreement-not-in-force: agr_1113b91aad74e631e51012320f4e1d71244fcb46b04909ff1507f4e042ee9ce1 is not the agreement in force between US*APC and US*DUK at 2026-11-23T10:00:03.000Z
        very late | DUK: time-invalid: the charge ended at 2026-11-23T09:40:00.000Z, more than 90 days before the block's time 2027-02-23T08:00:01.000Z
    "#]].assert_eq(t.rows());
}

/// All nine pairs; then what the accounts and positions are, in state as in the books.
#[test]
fn nine_pairs_settle_and_the_books_agree() {
    let mut world = World::ready();
    let names = ["APC", "DUK", "GPC"];
    for (i, home) in (0u8..).zip(names) {
        for (j, visited) in (0u8..).zip(names) {
            let mut charge = Charge::new(home, visited, 3 * i + j + 1);
            charge.tier = [Tier::Standard, Tier::Gold, Tier::Platinum][usize::from((i + j) % 3)];
            charge.energy = kwh(u64::from(10 + 3 * i + j));
            world.must(visited, place(&charge));
            world.must(home, settle(charge.settlement()));
        }
    }
    let payment = |debtor: &str, creditor: &str, amount| Payment {
        debtor: member(debtor),
        creditor: member(creditor),
        currency: USD,
        amount: usd(amount),
        reference: Hash::plain(b"bank message"),
    };
    let mut t = Table::on(world);
    let confirm = |p: Payment| Operation::ConfirmPayment(p);
    t.row(
        "by the debtor",
        "APC",
        confirm(payment("APC", "DUK", "2.5")),
    );
    t.row("too much", "DUK", confirm(payment("APC", "DUK", "2500")));
    t.row("to oneself", "DUK", confirm(payment("DUK", "DUK", "1")));
    t.row("by a stranger", "DUK", confirm(payment("ZZZ", "DUK", "1")));
    t.row("good", "DUK", confirm(payment("APC", "DUK", "2.5")));
    t.row("again", "DUK", confirm(payment("APC", "DUK", "2.5")));
    t.row(
        "other amount, same reference",
        "DUK",
        confirm(payment("APC", "DUK", "2")),
    );
    let accounts = names
        .iter()
        .flat_map(|n| [Account::Member(member(n)), Account::Tax(member(n))]);
    for account in accounts.chain([Account::Owner(OwnerId::parse("OWNER-1").unwrap())]) {
        assert_eq!(
            t.world.account(&account),
            t.world.books.account(&account, USD),
            "{account}"
        );
    }
    let owed = |a: &str, b: &str| -> (MemberId, MemberId) { (member(a), member(b)) };
    let (debtor, creditor) = owed("APC", "DUK");
    let state: fairway_ledger::money::PositionState = t
        .world
        .get(fairway_ledger::key_for_position(debtor, creditor, USD))
        .unwrap();
    assert_eq!(state.amount, t.world.books.position(debtor, creditor, USD));
    for line in t.world.books.to_string().lines() {
        let (what, rest) = line.split_once(' ').unwrap();
        t.note(what, rest);
    }
    expect![[r#"
        by the debtor | APC: not-authorized: US*APC cannot confirm a payment to US*DUK; only US*DUK can
        too much | DUK: amount-over-cap: 2500.00 USD paid; US*APC owes US*DUK only 5.452717
        to oneself | DUK: malformed: US*DUK cannot pay itself
        by a stranger | DUK: member-unknown: US*ZZZ is no member of this chain
        good | DUK: PaymentConfirmed { debtor: US*APC, creditor: US*DUK, owed: 2.952717, currency: USD } member:US*APC 2.50, member:US*DUK -2.50
        again | DUK: duplicate: payment b0e2e79f08de639bc3b02bc1af355c62648c2c153e942178b8cd019877f2b9b4 is confirmed already
        other amount, same reference | DUK: id-conflict: payment b0e2e79f08de639bc3b02bc1af355c62648c2c153e942178b8cd019877f2b9b4 was confirmed with other content
        books | account member:US*APC USD 1.662224
        books | account member:US*DUK USD -5.825553
        books | account member:US*GPC USD -5.834298
        books | account owner:OWNER-1 USD 5.962797
        books | account tax:US*APC USD 1.255877
        books | account tax:US*DUK USD 1.349054
        books | account tax:US*GPC USD 1.429899
        books | charges US*APC at US*APC USD 5.48 for 10 kWh in 1
        books | charges US*APC at US*DUK USD 5.59 for 11 kWh in 1
        books | charges US*APC at US*GPC USD 5.35 for 12 kWh in 1
        books | charges US*DUK at US*APC USD 6.37 for 13 kWh in 1
        books | charges US*DUK at US*DUK USD 6.04 for 14 kWh in 1
        books | charges US*DUK at US*GPC USD 7.51 for 15 kWh in 1
        books | charges US*GPC at US*APC USD 6.73 for 16 kWh in 1
        books | charges US*GPC at US*DUK USD 8.32 for 17 kWh in 1
        books | charges US*GPC at US*GPC USD 8.29 for 18 kWh in 1
        books | position US*APC owes US*DUK USD 2.952717
        books | position US*APC owes US*GPC USD 5.936933
        books | position US*DUK owes US*APC USD 6.213817
        books | position US*DUK owes US*GPC USD 7.159833
        books | position US*GPC owes US*APC USD 7.468133
        books | position US*GPC owes US*DUK USD 7.932033
        books | sum USD 0.00
    "#]].assert_eq(t.rows());
}

/// Times of day in a tariff are the EVSE's: a price computed in another zone is refused.
#[test]
fn the_price_is_that_of_the_evse_s_time_zone() {
    let mut world = World::new();
    let mut entry = evse("DUK");
    "America/Chicago".clone_into(&mut entry.time_zone);
    world.must("DUK", Operation::RegisterEvse(Box::new(entry)));
    let mut terms = agreement("APC", "DUK", 1);
    // The charge begins at two in the morning in New York, at one in Chicago.
    let mut night = terms.tariffs[0].elements[0].clone();
    night.components[0].price = usd("0.25");
    night.restrictions = Some(Restrictions {
        start_minute: Some(0),
        end_minute: Some(110),
        ..Restrictions::default()
    });
    terms.tariffs[0].elements.insert(0, night);
    let terms = worded(terms);
    world.agree(&terms);
    let mut charge = Charge::new("APC", "DUK", 1);
    (charge.guarantee.agreement, charge.agreement) = (terms.id(), terms);
    world.must("DUK", place(&charge));
    let mut t = Table::on(world);
    t.row(
        "New York",
        "DUK",
        settle(signed(charge.event_in("America/New_York"))),
    );
    t.row(
        "Chicago",
        "DUK",
        settle(signed(charge.event_in("America/Chicago"))),
    );
    expect![[r#"
        New York | DUK: price-wrong: total 9.06 USD; tariff "day" gives 6.71 for 20 kWh
        Chicago | DUK: ChargeSettled { session: ses_01010101010101010101010101010101, event: abb1396968d51d1b6b5ce9f9e1f765e56d0dfdd7d6c773892e71e4a5a0f37f2d, total: 6.71, shares: Shares { home: 0.164583, visited: 5.433657, owner: 0.658333, tax: 0.453427 }, currency: USD, released: 13.29 } member:US*APC -6.545417, member:US*DUK 5.433657, owner:OWNER-1 0.658333, tax:US*DUK 0.453427
    "#]].assert_eq(t.rows());
}
