/* POOL ARGMAX_X, ARGMAX_Y (Ethos-U85): acc[y][x][c] = k * 2^16 + (low 16 bits of the value), where k is the
 * first tap, counted from 0, with the largest IFM - zero point. OFM_SCALE, 1 >> 16 rounded down, leaves k.
 * Source: Vela 5.1.0, ethos_u85_register_cs_generator.cpp, GenerateOFMScalingForPooling ("separate values and
 * indices"). */
#include "npu/operations/internal.h"

#define INDEX_UNIT ((int64_t)1 << 16)

ns_code ns_npu_pool_argmax(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                           ns_error *error)
{
    const ns_npu_map *ifm = &operation->ifm;
    int64_t width = operation->ofm.width, depth = operation->ofm.depth;
    int taps = operation->kernel_height * operation->kernel_width;
    NS_TRY(ns_npu_spend(machine, (uint64_t)(operation->ofm.height * width * depth) * (uint64_t)taps, error));
    int32_t *image;
    void *memory;
    NS_TRY(ns_npu_pool_load(machine, operation, &image, error));
    NS_TRY(ns_npu_scratch(machine, (size_t)(width * depth), sizeof(int64_t), &memory, error));
    int64_t *row = memory;
    int64_t step =
        (operation->kernel_height > 1 ? operation->dilation_y * ifm->width : operation->dilation_x) *
        ifm->depth;
    for (int64_t y = 0; y < operation->ofm.height; y++) {
        for (int64_t x = 0; x < width; x++)
            for (int64_t c = 0; c < depth; c++) {
                const int32_t *a =
                    image + (y * operation->stride_y * ifm->width + x * operation->stride_x) * ifm->depth + c;
                int best = 0;
                for (int k = 1; k < taps; k++)
                    if (a[k * step] > a[best * step])
                        best = k;
                row[x * depth + c] = best * INDEX_UNIT + (a[best * step] & (INDEX_UNIT - 1));
            }
        NS_TRY(ns_npu_output_row(machine, output, y, row, error));
    }
    return NS_OK;
}
