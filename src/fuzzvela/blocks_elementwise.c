/* Blocks of elementwise operators: RESCALE, operator, RESCALE, as quantised networks have them. */
#include "fuzzvela/blocks.h"

#include <string.h>

static bool broadcasts(const ns_tensor *a, const ns_tensor *b)
{
    if (a->rank != b->rank || a->dtype != b->dtype)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (a->shape[i] != b->shape[i] && a->shape[i] != 1 && b->shape[i] != 1)
            return false;
    return true;
}

/* A shape that broadcasts with x. */
static void broadcast_shape(ns_generator *g, const ns_tensor *x, int64_t shape[NS_MAX_RANK])
{
    memcpy(shape, x->shape, NS_MAX_RANK * sizeof *shape);
    for (int i = 0; i < x->rank; i++)
        shape[i] = ns_gen_chance(g, 0.5) ? 1 : shape[i];
    if (ns_gen_chance(g, 0.25))
        for (int i = 0; i < x->rank; i++)
            shape[i] = i == x->rank - 1 ? x->shape[i] : 1;
    if (ns_gen_chance(g, 0.15))
        for (int i = 0; i < x->rank; i++)
            shape[i] = 1;
    if (ns_gen_chance(g, 0.15)) /* x broadcasts, too */
        for (int i = 0; i < x->rank; i++)
            shape[i] = x->shape[i] == 1 && ns_gen_chance(g, 0.5) ? ns_gen_range(g, 2, 5) : shape[i];
}

int ns_gen_partner(ns_generator *g, int x)
{
    const ns_tensor *t = ns_gen_value(g, x);
    const ns_dtype dtype = t->dtype;
    int candidates[NS_FUZZ_POOL], count = 0;
    int64_t shape[NS_MAX_RANK];
    for (int i = 0; i < g->pool_count; i++)
        if (g->pool[i] != x && broadcasts(t, ns_gen_value(g, g->pool[i])))
            candidates[count++] = g->pool[i];
    const double kind = ns_gen_real(g, 0, 1);
    if (count && kind < 0.5)
        return candidates[ns_gen_range(g, 0, count - 1)];
    if (kind < 0.55)
        return x;
    if (kind < 0.65 && dtype != NS_DTYPE_BOOL && t->rank) {
        const ns_op op = NS_GEN_PICK(g, NS_OP_REDUCE_MAX, NS_OP_REDUCE_MIN);
        return ns_gen_reduce(g, op, x, (int)ns_gen_range(g, 0, t->rank - 1));
    }
    broadcast_shape(g, t, shape);
    const int rank = t->rank;
    return ns_gen_chance(g, 0.5) ? ns_gen_const(g, dtype, rank, shape) : ns_gen_input(g, dtype, rank, shape);
}

int ns_gen_to32(ns_generator *g, int x, double factor)
{
    const int64_t zero_point = ns_gen_zero_point(g, ns_gen_value(g, x)->dtype);
    return ns_gen_rescale_to(g, x, NS_DTYPE_INT32,
                             (ns_gen_rescale){.factor = factor, .in_zero_point = zero_point});
}

/* A constant of int32 of the size of y's values. */
static int wide_const(ns_generator *g, int y)
{
    const ns_tensor *t = ns_gen_value(g, y);
    int64_t shape[NS_MAX_RANK];
    for (int i = 0; i < t->rank; i++)
        shape[i] = ns_gen_chance(g, 0.4) ? t->shape[i] : 1;
    const int64_t size = (int64_t)ns_gen_deviation(t) + 2;
    return ns_gen_values(g, NS_DTYPE_INT32, t->rank, shape, -size, size);
}

static int with_const(ns_generator *g, ns_op op, int y)
{
    const int c = wide_const(g, y);
    return ns_gen_chance(g, 0.5) ? ns_gen_binary_op(g, op, y, c) : ns_gen_binary_op(g, op, c, y);
}

/* One more operator of int32. */
int ns_gen_wide(ns_generator *g, int y)
{
    const ns_tensor *t = ns_gen_value(g, y);
    const int rank = t->rank;
    const int64_t ones[NS_MAX_RANK] = {1, 1, 1, 1, 1, 1, 1, 1};
    int64_t shape[NS_MAX_RANK];
    memcpy(shape, ones, sizeof shape);
    const double kind = ns_gen_real(g, 0, 1);
    if (kind < 0.25)
        return ns_gen_op(g, NS_OP_ABS, NULL, 1, &y);
    if (kind < 0.4) {
        const int zero = ns_gen_scalar(g, NS_DTYPE_INT32, 0);
        const int inputs[] = {y, zero, zero};
        return ns_gen_op(g, NS_OP_NEGATE, NULL, 3, inputs);
    }
    if (kind < 0.6)
        return with_const(g, NS_GEN_PICK(g, NS_OP_ADD, NS_OP_SUB), y);
    if (kind < 0.75)
        return with_const(g, NS_GEN_PICK(g, NS_OP_MAXIMUM, NS_OP_MINIMUM), y);
    if (kind < 0.85) {
        const int64_t by = ns_gen_range(g, 1, 3);
        const int inputs[] = {y, ns_gen_values(g, NS_DTYPE_INT32, rank, ones, by, by)};
        return ns_gen_op(g, NS_OP_ARITHMETIC_RIGHT_SHIFT, &(ns_attributes){.round = true}, 2, inputs);
    }
    if (rank && ns_gen_chance(g, 0.5))
        shape[rank - 1] = t->shape[rank - 1];
    return ns_gen_deviation(t) < 0x1p22
               ? ns_gen_mul(g, y, ns_gen_values(g, NS_DTYPE_INT32, rank, shape, 1, 100))
               : y;
}

