/* Known defects of elementwise operators. */
#include "defects/pattern.h"

bool ns_defect_met_cast_down(const ns_pattern *p, ns_op_ref op)
{
    const ns_tensor *x = op->op == NS_OP_CAST ? ns_pattern_input(p, op, 0) : NULL;
    return x && x->dtype != NS_DTYPE_BOOL &&
           ns_dtype_bits(ns_pattern_output(p, op)->dtype) < ns_dtype_bits(x->dtype);
}

static bool is_binary(ns_op op)
{
    return op == NS_OP_ADD || op == NS_OP_SUB || op == NS_OP_MUL || op == NS_OP_MAXIMUM ||
           op == NS_OP_MINIMUM;
}

bool ns_defect_met_scalar_first(const ns_pattern *p, ns_op_ref op)
{
    if (!is_binary(op->op))
        return false;
    const ns_tensor *a = ns_pattern_input(p, op, 0), *b = ns_pattern_input(p, op, 1);
    return b->rank >= 5 && ns_tensor_count(a) == 1 && ns_tensor_count(b) > 1;
}

/* The operands' tensors lie alike where they are of one shape, none of them has another, or all have the same
 * one. */
bool ns_defect_met_select_viewed(const ns_pattern *p, ns_op_ref op)
{
    if (op->op != NS_OP_SELECT)
        return false;
    const ns_tensor *y = ns_pattern_output(p, op);
    bool viewed = ns_pattern_is_viewed(p, op->outputs[0]), shaped = ns_pattern_batch(y) > 1;
    int views = viewed;
    for (int k = 0; k < 3; k++) {
        const bool mine = ns_pattern_is_viewed(p, op->inputs[k]);
        viewed |= mine;
        views += mine;
        shaped |= !ns_shape_equal(ns_pattern_input(p, op, k), y);
    }
    return viewed && (shaped || views < 4);
}

/* SELECT is made of bitwise operations, of which each has the shape of a tensor and the selector's: where
 * neither has the result's, an ADD is to broadcast them, whose operand has more dims than it. */
bool ns_defect_met_select_broadcast(const ns_pattern *p, ns_op_ref op)
{
    if (op->op != NS_OP_SELECT)
        return false;
    const ns_tensor *y = ns_pattern_output(p, op);
    bool viewed = false;
    for (int k = 1; k < 3; k++) {
        const bool mine = ns_pattern_is_viewed(p, op->inputs[k]);
        viewed |= mine;
        if (!mine &&
            (ns_shape_equal(ns_pattern_input(p, op, k), y) || ns_shape_equal(ns_pattern_input(p, op, 0), y)))
            return false;
    }
    return viewed;
}

/* The operand, or what it is rescaled from. */
static bool is_viewed_operand(const ns_pattern *p, ns_op_ref op, int index)
{
    ns_op_ref rescale = ns_pattern_from_op(p, op, index, NS_OP_RESCALE);
    return ns_pattern_is_viewed_elsewhere(p, op->inputs[index]) ||
           (rescale && ns_pattern_is_viewed_elsewhere(p, rescale->inputs[0]));
}

/* Both operands broadcast: U55 and U65 enlarge the first with an ADD (ReplaceBroadcastWithAdd). */
bool ns_defect_met_broadcast_viewed(const ns_pattern *p, ns_op_ref op)
{
    if (!is_binary(op->op))
        return false;
    const ns_tensor *y = ns_pattern_output(p, op);
    for (int k = 0; k < 2; k++)
        if (ns_shape_equal(ns_pattern_input(p, op, k), y))
            return false;
    return is_viewed_operand(p, op, 0);
}

/* What ends a chain or stands in one: elementwise operators, fused activations apart. */
static bool is_unary(ns_op op)
{
    return op == NS_OP_BITWISE_NOT || op == NS_OP_ABS;
}

