"""Core guests as components: the adapter says what the core host would have said."""

from __future__ import annotations

import gc
from pathlib import Path

import psutil
import pytest
import wasmtime
from wasmtime import component

import wasinn_nb as wn
from scripts import adapters
from tests.abi.models import Shelf
from wasinn_nb.abi.wit.session import Session
from wasinn_nb.guest import octets

HERE = Path(__file__).parent
NAMES = {"text": "adapter-text", "digits": "adapter-digits"}


@pytest.fixture(scope="module")
def host(toolchain_dir):
    host = wn.host()
    host.load(NAMES["text"], "builtin:tinytales")
    host.load(NAMES["digits"], "builtin:digits")
    yield host
    for name in NAMES.values():
        host.forget(name)


def built(host, source, abi="component", **options):
    text = (HERE / source).read_text("utf-8") if source.endswith(".c") else source
    return host.build(text, "c", abi=abi, **options)


def test_the_adapters_are_what_their_sources_give(toolchain_dir):
    for name, data in adapters.compiled().items():
        assert (adapters.FOLDER / f"{name}.wasm").read_bytes() == data, (
            "run python -m scripts.adapters"
        )


def test_files_clocks_and_streams_are_those_of_the_core_abi(host, tmp_path):
    said = []
    for abi in ("core", "component"):
        (shut := tmp_path / f"ro-{abi}").mkdir()
        (given := tmp_path / f"rw-{abi}").mkdir()
        (shut / "given").write_text("here\n")
        run = built(host, "wasi.c", abi).run(
            dirs={given: ("/io", "rw"), shut: "/ro"},
            stdin="x\ny\n" * 5000,
            env={"HOME": "/nowhere=é", "EMPTY": ""},
        )
        assert run.stderr == ""
        said.append(run.stdout)
        assert (given / "d" / "c.txt").stat().st_mtime_ns == 2_000_000_000_007
    assert said[0] == said[1]
    assert "slept 1\nnow 1\n" in said[0]
    assert said[0].endswith("stdin y\n/nowhere=é \n")


MOVED = """
#include <fcntl.h>
#include <unistd.h>
#include <wasi/api.h>
int main(void) {
    char text[8];
    int out = open("/io/out", O_CREAT | O_RDWR, 0666), in = open("/io/in", O_CREAT | O_RDWR, 0666);
    if (__wasi_fd_renumber(STDOUT_FILENO, out) || __wasi_fd_renumber(STDIN_FILENO, in)) return 1;
    return write(out, text, read(in, text, sizeof text)) != 3;
}
"""


def test_a_stream_that_nobody_used_yet_goes_on_under_another_number(host, tmp_path):
    for abi in ("core", "component"):
        run = built(host, MOVED, abi).run(dirs={tmp_path: ("/io", "rw")}, stdin="abc")
        assert (run.stdout, run.stderr) == ("abc", "")


def test_directories_are_listed_once_from_any_entry_and_side_by_side(host, tmp_path):
    for name, count in (("many", 3000), ("few", 300)):
        (tmp_path / name).mkdir()
        for i in range(count):
            (tmp_path / name / f"{name} é {i}").touch()
    dirs = {tmp_path / name: (f"/{name}", "ro") for name in ("many", "few")}
    run = built(host, "listings.c").run(dirs=dirs)
    assert run.stderr == "2001 0 2001 302 3002\n"
    names = run.stdout.splitlines()
    assert sorted(names) == sorted([".", "..", *(f"many é {i}" for i in range(3000))])


def test_whatever_a_guest_gives_is_answered_with_the_same_number(host):
    said = [built(host, "hostile.c", abi).run(models=NAMES).stdout for abi in ("core", "component")]
    assert said[0] == said[1]
    assert said[0].count(": 1\n") > 30


