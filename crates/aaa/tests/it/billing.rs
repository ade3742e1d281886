//! Bills: each settled charge on one bill, of the month in which it settled; sums exact.

use crate::world::*;
use fairway_aaa::billing::HomeCharges;
use fairway_aaa::{CustomerKey, DriverLink, Settlement};
use fairway_model::station::InputMethod::Code;
use fairway_model::time::{DAY, HOUR};
use fairway_model::{Currency, Hash, Micro, OwnerId, Refusal, RefusalCode, Tier, Time};

/// The utility's name on its bills.
const NAME: &str = "Alabama Power";
/// 2026-12-01T00:00:00Z.
const DECEMBER: Time = Time(1_796_083_200_000);

fn link() -> DriverLink {
    DriverLink {
        pseudonym: Hash::default(),
        salt: Hash::default(),
    }
}

fn who() -> CustomerKey {
    CustomerKey([1; 16])
}

fn settled(charges: &mut HomeCharges, n: u8, at: Time, total: &str) {
    let event = event(n, alp(), duk(), usd(total), guarantee(1));
    charges.finish(at, who(), session(n), link()).unwrap();
    charges
        .settle(at, line(&event, at.plus(-i64::from(n) * HOUR)))
        .unwrap();
}

#[test]
fn months_begin_at_the_offset() {
    for (offset, at, month) in [
        (0, DECEMBER, (2026, 12)),
        (0, DECEMBER.plus(-1), (2026, 11)),
        (-300, DECEMBER.plus(5 * HOUR), (2026, 12)),
        (-300, DECEMBER.plus(5 * HOUR - 1), (2026, 11)),
        (60, DECEMBER.plus(-HOUR), (2026, 12)),
        (0, DECEMBER.plus(31 * DAY), (2027, 1)),
    ] {
        assert_eq!(
            HomeCharges::new(offset).month_of(at),
            month,
            "{offset} {at}"
        );
    }
}

#[test]
fn every_charge_is_on_one_bill() {
    let mut charges = HomeCharges::new(-300);
    let border = DECEMBER.plus(5 * HOUR);
    settled(&mut charges, 1, border.plus(-1), "1.11");
    settled(&mut charges, 2, border, "2.22");
    settled(&mut charges, 3, border.plus(1), "3.33");
    charges.finish(border, who(), session(4), link()).unwrap();
    let november = charges.month(who(), 2026, 11).unwrap();
    let december = charges.month(who(), 2026, 12).unwrap();
    assert_eq!(november.lines.len(), 1);
    assert_eq!(
        december.lines.iter().map(|l| l.session).collect::<Vec<_>>(),
        [session(3), session(2)],
        "in order of time"
    );
    assert_eq!((november.total, december.total), (usd("1.11"), usd("5.55")));
    assert_eq!(december.pending, 1);
    assert!(charges.month(who(), 2026, 13).is_err());
    assert_eq!(
        charges
            .month(CustomerKey([2; 16]), 2026, 12)
            .unwrap()
            .lines
            .len(),
        0
    );
}

#[test]
fn twice_is_once_and_contradictions_are_refused() {
    let mut charges = HomeCharges::new(0);
    settled(&mut charges, 1, DECEMBER, "5.10");
    let code = |r: Result<Vec<_>, Refusal>| {
        r.map(|c: Vec<fairway_aaa::StoredChange>| c.len())
            .map_err(|e| e.code)
    };
    let same = line(
        &event(1, alp(), duk(), usd("5.10"), guarantee(1)),
        DECEMBER.plus(-HOUR),
    );
    assert_eq!(code(charges.settle(DECEMBER, same.clone())), Ok(0));
    assert_eq!(
        code(charges.finish(DECEMBER, who(), session(1), link())),
        Ok(0)
    );
    assert_eq!(
        code(charges.finish(DECEMBER, CustomerKey([9; 16]), session(1), link())),
        Err(RefusalCode::IdConflict)
    );
    let mut other = same.clone();
    other.height = 2;
    assert_eq!(
        code(charges.settle(DECEMBER, other)),
        Err(RefusalCode::IdConflict)
    );
    let mut unknown = same.clone();
    unknown.session = session(2);
    assert_eq!(
        code(charges.settle(DECEMBER, unknown)),
        Err(RefusalCode::SessionUnknown)
    );
    charges.finish(DECEMBER, who(), session(3), link()).unwrap();
    let mut wrong = same;
    wrong.session = session(3);
    wrong.total = usd("5.11");
    assert_eq!(
        code(charges.settle(DECEMBER, wrong)),
        Err(RefusalCode::PriceWrong)
    );
    assert_eq!(charges.void(session(3)).len(), 1);
    assert_eq!(charges.void(session(1)).len(), 0, "settled is settled");
    assert_eq!(charges.month(who(), 2026, 12).unwrap().total, usd("5.10"));
}

