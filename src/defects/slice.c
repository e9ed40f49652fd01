/* Known defects of a SLICE that Vela moves into the operation behind it. */
#include "defects/pattern.h"

/* True where MoveSplitSliceToConsumer moves the SLICE: a reader that is a GATHER or a SCATTER keeps it, one
 * that is a RESHAPE beside others that are none, too (a RESHAPE alone is one of what is behind it). */
static bool is_moved(const ns_pattern *p, ns_op_ref slice)
{
    bool reshapes = false, others = false;
    for (ns_op_ref reader = NULL; (reader = ns_pattern_reader(p, slice, reader));) {
        const bool mine = reader->op == NS_OP_RESHAPE &&
                          !ns_shape_equal(ns_pattern_input(p, reader, 0), ns_pattern_output(p, reader));
        reshapes |= mine;
        others |= !mine;
        if (reader->op == NS_OP_GATHER || reader->op == NS_OP_SCATTER)
            return false;
    }
    return !reshapes || !others;
}

/* The same dims, those of 1 left out. */
static bool is_reduced_equal(const ns_tensor *a, const ns_tensor *b)
{
    int i = 0, k = 0;
    while (i < a->rank || k < b->rank) {
        if (i < a->rank && a->shape[i] == 1)
            i++;
        else if (k < b->rank && b->shape[k] == 1)
            k++;
        else if (i == a->rank || k == b->rank || a->shape[i++] != b->shape[k++])
            return false;
    }
    return true;
}

/* A SLICE that leaves something out and that is moved into `op`: through a RESHAPE that only adds or drops
 * dims of 1, and through RESCALEs that are fused. */
static ns_op_ref slice_before(const ns_pattern *p, ns_op_ref op, int index)
{
    ns_op_ref from = ns_pattern_from(p, op, index);
    while (from && (ns_pattern_keeps_tensor(p, from) || from->op == NS_OP_RESCALE)) {
        if (from->op == NS_OP_RESCALE && !ns_pattern_only_reader(p, from))
            return NULL;
        from = ns_pattern_from(p, from, 0);
    }
    const bool moved = from && from->op == NS_OP_SLICE && is_moved(p, from) &&
                       is_reduced_equal(ns_pattern_output(p, from), ns_pattern_input(p, op, index)) &&
                       !ns_shape_equal(ns_pattern_input(p, from, 0), ns_pattern_output(p, from));
    return moved ? from : NULL;
}

/* A RESHAPE takes dims of 1 off a SLICE, be it one of all there is. */
static bool drops_dims(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref reshape = ns_pattern_from_op(p, op, 0, NS_OP_RESHAPE);
    ns_op_ref slice = ns_pattern_from_op(p, reshape, 0, NS_OP_SLICE);
    const ns_tensor *x = ns_pattern_input(p, op, 0), *y = ns_pattern_output(p, slice);
    return slice && is_moved(p, slice) && y->rank > x->rank && is_reduced_equal(x, y);
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
    const bool drops = drops_dims(p, op);
    return (slice_before(p, op, 0) || drops) && (!direct || ns_pattern_batch(x) > 1 || (drops && !u85));
}

/* The sum is made one of three dims before the SLICE is moved into it, which puts its own there again: four,
 * or as many as it had before a RESHAPE. */
bool ns_defect_met_slice_reduce_sum(const ns_pattern *p, ns_op_ref op)
{
    if (op->op != NS_OP_REDUCE_SUM)
        return false;
    const ns_tensor *x = ns_pattern_input(p, op, 0);
    ns_op_ref slice = slice_before(p, op, 0);
    const int rank = slice ? ns_pattern_input(p, slice, 0)->rank : 3;
    return rank != 3 && (x->rank > 3 || rank != x->rank) && op->attributes.axis == x->rank - 1 &&
           ns_pattern_batch(x) == 1;
}

/* A SLICE of a list stays the slice of an operand that a RESHAPE has given two dims; the reduction is over
 * the new dim of 1. */
bool ns_defect_met_slice_reduce_rank(const ns_pattern *p, ns_op_ref op)
{
    if (op->op != NS_OP_REDUCE_MAX && op->op != NS_OP_REDUCE_MIN)
        return false;
    ns_op_ref reshape = ns_pattern_from_op(p, op, 0, NS_OP_RESHAPE);
    ns_op_ref slice = ns_pattern_from_op(p, reshape, 0, NS_OP_SLICE);
    return slice && is_moved(p, slice) && ns_pattern_input(p, slice, 0)->rank == 1 &&
           ns_pattern_input(p, op, 0)->rank == 2 &&
           ns_pattern_input(p, op, 0)->shape[op->attributes.axis] == 1;
}

