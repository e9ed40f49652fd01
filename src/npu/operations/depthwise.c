/* DEPTHWISE: acc[y][x][c] = bias[c] + sum over ky, kx of
 *           (IFM[y * sy + ky * dy - pad_top][x * sx + kx * dx - pad_left][c] - zero point) * W[ky][kx][c]
 * with zero outside the image; then each channel's scale.
 * Source: Vela 5.1.0, ethos_u55_weight_encoder.cpp (one weight per channel and tap). */
#include "npu/operations/internal.h"
#include "npu/weights/internal.h"

#include <string.h>

ns_code ns_npu_depthwise(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                         ns_error *error)
{
    ns_weights weights;
    ns_npu_image image;
    int64_t width = operation->ofm.width, depth = operation->ofm.depth;
    uint64_t taps = (uint64_t)operation->kernel_height * operation->kernel_width;
    uint64_t pixels = (uint64_t)operation->ofm.height * width * depth;
    NS_TRY(ns_npu_spend(machine, taps > UINT64_MAX / pixels ? UINT64_MAX : pixels * taps, error));
    NS_TRY(ns_npu_weights_get(machine, operation, &weights, error));
    NS_TRY(ns_npu_image_load(machine, operation, &image, error));
    if (machine->statistics)
        machine->statistics->macs += pixels * taps;
    void *row_memory;
    NS_TRY(ns_npu_room(machine, (size_t)(width * depth), sizeof(int64_t), &row_memory, error));
    int64_t *row = row_memory;
    for (int64_t y = 0; y < operation->ofm.height; y++) {
        memset(row, 0, (size_t)(width * depth) * sizeof(int64_t));
        for (int64_t x = 0; x < width; x++)
            for (int ky = 0; ky < operation->kernel_height; ky++)
                for (int kx = 0; kx < operation->kernel_width; kx++) {
                    int64_t image_y = y * operation->stride_y + (int64_t)ky * operation->dilation_y;
                    int64_t image_x = x * operation->stride_x + (int64_t)kx * operation->dilation_x;
                    const int16_t *a = image.data + (image_y * image.width + image_x) * image.depth;
                    const int16_t *w = weights.values + ((int64_t)ky * operation->kernel_width + kx) * depth;
                    int64_t *target = row + x * depth;
                    for (int64_t c = 0; c < depth; c++)
                        target[c] += (int32_t)a[c] * w[c];
                }
        NS_TRY(ns_npu_output_row(machine, output, y, row, error));
    }
    return NS_OK;
}
