//! Rules that divide a price: figures by hand, the laws over many seeds, and planted mistakes that the laws must find.

use fairway_model::{
    AdHoc, Alone, Costs, Division, Energy, Micro, SessionId, Split, SplitKind, SplitRule,
};
use fairway_pricing::game::{GameError, MAX_PLAYERS, bargain, shapley, shapley_of_pairs};
use fairway_pricing::laws::{Law, check_bargain, check_division, check_game, try_seed};
use fairway_pricing::{RateError, Sharing, Turn, divide};

/// Seeds of a test run; `fairway bench split` tries a million.
const SEEDS: u64 = 20_000;

const PARTS: Split = Split {
    home_bps: 2_000,
    visited_bps: 5_000,
    owner_bps: 3_000,
};
const FREE: Costs = Costs {
    energy_per_kwh: Micro(0),
    network_per_kwh: Micro(0),
    per_charge: Micro(0),
};
const KWH: u64 = Energy::PER_KWH;

fn sharing(rule: &SplitRule, turn: Turn) -> Sharing<'_> {
    Sharing {
        parts: &PARTS,
        rule: Some(rule),
        tier: None,
        turn,
    }
}

fn parts(d: &Division) -> [i64; 3] {
    [d.home.0, d.visited.0, d.owner.0]
}

fn shapley_rule(costs: Costs, price: i64, chance_bps: u32) -> SplitRule {
    SplitRule::Shapley {
        costs,
        ad_hoc: AdHoc {
            price_per_kwh: Micro(price),
            chance_bps,
        },
    }
}

fn units(list: &[i64]) -> Vec<Micro> {
    list.iter().copied().map(Micro).collect()
}

#[test]
fn laws_hold_over_many_seeds() {
    for seed in 0..SEEDS {
        assert_eq!(try_seed(seed), Ok(()), "seed {seed}");
    }
}

/// S = 10, A = 4: home 2, visited 4, owner 4.
#[test]
fn the_shapley_value_by_hand() {
    let rule = shapley_rule(FREE, 400_000, 10_000);
    let d = divide(
        Micro(10_000_000),
        Energy(10 * KWH),
        &sharing(&rule, Turn::ALL[0]),
    )
    .unwrap();
    assert_eq!(parts(&d), [2_000_000, 4_000_000, 4_000_000]);
    assert_eq!((d.surplus, d.alone), (Micro(10_000_000), Micro(4_000_000)));
    assert_eq!(d.kind, SplitKind::Shapley);
    // Costs of 30 kWh: 0.10 + 0.05 per kWh and 0.50, in all 5.00. On the spot 0.30 per kWh would leave 4.00, half of the time.
    let costs = Costs {
        energy_per_kwh: Micro(100_000),
        network_per_kwh: Micro(50_000),
        per_charge: Micro(500_000),
    };
    let rule = shapley_rule(costs, 300_000, 5_000);
    let d = divide(
        Micro(11_000_000),
        Energy(30 * KWH),
        &sharing(&rule, Turn::ALL[0]),
    )
    .unwrap();
    assert_eq!(
        (d.costs, d.surplus, d.alone),
        (Micro(5_000_000), Micro(6_000_000), Micro(2_000_000))
    );
    // Home (6 - 2) / 3; visited its costs and 6 / 3 + 2 / 6; owner the same without costs. All have a third of a micro-unit left, and
    // home comes first in this turn.
    assert_eq!(parts(&d), [1_333_334, 5_000_000 + 2_333_333, 2_333_333]);
    assert_eq!(parts(&d).iter().sum::<i64>(), 11_000_000);
}

