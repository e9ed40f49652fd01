/* stored = table(clip(scale(accumulator + bias) + zero point)), low bytes; TANH and SIGMOID come before the
 * clip. Source: fact by fact in Vela 5.1.0, ethos_u55_register_cs_generator.cpp (GenerateActivation,
 * GenerateOFMPrecision) and ethos_u55_weight_encoder.cpp (scale records). */
#include "npu/operations/internal.h"

#include <inttypes.h>
#include <string.h>

#include "npu/memory/internal.h"
#include "npu/watch/rules.h"

/* Ethos-U85: what accumulators begin with, and room for them where they stay. */
static ns_code open_accumulators(ns_npu_machine *machine, const ns_npu_operation *operation,
                                 ns_npu_output_stage *out, ns_error *error)
{
    ns_npu_buffer *kept = &machine->accumulators;
    const ns_npu_map *ofm = &operation->ofm;
    void *memory;
    if (operation->accumulator_input == NS_NPU_ACCUMULATOR_KEEP) {
        if (!kept->valid)
            return ns_npu_undefined(
                machine, error, NS_NPU_UNDEFINED_NO_ACCUMULATORS,
                "ACC_FORMAT: the accumulators are kept, but no operation before has left any");
        if (kept->height != ofm->height || kept->width != ofm->width || kept->depth != ofm->depth)
            return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_KEPT_ACCUMULATORS,
                                    "ACC_FORMAT: kept accumulators of %" PRId64 " x %" PRId64 " x %" PRId64
                                    " for an OFM of %" PRId64 " x %" PRId64 " x %" PRId64,
                                    kept->height, kept->width, kept->depth, ofm->height, ofm->width,
                                    ofm->depth);
    } else if (operation->accumulators_stay) {
        kept->height = ofm->height;
        kept->width = ofm->width;
        kept->depth = ofm->depth;
        kept->bytes = sizeof(int64_t);
        NS_TRY(ns_npu_buffer_open(kept, machine->budget, error));
    } else {
        kept->valid = false;
    }
    if (operation->accumulator_input == NS_NPU_ACCUMULATOR_IFM2) {
        NS_TRY(ns_npu_map_check(machine, &operation->ifm2, false, error));
        NS_TRY(ns_npu_room(machine, (size_t)(ofm->width * ofm->depth), sizeof(int64_t), &memory, error));
        out->preload = memory;
    }
    return NS_OK;
}

/* No sum with what the accumulators began with is larger in magnitude; 0: not known. */
static int64_t bound_of(const ns_npu_machine *machine, const ns_npu_output_stage *output)
{
    const int64_t before = machine->accumulators.bound;
    if (output->operation->accumulator_input == NS_NPU_ACCUMULATOR_RESET)
        return output->bound;
    if (output->operation->accumulator_input != NS_NPU_ACCUMULATOR_KEEP || !output->bound || !before)
        return 0;
    return output->bound > INT64_MAX - before ? 0 : output->bound + before;
}

/* Adds what the accumulators began with; true when they stay and there is no output. */
static bool accumulate(ns_npu_machine *machine, ns_npu_output_stage *output, const ns_npu_piece *piece,
                       int64_t *row)
{
    const ns_npu_operation *operation = output->operation;
    ns_npu_buffer *kept = &machine->accumulators;
    const int64_t depth = operation->ofm.depth;
    const size_t count = (size_t)(piece->width * depth);
    const int64_t *before = NULL;
    if (operation->accumulator_input == NS_NPU_ACCUMULATOR_KEEP) {
        before = ns_npu_buffer_at(kept, piece->y, piece->x * depth);
    } else if (operation->accumulator_input == NS_NPU_ACCUMULATOR_IFM2) {
        ns_npu_map_read_wide(machine, &operation->ifm2, piece, output->preload);
        before = output->preload;
    }
    const bool is_kept = operation->accumulator_input == NS_NPU_ACCUMULATOR_KEEP;
    if (is_kept) { /* of at most 48 bits, as has been checked; an operation's own sum has 58 */
        machine->kernels.wide->add(row, 1, before, count);
        before = NULL;
    }
    /* Sums that leave 64 bits stop at their ends, which no accumulator holds: the check behind reports them.
     */
    for (size_t i = 0; before && i < count; i++)
        if (__builtin_add_overflow(row[i], before[i], &row[i]))
            row[i] = before[i] < 0 ? INT64_MIN : INT64_MAX;
    const bool last =
        piece->y == operation->ofm.height - 1 && piece->x + piece->width == operation->ofm.width;
    if (operation->accumulators_stay)
        memcpy(ns_npu_buffer_at(kept, piece->y, piece->x * depth), row, count * sizeof *row);
    if (last) {
        kept->valid = operation->accumulators_stay;
        kept->bound = bound_of(machine, output);
    }
    return operation->accumulators_stay;
}

