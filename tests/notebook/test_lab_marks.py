"""What is marked in cells, and which cell a guest is from."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from wasinn_nb.api import Host
from wasinn_nb.guest.build.errors import BuildError
from wasinn_nb.guest.build.model import Diagnostic
from wasinn_nb.guest.errors import GuestRaised, GuestTrap
from wasinn_nb.notebook.lab import marks
from wasinn_nb.notebook.lab.cells import Cells
from wasinn_nb.notebook.lab.guests import Guests
from wasinn_nb.notebook.widgets.requests import Request

ABOVE = ["%%time", "%%wasinn c"]


@pytest.fixture
def host(toolchain_dir):
    host = Host()
    yield host
    host.close()


def build(host, source, language="c", **options):
    return host.build(source, language, label="In[1]", first_line=3, **options)


def places(found):
    return [(mark["severity"], mark["line"], mark["column"], mark["source"]) for mark in found]


# -- of compilers and runs -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "source", "place"),
    [
        ("c", "int main(void) {\n  /* \u00e4\U0001f600 */ return x;\n}\n", (4, 19, "clang")),
        ("cpp", "int main() {\n  return x;\n}\n", (4, 10, "clang")),
        ("zig", "pub fn main() void {\n    const x: u8 = 300;\n    _ = x;\n}\n", (4, 19, "zig")),
        ("wat", "(module\n  (func (result i32)))", (4, 3, "wat")),
        ("c", "int f(void) { return 1; }\n", (2, 0, "clang")),
    ],
)
def test_an_error_is_where_its_compiler_says_in_characters_of_the_cell(
    host, language, source, place
):
    with pytest.raises(BuildError) as refused:
        build(host, source, language)
    found = marks.of_error(refused.value, ABOVE)
    assert places(found) == [("error", *place)]
    assert found[0]["text"] == [*ABOVE, *source.split("\n")][place[0] - 1]


def test_warnings_of_a_build_are_there_also_when_it_comes_from_the_cache(host):
    source = "int main(void) {\n  int unused;\n}\n"
    for _ in range(2):
        guest = build(host, source)
        assert places(marks.of_build(guest)) == [("warning", 4, 7, "clang")]
    assert guest.built.from_cache


@pytest.mark.parametrize(
    ("language", "source", "line"),
    [
        ("c", "#include <stdlib.h>\nint main(void) {\n  abort();\n}\n", 5),
        ("zig", 'pub fn main() void {\n    @panic("over");\n}\n', 4),
        ("wat", '(module\n  (func)\n  (func (export "_start")\n    unreachable))', 5),
    ],
)
def test_a_trap_is_at_its_line_and_in_a_text_at_its_function(host, language, source, line):
    guest = build(host, source, language)
    with pytest.raises(GuestTrap) as trapped:
        guest.run()
    [mark] = marks.of_run(guest, trapped.value.run)
    assert (mark["severity"], mark["line"], mark["source"]) == ("trap", line, "wasmtime")
    assert mark["text"] == source.split("\n")[line - 3]
    assert mark["column"] > 0
    assert f"In[1]:{line}: " in mark["message"]


def test_what_a_script_did_not_catch_is_at_its_line(host):
    guest = build(host, "\nfunction f(x) {\n  return x.y.z\n}\nf({})\n", "js")
    with pytest.raises(GuestRaised) as raised:
        guest.run()
    [mark] = marks.of_run(guest, raised.value.run)
    assert (mark["severity"], mark["line"], mark["source"]) == ("error", 5, "js")
    assert mark["text"] == "  return x.y.z"
    assert mark["message"].startswith("TypeError")
    with pytest.raises(BuildError) as refused:
        build(host, "let x = ;", "js")
    assert places(marks.of_error(refused.value, ABOVE)) == [("error", 3, 9, "js")]


def test_marks_are_few_and_bearable():
    many = [Diagnostic("error", f"no. {n}", 3, 1, "x") for n in range(60)]
    long = [
        Diagnostic("error", "m" * 10_000, 3, 1, "x"),
        Diagnostic("error", "m", 3, 1, "x" * 9999),
    ]
    assert len(marks.of_error(BuildError(many, label="In[1]"), ABOVE)) == 50
    [mark] = marks.of_error(BuildError(long, label="In[1]"), ABOVE)
    assert len(mark["message"]) == 2000


# -- of cells --------------------------------------------------------------------------------------


def number(n):
    return [{"line": n}]


def test_the_marks_of_a_hundred_cells_are_kept():
    told = []
    cells = Cells(lambda kind, **data: told.append((kind, data)))
    for n in range(120):
        build = cells.origin(str(n), ["%%wasinn c"])
        cells.ended(build, None)
        cells.mark(build, number(n))
    assert [known["cell"] for known in cells.marks()] == [str(n) for n in range(20, 120)]
    assert [data["cell"] for _, data in told] == [str(n) for n in range(120)]


def test_what_a_page_knows_is_said_again_only_after_a_build():
    told = []
    cells = Cells(lambda _kind, **data: told.append(data["marks"]))
    build = cells.origin("cell", ["%%wasinn c"])
    cells.ended(build, None)
    cells.mark(build, number(1))
    cells.mark(build, number(1), again=False)
    cells.mark(build, number(1))
    cells.mark(build, [], again=False)
    cells.mark(build, [], again=False)
    assert told == [number(1), number(1), []]


class Named:
    """As much of a guest as lists of guests need."""

    def __init__(self, label):
        self.label, self.language, self.wasm, self.built = label, "c", b"\0asm", self


def listed(host, cells):
    rows = Guests(host, cells).handlers()["guests"](Request({"kind": "guests"}))["guests"]
    return [(row["name"], row["cell"]) for row in rows]


def test_each_cell_s_last_guest_can_be_had_though_another_took_its_name():
    cells = Cells(lambda *_, **__: None)
    host = SimpleNamespace(guests={})
    for count, (name, cell) in enumerate(
        [("In[1]", "a"), ("x", "a"), ("In[3]", "b"), ("x", "c")], 1
    ):
        guest = Named(f"In[{count}]")
        host.guests.pop(name, None)
        host.guests[name] = guest
        cells.ended(cells.origin(cell, []), guest)
    host.guests["file.wasm"] = Named("file.wasm")
    rows = [("file.wasm", None), ("x", "c"), ("In[3]", "b"), ("In[2]", "a"), ("In[1]", "a")]
    assert listed(host, cells) == rows


def test_guests_of_fifty_cells_are_kept():
    cells = Cells(lambda *_, **__: None)
    made = [Named(f"In[{n}]") for n in range(60)]
    for n, guest in enumerate(made):
        cells.ended(cells.origin(str(n), []), guest)
    assert cells.guests() == made[:9:-1]


def test_a_build_that_fails_leaves_the_guest_that_there_was():
    cells = Cells(lambda *_, **__: None)
    guest = Named("In[1]")
    cells.ended(cells.origin("a", []), guest)
    cells.origin("a", ABOVE).refused(BuildError([], label="In[2]"))
    assert cells.guests() == [guest]