#[test]
fn the_nash_solution_by_hand() {
    let rule = SplitRule::Nash {
        costs: FREE,
        alone: Alone {
            home_per_kwh: Micro(100_000),
            visited_per_kwh: Micro(200_000),
            owner_per_kwh: Micro(0),
        },
    };
    // 10 kWh: alone 1 + 2 + 0; the rest of 10 is 7, of which 20, 50 and 30 %.
    let d = divide(
        Micro(10_000_000),
        Energy(10 * KWH),
        &sharing(&rule, Turn::ALL[0]),
    )
    .unwrap();
    assert_eq!(parts(&d), [2_400_000, 5_500_000, 2_100_000]);
    // Less than all have alone: in proportion to what they have alone.
    let d = divide(
        Micro(900_000),
        Energy(10 * KWH),
        &sharing(&rule, Turn::ALL[0]),
    )
    .unwrap();
    assert_eq!(parts(&d), [300_000, 600_000, 0]);
    assert_eq!((d.surplus, d.alone), (Micro(900_000), Micro(900_000)));
}

/// A price under its costs goes to who has the costs, and who could do without home pays it nothing.
#[test]
fn nothing_is_shared_that_is_not_there() {
    let costs = Costs {
        energy_per_kwh: Micro(100_000),
        ..FREE
    };
    let rule = shapley_rule(costs, 500_000, 10_000);
    let d = divide(
        Micro(999_999),
        Energy(10 * KWH),
        &sharing(&rule, Turn::ALL[0]),
    )
    .unwrap();
    assert_eq!(parts(&d), [0, 999_999, 0]);
    assert_eq!((d.costs, d.surplus), (Micro(999_999), Micro(0)));
    // On the spot 5.00 for 10 kWh, with the agreement 4.00: A counts as S.
    let d = divide(
        Micro(4_000_000),
        Energy(10 * KWH),
        &sharing(&rule, Turn::ALL[0]),
    )
    .unwrap();
    assert_eq!(parts(&d), [0, 1_000_000 + 1_500_000, 1_500_000]);
}

/// What cannot be halved goes by the turn of the charge, to each of two that are alike equally often.
#[test]
fn the_last_micro_unit_favours_nobody() {
    let rule = shapley_rule(FREE, 0, 0);
    let mut got = [0i64; 3];
    for turn in Turn::ALL {
        let d = divide(Micro(10), Energy(0), &sharing(&rule, turn)).unwrap();
        for (sum, part) in got.iter_mut().zip(parts(&d)) {
            *sum += part;
        }
    }
    assert_eq!(got, [20, 20, 20]);
    let id = SessionId([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8]);
    assert_eq!(Turn::of(id), Turn::ALL[2]);
}

#[test]
fn wrong_rules_are_refused() {
    let refused = |rule: &SplitRule| {
        let found = divide(Micro(1), Energy(1), &sharing(rule, Turn::ALL[0]));
        assert!(matches!(found, Err(RateError::Breakdown(_))), "{found:?}");
    };
    refused(&shapley_rule(FREE, -1, 0));
    refused(&shapley_rule(FREE, 1, 10_001));
    refused(&shapley_rule(
        Costs {
            per_charge: Micro(-1),
            ..FREE
        },
        0,
        0,
    ));
    let huge = shapley_rule(FREE, i64::MAX, 10_000);
    let found = divide(Micro(1), Energy(u64::MAX), &sharing(&huge, Turn::ALL[0]));
    assert!(matches!(found, Err(RateError::Money(_))));
    let wrong = Split {
        home_bps: u32::MAX,
        ..PARTS
    };
    let by_parts = Sharing {
        parts: &wrong,
        rule: None,
        tier: None,
        turn: Turn::ALL[0],
    };
    assert!(matches!(
        divide(Micro(1), Energy(1), &by_parts),
        Err(RateError::Split(_))
    ));
}

