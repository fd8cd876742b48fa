/* DIIF-S's coarse stage at the knots of a block of vertices: the features around each vertex through the first layer,
 * each of its knots, a layer, and the fine stage's first matrix. decoders/diif_s.py has the definition in plain torch.
 */

#include "bytes.h"
#include "tile.h"

enum { SIDE = 4, FEW_MORE = 4 }; /* a vertex sees 4 x 4 features; a row of bytes is computed to whole groups */

typedef struct {
    int32_t height, width;    /* vertices; width at least TILE */
    int32_t channels;
    int32_t density;       /* knots of a vertex along an axis: 1 or 2 */
    const Value *features; /* (height + 3, width + 3, channels) */
    const Value *first;    /* weights: registers of results 3, 3, .. then 2, each (inputs / 2, registers, LANES) */
    const float *first_bias;  /* (hidden) */
    const float *knots;       /* (density * density, hidden): what the first layer adds for each */
    const Value *second, *push;
    const float *second_bias, *nothing; /* (hidden); nothing: zeros */
    const void *bytes;     /* the first layer as a ByteLayer; NULL: as `first` */
    Value *maps;           /* out: (density * height, density * width, hidden) */
} Coarse;

/* The first layer at TILE vertices, then what each knot adds, and ReLU: into (knots, TILE, hidden). */
INLINE void first_layer(const Coarse *c, const int wide, const int hidden, const int knots, const Value *in, int at,
                        Value *out) {
    const size_t row = (size_t)(c->width + SIDE - 1) * c->channels;
    const Value *weights = c->first + (size_t)at * SIDE * SIDE * c->channels;
    Tile sum;
    begin(sum, wide, c->first_bias + at);
    for (int dy = 0; dy < SIDE; dy++)
        weights = multiply(sum, wide, in + dy * row, c->channels, SIDE * c->channels, weights);
    for (int k = 0; k < knots; k++)
        EACH_REGISTER(j) {
            const Vector knot = load(c->knots + k * hidden + at + j * LANES);
            EACH_VECTOR(i)
                put(out + (k * TILE + i) * hidden + at + j * LANES,
                            relu(add(sum[i][j], knot)));
        }
}

#if defined(BFLOAT16)

/* The first layer at all vertices of row y with products of bytes, before scale and bias: (width + FEW, hidden). */
INLINE void row_of_bytes(const Coarse *c, const int channels, const int hidden, const ByteMap *in, int y, float *sums) {
    const ptrdiff_t row = (ptrdiff_t)y * in->across;
    EACH_PANEL(hidden, for (int x = 0; x < c->width; x += FEW) /* a panel's weights stay in the first cache */
                           byte_panel(c->bytes, SIDE, channels, hidden, wide, in, row + x, at, sums + (size_t)x * hidden))
}

/* What follows it at TILE vertices: as `first_layer`. */
INLINE void after_bytes(const Coarse *c, const int hidden, const int knots, const float *sums, Value *out) {
    const ByteLayer *layer = c->bytes;
    for (int i = 0; i < TILE; i++)
        for (int v = 0; v < hidden; v += LANES) {
            const Vector sum = times_plus(load(sums + i * hidden + v), load(layer->scale + v), load(layer->bias + v));
            for (int k = 0; k < knots; k++)
                put(out + (k * TILE + i) * hidden + v, relu(add(sum, load(c->knots + k * hidden + v))));
        }
}

/* All features as bytes, and FEW positions more that are read in vain; NULL where there is no memory. */
TARGET static char *bytes_of_features(const Coarse *c, ByteMap *map) {
    const size_t positions = (size_t)(c->height + SIDE - 1) * (c->width + SIDE - 1);
    const size_t scales = (positions + FEW) * sizeof(float);
    char *memory = aligned_alloc(64, (scales + (positions + FEW) * c->channels + 63) / 64 * 64);
    if (memory == NULL)
        return NULL;
    memset(memory, 0, scales + (positions + FEW) * c->channels);
    *map = (ByteMap){(uint8_t *)memory + scales, (float *)memory, c->width + SIDE - 1};
    float values[MOST];
    for (size_t p = 0; p < positions; p++) {
        for (int v = 0; v < c->channels; v += LANES)
            store(values + v, get(c->features + p * c->channels + v));
        put_bytes(map, c->channels, p, values, MIDDLE);
    }
    return memory;
}

#endif

