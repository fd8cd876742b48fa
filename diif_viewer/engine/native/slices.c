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
    const Value *maps;       /* first-layer vectors of vertices: (.., cells + 1, hidden) bfloat16 */
    const int32_t *row_cells;   /* (height): each output row's upper vertices, as a row of maps */
    const float *row_share;     /* (height): how far down its cell a row is, 0 .. 1: the share of the lower vertices */
    const float *row_offset;    /* (height, 2, 2): factors of both slopes, for the upper and for the lower vertices */
    const float *row_term;      /* (height, hidden): added to every knot of a row */
    const float *slope;         /* (2, hidden): of a slice's first and of its last offset */
    const float *column_slices; /* (2, cells, hidden): added to the left and right vertices' vectors */
    const Value *coarse, *push; /* registers of results 3, 3, .. then 2, see tile.h */
    const float *coarse_bias, *nothing; /* (hidden); nothing: zeros */
} Slices;

/* The first-layer vectors of a row's slices after their ReLU: (2 cells, hidden), left and right vertex by turns. */
INLINE void first_vectors(const Slices *s, const int hidden, int y, int side, Value *out) {
    const Value *maps = s->maps + (size_t)(s->row_cells[y] + side) * (s->cells + 1) * hidden;
    const float *offset = s->row_offset + 4 * y + 2 * side;
    const Vector first = spread(offset[0]), last = spread(offset[1]);
    for (int v = 0; v < hidden; v += LANES) {
        const Vector term = times_plus(first, load(s->slope + v), times(last, load(s->slope + hidden + v)));
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

/* TILE slices through the coarse stage. */
INLINE void coarse_slices(const Slices *s, const int wide, const int hidden, const Value *in, int at, Value *out) {
    Tile sum;
    begin(sum, wide, s->coarse_bias + at);
    multiply(sum, wide, in, hidden, hidden, s->coarse + (size_t)at * hidden);
    EACH_VECTOR(i)
        EACH_REGISTER(j)
            put(out + (size_t)i * hidden + at + j * LANES, relu(sum[i][j]));
}

/* TILE slices through the fine stage's first matrix. bias: (hidden). */
INLINE void push_slices(const Slices *s, const int wide, const int hidden, const Value *in, const float *bias, int at,
                        float *out) {
    Tile sum;
    begin(sum, wide, bias + at);
    multiply(sum, wide, in, hidden, hidden, s->push + (size_t)at * hidden);
    EACH_VECTOR(i)
        EACH_REGISTER(j)
            store(out + (size_t)i * hidden + at + j * LANES, sum[i][j]);
}

/* The slices that all rows of the cell share, at its upper (side 0) or lower vertices. vectors: as for `knots_of_row`. */
INLINE void push_cells(const Slices *s, const int hidden, int y, int side, int padded, Value *vectors, float *pushed) {
    Value *first = vectors, *second = vectors + (size_t)padded * hidden;
    first_vectors(s, hidden, y, side, first);
    EACH_PANEL(hidden, for (int i = 0; i < padded; i += TILE)
                           coarse_slices(s, wide, hidden, first + (size_t)i * hidden, at, second + (size_t)i * hidden))
    EACH_PANEL(hidden, for (int i = 0; i < padded; i += TILE)
                           push_slices(s, wide, hidden, second + (size_t)i * hidden, s->nothing, at,
                                       pushed + (size_t)i * hidden))
}

/* pushed: (2, padded, hidden), of the cell of the row before. */
INLINE void knots_of_cell_row(const Slices *s, const int hidden, int y, int padded, Value *vectors, float *pushed,
                              float *rows) {
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

/* vectors: room for 3 times `padded` of them. */
INLINE void knots_of_row(const Slices *s, const int hidden, int y, int padded, Value *vectors, float *rows) {
    Value *upper = vectors, *lower = upper + (size_t)padded * hidden, *blended = lower + (size_t)padded * hidden;
    const float *term = s->row_term + (size_t)y * hidden;
    first_vectors(s, hidden, y, 0, upper);
    first_vectors(s, hidden, y, 1, lower);
    EACH_PANEL(hidden, for (int i = 0; i < padded; i += TILE)
                           blend_slices(s, wide, hidden, y, upper + (size_t)i * hidden, lower + (size_t)i * hidden, at,
                                        blended + (size_t)i * hidden))
    EACH_PANEL(hidden, for (int i = 0; i < padded; i += TILE)
                           push_slices(s, wide, hidden, blended + (size_t)i * hidden, term, at, rows + (size_t)i * hidden))
}

/* rows: room for a row's knots, then for 2 times `padded` of them. */
INLINE void render_slices(const Slices *s, const int hidden, int padded, float *rows, Value *vectors) {
    Waiting waiting = {vectors, 0, 0};
    float *pushed = rows + (size_t)padded * hidden;
    for (int y = 0; y < s->fine.height; y++) {
        if (s->constant)
            knots_of_cell_row(s, hidden, y, padded, vectors + GROUP * hidden, pushed, rows);
        else
            knots_of_row(s, hidden, y, padded, vectors + GROUP * hidden, rows);
        render_row(&s->fine, hidden, 2, rows, &waiting);
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
    const size_t in_rows = (size_t)3 * padded * hidden * sizeof(float);
    const size_t in_vectors = (size_t)(GROUP + 3 * padded) * hidden * sizeof(Value);
    char *memory = aligned_alloc(64, in_rows + in_vectors);
    if (memory == NULL)
        return 1;
    memset(memory, 0, in_rows + in_vectors); /* what fills up the last tile is finite */
    (hidden == 128 ? slices_128 : slices_256)(s, padded, (float *)memory, (Value *)(memory + in_rows));
    free(memory);
    return 0;
}
