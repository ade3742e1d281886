//! Negotiation, suspension, ends, ceilings of charges and the board.

use crate::table::Table;
use crate::world::{
    Charge, T0, USD, World, agreement, countersign, key, member, place, propose, settle, usd, void,
};
use expect_test::expect;
use fairway_ledger::life::{Stage, Step};
use fairway_ledger::state::AgreementStatus;
use fairway_ledger::{
    BoardOffer, Ground, Operation, TermsOperation, key_for_agreement_status, worded,
};
use fairway_model::agreement::{AGREEMENT_DOMAIN, Agreement, Corridor, SessionCaps};
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use fairway_model::money::{Currency, Micro};
use fairway_model::time::{DAY, HOUR};

pub(crate) fn terms(operation: TermsOperation) -> Operation {
    Operation::Terms(operation)
}

fn counter(old: &Agreement, new: &Agreement, by: &str) -> Operation {
    terms(TermsOperation::Counter {
        supersedes: old.id(),
        agreement: Box::new(new.clone()),
        signature: key(by).sign(AGREEMENT_DOMAIN, &new.to_bytes()),
    })
}

fn suspend(a: &Agreement) -> Operation {
    terms(TermsOperation::Suspend {
        agreement: a.id(),
        home: a.home,
        visited: a.visited,
        ground: Ground::Payment,
        evidence: None,
    })
}

fn resume(a: &Agreement) -> Operation {
    terms(TermsOperation::Resume {
        agreement: a.id(),
        home: a.home,
        visited: a.visited,
    })
}

fn breach(a: &Agreement) -> Operation {
    terms(TermsOperation::Breach {
        agreement: a.id(),
        home: a.home,
        visited: a.visited,
        ground: Ground::Service,
        evidence: Hash::plain(b"log"),
    })
}

fn terminate(a: &Agreement, days: i64) -> Operation {
    Operation::TerminateAgreement {
        agreement: a.id(),
        home: a.home,
        visited: a.visited,
        from: T0.plus(days * DAY),
    }
}

fn due(version: u32, days: u16) -> Agreement {
    worded(Agreement {
        due_days: days,
        notice_days: Some(30),
        ..agreement("APC", "DUK", version)
    })
}

/// Brings terms to a stage by the operations that lead there.
fn at(stage: Stage) -> (World, Agreement) {
    let mut world = World::new();
    let mut a = due(1, 1);
    if stage == Stage::Lapsed {
        a = worded(Agreement {
            valid_until: T0.plus(DAY),
            ..a
        });
    }
    world.must("DUK", propose(&a, "DUK"));
    match stage {
        Stage::Open => {}
        Stage::Countered => {
            world.must("APC", counter(&a, &due(1, 2), "APC"));
        }
        Stage::Withdrawn => {
            world.must("DUK", terminate(&a, 1));
        }
        Stage::Lapsed => world.time = T0.plus(2 * DAY),
        Stage::Signed | Stage::Suspended | Stage::Ended => {
            world.must("APC", countersign(&a, "APC"));
        }
    }
    match stage {
        Stage::Suspended => {
            world.must("APC", suspend(&a));
        }
        Stage::Ended => {
            world.must("APC", breach(&a));
        }
        _ => {}
    }
    (world, a)
}

