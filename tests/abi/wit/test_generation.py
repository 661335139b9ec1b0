"""Limits and stop texts, whatever the tokens are."""

from __future__ import annotations

import codecs

from hypothesis import example, given
from hypothesis import strategies as st

from wasinn_nb.abi.wit.codec import Err
from wasinn_nb.abi.wit.generation import Generation, Options
from wasinn_nb.nn.errors import EndOfSequence


class Context:
    """Makes given tokens, and the end."""

    def __init__(self, pieces):
        self.pieces = pieces
        self.made = 0

    def compute_single(self):
        if self.made == len(self.pieces):
            raise EndOfSequence("the end")
        self.made += 1

    def get_output_single(self, index):
        return b"no JSON" if index else self.pieces[self.made - 1]

    @property
    def token(self):
        return self.made - 1

    def log_probability(self):
        return -float(self.made)


def generated(pieces, **options):
    generation = Generation(
        Context(pieces), Options(**options), lambda reason: None, lambda data: None
    )
    generation.begin()
    tokens = []
    while not isinstance(token := generation.next(), Err):
        tokens.append(token)
    return tokens, generation


PIECES = st.lists(
    st.sampled_from([b"a", b"b", b"ab", b"aba", b"", "\xe9".encode(), b"\xc3", b"\xa9a"]),
    max_size=10,
)
STOPS = st.lists(st.text("ab", min_size=1, max_size=3) | st.just("\xe9a"), max_size=2)


@example([b"x", b"a", b"b"], ["ab"], -1)
@example([b"aa", b"b"], ["aab"], -1)
@given(PIECES, STOPS, st.integers(-1, 10))
def test_what_comes_out_is_the_text_up_to_the_first_stop(pieces, stops, limit):
    stops = tuple(stop.encode() for stop in stops)
    tokens, generation = generated(pieces, stops=stops, limit=limit)
    whole, made, finish = b"", 0, "length" if limit == 0 else "end"
    for piece in pieces if limit else []:
        whole += piece
        made += 1
        places = [whole.find(stop) for stop in stops if stop in whole]
        if places:
            whole, finish = whole[: min(places)], "stop"
            break
        if made == limit:
            finish = "length"
            break
    assert b"".join(token["bytes"] for token in tokens) == whole
    assert generation.finish == finish
    assert generation.usage()["generated-tokens"] == made
    text = "".join(token["text"] for token in tokens)
    assert text == codecs.getincrementaldecoder("utf-8")("replace").decode(whole)
    ids = [token["id"] for token in tokens]
    assert ids == sorted(set(ids))
    for token in tokens:
        assert pieces[token["id"]].startswith(token["bytes"])


@given(PIECES, STOPS)
def test_no_token_is_held_that_is_certain(pieces, stops):
    stops = tuple(stop.encode() for stop in stops)
    context = Context(pieces)
    generation = Generation(context, Options(stops=stops), lambda reason: None, lambda data: None)
    generation.begin()
    out = b""
    while not isinstance(token := generation.next(), Err):
        out += token["bytes"]
        longest = max(map(len, stops), default=1) - 1
        made = b"".join(pieces[: context.made])
        # one more was made only if what waited could have begun a stop text
        waiting = made[len(out) : len(made) - len(pieces[context.made - 1])]
        assert len(waiting) <= longest + 6


def test_every_token_has_its_own_probability_though_some_are_held():
    tokens, _ = generated([b"a", b"b", b"c"], stops=(b"abd",), log_probabilities=True)
    assert [token["log-probability"] for token in tokens] == [-1.0, -2.0, -3.0]
