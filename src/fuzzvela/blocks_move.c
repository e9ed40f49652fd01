/* Blocks that move data: alone, and around a part that computes. */
#include <string.h>

#include "fuzzvela/blocks.h"

static int pad(ns_generator *g, int x)
{
    const ns_tensor *t = ns_gen_value(g, x);
    int64_t list[2 * NS_MAX_RANK] = {0};
    for (int i = 0; i < t->rank; i++) {
        const bool padded = ns_gen_chance(g, 0.4);
        for (int k = 0; padded && k < 2; k++)
            list[2 * i + k] = ns_gen_range(g, 0, 3);
    }
    const int64_t value =
        ns_gen_chance(g, 0.6) ? ns_gen_range(g, ns_dtype_min(t->dtype), ns_dtype_max(t->dtype)) : 0;
    const int padding = ns_gen_list(g, 2 * t->rank, list);
    const int inputs[] = {x, padding, ns_gen_scalar(g, t->dtype, value)};
    return ns_gen_op(g, NS_OP_PAD, NULL, 3, inputs);
}

static int slice(ns_generator *g, int x)
{
    const ns_tensor *t = ns_gen_value(g, x);
    int64_t start[NS_MAX_RANK], size[NS_MAX_RANK];
    for (int i = 0; i < t->rank; i++) {
        start[i] = ns_gen_chance(g, 0.5) ? ns_gen_range(g, 0, t->shape[i] - 1) : 0;
        size[i] = ns_gen_chance(g, 0.5) ? ns_gen_range(g, 1, t->shape[i] - start[i]) : t->shape[i] - start[i];
    }
    return ns_gen_slice(g, x, start, size);
}

static int tile(ns_generator *g, int x)
{
    const ns_tensor *t = ns_gen_value(g, x);
    int64_t multiples[NS_MAX_RANK];
    for (int i = 0; i < t->rank; i++)
        multiples[i] = NS_GEN_PICK(g, 1, 1, 1, 2, 3);
    const int inputs[] = {x, ns_gen_list(g, t->rank, multiples)};
    return ns_gen_op(g, NS_OP_TILE, NULL, 2, inputs);
}

static int transpose(ns_generator *g, int x)
{
    const int rank = ns_gen_value(g, x)->rank;
    int32_t perms[NS_MAX_RANK];
    for (int i = 0; i < rank; i++)
        perms[i] = i;
    for (int i = rank - 1; i > 0; i--) {
        const int k = (int)ns_gen_range(g, 0, i);
        const int32_t kept = perms[i];
        perms[i] = perms[k];
        perms[k] = kept;
    }
    return ns_gen_transpose(g, x, perms);
}

static void insert(int64_t *shape, int *rank, int at, int64_t dim)
{
    memmove(&shape[at + 1], &shape[at], (size_t)(*rank - at) * sizeof *shape);
    shape[at] = dim;
    (*rank)++;
}

static void drop(int64_t *shape, int *rank, int at)
{
    memmove(&shape[at], &shape[at + 1], (size_t)(*rank - at - 1) * sizeof *shape);
    (*rank)--;
}

/* Dims of 1 dropped, two dims joined, one parted, the order changed, or all in one; then dims of 1 put in. */
static int reshape(ns_generator *g, int x)
{
    const ns_tensor *t = ns_gen_value(g, x);
    int64_t shape[NS_MAX_RANK + 2];
    int rank = 0;
    for (int i = 0; i < t->rank; i++)
        if (t->shape[i] > 1)
            shape[rank++] = t->shape[i];
    const double kind = ns_gen_real(g, 0, 1);
    if (kind > 0.3 && kind < 0.5 && rank > 1) {
        const int at = (int)ns_gen_range(g, 0, rank - 2);
        shape[at] *= shape[at + 1];
        drop(shape, &rank, at + 1);
    } else if (kind < 0.7 && rank > 0 && rank < 6) {
        const int at = (int)ns_gen_range(g, 0, rank - 1);
        const int64_t by = shape[at] % 2 == 0 ? 2 : shape[at] % 3 == 0 ? 3 : shape[at] % 5 == 0 ? 5 : 1;
        const bool first = ns_gen_chance(g, 0.5);
        shape[at] /= by;
        if (by > 1)
            insert(shape, &rank, first ? at : at + 1, by);
    } else if (kind < 0.85 && rank > 1) {
        const int at = (int)ns_gen_range(g, 0, rank - 2);
        const int64_t kept = shape[at];
        shape[at] = shape[at + 1];
        shape[at + 1] = kept;
    } else if (kind >= 0.85) {
        rank = 1;
        shape[0] = (int64_t)ns_tensor_count(t);
    }
    while (rank < 6 && (rank == 0 || ns_gen_chance(g, 0.4)))
        insert(shape, &rank, (int)ns_gen_range(g, 0, rank), 1);
    return ns_gen_reshape(g, x, rank, shape);
}

static int reverse(ns_generator *g, int x)
{
    const ns_attributes attributes = {.axis = (int32_t)ns_gen_range(g, 0, ns_gen_value(g, x)->rank - 1)};
    return ns_gen_op(g, NS_OP_REVERSE, &attributes, 1, &x);
}

