/* Known defects where Vela moves SLICE, PAD, CONCAT or TRANSPOSE into the operation beside it. */
#include "defects/match.h"

/* True where MoveSplitSliceToConsumer moves the SLICE: one reader that is a RESHAPE, TILE, GATHER or SCATTER,
 * met before any other, keeps it where it is. */
static bool is_moved(const ns_pattern *p, ns_op_ref slice)
{
    for (ns_op_ref reader = NULL; (reader = ns_pattern_reader(p, slice, reader));)
        if (reader->op == NS_OP_RESHAPE || reader->op == NS_OP_TILE || reader->op == NS_OP_GATHER ||
            reader->op == NS_OP_SCATTER)
            return false;
    return slice != NULL;
}

/* A SLICE that leaves something out, and that is moved into `op`. */
static ns_op_ref slice_before(const ns_pattern *p, ns_op_ref op, int index)
{
    ns_op_ref slice = ns_pattern_from_op(p, op, index, NS_OP_SLICE);
    if (!slice || !is_moved(p, slice) ||
        ns_shape_equal(ns_pattern_input(p, slice, 0), ns_pattern_output(p, slice)))
        return NULL;
    return slice;
}

/* Ethos-U85 reduces over H and W, U55 and U65 over W, of three dims; otherwise DecomposeReduce reshapes. */
bool ns_defect_met_slice_reduce(const ns_pattern *p, ns_op_ref op)
{
    const bool u85 = p->family == NS_FAMILY_U85;
    if (op->op != NS_OP_REDUCE_MAX && !(op->op == NS_OP_REDUCE_MIN && u85))
        return false;
    const ns_tensor *x = ns_pattern_input(p, op, 0);
    const int back = x->rank - 1 - op->attributes.axis;
    const bool direct = back == 1 || (back == 2 && u85);
    return slice_before(p, op, 0) && (!direct || ns_pattern_batch(x) > 1);
}

static bool is_padded(ns_op_ref op)
{
    for (int i = 0; i < op->attributes.pad.count; i++)
        if (op->attributes.pad.values[i] > 0)
            return true;
    return false;
}

bool ns_defect_met_slice_window(const ns_pattern *p, ns_op_ref op)
{
    const bool window = op->op == NS_OP_CONV2D || op->op == NS_OP_DEPTHWISE_CONV2D ||
                        op->op == NS_OP_AVG_POOL2D || op->op == NS_OP_MAX_POOL2D;
    return window && is_padded(op) && ns_pattern_batch(ns_pattern_input(p, op, 0)) > 1 &&
           slice_before(p, op, 0);
}

/* MATMUL is made of MUL and REDUCE_SUM on U55 and U65, which take the whole depth. */
bool ns_defect_met_slice_matmul(const ns_pattern *p, ns_op_ref op)
{
    if (op->op != NS_OP_MATMUL)
        return false;
    for (int k = 0; k < 2; k++) {
        ns_op_ref slice = slice_before(p, op, k);
        const int back = k == 0 ? 0 : 1;
        if (slice && ns_pattern_dim(ns_pattern_input(p, slice, 0), back) !=
                         ns_pattern_dim(ns_pattern_output(p, slice), back))
            return true;
    }
    return false;
}

/* PAD of height and width alone, by 0, into a convolution without padding of its own. */
bool ns_defect_met_pad_conv_zero_point(const ns_pattern *p, ns_op_ref op)
{
    if ((op->op != NS_OP_CONV2D && op->op != NS_OP_DEPTHWISE_CONV2D) || is_padded(op))
        return false;
    ns_op_ref pad = ns_pattern_from_op(p, op, 0, NS_OP_PAD);
    if (!pad || ns_pattern_constant(p, pad, 2, 0, 1) != 0 || ns_pattern_constant(p, op, 3, 0, 0) == 0)
        return false;
    bool some = false;
    for (size_t i = 0; i < 8; i++) {
        const bool given = ns_pattern_constant(p, pad, 1, i, 0) != 0;
        if (given && (i < 2 || i > 5))
            return false;
        some = some || given;
    }
    return some;
}

bool ns_defect_met_concat_scales(const ns_pattern *p, ns_op_ref op)
{
    if (op->op != NS_OP_RESCALE || !op->attributes.per_channel)
        return false;
    ns_op_ref concat = ns_pattern_from_op(p, op, 0, NS_OP_CONCAT);
    return concat && ns_pattern_only_reader(p, concat) == op &&
           concat->attributes.axis == ns_pattern_output(p, concat)->rank - 1;
}

bool ns_defect_met_merged_transposes(const ns_pattern *p, ns_op_ref op)
{
    if (op->op != NS_OP_TRANSPOSE)
        return false;
    ns_op_ref first = ns_pattern_from_op(p, op, 0, NS_OP_TRANSPOSE);
    return first && ns_pattern_is_result(p, first) && p->readers[first->outputs[0]] == 1;
}
