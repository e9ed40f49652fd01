#include "ops/families/products.h"

#include <inttypes.h>

static int64_t value_of(const ns_aten_attribute *list, int axis, int64_t otherwise)
{
    return list->count ? list->list[list->count == 1 ? 0 : axis] : otherwise;
}

/* As PyTorch's pooling_output_shape: a last window that begins behind operand and padding does not count. */
static int64_t output_size(const ns_pool_window *window, int axis, int64_t padding, bool ceil_mode)
{
    const int64_t room = window->in[axis] + 2 * padding - window->kernel[axis], stride = window->stride[axis];
    int64_t size = (room + (ceil_mode ? stride - 1 : 0)) / stride + 1;
    if (ceil_mode && (size - 1) * stride >= window->in[axis] + padding)
        size--;
    return size;
}

ns_code ns_pool_measure(const ns_aten_node *node, const ns_aten_node *input, const ns_aten_attribute *kernel,
                        const ns_aten_attribute *stride, const ns_aten_attribute *padding, bool ceil_mode,
                        ns_pool_window *window, ns_error *error)
{
    char text[128];
    const int64_t limit = 1 << 20;
    if (input->rank != 4)
        return ns_fail(error, NS_ERROR_INPUT, "%s needs an input [n, c, h, w], got %s", node->op->aten,
                       ns_aten_shape_text(input, text, sizeof text));
    for (int axis = 0; axis < 2; axis++) {
        const int64_t pad = value_of(padding, axis, 0);
        window->in[axis] = input->shape[2 + axis];
        window->kernel[axis] = value_of(kernel, axis, 0);
        window->stride[axis] = value_of(stride, axis, window->kernel[axis]);
        const int64_t size = window->kernel[axis], step = window->stride[axis];
        if (size < 1 || step < 1 || pad < 0 || pad > size / 2 || size > limit || step > limit ||
            window->in[axis] + 2 * pad < size)
            return ns_fail(error, NS_ERROR_INPUT,
                           "%s: kernel %" PRId64 ", stride %" PRId64 " and padding %" PRId64
                           " do not fit an axis of %" PRId64,
                           node->op->aten, size, step, pad, window->in[axis]);
        window->out[axis] = output_size(window, axis, pad, ceil_mode);
        window->before[axis] = pad;
        window->behind[axis] = (window->out[axis] - 1) * step + size - pad - window->in[axis];
    }
    return NS_OK;
}

void ns_pool_range(const ns_pool_window *window, int axis, int64_t at, int64_t *from, int64_t *to)
{
    *from = at * window->stride[axis] - window->before[axis];
    *to = *from + window->kernel[axis];
    *from = *from < 0 ? 0 : *from;
    *to = *to > window->in[axis] ? window->in[axis] : *to;
}

/* Elements of the operand in a window at most; of an adaptive pool, which has no kernel, all windows together
 * hold few more than the plane. */
static int64_t window_size(const ns_pool_window *window)
{
    int64_t size = 1;
    for (int axis = 0; axis < 2; axis++) {
        const int64_t kernel =
            window->kernel[axis] ? window->kernel[axis] : window->in[axis] / window->out[axis] + 1;
        size *= kernel < window->in[axis] ? kernel : window->in[axis];
    }
    return size;
}

ns_code ns_pool_exact(const ns_aten_node *node, const ns_pool_window *window,
                      const ns_aten_operands *operands, ns_pool_cell *cell, double *out, ns_error *error)
{
    const double *operand = operands->values[0];
    const int64_t planes = node->shape[0] * node->shape[1];
    for (int64_t k = 0; k < planes; k++, operand += window->in[0] * window->in[1])
        for (int64_t y = 0; y < window->out[0]; y++)
            for (int64_t x = 0; x < window->out[1]; x++) {
                NS_TRY(ns_aten_spend(operands, window_size(window), error));
                *out++ = cell(node, window, operand, y, x);
            }
    return NS_OK;
}

void ns_pool_infer(const ns_pool_window *window, const ns_aten_node *input, ns_aten_node *node)
{
    node->dtype = input->dtype;
    node->rank = 4;
    node->shape[0] = input->shape[0];
    node->shape[1] = input->shape[1];
    node->shape[2] = window->out[0];
    node->shape[3] = window->out[1];
}

void ns_pool_reads(const ns_lowering *lowering, int node, int operand, ns_layout *layout)
{
    (void)lowering;
    (void)node;
    (void)operand;
    *layout = (ns_layout){4, {0, 2, 3, 1}};
}

