/* Registers to the parts of an operation, for each family. */
#ifndef NS_NPU_OPERATIONS_PARTS_H
#define NS_NPU_OPERATIONS_PARTS_H

#include "npu/operations/operation.h"
#include "npu/operations/operation_common.h"

/* Registers to the parts of an operation, Ethos-U55 and U65: feature maps (maps_u55.c), scales and activation
 * (scaling_u55.c). */

extern const ns_npu_operation_fields ns_npu_fields_u55;

/* OFM and IFM, but for the IFM's height and width, which depend on the operation. */
ns_code ns_npu_maps_u55(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error);

/* IFM2 of an elementwise operation, after the OFM. */
ns_code ns_npu_ifm2_u55(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error);

ns_npu_rounding ns_npu_rounding_u55(int64_t mode);

/* OFM_SCALE's multiplier and shift. */
ns_code ns_npu_ofm_scale_u55(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error);

/* Scale records of a per-channel operation. */
ns_code ns_npu_scale_streams_u55(ns_npu_machine *machine, ns_npu_operation *out, int cores, ns_error *error);

/* Clip and table, of an OFM that is known. */
ns_code ns_npu_activation_u55(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error);

/* Of ADD and SUB; see elementwise_arithmetic.c. */
ns_code ns_npu_operand_scales_u55(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error);

/* Registers to the parts of an operation, Ethos-U85: feature maps (maps_u85.c), scales and activation
 * (scaling_u85.c). */

extern const ns_npu_operation_fields ns_npu_fields_u85;

ns_code ns_npu_ofm_u85(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error);

/* All but the extents, which depend on the operation. */
ns_code ns_npu_ifm_u85(ns_npu_machine *machine, ns_npu_map *map, ns_error *error);
ns_code ns_npu_ifm2_u85(ns_npu_machine *machine, ns_npu_map *map, ns_error *error);

/* Gives `map` the extents of `like`. */
void ns_npu_set_extent(ns_npu_map *map, const ns_npu_map *like);

/* An elementwise operand: the OFM's extent and its broadcast: bits H, W and C, or a scalar from OP_SCALAR. */
ns_code ns_npu_broadcast_u85(ns_npu_machine *machine, ns_npu_operation *out, ns_npu_map *map, int64_t mode,
                             ns_error *error);

/* OFM_SCALE. With one scale per channel its multiplier and shift are a copy of channel 0's and only the
 * rounding counts. */
ns_code ns_npu_ofm_scale_u85(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error);

/* IFM_SCALE and, for two operands, IFM2_SCALE. */
ns_code ns_npu_operand_scales_u85(ns_npu_machine *machine, ns_npu_operation *out, bool both, ns_error *error);

/* Clip and table, of an OFM that is known. */
ns_code ns_npu_activation_u85(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error);

#endif
