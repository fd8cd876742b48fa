/* DIIF, one view of a region: slices through the coarse stage, blended over rows, through the fine stage's first matrix,
 * then the fine stage. decoders/diif.py has the definition in plain torch.
 *
 * In linear order each output row has slices of its own, which are blended before the matrix. In constant order all rows
 * of a cell share theirs: both vertices' vectors go through the matrix once, and each row blends what comes out.
 */

#include "fine.h"

typedef struct {
    Fine fine;                  /* two knots of a row, those of its cell */
    int32_t cells;              /* LR cells across that the outputs meet */
    int32_t constant;           /* order: 0 or 1 */
    const Value *maps;       /* first-layer vectors of vertices: (.., cells + 1, hidden) */
    const int32_t *row_cells;   /* (height): each output row's upper vertices, as a row of maps */
    const float *row_share;     /* (height): how far down its cell a row is, 0 .. 1: the share of the lower vertices */
    const float *row_offset;    /* (height, 2, 2): factors of both slopes, for the upper and for the lower vertices */
    const float *row_term;      /* (height, hidden): added to every knot of a row */
    const float *slope;         /* (2, hidden): of a slice's first and of its last offset */
    const float *column_slices; /* (2, cells, hidden): added to the left and right vertices' vectors */
    Dense coarse, push;         /* push: without bias */
} Slices;

/* The first-layer vectors of a row's slices after their ReLU: 2 for each cell, left and right vertex by turns. */
INLINE void first_vectors(const Slices *s, const int hidden, int y, int side, Vectors out) {
    const Value *maps = s->maps + (size_t)(s->row_cells[y] + side) * (s->cells + 1) * hidden;
    const float *offset = s->row_offset + 4 * y + 2 * side;
    const Vector first = spread(offset[0]), last = spread(offset[1]);
    float term[WIDEST], scratch[WIDEST];
    for (int v = 0; v < hidden; v += LANES)
        store(term + v, times_plus(first, load(s->slope + v), times(last, load(s->slope + hidden + v))));
    for (int c = 0; c < s->cells; c++)
        for (int right = 0; right < 2; right++) {
            const Value *map = maps + (size_t)(c + right) * hidden;
            const float *slice = s->column_slices + ((size_t)right * s->cells + c) * hidden;
            const Vectors here = from_vector(out, 2 * c + right, hidden);
            float *values = before_keeping(here, scratch);
            Vector largest = spread(0);
            for (int v = 0; v < hidden; v += LANES) {
                const Vector sum = relu(add(add(get(map + v), load(slice + v)), load(term + v)));
                largest = larger(largest, sum);
                store(values + v, sum);
            }
            keep(here, hidden, values, largest);
        }
}

/* A panel of TILE slices of a row through the coarse stage at the upper and the lower vertices, and both blended. */
INLINE void blend_slices(const Slices *s, const int wide, const int hidden, int y, Vectors upper, Vectors lower, int at,
                         float *out) {
    const Vector down = spread(s->row_share[y]);
    Tile sum;
    float above[TILE][PANEL][LANES];
    dense(sum, wide, hidden, upper, &s->coarse, s->coarse.bias, at);
    EACH_VECTOR(i)
        EACH_REGISTER(j)
            store(above[i][j], relu(sum[i][j]));
    dense(sum, wide, hidden, lower, &s->coarse, s->coarse.bias, at);
    EACH_VECTOR(i)
        EACH_REGISTER(j) {
            const Vector a = load(above[i][j]), b = relu(sum[i][j]);
            store(out + (size_t)i * hidden + at + j * LANES, times_plus(down, take(b, a), a));
        }
}

/* A panel of TILE slices through the fine stage's first matrix. bias: (hidden), or NULL. */
INLINE void push_slices(const Slices *s, const int wide, const int hidden, Vectors in, const float *bias, int at,
                        float *out) {
    Tile sum;
    dense(sum, wide, hidden, in, &s->push, bias, at);
    EACH_VECTOR(i)
        EACH_REGISTER(j)
            store(out + (size_t)i * hidden + at + j * LANES, sum[i][j]);
}

