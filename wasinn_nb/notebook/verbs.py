"""Every verb and option of the magics, declared once. What they do is in :mod:`.commands`."""

from __future__ import annotations

import argparse
import json
from functools import cache
from keyword import iskeyword
from typing import Any

from wasinn_nb.notebook.parser import Completes, MagicParser

DIALECTS = ("auto", "wasmedge", "wasmedge-0.14", "wasmtime", "strict")


def languages() -> tuple[str, ...]:
    """What guests are written in."""
    from wasinn_nb.guest.languages import NAMES

    return NAMES


def pair(text: str) -> tuple[str, str]:
    """``KEY=VALUE`` in two."""
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value


def alias(text: str) -> tuple[str, str]:
    """``ALIAS[=NAME]``: the guest's word for a model, and the model's registered name."""
    word, _, name = text.partition("=")
    if not word:
        raise argparse.ArgumentTypeError(f"{text!r} is not ALIAS=NAME")
    return word, name or word


def directory(text: str) -> tuple[str, tuple[str, str]]:
    """``HOST[:GUEST[:ro|rw]]`` as the host's path, and the guest's path with the access mode."""
    rest, mode = text, "ro"
    head, separator, last = text.rpartition(":")
    if separator and last in ("ro", "rw"):
        rest, mode = head, last
    host, separator, guest = rest.rpartition(":")
    if not separator:
        host = guest = rest
    if not host or not guest:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST[:GUEST[:ro|rw]]")
    return host, (guest, mode)


def granted(text: str) -> str:
    """Hosts as ``--allow-http`` takes them."""
    from wasinn_nb.guest.outgoing.grants import Grants
    from wasinn_nb.nn.errors import InvalidArgument

    try:
        Grants.of(text)
    except InvalidArgument as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def seconds(text: str) -> float:
    """A positive number of seconds."""
    return _positive(text, float, "seconds")


def mebibytes(text: str) -> int:
    """A positive whole number of MiB."""
    return int(_positive(text, int, "MiB"))


