/* POOL NONE (Ethos-U85): the accumulators as they begin, which is IFM2 (ACC_FORMAT's input), then the output
 * stage. How 32- and 64-bit data are copied, rescaled and transposed; the IFM's registers are dummies.
 * Source: Vela 5.1.0, ethos_u85_register_cs_generator.cpp, GeneratePoolingOp and GenerateAccFormat. */
#include <string.h>

#include "npu/operations/internal.h"

static ns_code copy_piece(ns_npu_machine *machine, const ns_npu_operation *operation,
                          ns_npu_output_stage *output, const ns_npu_piece *piece, int64_t *row,
                          ns_error *error)
{
    memset(row, 0, (size_t)(piece->width * operation->ofm.depth) * sizeof *row);
    return ns_npu_output_piece(machine, output, piece, row, error);
}

ns_code ns_npu_pool_none(ns_npu_machine *machine, ns_npu_operation *operation, ns_npu_output_stage *output,
                         ns_error *error)
{
    size_t count = (size_t)(operation->ofm.width * operation->ofm.depth);
    void *row;
    bool is_done = false;
    NS_TRY(ns_npu_spend(machine, (uint64_t)operation->ofm.height * count, error));
    if (operation->accumulator_input == NS_NPU_ACCUMULATOR_IFM2 && operation->accumulator_bits >= 32)
        NS_TRY(ns_npu_copy(machine, operation, &operation->ifm2, output, copy_piece, &is_done, error));
    if (is_done)
        return NS_OK;
    NS_TRY(ns_npu_scratch(machine, count, sizeof(int64_t), &row, error));
    for (int64_t y = 0; y < operation->ofm.height; y++) {
        memset(row, 0, count * sizeof(int64_t));
        NS_TRY(ns_npu_output_row(machine, output, y, row, error));
    }
    return NS_OK;
}
