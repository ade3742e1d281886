//! Tests and the demonstration share one build.
//!
//! Cargo compiles a library again when it is asked for with other features. The tests build the whole
//! workspace, the demonstration only the program; when a library that only tests use switches on a
//! feature of a library that the program uses too, everything above that library is built twice, the
//! consensus engine included, which is minutes. This check compares the two sets of features.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// What the demonstration builds.
const PROGRAM: &[&str] = &["-p", "fairway", "-e", "normal,build"];
/// What the tests build.
const EVERYTHING: &[&str] = &["--workspace", "-e", "normal,build,dev"];

/// Compares the features of each library in the program's build and in the tests' build.
pub(crate) fn check(root: &Path) -> Result<Vec<String>, String> {
    Ok(differences(&tree(root, PROGRAM)?, &tree(root, EVERYTHING)?))
}

fn tree(root: &Path, selection: &[&str]) -> Result<String, String> {
    let output = Command::new("cargo")
        .args(["tree", "--locked", "--prefix", "none", "-f", "{p} [{f}]"])
        .args(selection)
        .current_dir(root)
        .output()
        .map_err(|error| format!("cannot run cargo tree: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "cargo tree failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// One line for each library that both trees hold with different features.
fn differences(program: &str, everything: &str) -> Vec<String> {
    let (program, everything) = (by_package(program), by_package(everything));
    program
        .iter()
        .filter_map(|(package, features)| {
            let added: Vec<&str> =
                everything.get(package)?.difference(features).copied().collect();
            (!added.is_empty()).then(|| {
                format!(
                    "{package}: tests switch on {}, the program does not, so it and all above it is built twice; \
                     switch the same features on in crates/fairway/Cargo.toml",
                    added.join(", ")
                )
            })
        })
        .collect()
}

/// Package with version, and the union of its features.
fn by_package(tree: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut packages: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in tree.lines() {
        let Some((package, features)) = line.trim_end_matches(" (*)").rsplit_once(" [") else {
            continue;
        };
        let features = features
            .trim_end_matches(']')
            .split(',')
            .filter(|feature| !feature.is_empty());
        packages
            .entry(package.trim_end_matches(" (proc-macro)"))
            .or_default()
            .extend(features);
    }
    packages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_that_only_tests_switch_on_is_named() {
        let found = differences(
            "a v1.0.0 [std]\nb v2.0.0 []\n",
            "a v1.0.0 [std,unicode]\nb v2.0.0 []\nc v1.0.0 [x]\n",
        );
        assert_eq!(found.len(), 1);
        assert!(
            found
                .iter()
                .all(|line| line.starts_with("a v1.0.0: tests switch on unicode"))
        );
    }

    #[test]
    fn equal_features_pass() {
        assert_eq!(
            differences("a v1.0.0 [std]\n", "a v1.0.0 [std]\n"),
            Vec::<String>::new()
        );
    }
}
