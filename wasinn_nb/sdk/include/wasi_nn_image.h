/* wasi_nn_image.h: from a picture to the tensor that a vision model wants, for C99 and C++,
 * header-only.
 *
 *     // 640 x 480 RGB bytes -> 224 x 224 -> float [1, 3, 224, 224], normalised per channel
 *     static uint8_t photo[480 * 640 * 3], small[224 * 224 * 3];
 *     static float tensor[3 * 224 * 224];
 *     const wasi_nn_image from = {photo, 640, 480, WASI_NN_RGB, 0};
 *     const wasi_nn_image to = {small, 224, 224, WASI_NN_RGB, 0};
 *     const wasi_nn_normal imagenet = {
 *         1 / 255.0f, {0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}};
 *     wasi_nn_image_resize(&from, &to);
 *     wasi_nn_image_pack(&to, WASI_NN_RGB, WASI_NN_NCHW, &imagenet, tensor);
 *
 * Calls return a wasi_nn_errno, 0 for success; wasi_nn_last_error() says more. An image without
 * pixels is fine wherever the result has none either. No function of the host is used. Built with
 * -msimd128, the inner loops use vector instructions. */
#ifndef WASI_NN_IMAGE_H
#define WASI_NN_IMAGE_H

#include "wasi_nn.h"

#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- images --------------------------------------------------------------------------------- */

/* What the bytes of a pixel are, in their order. The low bits are how many there are. */
typedef enum wasi_nn_format {
    WASI_NN_GREY = 0x01,
    WASI_NN_RGB = 0x03,
    WASI_NN_RGBA = 0x04,
    WASI_NN_BGR = 0x13,
    WASI_NN_BGRA = 0x14
} wasi_nn_format;

/* A picture somewhere in memory, row by row from the top, a pixel's bytes side by side. */
typedef struct wasi_nn_image {
    uint8_t *pixels;
    uint32_t width, height; /* at most 2^30 */
    wasi_nn_format format;
    size_t stride; /* bytes from one row's start to the next's; 0: no gaps */
} wasi_nn_image;

static inline uint32_t wasi_nn_image_channels(wasi_nn_format format) {
    return (uint32_t)format & 7;
}

/* Where a pixel keeps its red (0), green (1), blue (2) and alpha (3). */
static inline uint32_t wasi_nn_image_channel(wasi_nn_format format, uint32_t colour) {
    if (format == WASI_NN_GREY) return 0;
    return (format & 0x10) && colour < 3 ? 2 - colour : colour;
}

/* Row y, counted from 0. */
static inline uint8_t *wasi_nn_image_row(const wasi_nn_image *image, uint32_t y) {
    const size_t packed = (size_t)image->width * wasi_nn_image_channels(image->format);
    return image->pixels + y * (image->stride ? image->stride : packed);
}

static inline wasi_nn_errno wasi_nn_image_fail(const char *doing, const char *problem) {
    wasi_nn_check(WASI_NN_INVALID_ARGUMENT, doing);
    wasi_nn_error_add("; ");
    wasi_nn_error_add(problem);
    return WASI_NN_INVALID_ARGUMENT;
}

/* Whether an image can be what it says; 0 or the failure. */
static inline wasi_nn_errno wasi_nn_image_check(const wasi_nn_image *image, const char *doing) {
    const uint32_t channels = wasi_nn_image_channels(image->format), limit = 1u << 30;
    const uint64_t row = (uint64_t)image->width * channels;
    switch (image->format) {
    case WASI_NN_GREY:
    case WASI_NN_RGB:
    case WASI_NN_RGBA:
    case WASI_NN_BGR:
    case WASI_NN_BGRA: break;
    default: return wasi_nn_image_fail(doing, "wasi_nn_format has no such number");
    }
    if (image->width > limit || image->height > limit ||
        (image->stride ? image->stride : row) * image->height > SIZE_MAX)
        return wasi_nn_image_fail(doing, "the image is larger than memory");
    if (image->stride && image->stride < row)
        return wasi_nn_image_fail(doing, "the stride is less than a row's bytes");
    if (!image->pixels && image->width && image->height)
        return wasi_nn_image_fail(doing, "the image has no pixels");
    return WASI_NN_SUCCESS;
}

/* ---- resizing ------------------------------------------------------------------------------- */

