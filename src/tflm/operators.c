#include "tflm/operators.h"

#include <string.h>

static const ns_tflm_kernel_info kernels[] = {
#define NS_TFLM_OPERATOR(name, function, least, most, outputs) \
    {#name, ns_tflm_##function, least, most, outputs},
#include "tflm/operators.def"
#undef NS_TFLM_OPERATOR
};

const ns_tflm_kernel_info *ns_tflm_kernel_find(const char *name)
{
    for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++)
        if (strcmp(kernels[i].name, name) == 0)
            return &kernels[i];
    return NULL;
}
