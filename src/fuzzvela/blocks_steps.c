/* Steps that several blocks take. */
#include <math.h>
#include <string.h>

#include "fuzzvela/blocks.h"

int64_t ns_gen_zero_point(ns_generator *g, ns_dtype dtype)
{
    if (dtype != NS_DTYPE_INT8 || ns_gen_chance(g, 0.3))
        return 0;
    return ns_gen_chance(g, 0.3) ? ns_gen_range(g, -128, 127) : ns_gen_range(g, -30, 29);
}

/* factor = multiplier * 2^-shift about, the multiplier with `bits` bits; false where no shift does. */
static bool split_factor(double factor, int bits, int64_t *multiplier, int64_t *shift)
{
    int exponent = 0;
    const double fraction = frexp(factor, &exponent);
    *multiplier = llround(fraction * (double)(INT64_C(1) << bits));
    if (*multiplier == INT64_C(1) << bits) {
        *multiplier >>= 1;
        exponent++;
    }
    *shift = bits - exponent;
    return factor > 0 && *shift >= 2 && *shift <= 62;
}

/* The factor with which `x` makes good use of `dtype`. */
static double good_factor(ns_generator *g, const ns_tensor *x, ns_dtype dtype)
{
    if (dtype == NS_DTYPE_INT32) {
        static const double common[] = {1, 0, 1024, 3, 5, 7, -1};
        const double factor = common[ns_gen_range(g, 0, 6)];
        return factor > 0    ? factor
               : factor == 0 ? (x->dtype == NS_DTYPE_INT8 ? 0x1p20 : 0x1p12)
                             : ns_gen_real(g, 0.5, 2000);
    }
    const double used = ns_gen_real(g, 0.2, 0.7);
    const double factor = (double)ns_dtype_max(dtype) * used / ns_gen_deviation(x);
    int exponent = 0;
    (void)frexp(factor, &exponent);
    return ns_gen_chance(g, 0.1) ? ldexp(1, exponent - 1) : factor;
}

int ns_gen_rescale_to(ns_generator *g, int x, ns_dtype dtype, ns_gen_rescale how)
{
    const ns_tensor *t = ns_gen_value(g, x);
    const bool wide = t->dtype == NS_DTYPE_INT48;
    const int64_t count = how.per_channel && t->rank ? t->shape[t->rank - 1] : 1;
    const double factor = how.factor > 0 ? how.factor : good_factor(g, t, dtype);
    int multipliers = ns_gen_values(g, wide ? NS_DTYPE_INT16 : NS_DTYPE_INT32, 1, &count, 0, 0);
    int shifts = ns_gen_values(g, NS_DTYPE_INT8, 1, &count, 0, 0);
    if (g->bad)
        return 0;
    const bool coarse = !wide && ns_gen_chance(g, 0.05);
    for (int64_t i = 0; i < count; i++) {
        int64_t m, s;
        if (!split_factor(factor * (how.per_channel ? ns_gen_real(g, 0.5, 1.5) : 1),
                          wide     ? 15
                          : coarse ? 15
                                   : 31,
                          &m, &s))
            return ns_gen_fail(g);
        ns_tensor_set(&g->draft->nodes[multipliers].value, (size_t)i, m);
        ns_tensor_set(&g->draft->nodes[shifts].value, (size_t)i, s);
    }
    const int64_t in_zp = t->dtype == NS_DTYPE_INT8 ? how.in_zero_point : 0;
    const int64_t out_zp = how.any_out_zero_point ? ns_gen_zero_point(g, dtype) : how.out_zero_point;
    const int in_point = ns_gen_scalar(g, t->dtype, in_zp);
    const int out_point = ns_gen_scalar(g, dtype, out_zp);
    const int inputs[] = {x, multipliers, shifts, in_point, out_point};
    const ns_attributes attributes = {.scale32 = !wide,
                                      .rounding_mode =
                                          g->double_round && !wide ? NS_DOUBLE_ROUND : NS_SINGLE_ROUND,
                                      .per_channel = how.per_channel};
    return ns_gen_op(g, NS_OP_RESCALE, &attributes, 5, inputs);
}

int ns_gen_quantised(ns_generator *g, int x, ns_dtype dtype)
{
    return ns_gen_rescale_to(g, x, dtype, (ns_gen_rescale){.any_out_zero_point = true});
}

int ns_gen_same_type(ns_generator *g, int x)
{
    const ns_dtype dtype = ns_gen_value(g, x)->dtype;
    return dtype == g->type ? x : dtype == NS_DTYPE_BOOL ? ns_gen_fail(g) : ns_gen_quantised(g, x, g->type);
}

int ns_gen_reshape(ns_generator *g, int x, int rank, const int64_t *shape)
{
    const int inputs[] = {x, ns_gen_list(g, rank, shape)};
    return ns_gen_op(g, NS_OP_RESHAPE, NULL, 2, inputs);
}

int ns_gen_to4(ns_generator *g, int x)
{
    const ns_tensor *t = ns_gen_value(g, x);
    const int64_t *s = t->shape;
    const int kind = (int)ns_gen_range(g, 0, 2);
    if (t->rank == 4)
        return x;
    if (t->rank == 1)
        return ns_gen_reshape(g, x, 4, (int64_t[]){1, 1, 1, s[0]});
    if (t->rank == 2)
        return ns_gen_reshape(
            g, x, 4, (int64_t[]){kind == 2 ? s[0] : 1, kind == 1 ? s[0] : 1, kind == 0 ? s[0] : 1, s[1]});
    if (t->rank == 3)
        return kind == 0   ? ns_gen_reshape(g, x, 4, (int64_t[]){1, s[0], s[1], s[2]})
               : kind == 1 ? ns_gen_reshape(g, x, 4, (int64_t[]){s[0], 1, s[1], s[2]})
                           : ns_gen_reshape(g, x, 4, (int64_t[]){s[0], s[1], 1, s[2]});
    int64_t lead = 1;
    for (int i = 0; i < t->rank - 3; i++)
        lead *= s[i];
    return ns_gen_reshape(g, x, 4, (int64_t[]){lead, s[t->rank - 3], s[t->rank - 2], s[t->rank - 1]});
}

