/* An EDSR encoder on a part of a picture: all of its 3x3 convolutions, ReLU and residual sums in one call.
 *
 * engine/encoding.py has the definition in plain torch; tests hold this to it. Each layer is computed where the next
 * ones need it and nowhere else, so the halo costs half of what it does layer by layer on one size.
 */

#include "edsr.h"

INLINE void encode(const Encoding *e, const int channels, const Map *image, const Map *shallow, const Map *x,
                   const Map *inner) {
    const int layers = 2 * e->blocks + 2;
    int n = 0;
    layer(COLOURS, channels, image, e->weights[0], e->bias[0], NULL, 0, around(e, layers - 1), shallow);
    for (const Map *from = shallow; n < layers - 2; from = x) {
        n++;
        layer(channels, channels, from, e->weights[n], e->bias[n], NULL, 1, around(e, layers - 1 - n), inner);
        n++;
        layer(channels, channels, inner, e->weights[n], e->bias[n], from, 0, around(e, layers - 1 - n), x);
    }
    const ptrdiff_t stride = (ptrdiff_t)(e->right - e->left) * channels;
    const Map out = {e->features - e->top * stride - e->left * channels, stride};
    layer(channels, channels, e->blocks ? x : shallow, e->weights[layers - 1], e->bias[layers - 1], shallow, 0,
          around(e, 0), &out);
}

TARGET static void encode_48(const Encoding *e, const Map *maps) {
    encode(e, 48, maps, maps + 1, maps + 2, maps + 3);
}

TARGET static void encode_64(const Encoding *e, const Map *maps) {
    encode(e, 64, maps, maps + 1, maps + 2, maps + 3);
}

/* 0: done; 1: no memory; 2: no such number of channels. */
int diif_viewer_encode(const Encoding *e, int channels) {
    if (channels != 48 && channels != 64)
        return 2;
    Map maps[4];
    Value *memory = new_maps(room_for(e), maps, channels, 4);
    if (memory == NULL)
        return 1;
    copy_colours(e, maps);
    (channels == 48 ? encode_48 : encode_64)(e, maps);
    release(memory);
    return 0;
}
