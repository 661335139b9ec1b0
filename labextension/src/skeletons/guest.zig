const std = @import("std");
const nn = @import("wasi_nn");

pub fn main(init: std.process.Init) !void {
    const allocator = init.arena.allocator();
    const args = try init.minimal.args.toSlice(allocator);
    const prompt = if (args.len > 1) args[1] else "";
    var buffer: [1024]u8 = undefined;
    var stdout: std.Io.File.Writer = .init(.stdout(), init.io, &buffer);
    const out = &stdout.interface;
    errdefer std.debug.print("{s}\n", .{nn.lastError()});

    var context = try nn.Context.open(allocator, try .load("default"));
    defer context.close();
    try out.writeAll(prompt);
    try context.start(prompt, .{ .max_tokens = 120 });
    while (try context.next()) |piece| {
        try out.writeAll(piece);
        try out.flush();
    }
}
