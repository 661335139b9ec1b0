// generate ALIAS PROMPT: pieces from the iterator, then a callback, a whole text and a chat turn.
const std = @import("std");
const nn = @import("wasi_nn");

fn count(pieces: *u32, piece: []const u8) nn.Flow {
    _ = piece;
    pieces.* += 1;
    return if (pieces.* == 3) .stop else .go_on;
}

pub fn main(init: std.process.Init) !void {
    const allocator = init.arena.allocator();
    const args = try init.minimal.args.toSlice(allocator);
    var buffer: [1024]u8 = undefined;
    var file: std.Io.File.Writer = .init(.stdout(), init.io, &buffer);
    const out = &file.interface;
    const alias = if (args.len > 1) args[1] else "default";
    const prompt = if (args.len > 2) args[2] else "Once upon a time";
    const limit = if (init.environ_map.get("n_predict")) |n| try std.fmt.parseInt(u32, n, 10) else 0;

    const model = nn.Model.load(alias) catch |err| {
        std.debug.print("{s}\n", .{nn.lastError()});
        return err;
    };
    var context = try nn.Context.open(allocator, model);
    defer context.close();
    try context.start(prompt, .{ .max_tokens = limit });
    while (try context.next()) |piece| {
        try out.writeAll(piece);
        try out.flush();
    }

    var pieces: u32 = 0;
    const finish = try context.generate(prompt, .{ .max_tokens = limit }, &pieces, count);
    try out.print("\npieces={d} finish={s}\n", .{ pieces, @tagName(finish) });
    try out.print("{s}\n", .{try context.complete(prompt, .{ .max_tokens = limit })});

    var chat = try nn.Chat.init(&context, .chatml, null);
    defer chat.deinit();
    try out.print("{s}\n", .{try chat.ask("Hello", .{ .max_tokens = limit })});
    try out.flush();
}
