/* stored = table(clip(scale(accumulator + bias) + zero point)), low bytes.
 * Source: fact by fact in Vela 5.1.0, ethos_u55_register_cs_generator.cpp (GenerateActivation,
 * GenerateOFMPrecision) and ethos_u55_weight_encoder.cpp (scale records). */
#include "npu/output.h"

#include <inttypes.h>

#include "npu/activation.h"
#include "npu/map.h"

ns_code ns_npu_output_open(ns_npu_machine *machine, const ns_npu_operation *operation,
                           ns_npu_output_stage *out, ns_error *error)
{
    *out = (ns_npu_output_stage){.operation = operation, .rounding = operation->scale.rounding};
    NS_TRY(ns_npu_map_check(machine, &operation->ofm, true, error));
    NS_TRY(ns_npu_table_check(machine, operation, error));
    if (operation->scaling != NS_NPU_SCALING_CHANNEL)
        return NS_OK;
    ns_bytes streams[2];
    for (int i = 0; i < operation->scale_streams; i++) {
        uint8_t *data;
        NS_TRY(ns_npu_span(machine, operation->scale_region, operation->scale_base[i],
                           operation->scale_length[i], false, "scale records", &data, error));
        streams[i] = (ns_bytes){data, operation->scale_length[i]};
    }
    ns_scale_record *records;
    ns_error inner = {0};
    ns_code code = ns_scales_decode(operation->scale_format, streams, operation->scale_streams,
                                    (int)operation->ofm.depth, machine->scratch, &records, &inner);
    out->records = records;
    return code == NS_ERROR_FAULT ? ns_npu_fault(machine, error, "%s", inner.message)
           : code != NS_OK        ? ns_fail(error, code, "%s", inner.message)
                                  : NS_OK;
}

ns_code ns_npu_accumulator_check(ns_npu_machine *machine, const ns_npu_operation *operation, int64_t y,
                                 const int64_t *row, size_t count, ns_error *error)
{
    int64_t limit = (int64_t)1 << (operation->accumulator_bits - 1);
    int64_t low = 0, high = 0;
    for (size_t i = 0; i < count; i++) {
        low = row[i] < low ? row[i] : low;
        high = row[i] > high ? row[i] : high;
    }
    if (high < limit && low >= -limit)
        return NS_OK;
    size_t i = 0;
    while (row[i] < limit && row[i] >= -limit)
        i++;
    return ns_npu_fault(machine, error,
                        "OFM element [%" PRId64 ", %" PRId64 ", %" PRId64
                        "]: the accumulator would hold %" PRId64 ", which does not fit %d bits (ACC_FORMAT)",
                        y, (int64_t)i / operation->ofm.depth, (int64_t)i % operation->ofm.depth, row[i],
                        operation->accumulator_bits);
}

/* Per-channel: bias first, then each channel's own scale. */
static ns_code scale_channels(ns_npu_machine *machine, const ns_npu_output_stage *output, int64_t y,
                              int64_t *row, ns_error *error)
{
    const ns_npu_operation *operation = output->operation;
    int64_t width = operation->ofm.width, depth = operation->ofm.depth;
    for (int64_t x = 0; x < width; x++)
        for (int64_t c = 0; c < depth; c++)
            row[x * depth + c] += output->records[c].bias;
    NS_TRY(ns_npu_accumulator_check(machine, operation, y, row, (size_t)(width * depth), error));
    for (int64_t c = 0; c < depth; c++) {
        const ns_scale_record *record = &output->records[c];
        ns_npu_scale scale = {record->scale, record->shift, output->rounding, 0};
        ns_npu_scale_column(row + c, (size_t)width, (size_t)depth, &scale);
    }
    return NS_OK;
}

ns_code ns_npu_output_row(ns_npu_machine *machine, ns_npu_output_stage *output, int64_t y, int64_t *row,
                          ns_error *error)
{
    const ns_npu_operation *operation = output->operation;
    const ns_npu_map *ofm = &operation->ofm;
    size_t count = (size_t)(ofm->width * ofm->depth);
    if (operation->scaling == NS_NPU_SCALING_CHANNEL)
        NS_TRY(scale_channels(machine, output, y, row, error));
    else if (operation->scaling == NS_NPU_SCALING_GLOBAL)
        ns_npu_scale_column(row, count, 1, &operation->scale);
    int64_t zero_point = ofm->zero_point;
    if (operation->clip) {
        int64_t low = operation->clip_low, high = operation->clip_high, saturated = 0;
        for (size_t i = 0; i < count; i++) {
            int64_t value = row[i] + zero_point;
            saturated += value < low || value > high;
            value = value < low ? low : value;
            row[i] = value > high ? high : value;
        }
        output->saturated += saturated;
    } else if (zero_point != 0) {
        for (size_t i = 0; i < count; i++)
            row[i] += zero_point;
    }
    if (operation->table != NS_NPU_TABLE_NONE)
        ns_npu_table_row(machine, operation, row, count);
    ns_npu_map_write(machine, ofm, y, row);
    return NS_OK;
}
