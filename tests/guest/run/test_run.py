from __future__ import annotations

from tests.guest.run import guests


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
