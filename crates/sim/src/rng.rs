//! The only source of chance in the simulator: xoshiro256** (Blackman and Vigna, 2018), seeded by SplitMix64 as its authors advise.
//! Not for secrets; good enough to shake a world, and the same on every machine.

/// A seeded generator.
#[derive(Debug, Clone)]
pub struct Rng {
    state: [u64; 4],
}

/// SplitMix64: turns one seed into a row of well-mixed words.
#[derive(Debug, Clone)]
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Rng {
    /// The generator of a seed.
    pub fn new(seed: u64) -> Self {
        let mut mix = SplitMix(seed);
        Self {
            state: [mix.next(), mix.next(), mix.next(), mix.next()],
        }
    }

    /// The next 64 bits.
    pub fn word(&mut self) -> u64 {
        let [s0, s1, s2, s3] = &mut self.state;
        let out = s1.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let t = *s1 << 17;
        *s2 ^= *s0;
        *s3 ^= *s1;
        *s1 ^= *s2;
        *s0 ^= *s3;
        *s2 ^= t;
        *s3 = s3.rotate_left(45);
        out
    }

    /// A number below `n`; 0 when `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        let wide = u128::from(self.word()).wrapping_mul(u128::from(n)) >> 64;
        u64::try_from(wide).unwrap_or(0)
    }

    /// A place in a list of `len` entries; 0 when it is empty.
    pub fn place(&mut self, len: usize) -> usize {
        let n = u64::try_from(len).unwrap_or(u64::MAX);
        usize::try_from(self.below(n)).unwrap_or(0)
    }

    /// Milliseconds from `low` to `high`, both included.
    pub fn span(&mut self, (low, high): (i64, i64)) -> i64 {
        let width = high.saturating_sub(low).max(0).unsigned_abs();
        let more = self.below(width.saturating_add(1));
        low.saturating_add(i64::try_from(more).unwrap_or(i64::MAX))
    }

    /// True in `n` of ten thousand cases.
    pub fn chance(&mut self, n: u32) -> bool {
        n > 0 && self.below(10_000) < u64::from(n)
    }

    /// Bytes for ids and salts.
    pub fn bytes(&mut self) -> [u8; 32] {
        let mut out = [0u8; 32];
        for slot in out.chunks_mut(8) {
            slot.copy_from_slice(&self.word().to_le_bytes());
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_vectors() {
        let mut mix = SplitMix(1_234_567);
        let expected = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!(expected.map(|_| mix.next()), expected);
        let mut rng = Rng {
            state: [1, 2, 3, 4],
        };
        let expected = [
            11_520,
            0,
            1_509_978_240,
            1_215_971_899_390_074_240,
            1_216_172_134_540_287_360,
            607_988_272_756_665_600,
            16_172_922_978_634_559_625,
            8_476_171_486_693_032_832,
            10_595_114_339_597_558_777,
            2_904_607_092_377_533_576,
        ];
        assert_eq!(expected.map(|_| rng.word()), expected);
    }

    #[test]
    fn bounds_hold() {
        let mut rng = Rng::new(7);
        assert_eq!((rng.below(0), rng.place(0), rng.span((5, 5))), (0, 0, 5));
        let mut hits = 0;
        for _ in 0..10_000 {
            assert!(rng.below(3) < 3);
            assert!((-4..=9).contains(&rng.span((-4, 9))));
            hits += u32::from(rng.chance(2_500));
        }
        assert!((2_200..2_800).contains(&hits), "{hits}");
        assert!(!rng.chance(0) && rng.chance(10_000));
    }
}
