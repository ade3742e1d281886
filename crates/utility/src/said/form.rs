//! The English form of a sentence, and how a sentence is read by it.

use super::{Kind, Told, Value};

/// One sentence's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// Its code.
    pub code: &'static str,
    /// The English words, with the names of values in braces and words between any two of them.
    pub english: &'static str,
    /// The values' names and kinds.
    pub values: &'static [(&'static str, Kind)],
}

impl Form {
    /// Reads a sentence that was made from this form. A value ends where the words behind it are first found.
    pub(super) fn read(&self, text: &str) -> Option<Told> {
        let mut values = Vec::with_capacity(self.values.len());
        let (mut form, mut left) = (self.english, text);
        while let Some((words, rest)) = form.split_once('{') {
            let (name, behind) = rest.split_once('}')?;
            let next = behind.split('{').next().unwrap_or_default();
            left = left.strip_prefix(words)?;
            let end = if next.is_empty() {
                left.len()
            } else {
                left.find(next)?
            };
            let (value, after) = left.split_at_checked(end)?;
            values.push(self.value(name, value)?);
            (form, left) = (behind, after);
        }
        (form == left).then_some(Told {
            code: self.code,
            values,
        })
    }

    fn value(&self, name: &str, text: &str) -> Option<(&'static str, Value)> {
        let (name, kind) = self.values.iter().find(|(known, _)| *known == name)?;
        Some((name, kind.read(text)?))
    }
}