/* Another tensor that x can be joined with along `axis`. */
static int neighbour(ns_generator *g, int x, int axis)
{
    const ns_tensor *t = ns_gen_value(g, x);
    int candidates[NS_FUZZ_POOL], count = 0;
    for (int i = 0; i < g->pool_count; i++) {
        const ns_tensor *u = ns_gen_value(g, g->pool[i]);
        bool fits = u->rank == t->rank && u->dtype == t->dtype;
        for (int k = 0; fits && k < t->rank; k++)
            fits = k == axis || u->shape[k] == t->shape[k];
        if (fits)
            candidates[count++] = g->pool[i];
    }
    if (count && ns_gen_chance(g, 0.6))
        return candidates[ns_gen_range(g, 0, count - 1)];
    int64_t shape[NS_MAX_RANK];
    memcpy(shape, t->shape, sizeof shape);
    shape[axis] = ns_gen_range(g, 1, 5);
    const int rank = t->rank;
    const ns_dtype dtype = t->dtype;
    return ns_gen_chance(g, 0.4) ? ns_gen_const(g, dtype, rank, shape) : ns_gen_input(g, dtype, rank, shape);
}

static int concat(ns_generator *g, int x)
{
    const int axis = (int)ns_gen_range(g, 0, ns_gen_value(g, x)->rank - 1);
    const int other = neighbour(g, x, axis);
    const bool first = ns_gen_chance(g, 0.5), thrice = ns_gen_chance(g, 0.2);
    const int inputs[] = {first ? x : other, first ? other : x, x};
    return ns_gen_op(g, NS_OP_CONCAT, &(ns_attributes){.axis = axis}, thrice ? 3 : 2, inputs);
}

/* Channels in groups, as ShuffleNet exchanges them. */
static int shuffle(ns_generator *g, int x)
{
    const ns_tensor t = *ns_gen_value(g, x);
    const int64_t c = t.rank ? t.shape[t.rank - 1] : 1;
    const int64_t by = c % 2 == 0 && c > 2 ? 2 : c % 3 == 0 && c > 3 ? 3 : c % 5 == 0 && c > 5 ? 5 : 0;
    int64_t shape[NS_MAX_RANK];
    int32_t perms[NS_MAX_RANK];
    if (!by || t.rank > 5)
        return ns_gen_fail(g);
    memcpy(shape, t.shape, sizeof shape);
    shape[t.rank - 1] = by;
    shape[t.rank] = c / by;
    for (int i = 0; i <= t.rank; i++)
        perms[i] = i < t.rank - 1 ? i : i == t.rank - 1 ? t.rank : t.rank - 1;
    const int parted = ns_gen_reshape(g, x, t.rank + 1, shape);
    return ns_gen_reshape(g, ns_gen_transpose(g, parted, perms), t.rank, t.shape);
}

int ns_gen_block_move(ns_generator *g, int x)
{
    if (!ns_gen_value(g, x)->rank)
        return ns_gen_fail(g);
    switch (ns_gen_range(g, 0, 13)) {
    case 0:
    case 1:
        return slice(g, x);
    case 2:
    case 3:
        return pad(g, x);
    case 4:
        return tile(g, x);
    case 5:
    case 6:
        return transpose(g, x);
    case 7:
    case 8:
        return reshape(g, x);
    case 9:
        return reverse(g, x);
    case 10:
    case 11:
        return concat(g, x);
    case 12:
        return ns_gen_op(g, NS_OP_IDENTITY, NULL, 1, &x);
    default:
        return shuffle(g, x);
    }
}

/* A computation on one part of a tensor. */
static int compute(ns_generator *g, int x)
{
    switch (ns_gen_range(g, 0, 3)) {
    case 0:
        return ns_gen_block_rescales(g, x);
    case 1:
        return ns_gen_block_table(g, x);
    case 2:
        return ns_gen_block_unary(g, x);
    default:
        return ns_gen_block_binary(g, x);
    }
}

/* x in two parts along its longest axis, which are joined again, added, multiplied, compared or swapped. */
int ns_gen_block_split(ns_generator *g, int x)
{
    x = ns_gen_same_type(g, x);
    const ns_tensor t = *ns_gen_value(g, x);
    int axis = t.rank - 1;
    for (int i = 0; i < t.rank; i++)
        axis = t.shape[i] > t.shape[axis] ? i : axis;
    if (g->bad || !t.rank || t.shape[axis] < 2)
        return ns_gen_fail(g);
    int64_t start[NS_MAX_RANK] = {0}, size[NS_MAX_RANK];
    memcpy(size, t.shape, sizeof size);
    size[axis] = t.shape[axis] / 2;
    int a = ns_gen_slice(g, x, start, size);
    const bool even = t.shape[axis] % 2 == 0;
    start[axis] = size[axis];
    size[axis] = t.shape[axis] - size[axis];
    const int b = ns_gen_slice(g, x, start, size);
    const int kind = even ? (int)ns_gen_range(g, 0, 3) : 0;
    if (ns_gen_chance(g, 0.5))
        a = compute(g, a);
    const ns_tensor *u = ns_gen_value(g, a), *v = ns_gen_value(g, b);
    if (g->bad || u->rank != v->rank || u->dtype != v->dtype)
        return ns_gen_fail(g);
    const int inputs[] = {b, a};
    if (kind == 0)
        return ns_gen_op(g, NS_OP_CONCAT, &(ns_attributes){.axis = axis}, 2, inputs);
    if (kind == 1)
        return ns_gen_quantised(g, ns_gen_mul(g, a, b), g->type); /* a gated unit */
    const double high = g->type == NS_DTYPE_INT8 ? 0x1p20 : 0x1p12;
    const int left = ns_gen_rescale_to(g, a, NS_DTYPE_INT32, (ns_gen_rescale){.factor = high});
    const int right = ns_gen_rescale_to(g, b, NS_DTYPE_INT32, (ns_gen_rescale){.factor = high});
    return ns_gen_quantised(g, ns_gen_binary_op(g, kind == 2 ? NS_OP_ADD : NS_OP_SUB, left, right), g->type);
}
