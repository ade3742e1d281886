//! A look at a frame's text before it is parsed: how deep it nests, and which object says a name twice.

use super::{Finding, MAX_DEPTH};
use std::collections::BTreeSet;

/// Most repeated names told per frame.
const MAX_TOLD: usize = 8;

/// Runs over JSON text. It judges nothing but nesting and repeated names; the parser judges the rest.
///
/// # Errors
/// The byte at which nesting passes [`MAX_DEPTH`].
pub(super) fn scan(text: &str) -> Result<Vec<Finding>, usize> {
    let bytes = text.as_bytes();
    let mut levels: Vec<BTreeSet<&str>> = Vec::new();
    let mut findings = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'[' | b'{' => {
                levels.push(BTreeSet::new());
                if levels.len() > MAX_DEPTH {
                    return Err(at);
                }
            }
            b']' | b'}' => {
                levels.pop();
            }
            b'"' => {
                let end = string_end(bytes, at);
                let name = text.get(at.saturating_add(1)..end).unwrap_or_default();
                let is_name = bytes
                    .iter()
                    .skip(end.saturating_add(1))
                    .find(|b| !b.is_ascii_whitespace())
                    == Some(&b':');
                let repeated =
                    is_name && levels.last_mut().is_some_and(|names| !names.insert(name));
                if repeated && findings.len() < MAX_TOLD {
                    findings.push(Finding::new(
                        "",
                        &format!(
                            "the name {name:?} stands twice in one object; the last value counts"
                        ),
                    ));
                }
                at = end;
            }
            _ => {}
        }
        at = at.saturating_add(1);
    }
    Ok(findings)
}

/// Place of the quotation mark that ends the string begun at `start`, or the end of the text.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start.saturating_add(1);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at = at.saturating_add(2),
            _ => at = at.saturating_add(1),
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_and_repeated_names() {
        assert_eq!(
            scan(r#"[2,"1","A",{"a":{"a":1},"b":["a","a"],"c":"\"a\":"}]"#),
            Ok(vec![])
        );
        assert_eq!(scan(r#"{"a":1,"a" :2}"#).unwrap().len(), 1);
        assert_eq!(scan(&"[".repeat(MAX_DEPTH)), Ok(vec![]));
        assert_eq!(scan(&"[".repeat(100_000)), Err(MAX_DEPTH));
        assert_eq!(scan("\"\\"), Ok(vec![]));
    }
}