#[test]
fn home_and_roaming_lines_are_on_one_bill() {
    let (mut node, mut db, who) = home_with(&customer(1));
    let number = customer(1).cin;
    let owner = OwnerId::parse("mall").unwrap();
    for (n, visited, total) in [(1, duk(), "10.00"), (2, alp(), "4.56")] {
        let decision = node.decide(
            DECEMBER,
            &[n; 32],
            &key(),
            &request(visited, n),
            &show(Code, &number),
            &rules(),
        );
        db.take(&decision.changes);
        let id = decision.answer.unwrap().statement.guarantee.guarantee.id;
        db.take(&node.consent(DECEMBER, id, session(n), usd("20")).unwrap());
        let event = event(n, alp(), visited, usd(total), id);
        db.take(&node.finished(DECEMBER, who, session(n), link()).unwrap());
        let line = line(&event, DECEMBER);
        let settlement = Settlement {
            event: &event,
            currency: Currency::USD,
            policy_version: 1,
            owner: Some(&owner),
            jurisdiction: Some("US-AL"),
            line: Some(&line),
        };
        let stored = node.settled(DECEMBER.plus(DAY), &settlement).unwrap();
        assert!(!stored.is_empty());
        db.take(&stored);
        assert_eq!(
            node.settled(DECEMBER.plus(DAY), &settlement),
            Ok(Vec::new()),
            "a block that comes again"
        );
    }
    let bill = node.bill(&number, (2026, 12), NAME.to_owned()).unwrap();
    assert_eq!(
        (bill.lines.len(), bill.total, bill.pending),
        (2, usd("14.56"), 0)
    );
    assert_eq!(bill.utility_name, NAME);
    let accounts = node.accounts();
    assert_eq!(accounts.driver(who, Currency::USD), usd("-14.56"));
    assert_eq!(
        accounts.balance("payable:US*DUK", Currency::USD),
        usd("9.00")
    );
    assert_eq!(
        accounts.balance("payable:US*ALP", Currency::USD),
        Micro::ZERO
    );
    assert_eq!(accounts.balance("owner:mall", Currency::USD), usd("0.912"));
    assert_eq!(accounts.balance("tax:US-AL", Currency::USD), usd("0.228"));
    assert_eq!(
        accounts.balance("revenue:home-share", Currency::USD),
        usd("1.456")
    );
    assert_eq!(accounts.trial_balance(), Ok(Micro::ZERO));
    assert_eq!(
        (
            accounts.totals().settled_home,
            accounts.totals().settled_visited
        ),
        (2, 1)
    );
    let restored = db.restore(config(alp()));
    assert_eq!(
        restored.bill(&number, (2026, 12), NAME.to_owned()).unwrap(),
        bill
    );
    assert_eq!(restored.accounts(), node.accounts());
    assert_eq!(restored.issued(), node.issued());
    // 25 kWh in a year earn no tier.
    let change = node.review_tier(DECEMBER, &number).unwrap();
    assert_eq!(
        node.profiles().by_key(change.customer).unwrap().tier,
        Tier::Standard
    );
    assert_eq!(change.revoke.len(), 2);
}

#[test]
fn a_charge_that_cannot_be_posted_changes_nothing() {
    let (mut node, _, who) = home_with(&customer(1));
    let good = event(1, alp(), alp(), usd("10"), guarantee(1));
    node.finished(DECEMBER, who, session(1), link()).unwrap();
    let line = line(&good, DECEMBER);
    let mut settlement = Settlement {
        event: &good,
        currency: Currency::USD,
        policy_version: 1,
        owner: None,
        jurisdiction: Some("US-AL"),
        line: Some(&line),
    };
    let before = (node.accounts().clone(), node.charges().clone());
    assert_eq!(
        node.settled(DECEMBER, &settlement).unwrap_err().code,
        RefusalCode::EvseUnavailable
    );
    settlement.line = None;
    assert_eq!(
        node.settled(DECEMBER, &settlement).unwrap_err().code,
        RefusalCode::SessionUnknown
    );
    let mut bad = good.clone();
    bad.shares.home = Micro(bad.shares.home.0 + 1);
    settlement = Settlement {
        event: &bad,
        line: Some(&line),
        ..settlement
    };
    assert_eq!(
        node.settled(DECEMBER, &settlement).unwrap_err().code,
        RefusalCode::SharesWrong
    );
    assert_eq!((node.accounts().clone(), node.charges().clone()), before);
}
