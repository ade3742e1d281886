//! One tree, grown best leaf first over binned columns.
//!
//! Sums of a histogram are whole numbers, so their order does not matter and threads may share the columns out. The gain of a split is
//! `G_left^2 / n_left + G_right^2 / n_right - G^2 / n` with every quotient in 1/256 and rounded toward zero; of equal gains the
//! lower column, then the lower bound wins, and of equal leaves the earlier one.

use super::bins::Binned;
use super::model::{Split, Tree};
use super::train::Workers;
use crate::number::count;
use std::sync::Mutex;

/// Fractional bits of a gain.
const GAIN_BITS: u32 = 8;

/// Limits of a tree.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) leaves: usize,
    pub(super) depth: usize,
    pub(super) fewest_rows: u32,
}

/// A grown tree whose leaves have no values yet, with the rows of each leaf.
pub(super) struct Grown {
    pub(super) tree: Tree,
    pub(super) rows: Vec<Vec<u32>>,
}

/// Sum of gradients and number of rows of one bin.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    gradient: i64,
    rows: u32,
}

type Histogram = Vec<Cell>;
/// One column's histogram, and its best split.
type Counted = (Histogram, Option<Candidate>);

/// The best split of one column.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    gain: u128,
    column: usize,
    bound: usize,
}

/// A leaf that may still be split.
struct Leaf {
    rows: Vec<u32>,
    histograms: Vec<Histogram>,
    best: Option<Candidate>,
    depth: usize,
    /// The split that leads here, and whether by its left side.
    parent: Option<(usize, bool)>,
}

/// What grows a tree: columns, gradients, limits.
pub(super) struct Grower<'a> {
    pub(super) columns: &'a [Binned],
    /// Which columns this tree may ask for, in rising order.
    pub(super) chosen: &'a [usize],
    pub(super) gradients: &'a [i32],
    pub(super) shape: Shape,
    pub(super) workers: &'a dyn Workers,
}

