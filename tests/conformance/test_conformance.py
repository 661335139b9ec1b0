"""The same program in every language prints the same lines, whatever ABI it runs against."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import wasinn_nb as wn
from wasinn_nb.guest import languages
from wasinn_nb.guest.languages.base import ScriptLanguage
from wasinn_nb.models import builtin_path

HERE = Path(__file__).parent
EXPECTED = (HERE / "expected.txt").read_text(encoding="utf-8")
ENDINGS = {"rust": "rs", "assemblyscript": "ts", "python": "py"}
"""Of the programs' names, where it is not the language's name."""
WITHOUT = {"wat"}
"""Languages without a library to write the program with."""
MODELS = ("text", "digits", "gone", "broken", "unreadable", "busy", "crowded")
NAMES = {name: f"conformance-{name}" for name in MODELS}
BUDGET = 1 << 30


def cases() -> list[Any]:
    found = []
    for language in languages.every():
        if language.name in WITHOUT:
            continue
        abis = ["script"] if isinstance(language, ScriptLanguage) else ["core", "component"]
        found += [pytest.param(language, abi, id=f"{language.name}-{abi}") for abi in abis]
    return found


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Any:
    pytest.importorskip("openvino")
    folder = tmp_path_factory.mktemp("models")
    network = builtin_path("digits").read_text()
    (folder / "unreadable.xml").write_text(network.replace('type="MatMul"', 'type="Nonsense"'))
    (folder / "unreadable.bin").write_bytes(builtin_path("digits").with_suffix(".bin").read_bytes())
    (folder / "broken.gguf").write_bytes(b"this is no model")
    (folder / "gone.gguf").write_bytes(builtin_path("tinytales").read_bytes())

    host = wn.host()
    host.load(NAMES["text"], "builtin:tinytales")
    host.load(NAMES["digits"], "builtin:digits")
    host.load(NAMES["busy"], "builtin:tinytales")
    host.preload(f"{NAMES['gone']}:ggml:auto:{folder / 'gone.gguf'}")
    host.preload(f"{NAMES['broken']}:ggml:auto:{folder / 'broken.gguf'}")
    host.preload(f"{NAMES['unreadable']}:openvino:cpu:{folder / 'unreadable.xml'}")
    host.registry.register(NAMES["crowded"], "builtin:tinytales")
    (folder / "gone.gguf").unlink()
    before, host.registry.memory_budget = host.registry.memory_budget, BUDGET
    hold = host.registry.acquire(NAMES["busy"], holder="somebody else")
    yield host
    hold.release()
    host.registry.memory_budget = before
    for name in NAMES.values():
        host.forget(name)


def without_memory(lines: str) -> str:
    """What scripts print, which have neither handles nor buffers."""
    before, _, rest = lines.partition("== memory\n")
    return before + rest[rest.index("== ") :]


@pytest.mark.parametrize(("language", "abi"), cases())
def test_the_program_prints_what_all_print(host: Any, language: Any, abi: str) -> None:
    if language.detect() is None and not os.environ.get("CI"):
        pytest.skip(language.install)
    program = HERE / f"program.{ENDINGS.get(language.name, language.name)}"
    options = {"abi": abi} if abi == "component" else {}
    guest = host.build(program.read_text(encoding="utf-8"), language=language.name, **options)
    run = guest.run(models=NAMES, check=False)
    assert run.trap is None
    assert run.stderr == ""
    assert run.stdout == (without_memory(EXPECTED) if abi == "script" else EXPECTED)
    assert run.exit_code == 0
    assert host.describe(NAMES["text"]).users == ()
