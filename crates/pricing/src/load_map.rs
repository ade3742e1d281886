//! From a load to a price multiplier: the map that two utilities agree on, in whole numbers.
//!
//! A load is first placed among the loads of a reference period ([`percentile_bps`]); the map turns that place into a multiplier by straight lines between
//! agreed knots ([`LoadMap::at`]); a day's multipliers then follow each other by no more than the agreed step ([`LoadMap::schedule`]). What leaves is inside
//! the map's own limits for any input whatever; the corridor of the energy price holds besides.

use core::fmt;
use fairway_model::agreement::LoadBand;

/// Most knots of a map.
pub const MAX_KNOTS: usize = 32;
/// All loads of the reference period, in basis points.
pub const WHOLE_BPS: u32 = 10_000;

/// One agreed point: at this place among the reference loads, this multiplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Knot {
    /// Which part of the reference loads lies below, in basis points, 0 to 10,000.
    pub percentile_bps: u32,
    /// Multiplier of energy prices in basis points; 10,000 changes nothing.
    pub multiplier_bps: u32,
}

/// An agreed map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadMap {
    knots: Vec<Knot>,
    band: LoadBand,
    step_bps: u32,
}

/// Why a map makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadMapError {
    /// So many knots; 1 to [`MAX_KNOTS`] are right.
    Knots(usize),
    /// The percentiles do not rise, or one is over 10,000: this one.
    Percentile(u32),
    /// The band's lowest multiplier is over its highest.
    Band(LoadBand),
    /// The largest step from hour to hour is 0.
    Step,
}

impl fmt::Display for LoadMapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Knots(found) => write!(f, "{found} knots; 1 to {MAX_KNOTS} are right"),
            Self::Percentile(found) => write!(
                f,
                "percentile {found} of a knot; rising numbers from 0 to {WHOLE_BPS} are right"
            ),
            Self::Band(band) => write!(
                f,
                "multipliers from {} to {}; the first at most the second is right",
                band.min_bps, band.max_bps
            ),
            Self::Step => write!(f, "a largest step of 0; at least 1 basis point is right"),
        }
    }
}

impl core::error::Error for LoadMapError {}

impl LoadMap {
    /// A map through `knots`, inside `band`, that moves by at most `step_bps` from one hour to the next.
    ///
    /// # Errors
    /// The first thing that makes no sense.
    pub fn new(knots: Vec<Knot>, band: LoadBand, step_bps: u32) -> Result<Self, LoadMapError> {
        if knots.is_empty() || knots.len() > MAX_KNOTS {
            return Err(LoadMapError::Knots(knots.len()));
        }
        let mut before = None;
        for knot in &knots {
            let rises = before.is_none_or(|b| knot.percentile_bps > b);
            if !rises || knot.percentile_bps > WHOLE_BPS {
                return Err(LoadMapError::Percentile(knot.percentile_bps));
            }
            before = Some(knot.percentile_bps);
        }
        if band.min_bps > band.max_bps {
            return Err(LoadMapError::Band(band));
        }
        if step_bps == 0 {
            return Err(LoadMapError::Step);
        }
        Ok(Self {
            knots,
            band,
            step_bps,
        })
    }

    /// The multiplier at a place among the reference loads, inside the band. Between knots by a straight line, rounded down; before the first and
    /// after the last as there. A place over 10,000 counts as 10,000.
    pub fn at(&self, percentile_bps: u32) -> u32 {
        let place = percentile_bps.min(WHOLE_BPS);
        let next = self.knots.partition_point(|k| k.percentile_bps <= place);
        let left = next.checked_sub(1).and_then(|n| self.knots.get(n));
        let found = match (left, self.knots.get(next)) {
            (Some(left), Some(right)) => between(*left, *right, place),
            (Some(only), None) | (None, Some(only)) => only.multiplier_bps,
            (None, None) => WHOLE_BPS,
        };
        self.hold(found)
    }

    fn hold(&self, multiplier_bps: u32) -> u32 {
        multiplier_bps.clamp(self.band.min_bps, self.band.max_bps)
    }

    /// The multipliers of hours that follow each other: each as [`LoadMap::at`] says, held within the largest step of the hour before it. `before` is the
    /// multiplier in force before the first hour.
    pub fn schedule(&self, before: u32, percentiles_bps: &[u32]) -> Vec<u32> {
        let mut last = self.hold(before);
        percentiles_bps
            .iter()
            .map(|place| {
                let low = last.saturating_sub(self.step_bps);
                let high = last.saturating_add(self.step_bps);
                last = self.hold(self.at(*place).clamp(low, high));
                last
            })
            .collect()
    }

