/* POOL MAX: value[y][x][c] = max over the taps inside the image of IFM - zero point; POOL MIN (Ethos-U85):
 * min; then the output stage.
 * A window with no tap inside the image is a fault: nothing says what the chip does then. */
#include "npu/operations/internal.h"
#include "npu/watch/rules.h"

ns_code ns_npu_pool_max(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                        ns_error *error)
{
    const ns_npu_map *ifm = &operation->ifm;
    int64_t width = operation->ofm.width, depth = operation->ofm.depth;
    uint64_t taps = (uint64_t)operation->kernel_height * operation->kernel_width;
    uint64_t pixels = (uint64_t)operation->ofm.height * width * depth;
    NS_TRY(ns_npu_spend(machine, taps > UINT64_MAX / pixels ? UINT64_MAX : pixels * taps, error));
    bool least = operation->kind == NS_NPU_POOL_MIN;
    int32_t *image;
    void *row_memory;
    NS_TRY(ns_npu_pool_load(machine, operation, &image, error));
    NS_TRY(ns_npu_scratch(machine, (size_t)(width * depth), sizeof(int64_t), &row_memory, error));
    int64_t *row = row_memory;
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
            int64_t *target = row + x * depth;
            for (int64_t c = 0; c < depth; c++)
                target[c] = least ? INT64_MAX : INT64_MIN;
            for (int ky = rows.begin; ky < rows.end; ky++)
                for (int kx = columns.begin; kx < columns.end; kx++) {
                    int64_t image_y = rows.first + (int64_t)ky * operation->dilation_y;
                    int64_t image_x = columns.first + (int64_t)kx * operation->dilation_x;
                    const int32_t *a = image + (image_y * ifm->width + image_x) * ifm->depth;
                    if (least)
                        for (int64_t c = 0; c < depth; c++)
                            target[c] = a[c] < target[c] ? a[c] : target[c];
                    else
                        for (int64_t c = 0; c < depth; c++)
                            target[c] = a[c] > target[c] ? a[c] : target[c];
                }
        }
        NS_TRY(ns_npu_output_row(machine, output, y, row, error));
    }
    return NS_OK;
}
