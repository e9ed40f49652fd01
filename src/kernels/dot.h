/* Dot products. */
#ifndef NS_KERNELS_DOT_H
#define NS_KERNELS_DOT_H

#include <stddef.h>
#include <stdint.h>

/* sum of a[i] * b[i], i < count, exact in 64 bits for count < 2^32. */
int64_t ns_dot_i16_i16(const int16_t *a, const int16_t *b, size_t count);

#endif
