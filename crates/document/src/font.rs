//! The fonts of a document, compiled in: Noto Sans for Latin, Greek and Cyrillic, DejaVu Sans for what it lacks (Hebrew, Arabic,
//! Armenian, Georgian, symbols). No font of the machine is ever read, so the same bill is the same file everywhere.

use crate::DocumentError;
use crate::block::Weight;
use crate::clean::UNKNOWN;
use krilla::text::Font;
use rustybuzz::Face;

/// One of the fonts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FontId {
    Regular,
    Bold,
    /// For what the two lack; it has one weight.
    Fallback,
}

/// A font for measuring and for drawing.
pub(crate) struct Loaded {
    pub(crate) face: Face<'static>,
    pub(crate) font: Font,
}

impl Loaded {
    fn new(name: &str, bytes: &'static [u8]) -> Result<Self, DocumentError> {
        let unreadable = || DocumentError::Library(format!("font {name} cannot be read"));
        Ok(Self {
            face: Face::from_slice(bytes, 0).ok_or_else(unreadable)?,
            font: Font::new(bytes.into(), 0).ok_or_else(unreadable)?,
        })
    }

    /// Units of the font in one em; more than zero.
    pub(crate) fn units(&self) -> i32 {
        self.face.units_per_em().max(1)
    }

    pub(crate) fn glyph(&self, c: char) -> Option<u32> {
        self.face.glyph_index(c).map(|g| u32::from(g.0))
    }
}

/// All fonts.
pub(crate) struct Fonts {
    regular: Loaded,
    bold: Loaded,
    fallback: Loaded,
}

impl Fonts {
    pub(crate) fn compiled_in() -> Result<Self, DocumentError> {
        Ok(Self {
            regular: Loaded::new("Noto Sans", notosans::REGULAR_TTF)?,
            bold: Loaded::new("Noto Sans Bold", notosans::BOLD_TTF)?,
            fallback: Loaded::new("DejaVu Sans", dejavu::sans::regular())?,
        })
    }

    pub(crate) fn get(&self, id: FontId) -> &Loaded {
        match id {
            FontId::Regular => &self.regular,
            FontId::Bold => &self.bold,
            FontId::Fallback => &self.fallback,
        }
    }

    /// The font that a character is drawn with; none when no font has it.
    pub(crate) fn choose(&self, c: char, weight: Weight) -> Option<FontId> {
        let first = match weight {
            Weight::Regular => FontId::Regular,
            Weight::Bold => FontId::Bold,
        };
        [first, FontId::Fallback]
            .into_iter()
            .find(|id| self.get(*id).glyph(c).is_some())
    }

    /// Whether the character can be drawn.
    pub(crate) fn has(&self, c: char) -> bool {
        is_joiner(c) || self.choose(c, Weight::Regular).is_some()
    }

    /// The glyph for what cannot be drawn, and its font.
    pub(crate) fn unknown(&self) -> (FontId, u32) {
        let glyph = self.fallback.glyph(UNKNOWN);
        (FontId::Fallback, glyph.unwrap_or(0))
    }
}

/// Characters without a shape of their own that change how their neighbours join.
pub(crate) fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}
