#include "ops/families/arithmetic.h"

#include <math.h>

double ns_limit_value(const ns_aten_attribute *attribute, double otherwise)
{
    return attribute->none ? otherwise : attribute->real;
}

ns_code ns_limit_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                       ns_error *error)
{
    const ns_limit *limit = node->op->family;
    double low, high;
    limit->limits(node, &low, &high);
    for (size_t i = 0; i < ns_aten_count(node); i++) {
        NS_TRY(ns_aten_check_time_at(operands, i, error));
        out[i] = fmin(fmax(operands->values[0][i], low), high);
    }
    return NS_OK;
}

/* A limit's code as two bytes in `arena`: round half to even of the float32 quotient, as quantize_per_tensor
 * computes it. */
static ns_code put_limit(ns_lowering *lowering, double value, double scale, int32_t open, ns_byte_list *list,
                         ns_error *error)
{
    int32_t code = open;
    if (isfinite(value)) {
        const float steps = rintf((float)value * (1.0f / (float)scale));
        code = (int32_t)fminf(fmaxf(steps, -32767), 32767);
    }
    const uint8_t bytes[2] = {(uint8_t)code, (uint8_t)((uint32_t)code >> 8)};
    list->count = 2;
    list->values = ns_arena_copy(lowering->arena, bytes, sizeof bytes);
    return list->values ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a limit");
}

ns_code ns_limit_lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    const ns_limit *limit = result->op->family;
    const double scale = ns_lowering_scale(lowering, node);
    double low, high;
    int step = 0;
    ns_layout layout;
    limit->limits(result, &low, &high);
    ns_lowering_writes(lowering, node, &layout);
    NS_TRY(ns_lowering_value(lowering, result->inputs[0], &layout, &step, error));
    ns_step clamp = ns_plan_like(&lowering->plan, NS_OP_CLAMP, &(int){step});
    clamp.attributes.nan_mode = NS_NAN_PROPAGATE;
    NS_TRY(put_limit(lowering, low, scale, -32768, &clamp.attributes.min_val, error));
    NS_TRY(put_limit(lowering, high, scale, 32767, &clamp.attributes.max_val, error));
    NS_TRY(ns_plan_add(&lowering->plan, &clamp, NS_PLAN_END, &step, error));
    return ns_lowering_set(lowering, node, &layout, step, error);
}
