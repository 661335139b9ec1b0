"""Values on their way into a guest and back: arrays of every kind, images, files."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from tests.guest.run import guests
from wasinn_nb.guest.exchange import read_outputs, write_input
from wasinn_nb.guest.images import picture_of
from wasinn_nb.nn.errors import Cancelled, InvalidArgument, RuntimeFailure

NUMBERS = ["?", "i1", "u1", "<i2", ">u2", "<f2", ">f2", ">i4", "<f4", ">f8", "<i8", ">u8", "<c8"]


def there_and_back(tmp_path, value):
    """The value that comes back from a guest that copies what it is given."""
    write_input(tmp_path, "x", value)
    values, problems = read_outputs(tmp_path, ("x",))
    assert not problems
    return values["x"]


def sidecar(tmp_path):
    return json.loads((tmp_path / "x.json").read_text())


# -- arrays


@given(data=st.data(), dtype=st.sampled_from(NUMBERS), layout=st.sampled_from(["C", "F", "cut"]))
def test_arrays_come_back_as_they_were(tmp_path_factory, data, dtype, layout):
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
    array = data.draw(hnp.arrays(dtype, shape))
    if layout == "F":
        array = np.asfortranarray(array)
    elif array.ndim:
        array = array[..., ::-2]
    back = there_and_back(tmp_path_factory.mktemp("x"), array)
    assert back.dtype == array.dtype.newbyteorder("=")
    assert back.shape == array.shape
    np.testing.assert_array_equal(back, array)
    assert back.flags.writeable


def test_a_guest_reads_little_endian_rows(tmp_path):
    array = np.array([[1, 2], [3, 4]], dtype=">i2").T
    write_input(tmp_path, "x", array)
    assert (tmp_path / "x").read_bytes() == bytes([1, 0, 3, 0, 2, 0, 4, 0])
    assert sidecar(tmp_path) == {"dtype": "int16", "shape": [2, 2]}


def test_single_numbers_and_views_of_bytes_are_arrays(tmp_path):
    assert there_and_back(tmp_path, np.float16(1.5)).shape == ()
    np.testing.assert_array_equal(there_and_back(tmp_path, memoryview(b"ab")), [97, 98])


def test_every_byte_but_zero_is_true(tmp_path):
    (tmp_path / "x").write_bytes(bytes([0, 1, 2, 255]))
    (tmp_path / "x.json").write_text('{"dtype": "bool", "shape": [4]}')
    values, _ = read_outputs(tmp_path, ("x",))
    assert values["x"].tobytes() == bytes([0, 1, 1, 1])


@pytest.mark.parametrize("value", [[[0.0, 1.0]], (1, 2), 3])
def test_numbers_that_are_no_array_yet(tmp_path, value):
    with pytest.raises(InvalidArgument, match=r"x is a \w+; a guest can be given") as caught:
        write_input(tmp_path, "x", value)
    assert caught.value.hint == "Make an array of it: numpy.asarray(x)."
    with pytest.raises(InvalidArgument) as caught:
        write_input(tmp_path, "x", {})
    assert caught.value.hint == ""


def test_an_array_that_refuses_to_be_one(tmp_path):
    class Elsewhere:
        def __array__(self, dtype=None, copy=None):
            raise TypeError("it is on another device.")

    with pytest.raises(InvalidArgument, match=r"x cannot be made an array: it is on another dev"):
        write_input(tmp_path, "x", Elsewhere())


# -- images


def gradient(mode):
    """A picture, 4 wide and 3 high, in which no two pixels are equal."""
    return Image.fromarray(np.arange(36, dtype="u1").reshape(3, 4, 3) * 7).convert(mode)


@pytest.mark.parametrize(
    ("mode", "shape"), [("L", (3, 4)), ("RGB", (3, 4, 3)), ("RGBA", (3, 4, 4))]
)
def test_images_are_pixels_to_the_guest_and_images_again(tmp_path, mode, shape):
    picture = gradient(mode)
    back = there_and_back(tmp_path, picture)
    assert sidecar(tmp_path) == {"dtype": "uint8", "shape": list(shape), "mode": mode}
    assert (tmp_path / "x").read_bytes() == picture.tobytes()
    assert (back.mode, back.size) == (mode, (4, 3))
    assert back.tobytes() == picture.tobytes()


@pytest.mark.parametrize(
    ("mode", "becomes"),
    [
        ("1", "L"),
        ("P", "RGB"),
        ("CMYK", "RGB"),
        ("YCbCr", "RGB"),
        ("HSV", "RGB"),
        ("LA", "RGBA"),
        ("PA", "RGBA"),
        ("I", "I"),
        ("F", "F"),
    ],
)
def test_images_of_other_modes(tmp_path, mode, becomes):
    picture = gradient("L" if mode in {"I", "F", "1", "LA"} else "RGB")
    picture = picture.convert("P").convert(mode) if mode == "PA" else picture.convert(mode)
    back = there_and_back(tmp_path, picture)
    assert back.mode == becomes
    assert back.tobytes() == picture.convert(becomes).tobytes()


def test_sixteen_bits_stay_sixteen_bits(tmp_path):
    values = np.array([[0, 256], [1000, 65535]], dtype="u2")
    for array in (values, values.astype(">u2")):
        picture = Image.frombytes(
            "I;16B" if array.dtype.str == ">u2" else "I;16", (2, 2), array.tobytes()
        )
        back = there_and_back(tmp_path, picture)
        assert sidecar(tmp_path) == {"dtype": "uint16", "shape": [2, 2], "mode": "I;16"}
        np.testing.assert_array_equal(np.asarray(back), values)


def test_a_palette_with_transparency_keeps_it(tmp_path):
    picture = gradient("RGB").convert("P")
    picture.info["transparency"] = 0
    assert there_and_back(tmp_path, picture).mode == "RGBA"


@pytest.mark.parametrize("given", ["image", "path"])
def test_a_photograph_is_turned_upright(tmp_path, given):
    path = tmp_path / "turned.png"
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held on its side
    gradient("RGB").save(path, exif=exif)
    back = there_and_back(tmp_path, path if given == "path" else Image.open(path))
    np.testing.assert_array_equal(np.asarray(back), np.rot90(np.asarray(gradient("RGB")), -1))


def test_the_path_of_an_image_is_its_pixels_and_of_another_file_its_bytes(tmp_path):
    gradient("RGB").save(tmp_path / "picture.PNG")
    gradient("RGB").save(tmp_path / "frames.gif", save_all=True, append_images=[gradient("L")])
    (tmp_path / "data.bin").write_bytes(b"\x89PNG raw")
    assert there_and_back(tmp_path, tmp_path / "picture.PNG").tobytes() == gradient("RGB").tobytes()
    assert there_and_back(tmp_path, tmp_path / "frames.gif").size == (4, 3)
    other = tmp_path / "other"
    other.mkdir()
    assert there_and_back(other, tmp_path / "data.bin") == b"\x89PNG raw"
    assert not (other / "x.json").exists()


def test_paths_that_cannot_be_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    encoded = io.BytesIO()
    gradient("RGB").resize((400, 300)).save(encoded, "png")
    (tmp_path / "half.png").write_bytes(encoded.getvalue()[:300])
    os.mkfifo(tmp_path / "pipe")
    for name, message in {
        "no.png": "which does not exist",
        ".": "which is no file",
        "pipe": "which is no file",
        "broken.jpg": "cannot be read as an image",
        "half.png": "the pixels of the image cannot be had",
    }.items():
        with pytest.raises(InvalidArgument, match=message):
            write_input(tmp_path, "x", type(tmp_path)(name))


def test_a_picture_that_is_made_to_fill_the_memory_is_refused(tmp_path, monkeypatch):
    gradient("RGB").save(tmp_path / "bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5)
    with pytest.raises(InvalidArgument, match="decompression bomb"):
        write_input(tmp_path, "x", tmp_path / "bomb.png")


def test_without_pillow_the_path_of_an_image_is_an_error_that_says_so(tmp_path, monkeypatch):
    gradient("RGB").save(tmp_path / "a.png")
    for name in ("PIL", "PIL.Image"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InvalidArgument, match=r"needs Pillow") as caught:
        write_input(tmp_path, "x", tmp_path / "a.png")
    assert "wasinn-nb[images]" in caught.value.hint
    assert "read_bytes" in caught.value.hint
    array = np.zeros((2, 3, 3), "u1")
    assert picture_of(array, "RGB") is array, "what comes back is still there, as an array"


def test_other_values_do_without_pillow(tmp_path):
    code = (
        "import sys, pathlib, numpy\n"
        "from wasinn_nb.guest.exchange import read_outputs, write_input\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "for n, v in enumerate((b'', '', numpy.zeros(2), pathlib.Path(__file__))):\n"
        "    write_input(folder, f'x{n}', v)\n"
        "read_outputs(folder, ('x2',))\n"
        "sys.exit('PIL' in sys.modules)\n"
    )
    (tmp_path / "code.py").write_text(code)
    command = [sys.executable, str(tmp_path / "code.py"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("described", "problem"),
    [
        ({"mode": "RGB"}, "pixels of mode RGB are uint8 [height, width, 3]"),
        ({"mode": "RGB", "shape": [2, 6]}, "these are uint8 [2, 6]"),
        ({"mode": "RGB", "dtype": "int8", "shape": [2, 2, 3]}, "these are int8 [2, 2, 3]"),
        ({"mode": "F", "dtype": "float16", "shape": [2, 3]}, "are float32 [height, width]"),
        ({"mode": "CMYK", "shape": [1, 3, 4]}, "no mode 'CMYK'; there are L, RGB, RGBA"),
        ({"mode": ["RGB"] * 9, "shape": [2, 2, 3]}, "it has no mode"),
        ({"mode": None, "shape": [2, 6]}, "it has no mode"),
        ({"mode": "L", "shape": [12]}, "these are uint8 [12]"),
    ],
)
def test_a_sidecar_of_pixels_that_are_none(tmp_path, described, problem):
    (tmp_path / "x").write_bytes(bytes(12))
    (tmp_path / "x.json").write_text(json.dumps(described))
    values, problems = read_outputs(tmp_path, ("x",))
    assert not values
    assert problem in problems[0]


@given(
    st.dictionaries(
        st.sampled_from(["dtype", "shape", "mode"]),
        st.sampled_from(
            [
                "uint8",
                "float32",
                "bool",
                "V8",
                "M8[s]",
                "RGB",
                "L",
                "I;16",
                "",
                None,
                0,
                -1,
                [],
                [-1],
                [0],
                [2, 2, 3],
                [12],
                [4, 3],
                [0, 3],
                [1 << 40, 0, 3],
                [12, 1.0],
                {},
                [[12]],
            ]
        ),
    )
)
def test_whatever_a_sidecar_says_is_a_value_or_one_problem(tmp_path_factory, described):
    folder = tmp_path_factory.mktemp("x")
    (folder / "x").write_bytes(bytes(12))
    (folder / "x.json").write_text(json.dumps(described))
    values, problems = read_outputs(folder, ("x",))
    assert len(values) + len(problems) == 1
    if "x" in values and described.get("mode"):
        assert isinstance(values["x"], Image.Image)


def test_a_full_disk_is_named(runner, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("wasinn_nb.guest.exchange._write_blocks", full)
    run = runner.guest(guests.HELLO).run(inputs={"a": b"1"}, check=False)
    assert str(run.error).startswith("a cannot be given to the guest: No space left on device.")


def test_a_file_that_may_not_be_read(tmp_path):
    with pytest.raises(RuntimeFailure, match="x cannot be given to the guest"):
        write_input(tmp_path / "gone", "x", b"")


@pytest.mark.parametrize(
    "value",
    [
        np.arange(1000.0),
        np.arange(1000, dtype=">i2"),
        np.arange(1000, dtype="<c8").reshape(10, 100).T,
        np.arange(1000)[::-3],
        b"0123456789" * 100,
        "\N{SNOWMAN}" * 500,
    ],
    ids=["array", "big-endian", "transposed", "strided", "bytes", "str"],
)
def test_large_values_are_moved_in_blocks(tmp_path, monkeypatch, value):
    monkeypatch.setattr("wasinn_nb.guest.exchange._CHUNK", 64)
    given, taken = [], []
    write_input(tmp_path, "x", value, moved=lambda *block: given.append(block))
    (back,), problems = _taken(tmp_path, taken)
    assert problems == []
    expected = value.encode() if isinstance(value, str) else value
    assert np.array_equal(back, expected) if isinstance(value, np.ndarray) else back == expected
    for blocks in (given, taken):
        assert {name for name, _, _ in blocks} == {"x"}
        done = [done for _, done, _ in blocks]
        assert done == sorted(set(done))
        assert len(done) > 10
        assert {total for *_, total in blocks} == {done[-1]}


def _taken(directory, blocks):
    values, problems = read_outputs(directory, ("x",), moved=lambda *block: blocks.append(block))
    return values.values(), problems


def test_a_transfer_ends_with_what_its_follower_raises(tmp_path):
    def cancel(*_):
        raise Cancelled("interrupt")

    with pytest.raises(Cancelled):
        write_input(tmp_path, "x", b"1234", moved=cancel)
    write_input(tmp_path, "x", b"1234")
    values, problems = read_outputs(tmp_path, ("x",), moved=cancel)
    assert values == {}
    assert problems == ["/out/x was not read back: the run was interrupted."]


def test_arrays_that_come_back_can_be_written_to(tmp_path):
    write_input(tmp_path, "x", np.arange(3))
    (array,), _ = _taken(tmp_path, [])
    array += 1
    assert array.tolist() == [1, 2, 3]
