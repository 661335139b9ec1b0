"""C for what WIT declares: the header that ships, and the world of a cell."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import wasinn_nb as wn
from scripts import bindings
from wasinn_nb.guest.build.errors import BuildError
from wasinn_nb.guest.errors import GuestResultError

HERE = Path(__file__).parent
NAMES = {"text": "bindings-text", "digits": "bindings-digits"}


@pytest.fixture(scope="module")
def host(toolchain_dir):
    host = wn.host()
    host.load(NAMES["text"], "builtin:tinytales")
    host.load(NAMES["digits"], "builtin:digits")
    yield host
    for name in NAMES.values():
        host.forget(name)


def test_the_header_is_what_the_wit_files_say():
    assert bindings.HEADER.read_text("utf-8") == bindings.written(), (
        "run python -m scripts.bindings"
    )


def test_a_cell_calls_the_interfaces_as_they_are(host):
    guest = host.build((HERE / "resources.c").read_text("utf-8"), "c", abi="component")
    run = guest.run(models=NAMES)
    lines = run.stdout.splitlines()
    assert lines[0].startswith("nobody: 6 The guest asked for the model 'nobody'")
    assert lines[1:3] == ["probabilities: type 1, 40 bytes", "llama 1024 1"]
    assert lines[4:] == ["end 1 after 12", "12 tokens, 1", "nobody"]
    assert lines[3] == run.text
    assert {"wasi:nn/inference@0.2.0-rc-2024-10-28", "wasinn:llm/models@0.1.0"} < {
        one.module for one in guest.imports
    }


def test_it_is_told_what_a_component_is_built_with(host):
    with pytest.raises(BuildError, match="--abi component"):
        host.build("#include <wasi_nn_component.h>\nint main(void) { return 0; }\n", "c")


WIT = """
package demo:shapes;
interface shapes {
  record point { x: f32, y: f64 }
  variant shape { nothing, circle(point), text(string), many(list<point>), either(u64), or(f32) }
  enum hue { red, light-blue }
  flags styles { bold, wide }
  move: func(shape: shape, hue: hue, by: point) -> shape;
  next: func(a: bool, c: char, styles: styles) -> option<char>;
}
interface places { record place { x: f32, y: f64 } }
/// A library.
world library {
  use places.{place};
  export shapes;
  export near: func(to: place) -> f64;
  /// The index of the largest.
  export classify: func(image: list<f32>) -> u32;
  export shout: func(text: string, times: option<u8>) -> result<string, string>;
  export total: func(points: list<tuple<u8, s64>>, names: list<string>) -> tuple<s64, u32>;
  export long: func(a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64, h: u64, i: u64,
    j: u64, k: u64, l: u64, m: u64, n: u64, o: u64, p: string) -> u64;
  export sums: interface { double: func(x: f64) -> f64; }
}
"""
LIBRARY = """
#include <ctype.h>
uint32_t classify(wit_list_f32_t image) {
    uint32_t best = 0;
    for (uint32_t i = 1; i < image.size; i++)
        if (image.data[i] > image.data[best]) best = i;
    return best;
}
wit_result_string_string_t shout(wit_string_t text, wit_option_u8_t times) {
    wit_result_string_string_t told = {0};
    if (!text.size) {
        told.failed = true;
        told.error = wit_text(strdup("nothing to shout"));
        return told;
    }
    told.value.size = text.size * (times.some ? times.value : 1);
    told.value.data = malloc(told.value.size);
    for (uint32_t i = 0; i < told.value.size; i++)
        told.value.data[i] = toupper(text.data[i % text.size]);
    return told;
}
shape_t shapes_move(shape_t shape, hue_t hue, point_t by) {
    if (shape.tag == SHAPE_CIRCLE) shape.circle.x += by.x, shape.circle.y += by.y;
    if (shape.tag == SHAPE_EITHER) shape.either++;
    if (shape.tag == SHAPE_OR) shape.or_ /= 2;
    if (shape.tag == SHAPE_TEXT) shape.text = wit_text(strdup(hue == HUE_RED ? "red" : "blue"));
    if (shape.tag == SHAPE_MANY) {
        wit_list_point_t moved = {malloc(shape.many.size * sizeof(point_t)), shape.many.size};
        for (uint32_t i = 0; i < moved.size; i++)
            moved.data[i] = (point_t){shape.many.data[i].x + by.x, shape.many.data[i].y + by.y};
        shape.many = moved;
    }
    return shape;
}
wit_tuple_s64_u32_t total(wit_list_tuple_u8_s64_t points, wit_list_string_t names) {
    wit_tuple_s64_u32_t sums = {0, 0};
    for (uint32_t i = 0; i < points.size; i++) sums.f0 += points.data[i].f0 * points.data[i].f1;
    for (uint32_t i = 0; i < names.size; i++) sums.f1 += names.data[i].size;
    return sums;
}
wit_option_char_t shapes_next(bool a, uint32_t c, styles_t styles) {
    return (wit_option_char_t){a, c + (styles & STYLES_WIDE ? 1 : 2)};
}
uint64_t long_(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, uint64_t g,
               uint64_t h, uint64_t i, uint64_t j, uint64_t k, uint64_t l, uint64_t m, uint64_t n,
               uint64_t o, wit_string_t p) {
    return a + o * p.size;
}
double near(place_t to) { return to.x + to.y; }
double sums_double_(double x) { return x * 2; }
"""


@pytest.mark.parametrize("language", ["c", "cpp"])
def test_the_exports_of_a_world_are_called_from_python(host, language):
    exports = host.build(
        LIBRARY if language == "c" else _cpp(), language, abi="component", wit=WIT
    ).exports
    image = np.zeros(5000, np.float32)
    image[1234] = 1
    assert exports.classify(image) == 1234
    assert exports.classify([]) == 0
    assert exports.shout("hé", 3) == "HéHéHé"
    assert exports.shout("a", None) == "A"
    with pytest.raises(GuestResultError, match="nothing to shout"):
        exports.shout("", None)
    assert exports.total([(2, -3), (1, 10)], ["a", "bcé"]) == (4, 5)
    assert exports.long(*range(1, 16), "abc") == 46
    assert exports.near({"x": 1, "y": 2}) == 3
    shapes = exports.shapes
    assert shapes.next(True, "x", {"wide"}) == "y"
    assert shapes.next(False, "x", set()) is None
    shape = shapes.Shape
    for given, moved in (
        (shape.Circle(shapes.Point(1, 2)), shape.Circle(shapes.Point(11, 22))),
        (shape.Either(2**63), shape.Either(2**63 + 1)),
        (shape.Or(3), shape.Or(1.5)),
        (shape.Text("x"), shape.Text("blue")),
        (
            shape.Many([{"x": 1, "y": 2}, shapes.Point(3, 4)]),
            shape.Many([shapes.Point(11, 22), shapes.Point(13, 24)]),
        ),
        ("nothing", shape.Nothing()),
    ):
        assert shapes.move(given, "light-blue", {"x": 10, "y": 20}) == moved
    assert "largest" in exports.classify.__doc__
    assert exports.sums.double(2.5) == 5


def _cpp():
    return (
        LIBRARY.replace("= {0};", "= {};")
        .replace("= malloc(", "= (char *)malloc(")
        .replace("{malloc(", "{(point_t *)malloc(")
    )


def test_a_function_of_another_type_is_an_error_at_its_line(host):
    source = "int x;\nfloat classify(int image) { return 0; }\n"
    with pytest.raises(BuildError) as raised:
        host.build(
            source, "c", abi="component", first_line=2,
            wit="package a:b; world w { export classify: func(image: list<f32>) -> u32; }",
        )  # fmt: skip
    assert raised.value.diagnostics[0].line == 3
    assert "conflicting types for 'classify'" in raised.value.diagnostics[0].message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("export f: func(x: stream<u8>);", "w#f has a type .* yet: 'stream'"),
        ("import f: func(x: list<map<string, u8>>);", "w#f has a type .* yet: 'map'"),
        ("export f: func(x: list<u8, 4>);", "w#f has a type .* lists of a fixed length"),
        ("import f: async func();", "w#f is asynchronous"),
        ("import i: interface { type t = future; }", r"i\.t has a type .* yet: 'future'"),
        ("type e = error-context;", r"w\.e has a type .* yet: 'error-context'"),
    ],
)
def test_what_components_cannot_have_yet(host, text, words):
    with pytest.raises(BuildError, match=f"in the WIT: .*{words}"):
        host.build("int x;\n", "c", abi="component", wit=f"world w {{ {text} }}")


def test_a_function_that_is_missing_is_named(host):
    with pytest.raises(BuildError, match="classify"):
        host.build("int x;\n", "c", abi="component", wit="world w { export classify: func(); }")


def test_the_programs_of_the_page_run(host):
    page = (HERE.parents[2] / "docs" / "components.md").read_text("utf-8")
    section = page[page.index("## Components from C") : page.index("## WASI")]
    program = re.search(r"```c\n(.*?)```", section, re.DOTALL)[1]
    run = host.build(program, "c", abi="component").run(models={"default": NAMES["text"]})
    assert run.tokens >= 50
    assert run.stdout == run.text
    world = re.search(r'WORLD = """(.*?)"""', section, re.DOTALL)[1]
    cell = re.search(r"```text\n(%%wasinn c .*--wit WORLD.*?)\n(.*?)```", section, re.DOTALL)[2]
    library = host.build(cell, "c", abi="component", wit=world)
    assert library.exports.brightest([1, 5, 3]) == 1
