//! Arrays and pictures from the notebook and back: see include/wasi_nn_exchange.h for the files.
//!
//!     pub fn main(init: std.process.Init) !void {
//!         const digit = try nn.readArray(allocator, init, "digit"); // %%wasinn zig --in digit
//!         try context.set(f32, 0, try digit.values(f32), digit.shape);

const std = @import("std");
const raw = @import("raw.zig");
const Image = @import("image.zig").Image;
const Format = @import("image.zig").Format;
const Allocator = std.mem.Allocator;

pub const Error = raw.Error || Allocator.Error;

const alignment: std.mem.Alignment = .@"16"; // of any element
const max_sidecar = 4096;

/// Element types by numpy's names.
pub const DType = enum {
    bytes, // no array: a file on its own
    bool,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
    float16,
    float32,
    float64,
    complex64,
    complex128,

    /// Bytes of one element.
    pub fn size(dtype: DType) u32 {
        return switch (dtype) {
            .bytes, .bool, .int8, .uint8 => 1,
            .int16, .uint16, .float16 => 2,
            .int32, .uint32, .float32 => 4,
            .int64, .uint64, .float64, .complex64 => 8,
            .complex128 => 16,
        };
    }

    pub fn of(comptime T: type) DType {
        return switch (T) {
            bool => .bool,
            i8 => .int8,
            i16 => .int16,
            i32 => .int32,
            i64 => .int64,
            u8 => .uint8,
            u16 => .uint16,
            u32 => .uint32,
            u64 => .uint64,
            f16 => .float16,
            f32 => .float32,
            f64 => .float64,
            else => @compileError("the notebook has no arrays of " ++ @typeName(T)),
        };
    }
};

/// A value of the notebook. The caller frees it.
pub const Array = struct {
    data: []align(alignment.toByteUnits()) u8,
    dtype: DType = .bytes,
    /// Of bytes: their number.
    shape: []const u32,
    /// Of a picture of mode L, RGB or RGBA.
    format: ?Format = null,

    pub fn free(array: Array, allocator: Allocator) void {
        allocator.free(array.data);
        allocator.free(array.shape);
    }

    /// The elements, which must be of this type.
    pub fn values(array: Array, comptime T: type) raw.Error![]T {
        if (array.dtype != DType.of(T))
            return refuse("the array is of {t}, and " ++ @typeName(T) ++ " is wanted", .{array.dtype});
        return std.mem.bytesAsSlice(T, array.data);
    }

    /// As an image, in the same memory: bytes of shape [height, width] or of 1, 3 or 4 channels.
    pub fn image(array: Array) raw.Error!Image {
        const channels = switch (array.shape.len) {
            2 => 1,
            3 => array.shape[2],
            else => 0,
        };
        const format: Format = switch (if (array.dtype == .uint8) channels else 0) {
            1 => .grey,
            3 => .rgb,
            4 => .rgba,
            else => return refuse("{t} of shape {any} is no image", .{ array.dtype, array.shape }),
        };
        const height, const width = array.shape[0..2].*;
        return .{ .pixels = array.data, .width = width, .height = height, .format = format };
    }
};

/// Take the value `name` from the notebook.
pub fn readArray(allocator: Allocator, init: std.process.Init, name: []const u8) Error!Array {
    const directory = try open(init, "/in");
    const data = directory.readFileAllocOptions(init.io, name, allocator, .unlimited, alignment, null) catch |err|
        return fail(err, "reading /in/{s}", .{name});
    errdefer allocator.free(data);
    var path: [512]u8 = undefined;
    const sidecar_name = std.fmt.bufPrint(&path, "{s}.json", .{name}) catch
        return refuse("reading /in/{s}: the name is too long", .{name});
    const sidecar = directory.readFileAlloc(init.io, sidecar_name, allocator, .limited(max_sidecar + 1)) catch |err| {
        if (err != error.FileNotFound) return fail(err, "reading /in/{s}", .{sidecar_name});
        return .{ .data = data, .shape = try allocator.dupe(u32, &.{@intCast(data.len)}) };
    };
    defer allocator.free(sidecar);
    return describe(allocator, data, sidecar) catch |err| switch (err) {
        error.OutOfMemory => error.OutOfMemory,
        else => refuse("/in/{s} is malformed or describes other data: {t}", .{ sidecar_name, err }),
    };
}

/// What a sidecar may say.
const Sidecar = struct { dtype: []const u8, shape: []const u32, mode: ?[]const u8 = null };
const Mode = enum { L, RGB, RGBA, @"I;16", I, F };

