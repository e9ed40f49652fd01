/* Registers to the parts of an operation, Ethos-U85: feature maps (maps_u85.c), scales and activation
 * (scaling_u85.c). */
#ifndef NS_NPU_PARTS_U85_H
#define NS_NPU_PARTS_U85_H

#include "npu/operations/operation.h"
#include "npu/operations/operation_common.h"

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
