//! The image and number helpers as exported functions: see test_vision.py and test_math.py.
const std = @import("std");
const nn = @import("wasi_nn");

const allocator = std.heap.wasm_allocator;
var text: [256]u8 = @splat(0);

export fn take(size: usize) ?[*]align(16) u8 {
    const memory = allocator.alignedAlloc(u8, .@"16", size + 16) catch return null;
    std.mem.writeInt(usize, memory[0..4], memory.len, .little);
    return memory.ptr + 16;
}

export fn give(memory: [*]align(16) u8) void {
    const start: [*]align(16) u8 = @alignCast(memory - 16);
    allocator.free(start[0..std.mem.readInt(usize, start[0..4], .little)]);
}

export fn message() [*]const u8 {
    const last = nn.lastError();
    @memcpy(text[0..last.len], last);
    text[last.len] = 0;
    return &text;
}

/// How the test writes an image; `size` is that of the pixels' memory.
const Record = extern struct {
    pixels: ?[*]u8,
    width: u32,
    height: u32,
    format: u32,
    stride: u32,
    size: u32,

    fn image(record: *const Record) nn.Image {
        return .{
            .pixels = if (record.pixels) |pixels| pixels[0..record.size] else &.{},
            .width = record.width,
            .height = record.height,
            .format = formatOf(record.format),
            .stride = record.stride,
        };
    }
};

fn formatOf(number: u32) nn.Format {
    return switch (number) {
        0x01 => .grey,
        0x03 => .rgb,
        0x04 => .rgba,
        0x13 => .bgr,
        0x14 => .bgra,
        else => unreachable,
    };
}

fn errno(result: nn.Error!void) i32 {
    result catch |err| return if (err == error.InvalidArgument) 1 else 99;
    return 0;
}

export fn resize(from: *const Record, to: *const Record) i32 {
    return errno(from.image().resize(allocator, to.image()));
}

export fn resize_f32(from: *const Record, width: u32, height: u32, to: ?[*]f32) i32 {
    const count = width * height * formatOf(from.format).channels();
    const floats: []f32 = if (to) |start| start[0..count] else &.{};
    return errno(from.image().resizeFloat(allocator, width, height, floats));
}

export fn convert(from: *const Record, to: *const Record) i32 {
    return errno(from.image().convert(to.image()));
}

const Normal = extern struct { scale: f32, mean: [4]f32, deviation: [4]f32 };

export fn pack(image: *const Record, format: u32, layout: u32, normal: ?*const Normal, to: ?[*]f32) i32 {
    var packing: nn.Packing = .{
        .format = formatOf(format),
        .layout = if (layout == 0) .nchw else .nhwc,
    };
    if (normal) |given| {
        packing.scale = given.scale;
        packing.mean = given.mean;
        packing.deviation = given.deviation;
    }
    const count = image.width *% image.height *% packing.format.channels();
    const floats: []f32 = if (to) |start| start[0..count] else &.{};
    return errno(image.image().pack(floats, packing));
}

export fn softmax(scores: [*]const f32, count: usize, probabilities: [*]f32) void {
    nn.math.softmax(scores[0..count], probabilities[0..count]);
}

const Ranked = extern struct { index: usize, value: f32 };

export fn top_k(values: [*]const f32, count: usize, best: [*]Ranked, k: usize) usize {
    const room = allocator.alloc(nn.math.Ranked, k) catch unreachable;
    defer allocator.free(room);
    const found = nn.math.topK(values[0..count], room);
    for (found, best[0..found.len]) |ranked, *out| out.* = .{ .index = ranked.index, .value = ranked.value };
    return found.len;
}

// What Zig's start-up code calls, also in a reactor.
pub fn main() void {}
