"""A form in a side panel over a real kernel's protocol, also while a cell holds that kernel."""

from __future__ import annotations

from itertools import count

import pytest

pytestmark = pytest.mark.parametrize("kernel", ["newest"], indirect=True)

COMM = "wasinn_nb.lab"

WAITING = """
import time, wasinn_nb
while "window" not in wasinn_nb.host().describe("story").pins:
    time.sleep(0.01)
"""


class Page:
    """A page's end of the comm."""

    numbers = count(1)  # a page hears the answers to others as well

    def __init__(self, kernel):
        self.kernel = kernel

    @property
    def heard(self):
        """Everything that the kernel has said on the comm."""
        all_messages = [m for messages in self.kernel.by_parent.values() for m in messages]
        return [
            message["content"]["data"]
            for message in all_messages
            if message["msg_type"] == "comm_msg" and message["content"]["comm_id"] == COMM
        ]

    def say(self, **data):
        """A message of the page."""
        message = self.kernel.client.session.msg("comm_msg", {"comm_id": COMM, "data": data})
        self.kernel.client.shell_channel.send(message)

    def ask(self, kind, **values):
        """The answer to a request."""
        number = next(self.numbers)
        self.say(kind=kind, id=number, **values)
        return self.until(lambda: self._answer(self.heard, number))

    def ask_form(self, form, kind, **values):
        """The answer of a form to a request."""
        number = next(self.numbers)
        self.say(kind="to_form", form=form, message={"kind": kind, "id": number, **values})
        return self.until(lambda: self._answer(self.of(form, "message"), number))

    def of(self, form, part):
        """Messages or states of a form."""
        told = [data for data in self.heard if data["kind"] == "form" and data["form"] == form]
        return [data[part] for data in told if part in data]

    def sees(self, form, key, check):
        """Wait until a form has told a value."""
        states = lambda: [s[key] for s in self.of(form, "state") if key in s]  # noqa: E731
        return self.until(lambda: next((value for value in states() if check(value)), None))

    def until(self, look):
        """The first value that is something."""
        self.kernel.until(lambda: look() is not None)
        return look()

    @staticmethod
    def _answer(messages, number):
        return next((message for message in messages if message.get("id") == number), None)


def test_a_page_configures_a_model_also_while_a_cell_runs(kernel):
    kernel.run("%wasinn load story story.echo --encoding ggml")
    page = Page(kernel)
    blocking = kernel.begin(WAITING)
    opened = page.ask("configure", name="story")
    form = opened["form"]
    assert opened["state"]["model"]["loaded"]
    assert "window" in [field["key"] for field in opened["state"]["fields"]]
    page.say(kind="to_form", form=form, message={"kind": "hello"})
    page.until(lambda: page.of(form, "message") or None)
    draft = {"set": {"window": 32}, "unset": [], "view": 1, "seq": 1}
    assert page.ask_form(form, "draft", **draft)["kind"] == "done"
    page.sees(form, "prospect", lambda value: value["draft"]["set"] == {"window": 32})
    assert blocking.reply is None
    assert page.ask_form(form, "apply", stop=False)["kind"] == "done"
    outcome = page.sees(form, "outcome", lambda value: value["message"])
    assert outcome["message"] == "Applied: pinned window."
    assert kernel.end(blocking).reply["status"] == "ok"
    assert "nobody" in page.ask("configure", name="nobody")["message"]


def test_forms_end_with_the_extension(kernel):
    page = Page(kernel)
    page.ask("configure", name="story")
    kernel.run("%unload_ext wasinn_nb")
    left = kernel.run(
        "import threading, time\n"
        "def left(): return [t for t in threading.enumerate() if 'wasinn config' in t.name]\n"
        "until = time.monotonic() + 30\n"
        "while left() and time.monotonic() < until: time.sleep(0.01)\n"
        "print(left())"
    )
    assert left.stream().strip() == "[]"