/* The slices that all rows of the cell share, at its upper (side 0) or lower vertices. vectors: as for `knots_of_row`. */
INLINE void push_cells(const Slices *s, const int hidden, int y, int side, int padded, const Vectors *vectors,
                       float *pushed) {
    float scratch[TILE * WIDEST];
    first_vectors(s, hidden, y, side, vectors[0]);
    for (int i = 0; i < padded; i += TILE) {
        const Vectors in = from_vector(vectors[0], i, hidden), out = from_vector(vectors[1], i, hidden);
        float *values = before_keeping(out, scratch);
        EACH_PANEL(hidden, dense_relu(wide, hidden, in, &s->coarse, at, values))
        keep_all(out, hidden, values, TILE);
        EACH_PANEL(hidden, push_slices(s, wide, hidden, out, NULL, at, pushed + (size_t)i * hidden))
    }
}

/* pushed: (2, padded, hidden), of the cell of the row before. */
INLINE void knots_of_cell_row(const Slices *s, const int hidden, int y, int padded, const Vectors *vectors,
                              float *pushed, float *rows) {
    float *upper = pushed, *lower = pushed + (size_t)padded * hidden;
    if (y == 0 || s->row_cells[y] != s->row_cells[y - 1]) {
        push_cells(s, hidden, y, 0, padded, vectors, upper);
        push_cells(s, hidden, y, 1, padded, vectors, lower);
    }
    const Vector down = spread(s->row_share[y]);
    for (int i = 0; i < 2 * s->cells; i++)
        for (int v = 0; v < hidden; v += LANES) {
            const size_t place = (size_t)i * hidden + v;
            const Vector a = load(upper + place), term = load(s->row_term + (size_t)y * hidden + v);
            store(rows + place, add(term, times_plus(down, take(load(lower + place), a), a)));
        }
}

/* vectors: three times `padded` of them. */
INLINE void knots_of_row(const Slices *s, const int hidden, int y, int padded, const Vectors *vectors, float *rows) {
    const float *term = s->row_term + (size_t)y * hidden;
    float scratch[TILE * WIDEST];
    first_vectors(s, hidden, y, 0, vectors[0]);
    first_vectors(s, hidden, y, 1, vectors[1]);
    for (int i = 0; i < padded; i += TILE) {
        const Vectors upper = from_vector(vectors[0], i, hidden), lower = from_vector(vectors[1], i, hidden);
        const Vectors blended = from_vector(vectors[2], i, hidden);
        float *values = before_keeping(blended, scratch);
        EACH_PANEL(hidden, blend_slices(s, wide, hidden, y, upper, lower, at, values))
        keep_all(blended, hidden, values, TILE);
        EACH_PANEL(hidden, push_slices(s, wide, hidden, blended, term, at, rows + (size_t)i * hidden))
    }
}

/* rows: room for a row's knots, then for 2 times `padded` of them. */
INLINE void render_slices(const Slices *s, const int hidden, int padded, float *rows, const Vectors *vectors) {
    Waiting waiting = {vectors[3], 0, 0};
    float *pushed = rows + (size_t)padded * hidden;
    for (int y = 0; y < s->fine.height; y++) {
        if (s->constant)
            knots_of_cell_row(s, hidden, y, padded, vectors, pushed, rows);
        else
            knots_of_row(s, hidden, y, padded, vectors, rows);
        render_outputs(&s->fine, hidden, 2, rows, 0, s->fine.width, &waiting);
    }
    render_rest(&s->fine, hidden, &waiting);
}

TARGET static void slices_128(const Slices *s, int padded, float *rows, const Vectors *vectors) {
    render_slices(s, 128, padded, rows, vectors);
}

TARGET static void slices_256(const Slices *s, int padded, float *rows, const Vectors *vectors) {
    render_slices(s, 256, padded, rows, vectors);
}

/* 0: done; 1: no memory; 2: no such width. */
int diif_viewer_slices(const Slices *s, int hidden) {
    if (hidden != 128 && hidden != 256)
        return 2;
    const int padded = (2 * s->cells + TILE - 1) / TILE * TILE;
    const size_t in_rows = (size_t)3 * padded * hidden * sizeof(float);
    const size_t each = room_for_vectors(padded, hidden), waiting = room_for_vectors(GROUP, hidden);
    char *memory = allocate(in_rows + 3 * each + waiting);
    if (memory == NULL)
        return 1;
    memset(memory, 0, in_rows + 3 * each + waiting); /* what fills up the last tile is finite */
    Vectors vectors[4];
    for (int i = 0; i < 4; i++)
        vectors[i] = vectors_in(memory + in_rows + i * each, i < 3 ? padded : GROUP, hidden);
    (hidden == 128 ? slices_128 : slices_256)(s, padded, (float *)memory, vectors);
    release(memory);
    return 0;
}