/* Between which two pixels of a row or column a result lies, and how near it is to the second. */
typedef struct wasi_nn_tap {
    uint32_t first, second;
    float weight;
} wasi_nn_tap;

static inline wasi_nn_tap wasi_nn_tap_at(uint32_t i, uint32_t from, uint32_t to) {
    const int64_t unit = 2 * (int64_t)to;
    int64_t place = (2 * (int64_t)i + 1) * from - to; /* in units, so that no bit is lost */
    wasi_nn_tap tap;
    if (place < 0) place = 0; /* beyond the other end both pixels are the last */
    tap.first = (uint32_t)(place / unit);
    tap.second = tap.first + (tap.first + 1 < from);
    tap.weight = (float)(place % unit) / (float)unit;
    return tap;
}

/* One row in its new width. The compiler unrolls it for a constant number of channels. */
static inline void wasi_nn_resize_pixels(const uint8_t *row, const wasi_nn_tap *taps,
                                         uint32_t width, uint32_t channels, float *out) {
    uint32_t x, c;
    for (x = 0; x < width; x++) {
        const uint8_t *a = row + (size_t)taps[x].first * channels;
        const uint8_t *b = row + (size_t)taps[x].second * channels;
        for (c = 0; c < channels; c++)
            *out++ = (float)a[c] + (float)(b[c] - a[c]) * taps[x].weight;
    }
}

static inline void wasi_nn_resize_row(const uint8_t *row, const wasi_nn_tap *taps, uint32_t width,
                                      uint32_t channels, float *out) {
    if (channels == 1) wasi_nn_resize_pixels(row, taps, width, 1, out);
    else if (channels == 3) wasi_nn_resize_pixels(row, taps, width, 3, out);
    else wasi_nn_resize_pixels(row, taps, width, 4, out);
}

static inline void wasi_nn_blend_f32(const float *a, const float *b, float weight, size_t count,
                                     float *__restrict out) {
    size_t i;
    for (i = 0; i < count; i++) out[i] = a[i] + (b[i] - a[i]) * weight;
}

static inline void wasi_nn_blend_u8(const float *a, const float *b, float weight, size_t count,
                                    uint8_t *__restrict out) {
    size_t i;
    for (i = 0; i < count; i++)
        out[i] = (uint8_t)(int32_t)(a[i] + (b[i] - a[i]) * weight + 0.5f);
}

/* Resize into the image `to`, or into `numbers` when that is not null: then only the size of `to`
 * counts. Rows are first brought to the new width; the two that are needed are kept. */
static inline wasi_nn_errno wasi_nn_resize_into(const wasi_nn_image *from, const wasi_nn_image *to,
                                                float *numbers) {
    const uint32_t channels = wasi_nn_image_channels(from->format);
    const size_t count = (size_t)to->width * channels;
    const uint64_t bytes =
        (uint64_t)to->width * (sizeof(wasi_nn_tap) + 2 * channels * sizeof(float));
    wasi_nn_tap *const taps = bytes > SIZE_MAX ? NULL : (wasi_nn_tap *)malloc((size_t)bytes);
    float *rows[2], *swapped;
    uint32_t held[2] = {UINT32_MAX, UINT32_MAX}, x, y;
    int k;
    if (!taps) return wasi_nn_check(WASI_NN_MISSING_MEMORY, "resizing an image");
    rows[0] = (float *)(taps + to->width);
    rows[1] = rows[0] + count;
    for (x = 0; x < to->width; x++) taps[x] = wasi_nn_tap_at(x, from->width, to->width);
    for (y = 0; y < to->height; y++) {
        const wasi_nn_tap tap = wasi_nn_tap_at(y, from->height, to->height);
        const uint32_t wanted[2] = {tap.first, tap.second};
        if (held[1] == wanted[0]) {
            held[1] = held[0];
            held[0] = wanted[0];
            swapped = rows[0];
            rows[0] = rows[1];
            rows[1] = swapped;
        }
        for (k = 0; k < 2; k++) {
            if (held[k] == wanted[k]) continue;
            held[k] = wanted[k];
            wasi_nn_resize_row(wasi_nn_image_row(from, wanted[k]), taps, to->width, channels,
                               rows[k]);
        }
        if (numbers) wasi_nn_blend_f32(rows[0], rows[1], tap.weight, count, numbers + y * count);
        else wasi_nn_blend_u8(rows[0], rows[1], tap.weight, count, wasi_nn_image_row(to, y));
    }
    free(taps);
    return WASI_NN_SUCCESS;
}

