//! Slopes, zeros and greatest values of smooth functions of one variable.

use crate::scenario::count;

/// Cells of the grid in which changes of sign are looked for.
const CELLS: usize = 4_000;
/// Halvings of a cell: beyond the digits of a float.
const HALVINGS: usize = 80;
/// Relative step of a central difference.
const STEP: f64 = 1e-5;

/// The derivative at `x`, which is more than 0, by a central difference; right to about nine digits for the functions here.
pub(crate) fn derivative(f: impl Fn(f64) -> f64, x: f64) -> f64 {
    let h = x * STEP;
    (f(x + h) - f(x - h)) / (2.0 * h)
}

/// Every zero at which `f` changes its sign between `low` and `high`, as far as they are a four-thousandth apart.
pub(crate) fn zeros(f: impl Fn(f64) -> f64, low: f64, high: f64) -> Vec<f64> {
    let at = |cell: usize| low + (high - low) * count(cell) / count(CELLS);
    let mut left = f(low);
    (0..CELLS)
        .filter_map(|cell| {
            let (from, to) = (at(cell), at(cell.saturating_add(1)));
            let right = f(to);
            let left = core::mem::replace(&mut left, right);
            let changes = left == 0.0 || left.signum() * right.signum() < 0.0;
            (changes && right != 0.0).then(|| bisect(&f, from, to))
        })
        .collect()
}

fn bisect(f: &impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    let sign = f(low).signum();
    if f(low) == 0.0 {
        return low;
    }
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if f(middle).signum() * sign > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// Whether `f` is above zero on the whole grid.
pub(crate) fn positive(f: impl Fn(f64) -> f64, low: f64, high: f64) -> bool {
    (0..=CELLS).all(|cell| f(low + (high - low) * count(cell) / count(CELLS)) > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_found_where_the_sign_changes() {
        let found = zeros(|x| (x - 0.5) * (x - 2.25), 0.0, 3.0);
        assert_eq!(found.len(), 2);
        assert!((found[0] - 0.5).abs() < 1e-12 && (found[1] - 2.25).abs() < 1e-12);
        assert!(zeros(|x| x * x + 1.0, 0.0, 3.0).is_empty());
        assert!((derivative(f64::ln, 2.0) - 0.5).abs() < 1e-9);
    }
}