def identifier(text: str) -> str:
    """A name that a Python variable can have."""
    if not text.isidentifier() or iskeyword(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a name that a variable can have")
    return text


def json_object(text: str) -> dict[str, Any]:
    """A JSON object."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"this is not JSON ({error}): {text}") from None
    if not isinstance(document, dict):
        raise argparse.ArgumentTypeError(f"this is not a JSON object: {text}")
    return document


def _positive(text: str, convert: Any, unit: str) -> float:
    try:
        number = convert(text)
    except ValueError:
        number = 0
    if not 0 < number < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number of {unit}")
    return float(number)


@cache
def verbs() -> dict[str, MagicParser]:
    """The parsers of ``%wasinn``'s verbs, in the order of the reference."""
    found = (
        _load(), _preload(), _unload(), _forget(), _models(), _config(), _panel(),
        _run(), _guests(), _export(), _backends(), _doctor(),
    )  # fmt: skip
    return {parser.prog.removeprefix("%wasinn "): parser for parser in found}


@cache
def cell() -> MagicParser:
    """The parser of ``%%wasinn``."""
    parser = MagicParser(
        "%%wasinn",
        description="Build this cell as a WebAssembly guest and run it against the loaded models.",
        trailing="ARGS...",
        epilog="ARGS become the guest's argv[1:]. `$name` stands for a Python variable's value.",
    )
    parser.option("language", metavar="LANGUAGE", help=f"one of {', '.join(languages())}")
    _add_run_options(parser)
    parser.option("--no-run", action="store_true", help="build only")
    parser.option(
        "--debug", action="store_true", help="without optimisation, with run-time checks (C, C++)"
    )
    parser.option(
        "--abi", metavar="ABI", choices=("core", "component"), default="core",
        help="core (unless given), or component to make a component of the same source",
    )  # fmt: skip
    parser.option(
        "--wit", metavar="WIT", completes=Completes.VARIABLE,
        help="a file, or a variable with a text, in WIT: the world whose exports a component has",
    )  # fmt: skip
    parser.option("--force", action="store_true", help="compile even what is in the build cache")
    parser.option(
        "--flag", metavar="FLAG", action="append", default=[],
        help="a further argument for the compiler, written --flag=-lm; repeatable",
    )  # fmt: skip
    return parser


def overview() -> str:
    """The help text of ``%wasinn``: one line a verb."""
    lines = ["%wasinn VERB ...", ""]
    lines += [f"  {name:<9} {parser.description}" for name, parser in verbs().items()]
    lines += [
        "",
        "`%wasinn VERB --help` shows a verb's options, `%%wasinn --help` those of a guest cell.",
    ]
    return "\n".join(lines)


def _load() -> MagicParser:
    parser = MagicParser("%wasinn load", description="Register a model under a name and load it.")
    parser.option(
        "name", metavar="NAME", completes=Completes.NEW_MODEL, help="the name guests load it by"
    )
    parser.option(
        "source", metavar="SOURCE", completes=Completes.SOURCE,
        help="a file, a directory, two paths joined by a comma (xml,bin), $variable with bytes "
        "(or $xml,$bin), builtin:NAME, hf:ORG/REPO/FILE or an https:// address",
    )  # fmt: skip
    parser.option(
        "--encoding",
        metavar="E",
        default="autodetect",
        completes=Completes.ENCODING,
        help="detected when not given",
    )
    parser.option(
        "--target",
        metavar="T",
        default="auto",
        completes=Completes.TARGET,
        help="cpu, gpu, npu, tpu or auto, or a device as OpenVINO names it (AUTO:GPU,CPU)",
    )
    _add_set(parser)
    parser.option("--config", metavar="JSON", type=json_object, help="settings as one JSON object")
    parser.option(
        "--force", action="store_true", help="load even if the estimate says it cannot fit"
    )
    return parser


def _preload() -> MagicParser:
    parser = MagicParser(
        "%wasinn preload",
        description="Register a model by the line that other wasi-nn runtimes take.",
    )
    parser.option(
        "line", metavar="NAME:ENCODING:TARGET:PATH[:PATH]", nargs="+", completes=Completes.PRELOAD,
        help="pasted as is, with or without --nn-preload",
    )  # fmt: skip
    return parser


def _unload() -> MagicParser:
    parser = MagicParser(
        "%wasinn unload",
        description="Free a model's memory now; it stays registered and loads again on use.",
    )
    parser.option(
        "names", metavar="NAME", nargs="*", completes=Completes.MODEL, help="registered models"
    )
    parser.option("--all", action="store_true", help="every loaded model")
    _add_wait(parser)
    return parser


def _forget() -> MagicParser:
    parser = MagicParser("%wasinn forget", description="Unload a model and drop its registration.")
    parser.option(
        "names", metavar="NAME", nargs="+", completes=Completes.MODEL, help="registered models"
    )
    _add_wait(parser)
    return parser


def _models() -> MagicParser:
    parser = MagicParser(
        "%wasinn models", description="List the registered models, or describe one."
    )
    parser.option(
        "name", metavar="NAME", nargs="?", completes=Completes.MODEL, help="describe this one"
    )
    return parser


def _config() -> MagicParser:
    parser = MagicParser(
        "%wasinn config",
        description="Pin settings of a model, or open a form that shows each and what it costs.",
    )
    parser.option(
        "name", metavar="NAME", completes=Completes.MODEL,
        help="a registered model; with nothing else, its form (outside notebooks: a table)",
    )  # fmt: skip
    _add_set(parser, "pin a setting; a pin wins over the guest and over load")
    parser.option(
        "--unset", metavar="KEY", action="append", default=[], completes=Completes.SETTING_KEY,
        help="drop a pin; repeatable",
    )  # fmt: skip
    parser.option("--reset", action="store_true", help="drop all pins")
    return parser


def _panel() -> MagicParser:
    return MagicParser(
        "%wasinn panel", description="Show the model manager: every model live, with buttons."
    )


def _run() -> MagicParser:
    parser = MagicParser(
        "%wasinn run", description="Run a prebuilt guest.", trailing="ARGS...",
        epilog="ARGS become the guest's argv[1:]. `$name` stands for a Python variable's value.",
    )  # fmt: skip
    parser.option(
        "file", metavar="FILE.wasm", completes=Completes.WASM,
        help="a core module, $variable with bytes, or the name of a guest built here",
    )  # fmt: skip
    _add_run_options(parser)
    return parser


def _guests() -> MagicParser:
    return MagicParser("%wasinn guests", description="List the guests that this kernel has built.")


def _export() -> MagicParser:
    parser = MagicParser(
        "%wasinn export", description="Save a guest as a file that any wasi-nn host runs."
    )
    parser.option("name", metavar="NAME", completes=Completes.GUEST, help="a guest's name")
    parser.option(
        "file", metavar="FILE", completes=Completes.SAVED_GUEST,
        help="where to write it; as WebAssembly text if the name ends in .wat",
    )  # fmt: skip
    return parser


def _backends() -> MagicParser:
    return MagicParser(
        "%wasinn backends",
        description="Show which model formats work here, and what installs those that do not.",
    )


def _doctor() -> MagicParser:
    parser = MagicParser(
        "%wasinn doctor",
        description="Check toolchains, backends, threads, caches and the front end.",
    )
    parser.option("--log", action="store_true", help="show what the native libraries have logged")
    return parser


def _add_set(parser: MagicParser, text: str = "a setting, for example n-gpu-layers=20") -> None:
    parser.option(
        "--set", metavar="KEY=VALUE", action="append", type=pair, default=[],
        completes=Completes.SETTING, help=f"{text}; repeatable",
    )  # fmt: skip


def _add_wait(parser: MagicParser) -> None:
    parser.option(
        "--wait", metavar="S", type=seconds, default=0.0,
        help="give running guests so many seconds to finish before saying that the model is busy",
    )  # fmt: skip


# fmt: off
def _add_run_options(parser: MagicParser) -> None:
    add = parser.option
    add("--name", metavar="N", type=identifier,
        help="keep the guest under N, also as a Python variable with .run(), .wasm and .exports")
    add("--model", metavar="ALIAS[=NAME]", action="append", type=alias, completes=Completes.ALIAS,
        help="the only models this guest may load, by which names; repeatable. Without it: all")
    add("--env", metavar="K=V", action="append", type=pair, default=[],
        help="an environment variable of the guest; repeatable. Without it: none")
    add("--dir", metavar="HOST[:GUEST[:ro|rw]]", action="append", type=directory, default=[],
        completes=Completes.DIRECTORY,
        help="a directory the guest may see, read-only unless rw; repeatable. Without it: none")
    add("--allow-http", metavar="HOST[:PORT]", action="append", type=granted, default=[],
        help="a host that a component may send HTTP requests to, *.HOST for all below it, * for "
        "all there are; repeatable. Without it: none")
    add("--stdin", metavar="VAR", completes=Completes.VARIABLE,
        help="standard input from a Python variable (str or bytes)")
    add("--in", metavar="VAR", dest="inputs", action="append", default=[],
        completes=Completes.VARIABLE,
        help="give a Python value (bytes, str, array, image, Path) to the guest as /in/VAR; "
        "repeatable")
    add("--out", metavar="VAR", dest="outputs", action="append", type=identifier, default=[],
        help="read /out/VAR back into a Python variable after the run; repeatable")
    add("--timeout", metavar="S", type=seconds, help="end the run after so many seconds")
    add("--memory-limit", metavar="MIB", type=mebibytes, help="the most memory the guest may have")
    add("--output-limit", metavar="MIB", type=mebibytes,
        help="the most it may print (64 unless given)")
    add("--background", action="store_true",
        help="return at once; the output goes on, and _wasinn is the run: .wait(), .cancel()")
    add("--no-stream", action="store_true",
        help="no token view; only what the guest prints is shown")
    add("--markdown", action="store_true",
        help="show the text of the token view as Markdown")
    add("--compat", metavar="DIALECT", choices=DIALECTS,
        help=f"which host's reading of the ABI where hosts disagree: {', '.join(DIALECTS)}")
    add("--result", metavar="VAR", type=identifier,
        help="bind the finished run to VAR (it is always bound to _wasinn)")
# fmt: on
