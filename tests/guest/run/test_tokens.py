"""The token streams of a run, and who reads them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wasinn_nb.guest.tokens import RunStream, Transcript


def streamed(transcript):
    stream = RunStream("m")
    transcript.streams.append(stream)
    return stream


def texts(segments):
    return [segment.text for segment in segments]


def test_tokens_of_all_generations_count():
    transcript = Transcript(each=True)
    stream = streamed(transcript)
    for _ in range(3):
        stream.begin_prompt(1)
        stream.push(b"\xe2\x82")
        stream.push(b"\xac")
    assert (transcript.tokens, transcript.text) == (6, "€€€")
    assert texts(transcript.since(1)) == ["€", "€"]
    stream.push(b"\xe2")
    assert transcript.text == "€€€"
    assert texts(transcript.since(3, final=True)) == ["�"]


def test_what_came_at_once_is_one_segment_a_generation():
    transcript = Transcript()
    stream = streamed(transcript)
    stream.begin_prompt(1)
    for piece in (b"Once", b" upon", b" a \xe2"):
        stream.push(piece)
    stream.begin_prompt(1)
    stream.push(b"Then")
    assert transcript.since(0) == [(stream, 1, "Once upon a �"), (stream, 2, "Then")]


def test_texts_belong_to_their_streams():
    transcript = Transcript()
    one, two = streamed(transcript), streamed(transcript)
    for stream, piece in ((one, b"a"), (two, b"b"), (one, b"c")):
        stream.begin_prompt(1)
        stream.push(piece)
    got = transcript.since(0)
    assert {(s.stream, s.generation): s.text for s in got} == {
        (one, 1): "a",
        (one, 2): "c",
        (two, 1): "b",
    }


@given(st.lists(st.binary(max_size=4)), st.booleans())
def test_any_bytes_can_be_read(pieces, each):
    transcript = Transcript(each=each)
    stream = streamed(transcript)
    stream.begin_prompt(1)
    for number, piece in enumerate(pieces):
        stream.push(piece)
        if number % 3 == 0:
            transcript.since(0)
    whole = b"".join(pieces).decode("utf-8", "replace")
    assert "".join(texts(transcript.since(0, final=True))) == whole


def test_readers_are_independent(runner):
    from tests.guest.run import guests

    run = runner.guest(guests.stream("a b c")).start()
    early = run.reader()
    first = early.read()
    run.wait()
    late = run.reader().read(final=True)
    rest = early.read(final=True)
    assert "".join(texts(late.segments)) == run.text == "a b c and then some </s>"
    assert "".join(texts(first.segments + rest.segments)) == run.text
    assert late.stdout == first.stdout + rest.stdout == run.stdout
