//! Text to glyphs: breaking into lines, order of directions (Unicode's bidirectional algorithm), choice of fonts, shaping.

use crate::block::Weight;
use crate::font::{FontId, Fonts, is_joiner};
use core::ops::Range;
use rustybuzz::{Direction, UnicodeBuffer};
use unicode_bidi::{BidiInfo, Level};

/// Thousandths of a point; positions and sizes on a page.
pub(crate) type Mil = i64;

/// A glyph with its place in its piece's text. Distances are in units of the font.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glyph {
    pub(crate) id: u32,
    pub(crate) advance: i32,
    pub(crate) right: i32,
    pub(crate) up: i32,
    pub(crate) text: Range<usize>,
}

/// A stretch of one font and one direction, in visual order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) font: FontId,
    pub(crate) text: String,
    pub(crate) glyphs: Vec<Glyph>,
    /// Where it begins, in thousandths of an em from the line's begin.
    pub(crate) at: i64,
}

/// A line of text, shaped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Line {
    pub(crate) pieces: Vec<Piece>,
    /// In thousandths of an em.
    width: i64,
    /// The text as it is read, where that is not the order of the glyphs or not what they show.
    pub(crate) read: Option<String>,
}

impl Line {
    /// How wide it is at a size.
    pub(crate) fn width(&self, size: Mil) -> Mil {
        scaled(self.width, size)
    }
}

/// Thousandths of an em at a size of letters.
pub(crate) fn scaled(milli_em: i64, size: Mil) -> Mil {
    milli_em.saturating_mul(size).div_euclid(1_000)
}

/// Shapes one line.
pub(crate) fn line(fonts: &Fonts, text: &str, weight: Weight) -> Line {
    let mut out = Line::default();
    let bidi = BidiInfo::new(text, Some(Level::ltr()));
    let mut plain = true;
    for paragraph in &bidi.paragraphs {
        let (levels, runs) = bidi.visual_runs(paragraph, paragraph.range.clone());
        for run in runs {
            let rtl = levels.get(run.start).is_some_and(Level::is_rtl);
            let mut parts = by_font(fonts, text, run, weight);
            if rtl {
                parts.reverse();
            }
            for (font, part) in parts {
                plain &= !rtl && font.is_some();
                let text = text.get(part).unwrap_or_default();
                let mut piece = match font {
                    Some(font) => shaped(fonts, font, text, rtl),
                    None => unknown(fonts, text, rtl),
                };
                piece.at = out.width;
                out.width = out.width.saturating_add(length(fonts, &piece));
                out.pieces.push(piece);
            }
        }
    }
    out.read = (!plain).then(|| text.to_owned());
    out
}

fn length(fonts: &Fonts, piece: &Piece) -> i64 {
    let units = i64::from(fonts.get(piece.font).units());
    let sum: i64 = piece.glyphs.iter().map(|g| i64::from(g.advance)).sum();
    sum.saturating_mul(1_000).div_euclid(units)
}

/// Splits a run where the font changes. Spaces, signs and joiners stay with the font before them when it has them, so that words of
/// another script are not cut into pieces.
fn by_font(
    fonts: &Fonts,
    text: &str,
    run: Range<usize>,
    weight: Weight,
) -> Vec<(Option<FontId>, Range<usize>)> {
    let mut out: Vec<(Option<FontId>, Range<usize>)> = Vec::new();
    let begin = run.start;
    for (at, c) in text.get(run).unwrap_or_default().char_indices() {
        let here = begin + at..begin + at + c.len_utf8();
        let last = out.last_mut();
        let stays = last.as_ref().and_then(|(font, _)| *font).is_some_and(|f| {
            is_joiner(c) || (!c.is_alphanumeric() && fonts.get(f).glyph(c).is_some())
        });
        let font = fonts.choose(c, weight);
        match last {
            Some((before, range)) if stays || *before == font => range.end = here.end,
            _ => out.push((font, here)),
        }
    }
    out
}

fn shaped(fonts: &Fonts, font: FontId, text: &str, rtl: bool) -> Piece {
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(text);
    buffer.guess_segment_properties();
    buffer.set_direction(if rtl {
        Direction::RightToLeft
    } else {
        Direction::LeftToRight
    });
    let output = rustybuzz::shape(&fonts.get(font).face, &[], buffer);
    let clusters = output.glyph_infos().iter();
    let mut begins: Vec<usize> = clusters
        .map(|i| usize::try_from(i.cluster).unwrap_or(0))
        .collect();
    begins.sort_unstable();
    let end_of = |begin: usize| {
        let next = begins.partition_point(|b| *b <= begin);
        begins.get(next).copied().unwrap_or(text.len())
    };
    let glyphs = output.glyph_infos().iter().zip(output.glyph_positions());
    let glyphs = glyphs.map(|(info, position)| {
        let begin = usize::try_from(info.cluster).unwrap_or(0);
        Glyph {
            id: info.glyph_id,
            advance: position.x_advance,
            right: position.x_offset,
            up: position.y_offset,
            text: begin..end_of(begin),
        }
    });
    Piece {
        font,
        text: text.to_owned(),
        glyphs: glyphs.collect(),
        at: 0,
    }
}

