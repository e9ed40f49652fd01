/* Clock: wall time for reports. */
#ifndef NS_BASE_CLOCK_H
#define NS_BASE_CLOCK_H

#include <time.h>

/* Seconds since an arbitrary moment; never goes back. */
static inline double ns_clock_seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

#endif
