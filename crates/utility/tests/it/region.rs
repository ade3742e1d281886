//! Two utilities whose agreement follows the forecast: loads that are fed hour by hour, models made by hand, and time that passes.

use crate::setup::*;
use crate::world::World;
use fairway_forecast::bias::BiasRule;
use fairway_forecast::calendar::Calendar;
use fairway_forecast::ensemble::Package;
use fairway_forecast::hour::{Day, Hour};
use fairway_forecast::spec::{Anchor, Feature, FeatureSpec};
use fairway_forecast::synthetic::Synthetic;
use fairway_forecast::track::{LEVELS, RATE};
use fairway_forecast::trees::{Model, Tree};
use fairway_forecast::view::Inputs;
use fairway_ledger::forecast::bounds::{ISSUE, MAX_PART_BYTES};
use fairway_ledger::forecast::op::{ForecastOperation, ModelPart};
use fairway_ledger::forecast::state::{PriceDay, Reading, key_for_prices};
use fairway_ledger::worded;
use fairway_model::canonical::Canonical;
use fairway_model::time::{HOUR, MINUTE};
use fairway_model::{Agreement, CurvePoint, ForecastTerms, Hash, MemberId, Time};
use fairway_utility::Report;
use fairway_utility::command::{AreaReport, Command, ForecastView, Loads, OwnStep, Reply};
use fairway_utility::door::Input;

/// Days of history: enough for the percentiles of a year.
pub(crate) const HISTORY: i64 = 100;

pub(crate) fn calendar() -> Calendar {
    Calendar::us_eastern().unwrap()
}

/// The local day of the first block: a Tuesday in November.
pub(crate) fn today() -> Day {
    calendar().local(Hour::of(START)).day
}

pub(crate) fn terms() -> ForecastTerms {
    let point = |level, bps| CurvePoint { level, bps };
    ForecastTerms {
        curve: vec![point(50, 8_000), point(500, 10_000), point(950, 12_000)],
        step_bps: 1_500,
        notice_hours: 6,
        skill_days: 14,
        weekday_bps: (0..24).map(|hour| 9_001 + hour).collect(),
        weekend_bps: (0..24).map(|hour| 9_501 + hour).collect(),
        spare: None,
        stake: None,
    }
}

fn spec() -> FeatureSpec {
    FeatureSpec {
        features: vec![Feature::LocalHour, Feature::Forecast { shift: 0 }],
        anchor: Anchor::Forecast,
        bias: BiasRule::FORTNIGHT,
        horizon: ISSUE.horizon(),
        calendars: vec![calendar().hash()],
    }
}

/// Models that say a constant each, `lean` millionths of the mean load above what is right.
fn models(lean: i64) -> Vec<Model> {
    [-60_000, -40_000, 0, 40_000, 60_000]
        .map(|off| {
            let tree = Tree {
                splits: Vec::new(),
                leaves: vec![off],
            };
            Model::new(spec().hash(), 2, 0, lean, vec![tree]).unwrap()
        })
        .to_vec()
}

pub(crate) fn package(lean: i64) -> Package {
    Package {
        spec: spec(),
        levels: LEVELS.to_vec(),
        models: models(lean).iter().map(|m| vec![m.hash()]).collect(),
        rate: RATE,
        issue: ISSUE,
    }
}

fn put(world: &mut World, member: MemberId, operation: ForecastOperation) {
    let command = Command::Forecast(Box::new(operation));
    world.command(member, command).unwrap();
    world.run(2_000);
}

/// Stores models and their package.
pub(crate) fn store(world: &mut World, by: MemberId, models: &[Vec<u8>], package: &Package) {
    for bytes in models {
        let model = Model::read(bytes).unwrap().hash();
        let mut parts = 0;
        for part in bytes.chunks(MAX_PART_BYTES) {
            let bytes = part.to_vec();
            let part = ModelPart {
                model,
                part: parts,
                bytes,
            };
            put(world, by, ForecastOperation::StorePart(part));
            parts += 1;
        }
        put(world, by, ForecastOperation::StoreModel { model, parts });
    }
    let package = Box::new(package.clone());
    put(world, by, ForecastOperation::StorePackage { package });
}

/// The load that a member has.
fn made(member: MemberId) -> Inputs {
    Synthetic {
        seed: if member == duke() { 5 } else { 6 },
        mean: 10_000_000,
        first: today().plus(-HISTORY),
        days: 130,
        lean: 0,
    }
    .make(&calendar())
}

