//! The laws that every division obeys, and a generator of cases that tries them.
//!
//! Budget balance: the shares are what there is, exactly. Symmetry: parties that are alike differ by at most the one micro-unit that
//! cannot be halved. Null party: who adds nothing gets nothing. Individual rationality: nobody gets less than alone, and visited and
//! owner together not less than without home. Order: listing the parties otherwise gives everybody the same. Closed form: what is
//! computed in one step equals the enumeration of all groups.
//!
//! [`try_seed`] draws one case of each kind from a number and checks all laws: tests try some ten thousand seeds, `fairway bench
//! split` a million. A law that is broken is named with its seed, so that anybody can look at it.

use crate::divide::{Sharing, divide};
use crate::game::{bargain, shapley, shapley_of_pairs};
use crate::whole::Turn;
use core::fmt;
use fairway_model::{AdHoc, Alone, Costs, Division, Energy, Micro, Split, SplitRule};

/// How many parties a drawn game has at most; its groups are enumerated.
const MOST_DRAWN: u32 = 6;
/// Largest drawn amount, in micro-units: a million of the major unit.
const LARGEST: u64 = 1_000_000_000_000;

/// A law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Law {
    /// The shares add up to what there is.
    Budget,
    /// Parties that are alike get alike.
    Symmetry,
    /// Who adds nothing gets nothing.
    NullParty,
    /// Nobody gets less than without the agreement.
    Rationality,
    /// The order of the list changes nothing.
    Order,
    /// The closed form is the enumeration.
    ClosedForm,
    /// There is a division at all.
    Computed,
}

/// A broken law, with the numbers that break it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which.
    pub law: Law,
    /// By what.
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.law, self.what)
    }
}

type Checked = Result<(), Broken>;

fn hold(law: Law, holds: bool, what: impl FnOnce() -> String) -> Checked {
    if holds {
        return Ok(());
    }
    Err(Broken { law, what: what() })
}

fn computed<T, E: fmt::Display>(result: Result<T, E>) -> Result<T, Broken> {
    result.map_err(|e| Broken {
        law: Law::Computed,
        what: e.to_string(),
    })
}

fn sum(shares: &[Micro]) -> i128 {
    shares
        .iter()
        .map(|s| i128::from(s.0))
        .fold(0, i128::saturating_add)
}

/// Whether two shares are equal but for one micro-unit.
fn alike(a: Micro, b: Micro) -> bool {
    a.0.abs_diff(b.0) <= 1
}

/// Checks one division among home, visited and owner.
///
/// # Errors
/// The first law that it breaks.
pub fn check_division(net: Micro, sharing: &Sharing<'_>, d: &Division) -> Checked {
    let text = || format!("{net:?} {sharing:?} {d:?}");
    let of_surplus = [d.home.0, d.visited.0.saturating_sub(d.costs.0), d.owner.0].map(Micro);
    let [home, visited, owner] = of_surplus;
    let budget = sum(&[d.home, d.visited, d.owner]) == i128::from(net.0)
        && sum(&of_surplus) == i128::from(d.surplus.0);
    hold(Law::Budget, budget, text)?;
    let none_negative = of_surplus.iter().all(|s| *s >= Micro::ZERO);
    hold(Law::Rationality, none_negative, text)?;
    let p = sharing.parts;
    match sharing.rule {
        None => {
            let null = (p.home_bps != 0 || home.0 == 0) && (p.owner_bps != 0 || owner.0 == 0);
            hold(Law::NullParty, null, text)?;
            hold(
                Law::Symmetry,
                p.home_bps != p.owner_bps || alike(home, owner),
                text,
            )
        }
        Some(SplitRule::Shapley { .. }) => {
            hold(Law::Symmetry, alike(visited, owner), text)?;
            hold(Law::NullParty, d.alone != d.surplus || home.0 == 0, text)?;
            let core = sum(&[visited, owner]) >= i128::from(d.alone.0);
            hold(Law::Rationality, core, text)?;
            let worth = [0, 0, 0, 0, 0, 0, d.alone.0, d.surplus.0].map(Micro);
            let enumerated = computed(shapley(&worth, &sharing.turn.ranks()))?;
            hold(Law::ClosedForm, enumerated == of_surplus, text)
        }
        Some(SplitRule::Nash { alone, .. }) => {
            let same = alone.home_per_kwh == alone.owner_per_kwh && p.home_bps == p.owner_bps;
            hold(Law::Symmetry, !same || alike(home, owner), text)?;
            let null = alone.home_per_kwh == Micro::ZERO && p.home_bps == 0;
            hold(Law::NullParty, !null || home.0 == 0, text)
        }
    }
}

