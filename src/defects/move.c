/* Known defects where Vela moves PAD, CONCAT or TRANSPOSE into the operation beside it. */
#include "defects/pattern.h"

/* A RESCALE between two operators that join parts: 5.2.0 puts it before the first (MakeSinglePathRescale). */
bool ns_defect_met_concat_twice(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref joined = op->op == NS_OP_RESCALE ? ns_pattern_served_by(p, op, 0, NS_OP_COUNT) : NULL;
    ns_op_ref reader = ns_pattern_only_reader(p, op);
    if (!joined || (joined->op != NS_OP_CONCAT && joined->op != NS_OP_PAD && joined->op != NS_OP_TILE))
        return false;
    return ns_pattern_joins(p, reader);
}

static bool is_convolution(ns_op_ref op)
{
    return op->op == NS_OP_CONV2D || op->op == NS_OP_DEPTHWISE_CONV2D || op->op == NS_OP_CONV3D;
}

/* How far the kernel of a convolution of two dims reaches along height (0) or width (1). */
static int64_t kernel_reach(const ns_pattern *p, ns_op_ref op, int axis)
{
    const ns_tensor *w = ns_pattern_input(p, op, 1);
    const int first = op->op == NS_OP_CONV2D ? 1 : 0;
    const int64_t size = op->op == NS_OP_CONV3D ? 1 : w->shape[first + axis];
    return (size - 1) * ns_pattern_list(&op->attributes.dilation, axis, 1) + 1;
}

/* A PAD by 0 of height and width alone, or of nothing, that a convolution without padding of its own takes
 * in: also through RESHAPEs, of which *reshaped tells. */
static ns_op_ref pad_taken_in(const ns_pattern *p, ns_op_ref op, bool *reshaped)
{
    ns_op_ref pad = is_convolution(op) && !ns_pattern_is_padded(op) ? ns_pattern_from(p, op, 0) : NULL;
    for (*reshaped = false; pad && ns_pattern_keeps_tensor(p, pad); pad = ns_pattern_from(p, pad, 0))
        *reshaped |= !ns_shape_equal(ns_pattern_input(p, pad, 0), ns_pattern_output(p, pad));
    if (!pad || pad->op != NS_OP_PAD || ns_pattern_constant(p, pad, 2, 0, 1) != 0)
        return NULL;
    const ns_tensor *x = ns_pattern_input(p, pad, 0);
    for (int i = 0; i < 2 * x->rank; i++) {
        const int back = x->rank - 1 - i / 2;
        const int64_t given = ns_pattern_constant(p, pad, 1, (size_t)i, 1);
        if (given && (back < 1 || back > 2 || given >= kernel_reach(p, op, 2 - back)))
            return NULL;
    }
    return pad;
}

/* The convolution takes over the PAD's input with its zero point, which is none. */
bool ns_defect_met_pad_conv_zero_point(const ns_pattern *p, ns_op_ref op)
{
    bool reshaped;
    return is_convolution(op) && ns_pattern_constant(p, op, 3, 0, 0) != 0 && pad_taken_in(p, op, &reshaped);
}

/* A convolution of 1 x 1 that takes all batches at once. */
static bool joins_batches(const ns_pattern *p, ns_op_ref op)
{
    const ns_int_list *stride = &op->attributes.stride;
    return op->op == NS_OP_CONV2D && kernel_reach(p, op, 0) == 1 && kernel_reach(p, op, 1) == 1 &&
           ns_pattern_list(stride, 0, 1) == 1 && ns_pattern_list(stride, 1, 1) == 1;
}

/* 5.2.0 keeps the convolution's shape, but not where the PAD has batches that the convolution does not have,
 * or more than four dims and several batches. */
bool ns_defect_met_pad_conv_batch(const ns_pattern *p, ns_op_ref op)
{
    bool reshaped;
    ns_op_ref pad = pad_taken_in(p, op, &reshaped);
    if (!pad || !reshaped)
        return false;
    const int64_t batch = ns_pattern_batch(ns_pattern_input(p, op, 0));
    const ns_tensor *x = ns_pattern_input(p, pad, 0);
    return ns_pattern_batch(x) != batch || (x->rank > 4 && batch > 1 && !joins_batches(p, op));
}

/* A sum over the last dim of numbers with a zero point is a convolution of 1 x 1 on U55 and U65 (where the
 * RESCALE behind it is not taken in, which is not asked here); a PAD of five dims or more gives it those. */
static bool is_padded_sum(const ns_pattern *p, ns_op_ref op)
{
    const ns_tensor *x = op->op == NS_OP_REDUCE_SUM ? ns_pattern_input(p, op, 0) : NULL;
    if (!x || p->family == NS_FAMILY_U85 || x->rank < 5 || op->attributes.axis != x->rank - 1)
        return false;
    ns_op_ref rescale = ns_pattern_from_op(p, op, 0, NS_OP_RESCALE);
    ns_op_ref pad = ns_pattern_from_op(p, rescale, 0, NS_OP_PAD);
    return pad && ns_pattern_constant(p, rescale, 3, 0, 0) != 0 &&
           ns_pattern_integer_scale(p, rescale) == 1 && ns_pattern_constant(p, pad, 2, 0, 1) == 0;
}

