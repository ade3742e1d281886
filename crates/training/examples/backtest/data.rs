//! Every balancing authority in a folder of files, through the reader and the checks of an import.

use fairway_forecast::calendar::{US_CENTRAL, US_EASTERN, US_FEDERAL};
use fairway_training::dataset::{Dataset, File};
use fairway_training::forms;
use fairway_training::search::{Member, introduce};
use std::path::Path;

/// Authorities whose clock is the Central one; all others are taken to be in the Eastern zone.
const CENTRAL: &[&str] = &["SOCO", "ERCO"];

/// Every authority in the folder's files, by the first file that holds it. Those of one file are each other's neighbours.
pub(crate) fn read(folder: &Path) -> Result<Vec<Member>, String> {
    let entries = std::fs::read_dir(folder)
        .map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "csv"));
    paths.sort();
    let mut members: Vec<Member> = Vec::new();
    for path in paths {
        let bytes = std::fs::read(&path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let of_file = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
        let Some(names) = forms::holds(&bytes).map_err(|refused| of_file(&refused))? else {
            continue;
        };
        let before = members.len();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        for (authority, code) in whose(&names, &stem) {
            let name = code.to_lowercase();
            if members.iter().any(|member| member.name == name) {
                let known = format!("{code} is known from an earlier file");
                eprintln!("{}", of_file(&known));
                continue;
            }
            let file = File {
                name: &stem,
                bytes: &bytes,
                authority,
            };
            members.push(member(&code, &name, &file).map_err(|error| of_file(&error))?);
        }
        introduce(members.split_at_mut(before).1);
    }
    Ok(members)
}

/// The authorities of a file; one without a name is called as the file's name begins.
fn whose<'a>(names: &'a [String], stem: &str) -> Vec<(Option<&'a str>, String)> {
    if names.is_empty() {
        let begin = stem.split('_').next().unwrap_or(stem);
        return vec![(None, begin.to_uppercase())];
    }
    let each = names.iter();
    each.map(|name| (Some(name.as_str()), name.clone()))
        .collect()
}

fn member(code: &str, name: &str, file: &File<'_>) -> Result<Member, String> {
    let zone = if CENTRAL.contains(&code) {
        US_CENTRAL
    } else {
        US_EASTERN
    };
    let calendar = format!("{zone}{US_FEDERAL}");
    let dataset =
        Dataset::of_file(name, &calendar, file).map_err(|refused| format!("{code}: {refused}"))?;
    Member::of(&dataset)
}
