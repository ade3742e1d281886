//! What the caller asked for.

use fairway_forecast::backtest::Issue;
use std::path::PathBuf;

const USAGE: &str = "usage: backtest FOLDER [--json] [--point] [--only NAME[,NAME]] [--at midnight|ten] [--kind with|without] [--threads N] [--export FOLDER | --peer FOLDER | --shade]";

/// The options.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) folder: PathBuf,
    pub(crate) json: bool,
    /// Medians only, without intervals.
    pub(crate) point: bool,
    pub(crate) only: Vec<String>,
    at: Option<String>,
    kind: Option<String>,
    pub(crate) threads: usize,
    pub(crate) export: Option<PathBuf>,
    pub(crate) peer: Option<PathBuf>,
    pub(crate) shade: bool,
}

impl Options {
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            threads: 1,
            ..Self::default()
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} needs a value; {USAGE}"));
            match word.as_str() {
                "--json" => options.json = true,
                "--point" => options.point = true,
                "--shade" => options.shade = true,
                "--only" => options.only = value()?.split(',').map(str::to_owned).collect(),
                "--at" => options.at = Some(value()?),
                "--kind" => options.kind = Some(value()?),
                "--threads" => options.threads = value()?.parse().map_err(|_| USAGE.to_owned())?,
                "--export" => options.export = Some(value()?.into()),
                "--peer" => options.peer = Some(value()?.into()),
                other if !other.starts_with("--") && options.folder.as_os_str().is_empty() => {
                    options.folder = other.into();
                }
                other => return Err(format!("unknown word `{other}`; {USAGE}")),
            }
        }
        if options.folder.as_os_str().is_empty() {
            return Err(USAGE.to_owned());
        }
        Ok(options)
    }

    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }

    pub(crate) fn issues(&self) -> Vec<Issue> {
        let all = [
            ("midnight", Issue::MIDNIGHT),
            ("ten", Issue::TEN_THE_DAY_BEFORE),
        ];
        let wanted = |name: &str| self.at.as_deref().is_none_or(|at| at == name);
        all.into_iter()
            .filter(|(name, _)| wanted(name))
            .map(|(_, issue)| issue)
            .collect()
    }

    pub(crate) fn kinds(&self) -> Vec<bool> {
        let all = [("with", true), ("without", false)];
        let wanted = |name: &str| self.kind.as_deref().is_none_or(|kind| kind == name);
        all.into_iter()
            .filter(|(name, _)| wanted(name))
            .map(|(_, with)| with)
            .collect()
    }
}
