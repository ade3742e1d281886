//! Holds, guarantees and exposure; disputes about charges.

use crate::table::Table;
use crate::world::{Charge, T0, USD, World, agreement, member, place, propose, settle, usd, void};
use expect_test::expect;
use fairway_ledger::state::{GuaranteeState, HeldState};
use fairway_ledger::{Dispute, DisputeReason, Operation, key_for_guarantee, key_for_held};
use fairway_model::hash::Hash;
use fairway_model::ids::{GuaranteeId, SessionId};
use fairway_model::money::Currency;
use fairway_model::time::{DAY, HOUR};

fn changed(number: u8, edit: impl FnOnce(&mut Charge)) -> Charge {
    let mut charge = Charge::new("APC", "DUK", number);
    edit(&mut charge);
    charge
}

#[test]
fn every_refusal_of_a_hold() {
    let mut t = Table::on(World::ready());
    let charge = Charge::new("APC", "DUK", 1);
    t.row("by home", "APC", place(&charge));
    let mut hold = charge.hold();
    hold.guarantee.home = member("GPC");
    t.row(
        "guarantee signed by another",
        "DUK",
        Operation::PlaceHold(Box::new(hold)),
    );
    let mut hold = charge.hold();
    hold.guarantee.home = member("ZZZ");
    t.row("unknown home", "DUK", Operation::PlaceHold(Box::new(hold)));
    t.row(
        "unknown agreement",
        "DUK",
        place(&changed(2, |c| {
            c.guarantee.agreement = agreement("APC", "DUK", 7).id();
        })),
    );
    t.row(
        "another pair's agreement",
        "DUK",
        place(&changed(2, |c| {
            c.guarantee.agreement = agreement("APC", "GPC", 1).id();
        })),
    );
    let proposed = agreement("APC", "DUK", 2);
    t.world.must("APC", propose(&proposed, "APC"));
    t.row(
        "proposed only",
        "DUK",
        place(&changed(2, |c| c.guarantee.agreement = proposed.id())),
    );
    t.row(
        "guarantee ended",
        "DUK",
        place(&changed(2, |c| c.guarantee.valid_until = T0)),
    );
    t.row(
        "expired at once",
        "DUK",
        place(&changed(2, |c| c.expires_at = T0)),
    );
    t.row(
        "lasts too long",
        "DUK",
        place(&changed(2, |c| c.expires_at = T0.plus(7 * HOUR))),
    );
    let mut hold = charge.hold();
    hold.currency = Currency::EUR;
    t.row(
        "another currency",
        "DUK",
        Operation::PlaceHold(Box::new(hold)),
    );
    t.row(
        "over the cap per charge",
        "DUK",
        place(&changed(2, |c| c.hold = usd("60.01"))),
    );
    t.row(
        "over the guarantee",
        "DUK",
        place(&changed(2, |c| c.hold = usd("50.01"))),
    );
    t.row("good", "DUK", place(&charge));
    t.row("again", "DUK", place(&charge));
    t.row(
        "other amount",
        "DUK",
        place(&changed(1, |c| c.hold = usd("21"))),
    );
    let same_guarantee = |c: &mut Charge| c.guarantee.id = GuaranteeId([1; 16]);
    t.row(
        "rest of the guarantee",
        "DUK",
        place(&changed(3, |c| {
            same_guarantee(c);
            c.hold = usd("30");
        })),
    );
    t.row(
        "guarantee used up",
        "DUK",
        place(&changed(4, |c| {
            same_guarantee(c);
            c.hold = usd("0.01");
        })),
    );
    t.row(
        "guarantee changed",
        "DUK",
        place(&changed(4, |c| {
            same_guarantee(c);
            c.guarantee.limit = usd("500");
        })),
    );
    t.row(
        "rest of the exposure",
        "DUK",
        place(&changed(5, |c| c.hold = usd("50"))),
    );
    t.row(
        "exposure used up",
        "DUK",
        place(&changed(6, |c| c.hold = usd("0.01"))),
    );
    let sum: HeldState = t
        .world
        .get(key_for_held(member("APC"), member("DUK"), USD))
        .unwrap();
    assert_eq!(sum.amount, usd("100"));
    expect![[r#"
        by home | APC: not-authorized: US*APC cannot hold for a charge at US*DUK; the visited utility does
        guarantee signed by another | DUK: not-authorized: the guarantee is signed with c022440e0a3c5ba3d3341180b2c66065bfcb727365a7788a49078c8ef1c347bd, which is not the registered key of US*GPC
        unknown home | DUK: member-unknown: US*ZZZ is no member of this chain
        unknown agreement | DUK: agreement-unknown: agr_98bc15fd8f8f982902ab16a3207e256382dc0ee255f9531664f2b63ed481ace8 was never proposed on this chain
        another pair's agreement | DUK: agreement-unknown: agr_adc0e861da4a00c6481f9a2148bdf0346bc79a4c60b3a57d92bfbdcb04c3ad58 is between US*APC and US*GPC, not US*APC and US*DUK
        proposed only | DUK: agreement-unknown: agr_455ee06f9706e38745ca59bf90402b9c482cc2fada321482691385eabdc70eff is not countersigned, or was replaced long ago
        guarantee ended | DUK: guarantee-exceeded: the guarantee ended at 2026-11-23T08:00:00.000Z; ask the home utility for a new one
        expired at once | DUK: time-invalid: the hold expires at 2026-11-23T08:00:00.000Z; it must be after 2026-11-23T08:00:30.000Z and not after 2026-11-23T14:02:30.000Z
        lasts too long | DUK: time-invalid: the hold expires at 2026-11-23T15:00:00.000Z; it must be after 2026-11-23T08:00:31.000Z and not after 2026-11-23T14:02:31.000Z
        another currency | DUK: id-conflict: the operation is in EUR, the agreement in USD
        over the cap per charge | DUK: amount-over-cap: the hold of 60.01 USD is over the cap of 60.00 per charge
        over the guarantee | DUK: guarantee-exceeded: held and charged together would be 50.01 USD; the guarantee is of 50.00
        good | DUK: HoldPlaced { session: ses_01010101010101010101010101010101, amount: 20.00 }
        again | DUK: duplicate: the hold for ses_01010101010101010101010101010101 is placed already
        other amount | DUK: id-conflict: ses_01010101010101010101010101010101 has a hold with other content
        rest of the guarantee | DUK: HoldPlaced { session: ses_03030303030303030303030303030303, amount: 30.00 }
        guarantee used up | DUK: guarantee-exceeded: held and charged together would be 50.01 USD; the guarantee is of 50.00
        guarantee changed | DUK: id-conflict: gua_01010101010101010101010101010101 of US*APC was used before with other content
        rest of the exposure | DUK: HoldPlaced { session: ses_05050505050505050505050505050505, amount: 50.00 }
        exposure used up | DUK: exposure-over-cap: US*APC would owe US*DUK 100.01 USD, holds included; the cap is 100.00
    "#]].assert_eq(t.rows());
}

#[test]
fn holds_are_voided_by_their_owner_or_after_expiry() {
    let mut t = Table::on(World::ready());
    let [own, late, kept, gone] = [1, 2, 3, 4].map(|n| Charge::new("APC", "DUK", n));
    t.row("unknown", "DUK", void(&own));
    for charge in [&own, &late, &kept, &gone] {
        t.world.must("DUK", place(charge));
    }
    t.row("by home, early", "APC", void(&own));
    t.row("by visited", "DUK", void(&own));
    t.row("again", "DUK", void(&own));
    t.row("settle after void", "DUK", settle(own.settlement()));
    t.row("with another home", "DUK", {
        let mut other = late.clone();
        other.agreement.home = member("GPC");
        void(&other)
    });
    t.row(
        "dispute keeps the hold",
        "APC",
        dispute(3, DisputeReason::RatingsDiffer),
    );
    t.world.time = T0.plus(2 * HOUR);
    t.row("expired, by the witness", "REG", void(&late));
    t.row("expired, disputed", "REG", void(&kept));
    t.row(
        "dispute after expiry was freed",
        "APC",
        dispute(2, DisputeReason::Other),
    );
    let usage: GuaranteeState = t
        .world
        .get(key_for_guarantee(member("APC"), GuaranteeId([2; 16])))
        .unwrap();
    assert_eq!((usage.held, usage.charged), (usd("0"), usd("0")));
    t.row(
        "the late charge finds room",
        "DUK",
        settle(late.settlement()),
    );
    let mut after = gone.clone();
    after.start = T0.plus(2 * HOUR);
    t.world.time = T0.plus(4 * HOUR);
    t.row(
        "a charge that began after expiry",
        "DUK",
        settle(after.settlement()),
    );
    t.world.time = T0.plus(31 * DAY);
    t.row("disputed, long after", "REG", void(&kept));
    expect![[r#"
        unknown | DUK: hold-unknown: ses_01010101010101010101010101010101 has no hold
        by home, early | APC: not-authorized: until 2026-11-23T10:00:00.000Z only US*DUK may void this hold
        by visited | DUK: HoldVoided { session: ses_01010101010101010101010101010101, released: 20.00, expired: false }
        again | DUK: hold-closed: the hold for ses_01010101010101010101010101010101 is void: the visited utility gave it up
        settle after void | DUK: hold-closed: the hold for ses_01010101010101010101010101010101 is void: the visited utility gave it up
        with another home | DUK: id-conflict: the hold for ses_02020202020202020202020202020202 has another home, visited, guarantee or currency
        dispute keeps the hold | APC: DisputeRecorded { session: ses_03030303030303030303030303030303 }
        expired, by the witness | REG: HoldVoided { session: ses_02020202020202020202020202020202, released: 20.00, expired: true }
        expired, disputed | REG: not-authorized: until 2026-12-23T10:00:00.000Z only US*DUK may void this hold
        dispute after expiry was freed | APC: hold-closed: the hold for ses_02020202020202020202020202020202 is expired and freed
        the late charge finds room | DUK: ChargeSettled { session: ses_02020202020202020202020202020202, event: 5b6919e4436c8f5348d2b4b86b4e908b81cd38b0c2619f32fa10c55ca40a768f, total: 9.06, shares: Shares { home: 0.222333, visited: 7.335806, owner: 0.889333, tax: 0.612528 }, currency: USD, released: 0.00 } member:US*APC -8.837667, member:US*DUK 7.335806, owner:OWNER-1 0.889333, tax:US*DUK 0.612528
        a charge that began after expiry | DUK: hold-closed: the hold expired at 2026-11-23T10:00:00.000Z, before the charge began at 2026-11-23T10:00:00.000Z
        disputed, long after | REG: HoldVoided { session: ses_03030303030303030303030303030303, released: 20.00, expired: true }
    "#]].assert_eq(t.rows());
}

fn dispute(number: u8, reason: DisputeReason) -> Operation {
    let evidence = Hash::plain(b"evidence");
    Operation::Dispute(Dispute {
        session: SessionId([number; 16]),
        reason,
        evidence,
        claimed: Some(usd("1")),
    })
}

#[test]
fn disputes_are_recorded_and_edit_nothing() {
    let mut t = Table::on(World::ready());
    let charge = Charge::new("APC", "DUK", 1);
    t.row("unknown", "APC", dispute(1, DisputeReason::MeterEvidence));
    t.world.must("DUK", place(&charge));
    t.row(
        "of a hold, by a third",
        "GPC",
        dispute(1, DisputeReason::MeterEvidence),
    );
    t.world.must("DUK", settle(charge.settlement()));
    let books = t.world.books.clone();
    t.row(
        "by a third",
        "GPC",
        dispute(1, DisputeReason::MeterEvidence),
    );
    t.row("by home", "APC", dispute(1, DisputeReason::NotTheDriver));
    t.row("again", "APC", dispute(1, DisputeReason::NotTheDriver));
    t.row("otherwise", "APC", dispute(1, DisputeReason::Other));
    t.world.time = T0.plus(31 * DAY);
    t.row("too late", "DUK", dispute(1, DisputeReason::Other));
    assert_eq!(t.world.books, books);
    expect![[r#"
        unknown | APC: session-unknown: ses_01010101010101010101010101010101 is neither held nor settled here
        of a hold, by a third | GPC: not-authorized: US*GPC is no party of this charge of US*APC at US*DUK
        by a third | GPC: not-authorized: US*GPC is no party of this charge of US*APC at US*DUK
        by home | APC: DisputeRecorded { session: ses_01010101010101010101010101010101 }
        again | APC: duplicate: the dispute is on record already
        otherwise | APC: id-conflict: US*APC disputes ses_01010101010101010101010101010101 already with other content
        too late | DUK: time-invalid: ses_01010101010101010101010101010101 could be disputed until 2026-12-23T08:00:25.000Z
    "#]].assert_eq(t.rows());
}

/// A total over its hold settles when guarantee and exposure have room for the excess, and not otherwise.
#[test]
fn a_total_over_its_hold() {
    let mut t = Table::on(World::ready());
    let small = changed(1, |c| c.hold = usd("1"));
    t.world.must("DUK", place(&small));
    t.row("room in both", "DUK", settle(small.settlement()));
    let poor = changed(2, |c| (c.hold, c.guarantee.limit) = (usd("1"), usd("2")));
    t.world.must("DUK", place(&poor));
    t.row("no room in the guarantee", "DUK", settle(poor.settlement()));
    t.world.must("DUK", void(&poor));
    let tight = changed(3, |c| c.hold = usd("1"));
    t.world.must("DUK", place(&tight));
    for number in 4..6 {
        t.world
            .must("DUK", place(&changed(number, |c| c.hold = usd("45"))));
    }
    t.row("no room in the exposure", "DUK", settle(tight.settlement()));
    expect![[r#"
        room in both | DUK: ChargeSettled { session: ses_01010101010101010101010101010101, event: ade48587876c7c9551f53aef02d22e066dd82e5a652def982825435759504f77, total: 9.06, shares: Shares { home: 0.222333, visited: 7.335806, owner: 0.889333, tax: 0.612528 }, currency: USD, released: 0.00 } member:US*APC -8.837667, member:US*DUK 7.335806, owner:OWNER-1 0.889333, tax:US*DUK 0.612528
        no room in the guarantee | DUK: guarantee-exceeded: held and charged together would be 9.06 USD; the guarantee is of 2.00
        no room in the exposure | DUK: exposure-over-cap: US*APC would owe US*DUK 107.675334 USD, holds included; the cap is 100.00
    "#]].assert_eq(t.rows());
}
