//! Reads a model that LightGBM trained on the same whole-number features, from the text that `Booster.save_model` writes.
//!
//! Features are whole numbers, so "at most 12.5" and "at most 12" are the same question: thresholds are floored and every row takes exactly
//! the branches that it takes in LightGBM. Leaves become fixed point with [`LEAF_BITS`] fractional bits, each to the nearest, so the output differs
//! from LightGBM's by at most half a unit of the last bit per tree. Decimal texts are read exactly; no float is made.

use super::decimal::Decimal;
use super::model::{MAX_LEAVES, MAX_TREES, Model, ModelError, Split, Tree};
use fairway_model::hash::Hash;

/// The longest text that is read. A longer one is refused unread.
pub const MAX_IMPORT_BYTES: usize = 32 << 20;
/// Fractional bits of imported leaves.
pub const LEAF_BITS: u8 = 20;

/// Why a text is not imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportError {
    /// Longer than [`MAX_IMPORT_BYTES`]; holds the length.
    TooLong(usize),
    /// A line that is not as it should be.
    Line {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong, and what would be right.
        what: String,
    },
    /// The model as a whole.
    Model(ModelError),
}

impl core::fmt::Display for ImportError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::TooLong(length) => write!(
                f,
                "a text of {length} bytes is longer than the {MAX_IMPORT_BYTES} allowed"
            ),
            Self::Line { line, what } => write!(f, "line {line}: {what}"),
            Self::Model(error) => write!(f, "{error}"),
        }
    }
}

impl core::error::Error for ImportError {}

/// Objectives whose output is the plain sum of the trees.
const OBJECTIVES: &[&str] = &[
    "regression",
    "regression_l1",
    "quantile",
    "huber",
    "fair",
    "mape",
];

/// Reads a model for the specification whose hash is `spec`.
///
/// # Errors
/// [`ImportError`] with the line: a text that is no such model, a model whose output is no plain sum of trees, one that treats zero as missing or
/// asks for categories, or one beyond the limits of [`Model`].
pub fn import(spec: Hash, text: &str) -> Result<Model, ImportError> {
    if text.len() > MAX_IMPORT_BYTES {
        return Err(ImportError::TooLong(text.len()));
    }
    let mut reader = Reader::default();
    for (index, line) in text.lines().enumerate() {
        let line_number = index + 1;
        let done = reader
            .line(line, line_number)
            .map_err(|what| ImportError::Line {
                line: line_number,
                what,
            })?;
        if done {
            return Model::new(spec, reader.features, LEAF_BITS, 0, reader.trees)
                .map_err(ImportError::Model);
        }
    }
    Err(ImportError::Line {
        line: text.lines().count(),
        what: "the text ends without `end of trees`".to_owned(),
    })
}

#[derive(Default)]
struct Reader {
    features: u16,
    objective: bool,
    trees: Vec<Tree>,
    /// The block that is being read.
    block: Option<Block>,
}

/// One tree's lines.
#[derive(Default)]
struct Block {
    features: Vec<u16>,
    thresholds: Vec<i32>,
    left: Vec<i32>,
    right: Vec<i32>,
    leaves: Vec<i64>,
}

impl Reader {
    /// Takes a line; true at the end of the trees.
    fn line(&mut self, line: &str, number: usize) -> Result<bool, String> {
        if number == 1 && line.trim() != "tree" {
            return Err("a LightGBM model begins with the line `tree`".to_owned());
        }
        if line.trim() == "end of trees" {
            self.close()?;
            if !self.objective {
                return Err("the line `objective=` is missing".to_owned());
            }
            return Ok(true);
        }
        let Some((name, value)) = line.split_once('=') else {
            return match line.trim() {
                "" | "tree" => Ok(false),
                "average_output" => Err("a random forest's output is a mean, not a sum".to_owned()),
                other => Err(format!("`{}` is no `name=value`", shortened(other))),
            };
        };
        if name == "Tree" {
            self.close()?;
            if self.trees.len() >= MAX_TREES {
                return Err(format!("more than {MAX_TREES} trees"));
            }
            self.block = Some(Block::default());
            return Ok(false);
        }
        match &mut self.block {
            Some(block) => block.line(name, value)?,
            None => self.head(name, value)?,
        }
        Ok(false)
    }

