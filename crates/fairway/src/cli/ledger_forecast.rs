//! `fairway ledger forecast`: what a member posts about its load, which models forecast it, and what the day costs by it.

use super::agreement::parse_id;
use super::client::{Client, Target};
use super::say;
use super::submit::{Desk, hand_in, status};
use crate::{environment, view};
use clap::{Args, Subcommand};
use fairway_forecast::calendar::{Calendar, MAX_CALENDAR_TEXT};
use fairway_forecast::ensemble::Package;
use fairway_forecast::hour::{Day, Hour, day_of};
use fairway_forecast::trees::{MAX_MODEL_BYTES, Model};
use fairway_ledger::forecast::bounds::{MAX_PART_BYTES, MAX_READINGS};
use fairway_ledger::forecast::op::{
    Asked, ForecastEffect, ForecastOperation, LineProposal, ModelClaim, ModelPart, Pack,
    PackageClaim, Parties, ReadingVerdict, Reveal,
};
use fairway_ledger::forecast::state::Reading;
use fairway_ledger::{Effect, Operation};
use fairway_model::canonical::Canonical as _;
use fairway_model::{Currency, Hash, MemberId, Time};
use fairway_utility::command::{Command, ForecastView, Reply};
use std::path::{Path, PathBuf};

/// Most bytes of a file with readings: sixty years of hours.
const MAX_READINGS_TEXT: u64 = 32 << 20;

/// The forecast on the ledger.
#[derive(Debug, Subcommand)]
pub(super) enum ForecastCommand {
    /// Open the member's load book under a calendar, or give it another one.
    Open {
        /// us-eastern, us-central, or a file with a calendar's table.
        #[arg(long)]
        calendar: String,
        #[command(flatten)]
        desk: Desk,
    },
    /// Post hourly loads from a file, or correct them: lines `2026-11-23T07,10250000` (hour of UTC, kilowatts).
    Post {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        desk: Desk,
    },
    /// Commit to the member's own forecast of a day: one load in kilowatts per line, from the day's first hour on.
    Commit {
        /// The day in the member's region, as in 2026-11-25.
        day: String,
        /// The file with the loads.
        file: PathBuf,
        /// Where to keep what opens the commitment.
        #[arg(long, default_value = "reveal.cbor")]
        keep: PathBuf,
        #[command(flatten)]
        desk: Desk,
    },
    /// Open a commitment, between 10 and 11 o'clock of the day before.
    Reveal {
        /// What `commit` kept.
        #[arg(default_value = "reveal.cbor")]
        file: PathBuf,
        #[command(flatten)]
        desk: Desk,
    },
    /// Store a model: its parts, then the whole.
    StoreModel {
        /// The model's canonical bytes.
        file: PathBuf,
        #[command(flatten)]
        desk: Desk,
    },
    /// Store a package of stored models.
    StorePackage {
        /// The package's canonical bytes.
        file: PathBuf,
        #[command(flatten)]
        desk: Desk,
    },
    #[command(flatten)]
    Line(LineCommand),
    /// Have the schedule of a day computed.
    Publish {
        /// The day in the visited utility's region, as in 2026-11-25.
        day: String,
        /// The package whose turn it is. Without it the member is asked, which knows what is stored and who revealed.
        #[arg(long)]
        package: Option<PathBuf>,
        /// Who stored its models.
        #[arg(long, requires = "package")]
        stored_by: Option<String>,
        /// Its models.
        #[arg(long, num_args = 1.., requires = "package")]
        models: Vec<PathBuf>,
        #[command(flatten)]
        parties: PartiesOptions,
    },
    /// Show this member's part in forecasts: readings, own forecasts, schedules, scores; what is late or missed, and why.
    Show(Target),
    /// Have a day scored, three days after its end.
    Score {
        /// The day.
        day: String,
        /// The agreement's currency, where it names a stake.
        #[arg(long)]
        currency: Option<String>,
        #[command(flatten)]
        parties: PartiesOptions,
    },
}

