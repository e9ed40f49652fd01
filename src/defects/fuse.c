/* Known defects where Vela fuses a rescale or an activation into the operation before or behind it. */
#include "defects/pattern.h"

static bool is_window(ns_op op)
{
    return op == NS_OP_CONV2D || op == NS_OP_DEPTHWISE_CONV2D || op == NS_OP_TRANSPOSE_CONV2D ||
           op == NS_OP_MAX_POOL2D || op == NS_OP_AVG_POOL2D;
}

static bool is_narrow(const ns_tensor *t)
{
    return t->dtype == NS_DTYPE_INT8 || t->dtype == NS_DTYPE_INT16;
}

static bool is_activation(ns_op_ref op)
{
    return op->op == NS_OP_CLAMP || op->op == NS_OP_TABLE;
}

/* The operation that the activation is fused into, through RESHAPE and RESCALE that nothing else reads. */
static ns_op_ref fused_into(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref from = ns_pattern_from(p, op, 0);
    while (from && (from->op == NS_OP_RESHAPE || from->op == NS_OP_RESCALE))
        from = ns_pattern_only_reader(p, from) ? ns_pattern_from(p, from, 0) : NULL;
    return from && ns_pattern_only_reader(p, from) ? from : NULL;
}

/* A window of several batches is one operation for each, and nothing is fused; but a convolution of 1 x 1
 * takes all batches at once, a depthwise one of one channel, which is made a CONV2D, too. */
static bool is_one_operation(const ns_pattern *p, ns_op_ref op)
{
    const ns_tensor *x = ns_pattern_input(p, op, 0);
    const bool depthwise = op->op == NS_OP_DEPTHWISE_CONV2D && x->shape[3] == 1;
    const ns_tensor *w = depthwise || op->op == NS_OP_CONV2D ? ns_pattern_input(p, op, 1) : NULL;
    return ns_pattern_batch(x) == 1 || (w && w->shape[!depthwise] == 1 && w->shape[1 + !depthwise] == 1);
}

static bool is_elementwise(ns_op op)
{
    return ns_pattern_is_binary(op) || op == NS_OP_RESCALE || op == NS_OP_CAST || op == NS_OP_ABS ||
           op == NS_OP_NEGATE || op == NS_OP_SELECT || op == NS_OP_CLZ || op == NS_OP_BITWISE_NOT;
}

/* An elementwise operation, or a RESCALE that is one, whose result reaches the activation through a RESHAPE
 * with other rows, or with rows of one place and another batch: both are taken apart by batches, each by its
 * own. */
static bool is_viewed_elementwise(const ns_pattern *p, ns_op_ref op)
{
    const ns_tensor *y = ns_pattern_output(p, op);
    for (ns_op_ref at = op; (at = ns_pattern_from(p, at, 0)) && ns_pattern_only_reader(p, at);) {
        const ns_tensor *x = ns_pattern_output(p, at);
        const bool other_rows = ns_pattern_dim(x, 0) != ns_pattern_dim(y, 0) ||
                                ns_pattern_dim(x, 1) != ns_pattern_dim(y, 1) ||
                                (ns_pattern_dim(x, 1) == 1 && ns_pattern_batch(x) != ns_pattern_batch(y));
        if (other_rows && is_elementwise(at->op))
            return true;
        if (at->op != NS_OP_RESHAPE && at->op != NS_OP_RESCALE)
            return false;
    }
    return false;
}

/* An activation of several batches is taken apart (DecomposeElementwise) and so has a slice of its own, with
 * its own shape; the operation that it is fused into takes over both. */
bool ns_defect_met_fused_activation(const ns_pattern *p, ns_op_ref op)
{
    if (!is_activation(op) || ns_pattern_batch(ns_pattern_output(p, op)) == 1)
        return false;
    ns_op_ref into = fused_into(p, op);
    if (is_viewed_elementwise(p, op))
        return true;
    if (!into || is_window(into->op))
        return into && is_one_operation(p, into);
    return into->op == NS_OP_REDUCE_SUM || into->op == NS_OP_REDUCE_MAX || into->op == NS_OP_REDUCE_MIN ||
           into->op == NS_OP_MATMUL || into->op == NS_OP_TRANSPOSE || into->op == NS_OP_REVERSE ||
           into->op == NS_OP_SLICE || into->op == NS_OP_PAD ||
           (into->op == NS_OP_TILE && !ns_shape_equal(ns_pattern_output(p, into), ns_pattern_output(p, op)));
}

