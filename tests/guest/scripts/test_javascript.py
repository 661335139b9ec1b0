"""JavaScript cells: what they print, what they define for each other, how they fail."""

from __future__ import annotations

import pytest

from wasinn_nb.abi.wit import probe
from wasinn_nb.guest.build.errors import BuildError
from wasinn_nb.guest.errors import GuestExit, GuestLinkError, GuestRaised, GuestTrap


def test_printing(js):
    run = js("""
print("text", 1, [1, "two"], { a: null });
console.log("%s has %d", "this", 3, new Map([["k", 1]]));
console.log();
console.log(undefined);
console.log("100%", "50%");
console.error("an error");
write("no line");""")
    assert run.stdout == (
        'text 1 [1, "two"] { a: null }\nthis has 3 Map(1) { "k" => 1 }\n'
        "\nundefined\n100% 50%\nno line"
    )
    assert run.stderr == "an error\n"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("undefined", "undefined"),
        ("-0", "-0"),
        ("12n", "12n"),
        ("[[[[[[1]]]]]]", "[[[[[[Array]]]]]]"),
        ("(() => { const o = {}; o.self = o; return o })()", "{ self: [Circular] }"),
        ("new (class Point { x = 1 })", "Point { x: 1 }"),
        ("class A {}", "[class A]"),
        ("new Float32Array(2)", "Float32Array(2) [0, 0]"),
        ("new Set(['a'])", 'Set(1) { "a" }'),
        ("new Date(0)", "1970-01-01T00:00:00.000Z"),
        ("/a+/g", "/a+/g"),
    ],
)
def test_how_values_are_shown(js, value, shown):
    assert js(f"print({value})").stdout == f"{shown}\n"


def test_arguments_environment_and_standard_input(js):
    run = js("print(args, env.LEVEL, wasi_nn.stdin())", args=["a", 2], env={"LEVEL": 3}, stdin="é")
    assert run.stdout == '["a", "2"] 3 é\n'


def test_declarations_are_there_for_the_next_cell_of_the_name(js):
    js(
        """
const one = 1, [two, , ...rest] = [2, 0, 3, 4];
let { a, b: { c } } = { a: "a", b: { c: "c" } };
class Point { constructor(x) { this.x = x; } }
function read() { return one; }
{ const inner = 1; }
for (let i = 0; i < 3; i++) {}
""",
        "kept",
    )
    run = js(
        "print(one, two, rest, a, c, new Point(5).x, read(), typeof inner, typeof i); one += 1",
        "kept",
    )
    assert run.stdout == "1 2 [3, 4] a c 5 1 undefined undefined\n"
    assert js("print(read())", "kept").stdout == "2\n"
    assert js("print(typeof one)", "other").stdout == "undefined\n"
    assert js("print(typeof one)").stdout == "undefined\n"


def test_force_forgets_what_was_defined(js):
    js("var x = 1", "kept")
    assert js("print(typeof x)", "kept", force=True).stdout == "undefined\n"


def test_text_that_only_looks_like_declarations(js):
    run = js(r"""
const s = "const q = 1; class Q {}", r = /let [/] const/, t = `let ${"x" + `const ${1}`} y`;
// const c = 1
/* class D {} */
print(s, r.source, t, 4 / 2 / 1, { const: 1, class: 2 }.const);""")
    assert run.stdout == "const q = 1; class Q {} let [/] const let xconst 1 y 2 1\n"


def test_awaiting_at_the_top(js):
    run = js(
        """
const { a, b: [c] } = await Promise.resolve({ a: 1, b: [2] });
const later = await new Promise((resolve) => setTimeout(() => resolve("later"), 20));
function read() { return later; }
print(a, c, later);""",
        "awaits",
    )
    assert run.stdout == "1 2 later\n"
    assert js("print(a, c, read())", "awaits").stdout == "1 2 later\n"


