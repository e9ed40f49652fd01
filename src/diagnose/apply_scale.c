#include "diagnose/internal.h"

#include <math.h>

enum { DEEPEST = 64 };

typedef struct walk {
    const ns_dg_rescaling *r;
    ns_error *error;
    int depth;
} walk;

static ns_block *block_of(const ns_dg_rescaling *r)
{
    return &r->graph->regions[0].blocks[0];
}

ns_code ns_dg_replace_operand(const ns_dg_rescaling *r, int index, int operand, const ns_tensor *value,
                              ns_error *error)
{
    ns_graph *graph = r->graph;
    ns_operator *op = &block_of(r)->operators[index];
    const char *own = block_of(r)->tensors[op->outputs[0]].name;
    const char *name =
        ns_arena_format(graph->arena, "%s_mended_%d", own ? own : "", block_of(r)->tensor_count);
    int tensor = -1;
    if (!name)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a constant");
    NS_TRY(ns_block_add_const(graph, block_of(r), name, value, &tensor, error));
    block_of(r)->operators[index].inputs[operand] = tensor;
    return NS_OK;
}

static ns_code replace(const walk *w, int index, int operand, const ns_tensor *value)
{
    return ns_dg_replace_operand(w->r, index, operand, value, w->error);
}

static ns_code copy_of(const walk *w, int tensor, ns_tensor *copy)
{
    const ns_tensor *from = ns_dg_tensor(w->r->plan, tensor);
    NS_TRY(ns_tensor_new(w->r->graph->arena, from->dtype, from->rank, from->shape, copy, w->error));
    for (size_t i = 0; i < ns_tensor_count(from); i++)
        ns_tensor_set(copy, i, ns_tensor_get(from, i));
    return NS_OK;
}

/* ratio = multiplier * 2^-shift, with all bits that the multiplier has; false: the shift leaves its range. */
static bool split(double ratio, int bits, int64_t *multiplier, int64_t *shift)
{
    int exponent;
    const double mantissa = frexp(ratio, &exponent); /* in [0.5, 1) */
    *multiplier = (int64_t)rint(ldexp(mantissa, bits));
    *shift = bits - exponent;
    if (*multiplier == (int64_t)1 << bits) {
        *multiplier >>= 1;
        (*shift)--;
    }
    return ratio > 0 && *shift >= 2 && *shift <= 62;
}

static ns_code scale_multipliers(const walk *w, int index, double factor, bool *can)
{
    const ns_dg_plan *plan = w->r->plan;
    const ns_operator *op = ns_dg_operator(plan, index);
    const ns_tensor *multiplier = ns_dg_tensor(plan, op->inputs[1]),
                    *shift = ns_dg_tensor(plan, op->inputs[2]);
    const int bits = op->attributes.scale32 ? 31 : 15;
    ns_tensor multipliers, shifts;
    *can = multiplier->data && shift->data;
    for (size_t i = 0; *can && i < ns_tensor_count(multiplier); i++) {
        int64_t m, s;
        *can = split(ldexp((double)ns_tensor_get(multiplier, i), -(int)ns_tensor_get(shift, i)) * factor,
                     bits, &m, &s);
    }
    if (!*can || !w->r->graph)
        return NS_OK;
    NS_TRY(copy_of(w, op->inputs[1], &multipliers));
    NS_TRY(copy_of(w, op->inputs[2], &shifts));
    for (size_t i = 0; i < ns_tensor_count(&multipliers); i++) {
        int64_t m = 0, s = 0;
        split(ldexp((double)ns_tensor_get(multiplier, i), -(int)ns_tensor_get(shift, i)) * factor, bits, &m,
              &s);
        ns_tensor_set(&multipliers, i, m);
        ns_tensor_set(&shifts, i, s);
    }
    NS_TRY(replace(w, index, 1, &multipliers));
    return replace(w, index, 2, &shifts);
}

/* The bias is added to products that are smaller by the factor now. */
static ns_code scale_bias(const walk *w, int index, double factor, bool *can)
{
    const ns_operator *op = ns_dg_operator(w->r->plan, index);
    const ns_tensor *bias = ns_dg_tensor(w->r->plan, op->inputs[2]);
    ns_tensor scaled;
    *can = bias->data != NULL;
    if (!*can || !w->r->graph)
        return NS_OK;
    NS_TRY(copy_of(w, op->inputs[2], &scaled));
    for (size_t i = 0; i < ns_tensor_count(&scaled); i++)
        ns_tensor_set(&scaled, i, (int64_t)rint((double)ns_tensor_get(bias, i) / factor));
    return replace(w, index, 2, &scaled);
}

