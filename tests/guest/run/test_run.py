from __future__ import annotations

from tests.guest.run import guests
from wasinn_nb.guest.runner import Runner
from wasinn_nb.nn.events import EventBus, EventKind


def test_a_guest_prints_and_ends(runner):
    run = runner.guest(guests.HELLO, name="hello").run()
    assert (run.state, run.exit_code, run.stdout, run.stderr) == ("finished", 0, "hello\n", "")


def test_a_guest_streams_tokens_and_the_model_stays(runner, backend):
    seen = []
    guest = runner.guest(guests.stream("once upon"), name="tale")
    for _ in range(3):
        run = guest.run(on_token=seen.append)
        assert run.stdout == "once upon and then some "
        assert run.text == "once upon and then some </s>"
        assert run.tokens == 6
        assert run.metadata == {"input_tokens": 2, "output_tokens": 6}
    assert "".join(seen) == run.text * 3
    assert backend.loads == 1
    assert not backend.graphs[0].open_contexts


def test_many_at_once(runner, backend):
    words = ["one", "two", "three", "four"]
    made = {word: runner.guest(guests.stream(word, '{"token-ms": 2}')) for word in words}
    runs = [(word, made[word].start()) for word in words * 4]
    for word, run in runs:
        assert run.wait(30).stdout == f"{word} and then some "
        assert run.last_error is None
    assert backend.loads == 1
    assert len({run.name for _, run in runs}) == len(runs)


def test_a_run_by_its_events(registry):
    bus = EventBus()
    seen = bus.subscribe()
    runner = Runner(registry, bus=bus)
    run = runner.guest(guests.HELLO, name="hello").run()
    started, ended = seen.drain()
    assert (started.kind, started.subject) == (EventKind.RUN_STARTED, run.name)
    assert (ended.kind, ended.data["state"]) == (EventKind.RUN_ENDED, "finished")


def test_all_runs_can_be_stopped(runner):
    runs = [runner.guest(guests.SPIN).start() for _ in range(3)]
    assert runner.active == runs
    assert runner.cancel_all() == runs
    assert {run.wait(10).state for run in runs} == {"stopped"}
    assert runner.active == []
