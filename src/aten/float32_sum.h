/* PyTorch's float32 sum on a CPU, in its own order of additions. */
#ifndef NS_ATEN_FLOAT32_SUM_H
#define NS_ATEN_FLOAT32_SUM_H

#include <stddef.h>

#include "aten/aten.h"

/* The sum of `count` contiguous floats as torch.sum returns it. */
float ns_float32_sum(const float *values, size_t count);

/* torch.sum(operand, node->dims, node->keepdim): `values` are the operand's, row-major; `out` has a float
 * for each element of `node`. */
void ns_float32_reduce(const ns_aten_node *node, const ns_aten_node *operand, const float *values,
                       float *out);

#endif