    /// The limits of every multiplier.
    pub const fn band(&self) -> LoadBand {
        self.band
    }

    /// The knots.
    pub fn knots(&self) -> &[Knot] {
        &self.knots
    }
}

fn between(left: Knot, right: Knot, place: u32) -> u32 {
    let run = i64::from(right.percentile_bps).saturating_sub(i64::from(left.percentile_bps));
    let rise = i64::from(right.multiplier_bps).saturating_sub(i64::from(left.multiplier_bps));
    let way = i64::from(place).saturating_sub(i64::from(left.percentile_bps));
    // Both factors have 32 bits, and the knots' percentiles differ.
    let climbed = rise.saturating_mul(way).div_euclid(run.max(1));
    let found = i64::from(left.multiplier_bps).saturating_add(climbed);
    u32::try_from(found).unwrap_or(left.multiplier_bps)
}

/// Which part of the reference loads lies below `load`, in basis points rounded down. `rising` is sorted; without any, the middle.
pub fn percentile_bps(load: i64, rising: &[i64]) -> u32 {
    let below = rising.partition_point(|known| *known < load);
    let part = below
        .saturating_mul(10_000)
        .checked_div(rising.len())
        .unwrap_or(5_000);
    u32::try_from(part).unwrap_or(WHOLE_BPS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BAND: LoadBand = LoadBand {
        min_bps: 8_000,
        max_bps: 15_000,
    };

    fn knot(percentile_bps: u32, multiplier_bps: u32) -> Knot {
        Knot {
            percentile_bps,
            multiplier_bps,
        }
    }

    fn map() -> LoadMap {
        let knots = vec![knot(0, 8_500), knot(5_000, 9_500), knot(10_000, 17_000)];
        LoadMap::new(knots, BAND, 1_000).unwrap()
    }

    #[test]
    fn multipliers_lie_on_the_agreed_lines_and_inside_the_band() {
        let map = map();
        for (place, wanted) in [
            (0, 8_500),
            (2_500, 9_000),
            (5_000, 9_500),
            (7_500, 13_250),
            (10_000, 15_000),
            (u32::MAX, 15_000),
        ] {
            assert_eq!(map.at(place), wanted, "{place}");
        }
        assert_eq!(
            map.schedule(10_000, &[10_000, 10_000, 0, 0]),
            [11_000, 12_000, 11_000, 10_000]
        );
        assert_eq!(percentile_bps(7, &[1, 3, 7, 9]), 5_000);
        assert_eq!(percentile_bps(10, &[1, 3, 7, 9]), 10_000);
        assert_eq!(percentile_bps(10, &[]), 5_000);
    }

    #[test]
    fn maps_that_make_no_sense_are_named() {
        let bad = |knots, band, step| LoadMap::new(knots, band, step).unwrap_err().to_string();
        assert!(bad(vec![], BAND, 1).starts_with("0 knots"));
        assert!(bad(vec![knot(5, 1), knot(5, 1)], BAND, 1).contains("percentile 5"));
        assert!(bad(vec![knot(10_001, 1)], BAND, 1).contains("10001"));
        assert!(bad(vec![knot(0, 1)], BAND, 0).contains("step of 0"));
        let turned = LoadBand {
            min_bps: 2,
            max_bps: 1,
        };
        assert!(bad(vec![knot(0, 1)], turned, 1).contains("from 2 to 1"));
    }

    proptest! {
        /// Whatever stands in the knots and whatever a model says, no multiplier leaves the band, and none jumps.
        #[test]
        fn no_multiplier_leaves_the_band_or_jumps(
            values in proptest::collection::vec(any::<u32>(), 2..8),
            places in proptest::collection::vec(any::<u32>(), 1..50),
            before in any::<u32>(),
            step in 1..5_000_u32,
        ) {
            let knots = (0..).step_by(1_000).zip(&values).map(|(place, value)| knot(place, *value)).collect();
            let map = LoadMap::new(knots, BAND, step).unwrap();
            let schedule = map.schedule(before, &places);
            let mut last = before.clamp(BAND.min_bps, BAND.max_bps);
            for multiplier in schedule {
                prop_assert!((BAND.min_bps..=BAND.max_bps).contains(&multiplier));
                prop_assert!(multiplier.abs_diff(last) <= step);
                last = multiplier;
            }
        }
    }
}
