//! Several models that speak together, and what they publish.
//!
//! For every quantile level there is a list of models, whose mean counts: a member's own model knows its habits, a model pooled over all members has seen
//! more weather, and the mean of both is better than either almost everywhere. A [`Package`] names the models by their hashes; it is what members propose,
//! countersign and activate. A [`Forecaster`] is a package with its models; what it says depends on nothing else than the view and the tracker.

use crate::backtest::Issue;
use crate::hour::{Day, Hour};
use crate::number::{PPM, narrow, nearest, ratio, scaled};
use crate::spec::FeatureSpec;
use crate::track::{MAX_LEVELS, MEDIAN, Tracker};
use crate::trees::{Model, ModelError};
use crate::view::{NoRow, View};
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use minicbor::{Decode, Encode};

/// Domain label of a package's hash.
pub const PACKAGE_DOMAIN: &str = "fairway.forecast.package.v1";
/// The most models of one level.
pub const MAX_VOICES: usize = 4;

/// The models of each level, in memory.
#[derive(Debug, Clone, Default)]
pub struct Voices {
    levels: Vec<Vec<Model>>,
}

impl Voices {
    /// Models per level, in the order of the levels.
    pub fn new(levels: Vec<Vec<Model>>) -> Self {
        Self { levels }
    }

    /// What the models say of a row: per level the mean of its models, to the nearest, halves away from zero, in millionths of the scale.
    pub fn outputs(&self, row: &[i32]) -> Vec<i64> {
        self.levels.iter().map(|models| mean(models, row)).collect()
    }
}

fn mean(models: &[Model], row: &[i32]) -> i64 {
    let mut sum = 0_i128;
    for model in models {
        // Models may differ in the bits of their leaves; all are brought to the finest.
        let bits = u32::from(crate::trees::MAX_LEAF_BITS.saturating_sub(model.leaf_bits()));
        sum = sum.saturating_add(i128::from(model.fine_output(row)) << bits);
    }
    let whole = (1_i128 << crate::trees::MAX_LEAF_BITS)
        .saturating_mul(i128::try_from(models.len().max(1)).unwrap_or(1));
    narrow(nearest(sum, whole))
}

/// What is agreed on: which features, which models, which quantiles.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Package {
    /// The features.
    #[n(0)]
    pub spec: FeatureSpec,
    /// Levels in thousandths, rising, the median among them.
    #[n(1)]
    pub levels: Vec<u16>,
    /// Per level the hashes of its models, one to [`MAX_VOICES`].
    #[n(2)]
    pub models: Vec<Vec<Hash>>,
    /// How fast quantiles are tracked, in millionths of the scale per miss.
    #[n(3)]
    pub rate: u16,
    /// When the forecast of a day is issued.
    #[n(4)]
    pub issue: Issue,
}

/// Why a package does not become a forecaster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackageError {
    /// The bytes, or a number out of its range; holds what is wrong.
    Unsound(String),
    /// A model that is named is not there.
    Missing(Hash),
    /// A model's bytes are of another model than named.
    OtherModel {
        /// The hash that is named.
        wanted: Hash,
        /// The hash of what was given.
        found: Hash,
    },
    /// A model that is refused.
    Model {
        /// Its hash.
        model: Hash,
        /// Why.
        error: ModelError,
    },
}

impl core::fmt::Display for PackageError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Unsound(what) => write!(f, "the package is not sound: {what}"),
            Self::Missing(hash) => write!(f, "model {hash} is named and not there"),
            Self::OtherModel { wanted, found } => {
                write!(f, "asked for model {wanted}, given {found}")
            }
            Self::Model { model, error } => write!(f, "model {model}: {error}"),
        }
    }
}

impl core::error::Error for PackageError {}

