"""What a caller may say about one run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wasinn_nb.abi.core.dialect import DIALECTS
from wasinn_nb.guest.exchange import Exchanged, check_name
from wasinn_nb.nn.errors import InvalidArgument

OnText = Callable[[str], object]
DirSpec = str | tuple[str, str]

DEFAULT_OUTPUT_LIMIT = 64 << 20


@dataclass(frozen=True, slots=True)
class Directory:
    """A host directory that the guest sees as ``guest``."""

    host: Path
    guest: str
    writable: bool


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Checked options of a run; see :meth:`wasinn_nb.guest.guest.Guest.run`."""

    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, str] | None = None
    dirs: tuple[Directory, ...] = ()
    stdin: bytes = b""
    inputs: Mapping[str, Exchanged] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    timeout: float | None = None
    memory_limit: int | None = None
    compat: str = "auto"
    on_token: OnText | None = None
    on_stdout: OnText | None = None
    on_stderr: OnText | None = None
    stream: bool = True
    check: bool = True
    output_limit: int = DEFAULT_OUTPUT_LIMIT
    entry: str = "_start"

    @classmethod
    def checked(
        cls,
        *,
        args: Sequence[object] = (),
        env: Mapping[str, object] | None = None,
        models: Mapping[str, str] | None = None,
        dirs: Mapping[str, DirSpec] | None = None,
        stdin: bytes | str | None = None,
        inputs: Mapping[str, Exchanged] | None = None,
        outputs: Sequence[str] = (),
        output_limit: int | None = None,
        **rest: Any,
    ) -> RunOptions:
        """Options from what a caller wrote.

        Raises:
            InvalidArgument: a value that cannot be meant, with what it should be.
        """
        if isinstance(args, str):
            raise InvalidArgument("args is one string; give a list of strings.")
        variables = {str(k): str(v) for k, v in (env or {}).items()}
        for text in (*map(str, args), *variables, *variables.values()):
            if "\0" in text:
                raise InvalidArgument("An argument or environment variable contains a NUL.")
        for name in variables:
            if not name or "=" in name:
                raise InvalidArgument(f"{name!r} cannot be the name of an environment variable.")
        names = (outputs,) if isinstance(outputs, str) else tuple(outputs)
        for name in (*(inputs or {}), *names):
            check_name(name)
        _check_numbers(rest)
        return cls(
            args=tuple(map(str, args)),
            env=variables,
            models=None if models is None else dict(models),
            dirs=tuple(_directory(host, spec) for host, spec in (dirs or {}).items()),
            stdin=stdin.encode() if isinstance(stdin, str) else bytes(stdin or b""),
            inputs=dict(inputs or {}),
            outputs=names,
            output_limit=DEFAULT_OUTPUT_LIMIT if output_limit is None else output_limit,
            **rest,
        )


def _check_numbers(rest: Mapping[str, Any]) -> None:
    if (timeout := rest.get("timeout")) is not None and not timeout > 0:
        raise InvalidArgument(f"timeout is {timeout}; it must be a number of seconds above 0.")
    if (limit := rest.get("memory_limit")) is not None and not 0 < limit <= 4096:
        raise InvalidArgument(f"memory_limit is {limit}; it must be 1 to 4096 MiB.")
    if (compat := rest.get("compat", "auto")) not in DIALECTS:
        raise InvalidArgument(f"compat is {compat!r}; it can be {', '.join(DIALECTS)}.")


def _directory(host: str, spec: DirSpec) -> Directory:
    """One entry of ``dirs``: ``{host: guest}`` or ``{host: (guest, "ro" | "rw")}``."""
    guest, mode = (spec, "ro") if isinstance(spec, str) else spec
    if mode not in {"ro", "rw"}:
        raise InvalidArgument(f"The directory {host!r} has mode {mode!r}; it can be ro or rw.")
    path = Path(host).expanduser()
    if not path.is_dir():
        raise InvalidArgument(f"The directory {host!r} does not exist.")
    return Directory(path.resolve(), guest, mode == "rw")