/* Bilinear resize between two images of the same format, whose memory does not overlap. The centre
 * of pixel x is at x + 1/2: output pixel x takes its value from the place
 *     u = (x + 1/2) * from->width / to->width - 1/2,  kept within [0, from->width - 1],
 * likewise for y, and is interpolated linearly between the four pixels around. Results are rounded
 * to the nearest byte, halves up. Nothing is averaged: shrinking by more than 2 skips pixels. OpenCV
 * calls this INTER_LINEAR, PyTorch bilinear with align_corners=False, ONNX linear, half_pixel. */
static inline wasi_nn_errno wasi_nn_image_resize(const wasi_nn_image *from,
                                                 const wasi_nn_image *to) {
    const char *doing = "resizing an image";
    wasi_nn_errno error = wasi_nn_image_check(from, doing);
    if (!error) error = wasi_nn_image_check(to, doing);
    if (error) return error;
    if (from->format != to->format)
        return wasi_nn_image_fail(doing, "the formats differ: wasi_nn_image_convert first");
    if (!to->width || !to->height) return WASI_NN_SUCCESS;
    if (!from->width || !from->height) return wasi_nn_image_fail(doing, "it has no pixels");
    return wasi_nn_resize_into(from, to, NULL);
}

/* The same without rounding: `to` gets width * height pixels of floats from 0 to 255, channels side
 * by side (NHWC). */
static inline wasi_nn_errno wasi_nn_image_resize_f32(const wasi_nn_image *from, uint32_t width,
                                                     uint32_t height, float *to) {
    const char *doing = "resizing an image";
    const uint64_t row = (uint64_t)width * wasi_nn_image_channels(from->format) * sizeof(float);
    wasi_nn_image size = *from;
    wasi_nn_errno error = wasi_nn_image_check(from, doing);
    if (error) return error;
    if (width > 1u << 30 || height > 1u << 30 || row * height > SIZE_MAX)
        return wasi_nn_image_fail(doing, "the result is larger than memory");
    if (!width || !height) return WASI_NN_SUCCESS;
    if (!from->width || !from->height) return wasi_nn_image_fail(doing, "it has no pixels");
    if (!to) return wasi_nn_image_fail(doing, "a pointer is null");
    size.width = width;
    size.height = height;
    return wasi_nn_resize_into(from, &size, to);
}

/* ---- formats -------------------------------------------------------------------------------- */

/* Copy an image into one of the same size and another format: colours change places, grey becomes
 * colour, colour becomes grey by its luma (0.299 R + 0.587 G + 0.114 B, as in ITU-R BT.601), alpha
 * is dropped, and is 255 where there was none. Formats of equally many bytes can be converted in
 * place. */
static inline wasi_nn_errno wasi_nn_image_convert(const wasi_nn_image *from,
                                                  const wasi_nn_image *to) {
    const char *doing = "converting an image";
    const uint32_t step = wasi_nn_image_channels(from->format);
    const uint32_t to_step = wasi_nn_image_channels(to->format);
    const uint32_t red = wasi_nn_image_channel(from->format, 0);
    const uint32_t green = wasi_nn_image_channel(from->format, 1);
    const uint32_t blue = wasi_nn_image_channel(from->format, 2);
    const uint32_t to_red = wasi_nn_image_channel(to->format, 0);
    uint32_t x, y;
    wasi_nn_errno error = wasi_nn_image_check(from, doing);
    if (!error) error = wasi_nn_image_check(to, doing);
    if (error) return error;
    if (from->width != to->width || from->height != to->height)
        return wasi_nn_image_fail(doing, "the sizes differ: wasi_nn_image_resize first");
    for (y = 0; y < to->height; y++) {
        const uint8_t *in = wasi_nn_image_row(from, y);
        uint8_t *out = wasi_nn_image_row(to, y);
        for (x = 0; x < to->width; x++, in += step, out += to_step) {
            const uint32_t r = in[red], g = in[green], b = in[blue];
            const uint8_t alpha = step == 4 ? in[3] : 255;
            if (to_step == 1) { /* the factors are of 2^16, and sum up to it */
                out[0] = (uint8_t)((19595 * r + 38470 * g + 7471 * b + 32768) >> 16);
                continue;
            }
            out[to_red] = (uint8_t)r;
            out[1] = (uint8_t)g;
            out[2 - to_red] = (uint8_t)b;
            if (to_step == 4) out[3] = alpha;
        }
    }
    return WASI_NN_SUCCESS;
}

