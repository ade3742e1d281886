//! A data set as it is kept: one text of a few lines in front of CSV, with everything that is needed to read it.
//!
//! Invariant: [`Dataset::text`] and [`Dataset::read`] are inverse; the hash of the text names the data in searches and cards. A file that was imported already
//! changes nothing, because the hashes of all imported files are kept.

use crate::checks::{Allow, Checked, Setting, check};
use crate::csv::{Finding, line};
use crate::forms;
use crate::hours::{Hours, points};
use crate::schema::{Role, Schema};
use crate::table::{Refused, Row, rows};
use crate::value::{Kind, Value};
use core::fmt::Write as _;
use fairway_forecast::calendar::Calendar;
use fairway_forecast::hour::Hour;
use fairway_forecast::series::Series;
use fairway_model::hash::Hash;
use std::collections::BTreeMap;

/// Domain label of a data set's hash.
pub const DATASET_DOMAIN: &str = "fairway.training.dataset.v1";
/// The longest name, in bytes.
pub const MAX_NAME: usize = 64;
/// The most imports that are kept in mind.
pub const MAX_IMPORTS: usize = 10_000;
/// The year 3110, after every hour of any file.
const FAR_FUTURE: Hour = Hour(10_000_000);
/// The first line.
const HEAD: &str = "fairway dataset 1";

/// A file that was taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// SHA-256 of its bytes.
    pub hash: Hash,
    /// Rows that were new or corrected.
    pub rows: usize,
    /// Its name, and its form.
    pub name: String,
}

/// A data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    name: String,
    calendar_text: String,
    calendar: Calendar,
    schema: Schema,
    imports: Vec<Import>,
    rows: Vec<Vec<Value>>,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Whether the same file was taken over earlier, so that nothing changed.
    pub again: bool,
    /// The file's form.
    pub form: String,
    /// Rows that were added.
    pub added: usize,
    /// Counts and notes of the checks; the hours themselves are left out.
    pub checked: Checked,
    /// Columns that were not taken.
    pub left: Vec<String>,
}

/// A file to import.
#[derive(Debug)]
pub struct File<'a> {
    /// Its name, for the record.
    pub name: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Which balancing authority, where it holds several.
    pub authority: Option<&'a str>,
}

/// Whether a text may name a data set: it becomes the name of a folder.
///
/// # Errors
/// What would be right.
pub fn check_name(name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let sound = !name.is_empty()
        && name.len() <= MAX_NAME
        && name.chars().all(plain)
        && name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if sound {
        return Ok(());
    }
    Err(format!(
        "`{}` is no name of a data set: 1 to {MAX_NAME} small letters, digits, `-` and `_`, the first a letter or digit",
        name.escape_debug()
    ))
}

impl Dataset {
    /// A data set without rows.
    ///
    /// # Errors
    /// A name or a calendar that cannot be.
    pub fn new(name: &str, calendar_text: &str, schema: Schema) -> Result<Self, String> {
        check_name(name)?;
        let calendar = Calendar::parse(&[calendar_text]).map_err(|error| error.to_string())?;
        Ok(Self {
            name: name.to_owned(),
            calendar_text: calendar_text.lines().fold(String::new(), |mut all, line| {
                all.push_str(line);
                all.push('\n');
                all
            }),
            calendar,
            schema,
            imports: Vec::new(),
            rows: Vec::new(),
        })
    }

