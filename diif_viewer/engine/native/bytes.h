/* Convolutions with products of bytes: each instruction has twice as many of them as of bfloat16.
 *
 * What a convolution reads is rounded to bytes, position by position: a position's largest value has the largest byte, so
 * faint detail keeps as many steps as strong one, and what comes of it depends on no other position. Sums over a position's
 * channels are exact; those over positions are in float32. engine/native/bytes.py prepares the weights.
 */

#ifndef DIIF_VIEWER_BYTES_H
#define DIIF_VIEWER_BYTES_H

#include "tile.h"

#if defined(BFLOAT16)

enum {
    MIDDLE = 128, /* stands for zero where values have signs */
    FEW = 4,      /* positions that are computed together: sums of bytes and of their products take a register each */
    MOST = 64     /* channels */
};
#define EACH_OF_FEW(i) _Pragma("GCC unroll 4") for (int i = 0; i < FEW; i++)

typedef int32_t Count __attribute__((vector_size(64)));

/* A convolution of bytes, side x side. */
typedef struct {
    const int8_t *weights;    /* panels as in tile.h, four inputs at a time, in the order (side, side, channels) */
    const int32_t *beginning; /* (side * side, results): what makes MIDDLE stand for zero */
    const float *scale;       /* (results): what a weight of 1 stands for */
    const float *bias;        /* (results) */
} ByteLayer;

/* Bytes at every position of the part and what stands for zero around it, and what a byte of 1 stands for. */
typedef struct {
    uint8_t *values;
    float *scales;
    ptrdiff_t across; /* positions from row to row */
} ByteMap;

INLINE Count counts(const int32_t *p) { return (Count)_mm512_loadu_si512(p); }
INLINE Count dot_bytes(Count sum, __m512i x, __m512i w) { return (Count)_mm512_dpbusd_epi32((__m512i)sum, x, w); }
INLINE Vector numbers(Count counts) { return _mm512_cvtepi32_ps((__m512i)counts); }

/* A position's values as bytes around `zero`. */
INLINE void put_bytes(const ByteMap *map, const int channels, ptrdiff_t position, const float *values, const int zero) {
    Vector largest = spread(1e-20f);
    for (int c = 0; c < channels; c += LANES)
        largest = _mm512_max_ps(largest, _mm512_abs_ps(load(values + c)));
    const float scale = _mm512_reduce_max_ps(largest) / (zero ? 127 : 255);
    map->scales[position] = scale;
    const Vector steps = spread(1 / scale);
    for (int c = 0; c < channels; c += LANES) {
        const __m512i rounded =
            _mm512_add_epi32(_mm512_cvtps_epi32(times(load(values + c), steps)), _mm512_set1_epi32(zero));
        _mm_storeu_si128((__m128i *)(map->values + position * channels + c), _mm512_cvtusepi32_epi8(rounded));
    }
}

/* One panel of `hidden` results at FEW positions of a row: (FEW, hidden), before scale and bias. position: of the first
 * input of the first one. */
INLINE void byte_panel(const ByteLayer *layer, const int side, const int channels, const int hidden, const int wide,
                       const ByteMap *in, ptrdiff_t position, int at, float *results) {
    const int8_t *weights = layer->weights + (size_t)at * side * side * channels;
    Vector sum[FEW][PANEL];
    EACH_OF_FEW(i)
        EACH_REGISTER(j)
            sum[i][j] = spread(0);
    for (int tap = 0; tap < side * side; tap++) {
        const ptrdiff_t first = position + tap / side * in->across + tap % side;
        const uint8_t *values = in->values + first * channels;
        const int32_t *beginning = layer->beginning + tap * hidden + at;
        Count count[FEW][PANEL];
        EACH_REGISTER(j) {
            const Count begin = counts(beginning + j * LANES);
            EACH_OF_FEW(i)
                count[i][j] = begin;
        }
        for (int k = 0; k < channels; k += 4, weights += wide * LANES * 4) {
            __m512i w[PANEL];
            EACH_REGISTER(j)
                w[j] = _mm512_loadu_si512(weights + j * LANES * 4);
            EACH_OF_FEW(i) {
                const __m512i x = _mm512_set1_epi32(*(const int32_t *)(values + i * channels + k));
                EACH_REGISTER(j)
                    count[i][j] = dot_bytes(count[i][j], x, w[j]);
            }
        }
        EACH_OF_FEW(i) {
            const Vector scale = spread(in->scales[first + i]);
            EACH_REGISTER(j)
                sum[i][j] = times_plus(numbers(count[i][j]), scale, sum[i][j]);
        }
    }
    EACH_OF_FEW(i)
        EACH_REGISTER(j)
            store(results + i * hidden + at + j * LANES, sum[i][j]);
}

#endif

#endif
