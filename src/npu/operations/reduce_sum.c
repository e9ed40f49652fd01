/* POOL REDUCE_SUM: value[y][x][0] = sum over c < IFM depth of IFM[y][x][c] - zero point; then the output
 * stage. The sum must fit the accumulator. Under a chip rule every sum is 0 (chip_rules.def, REDUCE_SUM_48).
 * Source: Vela 5.1.0, ethos_u55_register_cs_generator.cpp, GeneratePoolingOp. */
#include "npu/memory/internal.h"
#include "npu/operations/internal.h"

#include <string.h>

static void sum_row(ns_npu_machine *machine, const ns_npu_map *ifm, const ns_npu_piece *piece,
                    int32_t *source, int64_t width, int64_t *row)
{
    ns_npu_map_read(machine, ifm, piece, source);
    for (int64_t x = 0; x < width; x++) {
        int64_t sum = 0;
        for (int64_t c = 0; c < ifm->depth; c++)
            sum += source[x * ifm->depth + c];
        row[x] = sum;
    }
}

/* Of int16, at most 32768 a pixel: the sum fits. */
static void sum_short(const ns_npu_machine *machine, const int16_t *source, int64_t depth, int64_t width,
                      int64_t *row)
{
    for (int64_t x = 0; x < width; x++) {
        int32_t sum;
        machine->kernels.fused->sum(source + x * depth, (size_t)depth, 0, &sum);
        row[x] = sum;
    }
}

ns_code ns_npu_reduce_sum(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                          ns_error *error)
{
    const ns_npu_map *ifm = &operation->ifm;
    int64_t width = operation->ofm.width, depth = operation->ofm.depth;
    if (depth != 1 || operation->kernel_height != 1 || operation->kernel_width != 1 ||
        operation->stride_y != 1 || operation->stride_x != 1)
        return ns_npu_fault(machine, error,
                            "REDUCE_SUM wants an OFM depth of 1 and a 1 x 1 kernel of stride 1");
    if (operation->pad_top || operation->pad_left || operation->pad_right || operation->pad_bottom)
        return ns_npu_unsupported(machine, error, "REDUCE_SUM with padding");
    NS_TRY(ns_npu_map_check(machine, ifm, false, error));
    NS_TRY(ns_npu_spend(machine, (uint64_t)(ifm->height * ifm->width * ifm->depth), error));
    void *source_memory, *row_memory;
    NS_TRY(ns_npu_room(machine, (size_t)(ifm->width * ifm->depth), sizeof(int32_t), &source_memory, error));
    NS_TRY(ns_npu_scratch(machine, (size_t)width, sizeof(int64_t), &row_memory, error));
    int64_t *row = row_memory;
    const bool is_short = ifm->bytes == 2 && ifm->is_signed && ifm->zero_point == 0 && !ifm->scalar &&
                          ifm->upscale == NS_NPU_UPSCALE_NONE && ifm->depth <= 32768 &&
                          machine->kernels.fused;
    for (int64_t y = 0; y < operation->ofm.height; y++) {
        const ns_npu_piece piece = ns_npu_map_row(ifm, y);
        if (operation->gives_zeros)
            memset(row, 0, (size_t)width * sizeof *row);
        else if (is_short)
            sum_short(machine, ns_npu_map_take(machine, ifm, &piece, source_memory), ifm->depth, width, row);
        else
            sum_row(machine, ifm, &piece, source_memory, width, row);
        NS_TRY(ns_npu_accumulator_check(machine, operation, &(ns_npu_piece){y, 0, width}, row, error));
        NS_TRY(ns_npu_output_row(machine, output, y, row, error));
    }
    return NS_OK;
}
