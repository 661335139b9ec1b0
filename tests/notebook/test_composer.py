"""Which text is shown, and that each is shown once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wasinn_nb.notebook.composer import HOLD, Composer


class Screen:
    """A composer with a clock that the test moves."""

    def __init__(self, **options):
        self.composer = Composer(**options)
        self.now = 100.0
        self.pieces = []

    def token(self, text, *which):
        self.composer.token(text, self.now, *which)

    def prints(self, text):
        self.composer.stdout(text, self.now)

    def later(self, seconds=0.05):
        self.now += seconds
        self.pieces += self.composer.tick(self.now)

    def end(self):
        self.pieces += self.composer.finish()
        return self.shown

    @property
    def shown(self):
        return "".join(piece.text for piece in self.pieces)


def words(count):
    return [f" word{n}" for n in range(count)]


def test_a_guest_that_prints_each_token():
    screen = Screen()
    for word in words(50):
        screen.token(word)
        screen.prints(word)
        screen.later()
    assert screen.end() == "".join(words(50))


def test_a_slow_guest_that_prints_each_token_late_within_the_hold():
    screen = Screen()
    screen.token(" word0")
    screen.later(HOLD / 2)
    screen.prints(" word0")
    screen.later()
    assert screen.shown == " word0"
    screen.token(" word1")
    screen.prints(" word1")
    assert screen.end() == " word0 word1"


def test_a_header_before_printed_tokens():
    screen = Screen()
    screen.prints("Assistant: ")
    screen.token("Once")
    screen.prints("Once")
    screen.later()
    screen.token(" upon")
    screen.prints(" upon")
    screen.later(1)
    assert screen.end() == "Assistant: Once upon"


def test_a_silent_guest_streams_live():
    screen = Screen()
    for word in words(50):
        screen.token(word)
        screen.later()
    assert len(screen.shown) > len("".join(words(40)))
    assert screen.end() == "".join(words(50))


def test_a_guest_that_prints_everything_at_the_end_shows_it_once():
    screen = Screen()
    for word in words(50):
        screen.token(word)
        screen.later()
    screen.prints("Answer:" + "".join(words(50)) + "\n")
    screen.later()
    assert screen.end().count("word17") == 1
    assert screen.shown.startswith("".join(words(40)))
    assert "Answer:" in screen.shown
    assert screen.shown.endswith("\n")


def test_a_fast_run_that_prints_at_the_end_keeps_the_guests_order():
    screen = Screen()
    for word in words(50):
        screen.token(word)
    screen.prints("Answer:" + "".join(words(50)) + "\n")
    assert screen.end() == "Answer:" + "".join(words(50)) + "\n"


def test_a_guest_that_prints_line_by_line():
    screen = Screen()
    lines = ["The cat sat on the mat.\n", "It was a good mat.\n", "The end.\n"]
    for line in lines:
        for word in line.split(" "):
            screen.token(word + ("" if word.endswith("\n") else " "))
            screen.later(HOLD)
        screen.prints(line)
        screen.later()
    screen.later(1)
    assert screen.end() == "".join(lines)


def test_a_guest_that_prints_something_else_shows_both():
    screen = Screen()
    for word in words(10):
        screen.token(word)
        screen.later()
    screen.prints("positive\n")
    screen.later(1)
    assert screen.end() == "".join(words(10)) + "positive\n"


def test_short_output_that_only_looks_like_the_stream_is_not_lost():
    screen = Screen()
    for word in ["Once", " upon", " a"]:
        screen.token(word)
        screen.later(HOLD)
    screen.prints("Output: 7\n")
    screen.later(1)
    assert screen.end() == "Once upon aOutput: 7\n"


def test_two_generations_printed_at_their_ends():
    screen = Screen()
    for number, answer in enumerate(("The first answer.", "Another answer.")):
        for word in answer.split(" "):
            screen.token(word + " ", None, number)
            screen.later(HOLD)
        screen.prints(answer + "\n")
        screen.later()
    shown = screen.end()
    assert shown.count("first") == 1
    assert shown.count("Another") == 1


def test_once_a_guest_is_silent_its_next_generation_does_not_wait():
    screen = Screen()
    screen.token("The first.", "context", 1)
    screen.later(HOLD)
    assert screen.shown == "The first."
    screen.token("The second.", "context", 2)
    screen.later(0.01)
    assert [(piece.source, piece.generation) for piece in screen.pieces] == [
        ("context", 1),
        ("context", 2),
    ]
    screen.prints("The second.\n")
    screen.later()
    assert screen.end().count("second") == 1


def test_contexts_that_are_printed_at_their_end_together():
    screen = Screen()
    for context in ("one", "two"):
        for word in words(20):
            screen.token(f" {context}{word}", context, 1)
            screen.later()
    screen.prints("".join(f" one{word}" for word in words(20)))
    screen.prints("\n")
    screen.prints("".join(f" two{word}" for word in words(20)))
    screen.later(1)
    shown = screen.end()
    assert shown.count("one word7 ") == shown.count("two word7 ") == 1


def test_contexts_that_are_printed_in_turns():
    screen = Screen()
    for word in words(40):
        screen.token(f" one{word}", "one", 1)
        screen.token(f" two{word}", "two", 1)
        screen.prints(f" one{word}\n")
        screen.prints(f" two{word}\n")
        screen.later()
    assert screen.end().count("one word7\n") == 1
    assert {piece.channel for piece in screen.pieces} == {"stdout"}


def test_a_guest_that_decorates_the_tokens_it_prints():
    screen = Screen()
    for word in words(40):
        screen.token(word)
        screen.prints(f"[{word.strip()}] ")
        screen.later()
    assert {piece.channel for piece in screen.pieces} == {"stdout"}


def test_long_texts_are_compared_in_no_time():
    screen = Screen()
    for word in words(40_000):
        screen.token(word)
    screen.later(1)
    screen.prints("word " * 80_000)
    screen.prints("a" * 200_000)
    screen.later(1)
    assert screen.end().endswith("aaa")


def test_a_guest_that_stops_printing_is_streamed_on():
    screen = Screen()
    screen.token("Once")
    screen.prints("Once")
    for word in words(60):
        screen.token(word)
        screen.later()
    assert "word59" in screen.end()


def test_no_stream_shows_what_is_printed_only():
    screen = Screen(stream=False)
    screen.token("hidden")
    screen.later(1)
    screen.prints("shown")
    assert screen.end() == "shown"


def test_channels_are_kept_apart_and_in_order():
    composer = Composer()
    composer.stdout("a", 0)
    composer.stderr("b")
    composer.stdout("c", 0)
    composer.stdout("d", 0)
    pieces = [(piece.channel, piece.text) for piece in composer.tick(0)]
    assert pieces == [("stdout", "a"), ("stderr", "b"), ("stdout", "cd")]


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["token", "stdout", "both", "later"]),
        st.text(alphabet="ab \n", min_size=1, max_size=6),
    ),
    max_size=40,
)


@given(EVENTS)
def test_nothing_that_was_said_is_missing(events):
    """Whatever comes, each character of stdout is somewhere in what is shown, in order."""
    screen = Screen()
    printed = ""
    for what, text in events:
        if what in ("token", "both"):
            screen.token(text)
        if what in ("stdout", "both"):
            screen.prints(text)
            printed += text
        if what == "later":
            screen.later(HOLD)
    shown = iter(screen.end().replace(" ", "").replace("\n", ""))
    wanted = printed.replace(" ", "").replace("\n", "")
    characters = {char: sum(c == char for c in wanted) for char in wanted}
    available = list(shown)
    for char, count in characters.items():
        assert available.count(char) >= count
