//! Models on the ledger: in parts, put together, gathered in packages. Nothing is taken away again.
//!
//! Invariant: a model that is stored was read by the parser of `fairway-forecast`, and a package that is stored names only such models, for
//! its own features.

use super::bounds::{ISSUE, MAX_MEMBER_MODEL_BYTES, MAX_PACKAGE_BYTES};
use super::op::{ForecastEffect, ModelClaim, ModelPart};
use super::state::{
    ModelState, PackageState, PartState, StoredState, key_for_model, key_for_model_part,
    key_for_package, key_for_stored,
};
use crate::context::{Context, Done, refuse};
use crate::receipt::Effect;
use fairway_forecast::ensemble::{Forecaster, Package};
use fairway_forecast::spec::Feature;
use fairway_forecast::trees::{MAX_MODEL_BYTES, Model};
use fairway_model::hash::Hash;
use fairway_model::refusal::{Refusal, RefusalCode};
use std::sync::Arc;

fn invalid<T>(text: impl Into<String>) -> Result<T, Refusal> {
    refuse(RefusalCode::ModelInvalid, text)
}

/// Stores a part. Until the model is stored its parts may be replaced by who stored them; the bytes in all count toward the member's sum.
pub(super) fn store_part(ctx: &mut Context<'_, '_>, part: &ModelPart) -> Result<Done, Refusal> {
    let me = ctx.member();
    ctx.utility(me)?;
    stored_already(ctx, part.model)?;
    let key = key_for_model_part(me, part.model, part.part);
    let found: Option<PartState> = ctx.view.get(&key)?;
    if found
        .as_ref()
        .is_some_and(|found| found.bytes == part.bytes)
    {
        return refuse(RefusalCode::Duplicate, "this part is stored already");
    }
    let length = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let before = found.map_or(0, |found| length(&found.bytes));
    let mut sum: StoredState = ctx.view.get(&key_for_stored(me))?.unwrap_or_default();
    sum.bytes = sum
        .bytes
        .saturating_sub(before)
        .saturating_add(length(&part.bytes));
    if sum.bytes > MAX_MEMBER_MODEL_BYTES {
        return refuse(
            RefusalCode::TooLarge,
            format!(
                "{me} would have {} bytes of models on this chain; at most {MAX_MEMBER_MODEL_BYTES} are kept for a member",
                sum.bytes
            ),
        );
    }
    ctx.view.put(key_for_stored(me), &sum);
    let state = PartState {
        bytes: part.bytes.clone(),
    };
    ctx.view.put(key, &state);
    let effect = ForecastEffect::PartStored {
        model: part.model,
        part: part.part,
    };
    Ok(Effect::Forecast(effect).into())
}

fn stored_already(ctx: &Context<'_, '_>, model: Hash) -> Result<(), Refusal> {
    match ctx.view.get::<ModelState>(&key_for_model(model))? {
        None => Ok(()),
        Some(found) => refuse(
            RefusalCode::Duplicate,
            format!(
                "{} stored this model in block {}",
                found.claim.by, found.height
            ),
        ),
    }
}

/// Puts a model together and reads it.
pub(super) fn store(ctx: &mut Context<'_, '_>, hash: Hash, parts: u16) -> Result<Done, Refusal> {
    let me = ctx.member();
    ctx.utility(me)?;
    stored_already(ctx, hash)?;
    let claim = ModelClaim {
        model: hash,
        by: me,
        parts,
    };
    let bytes = bytes_of(ctx, &claim)?;
    let model =
        Model::read(&bytes).map_err(|e| Refusal::new(RefusalCode::ModelInvalid, e.to_string()))?;
    if model.hash() != hash {
        return invalid(format!("the parts make model {}, not {hash}", model.hash()));
    }
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let state = ModelState {
        claim,
        bytes: length,
        spec: model.spec(),
        features: model.features(),
        height: ctx.block.height,
    };
    ctx.view.put(key_for_model(hash), &state);
    let effect = ForecastEffect::ModelStored {
        model: hash,
        bytes: length,
    };
    Ok(Effect::Forecast(effect).into())
}

