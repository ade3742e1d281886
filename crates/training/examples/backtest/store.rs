//! Models that were trained before, so that a run that was stopped goes on where it was.
//!
//! A file is named by a hash of recipe, specification and table. The folder belongs to one state of the training's source; its caller sees to that.

use crate::options::Options;
use crate::threads::Threads;
use fairway_forecast::spec::FeatureSpec;
use fairway_forecast::trees::{Model, Recipe, Table, train};
use fairway_model::canonical::Canonical;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

/// The model of a recipe over a table: found in the folder of `--models`, or trained and put there.
pub(crate) fn model(
    options: &Options,
    spec: &FeatureSpec,
    table: &Table,
    recipe: &Recipe,
) -> Result<Model, String> {
    let trained =
        || train(spec.hash(), table, recipe, &Threads(options.threads)).map_err(|e| e.to_string());
    let Some(folder) = &options.models else {
        return trained();
    };
    let path = folder.join(format!("{:016x}.model", key(spec, table, recipe)));
    if let Ok(bytes) = std::fs::read(&path) {
        return Model::read_for(&bytes, spec).map_err(|e| format!("{}: {e}", path.display()));
    }
    let model = trained()?;
    keep(&path, &model.to_bytes())?;
    Ok(model)
}

fn key(spec: &FeatureSpec, table: &Table, recipe: &Recipe) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(&spec.to_bytes());
    hasher.write(&recipe.to_bytes());
    table.columns.hash(&mut hasher);
    table.targets.hash(&mut hasher);
    hasher.finish()
}

/// Writes whole or not at all.
fn keep(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let part = path.with_extension("part");
    std::fs::write(&part, bytes)
        .and_then(|()| std::fs::rename(&part, path))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}
