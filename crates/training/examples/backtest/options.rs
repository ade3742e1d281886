//! What the caller asked for.

use fairway_forecast::backtest::Issue;
use fairway_forecast::hour::{Day, day_of};
use fairway_training::forms;
use fairway_training::search::Member;
use std::path::PathBuf;

const USAGE: &str = "usage: backtest FOLDER [--part study|lie|speed|hashes] [--json] [--point] [--only NAME[,NAME]] [--at midnight|ten] [--kind with|without] [--from DAY] [--to DAY] [--threads N] [--models FOLDER] [--export FOLDER | --peers FOLDER]";

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Part {
    /// The back-test.
    #[default]
    Study,
    /// A utility that inflates its forecast.
    Lie,
    /// Times and sizes.
    Speed,
    /// Hashes of models and forecasts over a synthetic load.
    Hashes,
}

/// The options.
pub(crate) struct Options {
    pub(crate) folder: PathBuf,
    pub(crate) part: Part,
    pub(crate) json: bool,
    /// Medians only, without intervals.
    pub(crate) point: bool,
    only: Vec<String>,
    at: Option<String>,
    kind: Option<String>,
    /// The first day that is forecast.
    pub(crate) first: Day,
    /// The last.
    pub(crate) last: Day,
    pub(crate) threads: usize,
    /// Where trained models are kept and looked for.
    pub(crate) models: Option<PathBuf>,
    pub(crate) export: Option<PathBuf>,
    pub(crate) peers: Option<PathBuf>,
}

impl Options {
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let none = || USAGE.to_owned();
        let mut options = Self {
            folder: PathBuf::new(),
            part: Part::Study,
            json: false,
            point: false,
            only: Vec::new(),
            at: None,
            kind: None,
            first: day_of(2018, 7, 1).ok_or_else(none)?,
            last: day_of(2020, 6, 30).ok_or_else(none)?,
            threads: 1,
            models: None,
            export: None,
            peers: None,
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} needs a value; {USAGE}"));
            match word.as_str() {
                "--json" => options.json = true,
                "--point" => options.point = true,
                "--part" => options.part = part(&value()?)?,
                "--only" => options.only = value()?.split(',').map(str::to_owned).collect(),
                "--at" => options.at = Some(value()?),
                "--kind" => options.kind = Some(value()?),
                "--from" => options.first = day(&value()?)?,
                "--to" => options.last = day(&value()?)?,
                "--threads" => options.threads = value()?.parse().map_err(|_| none())?,
                "--models" => options.models = Some(value()?.into()),
                "--export" => options.export = Some(value()?.into()),
                "--peers" => options.peers = Some(value()?.into()),
                other if !other.starts_with("--") && options.folder.as_os_str().is_empty() => {
                    options.folder = other.into();
                }
                other => return Err(format!("unknown word `{other}`; {USAGE}")),
            }
        }
        if options.folder.as_os_str().is_empty() && options.part != Part::Hashes {
            return Err(none());
        }
        Ok(options)
    }

    pub(crate) fn wants(&self, member: &Member) -> bool {
        self.only.is_empty() || self.only.contains(&code(member))
    }

    pub(crate) fn issues(&self) -> Vec<Issue> {
        let all = [Issue::MIDNIGHT, Issue::TEN_THE_DAY_BEFORE];
        let wanted = |issue: &Issue| self.at.as_deref().is_none_or(|at| at == name(*issue));
        all.into_iter().filter(wanted).collect()
    }

    pub(crate) fn kinds(&self) -> Vec<bool> {
        let wanted = |with: &bool| {
            self.kind
                .as_deref()
                .is_none_or(|kind| kind == kind_of(*with))
        };
        [true, false].into_iter().filter(wanted).collect()
    }
}

fn part(text: &str) -> Result<Part, String> {
    match text {
        "study" => Ok(Part::Study),
        "lie" => Ok(Part::Lie),
        "speed" => Ok(Part::Speed),
        "hashes" => Ok(Part::Hashes),
        other => Err(format!("unknown part `{other}`; {USAGE}")),
    }
}

fn day(text: &str) -> Result<Day, String> {
    forms::day(text).ok_or(format!("`{text}` is no day such as 2018-07-01"))
}

/// An authority as it is called.
pub(crate) fn code(member: &Member) -> String {
    member.name.to_uppercase()
}

/// What an hour of issue is called in the names of figures.
pub(crate) fn name(issue: Issue) -> &'static str {
    if issue == Issue::MIDNIGHT {
        "midnight"
    } else {
        "ten"
    }
}

/// What is looked at, in the names of figures: with the published forecast, or without.
pub(crate) fn kind_of(forecast: bool) -> &'static str {
    if forecast { "with" } else { "without" }
}
