/* Pool: the IFM in dense form for pooling. */
#ifndef NS_NPU_POOL_H
#define NS_NPU_POOL_H

#include "npu/operations/kernel.h"

/* The whole IFM less its zero point, 32-bit, [y][x][c], without pads. */
ns_code ns_npu_pool_load(ns_npu_machine *machine, const ns_npu_operation *operation, int32_t **out,
                         ns_error *error);

#endif
