#include "program/internal.h"

#include "npuscope/program.h"

enum {
    RUNNERS_NONE = 0,
    RUNNERS_U55 = NS_RUNNER_PORTABLE_U55,
    RUNNERS_U85 = NS_RUNNER_PORTABLE_U85,
    RUNNERS_BOTH = RUNNERS_U55 | RUNNERS_U85,
    RUNNERS_ALL = RUNNERS_BOTH | NS_RUNNER_STANDARD,
};

static const ns_kernel_info kernels[] = {
#define NS_KERNEL(name, overload, function, least, most, runners) \
    {name, overload, ns_kernel_##function, least, most, RUNNERS_##runners},
#include "program/kernels.def"
#undef NS_KERNEL
};

const ns_kernel_info *ns_kernel_find(const char *name, const char *overload)
{
    for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++)
        if (strcmp(kernels[i].name, name) == 0 && strcmp(kernels[i].overload, overload) == 0)
            return &kernels[i];
    return NULL;
}
