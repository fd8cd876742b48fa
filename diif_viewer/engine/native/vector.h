/* The three forms in which the kernels are compiled: what a register holds and what is kept in memory.
 *
 *   BFLOAT16  AVX-512 with products of bfloat16: pairs of values are multiplied, sums are in float32; and of bytes (edsr8.c)
 *   WIDE      AVX-512, all in float32
 *   NARROW    AVX2 with FMA, all in float32
 *
 * A tile's sums (TILE x PANEL registers), a panel of factors and one value fill the registers that there are.
 */

#ifndef DIIF_VIEWER_VECTOR_H
#define DIIF_VIEWER_VECTOR_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(BFLOAT16)
#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx512vnni,fma")))
#define SUPPORTED (has(avx512bf16) && has(avx512vnni) && has(avx512f) && has(avx512bw) && has(avx512dq) && has(avx512vl))
enum { LANES = 16, GRAIN = 2, TILE = 8, PANEL = 3 };
typedef __m512 Vector;
typedef __m512bh Factors;
typedef uint16_t Value;
#elif defined(WIDE)
#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma")))
#define SUPPORTED (has(avx512f) && has(avx512bw) && has(avx512dq) && has(avx512vl))
enum { LANES = 16, GRAIN = 1, TILE = 8, PANEL = 3 };
typedef __m512 Vector, Factors;
typedef float Value;
#elif defined(NARROW)
#define TARGET __attribute__((target("avx2,fma")))
#define SUPPORTED (has(avx2) && has(fma))
enum { LANES = 8, GRAIN = 1, TILE = 4, PANEL = 3 };
typedef __m256 Vector, Factors;
typedef float Value;
#endif

/* Loops over the vectors and registers of a tile: unrolled, so that its sums stay in registers. */
#if defined(NARROW)
#define EACH_VECTOR(i) _Pragma("GCC unroll 4") for (int i = 0; i < TILE; i++)
#else
#define EACH_VECTOR(i) _Pragma("GCC unroll 8") for (int i = 0; i < TILE; i++)
#endif
#define EACH_REGISTER(j) _Pragma("GCC unroll 3") for (int j = 0; j < PANEL; j++) if (j < wide)

#define has(feature) __builtin_cpu_supports(#feature)
#define INLINE static inline __attribute__((always_inline)) TARGET

/* float32 */

#if defined(NARROW)
INLINE Vector load(const float *p) { return _mm256_loadu_ps(p); }
INLINE void store(float *p, Vector v) { _mm256_storeu_ps(p, v); }
INLINE Vector spread(float x) { return _mm256_set1_ps(x); }
INLINE Vector add(Vector a, Vector b) { return _mm256_add_ps(a, b); }
INLINE Vector take(Vector a, Vector b) { return _mm256_sub_ps(a, b); }
INLINE Vector times(Vector a, Vector b) { return _mm256_mul_ps(a, b); }
INLINE Vector times_plus(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
INLINE Vector relu(Vector a) { return _mm256_max_ps(a, _mm256_setzero_ps()); }

/* Sums of each of LANES vectors. */
INLINE Vector sums(const Vector v[LANES]) {
    const Vector a = _mm256_hadd_ps(_mm256_hadd_ps(v[0], v[1]), _mm256_hadd_ps(v[2], v[3]));
    const Vector b = _mm256_hadd_ps(_mm256_hadd_ps(v[4], v[5]), _mm256_hadd_ps(v[6], v[7]));
    return _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
}
#else
INLINE Vector load(const float *p) { return _mm512_loadu_ps(p); }
INLINE void store(float *p, Vector v) { _mm512_storeu_ps(p, v); }
INLINE Vector spread(float x) { return _mm512_set1_ps(x); }
INLINE Vector add(Vector a, Vector b) { return _mm512_add_ps(a, b); }
INLINE Vector take(Vector a, Vector b) { return _mm512_sub_ps(a, b); }
INLINE Vector times(Vector a, Vector b) { return _mm512_mul_ps(a, b); }
INLINE Vector times_plus(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
INLINE Vector relu(Vector a) { return _mm512_max_ps(a, _mm512_setzero_ps()); }

/* Sums of each of LANES vectors. */
INLINE Vector sums(const Vector v[LANES]) {
    Vector a[8], b[4], c[2];
    for (int i = 0; i < 8; i++)
        a[i] = _mm512_add_ps(_mm512_unpacklo_ps(v[2 * i], v[2 * i + 1]), _mm512_unpackhi_ps(v[2 * i], v[2 * i + 1]));
    for (int i = 0; i < 4; i++)
        b[i] = _mm512_add_ps(_mm512_shuffle_ps(a[2 * i], a[2 * i + 1], 0x44),
                             _mm512_shuffle_ps(a[2 * i], a[2 * i + 1], 0xEE));
    for (int i = 0; i < 2; i++)
        c[i] = _mm512_add_ps(_mm512_shuffle_f32x4(b[2 * i], b[2 * i + 1], 0x88),
                             _mm512_shuffle_f32x4(b[2 * i], b[2 * i + 1], 0xDD));
    return _mm512_add_ps(_mm512_shuffle_f32x4(c[0], c[1], 0x88), _mm512_shuffle_f32x4(c[0], c[1], 0xDD));
}
#endif

/* What is kept in memory, and products: sum + x * w, of GRAIN values for each lane. */

#if defined(BFLOAT16)
INLINE Vector get(const Value *p) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p)), 16));
}
INLINE void put(Value *p, Vector v) { _mm256_storeu_si256((__m256i *)p, (__m256i)_mm512_cvtneps_pbh(v)); }
INLINE void put_two(Value *p, Vector a, Vector b) { _mm512_storeu_si512(p, (__m512i)_mm512_cvtne2ps_pbh(b, a)); }
INLINE Factors factors(const Value *p) { return (Factors)_mm512_loadu_si512(p); }
INLINE Factors everywhere(const Value *p) { return (Factors)_mm512_set1_epi32(*(const int32_t *)p); }
INLINE Vector dot(Vector sum, Factors x, Factors w) { return _mm512_dpbf16_ps(sum, x, w); }
#else
INLINE Vector get(const Value *p) { return load(p); }
INLINE void put(Value *p, Vector v) { store(p, v); }
INLINE void put_two(Value *p, Vector a, Vector b) {
    store(p, a);
    store(p + LANES, b);
}
INLINE Factors factors(const Value *p) { return load(p); }
INLINE Factors everywhere(const Value *p) { return spread(*p); }
INLINE Vector dot(Vector sum, Factors x, Factors w) { return times_plus(x, w, sum); }
#endif

#endif
