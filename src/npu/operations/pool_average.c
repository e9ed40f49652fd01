/* POOL AVERAGE: sum over the taps inside the image of IFM - zero point, then
 *   without padding (U55, U65): OFM_SCALE, which the compiler sets to a reciprocal of the kernel's size;
 *   with any padding (U55, U65), or always (U85): division by the number n of taps inside the image, half
 *   away from zero; OFM_SCALE counts only for a kernel of one tap (rules AVERAGE_SCALE and, for U55 and U65,
 *   docs/chip-rules.md).
 * A 1 x 1 AVERAGE is how U55 and U65 copy, rescale and apply tables.
 * Source: Vela 5.1.0, ethos_u55_register_cs_generator.cpp, GenerateOFMScalingForPooling ("padded
 * average-pools use HW-scaling"); which bit the chip looks at is open (docs/chip-rules.md). */
#include "npu/memory/internal.h"
#include "npu/operations/internal.h"
#include "npu/watch/rules.h"

#include <string.h>

/* round(sum / n), half away from zero. */
static int64_t divide(int64_t sum, int64_t n)
{
    int64_t magnitude = ((sum < 0 ? -sum : sum) + n / 2) / n;
    return sum < 0 ? -magnitude : magnitude;
}

/* A window of one tap is a copy through the output stage. */
static bool is_copy(const ns_npu_operation *operation)
{
    return operation->kernel_height == 1 && operation->kernel_width == 1 && operation->stride_y == 1 &&
           operation->stride_x == 1 && !operation->pad_top && !operation->pad_left &&
           !operation->pad_bottom && !operation->pad_right &&
           operation->accumulator_input == NS_NPU_ACCUMULATOR_RESET && operation->accumulator_bits >= 32;
}

static ns_code copy_piece(ns_npu_machine *machine, const ns_npu_operation *operation,
                          ns_npu_output_stage *output, const ns_npu_piece *piece, int64_t *row,
                          ns_error *error)
{
    ns_npu_map_read_wide(machine, &operation->ifm, piece, row);
    NS_TRY(ns_npu_accumulator_check(machine, operation, piece, row, error));
    return ns_npu_output_piece(machine, output, piece, row, error);
}

ns_code ns_npu_pool_average(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                            ns_error *error)
{
    const ns_npu_map *ifm = &operation->ifm;
    int64_t width = operation->ofm.width, depth = operation->ofm.depth;
    uint64_t taps = (uint64_t)operation->kernel_height * operation->kernel_width;
    uint64_t pixels = (uint64_t)operation->ofm.height * width * depth;
    NS_TRY(ns_npu_spend(machine, taps > UINT64_MAX / pixels ? UINT64_MAX : pixels * taps, error));
    bool is_done = false;
    if (is_copy(operation))
        NS_TRY(ns_npu_copy(machine, operation, ifm, output, copy_piece, &is_done, error));
    if (is_done) {
        return ns_npu_spend(machine, (uint64_t)(ifm->height * ifm->width * ifm->depth), error);
    }
    int32_t *image;
    void *row_memory;
    NS_TRY(ns_npu_pool_load(machine, operation, &image, error));
    NS_TRY(ns_npu_scratch(machine, (size_t)(width * depth), sizeof(int64_t), &row_memory, error));
    int64_t *row = row_memory;
    for (int64_t y = 0; y < operation->ofm.height; y++) {
        ns_npu_taps rows = ns_npu_taps_of(y, operation->stride_y, operation->pad_top,
                                          operation->kernel_height, operation->dilation_y, ifm->height);
        memset(row, 0, (size_t)(width * depth) * sizeof(int64_t));
        for (int64_t x = 0; x < width; x++) {
            ns_npu_taps columns = ns_npu_taps_of(x, operation->stride_x, operation->pad_left,
                                                 operation->kernel_width, operation->dilation_x, ifm->width);
            int64_t *target = row + x * depth;
            for (int ky = rows.begin; ky < rows.end; ky++)
                for (int kx = columns.begin; kx < columns.end; kx++) {
                    int64_t image_y = rows.first + (int64_t)ky * operation->dilation_y;
                    int64_t image_x = columns.first + (int64_t)kx * operation->dilation_x;
                    const int32_t *a = image + (image_y * ifm->width + image_x) * ifm->depth;
                    for (int64_t c = 0; c < depth; c++)
                        target[c] += a[c];
                }
            if (!operation->divide_by_taps)
                continue;
            int64_t n = (int64_t)(rows.end - rows.begin) * (columns.end - columns.begin);
            if (rows.begin >= rows.end || columns.begin >= columns.end)
                return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_WINDOW_IN_PADDING,
                                        "the window of OFM element [%lld, %lld] lies wholly in the padding",
                                        (long long)y, (long long)x);
            for (int64_t c = 0; c < depth; c++)
                target[c] = divide(target[c], n);
        }
        NS_TRY(ns_npu_accumulator_check(machine, operation, &(ns_npu_piece){y, 0, width}, row, error));
        NS_TRY(ns_npu_output_row(machine, output, y, row, error));
    }
    return NS_OK;
}
