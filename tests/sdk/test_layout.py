"""The records that the host reads are laid out as the core ABI says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.sdk.conftest import Build
from tests.sdk.scripted_host import run

if TYPE_CHECKING:
    import wasmtime

C_GUEST = """
#include <wasi_nn.h>
int main(void) {
    static const uint32_t shape[] = {2, 1, 3};
    static const int64_t numbers[] = {1, 2, 3, 4, 5, -6};
    const wasi_nn_tensor tensor = {shape, 3, WASI_NN_TYPE_I64, numbers, sizeof numbers};
    const wasi_nn_builder parts[] = {{"<xml/>", 6}, {"weights", 7}};
    wasi_nn_graph graph;
    return wasi_nn_load(parts, 2, WASI_NN_ENCODING_GGML, WASI_NN_TARGET_AUTO, &graph) ||
           graph != 7 || wasi_nn_set_input(9, 2, &tensor);
}
"""

ZIG_GUEST = """
const nn = @import("wasi_nn").raw;
pub fn main() !void {
    const shape = [_]u32{ 2, 1, 3 };
    const numbers = [_]i64{ 1, 2, 3, 4, 5, -6 };
    const tensor: nn.Tensor = .{
        .dimensions = &shape,
        .rank = 3,
        .type = @intFromEnum(nn.Type.i64),
        .data = @ptrCast(&numbers),
        .size = @sizeOf(@TypeOf(numbers)),
    };
    const parts = [_]nn.Builder{
        .{ .data = "<xml/>", .size = 6 },
        .{ .data = "weights", .size = 7 },
    };
    const ggml = @intFromEnum(nn.Encoding.ggml);
    var graph: u32 = undefined;
    try nn.toError(nn.load(&parts, 2, ggml, @intFromEnum(nn.Target.auto), &graph));
    if (graph != 7) return error.InvalidArgument;
    try nn.toError(nn.set_input(9, 2, &tensor));
}
"""


@pytest.mark.parametrize("language", ["c", "zig"])
def test_records(engine: wasmtime.Engine, build: Build, tmp_path: Path, language: str) -> None:
    source = tmp_path / f"guest.{language}"
    source.write_text(C_GUEST if language == "c" else ZIG_GUEST)
    done = run(engine, build(source))
    assert done.trap is None
    assert done.named("load") == [([b"<xml/>", b"weights"], 6, 3)]
    numbers = b"".join(n.to_bytes(8, "little", signed=True) for n in (1, 2, 3, 4, 5, -6))
    assert done.named("tensor") == [(9, (2, 1, 3), 5, numbers)]
