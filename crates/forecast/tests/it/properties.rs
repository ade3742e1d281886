//! Laws that hold for any numbers.

use fairway_forecast::bias::BiasRule;
use fairway_forecast::hour::Hour;
use fairway_forecast::number::PPM;
use fairway_forecast::scores::{QuantileErrors, pinball};
use fairway_forecast::series::Series;
use fairway_forecast::track::{LEVELS, RATE, Tracker};
use fairway_forecast::trees::{Inline, Objective, Recipe, Table, train};
use fairway_forecast::wager::{Wager, settle};
use fairway_model::hash::Hash;
use proptest::prelude::*;

fn wagers() -> impl Strategy<Value = Vec<Wager>> {
    let one =
        (0..=1_000_000_000_000_i64, 0..=PPM).prop_map(|(stake, score)| Wager { stake, score });
    prop::collection::vec(one, 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn wagers_are_balanced_and_nobody_loses_more_than_the_stake(wagers in wagers()) {
        let paid = settle(&wagers).unwrap();
        prop_assert_eq!(paid.iter().map(|p| i128::from(*p)).sum::<i128>(), 0);
        for (wager, paid) in wagers.iter().zip(&paid) {
            prop_assert!(*paid >= -wager.stake);
        }
    }

    #[test]
    fn a_better_score_never_pays_less(wagers in wagers(), place in any::<prop::sample::Index>(), more in 1..PPM) {
        prop_assume!(!wagers.is_empty());
        let place = place.index(wagers.len());
        let before = settle(&wagers).unwrap()[place];
        let mut better = wagers;
        better[place].score = (better[place].score + more).min(PPM);
        prop_assert!(settle(&better).unwrap()[place] >= before);
    }

    #[test]
    fn published_quantiles_rise_and_the_median_stays(
        outputs in prop::collection::vec(-PPM..PPM, 5),
        truths in prop::collection::vec((0..24_i32, -PPM..PPM), 0..60),
    ) {
        let mut tracker = Tracker::new(&LEVELS, RATE).unwrap();
        for (clock, truth) in truths {
            tracker.learn(clock, &outputs, truth);
        }
        for clock in 0..24 {
            let said = tracker.publish(clock, &outputs);
            prop_assert!(said.is_sorted(), "{said:?}");
            prop_assert_eq!(said[2], outputs[2]);
        }
        prop_assert!(tracker.is_sound());
    }

    #[test]
    fn pinball_is_least_at_the_order_statistic(mut loads in prop::collection::vec(0..1_000_000_i64, 1..40), other in 0..1_000_000_i64, level in 1..1_000_u16) {
        let best = fairway_forecast::number::order_statistic(&mut loads, level).unwrap();
        let loss = |said: i64| loads.iter().map(|load| pinball(level, said, *load)).sum::<i64>();
        prop_assert!(loss(best) <= loss(other));
    }

    #[test]
    fn scores_of_parts_are_the_score_of_the_whole(hours in prop::collection::vec((0..1_000_i64, 0..1_000_i64), 0..60)) {
        let mut whole = QuantileErrors::new(&[500]);
        let mut loss = 0;
        for (said, load) in &hours {
            whole.add(&[*said], *load);
            loss += pinball(500, *said, *load);
        }
        prop_assert_eq!(whole.total_loss(), loss);
    }

    #[test]
    fn a_constant_factor_on_a_forecast_cancels(factor in 500..2_000_i64, loads in prop::collection::vec(10_000_000..20_000_000_i64, 24)) {
        let hours = 40 * 24;
        let load = Series::new(Hour(0), (0..hours).map(|h| Some(loads[h % 24] + i64::try_from(h).unwrap() * 1_000)).collect());
        let posted: Vec<Option<i64>> = load.iter().map(|(h, v)| v.map(|v| v + (h.0 % 7) * 100_000)).collect();
        let lied: Vec<Option<i64>> = posted.iter().map(|v| v.map(|v| v * factor / 1_000)).collect();
        let rule = BiasRule::FORTNIGHT;
        let honest = rule.correct(&load, &Series::new(Hour(0), posted), 1);
        let lied = rule.correct(&load, &Series::new(Hour(0), lied), 1);
        let last = Hour(39 * 24);
        let (a, b) = (honest.values.get(last).unwrap(), lied.values.get(last).unwrap());
        // Ratios are floored to a millionth, which the load of 20 GW turns into some 40 kW either way.
        prop_assert!((a - b).abs() <= 60, "{a} {b}");
    }
}

fn table(rows: usize) -> Table {
    let mut chance = fairway_forecast::number::Sequence::new(5);
    let mut table = Table::new(3);
    for _ in 0..rows {
        let values: Vec<i32> = (0..3)
            .map(|_| i32::try_from(chance.below(2_000)).unwrap() - 1_000)
            .collect();
        let noise = i32::try_from(chance.below(201)).unwrap() - 100;
        let step = if values[0] > 0 { 1_000 } else { 0 };
        table.push(&values, step + values[1] + noise);
    }
    table
}

fn recipe(objective: Objective) -> Recipe {
    Recipe {
        trees: 120,
        leaves: 8,
        fewest_rows: 20,
        rate: 100,
        columns: 1_000,
        ..Recipe::recommended(objective)
    }
}

#[test]
fn trees_learn_what_there_is_to_learn() {
    let table = table(4_000);
    for objective in [Objective::Squares, Objective::Absolute] {
        let model = train(Hash::default(), &table, &recipe(objective), &Inline).unwrap();
        for (a, b) in [(500, 300), (-500, 300), (500, -700), (-20, 0)] {
            let wanted = i64::from(if a > 0 { 1_000 } else { 0 }) + i64::from(b);
            let found = model.output(&[a, b, 0]);
            assert!(
                (found - wanted).abs() < 60,
                "{objective:?} {a} {b}: {found} for {wanted}"
            );
        }
    }
}

#[test]
fn quantile_models_cover_what_they_promise() {
    let table = table(6_000);
    let mut said = Vec::new();
    for level in [100, 900] {
        let model = train(
            Hash::default(),
            &table,
            &recipe(Objective::Quantile { level }),
            &Inline,
        )
        .unwrap();
        let rows = 0..table.targets.len();
        let row = |n: usize| table.columns.iter().map(|c| c[n]).collect::<Vec<i32>>();
        let outputs: Vec<i64> = rows.map(|n| model.output(&row(n))).collect();
        said.push(outputs);
    }
    let inside = table
        .targets
        .iter()
        .enumerate()
        .filter(|(n, t)| (said[0][*n]..=said[1][*n]).contains(&i64::from(**t)));
    let share = inside.count() * 1_000 / table.targets.len();
    assert!((760..=840).contains(&share), "{share}");
}

#[test]
fn recipes_and_tables_out_of_range_are_refused_with_the_name() {
    let table = table(50);
    let sound = recipe(Objective::Absolute);
    for (changed, words) in [
        (
            Recipe { trees: 0, ..sound },
            "`trees` is 0; it is 1 to 4000",
        ),
        (
            Recipe { leaves: 1, ..sound },
            "`leaves` is 1; it is 2 to 256",
        ),
        (
            Recipe { depth: 65, ..sound },
            "`depth` is 65; it is 1 to 64",
        ),
        (
            Recipe { bins: 256, ..sound },
            "`bins` is 256; it is 2 to 255",
        ),
        (
            Recipe {
                rate: 1_001,
                ..sound
            },
            "`rate` is 1001; it is 1 to 1000",
        ),
        (
            Recipe {
                columns: 0,
                ..sound
            },
            "`columns` is 0; it is 1 to 1000",
        ),
        (
            Recipe {
                fewest_rows: 0,
                ..sound
            },
            "`fewest_rows` is 0; it is 1 to 4294967295",
        ),
        (
            Recipe {
                objective: Objective::Quantile { level: 1_000 },
                ..sound
            },
            "`level` is 1000; it is 1 to 999",
        ),
    ] {
        let refused = train(Hash::default(), &table, &changed, &Inline).unwrap_err();
        assert_eq!(refused.to_string(), words);
    }
    let none = train(Hash::default(), &Table::new(2), &sound, &Inline).unwrap_err();
    assert!(
        none.to_string()
            .starts_with("a table of 0 rows and 2 columns")
    );
}

#[test]
fn extreme_targets_neither_panic_nor_overflow() {
    let mut table = Table::new(1);
    for n in 0..400 {
        let extreme = if n % 2 == 0 { i32::MAX } else { i32::MIN };
        table.push(&[extreme], extreme);
    }
    for objective in [
        Objective::Squares,
        Objective::Absolute,
        Objective::Quantile { level: 950 },
    ] {
        let model = train(Hash::default(), &table, &recipe(objective), &Inline).unwrap();
        assert!(model.output(&[i32::MAX]) > model.output(&[i32::MIN]));
    }
}

#[test]
fn tracked_quantiles_reach_their_coverage() {
    let mut tracker = Tracker::new(&LEVELS, RATE).unwrap();
    let mut chance = fairway_forecast::number::Sequence::new(11);
    let mut errors = QuantileErrors::new(&LEVELS);
    // The models say far too narrow quantiles of a number between -50,000 and 50,000.
    let outputs = [-10_000, -8_000, 0, 8_000, 10_000];
    for hour in 0..20_000 {
        let truth = i64::try_from(chance.below(100_001)).unwrap() - 50_000;
        let clock = hour % 24;
        if hour > 4_000 {
            errors.add(&tracker.publish(clock, &outputs), truth);
        }
        tracker.learn(clock, &outputs, truth);
    }
    let (eighty, ninety) = (
        errors.coverage(100, 900).unwrap(),
        errors.coverage(50, 950).unwrap(),
    );
    assert!(
        (790..=810).contains(&eighty) && (890..=910).contains(&ninety),
        "{eighty} {ninety}"
    );
}

#[test]
fn trackers_need_sound_levels() {
    for levels in [
        &[][..],
        &[100, 900],
        &[500, 100],
        &[500, 500],
        &[0, 500],
        &[500, 1_000],
    ] {
        assert_eq!(Tracker::new(levels, RATE), None, "{levels:?}");
    }
    assert!(Tracker::new(&[500], RATE).is_some());
}
