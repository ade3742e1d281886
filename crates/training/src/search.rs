//! The search for a model: candidates by rolling origin, cut into jobs that train one model each.
//!
//! Invariant: a job's key is the hash of everything that its model depends on (columns, recipe, data, period), so a stored model is the right one wherever it
//! comes from: a search that was killed, another search, another machine.

use crate::candidate::{Candidate, Effort, Has, Looks, Size, Voice, recipe, roster};
use crate::dataset::Dataset;
use crate::simple;
use fairway_forecast::backtest::{Fold, Issue, Published, Replay, Rows, folds};
use fairway_forecast::calendar::Calendar;
use fairway_forecast::ensemble::Voices;
use fairway_forecast::hour::{Day, Hour};
use fairway_forecast::number::count;
use fairway_forecast::series::Series;
use fairway_forecast::spec::FeatureSpec;
use fairway_forecast::track::{LEVELS, RATE, Tracker};
use fairway_forecast::trees::{Model, Recipe, Table, Workers, train};
use fairway_forecast::view::{Inputs, View};
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// Domain label of a job's key.
pub const JOB_DOMAIN: &str = "fairway.training.job.v1";
/// The most members that are pooled.
pub const MAX_MEMBERS: usize = 16;
/// The most folds.
pub const MAX_FOLDS: u16 = 48;
/// The most days that are forecast in a search: four years.
pub const MAX_DAYS: i64 = 1_461;
/// The fewest days of load before the first forecast one.
pub const FEWEST_DAYS: i64 = 90;
/// Days at the beginning of a load of which no row is made, because nothing lies before them.
const SILENT_DAYS: i64 = 15;

/// A utility's data as the search needs them.
#[derive(Debug, Clone)]
pub struct Member {
    /// The data set's name.
    pub name: String,
    /// Its hash.
    pub data: Hash,
    /// Its region.
    pub calendar: Calendar,
    /// What models look at.
    pub inputs: Inputs,
    /// The measured loads, by which they are judged.
    pub truth: Series,
}

impl Member {
    /// A data set as a member, without neighbours.
    ///
    /// # Errors
    /// A data set without loads.
    pub fn of(dataset: &Dataset) -> Result<Self, String> {
        let hours = dataset.hours()?;
        if hours.last_load().is_none() {
            return Err(format!(
                "data set `{}` holds no load yet; import a file first",
                dataset.name()
            ));
        }
        Ok(Self {
            name: dataset.name().to_owned(),
            data: dataset.hash(),
            calendar: dataset.calendar().clone(),
            inputs: hours.inputs(),
            truth: hours.measured(),
        })
    }

    /// The last local day of whose every hour something is known; hours to come may follow.
    pub fn last_day(&self) -> Day {
        let loads = &self.inputs.load;
        let last = (loads.start().0..loads.end().0)
            .rev()
            .map(Hour)
            .find(|hour| loads.get(*hour).is_some());
        let last = last.unwrap_or(loads.start());
        let day = self.calendar.local(last).day;
        if self.calendar.local(last.plus(1)).day > day {
            day
        } else {
            day.plus(-1)
        }
    }

    fn first_day(&self) -> Day {
        self.calendar.local(self.inputs.load.start()).day
    }
}

/// Gives every member the sum of the others' loads as one neighbour.
pub fn introduce(members: &mut [Member]) {
    let loads: Vec<Series> = members.iter().map(|m| m.inputs.load.clone()).collect();
    for (place, member) in members.iter_mut().enumerate() {
        let others: Vec<&Series> = loads
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != place)
            .map(|(_, load)| load)
            .collect();
        if !others.is_empty() {
            member.inputs.neighbours = vec![Series::total(&others)];
        }
    }
}

