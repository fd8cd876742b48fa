/* DIIF in linear order, one view of a region: the slices of each output row through the coarse stage, blended over the row,
 * through the fine stage's first matrix, then the fine stage. decoders/diif.py has the definition in plain torch.
 */

#include "fine.h"

typedef struct {
    Fine fine;                  /* three knots of a row: two of its cell, and one of weight 0 */
    int32_t cells;              /* LR cells across that the outputs meet */
    const Value *maps;       /* first-layer vectors of vertices: (.., cells + 1, hidden) bfloat16 */
    const int32_t *row_cells;   /* (height): each output row's upper vertices, as a row of maps */
    const float *row_share;     /* (height): how far down its cell a row is, 0 .. 1: the share of the lower vertices */
    const float *row_offset;    /* (height, 2): factor of `slope` for the upper and lower vertices */
    const float *row_term;      /* (height, hidden): added to every knot of a row */
    const float *slope;         /* (hidden) */
    const float *column_slices; /* (2, cells, hidden): added to the left and right vertices' vectors */
    const Value *coarse, *push; /* registers of results 3, 3, .. then 2, see tile.h */
    const float *coarse_bias, *nothing; /* (hidden); nothing: zeros */
} Slices;

/* The first-layer vectors of a row's slices after their ReLU: (2 cells, hidden), left and right vertex by turns. */
INLINE void first_vectors(const Slices *s, const int hidden, int y, int side, Value *out) {
    const Value *maps = s->maps + (size_t)(s->row_cells[y] + side) * (s->cells + 1) * hidden;
    const Vector offset = spread(s->row_offset[2 * y + side]);
    for (int v = 0; v < hidden; v += LANES) {
        const Vector term = times(offset, load(s->slope + v));
        for (int c = 0; c < s->cells; c++)
            for (int right = 0; right < 2; right++) {
                const Vector slice = load(s->column_slices + ((size_t)right * s->cells + c) * hidden + v);
                const Vector map = get(maps + (size_t)(c + right) * hidden + v);
                put(out + (size_t)(2 * c + right) * hidden + v,
                            relu(add(add(map, slice), term)));
            }
    }
}

/* TILE slices of a row through the coarse stage at the upper and the lower vertices, and both blended. */
INLINE void blend_slices(const Slices *s, const int wide, const int hidden, int y, const Value *upper,
                         const Value *lower, int at, Value *out) {
    const Value *weights = s->coarse + (size_t)at * hidden;
    const Vector down = spread(s->row_share[y]);
    Tile sum;
    float above[TILE][PANEL][LANES];
    begin(sum, wide, s->coarse_bias + at);
    multiply(sum, wide, upper, hidden, hidden, weights);
    EACH_VECTOR(i)
        EACH_REGISTER(j)
            store(above[i][j], relu(sum[i][j]));
    begin(sum, wide, s->coarse_bias + at);
    multiply(sum, wide, lower, hidden, hidden, weights);
    EACH_VECTOR(i)
        EACH_REGISTER(j) {
            const Vector a = load(above[i][j]), b = relu(sum[i][j]);
            put(out + (size_t)i * hidden + at + j * LANES, times_plus(down, take(b, a), a));
        }
}

INLINE void push_slices(const Slices *s, const int wide, const int hidden, int y, const Value *in, int at,
                        float *out) {
    Tile sum;
    begin(sum, wide, s->row_term + (size_t)y * hidden + at);
    multiply(sum, wide, in, hidden, hidden, s->push + (size_t)at * hidden);
    EACH_VECTOR(i)
        EACH_REGISTER(j)
            store(out + (size_t)i * hidden + at + j * LANES, sum[i][j]);
}

/* vectors: room for 3 times `padded` of them. */
INLINE void knots_of_row(const Slices *s, const int hidden, int y, int padded, Value *vectors, float *rows) {
    Value *upper = vectors, *lower = upper + (size_t)padded * hidden, *blended = lower + (size_t)padded * hidden;
    first_vectors(s, hidden, y, 0, upper);
    first_vectors(s, hidden, y, 1, lower);
    EACH_PANEL(hidden, for (int i = 0; i < padded; i += TILE)
                           blend_slices(s, wide, hidden, y, upper + (size_t)i * hidden, lower + (size_t)i * hidden, at,
                                        blended + (size_t)i * hidden))
    EACH_PANEL(hidden, for (int i = 0; i < padded; i += TILE)
                           push_slices(s, wide, hidden, y, blended + (size_t)i * hidden, at, rows + (size_t)i * hidden))
}

INLINE void render_slices(const Slices *s, const int hidden, int padded, float *rows, Value *vectors) {
    Waiting waiting = {vectors, 0, 0};
    for (int y = 0; y < s->fine.height; y++) {
        knots_of_row(s, hidden, y, padded, vectors + GROUP * hidden, rows);
        render_row(&s->fine, hidden, rows, &waiting);
    }
    render_rest(&s->fine, hidden, &waiting);
}

TARGET static void slices_128(const Slices *s, int padded, float *rows, Value *vectors) {
    render_slices(s, 128, padded, rows, vectors);
}

TARGET static void slices_256(const Slices *s, int padded, float *rows, Value *vectors) {
    render_slices(s, 256, padded, rows, vectors);
}

/* 0: done; 1: no memory; 2: no such width. */
int diif_viewer_slices(const Slices *s, int hidden) {
    if (hidden != 128 && hidden != 256)
        return 2;
    const int padded = (2 * s->cells + TILE - 1) / TILE * TILE;
    const size_t in_rows = (size_t)(padded + 1) * hidden * sizeof(float); /* the last may be a knot of weight 0 */
    const size_t in_vectors = (size_t)(GROUP + 3 * padded) * hidden * sizeof(Value);
    char *memory = aligned_alloc(64, in_rows + in_vectors);
    if (memory == NULL)
        return 1;
    memset(memory, 0, in_rows + in_vectors); /* what fills up the last tile is finite */
    (hidden == 128 ? slices_128 : slices_256)(s, padded, (float *)memory, (Value *)(memory + in_rows));
    free(memory);
    return 0;
}
