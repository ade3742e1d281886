//! What the service does, one function per thing that can be asked of it.

use super::Fault;
use super::progress::{Pace, Progress};
use super::store::{Store, read_bounded};
use super::threads::Threads;
use fairway_forecast::backtest::{Issue, Published};
use fairway_forecast::baseline::weekly_errors;
use fairway_forecast::calendar::{Calendar, US_CENTRAL, US_EASTERN, US_FEDERAL};
use fairway_forecast::compare::Verdict;
use fairway_forecast::ensemble::Package;
use fairway_forecast::hour::{Day, Hour, day_of};
use fairway_forecast::scores::Errors;
use fairway_forecast::series::Series;
use fairway_forecast::spec::{Feature, FeatureSpec};
use fairway_forecast::synthetic::Synthetic;
use fairway_forecast::track::{LEVELS, Tracker};
use fairway_forecast::trees::{MAX_IMPORT_BYTES, Model};
use fairway_model::canonical::Canonical;
use fairway_training::board::{Board, Standing, common, judge, standing};
use fairway_training::bundle::{Bundle, MAX_BUNDLE_BYTES, too_long};
use fairway_training::candidate::{Candidate, Effort, Looks, Size, Voice};
use fairway_training::card::{self, Importance};
use fairway_training::checks::Allow;
use fairway_training::dataset::{Dataset, File, Report};
use fairway_training::play::{Entry, HourSaid, Player};
use fairway_training::schema::{MAX_SCHEMA_TEXT, Schema};
use fairway_training::search::{Job, Member, Plan, Search, Wish, introduce, rows_of, spec_of};
use fairway_training::simple::Said;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Regions whose calendars are built in.
pub const REGIONS: [(&str, &str); 2] = [("us-eastern", US_EASTERN), ("us-central", US_CENTRAL)];

/// Makes a data set. Without a schema it is one of hourly loads. The region is a built-in one, or a calendar's text.
///
/// # Errors
/// A region, schema or name that cannot be; a data set of that name.
pub fn create(
    store: &Store,
    name: &str,
    region: &str,
    calendar: Option<&str>,
    schema: Option<&str>,
) -> Result<(), Fault> {
    let text = calendar.map_or_else(|| calendar_text(region), |text| Ok(text.to_owned()))?;
    if schema.is_some_and(|text| text.len() > MAX_SCHEMA_TEXT) {
        return Err(Fault::Wrong(format!(
            "the schema is longer than {MAX_SCHEMA_TEXT} bytes"
        )));
    }
    let schema = schema
        .map_or(Ok(Schema::loads()), Schema::parse)
        .map_err(|what| Fault::Wrong(format!("the schema: {what}")))?;
    let dataset = Dataset::new(name, &text, schema).map_err(Fault::Wrong)?;
    let _claim = store.claim_new(name)?;
    store.create(&dataset)
}

/// The calendar's text of a built-in region.
///
/// # Errors
/// Which regions there are.
pub fn calendar_text(region: &str) -> Result<String, Fault> {
    let found = REGIONS.iter().find(|(known, _)| *known == region);
    found
        .map(|(_, clock)| format!("{clock}{US_FEDERAL}"))
        .ok_or_else(|| Fault::Wrong(format!("no calendar `{region}` is built in; there are us-eastern and us-central, another region needs --calendar FILE")))
}

/// Takes a file over, whole or not at all.
///
/// # Errors
/// No such data set, or everything that is wrong with the file.
pub fn import(
    store: &Store,
    name: &str,
    file: &File<'_>,
    now: Hour,
    allow: Allow,
) -> Result<Report, Fault> {
    let _claim = store.claim(name)?;
    let mut dataset = store.read(name)?;
    let neighbours = neighbours(store, name, &dataset)?;
    let report = dataset.import(file, now, &neighbours, allow)?;
    if !report.again {
        store.write(&dataset)?;
    }
    Ok(report)
}

/// Data sets whose units a file is compared with.
const MAX_COMPARED: usize = 8;

fn neighbours(
    store: &Store,
    name: &str,
    dataset: &Dataset,
) -> Result<Vec<(String, Series)>, Fault> {
    if !dataset.schema().is_loads() {
        return Ok(Vec::new());
    }
    let names = store
        .list()?
        .into_iter()
        .filter(|other| other != name)
        .take(MAX_COMPARED);
    let mut found = Vec::new();
    for other in names {
        // A damaged neighbour is no reason to refuse this file.
        if let Some(hours) = store.read(&other).ok().and_then(|d| d.hours().ok()) {
            found.push((other, hours.loads()));
        }
    }
    Ok(found)
}

