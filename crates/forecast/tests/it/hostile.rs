//! Bytes and texts of a peer: whatever they hold, the answer is a model or an error.

use crate::world::{calendar, first, inputs, recipe, rows, spec};
use fairway_forecast::backtest::Issue;
use fairway_forecast::calendar::Calendar;
use fairway_forecast::ensemble::{Forecaster, Package, PackageError};
use fairway_forecast::spec::{Feature, FeatureSpec};
use fairway_forecast::track::{LEVELS, RATE, Tracker};
use fairway_forecast::trees::{
    Inline, MAX_LEAVES, MAX_MODEL_BYTES, Model, ModelError, Objective, Split, Tree, import, train,
};
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use proptest::prelude::*;
use std::sync::LazyLock;

static TRAINED: LazyLock<Model> = LazyLock::new(|| {
    let spec = spec(Issue::MIDNIGHT, true);
    let rows = rows(&inputs(80), &spec, Issue::MIDNIGHT, 80);
    let table = rows.span(first(), first().plus(80));
    train(spec.hash(), &table, &recipe(Objective::Absolute), &Inline).unwrap()
});

fn model(trees: Vec<Tree>) -> Result<Model, ModelError> {
    Model::new(Hash::default(), 3, 0, 0, trees)
}

fn split(feature: u16, left: i32, right: i32) -> Split {
    Split {
        feature,
        threshold: 0,
        left,
        right,
    }
}

fn tree(splits: Vec<Split>, leaves: usize) -> Tree {
    Tree {
        splits,
        leaves: vec![1; leaves],
    }
}

#[test]
fn every_fault_of_a_tree_has_its_words() {
    let cases = [
        (
            tree(vec![split(3, -1, -2)], 2),
            "tree 0: split 0 asks for column 3, which there is not",
        ),
        (
            tree(vec![split(0, 0, -1)], 2),
            "tree 0: split 0 leads to 0, which is no later split and no leaf",
        ),
        (
            tree(vec![split(0, 1, -1), split(0, 0, -2)], 3),
            "tree 0: split 1 leads to 0, which is no later split and no leaf",
        ),
        (
            tree(vec![split(0, -1, -3)], 2),
            "tree 0: split 0 leads to -3, which is no later split and no leaf",
        ),
        (
            tree(vec![split(0, i32::MAX, i32::MIN)], 2),
            "tree 0: split 0 leads to 2147483647, which is no later split and no leaf",
        ),
        (
            tree(vec![split(0, -1, -1)], 2),
            "tree 0: split 0 leads to -1, where another one leads already",
        ),
        (
            tree(vec![split(0, 1, 1), split(0, -1, -2)], 3),
            "tree 0: split 0 leads to 1, where another one leads already",
        ),
        (
            tree(vec![], 0),
            "tree 0: 0 splits and 0 leaves; leaves are one more than splits and at most 256",
        ),
        (
            tree(vec![split(0, -1, -2)], 3),
            "tree 0: 1 splits and 3 leaves; leaves are one more than splits and at most 256",
        ),
    ];
    for (tree, words) in cases {
        assert_eq!(model(vec![tree]).unwrap_err().to_string(), words);
    }
    let chain: Vec<Split> = (0..70)
        .map(|n| split(0, if n == 69 { -71 } else { n + 1 }, -1 - n))
        .collect();
    assert_eq!(
        model(vec![tree(chain, 71)]).unwrap_err().to_string(),
        "tree 0: deeper than 64 splits"
    );
    let wide = tree(vec![split(0, -1, -2); MAX_LEAVES], MAX_LEAVES + 1);
    assert!(
        model(vec![wide])
            .unwrap_err()
            .to_string()
            .contains("at most 256")
    );
}

#[test]
fn sums_that_could_overflow_are_refused() {
    let huge = Tree {
        splits: vec![],
        leaves: vec![i64::MAX / 3],
    };
    assert!(model(vec![huge.clone()]).is_ok());
    assert_eq!(model(vec![huge.clone(), huge]), Err(ModelError::Overflow));
    let lowest = Tree {
        splits: vec![],
        leaves: vec![i64::MIN],
    };
    assert_eq!(model(vec![lowest]), Err(ModelError::Overflow));
}

#[test]
fn sizes_are_bounded() {
    let long = vec![0_u8; MAX_MODEL_BYTES + 1];
    assert_eq!(
        Model::read(&long),
        Err(ModelError::TooLong(MAX_MODEL_BYTES + 1))
    );
    let one = tree(vec![], 1);
    assert_eq!(
        model(vec![one; 4_001]),
        Err(ModelError::TooManyTrees(4_001))
    );
    assert!(matches!(
        Model::new(Hash::default(), 0, 0, 0, vec![]),
        Err(ModelError::Features(0))
    ));
    assert!(matches!(
        Model::new(Hash::default(), 257, 0, 0, vec![]),
        Err(ModelError::Features(257))
    ));
    assert!(matches!(
        Model::new(Hash::default(), 1, 31, 0, vec![]),
        Err(ModelError::LeafBits(31))
    ));
    // A list that claims 2^32 trees and ends.
    let mut claimed = vec![0x85, 0x58, 0x20];
    claimed.extend([0; 32]);
    claimed.extend([0x01, 0x00, 0x00, 0x9a, 0xff, 0xff, 0xff, 0xff]);
    assert!(matches!(Model::read(&claimed), Err(ModelError::Bytes(_))));
}

