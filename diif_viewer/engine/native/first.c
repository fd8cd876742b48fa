/* The first layer of LIIF and DIIF as a convolution of features, with products of bytes. engine/native/first.py prepares
 * what it is handed.
 */

#include "bytes.h"

#if defined(BYTES)

typedef struct {
    int32_t height, width; /* results */
    int32_t channels;
    int32_t side;          /* of the convolution: 3 or 4 */
    const Value *features; /* (height + side - 1, width + side - 1, channels) */
    const ByteLayer *layer;
    Value *maps;           /* out: (height, width, hidden) */
} First;

INLINE void first(const First *f, const int side, const int channels, const int hidden, const ByteMap *in, float *sums) {
    Value *out = f->maps;
    for (int y = 0; y < f->height; y++) {
        row_of_bytes(f->layer, side, channels, hidden, in, y, f->width, sums);
        for (int x = 0; x < f->width; x++, out += hidden)
            for (int v = 0; v < hidden; v += LANES)
                put(out + v, times_plus(load(sums + (size_t)x * hidden + v), load(f->layer->scale + v),
                                        load(f->layer->bias + v)));
    }
}

#define FIRST(side, channels, hidden)                                                                                  \
    TARGET static void first_##side##_##channels##_##hidden(const First *f, const ByteMap *in, float *sums) {          \
        first(f, side, channels, hidden, in, sums);                                                                    \
    }
FIRST(3, 48, 128)
FIRST(3, 64, 256)
FIRST(4, 48, 128)
FIRST(4, 64, 256)

/* 0: done; 1: no memory; 2: sizes that it is not made for. */
int diif_viewer_first(const First *f, int hidden) {
    if ((f->side != 3 && f->side != 4) || !((f->channels == 48 && hidden == 128) || (f->channels == 64 && hidden == 256)))
        return 2;
    ByteMap in;
    float *sums = allocate(room_for_row(f->width, hidden));
    char *memory = bytes_of_block(f->features, f->height + f->side - 1, f->width + f->side - 1, f->channels, &in);
    if (sums != NULL && memory != NULL) {
        if (hidden == 128)
            (f->side == 3 ? first_3_48_128 : first_4_48_128)(f, &in, sums);
        else
            (f->side == 3 ? first_3_64_256 : first_4_64_256)(f, &in, sums);
    }
    const int failed = sums == NULL || memory == NULL;
    release(sums);
    release(memory);
    return failed;
}

#endif
