/* gelu, exact (erf) and tanh approximation: TABLE, RESCALE.
 *   erf:  x / 2 * (1 + erf(x / sqrt(2)))
 *   tanh: x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))
 * in float32 in the order of PyTorch's kernel (aten/src/ATen/native/cpu/Activation.cpp, GeluKernelImpl). */
#include <math.h>

#include "lower/table.h"

static float gelu_erf32(float x)
{
    return x * 0.5f * (1.0f + (float)erf((double)(x * (float)M_SQRT1_2)));
}

static float gelu_tanh32(float x)
{
    const float beta = (float)(M_SQRT2 * M_2_SQRTPI * 0.5), kappa = 0.044715f;
    float cube = x * x * x;
    float inner = beta * (x + kappa * cube);
    return 0.5f * x * (1.0f + (float)tanh((double)inner));
}

ns_code ns_lower_gelu(ns_lowering *lowering, int node, ns_error *error)
{
    bool approximate = lowering->program->nodes[node].tanh_approximation;
    return ns_lower_table(lowering, node, approximate ? gelu_tanh32 : gelu_erf32, "gelu",
                          lowering->gelu_count++, error);
}
