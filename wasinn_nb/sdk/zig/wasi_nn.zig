//! wasi-nn for Zig 0.17: the functions of module `wasi_ephemeral_nn`, and over them language models,
//! tensors, images and the notebook's values.
//!
//!     const nn = @import("wasi_nn");
//!     const model = try nn.Model.load("default");
//!     var context = try nn.Context.open(allocator, model);
//!     defer context.close();
//!     try context.start("Once upon a time", .{ .max_tokens = 64 });
//!     while (try context.next()) |piece| try out.writeAll(piece);
//!
//! Errors carry the host's errno as a Zig error; `lastError()` has a line that says what was being
//! done. How a text ended is no error: it is `context.finish`. Only the functions a guest really
//! calls become imports of its module.

const std = @import("std");
const Allocator = std.mem.Allocator;

pub const raw = @import("raw.zig");
pub const text = @import("text.zig");
pub const math = @import("math.zig");
pub const Chat = @import("chat.zig").Chat;
pub const Style = @import("chat.zig").Style;
pub const Image = @import("image.zig").Image;
pub const Format = @import("image.zig").Format;
pub const Packing = @import("image.zig").Packing;
pub const Array = exchange.Array;
pub const readArray = exchange.readArray;
pub const writeArray = exchange.writeArray;
pub const writeBytes = exchange.writeBytes;
pub const writeImage = exchange.writeImage;

const exchange = @import("exchange.zig");
const tensor = @import("tensor.zig");

pub const Error = raw.Error || Allocator.Error;
pub const lastError = raw.lastError;

/// Settings as JSON text, from a struct: `json(allocator, .{ .@"ctx-size" = 2048, .temp = 0.2 })`.
pub fn json(allocator: Allocator, settings: anytype) Allocator.Error![]u8 {
    return std.json.Stringify.valueAlloc(allocator, settings, .{});
}

/// A model in the host's memory. It stays loaded when the guest ends, until `unload`.
pub const Model = struct {
    graph: u32,

    /// Open the model that the host knows as `name`, with the host's settings.
    pub fn load(name: []const u8) raw.Error!Model {
        var model: Model = undefined;
        const errno = raw.load_by_name(name.ptr, @intCast(name.len), &model.graph);
        try raw.check(errno, "loading model \"{s}\"", .{name});
        return model;
    }

    /// The same with settings of the guest's own, as JSON text.
    pub fn loadWith(name: []const u8, config: []const u8) raw.Error!Model {
        var model: Model = undefined;
        const errno = raw.load_by_name_with_config(
            name.ptr,
            @intCast(name.len),
            config.ptr,
            @intCast(config.len),
            &model.graph,
        );
        try raw.check(errno, "loading model \"{s}\"", .{name});
        return model;
    }

    /// Free the model's memory in the host. Its contexts are dead afterwards.
    pub fn unload(model: Model) raw.Error!void {
        try raw.check(raw.unload(model.graph), "unloading the model", .{});
    }
};

/// Why a text ended.
pub const Finish = enum { running, end, stop, length, context_full, cancelled, failed };

/// What a callback answers.
pub const Flow = enum { go_on, stop };

/// Wishes for one generation. The stop texts must live until it ends.
pub const Options = struct {
    /// 0: until the model ends.
    max_tokens: u32 = 0,
    /// Texts that end the generation and are not part of it.
    stop: []const []const u8 = &.{},
    /// Hand out tokens as they come, even if that splits a UTF-8 character.
    raw_bytes: bool = false,
};

/// The host's figures about a run; null where it does not say.
pub const Usage = struct {
    input_tokens: u64 = 0,
    output_tokens: u64 = 0,
    prompt_tokens_cached: ?u64 = null,
    time_to_first_token_ms: ?f64 = null,
    tokens_per_second: ?f64 = null,
};

/// What the host knows of a model: 0 and "" where it does not say.
pub const Description = struct {
    architecture: []const u8 = "",
    quantization: []const u8 = "",
    parameters: u64 = 0,
    /// Tokens that the model was trained to see at once.
    context_length: u64 = 0,
    layers: u64 = 0,
    vocabulary: u64 = 0,
    embedding_length: u64 = 0,
};

