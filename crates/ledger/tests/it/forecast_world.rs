//! A member with a synthetic load, an agreement that follows its forecast, and packages of models made by hand.

use crate::world::{
    Charge, T0, World, agreement, countersign, evse, member, place, propose, settle,
};
use fairway_forecast::calendar::Calendar;
use fairway_forecast::ensemble::Package;
use fairway_forecast::hour::{Day, Hour};
use fairway_forecast::spec::{Anchor, Feature, FeatureSpec};
use fairway_forecast::synthetic::Synthetic;
use fairway_forecast::track::{LEVELS, RATE};
use fairway_forecast::trees::{Model, Tree};
use fairway_forecast::view::Inputs;
use fairway_ledger::forecast::bounds::{ISSUE, MAX_PART_BYTES};
use fairway_ledger::forecast::op::{
    Asked, ForecastEffect, ForecastOperation, ModelClaim, ModelPart, PackageClaim, Parties, Reveal,
};
use fairway_ledger::forecast::state::{
    PackageState, PriceDay, Reading, ScoreState, key_for_package, key_for_prices, key_for_score,
};
use fairway_ledger::{Effect, Operation, worded};
use fairway_model::Time;
use fairway_model::agreement::Agreement;
use fairway_model::canonical::Canonical;
use fairway_model::forecast::{CurvePoint, ForecastTerms};
use fairway_model::hash::Hash;
use fairway_model::time::{DAY, HOUR, MINUTE};

pub(crate) fn op(operation: ForecastOperation) -> Operation {
    Operation::Forecast(Box::new(operation))
}

pub(crate) fn calendar() -> Calendar {
    Calendar::us_eastern().unwrap()
}

/// The local day of the first block.
pub(crate) fn today() -> Day {
    calendar().local(Hour::of(T0)).day
}

/// Twenty-four multipliers that nobody takes for a schedule.
fn table(first: u32) -> Vec<u32> {
    (0..24).map(|hour| first + hour).collect()
}

pub(crate) fn terms() -> ForecastTerms {
    let point = |level, bps| CurvePoint { level, bps };
    ForecastTerms {
        curve: vec![
            point(100, 8_000),
            point(500, 10_000),
            point(900, 11_500),
            point(990, 13_000),
        ],
        step_bps: 1_500,
        notice_hours: 6,
        skill_days: 28,
        weekday_bps: table(9_001),
        weekend_bps: table(9_501),
        spare: None,
        stake: None,
    }
}

/// The features of a package; with the member's own forecast, or without.
pub(crate) fn spec(own: bool) -> FeatureSpec {
    let (features, anchor) = if own {
        (
            vec![Feature::LocalHour, Feature::Forecast { shift: 0 }],
            Anchor::Forecast,
        )
    } else {
        (vec![Feature::LocalHour], Anchor::Week)
    };
    FeatureSpec {
        features,
        anchor,
        bias: fairway_forecast::bias::BiasRule::FORTNIGHT,
        horizon: ISSUE.horizon(),
        calendars: vec![calendar().hash()],
    }
}

/// Models that say a constant each, `lean` millionths of the mean load above what is right.
pub(crate) fn models(own: bool, lean: i64) -> Vec<Model> {
    let spec = spec(own);
    let features = u16::try_from(spec.features.len()).unwrap();
    [-60_000, -40_000, 0, 40_000, 60_000]
        .map(|off| {
            let tree = Tree {
                splits: Vec::new(),
                leaves: vec![off],
            };
            Model::new(spec.hash(), features, 0, lean, vec![tree]).unwrap()
        })
        .to_vec()
}

pub(crate) fn package(own: bool, lean: i64) -> Package {
    Package {
        spec: spec(own),
        levels: LEVELS.to_vec(),
        models: models(own, lean).iter().map(|m| vec![m.hash()]).collect(),
        rate: RATE,
        issue: ISSUE,
    }
}