/// What is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Plan {
    /// When a day's forecast is issued.
    #[n(0)]
    pub issue: Issue,
    /// The first day that is forecast.
    #[n(1)]
    pub first: Day,
    /// The last.
    #[n(2)]
    pub last: Day,
    /// Days between two trainings.
    #[n(3)]
    pub fold_days: u16,
    /// How much is spent.
    #[n(4)]
    pub effort: Effort,
    /// Seed of the trees' choices of columns.
    #[n(5)]
    pub seed: u64,
}

/// What the user asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// When a day's forecast is issued.
    pub issue: Issue,
    /// How many trainings.
    pub folds: u16,
    /// Days between two of them.
    pub fold_days: u16,
    /// How much is spent.
    pub effort: Effort,
    /// The seed.
    pub seed: u64,
    /// The last day; without it the last whole day of the data.
    pub last: Option<Day>,
}

impl Plan {
    /// A plan for a member's data.
    ///
    /// # Errors
    /// A wish that the data cannot fulfil, with what would be possible.
    pub fn make(member: &Member, wish: Wish) -> Result<Self, String> {
        if !(1..=MAX_FOLDS).contains(&wish.folds) || wish.fold_days == 0 {
            return Err(format!(
                "{} folds of {} days; 1 to {MAX_FOLDS} folds of at least one day are possible",
                wish.folds, wish.fold_days
            ));
        }
        if wish.issue.days_before > 1 || wish.issue.clock > 23 {
            return Err(
                "a day is forecast from an hour of the day itself or of the day before".to_owned(),
            );
        }
        let data = member.last_day();
        let last = wish.last.unwrap_or(data).min(data);
        let days = i64::from(wish.folds) * i64::from(wish.fold_days);
        let first = last.plus(1 - days);
        let before = first.0 - member.first_day().0;
        if days > MAX_DAYS || before < FEWEST_DAYS {
            let most = (last.0 - member.first_day().0 + 1 - FEWEST_DAYS).clamp(0, MAX_DAYS);
            return Err(format!(
                "{days} days are asked for; `{}` has room for {most}, because {FEWEST_DAYS} days come before them and at most {MAX_DAYS} are forecast",
                member.name
            ));
        }
        Ok(Self {
            issue: wish.issue,
            first,
            last,
            fold_days: wish.fold_days,
            effort: wish.effort,
            seed: wish.seed,
        })
    }

    /// The folds.
    pub fn folds(&self) -> Vec<Fold> {
        folds(self.first, self.last, self.fold_days, self.issue)
    }

    /// The training on everything, for the days after the last one.
    pub fn whole(&self) -> Fold {
        let next = self.last.plus(1);
        Fold {
            first: next,
            last: next,
            known_before: next,
        }
    }
}

/// One model to train.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Job {
    /// What it looks at.
    #[n(0)]
    pub looks: Looks,
    /// How large its trees are.
    #[n(1)]
    pub size: Size,
    /// Whether all members' rows are learned from.
    #[n(2)]
    pub pooled: bool,
    /// Days before this one are learned from.
    #[n(3)]
    pub known_before: Day,
    /// Its quantile in thousandths.
    #[n(4)]
    pub level: u16,
}

/// Columns and rows of all members for one way of looking.
#[derive(Debug)]
struct Ground {
    spec: FeatureSpec,
    rows: Vec<Rows>,
}

/// A search, ready to run.
#[derive(Debug)]
pub struct Search<'a> {
    plan: Plan,
    members: &'a [Member],
    candidates: Vec<Candidate>,
    grounds: BTreeMap<Looks, Ground>,
}

/// The columns for one way of looking, shared by all members.
pub fn spec_of(looks: Looks, issue: Issue, members: &[Member]) -> FeatureSpec {
    let calendars: Vec<Hash> = members.iter().map(|m| m.calendar.hash()).collect();
    FeatureSpec::recommended(looks.extras(), issue.horizon(), &calendars)
}

