from __future__ import annotations

import os
import time

import numpy as np
import psutil
import pytest

from tests.guest.run import guests
from wasinn_nb.guest.exchange import read_outputs, remove_tree
from wasinn_nb.guest.sandbox import Sandbox
from wasinn_nb.nn.errors import InvalidArgument

# prints its arguments (each ended by a NUL)
ARGS = guests.module(
    """
  (func (export "_start")
    (drop (call $args_sizes_get (i32.const 16) (i32.const 20)))
    (drop (call $args_get (i32.const 1024) (i32.const 4096)))
    (call $print (i32.const 1) (i32.const 4096) (i32.load (i32.const 20))))
""",
    "args_sizes_get",
    "args_get",
)
ENVIRON = guests.module(
    """
  (func (export "_start")
    (drop (call $environ_sizes_get (i32.const 16) (i32.const 20)))
    (drop (call $environ_get (i32.const 1024) (i32.const 4096)))
    (call $print (i32.const 1) (i32.const 4096) (i32.load (i32.const 20))))
""",
    "environ_sizes_get",
    "environ_get",
)


def copier(source, target, *, fd_in=3, fd_out=4):
    """Copies a file below one preopened directory to one below another."""
    return guests.module(
        f"""
  (data (i32.const 256) "{source}")
  (data (i32.const 512) "{target}")
  (func (export "_start")
    (call $must (call $path_open (i32.const {fd_in}) (i32.const 0)
      (i32.const 256) (i32.const {len(source)}) (i32.const 0)
      (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 16)))
    (i32.store (i32.const 32) (i32.const 1024))
    (i32.store (i32.const 36) (i32.const 60000))
    (call $must
      (call $fd_read (i32.load (i32.const 16)) (i32.const 32) (i32.const 1) (i32.const 24)))
    (call $must (call $path_open (i32.const {fd_out}) (i32.const 0)
      (i32.const 512) (i32.const {len(target)}) (i32.const 1)
      (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 20)))
    (call $print (i32.load (i32.const 20)) (i32.const 1024) (i32.load (i32.const 24))))
""",
        "path_open",
        "fd_read",
    )


def test_arguments(runner):
    run = runner.guest(ARGS, name="hello.wasm").run(args=["a b", "ü", ""])
    assert run.stdout == "hello.wasm\0a b\0ü\0\0"
    with pytest.raises(InvalidArgument, match="one string"):
        runner.guest(ARGS).run(args="abc")
    with pytest.raises(InvalidArgument, match="NUL"):
        runner.guest(ARGS).run(args=["a\0b"])
    with pytest.raises(InvalidArgument, match="UTF-8"):
        runner.guest(ARGS).run(args=["\udc80"])
    assert runner.guest(ARGS, name="\udc80.wasm").run().stdout == "?.wasm\0"


def test_the_environment_is_only_what_is_given(runner, monkeypatch):
    monkeypatch.setenv("SECRET", "1")
    assert runner.guest(ENVIRON).run().stdout == ""
    assert (
        runner.guest(ENVIRON).run(env={"n_predict": 64, "x": "ü"}).stdout == "n_predict=64\0x=ü\0"
    )
    with pytest.raises(InvalidArgument, match="environment variable"):
        runner.guest(ENVIRON).run(env={"a=b": "c"})
    with pytest.raises(InvalidArgument, match="environment variable"):
        runner.guest(ENVIRON).run(env={"a": "\udc80"})


def test_nothing_is_preopened(runner):
    run = runner.guest(copier("etc/passwd", "x")).run(check=False)
    assert run.exit_code == 8, "EBADF: there is no descriptor 3"


def test_directories_are_read_only_unless_said(runner, tmp_path):
    (tmp_path / "a").write_text("text")
    (tmp_path / "sub").mkdir()
    guest = runner.guest(copier("a", "b", fd_out=3))
    run = guest.run(dirs={str(tmp_path): "."}, check=False)
    assert run.exit_code in {2, 63, 69, 76}
    assert not (tmp_path / "b").exists()
    guest.run(dirs={str(tmp_path): (".", "rw")})
    assert (tmp_path / "b").read_text() == "text"


def test_no_way_out_of_a_directory(runner, tmp_path):
    (tmp_path / "secret").write_text("s")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link").symlink_to("../secret")
    for path in ("../secret", "link", "/etc/passwd"):
        run = runner.guest(copier(path, "b", fd_out=3)).run(
            dirs={str(inside): (".", "rw")}, check=False
        )
        assert run.exit_code
        assert not (inside / "b").exists()


