#include "defects/pattern.h"

ns_code ns_pattern_make(const ns_block *block, ns_arena *arena, ns_pattern *out, ns_error *error)
{
    int *producers = NS_ARENA_ARRAY(arena, (size_t)block->tensor_count, int);
    int *readers = NS_ARENA_ARRAY(arena, (size_t)block->tensor_count, int);
    if (!producers || !readers)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d tensors", block->tensor_count);
    for (int t = 0; t < block->tensor_count; t++)
        producers[t] = -1;
    for (int i = 0; i < block->operator_count; i++) {
        const ns_operator *op = &block->operators[i];
        for (int k = 0; k < op->output_count; k++)
            producers[op->outputs[k]] = i;
        for (int k = 0; k < op->input_count; k++)
            readers[op->inputs[k]]++;
    }
    *out = (ns_pattern){block, producers, readers, 0};
    return NS_OK;
}

const ns_tensor *ns_pattern_input(const ns_pattern *p, ns_op_ref op, int index)
{
    return op && index < op->input_count ? &p->block->tensors[op->inputs[index]].tensor : NULL;
}

const ns_tensor *ns_pattern_output(const ns_pattern *p, ns_op_ref op)
{
    return op && op->output_count ? &p->block->tensors[op->outputs[0]].tensor : NULL;
}

/* Whether a TRANSPOSE of `x`, and where there is a second one that of its result, move nothing but dims of 1.
 */
static bool keeps_dims(const ns_tensor *x, const ns_int_list *first, const ns_int_list *second)
{
    int last = -1;
    for (int i = 0; i < first->count; i++) {
        const int from = first->values[second ? second->values[i] : i];
        if (x->shape[from] > 1 && from < last)
            return false;
        last = x->shape[from] > 1 ? from : last;
    }
    return true;
}

static bool keeps_order(const ns_pattern *p, ns_op_ref transpose)
{
    return keeps_dims(ns_pattern_input(p, transpose, 0), &transpose->attributes.perms, NULL);
}

/* What changes neither the elements nor their shape leaves no trace: IDENTITY, and a RESHAPE or TRANSPOSE to
 * the shape that there is. One whose result is an output is a copy. */
static bool is_nothing(const ns_pattern *p, ns_op_ref op)
{
    if (op->op == NS_OP_IDENTITY)
        return true;
    return (op->op == NS_OP_RESHAPE || (op->op == NS_OP_TRANSPOSE && keeps_order(p, op))) &&
           ns_shape_equal(ns_pattern_input(p, op, 0), ns_pattern_output(p, op)) &&
           !ns_pattern_is_result(p, op);
}

ns_op_ref ns_pattern_from(const ns_pattern *p, ns_op_ref op, int index)
{
    do {
        if (!op || index >= op->input_count)
            return NULL;
        const int producer = p->producers[op->inputs[index]];
        op = producer < 0 ? NULL : &p->block->operators[producer];
        index = 0;
    } while (op && is_nothing(p, op));
    return op;
}

ns_op_ref ns_pattern_from_op(const ns_pattern *p, ns_op_ref op, int index, ns_op want)
{
    ns_op_ref from = ns_pattern_from(p, op, index);
    return from && from->op == want ? from : NULL;
}

static bool reads(ns_op_ref op, int tensor)
{
    for (int k = 0; k < op->input_count; k++)
        if (op->inputs[k] == tensor)
            return true;
    return false;
}

ns_op_ref ns_pattern_reader(const ns_pattern *p, ns_op_ref op, ns_op_ref after)
{
    if (!op || !op->output_count)
        return NULL;
    for (ns_op_ref at = after ? after + 1 : op + 1; at < p->block->operators + p->block->operator_count; at++)
        if (reads(at, op->outputs[0]))
            return at;
    return NULL;
}

/* The same four dims once both are padded with leading ones, as Vela's scheduler does. */
static bool is_aligned_equal(const ns_tensor *a, const ns_tensor *b)
{
    if (a->rank != b->rank && (a->rank > 4 || b->rank > 4))
        return false;
    for (int i = 0; i < NS_MAX_RANK; i++)
        if (ns_pattern_dim(a, i) != ns_pattern_dim(b, i))
            return false;
    return true;
}

bool ns_pattern_undoes(const ns_pattern *p, ns_op_ref second, ns_op_ref first)
{
    return keeps_dims(ns_pattern_input(p, first, 0), &first->attributes.perms, &second->attributes.perms);
}

bool ns_pattern_swaps_last(ns_op_ref transpose)
{
    const ns_int_list *perms = transpose ? &transpose->attributes.perms : NULL;
    for (int i = 0; perms && i < perms->count; i++) {
        const int back = perms->count - 1 - i;
        if (perms->values[i] != (back > 1 ? i : i + (back ? 1 : -1)))
            return false;
    }
    return perms && perms->count > 1;
}

