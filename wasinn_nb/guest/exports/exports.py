"""``guest.exports``: everything that a guest exports, and the instance behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from wasinn_nb.guest.exports.calls import Caller
from wasinn_nb.guest.exports.namespace import Members, Namespace
from wasinn_nb.guest.options import RunKeywords, RunOptions

if TYPE_CHECKING:
    from wasinn_nb.guest.exports.calls import CallHost
    from wasinn_nb.guest.guest import Guest
    from wasinn_nb.guest.run import Run


class Exports(Namespace):
    """What a guest exports, as Python callables; see :meth:`configure` and :meth:`reset`.

    The first call makes an instance, which the later ones find as it was left. An export that is
    called as one of the methods here is there as ``guest.exports["reset"]``.
    """

    def __init__(self, guest: Guest, host: CallHost) -> None:
        super().__init__(guest.name, Members())
        self._guest = guest
        self._host = host
        self._caller = Caller(guest, host)
        host.add_caller(self._caller)
        self._filled = False

    def configure(self, **options: Unpack[RunKeywords]) -> Exports:
        """Call with these options from now on, as :meth:`Guest.run` takes them.

        ``timeout`` is that of each call. An instance that was made with other models, directories,
        arguments or variables ends.
        """
        checked = RunOptions.checked(**options)
        self._guest.check(checked)
        self._caller.configure(checked)
        return self

    def reset(self) -> bool:
        """End the instance, with all it has kept; returns whether there was one."""
        return self._caller.end("it was reset")

    @property
    def last_call(self) -> Run | None:
        """The run of the last call: what it printed and generated, and its timeline."""
        return self._caller.last

    def _members(self) -> Members:
        if not self._filled:
            members = Members()
            self._fill(members)
            self._known, self._filled = members, True
        return self._known

    def _fill(self, members: Members) -> None:
        if self._guest.is_script:  # whose module is its language's
            return
        module = self._guest.module
        if module.is_component:
            from wasinn_nb.guest.exports.catalog import Catalog
            from wasinn_nb.guest.exports.docs import docs_of

            docs, home = docs_of(self._guest.source), self._guest.name
            Catalog(module, self._host.engine, self._caller, docs, home).fill(members)
        else:
            from wasinn_nb.guest.exports import core

            core.fill(members, module, self._guest.wasm, self._caller)