/* Knots of the function at codes that are `in` times those of the table, in an output's scale where values
 * are `out` times as large. */
static ns_code make_knots(const walk *w, int index, double in, double out, bool *can)
{
    const ns_operator *op = ns_dg_operator(w->r->plan, index);
    const ns_dg_table *table = w->r->plan->tables[op->inputs[1]];
    ns_tensor knots;
    *can = table && table->knots == NS_DG_KNOTS && ns_dg_table_name(table);
    if (!*can || !w->r->graph)
        return NS_OK;
    NS_TRY(copy_of(w, op->inputs[1], &knots));
    int64_t last = 0;
    for (int i = 0; i < NS_DG_KNOTS; i++) {
        const double v = ns_dg_table_ideal(table, ns_dg_knot_code(table, i) * in) * out;
        const int64_t knot = (int64_t)fmin(fmax(rint(v), -32767), 32767);
        *can = *can && (!i || (knot - last >= INT16_MIN && knot - last <= INT16_MAX));
        ns_tensor_set(&knots, (size_t)i, knot);
        last = knot;
    }
    return *can ? replace(w, index, 1, &knots) : NS_OK;
}

static ns_code scale_limit(const walk *w, ns_byte_list *limit, double factor)
{
    ns_tensor view = {.dtype = limit->count == 2 ? NS_DTYPE_INT16 : NS_DTYPE_INT8, .rank = 0};
    uint8_t *values = ns_arena_copy(w->r->graph->arena, limit->values, limit->count);
    if (!values)
        return ns_fail(w->error, NS_ERROR_MEMORY, "no memory for a bound");
    view.data = values;
    const int64_t value = ns_tensor_get(&view, 0);
    if (value > -32767 && value < 32767) /* an end of the type is no bound */
        ns_tensor_set(&view, 0, (int64_t)fmin(fmax(rint((double)value / factor), -32767), 32767));
    limit->values = values;
    return NS_OK;
}

static ns_code scale_bounds(const walk *w, int index, double factor, bool *can)
{
    *can = ns_dg_operator(w->r->plan, index)->attributes.min_val.count == 2;
    if (!*can || !w->r->graph)
        return NS_OK;
    ns_attributes *attributes = &block_of(w->r)->operators[index].attributes;
    NS_TRY(scale_limit(w, &attributes->min_val, factor));
    return scale_limit(w, &attributes->max_val, factor);
}

static ns_code walk_readers(walk *w, int tensor, double factor, bool *can);

/* A RESCALE takes the factor in. But where it would round away the bits that a finer scale has won, they go
 * on to what reads the wide result, if that can take the factor. */
static ns_code scale_rescale(walk *w, int index, double factor, bool *can)
{
    const ns_dg_plan *plan = w->r->plan;
    const ns_operator *op = ns_dg_operator(plan, index);
    const ns_dtype to = ns_dg_tensor(plan, op->outputs[0])->dtype;
    const ns_tensor *zero = ns_dg_tensor(plan, op->inputs[3]);
    const ns_dg_rescaling ask = {NULL, plan};
    const ns_tensor *multiplier = ns_dg_tensor(plan, op->inputs[1]),
                    *shift = ns_dg_tensor(plan, op->inputs[2]);
    *can = zero->data && ns_tensor_get(zero, 0) == 0 && multiplier->data && shift->data;
    if (!*can)
        return NS_OK;
    const double ratio = ldexp((double)ns_tensor_get(multiplier, 0), -(int)ns_tensor_get(shift, 0));
    if ((ratio == 1 || ratio * factor < 1) && to != NS_DTYPE_INT16 && to != NS_DTYPE_INT8) {
        walk dry = {&ask, w->error, w->depth};
        NS_TRY(walk_readers(&dry, op->outputs[0], factor, can));
        if (*can)
            return walk_readers(w, op->outputs[0], factor, can);
    }
    return scale_multipliers(w, index, factor, can);
}

