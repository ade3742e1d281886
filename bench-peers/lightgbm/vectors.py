"""Trains small LightGBM models on whole-number features and writes them with rows, leaves and outputs as test vectors.

    python3 bench-peers/lightgbm/vectors.py crates/forecast/fixtures/lightgbm

The tests of the forecast crate import the models and compare. Run again only to add a case: the vectors are committed.
"""

import pathlib
import sys

import lightgbm
import numpy

MISSING = -(2**31)
CASES = {
    "quantile": {"objective": "quantile", "alpha": 0.9},
    "absolute": {"objective": "regression_l1"},
    "squares": {"objective": "regression"},
}


def rows(generator, count):
    """Features of the kinds that the forecast has: clock, ratios in millionths, small counts, missing ones."""
    clock = generator.integers(0, 24, count)
    ratio = generator.integers(-1_500_000, 1_500_000, count)
    near = generator.integers(-3, 4, count)
    gaps = numpy.where(generator.random(count) < 0.1, MISSING, generator.integers(0, 2_000_000, count))
    return numpy.stack([clock, ratio, near, gaps], axis=1).astype(numpy.int64)


def splits(node):
    """Column and threshold of every split below a node."""
    if "split_feature" not in node:
        return []
    here = [(node["split_feature"], node["threshold"])]
    return here + splits(node["left_child"]) + splits(node["right_child"])


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    generator = numpy.random.default_rng(1)
    train, test = rows(generator, 1_500), rows(generator, 60)
    # Thresholds themselves, and their neighbours, are the rows on which a wrong rounding shows.
    for name, objective in CASES.items():
        target = train[:, 1] // 3 + (train[:, 0] > 12) * 90_000 - train[:, 2] * 20_000 + generator.integers(-50_000, 50_000, len(train))
        parameters = {
            "num_leaves": 8,
            "min_data_in_leaf": 20,
            "learning_rate": 0.1,
            "seed": 1,
            "deterministic": True,
            "num_threads": 1,
            "verbose": -1,
            **objective,
        }
        booster = lightgbm.train(parameters, lightgbm.Dataset(train.astype(float), target.astype(float)), 12)
        booster.save_model(folder / f"{name}.txt")
        trees = booster.dump_model()["tree_info"]
        cuts = [cut for tree in trees for cut in splits(tree["tree_structure"])]
        edge = test.copy()
        for row, (feature, threshold) in zip(edge, cuts):
            row[feature] = int(numpy.floor(threshold)) + generator.integers(0, 2)
        both = numpy.concatenate([test, edge])
        leaves = booster.predict(both.astype(float), pred_leaf=True).astype(int)
        outputs = booster.predict(both.astype(float))
        lines = ["features;leaves;output"]
        for row, leaf, output in zip(both, leaves, outputs):
            lines.append(f"{','.join(map(str, row))};{','.join(map(str, leaf))};{float(output)!r}")
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")


main(pathlib.Path(sys.argv[1]))