/* A layer of hidden values on the vectors of all knots; those of vertex i and knot k go to `out + i * step + knot[k]`. */
INLINE void square_layer(const int wide, const int hidden, const int knots, const Value *in, const Value *weights,
                         const float *bias, const int with_relu, int at, Value *out, size_t step, const size_t *knot) {
    for (int k = 0; k < knots; k++) {
        Tile sum;
        begin(sum, wide, bias + at);
        multiply(sum, wide, in + k * TILE * hidden, hidden, hidden, weights + (size_t)at * hidden);
        EACH_VECTOR(i)
            EACH_REGISTER(j)
                put(out + knot[k] + i * step + at + j * LANES,
                            with_relu ? relu(sum[i][j]) : sum[i][j]);
    }
}

/* bytes: the features, where the first layer is of bytes; sums: of a row, there. */
INLINE void coarse(const Coarse *c, const int hidden, const int density, const void *bytes, float *sums, Value *memory) {
    const int knots = density * density;
    Value *one = memory, *two = memory + knots * TILE * hidden;
    const size_t row = (size_t)density * c->width * hidden;
    const size_t inside[] = {0, (size_t)TILE * hidden, (size_t)2 * TILE * hidden, (size_t)3 * TILE * hidden};
    const size_t outside[] = {0, hidden, row, row + hidden};
    for (int y = 0; y < c->height; y++) {
#if defined(BFLOAT16)
        if (bytes != NULL && c->channels == 48)
            row_of_bytes(c, 48, hidden, bytes, y, sums);
        else if (bytes != NULL)
            row_of_bytes(c, 64, hidden, bytes, y, sums);
#endif
        for (int start = 0; start < c->width; start += TILE) {
            const int x = start + TILE <= c->width ? start : c->width - TILE; /* some vertices twice, alike */
            const Value *in = c->features + ((size_t)y * (c->width + SIDE - 1) + x) * c->channels;
            Value *out = c->maps + density * y * row + (size_t)density * x * hidden;
#if defined(BFLOAT16)
            if (bytes != NULL)
                after_bytes(c, hidden, knots, sums + (size_t)x * hidden, one);
            else
#endif
                EACH_PANEL(hidden, first_layer(c, wide, hidden, knots, in, at, one))
            EACH_PANEL(hidden,
                       square_layer(wide, hidden, knots, one, c->second, c->second_bias, 1, at, two, hidden, inside))
            EACH_PANEL(hidden, square_layer(wide, hidden, knots, two, c->push, c->nothing, 0, at, out, density * hidden,
                                            outside))
        }
    }
}

TARGET static void coarse_128_of_1(const Coarse *c, const void *bytes, float *sums, Value *memory) {
    coarse(c, 128, 1, bytes, sums, memory);
}

TARGET static void coarse_128_of_4(const Coarse *c, const void *bytes, float *sums, Value *memory) {
    coarse(c, 128, 2, bytes, sums, memory);
}

TARGET static void coarse_256_of_1(const Coarse *c, const void *bytes, float *sums, Value *memory) {
    coarse(c, 256, 1, bytes, sums, memory);
}

TARGET static void coarse_256_of_4(const Coarse *c, const void *bytes, float *sums, Value *memory) {
    coarse(c, 256, 2, bytes, sums, memory);
}

/* 0: done; 1: no memory; 2: a width, or a number of knots, that it is not made for. */
int diif_viewer_knots(const Coarse *c, int hidden) {
    if ((hidden != 128 && hidden != 256) || c->width < TILE || c->channels % 2 || (c->density != 1 && c->density != 2) ||
        (c->bytes != NULL && c->channels != 48 && c->channels != 64))
        return 2;
    const size_t of_row = c->bytes == NULL ? 0 : (size_t)(c->width + FEW_MORE) * hidden * sizeof(float);
    float *sums = aligned_alloc(64, of_row + (size_t)8 * TILE * hidden * sizeof(Value));
    Value *memory = (Value *)((char *)sums + of_row);
    const void *bytes = NULL;
    char *more = NULL;
#if defined(BFLOAT16)
    ByteMap map;
    if (c->bytes != NULL) {
        more = bytes_of_features(c, &map);
        bytes = &map;
    }
#endif
    if (sums != NULL && (more != NULL || c->bytes == NULL)) {
        if (c->density == 1)
            (hidden == 128 ? coarse_128_of_1 : coarse_256_of_1)(c, bytes, sums, memory);
        else
            (hidden == 128 ? coarse_128_of_4 : coarse_256_of_4)(c, bytes, sums, memory);
    }
    const int failed = sums == NULL || (more == NULL && c->bytes != NULL);
    free(sums);
    free(more);
    return failed;
}
