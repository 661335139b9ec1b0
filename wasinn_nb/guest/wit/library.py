"""Reading WIT, and what comes with this package."""

from __future__ import annotations

import importlib.resources
from collections.abc import Collection
from functools import cache

from wasinn_nb.guest.wit.items import parse
from wasinn_nb.guest.wit.model import Packages
from wasinn_nb.guest.wit.resolve import Resolver
from wasinn_nb.guest.wit.source import WitSource


def read(
    *sources: WitSource,
    known: Packages | None = None,
    package: str = "",
    features: Collection[str] = (),
) -> Packages:
    """What WIT texts say.

    Args:
        sources: they may refer to each other in any order, and several may be of one package.
        known: packages that they may refer to; they are in the answer too.
        package: what a text is of that does not say it.
        features: what is wanted of what is marked ``@unstable``.

    Raises:
        WitError: a text is no WIT, or a name in it stands for nothing.
    """
    parts = [part for source in sources for part in parse(source)]
    return Resolver(known or Packages(), features).packages(parts, package)


@cache
def shipped() -> Packages:
    """The packages in ``wasinn_nb/wit``: ``wasi:nn`` and ours."""
    folder = importlib.resources.files("wasinn_nb") / "wit"
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".wit")),
        key=lambda file: file.name,
    )
    return read(*(WitSource(file.read_text("utf-8"), file.name) for file in files))
