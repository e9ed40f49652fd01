/* Known defects of reductions. */
#include <string.h>

#include "defects/pattern.h"

bool ns_defect_met_reverse_reduce(const ns_pattern *p, ns_op_ref op)
{
    if (op->op != NS_OP_REDUCE_MAX && op->op != NS_OP_REDUCE_MIN)
        return false;
    const ns_tensor *x = ns_pattern_input(p, op, 0);
    const int back = x->rank - 1 - op->attributes.axis;
    ns_op_ref reverse = ns_pattern_from_op(p, op, 0, NS_OP_REVERSE);
    if (reverse && x->rank == 4)
        return back == 0 && reverse->attributes.axis == 3 && ns_pattern_batch(x) > 1;
    return reverse && x->rank > 4 && (back == 0 || ns_pattern_batch(x) > 1);
}

bool ns_defect_met_reduce_min_dim1(const ns_pattern *p, ns_op_ref op)
{
    return ns_defect_met_reduce_min_reshape(p, op) &&
           ns_pattern_input(p, op, 0)->shape[op->attributes.axis] == 1;
}

/* The chain int16 -> RESCALE by 1 -> int32 REDUCE_SUM is one of int16. */
bool ns_defect_met_reduce_sum_int16(const ns_pattern *p, ns_op_ref op)
{
    if (op->op != NS_OP_REDUCE_SUM)
        return false;
    ns_op_ref rescale = ns_pattern_from_op(p, op, 0, NS_OP_RESCALE);
    const ns_tensor *x = ns_pattern_input(p, rescale, 0);
    return x && x->dtype == NS_DTYPE_INT16 && ns_pattern_integer_scale(p, rescale) == 1;
}

bool ns_defect_met_reduce_min_reshape(const ns_pattern *p, ns_op_ref op)
{
    return op->op == NS_OP_REDUCE_MIN &&
           (ns_pattern_is_viewed(p, op->inputs[0]) || ns_pattern_is_viewed(p, op->outputs[0]));
}

/* Ethos-U85 reduces over H and W, U55 and U65 over W, of three dims; otherwise DecomposeReduce makes other
 * shapes. */
static bool is_reshaped(const ns_pattern *p, ns_op_ref op)
{
    const ns_tensor *x = ns_pattern_input(p, op, 0);
    const int back = x->rank - 1 - op->attributes.axis;
    return (back != 1 && (back != 2 || p->family != NS_FAMILY_U85)) || ns_pattern_batch(x) > 1;
}

/* MoveConcatSliceToProducer moves the part of a CONCAT or PAD into an operation of three dims. */
bool ns_defect_met_reduce_concat(const ns_pattern *p, ns_op_ref op)
{
    const bool min = op->op == NS_OP_REDUCE_MIN && p->family == NS_FAMILY_U85;
    if ((op->op != NS_OP_REDUCE_MAX && !min) || ns_pattern_batch(ns_pattern_output(p, op)) > 1 ||
        !is_reshaped(p, op))
        return false;
    return ns_pattern_is_part(p, op);
}

/* Both are fused into what is between them, or into the copy that is left. */
bool ns_defect_met_reverse_twice(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref first = op->op == NS_OP_REVERSE ? ns_pattern_served_by(p, op, 0, NS_OP_TABLE) : NULL;
    const ns_tensor *x = ns_pattern_input(p, op, 0);
    return first && first->op == NS_OP_REVERSE && op->attributes.axis == x->rank - 1 &&
           first->attributes.axis == x->rank - 1 && ns_pattern_batch(x) > 1;
}

/* What stands before `op`, operators that are fused or change nothing left out. */
static ns_op_ref before_chain(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref from = ns_pattern_from(p, op, 0);
    while (from &&
           (from->op == NS_OP_RESCALE || from->op == NS_OP_CLAMP || ns_pattern_keeps_tensor(p, from)) &&
           ns_pattern_only_reader(p, from))
        from = ns_pattern_from(p, from, 0);
    return from;
}

/* Behind a sum over the last dim but one of up to three elements (of more, its tensor is no brick), a TABLE,
 * and then products or sums of two operands, of which `last` is the last: a chain. */
static bool ends_sum_chain(const ns_pattern *p, ns_op_ref last)
{
    for (int k = 0; last && ns_pattern_is_binary(last->op) && k < 2; k++) {
        ns_op_ref table = ns_pattern_served_by(p, last, k, NS_OP_RESCALE);
        ns_op_ref sum = table && table->op == NS_OP_TABLE ? before_chain(p, table) : NULL;
        const ns_tensor *x = sum && sum->op == NS_OP_REDUCE_SUM ? ns_pattern_input(p, sum, 0) : NULL;
        if (x && sum->attributes.axis == x->rank - 2 && x->shape[x->rank - 2] < 4)
            return true;
        if (table && table->op != NS_OP_TABLE && ends_sum_chain(p, table))
            return true;
    }
    return false;
}

bool ns_defect_met_sum_chain_reduce(const ns_pattern *p, ns_op_ref op)
{
    return (op->op == NS_OP_REDUCE_MAX || op->op == NS_OP_REDUCE_MIN) &&
           op->attributes.axis == ns_pattern_input(p, op, 0)->rank - 1 &&
           ends_sum_chain(p, before_chain(p, op));
}

/* A sum over the last dim but one is made one over the last, with a TRANSPOSE before it, whose dims what
 * follows keeps; a reduction over the last dim takes others. */
