/* wasi_nn_math.h: what is done with a model's numbers, for C99 and C++, header-only.
 *
 *     wasi_nn_ranked best[5];
 *     wasi_nn_softmax(scores, 1000, scores);
 *     size_t found = wasi_nn_top_k(scores, 1000, best, 5);
 *     for (size_t i = 0; i < found; i++) printf("%zu %.3f\n", best[i].index, best[i].value);
 *
 * Also here: 16-bit floats, for wasi_nn_set_f16 and wasi_nn_get_f16. Nothing here allocates, fails or
 * imports anything. */
#ifndef WASI_NN_MATH_H
#define WASI_NN_MATH_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Turn scores (logits) into probabilities: exp(score) / sum of exp(scores), computed so that no
 * score is too large for it. `probabilities` may be `scores`. Infinite scores share the probability
 * among them, equal ones are equal, and one that is not a number makes every result so. */
static inline void wasi_nn_softmax(const float *scores, size_t count, float *probabilities) {
    float highest = -INFINITY;
    double sum = 0;
    size_t i;
    for (i = 0; i < count; i++)
        if (scores[i] > highest) highest = scores[i];
    for (i = 0; i < count; i++) {
        /* infinity - infinity is not a number */
        probabilities[i] = scores[i] == highest ? 1 : expf(scores[i] - highest);
        sum += (double)probabilities[i];
    }
    for (i = 0; i < count; i++) probabilities[i] = (float)((double)probabilities[i] / sum);
}

/* One of the values that wasi_nn_top_k found, and where. */
typedef struct wasi_nn_ranked {
    size_t index;
    float value;
} wasi_nn_ranked;

/* Whether a comes after b: it is smaller, or equal and further back. */
static inline int wasi_nn_ranks_after(wasi_nn_ranked a, wasi_nn_ranked b) {
    return a.value < b.value || (a.value == b.value && a.index > b.index);
}

/* Put `item` into a heap whose root, the last in rank, is free. */
static inline void wasi_nn_heap_put(wasi_nn_ranked *heap, size_t count, wasi_nn_ranked item) {
    size_t at = 0, child;
    while ((child = 2 * at + 1) < count) {
        if (child + 1 < count && wasi_nn_ranks_after(heap[child + 1], heap[child])) child++;
        if (!wasi_nn_ranks_after(heap[child], item)) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = item;
}

/* The k largest values, the largest first, equal ones in their order. What is not a number is left
 * out. Returns how many were found: k, or fewer when there are fewer values. `best` has room for
 * k. Takes time proportional to count * log k. */
static inline size_t wasi_nn_top_k(const float *values, size_t count, wasi_nn_ranked *best,
                                   size_t k) {
    size_t found = 0, i, at;
    for (i = 0; i < count; i++) {
        wasi_nn_ranked item;
        item.index = i;
        item.value = values[i];
        if (item.value != item.value || !k) continue; /* not a number */
        if (found < k) {
            for (at = found++; at && wasi_nn_ranks_after(item, best[(at - 1) / 2]); at = (at - 1) / 2)
                best[at] = best[(at - 1) / 2];
            best[at] = item;
        } else if (wasi_nn_ranks_after(best[0], item)) {
            wasi_nn_heap_put(best, k, item);
        }
    }
    for (i = found; i > 1; i--) { /* the last in rank goes to the end */
        const wasi_nn_ranked last = best[0];
        wasi_nn_heap_put(best, i - 1, best[i - 1]);
        best[i - 1] = last;
    }
    return found;
}

/* The 16-bit float (IEEE 754 binary16) nearest to a value, ties to even; too large is infinity. */
static inline uint16_t wasi_nn_to_f16(float value) {
    uint32_t bits, sign, lost, half, shift = 13;
    memcpy(&bits, &value, sizeof bits);
    sign = bits >> 16 & 0x8000;
    bits &= 0x7FFFFFFF;
    if (bits > 0x7F800000) return (uint16_t)(sign | 0x7E00 | (bits >> 13 & 0x3FF));
    if (bits >= 0x47800000) return (uint16_t)(sign | 0x7C00);
    if (bits < 0x33000000) return (uint16_t)sign; /* less than half the smallest */
    if (bits < 0x38800000) { /* subnormal: the leading 1 becomes explicit */
        shift = 126 - (bits >> 23);
        bits = (bits & 0x7FFFFF) | 0x800000;
    } else {
        bits -= 0x38000000; /* the exponent's other bias */
    }
    half = bits >> shift;
    lost = bits << (32 - shift);
    half += lost > 0x80000000 || (lost == 0x80000000 && (half & 1)); /* may carry into infinity */
    return (uint16_t)(sign | half);
}

/* The value of a 16-bit float, exactly. */
static inline float wasi_nn_from_f16(uint16_t half) {
    const uint32_t exponent = half >> 10 & 0x1F, fraction = half & 0x3FF;
    uint32_t bits = (uint32_t)(half & 0x8000) << 16;
    float value;
    if (exponent == 0) return (bits ? -1.0f : 1.0f) * (float)fraction / 16777216.0f;
    bits |= (exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#ifdef __cplusplus
}
#endif

#endif /* WASI_NN_MATH_H */
