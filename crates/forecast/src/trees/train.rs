//! Boosting: each tree learns what the trees before it left over.

use super::bins::{Binned, MAX_BINS, Table, TableError};
use super::grow::{Grower, Grown, Shape};
use super::model::{MAX_DEPTH, MAX_LEAVES, MAX_TREES, Model, ModelError};
use crate::number::{PERMILLE, Sequence, count, narrow, nearest, order_statistic, scaled};
use fairway_model::hash::Hash;
use minicbor::{Decode, Encode};

/// Fractional bits of a trained leaf.
const LEAF_BITS: u8 = 6;
/// A gradient of [`Objective::Squares`] is held within this, so that the square of any sum fits.
const MAX_GRADIENT: i64 = 1 << 28;

/// Who shares the columns out. A core crate starts no threads; its caller may.
pub trait Workers: Sync {
    /// Calls `job` once for every number below `jobs`, in any order and from any thread, and returns when all are done.
    fn run(&self, jobs: usize, job: &(dyn Fn(usize) + Sync));
}

/// One after the other, on the caller's thread.
#[derive(Debug, Clone, Copy, Default)]
pub struct Inline;

impl Workers for Inline {
    fn run(&self, jobs: usize, job: &(dyn Fn(usize) + Sync)) {
        (0..jobs).for_each(job);
    }
}

/// What a model minimises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Objective {
    /// The sum of squared errors: it forecasts a mean.
    #[n(0)]
    Squares,
    /// The sum of absolute errors: it forecasts a median.
    #[n(1)]
    Absolute,
    /// The pinball loss: it forecasts a quantile.
    #[n(2)]
    Quantile {
        /// The quantile's level in thousandths, 1 to 999.
        #[n(0)]
        level: u16,
    },
}

impl Objective {
    /// The level in thousandths of the order statistic that a leaf takes; `None` for a mean.
    fn level(self) -> Option<u16> {
        match self {
            Self::Squares => None,
            Self::Absolute => Some(500),
            Self::Quantile { level } => Some(level),
        }
    }
}

/// How a model is trained. Equal recipe and equal table give equal bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Recipe {
    /// What is minimised.
    #[n(0)]
    pub objective: Objective,
    /// Trees, 1 to [`MAX_TREES`].
    #[n(1)]
    pub trees: u16,
    /// Most leaves of a tree, 2 to [`MAX_LEAVES`].
    #[n(2)]
    pub leaves: u16,
    /// Most splits above a leaf, 1 to [`MAX_DEPTH`].
    #[n(3)]
    pub depth: u8,
    /// Fewest rows of a leaf, at least 1.
    #[n(4)]
    pub fewest_rows: u32,
    /// Learning rate in thousandths, 1 to 1000.
    #[n(5)]
    pub rate: u16,
    /// Bins of a feature, 2 to 255.
    #[n(6)]
    pub bins: u16,
    /// Thousandths of the columns that each tree may ask for, 1 to 1000.
    #[n(7)]
    pub columns: u16,
    /// Seed of the choice of columns.
    #[n(8)]
    pub seed: u64,
}

impl Recipe {
    /// A recipe that does well on hourly loads of utilities, for an objective.
    pub const fn recommended(objective: Objective) -> Self {
        Self {
            objective,
            trees: 300,
            leaves: 15,
            depth: 12,
            fewest_rows: 200,
            rate: 40,
            bins: 128,
            columns: 500,
            seed: 1,
        }
    }

    /// Whether every number is in its range.
    ///
    /// # Errors
    /// [`RecipeError::Field`] names the number and its range.
    pub fn check(&self) -> Result<(), RecipeError> {
        let level = self.objective.level().unwrap_or(500);
        let fields = [
            ("level", u64::from(level), 1, 999),
            (
                "trees",
                u64::from(self.trees),
                1,
                count(MAX_TREES).unsigned_abs(),
            ),
            (
                "leaves",
                u64::from(self.leaves),
                2,
                count(MAX_LEAVES).unsigned_abs(),
            ),
            (
                "depth",
                u64::from(self.depth),
                1,
                count(MAX_DEPTH).unsigned_abs(),
            ),
            (
                "fewest_rows",
                u64::from(self.fewest_rows),
                1,
                u64::from(u32::MAX),
            ),
            ("rate", u64::from(self.rate), 1, 1_000),
            ("bins", u64::from(self.bins), 2, u64::from(MAX_BINS)),
            ("columns", u64::from(self.columns), 1, 1_000),
        ];
        let wrong = fields
            .iter()
            .find(|(_, value, low, high)| !(low..=high).contains(&value));
        wrong.map_or(Ok(()), |(name, value, low, high)| {
            Err(RecipeError::Field {
                name,
                value: *value,
                low: *low,
                high: *high,
            })
        })
    }
}

/// Why nothing was trained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecipeError {
    /// A number out of its range.
    Field {
        /// Its name.
        name: &'static str,
        /// What was given.
        value: u64,
        /// The least.
        low: u64,
        /// The most.
        high: u64,
    },
    /// The table.
    Table(TableError),
    /// The model came out too large.
    Model(ModelError),
}

impl core::fmt::Display for RecipeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Field {
                name,
                value,
                low,
                high,
            } => write!(f, "`{name}` is {value}; it is {low} to {high}"),
            Self::Table(error) => write!(f, "{error}"),
            Self::Model(error) => write!(f, "{error}"),
        }
    }
}

