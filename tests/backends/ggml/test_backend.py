"""The backend's own calls: status, load and its errors, the log, memory given back."""

from __future__ import annotations

import subprocess
import sys
import tempfile

import pytest

from tests.backends.ggml.architectures import write_lora
from wasinn_nb.backends import catalog
from wasinn_nb.backends.ggml.loading import WeightsLoad
from wasinn_nb.backends.ggml.logs import LOG, NativeLog
from wasinn_nb.backends.ggml.native import native
from wasinn_nb.backends.ggml.params import model_params
from wasinn_nb.models import builtin_path
from wasinn_nb.nn.backend import Backend, ExecutionContext, Graph, ModelFiles
from wasinn_nb.nn.errors import InvalidArgument, MissingMemory, ModelNotFound, NNError
from wasinn_nb.nn.registry import ModelRegistry
from wasinn_nb.nn.sources import SourceResolver
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding


def test_the_protocols(backend, load):
    graph = load()
    context = graph.create_context(graph.config)
    assert isinstance(backend, Backend)
    assert isinstance(graph, Graph)
    assert isinstance(context, ExecutionContext)
    assert context.output_tensor(0) is None
    assert catalog().keys() == {"ggml"} | (catalog().keys() - {"ggml"})


def test_status_names_the_devices(backend):
    status = backend.status()
    assert status.available
    assert "llama.cpp" in status.version
    cpu = next(d for d in status.devices if d.target is ExecutionTarget.CPU)
    assert cpu.total > 0


def test_inspect_and_estimate(backend, random_path):
    info = backend.inspect(ModelFiles((random_path,), "random"))
    assert (info.architecture, info.layers, info.vocabulary) == ("llama", 2, 512)
    config = backend.normalise(backend.schema().resolve(load={"ctx-size": 1024}))
    size = backend.estimate(info, config)
    assert size.kv_cache == 2 * 1024 * 64 * 2 * 2
    small = backend.normalise(backend.schema().resolve(load={"ctx-size": 1024, "cache-type-k": 8}))
    assert backend.estimate(info, small).kv_cache < size.kv_cache


def test_load_reports_progress_and_memory(load):
    fractions = []
    graph = load(progress=lambda _what, fraction: fractions.append(fraction))
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert graph.device == "CPU" or native().offloads
    assert graph.memory().weights > 100_000
    graph.close()
    graph.close()


def test_missing_damaged_and_foreign_files(backend, random_path, tmp_path, load):
    with pytest.raises(ModelNotFound):
        backend.inspect(ModelFiles((tmp_path / "none.gguf",), "none"))
    config = backend.normalise(backend.schema().resolve())
    info = backend.inspect(ModelFiles((random_path,), "random"))
    for number, data in enumerate((b"", b"GGUF", random_path.read_bytes()[:9000], b"x" * 999)):
        path = tmp_path / f"bad{number}.gguf"
        path.write_bytes(data)
        with pytest.raises(NNError):
            backend.inspect(ModelFiles((path,), str(path)))
        with pytest.raises(NNError):
            backend.load(ModelFiles((path,), "x"), info, config, target=ExecutionTarget.AUTO)
    with pytest.raises(InvalidArgument):
        backend.inspect(ModelFiles((random_path, random_path), "two"))
    load()


@pytest.mark.parametrize("kept", [0, 3, 9000, -1])
def test_a_guest_s_own_bytes_are_no_file_in_messages(backend, random_path, tmp_path, kept):
    resolver = SourceResolver(cache_dir=tmp_path, builtin=builtin_path)
    registry = ModelRegistry({"ggml": backend}, resolver)
    data = random_path.read_bytes()[:kept] or b"none"
    with pytest.raises(NNError, match="The model given as bytes ") as caught:
        registry.acquire_buffers(
            [data], encoding=GraphEncoding.GGML, target=ExecutionTarget.CPU, holder="run 1"
        )
    assert tempfile.gettempdir() not in str(caught.value)
    assert "Name a" not in str(caught.value)