    /// The loads of one file, with the checks of an import, and without a clock: hours may lie anywhere in time.
    ///
    /// # Errors
    /// A name or a calendar that cannot be, as one finding; everything that is wrong with the file.
    pub fn of_file(name: &str, calendar_text: &str, file: &File<'_>) -> Result<Self, Refused> {
        let mut dataset = Self::new(name, calendar_text, Schema::loads()).map_err(Finding::file)?;
        dataset.import(file, FAR_FUTURE, &[], Allow::default())?;
        Ok(dataset)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its region's calendar.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// Its columns.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The files that were taken over.
    pub fn imports(&self) -> &[Import] {
        &self.imports
    }

    /// Its rows.
    pub fn rows(&self) -> &[Vec<Value>] {
        &self.rows
    }

    /// The hash that names these data.
    pub fn hash(&self) -> Hash {
        Hash::of(DATASET_DOMAIN, self.text().as_bytes())
    }

    /// Its hourly loads.
    ///
    /// # Errors
    /// A schema without a load.
    pub fn hours(&self) -> Result<Hours, String> {
        if !self.schema.is_loads() {
            return Err(format!(
                "data set `{}` has no column with the role `load`, so there is nothing to forecast",
                self.name
            ));
        }
        let rows: Vec<Row> = self
            .rows
            .iter()
            .map(|values| Row {
                line: 0,
                values: values.clone(),
            })
            .collect();
        let posted = points(&self.schema, &rows).map_err(|error| error.to_string())?;
        let mut hours = Hours::default();
        hours
            .points
            .extend(posted.into_iter().map(|p| (p.hour, p.point)));
        Ok(hours)
    }

    /// Takes a file over, whole or not at all. A file of a known form is taken by [`crate::schema::LOADS`]; any other has the schema's columns.
    ///
    /// # Errors
    /// Everything that is wrong with the file; the data set is as it was.
    pub fn import(
        &mut self,
        file: &File<'_>,
        now: Hour,
        neighbours: &[(String, Series)],
        allow: Allow,
    ) -> Result<Report, Refused> {
        let mark = [
            file.authority.unwrap_or_default().as_bytes(),
            b"\n",
            file.bytes,
        ]
        .concat();
        let hash = Hash::plain(&mark);
        if self.imports.iter().any(|known| known.hash == hash) {
            return Ok(Report {
                again: true,
                ..Report::default()
            });
        }
        if self.imports.len() >= MAX_IMPORTS {
            return Err(Finding::file(format!(
                "the data set has taken {MAX_IMPORTS} files; export it into a new one"
            ))
            .into());
        }
        let known_form = if self.schema == Schema::loads() {
            forms::read(file.bytes, file.authority, &self.calendar)?
        } else {
            None
        };
        let (form, taken, left) = match known_form {
            Some(known) => (known.form.to_owned(), known.rows, known.left),
            None => (
                "columns of the schema".to_owned(),
                rows(file.bytes, &self.schema)?,
                Vec::new(),
            ),
        };
        let mut report = Report {
            form,
            left,
            ..Report::default()
        };
        if self.schema.is_loads() {
            self.take_hours(&taken, now, neighbours, allow, &mut report)?;
        } else {
            report.added = taken.len();
            self.rows.extend(taken.into_iter().map(|row| row.values));
        }
        let name: String = file
            .name
            .chars()
            .filter(|c| !c.is_control())
            .take(120)
            .collect();
        self.imports.push(Import {
            hash,
            rows: report.added + report.checked.corrected,
            name: format!("{name} ({})", report.form),
        });
        Ok(report)
    }

    fn take_hours(
        &mut self,
        taken: &[Row],
        now: Hour,
        neighbours: &[(String, Series)],
        allow: Allow,
        report: &mut Report,
    ) -> Result<(), Refused> {
        let posted = points(&self.schema, taken)?;
        let load = self
            .schema
            .place(|role| matches!(role, Role::Load(_)))
            .unwrap_or_default();
        let optional = self.schema.columns.get(load).is_some_and(|c| c.optional);
        let allow = Allow {
            spikes: allow.spikes && optional,
            ..allow
        };
        let known = self.hours().map_err(Finding::file)?;
        let setting = Setting {
            calendar: &self.calendar,
            now,
            neighbours,
            allow,
        };
        let mut checked = check(&known, &posted, &setting)?;
        let by_line: BTreeMap<usize, &Row> = taken.iter().map(|row| (row.line, row)).collect();
        let mut all: BTreeMap<Hour, Vec<Value>> = known
            .points
            .keys()
            .copied()
            .zip(core::mem::take(&mut self.rows))
            .collect();
        for posted in &checked.hours {
            let Some(row) = by_line.get(&posted.line) else {
                continue;
            };
            let mut values = row.values.clone();
            if let (None, Some(cell)) = (posted.point.load, values.get_mut(load)) {
                *cell = Value::Missing;
            }
            all.insert(posted.hour, values);
        }
        report.added = checked.hours.len() - checked.corrected;
        self.rows = all.into_values().collect();
        checked.hours = Vec::new();
        report.checked = checked;
        Ok(())
    }

    /// The rows as CSV with a header.
    pub fn csv(&self) -> String {
        let names = self.schema.columns.iter().map(|c| c.name.as_str());
        let mut out = line(names);
        let kinds: Vec<&Kind> = self.schema.columns.iter().map(|c| &c.kind).collect();
        for row in &self.rows {
            let cells: Vec<String> = kinds
                .iter()
                .zip(row)
                .map(|(kind, value)| kind.write(value))
                .collect();
            out.push_str(&line(cells.iter().map(String::as_str)));
        }
        out
    }

    /// The text that is kept.
    pub fn text(&self) -> String {
        let schema = self.schema.text();
        let mut out = format!(
            "{HEAD}\nname {}\ncalendar {}\n{}",
            self.name,
            self.calendar_text.lines().count(),
            self.calendar_text
        );
        let _ = write!(
            out,
            "schema {}\n{schema}imports {}\n",
            schema.lines().count(),
            self.imports.len()
        );
        for import in &self.imports {
            let _ = writeln!(out, "{} {} {}", import.hash.hex(), import.rows, import.name);
        }
        let csv = self.csv();
        let _ = write!(
            out,
            "rows {} {}\n{csv}",
            self.rows.len(),
            Hash::plain(csv.as_bytes()).hex()
        );
        out
    }

    /// Reads the text that is kept.
    ///
    /// # Errors
    /// What is damaged.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut rest = Lines { rest: text, at: 0 };
        if rest.next()? != HEAD {
            return Err(format!("the file does not begin with `{HEAD}`"));
        }
        let name = rest.field("name")?.to_owned();
        let calendar_text = rest.block("calendar")?;
        let schema = Schema::parse(&rest.block("schema")?).map_err(|error| error.to_string())?;
        let imports = rest.block("imports")?;
        let imports: Vec<Import> = imports
            .lines()
            .map(import)
            .collect::<Option<_>>()
            .ok_or("a line of an import is damaged")?;
        let (number, hash) = rest
            .field("rows")?
            .split_once(' ')
            .ok_or("the line `rows` is damaged")?;
        if Hash::plain(rest.rest.as_bytes()).hex() != hash {
            return Err(
                "the rows are not those that were written: their hash is another".to_owned(),
            );
        }
        let mut dataset = Self::new(&name, &calendar_text, schema)?;
        dataset.imports = imports;
        if number != "0" {
            let found =
                rows(rest.rest.as_bytes(), &dataset.schema).map_err(|error| error.to_string())?;
            dataset.rows = found.into_iter().map(|row| row.values).collect();
        }
        Ok(dataset)
    }
}

