"""What a caller may say about one run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict, Unpack

from wasinn_nb.abi.core.dialect import DIALECTS
from wasinn_nb.guest.exchange import Exchanged, check_name
from wasinn_nb.guest.outgoing.grants import NOTHING, Grants
from wasinn_nb.nn.errors import InvalidArgument
from wasinn_nb.nn.memory import available

OnText = Callable[[str], object]
DirSpec = str | tuple[str, str]

DEFAULT_OUTPUT_LIMIT = 64 << 20
_LEAST_MIB, _MOST_MIB = 256, 4096


class RunKeywords(TypedDict, total=False):
    """What :meth:`wasinn_nb.guest.guest.Guest.run` takes; described there."""

    args: Sequence[object]
    env: Mapping[str, object] | None
    models: Mapping[str, str] | None
    dirs: Mapping[str, DirSpec] | None
    stdin: bytes | str | None
    inputs: Mapping[str, Exchanged] | None
    outputs: Sequence[str]
    timeout: float | None
    memory_limit: int | None
    compat: str
    on_token: OnText | None
    on_stdout: OnText | None
    on_stderr: OnText | None
    stream: bool
    check: bool
    output_limit: int | None
    entry: str
    allow_http: str | Sequence[str]


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
    allow_http: Grants = NOTHING

    @classmethod
    def checked(cls, **given: Unpack[RunKeywords]) -> RunOptions:
        """Options from what a caller wrote.

        Raises:
            InvalidArgument: a value that cannot be meant, with what it should be.
            TypeError: there is no such option.
        """
        if unknown := given.keys() - RunKeywords.__annotations__.keys():
            raise TypeError(f"A run has no option {', '.join(sorted(unknown))}.")
        _check_numbers(given)
        stdin = given.get("stdin") or b""
        models = given.get("models")
        inputs = dict(given.get("inputs") or {})
        names = given.get("outputs", ())
        outputs = (names,) if isinstance(names, str) else tuple(names)
        for name in (*inputs, *outputs):
            check_name(name)
        limit = given.get("output_limit")
        return cls(
            args=_arguments(given.get("args", ())),
            env=_environment(given.get("env") or {}),
            models=None if models is None else dict(models),
            dirs=tuple(_directory(host, spec) for host, spec in (given.get("dirs") or {}).items()),
            stdin=_encoded("stdin", stdin) if isinstance(stdin, str) else bytes(stdin),
            inputs=inputs,
            outputs=outputs,
            timeout=given.get("timeout"),
            memory_limit=given.get("memory_limit"),
            compat=given.get("compat", "auto"),
            on_token=given.get("on_token"),
            on_stdout=given.get("on_stdout"),
            on_stderr=given.get("on_stderr"),
            stream=given.get("stream", True),
            check=given.get("check", True),
            output_limit=DEFAULT_OUTPUT_LIMIT if limit is None else limit,
            entry=given.get("entry", "_start"),
            allow_http=Grants.of(given.get("allow_http")),
        )


def default_memory_limit() -> int:
    """MiB for a guest when nobody says: half of what is free, and what 32 bits can address at most.

    A guest that takes all it can get must not take the kernel with it.
    """
    return min(_MOST_MIB, max(_LEAST_MIB, available() // 2 >> 20))


def _check_numbers(given: RunKeywords) -> None:
    if (timeout := given.get("timeout")) is not None and not (_is_real(timeout) and timeout > 0):
        raise InvalidArgument(f"timeout is {timeout!r}; it must be a number of seconds above 0.")
    memory = given.get("memory_limit")
    if memory is not None and not (_is_whole(memory) and 0 < memory <= _MOST_MIB):
        raise InvalidArgument(
            f"memory_limit is {memory!r}; it must be 1 to {_MOST_MIB}, a whole number of MiB."
        )
    output = given.get("output_limit")
    if output is not None and not (_is_whole(output) and output >= 0):
        raise InvalidArgument(f"output_limit is {output!r}; it must be a whole number of bytes.")
    if (compat := given.get("compat", "auto")) not in DIALECTS:
        raise InvalidArgument(f"compat is {compat!r}; it can be {', '.join(DIALECTS)}.")


def _is_whole(value: object) -> bool:
    return hasattr(value, "__index__")


def _is_real(value: object) -> bool:
    return hasattr(value, "__float__")


def _is_text(text: str) -> bool:
    """Whether a guest can be given ``text``: UTF-8 that a NUL ends."""
    # a surrogate stands for a byte that was no UTF-8
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _encoded(what: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgument(f"{what} cannot be UTF-8: {error.reason}; give bytes.") from None


def _arguments(args: Sequence[object]) -> tuple[str, ...]:
    if isinstance(args, (str, bytes)):
        raise InvalidArgument("args is one string; give a list of strings.")
    texts = tuple(map(str, args))
    if not all(map(_is_text, texts)):
        raise InvalidArgument("An argument contains a NUL, or what cannot be UTF-8.")
    return texts


def _environment(env: Mapping[str, object]) -> dict[str, str]:
    variables = {str(name): str(value) for name, value in env.items()}
    for name, value in variables.items():
        if not name or "=" in name or not _is_text(name + value):
            raise InvalidArgument(
                f"{name!r}={value!r} cannot be an environment variable: a name has no '=', "
                "and both parts are UTF-8 without NUL."
            )
    return variables


def _directory(host: str, spec: DirSpec) -> Directory:
    """One entry of ``dirs``: ``{host: guest}`` or ``{host: (guest, "ro" | "rw")}``."""
    guest, mode = (spec, "ro") if isinstance(spec, str) else spec
    if mode not in {"ro", "rw"}:
        raise InvalidArgument(f"The directory {host!r} has mode {mode!r}; it can be ro or rw.")
    if not guest or not _is_text(guest):
        raise InvalidArgument(f"{guest!r} cannot be the guest's name of the directory {host!r}.")
    path = Path(host).expanduser()
    if not path.is_dir():
        if path.exists():
            raise InvalidArgument(f"{host!r} is not a directory; give the one that holds it.")
        raise InvalidArgument(
            f"The directory {host!r} does not exist.",
            hint="" if path.is_absolute() else f"The current directory is {Path.cwd()}.",
        )
    return Directory(path.resolve(), guest, mode == "rw")
