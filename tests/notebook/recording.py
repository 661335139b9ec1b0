"""Widgets without a front end: what they say is kept, and a test says what views do."""

from __future__ import annotations

import time
from contextlib import contextmanager

import comm
import pytest
from comm.base_comm import BaseComm
from hypothesis import strategies as st

from wasinn_nb.notebook.widgets import assets, library

PATIENCE = 30.0

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)

# loads a model, and then turns round until it is stopped
SPINNER = """
(module
  (import "wasi_ephemeral_nn" "load_by_name" (func $load (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "story")
  (func (export "_start")
    (drop (call $load (i32.const 16) (i32.const 5) (i32.const 0)))
    (loop $again (br $again))))
"""


class RecordingComm(BaseComm):
    """A comm that keeps what it is to publish."""

    def __init__(self, **arguments):
        self.published = []
        super().__init__(**arguments)

    def publish_msg(self, msg_type, data=None, **_):
        self.published.append((msg_type, data))

    def hear(self, method, **data):
        """A message of the front end arrives."""
        self.handle_msg({"content": {"data": {"method": method, **data}}, "buffers": []})

    @property
    def answers(self):
        """The custom messages that were sent since this was last asked."""
        sent = [data["content"] for kind, data in self.published if _is_custom(kind, data)]
        self.published.clear()
        return sent


def _is_custom(kind, data):
    return kind == "comm_msg" and data["method"] == "custom"


def ask(widget, content):
    """What the widget answers to a message of a view."""
    widget.comm.hear("custom", content=content)
    return widget.comm.answers


@contextmanager
def recorded():
    """Widgets that are made meanwhile have recording comms, and no real front end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comm, "create_comm", RecordingComm)
        patch.setattr(assets, "load", lambda name: assets.Module(f"code of {name}", "style"))
        patch.setattr(assets, "loader", lambda: "loader")
        patch.setattr(library, "_libraries", {})
        yield


def eventually(check):
    """The first true value of ``check()``."""
    until = time.monotonic() + PATIENCE
    while not (found := check()):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.01)
    return found


class FormView:
    """A view of a form, which says what views say."""

    def __init__(self, widget, number=1):
        self.widget, self.number, self.seq = widget, number, 0

    def ask(self, kind, **values):
        """The kernel's answer to a request."""
        self.widget.comm.answers  # noqa: B018 - what was said before is no answer
        self.widget.comm.hear("custom", content={"kind": kind, "id": 1, **values})
        answers = [a for a in self.widget.comm.answers if a["kind"] in ("done", "refused")]
        assert len(answers) == 1
        return answers[0]

    def draft(self, values=None, unset=()):
        """What a draft would come to."""
        self.seq += 1
        draft = {"set": values or {}, "unset": list(unset), "view": self.number, "seq": self.seq}
        assert self.ask("draft", **draft)["kind"] == "done"
        return self.sees(lambda p: (p["view"], p["seq"]) == (self.number, self.seq))

    def sees(self, expected):
        """Wait for a prospect."""
        return eventually(lambda: self.widget.prospect if expected(self.widget.prospect) else None)

    def apply(self, *, stop=False):
        """How an Apply ended."""
        answer = self.ask("apply", stop=stop)
        assert answer["kind"] == "done", answer
        return eventually(lambda: not self.widget.work["what"] and self.widget.outcome)

    def value(self, key):
        """Value and origin that the form shows."""
        return tuple(self.widget.model["values"][key].values())
