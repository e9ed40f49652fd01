/* The families, by name. */
#ifndef NS_NPU_FAMILIES_H
#define NS_NPU_FAMILIES_H

#include "npu/machine.h"

extern const ns_npu_family ns_npu_family_u55;
extern const ns_npu_family ns_npu_family_u65;

extern const ns_npu_family ns_npu_family_u85;

#endif