static bool moves_elements(const ns_pattern *p, ns_op_ref op)
{
    return op && ((op->op == NS_OP_TRANSPOSE && !ns_pattern_keeps_tensor(p, op)) || op->op == NS_OP_REVERSE);
}

/* A limit of CLAMP: little-endian, of the tensor's type. */
static int64_t limit_of(const ns_byte_list *bytes)
{
    uint64_t bits = bytes->count && bytes->values[bytes->count - 1] >> 7 ? ~(uint64_t)0 : 0;
    for (size_t i = bytes->count; i > 0; i--)
        bits = bits << 8 | bytes->values[i - 1];
    return (int64_t)bits;
}

/* A CLAMP within another says what both say. */
static bool says_both(ns_op_ref op, ns_op_ref first)
{
    const ns_attributes *a = &op->attributes, *b = &first->attributes;
    return op->op == NS_OP_CLAMP && first->op == NS_OP_CLAMP &&
           limit_of(&a->min_val) >= limit_of(&b->min_val) && limit_of(&a->max_val) <= limit_of(&b->max_val);
}

/* Activation, TRANSPOSE or REVERSE, activation: an operation of MACs, or the activation's own, takes in the
 * first, then what moves, then the second in the first one's place. Elementwise operations of two operands
 * exchange the last two dims, and move nothing else (SupportsFusedTranspose). */
bool ns_defect_met_table_transpose(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref mover = is_activation(op) ? ns_pattern_served_by(p, op, 0, NS_OP_RESHAPE) : NULL;
    if (!moves_elements(p, mover))
        return false;
    ns_op_ref first =
        ns_pattern_served_by(p, mover, 0, mover->op == NS_OP_TRANSPOSE ? NS_OP_TRANSPOSE : NS_OP_COUNT);
    if (first && first->op == NS_OP_RESHAPE && !ns_pattern_is_view(p, first))
        first = ns_pattern_served_by(p, first, 0, NS_OP_COUNT);
    if (first && first->op == NS_OP_RESCALE)
        first = ns_pattern_from_op(p, first, 0, NS_OP_TABLE);
    if (!first || !is_activation(first) || !ns_pattern_only_reader(p, first) || says_both(op, first))
        return false;
    ns_op_ref before = ns_pattern_served_by(p, first, 0, NS_OP_RESCALE);
    if (before && ns_pattern_is_binary(before->op))
        return mover->op == NS_OP_TRANSPOSE && ns_pattern_swaps_last(mover);
    return !before || !moves_elements(p, before);
}

/* A CONCAT or PAD whose part is the operator's result; of a CONCAT *back is the dim, from the last on. */
static bool is_part(const ns_pattern *p, ns_op_ref op, int *back)
{
    ns_op_ref reader = ns_pattern_only_reader(p, op);
    while (reader && reader->op == NS_OP_RESHAPE && !ns_pattern_is_view(p, reader))
        reader = ns_pattern_only_reader(p, reader);
    *back = reader && reader->op == NS_OP_CONCAT
                ? ns_pattern_output(p, reader)->rank - 1 - reader->attributes.axis
                : 0;
    return reader && (reader->op == NS_OP_CONCAT || reader->op == NS_OP_PAD);
}

/* An activation behind a TRANSPOSE that moves the channels, and a part of another tensor: the operation that
 * transposes takes over its slice as it stands. On Ethos-U55 and U65 that is a copy, of int8, and the height
 * is not concerned; on Ethos-U85 a convolution. */
bool ns_defect_met_transpose_concat(const ns_pattern *p, ns_op_ref op)
{
    int back;
    if (!is_activation(op) || !is_part(p, op, &back))
        return false;
    ns_op_ref mover = ns_pattern_from(p, op, 0);
    while (mover && mover->op == NS_OP_RESHAPE && !ns_pattern_is_view(p, mover))
        mover = ns_pattern_only_reader(p, mover) ? ns_pattern_from(p, mover, 0) : NULL;
    if (!mover || mover->op != NS_OP_TRANSPOSE || !ns_pattern_only_reader(p, mover) ||
        !moves_elements(p, mover))
        return false;
    const ns_int_list *perms = &mover->attributes.perms;
    if (perms->values[perms->count - 1] == perms->count - 1)
        return false;
    if (p->family != NS_FAMILY_U85)
        return back != 2 && ns_pattern_output(p, op)->dtype == NS_DTYPE_INT8;
    ns_op_ref before = ns_pattern_served_by(p, mover, 0, NS_OP_RESCALE);
    return before && (before->op == NS_OP_CONV2D || before->op == NS_OP_DEPTHWISE_CONV2D);
}

