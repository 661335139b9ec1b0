//! UTF-8 boundaries, JSON strings, and the end markers that language models leave in their text.

const std = @import("std");

/// The length of the largest part of the text that does not end inside a character. Bytes that
/// cannot become a character are left in: only a tail that may still be completed is cut.
pub fn whole(bytes: []const u8) usize {
    var back: usize = 1;
    while (back <= 3 and back <= bytes.len) : (back += 1) {
        const byte = bytes[bytes.len - back];
        if (byte & 0xC0 == 0x80) continue;
        const length = std.unicode.utf8ByteSequenceLength(byte) catch return bytes.len;
        return if (length > back) bytes.len - back else bytes.len;
    }
    return bytes.len;
}

/// Append a JSON string literal. Bytes that are not UTF-8 become U+FFFD, so it is always valid.
pub fn quote(allocator: std.mem.Allocator, out: *std.ArrayList(u8), bytes: []const u8) !void {
    try out.append(allocator, '"');
    var i: usize = 0;
    while (i < bytes.len) {
        const length = validLength(bytes[i..]);
        switch (bytes[i]) {
            '"', '\\' => |byte| try out.appendSlice(allocator, &.{ '\\', byte }),
            0...0x1F => |byte| try out.print(allocator, "\\u{x:0>4}", .{byte}),
            else => try out.appendSlice(allocator, if (length > 0) bytes[i..][0..length] else "\u{FFFD}"),
        }
        i += @max(length, 1);
    }
    try out.append(allocator, '"');
}

fn validLength(bytes: []const u8) usize {
    const length = std.unicode.utf8ByteSequenceLength(bytes[0]) catch return 0;
    if (length > bytes.len) return 0;
    return if (std.unicode.utf8ValidateSlice(bytes[0..length])) length else 0;
}

const end_markers = [_][]const u8{
    "</s>",    "<|im_end|>", "<|eot_id|>",    "<|end_of_text|>", "<end_of_turn>",
    "<|end|>", "<eos>",      "<|endoftext|>", "<|eom_id|>",
};

/// The length of the end marker that the text ends with, if it does.
pub fn endMarker(bytes: []const u8) ?usize {
    for (end_markers) |marker| {
        if (std.mem.endsWith(u8, bytes, marker)) return marker.len;
    }
    return null;
}
