/* int8: output = table[input + 128]. int16: 128 * base + (next - base) * fraction between the two of 513
 * entries around the input; the slope next - base must fit int16 (REQUIRE in apply_lookup_s). */
#include "eval/step.h"

typedef struct lookup {
    const void *table;
    bool is_wide;
    bool any_steep;  /* a slope is outside int16 */
    bool steep[512]; /* which */
} lookup;

/* All but the input's elements. */
static ns_code read_lookup(const ns_eval_call *call, lookup *l, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 2, 2, 1, error));
    const ns_tensor *in = call->inputs[0], *table = call->inputs[1], *out = call->outputs[0];
    *l = (lookup){.table = table->data, .is_wide = in->dtype == NS_DTYPE_INT16};
    if (in->dtype != NS_DTYPE_INT8 && !l->is_wide)
        return ns_eval_unsupported_type(in, error);
    if (table->dtype != in->dtype || ns_tensor_count(table) != (l->is_wide ? 513 : 256))
        return ns_eval_bad_shape(table, "the table", error);
    if (out->dtype != (l->is_wide ? NS_DTYPE_INT32 : NS_DTYPE_INT8) || !ns_shape_equal(in, out))
        return ns_eval_bad_shape(out, "the output", error);
    for (int i = 0; l->is_wide && i < 512; i++) {
        const int32_t slope = ((const int16_t *)l->table)[i + 1] - ((const int16_t *)l->table)[i];
        l->steep[i] = slope != (int16_t)slope;
        l->any_steep |= l->steep[i];
    }
    return NS_OK;
}

/* The first of `count` elements on a slope outside int16; `count` where there is none. */
static size_t find_steep(const lookup *l, const int16_t *x, size_t count)
{
    size_t i = l->any_steep ? 0 : count;
    while (i < count && !l->steep[(x[i] + 32768) >> 7])
        i++;
    return i;
}

static void look_up(const lookup *l, const ns_kernels *kernels, const void *in, void *out, size_t count)
{
    if (l->is_wide) {
        kernels->table_i16(l->table, in, out, count);
        return;
    }
    const int8_t *x = in, *values = l->table;
    for (size_t i = 0; i < count; i++)
        ((int8_t *)out)[i] = values[x[i] + 128];
}

static ns_code report(const ns_eval_call *call, size_t i, ns_error *error)
{
    const ns_tensor *in = call->inputs[0];
    const int16_t *table = call->inputs[1]->data, *x = in->data;
    const int index = (x[i] + 32768) >> 7;
    char element[128];
    return ns_fail(error, NS_ERROR_UNPREDICTABLE,
                   "%s: for input %d the slope from table entry %d (%d) to %d (%d) is %d, outside int16",
                   ns_eval_element(in, i, element, sizeof element), x[i], index, table[index], index + 1,
                   table[index + 1], table[index + 1] - table[index]);
}

ns_code ns_eval_table(ns_eval_call *call, ns_error *error)
{
    lookup l;
    NS_TRY(read_lookup(call, &l, error));
    const size_t count = ns_tensor_count(call->inputs[0]);
    const size_t steep = l.is_wide ? find_steep(&l, call->inputs[0]->data, count) : count;
    if (steep < count)
        return report(call, steep, error);
    look_up(&l, call->kernels, call->inputs[0]->data, call->outputs[0]->data, count);
    return NS_OK;
}

static bool run_step(const ns_step *step, const ns_slab *slab)
{
    const lookup *l = step->data;
    const size_t count = slab->rows * slab->columns;
    if (l->any_steep && find_steep(l, slab->in[0], count) < count)
        return true;
    look_up(l, step->kernels, slab->in[0], slab->out, count);
    return false;
}

ns_code ns_step_table(ns_eval_call *call, ns_step *step, ns_error *error)
{
    lookup *l = NS_ARENA_NEW(call->scratch, lookup);
    if (!l)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its table");
    NS_TRY(read_lookup(call, l, error));
    step->run = run_step;
    step->data = l;
    return NS_OK;
}

static bool run_rounded(const ns_step *step, const ns_slab *slab)
{
    const lookup *l = step->data;
    const size_t count = slab->rows * slab->columns;
    if (l->any_steep && find_steep(l, slab->in[0], count) < count)
        return true;
    step->kernels->fused->table(l->table, slab->in[0], slab->out, count);
    return false;
}

ns_code ns_step_table_rounded(ns_eval_call *call, ns_step *step, ns_error *error)
{
    NS_TRY(ns_step_table(call, step, error));
    step->run = run_rounded;
    return NS_OK;
}
