"""Where the interpreter of Python cells comes from."""

from __future__ import annotations

import lzma
import os
import sys
import threading

import pytest

from wasinn_nb.guest.build.builder import Builder
from wasinn_nb.guest.build.cache import ArtifactCache
from wasinn_nb.guest.build.errors import ToolchainMissing
from wasinn_nb.guest.build.model import Source
from wasinn_nb.guest.languages import python
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import Cancelled, WasinnError

COMPONENT = b"\0asm\x0d\0\x01\0 nearly"


@pytest.fixture
def language(monkeypatch, tmp_path):
    """The language as it is where nothing is there: no component, and nothing to make one."""
    monkeypatch.setattr(python, "_PACKED", tmp_path / "python.wasm.xz")
    monkeypatch.setattr(python, "_BUILD", tmp_path / "build.py")
    for function in (python._packed, python._made):
        function.cache_clear()
    yield python.Python()
    for function in (python._packed, python._made):
        function.cache_clear()


@pytest.fixture
def artifacts(tmp_path):
    return ArtifactCache(tmp_path / "cache")


def made(tmp_path, program):
    """A build that runs ``program`` in place of componentize-py."""
    (tmp_path / "build.py").write_text(f"import sys, os, time\n{program}\n")


WRITES = f"open(sys.argv[1], 'wb').write({COMPONENT!r})"


def component(language, artifacts, **more):
    toolchain = language.detect()
    return language.component(toolchain, artifacts, **{"progress": None, "cancel": None} | more)


def test_a_wheel_s_is_unpacked_once(language, artifacts, tmp_path):
    (tmp_path / "python.wasm.xz").write_bytes(lzma.compress(COMPONENT))
    told = []
    first = component(language, artifacts, progress=lambda text, _: told.append(text))
    assert first == COMPONENT
    assert told == [python._UNPACKING]
    assert component(language, artifacts) is first
    assert component(python.Python(), artifacts, progress=lambda *_: 1 / 0) == COMPONENT


def test_a_checkout_makes_it_once(language, artifacts, tmp_path):
    made(tmp_path, f"time.sleep(0.1); print('made'); {WRITES}")
    told = []
    toolchain = language.detect()
    assert toolchain.name == "componentize-py"
    assert not language.ready(toolchain, tmp_path)
    assert component(language, artifacts, progress=lambda *one: told.append(one)) == COMPONENT
    assert {text for text, _ in told} == {python._MAKING}
    assert language.ready(toolchain, tmp_path)
    (tmp_path / "build.py").write_text("raise SystemExit(1)")
    assert component(python.Python(), artifacts) == COMPONENT


def test_two_who_want_it_make_it_once(language, artifacts, tmp_path):
    count = tmp_path / "count"
    made(tmp_path, f"time.sleep(0.2); open({str(count)!r}, 'a').write('x'); {WRITES}")
    one = [python.Python(), python.Python()]
    threads = [threading.Thread(target=component, args=(each, artifacts)) for each in one]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count.read_text() == "x"


def test_a_build_that_fails_says_why(language, artifacts, tmp_path):
    made(tmp_path, "print('no room here, at', os.environ['TMPDIR'] + os.sep + 'x'); sys.exit(1)")
    with pytest.raises(WasinnError, match="no room here, at x"):
        component(language, artifacts)
    made(tmp_path, WRITES)
    python._made.cache_clear()
    assert component(language, artifacts) == COMPONENT


def test_a_build_is_killed_when_the_cell_is_stopped(language, artifacts, tmp_path):
    made(tmp_path, f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)")
    cancel = CancelToken()

    def stop(_text, seconds):
        if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text():
            cancel.cancel()

    with pytest.raises(Cancelled):
        component(language, artifacts, progress=stop, cancel=cancel)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_where_it_is_not_there_it_is_said_what_to_install(language, monkeypatch, tmp_path):
    assert language.detect() is None
    monkeypatch.setattr(python.LANGUAGE, "detect", language.detect)
    with pytest.raises(ToolchainMissing) as caught:
        Builder(tmp_path).build(Source("pass", "python"))
    assert "pip install componentize-py" in caught.value.hint


def test_a_python_without_lzma_is_told(language, artifacts, monkeypatch, tmp_path):
    (tmp_path / "python.wasm.xz").write_bytes(lzma.compress(COMPONENT))
    monkeypatch.setitem(sys.modules, "lzma", None)
    with pytest.raises(WasinnError, match="lzma"):
        component(language, artifacts)
