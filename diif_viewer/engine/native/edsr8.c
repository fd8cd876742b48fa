/* The EDSR encoder of edsr.c with products of bytes (bytes.h). The residual sums are in float32, and between blocks in
 * bfloat16. engine/native/edsr8.py prepares what it is handed.
 */

#include "bytes.h"
#include "edsr.h"

#if defined(BYTES)

typedef struct {
    Encoding part;           /* weights and bias: of the first layer alone */
    const ByteLayer *layers; /* 2 * blocks + 1: all but the first */
} ByteEncoding;

/* One convolution. Its ReLU as bytes to `inner`; or, where that is NULL, with `residual` added, to `out`, and as bytes
 * around MIDDLE to `bytes` if that is not NULL. */
INLINE void byte_layer(const ByteLayer *layer, const int channels, const ByteMap *in, const Map *residual, Part part,
                       const ByteMap *inner, const Map *out, const ByteMap *bytes) {
    float results[FEW * MOST];
    for (int y = part.top; y < part.bottom; y++)
        for (int x = part.left; x < part.right; x += FEW) {
            const ptrdiff_t position = y * in->across + x, above = position - in->across - 1;
            EACH_PANEL(channels, byte_panel(layer, 3, channels, channels, wide, in, above, at, results))
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
    char *bytes = allocate((scales + 2 * each + 63) / 64 * 64);
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
    release(memory);
    release(bytes);
    return failed;
}

#endif