STANDARD = """
#define WASI_NN_STANDARD_ONLY
#include <stdio.h>
#include <string.h>
#include <wasi_nn.h>
#define SETTINGS "{\\"temp\\": 0, \\"n-predict\\": 12}"
int main(void) {
    uint32_t graph, context, size = 0, dims[4] = {2, 1, 8, 8};
    float pixels[128] = {0, 1, 2, 3}, scores[20];
    char text[4096];
    wasi_nn_tensor image = {dims, 4, WASI_NN_TYPE_F32, pixels, sizeof pixels};
    printf("%d", wasi_nn_load_by_name("nobody", 6, &graph));
    printf(" %d", wasi_nn_load_by_name("gone", 4, &graph));
    printf(" %d", wasi_nn_load_by_name("digits", 6, &graph));
    printf(" %d", wasi_nn_init_execution_context(graph, &context));
    printf(" %d", wasi_nn_compute(context));
    printf(" %d", wasi_nn_set_input(context, 0, &image));
    printf(" %d", wasi_nn_compute(context));
    printf(" %d", wasi_nn_get_output(context, 0, scores, 8, &size));
    printf(" %d %u", wasi_nn_get_output(context, 0, scores, sizeof scores, &size), size);
    printf(" %d\\n", wasi_nn_get_output(context, 1, scores, sizeof scores, &size));
    for (int i = 0; i < 20; i++) printf("%.4f ", scores[i]);
    printf("\\n%d", wasi_nn_load_by_name("text", 4, &graph));
    printf(" %d", wasi_nn_init_execution_context(graph, &context));
    printf(" %d", wasi_nn_set_input_text(context, 1, SETTINGS, strlen(SETTINGS)));
    printf(" %d", wasi_nn_set_input_text(context, 0, "Once upon a time", 16));
    printf(" %d", wasi_nn_compute(context));
    printf(" %d %u", wasi_nn_get_output(context, 0, text, 5, &size), size);
    printf(" %.5s", text);
    printf(" %d\\n", wasi_nn_get_output(context, 0, text, sizeof text, &size));
    fwrite(text, 1, size, stdout);
    for (int i = 0; i < 4096; i++) text[i] = "and "[i % 4];
    printf("\\n%d", wasi_nn_set_input_text(context, 0, text, 4096));
    printf(" %d\\n", wasi_nn_compute(context));
    return 0;
}
"""


def test_what_needs_the_standard_alone_imports_the_standard_alone(host, tmp_path):
    (tmp_path / "gone.gguf").write_bytes(b"GGUF")
    host.preload(f"adapter-gone:ggml:auto:{tmp_path / 'gone.gguf'}")
    (tmp_path / "gone.gguf").unlink()
    models = NAMES | {"gone": "adapter-gone"}
    said = [built(host, STANDARD, abi).run(models=models).stdout for abi in ("core", "component")]
    host.forget("adapter-gone")
    assert octets.find(built(host, STANDARD).wasm) is not None
    packages = {one.module.partition("/")[0] for one in built(host, STANDARD).imports}
    assert {name for name in packages if "nn" in name} == {"wasi:nn"}
    assert said[0] == said[1]
    assert said[1].startswith("8 103 0 0 ")
    assert said[1].endswith(" 102\n")


