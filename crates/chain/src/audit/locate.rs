//! Finds the one byte that was changed: the byte with another value for which everything fits again. What fits is decided
//! by signatures and hashes alone, so a found place is a proof, and no checksum is needed that a forger could adjust.

/// Bytes that one search may try to hash; beyond it only the part is named.
const MOST_WORK: usize = 600 * 1024 * 1024;

/// How much a search may still do.
pub(super) struct Budget(usize);

impl Budget {
    pub(super) fn new() -> Self {
        Self(MOST_WORK)
    }

    /// Takes the cost of one trial; false when nothing is left.
    pub(super) fn spend(&mut self, bytes: usize) -> bool {
        self.0 = self.0.saturating_sub(bytes.max(1));
        self.0 > 0
    }
}

/// The first place among `places` where another byte makes `fits` true; `cost` is what one trial hashes.
pub(super) fn single_byte(
    bytes: &[u8],
    places: impl IntoIterator<Item = usize>,
    cost: usize,
    budget: &mut Budget,
    mut fits: impl FnMut(&[u8]) -> bool,
) -> Option<usize> {
    let mut trial = bytes.to_vec();
    for place in places {
        let Some(present) = bytes.get(place).copied() else {
            continue;
        };
        // Flipped bits are the likeliest change.
        let values = (0..8u8)
            .map(|bit| present ^ (1 << bit))
            .chain((0..=u8::MAX).filter(|value| (value ^ present).count_ones() > 1));
        for value in values {
            if !budget.spend(cost) {
                return None;
            }
            set(&mut trial, place, value);
            if fits(&trial) {
                return Some(place);
            }
        }
        set(&mut trial, place, present);
    }
    None
}

fn set(bytes: &mut [u8], place: usize, value: u8) {
    if let Some(byte) = bytes.get_mut(place) {
        *byte = value;
    }
}

/// First place at which two texts differ; the end of the shorter one when it is the beginning of the other.
pub(super) fn first_difference(has: &[u8], right: &[u8]) -> usize {
    has.iter()
        .zip(right)
        .position(|(a, b)| a != b)
        .unwrap_or_else(|| has.len().min(right.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::sha256;

    #[test]
    fn the_changed_byte_is_found_and_two_are_not() {
        let right: Vec<u8> = (0..200).collect();
        let sum = sha256(&[&right]);
        let find = |bytes: &[u8], budget: &mut Budget| {
            single_byte(bytes, 0..bytes.len(), bytes.len(), budget, |trial| {
                sha256(&[trial]) == sum
            })
        };
        let mut changed = right.clone();
        changed[77] = 3;
        assert_eq!(find(&changed, &mut Budget::new()), Some(77));
        assert_eq!(find(&changed, &mut Budget(1_000)), None);
        changed[78] = 3;
        assert_eq!(find(&changed, &mut Budget::new()), None);
        assert_eq!(first_difference(&changed, &right), 77);
        assert_eq!(first_difference(&right[..9], &right), 9);
    }
}
