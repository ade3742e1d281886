//! Rust source as the checks see it: comments, texts and tests blanked out, lines kept.

/// The code of a file with every comment, string and character literal replaced by spaces.
/// Lines stay where they were, so a finding's line is the file's line.
pub(crate) fn code_only(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < characters.len() {
        let length = blank_length(&characters, at);
        if length == 0 {
            out.extend(characters.get(at));
            at += 1;
        } else {
            for character in characters.iter().skip(at).take(length) {
                out.push(if *character == '\n' { '\n' } else { ' ' });
            }
            at += length;
        }
    }
    out
}

/// How many characters from `at` on are a comment or a literal; 0 where code stands.
fn blank_length(characters: &[char], at: usize) -> usize {
    let peek = |offset: usize| characters.get(at + offset).copied().unwrap_or('\0');
    let starts_word = at == 0
        || !characters
            .get(at - 1)
            .is_some_and(|before| is_word(*before));
    match (peek(0), peek(1)) {
        ('/', '/') => length_until(characters, at, |rest| rest.first() == Some(&'\n'), 0),
        ('/', '*') => block_comment(characters, at),
        ('"', _) => quoted(characters, at, 1),
        ('b', '"') if starts_word => quoted(characters, at, 2),
        ('r', '"' | '#') if starts_word => raw(characters, at, 1),
        ('b', 'r') if starts_word && matches!(peek(2), '"' | '#') => raw(characters, at, 2),
        ('\'', '\\') => length_until(characters, at + 3, |rest| rest.first() == Some(&'\''), 1) + 3,
        ('\'', _) if peek(2) == '\'' => 3,
        _ => 0,
    }
}

/// Characters from `at` until `ends` holds for the rest, plus `extra`.
fn length_until(
    characters: &[char],
    at: usize,
    ends: impl Fn(&[char]) -> bool,
    extra: usize,
) -> usize {
    let mut length = 0;
    while let Some(rest) = characters.get(at + length..) {
        if rest.is_empty() || ends(rest) {
            break;
        }
        length += 1;
    }
    length + extra
}

fn block_comment(characters: &[char], at: usize) -> usize {
    let (mut depth, mut length) = (0_usize, 0);
    while let Some(first) = characters.get(at + length) {
        let pair = (
            *first,
            characters.get(at + length + 1).copied().unwrap_or('\0'),
        );
        match pair {
            ('/', '*') => depth += 1,
            ('*', '/') => depth = depth.saturating_sub(1),
            _ => {
                length += 1;
                continue;
            }
        }
        length += 2;
        if depth == 0 {
            break;
        }
    }
    length
}

fn quoted(characters: &[char], at: usize, opening: usize) -> usize {
    let mut length = opening;
    while let Some(character) = characters.get(at + length) {
        length += match character {
            '\\' => 2,
            '"' => return length + 1,
            _ => 1,
        };
    }
    length
}

fn raw(characters: &[char], at: usize, prefix: usize) -> usize {
    let hashes = length_until(
        characters,
        at + prefix,
        |rest| rest.first() != Some(&'#'),
        0,
    );
    if characters.get(at + prefix + hashes) != Some(&'"') {
        return 0;
    }
    let body = at + prefix + hashes + 1;
    let closes = |rest: &[char]| {
        rest.first() == Some(&'"')
            && rest
                .iter()
                .skip(1)
                .take(hashes)
                .filter(|c| **c == '#')
                .count()
                == hashes
    };
    prefix + hashes + 1 + length_until(characters, body, closes, hashes + 1)
}

/// Blanks the items that stand behind `#[cfg(test)]` in text that [`code_only`] made.
pub(crate) fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while let Some((before, after)) = rest.split_once(MARK) {
        out.push_str(before);
        let (item, remaining) = after.split_at(item_length(after));
        out.extend(
            MARK.chars()
                .chain(item.chars())
                .map(|c| if c == '\n' { '\n' } else { ' ' }),
        );
        rest = remaining;
    }
    out.push_str(rest);
    out
}

/// Bytes of the item at the beginning of `code`: up to its `;`, or to the brace that closes it.
fn item_length(code: &str) -> usize {
    let mut depth = 0_usize;
    for (position, character) in code.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return position + 1;
                }
            }
            ';' if depth == 0 => return position + 1,
            _ => {}
        }
    }
    code.len()
}

/// Whether `needle` stands in `line` as whole words.
pub(crate) fn has_word(line: &str, needle: &str) -> bool {
    let is_edge = |character: Option<char>| !character.is_some_and(is_word);
    line.match_indices(needle).any(|(position, _)| {
        let (before, after) = line.split_at(position);
        is_edge(before.chars().next_back()) && is_edge(after.chars().nth(needle.chars().count()))
    })
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_vanish_and_lines_stay() {
        let text = "let a = \"f64 \\\" //\"; // f64\nlet b = r#\"f64 \" f64\"#; /* f64 /* f64 */ f64 */ let c: &'a u8 = b'\\'';\n";
        let code = code_only(text);
        assert!(!code.contains("f64"), "{code}");
        assert_eq!(code.lines().count(), text.lines().count());
        assert!(code.contains("let c: &'a u8"));
        assert_eq!(code.chars().count(), text.chars().count());
    }

    #[test]
    fn test_modules_vanish() {
        let code = "fn a() {}\n#[cfg(test)]\nmod tests { fn b() { f64 } }\nfn c() {}\n#[cfg(test)]\nmod more;\nfn d() {}\n";
        let kept = without_tests(code);
        assert!(!kept.contains("f64") && !kept.contains("more"));
        assert!(kept.contains("fn c()") && kept.contains("fn d()"));
        assert_eq!(kept.lines().count(), code.lines().count());
    }

    #[test]
    fn words_are_whole() {
        assert!(has_word("x: f64,", "f64"));
        assert!(!has_word("f64x", "f64"));
        assert!(has_word("use std::fs;", "std::fs"));
        assert!(!has_word("my_std::fs", "std::fs"));
    }
}
