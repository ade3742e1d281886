//! A model as one file, for another machine: the package and its models, each with its length.
//!
//! What is read is checked to the last byte: sizes before anything else, then package and models by the library, then that the models are those that
//! the package names. A LightGBM text has one level; several make a package under our own columns.

use fairway_forecast::backtest::Issue;
use fairway_forecast::ensemble::{Forecaster, Package};
use fairway_forecast::spec::FeatureSpec;
use fairway_forecast::trees::{MAX_IMPORT_BYTES, MAX_MODEL_BYTES, Model, import};
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use std::collections::BTreeMap;

/// What a file begins with.
pub const HEAD: &[u8] = b"fairway model 1\n";
/// The most models of a file: five levels with four voices.
pub const MAX_MODELS: usize = 20;
/// The longest file: head, package and models with their lengths.
pub const MAX_BUNDLE_BYTES: usize = HEAD.len() + (MAX_MODELS + 1) * (MAX_MODEL_BYTES + 4);

/// Package and models, by their hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The package.
    pub package: Package,
    /// The bytes of its models.
    pub models: BTreeMap<Hash, Vec<u8>>,
}

impl Bundle {
    /// The file's bytes.
    pub fn to_file(&self) -> Vec<u8> {
        let mut out = HEAD.to_vec();
        let package = self.package.to_bytes();
        for part in core::iter::once(&package).chain(self.models.values()) {
            out.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
            out.extend(part);
        }
        out
    }

    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong, and at which byte or in which model.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > MAX_BUNDLE_BYTES {
            return Err(too_long(bytes.len()));
        }
        let mut rest = bytes.strip_prefix(HEAD).ok_or(
            "byte 0: the file does not begin with `fairway model 1`; it is no model of ours",
        )?;
        let mut parts: Vec<&[u8]> = Vec::new();
        while !rest.is_empty() {
            let at = bytes.len() - rest.len();
            let (part, after) = part(rest).map_err(|what| format!("byte {at}: {what}"))?;
            if parts.len() > MAX_MODELS {
                return Err(format!("byte {at}: more than {MAX_MODELS} models"));
            }
            parts.push(part);
            rest = after;
        }
        let mut parts = parts.into_iter();
        let package = Package::read(parts.next().ok_or("the file ends before the package")?)
            .map_err(|error| error.to_string())?;
        let mut models = BTreeMap::new();
        for (place, part) in parts.enumerate() {
            let model = Model::read_for(part, &package.spec)
                .map_err(|error| format!("model {place}: {error}"))?;
            models.insert(model.hash(), part.to_vec());
        }
        Self { package, models }.checked()
    }

    fn checked(self) -> Result<Self, String> {
        let named = self.package.model_hashes();
        if let Some(stranger) = self.models.keys().find(|hash| !named.contains(hash)) {
            return Err(format!("model {stranger} is not named by the package"));
        }
        Forecaster::assemble(self.package.clone(), |hash| self.models.get(hash).cloned())
            .map_err(|error| error.to_string())?;
        Ok(self)
    }

    /// A package of LightGBM texts, one per level in rising order.
    ///
    /// # Errors
    /// The level and line of what is wrong.
    pub fn of_lightgbm(
        spec: &FeatureSpec,
        issue: Issue,
        texts: &[(u16, String)],
    ) -> Result<Self, String> {
        let mut models = BTreeMap::new();
        let mut names = Vec::new();
        for (level, text) in texts {
            let model =
                import(spec.hash(), text).map_err(|error| format!("level {level}: {error}"))?;
            if usize::from(model.features()) != spec.features.len() {
                return Err(format!(
                    "level {level}: the model has {} columns, ours are {}",
                    model.features(),
                    spec.features.len()
                ));
            }
            names.push(vec![model.hash()]);
            models.insert(model.hash(), model.to_bytes());
        }
        let package = Package {
            spec: spec.clone(),
            levels: texts.iter().map(|(level, _)| *level).collect(),
            models: names,
            rate: spec.rate(),
            issue,
        };
        Self { package, models }.checked()
    }
}

/// The words for a file that is too long to be read at all.
pub fn too_long(bytes: usize) -> String {
    format!(
        "a file of {bytes} bytes is no model: at most {MAX_BUNDLE_BYTES} bytes (LightGBM text: {MAX_IMPORT_BYTES}) are read"
    )
}

fn part(rest: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let (length, rest) = rest
        .split_first_chunk::<4>()
        .ok_or("four bytes of a length are missing; the file is cut")?;
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
    if length > MAX_MODEL_BYTES {
        return Err(format!(
            "a part of {length} bytes; at most {MAX_MODEL_BYTES} are allowed"
        ));
    }
    rest.split_at_checked(length).ok_or_else(|| {
        format!(
            "a part of {length} bytes is announced and {} follow; the file is cut",
            rest.len()
        )
    })
}
