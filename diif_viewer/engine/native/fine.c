/* DIIF-S, one view of a region on a CPU: blends of knots, ReLU, the fine stage's two layers. Nothing between
 * the maps and the colours leaves the first two caches.
 *
 * The engine's plain form (decoders/diif_s.py) is the definition; tests hold this to it.
 */

#include "fine.h"

typedef struct {
    Fine fine;
    int32_t taps;                    /* knots that an output is blended from along an axis: 2 or 3 */
    int32_t knots;                   /* across that the outputs read */
    int32_t first_row, first_column; /* the first knot's place in the first block */
    int32_t side, across;            /* knots along a side of a block, blocks side by side */
    const Value *const *blocks;   /* side x side x hidden each */
    const int32_t *row_knots;        /* (height): first of `taps` knots, from the first one read */
    const float *row_weights;        /* (height, taps) */
    const float *row_term;           /* (height, hidden) */
} Request;

#if defined(_WIN32)
int DllMainCRTStartup(void *dll, unsigned long reason, void *more) { return (void)dll, (void)reason, (void)more, 1; }
#endif

int diif_viewer_supported(void) { return SUPPORTED; }

/* One output row's knots, blended over two or three rows of knots, with the row's term: (knots, hidden). */
INLINE void blend_rows(const Request *r, const int hidden, const int taps, int y, float *out) {
    const Value *const *above[3];
    int row[3];
    for (int i = 0; i < taps; i++) {
        const int knot = r->first_row + r->row_knots[y] + i;
        above[i] = r->blocks + knot / r->side * r->across;
        row[i] = knot % r->side;
    }
    const float *w = r->row_weights + taps * y;
    const Vector w0 = spread(w[0]), w1 = spread(w[1]), w2 = spread(w[taps - 1]);
    const float *term = r->row_term + (size_t)y * hidden;
    int column = r->first_column, block = 0;
    for (int done = 0; done < r->knots; block++, column = 0) {
        const int here = r->side - column < r->knots - done ? r->side - column : r->knots - done;
        const Value *k0 = above[0][block] + ((size_t)row[0] * r->side + column) * hidden;
        const Value *k1 = above[1][block] + ((size_t)row[1] * r->side + column) * hidden;
        const Value *k2 = taps > 2 ? above[2][block] + ((size_t)row[2] * r->side + column) * hidden : NULL;
        for (int at = 0; at < here * hidden; at += hidden)
            for (int v = 0; v < hidden; v += LANES) {
                Vector sum = times_plus(w0, get(k0 + at + v), load(term + v));
                sum = times_plus(w1, get(k1 + at + v), sum);
                if (taps > 2)
                    sum = times_plus(w2, get(k2 + at + v), sum);
                store(out + at + v, sum);
            }
        out += (size_t)here * hidden;
        done += here;
    }
}

enum { SPELL = 8 }; /* outputs between two looks ahead: who asks for much at once waits for it */

/* Ask for the knots that the next output row reads below outputs `x` to `end` and this one does not: at low scales they
 * come from far away, and have the time of a row's products to arrive. */
INLINE void foresee_rows(const Request *r, const int hidden, const int taps, int y, int x, int end) {
    if (y + 1 >= r->fine.height)
        return;
    const int begin = r->first_column + r->knots * x / r->fine.width;
    const int stop = r->first_column + r->knots * end / r->fine.width;
    for (int i = 0; i < taps; i++) {
        const int knot = r->first_row + r->row_knots[y + 1] + i;
        if (knot < r->first_row + r->row_knots[y] + taps)
            continue;
        const Value *const *blocks = r->blocks + knot / r->side * r->across;
        for (int k = begin; k < stop; k++) {
            const Value *at = blocks[k / r->side] + ((size_t)(knot % r->side) * r->side + k % r->side) * hidden;
            for (int v = 0; v < hidden; v += 64 / (int)sizeof(Value))
                __builtin_prefetch(at + v, 0, 2);
        }
    }
}

INLINE void render(const Request *r, const int hidden, const int taps, float *rows, Vectors vectors) {
    Waiting waiting = {vectors, 0, 0};
    for (int y = 0; y < r->fine.height; y++) {
        blend_rows(r, hidden, taps, y, rows);
        for (int x = 0, end; x < r->fine.width; x = end) {
            end = x + SPELL < r->fine.width ? x + SPELL : r->fine.width;
            foresee_rows(r, hidden, taps, y, x, end);
            render_outputs(&r->fine, hidden, taps, rows, x, end, &waiting);
        }
    }
    render_rest(&r->fine, hidden, &waiting);
}

TARGET static void render_128_of_2(const Request *r, float *rows, Vectors vectors) { render(r, 128, 2, rows, vectors); }

TARGET static void render_128_of_3(const Request *r, float *rows, Vectors vectors) { render(r, 128, 3, rows, vectors); }

TARGET static void render_256_of_2(const Request *r, float *rows, Vectors vectors) { render(r, 256, 2, rows, vectors); }

TARGET static void render_256_of_3(const Request *r, float *rows, Vectors vectors) { render(r, 256, 3, rows, vectors); }

/* 0: done; 1: no memory; 2: no such width, or number of knots. */
int diif_viewer_fine(const Request *r, int hidden) {
    if ((hidden != 128 && hidden != 256) || (r->taps != 2 && r->taps != 3))
        return 2;
    const size_t in_rows = (((size_t)r->knots * hidden * sizeof(float)) + 63) / 64 * 64;
    char *memory = allocate(in_rows + room_for_vectors(GROUP, hidden));
    if (memory == NULL)
        return 1;
    memset(memory + in_rows, 0, room_for_vectors(GROUP, hidden));
    float *rows = (float *)memory;
    const Vectors vectors = vectors_in(memory + in_rows, GROUP, hidden);
    if (r->taps == 2)
        (hidden == 128 ? render_128_of_2 : render_256_of_2)(r, rows, vectors);
    else
        (hidden == 128 ? render_128_of_3 : render_256_of_3)(r, rows, vectors);
    release(memory);
    return 0;
}
