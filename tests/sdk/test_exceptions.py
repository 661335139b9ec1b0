"""The C++ layer with exceptions on, as cells are built."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.sdk.scripted_host import Script, run
from wasinn_nb.guest.build.builder import Builder
from wasinn_nb.guest.build.model import Source

if TYPE_CHECKING:
    import wasmtime

FAILING_STREAM = """
#include <cstdio>
#include <wasi_nn.hpp>

int main() {
    wasi_nn::Model model("default");
    wasi_nn::Context context(model);
    wasi_nn::Chat chat(context);
    try {
        chat.say("far too long for the context");
    } catch (const wasi_nn::Error &error) {
        std::printf("%d %zu messages\\n", error.code(), chat.size());
    }
    try {
        for (auto piece : chat.stream("ok")) throw 7;
    } catch (int seven) {
        std::printf("%zu messages\\n", chat.size());
    }
    try {
        wasi_nn::Context other(wasi_nn::Model::try_load("default").value());
        other.configure(wasi_nn::Config{}.set("temp", 1.0 / 0.0));
    } catch (const wasi_nn::Error &error) {
        std::printf("%s\\n", error.what());
    }
}
"""


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = Builder().build(Source(FAILING_STREAM, "cpp", flags=("-Wno-unused-variable",)))
    wasm = tmp_path_factory.mktemp("exceptions") / "guest.wasm"
    wasm.write_bytes(built.wasm)
    return wasm


def test_failures_are_thrown_and_leave_everything_in_order(
    engine: wasmtime.Engine, failing: Path
) -> None:
    script = Script(prompt_limit=70)
    done = run(engine, failing, script)
    assert done.trap is None, done.stderr
    assert done.stdout.splitlines() == [
        "102 0 messages",
        "2 messages",
        "the settings could not be written: invalid argument (error 1)",
    ]
    assert len(done.named("finalize_execution_context")) == 2
