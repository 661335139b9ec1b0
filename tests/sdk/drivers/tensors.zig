//! Typed inputs and outputs, told by arguments, their outcome as lines: see test_tensors.py.
const std = @import("std");
const nn = @import("wasi_nn");

fn run(comptime T: type, context: *nn.Context, out: *std.Io.Writer, args: []const [:0]const u8) !void {
    const allocator = context.allocator;
    const index = try std.fmt.parseInt(u32, args[2], 10);
    if (std.mem.eql(u8, args[0], "get")) {
        const values = try context.get(T, index);
        defer allocator.free(values);
        return out.print("ok {x}\n", .{std.mem.sliceAsBytes(values)});
    }
    var shape: std.ArrayList(u32) = .empty;
    defer shape.deinit(allocator);
    var dims = std.mem.tokenizeAny(u8, args[3], "x-");
    while (dims.next()) |one| try shape.append(allocator, try std.fmt.parseInt(u32, one, 10));
    const values = try allocator.alloc(T, args[4].len / 2 / @sizeOf(T));
    defer allocator.free(values);
    _ = try std.fmt.hexToBytes(std.mem.sliceAsBytes(values), args[4]);
    try context.set(T, index, values, shape.items);
    try out.print("ok \n", .{});
}

pub fn main(init: std.process.Init) !void {
    var args = try init.minimal.args.toSlice(init.arena.allocator());
    var buffer: [4096]u8 = undefined;
    var file: std.Io.File.Writer = .init(.stdout(), init.io, &buffer);
    const out = &file.interface;
    defer out.flush() catch {};
    var context = try nn.Context.open(init.gpa, try .load("default"));
    defer context.close();
    args = args[1..];
    while (args.len >= 4) {
        inline for (.{ f16, f32, f64, u8, i32, i64 }) |T| {
            if (std.mem.eql(u8, args[1], @typeName(T)))
                run(T, &context, out, args) catch |err|
                    try out.print("error {d} of 0: {s}\n", .{ errno(err), nn.lastError() });
        }
        args = args[if (std.mem.eql(u8, args[0], "set")) 5 else 4..];
    }
}

fn errno(err: anyerror) i32 {
    return switch (err) {
        error.InvalidArgument => 1,
        error.TooLarge => 7,
        else => -1,
    };
}
