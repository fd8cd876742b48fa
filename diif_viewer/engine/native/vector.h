/* The forms in which the kernels are compiled: what a register holds and what is kept in memory.
 *
 *   WIDE8    AVX-512: bfloat16 in memory, products of bytes, four at a time (bytes.h), what little else there is in float32
 *   NARROW8  the same with AVX2
 *   WIDE     AVX-512, all in float32
 *   NARROW   AVX2 with FMA, all in float32
 *
 * A tile's sums (TILE x PANEL registers), a panel of factors and one value fill the registers that there are.
 */

#ifndef DIIF_VIEWER_VECTOR_H
#define DIIF_VIEWER_VECTOR_H

#include <cpuid.h>
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(WIDE8) || defined(WIDE)
#define WIDE_REGISTERS
enum { LANES = 16, TILE = 8, PANEL = 3 };
typedef __m512 Vector;
#else
enum { LANES = 8, TILE = 4, PANEL = 3 };
typedef __m256 Vector;
#endif

#if defined(WIDE8) || defined(NARROW8)
#define BYTES
typedef uint16_t Value; /* a bfloat16 */
#else
typedef float Value;
#endif

#define AVX_512 "avx512f,avx512bw,avx512dq,avx512vl,fma"
#if defined(WIDE8)
#define TARGET __attribute__((target(AVX_512 ",avx512vnni")))
#define SUPPORTED (has_avx_512() && has(7, 0, ECX, 1u << 11)) /* VNNI */
#elif defined(WIDE)
#define TARGET __attribute__((target(AVX_512)))
#define SUPPORTED has_avx_512()
#elif defined(NARROW8)
#define TARGET __attribute__((target("avx2,fma,avxvnni")))
#define SUPPORTED (has_avx2() && has(7, 1, EAX, 1u << 4)) /* AVX-VNNI */
#elif defined(NARROW)
#define TARGET __attribute__((target("avx2,fma")))
#define SUPPORTED has_avx2()
#endif

/* Loops over the vectors and registers of a tile: unrolled, so that its sums stay in registers. */
#if defined(WIDE_REGISTERS)
#define EACH_VECTOR(i) _Pragma("GCC unroll 8") for (int i = 0; i < TILE; i++)
#else
#define EACH_VECTOR(i) _Pragma("GCC unroll 4") for (int i = 0; i < TILE; i++)
#endif
#define EACH_REGISTER(j) _Pragma("GCC unroll 3") for (int j = 0; j < PANEL; j++) if (j < wide)

/* Memory for whole registers: a multiple of 64 bytes. */
#if defined(_WIN32)
/* From the system itself: a C library of its own takes a minute to build where there is none. */
__declspec(dllimport) void *__stdcall GetProcessHeap(void);
__declspec(dllimport) void *__stdcall HeapAlloc(void *, unsigned long, size_t);
__declspec(dllimport) int __stdcall HeapFree(void *, unsigned long, void *);

static inline void *allocate(size_t bytes) {
    char *whole = HeapAlloc(GetProcessHeap(), 0, bytes + 64);
    if (whole == NULL)
        return NULL;
    char *memory = (char *)(((uintptr_t)whole + 64) & ~(uintptr_t)63);
    ((void **)memory)[-1] = whole;
    return memory;
}

static inline void release(void *memory) {
    if (memory != NULL)
        HeapFree(GetProcessHeap(), 0, ((void **)memory)[-1]);
}
#else
#define allocate(bytes) aligned_alloc(64, bytes)
#define release(memory) free(memory)
#endif

/* While another thread is at work: some microseconds at once, then whatever else wants to run first. */
#if defined(_WIN32)
__declspec(dllimport) int __stdcall SwitchToThread(void);
#define let_others() SwitchToThread()
#else
#include <sched.h>
#define let_others() sched_yield()
#endif

static inline void wait_a_little(int times) {
    if (times < 256)
        _mm_pause();
    else
        let_others();
}

#define INLINE static inline __attribute__((always_inline)) TARGET

/* What the processor says that it has (CPUID), and where: not all compilers know all of it by a name. */
enum { EAX, EBX, ECX };

static int has(unsigned leaf, unsigned part, int where, unsigned bits) { /* all of them */
    unsigned values[4] = {0, 0, 0, 0};
    return __get_cpuid_count(leaf, part, values, values + 1, values + 2, values + 3) && (values[where] & bits) == bits;
}

/* Whether the system keeps such registers (bits of XCR0) when it goes from one program to the next. */
static int keeps(unsigned registers) {
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & registers) == registers;
}

static inline int has_avx2(void) { /* FMA, XGETBV and AVX; registers of 256 bits; AVX2 */
    return has(1, 0, ECX, 1u << 12 | 1u << 27 | 1u << 28) && keeps(0x06) && has(7, 0, EBX, 1u << 5);
}

static inline int has_avx_512(void) { /* registers of 512 bits; F, DQ, BW and VL */
    return has_avx2() && keeps(0xE6) && has(7, 0, EBX, 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31);
}

/* float32 */

#if !defined(WIDE_REGISTERS)
INLINE Vector load(const float *p) { return _mm256_loadu_ps(p); }
INLINE void store(float *p, Vector v) { _mm256_storeu_ps(p, v); }
INLINE Vector spread(float x) { return _mm256_set1_ps(x); }
INLINE Vector add(Vector a, Vector b) { return _mm256_add_ps(a, b); }
INLINE Vector take(Vector a, Vector b) { return _mm256_sub_ps(a, b); }
INLINE Vector times(Vector a, Vector b) { return _mm256_mul_ps(a, b); }
INLINE Vector times_plus(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
INLINE Vector larger(Vector a, Vector b) { return _mm256_max_ps(a, b); }
INLINE Vector relu(Vector a) { return larger(a, _mm256_setzero_ps()); }

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
INLINE Vector larger(Vector a, Vector b) { return _mm512_max_ps(a, b); }
INLINE Vector relu(Vector a) { return larger(a, _mm512_setzero_ps()); }

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

/* What is kept in memory. */

#if !defined(BYTES)
INLINE Vector get(const Value *p) { return load(p); }
INLINE void put(Value *p, Vector v) { store(p, v); }
#elif defined(WIDE_REGISTERS)
INLINE Vector get(const Value *p) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p)), 16));
}
INLINE void put(Value *p, Vector v) {
    const __m512i bits = _mm512_castps_si512(v), odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i half = _mm512_add_epi32(_mm512_set1_epi32(0x7FFF), odd); /* to the nearest, of two to the even one */
    const __m512i rounded = _mm512_srli_epi32(_mm512_add_epi32(bits, half), 16);
    _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi32_epi16(rounded));
}
#else
INLINE Vector get(const Value *p) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p)), 16));
}
INLINE void put(Value *p, Vector v) {
    const __m256i bits = _mm256_castps_si256(v), odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i half = _mm256_add_epi32(_mm256_set1_epi32(0x7FFF), odd); /* to the nearest, of two to the even one */
    const __m256i rounded = _mm256_srli_epi32(_mm256_add_epi32(bits, half), 16);
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(rounded, rounded), 0x08);
    _mm_storeu_si128((__m128i *)p, _mm256_castsi256_si128(packed));
}
#endif

/* One kept value in all lanes. */
INLINE Vector everywhere(const Value *p) {
#if defined(BYTES)
    const uint32_t bits = (uint32_t)*p << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return spread(value);
#else
    return spread(*p);
#endif
}

#endif
