//! The little of a `Cargo.toml` that the checks need: its sections and their keys.

/// One dependency as a manifest names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// The package's name in the registry or workspace, after any rename.
    pub(crate) package: String,
    /// The kind of section it stands in.
    pub(crate) kind: Kind,
    /// The line it stands on, counted from 1.
    pub(crate) line: usize,
}

/// Which code a dependency serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The crate itself, or its build script.
    Normal,
    /// Only its tests, examples and benchmarks.
    Dev,
}

/// Reads all dependencies of a manifest, whatever form they are written in.
pub(crate) fn dependencies(text: &str) -> Vec<Dependency> {
    let mut found: Vec<Dependency> = Vec::new();
    let mut section = Section::Other;
    for (index, raw) in text.lines().enumerate() {
        let line = raw.trim();
        if let Some(header) = line.strip_prefix('[') {
            section = Section::of(header.trim_end_matches(']').trim());
            if let Section::One(kind, name) = &section {
                found.push(Dependency {
                    package: name.clone(),
                    kind: *kind,
                    line: index + 1,
                });
            }
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        match &section {
            Section::List(kind) if !line.starts_with('#') => {
                let name = key.trim().trim_matches('"');
                let name = name.split('.').next().unwrap_or(name);
                let package = renamed(value).unwrap_or_else(|| name.to_owned());
                found.push(Dependency {
                    package,
                    kind: *kind,
                    line: index + 1,
                });
            }
            Section::One(..) if key.trim() == "package" => {
                if let Some(last) = found.last_mut() {
                    value.trim().trim_matches('"').clone_into(&mut last.package);
                }
            }
            Section::List(_) | Section::One(..) | Section::Other => {}
        }
    }
    found
}

/// Whether the manifest takes its lints from the workspace.
pub(crate) fn takes_workspace_lints(text: &str) -> bool {
    let mut inside = false;
    text.lines().map(str::trim).any(|line| {
        if line.starts_with('[') {
            inside = line == "[lints]";
        }
        inside && line.replace(' ', "") == "workspace=true"
    })
}

enum Section {
    List(Kind),
    One(Kind, String),
    Other,
}

impl Section {
    fn of(header: &str) -> Self {
        let parts: Vec<&str> = header.split('.').collect();
        let position = parts.iter().position(|part| part.ends_with("dependencies"));
        let Some(position) = position else {
            return Self::Other;
        };
        if parts.first() == Some(&"workspace") {
            return Self::Other;
        }
        let dev = parts
            .get(position)
            .is_some_and(|part| part.starts_with("dev-"));
        let kind = if dev { Kind::Dev } else { Kind::Normal };
        match parts.get(position + 1) {
            Some(name) => Self::One(kind, name.trim_matches('"').to_owned()),
            None => Self::List(kind),
        }
    }
}

/// The registry name in an inline table such as `{ package = "other", version = "1" }`.
fn renamed(value: &str) -> Option<String> {
    let (_, after) = value.split_once("package")?;
    let after = after
        .trim_start()
        .strip_prefix('=')?
        .trim_start()
        .strip_prefix('"')?;
    after.split('"').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_dependency_is_seen() {
        let text = "[dependencies]\na.workspace = true\nb = \"1\"\n# c = \"1\"\nd = { package = \"e\", version = \"1\" }\n\
                    [dev-dependencies]\nf = \"1\"\n[build-dependencies]\ng = \"1\"\n\
                    [target.'cfg(unix)'.dependencies]\nh = \"1\"\n[dependencies.i]\nversion = \"1\"\n[features]\nj = []\n";
        let names: Vec<(String, Kind)> = dependencies(text)
            .into_iter()
            .map(|dependency| (dependency.package, dependency.kind))
            .collect();
        let expected = [
            ("a", Kind::Normal),
            ("b", Kind::Normal),
            ("e", Kind::Normal),
            ("f", Kind::Dev),
            ("g", Kind::Normal),
            ("h", Kind::Normal),
            ("i", Kind::Normal),
        ];
        let expected: Vec<(String, Kind)> = expected
            .iter()
            .map(|(name, kind)| ((*name).to_owned(), *kind))
            .collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn lints_are_taken_only_by_saying_so() {
        assert!(takes_workspace_lints("[lints]\nworkspace = true\n"));
        assert!(!takes_workspace_lints(
            "[package]\nworkspace = true\n[lints.rust]\n"
        ));
    }
}