impl Grower<'_> {
    /// Grows a tree over all rows.
    pub(super) fn grow(&self) -> Grown {
        let all = u32::try_from(self.gradients.len()).unwrap_or(u32::MAX);
        let root = self.root((0..all).collect());
        let mut leaves = vec![root];
        let mut splits: Vec<Split> = Vec::new();
        while leaves.len() < self.shape.leaves {
            let best = leaves
                .iter()
                .enumerate()
                .filter_map(|(place, leaf)| Some((place, leaf.best?)))
                // `max_by` would take the last of equals; the earlier leaf is wanted.
                .reduce(|a, b| if b.1.gain > a.1.gain { b } else { a });
            let Some((place, candidate)) = best else {
                break;
            };
            // What remains keeps its order, which decides between equal gains.
            let leaf = leaves.remove(place);
            let (left, right) = self.split(leaf, candidate, &mut splits);
            leaves.push(left);
            leaves.push(right);
        }
        finish(splits, leaves)
    }

    fn root(&self, rows: Vec<u32>) -> Leaf {
        let slots: Vec<Mutex<Option<Counted>>> =
            self.chosen.iter().map(|_| Mutex::new(None)).collect();
        let (gradients, gradient, number) = self.gathered(&rows);
        self.workers.run(self.chosen.len(), &|job| {
            let histogram = self.histogram(job, &rows, &gradients);
            let best = self.scan(job, &histogram, gradient, number);
            put(&slots, job, (histogram, best));
        });
        let (histograms, bests) = take(slots);
        Leaf {
            rows,
            histograms,
            best: best_of(bests),
            depth: 0,
            parent: None,
        }
    }

    /// The gradients of some rows, in their order, with their sum and number.
    fn gathered(&self, rows: &[u32]) -> (Vec<i32>, i64, u32) {
        let gradients = rows
            .iter()
            .filter_map(|row| self.gradients.get(*row as usize).copied());
        let found: Vec<i32> = gradients.collect();
        let sum = found.iter().map(|g| i64::from(*g)).sum();
        let number = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        (found, sum, number)
    }

    /// Counts one column's bins over rows whose gradients stand beside them.
    fn histogram(&self, job: usize, rows: &[u32], gradients: &[i32]) -> Histogram {
        let Some(column) = self.chosen.get(job).and_then(|c| self.columns.get(*c)) else {
            return Vec::new();
        };
        let bins = column.bins.as_slice();
        let mut cells = [Cell::default(); 256];
        for (row, gradient) in rows.iter().zip(gradients) {
            let bin = bins.get(*row as usize).copied().unwrap_or(0);
            if let Some(cell) = cells.get_mut(usize::from(bin)) {
                cell.gradient = cell.gradient.wrapping_add(i64::from(*gradient));
                cell.rows = cell.rows.wrapping_add(1);
            }
        }
        cells.into_iter().take(column.bounds.len() + 1).collect()
    }

    fn scan(&self, job: usize, cells: &[Cell], gradient: i64, number: u32) -> Option<Candidate> {
        let fewest = self.shape.fewest_rows.max(1);
        if number < fewest.saturating_mul(2) {
            return None;
        }
        let whole = worth(gradient, number);
        let (mut left, mut left_rows) = (0_i64, 0_u32);
        let mut best: Option<(u128, usize)> = None;
        for (bound, cell) in cells.iter().enumerate().take(cells.len().saturating_sub(1)) {
            left += cell.gradient;
            left_rows += cell.rows;
            if left_rows < fewest || cell.rows == 0 {
                continue;
            }
            let right_rows = number - left_rows;
            if right_rows < fewest {
                break;
            }
            let parts = worth(left, left_rows) + worth(gradient - left, right_rows);
            if parts > best.map_or(whole, |(most, _)| most) {
                best = Some((parts, bound));
            }
        }
        let column = self.chosen.get(job).copied()?;
        best.map(|(parts, bound)| Candidate {
            gain: parts - whole,
            column,
            bound,
        })
    }

    /// Makes two leaves of one.
    fn split(&self, leaf: Leaf, candidate: Candidate, splits: &mut Vec<Split>) -> (Leaf, Leaf) {
        let here = splits.len();
        let bound = self
            .columns
            .get(candidate.column)
            .and_then(|column| column.bounds.get(candidate.bound));
        splits.push(Split {
            feature: u16::try_from(candidate.column).unwrap_or(u16::MAX),
            threshold: bound.copied().unwrap_or(i32::MAX),
            left: 0,
            right: 0,
        });
        if let Some((parent, is_left)) = leaf.parent
            && let Some(split) = splits.get_mut(parent)
        {
            let number = i32::try_from(here).unwrap_or(i32::MAX);
            *(if is_left {
                &mut split.left
            } else {
                &mut split.right
            }) = number;
        }
        let bins = self
            .columns
            .get(candidate.column)
            .map(|column| &column.bins);
        let goes_left = |row: &u32| {
            bins.and_then(|bins| bins.get(*row as usize))
                .is_some_and(|bin| usize::from(*bin) <= candidate.bound)
        };
        let (left, right): (Vec<u32>, Vec<u32>) = leaf.rows.into_iter().partition(goes_left);
        let left_is_smaller = left.len() <= right.len();
        let (small, large) = if left_is_smaller {
            (&left, &right)
        } else {
            (&right, &left)
        };
        let depth = leaf.depth + 1;
        let open = depth < self.shape.depth;
        let (small_side, large_side) = self.sides(small, large, leaf.histograms, open);
        let (left_side, right_side) = if left_is_smaller {
            (small_side, large_side)
        } else {
            (large_side, small_side)
        };
        let make = |rows, (histograms, best): Side, is_left| Leaf {
            rows,
            histograms,
            best,
            depth,
            parent: Some((here, is_left)),
        };
        (make(left, left_side, true), make(right, right_side, false))
    }

    /// Histograms and best splits of both children: the smaller one is counted, the larger one is what remains.
    fn sides(
        &self,
        small: &[u32],
        large: &[u32],
        whole: Vec<Histogram>,
        open: bool,
    ) -> (Side, Side) {
        if !open {
            return ((Vec::new(), None), (Vec::new(), None));
        }
        let (gradients, small_sum, small_rows) = self.gathered(small);
        // Every histogram of a leaf counts the same rows.
        let sum: i64 = whole
            .first()
            .map_or(0, |cells| cells.iter().map(|c| c.gradient).sum());
        let large_sum = sum - small_sum;
        let large_rows = u32::try_from(large.len()).unwrap_or(u32::MAX);
        let work: Vec<Mutex<Option<Both>>> = whole
            .into_iter()
            .map(|histogram| Mutex::new(Some(Both::of(histogram))))
            .collect();
        self.workers.run(self.chosen.len(), &|job| {
            let Some(mut both) = work.get(job).and_then(|slot| slot.lock().ok()?.take()) else {
                return;
            };
            let counted = self.histogram(job, small, &gradients);
            for (cell, part) in both.large.iter_mut().zip(&counted) {
                cell.gradient -= part.gradient;
                cell.rows -= part.rows;
            }
            both.small_best = self.scan(job, &counted, small_sum, small_rows);
            both.large_best = self.scan(job, &both.large, large_sum, large_rows);
            both.small = counted;
            put(&work, job, both);
        });
        let found: Vec<Both> = work
            .into_iter()
            .filter_map(|slot| slot.into_inner().ok().flatten())
            .collect();
        let small_best = best_of(found.iter().map(|both| both.small_best));
        let large_best = best_of(found.iter().map(|both| both.large_best));
        let (small, large) = found
            .into_iter()
            .map(|both| (both.small, both.large))
            .unzip();
        ((small, small_best), (large, large_best))
    }
}

