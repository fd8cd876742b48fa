/* Convolutions with products of bytes: each instruction has twice as many of them as of bfloat16.
 *
 * What a convolution reads is rounded to bytes, position by position: a position's largest value has the largest byte, so
 * faint detail keeps as many steps as strong one, and what comes of it depends on no other position. Sums over a position's
 * channels are exact; those over positions are in float32. engine/native/bytes.py prepares the weights.
 */

#ifndef DIIF_VIEWER_BYTES_H
#define DIIF_VIEWER_BYTES_H

#include "tile.h"

enum { FEW = 4 }; /* positions that are computed together: sums of bytes and of their products take a register each */

/* Bytes of memory for the sums of a row, which is computed to whole groups. */
static size_t room_for_row(size_t width, size_t hidden) { return (width + FEW) * hidden * sizeof(float); }

#if defined(BYTES)

enum {
    MIDDLE = 128, /* stands for zero where values have signs */
    MOST = 64     /* channels */
};
#define EACH_OF_FEW(i) _Pragma("GCC unroll 4") for (int i = 0; i < FEW; i++)

typedef int32_t Count __attribute__((vector_size(4 * LANES))); /* GCC keeps sums of __m512i in memory */
#if defined(WIDE_REGISTERS)
typedef __m512i Bytes;
#else
typedef __m256i Bytes;
#endif

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

#if defined(WIDE_REGISTERS)
INLINE Count no_count(void) { return (Count)_mm512_setzero_si512(); }
INLINE Count counts(const int32_t *p) { return (Count)_mm512_loadu_si512(p); }
INLINE Bytes bytes(const int8_t *p) { return _mm512_loadu_si512(p); }
INLINE Bytes bytes_everywhere(const uint8_t *p) { return _mm512_set1_epi32(*(const int32_t *)p); }
INLINE Count dot_bytes(Count sum, Bytes x, Bytes w) { return (Count)_mm512_dpbusd_epi32((__m512i)sum, x, w); }
INLINE Vector numbers(Count counts) { return _mm512_cvtepi32_ps((__m512i)counts); }
INLINE Vector magnitude(Vector v) { return _mm512_abs_ps(v); }
INLINE float largest_of(Vector v) { return _mm512_reduce_max_ps(v); }

/* A register of values as bytes around `zero`. */
INLINE void put_rounded(uint8_t *to, Vector values, const int zero) {
    const __m512i whole = _mm512_add_epi32(_mm512_cvtps_epi32(values), _mm512_set1_epi32(zero));
    _mm_storeu_si128((__m128i *)to, _mm512_cvtusepi32_epi8(whole));
}
#else
INLINE Count no_count(void) { return (Count)_mm256_setzero_si256(); }
INLINE Count counts(const int32_t *p) { return (Count)_mm256_loadu_si256((const __m256i *)p); }
INLINE Bytes bytes(const int8_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
INLINE Bytes bytes_everywhere(const uint8_t *p) { return _mm256_set1_epi32(*(const int32_t *)p); }
INLINE Count dot_bytes(Count sum, Bytes x, Bytes w) { return (Count)_mm256_dpbusd_avx_epi32((__m256i)sum, x, w); }
INLINE Vector numbers(Count counts) { return _mm256_cvtepi32_ps((__m256i)counts); }
INLINE Vector magnitude(Vector v) { return _mm256_andnot_ps(spread(-0.0f), v); }
INLINE float largest_of(Vector v) {
    __m128 most = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    most = _mm_max_ps(most, _mm_movehl_ps(most, most));
    return _mm_cvtss_f32(_mm_max_ss(most, _mm_movehdup_ps(most)));
}

/* A register of values as bytes around `zero`. */
INLINE void put_rounded(uint8_t *to, Vector values, const int zero) {
    const __m256i whole = _mm256_add_epi32(_mm256_cvtps_epi32(values), _mm256_set1_epi32(zero));
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(whole, whole), 0x08);
    const __m128i shorts = _mm256_castsi256_si128(packed);
    _mm_storel_epi64((__m128i *)to, _mm_packus_epi16(shorts, shorts));
}
#endif

/* `count` values as bytes around `zero`, and what a byte of 1 stands for. largest: of their magnitudes in each lane. */
INLINE void round_to_bytes(uint8_t *to, float *scale, const int count, const float *values, Vector largest,
                           const int zero) {
    const float most = zero ? 127 : 255, top = largest_of(larger(largest, spread(1e-20f)));
    const Vector steps = spread(most / top);
    *scale = top * (1 / most);
    for (int at = 0; at < count; at += LANES)
        put_rounded(to + at, times(load(values + at), steps), zero);
}

/* A position's values as bytes around `zero`. */
INLINE void put_bytes(const ByteMap *map, const int channels, ptrdiff_t position, const float *values, const int zero) {
    Vector largest = spread(0);
    for (int c = 0; c < channels; c += LANES)
        largest = larger(largest, magnitude(load(values + c)));
    round_to_bytes(map->values + position * channels, map->scales + position, channels, values, largest, zero);
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
            Bytes w[PANEL];
            EACH_REGISTER(j)
                w[j] = bytes(weights + j * LANES * 4);
            EACH_OF_FEW(i) {
                const Bytes x = bytes_everywhere(values + i * channels + k);
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

/* Row y of a layer's results before scale and bias, (width + FEW, hidden), a panel after the other, so that its weights
 * stay in the first cache. */
INLINE void row_of_bytes(const ByteLayer *layer, const int side, const int channels, const int hidden, const ByteMap *in,
                         int y, int width, float *sums) {
    const ptrdiff_t row = (ptrdiff_t)y * in->across;
    EACH_PANEL(hidden, for (int x = 0; x < width; x += FEW)
                           byte_panel(layer, side, channels, hidden, wide, in, row + x, at, sums + (size_t)x * hidden))
}

/* A block of features as bytes, and FEW positions more that are read in vain; NULL where there is no memory. */
TARGET static char *bytes_of_block(const Value *features, int height, int width, int channels, ByteMap *map) {
    const size_t positions = (size_t)height * width, scales = (positions + FEW) * sizeof(float);
    char *memory = allocate((scales + (positions + FEW) * channels + 63) / 64 * 64);
    if (memory == NULL)
        return NULL;
    memset(memory, 0, scales + (positions + FEW) * channels);
    *map = (ByteMap){(uint8_t *)memory + scales, (float *)memory, width};
    float values[MOST];
    for (size_t p = 0; p < positions; p++) {
        for (int v = 0; v < channels; v += LANES)
            store(values + v, get(features + p * channels + v));
        put_bytes(map, channels, p, values, MIDDLE);
    }
    return memory;
}

#endif

#endif
