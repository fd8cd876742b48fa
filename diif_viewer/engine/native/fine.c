/* DIIF-S, one view of a region on a CPU with AVX-512 and its bfloat16 products: blends of knots, ReLU, the fine stage's
 * two layers. Nothing between the maps and the colours leaves the first two caches.
 *
 * The engine's plain form (decoders/diif_s.py) is the definition; tests hold this to it. Sums are in float32; hidden
 * vectors are rounded to bfloat16 where they enter the product, and nowhere else.
 */

#include "tile.h"

enum {
    ROWS = 6,                 /* outputs of one product in registers: 6 x 4 of 32 are its sums */
    PANEL = 4,                /* registers of hidden values side by side */
    GROUP = 8 * ROWS,         /* outputs whose hidden vectors are made before they are multiplied; 3 * LANES */
};

typedef struct {
    int32_t height, width;          /* outputs */
    int32_t knots;                  /* knots across that the outputs read */
    int32_t first_row, first_column; /* the first knot's place in the first block */
    int32_t side, across;           /* knots along a side of a block, blocks side by side */
    const uint16_t *const *blocks;  /* bfloat16, side x side x hidden each */
    const int32_t *row_knots;       /* (height): first of three knots, from the first one read */
    const float *row_weights;       /* (height, 3) */
    const int32_t *column_knots;    /* (width) */
    const float *column_weights;    /* (width, 3) */
    const float *row_term;          /* (height, hidden) */
    const float *column_term;       /* (width, hidden) */
    const uint32_t *middle;         /* (panels, hidden / 2, PANEL, LANES) pairs of bfloat16 */
    const float *middle_bias;       /* (hidden) */
    const float *last;              /* (3, hidden) */
    const float *last_bias;         /* (3) */
    float *colours;                 /* out: (3, height, width) */
} Request;

int diif_viewer_supported(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}

/* One output row's knots, blended over three rows of knots, with the row's term: (knots, hidden). */
INLINE void blend_rows(const Request *r, const int hidden, int y, float *out) {
    const uint16_t *const *above[3];
    int row[3];
    for (int i = 0; i < 3; i++) {
        int knot = r->first_row + r->row_knots[y] + i;
        above[i] = r->blocks + knot / r->side * r->across;
        row[i] = knot % r->side;
    }
    const __m512 w0 = _mm512_set1_ps(r->row_weights[3 * y]), w1 = _mm512_set1_ps(r->row_weights[3 * y + 1]),
                 w2 = _mm512_set1_ps(r->row_weights[3 * y + 2]);
    const float *term = r->row_term + (size_t)y * hidden;
    int column = r->first_column, block = 0;
    for (int done = 0; done < r->knots; block++, column = 0) {
        int here = r->side - column < r->knots - done ? r->side - column : r->knots - done;
        const uint16_t *k0 = above[0][block] + ((size_t)row[0] * r->side + column) * hidden;
        const uint16_t *k1 = above[1][block] + ((size_t)row[1] * r->side + column) * hidden;
        const uint16_t *k2 = above[2][block] + ((size_t)row[2] * r->side + column) * hidden;
        for (int v = 0; v < hidden; v += LANES) {
            const __m512 constant = _mm512_loadu_ps(term + v);
            float *to = out + (size_t)done * hidden + v;
            for (int k = 0; k < here; k++) {
                const size_t at = (size_t)k * hidden + v;
                __m512 sum = _mm512_fmadd_ps(w0, from_bfloat16(k0 + at), constant);
                sum = _mm512_fmadd_ps(w1, from_bfloat16(k1 + at), sum);
                sum = _mm512_fmadd_ps(w2, from_bfloat16(k2 + at), sum);
                _mm512_storeu_ps(to + (size_t)k * hidden, sum);
            }
        }
        done += here;
    }
}

/* One output's hidden vector after its ReLU, in bfloat16. */
INLINE void blend_columns(const Request *r, const int hidden, int x, const float *rows, uint16_t *out) {
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
INLINE void panel(const Request *r, const int hidden, const uint16_t *vectors, int p, __m512 (*part)[3]) {
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
INLINE void finish(const Request *r, const int hidden, const uint16_t *vectors, int first, int count) {
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

INLINE void render(const Request *r, const int hidden, float *rows, uint16_t *vectors) {
    int first = 0, count = 0;
    for (int y = 0; y < r->height; y++) {
        blend_rows(r, hidden, y, rows);
        for (int x = 0; x < r->width; x++) {
            blend_columns(r, hidden, x, rows, vectors + (size_t)count * hidden);
            if (++count == GROUP) {
                finish(r, hidden, vectors, first, GROUP);
                first += GROUP;
                count = 0;
            }
        }
    }
    if (count)
        finish(r, hidden, vectors, first, count);
}

AVX512_BF16 static void render_128(const Request *r, float *rows, uint16_t *vectors) { render(r, 128, rows, vectors); }

AVX512_BF16 static void render_256(const Request *r, float *rows, uint16_t *vectors) { render(r, 256, rows, vectors); }

/* 0: done; 1: no memory; 2: no such width. */
int diif_viewer_fine(const Request *r, int hidden) {
    if (hidden != 128 && hidden != 256)
        return 2;
    const size_t in_rows = (((size_t)r->knots * hidden * sizeof(float)) + 63) / 64 * 64;
    char *memory = aligned_alloc(64, in_rows + (size_t)GROUP * hidden * sizeof(uint16_t));
    if (memory == NULL)
        return 1;
    for (int i = 0; i < GROUP * hidden; i++)
        ((uint16_t *)(memory + in_rows))[i] = 0;
    (hidden == 128 ? render_128 : render_256)(r, (float *)memory, (uint16_t *)(memory + in_rows));
    free(memory);
    return 0;
}
