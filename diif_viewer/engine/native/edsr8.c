/* The EDSR encoder of edsr.c with products of bytes (bytes.h). The residual sums are in float32, and between blocks in
 * bfloat16. engine/native/edsr8.py prepares what it is handed.
 */

#include "bytes.h"
#include "team.h"

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

typedef struct {
    Team team;
    const ByteEncoding *b;
    int channels;
    Map maps[3];
    ByteMap byte_maps[2];
    Value *memory;
    char *bytes;
} ByteEncoder;

INLINE void encode_bytes(ByteEncoder *made, const int channels) {
    const Encoding *e = &made->b->part;
    const Map *image = made->maps, *shallow = image + 1, *x = image + 2;
    const ByteMap *bytes = made->byte_maps, *inner = bytes + 1;
    const int layers = 2 * e->blocks + 2;
    const ptrdiff_t stride = (ptrdiff_t)(e->right - e->left) * channels;
    const Map out = {e->features - e->top * stride - e->left * channels, stride};
    for (Share share = share_of(&made->team); take_rows(&made->team, &share);) {
        const int n = share.step - 1;
        const ByteLayer *of = made->b->layers + n - 1;
        if (n < 0) {
            copy_colours(e, share.rows, image);
        } else if (n == 0) {
            layer(COLOURS, channels, image, e->weights[0], e->bias[0], NULL, 0, share.rows, shallow);
            bytes_of(shallow, channels, share.rows, bytes);
        } else if (n == layers - 1) {
            byte_layer(of, channels, bytes, shallow, share.rows, NULL, &out, NULL);
        } else if (n % 2) {
            byte_layer(of, channels, bytes, NULL, share.rows, inner, NULL, NULL);
        } else {
            byte_layer(of, channels, inner, n == 2 ? shallow : x, share.rows, NULL, x, bytes);
        }
    }
}

TARGET static void encode_bytes_48(ByteEncoder *made) { encode_bytes(made, 48); }

TARGET static void encode_bytes_64(ByteEncoder *made) { encode_bytes(made, 64); }

/* As those of edsr.c. */
void *diif_viewer_encode_bytes_begin(const ByteEncoding *b, int channels, int threads) {
    const Encoding *e = &b->part;
    const Room room = room_for(e);
    const size_t each = room.positions * channels, scales = 2 * room.positions * sizeof(float);
    ByteEncoder *made = allocate(whole_registers(sizeof(ByteEncoder)));
    if (made == NULL)
        return NULL;
    *made = (ByteEncoder){.b = b, .channels = channels};
    made->memory = new_maps(e, made->maps, channels, 3);
    made->bytes = allocate(whole_registers(scales + 2 * each));
    if (made->memory != NULL && made->bytes != NULL && new_team(&made->team, e, threads)) {
        for (int i = 0; i < 2; i++) {
            float *of = (float *)made->bytes + i * room.positions;
            char *values = made->bytes + scales + i * each;
            surround(e, (char *)of, sizeof(float), 0);
            surround(e, values, channels, i == 0 ? MIDDLE : 0);
            made->byte_maps[i] = (ByteMap){(uint8_t *)values + (room.across + 1) * channels, of + room.across + 1,
                                           (ptrdiff_t)room.across};
        }
        return made;
    }
    release(made->memory);
    release(made->bytes);
    release(made);
    return NULL;
}

void diif_viewer_encode_bytes_join(ByteEncoder *made) {
    (made->channels == 48 ? encode_bytes_48 : encode_bytes_64)(made);
}

void diif_viewer_encode_bytes_end(ByteEncoder *made) {
    release(made->team.done);
    release(made->memory);
    release(made->bytes);
    release(made);
}

#endif
