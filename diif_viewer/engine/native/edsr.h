/* What the two EDSR encoders share (edsr.c, edsr8.c): a part of a picture, its maps, and a convolution in the form's values. */

#ifndef DIIF_VIEWER_EDSR_H
#define DIIF_VIEWER_EDSR_H

#include "tile.h"

enum { COLOURS = 3 };

typedef struct {
    int32_t height, width;            /* of the part that is read */
    int32_t top, left, bottom, right; /* what is wanted of it; a side nearer than the layers reach is the picture's */
    int32_t blocks;
    const Value *image;           /* (height, width, 3) */
    const Value *const *weights;  /* 2 * blocks + 2 layers: see `layer` */
    const float *const *bias;
    Value *features;              /* out: (bottom - top, right - left, channels) */
} Encoding;

/* Values at every position of the part and zeros around it. */
typedef struct {
    Value *values; /* at the first position of the part */
    ptrdiff_t stride; /* values from row to row */
} Map;

typedef struct {
    int top, left, bottom, right;
} Part;

/* One panel of results at `count` positions of a row. */
INLINE void panel(const int in_channels, const int channels, const int wide, const Value *in, ptrdiff_t stride,
                  const Value *weights, const float *bias, const Value *residual, const int with_relu, int at, int count,
                  Value *out) {
    const Value *w = weights + (size_t)at * 9 * in_channels;
    Tile sum;
    begin(sum, wide, bias + at);
    for (int dy = -1; dy <= 1; dy++)
        w = multiply(sum, wide, in + dy * stride, in_channels, 3 * in_channels, w);
    EACH_VECTOR(i)
        if (i < count)
            EACH_REGISTER(j) {
                const int place = i * channels + at + j * LANES;
                const Vector value = residual != NULL ? add(sum[i][j], get(residual + place)) : sum[i][j];
                put(out + place, with_relu ? relu(value) : value);
            }
}

/* One 3x3 convolution; weights: see tile.h, inputs in the order (3, 3, in_channels). out = sum + residual, or its ReLU;
 * `residual` may be `out`. */
INLINE void layer(const int in_channels, const int channels, const Map *in, const Value *weights, const float *bias,
                  const Map *residual, const int with_relu, Part part, const Map *out) {
    for (int y = part.top; y < part.bottom; y++)
        for (int x = part.left; x < part.right; x += TILE) {
            const int count = part.right - x < TILE ? part.right - x : TILE;
            const Value *from = in->values + y * in->stride + (x - 1) * in_channels;
            const Value *more = residual ? residual->values + y * residual->stride + x * channels : NULL;
            EACH_PANEL(channels, panel(in_channels, channels, wide, from, in->stride, weights, bias, more, with_relu, at,
                                       count, out->values + y * out->stride + x * channels))
        }
}

static int higher(int a, int b) { return a > b ? a : b; }

static int lower(int a, int b) { return a < b ? a : b; }

/* What is wanted, grown by what `layers` more of them reach. */
static Part around(const Encoding *e, int layers) {
    return (Part){higher(e->top - layers, 0), higher(e->left - layers, 0), lower(e->bottom + layers, e->height),
                  lower(e->right + layers, e->width)};
}

/* How much a map needs: positions in all, and from row to row. */
typedef struct {
    size_t positions, across;
} Room;

static Room room_for(const Encoding *e) {
    const size_t across = (size_t)e->width + 2;
    return (Room){(e->height + 2) * across + TILE + 2, across}; /* a last tile is read to its end */
}

/* What lies around the picture, `each` bytes a position, as `value`: before and behind every row, and the row above the
 * first and below the last. The rest of a map is written before it is read. */
static void surround(const Encoding *e, char *memory, size_t each, int value) {
    const Room room = room_for(e);
    const size_t row = room.across * each;
    memset(memory, value, row + each);
    for (int y = 1; y < e->height; y++)
        memset(memory + (y + 1) * row - each, value, 2 * each);
    memset(memory + (e->height + 1) * row - each, value, room.positions * each - ((e->height + 1) * row - each));
}

static size_t whole_registers(size_t bytes) { return (bytes + 63) / 64 * 64; }

/* `count` maps with zeros around them, the first of colours; their memory, or NULL where there is none. */
static Value *new_maps(const Encoding *e, Map *maps, int channels, int count) {
    const Room room = room_for(e);
    const size_t values = room.positions * (COLOURS + (count - 1) * (size_t)channels);
    Value *memory = allocate(whole_registers(values * sizeof(Value)));
    if (memory == NULL)
        return NULL;
    Value *next = memory;
    for (int i = 0; i < count; i++) {
        const size_t each = i == 0 ? COLOURS : (size_t)channels;
        maps[i] = (Map){next + (room.across + 1) * each, (ptrdiff_t)(room.across * each)};
        surround(e, (char *)next, each * sizeof(Value), 0);
        next += room.positions * each;
    }
    return memory;
}

static void copy_colours(const Encoding *e, Part rows, const Map *image) {
    const size_t row = (size_t)e->width * COLOURS;
    for (int y = rows.top; y < rows.bottom; y++)
        memcpy(image->values + y * image->stride, e->image + y * row, row * sizeof(Value));
}

#endif