    fn head(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "max_feature_idx" => {
                let last: u16 = value
                    .parse()
                    .map_err(|_| format!("`{}` is no number of a column", shortened(value)))?;
                self.features = last.saturating_add(1);
            }
            "num_class" | "num_tree_per_iteration" if value != "1" => {
                return Err(format!(
                    "{name} is {}; only 1 is one number per row",
                    shortened(value)
                ));
            }
            "objective" => {
                let objective = value.split(' ').next().unwrap_or_default();
                let plain = OBJECTIVES.contains(&objective) && !value.contains("sqrt");
                if !plain {
                    return Err(format!(
                        "the output under `{}` is no plain sum of trees; known are: {}",
                        shortened(value),
                        OBJECTIVES.join(", ")
                    ));
                }
                self.objective = true;
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        if let Some(block) = self.block.take() {
            self.trees.push(block.tree()?);
        }
        Ok(())
    }
}

impl Block {
    fn line(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "num_cat" if value != "0" => {
                return Err("a split asks for categories; only numbers are known".to_owned());
            }
            "is_linear" if value != "0" => {
                return Err("leaves with linear models are not known".to_owned());
            }
            "split_feature" => self.features = list(value, |word| word.parse().ok())?,
            "threshold" => self.thresholds = list(value, threshold)?,
            "decision_type" => {
                let kinds: Vec<u8> = list(value, |word| word.parse().ok())?;
                // Bit 0: categories. Bits 2 and 3: what counts as missing; 1 would be zero.
                if kinds
                    .iter()
                    .any(|kind| kind & 1 != 0 || (kind >> 2) & 3 == 1)
                {
                    return Err("a split asks for categories, or takes zero as missing".to_owned());
                }
            }
            "left_child" => self.left = list(value, |word| word.parse().ok())?,
            "right_child" => self.right = list(value, |word| word.parse().ok())?,
            "leaf_value" => self.leaves = list(value, leaf)?,
            _ => {}
        }
        Ok(())
    }

    fn tree(self) -> Result<Tree, String> {
        let splits = self.features.len();
        let even = [self.thresholds.len(), self.left.len(), self.right.len()];
        if even.iter().any(|length| *length != splits) || self.leaves.len() != splits + 1 {
            return Err(format!(
                "the tree before this line has {splits} columns, {} thresholds, {} and {} children and {} leaves",
                self.thresholds.len(),
                self.left.len(),
                self.right.len(),
                self.leaves.len()
            ));
        }
        let children = self.left.into_iter().zip(self.right);
        let questions = self.features.into_iter().zip(self.thresholds);
        let split = |((feature, threshold), (left, right))| Split {
            feature,
            threshold,
            left,
            right,
        };
        Ok(Tree {
            splits: questions.zip(children).map(split).collect(),
            leaves: self.leaves,
        })
    }
}

fn list<T>(value: &str, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, String> {
    let words = value.split(' ').filter(|word| !word.is_empty());
    let found: Vec<T> = words
        .take(MAX_LEAVES + 1)
        .map(|word| {
            read(word).ok_or_else(|| format!("`{}` is out of range or no number", shortened(word)))
        })
        .collect::<Result<_, _>>()?;
    if found.len() > MAX_LEAVES {
        return Err(format!("more than {MAX_LEAVES} entries"));
    }
    Ok(found)
}

/// The floor of a threshold; one that no feature exceeds or reaches is held at the ends of the range.
fn threshold(word: &str) -> Option<i32> {
    let floor = Decimal::parse(word)?
        .floor()
        .unwrap_or(if word.starts_with('-') {
            i128::MIN
        } else {
            i128::MAX
        });
    let (low, high) = (i128::from(i32::MIN), i128::from(i32::MAX));
    i32::try_from(floor.clamp(low, high)).ok()
}

fn leaf(word: &str) -> Option<i64> {
    i64::try_from(Decimal::parse(word)?.times_power_of_two(LEAF_BITS)?).ok()
}

/// A peer's text in an error: its beginning.
fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}
