/* Known defects of convolutions, poolings and resizes. */
#include "defects/match.h"

bool ns_defect_met_resize_nearest_odd(const ns_pattern *p, ns_op_ref op)
{
    if (op->op != NS_OP_RESIZE || op->attributes.mode != NS_RESIZE_NEAREST)
        return false;
    const ns_tensor *y = ns_pattern_output(p, op);
    for (int axis = 0; axis < 2; axis++) {
        const int64_t n = ns_pattern_constant(p, op, 1, (size_t)(2 * axis), 1),
                      d = ns_pattern_constant(p, op, 1, (size_t)(2 * axis + 1), 1);
        if (d > 0 && n / d >= 4 && ns_pattern_constant(p, op, 2, (size_t)axis, 0) < 0 &&
            y->shape[1 + axis] % (n / d) != 0)
            return true;
    }
    return false;
}

bool ns_defect_met_resize_double_round(const ns_pattern *p, ns_op_ref op)
{
    if (op->op != NS_OP_RESCALE || op->attributes.rounding_mode != NS_DOUBLE_ROUND)
        return false;
    ns_op_ref resize = ns_pattern_from_op(p, op, 0, NS_OP_RESIZE);
    const int64_t m = ns_pattern_constant(p, op, 1, 0, 0), shift = ns_pattern_constant(p, op, 2, 0, 0);
    return resize && resize->attributes.mode == NS_RESIZE_BILINEAR && shift > 31 && m > 0 &&
           (m & (m - 1)) == 0;
}

static bool is_conv(ns_op_ref op)
{
    return op->op == NS_OP_CONV2D || op->op == NS_OP_DEPTHWISE_CONV2D;
}

/* Height and width of a kernel. */
static int64_t kernel(const ns_pattern *p, ns_op_ref op, int axis)
{
    if (!is_conv(op))
        return ns_pattern_list(&op->attributes.kernel, axis, 1);
    const ns_tensor *w = ns_pattern_input(p, op, 1);
    return w->shape[axis + (op->op == NS_OP_CONV2D)];
}

/* Pads that reach a whole kernel beyond the image are made a PAD first (RealiseKernelPadding);
 * UnrollKernelStrides then makes one operation of each window, with the first batch's place in what the PAD
 * has made. */
bool ns_defect_met_conv_stride_batch(const ns_pattern *p, ns_op_ref op)
{
    const ns_attributes *a = &op->attributes;
    if (op->op != NS_OP_CONV2D || ns_pattern_input(p, op, 0)->shape[0] == 1)
        return false;
    bool realised = false, padded = false, point = true;
    for (int i = 0; i < 4; i++) {
        const int64_t reach = (kernel(p, op, i / 2) - 1) * ns_pattern_list(&a->dilation, i / 2, 1) + 1;
        realised |= ns_pattern_list(&a->pad, i, 0) >= reach;
        padded |= ns_pattern_list(&a->pad, i, 0) > 0;
        point &= kernel(p, op, i / 2) == 1;
    }
    const bool far = ns_pattern_list(&a->stride, 0, 1) > 3 || ns_pattern_list(&a->stride, 1, 1) > 3;
    return far && (realised || (!padded && point));
}

/* Padding of the convolution's own, or of a PAD that it takes in. */
bool ns_defect_met_conv_stride_padded(const ns_pattern *p, ns_op_ref op)
{
    if (!is_conv(op) || ns_pattern_output(p, op)->shape[3] <= 16)
        return false;
    const ns_attributes *a = &op->attributes;
    const bool far = ns_pattern_list(&a->stride, 0, 1) > 3 || ns_pattern_list(&a->stride, 1, 1) > 3;
    ns_op_ref pad = ns_pattern_from_op(p, op, 0, NS_OP_PAD);
    if (far && op->op == NS_OP_DEPTHWISE_CONV2D) /* which UnrollKernelStrides leaves as it is */
        return true;
    for (int i = 0; far && i < 4; i++)
        if (ns_pattern_list(&a->pad, i, 0) > 0 ||
            (pad && ns_pattern_constant(p, pad, 1, (size_t)i + 2, 0) > 0))
            return true;
    return false;
}