/// The members of a search: the own data set first, those to pool after it.
///
/// # Errors
/// A data set that is not there, holds no load, or is named twice.
pub fn members(store: &Store, name: &str, pool: &[String]) -> Result<Vec<Member>, Fault> {
    let mut names = vec![name.to_owned()];
    for other in pool {
        if names.contains(other) {
            return Err(Fault::Wrong(format!("data set `{other}` is named twice")));
        }
        names.push(other.clone());
    }
    let each = names.iter().map(|name| {
        store
            .read(name)
            .and_then(|dataset| Member::of(&dataset).map_err(Fault::Wrong))
    });
    let mut members = each.collect::<Result<Vec<Member>, Fault>>()?;
    introduce(&mut members);
    Ok(members)
}

/// What a search ended with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trained {
    /// The board.
    pub board: Board,
    /// The winner's id.
    pub id: String,
    /// Whether it is champion now; otherwise it runs in shadow.
    pub champion: bool,
    /// Models that were there before.
    pub found: usize,
    /// Models that were trained.
    pub trained: usize,
}

/// What a search is told from outside, and what it tells.
pub struct Watch<'a> {
    /// Threads per training.
    pub threads: usize,
    /// Told before and after every model.
    pub tell: &'a (dyn Fn(&Progress) + Sync),
    /// The search ends after the present model when this is set.
    pub stop: &'a AtomicBool,
}

impl core::fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Watch")
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

/// Searches for the best model of a data set. What was trained before is found again.
///
/// # Errors
/// Data or a wish that cannot be searched; a search that was stopped, which goes on when it is asked for again.
pub fn train(
    store: &Store,
    name: &str,
    pool: &[String],
    wish: Wish,
    watch: &Watch<'_>,
) -> Result<Trained, Fault> {
    let _claim = store.claim(name)?;
    let members = members(store, name, pool)?;
    let own = members
        .first()
        .ok_or_else(|| Fault::Wrong("no data set".to_owned()))?;
    let plan = Plan::make(own, wish).map_err(Fault::Wrong)?;
    let search = Search::new(plan, &members).map_err(Fault::Wrong)?;
    let mut runner = Runner::new(store, name, &search, watch);
    runner.run(&search.jobs())?;
    runner.say("candidates are compared");
    let naive = weekly_errors(&own.truth, own.calendar.begin(plan.first).plus(-1));
    let (board, trackers) = compared(store, name, &search, naive)?;
    let best = board
        .best()
        .cloned()
        .ok_or_else(|| Fault::Wrong("no candidate said anything".to_owned()))?;
    let last = search.last_jobs(best.candidate);
    runner.add(&last);
    runner.run(&last)?;
    let (found, trained) = (runner.progress.found, runner.trained);
    let tracker = trackers
        .into_iter()
        .find(|(c, _)| *c == best.candidate)
        .map(|(_, tracker)| tracker);
    let entry = entry(store, name, &search, best, tracker)?;
    let id = store.put_entry(name, &entry)?;
    let keep = search
        .jobs()
        .into_iter()
        .chain(last)
        .map(|job| search.key(&job))
        .collect();
    store.sweep_jobs(name, &keep)?;
    store.put_board(name, &board)?;
    if store.champion(name).is_none() {
        store.put_champion(name, &id)?;
    }
    let champion = store.champion(name).as_ref() == Some(&id);
    Ok(Trained {
        board,
        id,
        champion,
        found,
        trained,
    })
}

/// Every candidate over all folds; and where tracking stands for each.
fn compared(
    store: &Store,
    name: &str,
    search: &Search<'_>,
    naive: Errors,
) -> Result<(Board, Vec<(Candidate, Tracker)>), Fault> {
    let mut all = Vec::new();
    let mut trackers = Vec::new();
    for candidate in search.candidates() {
        let find = |job: &Job| store.job(name, &search.key(job));
        let (published, tracker) = search.publish(*candidate, find).map_err(Fault::Broken)?;
        all.push((*candidate, published));
        trackers.push((*candidate, tracker));
    }
    Ok((Board::new(*search.plan(), naive, &all), trackers))
}

