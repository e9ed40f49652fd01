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

bool ns_defect_met_conv_stride_batch(const ns_pattern *p, ns_op_ref op)
{
    if (!is_conv(op) || ns_pattern_input(p, op, 0)->shape[0] == 1)
        return false;
    const int sy = ns_pattern_list(&op->attributes.stride, 0, 1),
              sx = ns_pattern_list(&op->attributes.stride, 1, 1);
    return sy > 3 || sx > 3;
}

bool ns_defect_met_conv_stride_padded(const ns_pattern *p, ns_op_ref op)
{
    (void)p;
    if (!is_conv(op))
        return false;
    const ns_attributes *a = &op->attributes;
    const bool far = ns_pattern_list(&a->stride, 0, 1) > 3 || ns_pattern_list(&a->stride, 1, 1) > 3;
    for (int i = 0; far && i < 4; i++)
        if (ns_pattern_list(&a->pad, i, 0) > 0)
            return true;
    return false;
}

/* A first or last window that ends before or begins behind the image. */
bool ns_defect_met_conv_only_padding(const ns_pattern *p, ns_op_ref op)
{
    if (!is_conv(op))
        return false;
    const ns_attributes *a = &op->attributes;
    const ns_tensor *x = ns_pattern_input(p, op, 0), *y = ns_pattern_output(p, op);
    for (int axis = 0; axis < 2; axis++) {
        const int64_t reach = (kernel(p, op, axis) - 1) * ns_pattern_list(&a->dilation, axis, 1);
        const int64_t before = ns_pattern_list(&a->pad, 2 * axis, 0),
                      step = ns_pattern_list(&a->stride, axis, 1);
        if (reach < before || (y->shape[1 + axis] - 1) * step - before >= x->shape[1 + axis])
            return true;
    }
    return false;
}

bool ns_defect_met_transpose_conv_row(const ns_pattern *p, ns_op_ref op)
{
    return op->op == NS_OP_TRANSPOSE_CONV2D && ns_pattern_list(&op->attributes.stride, 0, 1) > 1 &&
           ns_pattern_output(p, op)->shape[1] == 1;
}