/* True where some tap of the kernel sees only padding along `axis`, the convolution's own or a PAD's: in all
 * windows, or, with a stride over 3 and a dilation along it, in the first or the last. */
static bool has_idle_tap(const ns_pattern *p, ns_op_ref op, int axis)
{
    const ns_attributes *a = &op->attributes;
    ns_op_ref pad = ns_pattern_from_op(p, op, 0, NS_OP_PAD);
    const int64_t before = pad ? ns_pattern_constant(p, pad, 1, (size_t)(2 + 2 * axis), 0)
                               : ns_pattern_list(&a->pad, 2 * axis, 0);
    const int64_t size = ns_pattern_input(p, pad ? pad : op, 0)->shape[1 + axis];
    const int64_t stride = ns_pattern_list(&a->stride, axis, 1),
                  dilation = ns_pattern_list(&a->dilation, axis, 1),
                  last = (ns_pattern_output(p, op)->shape[1 + axis] - 1) * stride;
    for (int64_t tap = 0; tap < kernel(p, op, axis); tap++) {
        const int64_t first = tap * dilation - before;
        if (first + last < 0 || first >= size)
            return true;
        if (stride > 3 && dilation > 1 && (first < 0 || first + last >= size))
            return true;
    }
    return false;
}

/* DecomposeForStrides and HandleDilation make one operation of each tap. */
bool ns_defect_met_conv_stride_dilated(const ns_pattern *p, ns_op_ref op)
{
    const ns_attributes *a = &op->attributes;
    const bool far = ns_pattern_list(&a->stride, 0, 1) > 3 || ns_pattern_list(&a->stride, 1, 1) > 3;
    const bool dilated = ns_pattern_list(&a->dilation, 0, 1) > 1 || ns_pattern_list(&a->dilation, 1, 1) > 1;
    return is_conv(op) && far && dilated && (has_idle_tap(p, op, 0) || has_idle_tap(p, op, 1));
}

/* True where no window along `axis` meets the image (IsAllPaddingAxis). */
static bool sees_only_padding(const ns_pattern *p, ns_op_ref op, int axis)
{
    const ns_attributes *a = &op->attributes;
    const int64_t size = ns_pattern_input(p, op, 0)->shape[1 + axis],
                  count = ns_pattern_output(p, op)->shape[1 + axis];
    const int64_t reach = (kernel(p, op, axis) - 1) * ns_pattern_list(&a->dilation, axis, 1);
    for (int64_t i = 0; i < count; i++) {
        const int64_t from = i * ns_pattern_list(&a->stride, axis, 1) - ns_pattern_list(&a->pad, 2 * axis, 0);
        if (from < size && from + reach >= 0)
            return false;
    }
    return true;
}

bool ns_defect_met_conv_only_padding(const ns_pattern *p, ns_op_ref op)
{
    return is_conv(op) && (sees_only_padding(p, op, 0) || sees_only_padding(p, op, 1));
}

/* PAD that a convolution takes in, and a last window that lies behind the image. */
bool ns_defect_met_pad_conv_last(const ns_pattern *p, ns_op_ref op)
{
    ns_op_ref pad = is_conv(op) ? ns_pattern_from_op(p, op, 0, NS_OP_PAD) : NULL;
    if (!pad || ns_pattern_constant(p, pad, 2, 0, 1) != 0)
        return false;
    for (int axis = 0; axis < 2; axis++) {
        const int64_t before = ns_pattern_constant(p, pad, 1, (size_t)(2 + 2 * axis), 0);
        const int64_t size = ns_pattern_input(p, pad, 0)->shape[1 + axis],
                      count = ns_pattern_output(p, op)->shape[1 + axis];
        const int32_t stride = ns_pattern_list(&op->attributes.stride, axis, 1);
        if (stride > 1 && (count - 1) * stride - before >= size)
            return true;
    }
    return false;
}

bool ns_defect_met_transpose_conv_row(const ns_pattern *p, ns_op_ref op)
{
    return op->op == NS_OP_TRANSPOSE_CONV2D && ns_pattern_list(&op->attributes.stride, 0, 1) > 1 &&
           ns_pattern_output(p, op)->shape[1] == 1 && ns_pattern_input(p, op, 0)->shape[1] > 1;
}
