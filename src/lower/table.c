/* entries[i] = q(f(x_i * input_scale)), x_i the i-th of 513 points from -32767 to 32768, rounded down to a
 * multiple of 128 where it is an input (the last, 32768, is only interpolated towards).
 * Source: ExecuTorch 1.5.0, backends/arm/_passes/insert_table_ops.py (generate_16_bit_table_values). */
#include "lower/interface.h"

#include <math.h>
#include <stdlib.h>

/* torch.linspace(-32767, 32768, 513, dtype=int32): the step is a double, and the upper half is counted
 * from the end (aten/src/ATen/native/cpu/RangeFactoriesKernel.cpp); the cast cuts towards zero. */
static int32_t sample_point(int index)
{
    const double low = -32767, high = 32768, step = (high - low) / (NS_TABLE_ENTRIES - 1);
    if (index < NS_TABLE_ENTRIES / 2)
        return (int32_t)(low + step * index);
    return (int32_t)(high - step * (NS_TABLE_ENTRIES - 1 - index));
}

ns_code ns_table_fill(ns_table_function function, const ns_aten_node *node, float input_scale,
                      float output_scale, int16_t entries[NS_TABLE_ENTRIES], ns_error *error)
{
    /* quantize_per_tensor multiplies by the reciprocal, which torch takes in float32. */
    const float inverse = 1.0f / output_scale;
    int32_t largest = 0;
    for (int i = 0; i < NS_TABLE_ENTRIES; i++) {
        float x = (float)(sample_point(i) & ~0x7f) * input_scale;
        if (i == NS_TABLE_ENTRIES - 1)
            x = (float)(32768 * (double)input_scale);
        float y = nearbyintf(function(node, x) * inverse);
        /* Infinities clamp. A NaN (the logarithm of a negative number) is 0 in recorded tables: torch's
         * conversion to int16 on x86 cuts the low bits of INT32_MIN. */
        int32_t entry = isnan(y) ? 0 : y <= -32767.0f ? -32767 : y >= 32767.0f ? 32767 : (int32_t)y;
        entries[i] = (int16_t)entry;
        if (abs(entry) > largest)
            largest = abs(entry);
    }
    if (!largest)
        return ns_fail(error, NS_ERROR_INPUT,
                       "every entry of the table is 0 with input scale %g and output scale %g; ExecuTorch "
                       "cannot make such a table",
                       (double)input_scale, (double)output_scale);
    return NS_OK;
}

/* The constant of the node's table. */
static ns_code add_table(ns_lowering *lowering, int node, ns_table_function function, int *step,
                         ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    const char *edge = ns_lowering_edge_name(lowering, node);
    int16_t *entries = NS_ARENA_ARRAY(lowering->arena, NS_TABLE_ENTRIES, int16_t);
    int number = 0;
    if (!entries || !edge)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the table of %s", result->name);
    NS_TRY(ns_lowering_take_numbers(lowering, edge, 1, &number, error));
    if (ns_table_fill(function, result, (float)ns_lowering_scale(lowering, result->inputs[0]),
                      (float)ns_lowering_scale(lowering, node), entries, error) != NS_OK)
        return ns_add_context(error, "%s", result->name);
    const ns_step table = {.kind = NS_STEP_CONSTANT,
                           .group = NS_CONSTANT_TABLE,
                           .dtype = NS_DTYPE_INT16,
                           .rank = 1,
                           .shape = {NS_TABLE_ENTRIES},
                           .name = ns_lowering_name(lowering, "b_", edge, number, "_table_constant"),
                           .data = entries};
    if (!table.name)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the table of %s", result->name);
    return ns_plan_add(&lowering->plan, &table, NS_PLAN_FRONT, step, error);
}

ns_code ns_lower_table(ns_lowering *lowering, int node, ns_table_function function, ns_error *error)
{
    int inputs[2], step = 0;
    ns_layout layout;
    ns_lowering_writes(lowering, node, &layout);
    NS_TRY(ns_lowering_value(lowering, lowering->program->nodes[node].inputs[0], &layout, &inputs[0], error));
    NS_TRY(add_table(lowering, node, function, &inputs[1], error));
    ns_step lookup = ns_plan_like(&lowering->plan, NS_OP_TABLE, &inputs[0]);
    lookup.dtype = NS_DTYPE_INT32;
    lookup.input_count = 2;
    lookup.inputs = inputs;
    NS_TRY(ns_plan_add(&lowering->plan, &lookup, NS_PLAN_END, &step, error));
    /* The entries fit 16 bits, so ExecuTorch's shift is the 7 fraction bits. */
    NS_TRY(ns_plan_rescale(&lowering->plan, step, NS_DTYPE_INT16, 1, (double[]){0x1p-7}, NS_PLAN_END, &step,
                           error));
    return ns_lowering_set(lowering, node, &layout, step, error);
}