/// Every step from every stage: the allowed ones take effect, all others are refused, and both are as written here.
#[test]
fn every_transition_and_every_forbidden_one() {
    let steps = [
        (Step::Counter, "APC"),
        (Step::Countersign, "APC"),
        (Step::Terminate, "APC"),
        (Step::Suspend, "APC"),
        (Step::Resume, "APC"),
        (Step::Breach, "APC"),
    ];
    let mut t = Table::on(World::new());
    for stage in Stage::ALL {
        for (step, by) in steps {
            let (world, a) = at(stage);
            let status: AgreementStatus = world.get(key_for_agreement_status(a.id())).unwrap();
            assert_eq!(Stage::of(&a, &status, world.time), stage);
            let operation = match step {
                Step::Counter => counter(&a, &due(1, 3), by),
                Step::Countersign => countersign(&a, by),
                Step::Terminate => terminate(&a, 40),
                Step::Suspend => suspend(&a),
                Step::Resume => resume(&a),
                Step::Breach => breach(&a),
            };
            t.world = world;
            let receipt = t.world.run(by, operation);
            let what = receipt.refusal().map_or_else(
                || "takes effect".to_owned(),
                |refusal| refusal.to_string().replace(&a.id().to_string(), "it"),
            );
            assert_eq!(receipt.refusal().is_none(), stage.allows(step), "{what}");
            t.note(&format!("{stage:?} {step:?}"), &what);
        }
    }
    expect![[r#"
        Open Counter | takes effect
        Open Countersign | takes effect
        Open Terminate | takes effect
        Open Suspend | agreement-unknown: it cannot be suspended: it is proposed and not countersigned
        Open Resume | agreement-unknown: it cannot be resumed: it is proposed and not countersigned
        Open Breach | agreement-unknown: it cannot be ended for breach: it is proposed and not countersigned
        Countered Counter | agreement-not-in-force: it cannot be answered by other terms: it was answered by other terms; answer those
        Countered Countersign | agreement-not-in-force: it cannot be countersigned: it was answered by other terms; answer those
        Countered Terminate | agreement-not-in-force: it cannot be ended: it was answered by other terms; answer those
        Countered Suspend | agreement-not-in-force: it cannot be suspended: it was answered by other terms; answer those
        Countered Resume | agreement-not-in-force: it cannot be resumed: it was answered by other terms; answer those
        Countered Breach | agreement-not-in-force: it cannot be ended for breach: it was answered by other terms; answer those
        Withdrawn Counter | agreement-not-in-force: it cannot be answered by other terms: it was withdrawn; propose new terms
        Withdrawn Countersign | agreement-not-in-force: it cannot be countersigned: it was withdrawn; propose new terms
        Withdrawn Terminate | agreement-not-in-force: it cannot be ended: it was withdrawn; propose new terms
        Withdrawn Suspend | agreement-not-in-force: it cannot be suspended: it was withdrawn; propose new terms
        Withdrawn Resume | agreement-not-in-force: it cannot be resumed: it was withdrawn; propose new terms
        Withdrawn Breach | agreement-not-in-force: it cannot be ended for breach: it was withdrawn; propose new terms
        Lapsed Counter | time-invalid: it cannot be answered by other terms: it ended before it was countersigned; propose new terms
        Lapsed Countersign | time-invalid: it cannot be countersigned: it ended before it was countersigned; propose new terms
        Lapsed Terminate | time-invalid: it cannot be ended: it ended before it was countersigned; propose new terms
        Lapsed Suspend | time-invalid: it cannot be suspended: it ended before it was countersigned; propose new terms
        Lapsed Resume | time-invalid: it cannot be resumed: it ended before it was countersigned; propose new terms
        Lapsed Breach | time-invalid: it cannot be ended for breach: it ended before it was countersigned; propose new terms
        Signed Counter | duplicate: it cannot be answered by other terms: it is countersigned already
        Signed Countersign | duplicate: it cannot be countersigned: it is countersigned already
        Signed Terminate | takes effect
        Signed Suspend | takes effect
        Signed Resume | duplicate: it cannot be resumed: it is not suspended
        Signed Breach | takes effect
        Suspended Counter | duplicate: it cannot be answered by other terms: it is countersigned already, and suspended
        Suspended Countersign | duplicate: it cannot be countersigned: it is countersigned already, and suspended
        Suspended Terminate | takes effect
        Suspended Suspend | duplicate: it cannot be suspended: it is suspended already
        Suspended Resume | takes effect
        Suspended Breach | takes effect
        Ended Counter | agreement-not-in-force: it cannot be answered by other terms: it is over; propose new terms
        Ended Countersign | agreement-not-in-force: it cannot be countersigned: it is over; propose new terms
        Ended Terminate | agreement-not-in-force: it cannot be ended: it is over; propose new terms
        Ended Suspend | agreement-not-in-force: it cannot be suspended: it is over; propose new terms
        Ended Resume | agreement-not-in-force: it cannot be resumed: it is over; propose new terms
        Ended Breach | agreement-not-in-force: it cannot be ended for breach: it is over; propose new terms
    "#]].assert_eq(t.rows());
}

#[test]
fn terms_are_exchanged_by_turns_and_not_for_ever() {
    let mut t = Table::on(World::new());
    let first = due(1, 1);
    t.row("propose", "DUK", propose(&first, "DUK"));
    let other = due(1, 2);
    t.row("counter one's own", "DUK", counter(&first, &other, "DUK"));
    t.row("counter as a third", "GPC", counter(&first, &other, "GPC"));
    t.row(
        "counter what nobody proposed",
        "APC",
        counter(&other, &first, "APC"),
    );
    let turned = worded(Agreement {
        home: member("DUK"),
        visited: member("APC"),
        ..other.clone()
    });
    t.row(
        "counter in the other direction",
        "APC",
        counter(&first, &turned, "APC"),
    );
    let split = worded(Agreement {
        split: fairway_model::agreement::Split {
            owner_bps: 1,
            ..other.split
        },
        ..other.clone()
    });
    t.row(
        "counter with contradictions",
        "APC",
        counter(&first, &split, "APC"),
    );
    t.row(
        "counter with the same",
        "APC",
        counter(&first, &first, "APC"),
    );
    let mut last = first.clone();
    for round in 1u16..=9 {
        let by = if round % 2 == 1 { "APC" } else { "DUK" };
        let next = due(1, 10 + round);
        t.row(&format!("round {round}"), by, counter(&last, &next, by));
        if round < 9 {
            last = next;
        }
    }
    t.row(
        "countersign what was answered",
        "APC",
        countersign(&first, "APC"),
    );
    t.row(
        "countersign one's own answer",
        "DUK",
        countersign(&last, "DUK"),
    );
    t.row("countersign the last", "APC", countersign(&last, "APC"));
    expect![[r#"
        propose | DUK: AgreementProposed { agreement: AgreementId(d81fb8074141e7401b9ebbc7c3bde1dc4da095a1c6b9aca930cfa9883be8e4ec) }
        counter one's own | DUK: not-authorized: US*DUK proposed agr_d81fb8074141e7401b9ebbc7c3bde1dc4da095a1c6b9aca930cfa9883be8e4ec; the other party answers it, and its proposer withdraws it and proposes anew
        counter as a third | GPC: not-authorized: US*GPC is no party of an agreement between US*APC and US*DUK
        counter what nobody proposed | APC: agreement-unknown: agr_451c1f53d49d105416eb384687b52731cfa121a50b5f7c436c576ebf13a5811a was never proposed on this chain
        counter in the other direction | APC: id-conflict: the agreement's home is US*APC and its visited US*DUK; the operation says otherwise
        counter with contradictions | APC: terms-invalid: split 500 + 8500 + 1 basis points does not add up to 10000
        counter with the same | APC: duplicate: agr_d81fb8074141e7401b9ebbc7c3bde1dc4da095a1c6b9aca930cfa9883be8e4ec is proposed already
        round 1 | APC: Terms(Countered { supersedes: AgreementId(d81fb8074141e7401b9ebbc7c3bde1dc4da095a1c6b9aca930cfa9883be8e4ec), agreement: AgreementId(2112a0c06372de8fbdad0c7ea797ee59260901b1d4dbbc5041eb7b4b7267cb39), round: 1 })
        round 2 | DUK: Terms(Countered { supersedes: AgreementId(2112a0c06372de8fbdad0c7ea797ee59260901b1d4dbbc5041eb7b4b7267cb39), agreement: AgreementId(4bdb85dcfabc0a69c9c2a17c8b9a5367eceac05046954c8f66b0c147a6312d23), round: 2 })
        round 3 | APC: Terms(Countered { supersedes: AgreementId(4bdb85dcfabc0a69c9c2a17c8b9a5367eceac05046954c8f66b0c147a6312d23), agreement: AgreementId(61b4459cd9f59dfa9b58d9b01a379122965b51318d2e156a6c452cc2c699ec13), round: 3 })
        round 4 | DUK: Terms(Countered { supersedes: AgreementId(61b4459cd9f59dfa9b58d9b01a379122965b51318d2e156a6c452cc2c699ec13), agreement: AgreementId(5bdfb98c334d91490bcabb559481f69ff49631d4365c9874e342b5336b31586e), round: 4 })
        round 5 | APC: Terms(Countered { supersedes: AgreementId(5bdfb98c334d91490bcabb559481f69ff49631d4365c9874e342b5336b31586e), agreement: AgreementId(996d63add06084f1a9462c78b39ee61276215f85baab3f9b041d177a2d3ea0a2), round: 5 })
        round 6 | DUK: Terms(Countered { supersedes: AgreementId(996d63add06084f1a9462c78b39ee61276215f85baab3f9b041d177a2d3ea0a2), agreement: AgreementId(49e96f9d1e1276018607e70e25167f6cf1065c3fc1746ddd0335832f5aa9e294), round: 6 })
        round 7 | APC: Terms(Countered { supersedes: AgreementId(49e96f9d1e1276018607e70e25167f6cf1065c3fc1746ddd0335832f5aa9e294), agreement: AgreementId(ca384440069d7cb205fdf74356f08bc9e7725aced87a8ab9ea4da72f8bdf5ee6), round: 7 })
        round 8 | DUK: Terms(Countered { supersedes: AgreementId(ca384440069d7cb205fdf74356f08bc9e7725aced87a8ab9ea4da72f8bdf5ee6), agreement: AgreementId(e8e18579c2a1375acbd0d40eb559f680e867203989e09e325bc140147aeb03c0), round: 8 })
        round 9 | APC: rounds-exhausted: terms were exchanged 8 times; sign agr_e8e18579c2a1375acbd0d40eb559f680e867203989e09e325bc140147aeb03c0, or decline it and begin anew
        countersign what was answered | APC: agreement-not-in-force: agr_d81fb8074141e7401b9ebbc7c3bde1dc4da095a1c6b9aca930cfa9883be8e4ec cannot be countersigned: it was answered by other terms; answer those
        countersign one's own answer | DUK: not-authorized: US*DUK proposed agr_e8e18579c2a1375acbd0d40eb559f680e867203989e09e325bc140147aeb03c0; the other party countersigns
        countersign the last | APC: AgreementCountersigned { agreement: AgreementId(e8e18579c2a1375acbd0d40eb559f680e867203989e09e325bc140147aeb03c0) }
    "#]].assert_eq(t.rows());
}

/// What began before a suspension or an end keeps its terms and settles; nothing new begins.
#[test]
fn suspended_and_ended_agreements_keep_what_began() {
    let mut t = Table::on(World::ready());
    let a = agreement("APC", "DUK", 1);
    let charge = |n| Charge::new("APC", "DUK", n);
    t.row("before", "DUK", place(&charge(1)));
    t.row("before too", "DUK", place(&charge(2)));
    t.row("suspend as a stranger", "GPC", suspend(&a));
    t.row("suspend", "APC", suspend(&a));
    t.row("hold while suspended", "DUK", place(&charge(3)));
    t.row("charge from before", "DUK", settle(charge(1).settlement()));
    t.row("resume as the other party", "DUK", resume(&a));
    t.row("resume", "APC", resume(&a));
    t.row("hold again", "DUK", place(&charge(3)));
    t.row("breach as a stranger", "GPC", breach(&a));
    t.row("breach", "DUK", breach(&a));
    t.row("hold after the end", "DUK", place(&charge(4)));
    let status: AgreementStatus = t.world.get(key_for_agreement_status(a.id())).unwrap();
    t.note("recorded", &format!("{:?}", status.broken.unwrap()));
    t.row(
        "charge that began before",
        "DUK",
        settle(charge(2).settlement()),
    );
    expect![[r#"
        before | DUK: HoldPlaced { session: ses_01010101010101010101010101010101, amount: 20.00 }
        before too | DUK: HoldPlaced { session: ses_02020202020202020202020202020202, amount: 20.00 }
        suspend as a stranger | GPC: not-authorized: US*GPC is no party of an agreement between US*APC and US*DUK
        suspend | APC: Terms(Suspended { agreement: AgreementId(1113b91aad74e631e51012320f4e1d71244fcb46b04909ff1507f4e042ee9ce1), ground: Payment })
        hold while suspended | DUK: agreement-suspended: US*APC suspended agr_1113b91aad74e631e51012320f4e1d71244fcb46b04909ff1507f4e042ee9ce1 at 2026-11-23T08:00:25.000Z; no new charge begins until it resumes
        charge from before | DUK: ChargeSettled { session: ses_01010101010101010101010101010101, event: ade48587876c7c9551f53aef02d22e066dd82e5a652def982825435759504f77, total: 9.06, shares: Shares { home: 0.222333, visited: 7.335806, owner: 0.889333, tax: 0.612528 }, currency: USD, released: 10.94 } member:US*APC -8.837667, member:US*DUK 7.335806, owner:OWNER-1 0.889333, tax:US*DUK 0.612528
        resume as the other party | DUK: not-authorized: US*APC suspended agr_1113b91aad74e631e51012320f4e1d71244fcb46b04909ff1507f4e042ee9ce1, and resumes it
        resume | APC: Terms(Resumed { agreement: AgreementId(1113b91aad74e631e51012320f4e1d71244fcb46b04909ff1507f4e042ee9ce1) })
        hold again | DUK: HoldPlaced { session: ses_03030303030303030303030303030303, amount: 20.00 }
        breach as a stranger | GPC: not-authorized: US*GPC is no party of an agreement between US*APC and US*DUK
        breach | DUK: Terms(Broken { agreement: AgreementId(1113b91aad74e631e51012320f4e1d71244fcb46b04909ff1507f4e042ee9ce1), ground: Service })
        hold after the end | DUK: agreement-not-in-force: agr_1113b91aad74e631e51012320f4e1d71244fcb46b04909ff1507f4e042ee9ce1 is not the agreement in force between US*APC and US*DUK at 2026-11-23T08:00:33.000Z
        recorded | Ended { by: US*DUK, ground: Service, evidence: 836ff184e7b41b1e13cb5fd89fa1de98dbbab99e9d2918913ff43b86a5c7c213, at: 2026-11-23T08:00:32.000Z }
        charge that began before | DUK: ChargeSettled { session: ses_02020202020202020202020202020202, event: 5b6919e4436c8f5348d2b4b86b4e908b81cd38b0c2619f32fa10c55ca40a768f, total: 9.06, shares: Shares { home: 0.222333, visited: 7.335806, owner: 0.889333, tax: 0.612528 }, currency: USD, released: 10.94 } member:US*APC -8.837667, member:US*DUK 7.335806, owner:OWNER-1 0.889333, tax:US*DUK 0.612528
    "#]].assert_eq(t.rows());
}

#[test]
fn notice_is_kept() {
    let (world, a) = at(Stage::Signed);
    let mut t = Table::on(world);
    t.row("29 days", "APC", terminate(&a, 29));
    t.row("at once", "DUK", terminate(&a, 1));
    t.row("31 days", "APC", terminate(&a, 31));
    t.row("brought forward", "DUK", terminate(&a, 30));
    t.world.time = T0.plus(40 * HOUR);
    t.row("brought forward within the notice", "DUK", terminate(&a, 5));
    t.row("for breach", "DUK", breach(&a));
    expect![[r#"
        29 days | APC: notice-too-short: the terms ask for 30 days of notice: an end at 2026-12-22T08:00:00.000Z is before 2026-12-23T08:00:03.000Z; at once only for breach
        at once | DUK: notice-too-short: the terms ask for 30 days of notice: an end at 2026-11-24T08:00:00.000Z is before 2026-12-23T08:00:04.000Z; at once only for breach
        31 days | APC: AgreementTerminated { agreement: AgreementId(d81fb8074141e7401b9ebbc7c3bde1dc4da095a1c6b9aca930cfa9883be8e4ec), from: 2026-12-24T08:00:00.000Z }
        brought forward | DUK: notice-too-short: the terms ask for 30 days of notice: an end at 2026-12-23T08:00:00.000Z is before 2026-12-23T08:00:06.000Z; at once only for breach
        brought forward within the notice | DUK: notice-too-short: the terms ask for 30 days of notice: an end at 2026-11-28T08:00:00.000Z is before 2026-12-25T00:00:01.000Z; at once only for breach
        for breach | DUK: Terms(Broken { agreement: AgreementId(d81fb8074141e7401b9ebbc7c3bde1dc4da095a1c6b9aca930cfa9883be8e4ec), ground: Service })
    "#]].assert_eq(t.rows());
}

/// Ceilings count holds: settled, void and expired ones make room, a new day makes room for new ones.
#[test]
fn the_number_of_charges_is_limited() {
    let caps = |concurrent, per_day| {
        worded(Agreement {
            session_caps: Some(SessionCaps {
                concurrent,
                per_day,
            }),
            caps: fairway_model::agreement::Caps {
                exposure: usd("1000"),
                ..agreement("APC", "DUK", 2).caps
            },
            ..agreement("APC", "DUK", 2)
        })
    };
    let under = |n, a: &Agreement| {
        let mut charge = Charge::new("APC", "DUK", n);
        (charge.agreement, charge.guarantee.agreement) = (a.clone(), a.id());
        charge
    };
    let mut t = Table::on(World::ready());
    let a = caps(Some(2), None);
    t.world.agree(&a);
    t.row("first", "DUK", place(&under(1, &a)));
    t.row("second", "DUK", place(&under(2, &a)));
    t.row("third", "DUK", place(&under(3, &a)));
    t.row("void the first", "DUK", void(&under(1, &a)));
    t.row("third again", "DUK", place(&under(3, &a)));
    t.row(
        "settle the second",
        "DUK",
        settle(under(2, &a).settlement()),
    );
    t.row("fourth", "DUK", place(&under(4, &a)));
    t.row("fifth", "DUK", place(&under(5, &a)));
    t.world.time = T0.plus(3 * HOUR);
    t.row("an expired one is freed", "GPC", void(&under(3, &a)));
    t.row("and settles late", "DUK", settle(under(3, &a).settlement()));
    let later = |n| Charge {
        start: T0.plus(2 * HOUR),
        expires_at: T0.plus(8 * HOUR),
        ..under(n, &a)
    };
    t.row("sixth", "DUK", place(&later(6)));
    t.row("seventh", "DUK", place(&later(7)));
    let mut t2 = Table::on(World::ready());
    let a = caps(None, Some(1));
    t2.world.agree(&a);
    t2.row("first of the day", "DUK", place(&under(1, &a)));
    t2.row("void it", "DUK", void(&under(1, &a)));
    t2.row("second of the day", "DUK", place(&under(2, &a)));
    t2.world.time = T0.plus(17 * HOUR);
    let tomorrow = Charge {
        expires_at: T0.plus(20 * HOUR),
        ..under(2, &a)
    };
    t2.row("first of the next", "DUK", place(&tomorrow));
    expect![[r#"
        first | DUK: HoldPlaced { session: ses_01010101010101010101010101010101, amount: 20.00 }
        second | DUK: HoldPlaced { session: ses_02020202020202020202020202020202, amount: 20.00 }
        third | DUK: sessions-over-cap: 3 charges of US*APC at US*DUK would be open at a time; the agreement allows 2
        void the first | DUK: HoldVoided { session: ses_01010101010101010101010101010101, released: 20.00, expired: false }
        third again | DUK: HoldPlaced { session: ses_03030303030303030303030303030303, amount: 20.00 }
        settle the second | DUK: ChargeSettled { session: ses_02020202020202020202020202020202, event: b351c98cad63efd6f41aa76e3f5cbbe91d4d64f2d038e02c77b3e958ed891c66, total: 9.06, shares: Shares { home: 0.222333, visited: 7.335806, owner: 0.889333, tax: 0.612528 }, currency: USD, released: 10.94 } member:US*APC -8.837667, member:US*DUK 7.335806, owner:OWNER-1 0.889333, tax:US*DUK 0.612528
        fourth | DUK: HoldPlaced { session: ses_04040404040404040404040404040404, amount: 20.00 }
        fifth | DUK: sessions-over-cap: 3 charges of US*APC at US*DUK would be open at a time; the agreement allows 2
        an expired one is freed | GPC: HoldVoided { session: ses_03030303030303030303030303030303, released: 20.00, expired: true }
        and settles late | DUK: ChargeSettled { session: ses_03030303030303030303030303030303, event: b0091c264ef96c744e82958acbf74247f7ab3af2afbbc5ed6017115dff7826a6, total: 9.06, shares: Shares { home: 0.222333, visited: 7.335806, owner: 0.889333, tax: 0.612528 }, currency: USD, released: 0.00 } member:US*APC -8.837667, member:US*DUK 7.335806, owner:OWNER-1 0.889333, tax:US*DUK 0.612528
        sixth | DUK: HoldPlaced { session: ses_06060606060606060606060606060606, amount: 20.00 }
        seventh | DUK: sessions-over-cap: 3 charges of US*APC at US*DUK would be open at a time; the agreement allows 2
    "#]].assert_eq(t.rows());
    expect![[r#"
        first of the day | DUK: HoldPlaced { session: ses_01010101010101010101010101010101, amount: 20.00 }
        void it | DUK: HoldVoided { session: ses_01010101010101010101010101010101, released: 20.00, expired: false }
        second of the day | DUK: sessions-over-cap: 2 charges of US*APC at US*DUK would begin on one day (UTC); the agreement allows 1
        first of the next | DUK: HoldPlaced { session: ses_02020202020202020202020202020202, amount: 20.00 }
    "#]].assert_eq(t2.rows());
}

/// What a test changes in an offer that is otherwise right.
type Change = fn(&mut BoardOffer);

#[test]
fn members_post_offers_on_the_board() {
    let offer = BoardOffer {
        slot: 0,
        areas: vec!["DUK-NC".to_owned()],
        currency: USD,
        energy_price: usd("0.38"),
        start_fee: usd("0.5"),
        corridor: Corridor {
            floor: usd("0.2"),
            cap: usd("0.6"),
        },
        home_bps: 800,
        least_served_bps: Some(9_500),
        valid_until: T0.plus(30 * DAY),
    };
    let cases: &[(&str, &str, Change)] = &[
        ("post", "DUK", |_| {}),
        ("post in place of it", "DUK", |o| {
            o.energy_price = Micro(390_000);
        }),
        ("by a witness", "REG", |_| {}),
        ("unknown currency", "DUK", |o| {
            o.currency = Currency::parse("XQX").unwrap();
        }),
        ("corridor inverted", "DUK", |o| {
            o.corridor.floor = Micro(700_000);
        }),
        ("corridor negative", "DUK", |o| o.corridor.floor = Micro(-1)),
        ("price outside", "DUK", |o| o.energy_price = Micro(600_001)),
        ("fee negative", "DUK", |o| o.start_fee = Micro(-1)),
        ("part over the whole", "DUK", |o| o.home_bps = 10_001),
        ("service over the whole", "DUK", |o| {
            o.least_served_bps = Some(10_001);
        }),
        ("in the past", "DUK", |o| o.valid_until = T0),
        ("for ever", "DUK", |o| o.valid_until = T0.plus(400 * DAY)),
    ];
    let mut t = Table::on(World::new());
    for (what, by, change) in cases {
        let mut changed = offer.clone();
        change(&mut changed);
        t.row(what, by, terms(TermsOperation::PostOffer(changed)));
    }
    let withdraw = |slot| terms(TermsOperation::WithdrawOffer { slot });
    t.row("withdraw", "DUK", withdraw(0));
    t.row("withdraw again", "DUK", withdraw(0));
    t.row("withdraw another's", "APC", withdraw(0));
    let refused = |changed: BoardOffer| {
        let mut world = World::new();
        let tx = world.sign("DUK", terms(TermsOperation::PostOffer(changed)));
        world.contracts.admit(&[tx])[0]
            .clone()
            .unwrap_err()
            .to_string()
    };
    t.note(
        "ninth slot",
        &refused(BoardOffer {
            slot: 8,
            ..offer.clone()
        }),
    );
    t.note(
        "no area",
        &refused(BoardOffer {
            areas: Vec::new(),
            ..offer.clone()
        }),
    );
    t.note(
        "areas",
        &refused(BoardOffer {
            areas: vec!["A".to_owned(); 17],
            ..offer.clone()
        }),
    );
    t.note(
        "area",
        &refused(BoardOffer {
            areas: vec!["A".repeat(33)],
            ..offer.clone()
        }),
    );
    expect![[r#"
        post | DUK: Terms(OfferPosted { slot: 0 })
        post in place of it | DUK: Terms(OfferPosted { slot: 0 })
        by a witness | REG: not-authorized: US*REG is a witness; only a utility can do this
        unknown currency | DUK: terms-invalid: XQX is no currency in use (ISO 4217)
        corridor inverted | DUK: terms-invalid: corridor 0.70 to 0.60 is inverted or negative
        corridor negative | DUK: terms-invalid: corridor -0.000001 to 0.60 is inverted or negative
        price outside | DUK: terms-invalid: energy price 0.600001 is outside the corridor 0.20 to 0.60, or the fee 0.50 is negative
        fee negative | DUK: terms-invalid: energy price 0.38 is outside the corridor 0.20 to 0.60, or the fee -0.000001 is negative
        part over the whole | DUK: terms-invalid: 10001 basis points are over 10000: nobody gets or serves more than all
        service over the whole | DUK: terms-invalid: 10001 basis points are over 10000: nobody gets or serves more than all
        in the past | DUK: time-invalid: the offer is valid until 2026-11-23T08:00:00.000Z; after 2026-11-23T08:00:11.000Z and not after 2027-11-24T08:00:11.000Z is right
        for ever | DUK: time-invalid: the offer is valid until 2027-12-28T08:00:00.000Z; after 2026-11-23T08:00:12.000Z and not after 2027-11-24T08:00:12.000Z is right
        withdraw | DUK: Terms(OfferWithdrawn { slot: 0 })
        withdraw again | DUK: offer-unknown: US*DUK has no offer in slot 0
        withdraw another's | APC: offer-unknown: US*APC has no offer in slot 0
        ninth slot | too-large: slot 8; a member has slots 0 to 7
        no area | malformed: areas of the offer: 0; 1 to 16 are allowed
        areas | too-large: areas of the offer: 17; 1 to 16 are allowed
        area | too-large: bytes of the grid area: 33; 1 to 32 are allowed
    "#]].assert_eq(t.rows());
}
