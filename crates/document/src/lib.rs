//! A driver's monthly bill for people: one content, as a tagged PDF and as plain text.
//!
//! `content` says what stands on the bill, in the reader's language; [`pdf`] sets it on pages with a structure that
//! screen readers follow (PDF/UA-1, and PDF/A-2a for the archive), [`text`] writes it for a terminal. Both show the same blocks, so that
//! no surface knows more than another.
//!
//! Pure: the bill and the language are the whole input, and the same input gives the same bytes. Positions are whole thousandths of a
//! point; only `draw` turns them into the floats that the PDF library asks for. Invariant: every text, whatever its script, is in the
//! document's text layer as it was given (less control characters), and what cannot be drawn is seen to be missing. Tests read the
//! files back with another library (`tests/it`).

mod block;
mod clean;
mod content;
mod draw;
mod font;
mod layout;
mod plain;
mod shape;
mod table;
mod tree;
mod zone;

use block::Block;
use fairway_messages::{Language, Words};
use fairway_model::{Bill, MoneyError};
use font::Fonts;

/// The most charges and credits that one document takes.
pub const MAX_LINES: usize = 10_000;

/// Why there is no document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentError {
    /// More charges and credits than [`MAX_LINES`]; how many.
    TooLong(usize),
    /// A sum of the bill does not fit.
    Money(MoneyError),
    /// A compiled-in font cannot be read, or the library refused what was drawn; its words.
    Library(String),
}

impl core::fmt::Display for DocumentError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::TooLong(lines) => write!(
                f,
                "the bill has {lines} charges and credits; a document takes at most {MAX_LINES}"
            ),
            Self::Money(error) => write!(f, "the bill cannot be summed: {error}"),
            Self::Library(text) => write!(f, "the document cannot be made: {text}"),
        }
    }
}

impl core::error::Error for DocumentError {}

impl From<MoneyError> for DocumentError {
    fn from(error: MoneyError) -> Self {
        Self::Money(error)
    }
}

fn blocks(bill: &Bill, words: &Words) -> Result<Vec<Block>, DocumentError> {
    let lines = bill.lines.len().saturating_add(bill.credits.len());
    if lines > MAX_LINES {
        return Err(DocumentError::TooLong(lines));
    }
    Ok(content::blocks(bill, words)?)
}

/// The bill as a PDF file: tagged, with bookmarks, language and title, fonts embedded; on Letter paper where the utility's country uses
/// that, else on A4.
///
/// # Errors
/// [`DocumentError`].
pub fn pdf(bill: &Bill, language: Language) -> Result<Vec<u8>, DocumentError> {
    let words = Words::of(language);
    let mut blocks = blocks(bill, &words)?;
    let fonts = Fonts::compiled_in()?;
    blocks.extend(content::missing(&blocks, &fonts, &words));
    let paper = layout::Paper::of(&bill.utility.country());
    let feet = content::Feet::of(bill, &words);
    let laid_out = layout::lay_out(&blocks, &fonts, paper, &feet);
    let about = content::about(bill, &words);
    draw::draw(&laid_out, &fonts, &about)
}

/// The bill as plain text of lines that end with a line feed.
///
/// # Errors
/// [`DocumentError`].
pub fn text(bill: &Bill, language: Language) -> Result<String, DocumentError> {
    let words = Words::of(language);
    Ok(plain::write(&blocks(bill, &words)?))
}