static bool is_binary(ns_op_ref op)
{
    return ns_pattern_is_binary(op->op) && op->input_count > 1;
}

/* A binary operator in a chain, of which an operand is a SLICE and broadcasts: the tensor that is sliced has
 * as many elements as the result, so that it seems not to. */
bool ns_defect_met_chain_slice(const ns_pattern *p, ns_op_ref op)
{
    const ns_tensor *y = ns_pattern_output(p, op);
    for (int k = 0; is_binary(op) && k < 2; k++) {
        ns_op_ref slice = slice_before(p, op, k);
        if (slice && !ns_shape_equal(ns_pattern_input(p, op, k), y) &&
            ns_tensor_count(ns_pattern_input(p, slice, 0)) == ns_tensor_count(y) &&
            ns_pattern_served_by(p, op, 1 - k, NS_OP_RESCALE))
            return true;
    }
    return false;
}

/* The type of a binary operator's result, behind the RESCALE that it takes in. */
static ns_dtype result_type(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref reader = ns_pattern_only_reader(p, op);
    return ns_pattern_output(p, reader && reader->op == NS_OP_RESCALE ? reader : op)->dtype;
}

/* Operand `index` is a SLICE that broadcasts, of a tensor of the result's shape and type that nothing else
 * reads: the result is given that tensor's memory. */
static bool is_overwritten(const ns_pattern *p, ns_op_ref op, int index)
{
    ns_op_ref slice = slice_before(p, op, index), made = ns_pattern_from(p, slice, 0);
    const ns_tensor *whole = ns_pattern_input(p, slice, 0), *y = ns_pattern_output(p, op);
    return slice && made && ns_pattern_only_reader(p, made) == slice && ns_shape_equal(whole, y) &&
           whole->dtype == result_type(p, op) && !ns_shape_equal(ns_pattern_input(p, op, index), y);
}

bool ns_defect_met_slice_overwritten(const ns_pattern *p, ns_op_ref op)
{
    return is_binary(op) && (is_overwritten(p, op, 0) || is_overwritten(p, op, 1));
}

/* Of one element also in later releases, and on every target. */
bool ns_defect_met_slice_scalar(const ns_pattern *p, ns_op_ref op)
{
    for (int k = 0; k < 2 && is_binary(op); k++)
        if (ns_tensor_count(ns_pattern_input(p, op, k)) == 1 && is_overwritten(p, op, k))
            return true;
    return false;
}

/* The same where the first operand is one row of an input of the graph: what is written first, before the row
 * is read for the last time, are the rows. */
bool ns_defect_met_slice_row(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref slice = is_binary(op) ? slice_before(p, op, 0) : NULL;
    const ns_tensor *whole = ns_pattern_input(p, slice, 0), *y = ns_pattern_output(p, op);
    return slice && !whole->data && p->producers[slice->inputs[0]] < 0 && p->readers[slice->inputs[0]] == 1 &&
           is_reduced_equal(whole, y) && whole->dtype == result_type(p, op) && ns_pattern_batch(whole) == 1 &&
           ns_pattern_dim(whole, 2) > 1 && ns_pattern_dim(ns_pattern_output(p, slice), 2) == 1;
}

/* Taken apart by batch, by the multiplier of a depthwise convolution, by a dilation that the NPU does not
 * have, or, on Ethos-U85, by a stride over 3 (U55 and U65 refuse those with padding). */
static bool is_taken_apart(const ns_pattern *p, ns_op_ref op)
{
    const ns_tensor *w = op->op == NS_OP_DEPTHWISE_CONV2D ? ns_pattern_input(p, op, 1) : NULL;
    const ns_int_list *dilation = &op->attributes.dilation, *stride = &op->attributes.stride;
    const bool conv = op->op == NS_OP_CONV2D || op->op == NS_OP_DEPTHWISE_CONV2D;
    const bool far = conv && p->family == NS_FAMILY_U85 &&
                     (ns_pattern_list(stride, 0, 1) > 3 || ns_pattern_list(stride, 1, 1) > 3);
    return ns_pattern_batch(ns_pattern_input(p, op, 0)) > 1 || (w && w->shape[3] > 1) ||
           ns_pattern_list(dilation, 0, 1) > 2 || ns_pattern_list(dilation, 1, 1) > 2 || far;
}

