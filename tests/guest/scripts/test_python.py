"""Python cells: what they print, what they define for each other, how they fail."""

from __future__ import annotations

import errno

import numpy as np
import pytest

from wasinn_nb.guest.build.errors import BuildError
from wasinn_nb.guest.errors import GuestError, GuestExit, GuestRaised
from wasinn_nb.guest.scripts.folders import Folders


def test_printing(py):
    run = py("""
import sys
print("text", 1, ["é", None])
print("no line", end="", flush=True)
print("an error", file=sys.stderr)
sys.stdout.buffer.write("\\nbytes: 你\\n".encode())
sys.stdout.buffer.flush()
sys.stdout.write("rest")""")
    assert run.stdout == "text 1 ['é', None]\nno line\nbytes: 你\nrest"
    assert run.stderr == "an error\n"


def test_standard_output_is_a_text_stream_as_others_are(py):
    run = py("""
import sys
print("a", end="")
sys.stdout.buffer.write(b"b\\n")
print("c")
try:
    sys.stdout.write(b"d")
except TypeError:
    print("e")
sys.stdout.reconfigure(errors="replace")
print("f\\udcff", sys.stdout.encoding, sys.stdout.closed)
print("g\\udcff", end="", file=sys.stderr)""")
    assert run.stdout == "ab\nc\ne\nf? utf-8 False\n"
    assert run.stderr == "g\\udcff"


def test_arguments_environment_and_standard_input(py):
    run = py(
        "import os, sys\nprint(sys.argv, dict(os.environ), input('? '), sys.stdin.read())",
        args=["a", 2],
        env={"LEVEL": 3},
        stdin="é\nrest",
    )
    assert run.stdout == "? ['In[1]', 'a', '2'] {'LEVEL': '3'} é rest\n"
    with pytest.raises(GuestRaised, match=r"EOFError[\s\S]*--stdin gives it some"):
        py("input()")


def test_what_a_run_had_is_not_there_for_the_next(py):
    py("import os, sys\nos.environ['A'] = '1'; sys.stdout.close(); sys.argv.append(1)", "kept")
    run = py("print(sys.argv, dict(os.environ), repr(sys.stdin.read()))", "kept", env={"B": "2"})
    assert run.stdout == "['In[2]'] {'B': '2'} ''\n"


def test_definitions_are_there_for_the_next_cell_of_the_name(py):
    py(
        """
import dataclasses, pickle
@dataclasses.dataclass
class Point:
    x: int
one = Point(1)
def read(): return one""",
        "kept",
    )
    run = py("print(pickle.loads(pickle.dumps(one)), read() is one); one = 2", "kept")
    assert run.stdout == "Point(x=1) True\n"
    assert py("print(read())", "kept").stdout == "2\n"
    assert py("print('one' in globals())", "other").stdout == "False\n"
    assert py("print('one' in globals())").stdout == "False\n"
    assert py("print('one' in globals())", "kept", force=True).stdout == "False\n"


def test_a_traceback_is_python_s_own_at_the_cell_s_lines(py):
    with pytest.raises(GuestRaised) as caught:
        py("\ndef ratio(a, b):\n    return a / b\n\nprint('é', ratio(1, 0))")
    error = caught.value
    assert str(error).split("\n") == [
        "In[1]:4:12: ZeroDivisionError: division by zero",
        "Traceback (most recent call last):",
        '  File "In[1]", line 6, in <module>',
        "    print('é', ratio(1, 0))",
        "               ~~~~~^^^^^^",
        '  File "In[1]", line 4, in ratio',
        "    return a / b",
        "           ~~^~~",
        "ZeroDivisionError: division by zero",
    ]
    assert (error.line, error.column) == (4, 12)
    assert error.said == "ZeroDivisionError: division by zero"
    assert error.trace == ("ratio (In[1]:4:12)", "In[1]:6:12")


def test_an_error_in_a_function_of_an_earlier_cell(py):
    py("def f():\n    raise RuntimeError('no')", "kept")
    with pytest.raises(GuestRaised) as caught:
        py("\n\nf()", "kept")
    assert caught.value.line == 4
    assert caught.value.trace == ("f (In[1]:3:5)", "In[2]:4:1")
    assert "    raise RuntimeError('no')\n" in str(caught.value)


def test_columns_are_characters(py):
    with pytest.raises(GuestRaised) as caught:
        py("text = '你好'; nothing")
    assert (caught.value.line, caught.value.column) == (2, 14)


