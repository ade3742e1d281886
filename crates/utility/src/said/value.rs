//! What stands in a sentence: how each kind of value is written in English, and read back.

use core::fmt;
use fairway_ledger::forecast::state::TableReason;
use fairway_model::station::{InputMethod, StopReason};
use fairway_model::{
    AgreementId, ConsentMethod, Currency, CustomerClass, Energy, MemberId, Micro, Refusal,
    RefusalCode, SessionId, Tier, Time,
};

/// A value of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// How many.
    Count(u64),
    /// The number of one thing among others, such as a block: no quantity.
    Number(u64),
    /// A share in basis points.
    Share(u32),
    /// An amount.
    Sum(Micro, Currency),
    /// Energy.
    Energy(Energy),
    /// A member, and its name where the sentence has it.
    Member(MemberId, Option<String>),
    /// A charge.
    Session(SessionId),
    /// An agreement.
    Agreement(AgreementId),
    /// A moment.
    Time(Time),
    /// One of a few words: what they are about, and which of them, in snake case.
    Word(&'static str, String),
    /// A refusal's code, and its own English sentence where it is there.
    Refusal(RefusalCode, Option<String>),
    /// A name that is the same in every language.
    Text(String),
}

/// The kinds of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// [`Value::Count`].
    Count,
    /// [`Value::Number`].
    Number,
    /// [`Value::Share`], written `97.5 %`.
    Share,
    /// [`Value::Sum`], written `8.42 USD`.
    Sum,
    /// [`Value::Energy`], written `12.5 kWh`.
    Energy,
    /// [`Value::Member`].
    Member,
    /// [`Value::Session`].
    Session,
    /// [`Value::Word`] about something, written as its name in the model.
    Word(&'static str),
    /// [`Value::Word`] about why the agreed table counts, written as a clause.
    Table,
    /// [`Value::Refusal`], written `code` or `code: sentence`.
    Refusal,
    /// [`Value::Text`].
    Text,
    /// A value of sentences that are told when they are asked for and nowhere kept: it is not read.
    Told,
}

impl Kind {
    /// Reads a value as it is written in English.
    pub(super) fn read(self, text: &str) -> Option<Value> {
        Some(match self {
            Self::Count => Value::Count(text.parse().ok()?),
            Self::Number => Value::Number(text.parse().ok()?),
            Self::Share => Value::Share(share(text)?),
            Self::Sum => {
                let (amount, currency) = text.split_once(' ')?;
                Value::Sum(Micro::parse(amount).ok()?, Currency::parse(currency).ok()?)
            }
            Self::Energy => Value::Energy(energy(text)?),
            Self::Member => Value::Member(MemberId::parse(text).ok()?, None),
            Self::Session => Value::Session(SessionId::parse(text).ok()?),
            Self::Word(about) => Value::Word(about, word(text)?),
            Self::Table => Value::Word(TABLE, table(text)?.to_owned()),
            Self::Refusal => refusal(text)?,
            Self::Text => Value::Text(text.to_owned()),
            Self::Told => return None,
        })
    }
}

fn share(text: &str) -> Option<u32> {
    let hundredths = Micro::parse(text.strip_suffix(" %")?).ok()?.0;
    u32::try_from(hundredths.checked_div(10_000)?).ok()
}

/// A kilowatt-hour has as many milliwatt-hours as a unit of money has millionths.
fn energy(text: &str) -> Option<Energy> {
    let amount = Micro::parse(text.strip_suffix(" kWh")?).ok()?.0;
    u64::try_from(amount).ok().map(Energy)
}

/// `EvDisconnected` as `ev_disconnected`.
fn word(name: &str) -> Option<String> {
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    Some(out)
}

fn refusal(text: &str) -> Option<Value> {
    let (code, why) = match text.split_once(": ") {
        Some((code, why)) => (code, Some(why.to_owned())),
        None => (text, None),
    };
    let code = RefusalCode::ALL.iter().find(|c| c.as_str() == code)?;
    Some(Value::Refusal(*code, why))
}

/// What the words of [`TABLES`] are about.
const TABLE: &str = "table";
/// Why the agreed table counts: the word, and the English clause that is signed.
pub(super) const TABLES: [(&str, Table); 8] = [
    ("no_schedule", Table(crate::schedules::NO_SCHEDULE)),
    ("no_model", Table(TableReason::NoModel.words())),
    ("no_forecast", Table(TableReason::NoForecast.words())),
    ("no_readings", Table(TableReason::NoReadings.words())),
    ("no_year", Table(TableReason::NoYear.words())),
    ("other_calendar", Table(TableReason::OtherCalendar.words())),
    ("no_skill", Table(TableReason::NoSkill.words())),
    ("drift", Table(TableReason::Drift.words())),
];

