"""What is there, of what is marked as being there since a version, or not yet for good."""

from __future__ import annotations

import re
from collections.abc import Collection

from wasinn_nb.guest.wit.syntax import Gate


def included(gate: Gate, package: str, features: Collection[str]) -> bool:
    """Whether an item of a package is there.

    Args:
        gate: what stands before it.
        package: with its version.
        features: what is wanted though it is not there for good.
    """
    if gate.feature:
        return gate.feature in features
    version = package.partition("@")[2]
    return not (gate.since and version) or _key(gate.since) <= _key(version)


def _key(version: str) -> tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]:
    """What semantic versions are compared by: 1.0.0-rc.1 comes before 1.0.0."""
    numbers, _, before = version.partition("+")[0].partition("-")
    parts = tuple(
        (not part.isdigit(), int(part) if part.isdigit() else 0, part)
        for part in re.split(r"\.", before)
        if part
    )
    return tuple(map(int, numbers.split("."))), not before, parts