fn entry(
    store: &Store,
    name: &str,
    search: &Search<'_>,
    best: Standing,
    tracker: Option<Tracker>,
) -> Result<Entry, Fault> {
    let candidate = best.candidate;
    let mut models = vec![Vec::new(); LEVELS.len()];
    for job in search.last_jobs(candidate) {
        let model = store
            .job(name, &search.key(&job))
            .ok_or_else(|| Fault::Broken("a model that was just trained is gone".to_owned()))?;
        store.put_model(name, &model.hash(), &model.to_bytes())?;
        let place = LEVELS.iter().position(|level| *level == job.level);
        if let Some(list) = place.and_then(|place| models.get_mut(place)) {
            list.push(model.hash());
        }
    }
    let spec = match candidate {
        Candidate::Trees { looks, .. } => search.spec(looks).cloned(),
        _ => None,
    };
    Ok(Entry {
        candidate,
        package: spec.map(|spec| Package {
            rate: spec.rate(),
            spec,
            levels: LEVELS.to_vec(),
            models,
            issue: search.plan().issue,
        }),
        tracker: tracker.ok_or_else(|| Fault::Broken("the winner has no tracking".to_owned()))?,
        plan: *search.plan(),
        data: search
            .members()
            .iter()
            .map(|m| (m.name.clone(), m.data))
            .collect(),
        standing: Some(best),
    })
}

/// Works a search's jobs off.
struct Runner<'a> {
    store: &'a Store,
    name: &'a str,
    search: &'a Search<'a>,
    watch: &'a Watch<'a>,
    pace: Pace,
    progress: Progress,
    trained: usize,
}

impl<'a> Runner<'a> {
    fn new(store: &'a Store, name: &'a str, search: &'a Search<'a>, watch: &'a Watch<'a>) -> Self {
        let jobs = search.jobs();
        let open = jobs
            .iter()
            .filter(|job| store.job(name, &search.key(job)).is_none());
        Self {
            store,
            name,
            search,
            watch,
            pace: Pace::new(open.map(|job| search.weight(job)).sum()),
            progress: Progress {
                jobs: jobs.len(),
                ..Progress::default()
            },
            trained: 0,
        }
    }

    fn add(&mut self, jobs: &[Job]) {
        self.progress.jobs += jobs.len();
    }

    fn say(&mut self, doing: &str) {
        doing.clone_into(&mut self.progress.doing);
        self.progress.left_ms = self.pace.left_ms();
        (self.watch.tell)(&self.progress);
    }

    fn run(&mut self, jobs: &[Job]) -> Result<(), Fault> {
        for job in jobs {
            let key = self.search.key(job);
            if self.store.job(self.name, &key).is_some() {
                self.progress.found += 1;
            } else {
                if self.watch.stop.load(Ordering::Relaxed) {
                    return Err(Fault::Busy(format!(
                        "the search was stopped after {} of {} models; the same command goes on from there",
                        self.progress.done, self.progress.jobs
                    )));
                }
                let kind = if job.pooled { "pooled" } else { "own" };
                self.say(&format!(
                    "{kind} model of quantile {} before {}",
                    job.level,
                    fairway_training::checks::date(job.known_before)
                ));
                let model = self
                    .search
                    .train(job, &Threads(self.watch.threads))
                    .map_err(Fault::Wrong)?;
                self.store.put_job(self.name, &key, &model)?;
                self.pace.step(self.search.weight(job));
                self.trained += 1;
            }
            self.progress.done += 1;
        }
        Ok(())
    }
}

/// One entry's days in shadow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShadowRow {
    /// Its id.
    pub id: String,
    /// How it did over the common hours.
    pub standing: Standing,
    /// Whether it is the champion.
    pub champion: bool,
    /// The comparison with the champion; none for the champion itself.
    pub verdict: Option<Verdict>,
}

/// All entries over the days that none has learned from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shadow {
    /// The first and the last day.
    pub days: (Day, Day),
    /// The entries, the best first.
    pub rows: Vec<ShadowRow>,
    /// The challenger that was promoted.
    pub promoted: Option<String>,
}