fn import(text: &str) -> Option<Import> {
    let mut words = text.splitn(3, ' ');
    let hash = hash_of(words.next()?)?;
    Some(Import {
        hash,
        rows: words.next()?.parse().ok()?,
        name: words.next()?.to_owned(),
    })
}

/// The hash that 64 hexadecimal digits write.
pub fn hash_of(text: &str) -> Option<Hash> {
    let mut bytes = [0_u8; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(Hash(bytes))
}

/// The lines in front of the rows.
struct Lines<'a> {
    rest: &'a str,
    at: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<&'a str, String> {
        self.at += 1;
        let (line, rest) = self
            .rest
            .split_once('\n')
            .ok_or_else(|| format!("the file ends on line {}", self.at))?;
        self.rest = rest;
        Ok(line)
    }

    fn field(&mut self, name: &str) -> Result<&'a str, String> {
        let line = self.next()?;
        let value = line
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix(' '));
        value.ok_or_else(|| format!("line {}: `{name} ...` would be right", self.at))
    }

    fn block(&mut self, name: &str) -> Result<String, String> {
        let wrong = format!("the number of lines of `{name}` is damaged");
        let lines: usize = self.field(name)?.parse().map_err(|_| wrong)?;
        let mut out = String::new();
        for _ in 0..lines {
            out.push_str(self.next()?);
            out.push('\n');
        }
        Ok(out)
    }
}
