/* The fine stage of DIIF and DIIF-S: a row of knots blended at each output, ReLU, two layers. Hidden vectors
 * are rounded where they enter a product, and nowhere else.
 */

#ifndef DIIF_VIEWER_FINE_H
#define DIIF_VIEWER_FINE_H

#include "tile.h"

enum { GROUP = 48 }; /* outputs whose hidden vectors are made before they are multiplied: whole tiles, whole registers */

typedef struct {
    int32_t height, width;        /* outputs */
    const int32_t *column_knots;  /* (width): first of `taps` knots of a row, from the first one there */
    const float *column_weights;  /* (width, taps) */
    const float *column_term;     /* (width, hidden) */
    const Value *middle;       /* see tile.h */
    const float *middle_bias;     /* (hidden) */
    const float *last;            /* (3, hidden) */
    const float *last_bias;       /* (3) */
    float *colours;               /* out: (3, height, width) */
} Fine;

/* Outputs whose hidden vectors wait to be multiplied. */
typedef struct {
    Value *vectors; /* (GROUP, hidden) */
    int first, count;  /* they follow each other in the picture */
} Waiting;

/* One output's hidden vector after its ReLU, of `taps` knots, 2 or 3. */
INLINE void blend_columns(const Fine *r, const int hidden, const int taps, int x, const float *rows, Value *out) {
    const float *k = rows + (size_t)r->column_knots[x] * hidden, *term = r->column_term + (size_t)x * hidden;
    const float *w = r->column_weights + taps * x;
    const Vector w0 = spread(w[0]), w1 = spread(w[1]), w2 = spread(w[taps - 1]);
    for (int v = 0; v < hidden; v += 2 * LANES) {
        Vector part[2];
        for (int i = 0; i < 2; i++) {
            const float *at = k + v + i * LANES;
            Vector sum = times_plus(w0, load(at), load(term + v + i * LANES));
            sum = times_plus(w1, load(at + hidden), sum);
            if (taps > 2)
                sum = times_plus(w2, load(at + 2 * hidden), sum);
            part[i] = relu(sum);
        }
        put_two(out + v, part[0], part[1]);
    }
}

/* A tile of outputs through one panel of the layer before the last, its ReLU, and its part of the last layer, added to
 * `part`; each output's times its share, if there are shares. */
INLINE void last_layers(const int wide, const int hidden, const Value *vectors, const Value *weights,
                        const float *bias, const float *last, const float *share, int at, Vector (*part)[3]) {
    Tile sum;
    begin(sum, wide, bias + at);
    multiply(sum, wide, vectors, hidden, hidden, weights + (size_t)at * hidden);
    EACH_REGISTER(j) {
        const float *colour = last + at + j * LANES;
        const Vector red = load(colour), green = load(colour + hidden), blue = load(colour + 2 * hidden);
        EACH_VECTOR(i) {
            const Vector value = share != NULL ? times(relu(sum[i][j]), spread(share[i])) : relu(sum[i][j]);
            part[i][0] = times_plus(value, red, part[i][0]);
            part[i][1] = times_plus(value, green, part[i][1]);
            part[i][2] = times_plus(value, blue, part[i][2]);
        }
    }
}

/* The colours of `count` outputs that follow each other in the picture, from their parts. */
INLINE void write_colours(float *colours, size_t plane, const float *bias, int first, int count, Vector (*part)[3]) {
    for (int i = 0; i < count; i += LANES)
        for (int c = 0; c < 3; c++) {
            Vector each[LANES];
            float values[LANES];
            for (int k = 0; k < LANES; k++)
                each[k] = part[i + k][c];
            store(values, add(sums(each), spread(bias[c])));
            const int here = count - i < LANES ? count - i : LANES;
            memcpy(colours + c * plane + first + i, values, here * sizeof(float));
        }
}

/* The fine stage of a group of outputs, of which `count` are wanted. */
INLINE void finish(const Fine *r, const int hidden, const Value *vectors, int first, int count) {
    Vector part[GROUP][3];
    for (int i = 0; i < GROUP; i++)
        part[i][0] = part[i][1] = part[i][2] = spread(0);
    EACH_PANEL(hidden, for (int i = 0; i < count; i += TILE)
                           last_layers(wide, hidden, vectors + (size_t)i * hidden, r->middle, r->middle_bias, r->last,
                                       NULL, at, part + i))
    write_colours(r->colours, (size_t)r->height * r->width, r->last_bias, first, count, part);
}

/* A row of outputs from its knots, (.., hidden): outputs are multiplied when a group of them is full. */
INLINE void render_row(const Fine *r, const int hidden, const int taps, const float *rows, Waiting *waiting) {
    for (int x = 0; x < r->width; x++) {
        blend_columns(r, hidden, taps, x, rows, waiting->vectors + (size_t)waiting->count * hidden);
        if (++waiting->count == GROUP) {
            finish(r, hidden, waiting->vectors, waiting->first, GROUP);
            waiting->first += GROUP;
            waiting->count = 0;
        }
    }
}

INLINE void render_rest(const Fine *r, const int hidden, Waiting *waiting) {
    if (waiting->count)
        finish(r, hidden, waiting->vectors, waiting->first, waiting->count);
}

#endif
