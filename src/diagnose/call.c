#include "diagnose/call.h"

#include <math.h>

ns_code ns_dg_make(ns_dg_call *call, ns_error *error)
{
    ns_dg_array *array = ns_dg_take(&call->worker->pool, call->count);
    if (!array)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %zu elements", call->count);
    *call->out = (ns_dg_value){.data = array->data, .array = array, .scale = 1};
    return NS_OK;
}

ns_code ns_dg_elements(ns_dg_call *call, int i, const double **data, ns_error *error)
{
    const ns_dg_value *value = call->inputs[i];
    *data = value->data;
    if (value->scale == 1)
        return NS_OK;
    const size_t count = ns_tensor_count(call->shapes[i]);
    double *copy = NS_ARENA_ARRAY(call->worker->scratch, count + 8, double);
    if (!copy)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %zu elements", count);
    for (size_t k = 0; k < count; k++)
        copy[k] = value->data[k] * value->scale;
    *data = copy;
    return NS_OK;
}

double ns_dg_scalar(const ns_dg_call *call, int i)
{
    if (i >= call->op->input_count || !call->shapes[i]->data || !ns_tensor_count(call->shapes[i]))
        return 0;
    return (double)ns_tensor_get(call->shapes[i], 0);
}

/* ---- products ---- */

static bool is_rough(const ns_dg_call *call)
{
    return call->worker->overrides && !call->out->integer;
}

static float *narrowed(ns_arena *arena, const double *values, size_t count, double factor)
{
    float *out = ns_arena_alloc(arena, count + 8, sizeof *out);
    for (size_t i = 0; out && i < count; i++)
        out[i] = (float)(values[i] * factor);
    return out;
}

static double to_one(const double *values, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fabs(values[i]) > largest ? fabs(values[i]) : largest;
    return largest > 0 && isfinite(largest) ? ldexp(1, -ilogb(largest)) : 1;
}

ns_code ns_dg_operands_narrow(const ns_dg_call *call, ns_dg_operands *o, size_t in_count, size_t packed_count,
                              ns_error *error)
{
    if (!is_rough(call))
        return NS_OK;
    o->factor = to_one(o->in, in_count);
    o->in32 = narrowed(call->worker->scratch, o->in, in_count, o->factor);
    o->packed32 = narrowed(call->worker->scratch, o->packed, packed_count, 1);
    o->out32 = NS_ARENA_ARRAY(call->worker->scratch, call->count + 8, float);
    return o->in32 && o->packed32 && o->out32 ? NS_OK
                                              : ns_fail(error, NS_ERROR_MEMORY, "no memory for floats");
}

void ns_dg_operands_finish(const ns_dg_call *call, const ns_dg_operands *o)
{
    for (size_t i = 0; o->out32 && i < call->count; i++)
        o->out[i] += (double)o->out32[i] / o->factor;
}

void ns_dg_product(const ns_dg_call *call, const ns_dg_operands *o, const ns_gemm_f64_call *p)
{
    if (!o->in32) {
        call->plan->kernels.gemm_f64(p);
        return;
    }
    call->plan->kernels.gemm_f32(&(ns_gemm_f32_call){.a = o->in32 + (p->a - o->in),
                                                     .a_step = p->a_step,
                                                     .packed = o->packed32,
                                                     .first = p->first,
                                                     .steps = p->steps,
                                                     .m = p->m,
                                                     .n = p->n,
                                                     .k = p->k,
                                                     .c = o->out32 + (p->c - o->out),
                                                     .c_step = p->c_step});
}