/* And with its shape: that before a RESHAPE, or that of several batches, of which a convolution of 1 x 1 has
 * made one. */
bool ns_defect_met_pad_conv_shape(const ns_pattern *p, ns_op_ref op)
{
    bool reshaped;
    ns_op_ref pad = pad_taken_in(p, op, &reshaped);
    return is_padded_sum(p, op) ||
           (pad && (reshaped || (joins_batches(p, op) && ns_pattern_batch(ns_pattern_input(p, op, 0)) > 1)));
}

/* CONCAT, and PAD and TILE of the channels, are made of copies. */
bool ns_defect_met_concat_scales(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref parts =
        op->op == NS_OP_RESCALE && op->attributes.per_channel ? ns_pattern_from(p, op, 0) : NULL;
    while (parts &&
           (ns_pattern_keeps_tensor(p, parts) ||
            (parts->op == NS_OP_SLICE &&
             ns_shape_equal(ns_pattern_input(p, parts, 0), ns_pattern_output(p, parts))) ||
            (parts->op == NS_OP_RESCALE && !parts->attributes.per_channel)) &&
           ns_pattern_only_reader(p, parts))
        parts = ns_pattern_from(p, parts, 0);
    if (!parts || !ns_pattern_only_reader(p, parts))
        return false;
    if (parts->op == NS_OP_CONCAT)
        return parts->attributes.axis == ns_pattern_output(p, parts)->rank - 1;
    return (parts->op == NS_OP_PAD || parts->op == NS_OP_TILE) &&
           ns_pattern_dim(ns_pattern_input(p, parts, 0), 0) != ns_pattern_dim(ns_pattern_output(p, parts), 0);
}

/* A tensor that an output is a copy of: by IDENTITY, or with `views` also by RESHAPE, or by a TRANSPOSE that
 * moves only dims of 1. */
static bool is_returned(const ns_pattern *p, int tensor, bool views)
{
    for (int i = 0; i < p->block->operator_count; i++) {
        ns_op_ref op = &p->block->operators[i];
        if ((op->op == NS_OP_IDENTITY || (views && ns_pattern_keeps_tensor(p, op))) &&
            op->inputs[0] == tensor && ns_pattern_is_result(p, op))
            return true;
    }
    return false;
}

/* What the TRANSPOSE reads that a sum over the last dim but one is given, a RESCALE by 1 left out. */
static ns_op_ref before_sum(const ns_pattern *p, ns_op_ref op)
{
    const int rank = op->op == NS_OP_REDUCE_SUM ? ns_pattern_input(p, op, 0)->rank : 0;
    if (rank < 2 || op->attributes.axis != rank - 2)
        return NULL;
    ns_op_ref rescale = ns_pattern_from_op(p, op, 0, NS_OP_RESCALE);
    const bool fused = rescale && ns_pattern_integer_scale(p, rescale) == 1;
    return ns_pattern_from_op(p, fused ? rescale : op, 0, NS_OP_TRANSPOSE);
}

/* The TRANSPOSE of the last two dims that `op` undoes, or that the one undoes which a REDUCE_SUM over the
 * last dim but one is given. */
static ns_op_ref transpose_undone(const ns_pattern *p, ns_op_ref op)
{
    if (op->op == NS_OP_TRANSPOSE) {
        ns_op_ref first = ns_pattern_from_op(p, op, 0, NS_OP_TRANSPOSE);
        return first && ns_pattern_undoes(p, op, first) ? first : NULL;
    }
    ns_op_ref first = before_sum(p, op);
    return first && first->attributes.perms.count > 2 && ns_pattern_swaps_last(first) ? first : NULL;
}

/* Merged with that of a sum of three dims, or of two behind a RESHAPE. */
static bool is_merged_into_sum(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref first = before_sum(p, op);
    const int rank = first ? ns_pattern_input(p, first, 0)->rank : 0;
    return first && ns_pattern_is_result(p, first) && p->readers[first->outputs[0]] == 1 &&
           (rank == 3 || (rank == 2 && ns_pattern_from_op(p, first, 0, NS_OP_RESHAPE)));
}

bool ns_defect_met_merged_transposes(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref undone = transpose_undone(p, op);
    if (is_merged_into_sum(p, op) ||
        (undone && (ns_pattern_is_result(p, ns_pattern_from(p, undone, 0)) ||
                    (p->producers[undone->inputs[0]] < 0 && is_returned(p, undone->inputs[0], true)))))
        return true;
    ns_op_ref first = op->op == NS_OP_TRANSPOSE ? ns_pattern_from(p, op, 0) : NULL;
    if (!first || (first->op != NS_OP_TRANSPOSE && first->op != NS_OP_RESHAPE))
        return false;
    if (is_returned(p, first->outputs[0], false))
        return true;
    for (; first && (first->op == NS_OP_TRANSPOSE || first->op == NS_OP_RESHAPE);
         first = first->op == NS_OP_RESHAPE ? ns_pattern_from(p, first, 0) : NULL)
        if (ns_pattern_is_result(p, first) && p->readers[first->outputs[0]] == 1)
            return true;
    return false;
}

