"""The live components of a host: one for every name that a script was given."""

from __future__ import annotations

import threading

from wasinn_nb.guest.engine import Engine
from wasinn_nb.guest.errors import GuestError
from wasinn_nb.guest.modules import CompiledModule
from wasinn_nb.guest.options import RunOptions
from wasinn_nb.guest.scripts.machine import Machine


class Machines:
    """Keeps what the cells of a name have defined between their runs. Thread-safe.

    Args:
        engine: what components are compiled for.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._idle: dict[str, Machine] = {}
        self._taken: set[str] = set()
        self._spare: Machine | None = None

    @property
    def names(self) -> list[str]:
        """The scripts that are kept, running ones among them."""
        with self._lock:
            return sorted({*self._idle, *self._taken})

    def take(
        self, name: str | None, module: CompiledModule, options: RunOptions
    ) -> tuple[Machine, str]:
        """The machine of a name, or a new one, for one run; and why an earlier one is gone.

        Args:
            name: None for one that nobody keeps.
            module: the language's component.
            options: of the run.

        Raises:
            GuestError: another run has it.
        """
        if name is None:
            return self._new(module, options), ""
        with self._lock:
            if name in self._taken:
                raise GuestError(
                    f"{name} still runs, and its cells run one after the other.",
                    hint="Wait for its end or stop it; under another name it has nothing of it.",
                )
            self._taken.add(name)
            machine = self._idle.pop(name, None)
        try:
            if machine is not None:
                changed = _changed(machine, module, options)
                if not changed:
                    machine.limit_memory(options.memory_limit)
                    return machine, ""
                machine.close()
                return self._new(module, options, keeps=True), changed
            return self._new(module, options, keeps=True), ""
        except BaseException:
            with self._lock:
                self._taken.discard(name)
            raise

    def take_to_check(self, module: CompiledModule, options: RunOptions) -> Machine:
        """A machine that runs nothing; it is given back with :meth:`checked`."""
        return self._new(module, options)

    def checked(self, machine: Machine) -> None:
        """A cell was checked: who runs it can have the machine, if that left nothing behind."""
        unused: Machine | None = machine
        if machine.alive and machine.forgets_checks:
            with self._lock:
                unused, self._spare = self._spare, machine
        if unused is not None:
            unused.close()

    def _new(self, module: CompiledModule, options: RunOptions, *, keeps: bool = False) -> Machine:
        """A machine in which nothing has run."""
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is not None:
            if not _changed(spare, module, options):
                spare.limit_memory(options.memory_limit)
                spare.relay.keeps_definitions = keeps
                return spare
            spare.close()
        machine = Machine(self._engine, module, options)
        machine.relay.keeps_definitions = keeps
        return machine

    def give_back(self, name: str | None, machine: Machine) -> bool:
        """A run has ended; returns whether what it defined is kept."""
        kept = name is not None and machine.alive
        if not kept:
            machine.close()
        if name is not None:
            with self._lock:
                self._taken.discard(name)
                if kept:
                    self._idle[name] = machine
        return kept

    def forget(self, name: str) -> bool:
        """End the machine of a name; returns whether there was one.

        Raises:
            GuestError: a run goes on.
        """
        with self._lock:
            if name in self._taken:
                raise GuestError(
                    f"{name} still runs; what it has defined cannot be forgotten.",
                    hint="Stop it first.",
                )
            machine = self._idle.pop(name, None)
        if machine is not None:
            machine.close()
        return machine is not None

    def close(self) -> None:
        """End all that no run has."""
        with self._lock:
            machines, self._idle = list(self._idle.values()), {}
            if self._spare is not None:
                machines.append(self._spare)
                self._spare = None
        for machine in machines:
            machine.close()


def _changed(machine: Machine, module: CompiledModule, options: RunOptions) -> str:
    """Why a machine cannot serve a run; empty if it can."""
    if machine.key != module.key:
        return "its language is another now"
    if machine.dirs != options.dirs:
        return "its directories are others now"
    return ""
