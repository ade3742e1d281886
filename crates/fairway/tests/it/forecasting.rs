//! A member takes part in the forecast by itself: four processes, a made-up load, models stored by the command line, a killed node, and the day's prices.

use crate::stage::{PATIENCE, folder, program};
use fairway::demo::members::{Cast, UTILITIES, everybody};
use fairway::demo::setup::{self, agreement};
use fairway::demo::world::{BEGIN_MS, Plan, World};
use fairway_forecast::bias::BiasRule;
use fairway_forecast::calendar::Calendar;
use fairway_forecast::ensemble::Package;
use fairway_forecast::spec::{Anchor, Feature, FeatureSpec};
use fairway_forecast::track::{LEVELS, RATE};
use fairway_forecast::trees::{Model, Tree};
use fairway_ledger::forecast::bounds::ISSUE;
use fairway_ledger::worded;
use fairway_model::canonical::Canonical;
use fairway_model::time::HOUR;
use fairway_model::{Agreement, AgreementId, CurvePoint, ForecastTerms, Time};
use fairway_utility::command::{Command, Reply};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Demonstration seconds per second: an hour in six seconds.
const SPEED: u32 = 600;

const ALABAMA: Cast = UTILITIES[0];
const DUKE: Cast = UTILITIES[1];

fn terms() -> ForecastTerms {
    let point = |level, bps| CurvePoint { level, bps };
    ForecastTerms {
        curve: vec![point(50, 8_000), point(950, 12_000)],
        step_bps: 1_500,
        notice_hours: 6,
        skill_days: 14,
        weekday_bps: vec![9_000; 24],
        weekend_bps: vec![9_000; 24],
        spare: None,
        stake: None,
    }
}

/// Models that add a constant to the member's own forecast.
fn package() -> (Package, Vec<Model>) {
    let spec = FeatureSpec {
        features: vec![Feature::LocalHour, Feature::Forecast { shift: 0 }],
        anchor: Anchor::Forecast,
        bias: BiasRule::FORTNIGHT,
        horizon: ISSUE.horizon(),
        calendars: vec![Calendar::us_eastern().unwrap().hash()],
    };
    let models = [-60_000, -40_000, 0, 40_000, 60_000].map(|off| {
        let tree = Tree {
            splits: Vec::new(),
            leaves: vec![off],
        };
        Model::new(spec.hash(), 2, 0, 0, vec![tree]).unwrap()
    });
    let package = Package {
        spec,
        levels: LEVELS.to_vec(),
        models: models.iter().map(|m| vec![m.hash()]).collect(),
        rate: RATE,
        issue: ISSUE,
    };
    (package, models.to_vec())
}

/// A running consortium whose day begins at an hour of the Eastern clock.
struct Region {
    world: World,
}

impl Region {
    async fn open(name: &str, hour: i64) -> Self {
        fairway::node::tls::install_provider();
        let plan = Plan {
            folder: folder(name),
            seed: 21,
            speed: SPEED,
            // The demonstration begins at ten.
            begin_ms: BEGIN_MS + (hour - 10) * HOUR,
            program: program(),
            databases: BTreeMap::new(),
            lines: false,
            pages: None,
            forecast: false,
        };
        let mut world = World::prepare(&plan).unwrap();
        let config = world.folder.join("duke/fairway.toml");
        let mut text = std::fs::read_to_string(&config).unwrap();
        text.push_str("\n[load]\narea = \"DUK-NC\"\ncalendar = \"us-eastern\"\nevery_s = 600\n\n[load.synthetic]\nseed = 5\nmean_kw = 10000000\n");
        std::fs::write(&config, text).unwrap();
        for member in everybody() {
            world.start(member).unwrap();
        }
        for member in everybody() {
            world.ready(member).await.unwrap();
        }
        setup::consortium(&world, 21, &[]).await.unwrap();
        Self { world }
    }

    fn config(&self, cast: Cast) -> PathBuf {
        self.world.folder.join(cast.folder).join("fairway.toml")
    }

