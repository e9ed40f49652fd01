/* The commands of Ethos-U85. */
#ifndef NS_NPU_FAMILY_U85_H
#define NS_NPU_FAMILY_U85_H

#include "npu/machine.h"

extern const ns_npu_family ns_npu_family_u85;

#endif
