/* Chance, tensors, and what their values say. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fuzzvela/blocks.h"

enum { MAX_ELEMENTS = 12000, LARGEST = 60000 };

int ns_gen_fail(ns_generator *g)
{
    g->bad = true;
    return 0;
}

bool ns_gen_chance(ns_generator *g, double probability)
{
    return ns_random_unit(&g->random) < probability;
}

int64_t ns_gen_range(ns_generator *g, int64_t low, int64_t high)
{
    return high > low ? ns_random_range(&g->random, low, high) : low;
}

double ns_gen_real(ns_generator *g, double low, double high)
{
    return low + (high - low) * ns_random_unit(&g->random);
}

const ns_tensor *ns_gen_value(const ns_generator *g, int node)
{
    return &g->draft->nodes[node].value;
}

static int64_t product(int rank, const int64_t *shape)
{
    int64_t count = 1;
    for (int i = 0; i < rank; i++)
        count *= shape[i];
    return count;
}

static void halve_largest(int rank, int64_t *shape)
{
    int largest = 0;
    for (int i = 1; i < rank; i++)
        largest = shape[i] > shape[largest] ? i : largest;
    shape[largest] = shape[largest] / 2 ? shape[largest] / 2 : 1;
}

int ns_gen_new_shape(ns_generator *g, int64_t shape[NS_MAX_RANK])
{
    const int rank = NS_GEN_PICK(g, 1, 2, 3, 3, 4, 4, 4, 4, 4, 5, 6);
    memset(shape, 0, NS_MAX_RANK * sizeof *shape);
    if (rank == 1) {
        shape[0] = NS_GEN_PICK(g, 3, 5, 8, 17, 33, 100, 257);
        return rank;
    }
    for (int i = 0; i < rank - 1; i++)
        shape[i] = ns_gen_range(g, 1, 12);
    if (rank >= 4)
        shape[0] = ns_gen_chance(g, 0.75) ? 1 : ns_gen_range(g, 2, 3);
    if (ns_gen_chance(g, 0.1))
        shape[rank - 2] = ns_gen_range(g, 13, 69);
    if (ns_gen_chance(g, 0.2))
        shape[ns_gen_range(g, 0, rank - 2)] = 1;
    shape[rank - 1] = NS_GEN_PICK(g, 1, 2, 3, 4, 5, 7, 8, 12, 16, 17, 20, 24, 32, 33, 40, 48, 64, 72);
    while (product(rank, shape) > MAX_ELEMENTS)
        halve_largest(rank, shape);
    return rank;
}

/* About normal: the sum of four uniform numbers, by whole numbers only. */
static int64_t bell(ns_generator *g, int64_t centre, int64_t spread, int64_t low, int64_t high)
{
    int64_t sum = 0;
    for (int i = 0; i < 4; i++)
        sum += ns_gen_range(g, -spread, spread);
    const int64_t value = centre + sum / 2;
    return value < low ? low : value > high ? high : value;
}

static void fill(ns_generator *g, ns_tensor *t)
{
    const int64_t low = ns_dtype_min(t->dtype), high = ns_dtype_max(t->dtype);
    const int kind = (int)ns_gen_range(g, 0, 9);
    const int64_t centre = ns_gen_range(g, -high / 5, high / 5);
    const int64_t spread = ns_gen_range(g, high / 10, high / 2);
    for (size_t i = 0; i < ns_tensor_count(t); i++) {
        const int64_t value = kind < 6   ? ns_gen_range(g, low, high)
                              : kind < 9 ? bell(g, centre, spread, low, high)
                                         : ns_gen_range(g, low / 2, high);
        ns_tensor_set(t, i, value);
    }
}

static int add(ns_generator *g, ns_draft_kind kind, ns_op op, const ns_tensor *value)
{
    const ns_draft_node node = {.kind = kind, .op = op, .value = *value};
    const int index = g->bad ? -1 : ns_draft_add(g->draft, &node);
    return index >= 0 ? index : ns_gen_fail(g);
}

static bool make(ns_generator *g, ns_dtype dtype, int rank, const int64_t *shape, ns_tensor *out)
{
    if (g->bad || product(rank, shape) > LARGEST ||
        ns_tensor_new(g->draft->arena, dtype, rank, shape, out, NULL) != NS_OK)
        return ns_gen_fail(g);
    return true;
}

