/* DIIF-S's coarse stage at the knots of a block of vertices: the features around each vertex through the first layer,
 * each of its knots, a layer, and the fine stage's first matrix. decoders/diif_s.py has the definition in plain torch.
 */

#include "tile.h"

enum { SIDE = 4 }; /* a vertex sees 4 x 4 features */

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

INLINE void coarse(const Coarse *c, const int hidden, const int density, Value *memory) {
    const int knots = density * density;
    Value *one = memory, *two = memory + knots * TILE * hidden;
    const size_t row = (size_t)density * c->width * hidden;
    const size_t inside[] = {0, (size_t)TILE * hidden, (size_t)2 * TILE * hidden, (size_t)3 * TILE * hidden};
    const size_t outside[] = {0, hidden, row, row + hidden};
    for (int y = 0; y < c->height; y++)
        for (int start = 0; start < c->width; start += TILE) {
            const int x = start + TILE <= c->width ? start : c->width - TILE; /* some vertices twice, alike */
            const Value *in = c->features + ((size_t)y * (c->width + SIDE - 1) + x) * c->channels;
            Value *out = c->maps + density * y * row + (size_t)density * x * hidden;
            EACH_PANEL(hidden, first_layer(c, wide, hidden, knots, in, at, one))
            EACH_PANEL(hidden,
                       square_layer(wide, hidden, knots, one, c->second, c->second_bias, 1, at, two, hidden, inside))
            EACH_PANEL(hidden, square_layer(wide, hidden, knots, two, c->push, c->nothing, 0, at, out, density * hidden,
                                            outside))
        }
}

TARGET static void coarse_128_of_1(const Coarse *c, Value *memory) { coarse(c, 128, 1, memory); }

TARGET static void coarse_128_of_4(const Coarse *c, Value *memory) { coarse(c, 128, 2, memory); }

TARGET static void coarse_256_of_1(const Coarse *c, Value *memory) { coarse(c, 256, 1, memory); }

TARGET static void coarse_256_of_4(const Coarse *c, Value *memory) { coarse(c, 256, 2, memory); }

/* 0: done; 1: no memory; 2: a width, or a number of knots, that it is not made for. */
int diif_viewer_knots(const Coarse *c, int hidden) {
    if ((hidden != 128 && hidden != 256) || c->width < TILE || c->channels % 2 || (c->density != 1 && c->density != 2))
        return 2;
    Value *memory = aligned_alloc(64, (size_t)8 * TILE * hidden * sizeof(Value));
    if (memory == NULL)
        return 1;
    if (c->density == 1)
        (hidden == 128 ? coarse_128_of_1 : coarse_256_of_1)(c, memory);
    else
        (hidden == 128 ? coarse_128_of_4 : coarse_256_of_4)(c, memory);
    free(memory);
    return 0;
}
