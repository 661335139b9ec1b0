"""Programs that their language's own run-time ends: the cell's own line, and what was said."""

from __future__ import annotations

import pytest

from tests.support.toolchains import assemblyscript_there, go_there
from wasinn_nb.guest.build.builder import Builder
from wasinn_nb.guest.build.model import Source
from wasinn_nb.guest.build.paths import cache_root
from wasinn_nb.guest.errors import GuestExit, GuestTrap
from wasinn_nb.guest.languages.asc_process import SERVICE


@pytest.fixture
def cell(runner, tmp_path):
    builder = Builder(tmp_path / "cache", toolchain_dir=cache_root())

    def cell(text, language):
        source = Source(text, language, label="In[7]", first_line=2)
        return runner.guest(builder.build(source), source=source)

    yield cell
    SERVICE.stop()


GO = """package main

import (
	"errors"
	"os"
	"strings"

	"wasinn/nn"
)

func deep(n int) int { return deep(n+1) + 1 }

func main() {
	switch os.Args[1] {
	case "index":
		println(os.Args[len(os.Args)+1])
	case "library":
		strings.Repeat("x", -1)
	case "error":
		_, err := nn.Load("nobody")
		println(errors.Is(err, nn.ErrNotFound))
		panic(err)
	case "deep":
		println(deep(0))
	case "wait":
		<-make(chan int)
	case "exit":
		os.Exit(2)
	}
}
"""


def test_panics_of_go(cell):
    go_there()
    guest = cell(GO, "go")
    for what, line, words in (
        ("index", 17, "index out of range [3] with length 2"),
        ("library", 19, "strings: negative Repeat count"),
        ("error", 23, 'loading model "nobody": not found (error 8)'),
        ("wait", 27, "all goroutines are asleep - deadlock!"),
    ):
        with pytest.raises(GuestTrap) as caught:
            guest.run(args=[what], models={})
        assert str(caught.value).startswith(f"The guest panicked at In[7]:{line}: {words}")
        assert f"{line:5d} | \t\t" in str(caught.value)
        assert caught.value.line == line
        assert caught.value.run.exit_code == 2
    with pytest.raises(GuestTrap, match=r"in the function at In\[7\]:12: stack overflow"):
        guest.run(args=["deep"])
    with pytest.raises(GuestExit, match="exited with code 2"):
        guest.run(args=["exit"])


ASSEMBLYSCRIPT = """import { Model } from "wasi_nn";

const what = process.argv[1];
if (what == "index") {
  console.log(process.argv[5]);
}
if (what == "throw") {
  throw new Error("no\\nmore");
}
if (what == "model") {
  Model.load("nobody");
}
if (what == "other") {
  console.error("abort: as others say it in cell.ts(3:5)");
  process.exit(255);
}
process.exit(255);
"""


def test_what_assemblyscript_says_at_its_end(cell):
    assemblyscript_there()
    guest = cell(ASSEMBLYSCRIPT, "assemblyscript")
    for what, line, words in (
        ("index", 6, "Index out of range."),
        ("throw", 9, "no more."),
        ("model", 12, 'loading model "nobody": not found (error 8).'),
        ("other", 3, "as others say it."),
    ):
        with pytest.raises(GuestTrap) as caught:
            guest.run(args=[what], models={})
        assert f" at In[7]:{line}: {words}" in str(caught.value)
        assert caught.value.line == line
    with pytest.raises(GuestExit, match="exited with code 255"):
        guest.run(args=["x"])
