/* The fine stage of DIIF and DIIF-S: a row of knots blended at each output, ReLU, two layers. */

#ifndef DIIF_VIEWER_FINE_H
#define DIIF_VIEWER_FINE_H

#include "hidden.h"

enum { GROUP = 48 }; /* outputs whose hidden vectors are made before they are multiplied: whole tiles, whole registers */

typedef struct {
    int32_t height, width;        /* outputs */
    const int32_t *column_knots;  /* (width): first of `taps` knots of a row, from the first one there */
    const float *column_weights;  /* (width, taps) */
    const float *column_term;     /* (width, hidden) */
    Dense middle;
    const float *last;            /* (3, hidden) */
    const float *last_bias;       /* (3) */
    float *colours;               /* out: (3, height, width) */
} Fine;

/* Outputs whose hidden vectors wait to be multiplied. */
typedef struct {
    Vectors vectors;  /* GROUP */
    int first, count; /* they follow each other in the picture */
} Waiting;

/* One output's hidden vector after its ReLU, of `taps` knots, 2 or 3. */
INLINE void blend_columns(const Fine *r, const int hidden, const int taps, int x, const float *rows, Vectors out) {
    const float *k = rows + (size_t)r->column_knots[x] * hidden, *term = r->column_term + (size_t)x * hidden;
    const float *w = r->column_weights + taps * x;
    const Vector w0 = spread(w[0]), w1 = spread(w[1]), w2 = spread(w[taps - 1]);
    float scratch[WIDEST], *values = before_keeping(out, scratch);
    Vector largest = spread(0);
    for (int v = 0; v < hidden; v += LANES) {
        Vector sum = times_plus(w0, load(k + v), load(term + v));
        sum = times_plus(w1, load(k + v + hidden), sum);
        if (taps > 2)
            sum = times_plus(w2, load(k + v + 2 * hidden), sum);
        sum = relu(sum);
        largest = larger(largest, sum);
        store(values + v, sum);
    }
    keep(out, hidden, values, largest);
}

/* A tile of outputs through one panel of the layer before the last, its ReLU, and its part of the last layer, added to
 * `part`; each output's times its share, if there are shares. */
INLINE void last_layers(const int wide, const int hidden, Vectors vectors, const Dense *middle, const float *last,
                        const float *share, int at, Vector (*part)[3]) {
    Tile sum;
    dense(sum, wide, hidden, vectors, middle, middle->bias, at);
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
INLINE void finish(const Fine *r, const int hidden, Vectors vectors, int first, int count) {
    Vector part[GROUP][3];
    for (int i = 0; i < GROUP; i++)
        part[i][0] = part[i][1] = part[i][2] = spread(0);
    EACH_PANEL(hidden, for (int i = 0; i < count; i += TILE)
                           last_layers(wide, hidden, from_vector(vectors, i, hidden), &r->middle, r->last, NULL, at,
                                       part + i))
    write_colours(r->colours, (size_t)r->height * r->width, r->last_bias, first, count, part);
}

/* Outputs `x` to `end` of a row from its knots, (.., hidden): they are multiplied when a group of them is full. */
INLINE void render_outputs(const Fine *r, const int hidden, const int taps, const float *rows, int x, int end,
                           Waiting *waiting) {
    for (; x < end; x++) {
        blend_columns(r, hidden, taps, x, rows, from_vector(waiting->vectors, waiting->count, hidden));
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
