"""The native library: imported on first use, its functions bound once with their prototypes.

Everything that calls into llama.cpp goes through :class:`Native`, so the rest of the backend reads
like the C API it drives. Functions that return within microseconds are bound twice: calls that keep
the interpreter lock (``PyDLL``) cost less than giving it up and taking it again.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
import threading
from functools import cached_property
from typing import Any

from wasinn_nb.backends.ggml.logs import LOG
from wasinn_nb.nn.backend import Device
from wasinn_nb.nn.types import ExecutionTarget

PACKAGE = "llama-cpp-python"

SPIN_COUNT = "20000"
"""How often an OpenMP thread looks for work before it sleeps; `GOMP_SPINCOUNT`, if set, wins."""

_DEVICE_KINDS = {0: ExecutionTarget.CPU, 1: ExecutionTarget.GPU, 2: ExecutionTarget.GPU}

# what a kind of device is called where llama.cpp was built for it
_BUILDS = {
    "CUDA": 'CMAKE_ARGS="-DGGML_CUDA=on"',
    "Metal": 'CMAKE_ARGS="-DGGML_METAL=on"',
    "Vulkan": 'CMAKE_ARGS="-DGGML_VULKAN=on"',
}

INSTALL = f'pip install "wasinn-nb[ggml]" (GPU builds: {_BUILDS["CUDA"]} pip install {PACKAGE})'


class Native:
    """Bound functions of llama.cpp and ggml.

    Attributes:
        api: the module ``llama_cpp.llama_cpp`` (structures, constants, ordinary functions).
        decode, sample: the two calls of the token loop; they release the interpreter lock.
        abort_address, abort_callback: see :attr:`abort_callback`.
    """

    def __init__(self) -> None:
        # libgomp reads it once, as it is loaded: a waiting thread must not spin for long when
        # another has lost its core (docs/backends.md has the measurement)
        os.environ.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)
        from llama_cpp import llama_cpp as api

        self.api: Any = api
        LOG.install(api)
        api.llama_backend_init()
        self.library: Any = api._lib  # noqa: SLF001 - the handle that all prototypes hang on
        self.decode: Any = api.llama_decode
        self.sample: Any = api.llama_sampler_sample
        i32 = ctypes.c_int32
        quick = ctypes.PyDLL(None, handle=self.library._handle)  # noqa: SLF001
        self.token_to_piece = _bind(
            quick.llama_token_to_piece,
            i32,
            (ctypes.c_void_p, i32, ctypes.c_char_p, i32, i32, ctypes.c_bool),
        )
        self.memory_seq_rm = _bind(
            quick.llama_memory_seq_rm,
            ctypes.c_bool,
            (ctypes.c_void_p, i32, i32, i32),
        )
        self.is_eog = _bind(quick.llama_vocab_is_eog, ctypes.c_bool, (ctypes.c_void_p, i32))

    @cached_property
    def abort_callback(self) -> Any:
        """A ``ggml_abort_callback`` that needs no interpreter lock.

        It is libc's ``strlen`` over a flag buffer given as its data: an empty string goes on, any
        other aborts. Native threads poll it between the nodes of a compute graph.
        """
        strlen = ctypes.cast(ctypes.CDLL(None).strlen, ctypes.c_void_p).value
        return self.api.ggml_abort_callback(strlen)

    @cached_property
    def version(self) -> str:
        """Versions of the Python package and of llama.cpp."""
        package = importlib.metadata.version("llama_cpp_python")
        return f"{package} (llama.cpp {self.api.llama_version().decode()})"

    @cached_property
    def build_number(self) -> int:
        """llama.cpp's build number, or 0 where the library does not carry one."""
        function = getattr(self.library, "llama_build_number", None)
        return int(function()) if function is not None else 0

    @cached_property
    def commit(self) -> str:
        """The commit that the library says it was built from."""
        for name in ("llama_commit", "ggml_commit"):
            function = getattr(self.library, name, None)
            if function is not None:
                function.restype = ctypes.c_char_p
                return (function() or b"").decode("utf-8", "replace")
        return ""

    @cached_property
    def offloads(self) -> bool:
        """True if this build can use a GPU that is there."""
        return bool(self.api.llama_supports_gpu_offload())

    @cached_property
    def why_no_gpu(self) -> str:
        """Why no layer can be kept on a GPU; empty if one can."""
        if self.offloads:
            return ""
        count = _bind(self.library.ggml_backend_reg_count, ctypes.c_size_t, ())
        get = _bind(self.library.ggml_backend_reg_get, ctypes.c_void_p, (ctypes.c_size_t,))
        name = _bind(self.library.ggml_backend_reg_name, ctypes.c_char_p, (ctypes.c_void_p,))
        kinds = {_text(name(get(index))) for index in range(count())} & _BUILDS.keys()
        if not kinds:
            return "this llama.cpp was built without a GPU"
        return f"llama.cpp sees no GPU here (it was built for {', '.join(sorted(kinds))})"

    @cached_property
    def repacks(self) -> bool:
        """True if weights may be copied into layouts that suit this processor.

        False for builds that use AMX tiles: GCC 12 drops most of the stores to the tile
        configuration (its ``ldtilecfg`` intrinsic claims to read 8 of the 64 bytes), and the first
        prompt of a quantized model then ends the process.
        """
        return b"AMX_INT8 = 1" not in self.api.llama_print_system_info()

    def devices(self) -> tuple[Device, ...]:
        """The devices that ggml sees, with their memory where they tell."""
        library = self.library
        count = _bind(library.ggml_backend_dev_count, ctypes.c_size_t, ())
        get = _bind(library.ggml_backend_dev_get, ctypes.c_void_p, (ctypes.c_size_t,))
        kind = _bind(library.ggml_backend_dev_type, ctypes.c_int, (ctypes.c_void_p,))
        name = _bind(library.ggml_backend_dev_name, ctypes.c_char_p, (ctypes.c_void_p,))
        about = _bind(library.ggml_backend_dev_description, ctypes.c_char_p, (ctypes.c_void_p,))
        size_p = ctypes.POINTER(ctypes.c_size_t)
        memory = _bind(library.ggml_backend_dev_memory, None, (ctypes.c_void_p, size_p, size_p))
        found = []
        for index in range(count()):
            device = get(index)
            target = _DEVICE_KINDS.get(kind(device))
            if target is None:
                continue  # accelerators inside the CPU (BLAS, AMX) are no place for a model
            free, total = ctypes.c_size_t(), ctypes.c_size_t()
            memory(device, ctypes.byref(free), ctypes.byref(total))
            found.append(
                Device(_text(name(device)), target, _text(about(device)), total.value, free.value)
            )
        return tuple(found)

    def cpu_buffer_type(self) -> int:
        """Address of the buffer type that keeps a tensor in host memory."""
        address: int = _bind(self.library.ggml_backend_cpu_buffer_type, ctypes.c_void_p, ())()
        return address


def _bind(function: Any, restype: Any, argtypes: tuple[Any, ...]) -> Any:
    function.restype = restype
    function.argtypes = argtypes
    return function


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace")


_lock = threading.Lock()
_native: Native | None = None


def native() -> Native:
    """The library, imported and initialised on the first call.

    Raises:
        ImportError, OSError, RuntimeError: it is not installed, or does not load on this machine.
    """
    global _native  # noqa: PLW0603 - the library initialises once per process
    with _lock:
        if _native is None:
            _native = Native()
        return _native