/* What the kernels take of the scale records. */
static ns_code widen_records(ns_npu_machine *machine, ns_npu_output_stage *out, ns_error *error)
{
    const size_t depth = (size_t)out->operation->ofm.depth;
    void *memory;
    NS_TRY(ns_npu_room(machine, 5 * depth, sizeof(int64_t), &memory, error));
    int64_t *multiplier = memory, *positive = multiplier + depth, *negative = positive + depth,
            *shift = negative + depth;
    bool are_wide = true;
    out->bias = shift + depth;
    for (size_t c = 0; c < depth; c++) {
        const ns_scale_record *record = &out->records[c];
        const ns_npu_scale scale = {record->scale, record->shift, out->rounding, 0};
        are_wide &= ns_npu_scale_wide(&scale, &multiplier[c], &positive[c], &negative[c], &shift[c]);
        out->bias[c] = record->bias;
    }
    out->wide = (ns_wide_scales){are_wide ? multiplier : NULL, positive, negative, shift};
    return NS_OK;
}

ns_code ns_npu_output_open(ns_npu_machine *machine, const ns_npu_operation *operation,
                           ns_npu_output_stage *out, ns_error *error)
{
    *out = (ns_npu_output_stage){.operation = operation, .rounding = operation->scale.rounding};
    NS_TRY(ns_npu_map_check(machine, &operation->ofm, true, error));
    NS_TRY(ns_npu_table_check(machine, operation, error));
    NS_TRY(open_accumulators(machine, operation, out, error));
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
                                  : widen_records(machine, out, error);
}

ns_code ns_npu_accumulator_check(ns_npu_machine *machine, const ns_npu_operation *operation,
                                 const ns_npu_piece *piece, const int64_t *row, ns_error *error)
{
    const size_t count = (size_t)(piece->width * operation->ofm.depth);
    int64_t limit = (int64_t)1 << (operation->accumulator_bits - 1);
    int64_t low, high;
    machine->kernels.wide->range(row, count, &low, &high);
    if (high < limit && low >= -limit)
        return NS_OK;
    size_t i = 0;
    while (row[i] < limit && row[i] >= -limit)
        i++;
    return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_ACCUMULATOR_RANGE,
                            "OFM element [%" PRId64 ", %" PRId64 ", %" PRId64
                            "]: the accumulator would hold %" PRId64
                            ", which does not fit %d bits (ACC_FORMAT)",
                            piece->y, piece->x + (int64_t)i / operation->ofm.depth,
                            (int64_t)i % operation->ofm.depth, row[i], operation->accumulator_bits);
}

/* Whether all values are such as ns_wide_scales wants them. */
static bool fit_32_bits(const ns_npu_machine *machine, const int64_t *row, size_t count)
{
    int64_t low, high;
    machine->kernels.wide->range(row, count, &low, &high);
    return low > INT32_MIN && high <= INT32_MAX;
}

/* Per-channel: bias first, then each channel's own scale. The sum cannot wrap: a bias has at most 48 bits;
 * what accumulators began with has been checked; and an operation's own sum is of at most 2^28 elements
 * (MAX_IMAGE) of 32 bits, or products of 30. */
static ns_code scale_channels(ns_npu_machine *machine, const ns_npu_output_stage *output,
                              const ns_npu_piece *piece, int64_t *row, ns_error *error)
{
    const ns_npu_operation *operation = output->operation;
    int64_t width = piece->width, depth = operation->ofm.depth;
    const size_t count = (size_t)(width * depth);
    machine->kernels.wide->add(row, (size_t)width, output->bias, (size_t)depth);
    NS_TRY(ns_npu_accumulator_check(machine, operation, piece, row, error));
    if (output->wide.multiplier && fit_32_bits(machine, row, count)) {
        machine->kernels.wide->scale(row, (size_t)width, (size_t)depth, &output->wide);
        return NS_OK;
    }
    for (int64_t c = 0; c < depth; c++) {
        const ns_scale_record *record = &output->records[c];
        ns_npu_scale scale = {record->scale, record->shift, output->rounding, 0};
        ns_npu_scale_column(row + c, (size_t)width, (size_t)depth, &scale);
    }
    return NS_OK;
}

void ns_npu_scale_row(const ns_npu_machine *machine, const ns_npu_scale *scale, int64_t *row, size_t count)
{
    enum { COLUMNS = 4 };
    int64_t m[COLUMNS], positive[COLUMNS], negative[COLUMNS], shift[COLUMNS];
    bool is_wide = scale->scale != 1 || scale->shift != 0;
    for (int k = 0; k < COLUMNS && is_wide; k++)
        is_wide = ns_npu_scale_wide(scale, &m[k], &positive[k], &negative[k], &shift[k]);
    if (!is_wide || !fit_32_bits(machine, row, count)) {
        ns_npu_scale_column(row, count, 1, scale);
        return;
    }
    const ns_wide_scales wide = {m, positive, negative, shift};
    machine->kernels.wide->scale(row, count / COLUMNS, COLUMNS, &wide);
    ns_wide_scale_c(row + count / COLUMNS * COLUMNS, 1, count % COLUMNS, &wide);
}

