/* The enums of registers_u55.def: U55_REGISTER_IFM_BASE0, U55_FIELD_OFM_SCALE_SHIFT, U55_ACC_FORMAT_I40, ...
 */
#ifndef NS_NPU_REGISTERS_U55_H
#define NS_NPU_REGISTERS_U55_H

#include "npu/stream/registers.h"

#define NS_NPU_P(x) U55_##x
#define NS_NPU_DEF "npu/stream/registers_u55.def"
#include "npu/stream/registers_enums.inc"
#undef NS_NPU_P
#undef NS_NPU_DEF

#endif