/// Plays champion and challengers over days that neither has learned from, and promotes the best challenger that is significantly better.
///
/// # Errors
/// No champion, or no day after the entries' training.
pub fn shadow(store: &Store, name: &str, promote: bool) -> Result<Shadow, Fault> {
    let _claim = store.claim(name)?;
    let (champion, leader) = store.entry(name, None)?;
    let entries = store.entries(name)?;
    let entries: Vec<_> = entries
        .into_iter()
        .filter(|(_, e)| e.plan.issue == leader.plan.issue)
        .collect();
    let until = entries
        .iter()
        .map(|(_, e)| e.plan.last)
        .max()
        .unwrap_or_default();
    let last = members(store, name, &[])?
        .first()
        .map(Member::last_day)
        .unwrap_or_default();
    let days = (until.plus(1), last);
    if days.0 > days.1 {
        return Err(Fault::Wrong(format!(
            "the models have learned from days up to {}, and the data end there; import newer loads first",
            fairway_training::checks::date(until)
        )));
    }
    let mut all: Vec<(String, Entry, Vec<Published>)> = Vec::new();
    for (id, entry) in entries {
        let published = with_player(store, name, &entry, |player| player.shadow(days.0, days.1))?;
        all.push((id, entry, published));
    }
    let hours = common(all.iter().map(|(_, _, published)| published));
    let mut rows: Vec<ShadowRow> = all
        .iter()
        .map(|(id, entry, published)| ShadowRow {
            id: id.clone(),
            standing: standing(entry.candidate, published, &hours),
            champion: *id == champion,
            verdict: None,
        })
        .collect();
    let losses = rows
        .iter()
        .find(|row| row.champion)
        .map(|row| row.standing.daily.clone())
        .unwrap_or_default();
    for row in rows.iter_mut().filter(|row| !row.champion) {
        row.verdict = Some(judge(&losses, &row.standing.daily));
    }
    rows.sort_by_key(|row| row.standing.quantiles.total_loss());
    let better = rows
        .iter()
        .find(|row| row.verdict == Some(Verdict::Better))
        .map(|row| row.id.clone());
    let promoted = better.filter(|_| promote);
    if let Some(id) = &promoted {
        store.put_champion(name, id)?;
    }
    Ok(Shadow {
        days,
        rows,
        promoted,
    })
}

/// Calls `ask` with an entry, its models and the present data of all data sets that it was trained on.
fn with_player<T>(
    store: &Store,
    name: &str,
    entry: &Entry,
    ask: impl FnOnce(&Player<'_>) -> Result<T, String>,
) -> Result<T, Fault> {
    let pool: Vec<String> = entry
        .data
        .iter()
        .skip(1)
        .map(|(name, _)| name.clone())
        .collect();
    let members = members(store, name, &pool)?;
    let player =
        Player::new(entry, &members, |hash| store.model(name, hash)).map_err(Fault::Broken)?;
    ask(&player).map_err(Fault::Wrong)
}

/// A day's forecast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prediction {
    /// Which model.
    pub id: String,
    /// The day.
    pub day: Day,
    /// When it is issued, counted from the day.
    pub issue: Issue,
    /// Hour by hour.
    pub hours: Vec<(Said, HourSaid)>,
}

/// Forecasts a day: the given one, or the first whose every hour lies after the data.
///
/// # Errors
/// No model, or a day that was learned from.
pub fn predict(
    store: &Store,
    name: &str,
    id: Option<&str>,
    day: Option<Day>,
) -> Result<Prediction, Fault> {
    let (id, entry) = store.entry(name, id)?;
    let data = members(store, name, &[])?
        .first()
        .map(Member::last_day)
        .unwrap_or_default();
    let day = day.unwrap_or(data.plus(i64::from(entry.plan.issue.days_before) + 1));
    if day <= entry.plan.last {
        return Err(Fault::Wrong(format!(
            "the model has learned from days up to {}; a later day is forecast",
            fairway_training::checks::date(entry.plan.last)
        )));
    }
    let hours = with_player(store, name, &entry, |player| player.day(day))?;
    Ok(Prediction {
        id,
        day,
        issue: entry.plan.issue,
        hours,
    })
}

/// A model's card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Its id.
    pub id: String,
    /// The entry.
    pub entry: Entry,
    /// What its trees ask for.
    pub importance: Importance,
    /// The unit of MASE, where a board knows it.
    pub naive: Option<Errors>,
}