@pytest.mark.parametrize("data", [None, b"GGUF and nothing that follows"], ids=["gone", "damaged"])
def test_what_llama_cpp_refuses_is_told_without_its_folder(backend, tmp_path, data):
    path = tmp_path / "part-0"
    if data is not None:
        path.write_bytes(data)
    library = native()
    params, alive = model_params(library, backend.normalise(backend.schema().resolve()))
    load = WeightsLoad(library, path, params, alive, progress=None, cancel=None)
    with pytest.raises(NNError, match="part-0") as caught:
        load.address()
    assert str(tmp_path) not in str(caught.value)


def test_a_context_that_cannot_fit_is_refused_with_the_numbers(context):
    driver = context(ctx_size=2**27)
    driver.prompt("hello")
    with pytest.raises(MissingMemory, match="GB"):
        driver.compute()
    driver.settings(ctx_size=256, n_predict=2)
    driver.compute()


def test_an_adapter_changes_the_text_by_its_scale(context, tmp_path):
    path = tmp_path / "adapter.gguf"
    write_lora(path, 64)
    plain = context(n_predict=20).generate("hello")
    adapted = context(n_predict=20, lora=str(path)).generate("hello")
    assert adapted != plain
    assert context(n_predict=20, lora=str(path), lora_scale=0.0).generate("hello") == plain
    assert context(n_predict=20, lora=str(path)).generate("hello") == adapted


def test_an_adapter_for_another_model_is_refused(context, tmp_path):
    path = tmp_path / "adapter.gguf"
    write_lora(path, 32)
    driver = context(lora=str(path))
    driver.prompt("hello")
    with pytest.raises(InvalidArgument, match="adapter"):
        driver.compute()


@pytest.mark.parametrize("path", ["none", "model"])
def test_bad_adapters_are_refused(context, random_path, tmp_path, path):
    driver = context(lora=str(random_path if path == "model" else tmp_path / "none.gguf"))
    driver.prompt("hello")
    with pytest.raises((ModelNotFound, InvalidArgument)):
        driver.compute()


def test_the_log_is_kept_and_captured(load):
    with LOG.capture() as capture:
        load()
    assert any("load_tensors" in text for _, text in capture.lines)
    assert "[info]" in LOG.text()


def test_lines_are_put_together_and_complaints_found():
    log = NativeLog()
    with log.capture() as capture:
        for level, text in (
            (2, b"load: half a "), (5, b"line\n"), (2, b"...."), (5, b"..\n"),
            (1, b"debug: noise "), (5, b"and more\n"),
            (3, b"warn: careful\n"), (4, b"load_model: file is \xff bad\n"), (4, None),
            (9, b"odd\n"),
        ):  # fmt: skip
            log._receive(level, text, None)
    assert [text for _, text in capture.lines] == [
        "load: half a line", "warn: careful", "load_model: file is \ufffd bad", "odd",
    ]  # fmt: skip
    assert capture.complaint() == "file is \ufffd bad"
    assert list(log.lines) == list(capture.lines)


QUIET = """
import sys
from pathlib import Path
from tests.backends.ggml.hostile import Target
target = Target(Path(sys.argv[1]))
target.attack({"grammar": 'root ::= "a"', "n-predict": 3}, load=True)
target.attack({"rope-scaling-type": 2, "ctx-size": 8192}, load=True)
Path(sys.argv[2]).write_bytes(b"GGUF")
try:
    target.backend.inspect(type(target.files)((Path(sys.argv[2]),), "x"))
except Exception:
    pass
"""


def test_nothing_is_printed(random_path, tmp_path, root):
    done = subprocess.run(
        [sys.executable, "-c", QUIET, str(random_path), str(tmp_path / "bad.gguf")],
        cwd=root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    assert all(line.startswith("{") for line in done.stdout.splitlines())
