//! A training table, and its features as at most 255 bins each.

use crate::number::count;

/// The most bins of a feature.
pub const MAX_BINS: u16 = 255;
/// The most rows of a table.
pub const MAX_ROWS: usize = 4_000_000;

/// Why a table cannot be trained on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableError {
    /// No rows or no columns, or more rows than [`MAX_ROWS`].
    Size {
        /// Rows found.
        rows: usize,
        /// Columns found.
        columns: usize,
    },
    /// A column of another length than the targets.
    Uneven {
        /// Which column, from 0.
        column: usize,
        /// Its rows.
        rows: usize,
        /// Rows of the targets.
        targets: usize,
    },
}

impl core::fmt::Display for TableError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Size { rows, columns } => write!(
                f,
                "a table of {rows} rows and {columns} columns; it has 1 to {MAX_ROWS} rows and at least one column"
            ),
            Self::Uneven {
                column,
                rows,
                targets,
            } => write!(
                f,
                "column {column} has {rows} rows, the targets have {targets}"
            ),
        }
    }
}

impl core::error::Error for TableError {}

/// Rows to train on, column by column.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// The features, each with one value per row.
    pub columns: Vec<Vec<i32>>,
    /// What a model should have said, per row.
    pub targets: Vec<i32>,
}

impl Table {
    /// A table without rows.
    pub fn new(columns: usize) -> Self {
        Self {
            columns: vec![Vec::new(); columns],
            targets: Vec::new(),
        }
    }

    /// Adds a row. Values beyond the columns are dropped; columns without a value get what is missing by [`Table::check`] noticed.
    pub fn push(&mut self, values: &[i32], target: i32) {
        for (column, value) in self.columns.iter_mut().zip(values) {
            column.push(*value);
        }
        self.targets.push(target);
    }

    /// Adds the rows of another table of equal width.
    pub fn append(&mut self, other: &Self) {
        for (column, more) in self.columns.iter_mut().zip(&other.columns) {
            column.extend_from_slice(more);
        }
        self.targets.extend_from_slice(&other.targets);
    }

    /// Whether it can be trained on.
    ///
    /// # Errors
    /// [`TableError`] says what is uneven.
    pub fn check(&self) -> Result<(), TableError> {
        let (rows, columns) = (self.targets.len(), self.columns.len());
        if rows == 0 || rows > MAX_ROWS || columns == 0 {
            return Err(TableError::Size { rows, columns });
        }
        let uneven = self
            .columns
            .iter()
            .enumerate()
            .find(|(_, c)| c.len() != rows);
        uneven.map_or(Ok(()), |(column, values)| {
            Err(TableError::Uneven {
                column,
                rows: values.len(),
                targets: rows,
            })
        })
    }
}

/// One feature in bins: bin `b` holds the values above the bound before and up to bound `b`; the last bin has no bound.
#[derive(Debug)]
pub(super) struct Binned {
    pub(super) bounds: Vec<i32>,
    pub(super) bins: Vec<u8>,
}

impl Binned {
    /// Bins a column into at most `most` bins of about equally many rows. Equal values share a bin; a bound is the floor of
    /// the middle between the values beside it.
    pub(super) fn new(values: &[i32], most: u16) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        let bounds = bounds(&sorted, usize::from(most.clamp(2, MAX_BINS)));
        let bins = values.iter().map(|value| bin(&bounds, *value)).collect();
        Self { bounds, bins }
    }
}

fn bin(bounds: &[i32], value: i32) -> u8 {
    u8::try_from(bounds.partition_point(|bound| *bound < value)).unwrap_or(u8::MAX)
}

fn bounds(sorted: &[i32], most: usize) -> Vec<i32> {
    let mut distinct: Vec<(i32, usize)> = Vec::new();
    for value in sorted {
        match distinct.last_mut() {
            Some((last, rows)) if last == value => *rows += 1,
            _ => distinct.push((*value, 1)),
        }
    }
    let between = |a: i32, b: i32| {
        let middle = i64::midpoint(i64::from(a), i64::from(b));
        // The midpoint rounds toward zero; a bound is at least the lower value and below the upper one.
        i32::try_from(middle)
            .unwrap_or(a)
            .clamp(a, b.saturating_sub(1))
    };
    let wanted = count(sorted.len()).unsigned_abs();
    let parts = count(most).unsigned_abs();
    let (mut found, mut seen) = (Vec::new(), 0_u64);
    let few = distinct.len() <= most;
    for (here, next) in distinct.iter().zip(distinct.iter().skip(1)) {
        seen = seen.saturating_add(count(here.1).unsigned_abs());
        let due = (count(found.len()).unsigned_abs() + 1).saturating_mul(wanted);
        let full = seen.saturating_mul(parts) >= due;
        if (few || full) && found.len() + 1 < most {
            found.push(between(here.0, next.0));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_get_a_bin_each() {
        let binned = Binned::new(&[5, -3, 5, 0, i32::MIN], 255);
        assert_eq!(binned.bounds.len(), 3);
        assert_eq!(binned.bins, [3, 1, 3, 2, 0]);
        let bounds: Vec<i32> = binned.bounds;
        assert!(bounds.windows(2).all(|w| w[0] < w[1]), "{bounds:?}");
        assert!((-3..0).contains(&bounds[1]) && (0..5).contains(&bounds[2]));
    }

    #[test]
    fn many_values_share_bins_evenly() {
        let values: Vec<i32> = (0..10_000).map(|n| n * 7 - 3_000).collect();
        let binned = Binned::new(&values, 64);
        assert_eq!(binned.bounds.len(), 63);
        let mut rows = [0_usize; 64];
        for bin in &binned.bins {
            rows[usize::from(*bin)] += 1;
        }
        assert!(rows.iter().all(|n| (150..=160).contains(n)), "{rows:?}");
    }

    #[test]
    fn a_value_at_a_bound_goes_left() {
        let binned = Binned::new(&[1, 2, 3, 4], 255);
        for (value, bin) in [1, 2, 3, 4].iter().zip(&binned.bins) {
            let by_bound = binned
                .bounds
                .iter()
                .filter(|bound| *value > **bound)
                .count();
            assert_eq!(by_bound, usize::from(*bin));
        }
    }

    #[test]
    fn extremes_do_not_overflow() {
        let binned = Binned::new(&[i32::MIN, i32::MAX, i32::MIN + 1, 0], 255);
        assert_eq!(binned.bins, [0, 3, 1, 2]);
        assert_eq!(Binned::new(&[7; 9], 255).bounds, Vec::<i32>::new());
    }

    #[test]
    fn uneven_tables_are_refused_with_the_column() {
        let table = Table {
            columns: vec![vec![1, 2], vec![1]],
            targets: vec![0, 0],
        };
        assert_eq!(
            table.check().unwrap_err().to_string(),
            "column 1 has 1 rows, the targets have 2"
        );
        assert!(Table::new(3).check().is_err());
    }
}