/// What is not as it should be in what a member feeds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Feeding {
    /// Readings are fed.
    pub(crate) loads: bool,
    /// The own forecast is fed.
    pub(crate) forecasts: bool,
    /// By how many hundredths readings are multiplied.
    pub(crate) percent: i64,
}

pub(crate) const WELL: Feeding = Feeding {
    loads: true,
    forecasts: true,
    percent: 100,
};

/// The utilities of the region.
pub(crate) struct Region {
    pub(crate) world: World,
    pub(crate) calendar: Calendar,
    pub(crate) agreement: Agreement,
    data: Inputs,
    driver: Driver,
    /// How Duke feeds.
    pub(crate) feeding: Feeding,
    /// The hour after the last that was fed.
    next: Hour,
}

impl Region {
    /// Duke reports its load; Alabama's drivers pay by its forecast. Books, history and package are on the ledger.
    pub(crate) fn new() -> Self {
        Self::with(|_| {}, &package(0), &models(0))
    }

    /// The same with other terms, and with other models, which are stored before the terms name them.
    pub(crate) fn with(
        edit: impl FnOnce(&mut Agreement),
        package: &Package,
        models: &[Model],
    ) -> Self {
        let mut configs = vec![config(alabama(), 1), config(duke(), 2)];
        configs[1].report = Some(Report {
            area: "DUK-west".to_owned(),
            calendar: calendar(),
            synthetic: true,
        });
        let mut world = World::new(configs, members(), START);
        furnish(&mut world);
        let bytes: Vec<Vec<u8>> = models.iter().map(Canonical::to_bytes).collect();
        store(&mut world, duke(), &bytes, package);
        let mut agreed = Agreement {
            version: 2,
            forecast: Some(terms()),
            model: Some(package.hash()),
            ..agreement(alabama(), duke())
        };
        edit(&mut agreed);
        let agreement = worded(agreed);
        let propose = Command::ProposeAgreement(Box::new(agreement.clone()));
        world.command(duke(), propose).unwrap();
        world.run(2_000);
        let countersign = Command::Countersign(agreement.id());
        world.command(alabama(), countersign).unwrap();
        world.run(2_000);
        let data = made(duke());
        let mut region = Self {
            world,
            calendar: calendar(),
            agreement,
            next: data.load.start(),
            data,
            driver: Driver::at(duke(), 1),
            feeding: WELL,
        };
        region.feed();
        region.world.run(60_000);
        region
    }

    fn readings(&self, from: Hour, until: Hour) -> Vec<Reading> {
        let hours = (from.0..until.0).map(Hour);
        hours
            .map(|hour| Reading {
                hour,
                kw: self.data.load.get(hour).unwrap() * self.feeding.percent / 100,
            })
            .collect()
    }

    /// Feeds what the source has now: hours since the last time, and the forecast of the next two days.
    pub(crate) fn feed(&mut self) {
        let present = Hour::of(self.world.now);
        let mut loads = Loads {
            source: "a synthetic load of a test".to_owned(),
            ..Loads::default()
        };
        if self.feeding.loads {
            loads.loads = self.readings(self.next, present);
            self.next = present;
        }
        if self.feeding.forecasts {
            let own = self.data.forecast.as_ref().unwrap();
            let hours = (present.0..present.0 + 48).map(Hour);
            loads.forecasts = hours
                .map(|hour| Reading {
                    hour,
                    kw: own.get(hour).unwrap(),
                })
                .collect();
        }
        self.world.input(duke(), Input::Loads(Box::new(loads)));
    }

    /// Feeds one reading.
    pub(crate) fn feed_one(&mut self, hour: Hour, kw: i64, confirm: bool) -> Reply {
        let loads = Loads {
            source: "by hand".to_owned(),
            loads: vec![Reading { hour, kw }],
            confirm,
            ..Loads::default()
        };
        let command = Command::PutLoads(Box::new(loads));
        self.world.command(duke(), command).unwrap()
    }

    /// What the load of an hour really is.
    pub(crate) fn load(&self, hour: Hour) -> i64 {
        self.data.load.get(hour).unwrap()
    }

    /// The time of a local day.
    pub(crate) fn time(&self, day: Day, ms: i64) -> Time {
        self.calendar.begin(day).start().plus(ms)
    }