/// A model's bytes from its parts.
fn bytes_of(ctx: &Context<'_, '_>, claim: &ModelClaim) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    for part in 0..claim.parts {
        let key = key_for_model_part(claim.by, claim.model, part);
        let Some(found) = ctx.view.get::<PartState>(&key)? else {
            return refuse(
                RefusalCode::ModelUnknown,
                format!(
                    "part {part} of {} of model {} is not stored",
                    claim.parts, claim.model
                ),
            );
        };
        bytes.extend_from_slice(&found.bytes);
    }
    if bytes.len() > MAX_MODEL_BYTES {
        return invalid(format!(
            "the parts have {} bytes; a model has at most {MAX_MODEL_BYTES}",
            bytes.len()
        ));
    }
    Ok(bytes)
}

/// Stores a package whose models are stored.
pub(super) fn store_package(ctx: &mut Context<'_, '_>, package: &Package) -> Result<Done, Refusal> {
    let me = ctx.member();
    ctx.utility(me)?;
    let hash = package.hash();
    if let Some(found) = ctx.view.get::<PackageState>(&key_for_package(hash))? {
        return refuse(
            RefusalCode::Duplicate,
            format!("{} stored this package in block {}", found.by, found.height),
        );
    }
    check_contract(package)?;
    let (spec, mut models, mut sum) = (package.spec.hash(), Vec::new(), 0_u64);
    for model in package.model_hashes() {
        let Some(found) = ctx.view.get::<ModelState>(&key_for_model(model))? else {
            return refuse(
                RefusalCode::ModelUnknown,
                format!("model {model} of the package is not stored; store it first"),
            );
        };
        if found.spec != spec {
            return invalid(format!(
                "model {model} is for the features {}, the package's are {spec}",
                found.spec
            ));
        }
        if usize::from(found.features) != package.spec.features.len() {
            return invalid(format!(
                "model {model} has {} columns, the package's features are {}",
                found.features,
                package.spec.features.len()
            ));
        }
        sum = sum.saturating_add(u64::from(found.bytes));
        models.push(found.claim);
    }
    if sum > MAX_PACKAGE_BYTES {
        return refuse(
            RefusalCode::TooLarge,
            format!(
                "the package's models have {sum} bytes; at most {MAX_PACKAGE_BYTES} are allowed"
            ),
        );
    }
    let state = PackageState {
        package: package.clone(),
        models,
        by: me,
        height: ctx.block.height,
    };
    ctx.view.put(key_for_package(hash), &state);
    Ok(Effect::Forecast(ForecastEffect::PackageStored { package: hash }).into())
}

/// The contract's own conditions: issued at ten the day before, from nothing that the ledger does not have.
fn check_contract(package: &Package) -> Result<(), Refusal> {
    if package.issue != ISSUE {
        return invalid(format!(
            "the package is issued at {} o'clock {} days before; the contract's day is issued at {} o'clock {} day before",
            package.issue.clock, package.issue.days_before, ISSUE.clock, ISSUE.days_before
        ));
    }
    let foreign = package.spec.features.iter().position(|feature| {
        matches!(
            feature,
            Feature::NeighbourRecent { .. }
                | Feature::NeighbourChange { .. }
                | Feature::NeighbourSameHour { .. }
                | Feature::NeighbourMean { .. }
                | Feature::Temperature { .. }
                | Feature::TemperatureMean { .. }
                | Feature::TemperatureChange
        )
    });
    match foreign {
        None => Ok(()),
        Some(place) => invalid(format!(
            "feature {place} asks for temperature or a neighbour's load, which the ledger does not have"
        )),
    }
}

/// A stored package, put together. Its models' parts must be among the operation's reads, or the package among those that were used lately.
pub(super) fn forecaster(
    ctx: &Context<'_, '_>,
    state: &PackageState,
) -> Result<Arc<Forecaster>, Refusal> {
    let hash = state.package.hash();
    if let Some(found) = ctx.cache.find_forecaster(hash) {
        return Ok(found);
    }
    let mut fault = None;
    let assembled = Forecaster::assemble(state.package.clone(), |model| {
        let claim = state.models.iter().find(|claim| claim.model == *model)?;
        bytes_of(ctx, claim).map_err(|e| fault = Some(e)).ok()
    });
    match (assembled, fault) {
        (_, Some(refusal)) => Err(refusal),
        (Err(error), None) => invalid(error.to_string()),
        (Ok(found), None) => Ok(ctx.cache.insert_forecaster(hash, found)),
    }
}
