/* Operators: which operators of a .tflite npuscope runs on the CPU. */
#ifndef NS_TFLM_OPERATORS_H
#define NS_TFLM_OPERATORS_H

#include "tflm/call.h"

/* A row of operators.def. */
typedef struct ns_tflm_kernel_info {
    const char *name;
    ns_tflm_kernel *function;
    int least, most; /* inputs */
    int outputs;     /* -1: one or more */
} ns_tflm_kernel_info;

/* NULL when npuscope does not have the operator. */
const ns_tflm_kernel_info *ns_tflm_kernel_find(const char *name);

#endif
