//! A forecast that moves prices: Duke's made-up load, models trained on it, and the agreement with Georgia Power that follows them.
//!
//! The load is [`Synthetic`], and the node posts it as any member posts its own. What is done here once is what a utility's engineers
//! do with `fairway forecast train` and `fairway ledger forecast`: train five quantiles on the last year, store them, and have both agree on them.

use super::members::{Cast, UTILITIES};
use super::world::World;
use crate::cli::ledger_forecast::storing;
use crate::cli::submit::Desk;
use crate::config::{Load, SyntheticLoad};
use crate::environment::Clock;
use crate::forecast::feed;
use fairway_forecast::backtest::{Issue, Rows};
use fairway_forecast::calendar::Calendar;
use fairway_forecast::columns::Extras;
use fairway_forecast::ensemble::Package;
use fairway_forecast::hour::{Day, Hour};
use fairway_forecast::series::Series;
use fairway_forecast::spec::FeatureSpec;
use fairway_forecast::track::LEVELS;
use fairway_forecast::trees::{Inline, Model, train};
use fairway_forecast::view::{Inputs, View};
use fairway_ledger::Operation;
use fairway_ledger::forecast::op::{ForecastOperation, LineProposal, Pack, Parties};
use fairway_model::canonical::Canonical as _;
use fairway_model::forecast::{CurvePoint, ForecastTerms};
use fairway_model::{AgreementId, Hash, Time};
use fairway_training::candidate::{self, Effort, Size};

/// Whose drivers pay by the forecast, and whose load it is.
const HOME: Cast = UTILITIES[2];
const VISITED: Cast = UTILITIES[1];
/// Clock and holidays of the load's region.
const REGION: &str = "us-eastern";
/// Of the load's weather and noise.
const SEED: u64 = 7;
/// Mean load in kilowatts: about a large utility's.
const MEAN_KW: i64 = 10_000_000;
/// Pause between two looks at the load, in seconds of the demonstration's clock.
const EVERY_S: u32 = 600;
/// Percentile of the last year's load in thousandths, and what energy prices are multiplied with there, in basis points.
const CURVE: [(u16, u32); 5] = [
    (50, 8_500),
    (300, 9_500),
    (600, 10_000),
    (900, 11_500),
    (980, 13_000),
];
/// Blocks between the proposal of a package and the first that it forecasts.
const AHEAD: u64 = 60;

/// Whether an agreement of the demonstration follows the forecast.
pub(super) fn concerns(home: Cast, visited: Cast) -> bool {
    (home.id, visited.id) == (HOME.id, VISITED.id)
}

/// What a member's configuration says of its load; nothing where it reports none.
pub(super) fn load(cast: Cast) -> Option<Load> {
    (cast.id == VISITED.id).then(|| Load {
        area: cast.area.to_owned(),
        calendar: REGION.to_owned(),
        file: None,
        url: None,
        authority: None,
        every_s: EVERY_S,
        clock_is_right: false,
        synthetic: Some(SyntheticLoad {
            seed: SEED,
            mean_kw: MEAN_KW,
        }),
    })
}

/// What both sign about the forecast. Without one the table leaves weekdays as they are and makes weekends a little cheaper.
pub(super) fn terms() -> ForecastTerms {
    let point = |(level, bps)| CurvePoint { level, bps };
    ForecastTerms {
        curve: CURVE.into_iter().map(point).collect(),
        step_bps: 2_000,
        notice_hours: 6,
        skill_days: 30,
        weekday_bps: vec![10_000; 24],
        weekend_bps: vec![9_500; 24],
        spare: None,
        stake: None,
    }
}

/// What is needed to have a package agreed on, apart from the world, which goes on meanwhile.
pub(super) struct Foresight {
    visited: Desk,
    home: Desk,
    clock: Clock,
    agreement: AgreementId,
}

impl Foresight {
    /// The desks of both parties, and their agreement.
    pub(super) fn of(world: &World, agreement: AgreementId) -> Self {
        let desk = |cast: Cast| Desk::of(world.folder.join(cast.folder).join("fairway.toml"));
        Self {
            visited: desk(VISITED),
            home: desk(HOME),
            clock: world.clock,
            agreement,
        }
    }

    /// Trains, stores, and has both agree.
    ///
    /// # Errors
    /// What was refused; then the agreed table prices, which is not the end of the demonstration.
    pub(super) async fn agree(self) -> Result<(), String> {
        let now = self.clock.now();
        let made = tokio::task::spawn_blocking(move || trained(now));
        let (package, models) = made.await.map_err(|e| e.to_string())??;
        for model in &models {
            self.store(model).await?;
        }
        let hash = package.hash();
        let package = Box::new(package);
        post(&self.visited, ForecastOperation::StorePackage { package }).await?;
        let proposal = LineProposal {
            parties: Parties {
                agreement: self.agreement,
                home: HOME.member()?,
                visited: VISITED.member()?,
            },
            pack: Pack {
                package: hash,
                spare: Some(hash),
            },
            from: self.visited.height().await?.saturating_add(AHEAD),
        };
        post(&self.visited, ForecastOperation::Propose(proposal)).await?;
        post(&self.home, ForecastOperation::Countersign(proposal)).await?;
        Ok(())
    }

    async fn store(&self, model: &Model) -> Result<(), String> {
        for operation in storing(model.hash(), &model.to_bytes()) {
            post(&self.visited, operation).await?;
        }
        Ok(())
    }
}

async fn post(desk: &Desk, operation: ForecastOperation) -> Result<(), String> {
    let operation = Operation::Forecast(Box::new(operation));
    desk.hand_in("the forecast", operation).await.map(drop)
}

/// Five quantiles of the load, learned from what the member has posted of it by now.
fn trained(now: Time) -> Result<(Package, Vec<Model>), String> {
    let calendar = Calendar::us_eastern().map_err(|e| e.to_string())?;
    let inputs = Inputs {
        load: known(&calendar, now)?,
        forecast: None,
        temperature: None,
        neighbours: Vec::new(),
    };
    let issue = Issue::TEN_THE_DAY_BEFORE;
    let spec = FeatureSpec::recommended(Extras::default(), issue.horizon(), &[calendar.hash()]);
    let view = View::new(&inputs, &calendar, &spec).map_err(|e| e.to_string())?;
    let day = |hour: Hour| calendar.local(hour).day;
    let (first, last) = (day(inputs.load.start()), day(Hour::of(now)));
    let rows = Rows::collect(&view, &inputs.load, issue, first.plus(30), last.plus(-1));
    let table = rows.span(Day(0), last);
    let mut models = Vec::new();
    for level in LEVELS {
        let recipe = candidate::recipe(Effort::Quick, Size::Small, level, false, SEED);
        let model = train(spec.hash(), &table, &recipe, &Inline).map_err(|e| e.to_string())?;
        models.push(model);
    }
    let names: Vec<Vec<Hash>> = models.iter().map(|model| vec![model.hash()]).collect();
    let package = Package {
        rate: spec.rate(),
        spec,
        levels: LEVELS.to_vec(),
        models: names,
        issue,
    };
    Ok((package, models))
}

/// The load as the member's node posts it.
fn known(calendar: &Calendar, now: Time) -> Result<Series, String> {
    let made = feed::made_up(SEED, MEAN_KW, calendar, now);
    let first = made.loads.first().ok_or("no load is known")?.hour;
    let loads = made.loads.iter().map(|reading| Some(reading.kw));
    Ok(Series::new(first, loads.collect()))
}
