"""Softmax, top-k and 16-bit floats in the guest, in C and in Zig, against numpy."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.sdk.vision import Vision

if TYPE_CHECKING:
    from numpy.typing import NDArray


def floats(vision: Vision, name: str, values: list[float]) -> NDArray[np.float32]:
    data = np.array(values, "<f4").tobytes()
    at, out = vision.give(data), vision.give(data)
    vision.call(name, at, len(values), out)
    vision.call(name, at, len(values), at)
    result = vision.read(out, len(data))
    assert vision.read(at, len(data)) == result
    vision.free()
    return np.frombuffer(result, "<f4")


@given(values=st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=40))
@example(values=[3.4e38, -3.4e38, 3.4e38])
@example(values=[1000.0, 1001.0, 1002.0])
def test_softmax(vision: Vision, values: list[float]) -> None:
    exact = np.array(values, np.float32).astype(float)
    exact = np.exp(exact - exact.max(initial=-np.inf))
    np.testing.assert_allclose(
        floats(vision, "softmax", values), exact / exact.sum(), rtol=1e-5, atol=1e-30
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([np.inf, 1.0, np.inf], [0.5, 0.0, 0.5]),
        ([-np.inf, 0.0, 0.0], [0.0, 0.5, 0.5]),
        ([-np.inf] * 4, [0.25] * 4),
        ([1.0, np.nan, np.inf], [np.nan] * 3),
        ([5.0], [1.0]),
    ],
)
def test_softmax_at_the_limits(vision: Vision, values: list[float], expected: list[float]) -> None:
    np.testing.assert_array_equal(floats(vision, "softmax", values), expected)


@given(
    values=st.lists(
        st.floats(width=32) | st.sampled_from([0.0, -0.0, 1.0, np.nan, np.inf, -np.inf]),
        max_size=60,
    ),
    k=st.integers(0, 70),
)
@example(values=list(map(float, range(60))), k=7)
@example(values=[np.nan] * 5, k=3)
def test_top_k(vision: Vision, values: list[float], k: int) -> None:
    values = np.array(values, "<f4").tolist()
    expected = [i for i in range(len(values)) if not np.isnan(values[i])]
    expected = sorted(expected, key=lambda i: -values[i])[:k]
    at = vision.give(np.array(values, "<f4").tobytes())
    best = vision.give(bytes(8 * k))
    found = vision.call("top_k", at, len(values), best, k)
    ranked = list(struct.iter_unpack("<If", vision.read(best, 8 * found)))
    vision.free()
    assert ranked == [(i, values[i]) for i in expected]


def test_16_bit_floats_are_numpys(vision: Vision) -> None:
    if vision.language == "zig":
        pytest.skip("the language has them")
    halves = np.arange(1 << 16, dtype="<u2")
    at, out = vision.give(halves.tobytes()), vision.give(bytes(4 << 16))
    vision.call("from_f16", at, halves.size, out)
    widened = np.frombuffer(vision.read(out, 4 << 16), "<f4")
    np.testing.assert_array_equal(widened, halves.view("<f2").astype("<f4"))
    assert (np.signbit(widened) == np.signbit(halves.view("<f2"))).all()
    vision.free()
    # every half, what lies just around the middle between two, and anything
    finite = widened[np.isfinite(widened)].astype(np.float64)
    middles = ((finite + np.roll(finite, 1)) / 2).astype("<f4")
    anything = np.random.default_rng(1).integers(0, 1 << 32, 20_000, np.uint32).view("<f4")
    edges = np.array([65519.996, 65520, 2.0**-25, 2.0**-24, 6e-5, np.inf, -np.inf, np.nan], "<f4")
    values = np.concatenate(
        [
            widened,
            middles,
            np.nextafter(middles, np.float32(np.inf)),
            np.nextafter(middles, np.float32(-np.inf)),
            anything,
            edges,
        ]
    ).astype("<f4")
    at, out = vision.give(values.tobytes()), vision.give(bytes(2 * values.size))
    vision.call("to_f16", at, values.size, out)
    got = np.frombuffer(vision.read(out, 2 * values.size), "<f2")
    vision.free()
    with np.errstate(over="ignore", invalid="ignore"):
        np.testing.assert_array_equal(got, values.astype("<f2"))
    assert (np.signbit(got) == np.signbit(values)).all()
