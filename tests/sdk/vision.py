"""The image and number helpers of a compiled guest, called with arrays."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import wasmtime

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]

GREY, RGB, RGBA, BGR, BGRA = 0x01, 0x03, 0x04, 0x13, 0x14
NCHW, NHWC = 0, 1
_GAP = 0xEE


class Vision:
    """The driver's functions, over arrays."""

    def __init__(self, language: str, engine: wasmtime.Engine, wasm: Path) -> None:
        self.language = language
        self.store = wasmtime.Store(engine)
        linker = wasmtime.Linker(engine)
        linker.define_wasi()
        self.store.set_wasi(wasmtime.WasiConfig())
        instance = linker.instantiate(self.store, wasmtime.Module.from_file(engine, str(wasm)))
        self.exports = cast("Any", instance.exports(self.store))
        self.exports["_initialize"](self.store)
        self.taken: list[int] = []

    def call(self, name: str, *args: int) -> int:
        result: int = self.exports[name](self.store, *args)
        return result

    def give(self, data: bytes) -> int:
        """Memory of the guest that holds ``data``, until :meth:`free`."""
        at = self.call("take", max(len(data), 1)) & 0xFFFFFFFF
        assert at
        self.taken.append(at)
        self.exports["memory"].write(self.store, data, at)
        return at

    def read(self, at: int, size: int) -> bytes:
        return bytes(self.exports["memory"].read(self.store, at, at + size))

    def free(self) -> None:
        while self.taken:
            self.call("give", self.taken.pop())

    def message(self) -> str:
        return self.read(self.call("message"), 256).split(b"\0")[0].decode()

    def image(self, pixels: Bytes, kind: int, gap: int = 0) -> tuple[int, int]:
        """An image record, and where its pixels are; rows are ``gap`` bytes apart."""
        height, width, channels = pixels.shape
        assert channels == kind & 7
        rows = np.full((height, width * channels + gap), _GAP, np.uint8)
        rows[:, : width * channels] = pixels.reshape(height, width * channels)
        at = self.give(rows.tobytes())
        stride = width * channels + gap if gap else 0
        return self.record(at, width, height, kind, stride, rows.size), at

    def record(self, *words: int) -> int:
        """Pixels, width, height, format, stride and, for Zig, how many bytes there are."""
        return self.give(struct.pack(f"<{len(words)}I", *words))

    def pixels(self, at: int, shape: tuple[int, int, int], gap: int = 0) -> Bytes:
        height, width, channels = shape
        rows = np.frombuffer(self.read(at, height * (width * channels + gap)), np.uint8)
        rows = rows.reshape(height, width * channels + gap)
        assert (rows[:, width * channels :] == _GAP).all()
        return rows[:, : width * channels].reshape(shape)


def noise(seed: int, *shape: int) -> Bytes:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
