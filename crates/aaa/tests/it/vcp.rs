//! Visiting profiles: found while they stand, gone afterwards, and never with a credential in them.

use crate::world::*;
use fairway_aaa::vcp::{MAX_PROFILE_TTL, REVOCATION_MEMORY};
use fairway_aaa::{AaaNode, StoreTable, VisitingProfiles};
use fairway_model::station::InputMethod::{Code, DialPad, Rfid};
use fairway_model::station::Presented;
use fairway_model::time::{DAY, HOUR};
use fairway_model::{Hash, RefusalCode, SignedEligibility, Time};
use proptest::prelude::*;

const SECRET: [u8; 32] = [2; 32];

fn home() -> (AaaNode, String) {
    let (node, _, _) = home_with(&customer(1));
    (node, customer(1).cin)
}

fn ask(node: &mut AaaNode, now: Time, n: u8, presented: &Presented) -> SignedEligibility {
    let entropy = Hash::of("entropy", &[n]).0;
    node.decide(
        now,
        &entropy,
        &key(),
        &request(duk(), n),
        presented,
        &rules(),
    )
    .answer
    .unwrap()
}

fn visiting() -> VisitingProfiles {
    VisitingProfiles::new(duk(), SECRET)
}

#[test]
fn the_second_visit_is_answered_here_until_the_profile_expires() {
    let (mut home, number) = home();
    let card = show(Code, &number);
    let signed = ask(&mut home, Time(0), 1, &card);
    assert!(signed.verify(&key().public()));
    let mut vcp = visiting();
    let mut db = Database::default();
    assert_eq!(vcp.recall(Time(0), &card), None);
    db.take(&vcp.remember(Time(0), &card, &signed).unwrap());
    assert_eq!(vcp.recall(Time(1), &card), Some(&signed));
    let end = signed.statement.expires_at;
    assert_eq!(vcp.recall(end.plus(-1), &card), Some(&signed));
    assert_eq!(
        vcp.recall(end, &card),
        None,
        "not retrievable even before the sweep"
    );
    db.take(&vcp.expire(end));
    assert_eq!(
        db.of(StoreTable::VisitingProfiles).count(),
        0,
        "rows are deleted"
    );
    assert_eq!(
        vcp.recall(Time(1), &card),
        None,
        "nor with the clock turned back"
    );
}

#[test]
fn no_row_holds_the_credential() {
    let (mut home, number) = home();
    let mut vcp = visiting();
    let mut db = Database::default();
    let card = show(Code, &number);
    let signed = ask(&mut home, Time(0), 1, &card);
    db.take(&vcp.remember(Time(0), &card, &signed).unwrap());
    db.take(
        &vcp.hold(
            Time(0),
            signed.statement.guarantee.guarantee.id,
            session(1),
            usd("5"),
        )
        .unwrap(),
    );
    db.take(&vcp.revoke(Time(0), alp(), signed.statement.pseudonym, Time(0)));
    for needle in [number.as_str(), "Person Nr 1", &number[8..17]] {
        assert_eq!(db.grep(needle.as_bytes()), Vec::<String>::new());
    }
    // Another utility's secret finds nothing; neither does the home secret.
    let mut other = VisitingProfiles::new(duk(), [3; 32]);
    let mut db = Database::default();
    db.take(&visiting().remember(Time(0), &card, &signed).unwrap());
    for (key, row) in db.of(StoreTable::VisitingProfiles) {
        other.restore(key, &row.body).unwrap();
    }
    assert_eq!(other.recall(Time(0), &card), None);
}

#[test]
fn the_dial_pad_is_kept_apart() {
    let (mut home, number) = home();
    let mut vcp = visiting();
    let signed = ask(&mut home, Time(0), 1, &show(Code, &number));
    vcp.remember(Time(0), &show(Code, &number), &signed)
        .unwrap();
    assert_eq!(
        vcp.recall(Time(0), &typed(&number, None)),
        None,
        "a card's profile is not for whoever types its number"
    );
    assert!(vcp.recall(Time(0), &show(Rfid, &number)).is_some());
    let with_pin = typed(&number, Some("4711"));
    vcp.remember(Time(0), &with_pin, &signed).unwrap();
    assert_eq!(
        vcp.recall(Time(0), &with_pin),
        None,
        "only home can check a PIN"
    );
    assert_eq!(vcp.recall(Time(0), &typed(&number, None)), None);
    vcp.remember(Time(0), &typed(&number, None), &signed)
        .unwrap();
    assert!(vcp.recall(Time(0), &show(DialPad, &number)).is_some());
    assert_eq!(vcp.recall(Time(0), &with_pin), None);
}

#[test]
fn statements_that_are_not_for_keeping() {
    let (mut home, number) = home();
    let card = show(Code, &number);
    let signed = ask(&mut home, Time(0), 1, &card);
    let mut once = signed.clone();
    once.statement.reusable = false;
    let mut vcp = visiting();
    vcp.remember(Time(0), &card, &once).unwrap();
    assert_eq!(vcp.recall(Time(0), &card), None);
    assert_eq!(
        vcp.remaining(Time(0), signed.statement.guarantee.guarantee.id),
        usd("50")
    );
    let mut foreign = signed.clone();
    foreign.statement.visited = alp();
    let code = |r: Result<_, fairway_model::Refusal>| r.map(drop).map_err(|e| e.code);
    assert_eq!(
        code(vcp.remember(Time(0), &card, &foreign).map(|_| ())),
        Err(RefusalCode::NotAuthorized)
    );
    let late = signed.statement.expires_at;
    assert_eq!(
        code(vcp.remember(late, &card, &signed).map(|_| ())),
        Err(RefusalCode::TimeInvalid)
    );
    let mut long = signed;
    long.statement.expires_at = Time(0).plus(100 * DAY);
    long.statement.guarantee.guarantee.valid_until = long.statement.expires_at;
    vcp.remember(Time(0), &card, &long).unwrap();
    assert_eq!(
        vcp.recall(Time(MAX_PROFILE_TTL), &card),
        None,
        "our own bound holds"
    );
}