/* The padding may be a PAD of zeros that the convolution takes in. */
bool ns_defect_met_slice_window(const ns_pattern *p, ns_op_ref op)
{
    const bool conv = op->op == NS_OP_CONV2D || op->op == NS_OP_DEPTHWISE_CONV2D;
    if (op->op == NS_OP_TRANSPOSE_CONV2D)
        return slice_before(p, op, 0) != NULL;
    if (op->op == NS_OP_CONV3D) {
        ns_op_ref reshape = ns_pattern_from_op(p, op, 0, NS_OP_RESHAPE);
        return ns_pattern_is_padded(op) &&
               (slice_before(p, op, 0) || ns_pattern_from_op(p, reshape, 0, NS_OP_SLICE));
    }
    if ((!conv && op->op != NS_OP_AVG_POOL2D && op->op != NS_OP_MAX_POOL2D) || !is_taken_apart(p, op))
        return false;
    ns_op_ref pad = conv && !ns_pattern_is_padded(op) ? ns_pattern_from_op(p, op, 0, NS_OP_PAD) : NULL;
    return pad ? slice_before(p, pad, 0) != NULL : ns_pattern_is_padded(op) && slice_before(p, op, 0);
}

/* A dilation over 2 is taken apart (HandleDilation), be there padding or not, and the slice's start is lost:
 * that of any dim but the last. A RESCALE between keeps the SLICE. */
bool ns_defect_met_slice_dilated(const ns_pattern *p, ns_op_ref op)
{
    const ns_int_list *dilation = &op->attributes.dilation;
    if ((op->op != NS_OP_CONV2D && op->op != NS_OP_DEPTHWISE_CONV2D) ||
        (ns_pattern_list(dilation, 0, 1) < 3 && ns_pattern_list(dilation, 1, 1) < 3))
        return false;
    ns_op_ref slice = slice_before(p, op, 0), from = ns_pattern_from(p, op, 0);
    while (from && ns_pattern_keeps_tensor(p, from))
        from = ns_pattern_from(p, from, 0);
    bool starts = false;
    for (int i = 0; slice && i < ns_pattern_input(p, slice, 0)->rank - 1; i++)
        starts |= ns_pattern_constant(p, slice, 1, (size_t)i, 1) != 0;
    return starts && from == slice;
}

/* A RESCALE that reads unsigned numbers takes the whole tensor's type. */
bool ns_defect_met_unsigned_slice(const ns_pattern *p, ns_op_ref op)
{
    return op->op == NS_OP_RESCALE && op->attributes.input_unsigned &&
           (slice_before(p, op, 0) || ns_pattern_from_op(p, op, 0, NS_OP_SLICE));
}

/* Whether the dims on one side of an axis, those of 1 left out, are one at most. */
static bool is_one_dim(const ns_tensor *x, int from, int to)
{
    int dims = 0;
    for (int i = from; i < to; i++)
        dims += x->shape[i] > 1;
    return dims <= 1;
}

/* ARGMAX over another axis than the last is made one of three dims before the SLICE is moved into it, which
 * puts its own there again; where those are other dims but for ones, it is not moved. */
bool ns_defect_met_slice_argmax(const ns_pattern *p, ns_op_ref op)
{
    const ns_tensor *x = op->op == NS_OP_ARGMAX ? ns_pattern_input(p, op, 0) : NULL;
    ns_op_ref slice = x ? ns_pattern_from_op(p, op, 0, NS_OP_SLICE) : NULL;
    const int axis = op->attributes.axis;
    return slice && is_moved(p, slice) && axis < x->rank - 1 && (x->rank != 3 || axis != 1) &&
           is_one_dim(x, 0, axis) && is_one_dim(x, axis + 1, x->rank);
}

/* DecomposeConv3D takes the shape of the slice for the tensor's, and its start for 0. */
bool ns_defect_met_slice_conv3d(const ns_pattern *p, ns_op_ref op)
{
    return op->op == NS_OP_CONV3D && ns_pattern_has_depth(p, op) && slice_before(p, op, 0);
}

/* In 5.0.0 with one batch, too. */
bool ns_defect_met_slice_padded(const ns_pattern *p, ns_op_ref op)
{
    const bool window = op->op == NS_OP_CONV2D || op->op == NS_OP_DEPTHWISE_CONV2D ||
                        op->op == NS_OP_AVG_POOL2D || op->op == NS_OP_MAX_POOL2D;
    return window && ns_pattern_is_padded(op) && !is_taken_apart(p, op) && slice_before(p, op, 0);
}

/* What is taken apart by batches, or reduces: all but a convolution of 1 x 1, which takes all batches at
 * once, a CONV3D over depths, and what makes three dims of its operand or moves it. */
