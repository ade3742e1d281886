//! The life of agreements, and terms that contradict themselves.

use crate::sharing::{NASH, SHAPLEY, with_ad_hoc, with_alone, with_costs};
use crate::table::Table;
use crate::world::{
    Charge, T0, World, agreement, countersign, kwh, member, place, propose, settle, tariff, usd,
};
use expect_test::expect;
use fairway_ledger::{Operation, key_for_pair, state::PairState, worded};
use fairway_model::agreement::{Agreement, ServiceLevel, SessionCaps};
use fairway_model::hash::Hash;
use fairway_model::money::{Currency, Micro};
use fairway_model::profile::Tier;
use fairway_model::time::{DAY, HOUR, MINUTE, Time};

fn terminate(agreement: &Agreement, from: Time) -> Operation {
    Operation::TerminateAgreement {
        agreement: agreement.id(),
        home: agreement.home,
        visited: agreement.visited,
        from,
    }
}

#[test]
fn proposed_countersigned_amended_terminated() {
    let mut t = Table::on(World::new());
    let first = agreement("APC", "DUK", 1);
    t.row("propose as a third", "GPC", propose(&first, "GPC"));
    t.row(
        "countersign what nobody proposed",
        "APC",
        countersign(&first, "APC"),
    );
    t.row("propose", "DUK", propose(&first, "DUK"));
    t.row("propose again", "APC", propose(&first, "APC"));
    t.row("countersign one's own", "DUK", countersign(&first, "DUK"));
    t.row("countersign as a third", "GPC", countersign(&first, "GPC"));
    let Operation::CountersignAgreement {
        agreement: id,
        home,
        signature,
        ..
    } = countersign(&first, "APC")
    else {
        panic!()
    };
    let swapped = Operation::CountersignAgreement {
        agreement: id,
        home,
        visited: member("GPC"),
        signature,
    };
    t.row("countersign with another visited", "APC", swapped);
    t.row("countersign", "APC", countersign(&first, "APC"));
    t.row("countersign again", "APC", countersign(&first, "APC"));
    t.row(
        "the same version",
        "DUK",
        propose(
            &worded(Agreement {
                due_days: 15,
                ..first.clone()
            }),
            "DUK",
        ),
    );
    let second = worded(Agreement {
        valid_from: T0.plus(DAY),
        ..agreement("APC", "DUK", 2)
    });
    t.row("amend", "APC", propose(&second, "APC"));
    t.row(
        "countersign the amendment",
        "DUK",
        countersign(&second, "DUK"),
    );
    let pair: PairState = t
        .world
        .get(key_for_pair(member("APC"), member("DUK")))
        .unwrap();
    let at = |time| pair.in_force(time).map(|v| v.version);
    t.note(
        "in force now, then, and after",
        &format!(
            "{:?} {:?} {:?}",
            at(t.world.time),
            at(T0.plus(2 * DAY)),
            at(T0.plus(400 * DAY))
        ),
    );
    t.row(
        "terminate as a third",
        "GPC",
        terminate(&second, T0.plus(9 * DAY)),
    );
    t.row("terminate in the past", "APC", terminate(&second, T0));
    t.row("terminate", "APC", terminate(&second, T0.plus(9 * DAY)));
    t.row(
        "terminate again",
        "DUK",
        terminate(&second, T0.plus(9 * DAY)),
    );
    t.row("prolong", "DUK", terminate(&second, T0.plus(10 * DAY)));
    t.row("earlier", "DUK", terminate(&second, T0.plus(8 * DAY)));
    let third = agreement("APC", "DUK", 3);
    t.row("propose a third version", "APC", propose(&third, "APC"));
    t.row("withdraw it", "APC", terminate(&third, T0.plus(HOUR)));
    t.row(
        "countersign what was withdrawn",
        "DUK",
        countersign(&third, "DUK"),
    );
    let short = worded(Agreement {
        valid_until: T0.plus(DAY),
        ..agreement("APC", "DUK", 4)
    });
    t.row("propose a short one", "APC", propose(&short, "APC"));
    t.world.time = T0.plus(DAY);
    t.row("countersign too late", "DUK", countersign(&short, "DUK"));
    let own = agreement("GPC", "GPC", 1);
    t.row("propose to oneself", "GPC", propose(&own, "GPC"));
    t.row(
        "countersign one's own with oneself",
        "GPC",
        countersign(&own, "GPC"),
    );
    t.row(
        "with a witness",
        "GPC",
        propose(&agreement("GPC", "REG", 1), "GPC"),
    );
    t.row(
        "with a stranger",
        "GPC",
        propose(&agreement("GPC", "ZZZ", 1), "GPC"),
    );
    expect![[r#"
        propose as a third | GPC: not-authorized: US*GPC is no party of an agreement between US*APC and US*DUK
        countersign what nobody proposed | APC: agreement-unknown: agr_1113b91aad74e631e51012320f4e1d71244fcb46b04909ff1507f4e042ee9ce1 was never proposed on this chain
        propose | DUK: AgreementProposed { agreement: AgreementId(1113b91aad74e631e51012320f4e1d71244fcb46b04909ff1507f4e042ee9ce1) }
        propose again | APC: duplicate: agr_1113b91aad74e631e51012320f4e1d71244fcb46b04909ff1507f4e042ee9ce1 is proposed already
        countersign one's own | DUK: not-authorized: US*DUK proposed agr_1113b91aad74e631e51012320f4e1d71244fcb46b04909ff1507f4e042ee9ce1; the other party countersigns
        countersign as a third | GPC: not-authorized: US*GPC is no party of an agreement between US*APC and US*DUK
        countersign with another visited | APC: id-conflict: the agreement's home is US*APC and its visited US*DUK; the operation says otherwise
        countersign | APC: AgreementCountersigned { agreement: AgreementId(1113b91aad74e631e51012320f4e1d71244fcb46b04909ff1507f4e042ee9ce1) }
        countersign again | APC: duplicate: agr_1113b91aad74e631e51012320f4e1d71244fcb46b04909ff1507f4e042ee9ce1 cannot be countersigned: it is countersigned already
        the same version | DUK: terms-invalid: version 1 does not follow version 1 of the pair
        amend | APC: AgreementProposed { agreement: AgreementId(c64f04d7bf5fd533ff984c5ad6951f480a669a31c4dc1b7d247826ce0583afd6) }
        countersign the amendment | DUK: AgreementCountersigned { agreement: AgreementId(c64f04d7bf5fd533ff984c5ad6951f480a669a31c4dc1b7d247826ce0583afd6) }
        in force now, then, and after | Some(1) Some(2) None
        terminate as a third | GPC: not-authorized: US*GPC is no party of an agreement between US*APC and US*DUK
        terminate in the past | APC: time-invalid: an end at 2026-11-23T08:00:00.000Z lies before the block's time 2026-11-23T08:00:14.000Z; charges may have begun since
        terminate | APC: AgreementTerminated { agreement: AgreementId(c64f04d7bf5fd533ff984c5ad6951f480a669a31c4dc1b7d247826ce0583afd6), from: 2026-12-02T08:00:00.000Z }
        terminate again | DUK: duplicate: agr_c64f04d7bf5fd533ff984c5ad6951f480a669a31c4dc1b7d247826ce0583afd6 ends at 2026-12-02T08:00:00.000Z already
        prolong | DUK: time-invalid: agr_c64f04d7bf5fd533ff984c5ad6951f480a669a31c4dc1b7d247826ce0583afd6 ends at 2026-12-02T08:00:00.000Z; 2026-12-03T08:00:00.000Z would prolong it, which takes new terms
        earlier | DUK: AgreementTerminated { agreement: AgreementId(c64f04d7bf5fd533ff984c5ad6951f480a669a31c4dc1b7d247826ce0583afd6), from: 2026-12-01T08:00:00.000Z }
        propose a third version | APC: AgreementProposed { agreement: AgreementId(03d6c51c619f2b039e47882ca7ef71a7e242c44bad79ba020aea851026dff9b8) }
        withdraw it | APC: AgreementTerminated { agreement: AgreementId(03d6c51c619f2b039e47882ca7ef71a7e242c44bad79ba020aea851026dff9b8), from: 2026-11-23T09:00:00.000Z }
        countersign what was withdrawn | DUK: agreement-not-in-force: agr_03d6c51c619f2b039e47882ca7ef71a7e242c44bad79ba020aea851026dff9b8 cannot be countersigned: it was withdrawn; propose new terms
        propose a short one | APC: AgreementProposed { agreement: AgreementId(c2d8cc1c0dc889765af80b5480140f837dca223d99e11b19e51a8e8e5c126deb) }
        countersign too late | DUK: time-invalid: agr_c2d8cc1c0dc889765af80b5480140f837dca223d99e11b19e51a8e8e5c126deb cannot be countersigned: it ended before it was countersigned; propose new terms
        propose to oneself | GPC: AgreementProposed { agreement: AgreementId(3f184edc35b46f1a0d0913b32730b5a3c383b274428d25e1b975c5c8550d2a59) }
        countersign one's own with oneself | GPC: AgreementCountersigned { agreement: AgreementId(3f184edc35b46f1a0d0913b32730b5a3c383b274428d25e1b975c5c8550d2a59) }
        with a witness | GPC: not-authorized: US*REG is a witness; only a utility can do this
        with a stranger | GPC: member-unknown: US*ZZZ is no member of this chain
    "#]].assert_eq(t.rows());
}

/// A service level that is right.
const SERVICE: ServiceLevel = ServiceLevel {
    least_served_bps: 9_500,
    penalty: Micro(5_000_000),
    penalty_cap: Micro(20_000_000),
    answer_hours: 24,
};

/// What a test changes in terms that are otherwise right.
type Change = fn(&mut Agreement);

#[test]
fn contradicting_terms_are_named() {
    let cases: &[(&str, Change)] = &[
        ("validity inverted", |a| a.valid_until = a.valid_from),
        ("validity past", |a| {
            (a.valid_from, a.valid_until) = (T0.plus(-2 * DAY), T0);
        }),
        ("validity endless", |a| a.valid_until = Time(i64::MAX)),
        ("currency", |a| a.currency = Currency::parse("XQX").unwrap()),
        ("corridor negative", |a| a.corridor.floor = Micro(-1)),
        ("corridor inverted", |a| a.corridor.cap = usd("0.10")),
        ("load inverted", |a| a.load_band.max_bps = 1),
        ("load zero", |a| a.load_band.min_bps = 0),
        ("load high", |a| a.load_band.max_bps = 100_001),
        ("cap zero", |a| a.caps.energy_per_charge = kwh(0)),
        ("cap negative", |a| a.caps.amount_per_charge = Micro(-1)),
        ("exposure", |a| a.caps.exposure = usd("1")),
        ("tier standard", |a| a.tiers[0].tier = Tier::Standard),
        ("tier twice", |a| a.tiers[0].tier = Tier::Platinum),
        ("tier discount", |a| a.tiers[0].discount_bps = 10_001),
        ("tier bearing", |a| a.tiers[0].home_bears_bps = 10_001),
        ("split", |a| a.split.owner_bps = 999),
        ("split overflow", |a| a.split.owner_bps = u32::MAX),
        ("split rule beside a custom rule", |a| {
            (a.split_rule, a.rule, a.rule_fuel) = (Some(SHAPLEY), Some(a.text_hash), Some(1));
        }),
        ("costs over the cap", |a| {
            let cap = a.corridor.cap;
            a.split_rule = Some(with_costs(SHAPLEY, |c| c.energy_per_kwh = cap));
        }),
        ("negative cost", |a| {
            a.split_rule = Some(with_costs(SHAPLEY, |c| c.per_charge = Micro(-1)));
        }),
        ("cost over a million", |a| {
            let most = usd("1000000.000001");
            a.split_rule = Some(with_costs(NASH, |c| c.per_charge = most));
        }),
        ("price on the spot", |a| {
            a.split_rule = Some(with_ad_hoc(|ad_hoc| ad_hoc.price_per_kwh = Micro(-1)));
        }),
        ("chance over the whole", |a| {
            a.split_rule = Some(with_ad_hoc(|ad_hoc| ad_hoc.chance_bps = 10_001));
        }),
        ("negative disagreement point", |a| {
            a.split_rule = Some(with_alone(|alone| alone.owner_per_kwh = Micro(-1)));
        }),
        ("hold ttl", |a| a.hold_ttl = 0),
        ("hold ttl long", |a| a.hold_ttl = 36 * DAY),
        ("netting", |a| a.netting_days = 0),
        ("deadline", |a| a.dispute_days = 367),
        ("interest", |a| a.interest_bps = 10_001),
        ("notice", |a| a.notice_days = Some(367)),
        ("session caps without a cap", |a| {
            a.session_caps = Some(SessionCaps::default());
        }),
        ("no concurrent charge", |a| {
            a.session_caps = Some(SessionCaps {
                concurrent: Some(0),
                per_day: Some(1),
            });
        }),
        ("no charge a day", |a| {
            a.session_caps = Some(SessionCaps {
                concurrent: None,
                per_day: Some(0),
            });
        }),
        ("service over the whole", |a| {
            a.service = Some(ServiceLevel {
                least_served_bps: 10_001,
                ..SERVICE
            });
        }),
        ("penalty of nothing", |a| {
            a.service = Some(ServiceLevel {
                penalty: Micro::ZERO,
                ..SERVICE
            });
        }),
        ("penalty cap", |a| {
            a.service = Some(ServiceLevel {
                penalty_cap: Micro(1),
                ..SERVICE
            });
        }),
        ("no time to answer", |a| {
            a.service = Some(ServiceLevel {
                answer_hours: 0,
                ..SERVICE
            });
        }),
        ("too much time to answer", |a| {
            a.service = Some(ServiceLevel {
                answer_hours: 745,
                ..SERVICE
            });
        }),
        ("service to oneself", |a| {
            (a.home, a.service) = (a.visited, Some(SERVICE));
        }),
        ("collateral", |a| a.collateral = Some(Micro::ZERO)),
        ("collateral to oneself", |a| {
            (a.home, a.collateral) = (a.visited, Some(usd("1")));
        }),
        ("rule without fuel", |a| a.rule = Some(a.text_hash)),
        ("rule with no fuel", |a| {
            (a.rule, a.rule_fuel) = (Some(a.text_hash), Some(0));
        }),
        ("fuel without rule", |a| a.rule_fuel = Some(1)),
        ("no tariff", |a| a.tariffs.clear()),
        ("tariff twice", |a| a.tariffs.push(tariff())),
        ("tariff currency", |a| a.tariffs[0].currency = Currency::EUR),
        ("tariff empty", |a| a.tariffs[0].elements.clear()),
        ("text of other terms", |a| a.due_days = 15),
        ("text of one's own", |a| a.text_hash = Hash::plain(b"text")),
    ];
    let mut t = Table::on(World::new());
    for (what, change) in cases {
        let mut terms = agreement("APC", "DUK", 1);
        change(&mut terms);
        t.row(what, "DUK", propose(&terms, "DUK"));
    }
    expect![[r#"
        validity inverted | DUK: terms-invalid: validity is inverted: until 2026-11-22T08:00:00.000Z is not after from 2026-11-22T08:00:00.000Z
        validity past | DUK: terms-invalid: validity is in the past: it ends at 2026-11-23T08:00:00.000Z, the block's time is 2026-11-23T08:00:02.000Z
        validity endless | DUK: terms-invalid: validity from 2026-11-22T08:00:00.000Z until 292278994-08-17T07:12:55.807Z is longer than ten years
        currency | DUK: terms-invalid: XQX is no currency in use (ISO 4217)
        corridor negative | DUK: terms-invalid: corridor floor -0.000001 is negative
        corridor inverted | DUK: terms-invalid: corridor is inverted: floor 0.20 is over cap 0.10
        load inverted | DUK: terms-invalid: load band is inverted: 8000 to 1 basis points
        load zero | DUK: terms-invalid: load band 0 to 12500 is outside 1 to 100000 basis points
        load high | DUK: terms-invalid: load band 8000 to 100001 is outside 1 to 100000 basis points
        cap zero | DUK: terms-invalid: a cap per charge is zero or negative: no charge would be possible
        cap negative | DUK: terms-invalid: a cap per charge is zero or negative: no charge would be possible
        exposure | DUK: terms-invalid: exposure cap 1.00 is under the amount cap per charge 60.00
        tier standard | DUK: terms-invalid: tier terms for Standard, which means no tier
        tier twice | DUK: terms-invalid: tier Platinum has terms twice
        tier discount | DUK: terms-invalid: tier Gold has more than 10000 basis points of discount or of bearing
        tier bearing | DUK: terms-invalid: tier Gold has more than 10000 basis points of discount or of bearing
        split | DUK: terms-invalid: split 500 + 8500 + 999 basis points does not add up to 10000
        split overflow | DUK: terms-invalid: split 500 + 8500 + 4294967295 basis points does not add up to 10000
        split rule beside a custom rule | DUK: terms-invalid: a split rule beside a custom rule, which may set shares too; name one of them
        costs over the cap | DUK: terms-invalid: costs of 0.65 per kWh are over the corridor's cap 0.60: no charge could leave anything to share
        negative cost | DUK: terms-invalid: split rule: cost per charge of -0.000001; 0 to 1000000.00 are right
        cost over a million | DUK: terms-invalid: split rule: cost per charge of 1000000.000001; 0 to 1000000.00 are right
        price on the spot | DUK: terms-invalid: split rule: price on the spot of -0.000001; 0 to 1000000.00 are right
        chance over the whole | DUK: terms-invalid: a chance of 10001 basis points is over 10000: no more than all charges take place
        negative disagreement point | DUK: terms-invalid: split rule: what the owner earns alone of -0.000001; 0 to 1000000.00 are right
        hold ttl | DUK: terms-invalid: holds last 0 ms; 1 to 3024000000 are allowed
        hold ttl long | DUK: terms-invalid: holds last 3110400000 ms; 1 to 3024000000 are allowed
        netting | DUK: terms-invalid: netting every 0 days; at least 1 is right
        deadline | DUK: terms-invalid: a deadline of 367 days is over 366
        interest | DUK: terms-invalid: interest of 10001 basis points a year is over 10000
        notice | DUK: terms-invalid: notice of 367 days is over 366: nobody could leave
        session caps without a cap | DUK: terms-invalid: session caps name no cap; leave them out or name one
        no concurrent charge | DUK: terms-invalid: 0 concurrent charges: no charge would be possible
        no charge a day | DUK: terms-invalid: 0 charges per day: no charge would be possible
        service over the whole | DUK: terms-invalid: service level of 10001 basis points is over 10000: nobody serves more than all
        penalty of nothing | DUK: terms-invalid: penalty of 0.00 per refused driver; more than nothing is right
        penalty cap | DUK: terms-invalid: penalty cap 0.000001 is under the penalty 5.00 of one refused driver
        no time to answer | DUK: terms-invalid: 0 hours to answer a claim of refusal; 1 to 744 are allowed
        too much time to answer | DUK: terms-invalid: 745 hours to answer a claim of refusal; 1 to 744 are allowed
        service to oneself | DUK: terms-invalid: a duty to serve toward oneself; it takes two members
        collateral | DUK: terms-invalid: collateral of 0.00; more than nothing is right, or none
        collateral to oneself | DUK: terms-invalid: collateral toward oneself; it takes two members
        rule without fuel | DUK: terms-invalid: a rule without fuel could not run; name the most that one run may use
        rule with no fuel | DUK: terms-invalid: a rule without fuel could not run; name the most that one run may use
        fuel without rule | DUK: terms-invalid: rule fuel without a rule; name the rule's hash, or no fuel
        no tariff | DUK: terms-invalid: no tariff: nothing could be priced
        tariff twice | DUK: terms-invalid: tariff id "day" appears twice
        tariff currency | DUK: terms-invalid: tariff "day" is in EUR, the agreement in USD
        tariff empty | DUK: terms-invalid: tariff "day": tariff has 0 elements; 1 to 64 are allowed
        text of other terms | DUK: terms-invalid: text hash 6cff8fa4ab6d813b57fe18ae694cd76841b4eb003e6509806a3a0c257a2152b5 is not that of these terms; `fairway agreement text` makes their text, whose SHA-256 is 4050df932c36de3f01af8361ee5c0301bca7624e29853abdc522e22efdbb9c73
        text of one's own | DUK: terms-invalid: text hash 982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1 is not that of these terms; `fairway agreement text` makes their text, whose SHA-256 is 6cff8fa4ab6d813b57fe18ae694cd76841b4eb003e6509806a3a0c257a2152b5
    "#]].assert_eq(t.rows());
}

/// Holds follow the version in force, with a grace for offers that were open at the change; charges settle under the version that
/// their hold names.
#[test]
fn a_new_version_takes_over_with_a_grace() {
    let mut t = Table::on(World::ready());
    let second = worded(Agreement {
        due_days: 15,
        valid_from: T0.plus(HOUR),
        ..agreement("APC", "DUK", 2)
    });
    t.world.agree(&second);
    let under = |n, a: &Agreement| {
        let mut charge = Charge::new("APC", "DUK", n);
        (charge.agreement, charge.guarantee.agreement) = (a.clone(), a.id());
        charge
    };
    let (old, new) = (agreement("APC", "DUK", 1), second);
    let kept = under(1, &old);
    t.row("new version, early", "DUK", place(&under(9, &new)));
    t.row("old version", "DUK", place(&kept));
    t.world.time = T0.plus(HOUR + 10 * MINUTE);
    t.row("old version in the grace", "DUK", place(&under(2, &old)));
    t.row("new version", "DUK", place(&under(3, &new)));
    t.world.time = T0.plus(HOUR + 16 * MINUTE);
    t.row("old version after the grace", "DUK", place(&under(4, &old)));
    t.row(
        "charge under the old version",
        "DUK",
        settle(kept.settlement()),
    );
    expect![[r#"
        new version, early | DUK: agreement-not-in-force: agr_9e02b1c38f20d547cb6ffe281a23c48f17713e792cb6e5f3b91d8e3a5384be65 is not the agreement in force between US*APC and US*DUK at 2026-11-23T08:00:24.000Z
        old version | DUK: HoldPlaced { session: ses_01010101010101010101010101010101, amount: 20.00 }
        old version in the grace | DUK: HoldPlaced { session: ses_02020202020202020202020202020202, amount: 20.00 }
        new version | DUK: HoldPlaced { session: ses_03030303030303030303030303030303, amount: 20.00 }
        old version after the grace | DUK: agreement-not-in-force: agr_1113b91aad74e631e51012320f4e1d71244fcb46b04909ff1507f4e042ee9ce1 is not the agreement in force between US*APC and US*DUK at 2026-11-23T09:16:01.000Z
        charge under the old version | DUK: ChargeSettled { session: ses_01010101010101010101010101010101, event: ade48587876c7c9551f53aef02d22e066dd82e5a652def982825435759504f77, total: 9.06, shares: Shares { home: 0.222333, visited: 7.335806, owner: 0.889333, tax: 0.612528 }, currency: USD, released: 10.94 } member:US*APC -8.837667, member:US*DUK 7.335806, owner:OWNER-1 0.889333, tax:US*DUK 0.612528
    "#]].assert_eq(t.rows());
}
