//! Conversations. The whole dialogue goes to the host with every turn. A host that lists the model's
//! own template in its metadata renders the messages; for any other the guest renders them in the
//! style it names.

const std = @import("std");
const nn = @import("wasi_nn.zig");
const Allocator = std.mem.Allocator;

pub const Role = enum { system, user, assistant };

/// How models were taught to read a dialogue.
pub const Style = enum {
    plain,
    chatml,
    llama2,
    llama3,
    gemma,
    phi3,
    zephyr,
    mistral,

    fn words(style: Style) Words {
        return switch (style) {
            .plain => .{
                .before = .{ "", "User: ", "Assistant:" },
                .after = .{ "\n\n", "\n", "\n" },
                .stop = "\nUser:",
            },
            .chatml => .{
                .before = .{ "<|im_start|>system\n", "<|im_start|>user\n", "<|im_start|>assistant\n" },
                .after = @splat("<|im_end|>\n"),
                .stop = "<|im_end|>",
            },
            .llama2 => .{
                .before = .{ "<<SYS>>\n", "[INST] ", "" },
                .after = .{ "\n<</SYS>>\n\n", " [/INST]", " </s><s>" },
                .stop = "[INST]",
                .system_in_user = true,
            },
            .llama3 => .{
                .before = .{
                    "<|start_header_id|>system<|end_header_id|>\n\n",
                    "<|start_header_id|>user<|end_header_id|>\n\n",
                    "<|start_header_id|>assistant<|end_header_id|>\n\n",
                },
                .after = @splat("<|eot_id|>"),
                .stop = "<|eot_id|>",
            },
            .gemma => .{
                .before = .{ "", "<start_of_turn>user\n", "<start_of_turn>model\n" },
                .after = .{ "\n\n", "<end_of_turn>\n", "<end_of_turn>\n" },
                .stop = "<end_of_turn>",
                .system_in_user = true,
            },
            .phi3 => .{
                .before = .{ "<|system|>\n", "<|user|>\n", "<|assistant|>\n" },
                .after = @splat("<|end|>\n"),
                .stop = "<|end|>",
            },
            .zephyr => .{
                .before = .{ "<|system|>\n", "<|user|>\n", "<|assistant|>\n" },
                .after = @splat("</s>\n"),
                .stop = "<|user|>",
            },
            .mistral => .{
                .before = .{ "", "[INST] ", "" },
                .after = .{ "\n\n", " [/INST]", "</s>" },
                .stop = "[INST]",
                .system_in_user = true,
            },
        };
    }
};

/// What goes before and after a message of each role, and the text that begins a foreign turn.
const Words = struct {
    before: [3][]const u8,
    after: [3][]const u8,
    stop: []const u8,
    /// The system message stands inside the first user message.
    system_in_user: bool = false,
};

pub const Message = struct { role: Role, content: []u8 };

