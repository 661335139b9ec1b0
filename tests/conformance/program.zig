//! The conformance program in Zig; README.md says what each line is.
const std = @import("std");
const nn = @import("wasi_nn");

const prompt = "Once upon a time";
const counting =
    \\root ::= "One, two, 你好."
;
const yes =
    \\root ::= "Yes."
;
const shape: []const u32 = &.{ 2, 1, 8, 8 };
const no_such_handle = 0x7FFFFFFF;

var out: *std.Io.Writer = undefined;
var allocator: std.mem.Allocator = undefined;

// -- common names ---------------------------------------------------------------------------------

fn name(err: anyerror) []const u8 {
    return switch (err) {
        error.InvalidArgument => "invalid argument",
        error.InvalidEncoding => "invalid encoding",
        error.MissingMemory => "missing memory",
        error.Busy => "busy",
        error.RuntimeError => "runtime error",
        error.UnsupportedOperation => "unsupported operation",
        error.TooLarge => "too large",
        error.NotFound, error.ModelNotFound => "not found",
        error.PromptTooLong => "prompt too long",
        else => @errorName(err),
    };
}

fn ending(finish: nn.Finish) []const u8 {
    return switch (finish) {
        .end => "end of sequence",
        .stop => "stop",
        .length => "length",
        .context_full => "context full",
        else => "failed",
    };
}

/// What a call is refused with.
fn says(line: []const u8, outcome: anytype) !void {
    if (outcome) |_| {
        try out.print("{s}: success\n", .{line});
    } else |err| {
        try out.print("{s}: {s}\n", .{ line, name(err) });
    }
}

fn tells(line: []const u8, context: *const nn.Context) !void {
    try out.print("{s}: [{s}], {s}\n", .{ line, context.text.items, ending(context.finish) });
}

fn ignore(_: void, _: []const u8) nn.Flow {
    return .go_on;
}

fn generate(context: *nn.Context, words: []const u8, options: nn.Options) !void {
    _ = try context.generate(words, options, {}, ignore);
}

fn configure(context: *nn.Context, settings: anytype) !void {
    const json = try nn.json(allocator, settings);
    defer allocator.free(json);
    try context.configure(json);
}

fn loadWith(model: []const u8, settings: anytype) !nn.Model {
    const json = try nn.json(allocator, settings);
    defer allocator.free(json);
    return .loadWith(model, json);
}

// -- sections -------------------------------------------------------------------------------------

fn load() !nn.Model {
    return loadWith("text", .{ .@"ctx-size" = 256, .temp = 0 });
}

fn describe(context: *nn.Context) !void {
    const description = try context.describe();
    defer description.deinit();
    try out.print("== model\narchitecture: {s}\n", .{description.value.architecture});
    try out.print("context length: {d}\n", .{description.value.context_length});
    try out.print("embedding length: {d}\n", .{description.value.embedding_length});
}

fn text(context: *nn.Context) !void {
    const long: [300][4]u8 = @splat(" the".*);
    try out.writeAll("== text\n");
    try generate(context, prompt, .{ .max_tokens = 8 });
    try out.print("prompt: {d} tokens\n", .{(try context.usage()).input_tokens});
    try out.print("limit: {d} tokens, {s}\n", .{ context.tokens, ending(context.finish) });

    try configure(context, .{ .grammar = counting });
    _ = try context.complete(prompt, .{});
    try tells("whole", context);
    var pieces: std.ArrayList(u8) = .empty;
    try context.start(prompt, .{});
    while (try context.next()) |piece| try pieces.appendSlice(allocator, piece);
    const same = std.mem.eql(u8, pieces.items, "One, two, 你好.");
    try out.print("pieces: {s}, {s}\n", .{ if (same) "the same" else "others", ending(context.finish) });
    try generate(context, prompt, .{ .stop = &.{"two"} });
    try tells("stop", context);

    try configure(context, .{ .grammar = "", .@"ignore-eos" = true });
    try generate(context, prompt, .{});
    try out.print("room: {d} tokens, {s}\n", .{ context.tokens, ending(context.finish) });
    try configure(context, .{ .@"ignore-eos" = false });

    try says("long prompt", generate(context, std.mem.sliceAsBytes(&long), .{}));
    try configure(context, .{ .grammar = counting });
    try generate(context, prompt, .{});
    try tells("after it", context);
}

fn chat(model: nn.Model) !void {
    try out.writeAll("== chat\n");
    var context = try nn.Context.open(allocator, model);
    defer context.close();
    try configure(&context, .{ .grammar = yes });
    var dialogue = try nn.Chat.init(&context, .plain, "Be brief.");
    defer dialogue.deinit();
    _ = try dialogue.say("Is it day?", .{}, {}, ignore);
    try tells("first", &context);
    _ = try dialogue.say("Is it night?", .{}, {}, ignore);
    const usage = try context.usage();
    try out.print("second: [{s}], {d} prompt tokens\n", .{ context.text.items, usage.input_tokens });
}

fn dot(a: []const f32, b: []const f32) f64 {
    var sum: f64 = 0;
    for (a, b) |x, y| sum += @as(f64, x) * y;
    return sum;
}