static bool goes_by_batches(const ns_pattern *p, ns_op_ref op)
{
    const ns_tensor *w = op->op == NS_OP_CONV2D || op->op == NS_OP_CONV3D ? ns_pattern_input(p, op, 1) : NULL;
    switch (op->op) {
    case NS_OP_CONV2D:
        return w->shape[1] > 1 || w->shape[2] > 1 || ns_pattern_is_padded(op) ||
               ns_pattern_list(&op->attributes.stride, 0, 1) > 1 ||
               ns_pattern_list(&op->attributes.stride, 1, 1) > 1;
    case NS_OP_CONV3D:
        return !ns_pattern_has_depth(p, op) &&
               (w->shape[2] > 1 || w->shape[3] > 1 || ns_pattern_is_padded(op));
    case NS_OP_TRANSPOSE:
    case NS_OP_REVERSE:
    case NS_OP_REDUCE_SUM:
    case NS_OP_ARGMAX:
    case NS_OP_RESIZE:
    case NS_OP_RESHAPE:
    case NS_OP_SLICE:
    case NS_OP_TILE:
    case NS_OP_GATHER:
    case NS_OP_SCATTER:
        return false;
    default:
        return op->input_count > 0 && op->output_count > 0;
    }
}

/* A SLICE, of all there is, too, keeps the dims that it has, where a RESHAPE gives its reader more or fewer
 * of them (a CONV3D over one depth has four). Beyond four dims nothing fits together any more: where the
 * reader has several batches, reduces, or, on Ethos-U85, has more dims than the SLICE and several rows. */
static bool loses_rank(const ns_pattern *p, ns_op_ref op, int index)
{
    ns_op_ref slice = ns_pattern_from(p, op, index);
    while (slice && ns_pattern_keeps_tensor(p, slice))
        slice = ns_pattern_from(p, slice, 0);
    const ns_tensor *x = ns_pattern_input(p, op, index);
    if (!slice || slice->op != NS_OP_SLICE || !is_moved(p, slice) ||
        !is_reduced_equal(ns_pattern_output(p, slice), x))
        return false;
    const int before = ns_pattern_input(p, slice, 0)->rank;
    const int after = op->op == NS_OP_CONV3D ? 4 : x->rank;
    if (before == after || (before < 5 && after < 5))
        return false;
    const int64_t batch = op->op == NS_OP_MATMUL   ? x->shape[0]
                          : op->op == NS_OP_CONV3D ? x->shape[1]
                                                   : ns_pattern_batch(x);
    return batch > 1 || op->op == NS_OP_REDUCE_MAX || op->op == NS_OP_REDUCE_MIN ||
           (p->family == NS_FAMILY_U85 && after > before && ns_pattern_dim(x, 2) > 1);
}

bool ns_defect_met_slice_pool_rank(const ns_pattern *p, ns_op_ref op)
{
    for (int k = 0; k < op->input_count && goes_by_batches(p, op); k++)
        if (loses_rank(p, op, k))
            return true;
    return false;
}

/* MATMUL is made of MUL and REDUCE_SUM on U55 and U65, which take the whole of the first operand, and the
 * whole depth of the second. */
bool ns_defect_met_slice_matmul(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref second = op->op == NS_OP_MATMUL ? slice_before(p, op, 1) : NULL;
    return op->op == NS_OP_MATMUL &&
           (slice_before(p, op, 0) || (second && ns_pattern_dim(ns_pattern_input(p, second, 0), 1) !=
                                                     ns_pattern_dim(ns_pattern_output(p, second), 1)));
}

/* The same in the other direction: 5.2.0 puts a RESCALE of its own behind each SLICE. */
bool ns_defect_met_slice_scales(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref rescale = op->op == NS_OP_SLICE ? ns_pattern_from_op(p, op, 0, NS_OP_RESCALE) : NULL;
    ns_op_ref from = ns_pattern_from(p, rescale, 0);
    const bool fused = from && ns_pattern_only_reader(p, from) && from->op < NS_OP_CLAMP &&
                       from->op != NS_OP_CONV3D && from->op != NS_OP_TRANSPOSE_CONV2D; /* one operation */
    return rescale && rescale->attributes.per_channel && !fused &&
           (!ns_pattern_only_reader(p, rescale) || p->readers[op->outputs[0]] > 1) &&
           ns_pattern_dim(ns_pattern_input(p, op, 0), 0) != ns_pattern_dim(ns_pattern_output(p, op), 0);
}
