//! The core wasi-nn interface as it is: functions, records, numbers, errors. See include/wasi_nn.h
//! for what each function does; every one returns an errno, 0 for success.

const std = @import("std");

pub extern "wasi_ephemeral_nn" fn load(parts: [*]const Builder, count: u32, encoding: u32, target: u32, graph: *u32) i32;
pub extern "wasi_ephemeral_nn" fn load_by_name(name: [*]const u8, name_size: u32, graph: *u32) i32;
pub extern "wasi_ephemeral_nn" fn init_execution_context(graph: u32, context: *u32) i32;
pub extern "wasi_ephemeral_nn" fn set_input(context: u32, index: u32, tensor: *const Tensor) i32;
pub extern "wasi_ephemeral_nn" fn compute(context: u32) i32;
pub extern "wasi_ephemeral_nn" fn get_output(context: u32, index: u32, buffer: [*]u8, capacity: u32, size: *u32) i32;

// Extensions, for runtimes with the language-model dialect.
pub extern "wasi_ephemeral_nn" fn load_by_name_with_config(name: [*]const u8, name_size: u32, config: [*]const u8, config_size: u32, graph: *u32) i32;
pub extern "wasi_ephemeral_nn" fn compute_single(context: u32) i32;
pub extern "wasi_ephemeral_nn" fn get_output_single(context: u32, index: u32, buffer: [*]u8, capacity: u32, size: *u32) i32;
pub extern "wasi_ephemeral_nn" fn fini_single(context: u32) i32;
pub extern "wasi_ephemeral_nn" fn unload(graph: u32) i32;
pub extern "wasi_ephemeral_nn" fn finalize_execution_context(context: u32) i32;

/// One part of a model for `load`.
pub const Builder = extern struct { data: [*]const u8, size: u32 };

/// An input. `type` holds a `Type` in a full word: hosts read one byte or four of it.
pub const Tensor = extern struct {
    dimensions: [*]const u32,
    rank: u32,
    type: u32,
    data: [*]const u8,
    size: u32,
};

comptime {
    std.debug.assert(@sizeOf(Builder) == 8 and @offsetOf(Builder, "size") == 4);
    std.debug.assert(@sizeOf(Tensor) == 20 and @offsetOf(Tensor, "type") == 8);
    std.debug.assert(@offsetOf(Tensor, "data") == 12 and @offsetOf(Tensor, "size") == 16);
}

pub const Encoding = enum(u32) { openvino, onnx, tensorflow, pytorch, tensorflowlite, autodetect, ggml, _ };
pub const Target = enum(u32) { cpu, gpu, tpu, auto, _ };
pub const Type = enum(u32) { f16, f32, f64, u8, i32, i64, _ };

pub const errno = struct {
    pub const success = 0;
    pub const invalid_argument = 1;
    pub const runtime_error = 5;
    pub const too_large = 7;
    pub const not_found = 8;
    pub const end_of_sequence = 100;
    pub const context_full = 101;
};

pub const Error = error{
    InvalidArgument,
    InvalidEncoding,
    MissingMemory,
    Busy,
    RuntimeError,
    UnsupportedOperation,
    TooLarge,
    NotFound,
    EndOfSequence,
    ContextFull,
    PromptTooLong,
    ModelNotFound,
    UnknownError,
};

pub fn toError(number: i32) Error!void {
    return switch (number) {
        0 => {},
        1 => error.InvalidArgument,
        2 => error.InvalidEncoding,
        3 => error.MissingMemory,
        4 => error.Busy,
        5 => error.RuntimeError,
        6 => error.UnsupportedOperation,
        7 => error.TooLarge,
        8 => error.NotFound,
        100 => error.EndOfSequence,
        101 => error.ContextFull,
        102 => error.PromptTooLong,
        103 => error.ModelNotFound,
        else => error.UnknownError,
    };
}

var last_buffer: [256]u8 = undefined;
var last_error: []const u8 = "";

/// What failed last, as one line. Empty before the first failure.
pub fn lastError() []const u8 {
    return last_error;
}

/// Turn an errno into an error and remember what was being done.
pub fn check(number: i32, comptime doing: []const u8, args: anytype) Error!void {
    toError(number) catch |err| {
        var writer: std.Io.Writer = .fixed(&last_buffer);
        const failed = .{ @errorName(err), number };
        writer.print(doing, args) catch {};
        writer.end = @min(writer.end, last_buffer.len - 48); // a long name must not push this out
        writer.print(": {s} (error {d})", failed) catch {};
        last_error = writer.buffered();
        return err;
    };
}

/// `set_input` for text or JSON: a one-dimensional tensor of bytes.
pub fn setText(context: u32, index: u32, bytes: []const u8) i32 {
    const dimensions = [1]u32{@intCast(bytes.len)};
    const tensor: Tensor = .{
        .dimensions = &dimensions,
        .rank = 1,
        .type = @intFromEnum(Type.u8),
        .data = bytes.ptr,
        .size = @intCast(bytes.len),
    };
    return set_input(context, index, &tensor);
}

const Getter = fn (u32, u32, [*]u8, u32, *u32) callconv(.c) i32;
pub const output_limit = 256 << 20;

/// Append an output, whatever the host does with small buffers: it may refuse and say the size,
/// refuse and say nothing, or cut and say the size.
pub fn read(
    comptime get: Getter,
    context: u32,
    index: u32,
    first_room: usize,
    allocator: std.mem.Allocator,
    out: *std.ArrayList(u8),
) (Error || std.mem.Allocator.Error)!void {
    var room = first_room;
    while (true) {
        try out.ensureUnusedCapacity(allocator, room);
        var size: u32 = 0;
        const number = get(context, index, out.unusedCapacitySlice().ptr, @intCast(room), &size);
        if (number == errno.success and size <= room) {
            out.items.len += size;
            return;
        }
        if (number != errno.success and number != errno.too_large)
            return check(number, "reading an output", .{});
        room = if (size > room) size else room * 2;
        if (room > output_limit) return check(errno.too_large, "reading an output", .{});
    }
}
