// One operation of the SDK, told by environment variables, its outcome as lines: see test_llm.py.
const std = @import("std");
const nn = @import("wasi_nn");

const Show = struct {
    out: *std.Io.Writer,
    cancel_after: i32,

    fn piece(show: *Show, bytes: []const u8) nn.Flow {
        show.out.print("piece {x}\n", .{bytes}) catch return .stop;
        show.cancel_after -= 1;
        return if (show.cancel_after == 0) .stop else .go_on;
    }
};

pub fn main(init: std.process.Init) !void {
    const allocator = init.gpa;
    const env = init.environ_map;
    const args = try init.minimal.args.toSlice(init.arena.allocator());
    var buffer: [4096]u8 = undefined;
    var file: std.Io.File.Writer = .init(.stdout(), init.io, &buffer);
    const out = &file.interface;
    defer out.flush() catch {};

    const op = env.get("OP") orelse "stream";
    const stop = [1][]const u8{env.get("STOP") orelse ""};
    const options: nn.Options = .{
        .max_tokens = try std.fmt.parseInt(u32, env.get("MAX") orelse "0", 10),
        .raw_bytes = env.get("RAW") != null,
        .stop = if (env.get("STOP") == null) &.{} else &stop,
    };
    const style = try std.fmt.parseInt(u3, env.get("STYLE") orelse "1", 10);
    var show: Show = .{
        .out = out,
        .cancel_after = try std.fmt.parseInt(i32, env.get("CANCEL") orelse "-1", 10),
    };

    const model = nn.Model.load(env.get("MODEL") orelse "default") catch
        return out.print("error {s}\n", .{nn.lastError()});
    var context = try nn.Context.open(allocator, model);
    defer context.close();
    var chat = try nn.Chat.init(&context, @enumFromInt(style), env.get("SYSTEM"));
    defer chat.deinit();
    for (args[1..]) |prompt| {
        const done: nn.Error!void = if (std.mem.eql(u8, op, "stream"))
            discard(context.generate(prompt, options, &show, Show.piece))
        else if (std.mem.eql(u8, op, "complete"))
            discard(context.complete(prompt, options))
        else if (std.mem.eql(u8, op, "chat"))
            discard(chat.say(prompt, options, &show, Show.piece))
        else if (std.mem.eql(u8, op, "ask"))
            discard(chat.ask(prompt, options))
        else {
            const vector = try context.embed(prompt);
            defer allocator.free(vector);
            for (vector) |x| try out.print("{d}\n", .{x});
            return;
        };
        if (done) {
            try out.print("end {s} {x}\n", .{ @tagName(context.finish), context.text.items });
        } else |_| try out.print("error {s}\n", .{nn.lastError()});
    }
}

fn discard(result: anytype) nn.Error!void {
    _ = try result;
}
