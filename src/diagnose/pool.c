#include "diagnose/plan.h"

#include <stdlib.h>

#include "base/system.h"

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
