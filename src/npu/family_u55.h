/* The commands of Ethos-U55 and U65. */
#ifndef NS_NPU_FAMILY_U55_H
#define NS_NPU_FAMILY_U55_H

#include "npu/machine.h"

extern const ns_npu_family ns_npu_family_u55;
extern const ns_npu_family ns_npu_family_u65;

#endif