def test_timers(js):
    run = js("""
let count = 0;
const every = setInterval(() => { count += 1; if (count === 3) clearInterval(every); }, 1);
setTimeout((x) => print(x, count), 60, "at the end");
clearTimeout(setTimeout(() => print("never"), 1));
queueMicrotask(() => print("soon"));
print("now");""")
    assert run.stdout == "now\nsoon\nat the end 3\n"


def test_an_error_is_at_its_line_and_column(js):
    with pytest.raises(GuestRaised) as caught:
        js("\nfunction f(x) {\n  return x.y.z;\n}\nf({});")
    error = caught.value
    assert (error.line, error.column) == (4, 10)
    assert error.said == "TypeError: cannot read property 'z' of undefined"
    assert error.trace == ("f (In[1]:4:10)", "In[1]:6:1")
    assert str(error).split("\n")[1:3] == ["    4 |   return x.y.z;", "      |          ^"]
    assert error.run.state == "failed"


def test_an_error_in_a_function_of_an_earlier_cell(js):
    js("function f() {\n  throw new RangeError('no');\n}", "kept")
    with pytest.raises(GuestRaised) as caught:
        js("\n\nf();", "kept")
    assert caught.value.trace == ("f (In[1]:3:13)", "In[2]:4:1")
    assert caught.value.message.startswith("In[2]:4:1: RangeError: no")
    assert caught.value.line == 4


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("consle.log(1)", 1, "consle is not defined. Did you mean console?"),
        ("console.lgo(1)", 9, "console.lgo is not a function. Did you mean log?"),
        ("var x = {}; print(Math.max(x.key(x, 1)))", 30, "x.key is not a function"),
        ("function f(o) { return o.key(\n1, o) }\nf({})", 26, "o.key is not a function"),
        ("print(Math.flor(2.5))", 12, "Math.flor is not a function. Did you mean floor?"),
        ("new wasi_nn.Tesnor([1])", 13, "wasi_nn.Tesnor is not a function. Did you mean Tensor?"),
        ("Graph.load('x')", 1, "Graph is not defined. It is wasi_nn.Graph"),
        ("require('fs')", 1, "require is not defined. A cell has no packages or files; "),
        ("var o = { f: {} }; o.f.g()", 24, "TypeError: o.f.g is not a function"),
        ("[1].map(5)", 5, "TypeError: not a function"),
        ("JSON.parse('{bad')", 6, "SyntaxError: Expected property name"),
        ("const s = 'ä€😀'; class A {} foo()", 29, "foo is not defined"),
        ("function f(n) { return n ? f(n - 1) : no() }\nf(200)", 39, "no is not defined"),
        ("setTimeout(() => foo.bar(), 1)", 18, "foo is not defined"),
        ("queueMicrotask(() => foo.bar())", 22, "foo is not defined"),
        ("wasi_nn.Graph.load('story', { temperature: 'hot' })", 15, 'takes a number, not "hot"'),
        ("wasi_nn.Graph.load('storry')", 15, "Did you mean story?"),
        ("await import('fs')", 7, 'there is no module "fs"'),
    ],
)
def test_what_was_meant(js, text, column, message):
    with pytest.raises(GuestRaised) as caught:
        js(text)
    assert message in caught.value.said
    assert (caught.value.line, caught.value.column) == (2, column)


def test_an_error_without_a_place_is_at_none(js):
    with pytest.raises(GuestRaised) as caught:
        js("const { x } = undefined")
    assert caught.value.line == 0
    assert str(caught.value).startswith("In[1]: TypeError: ")


def test_no_frame_is_below_the_cell(js):
    with pytest.raises(GuestRaised) as caught:
        js("function f() { null.x }\nf();\nawait 1;")
    frames = str(caught.value).split("  at ")[1:]
    assert [frame.split(":")[1] for frame in frames] == ["2", "3"]


def test_the_one_module_is_imported(js):
    js('import nn, { Graph as G,\n  Tensor } from "wasi_nn";\nvar z = await 3;', "kept")
    assert js("print(nn.Graph === G, Tensor.name, z)", "kept").stdout == "true Tensor 3\n"
    assert (
        js('const { NNError } = await import("wasi_nn"); print(NNError.name)').stdout == "NNError\n"
    )


