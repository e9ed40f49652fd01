/* Registers to feature maps, Ethos-U55 and U65. */
#ifndef NS_NPU_MAPS_U55_H
#define NS_NPU_MAPS_U55_H

#include "npu/operations/operation_common.h"

extern const ns_npu_operation_fields ns_npu_fields_u55;

/* OFM and IFM, but for the IFM's height and width, which depend on the operation. */
ns_code ns_npu_maps_u55(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error);

/* IFM2 of an elementwise operation, after the OFM. */
ns_code ns_npu_ifm2_u55(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error);

#endif
