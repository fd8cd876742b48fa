/* What the kernels share: products of bfloat16 with sums in registers, and conversions. */

#ifndef DIIF_VIEWER_TILE_H
#define DIIF_VIEWER_TILE_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define AVX512_BF16 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")))
#define INLINE static inline __attribute__((always_inline)) AVX512_BF16

enum {
    LANES = 16,
    TILE = 8, /* vectors that are multiplied together: their sums, 8 x 3 of 32 registers, leave room for the factors */
    WIDE = 3, /* registers of results of each, at most */
};

typedef __m512 Tile[TILE][WIDE];

INLINE __m512 from_bfloat16(const uint16_t *p) {
    __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}

INLINE void to_bfloat16(uint16_t *p, __m512 value) {
    _mm256_storeu_si256((__m256i *)p, (__m256i)_mm512_cvtneps_pbh(value));
}

/* Begin `wide` registers of results of all vectors with the same values. */
INLINE void begin(Tile sum, const int wide, const float *values) {
#pragma GCC unroll 3
    for (int j = 0; j < wide; j++) {
        const __m512 value = _mm512_loadu_ps(values + j * LANES);
#pragma GCC unroll 8
        for (int i = 0; i < TILE; i++)
            sum[i][j] = value;
    }
}

/* Add products: vector i has its `pairs` pairs of values at `in + i * step`; weights: (pairs, wide, LANES) pairs. */
INLINE const uint32_t *multiply(Tile sum, const int wide, const uint16_t *in, size_t step, int pairs,
                                const uint32_t *weights) {
    for (int k = 0; k < pairs; k++, weights += wide * LANES) {
        __m512bh w[WIDE];
#pragma GCC unroll 3
        for (int j = 0; j < wide; j++)
            w[j] = (__m512bh)_mm512_loadu_si512(weights + j * LANES);
#pragma GCC unroll 8
        for (int i = 0; i < TILE; i++) {
            const __m512bh x = (__m512bh)_mm512_set1_epi32(((const int32_t *)(in + i * step))[k]);
#pragma GCC unroll 3
            for (int j = 0; j < wide; j++)
                sum[i][j] = _mm512_dpbf16_ps(sum[i][j], x, w[j]);
        }
    }
    return weights;
}

/* `call` with `at` and `wide` for each panel of `hidden` results: registers 3, 3, .. and 2 or 2, 2 at the end. */
#define EACH_PANEL(hidden, call)                                                                                       \
    for (int at = 0; at < hidden; ) {                                                                                  \
        const int left = (hidden - at) / LANES;                                                                        \
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