static int min_max(ns_generator *g, ns_op op, int a, int b)
{
    const int64_t zero_point = ns_gen_zero_point(g, g->type);
    const ns_gen_rescale unit = {.factor = 1, .in_zero_point = zero_point};
    const int left = ns_gen_rescale_to(g, a, NS_DTYPE_INT32, unit);
    const int right = ns_gen_rescale_to(g, b, NS_DTYPE_INT32, unit);
    const int y = ns_gen_binary_op(g, op, left, right);
    return ns_gen_rescale_to(
        g, y, g->type,
        (ns_gen_rescale){.factor = ns_gen_chance(g, 0.6) ? 1 : 0, .out_zero_point = zero_point});
}

static void choose_factors(ns_generator *g, double factors[2])
{
    const double high = g->type == NS_DTYPE_INT8 ? 0x1p20 : 0x1p12;
    const double part = ns_gen_real(g, 0.1, 1);
    const double some = ns_gen_real(g, 0.5, 500);
    const double table[][2] = {{high, high}, {high, high * part}, {high * part, high}, {1, 1}, {3, 5},
                               {1, 2},       {some, 500 * part},  {1, 3 * part}};
    memcpy(factors, table[ns_gen_range(g, 0, 7)], 2 * sizeof *factors);
}

int ns_gen_block_binary(ns_generator *g, int x)
{
    x = ns_gen_same_type(g, x);
    const int other = ns_gen_partner(g, x);
    const bool swap = ns_gen_chance(g, 0.5);
    const int a = swap ? other : x, b = swap ? x : other;
    const ns_op op = NS_GEN_PICK(g, NS_OP_ADD, NS_OP_ADD, NS_OP_ADD, NS_OP_SUB, NS_OP_SUB, NS_OP_MUL,
                                 NS_OP_MAXIMUM, NS_OP_MINIMUM);
    if ((op == NS_OP_MAXIMUM || op == NS_OP_MINIMUM) && ns_gen_chance(g, 0.6))
        return min_max(g, op, a, b);
    if (op == NS_OP_MUL) {
        if (ns_gen_chance(g, 0.6))
            return ns_gen_quantised(g, ns_gen_mul(g, a, b), g->type);
        const int left = ns_gen_to32(g, a, 1);
        return ns_gen_quantised(g, ns_gen_mul(g, left, ns_gen_to32(g, b, 1)), g->type);
    }
    double factors[2];
    choose_factors(g, factors);
    const int left = ns_gen_to32(g, a, factors[0]);
    const int right = ns_gen_to32(g, b, factors[1]);
    int y = ns_gen_binary_op(g, op, left, right);
    if (ns_gen_chance(g, 0.15))
        y = ns_gen_wide(g, y);
    return ns_gen_chance(g, 0.08) ? y : ns_gen_quantised(g, y, g->type);
}

int ns_gen_block_unary(ns_generator *g, int x)
{
    x = ns_gen_same_type(g, x);
    const double kind = ns_gen_real(g, 0, 1);
    if (kind < 0.35)
        return ns_gen_clamp(g, x);
    if (kind < 0.6) {
        const int in = ns_gen_scalar(g, g->type, ns_gen_zero_point(g, g->type));
        const int inputs[] = {x, in, ns_gen_scalar(g, g->type, ns_gen_zero_point(g, g->type))};
        return ns_gen_op(g, NS_OP_NEGATE, NULL, 3, inputs);
    }
    if (kind < 0.8)
        return ns_gen_quantised(g, ns_gen_wide(g, ns_gen_to32(g, x, 0)), g->type);
    if (kind < 0.9) /* as hard swish */
        return ns_gen_quantised(g, ns_gen_mul(g, x, ns_gen_clamp(g, x)), g->type);
    const int y = ns_gen_to32(g, x, 1);
    return ns_gen_quantised(g, ns_gen_mul(g, y, y), g->type);
}

int ns_gen_block_table(ns_generator *g, int x)
{
    x = ns_gen_same_type(g, x);
    if (g->type == NS_DTYPE_INT16 && !g->u85)
        return ns_gen_fail(g);
    for (int i = NS_GEN_PICK(g, 1, 1, 2, 3); i > 0; i--)
        x = ns_gen_table(g, x);
    return x;
}