def test_bad_directories(runner, tmp_path):
    with pytest.raises(InvalidArgument, match="does not exist"):
        runner.guest(ARGS).run(dirs={str(tmp_path / "no"): "."})
    with pytest.raises(InvalidArgument, match="ro or rw"):
        runner.guest(ARGS).run(dirs={str(tmp_path): (".", "rwx")})
    for name in ("", "a\0b", "\udc80"):
        with pytest.raises(InvalidArgument, match="guest's name"):
            runner.guest(ARGS).run(dirs={str(tmp_path): name})


def test_a_directory_that_is_gone_when_the_run_begins(runner, tmp_path, monkeypatch):
    (tmp_path / "d").mkdir()
    guest = runner.guest(ARGS)
    guest.run()
    before, start = psutil.Process().num_fds(), time.monotonic()
    original = Sandbox.open
    monkeypatch.setattr(
        Sandbox, "open", lambda self, moved: ((tmp_path / "d").rmdir(), original(self, moved))
    )
    run = guest.run(dirs={str(tmp_path / "d"): "."}, check=False)
    assert "cannot be opened" in str(run.error)
    assert time.monotonic() - start < 4, "nobody waited for the other end of a pipe"
    assert psutil.Process().num_fds() <= before


# -- exchange: /in is descriptor 3, /out is 4


@pytest.mark.parametrize("value", ["", "größe\n", b"\0\xff"])
def test_text_and_bytes_go_in_and_come_back(runner, value):
    run = runner.guest(copier("a", "b")).run(inputs={"a": value}, outputs=["b"])
    assert run.outputs == {"b": value.encode() if isinstance(value, str) else value}


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype="f4").reshape(2, 3),
        np.arange(6, dtype=">i8").reshape(3, 2).T,
        np.array(3.5),
        np.zeros((0, 4), "u1"),
        np.array([True, False]),
        np.array([1 + 2j]),
    ],
)
def test_arrays_go_in_and_come_back(runner, array):
    values = {}
    for source, target in (("a", "b"), ("a.json", "b.json")):
        run = runner.guest(copier(source, target)).run(inputs={"a": array}, outputs=["b"])
        values[target] = run.outputs.get("b")
    little = array.astype(array.dtype.newbyteorder("<"))
    assert values["b"] == little.tobytes()


def test_arrays_with_a_sidecar_come_back(tmp_path):
    array = np.arange(6, dtype="f4").reshape(2, 3)
    (tmp_path / "x").write_bytes(array.tobytes())
    (tmp_path / "x.json").write_text('{"dtype": "float32", "shape": [2, 3]}')
    (tmp_path / "s").write_text("größe")
    (tmp_path / "s.json").write_text('{"dtype": "str"}')
    values, problems = read_outputs(tmp_path, ("x", "s"))
    assert not problems
    assert values["s"] == "größe"
    np.testing.assert_array_equal(values["x"], array)
    assert values["x"].dtype == array.dtype
    values["x"][0, 0] = 7


@pytest.mark.parametrize(
    "sidecar",
    [
        b"[]",
        b"{",
        b"\xff",
        b'{"dtype": "object", "shape": [1]}',
        b'{"dtype": "f4", "shape": [5]}',
        b'{"dtype": "f4", "shape": [-1, 2]}',
        b'{"dtype": "f4", "shape": "2"}',
        b'{"dtype": "f4", "shape": [true]}',
        b'{"dtype": "no such", "shape": [1]}',
        b'{"shape": [10000000000000000000000]}',
        b" " * 5000,
        b"[" * 4000,
        b'{"dtype": "f4", "shape": [1' + b", 1" * 1000 + b"]}",
    ],
)
def test_a_malformed_sidecar_is_a_problem_and_no_more(tmp_path, sidecar):
    (tmp_path / "x").write_bytes(b"12345678")
    (tmp_path / "x.json").write_bytes(sidecar)
    values, problems = read_outputs(tmp_path, ("x",))
    assert not values
    assert len(problems) == 1
    assert problems[0].startswith("/out/x cannot be read back")


def test_links_and_pipes_in_out_are_not_followed(tmp_path):
    (tmp_path / "secret").write_text("s")
    (tmp_path / "a").symlink_to("secret")
    os.mkfifo(tmp_path / "b")
    (tmp_path / "c").mkdir()
    values, problems = read_outputs(tmp_path, ("a", "b", "c", "d"))
    assert not values
    assert len(problems) == 4
    assert str(tmp_path) not in "".join(problems)