def test_tables_and_halves_of_characters(js):
    run = js("console.table([{ a: 1, b: 'x' }, 5], ['b', 'a']);\nprint('\\ud800|')")
    assert run.stdout.split("\n") == [
        "┌─────────┬─────┬───┐",
        "│ (index) │ b   │ a │",
        "├─────────┼─────┼───┤",
        '│ 0       │ "x" │ 1 │',
        "│ 1       │     │   │",
        "└─────────┴─────┴───┘",
        "\ufffd|",
        "",
    ]


def test_columns_behind_a_class(js):
    with pytest.raises(GuestRaised) as caught:
        js("class A {} nothing();")
    assert (caught.value.line, caught.value.column) == (2, 12)
    assert js("class A {}\n(1, print)('x')\nclass B extends (class {}) {}\n[1].map(print)").stdout


def test_an_error_that_nothing_awaits(js):
    with pytest.raises(GuestRaised, match="lost") as caught:
        js("async function main() {\n  await null;\n  throw new Error('lost');\n}\nmain()")
    assert caught.value.line == 4
    with pytest.raises(GuestRaised, match="timer"):
        js("setTimeout(() => { throw new Error('timer') }, 1)")
    with pytest.raises(GuestRaised, match="promised"):
        js("setTimeout(async () => { await null; throw new Error('promised') }, 1)")
    with pytest.raises(GuestRaised, match="nothing is going to settle"):
        js("await new Promise(() => {})")


def test_what_is_thrown_need_not_be_an_error(js):
    with pytest.raises(GuestRaised, match=r"Uncaught \{ a: 1 \}"):
        js("throw { a: 1 }")
    with pytest.raises(GuestRaised, match="caused by TypeError: inner"):
        js("throw new Error('outer', { cause: new TypeError('inner') })")


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("let x = ;", 2, 9, "unexpected"),
        ("\nfoo(1,\n", 3, 7, "unexpected end of the cell"),
        ("return 1", 2, 1, "return"),
        ("var a = 1;\nvar b b", 3, 7, "expecting ';'"),
        ("const x = 'open", 2, 11, "string"),
        ("await 1; foo(", 2, 14, "unexpected end of the cell"),
        ("\nimport fs from 'fs'", 3, 16, 'there is no module "fs"'),
        ("import { Grph } from 'wasi_nn'", 2, 10, "wasi_nn has no Grph; did you mean Graph?"),
        ("export default 1", 2, 1, "a cell exports nothing"),
    ],
)
def test_what_is_no_javascript_is_not_run(host, js, text, line, column, message):
    with pytest.raises(BuildError) as caught:
        js(text)
    (found,) = caught.value.diagnostics
    assert (found.line, found.column) == (line, column)
    assert message in found.message
    assert found.source_line == text.split("\n")[line - 2]


def test_checking_runs_nothing(js):
    with pytest.raises(BuildError):
        js("globalThis.ran = true;\nfoo(", "kept")
    assert js("print(typeof ran)", "kept").stdout == "undefined\n"


def test_a_syntax_error_in_what_a_cell_evaluates_is_no_one_of_the_cell(js):
    with pytest.raises(GuestRaised, match="SyntaxError"):
        js("\neval('a b')")


def test_a_cell_that_is_run_again_is_the_same_cell(host, js):
    text = "var n = (globalThis.n ?? 0) + 1;\nprint(n);\nif (n > 2) bad()"
    guest = host.build(text, "js", name="again")
    assert [guest.run().stdout for _ in range(2)] == ["1\n", "2\n"]
    with pytest.raises(GuestRaised) as caught:
        guest.run()
    assert caught.value.line == 3


