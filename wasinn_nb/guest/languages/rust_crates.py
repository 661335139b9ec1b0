"""Cells that use crates: built by cargo, in a project that is kept for each set of crates.

    // cargo: serde_json = "1"
    // cargo: rand = { version = "0.8", default-features = false }

Each line is one of a ``[dependencies]`` table. cargo runs in the user's directory, so that its
``.cargo/config.toml`` holds: vendored crates are found without a network. What can be had without
one is: only where cargo says that it cannot, it is asked again and may use the network.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wasinn_nb.guest.build.model import Source
from wasinn_nb.guest.build.process import Finished, run
from wasinn_nb.guest.languages import rust_library, rust_messages, rustc
from wasinn_nb.guest.languages.base import (
    Compiled,
    CompileFailed,
    Progress,
    Workspace,
    throttled,
)
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.locks import file_lock

_LINE = re.compile(r"^[ \t]*//[ \t]*cargo:(?P<text>.*)$", re.MULTILINE)
_OFFLINE = re.compile(r"offline|--frozen")
_NO_NETWORK = re.compile(
    r"failed to download|Could not resolve host|Couldn't resolve host|failed to connect|"
    r"network failure|failed to fetch|unable to update registry|spurious network error|"
    r"timed? ?out|Connection refused",
    re.IGNORECASE,
)
_CRATE = re.compile(r"(?:package named|requirement|package|crate|dependency) `(?P<name>[\w-]+)")
_CAUSES = re.compile(r"^(?:error|Caused by): ?(.*)$|^  (\S.*)$", re.MULTILINE)
_NET = {"CARGO_NET_RETRY": "1", "CARGO_HTTP_TIMEOUT": "15"}
_CALM = {"CARGO_TERM_COLOR": "never", "CARGO_TERM_PROGRESS_WHEN": "never", "CARGO_INCREMENTAL": "0"}
_LISTED = re.compile(r"(?:[^\s\\]|\\.)+")


@dataclass(frozen=True, slots=True)
class Crate:
    """A crate that a cell asks for: its name, version or table, and the place of its line."""

    name: str
    wanted: Any
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Job:
    """One compilation, whoever does it.

    Attributes:
        file: what the source is called.
        text: the source, at its lines.
        is_library: it exports functions and has no main.
        edition: of the language.
        debug: without optimisation, and with all checks.
        common: flags that crates are compiled with too.
        own: flags for the cell alone.
        beside: the user's files that the cell names.
    """

    file: str
    text: str
    is_library: bool
    edition: str
    debug: bool
    common: tuple[str, ...]
    own: tuple[str, ...]
    beside: tuple[Path, ...]


def profile(*, debug: bool) -> tuple[str, ...]:
    """How a cell is compiled. Bounds and overflow stay checked, as in the other languages."""
    if debug:
        return ("-Copt-level=0", "-Cdebuginfo=2", "-Cdebug-assertions=yes")
    return ("-Copt-level=2", "-Cdebuginfo=1", "-Coverflow-checks=yes")


def place(job: Job, directory: Path) -> None:
    """Write the source into ``directory``, and the user's files beside it."""
    cell = directory / job.file
    cell.write_text(job.text + "\n", encoding="utf-8", errors="replace", newline="\n")
    for path in job.beside:
        link = directory / path.name
        with suppress(OSError):  # no links on this system: rustc will say that the file is missing
            if link.is_symlink():
                link.unlink()
            link.symlink_to(path, target_is_directory=path.is_dir())


def dependencies(listing: Path, *ours: Path) -> tuple[Path, ...]:
    """The user's own files that rustc read, of those that it lists."""
    try:
        listed = listing.read_text(encoding="utf-8", errors="replace").partition(": ")[2]
    except OSError:
        return ()
    found: dict[Path, None] = {}
    for name in _LISTED.findall(listed.split("\n", 1)[0]):
        path = Path(ours[0], re.sub(r"\\(.)", r"\1", name))
        real = path.resolve()
        if real.is_file() and not any(real.is_relative_to(one) for one in ours):
            found[real] = None
    return tuple(found)