#[test]
fn games_that_make_no_sense_are_named() {
    let ranks: Vec<u32> = (0..17).collect();
    assert_eq!(shapley(&[], &[]), Err(GameError::Players(0, MAX_PLAYERS)));
    assert_eq!(
        shapley(&[], &ranks),
        Err(GameError::Players(17, MAX_PLAYERS))
    );
    assert_eq!(shapley(&units(&[0]), &[0]), Err(GameError::Groups(1, 2)));
    assert_eq!(
        shapley(&units(&[1, 2]), &[0]),
        Err(GameError::EmptyGroup(Micro(1)))
    );
    assert_eq!(
        shapley(&units(&[0, 0, 0, 0]), &[7, 7]),
        Err(GameError::Ranks)
    );
    assert_eq!(
        shapley_of_pairs(&[(0, 0, Micro(1))], &[0, 1]),
        Err(GameError::Pair(0))
    );
    assert_eq!(
        shapley_of_pairs(&[(0, 2, Micro(1))], &[0, 1]),
        Err(GameError::Pair(0))
    );
    let alone = units(&[1, 1]);
    assert_eq!(
        bargain(Micro(2), &alone, &[0, 0], &[0, 1]),
        Err(GameError::NoPower)
    );
    assert_eq!(
        bargain(Micro(1), &alone, &[1, 1], &[0, 1]),
        Err(GameError::NothingGained(Micro(2), Micro(1)))
    );
    let edge = [Micro(0), Micro(i64::MAX), Micro(i64::MIN), Micro(0)];
    assert!(shapley(&edge, &[0, 1]).is_err());
}

/// Sixteen parties of whom every pair makes something: the enumeration of 65,536 groups is the closed form.
#[test]
fn sixteen_parties_are_divided_exactly() {
    let ranks: Vec<u32> = (0..16).rev().collect();
    let mut pairs = Vec::new();
    for one in 0..16usize {
        for other in one + 1..16 {
            let surplus = i64::try_from((one * 7 + other * 13) % 23).unwrap() * 1_000_003;
            pairs.push((one, other, Micro(surplus)));
        }
    }
    let worth: Vec<Micro> = (0..1usize << 16)
        .map(|group| {
            let inside = pairs
                .iter()
                .filter(|(a, b, _)| group >> a & 1 == 1 && group >> b & 1 == 1);
            Micro(inside.map(|(_, _, s)| s.0).sum())
        })
        .collect();
    let shares = shapley(&worth, &ranks).unwrap();
    assert_eq!(Ok(shares), shapley_of_pairs(&pairs, &ranks));
}

/// A test that cannot fail proves nothing: divisions that are wrong in one way each, and the law that finds them.
#[test]
fn planted_mistakes_are_found() {
    let rule = shapley_rule(FREE, 400_000, 10_000);
    let sharing = sharing(&rule, Turn::ALL[0]);
    let (net, energy) = (Micro(10_000_001), Energy(10 * KWH));
    let right = divide(net, energy, &sharing).unwrap();
    assert_eq!(check_division(net, &sharing, &right), Ok(()));
    let found = |change: fn(&mut Division)| {
        let mut wrong = right;
        change(&mut wrong);
        check_division(net, &sharing, &wrong).unwrap_err().law
    };
    assert_eq!(found(|d| d.home.0 += 1), Law::Budget);
    assert_eq!(
        found(|d| (d.owner.0, d.visited.0) = (d.owner.0 + 2, d.visited.0 - 2)),
        Law::Symmetry
    );
    assert_eq!(
        found(|d| (d.home.0, d.owner.0) = (-1, d.owner.0 + d.home.0 + 1)),
        Law::Rationality
    );
    assert_eq!(
        found(
            |d| (d.home.0, d.owner.0, d.visited.0) = (d.home.0 - 2, d.owner.0 + 1, d.visited.0 + 1)
        ),
        Law::ClosedForm
    );
    let ranks = [0, 1];
    let worth = units(&[0, 0, 5, 5]);
    let game = |shares: &[i64]| check_game(&worth, &ranks, &units(shares)).unwrap_err().law;
    assert_eq!(game(&[1, 4]), Law::NullParty);
    let worth = units(&[0, 1, 2, 6]);
    let game = |shares: &[i64]| check_game(&worth, &ranks, &units(shares)).unwrap_err().law;
    assert_eq!(game(&[0, 6]), Law::Rationality);
    assert_eq!(game(&[2, 4]), Law::Order);
    let alone = units(&[1, 1]);
    let bargain = |shares: &[i64]| {
        check_bargain(Micro(10), (&alone, &[1, 0]), &ranks, &units(shares))
            .unwrap_err()
            .law
    };
    assert_eq!(bargain(&[5, 5]), Law::NullParty);
    assert_eq!(bargain(&[10, 0]), Law::Rationality);
}
