//! Agreements negotiated, suspended and ended by operators; service levels that the members' own nodes look after; partners.

use crate::setup::*;
use crate::world::World;
use fairway_ledger::life::{Ground, ServiceClaim, TermsOperation};
use fairway_ledger::{BoardOffer, Operation, Transaction, TxNonce, worded};
use fairway_model::agreement::{Agreement, ServiceLevel};
use fairway_model::canonical::Canonical;
use fairway_model::service::ServiceRequest;
use fairway_model::time::{DAY, HOUR};
use fairway_model::{AgreementId, Currency, Hash, MemberId, Micro, RefusalCode, SessionId};
use fairway_utility::command::{Command, PartnerRules, Reply};
use fairway_utility::desk::{DeskAnswer, DeskQuestion};
use fairway_utility::roaming::{AgreementView, PartnerView, TermsCommand};

fn terms(version: u32) -> Agreement {
    worded(Agreement {
        version,
        netting_days: 1,
        notice_days: Some(30),
        service: Some(ServiceLevel {
            least_served_bps: 9_500,
            penalty: Micro(5_000_000),
            penalty_cap: Micro(500_000_000),
            answer_hours: 24,
        }),
        ..agreement(alabama(), duke())
    })
}

fn ask(world: &mut World, member: MemberId, command: TermsCommand) -> Reply {
    world.command(member, Command::Terms(command)).unwrap()
}

fn partner(world: &mut World, member: MemberId, about: MemberId) -> PartnerView {
    let Reply::Partners(partners) = ask(world, member, TermsCommand::Partners) else {
        panic!()
    };
    partners.into_iter().find(|p| p.member == about).unwrap()
}

fn stage(world: &mut World, member: MemberId, id: AgreementId) -> String {
    let Reply::Agreements(views) = ask(world, member, TermsCommand::Agreements) else {
        panic!()
    };
    let found: Vec<AgreementView> = views.into_iter().filter(|v| v.agreement == id).collect();
    found[0].stage.clone()
}

/// A world in which Duke is bound to serve Alabama's drivers.
fn bound() -> (World, AgreementId) {
    let mut world = world();
    let a = terms(2);
    let id = a.id();
    world
        .command(duke(), Command::ProposeAgreement(Box::new(a)))
        .unwrap();
    world.run(3_000);
    world.command(alabama(), Command::Countersign(id)).unwrap();
    world.run(3_000);
    assert!(stage(&mut world, duke(), id).starts_with("in force; ends at"));
    (world, id)
}

/// Duke's rules find no price for Alabama's drivers: they are refused without an offer.
fn refuse_alabama(world: &mut World) {
    let mut rules = policy(2);
    rules.partners.push(PartnerRules {
        home: alabama(),
        tariff: "partner".to_owned(),
        max_load_bps: 100,
    });
    world
        .command(duke(), Command::PutPolicy(Box::new(rules)))
        .unwrap();
}

/// A refused driver is claimed by his home's node, counted, and paid for once the cycle is over, without anybody's hand; a
/// restart on the way forgets nothing.
#[test]
fn a_refused_driver_is_claimed_and_paid_for() {
    let (mut world, _) = bound();
    refuse_alabama(&mut world);
    let mut driver = Driver::at(duke(), 1);
    let refusal = driver.refused(&mut world, &cin(alabama(), 1));
    assert_eq!(refusal.code, RefusalCode::NoOffer);
    world.run(10_000);
    for member in [alabama(), duke()] {
        let record = partner(&mut world, member, duke()).record;
        assert_eq!((record.refusals, record.penalties), (1, 0), "{member}");
    }
    world.restart(alabama());
    world.restart(duke());
    world.sleep(10 * DAY);
    world.run(5_000);
    for member in [alabama(), duke()] {
        let seen = partner(&mut world, member, duke());
        assert_eq!(seen.record.penalties, 1, "{member}");
        let owed = (Currency::USD, Micro(5_000_000), Micro::ZERO);
        assert_eq!(seen.owes, vec![owed], "{member}");
    }
    world.sleep(2 * HOUR);
    world.run(5_000);
    assert_eq!(partner(&mut world, duke(), duke()).record.penalties, 1);
    assert_eq!(world.utility(duke()).status().outbox, 0);
}