/// The card of a model, or of the champion.
///
/// # Errors
/// No model.
pub fn card(store: &Store, name: &str, id: Option<&str>) -> Result<Card, Fault> {
    let (id, entry) = store.entry(name, id)?;
    let mut importance = Importance::new();
    if let Some(package) = &entry.package {
        let models: Vec<Model> = package
            .model_hashes()
            .iter()
            .filter_map(|hash| Model::read(&store.model(name, hash)?).ok())
            .collect();
        importance = card::importance(&package.spec.features, &models);
    }
    let naive = store
        .board(name)
        .ok()
        .filter(|board| board.plan == entry.plan)
        .map(|board| board.naive);
    Ok(Card {
        id,
        entry,
        importance,
        naive,
    })
}

/// A model as one file.
///
/// # Errors
/// No model, or one that has nothing to carry.
pub fn export_model(
    store: &Store,
    name: &str,
    id: Option<&str>,
) -> Result<(String, Vec<u8>), Fault> {
    let (id, entry) = store.entry(name, id)?;
    let package = entry.package.ok_or_else(|| {
        Fault::Wrong(format!(
            "{id} is `{}`, which needs no model",
            entry.candidate
        ))
    })?;
    let mut models = std::collections::BTreeMap::new();
    for hash in package.model_hashes() {
        let bytes = store
            .model(name, &hash)
            .ok_or_else(|| Fault::Broken(format!("model {hash} is gone")))?;
        models.insert(hash, bytes);
    }
    Ok((id, Bundle { package, models }.to_file()))
}

/// What is told of an imported model beside its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learned {
    /// The last day that it has learned from: it runs in shadow over later ones.
    pub until: Day,
    /// The data sets whose loads are its neighbours, or whose calendars its columns name.
    pub pool: Vec<String>,
}

/// Takes a model file over as a challenger.
///
/// # Errors
/// What is wrong with the file, and where; a model for another region.
pub fn import_model(
    store: &Store,
    name: &str,
    bytes: &[u8],
    learned: &Learned,
) -> Result<String, Fault> {
    let bundle = Bundle::read(bytes).map_err(Fault::Wrong)?;
    admit(store, name, bundle, learned)
}

/// Which columns: when a day is forecast, and what is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// When a day's forecast is issued.
    pub issue: Issue,
    /// What is looked at.
    pub looks: Looks,
}

/// Takes texts of LightGBM over, one per level, as a challenger. Their columns are those of `rows` in the same way of looking.
///
/// # Errors
/// The level and line of what is wrong.
pub fn import_lightgbm(
    store: &Store,
    name: &str,
    form: Form,
    texts: &[(u16, String)],
    learned: &Learned,
) -> Result<String, Fault> {
    let members = members(store, name, &learned.pool)?;
    let Form { issue, looks } = form;
    let spec = spec_of(looks, issue, &members);
    let bundle = Bundle::of_lightgbm(&spec, issue, texts).map_err(Fault::Wrong)?;
    admit(store, name, bundle, learned)
}

/// What the columns of a specification look at.
fn looks_of(spec: &FeatureSpec) -> Looks {
    let has = |wanted: fn(&Feature) -> bool| spec.features.iter().any(wanted);
    Looks {
        forecast: spec.uses_forecast(),
        temperature: has(|f| {
            matches!(
                f,
                Feature::Temperature { .. }
                    | Feature::TemperatureMean { .. }
                    | Feature::TemperatureChange
            )
        }),
        neighbours: has(|f| {
            matches!(
                f,
                Feature::NeighbourRecent { .. }
                    | Feature::NeighbourChange { .. }
                    | Feature::NeighbourSameHour { .. }
                    | Feature::NeighbourMean { .. }
            )
        }),
    }
}