/* The block's input, RESHAPEs left out. */
static bool is_given(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref from = ns_pattern_from(p, op, 0);
    while (from && from->op == NS_OP_RESHAPE)
        from = ns_pattern_from(p, from, 0);
    return !from;
}

/* TRANSPOSEs of an input that together move nothing but dims of 1. MergeTransposes leaves one, which becomes
 * a copy on U55 and U65, and the activation is fused into it. */
bool ns_defect_met_transposes_activation(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref second = is_activation(op) ? ns_pattern_served_by(p, op, 0, NS_OP_COUNT) : NULL;
    ns_op_ref first =
        second && second->op == NS_OP_TRANSPOSE ? ns_pattern_served_by(p, second, 0, NS_OP_COUNT) : NULL;
    const bool wide = op->op == NS_OP_TABLE && ns_pattern_input(p, op, 0)->dtype != NS_DTYPE_INT8;
    return first && first->op == NS_OP_TRANSPOSE && !wide && ns_pattern_undoes(p, second, first) &&
           is_given(p, first);
}

static bool moves(const ns_pattern *p, ns_op_ref op)
{
    return op && (ns_pattern_realises_padding(p, op) ||
                  (op->op == NS_OP_CONCAT || op->op == NS_OP_PAD || op->op == NS_OP_TILE ||
                   op->op == NS_OP_SLICE || op->op == NS_OP_TRANSPOSE_CONV2D));
}

/* A TRANSPOSE that moves nothing but dims of 1 is left out. */
static bool is_left_out(const ns_pattern *p, ns_op_ref op)
{
    return op && (op->op == NS_OP_RESHAPE || op->op == NS_OP_RESCALE ||
                  (op->op == NS_OP_TRANSPOSE && ns_pattern_keeps_tensor(p, op)));
}

/* Fused into the operation before it, or into the sum behind it, a RESCALE is no operation of its own. */
static bool is_fused(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref from = ns_pattern_from(p, op, 0), reader = ns_pattern_only_reader(p, op);
    if (from && ns_pattern_only_reader(p, from) && ns_pattern_takes_rescale(p, from) && reader)
        return true;
    return reader && reader->op == NS_OP_REDUCE_SUM && from && from->op == NS_OP_SLICE &&
           ns_pattern_integer_scale(p, op) == 1;
}

/* A RESCALE from or to int32 that stays an operation of its own becomes a MUL. */
bool ns_defect_met_rescale_moved(const ns_pattern *p, ns_op_ref op)
{
    if (op->op != NS_OP_RESCALE || is_fused(p, op))
        return false;
    const ns_tensor *x = ns_pattern_input(p, op, 0), *y = ns_pattern_output(p, op);
    if (x->dtype != NS_DTYPE_INT32 && y->dtype != NS_DTYPE_INT32)
        return false;
    for (ns_op_ref reader = NULL; (reader = ns_pattern_reader(p, op, reader));)
        if (moves(p, ns_pattern_keeps_tensor(p, reader) ? ns_pattern_only_reader(p, reader) : reader))
            return true;
    ns_op_ref from = ns_pattern_from(p, op, 0);
    while (is_left_out(p, from))
        from = ns_pattern_from(p, from, 0);
    return moves(p, from);
}

bool ns_defect_met_negate_rescale(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref negate = op->op == NS_OP_RESCALE ? ns_pattern_from_op(p, op, 0, NS_OP_NEGATE) : NULL;
    return negate && op->attributes.rounding_mode == NS_SINGLE_ROUND &&
           ns_pattern_only_reader(p, negate) == op;
}

/* A scale over 1. */
static bool enlarges(const ns_pattern *p, ns_op_ref rescale)
{
    const int64_t m = ns_pattern_constant(p, rescale, 1, 0, 0),
                  shift = ns_pattern_constant(p, rescale, 2, 0, 62);
    return shift >= 0 && shift < 63 && m > INT64_C(1) << shift;
}

/* -(-128) and -(-32768) are 127 and 32767; fused, they are taken on as they are. */
bool ns_defect_met_negate_saturation(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref negate = op->op == NS_OP_RESCALE ? ns_pattern_from_op(p, op, 0, NS_OP_NEGATE) : NULL;
    if (!negate || ns_pattern_only_reader(p, negate) != op)
        return false;
    const ns_dtype from = ns_pattern_input(p, op, 0)->dtype, to = ns_pattern_output(p, op)->dtype;
    const bool enlarged = p->family == NS_FAMILY_U85 && enlarges(p, op);
    return from == NS_DTYPE_INT16 || (from == NS_DTYPE_INT8 && (to != NS_DTYPE_INT32 || enlarged));
}

