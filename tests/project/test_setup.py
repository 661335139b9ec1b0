"""Set-up: what it remembers, and what it says when something goes wrong."""

import sys
import threading
import time
from dataclasses import replace

import pytest

from scripts.setup import clean, environment, llama, progress, system
from scripts.setup.lock import locked
from scripts.setup.progress import SetupError, run, telling_lines


@pytest.fixture
def log(tmp_path):
    return tmp_path / "build" / "setup.log"


def python(code):
    return [sys.executable, "-c", code]


def test_output_goes_to_the_log_and_not_to_the_terminal(log, capsys):
    run(python("print('[1/4] compiling')"), title="t", log=log, advice="a")
    assert "[1/4] compiling" in log.read_text()
    assert capsys.readouterr().out == ""


def test_a_silent_terminal_is_told_how_far_it_is(log, capsys, monkeypatch):
    monkeypatch.setattr(progress, "HEARTBEAT_S", 0.01)
    code = "import time; print('[1/4] compiling', flush=True); time.sleep(1)"
    run(python(code), title="building llama.cpp", log=log, advice="a")
    assert "setup: building llama.cpp, 25 %, " in capsys.readouterr().out


def test_failure_shows_the_telling_lines_the_advice_and_the_log(log):
    code = (
        "for i in range(300): print('noise', i)\n"
        "print('x.cpp:3: error: no such thing')\n"
        "for i in range(300): print('more noise', i)\n"
        "raise SystemExit(7)"
    )
    with pytest.raises(SetupError) as caught:
        run(python(code), title="building", log=log, advice="Try this.")
    message = str(caught.value)
    assert "building failed (exit status 7)" in message
    assert "x.cpp:3: error: no such thing" in message
    assert "Try this." in message
    assert str(log) in message
    assert message.count("noise") < 10


def test_missing_program_is_named(log):
    with pytest.raises(SetupError, match="cannot start no-such-program"):
        run(["no-such-program"], title="t", log=log, advice="a")


def test_telling_lines_keeps_order_and_the_end():
    lines = ["a", "error: one", "b", "c", "", "d", "last"]
    assert telling_lines(lines).split() == ["error:", "one", "c", "d", "last"]


def test_telling_lines_leaves_warnings_out_and_keeps_an_explanation():
    lines = [
        "-- Warning: ccache not found",
        "CMake Error at x:",
        "  links to:",
        "",
        "    CUDA::cublas",
    ]
    assert telling_lines([*lines, *"abcdefg"]).split("\n")[:3] == [
        "    CMake Error at x:",
        "      links to:",
        "        CUDA::cublas",
    ]


def test_telling_lines_is_bounded():
    assert len(telling_lines(["error"] * 1000, limit=5).splitlines()) == 5


def test_pin_is_the_exact_version():
    line = f"scikit-build-core=={environment.pinned('scikit_build_core')}\n"
    assert line in environment.CONSTRAINTS.read_text()
    with pytest.raises(SetupError, match="no-such-package"):
        environment.pinned("no-such-package")


@pytest.mark.parametrize(
    "change", [{"version": "0.0.1"}, {"accelerator": "cuda"}, {"extra": "-DGGML_BLAS=ON"}]
)
def test_every_part_of_a_build_tells_wheels_apart(change):
    build = llama.Build(version="1.0")
    other = replace(build, **change)
    assert build.key != other.key
    assert environment.fingerprint(build) != environment.fingerprint(other)


def test_processor_tells_wheels_apart(monkeypatch):
    key = llama.Build("1.0").key
    monkeypatch.setattr(llama, "cpu_features", lambda: "another")
    assert llama.Build("1.0").key != key


def test_cached_wheel_is_taken_without_building(monkeypatch, tmp_path, log):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    build = llama.Build("1.0")
    build.folder.mkdir(parents=True)
    wheel = build.folder / "x.whl"
    wheel.touch()
    assert llama.wheel(build, sys.executable, log) == wheel
    assert not log.exists()


