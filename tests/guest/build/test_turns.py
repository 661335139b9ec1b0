"""Who waits for what is made once for all goes before who makes it for later."""

from __future__ import annotations

import threading

import pytest

from wasinn_nb.guest.build import turns
from wasinn_nb.guest.build.builder import Builder
from wasinn_nb.guest.languages import ziglang
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import Cancelled
from wasinn_nb.nn.locks import file_lock


def test_a_build_in_the_background_stops_for_one_that_is_waited_for(tmp_path):
    order: list[str] = []
    begun = threading.Event()

    def prepare(tick: turns.Tick) -> None:
        if "needed" in order:
            order.append("found")
            return
        order.append("begun")
        begun.set()
        while True:
            threading.Event().wait(0.01)
            tick(0)

    later = threading.Thread(target=turns.take, args=(tmp_path, prepare), kwargs={"background": 1})
    later.start()
    assert begun.wait(60)
    turns.take(tmp_path, lambda _: order.append("needed"), background=False)
    later.join(60)
    assert order == ["begun", "needed", "found"]


def test_one_that_is_waited_for_stops_for_nobody(tmp_path):
    inside = threading.Event()
    other = threading.Event()
    order: list[str] = []

    def make(tick: turns.Tick) -> None:
        inside.set()
        assert other.wait(60)
        for _ in range(20):
            tick(0)
        order.append("first")

    first = threading.Thread(target=turns.take, args=(tmp_path, make), kwargs={"background": False})
    first.start()
    assert inside.wait(60)
    turns.take(
        tmp_path,
        lambda _: order.append("second"),
        background=False,
        on_wait=lambda _: other.set(),
    )
    first.join(60)
    assert order == ["first", "second"]


@pytest.mark.parametrize("background", [True, False])
def test_waiting_can_be_cancelled(tmp_path, background):
    token = CancelToken()
    with file_lock(tmp_path / "wanted.lock"), pytest.raises(Cancelled):
        turns.take(
            tmp_path,
            lambda _: pytest.fail("it is not its turn"),
            background=background,
            cancel=token,
            on_wait=lambda _: token.cancel(),
        )


def test_warming_up_gives_way_to_a_cell(tmp_path, toolchain_dir):
    toolchain = ziglang.detect()
    library = tmp_path / ziglang.global_cache(toolchain, toolchain_dir).name
    library.mkdir()
    for part in (toolchain_dir / library.name).iterdir():
        if part.is_dir():
            (library / part.name).symlink_to(part)
    with file_lock(library / "wanted.lock"):
        warming = Builder(tmp_path).warm(("c",))
        assert not warming.wait(1)
        assert warming.status["c"].state == "running"
    assert warming.wait(60)
    assert warming.status["c"].state == "ready"