static bool is_linked(ns_op op)
{
    return is_unary(op) || is_binary(op) || op == NS_OP_CLAMP || op == NS_OP_RESCALE ||
           op == NS_OP_REDUCE_SUM || op == NS_OP_REDUCE_MAX || op == NS_OP_REDUCE_MIN ||
           op == NS_OP_AVG_POOL2D || op == NS_OP_MAX_POOL2D || op == NS_OP_TABLE || op == NS_OP_NEGATE ||
           op == NS_OP_SELECT || ns_pattern_is_bitwise(op);
}

/* What stands behind an operand, a RESCALE between left out. */
static ns_op_ref behind(const ns_pattern *p, ns_op_ref op, int index)
{
    ns_op_ref from = ns_pattern_from(p, op, index);
    return from && from->op == NS_OP_RESCALE && ns_pattern_only_reader(p, from) ? ns_pattern_from(p, from, 0)
                                                                                : from;
}

/* A SLICE of all there is, a PAD of nothing. */
static bool takes_all(const ns_pattern *p, ns_op_ref op)
{
    return (op->op == NS_OP_SLICE || op->op == NS_OP_PAD) &&
           ns_shape_equal(ns_pattern_input(p, op, 0), ns_pattern_output(p, op));
}

/* Whether `last` is the end of a chain of two operations or more that goes wrong in a part of a tensor: one
 * of one operand, a product of what is clamped, or a binary one of single elements, of which one is a SLICE.
 */
static bool ends_chain(const ns_pattern *p, ns_op_ref last)
{
    if (is_unary(last->op)) {
        ns_op_ref first = ns_pattern_from(p, last, 0);
        while (first && first->op == NS_OP_RESHAPE && !ns_pattern_is_view(p, first))
            first = ns_pattern_from(p, first, 0);
        return first && (is_linked(first->op) || first->op == NS_OP_CAST || takes_all(p, first));
    }
    if (!is_binary(last->op))
        return false;
    bool linked = false, sliced = false;
    for (int i = 0; i < 2; i++) {
        ns_op_ref first = ns_pattern_from(p, last, i), deep = behind(p, last, i);
        if (last->op == NS_OP_MUL && first && first->op == NS_OP_CLAMP)
            return true;
        linked |= deep && is_linked(deep->op);
        sliced |= deep && deep->op == NS_OP_SLICE;
    }
    return linked && sliced && ns_tensor_count(ns_pattern_output(p, last)) == 1;
}

/* A chain that ends in a part of a CONCAT or PAD, or of the PAD that a convolution makes of its padding. */
bool ns_defect_met_chain_concat(const ns_pattern *p, ns_op_ref op)
{
    const bool pads = op->op == NS_OP_PAD || ns_pattern_makes_pad(p, op);
    for (int k = 0; k < (op->op == NS_OP_CONCAT ? op->input_count : pads); k++) {
        ns_op_ref last = behind(p, op, k);
        if (last && ns_pattern_only_reader(p, last) && ends_chain(p, last))
            return true;
    }
    return false;
}

/* MAC operations with REVERSE of the channels fused: the larger accelerators have no block for it. */
bool ns_defect_met_conv_reverse(const ns_pattern *p, ns_op_ref op)
{
    if (op->op != NS_OP_REVERSE || op->attributes.axis != ns_pattern_input(p, op, 0)->rank - 1)
        return false;
    ns_op_ref from = ns_pattern_from(p, op, 0);
    while (from && (ns_pattern_keeps_tensor(p, from) || from->op == NS_OP_RESCALE ||
                    from->op == NS_OP_CLAMP || from->op == NS_OP_TABLE || takes_all(p, from)))
        from = ns_pattern_only_reader(p, from) ? ns_pattern_from(p, from, 0) : NULL;
    return from &&
           (from->op == NS_OP_CONV2D || from->op == NS_OP_DEPTHWISE_CONV2D || from->op == NS_OP_MATMUL) &&
           ns_pattern_only_reader(p, from);
}

static ns_op_ref table_before(const ns_pattern *p, ns_op_ref op, int index)
{
    ns_op_ref from = ns_pattern_served_by(p, op, index, NS_OP_RESCALE);
    return from && from->op == NS_OP_TABLE ? from : NULL;
}

