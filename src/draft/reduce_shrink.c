/* Edits of dims: an axis of an input, a constant or a kernel becomes shorter, and what depends on it is cut
 * to fit when the draft is computed anew. */
#include <string.h>

#include "draft/edit.h"

/* 1, 2, a fifth, a third, half, one less: the sizes that are tried; 0 where there is none. Parts of a size
 * keep a RESHAPE's dims apart. */
enum { SIZES = 6 };
static int64_t smaller(int64_t size, int which)
{
    const int64_t sizes[SIZES] = {1, 2, size / 5, size / 3, size / 2, size - 1};
    const int64_t wanted = sizes[which];
    for (int i = 0; i < which; i++)
        if (sizes[i] == wanted)
            return 0;
    return wanted > 0 && wanted < size ? wanted : 0;
}

static bool is_conv(ns_op op)
{
    return op == NS_OP_CONV2D || op == NS_OP_DEPTHWISE_CONV2D || op == NS_OP_TRANSPOSE_CONV2D;
}

/* Fewer output channels: weights, bias and the scales behind it. */
static bool fewer_channels(ns_draft *d, int node, int64_t size)
{
    const ns_draft_node *n = &d->nodes[node];
    if (n->op != NS_OP_CONV2D && n->op != NS_OP_TRANSPOSE_CONV2D)
        return false;
    if (!ns_edit_cut_axis(d, n->inputs[1], 0, size))
        return false;
    const int64_t biases = d->nodes[n->inputs[2]].value.shape[0];
    return biases == 1 || ns_edit_cut_axis(d, n->inputs[2], 0, size);
}

enum { AXES = 6, PER_NODE = AXES * SIZES + SIZES };

bool ns_edit_shrink(ns_edit *e, int number, bool *made)
{
    const int node = number / PER_NODE, rest = number % PER_NODE;
    if (node >= e->to->count)
        return false;
    const ns_draft_node *n = &e->from->nodes[node];
    if (rest < AXES * SIZES) {
        const int axis = rest / SIZES;
        const bool source =
            n->kind != NS_DRAFT_OPERATOR && n->value.dtype != NS_DTYPE_SHAPE && axis < n->value.rank;
        const int64_t size = source ? smaller(n->value.shape[axis], rest % SIZES) : 0;
        *made = size && ns_edit_cut_axis(e->to, node, axis, size);
    } else if (n->kind == NS_DRAFT_OPERATOR && is_conv(n->op)) {
        const int64_t size = smaller(n->value.shape[3], rest - AXES * SIZES);
        *made = size && fewer_channels(e->to, node, size);
    }
    return true;
}

/* ---- what no longer fits ---- */

/* Cuts a source's axis where it is longer. */
static void limit(ns_draft *d, int node, int axis, int64_t size)
{
    if (axis < d->nodes[node].value.rank && d->nodes[node].value.shape[axis] > size)
        ns_edit_cut_axis(d, node, axis, size);
}

static void fit_conv(ns_draft *d, const ns_draft_node *n)
{
    const int64_t channels = ns_draft_operand(d, n, 0)->shape[3];
    const bool depthwise = n->op == NS_OP_DEPTHWISE_CONV2D;
    limit(d, n->inputs[1], depthwise ? 2 : 3, channels);
    const ns_tensor *w = ns_draft_operand(d, n, 1);
    if (ns_draft_operand(d, n, 2)->shape[0] > 1)
        limit(d, n->inputs[2], 0, depthwise ? channels * w->shape[3] : w->shape[0]);
}

/* Pads behind the image that make the windows come out even. */
static void fit_pads(ns_draft *d, ns_draft_node *n)
{
    ns_attributes *a = &n->attributes;
    const ns_tensor *x = ns_draft_operand(d, n, 0), *w = ns_draft_operand(d, n, 1);
    int32_t pads[4];
    if (a->pad.count != 4 || a->stride.count != 2)
        return;
    memcpy(pads, a->pad.values, sizeof pads);
    for (int i = 0; i < 2; i++) {
        const int64_t kernel = is_conv(n->op) ? w->shape[i + (n->op == NS_OP_CONV2D)] : a->kernel.values[i];
        const int64_t reach = (kernel - 1) * (a->dilation.count == 2 ? a->dilation.values[i] : 1) + 1;
        const int64_t left = x->shape[1 + i] + pads[2 * i] + pads[2 * i + 1] - reach,
                      stride = a->stride.values[i];
        if (left < 0)
            continue;
        pads[2 * i + 1] -= (int32_t)(left % stride);
        if (pads[2 * i + 1] < 0)
            pads[2 * i + 1] += (int32_t)stride;
    }
    if (memcmp(pads, a->pad.values, sizeof pads) != 0)
        a->pad.values = ns_arena_copy(d->arena, pads, sizeof pads);
}

static void fit_kernel(ns_draft *d, ns_draft_node *n)
{
    const ns_tensor *x = ns_draft_operand(d, n, 0);
    int32_t kernel[2];
    for (int i = 0; i < 2; i++) {
        const int64_t most =
            x->shape[1 + i] + n->attributes.pad.values[2 * i] + n->attributes.pad.values[2 * i + 1];
        kernel[i] = n->attributes.kernel.values[i] < most ? n->attributes.kernel.values[i] : (int32_t)most;
    }
    n->attributes.kernel.values = ns_arena_copy(d->arena, kernel, sizeof kernel);
}