/// A dialogue on a context, which must outlive it. One turn:
///
///     try chat.start("Hello", .{});
///     while (try chat.next()) |piece| try out.writeAll(piece);
pub const Chat = struct {
    context: *nn.Context,
    /// Used when the host does not render the model's own template.
    style: Style = .chatml,
    messages: std.ArrayList(Message) = .empty,

    host_renders: ?bool = null,
    in_turn: bool = false,
    stops: std.ArrayList([]const u8) = .empty,

    /// Begin a conversation. `system` says how the model should behave.
    pub fn init(context: *nn.Context, style: Style, system: ?[]const u8) Allocator.Error!Chat {
        var chat: Chat = .{ .context = context, .style = style };
        if (system) |words| try chat.add(.system, words);
        return chat;
    }

    pub fn deinit(chat: *Chat) void {
        chat.truncate(0);
        chat.messages.deinit(chat.context.allocator);
        chat.stops.deinit(chat.context.allocator);
    }

    /// Append a message, e.g. of an earlier dialogue.
    pub fn add(chat: *Chat, role: Role, content: []const u8) Allocator.Error!void {
        const allocator = chat.context.allocator;
        const copy = try allocator.dupe(u8, content);
        errdefer allocator.free(copy);
        try chat.messages.append(allocator, .{ .role = role, .content = copy });
    }

    /// Keep the first `count` messages.
    pub fn truncate(chat: *Chat, count: usize) void {
        while (chat.messages.items.len > count)
            chat.context.allocator.free(chat.messages.pop().?.content);
    }

    /// Start anew, with the system message if there was one.
    pub fn reset(chat: *Chat) void {
        const messages = chat.messages.items;
        chat.truncate(if (messages.len > 0 and messages[0].role == .system) 1 else 0);
    }

    /// Begin a turn. After `error.PromptTooLong` the dialogue is as before.
    pub fn start(chat: *Chat, message: []const u8, options: nn.Options) nn.Error!void {
        try chat.finishTurn();
        chat.context.end();
        try chat.give(message, options);
    }

    /// The next piece of the answer, or null when it is complete and has joined the dialogue.
    pub fn next(chat: *Chat) nn.Error!?[]const u8 {
        const piece = chat.context.next() catch |err| {
            chat.in_turn = false;
            chat.truncate(chat.messages.items.len - 1);
            return err;
        };
        if (piece == null) try chat.finishTurn();
        return piece;
    }

    /// One turn with `onPiece(user, piece) Flow` called for each piece; the answer.
    pub fn say(
        chat: *Chat,
        message: []const u8,
        options: nn.Options,
        user: anytype,
        comptime onPiece: fn (@TypeOf(user), []const u8) nn.Flow,
    ) nn.Error![]const u8 {
        try chat.start(message, options);
        while (try chat.next()) |piece| {
            if (onPiece(user, piece) == .stop) chat.context.cancel();
        }
        return chat.context.text.items;
    }

    /// One turn with one call of the host; the answer.
    pub fn ask(chat: *Chat, message: []const u8, options: nn.Options) nn.Error![]const u8 {
        try chat.finishTurn();
        try chat.give(message, options);
        chat.in_turn = false;
        errdefer chat.truncate(chat.messages.items.len - 1);
        const answer = try chat.context.computeText();
        try chat.add(.assistant, answer);
        return answer;
    }

    fn finishTurn(chat: *Chat) Allocator.Error!void {
        if (!chat.in_turn) return;
        chat.in_turn = false;
        chat.context.cancel(); // does nothing to a text that has ended
        errdefer chat.truncate(chat.messages.items.len - 1);
        try chat.add(.assistant, chat.context.text.items);
    }

    /// Add the user's message and give the dialogue to the host.
    fn give(chat: *Chat, message: []const u8, wanted: nn.Options) nn.Error!void {
        const allocator = chat.context.allocator;
        const host_renders = try chat.askHost();
        try chat.add(.user, message);
        errdefer chat.truncate(chat.messages.items.len - 1);

        var options = wanted;
        chat.stops.clearRetainingCapacity();
        if (!host_renders) try chat.stops.append(allocator, chat.style.words().stop);
        try chat.stops.appendSlice(allocator, wanted.stop);
        options.stop = chat.stops.items;

        var prompt: std.ArrayList(u8) = .empty;
        defer prompt.deinit(allocator);
        try if (host_renders) chat.asJson(&prompt) else chat.asText(&prompt);
        try chat.context.give(prompt.items, options, host_renders);
        chat.in_turn = true;
    }

    /// Whether the host renders messages with the model's own template.
    fn askHost(chat: *Chat) nn.Error!bool {
        if (chat.host_renders) |known| return known;
        const allocator = chat.context.allocator;
        const metadata = try chat.context.readAlloc(1);
        defer allocator.free(metadata);
        const Offer = struct { chat_template: []const u8 = "" };
        const offer = std.json.parseFromSlice(Offer, allocator, metadata, .{
            .ignore_unknown_fields = true,
        }) catch null;
        defer if (offer) |parsed| parsed.deinit();
        chat.host_renders = if (offer) |parsed| parsed.value.chat_template.len > 0 else false;
        return chat.host_renders.?;
    }

    fn asJson(chat: *const Chat, out: *std.ArrayList(u8)) Allocator.Error!void {
        const allocator = chat.context.allocator;
        for (chat.messages.items, 0..) |message, i| {
            try out.print(allocator, "{s}{{\"role\": \"{s}\", \"content\": ", .{
                if (i == 0) "[" else ", ",
                @tagName(message.role),
            });
            try nn.text.quote(allocator, out, message.content);
            try out.append(allocator, '}');
        }
        try out.append(allocator, ']');
    }

    fn asText(chat: *const Chat, out: *std.ArrayList(u8)) Allocator.Error!void {
        const allocator = chat.context.allocator;
        const words = chat.style.words();
        var opened = false; // the user message that holds the system message has begun
        for (chat.messages.items) |message| {
            const role = @intFromEnum(message.role);
            const opens = words.system_in_user and message.role == .system;
            if (opens) try out.appendSlice(allocator, words.before[@intFromEnum(Role.user)]);
            if (!(opened and message.role == .user)) try out.appendSlice(allocator, words.before[role]);
            try out.appendSlice(allocator, message.content);
            try out.appendSlice(allocator, words.after[role]);
            opened = opens;
        }
        try out.appendSlice(allocator, words.before[@intFromEnum(Role.assistant)]);
    }
};