def test_a_file_larger_than_the_memory_is_not_read(tmp_path):
    with (tmp_path / "a").open("wb") as file:
        file.truncate(1 << 42)
    values, problems = read_outputs(tmp_path, ("a",))
    assert not values
    assert "of memory are free" in problems[0]


def test_whatever_a_guest_nests_in_out_is_removed(tmp_path):
    (tmp_path / "kept").write_text("x")
    (tmp_path / "t" / "out").mkdir(parents=True)
    here = os.open(tmp_path / "t" / "out", os.O_RDONLY)
    for depth in range(3000):
        os.symlink(tmp_path, "link", dir_fd=here)
        os.mkfifo("a\nb", dir_fd=here)
        os.mkdir(f".wasinn-moved-{depth % 2}", dir_fd=here)
        os.mkdir("directory", dir_fd=here)
        inner = os.open("directory", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    remove_tree(tmp_path / "t")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_a_missing_output_is_a_warning(runner):
    run = runner.guest(guests.HELLO).run(outputs=["b"])
    assert run.outputs == {}
    assert run.warnings == ["The guest wrote no /out/b."]


def test_values_that_cannot_be_exchanged(runner):
    for inputs in ({"a": 3}, {"a": None}, {"a": np.array([object()])}, {"a": np.array(["x"])}):
        with pytest.raises(Exception, match="can be given"):
            runner.guest(guests.HELLO).run(inputs=inputs)
    for name in ("../a", "", "a/b", "1a", "."):
        with pytest.raises(InvalidArgument, match="Python name"):
            runner.guest(guests.HELLO).run(inputs={name: b""})


# -- the clock and sleeping


def sleeper(*subscriptions, show=""):
    stores = []
    for n, (clock, flags, nanoseconds) in enumerate(subscriptions):
        at = 64 + 48 * n
        stores.append(f"""
          (i64.store (i32.const {at}) (i64.const {100 + n}))
          (i32.store (i32.const {at + 16}) (i32.const {clock}))
          (i64.store (i32.const {at + 24}) {nanoseconds})
          (i32.store (i32.const {at + 40}) (i32.const {flags}))""")
    return guests.module(
        f"""
  (func (export "_start")
    (drop (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 16)))
    {"".join(stores)}
    (call $must (call $poll_oneoff (i32.const 64) (i32.const 1024)
      (i32.const {len(subscriptions)}) (i32.const 32)))
    {show}
    (call $print (i32.const 1) (i32.const 32) (i32.const 4))
    (call $print (i32.const 1) (i32.const 1024) (i32.const 32)))
""",
        "poll_oneoff",
        "clock_time_get",
    )


@pytest.mark.parametrize(
    ("flags", "nanoseconds"),
    [
        (0, "(i64.const 50000000)"),
        (1, "(i64.add (i64.load (i32.const 16)) (i64.const 50000000))"),
    ],
)
def test_a_sleep_lasts_as_long_as_it_should(runner, flags, nanoseconds):
    wasm = sleeper((1, 0, "(i64.const 3600000000000)"), (1, flags, nanoseconds))
    start = time.monotonic()
    run = runner.guest(wasm).run()
    assert 0.05 <= time.monotonic() - start < 5
    events = run.stdout_bytes
    assert events[:4] == b"\1\0\0\0"
    assert events[4:12] == (101).to_bytes(8, "little"), "the second subscription happened"


def test_a_deadline_that_is_past_and_one_by_the_calendar(runner):
    for clock, flags, when in ((0, 1, "(i64.const 1)"), (1, 0, "(i64.const 0)")):
        run = runner.guest(sleeper((clock, flags, when))).run()
        assert run.stdout_bytes[:4] == b"\1\0\0\0"


def test_a_poll_that_makes_no_sense(runner):
    assert runner.guest(sleeper()).run(check=False).exit_code == 28
    assert runner.guest(sleeper((7, 0, "(i64.const 1)"))).run(check=False).exit_code == 28
    beyond = guests.module(
        """(func (export "_start") (call $must (call $poll_oneoff
        (i32.const 131000) (i32.const 64) (i32.const 9) (i32.const 16))))""",
        "poll_oneoff",
    )
    assert runner.guest(beyond).run(check=False).exit_code == 21