/* Rule OFM_RANGE_32: a result of ADD, SUB or MUL that a 32-bit OFM cannot hold is its nearest end; under
 * strict_chip its low bits are stored. */
static void limit_to_32_bits(ns_npu_machine *machine, ns_npu_output_stage *output, const ns_npu_piece *piece,
                             int64_t *row, size_t count)
{
    const ns_npu_operation *operation = output->operation;
    for (size_t i = 0; i < count; i++) {
        if (row[i] >= INT32_MIN && row[i] <= INT32_MAX)
            continue;
        if (!output->left_32_bits)
            ns_npu_chip_rule(machine, NS_NPU_RULE_OFM_RANGE_32,
                             "OFM element [%" PRId64 ", %" PRId64 ", %" PRId64 "] is %" PRId64, piece->y,
                             piece->x + (int64_t)i / operation->ofm.depth, (int64_t)i % operation->ofm.depth,
                             row[i]);
        output->left_32_bits = true;
        if (!machine->options->strict_chip)
            row[i] = row[i] < 0 ? INT32_MIN : INT32_MAX;
        output->saturated++;
    }
}

/* ADD, SUB or MUL with a signed 32-bit OFM: what has no clip. */
static bool may_leave_32_bits(const ns_npu_operation *operation)
{
    return operation->kind == NS_NPU_ELEMENTWISE && operation->ofm.bytes == 4 && operation->ofm.is_signed &&
           operation->table == NS_NPU_TABLE_NONE && operation->elementwise <= 2; /* MUL, ADD, SUB */
}

ns_code ns_npu_output_piece(ns_npu_machine *machine, ns_npu_output_stage *output, const ns_npu_piece *piece,
                            int64_t *row, ns_error *error)
{
    const ns_npu_operation *operation = output->operation;
    const ns_npu_map *ofm = &operation->ofm;
    size_t count = (size_t)(piece->width * ofm->depth);
    NS_TRY(ns_npu_spend(machine, 0, error)); /* the operation's work is charged: for the clock */
    const int64_t bound = bound_of(machine, output);
    const bool fits = bound && bound < (int64_t)1 << (operation->accumulator_bits - 1);
    if (accumulate(machine, output, piece, row))
        return fits ? NS_OK : ns_npu_accumulator_check(machine, operation, piece, row, error);
    if (operation->accumulator_input != NS_NPU_ACCUMULATOR_RESET && !fits)
        NS_TRY(ns_npu_accumulator_check(machine, operation, piece, row, error));
    if (operation->scaling == NS_NPU_SCALING_CHANNEL)
        NS_TRY(scale_channels(machine, output, piece, row, error));
    else if (operation->scaling == NS_NPU_SCALING_GLOBAL)
        ns_npu_scale_row(machine, &operation->scale, row, count);
    int64_t zero_point = ofm->zero_point;
    const bool curve = ns_npu_table_is_curve(operation->table);
    if (curve)
        ns_npu_table_row(machine, operation, row, count);
    if (operation->clip) {
        /* Limits and zero point have 16 bits; the value may be the largest of 64. */
        const ns_wide_clip clip = {operation->clip_low - zero_point, operation->clip_high - zero_point,
                                   zero_point};
        output->saturated += clip.low <= clip.high ? machine->kernels.wide->clip(row, count, &clip)
                                                   : ns_wide_clip_c(row, count, &clip);
    } else if (zero_point != 0) {
        for (size_t i = 0; i < count; i++)
            row[i] = (int64_t)((uint64_t)row[i] + (uint64_t)zero_point); /* its low bits are stored */
    }
    if (operation->table != NS_NPU_TABLE_NONE && !curve)
        ns_npu_table_row(machine, operation, row, count);
    if (may_leave_32_bits(operation))
        limit_to_32_bits(machine, output, piece, row, count);
    ns_npu_map_write(machine, ofm, piece, row, sizeof *row);
    machine->result_flag = row[count - 1] != 0;
    return NS_OK;
}

ns_code ns_npu_output_row(ns_npu_machine *machine, ns_npu_output_stage *output, int64_t y, int64_t *row,
                          ns_error *error)
{
    const ns_npu_piece piece = ns_npu_map_row(&output->operation->ofm, y);
    return ns_npu_output_piece(machine, output, &piece, row, error);
}
