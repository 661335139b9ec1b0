"""Images and numbers in the guest, in C and in Zig, against numpy in double precision."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
import wasmtime
from hypothesis import example, given
from hypothesis import strategies as st

from tests.sdk.conftest import DRIVERS, Build

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Bytes = NDArray[np.uint8]

GREY, RGB, RGBA, BGR, BGRA = 0x01, 0x03, 0x04, 0x13, 0x14
NCHW, NHWC = 0, 1
_GAP = 0xEE


class Vision:
    """The driver's functions, over arrays."""

    def __init__(self, language: str, engine: wasmtime.Engine, wasm: Path) -> None:
        self.language = language
        self.store = wasmtime.Store(engine)
        linker = wasmtime.Linker(engine)
        linker.define_wasi()
        self.store.set_wasi(wasmtime.WasiConfig())
        instance = linker.instantiate(self.store, wasmtime.Module.from_file(engine, str(wasm)))
        self.exports = cast("Any", instance.exports(self.store))
        self.exports["_initialize"](self.store)
        self.taken: list[int] = []

    def call(self, name: str, *args: int) -> int:
        result: int = self.exports[name](self.store, *args)
        return result

    def give(self, data: bytes) -> int:
        """Memory of the guest that holds ``data``, until :meth:`free`."""
        at = self.call("take", max(len(data), 1)) & 0xFFFFFFFF
        assert at
        self.taken.append(at)
        self.exports["memory"].write(self.store, data, at)
        return at

    def read(self, at: int, size: int) -> bytes:
        return bytes(self.exports["memory"].read(self.store, at, at + size))

    def free(self) -> None:
        while self.taken:
            self.call("give", self.taken.pop())

    def message(self) -> str:
        return self.read(self.call("message"), 256).split(b"\0")[0].decode()

    def image(self, pixels: Bytes, kind: int, gap: int = 0) -> tuple[int, int]:
        """An image record, and where its pixels are; rows are ``gap`` bytes apart."""
        height, width, channels = pixels.shape
        assert channels == kind & 7
        rows = np.full((height, width * channels + gap), _GAP, np.uint8)
        rows[:, : width * channels] = pixels.reshape(height, width * channels)
        at = self.give(rows.tobytes())
        stride = width * channels + gap if gap else 0
        return self.record(at, width, height, kind, stride, rows.size), at

    def record(self, *words: int) -> int:
        """Pixels, width, height, format, stride and, for Zig, how many bytes there are."""
        return self.give(struct.pack(f"<{len(words)}I", *words))

    def pixels(self, at: int, shape: tuple[int, int, int], gap: int = 0) -> Bytes:
        height, width, channels = shape
        rows = np.frombuffer(self.read(at, height * (width * channels + gap)), np.uint8)
        rows = rows.reshape(height, width * channels + gap)
        assert (rows[:, width * channels :] == _GAP).all()
        return rows[:, : width * channels].reshape(shape)


@pytest.fixture(scope="module", params=["c", "cpp", "zig"])
def vision(
    request: pytest.FixtureRequest,
    engine: wasmtime.Engine,
    build: Build,
    tmp_path_factory: pytest.TempPathFactory,
) -> Vision:
    source = DRIVERS / f"vision.{request.param}"
    flags = ["-mexec-model=reactor"]
    if request.param == "cpp":  # the same text, as C++
        source = tmp_path_factory.mktemp("vision") / "vision.cpp"
        source.write_text(f'extern "C" {{\n{(DRIVERS / "vision.c").read_text()}}}\n')
    if request.param == "zig":
        flags.append("-rdynamic")
    return Vision(request.param, engine, build(source, *flags))


def noise(seed: int, *shape: int) -> Bytes:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


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
    if vision.language == "zig" and "stride" not in problem:
        problem = "the pixels are fewer than the size says"  # it knows how many there are
    refused(vision, vision.record(*record), problem)


def test_a_number_that_is_no_format(vision: Vision) -> None:
    if vision.language == "zig":
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
    if vision.language == "zig":
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


# ---- numbers -------------------------------------------------------------------------------------


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