EMPTY = """
#include <stdio.h>
#include <string.h>
#include <wasi_nn.h>
#define ROOM 245888
static char text[ROOM], tail[ROOM];
static uint32_t graph, context, size;
static void ask(char *buffer) {
    size = 9;
    memset(text, 0, 64);
    printf("%d", wasi_nn_get_output(context, 0, buffer, 0, &size));
    printf(" %u [%.60s]\\n", size, text);
}
int main(void) {
    uint32_t dims[4] = {1, 1, 8, 8};
    float pixels[64] = {0};
    char *end = (char *)(uintptr_t)(__builtin_wasm_memory_size(0) * 65536);
    wasi_nn_tensor image = {dims, 4, WASI_NN_TYPE_F32, pixels, sizeof pixels};
    wasi_nn_load_by_name("text", 4, &graph);
    wasi_nn_init_execution_context(graph, &context);
    wasi_nn_set_input_text(context, 1, "{\\"temp\\": 0, \\"n-predict\\": 9}", 27);
    wasi_nn_set_input_text(context, 0, "Once upon", 9);
    printf("%d\\n", wasi_nn_compute(context));
    ask(text);
    ask(NULL);
    ask((char *)1);
    ask(end - ROOM + 1);
    ask(end);
#ifndef WASI_NN_STANDARD_ONLY
    wasi_nn_fini_single(context);
    wasi_nn_compute_single(context);
    wasi_nn_compute_single(context);
    size = 9;
    printf("%d", wasi_nn_get_output_single(context, 0, text, 0, &size));
    printf(" %u [%.9s]\\n", size, text);
#endif
    wasi_nn_load_by_name("digits", 6, &graph);
    wasi_nn_init_execution_context(graph, &context);
    wasi_nn_set_input(context, 0, &image);
    wasi_nn_compute(context);
    ask(text);
    return tail[0];
}
"""


@pytest.mark.parametrize("standard", [False, True])
def test_a_buffer_of_no_size_is_what_it_is_to_the_core_host(host, standard):
    source = "#define WASI_NN_STANDARD_ONLY\n" * standard + EMPTY
    said = [built(host, source, abi).run(models=NAMES).stdout for abi in ("core", "component")]
    assert said[0] == said[1]
    lines = said[0].splitlines()
    assert lines[1].startswith("0 ")
    assert lines[2:6] == [f"7 {lines[1].split()[1]} []"] * 4
    assert lines[-1] == "7 40 []"


@pytest.mark.parametrize(("compat", "code"), [("auto", 0), ("strict", 7)])
def test_the_run_says_whether_buffers_of_no_size_are_llamaedges(host, compat, code):
    run = built(host, EMPTY).run(models=NAMES, compat=compat)
    assert run.stdout.splitlines()[1].startswith(f"{code} ")


def test_no_module_of_a_component_has_two_memories(host):
    config = wasmtime.Config()
    config.wasm_multi_memory = False
    engine = wasmtime.Engine(config)
    for source in (STANDARD, EMPTY):
        component.Component(engine, built(host, source).wasm)


class Cycling:
    """A guest of a run of its own, which lives on after its program has ended."""

    def __init__(self, wasm, *args):
        engine = wasmtime.Engine()
        self.shelf = Shelf()
        self.shelf.calls.record = lambda call: None
        self.shelf.loads = self.shelf.failures = self.shelf.read = Forgetting()
        self.session = Session(self.shelf)
        self.linker = component.Linker(engine)
        self.linker.add_wasip2()
        self.kept = self.session.define(self.linker)
        self.store = wasmtime.Store(engine)
        config = wasmtime.WasiConfig()
        config.argv = ["guest", *map(str, args)]
        self.store.set_wasi(config)
        native = component.Component(engine, wasm)
        instance = self.linker.instantiate(self.store, native)
        run = instance.get_export_index(self.store, "wasi:cli/run@0.2.0")
        run = instance.get_export_index(self.store, "run", run)
        assert instance.get_func(self.store, run)(self.store).tag == "ok"
        gc.collect()
        self.size = psutil.Process().memory_info().rss

    def close(self):
        self.store.close()
        self.linker.close()
        self.session.close()
        assert not self.shelf.bugs
        assert not self.shelf.open_contexts
        assert not self.shelf.open_leases


class Forgetting(list):
    def append(self, item):
        pass


def test_ten_thousand_graphs_contexts_and_tensors_leave_nothing(host):
    wasm = built(host, "cycles.c").wasm
    sizes = []
    for times in (500, 500, 10_000):
        guest = Cycling(wasm, 0, times, "gu")
        assert [len(table) for table in guest.session._nn.tables] == [0, 0, 0, 0]
        sizes.append(guest.size)
        guest.close()
    assert sizes[2] - sizes[1] < 2 << 20