#[test]
fn revocation_takes_effect_at_once_and_against_answers_under_way() {
    let (mut home, number) = home();
    let card = show(Code, &number);
    let signed = ask(&mut home, Time(5), 1, &card);
    let guarantee = signed.statement.guarantee.guarantee.id;
    let mut vcp = visiting();
    vcp.remember(Time(5), &card, &signed).unwrap();
    vcp.revoke(Time(6), duk(), signed.statement.pseudonym, Time(6));
    assert!(
        vcp.recall(Time(6), &card).is_some(),
        "only the home utility that said it takes it back"
    );
    vcp.hold(Time(6), guarantee, session(1), usd("5")).unwrap();
    vcp.revoke(Time(6), alp(), signed.statement.pseudonym, Time(6));
    assert_eq!(vcp.recall(Time(6), &card), None);
    assert_eq!(vcp.remaining(Time(6), guarantee), usd("0"));
    assert_eq!(
        vcp.remember(Time(7), &card, &signed).unwrap_err().code,
        RefusalCode::CinBlocked
    );
    let change = home.set_blocked(Time(8), &number, true).unwrap();
    assert_eq!(change.revoke.len(), 1);
    home.set_blocked(Time(8), &number, false).unwrap();
    let newer = ask(&mut home, Time(9), 2, &card);
    assert_ne!(
        newer.statement.guarantee.guarantee.id, guarantee,
        "what was taken back is not given out again"
    );
    vcp.remember(Time(9), &card, &newer).unwrap();
    assert!(vcp.recall(Time(9), &card).is_some());
    assert!(!vcp.expire(Time(6 + REVOCATION_MEMORY)).is_empty());
    assert!(
        vcp.settle(Time(10), session(1), usd("4")).len() == 1,
        "a running charge ends in order"
    );
}

#[test]
fn holds_never_pass_the_limit() {
    let (mut home, number) = home();
    let card = show(Code, &number);
    let signed = ask(&mut home, Time(0), 1, &card);
    let id = signed.statement.guarantee.guarantee.id;
    let mut vcp = visiting();
    vcp.remember(Time(0), &card, &signed).unwrap();
    let mut hold = |n, amount: &str| {
        vcp.hold(Time(0), id, session(n), usd(amount))
            .map(|c| c.len())
            .map_err(|r| r.code)
    };
    assert_eq!(hold(1, "30"), Ok(1));
    assert_eq!(hold(1, "30"), Ok(0), "twice is once");
    assert_eq!(hold(1, "31"), Err(RefusalCode::IdConflict));
    assert_eq!(hold(2, "20.000001"), Err(RefusalCode::GuaranteeExceeded));
    assert_eq!(hold(2, "20"), Ok(1));
    assert_eq!(vcp.settle(Time(0), session(1), usd("25")).len(), 1);
    assert_eq!(
        vcp.settle(Time(0), session(1), usd("25")).len(),
        0,
        "twice is once"
    );
    assert_eq!(vcp.remaining(Time(0), id), usd("5"));
    vcp.release(Time(0), session(2));
    assert_eq!(vcp.remaining(Time(0), id), usd("25"));
    assert_eq!(vcp.remaining(signed.statement.expires_at, id), usd("0"));
}

proptest! {
    /// Whenever something was remembered and however it is asked: nothing is found at or after its end, and a restored database
    /// answers as the one that wrote it.
    #[test]
    fn nothing_outlives_its_time(ttls in prop::collection::vec(1i64..48, 1..12), probes in prop::collection::vec(0i64..60, 1..40)) {
        let mut home = AaaNode::new(config(alp()));
        let mut vcp = visiting();
        let mut db = Database::default();
        let mut ends = Vec::new();
        for (n, hours) in (1u8..).zip(&ttls) {
            let input = customer(u32::from(n));
            home.put_customer(Time(0), &[n; 32], &input).unwrap();
            let card = show(Code, &input.cin);
            let mut rules = rules();
            rules.profile_ttl = hours * HOUR;
            let decision = home.decide(Time(0), &[n; 32], &key(), &request(duk(), n), &card, &rules);
            db.take(&vcp.remember(Time(0), &card, &decision.answer.unwrap()).unwrap());
            ends.push((card, Time(hours * HOUR)));
        }
        let mut now = Time(0);
        for step in probes {
            now = now.max(Time(step * HOUR));
            if step % 3 == 0 {
                db.take(&vcp.expire(now));
            }
            let mut restored = visiting();
            for (key, row) in db.of(StoreTable::VisitingProfiles) {
                restored.restore(key, &row.body).unwrap();
            }
            for (card, end) in &ends {
                prop_assert_eq!(vcp.recall(now, card).is_some(), now < *end);
                prop_assert_eq!(restored.recall(now, card), vcp.recall(now, card));
            }
        }
        db.take(&vcp.expire(Time(48 * HOUR)));
        prop_assert_eq!(db.of(StoreTable::VisitingProfiles).count(), 0);
    }
}
