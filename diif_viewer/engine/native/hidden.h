/* Hidden vectors after their ReLU as products read them, and layers from one to the next.
 *
 * Where the form multiplies bytes, a vector is rounded to 0 .. 255 of a scale of its own, so that it depends on nothing
 * but itself; sums are exact, and in float32 from there on. Else it is kept as it is.
 */

#ifndef DIIF_VIEWER_HIDDEN_H
#define DIIF_VIEWER_HIDDEN_H

#include "bytes.h"
#include "tile.h"

enum { WIDEST = 256 };

#if defined(BYTES)
typedef uint8_t Kept;
typedef int8_t Weight;
#else
typedef float Kept, Weight;
#endif

/* Vectors behind each other, (n, hidden), and each one's scale, where there are scales. */
typedef struct {
    Kept *values;
    float *scales;
} Vectors;

/* A layer of as many results as inputs. */
typedef struct {
    const Weight *weights;     /* panels as in tile.h */
    const float *scale, *bias; /* (hidden): what a weight of 1 stands for, if weights are bytes */
} Dense;

/* Bytes of memory for `count` vectors, in whole registers. */
static size_t room_for_vectors(size_t count, size_t hidden) {
    return (count * hidden * sizeof(Kept) + count * sizeof(float) + 63) / 64 * 64;
}

static Vectors vectors_in(char *memory, size_t count, size_t hidden) {
    Kept *values = (Kept *)memory;
    return (Vectors){values, (float *)(values + count * hidden)};
}

INLINE Vectors from_vector(Vectors v, size_t first, size_t hidden) {
    return (Vectors){v.values + first * hidden, v.scales + first};
}

/* Where vectors are written before they are kept: there, or in `scratch`. */
INLINE float *before_keeping(Vectors v, float *scratch) {
#if defined(BYTES)
    (void)v;
    return scratch;
#else
    (void)scratch;
    return v.values;
#endif
}

/* Keep the first of `v`, written there; `largest` of its values in each lane. */
INLINE void keep(Vectors v, const int hidden, const float *values, Vector largest) {
#if defined(BYTES)
    round_to_bytes(v.values, v.scales, hidden, values, largest, 0);
#else
    (void)v, (void)hidden, (void)values, (void)largest;
#endif
}

/* Keep `count` of them, written behind each other. */
INLINE void keep_all(Vectors v, const int hidden, const float *values, int count) {
#if defined(BYTES)
    for (int i = 0; i < count; i++) {
        Vector largest = spread(0);
        for (int at = 0; at < hidden; at += LANES)
            largest = larger(largest, load(values + i * hidden + at));
        keep(from_vector(v, i, hidden), hidden, values + i * hidden, largest);
    }
#else
    (void)v, (void)hidden, (void)values, (void)count;
#endif
}

/* A panel of a layer's results for the first TILE of `in`; bias: NULL for none. */
INLINE void dense(Tile sum, const int wide, const int hidden, Vectors in, const Dense *layer, const float *bias, int at) {
    const Weight *weights = layer->weights + (size_t)at * hidden;
#if defined(BYTES)
    Count count[TILE][PANEL];
    EACH_VECTOR(i)
        EACH_REGISTER(j)
            count[i][j] = no_count();
    for (int k = 0; k < hidden; k += 4, weights += wide * LANES * 4) {
        Bytes w[PANEL];
        EACH_REGISTER(j)
            w[j] = bytes(weights + j * LANES * 4);
        EACH_VECTOR(i) {
            const Bytes x = bytes_everywhere(in.values + i * hidden + k);
            EACH_REGISTER(j)
                count[i][j] = dot_bytes(count[i][j], x, w[j]);
        }
    }
    EACH_REGISTER(j) {
        const Vector scale = load(layer->scale + at + j * LANES);
        const Vector begin = bias != NULL ? load(bias + at + j * LANES) : spread(0);
        EACH_VECTOR(i)
            sum[i][j] = times_plus(times(numbers(count[i][j]), spread(in.scales[i])), scale, begin);
    }
#else
    EACH_REGISTER(j) {
        const Vector value = bias != NULL ? load(bias + at + j * LANES) : spread(0);
        EACH_VECTOR(i)
            sum[i][j] = value;
    }
    multiply(sum, wide, in.values, hidden, hidden, weights);
#endif
}

/* The same after its ReLU, written to (TILE, hidden) values. */
INLINE void dense_relu(const int wide, const int hidden, Vectors in, const Dense *layer, int at, float *values) {
    Tile sum;
    dense(sum, wide, hidden, in, layer, layer->bias, at);
    EACH_VECTOR(i)
        EACH_REGISTER(j)
            store(values + (size_t)i * hidden + at + j * LANES, relu(sum[i][j]));
}

#endif
