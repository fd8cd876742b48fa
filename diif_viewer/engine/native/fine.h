/* The fine stage of DIIF and DIIF-S: a row of knots blended at each output, ReLU, two layers. Sums are in float32; hidden
 * vectors are rounded to bfloat16 where they enter the product, and nowhere else.
 */

#ifndef DIIF_VIEWER_FINE_H
#define DIIF_VIEWER_FINE_H

#include "tile.h"

enum {
    ROWS = 6,                 /* outputs of one product in registers: 6 x 4 of 32 are its sums */
    PANEL = 4,                /* registers of hidden values side by side */
    GROUP = 8 * ROWS,         /* outputs whose hidden vectors are made before they are multiplied; 3 * LANES */
};

typedef struct {
    int32_t height, width;        /* outputs */
    const int32_t *column_knots;  /* (width): first of three knots of a row, from the first one there */
    const float *column_weights;  /* (width, 3) */
    const float *column_term;     /* (width, hidden) */
    const uint32_t *middle;       /* (panels, hidden / 2, PANEL, LANES) pairs of bfloat16 */
    const float *middle_bias;     /* (hidden) */
    const float *last;            /* (3, hidden) */
    const float *last_bias;       /* (3) */
    float *colours;               /* out: (3, height, width) */
} Fine;

/* Outputs whose hidden vectors wait to be multiplied. */
typedef struct {
    uint16_t *vectors; /* (GROUP, hidden) */
    int first, count;  /* they follow each other in the picture */
} Waiting;

/* One output's hidden vector after its ReLU, in bfloat16. */
INLINE void blend_columns(const Fine *r, const int hidden, int x, const float *rows, uint16_t *out) {
    const float *k = rows + (size_t)r->column_knots[x] * hidden, *term = r->column_term + (size_t)x * hidden;
    const float *w = r->column_weights + 3 * x;
    const __m512 w0 = _mm512_set1_ps(w[0]), w1 = _mm512_set1_ps(w[1]), w2 = _mm512_set1_ps(w[2]);
    const __m512 zero = _mm512_setzero_ps();
    for (int v = 0; v < hidden; v += 2 * LANES) {
        __m512 part[2];
        for (int i = 0; i < 2; i++) {
            const float *at = k + v + i * LANES;
            __m512 sum = _mm512_fmadd_ps(w0, _mm512_loadu_ps(at), _mm512_loadu_ps(term + v + i * LANES));
            sum = _mm512_fmadd_ps(w1, _mm512_loadu_ps(at + hidden), sum);
            sum = _mm512_fmadd_ps(w2, _mm512_loadu_ps(at + 2 * hidden), sum);
            part[i] = _mm512_max_ps(sum, zero);
        }
        _mm512_storeu_si512(out + v, (__m512i)_mm512_cvtne2ps_pbh(part[1], part[0]));
    }
}

/* Sums of each of 16 vectors. */
INLINE __m512 sums(const __m512 v[LANES]) {
    __m512 a[8], b[4], c[2];
    for (int i = 0; i < 8; i++)
        a[i] = _mm512_add_ps(_mm512_unpacklo_ps(v[2 * i], v[2 * i + 1]), _mm512_unpackhi_ps(v[2 * i], v[2 * i + 1]));
    for (int i = 0; i < 4; i++)
        b[i] = _mm512_add_ps(_mm512_shuffle_ps(a[2 * i], a[2 * i + 1], 0x44),
                             _mm512_shuffle_ps(a[2 * i], a[2 * i + 1], 0xEE));
    for (int i = 0; i < 2; i++)
        c[i] = _mm512_add_ps(_mm512_shuffle_f32x4(b[2 * i], b[2 * i + 1], 0x88),
                             _mm512_shuffle_f32x4(b[2 * i], b[2 * i + 1], 0xDD));
    return _mm512_add_ps(_mm512_shuffle_f32x4(c[0], c[1], 0x88), _mm512_shuffle_f32x4(c[0], c[1], 0xDD));
}

/* Six outputs through one panel of the middle layer, its ReLU, and its part of the last layer, added to `part`. */
INLINE void panel(const Fine *r, const int hidden, const uint16_t *vectors, int p, __m512 (*part)[3]) {
    __m512 sum[ROWS][PANEL];
    for (int j = 0; j < PANEL; j++) {
        const __m512 bias = _mm512_loadu_ps(r->middle_bias + (p * PANEL + j) * LANES);
#pragma GCC unroll 6
        for (int i = 0; i < ROWS; i++)
            sum[i][j] = bias;
    }
    const uint32_t *weights = r->middle + (size_t)p * (hidden / 2) * PANEL * LANES;
    for (int k = 0; k < hidden / 2; k++, weights += PANEL * LANES) {
        __m512bh w[PANEL];
#pragma GCC unroll 4
        for (int j = 0; j < PANEL; j++)
            w[j] = (__m512bh)_mm512_loadu_si512(weights + j * LANES);
#pragma GCC unroll 6
        for (int i = 0; i < ROWS; i++) {
            const __m512bh x = (__m512bh)_mm512_set1_epi32(((const int32_t *)(vectors + (size_t)i * hidden))[k]);
#pragma GCC unroll 4
            for (int j = 0; j < PANEL; j++)
                sum[i][j] = _mm512_dpbf16_ps(sum[i][j], x, w[j]);
        }
    }
    const __m512 zero = _mm512_setzero_ps();
#pragma GCC unroll 4
    for (int j = 0; j < PANEL; j++) {
        const size_t at = (size_t)(p * PANEL + j) * LANES;
        const __m512 red = _mm512_loadu_ps(r->last + at), green = _mm512_loadu_ps(r->last + hidden + at),
                     blue = _mm512_loadu_ps(r->last + 2 * hidden + at);
#pragma GCC unroll 6
        for (int i = 0; i < ROWS; i++) {
            const __m512 value = _mm512_max_ps(sum[i][j], zero);
            part[i][0] = _mm512_fmadd_ps(value, red, part[i][0]);
            part[i][1] = _mm512_fmadd_ps(value, green, part[i][1]);
            part[i][2] = _mm512_fmadd_ps(value, blue, part[i][2]);
        }
    }
}

/* The fine stage of a group of outputs, of which `count` are wanted; they follow each other in the picture. */
INLINE void finish(const Fine *r, const int hidden, const uint16_t *vectors, int first, int count) {
    __m512 part[GROUP][3];
    for (int i = 0; i < GROUP; i++)
        part[i][0] = part[i][1] = part[i][2] = _mm512_setzero_ps();
    for (int p = 0; p < hidden / (PANEL * LANES); p++)
        for (int i = 0; i < count; i += ROWS)
            panel(r, hidden, vectors + (size_t)i * hidden, p, part + i);
    const size_t plane = (size_t)r->height * r->width;
    for (int i = 0; i < count; i += LANES)
        for (int c = 0; c < 3; c++) {
            __m512 each[LANES];
            for (int k = 0; k < LANES; k++)
                each[k] = part[i + k][c];
            const int here = count - i < LANES ? count - i : LANES;
            _mm512_mask_storeu_ps(r->colours + c * plane + first + i, (__mmask16)((1u << here) - 1),
                                  _mm512_add_ps(sums(each), _mm512_set1_ps(r->last_bias[c])));
        }
}

/* A row of outputs from its knots, (.., hidden): outputs are multiplied when a group of them is full. */
INLINE void render_row(const Fine *r, const int hidden, const float *rows, Waiting *waiting) {
    for (int x = 0; x < r->width; x++) {
        blend_columns(r, hidden, x, rows, waiting->vectors + (size_t)waiting->count * hidden);
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