def test_exit(js):
    assert js("exit()\nprint('not this')").stdout == ""
    for given, code in ((3, 3), (256 + 7, 7), (-1, 255), (-(2**40) - 2, 254)):
        with pytest.raises(GuestExit) as caught:
            js(f"print('before'); exit({given})")
        assert caught.value.code == code
        assert caught.value.run.stdout == "before\n"
    with pytest.raises(GuestRaised, match="a code is a whole number"):
        js("exit(1.5)")


def test_a_stack_overflow_ends_the_state_and_says_so(js):
    js("var x = 1", "kept")
    with pytest.raises(GuestTrap, match="stack overflow") as caught:
        js("function f() { f() }\nf()", "kept")
    assert "starts afresh" in caught.value.run.warnings[0]
    assert js("print(typeof x)", "kept").stdout == "undefined\n"


def test_recursion_goes_deep_enough(js):
    assert js("function f(n) { return n ? 1 + f(n - 1) : 0 }\nprint(f(2000))").stdout == "2000\n"


def test_values_are_exchanged(js):
    import numpy as np

    given = np.arange(6, dtype=np.float32).reshape(2, 3)
    run = js(
        """
const t = wasi_nn.input("array");
print(t.type, t.shape, t.at(1, 2), t.toArray());
print(wasi_nn.inputText("text"), wasi_nn.input("raw"));
wasi_nn.output("doubled", new wasi_nn.Tensor(t.data.map((x) => 2 * x), t.shape));
wasi_nn.output("said", "söme text");
wasi_nn.output("bytes", new Uint8Array([1, 2]));
for (const call of [() => wasi_nn.input("none"), () => wasi_nn.output("../x", "")]) {
  try { call() } catch (error) { print(error.name, error.code) }
}""",
        inputs={"array": given, "text": "héllo", "raw": b"\x00\xff"},
        outputs=["doubled", "said", "bytes"],
    )
    assert run.stdout.split("\n")[:-1] == [
        "FP32 [2, 3] 5 [[0, 1, 2], [3, 4, 5]]",
        "héllo Uint8Array(2) [0, 255]",
        "NotFound not-found",
        "InvalidArgument invalid-argument",
    ]
    assert (run.outputs["doubled"] == 2 * given).all()
    assert run.outputs["said"] == "söme text"
    assert run.outputs["bytes"] == b"\x01\x02"


def test_text_coding(js):
    run = js(r"""
const e = new TextEncoder(), d = new TextDecoder();
const text = "aé€😀";
print(e.encode(text).length, d.decode(e.encode(text)) === text);
print(d.decode(new Uint8Array([0xff, 0x61, 0xe2, 0x82, 0x62, 0xf0, 0x9f])));
const s = new TextDecoder(), b = e.encode("😀");
print([s.decode(b.subarray(0, 2), { stream: true }), s.decode(b.subarray(2))]);
try { new TextDecoder("utf-8", { fatal: true }).decode(b.subarray(1)) } catch (x) { print(x.name) }
print(d.decode(e.encode("x".repeat(100000))).length);""")
    assert run.stdout.split("\n")[:-1] == [
        "10 true",
        "\ufffda\ufffdb\ufffd",
        '["", "😀"]',
        "TypeError",
        "100000",
    ]


def test_random_numbers_are_new_in_every_instance(js):
    text = "print(Math.random(), crypto.randomUUID(), crypto.getRandomValues(new Uint32Array(2)))"
    printed = {js(text).stdout for _ in range(3)}
    assert len(printed) == 3
    spread = js("let n = 0; for (let i = 0; i < 1e4; i++) n += Math.random(); print(n / 1e4)")
    assert 0.45 < float(spread.stdout) < 0.55


def test_another_release_of_wasmtime(host, js, monkeypatch):
    host.runner.machines.close()
    monkeypatch.setattr(probe, "raw_works", lambda: False)
    with pytest.raises(GuestLinkError, match="another form"):
        js("print(1)", name="kept")
    monkeypatch.undo()
    assert js("print(2)", name="kept").stdout == "2\n"
