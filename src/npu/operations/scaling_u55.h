/* Registers to scales and activation, Ethos-U55 and U65. */
#ifndef NS_NPU_SCALING_U55_H
#define NS_NPU_SCALING_U55_H

#include "npu/operations/operation.h"

ns_npu_rounding ns_npu_rounding_u55(int64_t mode);

/* OFM_SCALE's multiplier and shift. */
ns_code ns_npu_ofm_scale_u55(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error);

/* Scale records of a per-channel operation. */
ns_code ns_npu_scale_streams_u55(ns_npu_machine *machine, ns_npu_operation *out, int cores, ns_error *error);

/* Clip and table, of an OFM that is known. */
ns_code ns_npu_activation_u55(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error);

/* Of ADD and SUB; see elementwise_add.c. */
ns_code ns_npu_operand_scales_u55(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error);

#endif
