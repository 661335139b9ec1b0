"""One output of a cell that is replaced in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.display import DisplayHandle


class Output:
    """An output of the cell that first puts something into it, reached later from anywhere."""

    def __init__(self) -> None:
        self._handle: DisplayHandle | None = None

    @property
    def shown(self) -> bool:
        """Whether there is anything of it in the cell."""
        return self._handle is not None

    def put(self, data: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
        """Show ``data``, by MIME type, in place of what was there."""
        from IPython.display import DisplayHandle

        if self._handle is None:
            self._handle = DisplayHandle()
            self._handle.display(data, metadata=metadata, raw=True)
        else:
            self._handle.update(data, metadata=metadata, raw=True)
