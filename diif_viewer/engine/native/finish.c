/* Pixels from a decoder's colours: the bicubic picture added, and bytes. engine/pixels.py has the definition. */

#include "vector.h"

/* For each output along an axis, four source pixels: the first of them, and their weights. */
typedef struct {
    const int32_t *first;
    const float *weights; /* (outputs, 4) */
} Taps;

typedef struct {
    int32_t height, width; /* outputs */
    int32_t across;        /* pixels of a row of the source */
    const float *source;   /* (.., across, 4), -1 .. 1, the fourth for nothing; NULL: no picture is added */
    Taps rows, columns;
    const float *colours;  /* of the first output; red, green and blue lie `plane` apart, rows `stride` */
    ptrdiff_t plane, stride;
    uint8_t *out;          /* of the first output; rows lie `out_stride` apart, outputs `step` */
    ptrdiff_t out_stride, step;
} Finish;

/* A source row at all columns of outputs. */
INLINE void across_columns(const Finish *f, ptrdiff_t row, float *out) {
    const float *source = f->source + row * f->across * 4;
    for (int x = 0; x < f->width; x++) {
        const float *at = source + (ptrdiff_t)f->columns.first[x] * 4, *w = f->columns.weights + 4 * x;
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
        weights[k] = _mm_set1_ps(f->source == NULL ? 0 : f->rows.weights[4 * y + k]);
    for (int x = 0; x < f->width; x++, out += f->step) {
        __m128 colour = _mm_setr_ps(red[x], green[x], blue[x], 0);
        if (f->source != NULL)
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

TARGET static void finish_rows(const Finish *f, float *memory) {
    int next = f->source == NULL ? 0 : f->rows.first[0]; /* source rows before it are made */
    for (int y = 0; y < f->height; y++) {
        float *rows[4] = {NULL, NULL, NULL, NULL};
        if (f->source != NULL) {
            const int first = f->rows.first[y];
            for (next = next > first ? next : first; next < first + 4; next++)
                across_columns(f, next, memory + (size_t)(next % 4) * f->width * 4);
            for (int k = 0; k < 4; k++)
                rows[k] = memory + (size_t)((first + k) % 4) * f->width * 4;
        }
        bytes_of_row(f, y, rows);
    }
}

/* 0: done; 1: no memory. */
int diif_viewer_finish(const Finish *f) {
    float *memory = malloc((size_t)f->width * 16 * sizeof(float));
    if (memory == NULL)
        return 1;
    finish_rows(f, memory);
    free(memory);
    return 0;
}
