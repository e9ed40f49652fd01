/* Known defects of numbers that a RESCALE reads or writes as unsigned ones. */
#include "defects/pattern.h"

static ns_op_ref unsigned_before(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref rescale = ns_pattern_from_op(p, op, 0, NS_OP_RESCALE);
    return rescale && rescale->attributes.output_unsigned && ns_pattern_only_reader(p, rescale) ? rescale
                                                                                                : NULL;
}

bool ns_defect_met_unsigned_clamp(const ns_pattern *p, ns_op_ref op)
{
    return op->op == NS_OP_CLAMP && unsigned_before(p, op);
}

/* Bitwise operators, shifts, and what is made of them. */
static bool is_bitwise(ns_op op)
{
    return ns_pattern_is_bitwise(op) || op == NS_OP_BITWISE_NOT || op == NS_OP_SELECT;
}

/* The largest of numbers that a RESCALE by 1 makes signed, which is taken in. */
static bool is_unsigned_largest(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref before = ns_pattern_from_op(p, op, 0, NS_OP_RESCALE);
    return (op->op == NS_OP_MAX_POOL2D || op->op == NS_OP_REDUCE_MAX) && before &&
           before->attributes.input_unsigned && ns_pattern_integer_scale(p, before) == 1;
}

/* On Ethos-U55 and U65 REDUCE_MIN and NEGATE end in a SUB, which takes any scale in. */
bool ns_defect_met_unsigned_limits(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref from = op->op == NS_OP_RESCALE ? ns_pattern_served_by(p, op, 0, NS_OP_RESHAPE) : NULL;
    if (!from || !op->attributes.output_unsigned)
        return false;
    if (from->op == NS_OP_SLICE && !(from = ns_pattern_from(p, from, 0)))
        return false;
    if (from->op == NS_OP_NEGATE || p->family != NS_FAMILY_U85)
        return from->op == NS_OP_NEGATE || from->op == NS_OP_REDUCE_MIN || is_unsigned_largest(p, from);
    const bool kept = from->op == NS_OP_AVG_POOL2D || from->op == NS_OP_REDUCE_MIN ||
                      from->op == NS_OP_REDUCE_MAX || from->op == NS_OP_RESIZE;
    return from->op == NS_OP_MAX_POOL2D || is_bitwise(from->op) ||
           (kept && ns_pattern_integer_scale(p, op) == 1);
}

bool ns_defect_met_unsigned_table(const ns_pattern *p, ns_op_ref op)
{
    return op->op == NS_OP_TABLE && unsigned_before(p, op);
}

bool ns_defect_met_unsigned_viewed(const ns_pattern *p, ns_op_ref op)
{
    return op->op == NS_OP_RESCALE &&
           ((op->attributes.output_unsigned && ns_pattern_is_viewed(p, op->outputs[0])) ||
            (op->attributes.input_unsigned && ns_pattern_is_viewed(p, op->inputs[0])));
}

bool ns_defect_met_unsigned_pad(const ns_pattern *p, ns_op_ref op)
{
    return op->op == NS_OP_RESCALE && op->attributes.output_unsigned && ns_pattern_is_part(p, op);
}

/* From unsigned numbers with a zero point of 128 nothing saturates. */
static bool is_chained(const ns_pattern *p, ns_op_ref op, ns_op skipped)
{
    ns_op_ref first = op->op == NS_OP_RESCALE ? ns_pattern_served_by(p, op, 0, skipped) : NULL;
    return first && first->op == NS_OP_RESCALE && first->attributes.input_unsigned &&
           ns_pattern_integer_scale(p, first) == 1 && ns_pattern_constant(p, first, 3, 0, 0) != INT8_MIN;
}

/* Operations of MACs read unsigned numbers themselves, of which those over 127 are not what the RESCALE makes
 * of them; with a zero point they are read otherwise. */
static bool reads_unsigned(const ns_pattern *p, ns_op_ref op)
{
    const bool product = op->op == NS_OP_CONV2D || op->op == NS_OP_CONV3D ||
                         op->op == NS_OP_DEPTHWISE_CONV2D || op->op == NS_OP_TRANSPOSE_CONV2D ||
                         op->op == NS_OP_MATMUL;
    for (int k = 0; k < (op->op == NS_OP_MATMUL ? 2 : 1); k++) {
        ns_op_ref first = ns_pattern_from_op(p, op, k, NS_OP_RESCALE);
        if ((product || (op->op == NS_OP_AVG_POOL2D && p->family == NS_FAMILY_U85)) && first &&
            first->attributes.input_unsigned && ns_pattern_integer_scale(p, first) == 1 &&
            ns_pattern_constant(p, first, 3, 0, 0) == 0)
            return true;
    }
    return false;
}

bool ns_defect_met_unsigned_chain(const ns_pattern *p, ns_op_ref op)
{
    return is_chained(p, op, NS_OP_COUNT) || reads_unsigned(p, op);
}

/* 5.2.0 puts a RESCALE before a SLICE. */
bool ns_defect_met_unsigned_moved(const ns_pattern *p, ns_op_ref op)
{
    return is_chained(p, op, NS_OP_SLICE) && !is_chained(p, op, NS_OP_COUNT);
}

/* A REDUCE_SUM over the last dim but one has a TRANSPOSE put before it, which is fused. */
bool ns_defect_met_unsigned_sum(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref rescale = op->op == NS_OP_REDUCE_SUM ? ns_pattern_from_op(p, op, 0, NS_OP_RESCALE) : NULL;
    return rescale && op->attributes.axis == ns_pattern_input(p, op, 0)->rank - 2 &&
           ns_pattern_integer_scale(p, rescale) == 1 && unsigned_before(p, rescale);
}

/* TRANSPOSE that moves dims, and REVERSE, which Ethos-U85 fuses. */
bool ns_defect_met_unsigned_fused(const ns_pattern *p, ns_op_ref op)
{
    const bool moves_dims = op->op == NS_OP_TRANSPOSE && !ns_pattern_keeps_tensor(p, op);
    return (moves_dims || op->op == NS_OP_REVERSE) && unsigned_before(p, op);
}
