#include "kernels/kernels.h"

#include "kernels/dot.h"

ns_kernels ns_kernels_get(unsigned cpu_mask)
{
    ns_kernels kernels = {0};
    ns_kernels_dot(&kernels, cpu_mask);
    return kernels;
}