fn describe(allocator: Allocator, data: []align(alignment.toByteUnits()) u8, sidecar: []const u8) !Array {
    const parsed = try std.json.parseFromSlice(Sidecar, allocator, sidecar, .{});
    defer parsed.deinit();
    const described = parsed.value;
    const dtype = std.meta.stringToEnum(DType, described.dtype) orelse return error.UnknownDtype;
    if (dtype == .bytes) return error.UnknownDtype;
    var size: u64 = dtype.size();
    for (described.shape) |dimension| size *|= dimension;
    if (size != data.len) return error.AnotherSize;
    const shape = try allocator.dupe(u32, described.shape);
    errdefer allocator.free(shape);
    var array: Array = .{ .data = data, .dtype = dtype, .shape = shape };
    if (described.mode) |named| {
        const mode = std.meta.stringToEnum(Mode, named) orelse return error.UnknownMode;
        const wanted: struct { DType, u32, ?Format } = switch (mode) {
            .L => .{ .uint8, 0, .grey },
            .RGB => .{ .uint8, 3, .rgb },
            .RGBA => .{ .uint8, 4, .rgba },
            .@"I;16" => .{ .uint16, 0, null },
            .I => .{ .int32, 0, null },
            .F => .{ .float32, 0, null },
        };
        const channels: u32 = switch (shape.len) {
            2 => 0,
            3 => @max(shape[2], 1),
            else => return error.ModeDoesNotFit,
        };
        if (dtype != wanted[0] or channels != wanted[1]) return error.ModeDoesNotFit;
        array.format = wanted[2];
    }
    return array;
}

/// Give bytes to the notebook under a name that the cell asked for with --out.
pub fn writeBytes(init: std.process.Init, name: []const u8, bytes: []const u8) raw.Error!void {
    const directory = try open(init, "/out");
    directory.writeFile(init.io, .{ .sub_path = name, .data = bytes }) catch |err|
        return @errorCast(fail(err, "writing /out/{s}", .{name}));
}

/// Give an array to the notebook. There must be as many values as the shape says.
pub fn writeArray(
    comptime T: type,
    init: std.process.Init,
    name: []const u8,
    values: []const T,
    shape: []const u32,
) raw.Error!void {
    var count: u64 = 1;
    for (shape) |dimension| count *|= dimension;
    if (count != values.len)
        return refuse("writing /out/{s}: {d} values for shape {any}", .{ name, values.len, shape });
    try writeBytes(init, name, std.mem.sliceAsBytes(values));
    try writeSidecar(init, name, .{ .dtype = @tagName(DType.of(T)), .shape = shape });
}

/// Give an image to the notebook, as a picture. BGR and BGRA are written as RGB and RGBA.
pub fn writeImage(allocator: Allocator, init: std.process.Init, name: []const u8, image: Image) Error!void {
    const channels = image.format.channels();
    const mode: []const u8, const format: Format = switch (channels) {
        1 => .{ "L", .grey },
        3 => .{ "RGB", .rgb },
        else => .{ "RGBA", .rgba },
    };
    const pixels = try allocator.alloc(u8, @as(usize, image.width) * image.height * channels);
    defer allocator.free(pixels);
    try image.convert(.{ .pixels = pixels, .width = image.width, .height = image.height, .format = format });
    try writeBytes(init, name, pixels);
    const shape = [_]u32{ image.height, image.width, channels };
    const described = shape[0..if (channels == 1) 2 else 3];
    try writeSidecar(init, name, .{ .dtype = "uint8", .shape = described, .mode = mode });
}

fn writeSidecar(init: std.process.Init, name: []const u8, sidecar: Sidecar) raw.Error!void {
    var buffer: [max_sidecar]u8 = undefined;
    var text: std.Io.Writer = .fixed(&buffer);
    var path: [512]u8 = undefined;
    const file = std.fmt.bufPrint(&path, "{s}.json", .{name}) catch
        return refuse("writing /out/{s}: the name is too long", .{name});
    std.json.Stringify.value(sidecar, .{ .emit_null_optional_fields = false }, &text) catch
        return refuse("writing /out/{s}: the shape is too long", .{file});
    try writeBytes(init, file, text.buffered());
}

fn open(init: std.process.Init, name: []const u8) raw.Error!std.Io.Dir {
    const found = init.preopens.get(name) orelse {
        try raw.check(raw.errno.not_found, "{s} is not there: give the cell --in or --out", .{name});
        unreachable;
    };
    return found.dir;
}

fn refuse(comptime problem: []const u8, args: anytype) raw.Error {
    raw.check(raw.errno.invalid_argument, problem, args) catch |err| return err;
    unreachable;
}

/// What failed with a file, as an error of this interface.
fn fail(err: anyerror, comptime doing: []const u8, args: anytype) Error {
    const number: i32 = switch (err) {
        error.OutOfMemory => return error.OutOfMemory,
        error.FileNotFound => raw.errno.not_found,
        error.StreamTooLong => raw.errno.invalid_argument,
        else => raw.errno.runtime_error,
    };
    raw.check(number, doing ++ ": {t}", args ++ .{err}) catch |known| return known;
    unreachable;
}