/// The rows of a member up to a day.
///
/// # Errors
/// A specification of another region.
pub fn rows_of(
    member: &Member,
    spec: &FeatureSpec,
    issue: Issue,
    first: Day,
    last: Day,
) -> Result<Rows, String> {
    let view =
        View::new(&member.inputs, &member.calendar, spec).map_err(|error| error.to_string())?;
    let first = first.max(member.first_day().plus(SILENT_DAYS));
    Ok(Rows::collect(&view, &member.truth, issue, first, last))
}

impl<'a> Search<'a> {
    /// A search over the first member's days, with the others to pool.
    ///
    /// # Errors
    /// No members, or too many.
    pub fn new(plan: Plan, members: &'a [Member]) -> Result<Self, String> {
        let own = members.first().ok_or("a search needs a data set")?;
        if members.len() > MAX_MEMBERS {
            return Err(format!(
                "{} data sets; at most {MAX_MEMBERS} are pooled",
                members.len()
            ));
        }
        let has = Has {
            forecast: own.inputs.forecast.is_some(),
            temperature: own.inputs.temperature.is_some(),
            others: members.len() > 1,
        };
        let candidates = roster(has, plan.effort);
        let mut grounds = BTreeMap::new();
        for candidate in &candidates {
            if let Candidate::Trees { looks, .. } = candidate
                && !grounds.contains_key(looks)
            {
                let spec = spec_of(*looks, plan.issue, members);
                let rows = members
                    .iter()
                    .map(|m| rows_of(m, &spec, plan.issue, Day(0), plan.last));
                let rows = rows.collect::<Result<_, _>>()?;
                grounds.insert(*looks, Ground { spec, rows });
            }
        }
        Ok(Self {
            plan,
            members,
            candidates,
            grounds,
        })
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What is tried.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// The members, the own first.
    pub fn members(&self) -> &[Member] {
        self.members
    }

    /// The jobs of all candidates over all folds, each once, in a fixed order.
    pub fn jobs(&self) -> Vec<Job> {
        let folds = self.plan.folds();
        let all = self
            .candidates
            .iter()
            .flat_map(|c| folds.iter().flat_map(|fold| jobs_of(*c, *fold)));
        let mut all: Vec<Job> = all.collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The jobs of one candidate on everything.
    pub fn last_jobs(&self, candidate: Candidate) -> Vec<Job> {
        jobs_of(candidate, self.plan.whole())
    }

    fn recipe(&self, job: &Job) -> Recipe {
        recipe(
            self.plan.effort,
            job.size,
            job.level,
            job.pooled,
            self.plan.seed,
        )
    }

    /// The hash of everything that a job's model depends on.
    pub fn key(&self, job: &Job) -> Hash {
        let data: Vec<Hash> = self
            .members
            .iter()
            .take(self.learned_from(job))
            .map(|m| m.data)
            .collect();
        let spec = self
            .grounds
            .get(&job.looks)
            .map(|g| g.spec.hash())
            .unwrap_or_default();
        // Neighbours' loads are columns, so their data count too.
        let neighbours: Vec<Hash> = if job.looks.neighbours {
            self.members.iter().map(|m| m.data).collect()
        } else {
            Vec::new()
        };
        let parts = (
            spec,
            self.recipe(job),
            data,
            neighbours,
            *job,
            self.plan.issue,
        );
        Hash::of(JOB_DOMAIN, &parts.to_bytes())
    }

    fn learned_from(&self, job: &Job) -> usize {
        if job.pooled { self.members.len() } else { 1 }
    }

    /// What a job costs, in a unit of its own.
    pub fn weight(&self, job: &Job) -> u64 {
        let rows = self.grounds.get(&job.looks).map(|g| {
            g.rows
                .iter()
                .take(self.learned_from(job))
                .map(|r| r.before(job.known_before))
                .sum()
        });
        count(rows.unwrap_or(0))
            .unsigned_abs()
            .saturating_mul(u64::from(self.recipe(job).trees))
            .max(1)
    }

    fn table(&self, job: &Job) -> Result<(&Ground, Table), String> {
        let ground = self
            .grounds
            .get(&job.looks)
            .ok_or("the job is of another search")?;
        let mut table = Table::new(ground.spec.features.len());
        for rows in ground.rows.iter().take(self.learned_from(job)) {
            table.append(&rows.span(Day(0), job.known_before));
        }
        Ok((ground, table))
    }

    /// Trains a job's model.
    ///
    /// # Errors
    /// No rows to learn from, or a model that comes out too large.
    pub fn train(&self, job: &Job, workers: &dyn Workers) -> Result<Model, String> {
        let (ground, table) = self.table(job)?;
        train(ground.spec.hash(), &table, &self.recipe(job), workers).map_err(|error| {
            let kind = if job.pooled { "pooled" } else { "own" };
            format!(
                "the {kind} model of level {} cannot be trained: {error}",
                job.level
            )
        })
    }

    /// The columns for one way of looking.
    pub fn spec(&self, looks: Looks) -> Option<&FeatureSpec> {
        self.grounds.get(&looks).map(|ground| &ground.spec)
    }

    /// What a candidate would have published over all folds, and where its tracking stands after them.
    ///
    /// # Errors
    /// A model that `find` does not give.
    pub fn publish(
        &self,
        candidate: Candidate,
        mut find: impl FnMut(&Job) -> Option<Model>,
    ) -> Result<(Vec<Published>, Tracker), String> {
        let rate = match candidate {
            Candidate::Trees { looks, .. } => self.spec(looks).map_or(RATE, FeatureSpec::rate),
            _ => RATE,
        };
        let tracker = Tracker::new(&LEVELS, rate).ok_or("the levels are not sound")?;
        let Candidate::Trees { looks, .. } = candidate else {
            let own = self.members.first().ok_or("a search needs a data set")?;
            let found = simple::published(
                candidate,
                own,
                self.plan.issue,
                self.plan.first,
                self.plan.last,
            );
            return Ok((found, tracker));
        };
        let rows = self
            .grounds
            .get(&looks)
            .and_then(|g| g.rows.first())
            .ok_or("the candidate is of another search")?;
        let mut replay = Replay::new(tracker);
        let mut found = Vec::new();
        for fold in self.plan.folds() {
            let voices = voices(candidate, fold, &mut find)?;
            found.extend(replay.fold(rows, fold, &voices));
        }
        Ok((found, replay.tracker().clone()))
    }
}

/// The jobs of a candidate for one fold: per level its own model, the pooled one, or both.
pub fn jobs_of(candidate: Candidate, fold: Fold) -> Vec<Job> {
    let Candidate::Trees { voice, looks, size } = candidate else {
        return Vec::new();
    };
    let kinds: &[bool] = match voice {
        Voice::Own => &[false],
        Voice::Pooled => &[true],
        Voice::Both => &[false, true],
    };
    let job = |level: u16, pooled: bool| Job {
        looks,
        // A pooled model is large in any case, and trained once.
        size: if pooled { Size::Large } else { size },
        pooled,
        known_before: fold.known_before,
        level,
    };
    LEVELS
        .iter()
        .flat_map(|level| kinds.iter().map(|pooled| job(*level, *pooled)))
        .collect()
}

/// The models of a candidate for one fold, level by level.
///
/// # Errors
/// A model that `find` does not give.
pub fn voices(
    candidate: Candidate,
    fold: Fold,
    find: &mut impl FnMut(&Job) -> Option<Model>,
) -> Result<Voices, String> {
    let jobs = jobs_of(candidate, fold);
    let of_level = |level: &u16| {
        let jobs = jobs.iter().filter(|job| job.level == *level);
        jobs.map(|job| find(job).ok_or_else(|| "a model of the search is missing".to_owned()))
            .collect::<Result<Vec<Model>, String>>()
    };
    LEVELS
        .iter()
        .map(of_level)
        .collect::<Result<Vec<_>, _>>()
        .map(Voices::new)
}