/* A CONCAT or PAD that `op` is a part of, through a RESCALE that is fused and, with `reshaped`, a RESHAPE. */
static bool ends_in_part(const ns_pattern *p, ns_op_ref op, bool *reshaped)
{
    ns_op_ref reader = ns_pattern_only_reader(p, op);
    while (reader && (reader->op == NS_OP_RESCALE || (reshaped && reader->op == NS_OP_RESHAPE))) {
        if (reshaped)
            *reshaped |= reader->op == NS_OP_RESHAPE;
        reader = ns_pattern_only_reader(p, reader);
    }
    return ns_pattern_joins(p, reader);
}

bool ns_defect_met_depthwise_concat(const ns_pattern *p, ns_op_ref op)
{
    const ns_tensor *w = op->op == NS_OP_DEPTHWISE_CONV2D ? ns_pattern_input(p, op, 1) : NULL;
    return w && w->shape[3] > 1 && ns_pattern_batch(ns_pattern_output(p, op)) == 1 &&
           ends_in_part(p, op, NULL);
}

/* Made a CONV2D, it has four dims; the part of the CONCAT or PAD that is moved into it has five. On
 * U55 and U65 so much is seen of those that make a PAD of their padding. */
bool ns_defect_met_conv3d_concat(const ns_pattern *p, ns_op_ref op)
{
    const bool one = op->op == NS_OP_CONV3D && !ns_pattern_has_depth(p, op) &&
                     ns_pattern_batch(ns_pattern_output(p, op)) == 1 && ends_in_part(p, op, NULL);
    const ns_tensor *w = one ? ns_pattern_input(p, op, 1) : NULL;
    return one &&
           (p->family == NS_FAMILY_U85 || (ns_pattern_is_padded(op) && w->shape[2] == 1 && w->shape[3] == 1));
}

bool ns_defect_met_matmul_pad(const ns_pattern *p, ns_op_ref op)
{
    bool reshaped = false;
    return op->op == NS_OP_MATMUL && ends_in_part(p, op, &reshaped) && reshaped;
}

/* The TRANSPOSE that a sum over the last dim but one has put before it undoes one of two dims. */
static bool transposes_again(const ns_pattern *p, ns_op_ref op, ns_op_ref first)
{
    return op->attributes.axis == ns_pattern_input(p, op, 0)->rank - 2 &&
           ns_pattern_input(p, first, 0)->rank == 2;
}

/* What made the tensor that `op` reads, through RESHAPEs and RESCALEs; NULL where something else reads it. */
static ns_op_ref made_by(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref from = ns_pattern_from(p, op, 0);
    while (from && (from->op == NS_OP_RESHAPE || from->op == NS_OP_RESCALE))
        from = ns_pattern_only_reader(p, from) ? ns_pattern_from(p, from, 0) : NULL;
    return from;
}

/* A sum over an axis before the last two, which is given a RESHAPE of its own. */
static bool is_sum_before(const ns_pattern *p, ns_op_ref op)
{
    return op && op->op == NS_OP_REDUCE_SUM && op->attributes.axis < ns_pattern_input(p, op, 0)->rank - 2;
}

bool ns_defect_met_transposes_undone(const ns_pattern *p, ns_op_ref op)
{
    const bool sum = op->op == NS_OP_REDUCE_SUM;
    ns_op_ref first = sum || op->op == NS_OP_TRANSPOSE
                          ? ns_pattern_served_by(p, op, 0, sum ? NS_OP_RESCALE : NS_OP_COUNT)
                          : NULL;
    if (!first || first->op != NS_OP_TRANSPOSE ||
        !(sum ? transposes_again(p, op, first) : ns_pattern_undoes(p, op, first)))
        return false;
    ns_op_ref reshape = ns_pattern_from_op(p, first, 0, NS_OP_RESHAPE), from = made_by(p, first);
    if (!sum && is_sum_before(p, from))
        return true;
    if (!reshape || (!sum && !ns_pattern_is_view(p, reshape) &&
                     ns_shape_equal(ns_pattern_input(p, first, 0), ns_pattern_output(p, op))))
        return false;
    return from && ((from->op < NS_OP_CLAMP && !sum) || from->op == NS_OP_REDUCE_MAX ||
                    from->op == NS_OP_REDUCE_SUM || from->op == NS_OP_TRANSPOSE ||
                    (from->op == NS_OP_REDUCE_MIN && p->family == NS_FAMILY_U85));
}