    /// What the program says to a command line of a member.
    fn say(&self, cast: Cast, words: &[&str]) -> Result<String, String> {
        let output = std::process::Command::new(program())
            .args(words)
            .arg("--config")
            .arg(self.config(cast))
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            Err(text(&output.stderr))
        }
    }

    fn show(&self, cast: Cast) -> Value {
        let text = self.say(cast, &["ledger", "forecast", "show", "--json"]);
        serde_json::from_str(&text.unwrap()).unwrap()
    }

    /// Stores the models and the package with the command line.
    fn store(&self, place: &Path, package: &Package, models: &[Model]) {
        for (number, model) in models.iter().enumerate() {
            let file = place.join(format!("model-{number}"));
            std::fs::write(&file, model.to_bytes()).unwrap();
            let words = ["ledger", "forecast", "store-model", file.to_str().unwrap()];
            let said = self.say(DUKE, &words).unwrap();
            assert!(said.contains("final in block"), "{said}");
        }
        let file = place.join("package");
        std::fs::write(&file, package.to_bytes()).unwrap();
        let words = [
            "ledger",
            "forecast",
            "store-package",
            file.to_str().unwrap(),
        ];
        assert!(self.say(DUKE, &words).unwrap().contains("final in block"));
    }

    /// An agreement that follows the forecast, signed by both.
    async fn agree(&self, package: &Package) -> AgreementId {
        let before = agreement(ALABAMA, DUKE, Time(BEGIN_MS)).unwrap();
        let agreed = worded(Agreement {
            version: 2,
            forecast: Some(terms()),
            model: Some(package.hash()),
            ..before
        });
        let id = agreed.id();
        let propose = Command::ProposeAgreement(Box::new(agreed));
        let duke = self.world.client(DUKE).unwrap();
        duke.command(&propose).await.unwrap();
        let alabama = self.world.client(ALABAMA).unwrap();
        let begin = fairway::environment::instant();
        loop {
            let Reply::Status(status) = alabama.command(&Command::Status).await.unwrap() else {
                panic!("no status")
            };
            if status.proposals.contains(&id) {
                break;
            }
            assert!(begin.elapsed() < PATIENCE, "no proposal");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let sign = Command::Countersign(id);
        alabama.command(&sign).await.unwrap();
        id
    }

    /// Waits until something holds of what a member shows.
    async fn until(&self, cast: Cast, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let begin = fairway::environment::instant();
        loop {
            let found = self.show(cast);
            if holds(&found) {
                return found;
            }
            assert!(begin.elapsed() < PATIENCE * 2, "{what}: {found:#}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

fn step<'a>(found: &'a Value, day: &str) -> &'a str {
    let own = found["report"]["own"].as_array().unwrap();
    let of_day = own.iter().find(|own| own["day"] == day);
    of_day.and_then(|own| own["step"].as_str()).unwrap_or("")
}

fn prices<'a>(found: &'a Value, day: &str) -> Option<&'a Value> {
    let days = found["agreements"][0]["days"].as_array()?;
    days.iter().find(|prices| prices["day"] == day)
}

/// From an empty ledger to the prices of tomorrow, with a kill in between. Nobody sends a step by hand but the models.
#[tokio::test(flavor = "multi_thread")]
async fn process_takes_part_in_the_forecast_by_itself() {
    let mut region = Region::open("forecasting", 4).await;
    let place = folder("forecasting-models");
    let (package, models) = package();
    region.store(&place, &package, &models);
    region.agree(&package).await;
    let tomorrow = "2026-11-17";
    region
        .until(DUKE, "a commitment", |found| {
            step(found, tomorrow).starts_with("committed") || step(found, tomorrow) == "revealed"
        })
        .await;
    region.world.kill(DUKE).await.unwrap();
    region.world.start(DUKE).unwrap();
    region.world.ready(DUKE).await.unwrap();
    let found = region
        .until(ALABAMA, "tomorrow's prices", |found| {
            prices(found, tomorrow).is_some()
        })
        .await;
    let day = prices(&found, tomorrow).unwrap();
    assert_eq!(day["table"], Value::Null, "{found:#}");
    let bps = day["bps"].as_array().unwrap();
    assert_eq!(bps.len(), 24);
    assert!(bps.iter().any(|b| *b != bps[0]));
    let duke = region.show(DUKE);
    assert_eq!(step(&duke, tomorrow), "revealed");
    assert_eq!(duke["report"]["synthetic"], true);
    assert!(duke["report"]["readings"]["taken"].as_u64().unwrap() > 90 * 24);
    let text = region.say(DUKE, &["ledger", "forecast", "show"]).unwrap();
    assert!(text.contains("SYNTHETIC load that nobody has"), "{text}");
    assert!(text.contains("the forecast sets"), "{text}");
    let none = region
        .say(ALABAMA, &["ledger", "forecast", "show"])
        .unwrap();
    assert!(none.contains("reports no load"), "{none}");
    // A file by hand: whole or not at all, and only where an area is named.
    let file = place.join("loads.csv");
    std::fs::write(&file, "utc,demand_mwh,df_mwh\n2026-11-16T07:00:00Z,x,1\n").unwrap();
    let words = ["load", "post", file.to_str().unwrap()];
    let bad = region.say(DUKE, &words).unwrap_err();
    assert!(bad.contains("line 2"), "{bad}");
    let none = region.say(ALABAMA, &words).unwrap_err();
    assert!(none.contains("names no area"), "{none}");
    region.world.stop().await;
    let _ = std::fs::remove_dir_all(&region.world.folder);
    let _ = std::fs::remove_dir_all(place);
}
