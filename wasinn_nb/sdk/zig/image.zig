//! From a picture to the tensor that a vision model wants: see include/wasi_nn_image.h for what
//! exactly is computed.
//!
//!     // 640 x 480 RGB bytes -> 224 x 224 -> float [1, 3, 224, 224], normalised per channel
//!     const from: nn.Image = .{ .pixels = photo, .width = 640, .height = 480, .format = .rgb };
//!     const to: nn.Image = .{ .pixels = small, .width = 224, .height = 224, .format = .rgb };
//!     try from.resize(allocator, to);
//!     try to.pack(tensor, .{
//!         .scale = 1.0 / 255.0,
//!         .mean = .{ 0.485, 0.456, 0.406, 0 },
//!         .deviation = .{ 0.229, 0.224, 0.225, 1 },
//!     });

const std = @import("std");
const raw = @import("raw.zig");
const Allocator = std.mem.Allocator;

/// What the bytes of a pixel are, in their order.
pub const Format = enum {
    grey,
    rgb,
    rgba,
    bgr,
    bgra,

    pub fn channels(format: Format) u32 {
        return switch (format) {
            .grey => 1,
            .rgb, .bgr => 3,
            .rgba, .bgra => 4,
        };
    }

    /// Where a pixel keeps its red (0), green (1), blue (2) and alpha (3).
    fn channel(format: Format, colour: u32) u32 {
        return switch (format) {
            .grey => 0,
            .rgb, .rgba => colour,
            .bgr, .bgra => if (colour < 3) 2 - colour else colour,
        };
    }
};

/// How bytes become the numbers of a tensor: (byte * scale - mean) / deviation, by channel of the
/// tensor, one colour after the other (nchw) or pixel by pixel (nhwc).
pub const Packing = struct {
    format: Format = .rgb,
    layout: enum { nchw, nhwc } = .nchw,
    scale: f32 = 1,
    mean: [4]f32 = @splat(0),
    deviation: [4]f32 = @splat(1),
};

/// A picture somewhere in memory, row by row from the top, a pixel's bytes side by side.
pub const Image = struct {
    pixels: []u8,
    width: u32,
    height: u32,
    format: Format,
    /// Bytes from one row's start to the next's; 0: no gaps.
    stride: usize = 0,

    fn row(image: Image, y: usize) []u8 {
        const size = @as(usize, image.width) * image.format.channels();
        return image.pixels[y * (if (image.stride > 0) image.stride else size) ..][0..size];
    }

    fn check(image: Image, comptime doing: []const u8) raw.Error!void {
        const size = @as(u64, image.width) * image.format.channels();
        const stride = if (image.stride > 0) image.stride else size;
        if (stride < size) return fail(doing, "the stride is less than a row's bytes");
        if (image.height == 0) return;
        if (size > image.pixels.len or (image.height - 1) * stride + size > image.pixels.len)
            return fail(doing, "the pixels are fewer than the size says");
    }

    /// Bilinear resize into an image of the same format, whose memory does not overlap.
    pub fn resize(from: Image, allocator: Allocator, to: Image) (raw.Error || Allocator.Error)!void {
        const doing = "resizing an image";
        try from.check(doing);
        try to.check(doing);
        if (from.format != to.format) return fail(doing, "the formats differ: convert first");
        var rows = try Rows.init(from, allocator, to.width, to.height) orelse return;
        defer rows.deinit(allocator);
        for (0..to.height) |y| {
            const weight = rows.select(@intCast(y));
            for (to.row(y), rows.first, rows.second) |*out, a, b|
                out.* = @intFromFloat(a + (b - a) * weight + 0.5);
        }
    }

    /// The same without rounding: `to` gets width * height pixels of floats from 0 to 255, channels
    /// side by side (NHWC).
    pub fn resizeFloat(
        from: Image,
        allocator: Allocator,
        width: u32,
        height: u32,
        to: []f32,
    ) (raw.Error || Allocator.Error)!void {
        const doing = "resizing an image";
        try from.check(doing);
        const size = @as(u64, width) * from.format.channels();
        if (size *| height != to.len) return fail(doing, "the tensor is of another size");
        var rows = try Rows.init(from, allocator, width, height) orelse return;
        defer rows.deinit(allocator);
        for (0..height) |y| {
            const weight = rows.select(@intCast(y));
            const out_row = to[y * rows.first.len ..][0..rows.first.len];
            for (out_row, rows.first, rows.second) |*out, a, b| out.* = a + (b - a) * weight;
        }
    }

    /// Copy into an image of the same size and another format. Formats of equally many bytes can be
    /// converted in place.
    pub fn convert(from: Image, to: Image) raw.Error!void {
        const doing = "converting an image";
        try from.check(doing);
        try to.check(doing);
        if (from.width != to.width or from.height != to.height)
            return fail(doing, "the sizes differ: resize first");
        const step, const to_step = .{ from.format.channels(), to.format.channels() };
        const red = from.format.channel(0);
        const green = from.format.channel(1);
        const blue = from.format.channel(2);
        const to_red = to.format.channel(0);
        for (0..to.height) |y| {
            const in_row, const out_row = .{ from.row(y), to.row(y) };
            for (0..to.width) |x| {
                const in = in_row[x * step ..][0..step];
                const out = out_row[x * to_step ..][0..to_step];
                const r, const g, const b = .{ in[red], in[green], in[blue] };
                const alpha = if (step == 4) in[3] else 255;
                if (to_step == 1) { // the factors are of 2^16, and sum up to it
                    const luma = @as(u32, r) * 19595 + @as(u32, g) * 38470 + @as(u32, b) * 7471;
                    out[0] = @intCast((luma + 32768) >> 16);
                    continue;
                }
                out[to_red] = r;
                out[1] = g;
                out[2 - to_red] = b;
                if (to_step == 4) out[3] = alpha;
            }
        }
    }

    /// Fill a tensor in one pass: reordered, normalised, in either layout. Colours can change
    /// places, alpha be dropped and grey be repeated on the way; for grey from colour, convert first.
    pub fn pack(image: Image, tensor: []f32, packing: Packing) raw.Error!void {
        const doing = "packing an image";
        try image.check(doing);
        const step, const channels = .{ image.format.channels(), packing.format.channels() };
        if ((channels == 1 and step != 1) or (channels == 4 and step != 4))
            return fail(doing, "it lacks such a channel: convert first");
        const plane = @as(u64, image.width) * image.height;
        if (plane *| channels != tensor.len) return fail(doing, "the tensor is of another size");
        for (0..channels) |c| {
            // channel c of the tensor is this colour, which the image keeps in this place
            const colour = packing.format.channel(@intCast(c));
            const place = image.format.channel(colour);
            const scale = packing.scale / packing.deviation[c];
            const offset = -packing.mean[c] / packing.deviation[c];
            for (0..image.height) |y| {
                const done = y * image.width;
                const from = image.row(y);
                switch (packing.layout) {
                    .nchw => {
                        const to = tensor[c * @as(usize, @intCast(plane)) + done ..][0..image.width];
                        switch (step) { // constant steps make vector code
                            inline 1, 3, 4 => |s| packEvery(from, place, s, to, 0, 1, scale, offset),
                            else => unreachable,
                        }
                    },
                    .nhwc => {
                        const to = tensor[done * channels ..][0 .. image.width * channels];
                        packEvery(from, place, step, to, c, channels, scale, offset);
                    },
                }
            }
        }
    }
};

