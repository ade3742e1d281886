//! Measured figures: one flat JSON object per line, as `fairway bench --json` prints them.

use std::path::{Path, PathBuf};

/// The folder of the committed figures.
pub(crate) const FOLDER: &str = "docs/figures";

/// One measured figure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figure {
    /// `<file>/<name>`, the key that documents use.
    pub(crate) key: String,
    /// The value as it was printed.
    pub(crate) value: f64,
}

/// The text fields and numbers of one flat JSON object; `None` when the line is not one.
pub(crate) fn fields(line: &str) -> Option<Vec<(String, String)>> {
    let mut rest = line
        .trim()
        .trim_end_matches(',')
        .strip_prefix('{')?
        .strip_suffix('}')?
        .trim();
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let (name, after) = text(rest)?;
        let after = after.trim_start().strip_prefix(':')?.trim_start();
        let (value, after) = if after.starts_with('"') {
            text(after)?
        } else {
            let end = after.find(',').unwrap_or(after.len());
            let (value, after) = after.split_at(end);
            (value.trim().to_owned(), after)
        };
        fields.push((name, value));
        rest = after.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
    Some(fields)
}

/// A quoted text at the beginning, and what follows it. Figures need no escapes but `\"` and `\\`.
fn text(rest: &str) -> Option<(String, &str)> {
    let body = rest.strip_prefix('"')?;
    let mut value = String::new();
    let mut characters = body.char_indices();
    while let Some((position, character)) = characters.next() {
        match character {
            '"' => return Some((value, body.split_at(position + 1).1)),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

/// The figures in the text of one file; `stem` is the file's name without its ending.
pub(crate) fn parse(stem: &str, text: &str) -> Vec<Figure> {
    let lines = text.lines().filter_map(fields);
    lines
        .filter_map(|fields| {
            let field = |name: &str| {
                fields
                    .iter()
                    .find(|(known, _)| known == name)
                    .map(|(_, value)| value)
            };
            let value = field("value")?.parse().ok()?;
            Some(Figure {
                key: format!("{stem}/{}", field("name")?),
                value,
            })
        })
        .collect()
}

/// Every committed figure.
pub(crate) fn load(root: &Path) -> Result<Vec<Figure>, String> {
    let folder = root.join(FOLDER);
    let Ok(entries) = std::fs::read_dir(&folder) else {
        return Ok(Vec::new());
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    paths.sort();
    let mut figures = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let stem = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        figures.extend(parse(&stem, &text));
    }
    Ok(figures)
}

/// Writes the lines of one benchmark as a JSON array with one object per line.
pub(crate) fn save(root: &Path, name: &str, lines: &[&str]) -> Result<PathBuf, String> {
    let folder = root.join(FOLDER);
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    let path = folder.join(format!("{name}.json"));
    let text = format!("[\n{}\n]\n", lines.join(",\n"));
    std::fs::write(&path, text)
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_from_an_array_of_lines() {
        let text = "[\n{\"name\":\"p99\",\"value\":212.5,\"unit\":\"ms\"},\n{\"name\": \"a \\\"b\\\"\", \"value\": 3, \"peer\": null}\n]\n";
        let figures = parse("ledger", text);
        assert_eq!(
            figures,
            [
                Figure {
                    key: "ledger/p99".to_owned(),
                    value: 212.5
                },
                Figure {
                    key: "ledger/a \"b\"".to_owned(),
                    value: 3.0
                }
            ]
        );
    }

    #[test]
    fn lines_that_are_no_figures_are_passed_over() {
        assert_eq!(parse("x", "hello\n{\"name\":\"a\"}\n{\"name\n"), Vec::new());
    }
}
