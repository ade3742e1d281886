//! An amount divided in proportion to weights, without a micro-unit lost.

use fairway_model::{Micro, MoneyError};

/// Parts of `total` in proportion to `weights`, by largest remainder; among equal remainders the earlier weight comes first.
/// The parts add up to `total`; none is negative. Where all weights are zero the first takes everything; no weights, no parts.
///
/// # Errors
/// [`MoneyError::Overflow`] when `total` or a weight is negative, or the weights' sum does not fit.
pub(crate) fn apportion(total: Micro, weights: &[Micro]) -> Result<Vec<Micro>, MoneyError> {
    const OVERFLOW: MoneyError = MoneyError::Overflow("apportioning");
    let whole = i128::from(Micro::sum(weights.iter().copied())?.0);
    if total.0 < 0 || weights.iter().any(|w| w.0 < 0) {
        return Err(OVERFLOW);
    }
    if whole == 0 {
        return Ok(weights
            .iter()
            .enumerate()
            .map(|(i, _)| if i == 0 { total } else { Micro::ZERO })
            .collect());
    }
    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    let mut left = total;
    for (index, weight) in weights.iter().enumerate() {
        let product = i128::from(total.0)
            .checked_mul(i128::from(weight.0))
            .ok_or(OVERFLOW)?;
        let part = product
            .checked_div(whole)
            .and_then(|p| i64::try_from(p).ok())
            .map(Micro)
            .ok_or(OVERFLOW)?;
        left = left.minus(part)?;
        parts.push(part);
        remainders.push((
            core::cmp::Reverse(product.checked_rem(whole).ok_or(OVERFLOW)?),
            index,
        ));
    }
    remainders.sort_unstable();
    // Fewer micro-units are left than there are weights.
    let extra = usize::try_from(left.0).map_err(|_| OVERFLOW)?;
    for (_, index) in remainders.into_iter().take(extra) {
        if let Some(part) = parts.get_mut(index) {
            *part = part.plus(Micro(1))?;
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn largest_remainder() {
        let split = |total, weights: &[i64]| {
            let weights: Vec<Micro> = weights.iter().copied().map(Micro).collect();
            apportion(Micro(total), &weights)
                .map(|parts| parts.into_iter().map(|p| p.0).collect::<Vec<_>>())
        };
        assert_eq!(split(100, &[1, 1, 1]), Ok(vec![34, 33, 33]));
        assert_eq!(split(10, &[15, 70, 15]), Ok(vec![2, 7, 1]));
        assert_eq!(split(7, &[0, 0]), Ok(vec![7, 0]));
        assert_eq!(split(7, &[]), Ok(vec![]));
        assert_eq!(
            split(i64::MAX, &[i64::MAX - 1, 1]),
            Ok(vec![i64::MAX - 1, 1])
        );
        assert!(split(-1, &[1]).is_err());
        assert!(split(1, &[i64::MAX, 1]).is_err());
    }
}
