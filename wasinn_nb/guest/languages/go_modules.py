"""Where a Go cell is built: alone, or as a package of the user's own module.

A cell that imports more than the standard library and the SDK needs somebody to say which version
of what. That is the ``go.mod`` of the notebook's directory, or of one above it, as for any other Go
program there. Nothing is downloaded: a module is there once ``go get`` has run, or in ``vendor``.
The user's directories are not written to: the cell, and what the SDK adds to ``go.mod``, are laid
over them (``go help build``, ``-overlay`` and ``-modfile``).
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from wasinn_nb.guest.languages.base import Workspace

SDK = "wasinn/nn"
_MODULE = "cell"
_VERSION = "v0.0.0"
# Go's patterns leave out what begins so; no package of the user's has the name.
_OVERLAID = "_cell"
_BODY = re.compile(r"^(?:func|type|var|const)\b", re.MULTILINE)
_QUOTED = re.compile(r'"([^"\n\\]+)"|`([^`\n]+)`')
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_KEPT = re.compile(r"\s*(?:module|go)\s")
# `# path version`, and whatever replaces it.
_VENDORED = re.compile(r"^# (\S+) v\S+", re.MULTILINE)
# Every file of the user's module that went into a package, one a line.
_FILES = (
    "{{if .Module}}{{if .Module.Main}}{{$directory := .Dir}}"
    '{{range .GoFiles}}{{printf "%s/%s\\n" $directory .}}{{end}}'
    '{{range .EmbedFiles}}{{printf "%s/%s\\n" $directory .}}{{end}}{{end}}{{end}}'
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where and how ``go build`` runs.

    Attributes:
        directory: where.
        package: what it is asked to build.
        flags: that make it so.
        environment: what is added to it.
        listed: which user's files go into it: the arguments of ``go list``; empty for none.
        files: those that do whatever is listed.
    """

    directory: Path
    package: str
    flags: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    listed: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()


def place(files: dict[str, str], workspace: Workspace, goroot: Path, version: str) -> Place:
    """Write the files of a cell, by their names, and say how to build them.

    Args:
        files: what the package consists of.
        workspace: the build's.
        goroot: of the toolchain.
        version: of the language.
    """
    for name, text in files.items():
        path = workspace.path / name
        path.write_text(text, encoding="utf-8", errors="replace", newline="\n")
    root = None
    if any(_is_foreign(path, goroot) for text in files.values() for path in imports(text)):
        root = _module_root(workspace.cwd)
    if root is not None:
        return _overlaid(files, workspace, root)
    _write_module(workspace, f"module {_MODULE}\n\ngo {version}\n")
    return Place(workspace.path, ".")


def imports(text: str) -> list[str]:
    """The paths that a source imports."""
    text = _COMMENT.sub("", text)
    body = _BODY.search(text)
    head = text[: body.start()] if body else text
    return [one or other for one, other in _QUOTED.findall(head)]


def _is_foreign(path: str, goroot: Path) -> bool:
    if path in ("C", SDK) or path.startswith(f"{SDK}/"):
        return False
    return not (goroot / "src" / path).is_dir()


def _module_root(directory: Path) -> Path | None:
    for one in (directory, *directory.parents):
        if (one / "go.mod").is_file():
            return one
    return None


def _write_module(workspace: Workspace, module: str) -> None:
    sdk = json.dumps(str(workspace.sdk / "go"))
    added = f"\nrequire {SDK} {_VERSION}\n\nreplace {SDK} => {sdk}\n"
    (workspace.path / "go.mod").write_text(module + added, encoding="utf-8")


def _overlaid(files: dict[str, str], workspace: Workspace, root: Path) -> Place:
    mine = root / _OVERLAID
    replaced = {str(mine / name): str(workspace.path / name) for name in files}
    module = (root / "go.mod").read_text(encoding="utf-8")
    used = [root / "go.mod"]
    vendored = root / "vendor" / "modules.txt"
    if vendored.is_file():
        used.append(vendored)
        module, there = _vendored(module, vendored, workspace)
        replaced |= there
    elif (root / "go.sum").is_file():
        used.append(root / "go.sum")
        (workspace.path / "go.sum").write_bytes((root / "go.sum").read_bytes())
    _write_module(workspace, module)
    overlay = workspace.path / "overlay.json"
    overlay.write_text(json.dumps({"Replace": replaced}), encoding="utf-8")
    flags = ("-mod=mod", f"-modfile={workspace.path / 'go.mod'}", f"-overlay={overlay}")
    package = f"./{_OVERLAID}"
    return Place(
        root,
        package,
        flags,
        {"GOMODCACHE": _downloaded(), "GOFLAGS": "-modcacherw"},
        ("list", "-deps", *flags, "-f", _FILES, package),
        tuple(used),
    )


def _vendored(module: str, listing: Path, workspace: Workspace) -> tuple[str, dict[str, str]]:
    """A module whose requirements are what is in ``vendor``, and what is to be laid over that.

    Go reads the list of vendored modules where it is and nowhere else, so the SDK cannot join them;
    but each can be named as the directory that replaces it, once it has a ``go.mod``.
    """
    parts = [line for line in module.splitlines() if _KEPT.match(line)]
    there = {}
    for number, path in enumerate(_VENDORED.findall(listing.read_text(encoding="utf-8"))):
        directory = listing.parent / path
        described = workspace.path / f"{number}.mod"
        described.write_text(f"module {path}\n", encoding="utf-8")
        there[str(directory / "go.mod")] = str(described)
        parts.append(f"require {path} {_VERSION}")
        parts.append(f"replace {path} => {json.dumps(str(directory))}")
    return "\n".join(parts) + "\n", there


def _downloaded() -> str:
    """Where the user's ``go get`` keeps modules."""
    if named := os.environ.get("GOMODCACHE"):
        return named
    home = os.environ.get("GOPATH", "").split(os.pathsep)[0]
    return str(Path(home or Path.home() / "go") / "pkg" / "mod")