/// Which packages forecast for an agreement.
#[derive(Debug, Subcommand)]
pub(super) enum LineCommand {
    /// Propose packages for an agreement.
    Propose(LineOptions),
    /// Agree to proposed packages.
    Countersign(LineOptions),
    /// Go back to the packages before, or to the agreed table.
    RollBack(PartiesOptions),
}

/// An agreement and its parties.
#[derive(Debug, Args)]
pub(super) struct PartiesOptions {
    /// The agreement, agr_...
    #[arg(long)]
    agreement: String,
    /// Whose drivers; without it the member is asked.
    #[arg(long, requires = "visited")]
    home: Option<String>,
    /// Whose stations; without it the member is asked.
    #[arg(long, requires = "home")]
    visited: Option<String>,
    #[command(flatten)]
    desk: Desk,
}

/// Packages for an agreement.
#[derive(Debug, Args)]
pub(super) struct LineOptions {
    /// The package, 64 hexadecimal digits.
    #[arg(long)]
    package: String,
    /// The package for days without a forecast of the member's own.
    #[arg(long)]
    spare: Option<String>,
    /// The height from which they forecast.
    #[arg(long)]
    from: u64,
    #[command(flatten)]
    parties: PartiesOptions,
}

impl PartiesOptions {
    async fn parties(&self) -> Result<Parties, String> {
        let member = |text: &str| MemberId::parse(text).map_err(|e| e.to_string());
        let agreement = parse_id(&self.agreement)?;
        if let (Some(home), Some(visited)) = (&self.home, &self.visited) {
            return Ok(Parties {
                agreement,
                home: member(home)?,
                visited: member(visited)?,
            });
        }
        let known = status(&self.desk.client()?).await?.agreements;
        let found = known.into_iter().find(|(_, _, id)| *id == agreement);
        found
            .map(|(home, visited, agreement)| Parties {
                agreement,
                home,
                visited,
            })
            .ok_or_else(|| {
                format!("{agreement} is in force nowhere as far as this member knows; name --home and --visited")
            })
    }
}

impl LineOptions {
    async fn proposal(&self) -> Result<LineProposal, String> {
        Ok(LineProposal {
            parties: self.parties.parties().await?,
            pack: Pack {
                package: hash(&self.package)?,
                spare: self.spare.as_deref().map(hash).transpose()?,
            },
            from: self.from,
        })
    }
}

pub(super) async fn run(command: ForecastCommand) -> Result<(), String> {
    match command {
        ForecastCommand::Open { calendar, desk } => {
            let calendar = named_calendar(&calendar)?;
            let what = format!("load book of {}", calendar.region());
            let calendar = calendar.to_bytes();
            send(&desk, &what, ForecastOperation::Open { calendar }).await
        }
        ForecastCommand::Post { file, desk } => post(&desk, &file).await,
        ForecastCommand::Commit {
            day,
            file,
            keep,
            desk,
        } => commit(&desk, &day, &file, &keep).await,
        ForecastCommand::Reveal { file, desk } => {
            let reveal = Reveal::from_bytes(&read(&file, MAX_READINGS_TEXT)?)
                .map_err(|e| format!("{}: {e}", file.display()))?;
            send(&desk, "own forecast", ForecastOperation::Reveal(reveal)).await
        }
        ForecastCommand::StoreModel { file, desk } => store_model(&desk, &file).await,
        ForecastCommand::Show(target) => show(&target).await,
        ForecastCommand::StorePackage { file, desk } => {
            let package = Box::new(package(&file)?);
            let what = format!("package {}", package.hash());
            send(&desk, &what, ForecastOperation::StorePackage { package }).await
        }
        ForecastCommand::Line(command) => change_line(command).await,
        ForecastCommand::Publish {
            day,
            package,
            stored_by,
            models,
            parties,
        } => {
            let claim = claim(package.as_deref(), stored_by.as_deref(), &models)?;
            publish(&parties, &day, claim).await
        }
        ForecastCommand::Score {
            day,
            currency,
            parties,
        } => {
            let operation = ForecastOperation::Score {
                parties: parties.parties().await?,
                day: named_day(&day)?,
                currency: currency
                    .map(|text| Currency::parse(&text).map_err(|e| e.to_string()))
                    .transpose()?,
            };
            send(&parties.desk, &format!("score of {day}"), operation).await
        }
    }
}