/// The grid of Duke, whose stations the drivers of Alabama visit.
pub(crate) struct Grid {
    pub(crate) world: World,
    pub(crate) calendar: Calendar,
    pub(crate) data: Inputs,
    pub(crate) agreement: Agreement,
    /// The first hour that is not posted yet.
    pub(crate) next: Hour,
    /// By how many hundredths readings are multiplied before they are posted.
    pub(crate) poison: i64,
}

/// Days of history.
pub(crate) const HISTORY: i64 = 400;

impl Grid {
    /// Book open, nothing posted, no package.
    pub(crate) fn bare(edit: impl FnOnce(&mut Agreement)) -> Self {
        let calendar = calendar();
        let made = Synthetic {
            seed: 5,
            mean: 10_000_000,
            first: today().plus(-HISTORY),
            days: 460,
            lean: 0,
        };
        let mut agreement = Agreement {
            forecast: Some(terms()),
            model: Some(package(true, 0).hash()),
            ..agreement("APC", "DUK", 1)
        };
        edit(&mut agreement);
        let agreement = worded(agreement);
        let mut world = World::new();
        world.must("DUK", Operation::RegisterEvse(Box::new(evse("DUK"))));
        world.must("DUK", propose(&agreement, "DUK"));
        world.must("APC", countersign(&agreement, "APC"));
        let bytes = calendar.to_bytes();
        world.must("DUK", op(ForecastOperation::Open { calendar: bytes }));
        let next = calendar.begin(made.first);
        Self {
            world,
            data: made.make(&calendar),
            calendar,
            agreement,
            next,
            poison: 100,
        }
    }

    /// With history and the agreement's package.
    pub(crate) fn ready(edit: impl FnOnce(&mut Agreement)) -> Self {
        let mut grid = Self::bare(edit);
        grid.post_until(Hour::of(T0));
        grid.store(true, 0);
        grid
    }

    pub(crate) fn parties(&self) -> Parties {
        Parties {
            agreement: self.agreement.id(),
            home: member("APC"),
            visited: member("DUK"),
        }
    }

    /// Sets the clock so that the next block has this time of a local day.
    pub(crate) fn at(&mut self, day: Day, ms: i64) {
        let time = self.calendar.begin(day).start().plus(ms);
        assert!(time > self.world.time, "time runs forward");
        self.world.time = Time(time.0 - 1_000);
    }

    pub(crate) fn readings(&self, from: Hour, until: Hour) -> Vec<Reading> {
        let hours = (from.0..until.0).map(Hour);
        hours
            .map(|hour| Reading {
                hour,
                kw: self.data.load.get(hour).unwrap() * self.poison / 100,
            })
            .collect()
    }

    /// Posts everything up to an hour, in loads of a week at most.
    pub(crate) fn post_until(&mut self, until: Hour) {
        while self.next < until {
            let end = Hour((self.next.0 + 168).min(until.0));
            let readings = self.readings(self.next, end);
            self.world
                .must("DUK", op(ForecastOperation::Post { readings }));
            self.next = end;
        }
    }

    pub(crate) fn reveal_of(&self, day: Day) -> Reveal {
        let own = self.data.forecast.as_ref().unwrap();
        Reveal {
            day,
            salt: [7; 16],
            values: self
                .calendar
                .hours(day)
                .map(|hour| own.get(hour).unwrap())
                .collect(),
        }
    }

    pub(crate) fn commit(&mut self, day: Day) -> String {
        let commitment = self.reveal_of(day).commitment(member("DUK"));
        let operation = ForecastOperation::Commit { day, commitment };
        self.world.outcome("DUK", op(operation))
    }

    /// Stores the models of a package and the package.
    pub(crate) fn store(&mut self, own: bool, lean: i64) -> Hash {
        for model in models(own, lean) {
            self.store_model(&model);
        }
        let package = package(own, lean);
        let hash = package.hash();
        let package = Box::new(package);
        self.world
            .must("APC", op(ForecastOperation::StorePackage { package }));
        hash
    }

