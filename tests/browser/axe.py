"""axe-core, a checker of accessibility, in the pages that tests drive."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

_SOURCE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
_RUN = """async (context) => {
  const { violations, passes } = await axe.run(context);
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`));
  return [found, passes.find(({ id }) => id === "color-contrast")?.nodes.length ?? 0];
}"""


def load(page: Any) -> None:
    """Make the page one that can be checked; without axe-core skip the test, or fail in CI."""
    if not _SOURCE.exists():
        reason = "axe-core is missing: `npm ci` installs it"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    # JupyterLab's body has no height, and so to axe nothing in it can be seen
    page.add_style_tag(content="body { min-block-size: 100vh }")
    page.add_script_tag(content=_SOURCE.read_text())


def run(page: Any, include: Sequence[str], exclude: Sequence[str] = ()) -> tuple[list[str], int]:
    """What it finds wrong in the elements of these selectors, and how many contrasts are well.

    What it takes for hidden it does not check.
    """
    found, contrasts = page.evaluate(_RUN, {"include": list(include), "exclude": list(exclude)})
    return found, contrasts