fn admit(store: &Store, name: &str, bundle: Bundle, learned: &Learned) -> Result<String, Fault> {
    let _claim = store.claim(name)?;
    let members = members(store, name, &learned.pool)?;
    let own = members
        .first()
        .ok_or_else(|| Fault::Wrong("no data set".to_owned()))?;
    let spec = &bundle.package.spec;
    if !spec.calendars.contains(&own.calendar.hash()) {
        return Err(Fault::Wrong(format!(
            "the model is for other calendars than that of region {}",
            own.calendar.region()
        )));
    }
    if bundle.package.levels != LEVELS {
        return Err(Fault::Wrong(format!(
            "the model has the quantiles {:?}; {LEVELS:?} would be right",
            bundle.package.levels
        )));
    }
    let looks = looks_of(spec);
    if looks.neighbours && members.len() < 2 {
        return Err(Fault::Wrong(
            "the model looks at neighbours' loads; name their data sets with --pool".to_owned(),
        ));
    }
    let entry = Entry {
        candidate: Candidate::Trees {
            voice: if bundle.package.models.iter().any(|m| m.len() > 1) {
                Voice::Both
            } else {
                Voice::Own
            },
            looks,
            size: Size::Large,
        },
        tracker: Tracker::new(&LEVELS, bundle.package.rate)
            .ok_or_else(|| Fault::Broken("the levels are not sound".to_owned()))?,
        plan: Plan {
            issue: bundle.package.issue,
            first: learned.until,
            last: learned.until,
            fold_days: 1,
            effort: Effort::Full,
            seed: 0,
        },
        data: members.iter().map(|m| (m.name.clone(), m.data)).collect(),
        standing: None,
        package: Some(bundle.package),
    };
    for (hash, bytes) in &bundle.models {
        store.put_model(name, hash, bytes)?;
    }
    store.put_entry(name, &entry)
}

/// Reads a model file, of ours or of LightGBM, of bounded length.
///
/// # Errors
/// A file that is too long for a model, unread.
pub fn read_model_file(path: &Path) -> Result<Vec<u8>, Fault> {
    read_bounded(path, MAX_BUNDLE_BYTES.max(MAX_IMPORT_BYTES), too_long)
}

/// The whole-number columns and targets of all days, as CSV, for learners elsewhere: the last column is what a model should say.
///
/// # Errors
/// A data set without loads.
pub fn rows(store: &Store, name: &str, form: Form, pool: &[String]) -> Result<String, Fault> {
    use std::fmt::Write as _;
    let members = members(store, name, pool)?;
    let own = members
        .first()
        .ok_or_else(|| Fault::Wrong("no data set".to_owned()))?;
    let Form { issue, looks } = form;
    let spec = spec_of(looks, issue, &members);
    let rows = rows_of(own, &spec, issue, Day(0), own.last_day()).map_err(Fault::Wrong)?;
    let mut out = String::from("hour");
    for place in 0..spec.features.len() {
        let _ = write!(out, ",c{place}");
    }
    out.push_str(",target\n");
    for (place, (mark, target)) in rows.marks.iter().zip(&rows.table.targets).enumerate() {
        out.push_str(&fairway_training::hours::text(mark.hour));
        for value in rows.values(place) {
            let _ = write!(out, ",{value}");
        }
        let _ = writeln!(out, ",{target}");
    }
    Ok(out)
}

/// The most days of a sample.
pub const MAX_SAMPLE_DAYS: u16 = 3_650;
/// Mean load of a sample, in kilowatts.
const SAMPLE_MEAN: i64 = 9_000_000;
/// Thousandths by which the forecast of a sample leans upward.
const SAMPLE_LEAN: i64 = 25;

/// A file in the wide form of EIA-930 with a load that nobody has, from January 2019 on, for trying the service out. Its authority is `SYNTHETIC`, so that
/// nobody takes it for a measured one.
///
/// # Errors
/// A number of days that is out of range.
pub fn sample(days: u16, seed: u64) -> Result<String, Fault> {
    use std::fmt::Write as _;
    if !(1..=MAX_SAMPLE_DAYS).contains(&days) {
        return Err(Fault::Wrong(format!(
            "{days} days; 1 to {MAX_SAMPLE_DAYS} would be right"
        )));
    }
    let calendar = Calendar::us_eastern().map_err(|error| Fault::Broken(error.to_string()))?;
    let made = Synthetic {
        seed,
        mean: SAMPLE_MEAN,
        first: day_of(2019, 1, 1).unwrap_or_default(),
        days,
        lean: SAMPLE_LEAN,
    }
    .make(&calendar);
    let mut out = "utc_hour_ending,SYNTHETIC_mw,SYNTHETIC_df_mw,SYNTHETIC_flag\n".to_owned();
    let megawatts =
        |kilowatts: Option<i64>| kilowatts.map_or(String::new(), |kw| (kw / 1_000).to_string());
    for (hour, load) in made.load.iter() {
        let forecast = made.forecast.as_ref().and_then(|series| series.get(hour));
        let end = fairway_training::hours::text(hour.plus(1));
        let _ = writeln!(out, "{end},{},{},0", megawatts(load), megawatts(forecast));
    }
    Ok(out)
}
