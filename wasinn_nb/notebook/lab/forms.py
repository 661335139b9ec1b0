"""Forms in side panels: many over one channel, each under a name of its own.

What a form says is wrapped in ``{"kind": "form", "form": name}``: ``state`` has values that became
others, ``message`` is a message as a widget would send it. What a page says to one comes wrapped in
``to_form``.

A page that sleeps is not heard of, and does not lose what is changed in its forms: they rest until
a page is there again.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from wasinn_nb.nn.errors import InvalidArgument, WasinnError
from wasinn_nb.notebook.widgets.answers import Handler, answer
from wasinn_nb.notebook.widgets.form.form import Form

if TYPE_CHECKING:
    from wasinn_nb.api import Host
    from wasinn_nb.notebook.widgets.answers import Post
    from wasinn_nb.notebook.widgets.form.draft import Draft
    from wasinn_nb.notebook.widgets.requests import Request

# pages that were reloaded leave forms behind
_MOST = 8


class Forms:
    """The forms that pages have open over a host's models.

    Args:
        post: sends a message to all pages. It is called while a form is locked, so it must not
            wait for anything that closes forms.
    """

    def __init__(self, host: Host, post: Post) -> None:
        self._host = host
        self._post = post
        self._lock = threading.Lock()
        self._forms: dict[str, Form] = {}
        # models and drafts of those that rest
        self._resting: dict[str, tuple[str, Draft]] = {}
        self._ended = False

    def handlers(self) -> dict[str, Handler]:
        """What pages may ask, by kind."""
        return {"configure": self._configure, "configured": self._drop, "to_form": self._hear}

    def rest(self) -> None:
        """Nobody looks: follow no model any more, and keep what was changed."""
        with self._lock:
            resting, self._forms = self._forms, {}
            for name, form in resting.items():
                self._resting[name] = (form.name, form.draft)
            for oldest in list(self._resting)[:-_MOST]:
                del self._resting[oldest]
        for form in resting.values():
            form.close()

    def wake(self) -> None:
        """Somebody looks again: those that rest go on, and pages are told how things stand."""
        for name in list(self._resting):
            if (form := self._form(name)) is not None:
                form.repeat()

    def end(self) -> None:
        """Close all of them, and tell pages so; open no more. What they apply goes on."""
        with self._lock:
            self._ended = True
            left = [*self._forms, *self._resting]
        for name in left:
            self._end(name)

    def _configure(self, request: Request) -> dict[str, Any]:
        """Open a form for a model."""
        name = uuid4().hex
        form = self._open(name, request.text("name"))
        return {"form": name, "state": {"name": form.name, **form.state}}

    def _open(self, name: str, model: str, draft: Draft | None = None) -> Form:
        form = Form(
            model, self._host, lambda news: self._post("form", form=name, state=news), draft
        )
        with self._lock:
            if self._ended:
                raise InvalidArgument(
                    "The extension has been unloaded.", hint="%load_ext wasinn_nb"
                )
            self._forms[name] = form
            surplus = list(self._forms)[:-_MOST]
        for oldest in surplus:
            self._end(oldest)
        form.watch()
        return form

    def _form(self, name: str) -> Form | None:
        """A form that is there, or rested and goes on now."""
        with self._lock:
            form = self._forms.get(name)
            rested = self._resting.pop(name, None)
        if form is None and rested is not None:
            try:
                form = self._open(name, *rested)
            except WasinnError:  # the model has gone, or the extension
                self._end(name)
        return form

    def _drop(self, request: Request) -> None:
        """A page has taken its form away."""
        self._close(request.text("form"))

    def _hear(self, request: Request) -> None:
        """A page says something to a form."""
        name = request.text("form")
        form = self._form(name)
        if form is None:
            self._end(name)  # the page has not heard of that, or it would not ask
            return
        post = partial(self._say, name)
        greet = {"hello": lambda _: self._welcome(form, post), "close": lambda _: self._end(name)}
        answer(request.mapping("message"), {**form.handlers(), **greet}, post)

    def _welcome(self, form: Form, post: Post) -> None:
        form.repeat()  # what was told while the page was opening it was not heard
        post("welcome")

    def _say(self, form: str, kind: str, **data: Any) -> None:
        self._post("form", form=form, message={"kind": kind, **data})

    def _end(self, name: str) -> None:
        self._close(name)
        self._post("form", form=name, state={"ended": True})

    def _close(self, name: str) -> None:
        with self._lock:
            form = self._forms.pop(name, None)
            self._resting.pop(name, None)
        if form is not None:
            form.close()
