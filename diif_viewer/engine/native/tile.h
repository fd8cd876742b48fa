/* Products of many vectors with one matrix, sums in registers. */

#ifndef DIIF_VIEWER_TILE_H
#define DIIF_VIEWER_TILE_H

#include "vector.h"

typedef Vector Tile[TILE][PANEL];

/* Begin `wide` registers of results of all vectors with the same values. */
INLINE void begin(Tile sum, const int wide, const float *values) {
    EACH_REGISTER(j) {
        const Vector value = load(values + j * LANES);
        EACH_VECTOR(i)
            sum[i][j] = value;
    }
}

/* Add products: vector i has its `length` values at `in + i * step`; weights: (length, wide, LANES). */
INLINE const Value *multiply(Tile sum, const int wide, const Value *in, size_t step, int length, const Value *weights) {
    for (int k = 0; k < length; k++, weights += wide * LANES) {
        Vector w[PANEL];
        EACH_REGISTER(j)
            w[j] = get(weights + j * LANES);
        EACH_VECTOR(i) {
            const Vector x = everywhere(in + i * step + k);
            EACH_REGISTER(j)
                sum[i][j] = times_plus(x, w[j], sum[i][j]);
        }
    }
    return weights;
}

/* `call` with `at` and `wide` for each panel of results: as many registers as fit, 2 or 2 and 2 at the end. */
#define EACH_PANEL(results, call)                                                                                      \
    for (int at = 0; at < (results);) {                                                                                \
        const int left = ((results)-at) / LANES;                                                                       \
        if (left == 2 || left == 4) {                                                                                  \
            const int wide = 2;                                                                                        \
            call;                                                                                                      \
            at += 2 * LANES;                                                                                           \
        } else {                                                                                                       \
            const int wide = 3;                                                                                        \
            call;                                                                                                      \
            at += 3 * LANES;                                                                                           \
        }                                                                                                              \
    }

#endif
