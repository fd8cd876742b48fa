/* DIIF-S's coarse stage at the knots of a block of vertices: the features around each vertex through the first layer,
 * each of its knots, a layer, and the fine stage's first matrix. decoders/diif_s.py has the definition in plain torch.
 */

#include "hidden.h"

enum { SIDE = 4 }; /* a vertex sees 4 x 4 features */

typedef struct {
    int32_t height, width;    /* vertices; width at least TILE */
    int32_t channels;
    int32_t density;       /* knots of a vertex along an axis: 1 or 2 */
    const Value *features; /* (height + 3, width + 3, channels) */
    const Value *first;    /* weights: panels as in tile.h, inputs in the order (4, 4, channels) */
    const float *first_bias;  /* (hidden) */
    const float *knots;       /* (density * density, hidden): what the first layer adds for each */
    Dense second, push;    /* push: without bias */
    const void *bytes;     /* the first layer as a ByteLayer; NULL: as `first` */
    Value *maps;           /* out: (density * height, density * width, hidden) */
} Coarse;

/* The first layer at TILE vertices, then what each knot adds, and ReLU: into (knots, TILE, hidden). */
INLINE void first_layer(const Coarse *c, const int wide, const int hidden, const int knots, const Value *in, int at,
                        float *out) {
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
                store(out + (k * TILE + i) * hidden + at + j * LANES, relu(add(sum[i][j], knot)));
        }
}

#if defined(BYTES)

/* What follows it at TILE vertices: as `first_layer`. */
INLINE void after_bytes(const Coarse *c, const int hidden, const int knots, const float *sums, float *out) {
    const ByteLayer *layer = c->bytes;
    for (int i = 0; i < TILE; i++)
        for (int v = 0; v < hidden; v += LANES) {
            const Vector sum = times_plus(load(sums + i * hidden + v), load(layer->scale + v), load(layer->bias + v));
            for (int k = 0; k < knots; k++)
                store(out + (k * TILE + i) * hidden + v, relu(add(sum, load(c->knots + k * hidden + v))));
        }
}

#endif

/* A panel of TILE vectors through the fine stage's first matrix: to `out + i * step`. */
INLINE void push_knots(const Coarse *c, const int wide, const int hidden, Vectors in, int at, Value *out, size_t step) {
    Tile sum;
    dense(sum, wide, hidden, in, &c->push, NULL, at);
    EACH_VECTOR(i)
        EACH_REGISTER(j)
            put(out + i * step + at + j * LANES, sum[i][j]);
}

/* Memory that a row of tiles is computed in: vectors of all knots of a tile, and values before they are kept. */
typedef struct {
    Vectors one, two;
    float *values;
} Bench;

/* bytes: the features, where the first layer is of bytes; sums: of a row, there. */
INLINE void coarse(const Coarse *c, const int hidden, const int density, const void *bytes, float *sums, const Bench *b) {
    const int knots = density * density;
    const size_t row = (size_t)density * c->width * hidden;
    const size_t places[] = {0, hidden, row, row + hidden}; /* of a vertex's knots in the maps */
    (void)bytes, (void)sums;
    for (int y = 0; y < c->height; y++) {
#if defined(BYTES)
        if (bytes != NULL && c->channels == 48)
            row_of_bytes(c->bytes, SIDE, 48, hidden, bytes, y, c->width, sums);
        else if (bytes != NULL)
            row_of_bytes(c->bytes, SIDE, 64, hidden, bytes, y, c->width, sums);
#endif
        for (int start = 0; start < c->width; start += TILE) {
            const int x = start + TILE <= c->width ? start : c->width - TILE; /* some vertices twice, alike */
            const Value *in = c->features + ((size_t)y * (c->width + SIDE - 1) + x) * c->channels;
            float *first = before_keeping(b->one, b->values), *second = before_keeping(b->two, b->values);
            Value *out = c->maps + density * y * row + (size_t)density * x * hidden;
#if defined(BYTES)
            if (bytes != NULL)
                after_bytes(c, hidden, knots, sums + (size_t)x * hidden, first);
            else
#endif
                EACH_PANEL(hidden, first_layer(c, wide, hidden, knots, in, at, first))
            keep_all(b->one, hidden, first, knots * TILE);
            EACH_PANEL(hidden, for (int k = 0; k < knots; k++)
                                   dense_relu(wide, hidden, from_vector(b->one, k * TILE, hidden), &c->second, at,
                                              second + k * TILE * hidden))
            keep_all(b->two, hidden, second, knots * TILE);
            EACH_PANEL(hidden, for (int k = 0; k < knots; k++)
                                   push_knots(c, wide, hidden, from_vector(b->two, k * TILE, hidden), at,
                                              out + places[k], density * hidden))
        }
    }
}

TARGET static void coarse_128_of_1(const Coarse *c, const void *bytes, float *sums, const Bench *b) {
    coarse(c, 128, 1, bytes, sums, b);
}

TARGET static void coarse_128_of_4(const Coarse *c, const void *bytes, float *sums, const Bench *b) {
    coarse(c, 128, 2, bytes, sums, b);
}

TARGET static void coarse_256_of_1(const Coarse *c, const void *bytes, float *sums, const Bench *b) {
    coarse(c, 256, 1, bytes, sums, b);
}

TARGET static void coarse_256_of_4(const Coarse *c, const void *bytes, float *sums, const Bench *b) {
    coarse(c, 256, 2, bytes, sums, b);
}

/* 0: done; 1: no memory; 2: a width, or a number of knots, that it is not made for. */
int diif_viewer_knots(const Coarse *c, int hidden) {
    if ((hidden != 128 && hidden != 256) || c->width < TILE || (c->density != 1 && c->density != 2) ||
        (c->bytes != NULL && c->channels != 48 && c->channels != 64))
        return 2;
    const size_t of_row = c->bytes == NULL ? 0 : room_for_row(c->width, hidden);
    const size_t most = 4 * TILE, values = most * hidden * sizeof(float), each = room_for_vectors(most, hidden);
    char *memory = allocate(of_row + values + 2 * each);
    float *sums = (float *)memory;
    const Bench bench = {vectors_in(memory + of_row + values, most, hidden),
                         vectors_in(memory + of_row + values + each, most, hidden), (float *)(memory + of_row)};
    const void *bytes = NULL;
    char *more = NULL;
#if defined(BYTES)
    ByteMap map;
    if (c->bytes != NULL) {
        more = bytes_of_block(c->features, c->height + SIDE - 1, c->width + SIDE - 1, c->channels, &map);
        bytes = &map;
    }
#endif
    if (memory != NULL && (more != NULL || c->bytes == NULL)) {
        if (c->density == 1)
            (hidden == 128 ? coarse_128_of_1 : coarse_256_of_1)(c, bytes, sums, &bench);
        else
            (hidden == 128 ? coarse_128_of_4 : coarse_256_of_4)(c, bytes, sums, &bench);
    }
    const int failed = memory == NULL || (more == NULL && c->bytes != NULL);
    release(memory);
    release(more);
    return failed;
}