impl Package {
    /// Reads canonical bytes and checks them.
    ///
    /// # Errors
    /// [`PackageError::Unsound`] with what is wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, PackageError> {
        let package = Self::from_bytes(bytes).map_err(|e| PackageError::Unsound(e.to_string()))?;
        package.check()?;
        Ok(package)
    }

    /// Whether every number is in its range.
    ///
    /// # Errors
    /// [`PackageError::Unsound`] with what is wrong.
    pub fn check(&self) -> Result<(), PackageError> {
        let unsound = |what: &str| Err(PackageError::Unsound(what.to_owned()));
        self.spec.check().map_err(PackageError::Unsound)?;
        if Tracker::new(&self.levels, self.rate).is_none() {
            return unsound("levels rise within 1 to 999 and hold the median");
        }
        if self.models.len() != self.levels.len() || self.models.len() > MAX_LEVELS {
            return unsound("every level has its models");
        }
        let counts = self.models.iter().map(Vec::len);
        if !counts.into_iter().all(|n| (1..=MAX_VOICES).contains(&n)) {
            return unsound("a level has one to four models");
        }
        if self.issue.clock > 23
            || self.issue.days_before > 6
            || self.issue.horizon() != self.spec.horizon
        {
            return unsound("the horizon of the features is not that of the hour of issue");
        }
        Ok(())
    }

    /// The hash that members sign.
    pub fn hash(&self) -> Hash {
        self.digest(PACKAGE_DOMAIN)
    }

    /// The hashes of all models, each once.
    pub fn model_hashes(&self) -> Vec<Hash> {
        let mut found: Vec<Hash> = self.models.iter().flatten().copied().collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// A package with its models.
#[derive(Debug, Clone)]
pub struct Forecaster {
    package: Package,
    voices: Voices,
}

/// What was said of one hour, before tracking: enough to publish it, and to learn from it when the load is known.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Spoken {
    /// The hour.
    #[n(0)]
    pub hour: Hour,
    /// The hour on the region's clock.
    #[n(1)]
    pub clock: i32,
    /// Kilowatts of an output of one.
    #[n(2)]
    pub scale: i64,
    /// Kilowatts that the output is added to.
    #[n(3)]
    pub anchor: i64,
    /// What the models said, per level.
    #[n(4)]
    pub outputs: Vec<i64>,
}

impl Spoken {
    /// What is published, in kilowatts, one per level in rising order, never negative.
    pub fn publish(&self, tracker: &Tracker) -> Vec<i64> {
        let outputs = tracker.publish(self.clock, &self.outputs);
        outputs.iter().map(|output| self.load(*output)).collect()
    }

    /// Teaches the tracker what the load was.
    pub fn teach(&self, tracker: &mut Tracker, load: i64) {
        let truth = i64::from(ratio(load.saturating_sub(self.anchor), self.scale));
        tracker.learn(self.clock, &self.outputs, truth);
    }

    /// The load that an output means, in kilowatts.
    pub fn load(&self, output: i64) -> i64 {
        self.anchor
            .saturating_add(scaled(self.scale, output, PPM))
            .max(0)
    }
}

impl Forecaster {
    /// Puts a package together with its models, whose bytes `find` gives by their hash.
    ///
    /// # Errors
    /// [`PackageError`] names what is missing or wrong.
    pub fn assemble(
        package: Package,
        mut find: impl FnMut(&Hash) -> Option<Vec<u8>>,
    ) -> Result<Self, PackageError> {
        package.check()?;
        let mut known = std::collections::BTreeMap::new();
        for hash in package.model_hashes() {
            let bytes = find(&hash).ok_or(PackageError::Missing(hash))?;
            let model = Model::read_for(&bytes, &package.spec)
                .map_err(|error| PackageError::Model { model: hash, error })?;
            let found = model.hash();
            if found != hash {
                return Err(PackageError::OtherModel {
                    wanted: hash,
                    found,
                });
            }
            known.insert(hash, model);
        }
        let of_level = |hashes: &Vec<Hash>| {
            let models = hashes.iter().filter_map(|hash| known.get(hash));
            models.cloned().collect::<Vec<Model>>()
        };
        let voices = Voices::new(package.models.iter().map(of_level).collect());
        Ok(Self { package, voices })
    }

    /// The package.
    pub fn package(&self) -> &Package {
        &self.package
    }

    /// A tracker that has seen nothing, for this package's levels.
    pub fn tracker(&self) -> Option<Tracker> {
        Tracker::new(&self.package.levels, self.package.rate)
    }

    /// What is said of one hour when `last` is the last known one.
    ///
    /// # Errors
    /// [`NoRow`] says what is missing; then the agreed table prices the hour.
    pub fn hour(&self, view: &View<'_>, last: Hour, hour: Hour) -> Result<Spoken, NoRow> {
        let row = view.row(last, hour)?;
        Ok(Spoken {
            hour,
            clock: view.calendar().local(hour).hour,
            scale: row.scale,
            anchor: row.anchor,
            outputs: self.voices.outputs(&row.values),
        })
    }

    /// What is said of a local day, hour by hour, from what is known when its forecast is issued.
    pub fn day(&self, view: &View<'_>, day: Day) -> Vec<(Hour, Result<Spoken, NoRow>)> {
        let last = self.package.issue.last(view.calendar(), day);
        let hours = view.calendar().hours(day);
        hours
            .map(|hour| (hour, self.hour(view, last, hour)))
            .collect()
    }

    /// The median's place among the levels.
    pub fn median(&self) -> usize {
        let levels = self.package.levels.iter();
        levels
            .into_iter()
            .position(|level| *level == MEDIAN)
            .unwrap_or(0)
    }
}
