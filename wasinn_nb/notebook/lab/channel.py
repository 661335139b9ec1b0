"""The comm that the JupyterLab extension talks through.

Its id is fixed, and no message opens it: a page that knows the extension finds it with
``comm_info_request``, and other front ends never hear of it. All pages hear all messages.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from wasinn_nb.notebook.lab.cells import Cells
from wasinn_nb.notebook.widgets import clicks

if TYPE_CHECKING:
    from comm.base_comm import BaseComm

    from wasinn_nb.notebook.cells import Origin
    from wasinn_nb.notebook.lab.service import Service
    from wasinn_nb.notebook.magics import WasinnMagics

_log = logging.getLogger(__name__)

TARGET = "wasinn_nb"
COMM_ID = "wasinn_nb.lab"

_LONGEST_ID = 200


class Channel:
    """The kernel's end. What answers is made when the first message comes.

    Args:
        magics: the extension's, with its settings and its host.
    """

    def __init__(self, magics: WasinnMagics) -> None:
        self._magics = magics
        self._cells = Cells(self.post)
        self._comm: BaseComm | None = None
        self._service: Service | None = None
        self._lock = threading.Lock()

    def open(self) -> None:
        """Register the comm, and tell the pages that there is one."""
        from comm import get_comm_manager

        try:
            get_comm_manager().register_target(TARGET, self._opened)
            self._register()
            self.post("loaded")
        except Exception:  # noqa: BLE001 - the magics work all the same
            _log.exception("Pages of JupyterLab cannot talk to this kernel.")

    def close(self) -> None:
        """Tell the pages, and end everything that they began."""
        from comm import get_comm_manager

        self.post("unloaded")
        with self._lock:
            service, self._service = self._service, None
            comm, self._comm = self._comm, None
        if service is not None:
            service.close()
        get_comm_manager().targets.pop(TARGET, None)
        if comm is not None:
            _let_go(comm)

    def post(self, kind: str, *, buffers: Sequence[bytes] = (), **data: Any) -> None:
        """Send a message to all pages; from any thread; nothing once it is closed."""
        comm = self._comm
        if comm is not None:
            comm.send({"kind": kind, **data}, buffers=list(buffers))

    def origin(self, above: Sequence[str]) -> Origin | None:
        """The cell that is being executed; None if the front end does not say which it is.

        Args:
            above: its lines above the source.
        """
        parent = getattr(self._magics.shell, "get_parent", dict)
        cell = _cell_id(parent())
        return self._cells.origin(cell, above) if cell else None

    def _register(self) -> None:
        from comm import create_comm, get_comm_manager

        comm = create_comm(target_name=TARGET, comm_id=COMM_ID, primary=False)
        get_comm_manager().register_comm(comm)
        self._take(comm)

    def _take(self, comm: BaseComm) -> None:
        comm.on_msg(self._received)
        comm.on_close(self._closed)
        clicks.route(comm)
        self._comm = comm

    def _opened(self, comm: BaseComm, _message: object) -> None:
        """A front end has opened a comm of our target: in the place of ours, or one too many."""
        from comm import get_comm_manager

        if comm.comm_id != COMM_ID:
            comm.close()
            return
        before = self._comm
        self._take(comm)
        if before is not None:
            _let_go(before)
            get_comm_manager().register_comm(comm)

    def _closed(self, _message: object) -> None:
        """A front end has closed it, which counts for that front end only."""
        self._register()

    def _received(self, message: Any) -> None:
        service = self._serving()
        if service is not None:
            service.received(message["content"].get("data"))

    def _serving(self) -> Service | None:
        from wasinn_nb.notebook.lab.service import Service

        with self._lock:
            if self._service is None and self._comm is not None:
                magics = self._magics
                self._service = Service(magics.host, magics, self._cells, self.post)
            return self._service


def _let_go(comm: BaseComm) -> None:
    """Unregister a comm as if it had been closed by the front end.

    A ``comm_close`` of ours would be an error to every page that does not know the comm.
    """
    from comm import get_comm_manager

    manager: Any = get_comm_manager()
    comm.on_msg(None)
    comm.on_close(None)
    manager.register_comm(comm)
    manager.comm_close(None, None, {"content": {"comm_id": comm.comm_id}})


def _cell_id(request: Any) -> str:
    """The cell that an execute request is for; empty if it does not say."""
    metadata = request.get("metadata") if isinstance(request, dict) else None
    cell = metadata.get("cellId") if isinstance(metadata, dict) else None
    return cell if isinstance(cell, str) and len(cell) <= _LONGEST_ID else ""
