"""Sources, headers of binaries, and names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasinn_nb.guest.build.model import InvalidWasm, Source, kind
from wasinn_nb.guest.build.relabel import relabel
from wasinn_nb.guest.build.render import in_characters

MODULE = b"\0asm\x01\x00\x00\x00"


def test_modules_and_components_are_told_apart():
    assert kind(MODULE) == "module"
    assert kind(MODULE + b"anything") == "module"
    assert kind(b"\0asm\x0d\x00\x01\x00") == "component"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"\x7fELF\x02\x01\x01\x00", "not a WebAssembly binary"),
        (b"  (module)", "text, not a binary"),
        (b"\0asm\x01\x00", "ends after 6 bytes"),
        (b"\0asm\x02\x00\x00\x00", "version 0x2"),
    ],
)
def test_other_bytes_are_refused_with_the_reason(data, says):
    with pytest.raises(InvalidWasm, match=says):
        kind(data)


@given(st.binary(max_size=16))
def test_any_bytes_get_an_answer(data):
    try:
        assert kind(data) in ("module", "component")
    except InvalidWasm:
        assert not data.startswith(MODULE)


@given(st.text(), st.integers(-3, 30), st.integers(1, 9))
def test_lines_are_the_user_s(text, number, first):
    lines = text.split("\n")
    expected = lines[number - first] if first <= number < first + len(lines) else None
    found = Source(text, "c", first_line=first).line(number)
    assert found == (expected if expected is None else expected.rstrip("\r"))


@given(st.text(min_size=1, max_size=40))
def test_columns_count_characters(line):
    for at in range(len(line)):
        assert in_characters(len(line[:at].encode("utf-8", "surrogatepass")) + 1, line) == at + 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("at /wasinn/cell.c:5:3", "at In[7]:5:3"),
        ("Assertion failed: x (cell.cpp: main: 7)", "Assertion failed: x (In[7]: main: 7)"),
        ("at ../../wasinn////////cell.zig:3:5", "at In[7]:3:5"),
        ("at C:\\Temp\\wasinn-x\\cell.zig:3:5", "at In[7]:3:5"),
        ("supercell.c cell.cc cell.c.o my-cell.c", "supercell.c cell.cc cell.c.o my-cell.c"),
        ("at /a/site-packages/ziglang/lib/libc/musl/x.c:1", "at libc/musl/x.c:1"),
        ("cell.c", "In[7]"),
    ],
)
def test_names_become_the_user_s(text, shown):
    assert relabel(text, Source("", "c", label="In[7]")) == shown


def test_a_label_is_not_a_pattern():
    assert relabel("cell.c:1", Source("", "c", label=r"\1\g<0>")) == r"\1\g<0>:1"
