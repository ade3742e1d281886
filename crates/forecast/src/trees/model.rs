//! A trained model: its bytes, its limits, and what it says of a row.
//!
//! Invariant: a [`Model`] that exists has passed [`Model::check`]: every walk through a tree ends, every feature is inside the row, and no sum
//! of leaves overflows. Bytes from a peer become a model only through [`Model::read`].

use crate::number::{narrow, nearest};
use fairway_model::canonical::{Canonical, MAX_CANONICAL_BYTES};
use fairway_model::hash::Hash;
use minicbor::{Decode, Encode};

/// Domain label of a model's hash.
pub const MODEL_DOMAIN: &str = "fairway.forecast.model.v1";
/// The largest model, in canonical bytes. A larger one is refused unread.
pub const MAX_MODEL_BYTES: usize = MAX_CANONICAL_BYTES;
/// The most trees of a model.
pub const MAX_TREES: usize = 4_000;
/// The most leaves of a tree.
pub const MAX_LEAVES: usize = 256;
/// The most splits between a tree's root and a leaf.
pub const MAX_DEPTH: usize = 64;
/// The most fractional bits of a leaf.
pub const MAX_LEAF_BITS: u8 = 30;
/// No sum of a model's leaves exceeds this either way.
const MAX_SUM: i128 = (i64::MAX / 2) as i128;

/// One question: is the feature at most the threshold? If so, go left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Split {
    /// Which column, from 0.
    #[n(0)]
    pub feature: u16,
    /// The largest value that goes left.
    #[n(1)]
    pub threshold: i32,
    /// Where left leads: a split by its number, or leaf `n` as `-1 - n`.
    #[n(2)]
    pub left: i32,
    /// Where right leads, in the same form.
    #[n(3)]
    pub right: i32,
}

/// One tree. Split 0 is its root; a tree without splits is one leaf.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Tree {
    /// The splits; each leads only to later ones.
    #[n(0)]
    pub splits: Vec<Split>,
    /// The leaves, in units of `2^-leaf_bits`.
    #[n(1)]
    pub leaves: Vec<i64>,
}

/// A model: a constant and the sum of its trees.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Model {
    #[n(0)]
    spec: Hash,
    #[n(1)]
    features: u16,
    #[n(2)]
    leaf_bits: u8,
    #[n(3)]
    base: i64,
    #[n(4)]
    trees: Vec<Tree>,
}

/// Why a model is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelError {
    /// More than [`MAX_MODEL_BYTES`]; holds the length found.
    TooLong(usize),
    /// Not the canonical form of a model; holds why.
    Bytes(String),
    /// More than [`MAX_TREES`]; holds the number found.
    TooManyTrees(usize),
    /// No features, or more than a specification can have.
    Features(u16),
    /// More than [`MAX_LEAF_BITS`] fractional bits.
    LeafBits(u8),
    /// A tree with a fault.
    Tree {
        /// Which tree, from 0.
        tree: usize,
        /// What is wrong with it.
        fault: TreeFault,
    },
    /// The sum of the largest leaves could overflow.
    Overflow,
    /// It is for another specification than asked for.
    OtherSpec {
        /// The hash that the model names.
        found: Hash,
        /// The hash asked for.
        wanted: Hash,
    },
}

/// What is wrong with a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TreeFault {
    /// Leaves are one more than splits, and at most [`MAX_LEAVES`].
    Size {
        /// Splits found.
        splits: usize,
        /// Leaves found.
        leaves: usize,
    },
    /// A split on a column that there is not.
    Feature {
        /// Which split.
        split: usize,
        /// The column it names.
        feature: u16,
    },
    /// A child that is no later split and no leaf: a loop, or out of the tree.
    Child {
        /// Which split.
        split: usize,
        /// What it leads to.
        child: i32,
    },
    /// Two ways lead to the same split or leaf.
    Shared {
        /// Which split leads there a second time.
        split: usize,
        /// Where it leads.
        child: i32,
    },
    /// Deeper than [`MAX_DEPTH`].
    Depth,
}