/// `from[place + i * step]` to `to[to_place + i * to_step]`, to the end of the row.
inline fn packEvery(
    from: []const u8,
    place: usize,
    step: usize,
    to: []f32,
    to_place: usize,
    to_step: usize,
    scale: f32,
    offset: f32,
) void {
    @setRuntimeSafety(false); // both are a row of as many pixels
    for (0..from.len / step) |i| {
        const byte: f32 = @floatFromInt(from[place + i * step]);
        to[to_place + i * to_step] = byte * scale + offset;
    }
}

/// Between which two pixels of a row or column a result lies, and how near it is to the second.
const Tap = struct {
    first: u32,
    second: u32,
    weight: f32,

    fn at(i: u32, from: u32, to: u32) Tap {
        const unit = 2 * @as(u64, to); // places are counted in these, so that no bit is lost
        const place = (2 * @as(u64, i) + 1) * from -| to;
        const first: u32 = @intCast(place / unit);
        const beyond: f32 = @floatFromInt(place % unit);
        return .{
            .first = first,
            .second = @min(first + 1, from - 1), // at the end both are the last
            .weight = beyond / @as(f32, @floatFromInt(unit)),
        };
    }
};

/// The two rows, in their new width, that a row of the result lies between.
const Rows = struct {
    image: Image,
    height: u32,
    taps: []Tap,
    memory: []f32,
    first: []f32,
    second: []f32,
    held: [2]?u32 = .{ null, null },

    /// Null when there is nothing to compute.
    fn init(image: Image, allocator: Allocator, width: u32, height: u32) !?Rows {
        if (width == 0 or height == 0) return null;
        if (image.width == 0 or image.height == 0)
            return fail("resizing an image", "it has no pixels");
        const count = @as(usize, width) * image.format.channels();
        const taps = try allocator.alloc(Tap, width);
        errdefer allocator.free(taps);
        for (taps, 0..) |*tap, x| tap.* = .at(@intCast(x), image.width, width);
        const memory = try allocator.alloc(f32, 2 * count);
        return .{
            .image = image,
            .height = height,
            .taps = taps,
            .memory = memory,
            .first = memory[0..count],
            .second = memory[count..],
        };
    }

    fn deinit(rows: *Rows, allocator: Allocator) void {
        allocator.free(rows.memory);
        allocator.free(rows.taps);
    }

    /// Bring the rows for row `y` of the result; the weight of the second.
    fn select(rows: *Rows, y: u32) f32 {
        const tap: Tap = .at(y, rows.image.height, rows.height);
        if (rows.held[1] == tap.first) {
            std.mem.swap([]f32, &rows.first, &rows.second);
            std.mem.swap(?u32, &rows.held[0], &rows.held[1]);
        }
        if (rows.held[0] != tap.first) rows.widen(tap.first, rows.first);
        if (rows.held[1] != tap.second) rows.widen(tap.second, rows.second);
        rows.held = .{ tap.first, tap.second };
        return tap.weight;
    }

    fn widen(rows: *const Rows, y: u32, out: []f32) void {
        switch (rows.image.format.channels()) {
            inline 1, 3, 4 => |channels| {
                const from = rows.image.row(y);
                for (rows.taps, 0..) |tap, x| {
                    const a = from[tap.first * channels ..][0..channels];
                    const b = from[tap.second * channels ..][0..channels];
                    for (out[x * channels ..][0..channels], a, b) |*value, near, far| {
                        const start: f32 = @floatFromInt(near);
                        value.* = start + (@as(f32, @floatFromInt(far)) - start) * tap.weight;
                    }
                }
            },
            else => unreachable,
        }
    }
};

fn fail(comptime doing: []const u8, comptime problem: []const u8) raw.Error {
    raw.check(raw.errno.invalid_argument, doing ++ "; " ++ problem, .{}) catch |err| return err;
    unreachable;
}