bool ns_pattern_is_view(const ns_pattern *p, ns_op_ref op)
{
    const ns_tensor *x = ns_pattern_input(p, op, 0);
    if (!op || (op->op != NS_OP_RESHAPE && op->op != NS_OP_TRANSPOSE) ||
        is_aligned_equal(x, ns_pattern_output(p, op)))
        return false;
    return op->op == NS_OP_RESHAPE || keeps_order(p, op);
}

bool ns_pattern_keeps_tensor(const ns_pattern *p, ns_op_ref op)
{
    return op->op == NS_OP_RESHAPE || op->op == NS_OP_IDENTITY ||
           (op->op == NS_OP_TRANSPOSE && keeps_order(p, op));
}

/* Whether a reader gives the tensor another shape, be it behind operators that keep it as it is. */
static bool is_viewed_by_reader(const ns_pattern *p, int tensor, int depth)
{
    const ns_block *b = p->block;
    for (int i = 0; i < b->operator_count; i++) {
        const ns_operator *op = &b->operators[i];
        if (!op->input_count || op->inputs[0] != tensor)
            continue;
        if (ns_pattern_is_view(p, op) ||
            (depth && ns_pattern_keeps_tensor(p, op) && is_viewed_by_reader(p, op->outputs[0], depth - 1)))
            return true;
    }
    return false;
}

/* The same upwards; on the way other readers are asked. */
static bool is_viewed_by_producer(const ns_pattern *p, int tensor, int depth)
{
    const int producer = p->producers[tensor];
    ns_op_ref op = producer >= 0 ? &p->block->operators[producer] : NULL;
    if (!op || !ns_pattern_keeps_tensor(p, op))
        return false;
    return ns_pattern_is_view(p, op) || (depth && (is_viewed_by_producer(p, op->inputs[0], depth - 1) ||
                                                   is_viewed_by_reader(p, op->inputs[0], 1)));
}

bool ns_pattern_is_viewed(const ns_pattern *p, int tensor)
{
    return is_viewed_by_producer(p, tensor, 3) || is_viewed_by_reader(p, tensor, 3);
}

bool ns_pattern_is_viewed_elsewhere(const ns_pattern *p, int tensor)
{
    const int producer = p->producers[tensor];
    ns_op_ref made = producer >= 0 ? &p->block->operators[producer] : NULL;
    if (is_viewed_by_reader(p, tensor, 3))
        return true;
    for (int i = 0; made && ns_pattern_keeps_tensor(p, made) && i < p->block->operator_count; i++) {
        ns_op_ref op = &p->block->operators[i];
        if (op != made && op->input_count && op->inputs[0] == made->inputs[0] && ns_pattern_is_view(p, op))
            return true;
    }
    return made && ns_pattern_keeps_tensor(p, made) && is_viewed_by_producer(p, made->inputs[0], 3);
}

bool ns_pattern_is_result(const ns_pattern *p, ns_op_ref op)
{
    for (int i = 0; op && op->output_count && i < p->block->output_count; i++)
        if (p->block->outputs[i] == op->outputs[0])
            return true;
    return false;
}

ns_op_ref ns_pattern_only_reader(const ns_pattern *p, ns_op_ref op)
{
    do {
        if (!op || !op->output_count || p->readers[op->outputs[0]] != 1 || ns_pattern_is_result(p, op))
            return NULL;
        op = ns_pattern_reader(p, op, NULL);
    } while (op && is_nothing(p, op));
    return op;
}

bool ns_pattern_narrows(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref reader = ns_pattern_only_reader(p, op);
    return reader && reader->op == NS_OP_RESCALE && ns_dtype_bits(ns_pattern_output(p, reader)->dtype) <= 16;
}

int64_t ns_pattern_constant(const ns_pattern *p, ns_op_ref op, int index, size_t element, int64_t otherwise)
{
    const ns_tensor *t = ns_pattern_input(p, op, index);
    const bool integer = t && (ns_dtype_is_integer(t->dtype) || t->dtype == NS_DTYPE_SHAPE);
    return integer && t->data && element < ns_tensor_count(t) ? ns_tensor_get(t, element) : otherwise;
}

int64_t ns_pattern_dim(const ns_tensor *t, int back)
{
    return t && back < t->rank ? t->shape[t->rank - 1 - back] : 1;
}

int64_t ns_pattern_batch(const ns_tensor *t)
{
    int64_t product = 1;
    for (int i = 0; t && i < t->rank - 3; i++)
        product *= t->shape[i];
    return product;
}

int32_t ns_pattern_list(const ns_int_list *list, int index, int32_t otherwise)
{
    return index < list->count ? list->values[index] : otherwise;
}

int64_t ns_pattern_integer_scale(const ns_pattern *p, ns_op_ref rescale)
{
    const ns_tensor *m = ns_pattern_input(p, rescale, 1);
    const int64_t multiplier = ns_pattern_constant(p, rescale, 1, 0, 0),
                  shift = ns_pattern_constant(p, rescale, 2, 0, 0);
    if (!m || ns_tensor_count(m) != 1 || shift < 0 || shift > 62 || multiplier & ((INT64_C(1) << shift) - 1))
        return 0;
    return multiplier >> shift;
}

