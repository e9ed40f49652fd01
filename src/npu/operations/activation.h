/* Activation: the tables of the output stage. */
#ifndef NS_NPU_ACTIVATION_H
#define NS_NPU_ACTIVATION_H

#include "npu/operations/operation.h"

/* Bytes of a table; 0 without one, and for what is built in. */
size_t ns_npu_table_size(ns_npu_table_kind kind);

/* TANH or SIGMOID, loaded or built in: of values before the clip, which is applied to their results. */
bool ns_npu_table_is_curve(ns_npu_table_kind kind);

/* A fault when the operation's table reaches outside the internal memory or has bytes that no DMA wrote. */
ns_code ns_npu_table_check(ns_npu_machine *machine, const ns_npu_operation *operation, ns_error *error);

/* Looks `count` clipped values up, in place. A value outside the index type has been excluded by the clip;
 * where there is none, the index is taken modulo its width. */
void ns_npu_table_row(ns_npu_machine *machine, const ns_npu_operation *operation, int64_t *row, size_t count);

#endif
