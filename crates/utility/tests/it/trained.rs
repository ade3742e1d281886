//! A package of models as a search trains it, through the contract: stored, proposed, countersigned, in force; schedules made of it, prices by it; rolled back.

use crate::region::*;
use crate::setup::*;
use fairway_forecast::backtest::Issue;
use fairway_forecast::calendar::{US_EASTERN, US_FEDERAL};
use fairway_forecast::ensemble::Package;
use fairway_forecast::hour::Hour;
use fairway_forecast::spec::Feature;
use fairway_forecast::synthetic::Synthetic;
use fairway_forecast::track::{LEVELS, RATE};
use fairway_forecast::trees::{Inline, Model};
use fairway_ledger::forecast::op::{ForecastOperation, LineProposal, Pack, Parties};
use fairway_ledger::forecast::state::TableReason;
use fairway_model::MemberId;
use fairway_model::canonical::Canonical;
use fairway_model::time::MINUTE;
use fairway_training::candidate::{Candidate, Effort};
use fairway_training::checks::Allow;
use fairway_training::dataset::{Dataset, File};
use fairway_training::schema::Schema;
use fairway_training::search::{Member, Plan, Search, Wish, introduce};
use fairway_utility::command::Command;
use std::fmt::Write as _;

/// The synthetic load of the region as a file of the EIA's wide form.
fn file() -> String {
    let made = Synthetic {
        seed: 5,
        mean: 10_000_000,
        first: today().plus(-HISTORY),
        days: u16::try_from(HISTORY).unwrap(),
        lean: 0,
    }
    .make(&calendar());
    let forecast = made.forecast.unwrap();
    let mut out = "utc_hour_ending,SYN_mw,SYN_df_mw,SYN_flag\n".to_owned();
    for (hour, load) in made.load.iter() {
        let (load, own) = (load.unwrap() / 1_000, forecast.get(hour).unwrap() / 1_000);
        let end = fairway_training::hours::text(hour.plus(1));
        writeln!(out, "{end},{load},{own},0").unwrap();
    }
    out
}

/// Imports the file and trains the trees that know the member's own forecast, on everything, with the smallest effort.
fn train() -> (Package, Vec<Model>) {
    let calendar = format!("{US_EASTERN}{US_FEDERAL}");
    let mut dataset = Dataset::new("region", &calendar, Schema::loads()).unwrap();
    let text = file();
    let file = File {
        name: "synthetic.csv",
        bytes: text.as_bytes(),
        authority: None,
    };
    let now = Hour::of(START);
    dataset.import(&file, now, &[], Allow::default()).unwrap();
    let mut members = vec![Member::of(&dataset).unwrap()];
    introduce(&mut members);
    let wish = Wish {
        issue: Issue::TEN_THE_DAY_BEFORE,
        folds: 1,
        fold_days: 5,
        effort: Effort::Tiny,
        seed: 3,
        last: None,
    };
    let plan = Plan::make(&members[0], wish).unwrap();
    let search = Search::new(plan, &members).unwrap();
    let knows = |candidate: &&Candidate| {
        let Candidate::Trees { looks, .. } = candidate else {
            return false;
        };
        let features = &search.spec(*looks).unwrap().features;
        let forecast = |f: &Feature| matches!(f, Feature::Forecast { .. });
        features.iter().any(forecast)
    };
    let candidate = *search.candidates().iter().find(knows).unwrap();
    let Candidate::Trees { looks, .. } = candidate else {
        panic!("no trees")
    };
    let (mut models, mut names) = (Vec::new(), vec![Vec::new(); LEVELS.len()]);
    for job in search.last_jobs(candidate) {
        let model = search.train(&job, &Inline).unwrap();
        let place = LEVELS.iter().position(|l| *l == job.level).unwrap();
        names[place].push(model.hash());
        models.push(model);
    }
    let package = Package {
        spec: search.spec(looks).unwrap().clone(),
        levels: LEVELS.to_vec(),
        models: names,
        rate: RATE,
        issue: plan.issue,
    };
    (package, models)
}

fn hand_in(region: &mut Region, by: MemberId, operation: ForecastOperation) {
    let command = Command::Forecast(Box::new(operation));
    region.world.command(by, command).unwrap();
    region.world.run(3_000);
}

#[test]
fn a_trained_package_prices_charges_from_proposal_to_roll_back() {
    let mut region = Region::new();
    let (package, models) = train();
    let again = train();
    assert_eq!(again.0.hash(), package.hash(), "training is reproducible");
    let bytes: Vec<Vec<u8>> = models.iter().map(Canonical::to_bytes).collect();
    store(&mut region.world, alabama(), &bytes, &package);
    let parties = Parties {
        agreement: region.agreement.id(),
        home: alabama(),
        visited: duke(),
    };
    let before = region.agreement.model.unwrap();
    let proposal = LineProposal {
        parties,
        pack: Pack {
            package: package.hash(),
            spare: None,
        },
        from: region.world.blocks.len() as u64 + 8,
    };
    hand_in(&mut region, alabama(), ForecastOperation::Propose(proposal));
    let one = region.view(duke()).lines[0].pack.unwrap().package;
    assert_eq!(one, before, "one signature changes nothing");
    hand_in(
        &mut region,
        duke(),
        ForecastOperation::Countersign(proposal),
    );
    let day = today().plus(1);
    region.pass_to(today(), 11 * H + MINUTE);
    let prices = region.prices(day).unwrap();
    assert_eq!(prices.package, Some(package.hash()));
    assert_eq!((prices.reason, prices.bps.len()), (None, 24));
    assert!(prices.bps.iter().max() > prices.bps.iter().min());
    for (hour, place) in [(9_i64, 9_usize), (18, 18)] {
        let charged = region.charge_at(day, hour * H + MINUTE);
        assert_eq!(charged.bps, prices.bps[place], "charge at {hour}");
        assert!(charged.says("forecast load of US*DUK"));
    }
    // One party is enough to go back to the packages before, and again to the table.
    hand_in(&mut region, duke(), ForecastOperation::RollBack(parties));
    region.pass_to(day.plus(1), 11 * H + MINUTE);
    assert_eq!(region.prices(day.plus(2)).unwrap().package, Some(before));
    hand_in(&mut region, alabama(), ForecastOperation::RollBack(parties));
    region.pass_to(day.plus(2), 11 * H + MINUTE);
    let table = region.prices(day.plus(3)).unwrap();
    assert_eq!(table.reason, Some(TableReason::NoModel));
    assert_eq!(region.world.errors(), Vec::<String>::new());
}
