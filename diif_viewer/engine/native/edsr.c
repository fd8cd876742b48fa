/* An EDSR encoder on a part of a picture: all of its 3x3 convolutions, ReLU and residual sums.
 *
 * engine/encoding.py has the definition in plain torch; tests hold this to it. Each layer is computed where the next
 * ones need it and nowhere else, so the halo costs half of what it does layer by layer on one size; and threads share each
 * layer, so that they have one halo together.
 */

#include "team.h"

typedef struct {
    Team team;
    const Encoding *e;
    int channels;
    Map maps[4];
    Value *memory;
} Encoder;

INLINE void encode(Encoder *made, const int channels) {
    const Encoding *e = made->e;
    const Map *image = made->maps, *shallow = image + 1, *x = image + 2, *inner = image + 3;
    const int layers = 2 * e->blocks + 2;
    const ptrdiff_t stride = (ptrdiff_t)(e->right - e->left) * channels;
    const Map out = {e->features - e->top * stride - e->left * channels, stride};
    for (Share share = share_of(&made->team); take_rows(&made->team, &share);) {
        const int n = share.step - 1;
        const Map *from = n <= 2 ? shallow : x;
        if (n < 0)
            copy_colours(e, share.rows, image);
        else if (n == 0)
            layer(COLOURS, channels, image, e->weights[0], e->bias[0], NULL, 0, share.rows, shallow);
        else if (n == layers - 1)
            layer(channels, channels, e->blocks ? x : shallow, e->weights[n], e->bias[n], shallow, 0, share.rows, &out);
        else if (n % 2)
            layer(channels, channels, from, e->weights[n], e->bias[n], NULL, 1, share.rows, inner);
        else
            layer(channels, channels, inner, e->weights[n], e->bias[n], from, 0, share.rows, x);
    }
}

TARGET static void encode_48(Encoder *made) { encode(made, 48); }

TARGET static void encode_64(Encoder *made) { encode(made, 64); }

/* What up to `threads` threads go on with together; NULL: no memory. The request must outlive it. */
void *diif_viewer_encode_begin(const Encoding *e, int channels, int threads) {
    Encoder *made = allocate(whole_registers(sizeof(Encoder)));
    if (made == NULL)
        return NULL;
    *made = (Encoder){.e = e, .channels = channels};
    made->memory = new_maps(e, made->maps, channels, 4);
    if (made->memory != NULL && new_team(&made->team, e, threads))
        return made;
    release(made->memory);
    release(made);
    return NULL;
}

/* Returns when nothing is left to begin; others may be at it. */
void diif_viewer_encode_join(Encoder *made) { (made->channels == 48 ? encode_48 : encode_64)(made); }

void diif_viewer_encode_end(Encoder *made) {
    release(made->team.done);
    release(made->memory);
    release(made);
}