impl core::fmt::Display for TreeFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Size { splits, leaves } => write!(
                f,
                "{splits} splits and {leaves} leaves; leaves are one more than splits and at most {MAX_LEAVES}"
            ),
            Self::Feature { split, feature } => {
                write!(
                    f,
                    "split {split} asks for column {feature}, which there is not"
                )
            }
            Self::Child { split, child } => write!(
                f,
                "split {split} leads to {child}, which is no later split and no leaf"
            ),
            Self::Shared { split, child } => write!(
                f,
                "split {split} leads to {child}, where another one leads already"
            ),
            Self::Depth => write!(f, "deeper than {MAX_DEPTH} splits"),
        }
    }
}

impl core::fmt::Display for ModelError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::TooLong(found) => write!(
                f,
                "a model of {found} bytes is longer than the {MAX_MODEL_BYTES} allowed"
            ),
            Self::Bytes(why) => write!(f, "these bytes are no model: {why}"),
            Self::TooManyTrees(found) => write!(f, "{found} trees are more than {MAX_TREES}"),
            Self::Features(found) => write!(
                f,
                "{found} features; a model has 1 to {}",
                crate::spec::MAX_FEATURES
            ),
            Self::LeafBits(found) => write!(
                f,
                "leaves with {found} fractional bits; at most {MAX_LEAF_BITS}"
            ),
            Self::Tree { tree, fault } => write!(f, "tree {tree}: {fault}"),
            Self::Overflow => write!(f, "the sum of the largest leaves could overflow"),
            Self::OtherSpec { found, wanted } => write!(
                f,
                "the model is for the feature specification {found}, not for {wanted}"
            ),
        }
    }
}

impl core::error::Error for ModelError {}

impl Model {
    /// A model of trees, checked.
    ///
    /// # Errors
    /// [`ModelError`] says what is wrong with it.
    pub fn new(
        spec: Hash,
        features: u16,
        leaf_bits: u8,
        base: i64,
        trees: Vec<Tree>,
    ) -> Result<Self, ModelError> {
        let model = Self {
            spec,
            features,
            leaf_bits,
            base,
            trees,
        };
        model.check()?;
        let bytes = model.to_bytes().len();
        if bytes > MAX_MODEL_BYTES {
            return Err(ModelError::TooLong(bytes));
        }
        Ok(model)
    }

    /// Reads a model from its canonical bytes. No bytes, whatever they hold, do more than an error.
    ///
    /// # Errors
    /// [`ModelError`] says what is wrong, and in which tree.
    pub fn read(bytes: &[u8]) -> Result<Self, ModelError> {
        if bytes.len() > MAX_MODEL_BYTES {
            return Err(ModelError::TooLong(bytes.len()));
        }
        let model =
            Self::from_bytes(bytes).map_err(|error| ModelError::Bytes(error.to_string()))?;
        model.check()?;
        Ok(model)
    }

    /// Reads a model for a known specification.
    ///
    /// # Errors
    /// As [`Model::read`]; besides, [`ModelError::OtherSpec`] and [`ModelError::Features`].
    pub fn read_for(bytes: &[u8], spec: &crate::spec::FeatureSpec) -> Result<Self, ModelError> {
        let model = Self::read(bytes)?;
        let wanted = spec.hash();
        if model.spec != wanted {
            return Err(ModelError::OtherSpec {
                found: model.spec,
                wanted,
            });
        }
        if usize::from(model.features) != spec.features.len() {
            return Err(ModelError::Features(model.features));
        }
        Ok(model)
    }

    fn check(&self) -> Result<(), ModelError> {
        if self.features == 0 || usize::from(self.features) > crate::spec::MAX_FEATURES {
            return Err(ModelError::Features(self.features));
        }
        if self.leaf_bits > MAX_LEAF_BITS {
            return Err(ModelError::LeafBits(self.leaf_bits));
        }
        if self.trees.len() > MAX_TREES {
            return Err(ModelError::TooManyTrees(self.trees.len()));
        }
        let mut sum = i128::from(self.base).abs();
        for (place, tree) in self.trees.iter().enumerate() {
            tree.check(self.features)
                .map_err(|fault| ModelError::Tree { tree: place, fault })?;
            let largest = tree.leaves.iter().map(|leaf| i128::from(*leaf).abs()).max();
            sum = sum.saturating_add(largest.unwrap_or(0));
        }
        if sum > MAX_SUM {
            return Err(ModelError::Overflow);
        }
        Ok(())
    }