def test_gpu_build_without_its_toolkit_is_refused_in_words(monkeypatch, tmp_path, log):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(llama, "require", lambda needs, log: None)
    monkeypatch.setattr(llama.shutil, "which", lambda name: None)
    with pytest.raises(SetupError, match=r"cuda build needs the CUDA toolkit \(nvcc on PATH\)"):
        llama.wheel(llama.Build("1.0", "cuda"), sys.executable, log)


def missing(debian):
    return system.Need(debian, debian, lambda: False)


def test_missing_system_packages_are_one_command(monkeypatch, log):
    monkeypatch.setattr(system.shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(system.os, "geteuid", lambda: 1000)
    with pytest.raises(SetupError, match="sudo apt-get install -y g\\+\\+ python3-venv"):
        system.require([missing("g++"), missing("python3-venv")], log)


def test_without_apt_what_is_missing_is_named(monkeypatch, log):
    monkeypatch.setattr(system.shutil, "which", lambda name: None)
    with pytest.raises(SetupError, match="chromium is missing"):
        system.require([missing("chromium")], log)


def test_what_is_present_needs_nothing(log):
    system.require([system.Need("python", "python3", lambda: True)], log)
    assert not log.exists()


def test_broken_stamp_is_no_stamp(monkeypatch, tmp_path):
    stamp = tmp_path / "stamp.json"
    monkeypatch.setattr(environment, "STAMP", stamp)
    assert environment.remembered() == {}
    for text in ("{", "[1]", ""):
        stamp.write_text(text)
        assert environment.remembered() == {}
    stamp.write_text('{"ggml": "cuda"}')
    assert environment.remembered() == {"ggml": "cuda"}


def test_a_second_set_up_waits_and_says_for_what(tmp_path, capsys):
    entered = threading.Event()

    def second():
        with locked(tmp_path / "lock", "doing it"):
            entered.set()

    with locked(tmp_path / "lock", "doing it"):
        thread = threading.Thread(target=second)
        thread.start()
        until, said = time.monotonic() + 60, ""
        while "waiting" not in said and time.monotonic() < until:
            said += capsys.readouterr().out
            time.sleep(0.01)
        assert said == "setup: another set-up is doing it; waiting for it\n"
        assert not entered.is_set()
    assert entered.wait(60)
    thread.join()


def test_the_environment_of_the_tests_is_made_when_what_it_holds_changes(monkeypatch, tmp_path):
    made = []
    packages = tmp_path / "clean" / "lib" / "python3.11" / "site-packages"
    (tmp_path / "pyvenv.cfg").touch()
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("notebook==1")
    for name, value in {
        "FOLDER": tmp_path,
        "PLACE": tmp_path / "clean",
        "STAMP": tmp_path / "clean" / "stamp",
        "COMPILER": tmp_path / "clean" / "compiler",
        "CONSTRAINTS": constraints,
        "run": lambda *_words, **_more: packages.mkdir(parents=True),
        "pip": lambda *packages, python, **_more: made.append((python, packages)),
    }.items():
        monkeypatch.setattr(clean, name, value)
    monkeypatch.setattr(llama, "wheel", lambda *_words: "llama.whl")

    def ask():
        with clean.environment(llama.Build("1.0")) as place:
            assert place == tmp_path / "clean"

    ask()
    ask()
    assert {python for python, _ in made} == {tmp_path / "clean" / "bin" / "python"}
    [everything, compiler] = [set(words) for _, words in made]
    assert {"llama.whl", "jupyterlab>=4.4", "notebook>=7.4"} <= everything
    assert "--target" in compiler
    # what is there is found from every copy
    place = (packages / "compiler.pth").read_text().strip()
    assert place == str(tmp_path / "clean" / "compiler")
    (tmp_path / "clean" / "left").touch()
    constraints.write_text("notebook==2")
    ask()
    assert len(made) == 4
    assert not (tmp_path / "clean" / "left").exists()
