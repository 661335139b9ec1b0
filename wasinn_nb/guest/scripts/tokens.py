"""``wasinn:script/tokens``: the tokens of ``wasinn:llm`` for interpreters, each as one text.

A record, asked for with a handle, is many values, and each costs the interpreter and the host some
microseconds. So a cell's component asks here for tokens, and ``token-stream.next`` only for the
reason why there is none.

The WIT is ``wasinn_nb/wit/wasinn-script.wit``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from wasinn_nb.abi.wit.codec import Err, String
from wasinn_nb.abi.wit.generation import Generation
from wasinn_nb.abi.wit.linker import Function, Interface
from wasinn_nb.abi.wit.llm import Stream
from wasinn_nb.abi.wit.resources import Crossing, Handle, Table
from wasinn_nb.nn.errors import WasinnError

TOKENS = "wasinn:script/tokens@0.1.0"


class Tokens:
    """The functions of one live component.

    Args:
        streams: what its handles of streams stand for.
        crossing: of its calls.
        print_text: prints in the name of the run that goes on.
    """

    def __init__(
        self, streams: Table, crossing: Crossing, print_text: Callable[[str], None]
    ) -> None:
        self._streams = streams
        self._crossing = crossing
        self._print = print_text
        self._selected: Generation | None = None

    def select(self, stream: Stream) -> None:
        """``select``."""
        self._selected = stream.generation

    def next(self, printed: str) -> str:
        """``next``; empty when there is no token, which ``token-stream.next`` then says why."""
        if printed:
            self._print(printed)
        if self._selected is None:
            return ""
        try:
            token = self._selected.next()
        except WasinnError:  # it is raised again for who asks again
            return ""
        return "" if isinstance(token, Err) else _line(token)

    def end_run(self) -> None:
        """What was selected has ended with the run."""
        self._selected = None

    def interface(self) -> Interface:
        """What a cell's component imports."""
        stream = Handle(self._streams, self._crossing, own=False)
        return Interface(
            {},  # it is that of wasinn:llm
            {
                "select": Function((stream,), None, self.select),
                "next": Function((String(),), String(), self.next, "token-stream.next"),
            },
        )


def _line(token: Mapping[str, Any]) -> str:
    data, text, probability = token["bytes"], token["text"], token["log-probability"]
    digits = "" if text.encode() == data else data.hex()
    if probability is None and not digits:
        return f"{token['id']} {text}"
    logarithm = "" if probability is None else json.dumps(probability)
    return f"{token['id']}/{logarithm}/{digits}/ {text}"