/// Checks the Shapley value of a game. Which parties are alike or add nothing, and whether groups never lose by joining (which
/// individual rationality needs), is found from the game itself.
///
/// # Errors
/// The first law that it breaks.
pub fn check_game(worth: &[Micro], ranks: &[u32], shares: &[Micro]) -> Checked {
    let text = || format!("{worth:?} {ranks:?} {shares:?}");
    let whole = worth.last().copied().unwrap_or_default();
    hold(Law::Budget, sum(shares) == i128::from(whole.0), text)?;
    let at = |group: usize| worth.get(group).copied().unwrap_or_default();
    let groups = 0..worth.len();
    let parties: Vec<(usize, Micro)> = (0u32..)
        .zip(shares)
        .filter_map(|(i, share)| 1usize.checked_shl(i).map(|bit| (bit, *share)))
        .collect();
    let joins = groups.clone().all(|g| {
        let mut apart = groups.clone().filter(|h| g & h == 0);
        apart.all(|h| sum(&[at(g), at(h)]) <= i128::from(at(g | h).0))
    });
    for (bit, share) in &parties {
        let adds_nothing = groups.clone().all(|g| at(g | bit) == at(g & !bit));
        hold(Law::NullParty, !adds_nothing || share.0 == 0, text)?;
        hold(Law::Rationality, !joins || *share >= at(*bit), text)?;
        for (other, theirs) in &parties {
            let same = groups
                .clone()
                .filter(|g| g & (bit | other) == 0)
                .all(|g| at(g | bit) == at(g | other));
            hold(Law::Symmetry, !same || alike(*share, *theirs), text)?;
        }
    }
    check_order(worth, ranks, shares)
}

/// The same game with its parties listed the other way round.
fn check_order(worth: &[Micro], ranks: &[u32], shares: &[Micro]) -> Checked {
    let last = ranks.len().saturating_sub(1);
    let turned = |group: usize| {
        (0..ranks.len())
            .filter(|i| has(group, *i))
            .map(|i| bit(last.saturating_sub(i)))
            .fold(0, |all, one| all | one)
    };
    let other: Vec<Micro> = (0..worth.len())
        .map(|g| worth.get(turned(g)).copied().unwrap_or_default())
        .collect();
    let backwards: Vec<u32> = ranks.iter().rev().copied().collect();
    let mut again = computed(shapley(&other, &backwards))?;
    again.reverse();
    hold(Law::Order, again == shares, || {
        format!("{worth:?} {ranks:?} {shares:?} {again:?}")
    })
}

fn bit(index: usize) -> usize {
    u32::try_from(index)
        .ok()
        .and_then(|i| 1usize.checked_shl(i))
        .unwrap_or(0)
}

fn has(group: usize, index: usize) -> bool {
    group & bit(index) != 0
}

/// Checks the closed form for pairs against the enumeration of all groups, and the laws of what it gives.
///
/// # Errors
/// The first law that it breaks.
pub fn check_pairs(pairs: &[(usize, usize, Micro)], ranks: &[u32], shares: &[Micro]) -> Checked {
    let worth: Vec<Micro> = (0..bit(ranks.len()))
        .map(|group| {
            let inside = pairs
                .iter()
                .filter(|(a, b, _)| has(group, *a) && has(group, *b))
                .map(|(_, _, surplus)| *surplus);
            Micro::sum(inside).unwrap_or_default()
        })
        .collect();
    let enumerated = computed(shapley(&worth, ranks))?;
    hold(Law::ClosedForm, enumerated == shares, || {
        format!("{pairs:?} {ranks:?} {shares:?} {enumerated:?}")
    })?;
    check_game(&worth, ranks, shares)
}