def test_causes_groups_and_notes_are_told(py):
    with pytest.raises(GuestRaised, match=r"KeyError: 1\n\nThe above exception was the direct"):
        py("try:\n    {}[1]\nexcept KeyError as error:\n    raise ValueError('b') from error")
    with pytest.raises(GuestRaised, match=r"ExceptionGroup: g[\s\S]*\| TypeError: 2"):
        py("raise ExceptionGroup('g', [ValueError(1), TypeError(2)])")
    with pytest.raises(GuestRaised, match=r"ValueError: a\nand a note") as caught:
        py("error = ValueError('a')\nerror.add_note('and a note')\nraise error")
    assert caught.value.said == "ValueError: a"


@pytest.mark.parametrize(
    "text",
    [
        "from wasi_nn import Graph\nGraph.load('none')",
        "from wasi_nn import Tensor\nTensor([[1], [2, 3]])",
        "import time\ntime.sleep(-1)",
        "import json\nawait json.loads(1)",
        "import asyncio\nasync def main():\n    1 / 0\nawait main()",
        "from wasi_nn import nothing",
    ],
)
def test_nobody_else_s_frames_are_told(py, text):
    with pytest.raises(GuestRaised) as caught:
        py(text)
    files = {line.split('"')[1] for line in str(caught.value).split("\n") if "File " in line}
    assert {file for file in files if not file.startswith("/python/json/")} == {"In[1]"}
    assert "/0/" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("x = (1,\n2", 2, 5, "'(' was never closed"),
        ("def f(:\n    pass", 2, 7, "invalid syntax"),
        ("if True:\nprint(1)", 3, 1, "expected an indented block after 'if' statement on line 2"),
        ("\nprint 'é'", 3, 1, "Missing parentheses in call to 'print'"),
        ("return 1", 2, 1, "'return' outside function"),
        ("x = '''open\n", 2, 5, "unterminated triple-quoted string literal"),
        ("for i in 'é': break\n  x", 3, 2, "unexpected indent"),
        ("a = 1 +", 2, 8, "invalid syntax"),
    ],
)
def test_what_is_no_python_is_not_run(py, text, line, column, message):
    with pytest.raises(BuildError) as caught:
        py(text)
    (found,) = caught.value.diagnostics
    assert (found.line, found.column) == (line, column)
    assert message in found.message
    assert found.source_line == text.split("\n")[line - 2]


def test_checking_runs_nothing(py):
    with pytest.raises(BuildError):
        py("ran = True\nfoo(", "kept")
    assert py("print('ran' in globals())", "kept").stdout == "False\n"


def test_warnings_are_told_once_at_their_line(py):
    run = py('x = 1\nprint("\\d")')
    assert run.stdout == "\\d\n"
    assert run.stderr.startswith('In[1]:3: SyntaxWarning: "\\d" is an invalid escape sequence.')
    assert run.stderr.count("SyntaxWarning") == 1


@pytest.mark.parametrize(
    ("text", "code", "stderr"),
    [
        ("import sys; sys.exit(3)", 3, ""),
        ("exit(256 + 7)", 7, ""),
        ("exit(-1)", 255, ""),
        ("raise SystemExit('why')", 1, "why\n"),
        ("import sys; sys.exit()", 0, ""),
        ("quit(None)", 0, ""),
    ],
)
def test_exit(py, text, code, stderr):
    run = py(f"print('before')\n{text}\nprint('after')", check=False)
    assert (run.stdout, run.stderr, run.exit_code) == ("before\n", stderr, code)
    if code:
        assert isinstance(run.error, GuestExit)


def test_awaiting_at_the_top(py):
    run = py("""
import asyncio
async def later(n):
    await asyncio.sleep(n / 1000)
    return n
print(await asyncio.gather(later(2), later(1)))
async with asyncio.timeout(1):
    print(await later(0))
try:
    await asyncio.wait_for(asyncio.Event().wait(), 0.001)
except TimeoutError:
    print("too late")""")
    assert run.stdout == "[2, 1]\n0\ntoo late\n"
    assert py("import asyncio\nprint(asyncio.run(asyncio.sleep(0, 'run')))").stdout == "run\n"
    with pytest.raises(GuestRaised, match="nothing is going to do"):
        py("import asyncio\nawait asyncio.Event().wait()")


