/* PyTorch's float32 sum on a CPU, in its own order of additions. */
#ifndef NS_NUM_FLOAT32_SUM_H
#define NS_NUM_FLOAT32_SUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The sum of `count` contiguous floats as torch.sum returns it. */
float ns_float32_sum(const float *values, size_t count);

/* torch.sum over the axes with `reduced` set of a row-major tensor; `out` has a float for each element of the
 * result. rank <= NS_MAX_RANK. */
void ns_float32_reduce(int rank, const int64_t *shape, const bool *reduced, const float *values, float *out);

#endif
