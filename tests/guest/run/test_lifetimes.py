"""What a run holds goes with the last reference to it, without a garbage collection."""

from __future__ import annotations

import gc
import weakref

import pytest

import wasinn_nb as wn

GUEST = '#include <stdio.h>\nint main(void) { puts("done"); return 0; }'


class Text(str):
    """A string that can be watched."""

    __slots__ = ("__weakref__",)


@pytest.mark.parametrize("callbacks", [{}, {"on_stdout": len}], ids=["plain", "callbacks"])
def test_a_finished_run_is_no_garbage(callbacks):
    guest = wn.build(GUEST, language="c")
    guest.run()
    gc.collect()
    gc.disable()
    try:
        text = Text("given")
        run = guest.run(inputs={"text": text}, **callbacks)
        assert run.stdout == "done\n"
        models, watched, given = map(weakref.ref, (run._models, run, text))
        del run, text
        assert (watched(), models(), given()) == (None, None, None)
    finally:
        gc.enable()
