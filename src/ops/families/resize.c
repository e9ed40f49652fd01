#include "ops/families/movement.h"

static int64_t divisor(int64_t a, int64_t b)
{
    while (b) {
        const int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

ns_code ns_resize_infer(const ns_aten_program *program, ns_aten_node *node, const ns_aten_attribute *size,
                        const ns_aten_attribute *factors, ns_error *error)
{
    char text[128];
    NS_TRY(ns_infer_same(program, node, error));
    const bool sized = size->count == 2, scaled = !size->count && !factors->none && factors->count == 2;
    if (node->rank != 4 || (!sized && !scaled) || node->shape[2] < 1 || node->shape[3] < 1)
        return ns_fail(error, NS_ERROR_INPUT, "%s needs [n, c, h, w] and two sizes or factors, got %s",
                       node->op->aten, ns_aten_shape_text(node, text, sizeof text));
    for (int i = 0; i < 2; i++) {
        const double made = sized ? (double)size->list[i] : (double)node->shape[2 + i] * factors->reals[i];
        if (!(made >= 1 && made <= 0x1p40))
            return ns_fail(error, NS_ERROR_INPUT, "%s: a size of %g", node->op->aten, made);
        node->shape[2 + i] = (int64_t)made;
    }
    return NS_OK;
}

ns_resize_axis ns_resize_ratio(int64_t in, int64_t out, ns_resize_centres centres)
{
    const bool corners = centres == NS_RESIZE_CORNERS && in > 1 && out > 1;
    const int64_t n = corners ? out - 1 : out, d = corners ? in - 1 : in, common = divisor(n, d);
    ns_resize_axis axis = {.in = in, .out = out, .numerator = 2 * n / common, .denominator = 2 * d / common};
    if (centres == NS_RESIZE_FLOOR && axis.denominator != 2)
        axis.offset = -(axis.numerator / 2);
    else if (centres != NS_RESIZE_CORNERS)
        axis.offset = axis.denominator / 2 - axis.numerator / 2;
    axis.border = axis.denominator * (out - 1) - axis.numerator * (in - 1) + axis.offset;
    return axis;
}

void ns_resize_reads(const ns_lowering *lowering, int node, int operand, ns_layout *layout)
{
    (void)lowering;
    (void)node;
    (void)operand;
    *layout = (ns_layout){4, {0, 2, 3, 1}};
}

ns_code ns_resize_step(ns_lowering *lowering, int node, const ns_resize_axis axes[2], bool nearest, int *step,
                       ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    const int64_t scale[4] = {axes[0].numerator, axes[0].denominator, axes[1].numerator, axes[1].denominator};
    const int64_t offset[2] = {axes[0].offset, axes[1].offset}, border[2] = {axes[0].border, axes[1].border};
    ns_layout layout;
    ns_resize_reads(lowering, node, 0, &layout);
    NS_TRY(ns_lowering_value(lowering, result->inputs[0], &layout, step, error));
    ns_step resize = ns_plan_like(&lowering->plan, NS_OP_RESIZE, &(int){*step});
    NS_TRY(ns_step_list(&lowering->plan, &resize, NULL, NS_DTYPE_SHAPE, 4, scale, error));
    NS_TRY(ns_step_list(&lowering->plan, &resize, NULL, NS_DTYPE_SHAPE, 2, offset, error));
    NS_TRY(ns_step_list(&lowering->plan, &resize, NULL, NS_DTYPE_SHAPE, 2, border, error));
    resize.attributes.mode = nearest ? NS_RESIZE_NEAREST : NS_RESIZE_BILINEAR;
    resize.dtype = nearest ? NS_DTYPE_INT16 : NS_DTYPE_INT48;
    ns_layout_shape(&layout, result->shape, resize.shape);
    return ns_plan_add(&lowering->plan, &resize, NS_PLAN_END, step, error);
}