async fn shown(client: &Client) -> Result<ForecastView, String> {
    match client.command(&Command::ShowForecast).await? {
        Reply::Forecast(found) => Ok(*found),
        _ => Err("the utility gave an answer of another kind".to_owned()),
    }
}

async fn show(target: &Target) -> Result<(), String> {
    let found = shown(&Client::of(target)?).await?;
    say(&if target.json {
        view::forecast::json(&found).to_string()
    } else {
        view::forecast::text(&found)
    });
    Ok(())
}

async fn change_line(command: LineCommand) -> Result<(), String> {
    match command {
        LineCommand::Propose(line) => {
            let operation = ForecastOperation::Propose(line.proposal().await?);
            send(&line.parties.desk, "packages", operation).await
        }
        LineCommand::Countersign(line) => {
            let operation = ForecastOperation::Countersign(line.proposal().await?);
            send(&line.parties.desk, "packages", operation).await
        }
        LineCommand::RollBack(parties) => {
            let operation = ForecastOperation::RollBack(parties.parties().await?);
            send(&parties.desk, "roll-back", operation).await
        }
    }
}

async fn send(desk: &Desk, what: &str, operation: ForecastOperation) -> Result<(), String> {
    let operation = Operation::Forecast(Box::new(operation));
    let (_, receipt) = hand_in(desk, what, operation).await?;
    if let Some(Effect::Forecast(effect)) = receipt.effect() {
        for line in outcome(effect) {
            say(&line);
        }
    }
    Ok(())
}

/// What an operation did, beyond being final.
fn outcome(effect: &ForecastEffect) -> Vec<String> {
    match effect {
        ForecastEffect::Posted { verdicts } => posted(verdicts),
        ForecastEffect::Published { prices, .. } => vec![view::forecast::day(prices)],
        ForecastEffect::Scored { skill, .. } => vec![skill.map_or_else(
            || "too few days are scored to tell the skill".to_owned(),
            |skill| {
                let share = view::forecast::per_cent(skill);
                format!("skill over the agreed days: {share} less loss than the week before")
            },
        )],
        ForecastEffect::RolledBack { pack: None, .. } => {
            vec!["no package is in force; the agreed table prices".to_owned()]
        }
        ForecastEffect::RolledBack {
            pack: Some(pack), ..
        } => vec![format!("package {} is in force", pack.package)],
        ForecastEffect::Agreed { from, .. } => {
            vec![format!("they forecast from block {from} on")]
        }
        _ => Vec::new(),
    }
}

/// How many readings were taken, and what is wrong with the others.
fn posted(verdicts: &[ReadingVerdict]) -> Vec<String> {
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for verdict in verdicts {
        let text = view::forecast::verdict(*verdict);
        let count = counts.entry(text).or_default();
        *count = count.saturating_add(1);
    }
    let line = |(text, number): (String, usize)| format!("  {number} {text}");
    counts.into_iter().map(line).collect()
}

async fn publish(
    options: &PartiesOptions,
    day: &str,
    claim: Option<PackageClaim>,
) -> Result<(), String> {
    let (parties, named) = (options.parties().await?, named_day(day)?);
    let package = match claim {
        Some(claim) => Some(claim),
        None => known_claim(&options.desk, &parties).await?,
    };
    let asked = Asked {
        parties,
        day: named,
        package,
    };
    let what = format!("schedule of {day}");
    send(&options.desk, &what, ForecastOperation::Publish(asked)).await
}

/// The package whose turn it is tomorrow, as the member knows it.
async fn known_claim(desk: &Desk, parties: &Parties) -> Result<Option<PackageClaim>, String> {
    let found = shown(&desk.client()?).await?;
    let line = found
        .lines
        .into_iter()
        .find(|line| line.agreement == parties.agreement);
    line.map(|line| line.claim).ok_or_else(|| {
        format!("this member is no party of {} in force; name --package, --stored-by and --models, or ask a party", parties.agreement)
    })
}

