//! Models that LightGBM trained on whole-number features take every branch that LightGBM takes.
//!
//! The vectors are made by `bench-peers/lightgbm/vectors.py` with LightGBM 4.7.0.

use fairway_forecast::trees::{ImportError, Model, import};
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;

const CASES: [(&str, &str, &str); 3] = [
    (
        "quantile",
        include_str!("../../fixtures/lightgbm/quantile.txt"),
        include_str!("../../fixtures/lightgbm/quantile.csv"),
    ),
    (
        "absolute",
        include_str!("../../fixtures/lightgbm/absolute.txt"),
        include_str!("../../fixtures/lightgbm/absolute.csv"),
    ),
    (
        "squares",
        include_str!("../../fixtures/lightgbm/squares.txt"),
        include_str!("../../fixtures/lightgbm/squares.csv"),
    ),
];

fn numbers<T: core::str::FromStr>(text: &str) -> Vec<T> {
    text.split(',')
        .filter_map(|word| word.parse().ok())
        .collect()
}

#[test]
fn every_branch_is_lightgbms_and_outputs_differ_by_rounded_leaves_only() {
    for (name, text, vectors) in CASES {
        let model = import(Hash::default(), text).unwrap();
        assert_eq!(
            Model::read(&model.to_bytes()).as_ref(),
            Ok(&model),
            "{name}"
        );
        let mut rows = 0;
        for line in vectors.lines().skip(1) {
            let parts: Vec<&str> = line.split(';').collect();
            let row: Vec<i32> = numbers(parts[0]);
            let leaves: Vec<usize> = model.trees().iter().map(|tree| tree.leaf(&row)).collect();
            assert_eq!(leaves, numbers::<usize>(parts[1]), "{name}: {line}");
            let wanted: f64 = parts[2].parse().unwrap();
            let unit = f64::from(1_u32 << model.leaf_bits());
            let found = model.fine_output(&row) as f64 / unit;
            let bound = model.trees().len() as f64 / 2.0 / unit + wanted.abs() * 1e-12;
            assert!((found - wanted).abs() <= bound, "{name}: {found} {wanted}");
            rows += 1;
        }
        assert_eq!(rows, 120);
    }
}

#[test]
fn what_is_no_sum_of_trees_is_refused_with_the_line() {
    let text = CASES[0].1;
    for (from, to, words) in [
        (
            "objective=quantile",
            "objective=poisson",
            "the output under `poisson",
        ),
        ("num_class=1", "num_class=3", "num_class is 3"),
        ("num_cat=0", "num_cat=1", "a split asks for categories"),
        ("is_linear=0", "is_linear=1", "leaves with linear models"),
        (
            "tree\n",
            "trees\n",
            "a LightGBM model begins with the line `tree`",
        ),
        (
            "left_child=",
            "left_child=7 ",
            "the tree before this line has",
        ),
        (
            "leaf_value=",
            "leaf_value=nan ",
            "`nan` is out of range or no number",
        ),
        (
            "decision_type=2",
            "decision_type=6",
            "a split asks for categories, or takes zero as missing",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let error = import(Hash::default(), &text.replacen(from, to, 1)).unwrap_err();
        assert!(matches!(error, ImportError::Line { .. }), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    let cut = &text[..text.find("end of trees").unwrap()];
    assert!(
        import(Hash::default(), cut)
            .unwrap_err()
            .to_string()
            .contains("ends without")
    );
    // A child that leads back is found by the model's own checks.
    let looped = text.replacen("left_child=1 ", "left_child=0 ", 1);
    assert!(matches!(
        import(Hash::default(), &looped),
        Err(ImportError::Model(_))
    ));
}
