/* Pixels from a decoder's colours: the bicubic picture added, and bytes. engine/pixels.py has the definition. */

#include "vector.h"

/* For each output along an axis, four source pixels: the first of them, and their weights. */
typedef struct {
    const int32_t *first;
    const float *weights; /* (outputs, 4) */
} Taps;

/* The picture that is added, or what of it is read. */
typedef struct {
    const char *pixels;             /* NULL: no picture is added */
    ptrdiff_t row, pixel, channel;  /* bytes from one to the next */
    int32_t across;                 /* pixels of a row that are read */
    int32_t most;                   /* 255 or 65535: whole numbers of one or two bytes; 1: float32, 0 .. 1 */
} Source;

typedef struct {
    int32_t height, width; /* outputs */
    Source source;
    Taps rows, columns;
    const float *colours;  /* of the first output; red, green and blue lie `plane` apart, rows `stride` */
    ptrdiff_t plane, stride;
    uint8_t *out;          /* of the first output; rows lie `out_stride` apart, outputs `step` */
    ptrdiff_t out_stride, step;
} Finish;

/* A value of the picture, 0 .. most. */
INLINE float value(const char *at, const int most) {
    if (most == 255)
        return *(const uint8_t *)at;
    return most == 65535 ? *(const uint16_t *)at : *(const float *)at;
}

/* A row of the picture, -1 .. 1, four values a pixel, the fourth for nothing. */
INLINE void unpack(const Source *s, ptrdiff_t row, const int most, float *out) {
    const char *at = s->pixels + row * s->row;
    for (int x = 0; x < s->across; x++, at += s->pixel) {
        const __m128 read = _mm_setr_ps(value(at, most), value(at + s->channel, most), value(at + 2 * s->channel, most), 0);
        const __m128 unit = _mm_div_ps(read, _mm_set1_ps(most));
        const __m128 clipped = _mm_min_ps(_mm_max_ps(unit, _mm_setzero_ps()), _mm_set1_ps(1));
        _mm_storeu_ps(out + 4 * x, _mm_fmsub_ps(clipped, _mm_set1_ps(2), _mm_set1_ps(1)));
    }
}

/* The same at all columns of outputs. unpacked: room for the row. */
INLINE void across_columns(const Finish *f, ptrdiff_t row, float *unpacked, float *out) {
    if (f->source.most == 255)
        unpack(&f->source, row, 255, unpacked);
    else if (f->source.most == 65535)
        unpack(&f->source, row, 65535, unpacked);
    else
        unpack(&f->source, row, 1, unpacked);
    for (int x = 0; x < f->width; x++) {
        const float *at = unpacked + (ptrdiff_t)f->columns.first[x] * 4, *w = f->columns.weights + 4 * x;
        __m128 sum = _mm_mul_ps(_mm_set1_ps(w[0]), _mm_loadu_ps(at));
        for (int k = 1; k < 4; k++)
            sum = _mm_fmadd_ps(_mm_set1_ps(w[k]), _mm_loadu_ps(at + 4 * k), sum);
        _mm_storeu_ps(out + 4 * x, sum);
    }
}

INLINE void bytes_of_row(const Finish *f, int y, float *const rows[4]) {
    const float *red = f->colours + y * f->stride, *green = red + f->plane, *blue = green + f->plane;
    uint8_t *out = f->out + y * f->out_stride;
    __m128 weights[4];
    for (int k = 0; k < 4; k++)
        weights[k] = _mm_set1_ps(f->source.pixels == NULL ? 0 : f->rows.weights[4 * y + k]);
    for (int x = 0; x < f->width; x++, out += f->step) {
        __m128 colour = _mm_setr_ps(red[x], green[x], blue[x], 0);
        if (f->source.pixels != NULL)
            for (int k = 0; k < 4; k++)
                colour = _mm_fmadd_ps(weights[k], _mm_loadu_ps(rows[k] + 4 * x), colour);
        colour = _mm_fmadd_ps(colour, _mm_set1_ps(127.5f), _mm_set1_ps(128.0f));
        colour = _mm_min_ps(_mm_max_ps(colour, _mm_set1_ps(0.5f)), _mm_set1_ps(255.5f));
        const __m128i whole = _mm_cvttps_epi32(colour), shorts = _mm_packus_epi32(whole, whole);
        const uint32_t pixel = (uint32_t)_mm_cvtsi128_si32(_mm_packus_epi16(shorts, shorts));
        const uint16_t first = (uint16_t)pixel;
        memcpy(out, &first, 2); /* another thread may write what follows the third */
        out[2] = (uint8_t)(pixel >> 16);
    }
}

/* memory: four rows of outputs and one of the source, four values each. */
TARGET static void finish_rows(const Finish *f, float *memory) {
    float *unpacked = memory + (size_t)f->width * 16;
    int next = f->source.pixels == NULL ? 0 : f->rows.first[0]; /* source rows before it are made */
    for (int y = 0; y < f->height; y++) {
        float *rows[4] = {NULL, NULL, NULL, NULL};
        if (f->source.pixels != NULL) {
            const int first = f->rows.first[y];
            for (next = next > first ? next : first; next < first + 4; next++)
                across_columns(f, next, unpacked, memory + (size_t)(next % 4) * f->width * 4);
            for (int k = 0; k < 4; k++)
                rows[k] = memory + (size_t)((first + k) % 4) * f->width * 4;
        }
        bytes_of_row(f, y, rows);
    }
}

/* 0: done; 1: no memory. */
int diif_viewer_finish(const Finish *f) {
    const size_t values = (size_t)f->width * 16 + (size_t)f->source.across * 4;
    float *memory = allocate((values * sizeof(float) + 63) / 64 * 64);
    if (memory == NULL)
        return 1;
    finish_rows(f, memory);
    release(memory);
    return 0;
}