/// A sign for each character that no font has; the text keeps the characters.
fn unknown(fonts: &Fonts, text: &str, rtl: bool) -> Piece {
    let (font, id) = fonts.unknown();
    let face = &fonts.get(font).face;
    let glyph = u16::try_from(id).unwrap_or(0);
    let advance = face
        .glyph_hor_advance(rustybuzz::ttf_parser::GlyphId(glyph))
        .map_or(0, i32::from);
    let glyphs = text.char_indices().map(|(at, c)| Glyph {
        id,
        advance,
        right: 0,
        up: 0,
        text: at..at + c.len_utf8(),
    });
    let mut glyphs: Vec<Glyph> = glyphs.collect();
    if rtl {
        glyphs.reverse();
    }
    Piece {
        font,
        text: text.to_owned(),
        glyphs,
        at: 0,
    }
}

/// Breaks a text into lines of at most `width`, at spaces; a word that is wider than a line is broken anywhere.
pub(crate) fn wrap(
    fonts: &Fonts,
    text: &str,
    (weight, size): (Weight, Mil),
    width: Mil,
) -> Vec<Line> {
    let measure = |text: &str| line(fonts, text, weight).width(size);
    let mut lines: Vec<String> = Vec::new();
    let mut current = String::new();
    let mut used: Mil = 0;
    for word in text.split_inclusive(' ') {
        let wide = measure(word.trim_end_matches(' '));
        if used > 0 && used + wide > width {
            lines.push(core::mem::take(&mut current));
            used = 0;
        }
        if wide <= width {
            current.push_str(word);
            used += measure(word);
            continue;
        }
        for c in word.chars() {
            let one = measure(c.encode_utf8(&mut [0; 4]));
            if used > 0 && used + one > width {
                lines.push(core::mem::take(&mut current));
                used = 0;
            }
            current.push(c);
            used += one;
        }
    }
    if !current.is_empty() || lines.is_empty() {
        lines.push(current);
    }
    lines.iter().map(|text| line(fonts, text, weight)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let fonts = Fonts::compiled_in().unwrap();
        let line = line(&fonts, text, Weight::Regular);
        let pieces = line.pieces.iter();
        let shown: Vec<String> = pieces
            .map(|p| format!("{:?}:{} ", p.font, p.text))
            .collect();
        shown.concat()
    }

    #[test]
    fn fonts_follow_the_script_and_directions_the_rules() {
        assert_eq!(shown("Zoë Ωmega Жук"), "Regular:Zoë Ωmega Жук ");
        assert_eq!(
            shown("Ada שלום עולם 7"),
            "Regular:Ada  Regular:7 Fallback:שלום עולם  "
        );
        assert_eq!(shown("a中b"), "Regular:a Fallback:中 Regular:b ");
    }

    #[test]
    fn every_character_has_a_glyph_that_names_it() {
        let fonts = Fonts::compiled_in().unwrap();
        let text = "office שָׁלוֹם سلام 中文 e\u{301}";
        let line = line(&fonts, text, Weight::Bold);
        let mut all: Vec<char> = Vec::new();
        for piece in &line.pieces {
            let mut ranges: Vec<_> = piece.glyphs.iter().map(|g| g.text.clone()).collect();
            ranges.sort_by_key(|r| (r.start, r.end));
            ranges.dedup();
            for range in ranges {
                all.extend(piece.text.get(range).unwrap().chars());
            }
        }
        let mut wanted: Vec<char> = text.chars().collect();
        all.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(all, wanted);
    }

    #[test]
    fn lines_keep_to_their_width_and_lose_nothing() {
        let fonts = Fonts::compiled_in().unwrap();
        let text = format!("one two three {} four", "x".repeat(200));
        let lines = wrap(&fonts, &text, (Weight::Regular, 10_000), 100_000);
        let joined: String = lines
            .iter()
            .flat_map(|l| l.pieces.iter().map(|p| p.text.as_str()))
            .collect();
        assert_eq!(joined, text);
        for line in &lines {
            // A space at the end may stand out.
            assert!(line.width(10_000) <= 103_000, "{line:?}");
        }
    }
}
