//! What is done with a model's numbers.

const std = @import("std");

/// Turn scores (logits) into probabilities: exp(score) / sum of exp(scores), computed so that no
/// score is too large for it. `probabilities` is as long and may be `scores`. Infinite scores share
/// the probability among them, equal ones are equal, and one that is not a number makes every
/// result so.
pub fn softmax(scores: []const f32, probabilities: []f32) void {
    var highest = -std.math.inf(f32);
    for (scores) |score| {
        if (score > highest) highest = score;
    }
    var sum: f64 = 0;
    for (scores, probabilities) |score, *probability| {
        // infinity - infinity is not a number
        probability.* = if (score == highest) 1 else @exp(score - highest);
        sum += probability.*;
    }
    for (probabilities) |*probability| probability.* = @floatCast(probability.* / sum);
}

/// One of the values that `topK` found, and where.
pub const Ranked = struct {
    index: usize,
    value: f32,

    /// Smaller, or equal and further back.
    fn after(a: Ranked, b: Ranked) bool {
        return a.value < b.value or (a.value == b.value and a.index > b.index);
    }
};

/// The largest values, as many as `best` has room for, the largest first, equal ones in their order.
/// What is not a number is left out. Returns the part of `best` that was filled.
pub fn topK(values: []const f32, best: []Ranked) []Ranked {
    var found: usize = 0;
    for (values, 0..) |value, index| {
        const item: Ranked = .{ .index = index, .value = value };
        if (std.math.isNan(value) or best.len == 0) continue;
        if (found < best.len) {
            siftUp(best[0 .. found + 1], item);
            found += 1;
        } else if (best[0].after(item)) {
            siftDown(best, item);
        }
    }
    var rest = found;
    while (rest > 1) { // the last in rank goes to the end
        rest -= 1;
        const last = best[0];
        siftDown(best[0..rest], best[rest]);
        best[rest] = last;
    }
    return best[0..found];
}

/// Put an item into a heap, whose root is the last in rank and whose last place is free.
fn siftUp(heap: []Ranked, item: Ranked) void {
    var at = heap.len - 1;
    while (at > 0 and item.after(heap[(at - 1) / 2])) : (at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = item;
}

/// Put an item into a heap whose root is free.
fn siftDown(heap: []Ranked, item: Ranked) void {
    var at: usize = 0;
    while (2 * at + 1 < heap.len) {
        var child = 2 * at + 1;
        if (child + 1 < heap.len and heap[child + 1].after(heap[child])) child += 1;
        if (!heap[child].after(item)) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = item;
}
