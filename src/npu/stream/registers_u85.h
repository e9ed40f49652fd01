/* The enums of registers_u85.def: U85_REGISTER_IFM_BASE0, U85_FIELD_OFM_SCALE_SHIFT, U85_ACC_FORMAT_I48, ...
 */
#ifndef NS_NPU_REGISTERS_U85_H
#define NS_NPU_REGISTERS_U85_H

#include "npu/stream/registers.h"

#define NS_NPU_P(x) U85_##x
#define NS_NPU_DEF "npu/stream/registers_u85.def"
#include "npu/stream/registers_enums.inc"
#undef NS_NPU_P
#undef NS_NPU_DEF

#endif