int ns_gen_block_rescales(ns_generator *g, int x)
{
    for (int i = NS_GEN_PICK(g, 1, 2, 3); i > 0; i--) {
        const ns_dtype from = ns_gen_value(g, x)->dtype;
        ns_dtype to = NS_GEN_PICK(g, -1, -1, NS_DTYPE_INT32, NS_DTYPE_INT8, NS_DTYPE_INT16);
        if (to == (ns_dtype)-1 || (from == NS_DTYPE_INT32 && to == NS_DTYPE_INT32))
            to = g->type;
        const int64_t zero_point = ns_gen_zero_point(g, from);
        const bool per_channel = ns_gen_chance(g, 0.15);
        x = ns_gen_rescale_to(g, x, to,
                              (ns_gen_rescale){.in_zero_point = zero_point,
                                               .any_out_zero_point = true,
                                               .per_channel = per_channel});
    }
    return ns_gen_value(g, x)->dtype == g->type ? x : ns_gen_quantised(g, x, g->type);
}

static int compare(ns_generator *g, ns_op op, int x, int y)
{
    const int left = ns_gen_to32(g, x, 1);
    return ns_gen_binary_op(g, op, left, ns_gen_to32(g, y, 1));
}

static int select_by(ns_generator *g, int condition, int a, int b)
{
    const int inputs[] = {condition, a, b};
    return ns_gen_op(g, NS_OP_SELECT, NULL, 3, inputs);
}

static int cast_to(ns_generator *g, int x, ns_dtype dtype)
{
    ns_draft_node node = {.kind = NS_DRAFT_OPERATOR,
                          .op = NS_OP_CAST,
                          .input_count = 1,
                          .inputs = {x},
                          .value = {.dtype = dtype}};
    if (g->bad || ns_draft_compute(g->draft, &node, NULL) != NS_OK)
        return ns_gen_fail(g);
    const int index = ns_draft_add(g->draft, &node);
    return index >= 0 ? index : ns_gen_fail(g);
}

static int shift(ns_generator *g, int x)
{
    const ns_tensor *t = ns_gen_value(g, x);
    int64_t shape[NS_MAX_RANK];
    for (int i = 0; i < t->rank; i++)
        shape[i] = ns_gen_chance(g, 0.5) ? t->shape[i] : 1;
    const int inputs[] = {x, ns_gen_values(g, t->dtype, t->rank, shape, 0, 4)};
    return ns_gen_op(g, NS_OP_ARITHMETIC_RIGHT_SHIFT, &(ns_attributes){.round = ns_gen_chance(g, 0.5)}, 2,
                     inputs);
}

static int bitwise(ns_generator *g, int x)
{
    const ns_op op = NS_GEN_PICK(g, NS_OP_BITWISE_AND, NS_OP_BITWISE_OR, NS_OP_BITWISE_XOR);
    return ns_gen_binary_op(g, op, x, ns_gen_partner(g, x));
}

/* Operators that Ethos-U55 and U65 do not have. */
int ns_gen_block_u85(ns_generator *g, int x)
{
    if (!g->u85)
        return ns_gen_fail(g);
    x = ns_gen_same_type(g, x);
    const ns_tensor *t = ns_gen_value(g, x);
    switch (ns_gen_range(g, 0, 8)) {
    case 0:
    case 1: {
        const int y = ns_gen_partner(g, x);
        const bool swap = ns_gen_chance(g, 0.5);
        const ns_op op = NS_GEN_PICK(g, NS_OP_GREATER, NS_OP_GREATER_EQUAL, NS_OP_EQUAL);
        const int c = compare(g, op, x, y);
        return select_by(g, c, swap ? y : x, swap ? x : y);
    }
    case 2:
        return bitwise(g, x);
    case 3:
        return ns_gen_op(g, NS_OP_BITWISE_NOT, NULL, 1, &x);
    case 4: {
        const int64_t ones[] = {1, 1, 1, 1, 1, 1};
        const int c = compare(g, NS_OP_GREATER, x, ns_gen_partner(g, x));
        return select_by(g, c, ns_gen_const(g, g->type, t->rank, ones), x);
    }
    case 5:
        return shift(g, x);
    case 6: {
        const int y = ns_gen_to32(g, x, 1);
        return ns_gen_rescale_to(g, ns_gen_op(g, NS_OP_CLZ, NULL, 1, &y), g->type,
                                 (ns_gen_rescale){.factor = 3});
    }
    case 7: {
        const ns_dtype other = g->type == NS_DTYPE_INT8 ? NS_DTYPE_INT16 : NS_DTYPE_INT8;
        const int y = cast_to(g, x, ns_gen_chance(g, 0.5) ? NS_DTYPE_INT32 : other);
        return cast_to(g, y, g->type);
    }
    default:
        return ns_gen_reduce(g, NS_OP_ARGMAX, x, (int)ns_gen_range(g, 0, t->rank - 1));
    }
}
