"""An instance of a guest that lives from call to call, and the thread that it lives in."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

from wasinn_nb.abi.core.dialect import DIALECTS
from wasinn_nb.abi.core.linker import new_session
from wasinn_nb.abi.wit.session import Session as WitSession
from wasinn_nb.guest.component import ComponentInstance
from wasinn_nb.guest.engine import Engine
from wasinn_nb.guest.exports.output import Output
from wasinn_nb.guest.exports.records import LiveModels
from wasinn_nb.guest.exports.resources import free
from wasinn_nb.guest.instance import Instance
from wasinn_nb.guest.models import Models
from wasinn_nb.guest.modules import CompiledModule, ModuleCache
from wasinn_nb.guest.options import RunOptions
from wasinn_nb.guest.sandbox import Sandbox
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import WasinnError

Job = Callable[[], None]
"""Something to be done in the thread of an instance. Does not raise."""

_ENDING = 5.0


class Live:
    """One instance.

    Everything native of it is made, used and freed in a thread of its own. A call that does not
    return ends it: its token is cancelled for good.

    Args:
        wasm, name: the guest's.
        options: what it may see and take.
        modules, engine, registry: of the host.

    Attributes:
        token: cancelled when it is to end in the middle of a call.
        output: what it prints to.
        models: what it holds.
        ended: why it cannot be called any more; empty while it can.
        notes: what the next caller should know of.
    """

    def __init__(
        self,
        wasm: bytes,
        name: str,
        options: RunOptions,
        *,
        modules: ModuleCache,
        engine: Engine,
        registry: Models,
    ) -> None:
        self.name = name
        self.options = options
        self.token = CancelToken()
        self.output = Output()
        self.models = LiveModels(
            registry,
            aliases=options.models,
            holder=name,
            cancel=self.token,
            echo=self.output.write,
        )
        self.ended = ""
        self.notes: list[str] = []
        self._wasm = wasm
        self._modules = modules
        self._engine = engine
        self._registry = registry
        self._sandbox = Sandbox(options)
        self._inner: Instance | ComponentInstance | None = None
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        # whoever ends it may be a finalizer, which can come at any point of any thread
        self._ending = threading.RLock()
        self._freed = False
        self._thread = threading.Thread(target=self._work, name=f"wasinn {name}", daemon=True)
        try:
            self._thread.start()
        except BaseException:
            self.output.close()
            raise

    def submit(self, job: Job) -> bool:
        """Have something done in its thread, after what was submitted before.

        Returns:
            Whether it will be: nothing is done any more in an instance that has ended.
        """
        with self._ending:
            if not self.ended:
                self._jobs.put(job)
            return not self.ended

    def end(self, why: str) -> None:
        """Let nobody call it any more, and free it when its thread comes to it."""
        with self._ending:
            if self.ended:
                return
            self.ended = why
            self._jobs.put(None)
        self.token.cancel("unload")

    def wait(self) -> None:
        """Wait until it is freed; some seconds at most, for its code may be out of reach."""
        self._thread.join(_ENDING)

    def drop_later(self, address: int) -> None:
        """Drop a handle that nobody refers to any more. May be called at any point of any code."""
        if self._freed:
            free(address)
        else:
            self._jobs.put(lambda: self._drop_forgotten(address))

    # -- in its thread -------------------------------------------------------------------------

    @property
    def component(self) -> ComponentInstance:
        """The guest, begun, where it is a component."""
        inner = self._begun()
        assert isinstance(inner, ComponentInstance)  # noqa: S101 - who asks knows what it is
        return inner

    @property
    def core(self) -> Instance:
        """The guest, begun, where it is a core module."""
        inner = self._begun()
        assert isinstance(inner, Instance)  # noqa: S101 - as above
        return inner

    @property
    def memory_size(self) -> int:
        """Bytes of a core module's memory."""
        return self._inner.memory_size() if self._inner is not None else 0

    def _begun(self) -> Instance | ComponentInstance:
        if self._inner is None:
            module = self._modules.get(self._wasm, cancel=self.token)
            self._sandbox.open(self._giving)
            self._inner = self._made(module)
            self._inner.begin(self.name, self.options, self._sandbox, self.output)
        return self._inner

    def _made(self, module: CompiledModule) -> Instance | ComponentInstance:
        dialect = DIALECTS[self.options.compat]
        if module.is_component:
            session = WitSession(self.models, dialect, packed=module.packed)
            return ComponentInstance(self._engine, module, session, self.token)
        core = new_session(self.models, dialect)
        return Instance(self._engine, module, core, self.token)

    def _giving(self, _name: str, _done: int, _total: int) -> None:
        self.token.raise_if_cancelled()

    def _drop_forgotten(self, address: int) -> None:
        if self.ended or not isinstance(self._inner, ComponentInstance):
            free(address)
            return
        try:
            self._inner.drop(address)
        except Exception as error:  # noqa: BLE001 - nobody waits for it who could be told
            what = error.message if isinstance(error, WasinnError) else "its code trapped"
            self.end(f"a forgotten resource could not be dropped: {what}")

    def _work(self) -> None:
        try:
            while (job := self._jobs.get()) is not None:
                job()
                del job  # what it refers to goes while the next one is waited for
        finally:
            self.end("its thread has ended")
            self._close()

    def _close(self) -> None:
        self.models.release()
        if self._inner is not None:
            self._inner.close()
            self._inner = None
        self._sandbox.close()
        self.output.close()
        self._freed = True
        with suppress(Empty):  # handles that were forgotten meanwhile
            while True:
                job = self._jobs.get_nowait()
                if job is not None:
                    job()
