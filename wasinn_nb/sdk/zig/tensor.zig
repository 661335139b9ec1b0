//! Tensors by element type: f16, f32, f64, u8, i32 and i64.

const std = @import("std");
const raw = @import("raw.zig");
const Allocator = std.mem.Allocator;

/// The number of an element type.
pub fn typeOf(comptime T: type) raw.Type {
    return switch (T) {
        f16 => .f16,
        f32 => .f32,
        f64 => .f64,
        u8 => .u8,
        i32 => .i32,
        i64 => .i64,
        else => @compileError("wasi-nn has no tensors of " ++ @typeName(T)),
    };
}

/// Give input `index`. There must be as many values as the shape says.
pub fn set(
    comptime T: type,
    context: u32,
    index: u32,
    values: []const T,
    shape: []const u32,
) raw.Error!void {
    const doing = "setting input {d} as " ++ @typeName(T) ++ " {any}";
    var count: u64 = 1;
    for (shape) |dimension| count *|= dimension; // a 0 still makes it 0
    if (count != values.len)
        return raw.check(raw.errno.invalid_argument, doing ++ " from {d} values", .{ index, shape, values.len });
    const tensor: raw.Tensor = .{
        .dimensions = shape.ptr,
        .rank = @intCast(shape.len),
        .type = @intFromEnum(typeOf(T)),
        .data = @ptrCast(values.ptr),
        .size = @intCast(values.len * @sizeOf(T)),
    };
    try raw.check(raw.set_input(context, index, &tensor), doing, .{ index, shape });
}

/// Copy output `index` into `buffer`; the part that it takes. `error.TooLarge` when it does not fit.
pub fn getInto(comptime T: type, context: u32, index: u32, buffer: []T) raw.Error![]T {
    var needed: usize = 0;
    const number = try read(T, context, index, buffer, &needed);
    const doing = "getting output {d} as " ++ @typeName(T) ++ " into {d} of {d} values";
    try raw.check(number, doing, .{ index, buffer.len, needed });
    return buffer[0..needed];
}

/// Output `index`. The caller frees it.
pub fn get(
    comptime T: type,
    context: u32,
    index: u32,
    allocator: Allocator,
) (raw.Error || Allocator.Error)![]T {
    var buffer = try allocator.alloc(T, 1024);
    errdefer allocator.free(buffer);
    while (true) {
        var needed: usize = 0;
        const number = try read(T, context, index, buffer, &needed);
        const larger = @max(needed, buffer.len *| 2);
        if (number == raw.errno.too_large and larger <= raw.output_limit / @sizeOf(T)) {
            buffer = try allocator.realloc(buffer, if (needed > 0) needed else larger);
            continue;
        }
        try raw.check(number, "getting output {d} as " ++ @typeName(T), .{index});
        return allocator.realloc(buffer, needed);
    }
}

/// The errno of getting an output, and how many elements it has; 0 where the host does not say.
fn read(comptime T: type, context: u32, index: u32, buffer: []T, needed: *usize) raw.Error!i32 {
    const bytes = std.mem.sliceAsBytes(buffer);
    var size: u32 = 0;
    const number = raw.get_output(context, index, bytes.ptr, @intCast(bytes.len), &size);
    const cut = size > bytes.len; // some hosts say too large, some cut
    if (number == raw.errno.success and !cut and size % @sizeOf(T) != 0)
        try raw.check(
            raw.errno.invalid_argument,
            "getting output {d}, {d} bytes, as " ++ @typeName(T),
            .{ index, size },
        );
    if (cut or number == raw.errno.success)
        needed.* = std.math.divCeil(usize, size, @sizeOf(T)) catch unreachable;
    return if (number == raw.errno.success and cut) raw.errno.too_large else number;
}