/* To int32 by 1, which is fused, too: 128 stays. */
bool ns_defect_met_negate_widened(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref negate = op->op == NS_OP_RESCALE ? ns_pattern_from_op(p, op, 0, NS_OP_NEGATE) : NULL;
    return negate && ns_pattern_only_reader(p, negate) == op &&
           ns_pattern_input(p, op, 0)->dtype == NS_DTYPE_INT8 &&
           ns_pattern_output(p, op)->dtype == NS_DTYPE_INT32 && ns_pattern_integer_scale(p, op) == 1;
}

bool ns_defect_met_negate_double_round(const ns_pattern *p, ns_op_ref op)
{
    if (op->op != NS_OP_RESCALE || op->attributes.rounding_mode != NS_DOUBLE_ROUND)
        return false;
    ns_op_ref negate = ns_pattern_from_op(p, op, 0, NS_OP_NEGATE);
    if (!negate || ns_pattern_only_reader(p, negate) != op)
        return false;
    ns_op_ref from = ns_pattern_from_op(p, negate, 0, NS_OP_RESCALE);
    const bool widened =
        from && is_narrow(ns_pattern_input(p, from, 0)) && ns_pattern_integer_scale(p, from) == 1;
    return p->family == NS_FAMILY_U85 || widened || is_narrow(ns_pattern_input(p, negate, 0));
}

static bool may_widen(ns_op op)
{
    return op == NS_OP_MAX_POOL2D || op == NS_OP_SELECT || op == NS_OP_MAXIMUM || op == NS_OP_MINIMUM ||
           op == NS_OP_NEGATE || op == NS_OP_CAST || op == NS_OP_BITWISE_AND || op == NS_OP_BITWISE_OR ||
           op == NS_OP_BITWISE_XOR || op == NS_OP_BITWISE_NOT;
}

static int fewer_bits(const ns_pattern *p, ns_op_ref op, int bits)
{
    const int mine = ns_dtype_bits(ns_pattern_output(p, op)->dtype);
    return mine < bits ? mine : bits;
}

/* Where the RESCALE enlarges, results may pass the limits of the narrow type before it. It may be moved
 * before a CONCAT or PAD (MakeSinglePathRescale), and stand behind a RESCALE by 1. On U55 and U65 the pooling
 * that a RESIZE is made of and the SUB that ends a REDUCE_MIN take it in. */
static bool is_widened(const ns_pattern *p, ns_op_ref from, ns_dtype to)
{
    int bits = ns_dtype_bits(to); /* the fewest on the way */
    while (from && (ns_pattern_keeps_tensor(p, from) ||
                    (from->op == NS_OP_RESCALE && ns_pattern_integer_scale(p, from) == 1))) {
        bits = fewer_bits(p, from, bits);
        from = ns_pattern_from(p, from, 0);
    }
    if (!from || !ns_pattern_only_reader(p, from) || fewer_bits(p, from, bits) == ns_dtype_bits(to))
        return false;
    const bool kept = from->op == NS_OP_REDUCE_MIN ||
                      (from->op == NS_OP_RESIZE && from->attributes.mode == NS_RESIZE_NEAREST);
    return p->family == NS_FAMILY_U85 ? may_widen(from->op) : kept && to == NS_DTYPE_INT16;
}

bool ns_defect_met_rescale_widened(const ns_pattern *p, ns_op_ref op)
{
    if (op->op != NS_OP_RESCALE || !enlarges(p, op))
        return false;
    ns_op_ref from = ns_pattern_from(p, op, 0);
    if (!from || (from->op != NS_OP_CONCAT && from->op != NS_OP_PAD) || !ns_pattern_only_reader(p, from))
        return is_widened(p, from, ns_pattern_output(p, op)->dtype);
    for (int k = 0; k < (from->op == NS_OP_PAD ? 1 : from->input_count); k++)
        if (is_widened(p, ns_pattern_from(p, from, k), ns_pattern_output(p, op)->dtype))
            return true;
    return false;
}

/* What MACs compute, and sums. */
static bool is_product(ns_op_ref op)
{
    return (op->op < NS_OP_CLAMP && op->op != NS_OP_MAX_POOL2D) || op->op == NS_OP_REDUCE_SUM;
}

/* A RESCALE behind one by 1 to 8 or 16 bits that saturates: both are fused into what is before them. Products
 * of int8 do not pass 16 bits. */
