/* Dot products; see kernels.h. */
#ifndef NS_KERNELS_DOT_H
#define NS_KERNELS_DOT_H

#include "kernels/kernels.h"

void ns_kernels_dot(ns_kernels *kernels, unsigned cpu_mask);

#endif
