/* Output: the stage behind every operation: scale, zero point, clip, table, store. */
#ifndef NS_NPU_OUTPUT_H
#define NS_NPU_OUTPUT_H

#include "npu/operations/operation.h"

typedef struct ns_npu_output_stage {
    const ns_npu_operation *operation;
    const ns_scale_record *records; /* CHANNEL scaling: bias and scale of each OFM channel */
    ns_npu_rounding rounding;
    int64_t *preload;  /* a row of IFM2, where accumulators begin with it */
    int64_t saturated; /* elements that the clip changed, so far */
    bool left_32_bits; /* rule OFM_RANGE_32 has struck */
} ns_npu_output_stage;

/* Checks the OFM's memory and the table, and reads the scale records. */
ns_code ns_npu_output_open(ns_npu_machine *machine, const ns_npu_operation *operation,
                           ns_npu_output_stage *out, ns_error *error);

/* Takes row y of the OFM, width * depth values [x][c] before bias and scaling; they are overwritten. A fault
 * when a value and its bias exceed the accumulator (CHANNEL scaling). */
ns_code ns_npu_output_row(ns_npu_machine *machine, ns_npu_output_stage *output, int64_t y, int64_t *row,
                          ns_error *error);

/* Fault unless all `count` values fit the operation's accumulator. */
ns_code ns_npu_accumulator_check(ns_npu_machine *machine, const ns_npu_operation *operation, int64_t y,
                                 const int64_t *row, size_t count, ns_error *error);

#endif