/// Checks a bargain.
///
/// # Errors
/// The first law that it breaks.
pub fn check_bargain(
    total: Micro,
    (alone, powers): (&[Micro], &[u32]),
    ranks: &[u32],
    shares: &[Micro],
) -> Checked {
    let text = || format!("{total:?} {alone:?} {powers:?} {ranks:?} {shares:?}");
    hold(Law::Budget, sum(shares) == i128::from(total.0), text)?;
    let parties: Vec<_> = alone.iter().zip(powers).zip(shares).collect();
    for ((has, power), share) in &parties {
        hold(Law::Rationality, share >= has, text)?;
        hold(Law::NullParty, **power != 0 || share == has, text)?;
        for ((theirs, their_power), their_share) in &parties {
            let same = has == theirs && power == their_power;
            hold(Law::Symmetry, !same || alike(**share, **their_share), text)?;
        }
    }
    let turn = |list: &[Micro]| -> Vec<Micro> { list.iter().rev().copied().collect() };
    let (back, ranks): (Vec<u32>, Vec<u32>) = (
        powers.iter().rev().copied().collect(),
        ranks.iter().rev().copied().collect(),
    );
    let again = turn(&computed(bargain(total, &turn(alone), &back, &ranks))?);
    hold(Law::Order, again == shares, text)
}

/// Numbers from a seed (SplitMix64).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 to `most`.
    fn up_to(&mut self, most: u32) -> u32 {
        let range = u64::from(most).saturating_add(1);
        let drawn = self.next().checked_rem(range).unwrap_or(0);
        u32::try_from(drawn).unwrap_or(0)
    }

    /// An amount that is not negative: as often nothing or a few micro-units as anything up to the largest, because it is among
    /// small numbers that rounding goes wrong.
    fn amount(&mut self) -> Micro {
        let most = match self.up_to(3) {
            0 => 4,
            1 => 100,
            2 => 20_000_000,
            _ => LARGEST,
        };
        let drawn = self.next().checked_rem(most).unwrap_or(0);
        Micro(i64::try_from(drawn).unwrap_or(0))
    }

    /// Ranks in an order of their own.
    fn ranks(&mut self, parties: u32) -> Vec<u32> {
        let mut order: Vec<(u64, u32)> = (0..parties).map(|i| (self.next(), i)).collect();
        order.sort_unstable();
        order.into_iter().map(|(_, rank)| rank).collect()
    }

    fn parts(&mut self) -> Split {
        let home_bps = self.up_to(10_000);
        let rest = 10_000u32.saturating_sub(home_bps);
        let owner_bps = match self.up_to(2) {
            0 => home_bps.min(rest),
            1 => 0,
            _ => self.up_to(rest),
        };
        Split {
            home_bps,
            visited_bps: rest.saturating_sub(owner_bps),
            owner_bps,
        }
    }

    /// A price per kWh: up to a few of the major unit.
    fn price(&mut self) -> Micro {
        let most = [0, 3, 100_000, 1_000_000, 5_000_000];
        let index = usize::try_from(self.up_to(4)).unwrap_or(0);
        let most = most.get(index).copied().unwrap_or(0);
        Micro(i64::from(self.up_to(most)))
    }

    fn rule(&mut self) -> SplitRule {
        let costs = Costs {
            energy_per_kwh: self.price(),
            network_per_kwh: self.price(),
            per_charge: self.price(),
        };
        if self.up_to(1) == 0 {
            let ad_hoc = AdHoc {
                price_per_kwh: self.price(),
                chance_bps: self.up_to(10_000),
            };
            return SplitRule::Shapley { costs, ad_hoc };
        }
        let home = self.price();
        let alone = Alone {
            home_per_kwh: home,
            visited_per_kwh: self.price(),
            owner_per_kwh: if self.up_to(1) == 0 {
                home
            } else {
                self.price()
            },
        };
        SplitRule::Nash { costs, alone }
    }

    /// What each group makes. Half of the games gain by joining; in some the first two parties are alike, in some the last adds
    /// nothing.
    fn worth(&mut self, parties: u32) -> Vec<Micro> {
        let groups = 1usize.checked_shl(parties).unwrap_or(1);
        let joins = self.up_to(1) == 0;
        let mut worth = vec![Micro::ZERO];
        for group in 1..groups {
            let mut makes = self.amount();
            if joins {
                makes = best_parts(&worth, group).max(Micro(makes.0 >> 8));
            }
            worth.push(makes);
        }
        let (alike, null) = (self.up_to(2) == 0, self.up_to(2) == 0);
        let last = groups >> 1;
        (0..groups)
            .map(|group| {
                let swapped = if alike && group & 3 == 2 {
                    group ^ 3
                } else {
                    group
                };
                let kept = if null { swapped & !last } else { swapped };
                worth.get(kept).copied().unwrap_or_default()
            })
            .collect()
    }
}