/// One line of work on a model.
pub const Context = struct {
    id: u32,
    allocator: Allocator,
    /// What has been generated since the last prompt.
    text: std.ArrayList(u8) = .empty,
    finish: Finish = .end,
    /// How many tokens the text took, when they come one by one.
    tokens: u32 = 0,

    delivered: usize = 0,
    options: Options = .{},
    in_session: bool = false,
    limits_sent: bool = false,
    chat_mode: bool = false,

    pub fn open(allocator: Allocator, model: Model) raw.Error!Context {
        var context: Context = .{ .id = undefined, .allocator = allocator };
        const errno = raw.init_execution_context(model.graph, &context.id);
        try raw.check(errno, "opening a context", .{});
        return context;
    }

    /// Free what the guest holds and leave the host's part to the host.
    pub fn release(context: *Context) void {
        context.text.deinit(context.allocator);
    }

    /// Free the context in the guest and in the host.
    pub fn close(context: *Context) void {
        context.release();
        _ = raw.finalize_execution_context(context.id);
    }

    /// Change settings of this context's requests, as JSON text.
    pub fn configure(context: *Context, config: []const u8) raw.Error!void {
        try raw.check(raw.setText(context.id, 1, config), "configuring the context", .{});
    }

    /// Give input `index` of a model as values of f16, f32, f64, u8, i32 or i64:
    /// `context.set(f32, 0, pixels, &.{ 1, 3, 224, 224 })`.
    pub fn set(context: *Context, comptime T: type, index: u32, values: []const T, shape: []const u32) raw.Error!void {
        try tensor.set(T, context.id, index, values, shape);
    }

    /// Run the model on its inputs.
    pub fn compute(context: *Context) raw.Error!void {
        try raw.check(raw.compute(context.id), "computing", .{});
    }

    /// Output `index` of the last run. The caller frees it.
    pub fn get(context: *Context, comptime T: type, index: u32) Error![]T {
        return tensor.get(T, context.id, index, context.allocator);
    }

    /// The same into memory that is there; the part that it takes.
    pub fn getInto(context: *Context, comptime T: type, index: u32, buffer: []T) raw.Error![]T {
        return tensor.getInto(T, context.id, index, buffer);
    }

    /// Begin to generate from a prompt; `next` then brings the pieces.
    pub fn start(context: *Context, prompt: []const u8, options: Options) raw.Error!void {
        context.end();
        try context.give(prompt, options, false);
    }

    /// The next piece of text, valid until the next call, or null when it has ended. Joined, the
    /// pieces are exactly `text.items`.
    pub fn next(context: *Context) Error!?[]const u8 {
        while (true) {
            if (context.finish == .running) context.step() catch |err| {
                context.finish = .failed;
                return err;
            };
            const running = context.finish == .running;
            var limit = context.text.items.len;
            if (running) limit = context.withoutPartialStop();
            if (!context.options.raw_bytes) limit = text.whole(context.text.items[0..limit]);
            if (!running) context.text.shrinkRetainingCapacity(limit);
            if (limit > context.delivered) {
                defer context.delivered = limit;
                return context.text.items[context.delivered..limit];
            }
            if (!running) return null;
        }
    }

    /// End the text after what has been handed out.
    pub fn cancel(context: *Context) void {
        if (context.finish == .running) context.finish = .cancelled;
        context.text.shrinkRetainingCapacity(context.delivered);
    }

    /// Generate from a prompt with `onPiece(user, piece) Flow` called for each piece.
    pub fn generate(
        context: *Context,
        prompt: []const u8,
        options: Options,
        user: anytype,
        comptime onPiece: fn (@TypeOf(user), []const u8) Flow,
    ) Error!Finish {
        try context.start(prompt, options);
        while (try context.next()) |piece| {
            if (onPiece(user, piece) == .stop) context.cancel();
        }
        return context.finish;
    }

    /// Generate the whole text with one call of the host. It is valid until the next generation.
    pub fn complete(context: *Context, prompt: []const u8, options: Options) Error![]const u8 {
        try context.give(prompt, options, false);
        return context.computeText();
    }

    /// The vector of a text, of a model loaded with `{"embedding": true}`. The caller frees it.
    pub fn embed(context: *Context, input: []const u8) Error![]f32 {
        try raw.check(raw.setText(context.id, 0, input), "embedding a text", .{});
        try raw.check(raw.compute(context.id), "embedding a text", .{});
        const answer = try context.readAlloc(0);
        defer context.allocator.free(answer);
        const Answer = struct { n_embedding: usize, embedding: []f32 };
        const parsed = parse(Answer, context.allocator, answer) catch {
            try raw.check(raw.errno.runtime_error, "reading an embedding: is it on?", .{});
            unreachable;
        };
        defer parsed.deinit();
        return context.allocator.dupe(f32, parsed.value.embedding);
    }

    /// Output `index` of the last run. The caller frees it.
    pub fn readAlloc(context: *Context, index: u32) Error![]u8 {
        var out: std.ArrayList(u8) = .empty;
        errdefer out.deinit(context.allocator);
        try raw.read(raw.get_output, context.id, index, 128 << 10, context.allocator, &out);
        return out.toOwnedSlice(context.allocator);
    }

    /// Figures about the last run. Ask before the next prompt.
    pub fn usage(context: *Context) Error!Usage {
        const metadata = try context.readAlloc(1);
        defer context.allocator.free(metadata);
        const parsed = parse(Usage, context.allocator, metadata) catch return .{};
        defer parsed.deinit();
        return parsed.value;
    }

    /// What the host knows of the model. The caller calls `deinit`; the description is its `value`.
    pub fn describe(context: *Context) Error!std.json.Parsed(Description) {
        const metadata = try context.readAlloc(1);
        defer context.allocator.free(metadata);
        return std.json.parseFromSlice(Description, context.allocator, metadata, .{
            .ignore_unknown_fields = true,
            .allocate = .alloc_always, // the texts outlive the metadata
        }) catch {
            try raw.check(raw.errno.runtime_error, "reading the model's description", .{});
            unreachable;
        };
    }

    /// End a token-by-token generation in the host. The text stays; `usage` is reset.
    pub fn end(context: *Context) void {
        if (context.in_session) _ = raw.fini_single(context.id);
        context.in_session = false;
    }

    /// Forget the last text and give the host a new prompt, as text or as JSON messages.
    pub fn give(context: *Context, prompt: []const u8, options: Options, messages: bool) raw.Error!void {
        context.options = options;
        context.text.clearRetainingCapacity();
        context.delivered = 0;
        context.tokens = 0;
        context.finish = .failed;
        if (context.chat_mode != messages) {
            try context.configure(if (messages) "{\"chat\": true}" else "{\"chat\": false}");
            context.chat_mode = messages;
        }
        try raw.check(raw.setText(context.id, 0, prompt), "giving the prompt", .{});
        context.finish = .running;
    }

    /// Generate from the prompt that was given, with one call of the host.
    pub fn computeText(context: *Context) Error![]const u8 {
        errdefer context.finish = .failed;
        try context.sendLimits();
        const errno = raw.compute(context.id);
        context.finish = if (errno == raw.errno.context_full) .context_full else .end;
        if (context.finish == .end) try raw.check(errno, "generating", .{});
        try raw.read(raw.get_output, context.id, 0, 128 << 10, context.allocator, &context.text);
        if (context.cutAtStop()) {
            context.finish = .stop;
        } else if (text.endMarker(context.text.items)) |length| {
            context.text.shrinkRetainingCapacity(context.text.items.len - length);
        } else if (context.finish == .end and context.options.max_tokens > 0) {
            const figures = try context.usage();
            if (figures.output_tokens >= context.options.max_tokens) context.finish = .length;
        }
        if (!context.options.raw_bytes)
            context.text.shrinkRetainingCapacity(text.whole(context.text.items));
        context.delivered = context.text.items.len;
        return context.text.items;
    }

    /// Tell the host the limits of a whole generation; take back earlier ones that no longer hold.
    fn sendLimits(context: *Context) Error!void {
        const options = context.options;
        const wanted = options.max_tokens > 0 or options.stop.len > 0;
        if (!wanted and !context.limits_sent) return;
        var config: std.ArrayList(u8) = .empty;
        defer config.deinit(context.allocator);
        try config.appendSlice(context.allocator, "{\"reverse-prompt\": ");
        try text.quote(context.allocator, &config, if (options.stop.len > 0) options.stop[0] else "");
        if (options.max_tokens > 0) {
            try config.print(context.allocator, ", \"n-predict\": {d}", .{options.max_tokens});
        } else if (context.limits_sent) {
            try config.appendSlice(context.allocator, ", \"n-predict\": -1");
        }
        try config.append(context.allocator, '}');
        try context.configure(config.items);
        context.limits_sent = wanted;
    }

    /// Generate one token into `text` and set `finish` if it is the last.
    fn step(context: *Context) Error!void {
        context.in_session = true;
        const errno = raw.compute_single(context.id);
        switch (errno) {
            raw.errno.end_of_sequence => { // its piece is the end marker, no text
                context.finish = .end;
                return;
            },
            raw.errno.context_full => context.finish = .context_full, // this token still counts
            else => try raw.check(errno, "generating", .{}),
        }
        try raw.read(raw.get_output_single, context.id, 0, 1024, context.allocator, &context.text);
        context.tokens += 1;
        if (context.cutAtStop()) {
            context.finish = .stop;
        } else if (context.finish == .running and context.tokens == context.options.max_tokens) {
            context.finish = .length;
        }
    }

    /// End the text before the first stop text in it.
    fn cutAtStop(context: *Context) bool {
        const all = context.text.items;
        var first = all.len;
        for (context.options.stop) |stop| {
            if (stop.len == 0) continue;
            if (std.mem.find(u8, all[context.delivered..], stop)) |at|
                first = @min(first, context.delivered + at);
        }
        context.text.shrinkRetainingCapacity(first);
        return first < all.len;
    }

    /// How much of the text is there before a tail that may become a stop text.
    fn withoutPartialStop(context: *const Context) usize {
        const open_text = context.text.items[context.delivered..];
        var limit = open_text.len;
        for (context.options.stop) |stop| {
            if (stop.len == 0) continue;
            var length = @min(stop.len - 1, open_text.len);
            while (length > 0) : (length -= 1) {
                if (!std.mem.endsWith(u8, open_text, stop[0..length])) continue;
                limit = @min(limit, open_text.len - length);
                break;
            }
        }
        return context.delivered + limit;
    }
};

fn parse(comptime T: type, allocator: Allocator, source: []const u8) !std.json.Parsed(T) {
    return std.json.parseFromSlice(T, allocator, source, .{ .ignore_unknown_fields = true });
}
