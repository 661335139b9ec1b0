"""Images in the guest, in C and in Zig, against numpy in double precision."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.sdk.vision import BGR, BGRA, GREY, NCHW, NHWC, RGB, RGBA, Vision, noise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Bytes = NDArray[np.uint8]


# ---- resizing ------------------------------------------------------------------------------------


def matrix(size: int, wanted: int) -> Numbers:
    """What each result takes of each pixel, by the definition in wasi_nn_image.h."""
    weights = np.zeros((wanted, size))
    places = np.clip((np.arange(wanted) + 0.5) * size / wanted - 0.5, 0, size - 1)
    for row, place in zip(weights, places, strict=True):
        row[int(place)] += 1 - place % 1
        if place % 1:
            row[int(place) + 1] += place % 1
    return weights


def resized(pixels: Bytes, width: int, height: int) -> Numbers:
    rows = matrix(pixels.shape[0], height)
    columns = matrix(pixels.shape[1], width)
    return np.einsum("yi,xj,ijc->yxc", rows, columns, pixels.astype(float))


SIZES = st.integers(1, 24)


@given(
    size=st.tuples(SIZES, SIZES),
    wanted=st.tuples(SIZES, SIZES),
    kind=st.sampled_from([GREY, RGB, BGRA]),
    gaps=st.tuples(st.sampled_from([0, 5]), st.sampled_from([0, 3])),
    seed=st.integers(0, 1000),
)
@example(size=(1, 1), wanted=(1, 1), kind=RGB, gaps=(0, 0), seed=0)
@example(size=(1, 1), wanted=(7, 5), kind=BGRA, gaps=(5, 3), seed=1)
@example(size=(24, 24), wanted=(1, 1), kind=GREY, gaps=(0, 0), seed=2)
@example(size=(2, 2), wanted=(4, 4), kind=GREY, gaps=(0, 0), seed=3)
def test_resizing_is_bilinear_with_half_pixel_centres(
    vision: Vision,
    size: tuple[int, int],
    wanted: tuple[int, int],
    kind: int,
    gaps: tuple[int, int],
    seed: int,
) -> None:
    channels = kind & 7
    pixels = noise(seed, *size, channels)
    height, width = wanted
    exact = resized(pixels, width, height)
    source, _ = vision.image(pixels, kind, gaps[0])
    target, at = vision.image(np.full((*wanted, channels), 7, np.uint8), kind, gaps[1])
    floats = vision.give(bytes(4 * exact.size))
    try:
        assert vision.call("resize", source, target) == 0
        got = vision.pixels(at, (height, width, channels), gaps[1])
        assert np.abs(got - exact).max() <= 0.5 + 1e-4
        assert vision.call("resize_f32", source, width, height, floats) == 0
        unrounded = np.frombuffer(vision.read(floats, 4 * exact.size), "<f4")
        np.testing.assert_allclose(unrounded.reshape(exact.shape), exact, atol=1e-4)
    finally:
        vision.free()


def test_halves_are_rounded_up_and_equal_sizes_are_the_same_bytes(vision: Vision) -> None:
    source, _ = vision.image(np.array([[[0], [1]]], np.uint8), GREY)
    target, at = vision.image(np.zeros((1, 1, 1), np.uint8), GREY)
    assert vision.call("resize", source, target) == 0
    assert vision.pixels(at, (1, 1, 1)).item() == 1
    pixels = noise(5, 33, 17, 3)
    source, _ = vision.image(pixels, RGB)
    target, at = vision.image(np.zeros_like(pixels), RGB)
    assert vision.call("resize", source, target) == 0
    assert (vision.pixels(at, pixels.shape) == pixels).all()
    vision.free()


def test_resizing_agrees_with_openvino(vision: Vision) -> None:
    """An implementation that is not ours: interpolation with half-pixel centres, linear_onnx."""
    ov = pytest.importorskip("openvino")
    ops = pytest.importorskip("openvino.opset13")
    pixels = noise(8, 37, 53, 3)
    given_ = ops.parameter([37, 53, 3], np.float32)
    node = ops.interpolate(
        given_,
        np.array([64, 20], np.int64),
        "linear_onnx",
        "sizes",
        axes=np.array([0, 1], np.int64),
        coordinate_transformation_mode="half_pixel",
    )
    compiled = ov.compile_model(ov.Model([node], [given_]), "CPU")
    expected = compiled(pixels.astype(np.float32))[0]
    source, _ = vision.image(pixels, RGB)
    floats = vision.give(bytes(4 * expected.size))
    assert vision.call("resize_f32", source, 20, 64, floats) == 0
    got = np.frombuffer(vision.read(floats, 4 * expected.size), "<f4").reshape(expected.shape)
    np.testing.assert_allclose(got, expected, atol=1e-3)
    vision.free()


def test_nothing_can_be_resized_to_nothing_only(vision: Vision) -> None:
    empty, _ = vision.image(np.zeros((0, 4, 3), np.uint8), RGB)
    one, at = vision.image(np.full((1, 1, 3), 9, np.uint8), RGB)
    assert vision.call("resize", one, empty) == 0
    assert vision.call("resize", empty, one) == 1
    assert "it has no pixels" in vision.message()
    assert vision.pixels(at, (1, 1, 3)).tolist() == [[[9, 9, 9]]]
    assert vision.call("resize_f32", empty, 0, 3, 0) == 0
    assert vision.call("resize_f32", empty, 2, 3, at) == 1
    vision.free()


def refused(vision: Vision, bad: int, problem: str) -> None:
    good, at = vision.image(np.full((2, 2, 3), 9, np.uint8), RGB)
    for name, args in {
        "resize": (bad, good),
        "convert": (bad, good),
        "pack": (bad, RGB, NCHW, 0, at),
        "resize_f32": (bad, 2, 2, at),
    }.items():
        assert vision.call(name, *args) == 1
        assert problem in vision.message()
    assert vision.call("resize", good, bad) == 1
    assert vision.call("convert", good, bad) == 1
    assert (vision.pixels(at, (2, 2, 3)) == 9).all()
    vision.free()


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ((0, 2, 2, RGB, 0, 0), "the image has no pixels"),
        ((64, 1 << 16, 1 << 16, GREY, 0, 16), "the image is larger than memory"),
        ((64, 1 << 31, 1, GREY, 0, 16), "the image is larger than memory"),
        ((64, 1 << 30, 1, RGBA, 0, 16), "the image is larger than memory"),
        ((64, 1, 1 << 30, GREY, 4, 16), "the image is larger than memory"),
        ((64, 4, 2, RGB, 11, 100), "the stride is less than a row's bytes"),
    ],
)
def test_an_image_that_cannot_be(vision: Vision, record: tuple[int, ...], problem: str) -> None:
    if vision.language == "rs":
        pytest.skip("an Image has its pixels, and no stride")
    if vision.language == "zig" and "stride" not in problem:
        problem = "the pixels are fewer than the size says"  # it knows how many there are
    refused(vision, vision.record(*record), problem)


def test_a_number_that_is_no_format(vision: Vision) -> None:
    if vision.language in ("zig", "rs"):
        pytest.skip("a Format has no other values")
    for number in (0, 2, 0x11, 0x22):
        refused(vision, vision.record(64, 2, 2, number, 0), "wasi_nn_format has no such number")


# ---- formats -------------------------------------------------------------------------------------


def red_green_blue_alpha(pixels: Bytes, kind: int) -> Bytes:
    if kind == GREY:
        return np.concatenate([pixels] * 3 + [np.full_like(pixels, 255)], axis=2)
    colours = pixels[..., 2::-1] if kind in {BGR, BGRA} else pixels[..., :3]
    alpha = pixels[..., 3:] if kind & 7 == 4 else np.full_like(pixels[..., :1], 255)
    return np.concatenate([colours, alpha], axis=2)


def converted(pixels: Bytes, kind: int, wanted: int) -> Bytes:
    full = red_green_blue_alpha(pixels, kind)
    if wanted == GREY:
        luma = full[..., :3].astype(float) @ (0.299, 0.587, 0.114)
        return luma[..., None]
    colours = full[..., 2::-1] if wanted in {BGR, BGRA} else full[..., :3]
    return np.concatenate([colours, full[..., 3:]], axis=2)[..., : wanted & 7]


@pytest.mark.parametrize("kind", [GREY, RGB, RGBA, BGR, BGRA])
@pytest.mark.parametrize("wanted", [GREY, RGB, RGBA, BGR, BGRA])
def test_conversion(vision: Vision, kind: int, wanted: int) -> None:
    pixels = noise(kind * 100 + wanted, 5, 9, kind & 7)
    exact = converted(pixels, kind, wanted)
    source, where = vision.image(pixels, kind, 3)
    target, at = vision.image(np.zeros((5, 9, wanted & 7), np.uint8), wanted, 1)
    assert vision.call("convert", source, target) == 0
    got = vision.pixels(at, (5, 9, wanted & 7), 1)
    assert np.abs(got - exact).max() <= (0.51 if wanted == GREY != kind else 1e-9)
    if kind & 7 == wanted & 7:  # in place
        stride = 9 * (kind & 7) + 3
        here = vision.record(where, 9, 5, wanted, stride, 5 * stride)
        assert vision.call("convert", source, here) == 0
        assert (vision.pixels(where, pixels.shape, 3) == got).all()
    vision.free()


def test_grey_is_pillows_grey(vision: Vision) -> None:
    image = pytest.importorskip("PIL.Image")
    pixels = noise(3, 40, 50, 3)
    source, _ = vision.image(pixels, RGB)
    target, at = vision.image(np.zeros((40, 50, 1), np.uint8), GREY)
    assert vision.call("convert", source, target) == 0
    expected = np.asarray(image.fromarray(pixels).convert("L"))
    assert (vision.pixels(at, (40, 50, 1))[..., 0] == expected).all()
    vision.free()


def test_only_equal_sizes_are_converted_and_only_equal_formats_resized(vision: Vision) -> None:
    if vision.language == "rs":
        pytest.skip("what is converted or resized is a new image")
    small, _ = vision.image(noise(1, 2, 2, 3), RGB)
    large, _ = vision.image(noise(1, 2, 3, 3), BGR)
    assert vision.call("convert", small, large) == 1
    assert "the sizes differ" in vision.message()
    assert vision.call("resize", small, large) == 1
    assert "the formats differ" in vision.message()
    vision.free()


# ---- packing -------------------------------------------------------------------------------------

MEAN, DEVIATION = (0.485, 0.456, 0.406, 0.5), (0.229, 0.224, 0.225, 0.25)
PACKINGS = [
    (kind, wanted)
    for kind in (GREY, RGB, RGBA, BGR, BGRA)
    for wanted in (GREY, RGB, RGBA, BGR, BGRA)
    if (wanted != GREY or kind == GREY) and (wanted & 7 != 4 or kind & 7 == 4)
]


@pytest.mark.parametrize(("kind", "wanted"), PACKINGS)
@pytest.mark.parametrize("layout", [NCHW, NHWC])
def test_packing(vision: Vision, kind: int, wanted: int, layout: int) -> None:
    channels = wanted & 7
    pixels = noise(kind * 31 + wanted, 7, 19, kind & 7)
    ordered = converted(pixels, kind, wanted).astype(float)
    source, _ = vision.image(pixels, kind, 2)
    normal = vision.give(struct.pack("<9f", 1 / 255, *MEAN, *DEVIATION))
    tensor = vision.give(bytes(4 * ordered.size))
    exact = (ordered / 255 - MEAN[:channels]) / DEVIATION[:channels]
    axes = (2, 0, 1) if layout == NCHW else (0, 1, 2)
    for how, expected in ((normal, exact.transpose(axes)), (0, ordered.transpose(axes))):
        assert vision.call("pack", source, wanted, layout, how, tensor) == 0
        got = np.frombuffer(vision.read(tensor, 4 * ordered.size), "<f4").reshape(expected.shape)
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=2e-6 if how else 0)
    vision.free()


def test_zeros_of_a_normalisation_count_as_one(vision: Vision) -> None:
    if vision.language in ("zig", "rs"):
        pytest.skip("the defaults are 1")
    source, _ = vision.image(np.array([[[10, 20, 30]]], np.uint8), RGB)
    tensor = vision.give(bytes(12))
    normal = vision.give(struct.pack("<9f", 0, 1, 2, 3, 0, 0, 2, 0, 0))
    assert vision.call("pack", source, RGB, NCHW, normal, tensor) == 0
    assert struct.unpack("<3f", vision.read(tensor, 12)) == (9, 9, 27)
    vision.free()


def test_a_channel_that_is_not_there_is_not_packed(vision: Vision) -> None:
    source, at = vision.image(noise(1, 2, 2, 3), RGB)
    for wanted in (GREY, RGBA):
        assert vision.call("pack", source, wanted, NCHW, 0, at) == 1
        assert "lacks such a channel" in vision.message()
    empty, _ = vision.image(np.zeros((0, 5, 3), np.uint8), RGB)
    assert vision.call("pack", empty, BGR, NHWC, 0, 0) == 0
    vision.free()
