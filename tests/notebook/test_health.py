"""What `%wasinn backends` says of backends that are there, and of those that are not."""

from __future__ import annotations

from types import SimpleNamespace

from tests.support.tensor_backend import TensorBackend
from wasinn_nb.nn.backend import BackendStatus, Device
from wasinn_nb.nn.types import ExecutionTarget
from wasinn_nb.notebook import health


class Other(TensorBackend):
    def __init__(self, status):
        super().__init__()
        self.answer = status

    def status(self):
        return self.answer


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
