"""Measures a recipe by cross-validation within the training part, for choosing between recipes.

    python -m scripts.digits.choose --set rotation=15 --set epochs=60

First with shuffled folds, then with folds that are runs of images in the order of the data set, so
that most images are judged by a network that has not seen their writer. Each time the images are
judged as they are and without grey.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import fields, replace

import torch
from sklearn.model_selection import KFold, StratifiedKFold
from torch import nn

from .data import Digits, split
from .train import Recipe, taken_for, train

_FOLDS = 5


def cross_validated(
    digits: Digits, recipe: Recipe, folds: KFold | StratifiedKFold
) -> tuple[Counter[str], Counter[str]]:
    """The mistakes of networks on images that they have not seen: as they are, and without grey."""
    plain: Counter[str] = Counter()
    without_grey: Counter[str] = Counter()
    for rest, fold in folds.split(digits.images, digits.labels):
        network = train(digits.part(rest), recipe, lambda _text: None)
        judged = digits.part(fold)
        plain += _mistakes(network, judged)
        without_grey += _mistakes(network, judged.without_grey())
    return plain, without_grey


def _mistakes(network: nn.Sequential, digits: Digits) -> Counter[str]:
    pairs = zip(digits.labels, taken_for(network, digits), strict=True)
    return Counter(f"{label} for {said}" for label, said in pairs if label != said)


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
        results = cross_validated(digits, recipe, folds)
        print(f"{title}, {time.monotonic() - began:.0f} s")
        for kind, wrong in zip(("as they are", "without grey"), results, strict=True):
            share = 1 - wrong.total() / len(digits)
            pairs = ", ".join(f"{pair} ({count})" for pair, count in wrong.most_common())
            print(f"  {kind}: {share:.2%}; taken: {pairs}", flush=True)


if __name__ == "__main__":
    main()
