/* Elementwise operations, a row at a time. */
#ifndef NS_NPU_ELEMENTWISE_H
#define NS_NPU_ELEMENTWISE_H

#include "npu/operations/elementwise/functions.h"

/* 1 or 2; 0 for a code that is not in the table. */
int ns_npu_elementwise_operands(int mode);

#endif
