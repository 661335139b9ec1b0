"""The tensor programs of the guests' page on the real host, with the model that ships."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import wasinn_nb as wn

if TYPE_CHECKING:
    from wasinn_nb import Host, Run

pytest.importorskip("openvino")

PAGE = Path(__file__).parents[2] / "docs" / "guests.md"
PROGRAM = re.compile(r"^```(c|cpp|zig)\n%%wasinn \1 --in digit.*\n((?:.*\n)*?)```$", re.MULTILINE)
PROGRAMS = dict(PROGRAM.findall(PAGE.read_text()))
MODEL = "guests-digits"


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    host = wn.host()
    host.load(MODEL, "builtin:digits")
    yield host
    host.unload(MODEL)
    host.forget(MODEL)


def one() -> Any:
    """A digit as the page draws it."""
    digit = np.zeros((16, 16), "uint8")
    digit[2:14, 7:10] = 255
    return digit


def expected(host: Host, digit: Any) -> Any:
    """The model's answer to the picture in half its size, which is means of four pixels."""
    means = digit.astype("float32").reshape(8, 2, 8, 2).mean(axis=(1, 3))
    pixels = np.floor(means + 0.5) / np.float32(255)
    return host.infer(MODEL, pixels.reshape(1, 1, 8, 8).astype("float32"))


def run(language: str, digit: Any, **options: Any) -> Run:
    guest = wn.build(PROGRAMS[language], language=language)
    return guest.run(models={"digits": MODEL}, inputs={"digit": digit}, check=False, **options)


def test_the_page_has_a_program_in_each_language() -> None:
    assert set(PROGRAMS) == {"c", "cpp", "zig"}


def test_c(host: Host) -> None:
    (probabilities,) = expected(host, one()).values()
    done = run("c", one(), outputs=("probabilities",))
    assert done.exit_code == 0, done.stderr
    np.testing.assert_allclose(done.outputs["probabilities"], probabilities[0], atol=1e-6)
    best = np.argsort(-probabilities[0], kind="stable")[:3]
    assert done.stdout == "".join(f"{i}: {100 * probabilities[0, i]:.1f} %\n" for i in best)


def test_a_model_that_is_not_there_is_named() -> None:
    guest = wn.build(PROGRAMS["c"], language="c")
    done = guest.run(models={}, inputs={"digit": one()}, check=False)
    assert done.stderr == "opening the model digits: not found (error 8)\n"


def test_cpp(host: Host) -> None:
    (probabilities,) = expected(host, one()).values()
    done = run("cpp", one())
    assert done.exit_code == 0, done.stderr
    got = [float(line) for line in done.stdout.splitlines()]
    np.testing.assert_allclose(got, probabilities[0], atol=1e-5)


def test_zig(host: Host) -> None:
    (probabilities,) = expected(host, one()).values()
    done = run("zig", one())
    assert done.exit_code == 0, done.stderr
    best = np.argsort(-probabilities[0], kind="stable")[:3]
    lines = [line.split(":")[0] for line in done.stderr.splitlines()]
    assert lines == [str(i) for i in best]


@pytest.mark.usefixtures("host")
def test_a_value_that_is_no_picture() -> None:
    done = run("c", b"ink")
    assert done.exit_code == 1
    assert "taking an array for an image: invalid argument (error 1); an image is" in done.stderr
    assert done.stderr.rstrip().endswith("not bytes [3]")


def test_a_picture_of_pillows(host: Host) -> None:
    image = pytest.importorskip("PIL.Image").fromarray(one())
    (probabilities,) = expected(host, one()).values()
    done = run("c", image, outputs=("probabilities",))
    np.testing.assert_allclose(done.outputs["probabilities"], probabilities[0], atol=1e-6)