/* What broadcasts is no operand of a chain. */
static bool broadcasts(const ns_pattern *p, ns_op_ref op, int index)
{
    return ns_tensor_count(ns_pattern_input(p, op, index)) != ns_tensor_count(ns_pattern_output(p, op));
}

/* TABLE, an operation `between`, TABLE; with nothing but RESCALEs between them two tables are right. */
static bool has_table_before(const ns_pattern *p, ns_op_ref op, ns_op_ref between)
{
    for (int k = 0; k < between->input_count && k < 2; k++) {
        ns_op_ref first = table_before(p, between, k);
        if (first && first->inputs[1] != op->inputs[1] && !broadcasts(p, between, k))
            return true;
    }
    return false;
}

static ns_op_ref before_table(const ns_pattern *p, ns_op_ref op)
{
    return op->op == NS_OP_TABLE ? ns_pattern_served_by(p, op, 0, NS_OP_RESCALE) : NULL;
}

/* An operator of one operand that stays an operation of the chain. */
static bool is_chained(ns_op op)
{
    return op == NS_OP_NEGATE || op == NS_OP_ABS || op == NS_OP_CLZ || op == NS_OP_BITWISE_NOT ||
           op == NS_OP_CAST;
}

/* An elementwise operator that is an operation of the chain. */
static bool is_elementwise(ns_op op)
{
    return is_binary(op) || is_chained(op) || ns_pattern_is_bitwise(op);
}

/* An operator of the chain that the TABLE before `product` is fused into: the chain is full, and ends before
 * the second TABLE. */
static bool has_full_chain(const ns_pattern *p, ns_op_ref product)
{
    for (int k = 0; k < 2; k++) {
        ns_op_ref into = ns_pattern_served_by(p, table_before(p, product, k), 0, NS_OP_RESCALE);
        if (into && is_elementwise(into->op))
            return true;
    }
    return false;
}

/* The same one operation further back, as in the last step of an LSTM, tanh of a sum of two products, each
 * with a sigmoid, or of a simple recurrent unit, of which one is; a GRU's, whose sigmoid is one of a sum, has
 * a full chain. */
static bool has_tables_behind_products(const ns_pattern *p, ns_op_ref op, ns_op_ref between)
{
    int products = 0;
    for (int k = 0; k < 2 && k < between->input_count; k++) {
        ns_op_ref product = ns_pattern_served_by(p, between, k, NS_OP_RESCALE);
        if (!product || product->op != NS_OP_MUL || !has_table_before(p, op, product))
            continue;
        products++;
        if (!has_full_chain(p, product))
            return true;
    }
    return products == 2;
}

/* Operators of one operand do not end a chain: what stands before them. */
static ns_op_ref chained_before(const ns_pattern *p, ns_op_ref op)
{
    while (op && is_chained(op->op)) {
        ns_op_ref before = ns_pattern_served_by(p, op, 0, NS_OP_RESCALE);
        if (!before || !is_elementwise(before->op))
            break;
        op = before;
    }
    return op;
}

bool ns_defect_met_two_tables(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref between = chained_before(p, before_table(p, op));
    return between && is_elementwise(between->op) && ns_pattern_input(p, op, 0)->dtype == NS_DTYPE_INT16 &&
           (has_table_before(p, op, between) || has_tables_behind_products(p, op, between));
}

/* The tensor behind operand `index`, through a RESCALE that nothing else reads. */
static int source(const ns_pattern *p, ns_op_ref op, int index)
{
    ns_op_ref rescale = ns_pattern_from_op(p, op, index, NS_OP_RESCALE);
    const bool squared = rescale && op->inputs[0] == op->inputs[1] && p->readers[rescale->outputs[0]] == 2;
    return rescale && (squared || ns_pattern_only_reader(p, rescale) == op) ? rescale->inputs[0]
                                                                            : op->inputs[index];
}

/* A RESCALE that no operation before it takes in. Of elementwise ones a product of int32 may leave it, on
 * Ethos-U55 and U65 also a sum, but not one by 1. */