fn read(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    let at = |e: std::io::Error| format!("{}: {e}", path.display());
    let length = std::fs::metadata(path).map_err(at)?.len();
    if length > most {
        return Err(format!(
            "{}: {length} bytes; at most {most} are read",
            path.display()
        ));
    }
    std::fs::read(path).map_err(at)
}

fn text(path: &Path, most: u64) -> Result<String, String> {
    String::from_utf8(read(path, most)?).map_err(|_| format!("{}: no UTF-8 text", path.display()))
}

fn named_calendar(name: &str) -> Result<Calendar, String> {
    let found = match name {
        "us-eastern" => Calendar::us_eastern(),
        "us-central" => Calendar::us_central(),
        file => {
            let most = u64::try_from(MAX_CALENDAR_TEXT).unwrap_or(u64::MAX);
            Calendar::parse(&[&text(Path::new(file), most)?])
        }
    };
    found.map_err(|e| format!("{name}: {e}"))
}

fn hash(text: &str) -> Result<Hash, String> {
    let wrong = || format!("{text:?} is no hash; 64 hexadecimal digits are right");
    let bytes = hex::decode(text).map_err(|_| wrong())?;
    <[u8; 32]>::try_from(bytes).map(Hash).map_err(|_| wrong())
}

fn named_day(text: &str) -> Result<Day, String> {
    let date: jiff::civil::Date = text
        .parse()
        .map_err(|e| format!("day {text:?}: {e}; 2026-11-25 is right"))?;
    let part = |number: i8| u8::try_from(number).unwrap_or(0);
    day_of(i64::from(date.year()), part(date.month()), part(date.day()))
        .ok_or_else(|| format!("day {text:?} is not between 1900 and 2200"))
}

/// One line's reading, or what is wrong with it.
fn reading(line: &str) -> Result<Reading, String> {
    let (hour, kw) = line
        .split_once(',')
        .ok_or("no comma; `2026-11-23T07,10250000` is right")?;
    let instant: jiff::Timestamp = format!("{}:00:00Z", hour.trim())
        .parse()
        .map_err(|_| format!("{hour:?} is no hour of UTC; 2026-11-23T07 is right"))?;
    let kw = kw
        .trim()
        .parse()
        .map_err(|_| format!("{kw:?} is no load; whole kilowatts are right"))?;
    Ok(Reading {
        hour: Hour::of(Time(instant.as_millisecond())),
        kw,
    })
}

/// All readings of a text, or the line of the first that is wrong. Nothing is posted unless every line is right.
fn readings(text: &str) -> Result<Vec<Reading>, String> {
    let lines = (1_usize..).zip(text.lines());
    lines
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(number, line)| reading(line).map_err(|why| format!("line {number}: {why}")))
        .collect()
}

async fn post(desk: &Desk, file: &Path) -> Result<(), String> {
    let found = readings(&text(file, MAX_READINGS_TEXT)?)
        .map_err(|why| format!("{}: {why}", file.display()))?;
    for part in found.chunks(MAX_READINGS) {
        let what = format!(
            "{} readings from {}",
            part.len(),
            part.first().map_or(Time(0), |r| r.hour.start())
        );
        let readings = part.to_vec();
        send(desk, &what, ForecastOperation::Post { readings }).await?;
    }
    Ok(())
}

async fn commit(desk: &Desk, day: &str, file: &Path, keep: &Path) -> Result<(), String> {
    let loads = text(file, MAX_READINGS_TEXT)?;
    let lines = (1_usize..).zip(loads.lines());
    let values = lines
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(number, line)| {
            line.trim().parse().map_err(|_| {
                format!(
                    "{}: line {number}: {line:?} is no load; whole kilowatts are right",
                    file.display()
                )
            })
        })
        .collect::<Result<Vec<i64>, String>>()?;
    let reveal = Reveal {
        day: named_day(day)?,
        salt: Hash(environment::entropy()).short(),
        values,
    };
    // Kept before it is committed to: what cannot be opened is lost.
    std::fs::write(keep, reveal.to_bytes()).map_err(|e| format!("{}: {e}", keep.display()))?;
    let operation = ForecastOperation::Commit {
        day: reveal.day,
        commitment: reveal.commitment(desk.member()?),
    };
    send(desk, &format!("commitment for {day}"), operation).await?;
    say(&format!(
        "{} opens it between 10 and 11 o'clock of the day before",
        keep.display()
    ));
    Ok(())
}

