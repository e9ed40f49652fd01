/* Registers to feature maps, Ethos-U85. */
#ifndef NS_NPU_MAPS_U85_H
#define NS_NPU_MAPS_U85_H

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

#endif
