/* The EDSR encoder of edsr.c with products of bytes: each instruction has twice as many of them as of bfloat16.
 *
 * What a convolution reads is rounded to bytes, position by position: a position's largest value has the largest byte, so
 * faint detail keeps as many steps as strong one, and what comes of it depends on no other position. Sums over a position's
 * channels are exact; those over the nine positions, and the residual sums, are in float32, and between blocks in bfloat16.
 * engine/native/edsr8.py prepares the weights.
 */

#include "edsr.h"

#if defined(BFLOAT16)

enum {
    MIDDLE = 128, /* stands for zero where values have signs */
    FEW = 4,      /* positions that are computed together: sums of bytes and of their products take a register each */
    MOST = 64     /* channels */
};
#define EACH_OF_FEW(i) _Pragma("GCC unroll 4") for (int i = 0; i < FEW; i++)

typedef int32_t Count __attribute__((vector_size(64)));

/* A convolution of bytes. */
typedef struct {
    const int8_t *weights;    /* panels as in tile.h, four inputs at a time, in the order (3, 3, channels) */
    const int32_t *beginning; /* (9, channels): what makes MIDDLE stand for zero */
    const float *scale;       /* (channels): what a weight of 1 stands for */
    const float *bias;        /* (channels) */
} ByteLayer;

typedef struct {
    Encoding part;           /* weights and bias: of the first layer alone */
    const ByteLayer *layers; /* 2 * blocks + 1: all but the first */
} ByteEncoding;

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

/* One panel of results at FEW positions of a row, from the one at `position` on: (FEW, channels), before scale and bias. */
INLINE void byte_panel(const ByteLayer *layer, const int channels, const int wide, const ByteMap *in, ptrdiff_t position,
                       int at, float *results) {
    const int8_t *weights = layer->weights + (size_t)at * 9 * channels;
    Vector sum[FEW][PANEL];
    EACH_OF_FEW(i)
        EACH_REGISTER(j)
            sum[i][j] = spread(0);
    for (int tap = 0; tap < 9; tap++) {
        const ptrdiff_t first = position + (tap / 3 - 1) * in->across + tap % 3 - 1;
        const uint8_t *values = in->values + first * channels;
        const int32_t *beginning = layer->beginning + tap * channels + at;
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
            store(results + i * channels + at + j * LANES, sum[i][j]);
}

/* One convolution. Its ReLU as bytes to `inner`; or, where that is NULL, with `residual` added, to `out`, and as bytes
 * around MIDDLE to `bytes` if that is not NULL. */
INLINE void byte_layer(const ByteLayer *layer, const int channels, const ByteMap *in, const Map *residual, Part part,
                       const ByteMap *inner, const Map *out, const ByteMap *bytes) {
    float results[FEW * MOST];
    for (int y = part.top; y < part.bottom; y++)
        for (int x = part.left; x < part.right; x += FEW) {
            const ptrdiff_t position = y * in->across + x;
            EACH_PANEL(channels, byte_panel(layer, channels, wide, in, position, at, results))
            const int count = part.right - x < FEW ? part.right - x : FEW;
            for (int i = 0; i < count; i++) {
                float *values = results + i * channels;
                for (int c = 0; c < channels; c += LANES) {
                    const Vector value = times_plus(load(values + c), load(layer->scale + c), load(layer->bias + c));
                    if (inner != NULL) {
                        store(values + c, relu(value));
                    } else {
                        const ptrdiff_t place = (ptrdiff_t)(x + i) * channels + c;
                        const Vector whole = add(value, get(residual->values + y * residual->stride + place));
                        put(out->values + y * out->stride + place, whole);
                        store(values + c, whole);
                    }
                }
                if (inner != NULL)
                    put_bytes(inner, channels, position + i, values, 0);
                else if (bytes != NULL)
                    put_bytes(bytes, channels, position + i, values, MIDDLE);
            }
        }
}

/* What the first layer has made, as bytes. */
INLINE void bytes_of(const Map *from, const int channels, Part part, const ByteMap *to) {
    float values[MOST];
    for (int y = part.top; y < part.bottom; y++)
        for (int x = part.left; x < part.right; x++) {
            for (int c = 0; c < channels; c += LANES)
                store(values + c, get(from->values + y * from->stride + x * channels + c));
            put_bytes(to, channels, y * to->across + x, values, MIDDLE);
        }
}

INLINE void encode_bytes(const ByteEncoding *b, const int channels, const Map *maps, const ByteMap *byte_maps) {
    const Encoding *e = &b->part;
    const Map *image = maps, *shallow = maps + 1, *x = maps + 2;
    const ByteMap *bytes = byte_maps, *inner = byte_maps + 1;
    const int layers = 2 * e->blocks + 2;
    const Part first = around(e, layers - 1);
    layer(COLOURS, channels, image, e->weights[0], e->bias[0], NULL, 0, first, shallow);
    bytes_of(shallow, channels, first, bytes);
    int n = 1;
    for (const Map *from = shallow; n < layers - 1; n += 2, from = x) {
        byte_layer(b->layers + n - 1, channels, bytes, NULL, around(e, layers - 1 - n), inner, NULL, NULL);
        byte_layer(b->layers + n, channels, inner, from, around(e, layers - 2 - n), NULL, x, bytes);
    }
    const ptrdiff_t stride = (ptrdiff_t)(e->right - e->left) * channels;
    const Map out = {e->features - e->top * stride - e->left * channels, stride};
    byte_layer(b->layers + n - 1, channels, bytes, shallow, around(e, 0), NULL, &out, NULL);
}

TARGET static void encode_bytes_48(const ByteEncoding *e, const Map *maps, const ByteMap *bytes) {
    encode_bytes(e, 48, maps, bytes);
}

TARGET static void encode_bytes_64(const ByteEncoding *e, const Map *maps, const ByteMap *bytes) {
    encode_bytes(e, 64, maps, bytes);
}

/* 0: done; 1: no memory; 2: no such number of channels. */
int diif_viewer_encode_bytes(const ByteEncoding *b, int channels) {
    if (channels != 48 && channels != 64)
        return 2;
    Map maps[3];
    ByteMap byte_maps[2];
    const Room room = room_for(&b->part);
    const size_t each = room.positions * channels, scales = 2 * room.positions * sizeof(float);
    Value *memory = new_maps(room, maps, channels, 3);
    char *bytes = aligned_alloc(64, (scales + 2 * each + 63) / 64 * 64);
    if (memory != NULL && bytes != NULL) {
        memset(bytes, 0, scales);
        memset(bytes + scales, MIDDLE, each);
        memset(bytes + scales + each, 0, each);
        for (int i = 0; i < 2; i++)
            byte_maps[i] = (ByteMap){(uint8_t *)bytes + scales + i * each + (room.across + 1) * channels,
                                     (float *)bytes + i * room.positions + room.across + 1, (ptrdiff_t)room.across};
        copy_colours(&b->part, maps);
        (channels == 48 ? encode_bytes_48 : encode_bytes_64)(b, maps, byte_maps);
    }
    const int failed = memory == NULL || bytes == NULL;
    free(memory);
    free(bytes);
    return failed;
}

#endif
