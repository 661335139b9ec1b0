"""`make demo` and `make lab`: the programs behind them, against real kernels and servers."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request

import nbformat
import pytest


@pytest.fixture
def notebook(tmp_path):
    def write(*cells):
        book = nbformat.v4.new_notebook()
        book.cells = [nbformat.v4.new_code_cell(source) for source in cells]
        path = tmp_path / "book.ipynb"
        nbformat.write(book, path)
        return path

    return write


@pytest.fixture
def start(root):
    """Start a module of scripts/ in a group of its own; it is ended with the test."""
    running = []

    def launch(module, *arguments, **environment):
        process = subprocess.Popen(
            [sys.executable, "-m", f"scripts.{module}", *map(str, arguments)],
            cwd=root,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        running.append(process)
        return process

    yield launch
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def test_demo_prints_while_the_cell_still_runs(start, notebook, tmp_path):
    gate = tmp_path / "gate"
    path = notebook(
        "import pathlib, time\n"
        "print('fir' 'st')\n"
        f"while not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.01)\n"
        "print('sec' 'ond')",
        "6 * 7",
    )
    demo = start("demo", path)
    seen = ""
    while "first\n" not in seen:
        line = demo.stdout.readline()
        assert line, seen
        seen += line
    gate.touch()
    rest, _ = demo.communicate()
    assert demo.returncode == 0
    assert "WARNING" not in seen + rest
    assert "second\n" in rest
    assert "\n42\n" in rest
    assert re.search(r"demo: 2 cells ran in [\d.]+ s, exit status 0\n\Z", rest)


def test_demo_shows_the_last_word_of_an_output_that_replaces_itself(start, notebook):
    path = notebook(
        "handle = display({'text/plain': 'start'}, raw=True, display_id=True)\n"
        "for i in range(50): handle.update({'text/plain': f'step {i + 1} done'}, raw=True)\n"
        "print('after' + 'wards')"
    )
    demo = start("demo", path)
    output, _ = demo.communicate()
    assert demo.returncode == 0
    assert "start\nstep 50 done\nafterwards\n" in output


def test_demo_stops_at_a_failing_cell(start, notebook):
    demo = start("demo", notebook("1 / 0", "print('never')"))
    output, _ = demo.communicate()
    assert demo.returncode == 1
    assert "ZeroDivisionError" in output
    assert output.splitlines()[-1].startswith("demo: stopped after 0 cells:")


def test_demo_survives_the_death_of_its_kernel(start, notebook):
    demo = start("demo", notebook("import os; os._exit(1)"))
    output, _ = demo.communicate()
    assert demo.returncode == 1
    assert "demo: stopped after 0 cells:" in output


def test_demo_without_a_notebook_says_so(start, tmp_path):
    demo = start("demo", tmp_path / "none.ipynb")
    output, _ = demo.communicate()
    assert demo.returncode == 2
    assert "there is no notebook at" in output


def test_lab_prints_where_it_runs_and_ends_with_ctrl_c(start, tmp_path):
    theirs = tmp_path / "labconfig" / "page_config.json"
    theirs.parent.mkdir()
    theirs.write_text('{"disabledExtensions": {"theirs:plugin": true}}')
    lab = start("lab", DISPLAY="", WAYLAND_DISPLAY="", JUPYTER_CONFIG_PATH=str(tmp_path))
    seen, address = "", None
    while address is None:
        line = lab.stdout.readline()
        assert line, seen
        seen += line
        address = re.search(r"http://127\.0\.0\.1:\d+/lab/tree/notebooks/\S+\?token=(\w+)", seen)
    with urllib.request.urlopen(address[0]) as page:
        config = re.search(rb'id="jupyter-config-data"[^>]*>(.*?)</script>', page.read(), re.DOTALL)
    # nothing asks about news, and nobody else's configuration is lost for it
    disabled = json.loads(config[1])["disabledExtensions"]
    assert {"@jupyterlab/apputils-extension:announcements", "theirs:plugin"} <= set(disabled)
    os.killpg(lab.pid, signal.SIGINT)
    lab.communicate()
    assert lab.returncode == 0