fn model(path: &Path) -> Result<(Hash, Vec<u8>), String> {
    let most = u64::try_from(MAX_MODEL_BYTES).unwrap_or(u64::MAX);
    let bytes = read(path, most)?;
    let model = Model::read(&bytes).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok((model.hash(), bytes))
}

fn parts(bytes: &[u8]) -> u16 {
    u16::try_from(bytes.len().div_ceil(MAX_PART_BYTES)).unwrap_or(u16::MAX)
}

/// The operations that store a model: its parts, then the whole.
pub(crate) fn storing(model: Hash, bytes: &[u8]) -> impl Iterator<Item = ForecastOperation> {
    let whole = ForecastOperation::StoreModel {
        model,
        parts: parts(bytes),
    };
    let part = move |(part, chunk): (u16, &[u8])| {
        ForecastOperation::StorePart(ModelPart {
            model,
            part,
            bytes: chunk.to_vec(),
        })
    };
    let chunks = (0_u16..).zip(bytes.chunks(MAX_PART_BYTES));
    chunks.map(part).chain(std::iter::once(whole))
}

async fn store_model(desk: &Desk, file: &Path) -> Result<(), String> {
    let (model, bytes) = model(file)?;
    for operation in storing(model, &bytes) {
        let what = match &operation {
            ForecastOperation::StorePart(part) => format!("part {} of model {model}", part.part),
            _ => format!("model {model}"),
        };
        send(desk, &what, operation).await?;
    }
    Ok(())
}

fn package(path: &Path) -> Result<Package, String> {
    let most = u64::try_from(MAX_MODEL_BYTES).unwrap_or(u64::MAX);
    Package::read(&read(path, most)?).map_err(|e| format!("{}: {e}", path.display()))
}

/// What the ledger must be told of a package to find its models.
fn claim(
    file: Option<&Path>,
    stored_by: Option<&str>,
    models: &[PathBuf],
) -> Result<Option<PackageClaim>, String> {
    let Some(file) = file else {
        return Ok(None);
    };
    let by = stored_by.ok_or("--stored-by is missing: who stored the models")?;
    let by = MemberId::parse(by).map_err(|e| e.to_string())?;
    let mut claims = models
        .iter()
        .map(|path| {
            let (model, bytes) = model(path)?;
            let parts = parts(&bytes);
            Ok(ModelClaim { model, by, parts })
        })
        .collect::<Result<Vec<_>, String>>()?;
    claims.sort_by_key(|claim| claim.model);
    claims.dedup();
    Ok(Some(PackageClaim {
        package: package(file)?.hash(),
        models: claims,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_are_read_whole_or_not_at_all() {
        let good = "2026-11-23T07,10250000\n\n2026-11-23T08, 10300000\n";
        let found = readings(good).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].kw, 10_300_000);
        assert_eq!(found[1].hour.since(found[0].hour), 1);
        for (wrong, words) in [
            ("2026-11-23T07;1", "line 1: no comma"),
            ("2026-11-23T07,1\nnoon,1", "line 2: \"noon\" is no hour"),
            ("2026-11-23T07,1.5", "whole kilowatts are right"),
        ] {
            let why = readings(wrong).unwrap_err();
            assert!(why.contains(words), "{why}");
        }
    }

    #[test]
    fn days_and_hashes_are_read_as_typed() {
        assert_eq!(named_day("1970-01-02"), Ok(Day(1)));
        assert!(named_day("tomorrow").unwrap_err().contains("is right"));
        assert!(hash("12").is_err());
        assert!(named_calendar("us-eastern").is_ok());
    }
}
