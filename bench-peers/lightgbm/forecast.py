"""Trains LightGBM on the tables that the back-test exported, fold by fold, and writes what it says of the asked rows.

    cargo run --release -p fairway-forecast --example backtest -- DATA --export FOLDER
    python3 bench-peers/lightgbm/forecast.py FOLDER
    cargo run --release -p fairway-forecast --example backtest -- DATA --peer FOLDER --json

Rows, columns, folds and objective are those of our own trees, and so are the numbers of trees and leaves and the learning rate.
"""

import pathlib
import sys

import lightgbm
import numpy


def table(path):
    values = numpy.fromfile(path, dtype="<i4")
    rows, columns = int(values[0]), int(values[1])
    values = values[2:].reshape(rows, columns + 1)
    return values[:, :-1].astype(numpy.float32), values[:, -1].astype(numpy.float64)


def main(folder):
    for learn in sorted(folder.glob("*.learn")):
        features, target = table(learn)
        parameters = {
            "objective": "regression_l1",
            "num_leaves": 15 if "-with." in learn.name else 31,
            "min_data_in_leaf": 200,
            "learning_rate": 0.04,
            "feature_fraction": 0.5,
            "max_bin": 255,
            "seed": 1,
            "deterministic": True,
            "num_threads": 1,
            "verbose": -1,
        }
        booster = lightgbm.train(parameters, lightgbm.Dataset(features, target), 300)
        asked, _ = table(learn.with_suffix(".ask"))
        said = booster.predict(asked) if len(asked) else []
        learn.with_suffix(".said").write_text("".join(f"{value:.3f}\n" for value in said))
        print(learn.name, len(target), "rows", flush=True)


main(pathlib.Path(sys.argv[1]))
