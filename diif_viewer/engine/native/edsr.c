/* An EDSR encoder on a part of a picture: all of its 3x3 convolutions, ReLU and residual sums in one call.
 *
 * engine/encoding.py has the definition in plain torch; tests hold this to it. Each layer is computed where the next
 * ones need it and nowhere else, so the halo costs half of what it does layer by layer on one size.
 */

#include "tile.h"

enum { COLOURS = 4 }; /* red, green, blue and a zero: whole pairs */

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

static int larger(int a, int b) { return a > b ? a : b; }

static int smaller(int a, int b) { return a < b ? a : b; }

/* What is wanted, grown by what `layers` more of them reach. */
static Part around(const Encoding *e, int layers) {
    return (Part){larger(e->top - layers, 0), larger(e->left - layers, 0), smaller(e->bottom + layers, e->height),
                  smaller(e->right + layers, e->width)};
}

INLINE void encode(const Encoding *e, const int channels, const Map *image, const Map *shallow, const Map *x,
                   const Map *inner) {
    const int layers = 2 * e->blocks + 2;
    int n = 0;
    layer(COLOURS, channels, image, e->weights[0], e->bias[0], NULL, 0, around(e, layers - 1), shallow);
    for (const Map *from = shallow; n < layers - 2; from = x) {
        n++;
        layer(channels, channels, from, e->weights[n], e->bias[n], NULL, 1, around(e, layers - 1 - n), inner);
        n++;
        layer(channels, channels, inner, e->weights[n], e->bias[n], from, 0, around(e, layers - 1 - n), x);
    }
    const ptrdiff_t stride = (ptrdiff_t)(e->right - e->left) * channels;
    const Map out = {e->features - e->top * stride - e->left * channels, stride};
    layer(channels, channels, e->blocks ? x : shallow, e->weights[layers - 1], e->bias[layers - 1], shallow, 0,
          around(e, 0), &out);
}

TARGET static void encode_48(const Encoding *e, const Map *maps) {
    encode(e, 48, maps, maps + 1, maps + 2, maps + 3);
}

TARGET static void encode_64(const Encoding *e, const Map *maps) {
    encode(e, 64, maps, maps + 1, maps + 2, maps + 3);
}

static void copy_colours(const Encoding *e, const Map *image) {
    for (int y = 0; y < e->height; y++)
        for (int x = 0; x < e->width; x++)
            memcpy(image->values + y * image->stride + x * COLOURS, e->image + ((size_t)y * e->width + x) * 3,
                   3 * sizeof(Value));
}

/* 0: done; 1: no memory; 2: no such number of channels. */
int diif_viewer_encode(const Encoding *e, int channels) {
    if (channels != 48 && channels != 64)
        return 2;
    const size_t across = (size_t)e->width + 2;
    const size_t positions = (e->height + 2) * across + TILE + 2; /* a last tile is read to its end */
    const size_t values = positions * (COLOURS + 3 * (size_t)channels);
    Value *memory = aligned_alloc(64, (values * sizeof(Value) + 63) / 64 * 64);
    if (memory == NULL)
        return 1;
    memset(memory, 0, values * sizeof(Value));
    Map maps[4];
    Value *next = memory;
    for (int i = 0; i < 4; i++) {
        const size_t each = i == 0 ? COLOURS : (size_t)channels;
        maps[i] = (Map){next + (across + 1) * each, (ptrdiff_t)(across * each)};
        next += positions * each;
    }
    copy_colours(e, maps);
    (channels == 48 ? encode_48 : encode_64)(e, maps);
    free(memory);
    return 0;
}