def named(source: Source, directory: Path) -> dict[str, Crate]:
    """What a cell's ``// cargo:`` lines ask for, by the crates' names in Rust.

    Raises:
        CompileFailed: a line is not one of a ``[dependencies]`` table.
    """
    crates: dict[str, Crate] = {}
    for match in _LINE.finditer(source.text):
        text = match["text"].strip()
        line = source.first_line + source.text.count("\n", 0, match.start())
        column = match.start("text") - (source.text.rfind("\n", 0, match.start()) + 1)
        column += len(match["text"]) - len(match["text"].lstrip()) + 1
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            table = {}
        plain = re.fullmatch(r"([A-Za-z][\w-]*)(?:@([\w.^~=*-]+))?", text)
        if plain:  # as for `cargo add`
            table = {plain[1]: plain[2] or "*"}
        if (
            text.startswith("[")
            or not table
            or not all(isinstance(one, str | dict) for one in table.values())
        ):
            problem = f"{text or 'this'} is no line of a [dependencies] table"
            raise _refused(problem, line, column, ('help: as in  // cargo: serde_json = "1"',))
        for name, wanted in table.items():
            made = _with_absolute_path(wanted, directory)
            crates[name.replace("-", "_")] = Crate(name, made, line, column)
    return crates


def _with_absolute_path(wanted: Any, directory: Path) -> Any:
    if isinstance(wanted, dict) and isinstance(wanted.get("path"), str):
        return {**wanted, "path": str((directory / wanted["path"]).resolve())}
    return wanted


def _refused(
    message: str, line: int | None, column: int | None, children: tuple[str, ...] = ()
) -> CompileFailed:
    """A failure of ours in rustc's own form."""
    spans = []
    if line is not None:
        spans.append(
            {"file_name": "cell.rs", "line_start": line, "column_start": column, "is_primary": True}
        )
    notes = [
        {"level": level, "message": text}
        for level, _, text in (one.partition(": ") for one in children)
    ]
    remark = {"message": message, "level": "error", "spans": spans, "children": notes}
    shown = "\n".join((f"error: {message}", *children))
    return CompileFailed(json.dumps(remark), shown=shown)


def build(
    job: Job,
    crates: Mapping[str, Crate],
    workdir: Workspace,
    toolchain: rustc.Rust,
    *,
    progress: Progress | None,
    cancel: CancelToken | None,
) -> Compiled:
    """Build with cargo.

    Raises:
        CompileFailed: it does not compile, or a crate cannot be had.
        Cancelled: through ``cancel``.
    """
    first = next(iter(crates.values()))
    if toolchain.cargo is None:
        message = f"crates need cargo, and there is none beside {toolchain.path}"
        how = "hint: rustup component add cargo, or on Debian: apt install cargo"
        raise _refused(message, first.line, first.column, (how,))
    manifest = _manifest(job, crates)
    digest = hashlib.sha256(manifest.encode()).hexdigest()[:16]
    project = rust_library.folder(toolchain, workdir.toolchains) / "crates" / digest
    waiting = throttled(progress, "waiting for another cell with the same crates")
    with file_lock(project / "building.lock", cancel=cancel, on_wait=waiting):
        rust_library.forget_unused(project.parent.iterdir())
        _write(project / "Cargo.toml", manifest)
        place(job, project)
        finished = _cargo(job, project, workdir, toolchain, progress, cancel)
        log = _scrub(finished.output, project, workdir, toolchain)
        output = _output(finished.output)
        if finished.returncode != 0 or output is None:
            raise _failed(log, crates)
        wasm = output.read_bytes()
        listed = dependencies(output.with_suffix(".d"), project, workdir.sdk)
        with suppress(OSError):
            os.utime(project)
    kept = "\n".join(line for line in log.splitlines() if '"reason":"compiler-message"' in line)
    return Compiled(wasm, kept, listed)


def _manifest(job: Job, crates: Mapping[str, Crate]) -> str:
    kind = (
        f'[lib]\nname = "cell"\npath = "{job.file}"\ncrate-type = ["cdylib"]\n'
        if job.is_library
        else f'[[bin]]\nname = "cell"\npath = "{job.file}"\n'
    )
    lines = [f"{_toml(one.name)} = {_toml(one.wanted)}" for one in crates.values()]
    return "\n".join(
        (
            f'[package]\nname = "cell"\nversion = "0.0.0"\nedition = "{job.edition}"\n',
            kind,
            "[workspace]\n\n[dependencies]",
            *sorted(lines),
            '\n[profile.dev.package."*"]\nopt-level = 2\ndebug = false\n',
            "[profile.release]\nopt-level = 2\n",
            '[profile.release.package."*"]\ndebug = false\n',
        )
    )