    /// Lets time pass without feeding: from one wake to the next, on whole seconds.
    pub(crate) fn sleep_until(&mut self, until: Time) {
        while self.world.now < until {
            let wakes = self.world.hosts.values().filter_map(|host| host.wake);
            let soon = self.world.now.plus(1_000);
            let busy = !self.world.mempool.is_empty() || !self.world.packets.is_empty();
            let next = if busy {
                soon
            } else {
                wakes.min().unwrap_or(until).min(until).max(soon)
            };
            let second = next.0.div_euclid(1_000) * 1_000;
            self.world.now = Time(second.max(self.world.now.0 + 50) - 50);
            self.world.step();
        }
    }

    /// Lets time pass; each hour has its reading two minutes after its end.
    pub(crate) fn pass_until(&mut self, until: Time) {
        while self.world.now < until {
            let next = Hour::of(self.world.now).plus(1).start().plus(2 * MINUTE);
            self.sleep_until(next.min(until));
            if self.world.now >= next {
                self.feed();
            }
        }
    }

    /// Whoever was off runs again.
    pub(crate) fn all_on(&mut self) {
        self.world.off.clear();
        for member in [alabama(), duke()] {
            self.world.input(member, Input::Tick);
        }
        self.sleep_until(self.world.now.plus(MINUTE));
    }

    /// Passes to a time of a local day.
    pub(crate) fn pass_to(&mut self, day: Day, ms: i64) {
        let until = self.time(day, ms);
        self.pass_until(until);
    }

    pub(crate) fn prices(&self, day: Day) -> Option<PriceDay> {
        let key = key_for_prices(self.agreement.id(), day);
        let found: Option<PriceDay> = self.world.value(key);
        found.filter(|prices| prices.day == day)
    }

    /// When the block of a day's prices was made.
    pub(crate) fn priced_at(&self, day: Day) -> Time {
        let height = self.prices(day).unwrap().height;
        self.world.blocks[height as usize - 1].time
    }

    pub(crate) fn view(&mut self, member: MemberId) -> ForecastView {
        let Ok(Reply::Forecast(view)) = self.world.command(member, Command::ShowForecast) else {
            panic!("no view");
        };
        *view
    }

    pub(crate) fn report(&mut self) -> AreaReport {
        self.view(duke()).report.unwrap()
    }

    pub(crate) fn own_step(&mut self, day: Day) -> Option<OwnStep> {
        let own = self.report().own.into_iter();
        own.filter(|own| own.day == day).map(|own| own.step).next()
    }

    /// The multiplier of an offer at a time of a day, and the sentences on the screen and on the bill.
    pub(crate) fn charge_at(&mut self, day: Day, ms: i64) -> Charged {
        self.pass_to(day, ms);
        let mut driver = core::mem::replace(&mut self.driver, Driver::at(duke(), 1));
        driver.reconnect(&mut self.world);
        let view = driver.offer(&mut self.world, &cin(alabama(), 1));
        assert_eq!(driver.consent(&mut self.world, true), None);
        driver.begin_and_end(&mut self.world);
        self.driver = driver;
        self.world.run(5_000);
        let trace = self.world.utility(alabama());
        let trace = trace.session_trace(view.session).unwrap();
        assert_eq!(trace.summary.state, "settled", "{:?}", self.world.errors());
        let bill = Command::Bill {
            cin: cin(alabama(), 1),
            year: 2026,
            month: 11,
        };
        let Ok(Reply::Bill(bill)) = self.world.command(alabama(), bill) else {
            panic!("no bill")
        };
        let lines = bill.lines.iter();
        let line = lines.clone().find(|line| line.session == view.session);
        Charged {
            bps: trace.offer.unwrap().offer.adjustments.load_bps,
            screen: view.lines.clone(),
            bill: line.and_then(|line| line.quoted.clone()).unwrap().reasons,
        }
    }
}

/// What a charge cost, and why.
pub(crate) struct Charged {
    pub(crate) bps: u32,
    pub(crate) screen: Vec<String>,
    pub(crate) bill: Vec<String>,
}

impl Charged {
    /// Whether screen and bill both say it.
    pub(crate) fn says(&self, words: &str) -> bool {
        let said = |all: &[String]| all.iter().any(|line| line.contains(words));
        said(&self.screen) && said(&self.bill)
    }
}

/// The hash of a package that leans.
pub(crate) fn leaning(lean: i64) -> (Package, Vec<Model>, Hash) {
    let package = package(lean);
    let hash = package.hash();
    (package, models(lean), hash)
}

/// Hours in milliseconds.
pub(crate) const H: i64 = HOUR;
