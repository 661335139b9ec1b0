"""Completion of what guests export, as ``story.exports.cl``.

IPython reads no attributes of objects that make them when they are asked for; these may be read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from IPython.core.completer import SimpleCompletion

from wasinn_nb.guest.exports.namespace import Namespace
from wasinn_nb.guest.guest import Guest
from wasinn_nb.nn.errors import WasinnError

_PATH = r"(?:^|[^\w.\])])(?P<path>[^\W\d]\w*(?:\.[^\W\d]\w*)*)"
_DOTTED = re.compile(_PATH + r"\.(?P<begun>\w*)$")
_KEYED = re.compile(_PATH + r"\[[\"'](?P<begun>[^\"'\]]*)$")


def completed(line: str, namespace: Mapping[str, Any]) -> dict[str, Any] | None:
    """A result in the shape of IPython's matcher API, version 2; None if it is about nothing of us.

    Args:
        line: until the cursor.
        namespace: the user's variables.
    """
    match = _DOTTED.search(line) or _KEYED.search(line)
    if match is None:
        return None
    try:
        found = _at(match["path"].split("."), namespace)
    except (AttributeError, WasinnError):
        return None
    begun = match["begun"]
    if isinstance(found, Namespace) and match.re is _KEYED:
        keys = [SimpleCompletion(key, type="dict key") for key in found if key.startswith(begun)]
        return {"completions": keys, "suppress": bool(keys), "matched_fragment": begun}
    if not isinstance(found, (Namespace, type)):
        return None
    names = [name for name in dir(found) if name.startswith(begun)]
    shown = [name for name in names if begun.startswith("_") or not name.startswith("_")]
    kinds = {name: _kind(getattr(found, name, None)) for name in shown}
    return {
        "completions": [SimpleCompletion(name, type=kind) for name, kind in kinds.items()],
        "suppress": bool(shown),
        "matched_fragment": begun,
    }


def _at(path: list[str], namespace: Mapping[str, Any]) -> Any:
    """What stands at a path that goes through a guest's exports, else None."""
    found = namespace.get(path[0])
    ours = isinstance(found, Namespace)
    for name in path[1:]:
        if not (isinstance(found, Namespace) or (isinstance(found, Guest) and name == "exports")):
            return None
        found, ours = getattr(found, name), True
    return found if ours else None


def _kind(member: Any) -> str:
    """What the front end shows beside a name."""
    if isinstance(member, type):
        return "class"
    if isinstance(member, Namespace):
        return "module"
    return "function" if callable(member) else "instance"