impl core::error::Error for RecipeError {}

/// Trains a model for the specification whose hash is `spec`.
///
/// # Errors
/// [`RecipeError`] when recipe or table are out of their ranges, or the model is.
pub fn train(
    spec: Hash,
    table: &Table,
    recipe: &Recipe,
    workers: &dyn Workers,
) -> Result<Model, RecipeError> {
    recipe.check()?;
    table.check().map_err(RecipeError::Table)?;
    let columns = binned(table, recipe.bins, workers);
    let mut boosting = Boosting::new(table, recipe);
    let mut sequence = Sequence::new(recipe.seed);
    let mut trees = Vec::with_capacity(usize::from(recipe.trees));
    for _ in 0..recipe.trees {
        boosting.take_gradients();
        let chosen = chosen(columns.len(), recipe.columns, &mut sequence);
        let grower = Grower {
            columns: &columns,
            chosen: &chosen,
            gradients: &boosting.gradients,
            shape: Shape {
                leaves: usize::from(recipe.leaves),
                depth: usize::from(recipe.depth),
                fewest_rows: recipe.fewest_rows,
            },
            workers,
        };
        let grown = grower.grow();
        trees.push(boosting.value(grown));
    }
    let features = u16::try_from(columns.len()).unwrap_or(u16::MAX);
    Model::new(spec, features, LEAF_BITS, boosting.base, trees).map_err(RecipeError::Model)
}

fn binned(table: &Table, bins: u16, workers: &dyn Workers) -> Vec<Binned> {
    let slots: Vec<std::sync::Mutex<Option<Binned>>> = table
        .columns
        .iter()
        .map(|_| std::sync::Mutex::new(None))
        .collect();
    workers.run(slots.len(), &|job| {
        if let (Some(column), Some(Ok(mut slot))) = (
            table.columns.get(job),
            slots.get(job).map(|slot| slot.lock()),
        ) {
            *slot = Some(Binned::new(column, bins));
        }
    });
    slots
        .into_iter()
        .filter_map(|slot| slot.into_inner().ok().flatten())
        .collect()
}

/// The columns that a tree may ask for, in rising order: at least one.
fn chosen(columns: usize, share: u16, sequence: &mut Sequence) -> Vec<usize> {
    let wanted = columns
        .saturating_mul(usize::from(share))
        .div_ceil(1_000)
        .clamp(1, columns.max(1));
    let mut numbers: Vec<usize> = (0..columns).collect();
    for place in 0..wanted {
        let left = count(columns.saturating_sub(place)).unsigned_abs();
        let step = usize::try_from(sequence.below(left)).unwrap_or(0);
        numbers.swap(place, place + step);
    }
    numbers.truncate(wanted);
    numbers.sort_unstable();
    numbers
}

/// What is left over of the targets, in units of `2^-LEAF_BITS`.
struct Boosting<'a> {
    recipe: &'a Recipe,
    base: i64,
    rest: Vec<i64>,
    gradients: Vec<i32>,
}

impl<'a> Boosting<'a> {
    fn new(table: &Table, recipe: &'a Recipe) -> Self {
        let mut rest: Vec<i64> = table
            .targets
            .iter()
            .map(|target| i64::from(*target) << LEAF_BITS)
            .collect();
        let base = centre(&mut rest.clone(), recipe.objective);
        for value in &mut rest {
            *value -= base;
        }
        Self {
            recipe,
            base,
            gradients: vec![0; rest.len()],
            rest,
        }
    }

    fn take_gradients(&mut self) {
        let level = self.recipe.objective.level().map(i32::from);
        for (gradient, rest) in self.gradients.iter_mut().zip(&self.rest) {
            *gradient = match level {
                Some(level) if *rest > 0 => level,
                Some(level) if *rest < 0 => level - 1_000,
                Some(level) => level - 500,
                None => i32::try_from((rest >> LEAF_BITS).clamp(-MAX_GRADIENT, MAX_GRADIENT))
                    .unwrap_or(0),
            };
        }
    }

    /// Gives the leaves their values and takes them off what is left over.
    fn value(&mut self, grown: Grown) -> super::model::Tree {
        let mut tree = grown.tree;
        for (leaf, rows) in tree.leaves.iter_mut().zip(&grown.rows) {
            let mut rests: Vec<i64> = rows
                .iter()
                .filter_map(|row| self.rest.get(*row as usize).copied())
                .collect();
            let whole = centre(&mut rests, self.recipe.objective);
            *leaf = scaled(whole, i64::from(self.recipe.rate), PERMILLE);
            for row in rows {
                if let Some(rest) = self.rest.get_mut(*row as usize) {
                    *rest -= *leaf;
                }
            }
        }
        tree
    }
}

/// What an objective forecasts for values that are not told apart: their mean to the nearest, or their order statistic.
fn centre(values: &mut [i64], objective: Objective) -> i64 {
    if let Some(level) = objective.level() {
        return order_statistic(values, level).unwrap_or(0);
    }
    let sum: i128 = values.iter().map(|value| i128::from(*value)).sum();
    narrow(nearest(
        sum,
        i128::try_from(values.len().max(1)).unwrap_or(1),
    ))
}
