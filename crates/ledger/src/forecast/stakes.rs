//! Stakes on a member's own forecast: off unless an agreement names one.
//!
//! With each scored day the visited utility stakes on the forecast that it revealed, and home on the baseline, the same amount each. They are settled by
//! weighted-score wagering: what one gains the other loses, to the smallest unit, and nobody loses more than the stake. The baseline is the week
//! before, which no report moves, so the forecast that the utility really believes in is its best one.
//!
//! A score is the sum of errors against the sum of the baseline, 1,000,000 without any error. So that no score has to be cut off, which would
//! reward other forecasts than honest ones, hours whose load lies beyond half as much again as the baseline, or under two thirds of it, are left out for
//! both; a forecast that goes beyond these limits in any hour of the day scores 0.

use super::state::DetailDay;
use fairway_forecast::number::PPM;
use fairway_forecast::track::MEDIAN;
use fairway_forecast::wager::{Wager, settle};
use fairway_model::money::{Micro, MoneyError};
use minicbor::{Decode, Encode};

/// Largest stake of a day: a million units of any currency.
pub const MAX_STAKE: Micro = Micro(1_000_000_000_000);
/// Fewest hours that count; a day with fewer settles nothing.
const FEWEST_HOURS: i64 = 12;

/// Stakes of a day, settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Settled {
    /// What each of the two put in.
    #[n(0)]
    pub stake: Micro,
    /// Score of the visited utility's own forecast in millionths.
    #[n(1)]
    pub own: i64,
    /// Score of the baseline, which home stands for.
    #[n(2)]
    pub baseline: i64,
}

impl Settled {
    /// What home owes the visited utility for it; negative when the visited utility owes.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] when stake or scores are out of their ranges.
    pub fn owed(&self) -> Result<Micro, MoneyError> {
        let wager = |score| Wager {
            stake: self.stake.0,
            score,
        };
        let paid = settle(&[wager(self.own), wager(self.baseline)]);
        let paid = paid.map_err(|_| MoneyError::Overflow("stakes"))?;
        paid.first()
            .map(|amount| Micro(*amount))
            .ok_or(MoneyError::Overflow("stakes"))
    }
}

/// Whether a value lies within the limits around a baseline.
fn near(value: i64, baseline: i64) -> bool {
    let (value, baseline) = (i128::from(value), i128::from(baseline));
    baseline > 0 && 2 * value <= 3 * baseline && 3 * value >= 2 * baseline
}

