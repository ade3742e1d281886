//! Gradient-boosted trees in whole numbers, for training as well as for inference.
//!
//! Features are quantised before training, so a threshold is a feature value and every machine takes the same branch. Gains are compared
//! as fixed-point quotients with a stated rounding, leaves are order statistics or rounded means: no float anywhere, so the bytes of a trained
//! model depend on data and recipe alone, not on the build, the machine or the number of threads.

mod bins;
mod decimal;
mod grow;
mod lightgbm;
mod model;
mod train;

pub use bins::{MAX_BINS, MAX_ROWS, Table, TableError};
pub use lightgbm::{ImportError, LEAF_BITS as IMPORT_LEAF_BITS, MAX_IMPORT_BYTES, import};
pub use model::{
    MAX_DEPTH, MAX_LEAF_BITS, MAX_LEAVES, MAX_MODEL_BYTES, MAX_TREES, MODEL_DOMAIN, Model,
    ModelError, Split, Tree,
};
pub use train::{Inline, Objective, Recipe, RecipeError, Workers, train};
