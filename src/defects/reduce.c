/* Known defects of reductions. */
#include "defects/match.h"

bool ns_defect_met_reverse_reduce(const ns_pattern *p, ns_op_ref op)
{
    if (op->op != NS_OP_REDUCE_MAX && op->op != NS_OP_REDUCE_MIN)
        return false;
    const ns_tensor *x = ns_pattern_input(p, op, 0);
    const int back = x->rank - 1 - op->attributes.axis;
    return ns_pattern_from_op(p, op, 0, NS_OP_REVERSE) && (back == 0 || ns_pattern_batch(x) > 1);
}

bool ns_defect_met_reduce_min_dim1(const ns_pattern *p, ns_op_ref op)
{
    return op->op == NS_OP_REDUCE_MIN && ns_pattern_input(p, op, 0)->shape[op->attributes.axis] == 1 &&
           ns_pattern_reader(p, op, NULL);
}

/* The chain int16 -> RESCALE by 1 -> int32 REDUCE_SUM is one of int16. */
bool ns_defect_met_reduce_sum_int16(const ns_pattern *p, ns_op_ref op)
{
    if (op->op != NS_OP_REDUCE_SUM)
        return false;
    ns_op_ref rescale = ns_pattern_from_op(p, op, 0, NS_OP_RESCALE);
    const ns_tensor *x = ns_pattern_input(p, rescale, 0);
    return x && x->dtype == NS_DTYPE_INT16;
}

bool ns_defect_met_reduce_min_reshape(const ns_pattern *p, ns_op_ref op)
{
    if (op->op != NS_OP_REDUCE_MIN)
        return false;
    if (ns_pattern_from_op(p, op, 0, NS_OP_RESHAPE))
        return true;
    for (ns_op_ref reader = NULL; (reader = ns_pattern_reader(p, op, reader));)
        if (reader->op == NS_OP_RESHAPE)
            return true;
    return false;
}
