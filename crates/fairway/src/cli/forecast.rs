//! `fairway forecast`: the forecasting service on a folder.

use super::say;
use crate::environment::wall_ms;
use crate::forecast::progress::Progress;
use crate::forecast::service::{self, Form, Learned, Watch};
use crate::forecast::store::{Store, read_bounded};
use crate::forecast::view;
use crate::genesis::write_private;
use clap::{Args, Subcommand, ValueEnum};
use fairway_forecast::backtest::Issue;
use fairway_forecast::hour::{Day, Hour};
use fairway_model::Time;
use fairway_training::candidate::{Effort, Looks};
use fairway_training::card;
use fairway_training::checks::Allow;
use fairway_training::csv::MAX_FILE_BYTES;
use fairway_training::dataset::File;
use fairway_training::describe::describe;
use fairway_training::forms;
use fairway_training::schema::MAX_SCHEMA_TEXT;
use fairway_training::search::Wish;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// Where no terminal is, progress is written after so long again.
const TELL_AGAIN: Duration = Duration::from_secs(10);

/// The folder, and the form of answers.
#[derive(Debug, Clone, Args)]
pub(super) struct Place {
    /// The folder of data sets and models.
    #[arg(long, default_value = "forecast", env = "FAIRWAY_FORECAST_DIR")]
    dir: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Place {
    fn store(&self) -> Store {
        Store::new(&self.dir)
    }

    fn show(&self, text: impl FnOnce() -> String, json: impl FnOnce() -> serde_json::Value) {
        say(&if self.json {
            json().to_string()
        } else {
            text()
        });
    }
}

/// What is asked of the service.
#[derive(Debug, Subcommand)]
pub(super) enum ForecastCommand {
    /// Create, fill, describe, list, export and delete data sets.
    #[command(subcommand)]
    Dataset(DatasetCommand),
    /// Write a file with a made-up load, to try the service out.
    Sample {
        /// The file; it must not exist.
        #[arg(long)]
        out: PathBuf,
        /// How many days, from January 2019 on.
        #[arg(long, default_value_t = 500)]
        days: u16,
        /// Its seed.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// A new data set, its file and its first search, in one command.
    Start {
        /// The new data set's name.
        name: String,
        /// The CSV file.
        file: PathBuf,
        #[command(flatten)]
        region: Region,
        #[command(flatten)]
        how: How,
        #[command(flatten)]
        search: SearchOptions,
        #[command(flatten)]
        place: Place,
    },
    /// Search for the best model. A search that was interrupted goes on where it was.
    Train {
        /// The data set.
        name: String,
        #[command(flatten)]
        search: SearchOptions,
        #[command(flatten)]
        place: Place,
    },
    /// Show the leader board of the last search.
    Board {
        /// The data set.
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// Compare champion and challengers over days that none has learned from, and promote a challenger that is significantly better.
    Shadow {
        /// The data set.
        name: String,
        /// Compare only; promote nothing.
        #[arg(long)]
        keep: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Forecast a day, hour by hour, with five quantiles.
    Predict {
        /// The data set.
        name: String,
        /// The day, such as 2026-11-30; the first one after the data that can be issued now when left out.
        #[arg(long)]
        day: Option<String>,
        /// Another model than the champion.
        #[arg(long)]
        model: Option<String>,
        /// Print CSV, in kilowatts.
        #[arg(long, conflicts_with = "json")]
        csv: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Show a model's card: data, period, errors by hour and season, what its trees ask for.
    Card {
        /// The data set.
        name: String,
        /// Another model than the champion.
        #[arg(long)]
        model: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// List, export, import and drop models, and write the rows that models learn from.
    #[command(subcommand)]
    Model(ModelCommand),
}

/// Data sets.
#[derive(Debug, Subcommand)]
pub(super) enum DatasetCommand {
    /// Create a data set: of hourly loads, or with columns of your own.
    Create {
        /// Its name: small letters, digits, `-` and `_`.
        name: String,
        #[command(flatten)]
        region: Region,
        /// A file with one column a line: `NAME: TYPE [optional] [as ROLE]` (docs/forecasting.md).
        #[arg(long)]
        schema: Option<PathBuf>,
        #[command(flatten)]
        place: Place,
    },
    /// Import a CSV file, whole or not at all: the data set's columns, or a file of EIA-930.
    Import {
        /// The data set.
        name: String,
        /// The CSV file.
        file: PathBuf,
        #[command(flatten)]
        how: How,
        #[command(flatten)]
        place: Place,
    },
    /// Describe a data set: columns, period, gaps, mean day, errors of the member's own forecast.
    Describe {
        /// The data set.
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// List the data sets.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Write a data set as CSV, which can be imported again.
    Export {
        /// The data set.
        name: String,
        /// The file; it must not exist. Without it the rows are printed.
        #[arg(long)]
        out: Option<PathBuf>,
        #[command(flatten)]
        place: Place,
    },
    /// Delete a data set with its searches and models.
    Delete {
        /// The data set.
        name: String,
        /// That it is meant: it cannot be undone.
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        place: Place,
    },
}

/// Models.
#[derive(Debug, Subcommand)]
pub(super) enum ModelCommand {
    /// List champion and challengers.
    List {
        /// The data set.
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// Write a model with everything that it needs as one file.
    Export {
        /// The data set.
        name: String,
        /// The file; it must not exist.
        #[arg(long)]
        out: PathBuf,
        /// Another model than the champion.
        #[arg(long)]
        model: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Take a model over as a challenger: a file of `model export`, or five texts of LightGBM.
    Import(Box<ImportOptions>),
    /// Drop a challenger.
    Drop {
        /// The data set.
        name: String,
        /// Its id.
        model: String,
        #[command(flatten)]
        place: Place,
    },
    /// Write the whole-number columns and targets as CSV, for learners elsewhere.
    Rows {
        /// The data set.
        name: String,
        /// The file; it must not exist.
        #[arg(long)]
        out: PathBuf,
        #[command(flatten)]
        form: FormOptions,
        #[command(flatten)]
        place: Place,
    },
}

/// A model to take over.
#[derive(Debug, Args)]
pub(super) struct ImportOptions {
    /// The data set.
    name: String,
    /// A file of `model export`.
    file: Option<PathBuf>,
    /// A text that LightGBM saved, as in 500=median.txt, for each of the levels 50, 100, 500, 900 and 950.
    #[arg(long, conflicts_with = "file")]
    lightgbm: Vec<String>,
    /// The last day that the model has learned from; it runs in shadow over later ones.
    #[arg(long)]
    until: String,
    #[command(flatten)]
    form: FormOptions,
    #[command(flatten)]
    place: Place,
}

/// Which columns.
#[derive(Debug, Args)]
pub(super) struct FormOptions {
    #[command(flatten)]
    issued: Issued,
    /// The columns look at the member's own forecast.
    #[arg(long)]
    forecast: bool,
    /// The columns look at the temperature.
    #[arg(long)]
    temperature: bool,
    /// Data sets whose loads are neighbours.
    #[arg(long, value_delimiter = ',')]
    pool: Vec<String>,
}

impl FormOptions {
    fn form(&self) -> Result<Form, String> {
        Ok(Form {
            issue: self.issued.issue()?,
            looks: Looks {
                forecast: self.forecast,
                temperature: self.temperature,
                neighbours: !self.pool.is_empty() && !self.forecast,
            },
        })
    }
}

/// Clock and holidays.
#[derive(Debug, Args)]
pub(super) struct Region {
    /// A region whose calendar is built in: us-eastern, us-central.
    #[arg(long, default_value = "us-eastern")]
    region: String,
    /// A calendar of another region, as text.
    #[arg(long)]
    calendar: Option<PathBuf>,
}

/// How a file is read.
#[derive(Debug, Args)]
pub(super) struct How {
    /// Which balancing authority of a file that holds several.
    #[arg(long)]
    authority: Option<String>,
    /// Known hours may get other values.
    #[arg(long)]
    correct: bool,
    /// Loads far from those around them become gaps instead of a refusal.
    #[arg(long)]
    spikes_are_gaps: bool,
    /// The file's clock is right though it looks shifted.
    #[arg(long)]
    clock_is_right: bool,
}

/// When a forecast is issued.
#[derive(Debug, Args)]
pub(super) struct Issued {
    /// When a day's forecast is issued: `midnight`, `ten` (the morning of the day before), or DAYS:HOUR as in 1:0.
    #[arg(long, default_value = "ten")]
    issue: String,
}

impl Issued {
    fn issue(&self) -> Result<Issue, String> {
        let parts = self
            .issue
            .split_once(':')
            .and_then(|(d, h)| Some((d.parse().ok()?, h.parse().ok()?)));
        match (self.issue.as_str(), parts) {
            ("midnight", _) => Ok(Issue::MIDNIGHT),
            ("ten", _) => Ok(Issue::TEN_THE_DAY_BEFORE),
            (_, Some((days_before @ 0..=1, clock @ 0..=23))) => Ok(Issue { days_before, clock }),
            (other, _) => Err(format!(
                "--issue {other}: `midnight`, `ten`, or DAYS:HOUR such as 1:0 would be right"
            )),
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EffortName {
    /// A few small trees, to try the tool out.
    Tiny,
    /// A third of the trees.
    Quick,
    /// The recommended numbers, in two sizes.
    Full,
}

/// What is searched.
#[derive(Debug, Args)]
pub(super) struct SearchOptions {
    /// Other data sets to learn from together.
    #[arg(long, value_delimiter = ',')]
    pool: Vec<String>,
    #[command(flatten)]
    issued: Issued,
    /// How many times models are trained anew on the way.
    #[arg(long, default_value_t = 4)]
    folds: u16,
    /// Days between two trainings.
    #[arg(long, default_value_t = 91)]
    fold_days: u16,
    /// How much is spent.
    #[arg(long, value_enum, default_value = "quick")]
    effort: EffortName,
    /// Seed of the trees' choices: the same seed gives the same model.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The last day to learn from; the last whole day of the data when left out.
    #[arg(long)]
    until: Option<String>,
    /// Threads; their number changes no bit of the model.
    #[arg(long, default_value_t = 1)]
    threads: usize,
}

impl SearchOptions {
    fn wish(&self) -> Result<Wish, String> {
        Ok(Wish {
            issue: self.issued.issue()?,
            folds: self.folds,
            fold_days: self.fold_days,
            effort: match self.effort {
                EffortName::Tiny => Effort::Tiny,
                EffortName::Quick => Effort::Quick,
                EffortName::Full => Effort::Full,
            },
            seed: self.seed,
            last: self.until.as_deref().map(day).transpose()?,
        })
    }
}

fn day(text: &str) -> Result<Day, String> {
    forms::day(text).ok_or_else(|| format!("`{text}` is no day such as 2026-11-29"))
}

fn text_file(path: &Path, most: usize) -> Result<String, String> {
    let bytes = read_bounded(path, most, |size| {
        format!("{size} bytes; at most {most} are read")
    })?;
    String::from_utf8(bytes).map_err(|error| format!("{}: {error}", path.display()))
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<(), String> {
    write_private(path, bytes)
        .map_err(|e| format!("{}: {e}; nothing was written over", path.display()))
}

/// Carries a command out.
///
/// # Errors
/// One sentence, or the places of what is wrong with a file.
pub(super) fn run(command: ForecastCommand) -> Result<(), String> {
    match command {
        ForecastCommand::Dataset(command) => dataset(command),
        ForecastCommand::Sample { out, days, seed } => {
            write_new(&out, service::sample(days, seed)?.as_bytes())?;
            say(&format!(
                "{days} days of a made-up load written to {}",
                out.display()
            ));
            Ok(())
        }
        ForecastCommand::Start {
            name,
            file,
            region,
            how,
            search,
            place,
        } => {
            // What cannot be searched is said before anything is made.
            search.wish()?;
            create(&name, &region, None, &place)?;
            import(&name, &file, &how, &place)?;
            train(&name, &search, &place)
        }
        ForecastCommand::Train {
            name,
            search,
            place,
        } => train(&name, &search, &place),
        ForecastCommand::Board { name, place } => {
            let board = place.store().board(&name)?;
            place.show(|| view::board(&board), || view::board_json(&board));
            Ok(())
        }
        ForecastCommand::Shadow { name, keep, place } => {
            let found = service::shadow(&place.store(), &name, !keep)?;
            place.show(|| view::shadow(&found), || view::shadow_json(&found));
            Ok(())
        }
        ForecastCommand::Predict {
            name,
            day,
            model,
            csv,
            place,
        } => predict(&name, day.as_deref(), model.as_deref(), csv, &place),
        ForecastCommand::Card { name, model, place } => {
            let found = service::card(&place.store(), &name, model.as_deref())?;
            place.show(
                || {
                    card::text(&found.entry, &found.importance, found.naive.as_ref())
                        .trim_end()
                        .to_owned()
                },
                || view::card_json(&found),
            );
            Ok(())
        }
        ForecastCommand::Model(command) => model(command),
    }
}

fn predict(
    name: &str,
    wanted: Option<&str>,
    model: Option<&str>,
    csv: bool,
    place: &Place,
) -> Result<(), String> {
    let wanted = wanted.map(day).transpose()?;
    let found = service::predict(&place.store(), name, model, wanted)?;
    if csv {
        say(view::prediction_csv(&found).trim_end());
    } else {
        place.show(
            || view::prediction(&found),
            || view::prediction_json(&found),
        );
    }
    Ok(())
}

fn create(name: &str, region: &Region, schema: Option<&Path>, place: &Place) -> Result<(), String> {
    let calendar = region
        .calendar
        .as_deref()
        .map(|path| text_file(path, fairway_forecast::calendar::MAX_CALENDAR_TEXT))
        .transpose()?;
    let schema = schema
        .map(|path| text_file(path, MAX_SCHEMA_TEXT))
        .transpose()?;
    service::create(
        &place.store(),
        name,
        &region.region,
        calendar.as_deref(),
        schema.as_deref(),
    )?;
    place.show(
        || format!("{name}: created"),
        || serde_json::json!({ "created": name }),
    );
    Ok(())
}

fn import(name: &str, path: &Path, how: &How, place: &Place) -> Result<(), String> {
    let bytes = read_bounded(path, MAX_FILE_BYTES, |size| {
        format!("{size} bytes; at most {MAX_FILE_BYTES} are read, so give it in parts")
    })?;
    let title = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let file = File {
        name: &title,
        bytes: &bytes,
        authority: how.authority.as_deref(),
    };
    let allow = Allow {
        corrections: how.correct,
        spikes: how.spikes_are_gaps,
        clock: how.clock_is_right,
    };
    let report = service::import(
        &place.store(),
        name,
        &file,
        Hour::of(Time(wall_ms())),
        allow,
    )
    .map_err(|fault| format!("{}: {fault}", path.display()))?;
    place.show(
        || view::report(name, &report),
        || view::report_json(&report),
    );
    Ok(())
}

fn dataset(command: DatasetCommand) -> Result<(), String> {
    match command {
        DatasetCommand::Create {
            name,
            region,
            schema,
            place,
        } => create(&name, &region, schema.as_deref(), &place),
        DatasetCommand::Import {
            name,
            file,
            how,
            place,
        } => import(&name, &file, &how, &place),
        DatasetCommand::Describe { name, place } => {
            let found = describe(&place.store().read(&name)?);
            place.show(
                || view::description(&found),
                || view::description_json(&found),
            );
            Ok(())
        }
        DatasetCommand::List { place } => {
            let names = place.store().list()?;
            place.show(|| names.join("\n"), || serde_json::json!(names));
            Ok(())
        }
        DatasetCommand::Export { name, out, place } => {
            let dataset = place.store().read(&name)?;
            let Some(path) = out else {
                say(dataset.csv().trim_end());
                return Ok(());
            };
            write_new(&path, dataset.csv().as_bytes())?;
            say(&format!(
                "{} rows written to {}",
                dataset.rows().len(),
                path.display()
            ));
            Ok(())
        }
        DatasetCommand::Delete { name, yes, place } => {
            if !yes {
                return Err("deleting cannot be undone: say --yes if it is meant".to_owned());
            }
            let store = place.store();
            let _claim = store.claim(&name)?;
            store.delete(&name)?;
            place.show(
                || format!("{name}: deleted"),
                || serde_json::json!({ "deleted": name }),
            );
            Ok(())
        }
    }
}

fn train(name: &str, search: &SearchOptions, place: &Place) -> Result<(), String> {
    let teller = Teller::new();
    let tell = |progress: &Progress| teller.tell(progress);
    let watch = Watch {
        threads: search.threads,
        tell: &tell,
        stop: &AtomicBool::new(false),
    };
    let done = service::train(&place.store(), name, &search.pool, search.wish()?, &watch);
    teller.end();
    let done = done?;
    place.show(|| view::trained(name, &done), || view::trained_json(&done));
    Ok(())
}

/// Writes progress to standard error: over the same line of a terminal, else a line now and then.
struct Teller {
    terminal: bool,
    told: Mutex<Option<Instant>>,
}

impl Teller {
    fn new() -> Self {
        Self {
            terminal: std::io::stderr().is_terminal(),
            told: Mutex::new(None),
        }
    }

    fn tell(&self, progress: &Progress) {
        let Ok(mut told) = self.told.lock() else {
            return;
        };
        if self.terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[K{}", view::progress(progress));
        } else if told.is_none_or(|at| at.elapsed() >= TELL_AGAIN) {
            *told = Some(crate::environment::instant());
            let _ = writeln!(std::io::stderr(), "{}", view::progress(progress));
        }
    }

    fn end(&self) {
        if self.terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

fn model(command: ModelCommand) -> Result<(), String> {
    match command {
        ModelCommand::List { name, place } => {
            let store = place.store();
            let champion = store.champion(&name);
            let all = store.entries(&name)?;
            let role = |id: &String| {
                if champion.as_ref() == Some(id) {
                    "champion"
                } else {
                    "challenger"
                }
            };
            let lines = all.iter().map(|(id, e)| {
                format!(
                    "{id}  {:<10}  learned until {}  {}",
                    role(id),
                    fairway_training::checks::date(e.plan.last),
                    e.candidate
                )
            });
            let text = || lines.collect::<Vec<_>>().join("\n");
            let json = || {
                all.iter().map(|(id, e)| serde_json::json!({ "model": id, "role": role(id), "candidate": e.candidate.to_string(), "learned_until": fairway_training::checks::date(e.plan.last) })).collect()
            };
            place.show(text, json);
            Ok(())
        }
        ModelCommand::Export {
            name,
            out,
            model,
            place,
        } => {
            let (id, bytes) = service::export_model(&place.store(), &name, model.as_deref())?;
            write_new(&out, &bytes)?;
            say(&format!(
                "model {id}: {} bytes written to {}",
                bytes.len(),
                out.display()
            ));
            Ok(())
        }
        ModelCommand::Import(options) => import_model(&options),
        ModelCommand::Drop { name, model, place } => {
            let store = place.store();
            let _claim = store.claim(&name)?;
            store.drop_entry(&name, &model)?;
            say(&format!("{name}: {model} dropped"));
            Ok(())
        }
        ModelCommand::Rows {
            name,
            out,
            form,
            place,
        } => {
            let text = service::rows(&place.store(), &name, form.form()?, &form.pool)?;
            write_new(&out, text.as_bytes())?;
            say(&format!(
                "{} rows written to {}",
                text.lines().count().saturating_sub(1),
                out.display()
            ));
            Ok(())
        }
    }
}

fn import_model(options: &ImportOptions) -> Result<(), String> {
    let store = options.place.store();
    let learned = Learned {
        until: day(&options.until)?,
        pool: options.form.pool.clone(),
    };
    let id = if let Some(path) = &options.file {
        let bytes = service::read_model_file(path)?;
        service::import_model(&store, &options.name, &bytes, &learned)
            .map_err(|fault| format!("{}: {fault}", path.display()))?
    } else {
        let mut texts = options
            .lightgbm
            .iter()
            .map(|pair| level_file(pair))
            .collect::<Result<Vec<_>, _>>()?;
        texts.sort_unstable();
        service::import_lightgbm(
            &store,
            &options.name,
            options.form.form()?,
            &texts,
            &learned,
        )?
    };
    options.place.show(
        || format!("{}: {id} is a challenger", options.name),
        || serde_json::json!({ "model": id }),
    );
    Ok(())
}

/// `500=median.txt` as a level and a text.
fn level_file(pair: &str) -> Result<(u16, String), String> {
    let parts = pair
        .split_once('=')
        .and_then(|(level, path)| Some((level.parse().ok()?, path)));
    let (level, path) = parts.ok_or_else(|| {
        format!("--lightgbm {pair}: LEVEL=FILE such as 500=median.txt would be right")
    })?;
    let bytes = service::read_model_file(Path::new(path))?;
    let text = String::from_utf8(bytes).map_err(|error| format!("{path}: {error}"))?;
    Ok((level, text))
}
