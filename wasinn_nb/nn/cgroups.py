"""The control groups that this process is in: Linux keeps limits on memory and processors there.

Both versions are read, with all ancestors, because a limit anywhere above counts. Roots are
arguments so that a test can give a tree of its own.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ROOT = Path("/")
UNLIMITED = 1 << 60
"""Version 1 writes a huge number for no limit."""


@dataclass(frozen=True, slots=True)
class Group:
    """One control group directory and the version of its files (1 or 2)."""

    path: Path
    version: int


def groups(controller: str, root: Path = ROOT) -> list[Group]:
    """The groups of this process for ``memory`` or ``cpu``, innermost first; none outside Linux."""
    mine, mounts = _text(root / "proc/self/cgroup"), _text(root / "proc/self/mountinfo")
    return list(_groups(controller, root, mine, mounts))


@functools.lru_cache(maxsize=8)
def _groups(controller: str, root: Path, mine: str, mountinfo: str) -> tuple[Group, ...]:
    found: list[Group] = []
    mounts = _mounts(mountinfo)
    for line in mine.splitlines():
        parts = line.split(":", 2)
        if len(parts) != 3 or not parts[2].startswith("/"):
            continue
        if parts[0] == "0" and not parts[1]:
            kind, version = "", 2
        elif controller in parts[1].split(","):
            kind, version = controller, 1
        else:
            continue
        for inner, mount in mounts.get(kind, ()):
            found += _chain(root, inner, mount, parts[2], version)
    return tuple(found)


def read_int(path: Path) -> int | None:
    """The number in a file, or None if it is missing or not a number (``max``)."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _chain(root: Path, inner: str, mount: str, group: str, version: int) -> list[Group]:
    """The directories from the group up to the mount point; a container sees only some of them."""
    top = root / mount.lstrip("/")
    try:
        relative = PurePosixPath(group).relative_to(inner)
    except ValueError:
        relative = PurePosixPath()
    if ".." in relative.parts or not (top / relative).is_dir():
        relative = PurePosixPath()
    path = top / relative
    chain = [path]
    while path != top:
        path = path.parent
        chain.append(path)
    return [Group(path, version) for path in chain]


def _mounts(mountinfo: str) -> dict[str, list[tuple[str, str]]]:
    """For each controller of version 1, and ``""`` for version 2: (group, mount point)."""
    mounts: dict[str, list[tuple[str, str]]] = {}
    for line in mountinfo.splitlines():
        before, dash, after = line.partition(" - ")
        fields, kinds = before.split(), after.split()
        if not dash or len(fields) < 5 or len(kinds) < 3:
            continue
        place = fields[3], _unescape(fields[4])
        if kinds[0] == "cgroup2":
            mounts.setdefault("", []).append(place)
        elif kinds[0] == "cgroup":
            for option in kinds[2].split(","):
                mounts.setdefault(option, []).append(place)
    return mounts


def _unescape(text: str) -> str:
    """Mount points are written with spaces and backslashes as octal escapes."""
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, char)
    return text


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