#[test]
fn a_model_reads_back_and_only_for_its_features() {
    let trained = &*TRAINED;
    let bytes = trained.to_bytes();
    assert_eq!(Model::read(&bytes).as_ref(), Ok(trained));
    assert!(Model::read_for(&bytes, &spec(Issue::MIDNIGHT, true)).is_ok());
    let other = Model::read_for(&bytes, &spec(Issue::TEN_THE_DAY_BEFORE, true));
    assert!(matches!(other, Err(ModelError::OtherSpec { .. })));
    assert!(matches!(
        Model::read(&[bytes.as_slice(), &[0]].concat()),
        Err(ModelError::Bytes(_))
    ));
}

#[test]
fn a_package_is_put_together_only_from_its_own_models() {
    let trained = &*TRAINED;
    let package = Package {
        spec: spec(Issue::MIDNIGHT, true),
        levels: LEVELS.to_vec(),
        models: vec![vec![trained.hash()]; LEVELS.len()],
        rate: RATE,
        issue: Issue::MIDNIGHT,
    };
    assert!(Forecaster::assemble(package.clone(), |_| Some(trained.to_bytes())).is_ok());
    assert_eq!(
        Forecaster::assemble(package.clone(), |_| None).unwrap_err(),
        PackageError::Missing(trained.hash())
    );
    let mut other = package.clone();
    other.models[0][0] = Hash::default();
    let found = Forecaster::assemble(other, |_| Some(trained.to_bytes())).unwrap_err();
    assert!(matches!(found, PackageError::OtherModel { .. }), "{found}");
    for change in [
        (|p: &mut Package| p.levels = vec![100, 900]) as fn(&mut Package),
        |p| p.levels[0] = 0,
        |p| p.models.truncate(4),
        |p| p.models[1].clear(),
        |p| p.models[1] = vec![Hash::default(); 5],
        |p| p.issue = Issue::TEN_THE_DAY_BEFORE,
        |p| p.issue.days_before = 200,
        |p| p.issue.clock = 24,
        |p| p.spec.features.clear(),
        |p| p.spec.horizon = 0,
        |p| p.spec.calendars.clear(),
        |p| p.spec.calendars = vec![Hash::default(); 2],
        |p| p.spec.bias.days = 0,
        |p| p.spec.features[0] = Feature::Week { weeks: 0, shift: 0 },
        |p| {
            p.spec.features[0] = Feature::NeighbourMean {
                slot: 200,
                hours: 1,
            }
        },
    ] {
        let mut changed = package.clone();
        change(&mut changed);
        let refused = Package::read(&changed.to_bytes());
        assert!(
            matches!(refused, Err(PackageError::Unsound(_))),
            "{changed:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = Model::read(&bytes);
        let _ = FeatureSpec::read(&bytes);
        let _ = Package::read(&bytes);
        let _ = Calendar::read(&bytes);
        let _ = Tracker::from_bytes(&bytes).map(|t| t.is_sound());
    }

    #[test]
    fn changed_bytes_never_panic_and_what_reads_is_safe(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        row in prop::collection::vec(any::<i32>(), 0..120),
    ) {
        let mut bytes = TRAINED.to_bytes();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Ok(model) = Model::read(&bytes) {
            let _ = model.output(&row);
            prop_assert_eq!(model.to_bytes(), bytes);
        }
    }

    #[test]
    fn cut_bytes_are_refused(cut in any::<prop::sample::Index>()) {
        let bytes = TRAINED.to_bytes();
        let cut = cut.index(bytes.len());
        prop_assert!(Model::read(&bytes[..cut]).is_err());
    }

    #[test]
    fn random_texts_never_panic_the_import(text in "(tree\n)?([a-z_]{0,12}=[-0-9e. ]{0,30}\n){0,20}(end of trees)?") {
        let _ = import(Hash::default(), &text);
    }

    #[test]
    fn random_calendars_never_panic(text in "(region x\n)?((valid|offset|holiday) [-0-9TZ]{0,12} ?[-0-9]{0,12}\n){0,12}") {
        if let Ok(parsed) = Calendar::parse(&[&text]) {
            let (first, last) = parsed.span();
            let _ = parsed.hours(first).count();
            let _ = parsed.from_holiday(last, 7);
        }
    }

    #[test]
    fn any_trained_model_on_any_row_stays_inside_its_leaves(row in prop::collection::vec(any::<i32>(), 0..120)) {
        let bound: i64 = TRAINED.trees().iter().map(|t| t.leaves.iter().map(|l| l.abs()).max().unwrap()).sum();
        let (output, base) = (TRAINED.fine_output(&row), Model::new(TRAINED.spec(), TRAINED.features(), TRAINED.leaf_bits(), 0, vec![]).unwrap().fine_output(&row));
        prop_assert!((output - base).abs() <= bound + (1 << 40));
    }
}

#[test]
fn the_calendar_of_the_tests_is_the_committed_one() {
    assert_eq!(Calendar::read(&calendar().to_bytes()), Ok(calendar()));
}