int ns_gen_input(ns_generator *g, ns_dtype dtype, int rank, const int64_t *shape)
{
    ns_tensor t;
    if (!make(g, dtype, rank, shape, &t))
        return 0;
    fill(g, &t);
    const int node = add(g, NS_DRAFT_INPUT, NS_OP_CONST, &t);
    if (!g->bad && g->pool_count < NS_FUZZ_POOL)
        g->pool[g->pool_count++] = node;
    return node;
}

int ns_gen_const(ns_generator *g, ns_dtype dtype, int rank, const int64_t *shape)
{
    ns_tensor t;
    if (!make(g, dtype, rank, shape, &t))
        return 0;
    fill(g, &t);
    return add(g, NS_DRAFT_CONST, NS_OP_CONST, &t);
}

int ns_gen_values(ns_generator *g, ns_dtype dtype, int rank, const int64_t *shape, int64_t low, int64_t high)
{
    ns_tensor t;
    if (!make(g, dtype, rank, shape, &t))
        return 0;
    for (size_t i = 0; i < ns_tensor_count(&t); i++)
        ns_tensor_set(&t, i, ns_gen_range(g, low, high));
    return add(g, NS_DRAFT_CONST, NS_OP_CONST, &t);
}

int ns_gen_scalar(ns_generator *g, ns_dtype dtype, int64_t value)
{
    return ns_gen_values(g, dtype, 1, (int64_t[]){1}, value, value);
}

int ns_gen_list(ns_generator *g, int count, const int64_t *values)
{
    ns_tensor t;
    if (g->bad || ns_tensor_new(g->draft->arena, NS_DTYPE_SHAPE, 1, (int64_t[]){count}, &t, NULL) != NS_OK)
        return ns_gen_fail(g);
    memcpy(t.data, values, (size_t)count * sizeof *values);
    return add(g, NS_DRAFT_CONST, NS_OP_CONST_SHAPE, &t);
}

ns_int_list ns_gen_ints(ns_generator *g, int count, const int32_t *values)
{
    if (g->bad) /* what has failed may have another rank than `values` has elements */
        return (ns_int_list){0};
    ns_int_list list = {count, ns_arena_copy(g->draft->arena, values, (size_t)count * sizeof *values)};
    if (!list.values) {
        ns_gen_fail(g);
        list.count = 0;
    }
    return list;
}

int ns_gen_op(ns_generator *g, ns_op op, const ns_attributes *attributes, int count, const int *inputs)
{
    const int node = g->bad ? -1 : ns_draft_apply(g->draft, op, attributes, count, inputs, NULL);
    if (node < 0 || ns_tensor_count(ns_gen_value(g, node)) > LARGEST)
        return ns_gen_fail(g);
    return node;
}

double ns_gen_deviation(const ns_tensor *t)
{
    const size_t count = ns_tensor_count(t);
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        const double v = (double)ns_tensor_get(t, i);
        sum += v;
        squares += v * v;
    }
    const double mean = sum / (double)count, variance = squares / (double)count - mean * mean;
    const double deviation = variance > 1 ? sqrt(variance) : 1;
    return deviation > 0.5 * fabs(mean) ? deviation : 0.5 * fabs(mean);
}

static int compare(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

enum { SAMPLE = 64 };

/* Up to SAMPLE elements, sorted; returns how many. */
static size_t sample(const ns_tensor *t, int64_t values[SAMPLE])
{
    const size_t count = ns_tensor_count(t), step = (count + SAMPLE - 1) / SAMPLE;
    size_t taken = 0;
    for (size_t i = 0; i < count && taken < SAMPLE; i += step)
        values[taken++] = ns_tensor_get(t, i);
    qsort(values, taken, sizeof *values, compare);
    return taken;
}

int64_t ns_gen_quantile(ns_generator *g, const ns_tensor *t, int percent)
{
    (void)g;
    int64_t values[SAMPLE];
    const size_t taken = sample(t, values);
    return taken ? values[(taken - 1) * (size_t)percent / 100] : 0;
}

bool ns_gen_informative(const ns_tensor *t)
{
    int64_t values[SAMPLE];
    const size_t taken = sample(t, values);
    size_t distinct = taken > 0;
    for (size_t i = 1; i < taken; i++)
        distinct += values[i] != values[i - 1];
    const size_t half = taken / 2 > 1 ? taken / 2 : 1;
    return taken && distinct >= (half < 9 ? half : 9) && (taken == 1 || distinct > 1);
}