int ns_gen_slice(ns_generator *g, int x, const int64_t *start, const int64_t *size)
{
    const int rank = ns_gen_value(g, x)->rank;
    const int starts = ns_gen_list(g, rank, start);
    const int inputs[] = {x, starts, ns_gen_list(g, rank, size)};
    return ns_gen_op(g, NS_OP_SLICE, NULL, 3, inputs);
}

int ns_gen_transpose(ns_generator *g, int x, const int32_t *perms)
{
    const ns_attributes attributes = {.perms = ns_gen_ints(g, ns_gen_value(g, x)->rank, perms)};
    return ns_gen_op(g, NS_OP_TRANSPOSE, &attributes, 1, &x);
}

int ns_gen_reduce(ns_generator *g, ns_op op, int x, int axis)
{
    const ns_attributes attributes = {.axis = axis, .nan_mode = NS_NAN_PROPAGATE};
    return ns_gen_op(g, op, &attributes, 1, &x);
}

/* Functions as networks have them, by arithmetic that is the same everywhere: sigmoid-like, its derivative, a
 * square root, a square, a step. */
static double curve(int kind, double x)
{
    const double a = fabs(x);
    switch (kind) {
    case 0:
        return 3 * x / (1 + 3 * a);
    case 1:
        return x > 0 ? x : x / 8;
    case 2:
        return sqrt(a);
    case 3:
        return x * x * 2 - 1;
    case 4:
        return 1 / (1 + 8 * a);
    default:
        return x * (x + 1) / 2;
    }
}

static void fill_table(ns_generator *g, ns_tensor *t)
{
    const size_t count = ns_tensor_count(t);
    const int64_t low = ns_dtype_min(t->dtype), high = ns_dtype_max(t->dtype);
    const int kind = (int)ns_gen_range(g, 0, 5);
    const double half = floor((double)count / 2);
    for (size_t i = 0; i < count; i++) {
        const int64_t value = llround(curve(kind, ((double)i - half) / half) * (double)high);
        ns_tensor_set(t, i, value < low ? low : value > high ? high : value);
    }
    /* Any permutation, so that no two codes are alike. */
    for (size_t i = count - 1; count == 256 && kind == 5 && i > 0; i--) {
        const size_t k = (size_t)ns_gen_range(g, 0, (int64_t)i);
        const int64_t kept = ns_tensor_get(t, i);
        ns_tensor_set(t, i, ns_tensor_get(t, k));
        ns_tensor_set(t, k, kept);
    }
}

int ns_gen_table(ns_generator *g, int x)
{
    const ns_dtype dtype = ns_gen_value(g, x)->dtype;
    const bool is8 = dtype == NS_DTYPE_INT8;
    if (!is8 && dtype != NS_DTYPE_INT16)
        return ns_gen_fail(g);
    const int table = ns_gen_values(g, dtype, 1, (int64_t[]){is8 ? 256 : 513}, 0, 0);
    if (g->bad)
        return 0;
    fill_table(g, &g->draft->nodes[table].value);
    const int inputs[] = {x, table};
    const int y = ns_gen_op(g, NS_OP_TABLE, NULL, 2, inputs);
    return is8 ? y : ns_gen_rescale_to(g, y, NS_DTYPE_INT16, (ns_gen_rescale){.factor = 1.0 / 128});
}

static ns_byte_list limit(ns_generator *g, ns_dtype dtype, int64_t value)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)value >> (8 * i));
    const size_t size = (size_t)ns_dtype_bytes(dtype);
    ns_byte_list list = {size, ns_arena_copy(g->draft->arena, bytes, size)};
    if (!list.values)
        ns_gen_fail(g);
    return list;
}

int ns_gen_clamp(ns_generator *g, int x)
{
    const ns_tensor *t = ns_gen_value(g, x);
    if (t->dtype != NS_DTYPE_INT8 && t->dtype != NS_DTYPE_INT16)
        return x;
    const int64_t low = ns_gen_quantile(g, t, 25), high = ns_gen_quantile(g, t, 80);
    const int64_t min = ns_gen_chance(g, 0.6) ? low : ns_dtype_min(t->dtype);
    const int64_t max = ns_gen_chance(g, 0.4) ? (high > low ? high : low + 1) : ns_dtype_max(t->dtype);
    const ns_attributes attributes = {.min_val = limit(g, t->dtype, min),
                                      .max_val = limit(g, t->dtype, max < min ? min : max),
                                      .nan_mode = NS_NAN_PROPAGATE};
    return ns_gen_op(g, NS_OP_CLAMP, &attributes, 1, &x);
}

int ns_gen_mul(ns_generator *g, int a, int b)
{
    const int inputs[] = {a, b, ns_gen_scalar(g, NS_DTYPE_INT8, 0)};
    return ns_gen_op(g, NS_OP_MUL, NULL, 3, inputs);
}

int ns_gen_binary_op(ns_generator *g, ns_op op, int a, int b)
{
    const ns_attributes attributes = {.nan_mode =
                                          op == NS_OP_MAXIMUM || op == NS_OP_MINIMUM ? NS_NAN_PROPAGATE : 0};
    const int inputs[] = {a, b};
    return op == NS_OP_MUL ? ns_gen_mul(g, a, b) : ns_gen_op(g, op, &attributes, 2, inputs);
}
