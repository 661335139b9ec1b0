"""The high-level layer in C, C++, Zig and Rust: a driver in each, and the same outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sdk.conftest import DRIVERS, Build, Driver, outcome
from tests.sdk.scripted_host import Script, run

if TYPE_CHECKING:
    import wasmtime

EURO = "€".encode()  # three bytes


def test_every_token_is_a_piece_and_the_end_marker_is_none(driver: Driver) -> None:
    lines, done = driver(Script(pieces=[[b"a", b"b", b"cd"]]))
    assert lines == outcome([b"a", b"b", b"cd"], "end")
    assert done.prompts == ["Once"]
    assert done.settings == []
    assert done.named("finalize_execution_context") == [3]


def test_a_character_split_over_tokens_comes_whole(driver: Driver) -> None:
    split = [b"5 " + EURO[:1], EURO[1:2], EURO[2:] + b"!"]
    assert driver(Script(pieces=[split]))[0] == outcome([b"5 ", EURO + b"!"], "end")
    assert driver(Script(pieces=[split]), RAW="1")[0] == outcome(split, "end")


def test_bytes_that_are_no_character_are_not_held_back(driver: Driver) -> None:
    pieces = [b"\xff", b"\x80\x80\x80\x80", b"\xc3(", b"ok"]
    assert driver(Script(pieces=[pieces]))[0] == outcome(pieces, "end")


def test_a_character_cut_off_at_the_end_is_dropped(driver: Driver) -> None:
    assert driver(Script(pieces=[[b"5", EURO[:2], EURO[2:]]]), MAX="2")[0] == outcome(
        [b"5"], "length"
    )


def test_a_stop_text_over_several_tokens_never_shows(driver: Driver) -> None:
    script = Script(pieces=[[b"yes", b"\nUs", b"ual\nUse", b"r: no", b"more"]])
    assert driver(script, STOP="\nUser:")[0] == outcome([b"yes", b"\nUsual"], "stop")
    script = Script(pieces=[[b"yes\n", b"User:", b"more"]])
    assert driver(script, STOP="\nUser:")[0] == outcome([b"yes"], "stop")


def test_what_only_began_like_a_stop_text_is_delivered_at_the_end(driver: Driver) -> None:
    script = Script(pieces=[[b"yes", b"\nUse"]])
    assert driver(script, STOP="\nUser:")[0] == outcome([b"yes", b"\nUse"], "end")


def test_max_tokens(driver: Driver) -> None:
    lines, done = driver(Script(pieces=[[b"a", b"b", b"c"]]), MAX="2")
    assert lines == outcome([b"a", b"b"], "length")
    assert len(done.named("compute_single")) == 2


def test_the_token_that_fills_the_context_counts(driver: Driver) -> None:
    script = Script(pieces=[[b"a", b"b"]], ending=101)
    assert driver(script)[0] == outcome([b"a", b"b"], "context_full")
    whole = driver(script, OP="complete")[0]
    assert whole == [f"end context_full {b'ab'.hex()}"]


def test_a_callback_can_stop_and_the_next_generation_starts_clean(driver: Driver) -> None:
    script = Script(pieces=[[b"a", b"b", b"c"]])
    lines, done = driver(script, "one", "two", CANCEL="2")
    assert lines == outcome([b"a", b"b"], "cancelled") + outcome([b"a", b"b", b"c"], "end")
    order = [name for name, what in done.calls if name == "fini_single" or what == (0, b"two")]
    assert order == ["fini_single", "set_input"]


def test_what_was_held_back_when_a_callback_stops_is_not_part_of_the_text(driver: Driver) -> None:
    script = Script(pieces=[[b"a", b"b" + EURO[:1], EURO[1:]]])
    assert driver(script, CANCEL="2")[0] == outcome([b"a", b"b"], "cancelled")


@pytest.mark.parametrize("small_buffer", ["cut", "refuse", "refuse silently"])
def test_outputs_larger_than_any_guess(driver: Driver, small_buffer: str) -> None:
    long = [b"x" * 5000, b"y" * 300_000]
    script = Script(pieces=[long], small_buffer=small_buffer)  # type: ignore[arg-type]
    assert driver(script)[0] == outcome(long, "end")
    assert driver(script, OP="complete")[0] == [f"end end {b''.join(long).hex()}"]


def test_a_whole_text_loses_its_end_marker_only(driver: Driver) -> None:
    script = Script(pieces=[[b"a</s> b", b"</s>"]])
    assert driver(script, OP="complete")[0] == [f"end end {b'a</s> b'.hex()}"]


def test_limits_of_a_whole_text_go_to_the_host(driver: Driver) -> None:
    script = Script(pieces=[[b"one ", b"two", b"\n# three"]])
    lines, done = driver(script, OP="complete", MAX="3", STOP="\n#")
    assert lines == [f"end stop {b'one two'.hex()}"]
    assert done.settings == [{"n-predict": 3, "reverse-prompt": "\n#"}]
    assert driver(Script(pieces=[[b"a", b"b"]]), OP="complete", MAX="2")[0] == [
        f"end length {b'ab'.hex()}"
    ]


def test_an_empty_answer(driver: Driver) -> None:
    assert driver(Script(pieces=[[]]))[0] == outcome([], "end")
    assert driver(Script(pieces=[[]]), OP="complete")[0] == ["end end "]


def test_an_unknown_model_has_a_readable_error(driver: Driver) -> None:
    (line,), _ = driver(Script(), MODEL="missing")
    assert line.startswith('error loading model "missing": ')
    assert "(error 8)" in line


def test_embeddings(driver: Driver) -> None:
    numbers = [0.5426152349, -0.03840282559, 1e-12, -3.0]
    lines, _ = driver(Script(embedding=numbers), OP="embed")
    assert [float(line) for line in lines] == pytest.approx(numbers, rel=1e-5)
    large = [i / 7 for i in range(4096)]
    lines, _ = driver(Script(embedding=large, small_buffer="refuse"), OP="embed")
    assert [float(line) for line in lines] == pytest.approx(large, rel=1e-5)


def test_a_prompt_that_is_too_long(driver: Driver) -> None:
    script = Script(prompt_limit=3)
    lines, _ = driver(script, "far too long", "ok", OP="complete")
    assert "(error 102)" in lines[0]
    assert lines[1].startswith("end end ")


def test_without_exceptions_a_failure_ends_the_guest_with_its_message(
    engine: wasmtime.Engine, build: Build
) -> None:
    done = run(engine, build(DRIVERS / "driver.cpp"), Script(prompt_limit=3), ["too long"])
    assert done.trap is not None
    assert "generating: prompt too long (error 102); shorten the prompt" in done.stderr
