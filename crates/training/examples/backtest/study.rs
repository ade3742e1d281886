//! One hour of issue, with or without published forecasts, over all authorities.

use crate::options::{Options, code, kind_of, name};
use crate::{export, report, rivals, store};
use fairway_forecast::backtest::{Fold, Issue, Published, Replay, Rows, folds};
use fairway_forecast::ensemble::Voices;
use fairway_forecast::hour::Day;
use fairway_forecast::spec::FeatureSpec;
use fairway_forecast::track::{LEVELS, MEDIAN, Tracker};
use fairway_forecast::trees::{Model, Recipe, Table};
use fairway_training::candidate::{self, Effort, Looks, Size};
use fairway_training::search::{Member, rows_of, spec_of};

/// Days between two trainings.
const REFIT_DAYS: u16 = 183;
/// The seed of the trees' choices.
const SEED: u64 = 1;

/// One authority with its rows.
pub(crate) struct Ground<'a> {
    pub(crate) member: &'a Member,
    pub(crate) rows: Rows,
}

/// What a forecast was made for, in the names of figures and files.
pub(crate) fn title(member: &Member, issue: Issue, forecast: bool) -> String {
    format!("{}-{}-{}", code(member), name(issue), kind_of(forecast))
}

pub(crate) fn looks(forecast: bool) -> Looks {
    Looks {
        forecast,
        temperature: false,
        // With its own forecast a member learns nothing from its neighbours.
        neighbours: !forecast,
    }
}

/// The columns for all members.
pub(crate) fn spec(members: &[Member], issue: Issue, forecast: bool) -> FeatureSpec {
    spec_of(looks(forecast), issue, members)
}

pub(crate) fn grounds<'a>(
    members: &'a [Member],
    spec: &FeatureSpec,
    issue: Issue,
    last: Day,
) -> Result<Vec<Ground<'a>>, String> {
    let ground = |member: &'a Member| {
        let rows = rows_of(member, spec, issue, Day(0), last)?;
        Ok(Ground { member, rows })
    };
    members.iter().map(ground).collect()
}

/// The recipe of `--effort full`; without a forecast there is more to learn, and trees are larger.
pub(crate) fn recipe(level: u16, forecast: bool, pooled: bool) -> Recipe {
    let size = if forecast { Size::Small } else { Size::Large };
    candidate::recipe(Effort::Full, size, level, pooled, SEED)
}

/// The cuts of the period.
pub(crate) fn cuts(options: &Options, issue: Issue) -> Vec<Fold> {
    folds(options.first, options.last, REFIT_DAYS, issue)
}

pub(crate) fn run(
    options: &Options,
    members: &[Member],
    issue: Issue,
    forecast: bool,
) -> Result<(), String> {
    let spec = spec(members, issue, forecast);
    let grounds = grounds(members, &spec, issue, options.last)?;
    let folds = cuts(options, issue);
    if let Some(folder) = &options.export {
        return export::tables(folder, issue, forecast, &grounds, &folds);
    }
    let levels: &[u16] = if options.point { &[MEDIAN] } else { &LEVELS };
    let wanted: Vec<&Ground<'_>> = grounds.iter().filter(|g| options.wants(g.member)).collect();
    let speaking = wanted.iter().map(|_| Speaking::new(levels, spec.rate()));
    let mut speaking = speaking.collect::<Result<Vec<_>, _>>()?;
    for fold in &folds {
        let all: Vec<&Ground<'_>> = grounds.iter().collect();
        let training = Training {
            options,
            spec: &spec,
            fold: *fold,
            levels,
            forecast,
        };
        let pooled = training.models(&all)?;
        for (ground, speaking) in wanted.iter().zip(&mut speaking) {
            let own = training.models(&[*ground])?;
            speaking.take(&ground.rows, *fold, &own, &pooled);
        }
    }
    for (ground, speaking) in wanted.iter().zip(speaking) {
        let mut all = vec![
            ("model".to_owned(), speaking.both.published),
            ("own".to_owned(), speaking.own.published),
            ("pooled".to_owned(), speaking.pooled.published),
        ];
        all.extend(rivals::simple_ones(options, ground, forecast));
        if let Some(folder) = &options.peers {
            all.extend(rivals::answers(folder, options, ground, issue, forecast)?);
        }
        report::tell(options, ground.member, issue, forecast, levels, &all);
    }
    Ok(())
}

/// What all trainings of a fold have in common.
struct Training<'a> {
    options: &'a Options,
    spec: &'a FeatureSpec,
    fold: Fold,
    levels: &'a [u16],
    forecast: bool,
}

impl Training<'_> {
    /// One model per level over the rows of some members.
    fn models(&self, grounds: &[&Ground<'_>]) -> Result<Vec<Model>, String> {
        let mut table = Table::new(self.spec.features.len());
        for ground in grounds {
            table.append(&ground.rows.span(Day(0), self.fold.known_before));
        }
        let one = |level: &u16| {
            let recipe = recipe(*level, self.forecast, grounds.len() > 1);
            store::model(self.options, self.spec, &table, &recipe)
        };
        self.levels.iter().map(one).collect()
    }
}

/// One way to speak over all folds.
struct Voice {
    replay: Replay,
    published: Vec<Published>,
}

impl Voice {
    fn new(levels: &[u16], rate: u16) -> Result<Self, String> {
        let tracker = Tracker::new(levels, rate).ok_or("levels are not sound")?;
        Ok(Self {
            replay: Replay::new(tracker),
            published: Vec::new(),
        })
    }

    fn take(&mut self, rows: &Rows, fold: Fold, models: Vec<Vec<Model>>) {
        let found = self.replay.fold(rows, fold, &Voices::new(models));
        self.published.extend(found);
    }
}

/// A member's own model, the pooled one, and the mean of both.
struct Speaking {
    own: Voice,
    pooled: Voice,
    both: Voice,
}

impl Speaking {
    fn new(levels: &[u16], rate: u16) -> Result<Self, String> {
        Ok(Self {
            own: Voice::new(levels, rate)?,
            pooled: Voice::new(levels, rate)?,
            both: Voice::new(levels, rate)?,
        })
    }

    fn take(&mut self, rows: &Rows, fold: Fold, own: &[Model], pooled: &[Model]) {
        let single = |models: &[Model]| models.iter().map(|m| vec![m.clone()]).collect();
        let both = own.iter().zip(pooled);
        let both = both.map(|(a, b)| vec![a.clone(), b.clone()]).collect();
        self.own.take(rows, fold, single(own));
        self.pooled.take(rows, fold, single(pooled));
        self.both.take(rows, fold, both);
    }
}