bool ns_defect_met_sum_reduce(const ns_pattern *p, ns_op_ref op)
{
    const bool largest = op->op == NS_OP_ARGMAX && p->family == NS_FAMILY_U85;
    if ((op->op != NS_OP_REDUCE_MAX && op->op != NS_OP_REDUCE_MIN && !largest) || !is_reshaped(p, op))
        return false;
    ns_op_ref from = before_chain(p, op);
    return from && from->op == NS_OP_REDUCE_SUM && ns_pattern_only_reader(p, from) &&
           from->attributes.axis == ns_pattern_input(p, from, 0)->rank - 2 &&
           op->attributes.axis == ns_pattern_input(p, op, 0)->rank - 1;
}

/* What makes the sum one over the last dim is not undone for a tensor of several batches or five dims or
 * more. */
bool ns_defect_met_sum_reverse(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref from = op->op == NS_OP_REVERSE ? ns_pattern_served_by(p, op, 0, NS_OP_RESCALE) : NULL;
    const int rank = from ? ns_pattern_input(p, from, 0)->rank : 0;
    return from && from->op == NS_OP_REDUCE_SUM && from->attributes.axis == rank - 2 &&
           op->attributes.axis == rank - 1 &&
           (rank > 4 || ns_pattern_batch(ns_pattern_input(p, from, 0)) > 1);
}

/* More than one element before one of the axes. */
static bool has_rows(const ns_tflite_tensor *input, const ns_tflite_tensor *axes)
{
    for (size_t i = 0; (i + 1) * sizeof(int32_t) <= axes->data.size && axes->type == NS_TFLITE_INT32; i++) {
        int32_t axis;
        int64_t before = 1;
        memcpy(&axis, axes->data.data + i * sizeof axis, sizeof axis);
        axis += axis < 0 ? input->rank : 0;
        for (int d = 0; d < axis && d < input->rank; d++)
            before = input->shape[d] > 1 ? 2 : before;
        if (before > 1)
            return true;
    }
    return false;
}

/* Option in schema.fbs: 0 keep_dims. */
ns_code ns_defect_met_tflite_reduce(const ns_tflite_subgraph *graph, const ns_tflite_operator *operator,
                                    bool * met, ns_error *error)
{
    bool keep_dims = false;
    *met = false;
    if ((strcmp(operator->name, "REDUCE_MAX") != 0 && strcmp(operator->name, "REDUCE_MIN") != 0) ||
        operator->input_count != 2 || operator->inputs[0]<0 || operator->inputs[1]<0)
        return NS_OK;
    NS_TRY(ns_tflite_option_bool(operator, 0, false, &keep_dims, error));
    *met = !keep_dims && has_rows(&graph->tensors[operator->inputs[0]], &graph->tensors[operator->inputs[1]]);
    return NS_OK;
}

/* A last dim of 1 that a RESHAPE or TRANSPOSE, which moves nothing, has taken elsewhere, and that
 * DecomposeReduce gets back: operations and tensor have other dims, and the tensor is too small for bricks of
 * 16 channels. */
static bool gets_back(const ns_pattern *p, ns_op_ref op, bool transposed)
{
    if (op->op != NS_OP_REDUCE_MAX && (op->op != NS_OP_REDUCE_MIN || p->family != NS_FAMILY_U85))
        return false;
    bool transposes = false;
    int tensor = op->inputs[0];
    const ns_tensor *y = ns_pattern_input(p, op, 0), *x = y;
    ns_op_ref from = ns_pattern_from(p, op, 0);
    for (; from && ns_pattern_keeps_tensor(p, from); from = ns_pattern_from(p, from, 0)) {
        x = ns_pattern_input(p, from, 0);
        tensor = from->inputs[0];
        transposes |= from->op == NS_OP_TRANSPOSE;
    }
    const bool before = ns_pattern_dim(y, 1) == ns_pattern_dim(x, 2),
               exchanged = ns_pattern_dim(y, 1) == 1 && ns_pattern_dim(y, 2) == ns_pattern_dim(x, 2);
    return (from || p->readers[tensor] > 1) && transposes == transposed &&
           op->attributes.axis == y->rank - 1 && ns_pattern_dim(x, 0) == 1 && ns_pattern_dim(y, 0) > 1 &&
           ns_pattern_dim(y, 0) == ns_pattern_dim(x, 1) && (before || (transposed && exchanged));
}

bool ns_defect_met_squeeze_reduce(const ns_pattern *p, ns_op_ref op)
{
    return gets_back(p, op, false);
}

/* 5.0.0 keeps a TRANSPOSE that moves nothing. */
bool ns_defect_met_squeeze_transposed(const ns_pattern *p, ns_op_ref op)
{
    return gets_back(p, op, true);
}

/* A TRANSPOSE of a matrix whose tensor had a last dim of 1 (squeeze(-1)), which DecomposeReduce gets back. */
bool ns_defect_met_transpose_reduce(const ns_pattern *p, ns_op_ref op)
{
    if (op->op != NS_OP_REDUCE_MAX && op->op != NS_OP_REDUCE_MIN)
        return false;
    const ns_tensor *y = ns_pattern_input(p, op, 0);
    ns_op_ref transpose = ns_pattern_from_op(p, op, 0, NS_OP_TRANSPOSE);
    ns_op_ref reshape = ns_pattern_from_op(p, transpose, 0, NS_OP_RESHAPE);
    const ns_tensor *x = ns_pattern_input(p, reshape, 0);
    return x && op->attributes.axis == y->rank - 1 && ns_pattern_only_reader(p, transpose) == op &&
           ns_pattern_dim(x, 0) == 1 &&
           ns_pattern_dim(ns_pattern_output(p, reshape), 0) == ns_pattern_dim(x, 1) &&
           ns_pattern_dim(ns_pattern_output(p, reshape), 1) == ns_pattern_dim(x, 2) &&
           (int64_t)ns_tensor_count(x) == ns_pattern_dim(x, 1) * ns_pattern_dim(x, 2);
}