/// Home's own no is no refusal of the visited utility's: it gives its release, and a claim all the same is answered with it.
#[test]
fn a_false_claim_is_answered_with_the_release() {
    let (mut world, id) = bound();
    let mut rules = policy(2);
    rules.residential.max_load_bps = 7_000;
    world
        .command(alabama(), Command::PutPolicy(Box::new(rules)))
        .unwrap();
    let asked_at = world.now;
    let mut driver = Driver::at(duke(), 1);
    let refusal = driver.refused(&mut world, &cin(alabama(), 1));
    assert_eq!(refusal.code, RefusalCode::NoOffer);
    world.run(10_000);
    assert_eq!(partner(&mut world, duke(), duke()).record.refusals, 0);
    let session: SessionId = world.utility(duke()).summaries()[0].session;
    let request = ServiceRequest {
        session,
        agreement: id,
        home: alabama(),
        visited: duke(),
        asked_at,
    };
    let (home, visited) = (config(alabama(), 1), config(duke(), 2));
    let claim = ServiceClaim {
        request,
        visited_key: visited.key.public(),
        visited_signature: request.sign(&visited.key),
    };
    let operation = Operation::Terms(TermsOperation::ClaimRefusal(Box::new(claim)));
    let tx = Transaction::sign(&home.chain, home.id, TxNonce([7; 16]), operation, &home.key);
    world.mempool.push(tx.to_bytes());
    world.run(10_000);
    let record = partner(&mut world, alabama(), duke()).record;
    assert_eq!((record.refusals, record.answered), (0, 1));
    world.restart(duke());
}

/// While an agreement is suspended nobody is offered anything, and no older version stands in for it.
#[test]
fn suspension_stops_offers_until_it_is_lifted() {
    let (mut world, id) = bound();
    let suspend = TermsCommand::Suspend {
        agreement: id,
        ground: Ground::Technical,
        evidence: None,
    };
    ask(&mut world, alabama(), suspend);
    world.run(3_000);
    let suspended = format!("suspended by {}", alabama());
    assert!(stage(&mut world, duke(), id).starts_with(&suspended));
    let mut driver = Driver::at(duke(), 1);
    let refusal = driver.refused(&mut world, &cin(alabama(), 1));
    assert_eq!(refusal.code, RefusalCode::NoAgreement);
    ask(
        &mut world,
        alabama(),
        TermsCommand::Resume { agreement: id },
    );
    world.run(3_000);
    driver.offer(&mut world, &cin(alabama(), 1));
    driver.consent(&mut world, false);
    world.run(10_000);
    assert_eq!(partner(&mut world, duke(), alabama()).record.suspensions, 1);
    let notice = TermsCommand::Terminate {
        agreement: id,
        from: None,
    };
    let end = world.now.plus(30 * DAY).0;
    ask(&mut world, duke(), notice);
    world.run(3_000);
    let text = stage(&mut world, alabama(), id);
    let month = fairway_model::Time(end).rfc3339();
    assert!(text.contains(month.get(..10).unwrap()), "{text}");
    world.restart(alabama());
    assert_eq!(stage(&mut world, alabama(), id), text);
}

#[test]
fn an_older_version_is_replaced_while_a_newer_one_is_in_force() {
    let mut world = world();
    let (first, second) = (terms(2), terms(3));
    for version in [&first, &second] {
        world
            .command(duke(), Command::ProposeAgreement(Box::new(version.clone())))
            .unwrap();
        world.run(3_000);
        assert_eq!(
            stage(&mut world, duke(), version.id()),
            "waits for the partner"
        );
        world
            .command(alabama(), Command::Countersign(version.id()))
            .unwrap();
        world.run(3_000);
        assert!(stage(&mut world, alabama(), version.id()).starts_with("in force; ends at"));
    }
    assert!(stage(&mut world, alabama(), first.id()).starts_with("replaced by version 3 since 20"));
    // A suspended version is still the newest: the older one does not come back.
    let suspend = TermsCommand::Suspend {
        agreement: second.id(),
        ground: Ground::Technical,
        evidence: None,
    };
    ask(&mut world, duke(), suspend);
    world.run(3_000);
    assert!(stage(&mut world, duke(), first.id()).starts_with("replaced by version 3"));
}