fn embed(model: nn.Model) !void {
    try out.writeAll("== embedding\n");
    var context = try nn.Context.open(allocator, model);
    defer context.close();
    try configure(&context, .{ .embedding = true });
    const cat = try context.embed("A cat sat on the mat.");
    const ship = try context.embed("A ship left the port.");
    const again = try context.embed("A cat sat on the mat.");
    try out.print("length: {d}\n", .{cat.len});
    try out.print("norm: {d:.3}\n", .{@sqrt(dot(cat, cat))});
    try out.print("same text: {d:.3}\n", .{dot(cat, again)});
    try out.print("other text: {s}\n", .{if (dot(cat, ship) < 0.999) "less than 1" else "1"});
}

/// A bar, and a ring.
fn drawn() [2][8][8]f32 {
    var pixels: [2][8][8]f32 = @splat(@splat(@splat(0)));
    for (1..7) |y| {
        pixels[0][y][3] = 1;
        pixels[0][y][4] = 1;
        pixels[1][y][2] = 1;
        pixels[1][y][5] = 1;
    }
    for (2..6) |x| {
        pixels[1][0][x] = 1;
        pixels[1][7][x] = 1;
    }
    return pixels;
}

fn classify(line: []const u8, context: *nn.Context) !void {
    try context.compute();
    const scores = try context.get(f32, 0);
    defer allocator.free(scores);
    const bar = std.mem.findMax(f32, scores[0..10]);
    const ring = std.mem.findMax(f32, scores[10..20]);
    try out.print("{s}: {d} {d}\n", .{ line, bar, ring });
}

fn tensors(context: *nn.Context) !void {
    const images = drawn();
    const pixels: *const [128]f32 = @ptrCast(&images);
    const bytes: [128]u8 = @splat(0);
    try out.writeAll("== tensors\n");
    try context.set(f32, 0, pixels, shape);
    try classify("digits", context);
    try says("wrong shape", context.set(f32, 0, pixels, &.{ 2, 64 }));
    try says("wrong type", context.set(u8, 0, &bytes, shape));
    try says("no such input", context.set(f32, 7, pixels, shape));
    try classify("after them", context);
}

fn errors(context: *nn.Context) !void {
    try out.writeAll("== errors\n");
    try says("unknown name", nn.Model.load("nobody"));
    try says("file gone", nn.Model.load("gone"));
    try says("no model", nn.Model.load("broken"));
    try says("unreadable", nn.Model.load("unreadable"));
    try says("other settings", loadWith("busy", .{ .@"use-mmap" = false }));
    try says("far too large", loadWith("crowded", .{ .@"ctx-size" = 134217728 }));
    try says("bad value", configure(context, .{ .@"top-k" = "many" }));
    try says("bad grammar", configure(context, .{ .grammar = "root = nothing" }));
    try says("not in this host", configure(context, .{ .image = "eyes.png" }));
}

fn memory(context: *nn.Context, model: nn.Model, classifier: *nn.Context) !void {
    const raw = nn.raw;
    const garbage = "no model at all";
    const parts = [1]raw.Builder{.{ .data = garbage, .size = garbage.len }};
    const encoding = @intFromEnum(raw.Encoding.ggml);
    const target = @intFromEnum(raw.Target.cpu);
    var number: u32 = undefined;
    var scores: [20]f32 = undefined;

    try out.writeAll("== memory\n");
    try says("no JSON", context.configure("nonsense"));
    try says("no such graph", raw.toError(raw.init_execution_context(no_such_handle, &number)));
    try says("no such context", raw.toError(raw.compute(no_such_handle)));
    var second = try nn.Context.open(allocator, model);
    try says("compute before input", second.compute());
    second.close();
    try says("no such output", classifier.get(f32, 7));
    try says("small buffer", classifier.getInto(f32, 0, scores[0..1]));
    try says("bytes of no model", raw.toError(raw.load(&parts, 1, encoding, target, &number)));
    classifier.close();
    try says("finalized context", raw.toError(raw.compute(classifier.id)));
}

fn run() !void {
    var model = try load();
    var context = try nn.Context.open(allocator, model);
    try describe(&context);
    try text(&context);
    try chat(model);
    try embed(model);
    var classifier = try nn.Context.open(allocator, try .load("digits"));
    try tensors(&classifier);
    try errors(&context);
    try memory(&context, model, &classifier);

    try out.writeAll("== unload\n");
    try model.unload();
    try out.writeAll("unload: done\n");
    try says("generate", generate(&context, prompt, .{}));
    context.release();
    model = try load();
    context = try nn.Context.open(allocator, model);
    defer context.close();
    try configure(&context, .{ .grammar = counting });
    try generate(&context, prompt, .{});
    try tells("load again", &context);
}

pub fn main(init: std.process.Init) !void {
    var buffer: [1024]u8 = undefined;
    var stdout: std.Io.File.Writer = .init(.stdout(), init.io, &buffer);
    out = &stdout.interface;
    allocator = init.arena.allocator();
    errdefer std.debug.print("{s}\n", .{nn.lastError()});
    try run();
    try out.flush();
}
