/* Families: how each executes a stream (ns_npu_family). */
#ifndef NS_NPU_FAMILY_H
#define NS_NPU_FAMILY_H

#include "npu/machine.h"

/* The family of a configuration. */
const ns_npu_family *ns_npu_family_of(const ns_npu_config *config);

#endif
