//! Energy as two utilities live it: statements, charges that count, a trade.

use crate::setup::*;
use crate::world::World;
use fairway_ledger::energy::op::{
    EnergyAcceptance, EnergyCancellation, EnergyOffer, EnergyOperation, EnergyStatement, Hour,
    OfferId,
};
use fairway_model::time::HOUR;
use fairway_model::{Currency, Energy, Hash, MemberId, Micro};
use fairway_utility::command::{Command, EnergyBalance, EnergyCommand, Reply};

fn submit(world: &mut World, member: MemberId, operation: EnergyOperation) {
    let reply = world.command(member, Command::Energy(EnergyCommand::Submit(operation)));
    assert_eq!(reply, Ok(Reply::Submitted));
    world.run(3_000);
}

fn balance(world: &mut World, member: MemberId) -> EnergyBalance {
    match world.command(member, Command::Energy(EnergyCommand::Show)) {
        Ok(Reply::Energy(balance)) => *balance,
        other => panic!("{other:?}"),
    }
}

fn statement(area: &str, hour: Hour, wh: u64) -> EnergyOperation {
    EnergyOperation::State(EnergyStatement {
        area: area.to_owned(),
        hour,
        metered: Energy::from_wh(wh).unwrap(),
        certified: Energy::ZERO,
        document: Hash::plain(b"record"),
        serial: 1,
    })
}

#[test]
fn charges_statements_and_trades_show_in_the_balance() {
    let mut world = world();
    Driver::at(duke(), 1).charge(&mut world, &cin(alabama(), 1));
    world.run(5_000);
    let area = evse_entry(duke(), 1).area;
    let shown = balance(&mut world, duke());
    let delivered: u64 = shown.books.iter().map(|b| b.book.delivered.0).sum();
    assert_eq!(Energy(delivered), Energy::from_wh(10_000).unwrap());
    let hour = shown.books[0].hour;
    assert!(shown.books[0].book.statement.is_none());
    submit(&mut world, alabama(), statement(&area, hour, 50_000));
    let offer = EnergyOffer {
        id: OfferId([7; 16]),
        area: area.clone(),
        hour,
        energy: Energy::from_wh(20_000).unwrap(),
        price: Micro(40_000),
        currency: Currency::USD,
        valid_until: world.now.plus(HOUR),
    };
    submit(&mut world, alabama(), EnergyOperation::Offer(offer.clone()));
    assert_eq!(balance(&mut world, duke()).offers.len(), 1);
    let take = EnergyAcceptance {
        seller: alabama(),
        id: offer.id,
        area: area.clone(),
        hour,
        energy: Energy::from_wh(12_000).unwrap(),
        price: offer.price,
        currency: offer.currency,
    };
    submit(&mut world, duke(), EnergyOperation::Accept(take));
    let shown = balance(&mut world, duke());
    let book = shown.books.iter().find(|b| b.hour == hour).unwrap();
    assert_eq!(book.book.bought, Energy::from_wh(12_000).unwrap());
    assert_eq!(shown.offers[0].state.left, Energy::from_wh(8_000).unwrap());
    // Duke owes Alabama 12 kWh at 0.04, beside what Alabama owes Duke for the charge.
    let position = |world: &World, a: MemberId, b: MemberId| {
        let books = world.books();
        let found = books[&a].positions.iter().find(|p| p.0 == b);
        found.map_or(Micro::ZERO, |p| p.2)
    };
    assert_eq!(
        position(&world, duke(), alabama()).0,
        -position(&world, alabama(), duke()).0
    );
    let cancel = EnergyCancellation {
        seller: alabama(),
        id: offer.id,
        area,
        hour,
    };
    submit(&mut world, alabama(), EnergyOperation::Cancel(cancel));
    assert!(balance(&mut world, duke()).offers.is_empty());
    let own = balance(&mut world, alabama());
    let book = &own.books.iter().find(|b| b.hour == hour).unwrap().book;
    assert_eq!(book.traded, Energy::from_wh(12_000).unwrap());
    assert_eq!(book.offered, Energy::ZERO);
    world.restart(duke());
    world.restart(alabama());
    assert_eq!(balance(&mut world, alabama()), own);
    assert_eq!(world.errors(), Vec::<String>::new());
}