fn table(clause: &str) -> Option<&'static str> {
    let found = TABLES.iter().find(|(_, table)| table.0 == clause);
    found.map(|(word, _)| *word)
}

/// What may stand in a sentence: its [`fmt::Display`] is the English that its [`Kind`] reads.
pub trait Worth: fmt::Display {
    /// Its kind.
    const KIND: Kind;
    /// It as a value.
    fn value(&self) -> Value;
}

/// Implements [`Worth`] for a type of the workspace.
macro_rules! worth {
    ($type:ty, $kind:expr, $self:ident => $value:expr) => {
        impl Worth for $type {
            const KIND: Kind = $kind;

            fn value(&$self) -> Value {
                $value
            }
        }
    };
}

worth!(u8, Kind::Count, self => Value::Count(u64::from(*self)));
worth!(MemberId, Kind::Member, self => Value::Member(*self, None));
worth!(u64, Kind::Count, self => Value::Count(*self));
worth!(AgreementId, Kind::Told, self => Value::Agreement(*self));
worth!(Time, Kind::Told, self => Value::Time(*self));
worth!(Named, Kind::Told, self => Value::Member(self.0, Some(self.1.clone())));
worth!(SessionId, Kind::Session, self => Value::Session(*self));
worth!(String, Kind::Text, self => Value::Text(self.clone()));
worth!(Number, Kind::Number, self => Value::Number(self.0));
worth!(Share, Kind::Share, self => Value::Share(self.0));
worth!(Sum, Kind::Sum, self => Value::Sum(self.0, self.1));
worth!(Kwh, Kind::Energy, self => Value::Energy(self.0));
worth!(Cause, Kind::Refusal, self => Value::Refusal(self.code, self.text.clone()));
worth!(Table, Kind::Table, self => Value::Word(TABLE, table(self.0).unwrap_or_default().to_owned()));

/// A member that a sentence calls by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named(pub MemberId, pub String);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.1)
    }
}

/// A number that names something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number(pub u64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Basis points as a percentage without needless zeros: 105, 12.5, 0.75.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share(pub u32);

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0.div_euclid(100), self.0.rem_euclid(100));
        let fraction = format!("{rest:02}");
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{whole} %"),
            digits => write!(f, "{whole}.{digits} %"),
        }
    }
}

/// An amount with its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum(pub Micro, pub Currency);

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.text(self.1), self.1)
    }
}

/// Energy in kilowatt-hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kwh(pub Energy);

impl fmt::Display for Kwh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} kWh", self.0.kwh_text())
    }
}

/// Why something was refused, with or without its sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    code: RefusalCode,
    text: Option<String>,
}

impl From<&Refusal> for Cause {
    fn from(refusal: &Refusal) -> Self {
        Self {
            code: refusal.code,
            text: Some(refusal.text.clone()),
        }
    }
}

impl From<RefusalCode> for Cause {
    fn from(code: RefusalCode) -> Self {
        Self { code, text: None }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(text) => write!(f, "{}: {text}", self.code),
            None => write!(f, "{}", self.code),
        }
    }
}

/// Why the agreed table counts, in the English of the ledger's contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Table(pub(crate) &'static str);

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A word of the model, written by its name there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word<T>(pub(crate) T);

/// What a word is about.
pub(crate) trait About: fmt::Debug {
    const ABOUT: &'static str;
}

impl About for InputMethod {
    const ABOUT: &'static str = "input";
}
impl About for ConsentMethod {
    const ABOUT: &'static str = "consent";
}
impl About for CustomerClass {
    const ABOUT: &'static str = "class";
}
impl About for Tier {
    const ABOUT: &'static str = "tier";
}
impl About for StopReason {
    const ABOUT: &'static str = "stop";
}

impl<T: fmt::Debug> fmt::Display for Word<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl<T: About> Worth for Word<T> {
    const KIND: Kind = Kind::Word(T::ABOUT);

    fn value(&self) -> Value {
        Value::Word(T::ABOUT, word(&self.to_string()).unwrap_or_default())
    }
}