/* Takes off what no window reads. */
static ns_code trim(ns_lowering *lowering, const ns_pool_window *window, int *step, ns_error *error)
{
    const ns_step *input = &lowering->plan.steps[*step];
    const int64_t start[4] = {0};
    int64_t size[4] = {input->shape[0], input->shape[1], input->shape[2], input->shape[3]};
    bool trims = false;
    for (int axis = 0; axis < 2; axis++)
        if (window->behind[axis] < 0) {
            size[1 + axis] += window->behind[axis];
            trims = true;
        }
    return trims ? ns_plan_slice_all(&lowering->plan, *step, start, size, NS_PLAN_END, step, error) : NS_OK;
}

/* The zero points of input and output: calls of full that ExecuTorch computes beforehand, each in front of
 * what stands there (rewrite_avg_pool2d_pass.py, ComputeConstantOpsAOTPass); equal constants become one. */
static ns_code add_zero_points(ns_lowering *lowering, ns_dtype dtype, int *inputs, ns_error *error)
{
    static const char edge[] = "aten_full_default";
    static const int32_t zero = 0;
    int number = 0;
    NS_TRY(ns_lowering_take_numbers(lowering, edge, 2, &number, error));
    for (int i = 0; i < 2; i++) {
        const ns_step constant = {.kind = NS_STEP_CONSTANT,
                                  .group = NS_CONSTANT_TABLE,
                                  .dtype = dtype,
                                  .rank = 1,
                                  .shape = {1},
                                  .name = ns_lowering_name(lowering, "", edge, number + i, "_pre_computed"),
                                  .data = &zero};
        if (!constant.name)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for the zero points of a pool");
        NS_TRY(ns_plan_add(&lowering->plan, &constant, NS_PLAN_FRONT, &inputs[i], error));
    }
    return NS_OK;
}

ns_code ns_pool_step(ns_lowering *lowering, ns_op op, const ns_pool_window *window, int *step,
                     ns_error *error)
{
    int inputs[3] = {*step, 0, 0};
    ns_step pool = ns_plan_like(&lowering->plan, op, &inputs[0]);
    int32_t kernel[2], stride[2], pad[4];
    for (int axis = 0; axis < 2; axis++) {
        kernel[axis] = (int32_t)window->kernel[axis];
        stride[axis] = (int32_t)window->stride[axis];
        pad[2 * axis] = (int32_t)window->before[axis];
        pad[2 * axis + 1] = (int32_t)(window->behind[axis] < 0 ? 0 : window->behind[axis]);
        pool.shape[1 + axis] = window->out[axis];
    }
    NS_TRY(ns_plan_list(&lowering->plan, 2, kernel, &pool.attributes.kernel, error));
    NS_TRY(ns_plan_list(&lowering->plan, 2, stride, &pool.attributes.stride, error));
    NS_TRY(ns_plan_list(&lowering->plan, 4, pad, &pool.attributes.pad, error));
    if (op == NS_OP_AVG_POOL2D) {
        pool.attributes.acc_type = NS_DTYPE_INT32;
        NS_TRY(add_zero_points(lowering, pool.dtype, &inputs[1], error));
        pool.input_count = 3;
        pool.inputs = inputs;
    } else {
        pool.attributes.nan_mode = NS_NAN_PROPAGATE;
    }
    return ns_plan_add(&lowering->plan, &pool, NS_PLAN_END, step, error);
}

ns_code ns_pool_lower(ns_lowering *lowering, int node, ns_op op, const ns_pool_window *window,
                      ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    ns_layout layout;
    int step = 0;
    ns_pool_reads(lowering, node, 0, &layout);
    NS_TRY(ns_lowering_value(lowering, result->inputs[0], &layout, &step, error));
    NS_TRY(trim(lowering, window, &step, error));
    NS_TRY(ns_pool_step(lowering, op, window, &step, error));
    return ns_lowering_set(lowering, node, &layout, step, error);
}

ns_code ns_pool_supported(const char *name, const ns_aten_node *node, const ns_aten_node *input,
                          const ns_pool_window *window, ns_target target, ns_error *error)
{
    if (target != NS_TARGET_U55)
        return NS_OK;
    char shape[128];
    if (window->kernel[0] > 256 || window->kernel[0] * window->kernel[1] > 65536)
        return ns_keep_off(node, target, error,
                           "%s needs kernel_y < 256, kernel_x*kernel_y<=65536, got [%" PRId64 ", %" PRId64
                           "]",
                           name, window->kernel[0], window->kernel[1]);
    for (int i = 1; i < 4; i++)
        if (input->shape[i] > 65536)
            return ns_keep_off(node, target, error, "%s needs N == 1, rest dims <= 65536, got shape %s", name,
                               ns_aten_shape_text(input, shape, sizeof shape));
    for (int axis = 0; axis < 2; axis++)
        if (window->stride[axis] > 3)
            return ns_keep_off(node, target, error, "%s needs stride <= 3, got [%" PRId64 ", %" PRId64 "]",
                               name, window->stride[0], window->stride[1]);
    return NS_OK;
}