/// The scores of a day's own forecast and of its baseline; none where nothing was revealed or too few hours count.
pub(super) fn scores(detail: &DetailDay, measured: &[Option<i64>]) -> Option<(i64, i64)> {
    let own = detail.own.as_ref()?;
    let median = detail.levels.iter().position(|level| *level == MEDIAN)?;
    let middle = |place: usize| detail.hours.get(place)?.baseline.get(median).copied();
    let (mut sum, mut own_errors, mut errors, mut hours) = (0_i128, 0_i128, 0_i128, 0_i64);
    let mut sober = true;
    for (place, (said, load)) in own.iter().zip(measured).enumerate() {
        let Some(baseline) = middle(place) else {
            continue;
        };
        sober &= near(*said, baseline);
        let Some(load) = load.filter(|load| near(*load, baseline)) else {
            continue;
        };
        hours = hours.saturating_add(1);
        sum = sum.saturating_add(i128::from(baseline));
        own_errors = own_errors.saturating_add(i128::from(said.abs_diff(load)));
        errors = errors.saturating_add(i128::from(baseline.abs_diff(load)));
    }
    if hours < FEWEST_HOURS || sum <= 0 {
        return None;
    }
    let score = |errors: i128| {
        let lost = errors
            .saturating_mul(i128::from(PPM))
            .checked_div(sum)
            .and_then(|lost| i64::try_from(lost).ok());
        PPM.saturating_sub(lost.unwrap_or(PPM))
    };
    let own = if sober { score(own_errors) } else { 0 };
    Some((own, score(errors)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::state::SaidHour;
    use fairway_forecast::ensemble::Spoken;
    use fairway_forecast::hour::{Day, Hour};
    use fairway_model::hash::Hash;
    use proptest::prelude::*;

    fn day(own: Vec<i64>, baseline: &[i64]) -> DetailDay {
        let said = |(hour, value): (i64, &i64)| SaidHour {
            spoken: Spoken {
                hour: Hour(hour),
                clock: 0,
                scale: 1,
                anchor: 0,
                outputs: Vec::new(),
            },
            quantiles: Vec::new(),
            baseline: vec![*value],
        };
        DetailDay {
            day: Day(0),
            package: Hash::default(),
            levels: vec![MEDIAN],
            hours: (0..).zip(baseline).map(said).collect(),
            own: Some(own),
            percentiles: Vec::new(),
            rate: 0,
        }
    }

    fn known(loads: &[i64]) -> Vec<Option<i64>> {
        loads.iter().copied().map(Some).collect()
    }

    #[test]
    fn by_hand() {
        // The forecast is off by 2 %, the week before by 4 %: the difference of 2 % moves one per cent of the stake.
        let detail = day(vec![1_020; 24], &[1_040; 24]);
        let (own, baseline) = scores(&detail, &known(&[1_000; 24])).unwrap();
        assert_eq!((own, baseline), (980_770, 961_539));
        let settled = Settled {
            stake: Micro(1_000_000_000),
            own,
            baseline,
        };
        assert_eq!(settled.owed(), Ok(Micro(9_615_500)));
    }

    #[test]
    fn what_goes_beyond_the_limits_is_not_cut_off() {
        let mut wild = vec![1_000; 24];
        wild[3] = 2_000;
        let found = scores(&day(wild, &[1_000; 24]), &known(&[1_000; 24]));
        assert_eq!(found, Some((0, PPM)));
        let mut storm = known(&[1_000; 24]);
        storm[5] = Some(300);
        storm[6] = None;
        let found = scores(&day(vec![1_010; 24], &[1_000; 24]), &storm);
        assert_eq!(found, Some((990_000, PPM)));
        assert_eq!(scores(&day(vec![1; 24], &[1; 24]), &[None; 24]), None);
        let mut silent = day(Vec::new(), &[1_000; 24]);
        silent.own = None;
        assert_eq!(scores(&silent, &known(&[1_000; 24])), None);
    }

    proptest! {
        #[test]
        fn stakes_are_balanced_to_the_unit_and_bounded(
            stake in 0..=MAX_STAKE.0,
            days in proptest::collection::vec((1_i64..20_000_000, 1_i64..20_000_000, 1_i64..20_000_000), 12..26),
        ) {
            let own: Vec<i64> = days.iter().map(|d| d.0).collect();
            let baseline: Vec<i64> = days.iter().map(|d| d.1).collect();
            let loads: Vec<i64> = days.iter().map(|d| d.2).collect();
            let found = scores(&day(own, &baseline), &known(&loads));
            if let Some((own, baseline)) = found {
                prop_assert!((0..=PPM).contains(&own) && (0..=PPM).contains(&baseline));
                let settled = Settled { stake: Micro(stake), own, baseline };
                let mirror = Settled { own: baseline, baseline: own, ..settled };
                let (owed, other) = (settled.owed().unwrap(), mirror.owed().unwrap());
                // Two stakes go in and two payouts come out.
                let paid = |gain: i64| i128::from(stake) + i128::from(gain);
                prop_assert_eq!(paid(owed.0) + paid(-owed.0), 2 * i128::from(stake));
                prop_assert!(owed.0.abs() <= stake);
                prop_assert!((owed.0 + other.0).abs() <= 1, "{:?} {:?}", owed, other);
                prop_assert_eq!(owed.0 >= 0, own >= baseline || owed.0 == 0);
            }
        }

        /// Whatever the load may be, the median of what one believes is the best report: no other one expects more.
        #[test]
        fn the_honest_forecast_pays_best(loads in proptest::collection::vec(700_i64..1_300, 3), other in 700_i64..1_300) {
            let mut sorted = loads.clone();
            sorted.sort_unstable();
            let honest = sorted[1];
            let paid = |report: i64| -> i64 {
                let of = |load: &i64| {
                    let (own, baseline) = scores(&day(vec![report; 24], &[1_000; 24]), &known(&[*load; 24])).unwrap();
                    Settled { stake: MAX_STAKE, own, baseline }.owed().unwrap().0
                };
                loads.iter().map(of).sum()
            };
            // Rounding: half a millionth of a score for each of the three.
            prop_assert!(paid(honest) >= paid(other) - 3 * MAX_STAKE.0 / PPM);
        }
    }
}