    pub(crate) fn store_model(&mut self, model: &Model) {
        let (bytes, hash) = (model.to_bytes(), model.hash());
        let mut parts = 0;
        for bytes in bytes.chunks(MAX_PART_BYTES) {
            let part = ModelPart {
                model: hash,
                part: parts,
                bytes: bytes.to_vec(),
            };
            self.world
                .must("APC", op(ForecastOperation::StorePart(part)));
            parts += 1;
        }
        let operation = ForecastOperation::StoreModel { model: hash, parts };
        self.world.must("APC", op(operation));
    }

    /// The request for a schedule of a stored package.
    pub(crate) fn asked(&self, day: Day, package: Option<Hash>) -> Operation {
        let claim = |package: Hash| {
            let stored: Option<PackageState> = self.world.get(key_for_package(package));
            let models: Vec<ModelClaim> = stored.map(|s| s.models).unwrap_or_default();
            PackageClaim { package, models }
        };
        op(ForecastOperation::Publish(Asked {
            parties: self.parties(),
            day,
            package: package.map(claim),
        }))
    }

    /// Everything that happens on the day before a day: readings, commitment, reveal.
    pub(crate) fn eve(&mut self, day: Day, reveals: bool) {
        let before = day.plus(-1);
        let begin = self.calendar.begin(before);
        self.at(before, 9 * HOUR);
        self.post_until(begin.plus(9));
        if reveals {
            let committed = self.commit(day);
            assert!(committed.contains("Committed"), "{committed}");
        }
        self.at(before, 10 * HOUR + 30 * MINUTE);
        self.post_until(begin.plus(10));
        if reveals {
            let reveal = self.reveal_of(day);
            self.world
                .must("DUK", op(ForecastOperation::Reveal(reveal)));
        }
        self.at(before, 11 * HOUR + 5 * MINUTE);
    }

    /// The eve of a day and its schedule.
    pub(crate) fn publish(&mut self, day: Day, reveals: bool, package: Option<Hash>) -> PriceDay {
        self.eve(day, reveals);
        let asked = self.asked(day, package);
        let receipt = self.world.must("REG", asked);
        let Some(Effect::Forecast(ForecastEffect::Published { prices, .. })) = receipt.effect()
        else {
            unreachable!("{receipt:?}")
        };
        assert_eq!(self.prices(day).as_ref(), Some(prices));
        prices.clone()
    }

    pub(crate) fn prices(&self, day: Day) -> Option<PriceDay> {
        let key = key_for_prices(self.agreement.id(), day);
        self.world.get::<PriceDay>(key).filter(|p| p.day == day)
    }

    pub(crate) fn score(&mut self, day: Day) -> String {
        let stake = self.agreement.forecast.as_ref().and_then(|t| t.stake);
        let operation = ForecastOperation::Score {
            parties: self.parties(),
            day,
            currency: stake.map(|_| self.agreement.currency),
        };
        self.world.outcome("APC", op(operation))
    }

    pub(crate) fn scores(&self) -> ScoreState {
        self.world
            .get(key_for_score(self.agreement.id()))
            .unwrap_or_default()
    }

    /// A charge that begins at a time of a day, everything before its settlement done.
    pub(crate) fn charge(&mut self, number: u8, day: Day, ms: i64, load_bps: u32) -> Charge {
        let start = self.calendar.begin(day).start().plus(ms);
        if self.world.time < start {
            self.at(day, ms);
        }
        let mut charge = Charge::new("APC", "DUK", number);
        charge.agreement = self.agreement.clone();
        charge.guarantee.agreement = self.agreement.id();
        charge.guarantee.valid_until = start.plus(DAY);
        charge.start = start;
        charge.expires_at = start.plus(2 * HOUR);
        charge.load_bps = load_bps;
        charge.day = Some(day);
        self.world.must("DUK", place(&charge));
        charge
    }

    /// Settles a charge after it ended; one line.
    pub(crate) fn settle(&mut self, charge: &Charge) -> String {
        let end = charge.start.plus(HOUR);
        self.world.time = Time(self.world.time.0.max(end.0));
        self.world.outcome("DUK", settle(charge.settlement()))
    }
}
