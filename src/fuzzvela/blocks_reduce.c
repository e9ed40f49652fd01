/* Blocks with reductions: sums, extremes, and the softmax and norms that are made of them. */
#include <string.h>

#include "fuzzvela/blocks.h"

static int any_axis(ns_generator *g, int x)
{
    const int rank = ns_gen_value(g, x)->rank;
    return rank ? (int)ns_gen_range(g, 0, rank - 1) : ns_gen_fail(g);
}

/* Mostly the last axis. */
static int likely_axis(ns_generator *g, int x, double last)
{
    const int axis = any_axis(g, x);
    return ns_gen_chance(g, last) ? ns_gen_value(g, x)->rank - 1 : axis;
}

static int sum(ns_generator *g, int x, int axis)
{
    static const double factors[] = {1, 1, 64, 1024};
    const double factor = factors[ns_gen_range(g, 0, 3)];
    const int64_t zero_point = ns_gen_zero_point(g, g->type);
    const int rank = ns_gen_value(g, x)->rank;
    int y = ns_gen_rescale_to(g, x, NS_DTYPE_INT32,
                              (ns_gen_rescale){.factor = factor, .in_zero_point = zero_point});
    y = ns_gen_reduce(g, NS_OP_REDUCE_SUM, y, axis);
    if (ns_gen_chance(g, 0.25) && rank > 1)
        y = ns_gen_reduce(g, NS_OP_REDUCE_SUM, y, (axis + 1) % rank);
    if (ns_gen_chance(g, 0.15))
        y = ns_gen_wide(g, y);
    return ns_gen_chance(g, 0.95) ? ns_gen_quantised(g, y, g->type) : y;
}

static int extreme(ns_generator *g, int x, int axis)
{
    const int rank = ns_gen_value(g, x)->rank;
    const int y = ns_gen_reduce(g, NS_GEN_PICK(g, NS_OP_REDUCE_MAX, NS_OP_REDUCE_MIN), x, axis);
    if (!ns_gen_chance(g, 0.3) || rank < 2)
        return y;
    return ns_gen_reduce(g, NS_GEN_PICK(g, NS_OP_REDUCE_MAX, NS_OP_REDUCE_MIN), y, (axis + 1) % rank);
}

/* The reduced axis dropped, as keepdim=False. */
static int squeeze(ns_generator *g, int y, int axis)
{
    const ns_tensor *t = ns_gen_value(g, y);
    int64_t shape[NS_MAX_RANK] = {1};
    int rank = 0;
    for (int i = 0; i < t->rank; i++)
        if (i != axis)
            shape[rank++] = t->shape[i];
    y = ns_gen_reshape(g, y, rank ? rank : 1, shape);
    if (rank < 2 || !ns_gen_chance(g, 0.4))
        return y;
    int32_t perms[NS_MAX_RANK];
    const int by = (int)ns_gen_range(g, 0, rank - 1);
    for (int i = 0; i < rank; i++)
        perms[i] = (i + by) % rank;
    return ns_gen_transpose(g, y, perms);
}

int ns_gen_block_reduce(ns_generator *g, int x)
{
    x = ns_gen_same_type(g, x);
    const int axis = any_axis(g, x);
    if (g->bad || (ns_gen_value(g, x)->shape[axis] == 1 && ns_gen_chance(g, 0.7)))
        return ns_gen_fail(g);
    const int y = ns_gen_chance(g, 0.5) ? sum(g, x, axis) : extreme(g, x, axis);
    return ns_gen_chance(g, 0.5) ? squeeze(g, y, axis) : y;
}

static int to32(ns_generator *g, int x)
{
    return ns_gen_rescale_to(g, x, NS_DTYPE_INT32, (ns_gen_rescale){.factor = 1});
}

/* Tables of int16 exist on Ethos-U85 only. */
static int curve(ns_generator *g, int x)
{
    return g->type == NS_DTYPE_INT8 || g->u85 ? ns_gen_table(g, x) : x;
}

int ns_gen_block_softmax(ns_generator *g, int x)
{
    x = ns_gen_same_type(g, x);
    const int axis = likely_axis(g, x, 0.8);
    const bool is8 = g->type == NS_DTYPE_INT8;
    const int left = to32(g, x), right = to32(g, ns_gen_reduce(g, NS_OP_REDUCE_MAX, x, axis));
    int y = ns_gen_binary_op(g, NS_OP_SUB, left, right);
    y = curve(
        g, ns_gen_rescale_to(g, y, g->type, (ns_gen_rescale){.factor = 1, .out_zero_point = is8 ? 127 : 0}));
    const int wide = ns_gen_rescale_to(g, y, NS_DTYPE_INT32,
                                       (ns_gen_rescale){.factor = 1, .in_zero_point = is8 ? -128 : 0});
    const int total = curve(g, ns_gen_quantised(g, ns_gen_reduce(g, NS_OP_REDUCE_SUM, wide, axis), g->type));
    return ns_gen_quantised(g, ns_gen_chance(g, 0.5) ? ns_gen_mul(g, y, total) : ns_gen_mul(g, total, y),
                            g->type);
}

int ns_gen_block_norm(ns_generator *g, int x)
{
    x = ns_gen_same_type(g, x);
    const int axis = likely_axis(g, x, 0.7);
    const ns_tensor t = *ns_gen_value(g, x);
    if (g->bad)
        return 0;
    const int wide = to32(g, x);
    const ns_gen_rescale by = {.factor = 1.0 / (double)t.shape[axis]};
    const int mean = ns_gen_rescale_to(g, ns_gen_reduce(g, NS_OP_REDUCE_SUM, wide, axis), g->type, by);
    const int apart = ns_gen_binary_op(g, NS_OP_SUB, wide, to32(g, mean));
    const int d = ns_gen_rescale_to(g, apart, g->type, (ns_gen_rescale){0});
    const double down = g->type == NS_DTYPE_INT8 ? 0x1p-7 : 0x1p-15;
    const int squares =
        ns_gen_rescale_to(g, ns_gen_mul(g, d, d), NS_DTYPE_INT32, (ns_gen_rescale){.factor = down});
    const int v = curve(g, ns_gen_quantised(g, ns_gen_reduce(g, NS_OP_REDUCE_SUM, squares, axis), g->type));
    const int y = ns_gen_quantised(g, ns_gen_mul(g, d, v), g->type);
    if (!ns_gen_chance(g, 0.5))
        return y;
    int64_t shape[NS_MAX_RANK] = {1, 1, 1, 1, 1, 1};
    shape[t.rank - 1] = t.shape[t.rank - 1];
    return ns_gen_quantised(g, ns_gen_mul(g, y, ns_gen_const(g, g->type, t.rank, shape)), g->type);
}
