/* Kernels: the operators of a program that run on the CPU. */
#ifndef NS_PROGRAM_KERNEL_H
#define NS_PROGRAM_KERNEL_H

#include "program/call.h"

typedef ns_code (*ns_kernel)(ns_call *call, ns_error *error);

typedef struct ns_kernel_info {
    const char *name, *overload;
    ns_kernel function; /* NULL: npuscope does not have it */
    int least, most;
    unsigned runners; /* ns_runner bits */
} ns_kernel_info;

/* NULL when there is no such kernel. */
const ns_kernel_info *ns_kernel_find(const char *name, const char *overload);

#endif
