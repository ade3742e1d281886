//! The leader board: all candidates over the same hours, best first.

use crate::candidate::Candidate;
use crate::search::Plan;
use fairway_forecast::backtest::Published;
use fairway_forecast::compare::{Verdict, compare};
use fairway_forecast::hour::{Day, Hour, date_of};
use fairway_forecast::scores::{Errors, QuantileErrors, pinball};
use fairway_forecast::track::{LEVELS, MEDIAN};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};

/// A challenger is promoted only when its loss is smaller by so many thousandths, and significantly.
pub const PROMOTION_SHARE: u16 = 10;
/// Seasons by their months: winter from December on.
pub const SEASONS: [&str; 4] = ["winter", "spring", "summer", "autumn"];

/// How one candidate did.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Standing {
    /// Which.
    #[n(0)]
    pub candidate: Candidate,
    /// Hours it spoke about, common or not.
    #[n(1)]
    pub spoke: i64,
    /// Errors of its median over the common hours.
    #[n(2)]
    pub errors: Errors,
    /// Its quantiles over the common hours.
    #[n(3)]
    pub quantiles: QuantileErrors,
    /// Sums of pinball losses, local day by local day, in thousandths of a kilowatt.
    #[n(4)]
    pub daily: Vec<i64>,
    /// Errors by the hour on the clock.
    #[n(5)]
    pub by_clock: Vec<Errors>,
    /// Errors by season.
    #[n(6)]
    pub by_season: Vec<Errors>,
    /// Days whose hour of greatest load was named exactly, and days.
    #[n(7)]
    pub peaks: (i64, i64),
}

/// All candidates, best first.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Board {
    /// What was searched.
    #[n(0)]
    pub plan: Plan,
    /// Hours that all speak about.
    #[n(1)]
    pub hours: i64,
    /// Errors of the load a week before over what was learned from: the unit of MASE.
    #[n(2)]
    pub naive: Errors,
    /// How each did.
    #[n(3)]
    pub standings: Vec<Standing>,
}

/// The hours that all candidates speak about.
pub fn common<'a>(all: impl IntoIterator<Item = &'a Vec<Published>>) -> BTreeSet<Hour> {
    let mut all = all
        .into_iter()
        .map(|list| list.iter().map(|p| p.mark.hour).collect::<BTreeSet<Hour>>());
    let first = all.next().unwrap_or_default();
    all.fold(first, |common, more| {
        common.intersection(&more).copied().collect()
    })
}

/// How a candidate did over the common hours.
pub fn standing(
    candidate: Candidate,
    published: &[Published],
    common: &BTreeSet<Hour>,
) -> Standing {
    let mut found = Standing {
        candidate,
        spoke: i64::try_from(published.len()).unwrap_or(i64::MAX),
        errors: Errors::default(),
        quantiles: QuantileErrors::new(&LEVELS),
        daily: Vec::new(),
        by_clock: vec![Errors::default(); 24],
        by_season: vec![Errors::default(); SEASONS.len()],
        peaks: (0, 0),
    };
    let mut days: BTreeMap<Day, Vec<&Published>> = BTreeMap::new();
    for hour in published.iter().filter(|p| common.contains(&p.mark.hour)) {
        days.entry(hour.mark.day).or_default().push(hour);
    }
    for (day, hours) in &days {
        found
            .daily
            .push(hours.iter().map(|p| loss(p)).fold(0, i64::saturating_add));
        let said = |p: &&&Published| p.at(&LEVELS, MEDIAN).unwrap_or(0);
        let named = hours.iter().max_by_key(|p| said(p)).map(|p| p.mark.hour);
        let peak = hours
            .iter()
            .max_by_key(|p| p.mark.load)
            .map(|p| p.mark.hour);
        found.peaks.0 += i64::from(named == peak);
        found.peaks.1 += 1;
        for hour in hours {
            found.count(*day, hour);
        }
    }
    found
}

fn loss(hour: &Published) -> i64 {
    let losses = LEVELS
        .iter()
        .zip(&hour.quantiles)
        .map(|(level, said)| pinball(*level, *said, hour.mark.load));
    losses.fold(0, i64::saturating_add)
}

/// The season of a day.
pub fn season(day: Day) -> usize {
    let (_, month, _) = date_of(day);
    usize::try_from(month.rem_euclid(12) / 3).unwrap_or(0)
}

impl Standing {
    fn count(&mut self, day: Day, hour: &Published) {
        let (said, load) = (hour.at(&LEVELS, MEDIAN).unwrap_or(0), hour.mark.load);
        self.errors.add(said, load);
        self.quantiles.add(&hour.quantiles, load);
        let clock = usize::try_from(hour.mark.clock).unwrap_or(0);
        let parts = [
            self.by_clock.get_mut(clock),
            self.by_season.get_mut(season(day)),
        ];
        for errors in parts.into_iter().flatten() {
            errors.add(said, load);
        }
    }
}

impl Board {
    /// A board of what candidates published.
    pub fn new(plan: Plan, naive: Errors, all: &[(Candidate, Vec<Published>)]) -> Self {
        let common = common(all.iter().map(|(_, published)| published));
        let mut standings: Vec<Standing> = all
            .iter()
            .map(|(candidate, published)| standing(*candidate, published, &common))
            .collect();
        standings.sort_by_key(|s| (s.quantiles.total_loss(), s.candidate));
        Self {
            plan,
            hours: i64::try_from(common.len()).unwrap_or(i64::MAX),
            naive,
            standings,
        }
    }

    /// The best.
    pub fn best(&self) -> Option<&Standing> {
        self.standings.first()
    }
}

/// Whether a challenger is promoted, by daily losses over the same days.
pub fn judge(champion: &[i64], challenger: &[i64]) -> Verdict {
    compare(champion, challenger, PROMOTION_SHARE)
}
