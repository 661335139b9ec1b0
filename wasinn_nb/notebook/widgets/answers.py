"""How what a view says is answered, whatever carries it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from wasinn_nb.nn.errors import InvalidArgument, WasinnError
from wasinn_nb.notebook.widgets.requests import Request

Handler = Callable[[Request], dict[str, Any] | None]
"""Does what a request asks for; returns what the answer carries."""


class Post(Protocol):
    """Sends a message to views; from any thread."""

    def __call__(self, kind: str, **data: Any) -> None:
        """Send a message of a kind with its values."""


def answer(content: object, handlers: Mapping[str, Handler], post: Post) -> None:
    """Handle a message of a view: what has an id is answered with ``done`` or ``refused``.

    Args:
        content: the message as it came.
        handlers: by kind, what does it.
        post: sends the answer.
    """
    answer_to: int | None = None
    try:
        request = Request(content)
        answer_to = request.id
        done = handlers.get(request.kind, _unknown)(request)
    except WasinnError as error:
        post("refused", id=answer_to, message=error.message, hint=error.hint)
    except Exception as error:
        # a view that gets no answer takes the kernel for busy
        post("refused", id=answer_to, message=f"It failed: {error!r}", hint="")
        raise
    else:
        if answer_to is not None:
            post("done", id=answer_to, **(done or {}))


def _unknown(request: Request) -> None:
    raise InvalidArgument(f"There is nothing called {request.kind!r} to ask for.")
