"""Trains LightGBM on the tables that the back-test exported, fold by fold, and writes what it says of the asked rows.

    cargo run --release -p fairway-training --example backtest -- DATA --export FOLDER
    python3 bench-peers/lightgbm/forecast.py FOLDER
    cargo run --release -p fairway-training --example backtest -- DATA --peers FOLDER --json

Rows, columns, folds and objective are those of our own trees, and so are the numbers of trees, leaves and bins and the learning rate, of a
member's own model and of the one pooled over all members. What has been answered is not asked again.
"""

import pathlib
import sys

import lightgbm
import numpy

THREADS = 2


def table(path):
    values = numpy.fromfile(path, dtype="<i4")
    rows, columns = int(values[0]), int(values[1])
    values = values[2:].reshape(rows, columns + 1)
    return values[:, :-1].astype(numpy.float32), values[:, -1].astype(numpy.float64)


def trained(recipe, features, target):
    leaves, trees, rate, columns, fewest, bins = map(int, recipe.read_text().split())
    parameters = {
        "objective": "regression_l1",
        "num_leaves": leaves,
        "min_data_in_leaf": fewest,
        "learning_rate": rate / 1000,
        "feature_fraction": columns / 1000,
        "max_bin": bins,
        "seed": 1,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": THREADS,
        "verbose": -1,
    }
    return lightgbm.train(parameters, lightgbm.Dataset(features, target), trees)


def study(bases):
    """All members of one hour of issue and kind: own models, and one pooled over them."""
    tables = [table(base.with_suffix(".table")) for base in bases]
    folds = [[list(map(int, line.split())) for line in base.with_suffix(".folds").read_text().splitlines()] for base in bases]
    said = [[] for _ in bases]
    for number in range(len(folds[0])):
        known = [part[number][0] for part in folds]
        pooled = trained(
            bases[0].with_suffix(".pooled"),
            numpy.concatenate([features[:rows] for (features, _), rows in zip(tables, known)]),
            numpy.concatenate([target[:rows] for (_, target), rows in zip(tables, known)]),
        )
        for base, (features, target), part, lines in zip(bases, tables, folds, said):
            rows, begin, end = part[number]
            if end <= begin:
                continue
            own = trained(base.with_suffix(".own"), features[:rows], target[:rows])
            asked = features[begin:end]
            for place, one, both in zip(range(begin, end), own.predict(asked), pooled.predict(asked)):
                lines.append(f"{place} {round(one)} {round(both)}\n")
            print(base.name, "fold", number, rows, "rows", flush=True)
    for base, lines in zip(bases, said):
        part = base.with_suffix(".part")
        part.write_text("".join(lines))
        part.rename(base.with_suffix(".said"))


def main(folder):
    kinds = {}
    for path in sorted(folder.glob("*.table")):
        kinds.setdefault(path.stem.split("-", 1)[1], []).append(path.with_suffix(""))
    for bases in kinds.values():
        if not all(base.with_suffix(".said").exists() for base in bases):
            study(bases)


main(pathlib.Path(sys.argv[1]))
