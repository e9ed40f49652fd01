#include "diagnose/pool.h"

#include <stdlib.h>

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
        array = malloc(sizeof *array);
        if (!array)
            return NULL;
        array->data = aligned_alloc(64, (capacity + SLACK) * sizeof(double));
        if (!array->data) {
            free(array);
            return NULL;
        }
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

void ns_dg_pool_free(ns_dg_pool *pool)
{
    for (int c = 0; c < NS_DG_POOL_CLASSES; c++)
        while (pool->free[c]) {
            ns_dg_array *array = pool->free[c];
            pool->free[c] = array->next;
            free(array->data);
            free(array);
        }
}
