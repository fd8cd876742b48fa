/* DIIF-S, one view of a region on a CPU with AVX-512 and its bfloat16 products: blends of knots, ReLU, the fine stage's
 * two layers. Nothing between the maps and the colours leaves the first two caches.
 *
 * The engine's plain form (decoders/diif_s.py) is the definition; tests hold this to it.
 */

#include "fine.h"

typedef struct {
    Fine fine;
    int32_t knots;                   /* across that the outputs read */
    int32_t first_row, first_column; /* the first knot's place in the first block */
    int32_t side, across;            /* knots along a side of a block, blocks side by side */
    const uint16_t *const *blocks;   /* bfloat16, side x side x hidden each */
    const int32_t *row_knots;        /* (height): first of three knots, from the first one read */
    const float *row_weights;        /* (height, 3) */
    const float *row_term;           /* (height, hidden) */
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

INLINE void render(const Request *r, const int hidden, float *rows, uint16_t *vectors) {
    Waiting waiting = {vectors, 0, 0};
    for (int y = 0; y < r->fine.height; y++) {
        blend_rows(r, hidden, y, rows);
        render_row(&r->fine, hidden, rows, &waiting);
    }
    render_rest(&r->fine, hidden, &waiting);
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