static ns_op_ref widened_after(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref narrow = op->op == NS_OP_RESCALE ? ns_pattern_served_by(p, op, 0, NS_OP_RESHAPE) : NULL;
    if (!narrow || narrow->op != NS_OP_RESCALE)
        return NULL;
    ns_op_ref from = ns_pattern_from(p, narrow, 0);
    if (!from || !is_narrow(ns_pattern_output(p, narrow)) ||
        ns_pattern_input(p, narrow, 0)->dtype != NS_DTYPE_INT32 ||
        ns_pattern_only_reader(p, from) != narrow || ns_pattern_integer_scale(p, narrow) != 1 ||
        (is_narrow(ns_pattern_output(p, op)) && ns_pattern_constant(p, narrow, 4, 0, 0) != 0))
        return NULL;
    const bool elementwise = ns_pattern_is_binary(from->op);
    const bool largest =
        from->op == NS_OP_REDUCE_MAX && p->family == NS_FAMILY_U85 && ns_pattern_integer_scale(p, op) == 1;
    return elementwise || largest || from->op == NS_OP_ABS || from->op == NS_OP_NEGATE || is_product(from)
               ? from
               : NULL;
}

bool ns_defect_met_widened_unclamped(const ns_pattern *p, ns_op_ref op)
{
    return widened_after(p, op) && ns_pattern_output(p, op)->dtype == NS_DTYPE_INT32 &&
           ns_pattern_integer_scale(p, op) == 1;
}

/* With a scale of its own, or to another narrow type, where that is fused, too: on Ethos-U85, and elsewhere
 * behind a MAC operation, and of one type behind an addition or product. */
bool ns_defect_met_widened_scaled(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref from = widened_after(p, op);
    const ns_dtype to = ns_pattern_output(p, op)->dtype;
    if (!from || (to == NS_DTYPE_INT32 && ns_pattern_integer_scale(p, op) == 1))
        return false;
    if (ns_pattern_integer_scale(p, op) == 1)
        return true;
    const bool sum = from->op == NS_OP_ADD || from->op == NS_OP_SUB || from->op == NS_OP_MUL;
    return p->family == NS_FAMILY_U85 || is_product(from) || (sum && to == ns_pattern_input(p, op, 0)->dtype);
}

/* RESCALE by 1 to another zero point, behind a RESCALE that stays an operation: its zero point is exchanged,
 * and the values do not move. */
bool ns_defect_met_rescale_zero_point(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref first = op->op == NS_OP_RESCALE ? ns_pattern_served_by(p, op, 0, NS_OP_RESHAPE) : NULL;
    if (first && first->op == NS_OP_SLICE)
        first = ns_pattern_served_by(p, first, 0, NS_OP_RESHAPE);
    return first && first->op == NS_OP_RESCALE && ns_pattern_integer_scale(p, op) == 1 &&
           !op->attributes.per_channel && ns_pattern_output(p, op)->dtype == NS_DTYPE_INT8 &&
           ns_pattern_input(p, op, 0)->dtype == NS_DTYPE_INT8 &&
           ns_pattern_constant(p, op, 3, 0, 0) != ns_pattern_constant(p, op, 4, 0, 0);
}

bool ns_defect_met_operand_shift(const ns_pattern *p, ns_op_ref op)
{
    if (op->op != NS_OP_ADD && op->op != NS_OP_SUB)
        return false;
    ns_op_ref a = ns_pattern_from_op(p, op, 0, NS_OP_RESCALE),
              b = ns_pattern_from_op(p, op, 1, NS_OP_RESCALE);
    if (!a || !b || ns_pattern_only_reader(p, a) != op || ns_pattern_only_reader(p, b) != op ||
        !ns_pattern_narrows(p, op))
        return false;
    const int64_t s = ns_pattern_integer_scale(p, a), t = ns_pattern_integer_scale(p, b);
    return s > 0 && t > 0 && s != t && s <= INT16_MAX && t <= INT16_MAX;
}

bool ns_defect_met_max_pool_scale(const ns_pattern *p, ns_op_ref op)
{
    if (op->op != NS_OP_RESCALE || ns_pattern_integer_scale(p, op) == 1 ||
        ns_dtype_bits(ns_pattern_output(p, op)->dtype) > 16)
        return false;
    ns_op_ref from = ns_pattern_from(p, op, 0);
    while (from && (ns_pattern_keeps_tensor(p, from) ||
                    (from->op == NS_OP_RESCALE && ns_pattern_integer_scale(p, from) == 1)))
        from = ns_pattern_only_reader(p, from) ? ns_pattern_from(p, from, 0) : NULL;
    return from && (from->op == NS_OP_MAX_POOL2D || from->op == NS_OP_REDUCE_MAX) &&
           ns_pattern_only_reader(p, from);
}