/* ---- packing -------------------------------------------------------------------------------- */

typedef enum wasi_nn_layout {
    WASI_NN_NCHW, /* [1, channels, height, width]: one colour after the other */
    WASI_NN_NHWC  /* [1, height, width, channels]: pixel by pixel */
} wasi_nn_layout;

/* How bytes become numbers: (byte * scale - mean) / deviation, by channel of the tensor. A scale or
 * deviation of 0 counts as 1, so {0} leaves the values as they are. */
typedef struct wasi_nn_normal {
    float scale;
    float mean[4], deviation[4];
} wasi_nn_normal;

/* The compiler makes vector code of it for constant steps. */
static inline void wasi_nn_pack_every(const uint8_t *from, size_t step, float *__restrict to,
                                      size_t to_step, size_t count, float scale, float offset) {
    size_t i;
    for (i = 0; i < count; i++) to[i * to_step] = (float)from[i * step] * scale + offset;
}

static inline void wasi_nn_pack_channel(const uint8_t *from, size_t step, float *to, size_t to_step,
                                        size_t count, float scale, float offset) {
    if (to_step == 1 && step == 1) wasi_nn_pack_every(from, 1, to, 1, count, scale, offset);
    else if (to_step == 1 && step == 3) wasi_nn_pack_every(from, 3, to, 1, count, scale, offset);
    else if (to_step == 1 && step == 4) wasi_nn_pack_every(from, 4, to, 1, count, scale, offset);
    else wasi_nn_pack_every(from, step, to, to_step, count, scale, offset);
}

/* Fill a tensor of floats with an image, in one pass: reordered into the channels of `format`,
 * normalised (a null `normal` is {0}), in either layout. Colours can change places, alpha be dropped
 * and grey be repeated on the way; for grey from colour, wasi_nn_image_convert first. */
static inline wasi_nn_errno wasi_nn_image_pack(const wasi_nn_image *image, wasi_nn_format format,
                                               wasi_nn_layout layout, const wasi_nn_normal *normal,
                                               float *tensor) {
    const char *doing = "packing an image";
    const uint32_t step = wasi_nn_image_channels(image->format);
    const uint32_t channels = wasi_nn_image_channels(format);
    const uint64_t row = (uint64_t)image->width * channels * sizeof(float);
    const size_t plane = (size_t)image->width * image->height;
    wasi_nn_image wanted = *image;
    uint32_t c, y;
    wasi_nn_errno error = wasi_nn_image_check(image, doing);
    wanted.format = format;
    wanted.stride = 0;
    if (!error) error = wasi_nn_image_check(&wanted, doing);
    if (error) return error;
    if (row * image->height > SIZE_MAX)
        return wasi_nn_image_fail(doing, "the tensor is larger than memory");
    if ((channels == 1 && step != 1) || (channels == 4 && step != 4))
        return wasi_nn_image_fail(doing, "it lacks such a channel: wasi_nn_image_convert first");
    if (!tensor && plane) return wasi_nn_image_fail(doing, "a pointer is null");
    for (c = 0; c < channels; c++) {
        /* channel c of the tensor is this colour, which the image keeps in this place */
        const uint32_t colour = wasi_nn_image_channel(format, c);
        const uint32_t place = wasi_nn_image_channel(image->format, colour);
        const float deviation = normal && normal->deviation[c] != 0 ? normal->deviation[c] : 1;
        const float scale = (normal && normal->scale != 0 ? normal->scale : 1) / deviation;
        const float offset = normal ? -normal->mean[c] / deviation : 0;
        for (y = 0; y < image->height; y++) {
            const uint8_t *from = wasi_nn_image_row(image, y) + place;
            const size_t done = (size_t)y * image->width;
            if (layout == WASI_NN_NCHW)
                wasi_nn_pack_channel(from, step, tensor + c * plane + done, 1, image->width, scale,
                                     offset);
            else
                wasi_nn_pack_channel(from, step, tensor + done * channels + c, channels,
                                     image->width, scale, offset);
        }
    }
    return WASI_NN_SUCCESS;
}

#ifdef __cplusplus
}
#endif

#endif /* WASI_NN_IMAGE_H */
