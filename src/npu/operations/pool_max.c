/* POOL MAX: value[y][x][c] = max over the taps inside the image of IFM - zero point; POOL MIN (Ethos-U85):
 * min; then the output stage.
 * A window with no tap inside the image is a fault: nothing says what the chip does then. */
#include "npu/memory/internal.h"
#include "npu/operations/internal.h"
#include "npu/watch/rules.h"

#include <string.h>

/* Taps of one output pixel. */
typedef struct window {
    const ns_npu_taps *rows, *columns;
} window;

/* Where tap (ky, kx) lies, in elements. */
static int64_t place_of(const ns_npu_operation *operation, const window *w, int ky, int kx)
{
    const int64_t y = w->rows->first + (int64_t)ky * operation->dilation_y;
    const int64_t x = w->columns->first + (int64_t)kx * operation->dilation_x;
    return (y * operation->ifm.width + x) * operation->ifm.depth;
}

/* The largest, or the least, of each channel. With one channel the taps of a row that is not dilated lie side
 * by side. */
#define TAKE_WINDOW(type)                                                                          \
    static void take_##type(const ns_npu_operation *operation, const type *image, const window *w, \
                            bool least, type *out)                                                 \
    {                                                                                              \
        const int64_t depth = operation->ofm.depth;                                                \
        const bool is_line = depth == 1 && operation->dilation_x == 1;                             \
        const int taps = is_line ? 1 : w->columns->end - w->columns->begin;                        \
        memcpy(out, image + place_of(operation, w, w->rows->begin, w->columns->begin),             \
               (size_t)depth * sizeof *out);                                                       \
        for (int ky = w->rows->begin; ky < w->rows->end; ky++)                                     \
            for (int kx = w->columns->begin; kx < w->columns->begin + taps; kx++) {                \
                const type *a = image + place_of(operation, w, ky, kx);                            \
                if (is_line) {                                                                     \
                    type low = out[0], high = out[0];                                              \
                    for (int k = 0; k < w->columns->end - w->columns->begin; k++) {                \
                        low = a[k] < low ? a[k] : low;                                             \
                        high = a[k] > high ? a[k] : high;                                          \
                    }                                                                              \
                    out[0] = least ? low : high;                                                   \
                } else if (least) {                                                                \
                    for (int64_t c = 0; c < depth; c++)                                            \
                        out[c] = a[c] < out[c] ? a[c] : out[c];                                    \
                } else {                                                                           \
                    for (int64_t c = 0; c < depth; c++)                                            \
                        out[c] = a[c] > out[c] ? a[c] : out[c];                                    \
                }                                                                                  \
            }                                                                                      \
    }
TAKE_WINDOW(int16_t)
TAKE_WINDOW(int32_t)

static bool is_identity(const ns_npu_operation *operation)
{
    return operation->scaling == NS_NPU_SCALING_NONE ||
           (operation->scaling == NS_NPU_SCALING_GLOBAL && operation->scale.scale == 1 &&
            operation->scale.shift == 0);
}

/* *out NULL: elements or results want more than 16 bits. */
static ns_code load_short(ns_npu_machine *machine, const ns_npu_operation *operation, ns_npu_short *result,
                          const int16_t **out, ns_error *error)
{
    const ns_npu_map *ifm = &operation->ifm;
    const int64_t row = ifm->width * ifm->depth;
    bool takes = false;
    *out = NULL;
    if (ifm->bytes == 2 && ifm->is_signed && ifm->zero_point == 0 && !ifm->scalar &&
        ifm->upscale == NS_NPU_UPSCALE_NONE && is_identity(operation) &&
        operation->accumulator_input == NS_NPU_ACCUMULATOR_RESET)
        NS_TRY(ns_npu_short_open(machine, operation, result, &takes, error));
    if (!takes || ifm->height > ((int64_t)1 << 28) / row)
        return NS_OK;
    void *data;
    NS_TRY(ns_npu_map_check(machine, ifm, false, error));
    NS_TRY(ns_npu_spend(machine, (uint64_t)(ifm->height * row), error));
    NS_TRY(ns_npu_room(machine, (size_t)(ifm->height * row), sizeof(int16_t), &data, error));
    for (int64_t y = 0; y < ifm->height; y++) {
        const ns_npu_piece piece = ns_npu_map_row(ifm, y);
        int16_t *target = (int16_t *)data + y * row;
        const void *place = ns_npu_map_take(machine, ifm, &piece, target);
        if (place != target)
            memcpy(target, place, (size_t)row * sizeof *target);
    }
    *out = data;
    return NS_OK;
}

ns_code ns_npu_pool_max(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                        ns_error *error)
{
    const ns_npu_map *ifm = &operation->ifm;
    int64_t width = operation->ofm.width, depth = operation->ofm.depth;
    uint64_t taps = (uint64_t)operation->kernel_height * operation->kernel_width;
    uint64_t pixels = (uint64_t)operation->ofm.height * width * depth;
    NS_TRY(ns_npu_spend(machine, taps > UINT64_MAX / pixels ? UINT64_MAX : pixels * taps, error));
    bool least = operation->kind == NS_NPU_POOL_MIN;
    const int16_t *short_image;
    int32_t *image = NULL;
    void *memory;
    ns_npu_short result;
    NS_TRY(load_short(machine, operation, &result, &short_image, error));
    if (!short_image)
        NS_TRY(ns_npu_pool_load(machine, operation, &image, error));
    NS_TRY(ns_npu_room(machine, (size_t)(width * depth), sizeof(int64_t), &memory, error));
    int64_t *row = memory;
    NS_TRY(ns_npu_room(machine, (size_t)(width * depth), sizeof(int32_t), &memory, error));
    int32_t *values = memory;
    int16_t *short_row = memory;
    for (int64_t y = 0; y < operation->ofm.height; y++) {
        ns_npu_taps rows = ns_npu_taps_of(y, operation->stride_y, operation->pad_top,
                                          operation->kernel_height, operation->dilation_y, ifm->height);
        for (int64_t x = 0; x < width; x++) {
            ns_npu_taps columns = ns_npu_taps_of(x, operation->stride_x, operation->pad_left,
                                                 operation->kernel_width, operation->dilation_x, ifm->width);
            if (rows.begin >= rows.end || columns.begin >= columns.end)
                return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_WINDOW_IN_PADDING,
                                        "the window of OFM element [%lld, %lld] lies wholly in the padding",
                                        (long long)y, (long long)x);
            const window w = {&rows, &columns};
            if (short_image)
                take_int16_t(operation, short_image, &w, least, short_row + x * depth);
            else
                take_int32_t(operation, image, &w, least, values + x * depth);
        }
        if (short_image) {
            const ns_npu_piece piece = ns_npu_map_row(&operation->ofm, y);
            NS_TRY(ns_npu_spend(machine, 0, error)); /* for the clock */
            (void)ns_npu_short_clip(machine, &result, short_row, (size_t)(width * depth), output);
            ns_npu_short_write(machine, operation, &result, &piece, short_row);
            continue;
        }
        for (int64_t i = 0; i < width * depth; i++)
            row[i] = values[i];
        NS_TRY(ns_npu_output_row(machine, output, y, row, error));
    }
    return NS_OK;
}