type Side = (Vec<Histogram>, Option<Candidate>);

struct Both {
    small: Histogram,
    large: Histogram,
    small_best: Option<Candidate>,
    large_best: Option<Candidate>,
}

impl Both {
    fn of(large: Histogram) -> Self {
        Self {
            small: Vec::new(),
            large,
            small_best: None,
            large_best: None,
        }
    }
}

fn put<T>(slots: &[Mutex<Option<T>>], place: usize, value: T) {
    if let Some(mut slot) = slots.get(place).and_then(|slot| slot.lock().ok()) {
        *slot = Some(value);
    }
}

fn take(slots: Vec<Mutex<Option<Counted>>>) -> (Vec<Histogram>, Vec<Option<Candidate>>) {
    slots
        .into_iter()
        .filter_map(|slot| slot.into_inner().ok().flatten())
        .unzip()
}

fn best_of(candidates: impl IntoIterator<Item = Option<Candidate>>) -> Option<Candidate> {
    candidates
        .into_iter()
        .flatten()
        .reduce(|a, b| if b.gain > a.gain { b } else { a })
}

/// `sum^2 / rows` in 1/256, rounded toward zero.
fn worth(sum: i64, rows: u32) -> u128 {
    let size = sum.unsigned_abs();
    let small = size
        .checked_mul(size)
        .and_then(|square| square.checked_mul(1 << GAIN_BITS))
        .and_then(|square| square.checked_div(u64::from(rows)));
    if let Some(quotient) = small {
        return u128::from(quotient);
    }
    let square = u128::from(size).saturating_mul(u128::from(size));
    square
        .saturating_mul(1 << GAIN_BITS)
        .checked_div(u128::from(rows))
        .unwrap_or(0)
}

fn finish(mut splits: Vec<Split>, leaves: Vec<Leaf>) -> Grown {
    let mut rows = Vec::with_capacity(leaves.len());
    for (place, leaf) in leaves.into_iter().enumerate() {
        if let Some((parent, is_left)) = leaf.parent
            && let Some(split) = splits.get_mut(parent)
        {
            let child = i32::try_from(-1 - count(place)).unwrap_or(-1);
            *(if is_left {
                &mut split.left
            } else {
                &mut split.right
            }) = child;
        }
        rows.push(leaf.rows);
    }
    let leaves = vec![0; rows.len()];
    Grown {
        tree: Tree { splits, leaves },
        rows,
    }
}
