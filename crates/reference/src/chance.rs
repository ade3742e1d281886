//! The only source of chance here: SplitMix64, seeded with a number and a name, the same on every machine.

use fairway_model::Hash;

/// A seeded generator.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// The generator of a seed for one purpose: what one purpose draws does not move what another draws.
    pub fn new(seed: u64, purpose: &str) -> Self {
        let mixed = Hash::keyed(&seed.to_be_bytes(), "fairway.reference", purpose.as_bytes());
        let word = mixed
            .0
            .iter()
            .take(8)
            .fold(0, |n: u64, b| (n << 8) | u64::from(*b));
        Self(word)
    }

    /// The next 64 bits.
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 when `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        let wide = (u128::from(self.word()) * u128::from(n)) >> 64;
        u64::try_from(wide).unwrap_or(0)
    }

    /// A place in a list of `len` entries; 0 when it is empty.
    pub fn place(&mut self, len: usize) -> usize {
        usize::try_from(self.below(u64::try_from(len).unwrap_or(0))).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included.
    pub fn span(&mut self, low: i64, high: i64) -> i64 {
        let width = high.saturating_sub(low).max(0).unsigned_abs();
        let more = self.below(width.saturating_add(1));
        low.saturating_add(i64::try_from(more).unwrap_or(0))
    }

    /// Like [`Chance::span`], for small numbers.
    pub fn small(&mut self, low: u32, high: u32) -> u32 {
        u32::try_from(self.span(i64::from(low), i64::from(high))).unwrap_or(low)
    }

    /// True in `percent` of a hundred cases.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of a list.
    pub fn pick<T: Copy>(&mut self, from: &[T], otherwise: T) -> T {
        from.get(self.place(from.len()))
            .copied()
            .unwrap_or(otherwise)
    }
}
