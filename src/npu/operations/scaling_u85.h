/* Registers to scales and activation, Ethos-U85. */
#ifndef NS_NPU_SCALING_U85_H
#define NS_NPU_SCALING_U85_H

#include "npu/operations/operation.h"

/* OFM_SCALE. With one scale per channel its multiplier and shift are a copy of channel 0's and only the
 * rounding counts. */
ns_code ns_npu_ofm_scale_u85(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error);

/* IFM_SCALE and, for two operands, IFM2_SCALE. */
ns_code ns_npu_operand_scales_u85(ns_npu_machine *machine, ns_npu_operation *out, bool both, ns_error *error);

/* Clip and table, of an OFM that is known. */
ns_code ns_npu_activation_u85(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error);

#endif
