/* LIIF, one view of a region: the vectors of the LR pixels around each output through all layers, colours blended.
 * decoders/liif.py has the definition in plain torch.
 */

#include "fine.h"

/* Along an axis, for each of the `sides` nearest LR pixels of each output (one or two): (sides, outputs) each. */
typedef struct {
    const int32_t *at;   /* LR pixel, as a row or column of the maps */
    const float *offset; /* from its centre */
    const float *share;  /* in the blend */
} Near;

typedef struct {
    int32_t height, width;       /* outputs */
    int32_t sides, columns;      /* columns: of the maps */
    int32_t layers;              /* between the first and the last */
    Near rows, across;
    const Value *maps;           /* first-layer vectors of LR pixels: (.., columns, hidden) */
    const float *cell;           /* (hidden): added to each */
    const float *down, *right;   /* (hidden): what an offset along y and x adds */
    const Dense *middle;         /* (layers) */
    const float *last;           /* (3, hidden) */
    const float *last_bias;      /* (3) */
    float *colours;              /* out: (3, height, width) */
} Liif;

/* First-layer vectors after their ReLU of `count` outputs of a row, at one LR pixel each. row: what all of them get. */
INLINE void nearest_vectors(const Liif *l, const int hidden, const Value *maps, const float *row, int side, int x,
                            int count, Vectors out, float *scratch) {
    float *values = before_keeping(out, scratch);
    for (int i = 0; i < count; i++, values += hidden) {
        const size_t n = (size_t)side * l->width + x + i;
        const Value *map = maps + (size_t)l->across.at[n] * hidden;
        const Vector offset = spread(l->across.offset[n]);
        Vector largest = spread(0);
        for (int v = 0; v < hidden; v += LANES) {
            const Vector part = relu(times_plus(offset, load(l->right + v), add(get(map + v), load(row + v))));
            largest = larger(largest, part);
            store(values + v, part);
        }
        keep(from_vector(out, i, hidden), hidden, values, largest);
    }
}

INLINE void middle_layer(const int hidden, Vectors in, const Dense *layer, int count, Vectors out, float *scratch) {
    float *values = before_keeping(out, scratch);
    EACH_PANEL(hidden, for (int i = 0; i < count; i += TILE)
                           dense_relu(wide, hidden, from_vector(in, i, hidden), layer, at, values + (size_t)i * hidden))
    keep_all(out, hidden, values, count);
}

/* Up to GROUP outputs of a row. rows: (sides, hidden), what each row of LR pixels adds. */
INLINE void group_of_liif(const Liif *l, const int hidden, int y, int x, int count, const float *rows, Vectors one,
                          Vectors two, float *scratch) {
    Vector part[GROUP][3];
    for (int i = 0; i < GROUP; i++)
        part[i][0] = part[i][1] = part[i][2] = spread(0);
    for (int side = 0; side < l->sides * l->sides; side++) {
        const size_t below = (size_t)(side / l->sides) * l->height + y;
        const size_t beside = (size_t)(side % l->sides) * l->width + x;
        float share[GROUP] = {0};
        for (int i = 0; i < count; i++)
            share[i] = l->rows.share[below] * l->across.share[beside + i];
        nearest_vectors(l, hidden, l->maps + (size_t)l->rows.at[below] * l->columns * hidden,
                        rows + (size_t)(side / l->sides) * hidden, side % l->sides, x, count, one, scratch);
        Vectors in = one, out = two;
        for (int n = 0; n < l->layers - 1; n++) {
            middle_layer(hidden, in, l->middle + n, count, out, scratch);
            const Vectors swapped = in;
            in = out;
            out = swapped;
        }
        EACH_PANEL(hidden, for (int i = 0; i < count; i += TILE)
                               last_layers(wide, hidden, from_vector(in, i, hidden), l->middle + l->layers - 1, l->last,
                                           share + i, at, part + i))
    }
    write_colours(l->colours, (size_t)l->height * l->width, l->last_bias, y * l->width + x, count, part);
}

INLINE void render_liif(const Liif *l, const int hidden, float *rows, Vectors one, Vectors two,
                        float *scratch) {
    for (int y = 0; y < l->height; y++) {
        for (int side = 0; side < l->sides; side++)
            for (int v = 0; v < hidden; v += LANES)
                store(rows + side * hidden + v, times_plus(spread(l->rows.offset[(size_t)side * l->height + y]),
                                                           load(l->down + v), load(l->cell + v)));
        for (int x = 0; x < l->width; x += GROUP)
            group_of_liif(l, hidden, y, x, l->width - x < GROUP ? l->width - x : GROUP, rows, one, two, scratch);
    }
}

TARGET static void liif_128(const Liif *l, float *rows, Vectors one, Vectors two, float *scratch) {
    render_liif(l, 128, rows, one, two, scratch);
}

TARGET static void liif_256(const Liif *l, float *rows, Vectors one, Vectors two, float *scratch) {
    render_liif(l, 256, rows, one, two, scratch);
}

/* 0: done; 1: no memory; 2: no such width, number of layers or of nearest pixels. */
int diif_viewer_liif(const Liif *l, int hidden) {
    if ((hidden != 128 && hidden != 256) || l->layers < 1 || l->sides < 1 || l->sides > 2)
        return 2;
    const size_t in_rows = (2 + GROUP) * (size_t)hidden * sizeof(float), in_vectors = room_for_vectors(GROUP, hidden);
    char *memory = allocate(in_rows + 2 * in_vectors);
    if (memory == NULL)
        return 1;
    memset(memory, 0, in_rows + 2 * in_vectors); /* what fills up the last tile is finite */
    float *rows = (float *)memory;
    const Vectors one = vectors_in(memory + in_rows, GROUP, hidden);
    const Vectors two = vectors_in(memory + in_rows + in_vectors, GROUP, hidden);
    (hidden == 128 ? liif_128 : liif_256)(l, rows, one, two, rows + 2 * hidden);
    release(memory);
    return 0;
}
