"""The call log of an instance that lives for several runs."""

from __future__ import annotations

from wasinn_nb.guest.present_log import PresentLog
from wasinn_nb.guest.timeline import Timeline


def test_calls_are_recorded_where_the_run_is():
    log, runs = PresentLog(), [Timeline(0.0), Timeline(0.0)]
    for number, run in enumerate(runs):
        log.present = run
        for _ in range(number + 1):
            log.record((f"call {number}", 0.0, 1.0, 0))
        assert (log.length() >= log.limit) == (run.length() >= run.limit)
    log.present = None
    assert log.length() < log.limit
    log.record(("between two runs", 0.0, 1.0, 0))
    log.fold()
    assert [[event.call for event in run.events] for run in runs] == [["call 0"], ["call 1"] * 2]