/* Operands that broadcast with each other, or that are joined along `axis` (-1: none). */
static void fit_partners(ns_draft *d, const ns_draft_node *n, int count, int axis)
{
    for (int p = 0; p < count; p++)
        for (int q = 0; q < count; q++) {
            const ns_tensor *other = ns_draft_operand(d, n, q), *mine = ns_draft_operand(d, n, p);
            for (int i = 0; i < other->rank && mine->rank == other->rank; i++)
                if (i != axis && (other->shape[i] > 1 || axis >= 0))
                    limit(d, n->inputs[p], i, other->shape[i]);
        }
}

static void fit_matmul(ns_draft *d, const ns_draft_node *n)
{
    const ns_tensor *a = ns_draft_operand(d, n, 0), *b = ns_draft_operand(d, n, 1);
    limit(d, n->inputs[1], 0, a->shape[0]);
    limit(d, n->inputs[1], 1, a->shape[2]);
    limit(d, n->inputs[0], 0, b->shape[0]);
    limit(d, n->inputs[0], 2, b->shape[1]);
}

static int64_t *own_list(ns_draft *d, int node)
{
    return ns_edit_own(d, node) ? d->nodes[node].value.data : NULL;
}

static void fit_slice(ns_draft *d, const ns_draft_node *n)
{
    const ns_tensor *x = ns_draft_operand(d, n, 0);
    int64_t *start = own_list(d, n->inputs[1]), *size = own_list(d, n->inputs[2]);
    for (int i = 0; start && size && i < x->rank && i < ns_draft_operand(d, n, 1)->shape[0]; i++) {
        start[i] = start[i] < x->shape[i] ? start[i] : x->shape[i] - 1;
        size[i] = start[i] + size[i] <= x->shape[i] ? size[i] : x->shape[i] - start[i];
    }
}

static int64_t common_divisor(int64_t a, int64_t b)
{
    return b ? common_divisor(b, a % b) : a;
}

/* From the last dim on each keeps what it has in common with the number of elements that is left; the first
 * takes the rest. */
static void fit_reshape(ns_draft *d, const ns_draft_node *n)
{
    const int64_t count = ns_draft_operand(d, n, 1)->shape[0];
    int64_t *shape = own_list(d, n->inputs[1]), before = 1,
            left = (int64_t)ns_tensor_count(ns_draft_operand(d, n, 0));
    for (int64_t i = 0; shape && i < count; i++)
        before *= shape[i];
    if (!shape || !count || before == left)
        return;
    for (int64_t i = count - 1; i >= 0; i--) {
        shape[i] = common_divisor(shape[i], left);
        left /= shape[i];
    }
    shape[0] *= left;
}

static void fit_indices(ns_draft *d, const ns_draft_node *n)
{
    const ns_tensor *x = ns_draft_operand(d, n, 0);
    limit(d, n->inputs[1], 0, x->shape[0]);
    ns_tensor *indices = &d->nodes[n->inputs[1]].value;
    if (d->nodes[n->inputs[1]].kind == NS_DRAFT_OPERATOR || !ns_edit_own(d, n->inputs[1]))
        return;
    for (size_t i = 0; i < ns_tensor_count(indices); i++)
        ns_tensor_set(indices, i, ns_tensor_get(indices, i) % x->shape[1]);
}

static void fit(ns_draft *d, ns_draft_node *n)
{
    const ns_tensor *x = ns_draft_operand(d, n, 0);
    if (is_conv(n->op) && x->rank == 4) {
        fit_conv(d, n);
        fit_pads(d, n);
    } else if ((n->op == NS_OP_MAX_POOL2D || n->op == NS_OP_AVG_POOL2D) && x->rank == 4) {
        fit_kernel(d, n);
        fit_pads(d, n);
    } else if (n->op == NS_OP_RESCALE && n->attributes.per_channel && x->rank) {
        limit(d, n->inputs[1], 0, x->shape[x->rank - 1]);
        limit(d, n->inputs[2], 0, x->shape[x->rank - 1]);
    } else if (n->op == NS_OP_MATMUL && x->rank == 3) {
        fit_matmul(d, n);
    } else if (n->op == NS_OP_SLICE) {
        fit_slice(d, n);
    } else if (n->op == NS_OP_RESHAPE) {
        fit_reshape(d, n);
    } else if (n->op == NS_OP_GATHER && x->rank == 3) {
        fit_indices(d, n);
    } else if (n->op == NS_OP_CONCAT) {
        fit_partners(d, n, n->input_count, n->attributes.axis);
    } else if (n->op == NS_OP_SELECT) {
        fit_partners(d, n, 3, -1);
    } else if ((n->input_count >= 2 && n->op >= NS_OP_ADD && n->op <= NS_OP_SUB) || n->op == NS_OP_EQUAL ||
               n->op == NS_OP_GREATER || n->op == NS_OP_GREATER_EQUAL) {
        fit_partners(d, n, 2, -1);
    }
}

/* Twice, because a constant that was cut for one reader may have had an earlier one. */
ns_code ns_edit_compute(ns_draft *d, ns_error *error)
{
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < d->count; i++) {
            if (d->nodes[i].kind != NS_DRAFT_OPERATOR)
                continue;
            if (pass == 0)
                fit(d, &d->nodes[i]);
            NS_TRY(ns_draft_compute(d, &d->nodes[i], error));
        }
    return NS_OK;
}