def test_modules_that_are_there(py):
    run = py("""
import csv, decimal, doctest, email.message, gzip, html.parser, http.cookies, sqlite3, statistics
import tarfile, tomllib, unittest.mock, urllib.parse, xml.etree.ElementTree, zipfile, zoneinfo
import concurrent.futures, encodings.cp1252, inspect, importlib, logging.handlers, pdb, pydoc
print(sqlite3.connect(":memory:").execute("select 1 + 1").fetchone())
print("é".encode("cp1252"), xml.etree.ElementTree.fromstring("<a b='c'/>").get("b"))
def f():
    return 1
class A:
    x = 1
print(inspect.getsource(f) + inspect.getsource(A))
print(importlib.util.find_spec("numpy"))""")
    assert run.stdout == ("(2,)\nb'\\xe9' c\ndef f():\n    return 1\nclass A:\n    x = 1\n\nNone\n")


def test_modules_that_are_not_there(py):
    with pytest.raises(GuestRaised) as caught:
        py("\nimport numpy as np")
    assert (caught.value.line, caught.value.column) == (3, 1)
    assert "numpy is not available in a Python guest" in str(caught.value)
    with pytest.raises(GuestRaised, match="of no use in a Python guest"):
        py("import ctypes")


def test_random_numbers_are_new_in_every_instance(py):
    text = "import random, uuid\nprint(random.random(), uuid.uuid4())"
    assert len({py(text).stdout for _ in range(3)}) == 3
    assert py("import random\nrandom.seed(1); print(random.random())").stdout.startswith("0.13436")


def test_values_are_exchanged(py):
    given = np.arange(6, dtype=np.float32).reshape(2, 3)
    run = py(
        """
from wasi_nn import NNError, Tensor, input, input_text, output
t = input("array")
print(t, t[1, 2], input_text("text"), input("raw"))
output("doubled", Tensor([2 * x for x in t], t.shape))
output("said", "söme text")
output("bytes", b"12")
for call in (lambda: input("none"), lambda: output("../x", ""), lambda: output("more", "")):
    try:
        call()
    except NNError as error:
        print(type(error).__name__, error.code)""",
        inputs={"array": given, "text": "héllo", "raw": b"\x00\xff"},
        outputs=["doubled", "said", "bytes"],
    )
    assert run.stdout.split("\n")[:-1] == [
        "Tensor([0, 1, 2, 3, 4, 5], shape=(2, 3), type=FP32) 5.0 héllo b'\\x00\\xff'",
        "NotFound not-found",
        "InvalidArgument invalid-argument",
        "InvalidArgument invalid-argument",
    ]
    assert (run.outputs["doubled"] == 2 * given).all()
    assert (run.outputs["said"], run.outputs["bytes"]) == ("söme text", b"12")


def test_the_files_of_a_run_are_there_for_that_run(py):
    first = py(
        "import os\nprint(os.listdir('/in'))\nopen('/out/y', 'w').write(open('/in/x').read() * 2)",
        "kept",
        inputs={"x": "ab"},
        outputs=["y"],
    )
    assert (first.stdout, first.outputs["y"]) == ("['x']\n", b"abab")
    second = py("print(os.listdir('/in'), os.listdir('/out'))", "kept")
    assert second.stdout == "[] []\n"
    third = py("print(os.listdir('/in'))", "kept", inputs={"z": b"1"}, outputs=["y"], check=False)
    assert third.stdout == "['z']\n"
    with pytest.raises(GuestRaised, match="Error"):
        py("open('/in/z', 'w')", "kept", inputs={"z": b"1"})
    py("import contextlib\nwith contextlib.suppress(OSError): open('/out/y', 'w')", "kept")
    last = py("print(os.listdir('/out'))", "kept", outputs=["y"], check=False)
    assert (last.stdout, last.outputs) == ("[]\n", {})


def test_files_that_cannot_be_taken_back_do_not_lock_the_name(py, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Folders, "take_back", full)
        with pytest.raises(GuestError, match="No space left"):
            py("x = 1", "kept")
    assert py("print('x' in globals())", "kept").stdout == "False\n"


def test_granted_directories_can_hold_modules(py, tmp_path):
    (tmp_path / "mine.py").write_text("\ndef f():\n    return 1 / 0\n")
    with pytest.raises(GuestRaised) as caught:
        py("import sys\nsys.path.append('/mine')\nimport mine\nmine.f()", dirs={tmp_path: "/mine"})
    assert '  File "/mine/mine.py", line 3, in f\n    return 1 / 0\n' in str(caught.value)
    assert caught.value.line == 5


def test_a_cell_takes_no_compiler_flags(host):
    with pytest.raises(BuildError, match="no compiler flags"):
        host.build("pass", "py", flags=["-O"])
