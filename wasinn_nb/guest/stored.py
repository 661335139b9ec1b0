"""What modules and components have in common: a store, what ends it, and how it is freed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from wasinn_nb.guest.engine import Engine
from wasinn_nb.guest.modules import CompiledModule
from wasinn_nb.nn.cancel import CancelToken

Session = TypeVar("Session")


class Stored(Generic[Session]):
    """Everything native of one run.

    Args:
        engine: what the guest was compiled for.
        module: the guest.
        session: its side of the ABI.
        cancel: ends it.
    """

    def __init__(
        self, engine: Engine, module: CompiledModule, session: Session, cancel: CancelToken
    ) -> None:
        self._engine = engine
        self._module = module
        self._session = session
        self._cancel = cancel
        self._kept: list[Any] = []
        self._store: Any = None
        self._linker: Any = None
        self._instance: Any = None
        self._undo: Callable[[], None] = lambda: None

    def _watch(self) -> None:
        """From now on the guest can be ended.

        Raises:
            Cancelled: it is to end before it begins.
        """
        watcher, self._undo = self._engine.watch(self._store, self._cancel)
        self._kept.append(watcher)
        self._cancel.raise_if_cancelled()

    def _free(self) -> None:
        """Nothing may call into the guest or be called from it afterwards."""
        self._undo()
        for owned in (self._store, self._linker):
            if owned is not None:
                owned.close()
        self._store = self._linker = self._instance = None
        self._kept.clear()
