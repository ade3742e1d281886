//! Sentences that people read in their own language: a code, named values, and one English form.
//!
//! What a hop says and why a price is what it is are kept, sent and signed as English sentences. The form that such a sentence is made
//! from also reads it back: code and values need no place beside the text, so what is signed keeps its bytes, what was kept before reads
//! as well, and the two cannot differ. A sentence that no form fits (of another version, or cut off) stays as it is.
//! Invariant: what [`Sentence::told`] says is what [`Sentence::read`] reads in its text; every code has its message in each language
//! of `messages/` (both tested here).

mod form;
mod hops;
mod reasons;
#[cfg(test)]
mod tests;
mod value;

pub use form::Form;
pub(crate) use hops::Says;
pub(crate) use reasons::Reason;
pub use value::{Cause, Kwh, Named, Number, Share, Sum};
pub use value::{Kind, Value, Worth};
pub(crate) use value::{Table, Word};

/// A sentence as its code and values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Which sentence: words joined by hyphens. It never changes its meaning.
    pub code: &'static str,
    /// What stands in it, by name; at most one for each name of the form.
    pub values: Vec<(&'static str, Value)>,
}

/// Sentences of one kind.
pub trait Sentence: core::fmt::Display {
    /// The form of each.
    const FORMS: &'static [Form];

    /// Code and values.
    fn told(&self) -> Told;

    /// Reads a sentence of this kind; none where no form fits.
    fn read(text: &str) -> Option<Told> {
        Self::FORMS.iter().find_map(|form| form.read(text))
    }
}

/// Declares the sentences of a kind as an enumeration that is a [`Sentence`](crate::said::Sentence): of each its name, its values with
/// their types ([`Worth`](crate::said::Worth)), its code and its English form.
#[macro_export]
macro_rules! sentences {
    ($(#[$doc:meta])* $vis:vis enum $name:ident {
        $($one:ident $({ $($field:ident: $type:ty),+ $(,)? })? = $code:literal, $english:literal;)+
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        $vis enum $name { $($one $({ $($field: $type),+ })?),+ }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self {
                    $(Self::$one $({ $($field),+ })? => write!(f, $english $($(, $field = $field)+)?),)+
                }
            }
        }

        impl $crate::said::Sentence for $name {
            const FORMS: &'static [$crate::said::Form] = &[$($crate::said::Form {
                code: $code,
                english: $english,
                values: &[$($((stringify!($field), <$type as $crate::said::Worth>::KIND)),+)?],
            }),+];

            fn told(&self) -> $crate::said::Told {
                match self {
                    $(Self::$one $({ $($field),+ })? => $crate::said::Told {
                        code: $code,
                        values: vec![$($((stringify!($field), $crate::said::Worth::value($field))),+)?],
                    },)+
                }
            }
        }
    };
}

/// Reads what a hop says, without the steps of the flow chart before it.
pub fn hop(text: &str) -> Option<Told> {
    Says::read(text)
}

/// Reads a reason of a price in an offer.
pub fn reason(text: &str) -> Option<Told> {
    Reason::read(text)
}
