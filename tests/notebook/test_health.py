"""What `%wasinn backends` and doctor say of what is there, and of what is not."""

from __future__ import annotations

import sys
import threading
from types import SimpleNamespace

import pytest

from tests.support.tensor_backend import TensorBackend
from wasinn_nb.guest.build.builder import LanguageStatus
from wasinn_nb.nn.backend import BackendStatus, Device
from wasinn_nb.nn.types import ExecutionTarget
from wasinn_nb.notebook import frontend, health
from wasinn_nb.notebook.frontend import Check
from wasinn_nb.notebook.widgets import clicks


class Other(TensorBackend):
    def __init__(self, status):
        super().__init__()
        self.answer = status

    def status(self):
        return self.answer


def test_doctor_says_of_every_language_what_is_there_or_installs_it():
    statuses = [
        LanguageStatus("c", "zig 0.17.1", ready=True, install=""),
        LanguageStatus("go", "go 1.27.3", ready=False, install=""),
        LanguageStatus("rust", "", ready=False, install="rustup target add wasm32-wasip1"),
    ]
    host = SimpleNamespace(builder=SimpleNamespace(languages=lambda: statuses))
    assert list(health.languages(SimpleNamespace(host=host))) == [
        Check("c cells", True, "zig 0.17.1"),
        Check("go cells", True, "go 1.27.3; what it makes once is made at the first use"),
        Check("rust cells", False, "nothing that builds them", "rustup target add wasm32-wasip1"),
    ]


def table(*statuses):
    """The rows of ``%wasinn backends``, as dicts by column."""
    backends = {str(n): Other(status) for n, status in enumerate(statuses)}
    call = SimpleNamespace(
        host=SimpleNamespace(registry=SimpleNamespace(backends=lambda: backends))
    )
    shown = health.backends(call)._table
    return [dict(zip(shown.columns, row, strict=True)) for row in shown.rows]


HERE = BackendStatus(
    True,
    "library",
    "2.0",
    (Device("CPU", ExecutionTarget.CPU, "a processor"), Device("GPU.0", ExecutionTarget.GPU)),
    install="pip install it",
    detail="no NPU: no driver",
)
MISSING = BackendStatus(False, "library", install='pip install "wasinn-nb[it]"')
BROKEN = BackendStatus(False, "library", install="pip install it", detail="libX.so is missing")


def test_devices_are_listed_as_one_writes_them_with_what_is_not_there():
    assert table(HERE) == [
        {
            "encoding": "onnx",
            "available": "yes",
            "library": "library",
            "version": "2.0",
            "devices": "CPU (a processor), GPU.0",
            "note": "no NPU: no driver",
        }
    ]


def test_what_is_missing_comes_with_the_command_that_installs_it():
    here, missing, broken = table(HERE, MISSING, BROKEN)
    assert here["to install"] == ""
    assert (missing["available"], missing["to install"]) == ("no", 'pip install "wasinn-nb[it]"')
    assert (broken["note"], broken["to install"]) == ("libX.so is missing", "pip install it")


def test_columns_that_nothing_is_in_are_left_out():
    assert "note" not in table(MISSING)[0]
    assert "to install" not in table(HERE)[0]


class Kernel:
    """A shell with a front end that runs a cell, or none."""

    def __init__(self, *, runs=False, **names):
        self.kernel, self.user_ns, self.autoawait = object(), names, True
        self.display_trap = SimpleNamespace(is_active=runs)


@pytest.fixture
def arrivals(monkeypatch):
    monkeypatch.setattr(clicks, "_arrivals", {})
    shells = []
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: shells and shells[-1])
    return shells


def row(shell, subject="clicks"):
    return next(check for check in frontend.checks(shell) if check.subject == subject)


@pytest.mark.parametrize(
    ("version", "words", "well"),
    [
        ("6.31.0", "when the cell has ended", False),
        ("7.3.0", "where the front end uses subshells", True),
        ("7.4.0", "handled while a cell runs;", True),
    ],
)
def test_doctor_says_when_clicks_are_handled(monkeypatch, arrivals, version, words, well):
    monkeypatch.setattr("importlib.metadata.version", lambda _: version)
    check = row(Kernel())
    assert words in check.found
    assert "no widget has said anything yet" in check.found
    assert check.well is well
    assert ("ipykernel>=7" in check.remedy) is not well


def test_doctor_says_how_the_last_click_arrived(arrivals):
    arrivals.append(Kernel())
    clicks.measured()
    assert row(Kernel()).found.endswith("answered in the main loop, between cells")
    arrivals.append(Kernel(runs=True))
    thread = threading.Thread(target=clicks.measured)
    thread.start()
    thread.join()
    arrivals.append(Kernel())
    clicks.measured()
    # what arrived during a cell tells more than what came later
    assert row(Kernel()).found.endswith("answered in a subshell, while a cell ran")


def test_what_stops_a_run_is_said_in_the_words_of_the_front_end(monkeypatch):
    terminal = SimpleNamespace(user_ns={})
    assert "Ctrl-C" in frontend.stop_words(terminal)
    assert "press I twice" in frontend.stop_words(Kernel())
    assert "I twice" not in frontend.stop_words(Kernel(__vsc_ipynb_file__="a.ipynb"))
    monkeypatch.setitem(sys.modules, "google.colab", object())
    assert "Ctrl+M I" in frontend.stop_words(Kernel())


def test_a_comm_that_chooses_no_subshell_is_left_alone():
    class Other:
        def _reply_subshell_for(self, something, else_):
            return something, else_

    other, none = Other(), object()
    clicks.route(other)
    clicks.route(none)
    assert vars(other) == {}
    assert other._reply_subshell_for(1, 2) == (1, 2)
