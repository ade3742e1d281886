//! What other terms would have meant, and what a screen would show of them, as the pages of a member ask.

use crate::setup::*;
use crate::world::World;
use fairway_ledger::worded;
use fairway_model::agreement::Split;
use fairway_model::{Agreement, Energy, Micro, RefusalCode, Tier};
use fairway_utility::MAX_PREVIEW_MINUTES;
use fairway_utility::command::{Command, Reply};
use fairway_utility::desk::{DeskAnswer, DeskQuestion, EffectView, PreviewAsked, PreviewView};
use fairway_utility::effect::Amounts;

fn older() -> Agreement {
    agreement(alabama(), duke())
}

/// Energy for 0.45 in place of 0.36, and more of it for home.
fn newer() -> Agreement {
    worded(Agreement {
        version: 2,
        tariffs: vec![tariff("standard", 450_000), tariff("partner", 450_000)],
        split: Split {
            home_bps: 2_000,
            visited_bps: 6_000,
            owner_bps: 2_000,
        },
        ..older()
    })
}

fn asked(world: &mut World, older: Agreement, newer: Agreement) -> EffectView {
    let question = DeskQuestion::Effect {
        older: Box::new(older),
        newer: Box::new(newer),
    };
    let answers = [alabama(), duke()].map(|member| {
        let Ok(Reply::Desk(answer)) = world.command(member, Command::Desk(question.clone())) else {
            panic!("no answer")
        };
        let DeskAnswer::Effect(view) = *answer else {
            panic!("another answer")
        };
        *view
    });
    let [home, visited] = answers;
    assert_eq!(home.effect, visited.effect, "both parties see the same");
    home
}

fn whole(a: &Amounts) -> bool {
    Micro::sum([a.home, a.visited, a.owner, a.tax]) == Ok(a.driver)
}

#[test]
fn effect_of_the_same_terms_is_what_was_settled() {
    let mut world = world();
    let session = Driver::at(duke(), 1).charge(&mut world, &cin(alabama(), 1));
    world.run(5_000);
    let view = asked(&mut world, older(), older());
    let event = world
        .utility(duke())
        .session_trace(session)
        .unwrap()
        .event
        .unwrap()
        .event;
    let settled = Amounts::of(event.total, &event.shares);
    assert_eq!((view.effect.charges, view.effect.unrated), (1, 0));
    assert_eq!((view.effect.old, view.effect.new), (settled, settled));
    assert_eq!(view.effect.most, []);
    assert!(!view.more && view.from < view.to);
}

#[test]
fn effect_of_new_terms_is_what_they_then_cost() {
    let mut world = world();
    Driver::at(duke(), 1).charge(&mut world, &cin(alabama(), 1));
    world.run(5_000);
    let foretold = asked(&mut world, older(), newer()).effect;
    assert!(foretold.new.driver > foretold.old.driver, "{foretold:?}");
    assert!(whole(&foretold.old) && whole(&foretold.new));
    assert_eq!(foretold.most.len(), 1);
    let propose = Command::ProposeAgreement(Box::new(newer()));
    world.command(duke(), propose).unwrap();
    world.run(3_000);
    let sign = Command::Countersign(newer().id());
    world.command(alabama(), sign).unwrap();
    world.run(3_000);
    let session = Driver::at(duke(), 2).charge(&mut world, &cin(alabama(), 1));
    world.run(5_000);
    let event = world
        .utility(duke())
        .session_trace(session)
        .unwrap()
        .event
        .unwrap()
        .event;
    assert_eq!(event.agreement, newer().id());
    assert_eq!(Amounts::of(event.total, &event.shares), foretold.new);
    // Both charges count now, whichever version they fell under.
    let both = asked(&mut world, older(), newer()).effect;
    assert_eq!(both.charges, 2);
    assert_eq!(both.most[0].old, foretold.old);
    assert_eq!(both.most.len(), 2);
}

#[test]
fn effect_counts_what_caps_and_missing_prices_would_have_stopped() {
    let mut world = world();
    Driver::at(duke(), 1).charge(&mut world, &cin(alabama(), 1));
    world.run(5_000);
    let mut tight = newer();
    tight.caps.amount_per_charge = Micro(1_000_000);
    assert_eq!(asked(&mut world, older(), worded(tight)).effect.over_cap, 1);
    let mut nothing = newer();
    nothing.tariffs.clear();
    let found = asked(&mut world, older(), nothing).effect;
    assert_eq!((found.charges, found.unrated), (0, 1));
    assert!(found.why.unwrap().contains("no tariff"));
    let turned = DeskQuestion::Effect {
        older: Box::new(older()),
        newer: Box::new(agreement(duke(), alabama())),
    };
    let refusal = world.command(duke(), Command::Desk(turned)).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::TermsInvalid);
}

fn preview(world: &mut World, asked: PreviewAsked) -> Result<PreviewView, RefusalCode> {
    let question = DeskQuestion::Preview(Box::new(asked));
    match world.command(duke(), Command::Desk(question)) {
        Ok(Reply::Desk(answer)) => match *answer {
            DeskAnswer::Preview(view) => Ok(*view),
            other => panic!("{other:?}"),
        },
        Ok(other) => panic!("{other:?}"),
        Err(refusal) => Err(refusal.code),
    }
}

#[test]
fn preview_shows_what_a_screen_would_show() {
    let mut world = world();
    let asked = PreviewAsked {
        terms: older(),
        tariff: "standard".to_owned(),
        evse: None,
        tier: Tier::Gold,
        energy: Energy(20 * Energy::PER_KWH),
        minutes: 0,
    };
    let view = preview(&mut world, asked.clone()).unwrap();
    // 0.36 less 5 % for gold; 20 kWh and 0.50 at the start, less 5 %, with 6 % VAT.
    assert_eq!(view.offer.price_per_kwh, Micro(342_000));
    assert_eq!(view.offer.estimate.expected, Micro(7_750_000));
    assert_eq!(view.offer.facts.samples[0].total, Micro(7_750_000));
    let waiting = PreviewAsked {
        minutes: MAX_PREVIEW_MINUTES,
        ..asked.clone()
    };
    let longer = preview(&mut world, waiting).unwrap();
    assert!(longer.offer.estimate.expected > view.offer.estimate.expected);
    let wrong = [
        PreviewAsked {
            tariff: "none".to_owned(),
            ..asked.clone()
        },
        PreviewAsked {
            energy: Energy::ZERO,
            ..asked.clone()
        },
        PreviewAsked {
            minutes: MAX_PREVIEW_MINUTES + 1,
            ..asked.clone()
        },
        PreviewAsked {
            evse: Some(evse(alabama(), 1)),
            ..asked
        },
    ];
    for asked in wrong {
        assert_eq!(preview(&mut world, asked), Err(RefusalCode::NoOffer));
    }
}
