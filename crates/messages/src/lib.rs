//! What Fairway says to people, in their language: the texts of `messages/*/*.ftl`, which the web surfaces load as well, and numbers,
//! amounts, dates and times in the language's form.
//!
//! Pure: language, names and numbers are arguments; the texts are compiled in. Whoever shows a text adds nothing to it but layout.
//! Invariant: every language has the same messages with the same variables, and every message is used (`tests/it`).

mod figures;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

/// A language that the texts exist in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// English.
    En,
    /// Spanish.
    Es,
    /// German.
    De,
}

/// A language that there are no texts in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownLanguage(String);

impl core::fmt::Display for UnknownLanguage {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:?} is no language of the texts: en, es or de", self.0)
    }
}

impl core::error::Error for UnknownLanguage {}

impl Language {
    /// All languages, the one that stands in for others first.
    pub const ALL: [Self; 3] = [Self::En, Self::Es, Self::De];

    /// The tag (BCP 47), as folders of `messages/` are called.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Es => "es",
            Self::De => "de",
        }
    }

    /// Reads a tag; what follows the language (`es-MX`) does not matter.
    ///
    /// # Errors
    /// When there are no texts in that language.
    pub fn parse(tag: &str) -> Result<Self, UnknownLanguage> {
        let primary = tag.split(['-', '_']).next().unwrap_or(tag);
        Self::ALL
            .into_iter()
            .find(|l| l.tag().eq_ignore_ascii_case(primary))
            .ok_or_else(|| UnknownLanguage(tag.chars().take(32).collect()))
    }

    /// The language for a customer's tag: English when there are no texts in his.
    pub fn nearest(tag: &str) -> Self {
        Self::parse(tag).unwrap_or(Self::En)
    }

    fn sources(self) -> [&'static str; 2] {
        match self {
            Self::En => [
                include_str!("../../../messages/en/bill.ftl"),
                include_str!("../../../messages/en/terminal.ftl"),
            ],
            Self::Es => [
                include_str!("../../../messages/es/bill.ftl"),
                include_str!("../../../messages/es/terminal.ftl"),
            ],
            Self::De => [
                include_str!("../../../messages/de/bill.ftl"),
                include_str!("../../../messages/de/terminal.ftl"),
            ],
        }
    }
}

/// A value in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// A name, or a figure that is written already.
    Text(&'a str),
    /// A number that decides between singular and plural.
    Count(u64),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

/// The texts of one language.
pub struct Words {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl core::fmt::Debug for Words {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Words({})", self.language.tag())
    }
}

impl Words {
    /// The texts of `language`.
    pub fn of(language: Language) -> Self {
        let locale: LanguageIdentifier = language.tag().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![locale]);
        // The texts are laid out by programs that order the directions of writing themselves, or shown by a terminal that has no notion
        // of the marks.
        bundle.set_use_isolating(false);
        for source in language.sources() {
            // A file with a mistake in it does not pass the tests; what can be read of it is used.
            let resource = match FluentResource::try_new(source.to_owned()) {
                Ok(resource) | Err((resource, _)) => resource,
            };
            let _twice = bundle.add_resource(resource);
        }
        Self { language, bundle }
    }

    /// Which language it is.
    pub fn language(&self) -> Language {
        self.language
    }

    /// A text without variables. A message that does not exist gives its id: the tests find it, and a reader can name it.
    pub fn say(&self, id: &str) -> String {
        self.tell(id, &[])
    }

    /// A text with values for its variables.
    pub fn tell(&self, id: &str, values: &[(&str, Value<'_>)]) -> String {
        let Some(pattern) = self.bundle.get_message(id).and_then(|m| m.value()) else {
            return id.to_owned();
        };
        let mut args = FluentArgs::with_capacity(values.len());
        for (name, value) in values {
            let value = match value {
                Value::Text(text) => FluentValue::from(*text),
                Value::Count(count) => FluentValue::from(*count),
            };
            args.set(*name, value);
        }
        let mut unknown = Vec::new();
        self.bundle
            .format_pattern(pattern, Some(&args), &mut unknown)
            .into_owned()
    }

    /// Whether there is such a message.
    pub fn has(&self, id: &str) -> bool {
        self.bundle.has_message(id)
    }
}