/// The most that two parts of a group make apart.
fn best_parts(worth: &[Micro], group: usize) -> Micro {
    (1..group)
        .filter(|part| part & !group == 0)
        .filter_map(|part| {
            let rest = worth.get(group & !part)?;
            worth.get(part)?.plus(*rest).ok()
        })
        .max()
        .unwrap_or_default()
}

/// How many divisions [`try_seed`] checks.
pub const CASES_PER_SEED: u64 = 5;

/// Draws a division by fixed parts, one by a rule, a game, a game of pairs and a bargain from a seed, and checks every law.
///
/// # Errors
/// The first law that is broken, and how.
pub fn try_seed(seed: u64) -> Checked {
    let mut draw = Draw(seed);
    let (net, energy) = (draw.amount(), Energy(u64::from(draw.up_to(400_000_000))));
    let (parts, rule) = (draw.parts(), draw.rule());
    let turn = usize::try_from(draw.up_to(5)).unwrap_or(0);
    let turn = Turn::ALL.get(turn).copied().unwrap_or(Turn::ALL[0]);
    for rule in [None, Some(&rule)] {
        let sharing = Sharing {
            parts: &parts,
            rule,
            tier: None,
            turn,
        };
        check_division(net, &sharing, &computed(divide(net, energy, &sharing))?)?;
    }
    let parties = draw.up_to(MOST_DRAWN.saturating_sub(1)).saturating_add(1);
    let ranks = draw.ranks(parties);
    let worth = draw.worth(parties);
    check_game(&worth, &ranks, &computed(shapley(&worth, &ranks))?)?;
    let pairs: Vec<(usize, usize, Micro)> = (0..draw.up_to(8))
        .filter_map(|_| {
            let one = draw.up_to(parties.saturating_sub(1));
            let other = draw.up_to(parties.saturating_sub(1));
            let surplus = draw.amount();
            let (one, other) = (usize::try_from(one).ok()?, usize::try_from(other).ok()?);
            (one != other).then_some((one, other, surplus))
        })
        .collect();
    check_pairs(&pairs, &ranks, &computed(shapley_of_pairs(&pairs, &ranks))?)?;
    let alone: Vec<Micro> = ranks.iter().map(|_| draw.amount()).collect();
    let powers: Vec<u32> = ranks.iter().map(|_| draw.up_to(2)).collect();
    if powers.iter().all(|p| *p == 0) {
        return Ok(());
    }
    let total = computed(Micro::sum(alone.iter().copied()).and_then(|s| s.plus(draw.amount())))?;
    let shares = computed(bargain(total, &alone, &powers, &ranks))?;
    check_bargain(total, (&alone, &powers), &ranks, &shares)
}
