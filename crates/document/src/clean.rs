//! What a text may hold before it is shown: names come from people and partners.

/// What stands for a character that cannot be shown.
pub(crate) const UNKNOWN: char = '\u{fffd}';

/// The text without what would change how other text is shown: control characters become spaces, marks of direction and of invisible
/// joining vanish (but for those that scripts need), and characters without a public meaning become [`UNKNOWN`].
pub(crate) fn clean(text: &str) -> String {
    text.chars().filter_map(kept).collect()
}

fn kept(c: char) -> Option<char> {
    match c {
        // Marks, embeddings, overrides and isolates of direction; no-width spaces; soft hyphens; joiners of words; variants.
        '\u{ad}'
        | '\u{61c}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{e0000}'..='\u{e0fff}' => None,
        '\u{2028}' | '\u{2029}' => Some(' '),
        c if c.is_control() => Some(' '),
        '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{f0000}'.. => Some(UNKNOWN),
        c if u32::from(c) & 0xfffe == 0xfffe => Some(UNKNOWN),
        c => Some(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_change_other_text_is_taken_out() {
        for (given, shown) in [
            ("Zoë O'Brien <b>&amp;", "Zoë O'Brien <b>&amp;"),
            ("a\u{202e}b\u{2066}c", "abc"),
            ("one\ntwo\u{1b}[31m\0", "one two [31m "),
            ("\u{e123}x\u{ffff}", "\u{fffd}x\u{fffd}"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
        ] {
            assert_eq!(clean(given), shown);
        }
    }
}
