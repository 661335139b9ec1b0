//! Values of the notebook by name: each as a line, and written back: see test_exchange_zig.py.
const std = @import("std");
const nn = @import("wasi_nn");

pub fn main(init: std.process.Init) !void {
    const allocator = init.gpa;
    const args = try init.minimal.args.toSlice(init.arena.allocator());
    var buffer: [4096]u8 = undefined;
    var file: std.Io.File.Writer = .init(.stdout(), init.io, &buffer);
    const out = &file.interface;
    defer out.flush() catch {};
    for (args[1..]) |name| {
        exchange(allocator, init, name, out) catch |err|
            try out.print("{t}: {s}\n", .{ err, nn.lastError() });
    }
}

fn exchange(allocator: std.mem.Allocator, init: std.process.Init, name: []const u8, out: *std.Io.Writer) !void {
    const array = try nn.readArray(allocator, init, name);
    defer array.free(allocator);
    try out.print("{t} {any} {?t}\n", .{ array.dtype, array.shape, array.format });
    if (array.format != null) {
        const image = try array.image();
        var other = image;
        other.format = switch (image.format) {
            .rgb => .bgr,
            .rgba => .bgra,
            else => .grey,
        };
        other.pixels = try allocator.alloc(u8, image.pixels.len);
        defer allocator.free(other.pixels);
        try image.convert(other);
        return nn.writeImage(allocator, init, name, other);
    }
    if (array.dtype == .bytes) return nn.writeBytes(init, name, array.data);
    inline for (.{ bool, i8, i16, i32, i64, u8, u16, u32, u64, f16, f32, f64 }) |T| {
        if (array.values(T)) |values| try nn.writeArray(T, init, name, values, array.shape) else |_| {}
    }
}