    /// The content hash.
    pub fn hash(&self) -> Hash {
        self.digest(MODEL_DOMAIN)
    }

    /// The hash of the feature specification that it was trained for.
    pub fn spec(&self) -> Hash {
        self.spec
    }

    /// How many columns it looks at.
    pub fn features(&self) -> u16 {
        self.features
    }

    /// The trees.
    pub fn trees(&self) -> &[Tree] {
        &self.trees
    }

    /// Fractional bits of the leaves.
    pub fn leaf_bits(&self) -> u8 {
        self.leaf_bits
    }

    /// What the model says of a row, in whole units, halves away from zero. A column that the row lacks counts as missing.
    pub fn output(&self, row: &[i32]) -> i64 {
        let unit = 1_i128 << self.leaf_bits;
        narrow(nearest(i128::from(self.fine_output(row)), unit))
    }

    /// What the model says of a row, in units of `2^-leaf_bits`.
    pub fn fine_output(&self, row: &[i32]) -> i64 {
        self.trees.iter().fold(self.base, |sum, tree| {
            let leaf = tree.leaves.get(tree.leaf(row)).copied().unwrap_or(0);
            sum.saturating_add(leaf)
        })
    }

    /// How much each column was asked for: the number of splits on it.
    pub fn importance(&self) -> Vec<u32> {
        let mut found = vec![0_u32; usize::from(self.features)];
        for split in self.trees.iter().flat_map(|tree| &tree.splits) {
            if let Some(times) = found.get_mut(usize::from(split.feature)) {
                *times = times.saturating_add(1);
            }
        }
        found
    }
}

impl Tree {
    /// Which leaf a row falls into.
    pub fn leaf(&self, row: &[i32]) -> usize {
        let mut at = 0_usize;
        while let Some(split) = self.splits.get(at) {
            let value = row
                .get(usize::from(split.feature))
                .copied()
                .unwrap_or(crate::number::MISSING);
            let child = if value <= split.threshold {
                split.left
            } else {
                split.right
            };
            match usize::try_from(child) {
                // A checked tree leads only to later splits, so the walk ends.
                Ok(next) if next > at => at = next,
                _ => return usize::try_from(-1_i64 - i64::from(child)).unwrap_or(0),
            }
        }
        0
    }

    fn check(&self, features: u16) -> Result<(), TreeFault> {
        let (splits, leaves) = (self.splits.len(), self.leaves.len());
        if leaves != splits + 1 || leaves > MAX_LEAVES {
            return Err(TreeFault::Size { splits, leaves });
        }
        // How deep each split lies; known when an earlier one has led to it.
        let mut depths: Vec<Option<usize>> = vec![None; splits];
        let mut reached = vec![false; leaves];
        if let Some(root) = depths.first_mut() {
            *root = Some(0);
        }
        for (at, split) in self.splits.iter().enumerate() {
            if split.feature >= features {
                return Err(TreeFault::Feature {
                    split: at,
                    feature: split.feature,
                });
            }
            // A split that nothing led to yet could only be reached from a later one, which is forbidden.
            let depth = depths.get(at).copied().flatten();
            let depth = depth.ok_or(TreeFault::Child {
                split: at,
                child: split.left,
            })?;
            if depth >= MAX_DEPTH {
                return Err(TreeFault::Depth);
            }
            for child in [split.left, split.right] {
                reach(at, child, depth, &mut depths, &mut reached)?;
            }
        }
        Ok(())
    }
}

fn reach(
    at: usize,
    child: i32,
    depth: usize,
    depths: &mut [Option<usize>],
    reached: &mut [bool],
) -> Result<(), TreeFault> {
    let shared = TreeFault::Shared { split: at, child };
    let wrong = TreeFault::Child { split: at, child };
    if let Ok(next) = usize::try_from(child) {
        let place = depths.get_mut(next).filter(|_| next > at).ok_or(wrong)?;
        if place.replace(depth + 1).is_some() {
            return Err(shared);
        }
        return Ok(());
    }
    let leaf = usize::try_from(-1_i64 - i64::from(child)).map_err(|_| wrong)?;
    let place = reached.get_mut(leaf).ok_or(wrong)?;
    if core::mem::replace(place, true) {
        return Err(shared);
    }
    Ok(())
}
