"""Measures a recipe by cross-validation within the training part, for choosing between recipes.

    python -m scripts.digits.choose --set rotation=15 --set epochs=60

The first figure is for shuffled folds. The folds of the second are runs of images in the order of
the data set, so that most images are judged by a network that has not seen their writer.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import fields, replace

import torch
from sklearn.model_selection import KFold, StratifiedKFold

from .data import Digits, split
from .train import Recipe, mistakes, train

_FOLDS = 5


def cross_validated(digits: Digits, recipe: Recipe, folds: KFold | StratifiedKFold) -> int:
    """How many of the images are taken for another digit by a network trained without them."""
    wrong = 0
    for rest, fold in folds.split(digits.images, digits.labels):
        network = train(digits.part(rest), recipe, lambda _text: None)
        wrong += mistakes(network, digits.part(fold))
    return wrong


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(description="Cross-validate a recipe.")
    names = [field.name for field in fields(Recipe)]
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help=str(names))
    recipe = Recipe()
    for change in parser.parse_args().set:
        name, _, value = change.partition("=")
        recipe = replace(recipe, **{name: type(getattr(recipe, name))(value)})
    torch.set_num_threads(1)
    digits, _ = split()
    print(recipe)
    for title, folds in {
        "shuffled folds": StratifiedKFold(_FOLDS, shuffle=True, random_state=0),
        "folds by writer": KFold(_FOLDS),
    }.items():
        began = time.monotonic()
        wrong = cross_validated(digits, recipe, folds)
        share = 1 - wrong / len(digits)
        print(f"{title}: {share:.2%}, {wrong} wrong, {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
