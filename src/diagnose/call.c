#include "diagnose/call.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/system.h"
#include "diagnose/plan.h"

ns_code ns_dg_make(ns_dg_call *call, ns_error *error)
{
    ns_dg_array *array = ns_dg_take(&call->worker->pool, call->count);
    if (!array)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %zu elements", call->count);
    *call->out = (ns_dg_value){.data = array->data, .array = array, .scale = 1};
    return NS_OK;
}

double *ns_dg_scratch(const ns_dg_call *call, size_t count)
{
    ns_dg_array *array = ns_dg_take(&call->worker->pool, count);
    if (!array)
        return NULL;
    array->next = call->worker->lent;
    call->worker->lent = array;
    return array->data;
}

ns_code ns_dg_elements(ns_dg_call *call, int i, const double **data, ns_error *error)
{
    const ns_dg_value *value = call->inputs[i];
    *data = value->data;
    if (value->scale == 1)
        return NS_OK;
    const size_t count = ns_tensor_count(call->shapes[i]);
    double *copy = ns_dg_scratch(call, count);
    if (!copy)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %zu elements", count);
    for (size_t k = 0; k < count; k++)
        copy[k] = value->data[k] * value->scale;
    *data = copy;
    return NS_OK;
}

/* Four side by side: a comparison takes longer than a load. */
NS_DG_LOOP static double largest_of(const double *values, size_t count)
{
    double most[4] = {0};
    size_t i = 0;
    for (; i + 4 <= count; i += 4)
        for (size_t k = 0; k < 4; k++)
            most[k] = fabs(values[i + k]) > most[k] ? fabs(values[i + k]) : most[k];
    for (; i < count; i++)
        most[0] = fabs(values[i]) > most[0] ? fabs(values[i]) : most[0];
    return fmax(fmax(most[0], most[1]), fmax(most[2], most[3]));
}

double ns_dg_largest(const double *values, size_t count)
{
    return largest_of(values, count);
}

double ns_dg_scalar(const ns_dg_call *call, int i)
{
    if (i >= call->op->input_count || !call->shapes[i]->data || !ns_tensor_count(call->shapes[i]))
        return 0;
    return (double)ns_tensor_get(call->shapes[i], 0);
}

/* ---- products ---- */

bool ns_dg_is_rough(const ns_dg_call *call)
{
    return call->worker->rough && !call->out->integer;
}

NS_DG_LOOP static float *narrowed(const ns_dg_call *call, const double *values, size_t count, double factor)
{
    float *out = (float *)ns_dg_scratch(call, count / 2 + 1);
    for (size_t i = 0; out && i < count; i++)
        out[i] = (float)(values[i] * factor);
    return out;
}

static double to_one(const double *values, size_t count)
{
    const double largest = ns_dg_largest(values, count);
    return largest > 0 && isfinite(largest) ? ldexp(1, -ilogb(largest)) : 1;
}

ns_code ns_dg_operands_narrow(const ns_dg_call *call, ns_dg_operands *o, size_t in_count, ns_error *error)
{
    if (!o->packed32)
        return NS_OK;
    o->factor = to_one(o->in, in_count);
    o->in32 = narrowed(call, o->in, in_count, o->factor);
    o->out32 = (float *)ns_dg_scratch(call, call->count / 2 + 1);
    if (!o->in32 || !o->out32)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for floats");
    memset(o->out32, 0, call->count * sizeof(float));
    return NS_OK;
}

NS_DG_LOOP static void widen(const float *from, double factor, const double *bias, size_t results,
                             size_t count, double *to)
{
    for (size_t i = 0; i < count; i += results)
        for (size_t c = 0; c < results; c++)
            to[i + c] = bias[c] + (double)from[i + c] * factor;
}

/* The factor is a power of two: its inverse is exact. */
void ns_dg_operands_finish(const ns_dg_call *call, const ns_dg_operands *o, size_t results)
{
    if (o->out32)
        widen(o->out32, 1 / o->factor, o->bias, results, call->count, o->out);
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

/* ---- the pool of arrays ---- */

enum { SLACK = 8, SMALLEST = 64 };

/* Classes are a quarter of a power of two apart: at most a quarter of an array is never used. */
static int class_of(size_t count, size_t *capacity)
{
    size_t base = SMALLEST;
    for (int c = 0; c < NS_DG_POOL_CLASSES; c += 4, base *= 2)
        for (int quarter = 0; quarter < 4; quarter++)
            if (count <= base + base / 4 * (size_t)quarter) {
                *capacity = base + base / 4 * (size_t)quarter;
                return c + quarter;
            }
    return -1;
}

static uint64_t bytes_of(size_t capacity)
{
    return (uint64_t)(capacity + SLACK) * sizeof(double);
}

static ns_dg_array *array_new(ns_dg_pool *pool, size_t capacity)
{
    if (!ns_budget_take(pool->budget, bytes_of(capacity)))
        return NULL;
    ns_dg_array *array = malloc(sizeof *array);
    double *data = array ? ns_system_aligned(bytes_of(capacity), 64) : NULL;
    if (!data) {
        free(array);
        ns_budget_give(pool->budget, bytes_of(capacity));
        return NULL;
    }
    *array = (ns_dg_array){.data = data};
    return array;
}

ns_dg_array *ns_dg_take(ns_dg_pool *pool, size_t count)
{
    size_t capacity = 0;
    const int size_class = class_of(count, &capacity);
    if (size_class < 0)
        return NULL;
    ns_dg_array *array = pool->free[size_class];
    if (array) {
        pool->free[size_class] = array->next;
    } else {
        array = array_new(pool, capacity);
        if (!array)
            return NULL;
        array->capacity = capacity;
        array->size_class = size_class;
    }
    array->references = 1;
    return array;
}

void ns_dg_give(ns_dg_pool *pool, ns_dg_array *array)
{
    if (!array || --array->references > 0)
        return;
    array->next = pool->free[array->size_class];
    pool->free[array->size_class] = array;
}

void ns_dg_give_all(ns_dg_pool *pool, ns_dg_array **list)
{
    while (*list) {
        ns_dg_array *array = *list;
        *list = array->next;
        ns_dg_give(pool, array);
    }
}

void ns_dg_pool_free(ns_dg_pool *pool)
{
    for (int c = 0; c < NS_DG_POOL_CLASSES; c++)
        while (pool->free[c]) {
            ns_dg_array *array = pool->free[c];
            pool->free[c] = array->next;
            ns_budget_give(pool->budget, bytes_of(array->capacity));
            ns_system_free(array->data);
            free(array);
        }
}