ns_op_ref ns_pattern_served_by(const ns_pattern *p, ns_op_ref op, int index, ns_op skipped)
{
    ns_op_ref from = ns_pattern_from(p, op, index);
    while (from && (from->op == skipped || (skipped == NS_OP_RESHAPE && ns_pattern_keeps_tensor(p, from))) &&
           ns_pattern_only_reader(p, from))
        from = ns_pattern_from(p, from, 0);
    return from && ns_pattern_only_reader(p, from) ? from : NULL;
}

bool ns_pattern_realises_padding(const ns_pattern *p, ns_op_ref op)
{
    const int depths = op->op == NS_OP_CONV3D;
    if (op->op != NS_OP_CONV2D && op->op != NS_OP_DEPTHWISE_CONV2D && !depths)
        return false;
    const ns_tensor *w = ns_pattern_input(p, op, 1);
    for (int i = 2 * depths; i < 2 * depths + 4; i++) {
        const int64_t size = w->shape[i / 2 + (op->op != NS_OP_DEPTHWISE_CONV2D)];
        const int64_t reach = (size - 1) * ns_pattern_list(&op->attributes.dilation, i / 2, 1) + 1;
        if (ns_pattern_list(&op->attributes.pad, i, 0) >= reach)
            return true;
    }
    return false;
}

bool ns_pattern_makes_pad(const ns_pattern *p, ns_op_ref op)
{
    const ns_attributes *a = &op->attributes;
    const int depths = op->op == NS_OP_CONV3D;
    bool apart = false;
    for (int i = depths; i < 2 + depths; i++)
        apart |= ns_pattern_list(&a->stride, i, 1) > 3 || ns_pattern_list(&a->dilation, i, 1) > 2;
    return apart && ns_pattern_realises_padding(p, op);
}

bool ns_pattern_joins(const ns_pattern *p, ns_op_ref op)
{
    return op && (op->op == NS_OP_CONCAT || op->op == NS_OP_PAD || ns_pattern_makes_pad(p, op));
}

bool ns_pattern_is_part(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref reader = ns_pattern_only_reader(p, op);
    while (reader && reader->op == NS_OP_RESHAPE)
        reader = ns_pattern_only_reader(p, reader);
    return ns_pattern_joins(p, reader);
}

bool ns_pattern_is_binary(ns_op op)
{
    return op >= NS_OP_ADD && op <= NS_OP_SUB;
}

/* The integer that an operand is rescaled by from 8 or 16 bits; 0 where it is none. */
static int64_t operand_scale(const ns_pattern *p, ns_op_ref op, int index)
{
    ns_op_ref rescale = ns_pattern_from_op(p, op, index, NS_OP_RESCALE);
    return rescale && ns_dtype_bits(ns_pattern_input(p, rescale, 0)->dtype) <= 16
               ? ns_pattern_integer_scale(p, rescale)
               : 0;
}

bool ns_pattern_takes_rescale(const ns_pattern *p, ns_op_ref op)
{
    const bool narrow = op->op == NS_OP_MUL && ns_pattern_input(p, op, 0)->dtype != NS_DTYPE_INT32;
    if (op->op == NS_OP_ADD || op->op == NS_OP_SUB || (op->op == NS_OP_MUL && !narrow)) {
        const int64_t scale = operand_scale(p, op, 0);
        return scale && scale == operand_scale(p, op, 1) && op->inputs[0] != op->inputs[1] &&
               scale <= (op->op == NS_OP_MUL ? 1 : INT16_MAX);
    }
    if (narrow)
        return true;
    return op->op == NS_OP_REDUCE_SUM || (op->op < NS_OP_CLAMP && op->op != NS_OP_TRANSPOSE_CONV2D);
}

bool ns_pattern_is_bitwise(ns_op op)
{
    return op == NS_OP_BITWISE_AND || op == NS_OP_BITWISE_OR || op == NS_OP_BITWISE_XOR ||
           op == NS_OP_ARITHMETIC_RIGHT_SHIFT || op == NS_OP_LOGICAL_LEFT_SHIFT ||
           op == NS_OP_LOGICAL_RIGHT_SHIFT;
}

bool ns_pattern_is_padded(ns_op_ref op)
{
    for (int i = 0; i < op->attributes.pad.count; i++)
        if (op->attributes.pad.values[i] > 0)
            return true;
    return false;
}

bool ns_pattern_has_depth(const ns_pattern *p, ns_op_ref op)
{
    const ns_attributes *a = &op->attributes;
    return ns_pattern_input(p, op, 1)->shape[1] > 1 || ns_pattern_list(&a->stride, 0, 1) > 1 ||
           ns_pattern_list(&a->pad, 0, 0) > 0 || ns_pattern_list(&a->pad, 1, 0) > 0;
}