static ns_code scale_reader(walk *w, int index, double factor, bool *can)
{
    const ns_operator *op = ns_dg_operator(w->r->plan, index);
    switch (op->op) {
    case NS_OP_RESCALE:
        return scale_rescale(w, index, factor, can);
    case NS_OP_TABLE:
        return make_knots(w, index, factor, 1, can);
    case NS_OP_CONV2D:
    case NS_OP_DEPTHWISE_CONV2D:
        NS_TRY(scale_bias(w, index, factor, can));
        break;
    case NS_OP_CLAMP:
        NS_TRY(scale_bounds(w, index, factor, can));
        break;
    case NS_OP_MATMUL:
    case NS_OP_MUL:
    case NS_OP_REDUCE_SUM:
    case NS_OP_REDUCE_MAX:
    case NS_OP_REDUCE_MIN:
    case NS_OP_MAX_POOL2D:
    case NS_OP_RESHAPE:
    case NS_OP_TRANSPOSE:
    case NS_OP_SLICE:
    case NS_OP_TILE:
    case NS_OP_REVERSE:
    case NS_OP_IDENTITY:
    case NS_OP_NEGATE:
    case NS_OP_ABS:
        break;
    default:
        *can = false;
    }
    return *can ? walk_readers(w, op->outputs[0], factor, can) : NS_OK;
}

/* How often the operator reads the tensor as data; -1: as something else. */
static int reads(const ns_operator *op, int tensor)
{
    int times = 0;
    for (int k = 0; k < op->input_count; k++) {
        if (op->inputs[k] != tensor)
            continue;
        const bool is_data = k == 0 || (k == 1 && (op->op == NS_OP_MUL || op->op == NS_OP_MATMUL));
        if (!is_data)
            return -1;
        times++;
    }
    return times;
}

static ns_code walk_readers(walk *w, int tensor, double factor, bool *can)
{
    const ns_block *block = w->r->plan->block;
    *can = w->depth++ < DEEPEST;
    for (int i = 0; *can && i < block->output_count; i++)
        *can = block->outputs[i] != tensor;
    const int count = block->operator_count;
    for (int i = 0; *can && i < count; i++) {
        const int times = reads(ns_dg_operator(w->r->plan, i), tensor);
        if (times < 0)
            *can = false;
        else if (times > 0)
            NS_TRY(scale_reader(w, i, pow(factor, times), can));
    }
    return NS_OK;
}

ns_code ns_dg_rescale_readers(const ns_dg_rescaling *r, int tensor, double factor, bool *can, ns_error *error)
{
    walk w = {r, error, 0};
    return walk_readers(&w, tensor, factor, can);
}

/* A product is shifted less. */
static ns_code scale_product(const walk *w, int index, double factor, bool *can)
{
    const ns_operator *op = ns_dg_operator(w->r->plan, index);
    const ns_tensor *shift = op->input_count > 2 ? ns_dg_tensor(w->r->plan, op->inputs[2]) : NULL;
    const double less = log2(factor);
    ns_tensor shifted;
    *can = shift && shift->data && less == rint(less) && less >= 0 && (double)ns_tensor_get(shift, 0) >= less;
    if (!*can || !w->r->graph)
        return NS_OK;
    NS_TRY(copy_of(w, op->inputs[2], &shifted));
    ns_tensor_set(&shifted, 0, ns_tensor_get(shift, 0) - (int64_t)less);
    return replace(w, index, 2, &shifted);
}

ns_code ns_dg_rescale_writer(const ns_dg_rescaling *r, int index, double factor, bool *can, ns_error *error)
{
    const walk w = {r, error, 0};
    const ns_op op = ns_dg_operator(r->plan, index)->op;
    if (op == NS_OP_TABLE)
        return make_knots(&w, index, 1, factor, can);
    if (op == NS_OP_MUL)
        return scale_product(&w, index, factor, can);
    *can = op == NS_OP_RESCALE;
    return *can ? scale_multipliers(&w, index, factor, can) : NS_OK;
}

ns_code ns_dg_can_rescale(const ns_dg_plan *plan, const ns_dg_node *node, bool *can, ns_error *error)
{
    const ns_dg_rescaling ask = {NULL, plan};
    *can = node->final >= 0 && node->zero == 0 && node->high == 32767;
    if (*can)
        NS_TRY(ns_dg_rescale_readers(&ask, node->tensor, 0.5, can, error));
    if (*can)
        NS_TRY(ns_dg_rescale_writer(&ask, node->final, 2, can, error));
    return NS_OK;
}

ns_code ns_dg_rescale_reader(const ns_dg_rescaling *r, int index, double factor, bool *can, ns_error *error)
{
    walk w = {r, error, 0};
    return scale_rescale(&w, index, factor, can);
}