#[test]
fn terms_are_answered_and_ended_for_breach() {
    let mut world = world();
    let (first, second) = (terms(2), terms(3));
    world
        .command(duke(), Command::ProposeAgreement(Box::new(first.clone())))
        .unwrap();
    world.run(3_000);
    assert_eq!(
        stage(&mut world, alabama(), first.id()),
        "waits for our signature"
    );
    let counter = TermsCommand::Counter {
        supersedes: first.id(),
        agreement: Box::new(second.clone()),
    };
    ask(&mut world, alabama(), counter);
    world.run(3_000);
    assert_eq!(world.utility(alabama()).status().proposals, Vec::new());
    assert_eq!(world.utility(duke()).status().proposals, vec![second.id()]);
    let answered = stage(&mut world, duke(), first.id());
    assert_eq!(answered, format!("answered by {}", second.id()));
    world
        .command(duke(), Command::Countersign(second.id()))
        .unwrap();
    world.run(3_000);
    let breach = TermsCommand::Breach {
        agreement: second.id(),
        ground: Ground::Payment,
        evidence: Hash::plain(b"statement"),
    };
    ask(&mut world, duke(), breach);
    world.run(3_000);
    assert!(stage(&mut world, alabama(), second.id()).starts_with("ended for breach"));
    assert_eq!(
        partner(&mut world, duke(), alabama()).record.breaches_heard,
        1
    );
    let unknown = TermsCommand::Resume {
        agreement: AgreementId(Hash([1; 32])),
    };
    let refused = world.command(duke(), Command::Terms(unknown)).unwrap_err();
    assert_eq!(refused.code, RefusalCode::AgreementUnknown);
}

#[test]
fn terms_whose_version_is_taken_are_refused_at_once() {
    let (mut world, id) = bound();
    let again = worded(Agreement {
        notice_days: Some(31),
        ..terms(2)
    });
    let counter = TermsCommand::Counter {
        supersedes: id,
        agreement: Box::new(again.clone()),
    };
    for command in [
        Command::ProposeAgreement(Box::new(again)),
        Command::Terms(counter),
    ] {
        let refused = world.command(alabama(), command).unwrap_err();
        assert_eq!(refused.code, RefusalCode::TermsInvalid);
        assert!(
            refused.to_string().contains("the next is version 3"),
            "{refused}"
        );
    }
}

/// What the ledger refused of what an operator asked, as the overview shows it.
fn refused(world: &mut World, member: MemberId) -> Vec<String> {
    let asked = Command::Desk(DeskQuestion::Overview);
    let Ok(Reply::Desk(answer)) = world.command(member, asked) else {
        panic!()
    };
    let DeskAnswer::Overview(overview) = *answer else {
        panic!()
    };
    overview.refused.into_iter().map(|(_, text)| text).collect()
}

#[test]
fn an_end_that_cannot_be_is_said_once_and_shown_to_operators() {
    let (mut world, agreement) = bound();
    let end = |days| TermsCommand::Terminate {
        agreement,
        from: Some(world.now.plus(days * DAY)),
    };
    let (early, late) = (end(40), end(50));
    ask(&mut world, duke(), early);
    world.run(3_000);
    assert_eq!(refused(&mut world, duke()), Vec::<String>::new());
    ask(&mut world, duke(), late);
    world.run(3_000);
    let shown = refused(&mut world, duke());
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert!(
        shown[0].starts_with("to end an agreement: ") && shown[0].contains("would prolong it"),
        "{shown:?}"
    );
    // Nothing is said again.
    assert_eq!(world.utility(duke()).status().outbox, 0);
    world.run(60_000);
    assert_eq!(refused(&mut world, duke()).len(), 1);
    world.sleep(2 * DAY);
    assert_eq!(refused(&mut world, duke()), Vec::<String>::new());
}

#[test]
fn offers_are_seen_by_all_and_end() {
    let mut world = world();
    let offer = BoardOffer {
        slot: 3,
        areas: vec!["DUK-west".to_owned()],
        currency: Currency::USD,
        energy_price: Micro(360_000),
        start_fee: Micro::ZERO,
        corridor: agreement(alabama(), duke()).corridor,
        home_bps: 800,
        least_served_bps: None,
        valid_until: world.now.plus(DAY),
    };
    ask(&mut world, duke(), TermsCommand::Post(offer.clone()));
    world.run(3_000);
    let seen = partner(&mut world, alabama(), duke());
    assert_eq!(seen.offers, vec![offer]);
    assert_eq!((seen.evses, seen.areas), (2, vec!["DUK-west".to_owned()]));
    world.restart(alabama());
    world.sleep(2 * DAY);
    assert_eq!(partner(&mut world, alabama(), duke()).offers, Vec::new());
    ask(&mut world, duke(), TermsCommand::Withdraw { slot: 3 });
    world.run(3_000);
    assert_eq!(partner(&mut world, alabama(), duke()).offers, Vec::new());
    let nobody = TermsCommand::Withdraw { slot: 9 };
    let refused = world.command(duke(), Command::Terms(nobody)).unwrap_err();
    assert_eq!(refused.code, RefusalCode::TooLarge);
}