static bool is_alone(const ns_pattern *p, ns_op_ref rescale)
{
    if (!rescale || rescale->op != NS_OP_RESCALE)
        return false;
    ns_op_ref from = ns_pattern_from(p, rescale, 0);
    if (!from || ns_pattern_only_reader(p, from) != rescale || from->op == NS_OP_CONV3D)
        return true;
    const bool any = p->family == NS_FAMILY_U85 || ns_pattern_integer_scale(p, rescale) == 1;
    return !ns_pattern_takes_rescale(p, from) && !(any && is_binary(from->op) && from->op != NS_OP_MUL);
}

/* What a tensor is a SLICE of, or itself. */
static int sliced(const ns_pattern *p, int tensor)
{
    const int made = p->producers[tensor];
    const bool slice = made >= 0 && p->block->operators[made].op == NS_OP_SLICE;
    return slice ? p->block->operators[made].inputs[0] : tensor;
}

/* Whether a RESHAPE of a RESCALE that is alone made the tensor; behind it may stand SLICEs and what changes
 * nothing. *shared: something else reads it, or what it is made of. */
static bool is_view_of_rescale(const ns_pattern *p, int tensor, bool *shared)
{
    const int made = p->producers[tensor];
    ns_op_ref at = made >= 0 ? &p->block->operators[made] : NULL;
    bool viewed = false;
    *shared = p->readers[tensor] > 1;
    while (at && (ns_pattern_keeps_tensor(p, at) || at->op == NS_OP_SLICE)) {
        *shared |= !viewed && p->readers[at->outputs[0]] > 1;
        viewed |= ns_pattern_is_view(p, at);
        at = ns_pattern_from(p, at, 0);
    }
    return viewed && is_alone(p, at);
}

static bool compares(ns_op op)
{
    return op == NS_OP_EQUAL || op == NS_OP_GREATER || op == NS_OP_GREATER_EQUAL;
}

/* A RESCALE, a RESHAPE, and two usages of the result, of which a binary operator is one or both: the RESCALE
 * is fused into one of its operands (FuseInputRescale). With one other usage both operands have to be
 * rescaled, but for a product of narrow numbers and a NEGATE. */
bool ns_defect_met_rescale_viewed(const ns_pattern *p, ns_op_ref op)
{
    if ((!is_binary(op->op) && !compares(op->op)) || op->input_count < 2)
        return false;
    const int a = source(p, op, 0), b = source(p, op, 1);
    bool shared;
    if (sliced(p, a) == sliced(p, b) && is_view_of_rescale(p, a, &shared))
        return true;
    const bool narrow =
        op->op == NS_OP_MUL && ns_pattern_input(p, op, 0)->dtype != NS_DTYPE_INT32 &&
        (ns_pattern_from_op(p, op, 0, NS_OP_NEGATE) || ns_pattern_from_op(p, op, 1, NS_OP_NEGATE));
    if (!narrow && (a == op->inputs[0] || b == op->inputs[1]))
        return false;
    return (is_view_of_rescale(p, a, &shared) && shared) || (is_view_of_rescale(p, b, &shared) && shared);
}

/* DMA0_SIZE0 is not written before a transfer of one dimension. */
bool ns_defect_met_scatter_one(const ns_pattern *p, ns_op_ref op)
{
    return op->op == NS_OP_SCATTER && ns_tensor_count(ns_pattern_input(p, op, 1)) == 1;
}

/* Both operands' scales in an operation with a result of 32 bits (rule SCALED_ADD_32). */
bool ns_defect_met_scaled_add_32(const ns_pattern *p, ns_op_ref op)
{
    if (op->op != NS_OP_ADD && op->op != NS_OP_SUB)
        return false;
    ns_op_ref a = ns_pattern_from_op(p, op, 0, NS_OP_RESCALE),
              b = ns_pattern_from_op(p, op, 1, NS_OP_RESCALE);
    if (!a || !b || ns_pattern_narrows(p, op))
        return false;
    const int64_t s = ns_pattern_integer_scale(p, a), t = ns_pattern_integer_scale(p, b);
    return s > 0 && t > 0 && (s > 1 || t > 1) && s <= INT16_MAX && t <= INT16_MAX;
}
