//! Sentences as code and values, so that a page says them in its reader's language.

use super::Money;
use fairway_utility::said::{Told, Value};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A sentence by its code: a page that knows the code says it in its reader's language, others show the English text beside it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Said {
    /// Which sentence.
    #[schema(example = "offer-proposed")]
    code: &'static str,
    /// What stands in it, by name.
    values: BTreeMap<&'static str, SaidValue>,
}

/// A value in a sentence, with its kind.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum SaidValue {
    /// How many.
    Count {
        /// The number.
        count: u64,
    },
    /// The number of one thing among others, such as a block.
    Number {
        /// The number.
        number: u64,
    },
    /// A share.
    Share {
        /// In basis points.
        bps: u32,
    },
    /// An amount.
    Money {
        /// The amount.
        money: Money,
    },
    /// Energy.
    Energy {
        /// In milliwatt-hours.
        mwh: u64,
    },
    /// A member.
    Member {
        /// Its id.
        id: String,
        /// Its name, where the sentence has it.
        name: Option<String>,
    },
    /// A charge.
    Session {
        /// Its id.
        id: String,
    },
    /// An agreement.
    Agreement {
        /// Its id.
        id: String,
    },
    /// A moment.
    Time {
        /// When.
        at: String,
    },
    /// One of a few words.
    Word {
        /// What it is about: `input`, `consent`, `class`, `tier`, `stop` or `table`.
        about: &'static str,
        /// Which of them.
        word: String,
    },
    /// Why something was refused.
    Refusal {
        /// The refusal's code.
        code: &'static str,
        /// Its own sentence in English, where it is there.
        text: Option<String>,
    },
    /// A name that is the same in every language.
    Text {
        /// The name.
        text: String,
    },
}

impl From<Value> for SaidValue {
    fn from(value: Value) -> Self {
        match value {
            Value::Count(count) => Self::Count { count },
            Value::Number(number) => Self::Number { number },
            Value::Share(bps) => Self::Share { bps },
            Value::Sum(amount, currency) => Self::Money {
                money: Money::new(amount, currency),
            },
            Value::Energy(energy) => Self::Energy { mwh: energy.0 },
            Value::Member(member, name) => Self::Member {
                id: member.to_string(),
                name,
            },
            Value::Session(session) => Self::Session {
                id: session.to_string(),
            },
            Value::Agreement(agreement) => Self::Agreement {
                id: agreement.to_string(),
            },
            Value::Time(at) => Self::Time { at: at.rfc3339() },
            Value::Word(about, word) => Self::Word { about, word },
            Value::Refusal(code, text) => Self::Refusal {
                code: code.as_str(),
                text,
            },
            Value::Text(text) => Self::Text { text },
        }
    }
}

impl From<Told> for Said {
    fn from(told: Told) -> Self {
        let values = told.values.into_iter();
        Self {
            code: told.code,
            values: values.map(|(name, value)| (name, value.into())).collect(),
        }
    }
}

/// The reasons of a price by their codes, each in the place that its text has; none where a text is in other words.
pub(crate) fn reasons(texts: &[String]) -> Vec<Option<Said>> {
    let read = texts.iter().map(|text| fairway_utility::said::reason(text));
    read.map(|told| told.map(Said::from)).collect()
}