def _toml(value: object) -> str:
    """A value as TOML. Its texts are JSON's, as are its keys."""
    if isinstance(value, dict):
        members = (f"{_toml(str(name))} = {_toml(one)}" for name, one in value.items())
        return f"{{ {', '.join(members)} }}"
    if isinstance(value, list):
        return f"[{', '.join(_toml(one) for one in value)}]"
    return json.dumps(value, ensure_ascii=False)


def _write(path: Path, text: str) -> None:
    with suppress(OSError):
        if path.read_text(encoding="utf-8") == text:
            return  # cargo goes by the time of its change
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(text, encoding="utf-8", newline="\n")


def _cargo(
    job: Job,
    project: Path,
    workdir: Workspace,
    toolchain: rustc.Rust,
    progress: Progress | None,
    cancel: CancelToken | None,
) -> Finished:
    home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    remapped = [(home, "/cargo"), (project, "/wasinn")]
    common = [*job.common, *(f"--remap-path-prefix={path}={name}" for path, name in remapped)]
    env = rustc.environment(workdir.path) | {
        **_CALM,
        **_NET,
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(_lasting(common, project, workdir)),
        "CARGO_TARGET_DIR": str(project / "target"),
        "RUSTC": str(toolchain.path),
    }
    command = [
        *(str(toolchain.cargo), "rustc", "--manifest-path", str(project / "Cargo.toml")),
        *("--lib" if job.is_library else "--bin=cell", "--target", toolchain.target),
        *(() if job.debug else ("--release",)),
        "--message-format=json",
    ]
    rest = ["--", *profile(debug=job.debug), *job.own]

    def go(message: str, *options: str) -> Finished:
        return run(
            [*command, *options, *rest],
            cwd=workdir.cwd,
            env=env,
            cancel=cancel,
            on_tick=throttled(progress, message),
            background=workdir.background,
        )

    finished = go("compiling with its crates", "--offline")
    if finished.returncode != 0 and _OFFLINE.search(_said(finished.output)):
        finished = go("fetching and compiling its crates")
    return finished


def _lasting(flags: list[str], project: Path, workdir: Workspace) -> list[str]:
    """The flags with nothing in them of this build's directory: crates are kept compiled.

    A linker's script is put into the project.
    """
    private = str(workdir.path)
    made = []
    for flag in flags:
        if flag.startswith(f"--remap-path-prefix={private}="):
            continue
        if flag.startswith("linker=") and private in flag:
            script = project / "wasm-ld"
            if not script.exists():
                shutil.copy2(flag.partition("=")[2], script)
            made.append(f"linker={script}")
        else:
            made.append(flag)
    return made


def _output(output: str) -> Path | None:
    """The module that cargo says it made."""
    found = None
    for line in output.splitlines():
        if '"compiler-artifact"' not in line:
            continue
        with suppress(ValueError, TypeError, KeyError, AttributeError):
            told = json.loads(line)
            if told["target"]["name"] != "cell":
                continue
            for name in told["filenames"]:
                if name.endswith(".wasm"):
                    found = Path(name)
    return found if found is not None and found.is_file() else None


def _scrub(output: str, project: Path, workdir: Workspace, toolchain: rustc.Rust) -> str:
    output = output.replace(f" ({project})", "").replace(f"{project}{os.sep}", "")
    return workdir.scrub(output, toolchain)


def _said(output: str) -> str:
    """What cargo itself said, without rustc's remarks."""
    return "\n".join(line for line in output.splitlines() if not line.startswith("{"))


def _failed(log: str, crates: Mapping[str, Crate]) -> CompileFailed:
    remarks = [one for one in rust_messages.remarks(log) if one.get("level") == "error"]
    if remarks:
        return CompileFailed(log, shown=rust_messages.rendered(log))
    said = _said(log)
    causes = [a or b for a, b in _CAUSES.findall(said) if a or b]
    message = causes[0] if causes else "cargo failed"
    found = _CRATE.findall(" ".join(causes))
    known = {one.name: one for one in crates.values()}
    name = next((one for one in found if one in known), next(iter(known)))
    line, column = known[name].line, known[name].column
    if _NO_NETWORK.search(said):
        message = f"the crate {name} is not on this machine, and it cannot be downloaded"
        how = "crates that `cargo vendor` put beside the notebook are used without a network"
        return _refused(message, line, column, (f"note: {causes[-1]}", f"hint: {how}"))
    notes = tuple(f"note: {cause}" for cause in causes[1:4])
    return _refused(message, line, column, notes)
