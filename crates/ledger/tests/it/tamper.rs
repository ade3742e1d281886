//! What one changed figure leads to.

use crate::world::{Charge, World, place, settle, signed, usd};
use fairway_model::energy::Energy;
use fairway_model::ids::SessionId;
use fairway_model::refusal::RefusalCode;

fn with_hold() -> (World, Charge) {
    let (mut world, charge) = (World::ready(), Charge::new("APC", "DUK", 1));
    world.must("DUK", place(&charge));
    (world, charge)
}

/// With the old signatures the change does not pass admission; signed anew by both it contradicts the register; with the register
/// changed too it contradicts the price.
#[test]
fn tamper_one_changed_kwh_is_refused() {
    let (mut world, charge) = with_hold();
    let mut forged = charge.settlement();
    forged.signed.event.usage.periods[0].energy =
        Energy(forged.signed.event.usage.periods[0].energy.0 + Energy::PER_KWH);
    let event = forged.signed.event.clone();
    let tx = world.sign("DUK", settle(forged));
    let verdict = world.contracts.admit(&[tx]).remove(0).unwrap_err();
    assert_eq!(verdict.code, RefusalCode::BadSignature);

    let receipt = world.run("DUK", settle(signed(event.clone())));
    assert_eq!(receipt.refusal().unwrap().code, RefusalCode::EnergyMismatch);

    let mut event = event;
    event.meter_end = Energy(event.meter_end.0 + Energy::PER_KWH);
    let receipt = world.run("DUK", settle(signed(event)));
    assert_eq!(receipt.refusal().unwrap().code, RefusalCode::PriceWrong);

    world.must("DUK", settle(charge.settlement()));
}

#[test]
fn tamper_one_changed_price_is_refused() {
    let (mut world, charge) = with_hold();
    let mut forged = charge.settlement();
    forged.signed.event.total = forged.signed.event.total.plus(usd("0.01")).unwrap();
    let event = forged.signed.event.clone();
    let tx = world.sign("DUK", settle(forged));
    assert_eq!(
        world.contracts.admit(&[tx]).remove(0).unwrap_err().code,
        RefusalCode::BadSignature
    );

    let receipt = world.run("DUK", settle(signed(event)));
    assert_eq!(receipt.refusal().unwrap().code, RefusalCode::PriceWrong);

    let mut event = charge.event();
    event.shares.visited = event.shares.visited.plus(usd("0.01")).unwrap();
    event.shares.owner = event.shares.owner.minus(usd("0.01")).unwrap();
    let receipt = world.run("DUK", settle(signed(event)));
    assert_eq!(receipt.refusal().unwrap().code, RefusalCode::SharesWrong);
}

/// The same bytes, the same event in a new transaction, and the same consumption under another session.
#[test]
fn tamper_replayed_charge_event_is_refused() {
    let (mut world, charge) = with_hold();
    let tx = world.sign("DUK", settle(charge.settlement()));
    assert_eq!(world.execute(&tx).refusal(), None);
    let before = world.state.clone();
    assert_eq!(
        world.execute(&tx).refusal().unwrap().code,
        RefusalCode::Duplicate
    );
    for by in ["DUK", "APC"] {
        let receipt = world.run(by, settle(charge.settlement()));
        assert_eq!(receipt.refusal().unwrap().code, RefusalCode::AlreadySettled);
    }
    let mut event = charge.event();
    event.session = SessionId([2; 16]);
    assert_eq!(
        world
            .run("DUK", settle(signed(event)))
            .refusal()
            .unwrap()
            .code,
        RefusalCode::HoldUnknown
    );
    assert_eq!(world.state, before);
}
