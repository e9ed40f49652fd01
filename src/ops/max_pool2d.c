/* max_pool2d: the largest element of each window of [n, c, h, w]; padding counts as nothing
 * (families/pool.h). */
#include <math.h>

#include "ops/cases.h"
#include "ops/families/products.h"

enum { SELF, KERNEL, STRIDE, PADDING, DILATION, CEIL_MODE };

static int64_t dilation_of(const ns_aten_node *node, int axis)
{
    const ns_aten_attribute *dilation = &node->attributes[DILATION];
    return dilation->count ? ns_window_value(dilation, axis) : 1;
}

static bool is_dilated(const ns_aten_node *node)
{
    return dilation_of(node, 0) != 1 || dilation_of(node, 1) != 1;
}

/* The window with all that lies between its elements. */
static ns_code window_of(const ns_aten_program *program, const ns_aten_node *node, ns_pool_window *window,
                         ns_error *error)
{
    const ns_aten_attribute *kernel = &node->attributes[KERNEL], *stride = &node->attributes[STRIDE];
    int64_t spans[2];
    for (int axis = 0; kernel->count && axis < 2; axis++) {
        if (dilation_of(node, axis) < 1 || dilation_of(node, axis) > 1 << 10 ||
            ns_window_value(kernel, axis) > 1 << 20)
            return ns_fail(error, NS_ERROR_INPUT, "%s: dilation %lld of a kernel of %lld", node->op->aten,
                           (long long)dilation_of(node, axis), (long long)ns_window_value(kernel, axis));
        spans[axis] = dilation_of(node, axis) * (ns_window_value(kernel, axis) - 1) + 1;
    }
    const ns_aten_attribute span = NS_INTS(kernel->count ? 2 : 0, spans);
    return ns_pool_measure(node, ns_aten_operand(program, node, 0), &span, stride->count ? stride : kernel,
                           &node->attributes[PADDING], node->attributes[CEIL_MODE].integer, window, error);
}

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    ns_pool_window window;
    NS_TRY(window_of(program, node, &window, error));
    ns_pool_infer(&window, ns_aten_operand(program, node, 0), node);
    return NS_OK;
}

static double largest(const ns_aten_node *node, const ns_pool_window *window, const double *plane, int64_t y,
                      int64_t x)
{
    const int64_t top = y * window->stride[0] - window->before[0];
    const int64_t left = x * window->stride[1] - window->before[1];
    double most = -INFINITY;
    for (int64_t i = top; i < top + window->kernel[0] && i < window->in[0]; i += dilation_of(node, 0))
        for (int64_t j = left; i >= 0 && j < left + window->kernel[1] && j < window->in[1];
             j += dilation_of(node, 1))
            if (j >= 0)
                most = fmax(most, plane[i * window->in[1] + j]);
    return most;
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    ns_pool_window window;
    NS_TRY(window_of(operands->program, node, &window, error));
    return ns_pool_exact(node, &window, operands, largest, out, error);
}

static ns_code supported(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                         ns_error *error)
{
    ns_pool_window window;
    NS_TRY(window_of(program, node, &window, error));
    for (int axis = 0; axis < 2; axis++)
        if (dilation_of(node, axis) > 1 && window.stride[axis] != 1)
            return ns_keep_off(
                node, target, error,
                "Maxpool2d with dilation (%lld, %lld) needs stride = 1, got stride [%lld, %lld]",
                (long long)dilation_of(node, 0), (long long)dilation_of(node, 1), (long long)window.stride[0],
                (long long)window.stride[1]);
    for (int axis = 0; axis < 2; axis++)
        window.kernel[axis] = (window.kernel[axis] - 1) / dilation_of(node, axis) + 1;
    return ns_pool_supported("Maxpool2d", node, ns_aten_operand(program, node, 0), &window, target, error);
}

/* ---- a dilation: every d-th row and column of the padded operand is an image of its own, in the batch ----
 * (ExecuTorch 1.5.1, backends/arm/_passes/decompose_maxpool2d_with_dilation_pass.py) */

typedef struct packing {
    int64_t d[2];      /* dilation */
    int64_t packed[2]; /* rows and columns of each image */
    int64_t out[2];    /* and of each result */
} packing;

/* The operand with the least number around it, so that the dilations divide its sizes. */
static ns_code pad(ns_lowering *lowering, const ns_pool_window *window, packing *p, int *step,
                   ns_error *error)
{
    const int64_t least = ns_dtype_min(lowering->plan.steps[*step].dtype);
    int64_t widths[8] = {0};
    int input = *step;
    ns_step padded = ns_plan_like(&lowering->plan, NS_OP_PAD, &input);
    for (int axis = 0; axis < 2; axis++) {
        const int64_t size = window->in[axis] + 2 * window->before[axis];
        const int64_t extra = (p->d[axis] - size % p->d[axis]) % p->d[axis];
        widths[4 + 2 * axis] = window->before[axis];
        widths[5 + 2 * axis] = window->before[axis] + extra;
        padded.shape[2 + axis] = size + extra;
        p->packed[axis] = (size + extra) / p->d[axis];
    }
    if (padded.shape[2] == window->in[0] && padded.shape[3] == window->in[1])
        return NS_OK;
    NS_TRY(ns_step_list(&lowering->plan, &padded, NULL, NS_DTYPE_SHAPE, 8, widths, error));
    NS_TRY(ns_step_list(&lowering->plan, &padded, "_padding_value", padded.dtype, 1, &least, error));
    return ns_plan_add(&lowering->plan, &padded, NS_PLAN_END, step, error);
}

static ns_code reshape_and_move(ns_lowering *lowering, const int64_t *shape, const int32_t *perms, int *step,
                                ns_error *error)
{
    NS_TRY(ns_plan_reshape(&lowering->plan, *step, 6, shape, NS_PLAN_END, step, error));
    return ns_plan_transpose(&lowering->plan, *step, perms, NS_PLAN_END, step, error);
}

/* [n, c, h, w] to [dh * dw * n, h', w', c]. */
static ns_code pack(ns_lowering *lowering, const packing *p, int64_t n, int64_t c, int *step, ns_error *error)
{
    const int64_t split[6] = {n, c, p->packed[0], p->d[0], p->packed[1], p->d[1]};
    const int64_t images[4] = {n * p->d[0] * p->d[1], p->packed[0], p->packed[1], c};
    NS_TRY(reshape_and_move(lowering, split, (const int32_t[]){3, 5, 0, 2, 4, 1}, step, error));
    return ns_plan_reshape(&lowering->plan, *step, 4, images, NS_PLAN_END, step, error);
}

/* And back. */
static ns_code unpack(ns_lowering *lowering, const packing *p, const ns_aten_node *result, int *step,
                      ns_error *error)
{
    const int64_t n = result->shape[0], c = result->shape[1];
    const int64_t split[6] = {p->d[0], p->d[1], n, p->out[0], p->out[1], c};
    const int64_t whole[4] = {n, c, p->out[0] * p->d[0], p->out[1] * p->d[1]};
    NS_TRY(reshape_and_move(lowering, split, (const int32_t[]){2, 5, 3, 0, 4, 1}, step, error));
    NS_TRY(ns_plan_reshape(&lowering->plan, *step, 4, whole, NS_PLAN_END, step, error));
    if (whole[2] == result->shape[2] && whole[3] == result->shape[3])
        return NS_OK;
    return ns_plan_slice_all(&lowering->plan, *step, (const int64_t[]){0, 0, 0, 0}, result->shape,
                             NS_PLAN_END, step, error);
}

static ns_code lower_dilated(ns_lowering *lowering, int node, const ns_pool_window *window, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    packing p = {{dilation_of(result, 0), dilation_of(result, 1)}, {0}, {0}};
    ns_pool_window each = {0};
    int step = 0;
    NS_TRY(ns_lowering_own(lowering, result->inputs[0], &step, error));
    NS_TRY(pad(lowering, window, &p, &step, error));
    NS_TRY(pack(lowering, &p, result->shape[0], result->shape[1], &step, error));
    for (int axis = 0; axis < 2; axis++) {
        each.in[axis] = p.packed[axis];
        each.kernel[axis] = (window->kernel[axis] - 1) / p.d[axis] + 1;
        each.stride[axis] = window->stride[axis];
        p.out[axis] = each.out[axis] = (p.packed[axis] - each.kernel[axis]) / each.stride[axis] + 1;
    }
    NS_TRY(ns_pool_step(lowering, NS_OP_MAX_POOL2D, &each, &step, error));
    NS_TRY(unpack(lowering, &p, result, &step, error));
    return ns_lowering_set_own(lowering, node, step, error);
}

static ns_code lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *self = &lowering->program->nodes[node];
    ns_pool_window window;
    NS_TRY(window_of(lowering->program, self, &window, error));
    return is_dilated(self) ? lower_dilated(lowering, node, &window, error)
                            : ns_pool_lower(lowering, node, NS_OP_MAX_POOL2D, &window, error);
}

static void reads(const ns_lowering *lowering, int node, int operand, ns_layout *layout)
{
    if (!is_dilated(&lowering->program->nodes[node]))
        ns_pool_reads(lowering, node, operand, layout);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "k2",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 4, 10, 10), {"kernel_size", NS_LIST(2, 2, 2)})},
    {NS_LIST_SEED, "k3_padding",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 4, 10, 10), {"kernel_size", NS_LIST(2, 3, 3)},
              {"stride", NS_LIST(2, 2, 2)}, {"padding", NS_LIST(2, 1, 1)})},
    {NS_LIST_SEED, "dilation2",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 4, 9, 10), {"kernel_size", NS_LIST(2, 3, 2)},
              {"stride", NS_LIST(1, 1)}, {"padding", NS_LIST(2, 1, 0)}, {"dilation", NS_LIST(1, 2)})},
};

const ns_aten_operator ns_aten_op_max_pool2d = {
    .name = "max_pool2d",
    .aten = "aten.max_pool2d.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"kernel_size", NS_ATEN_INTS, .required = true},
                  {"stride", NS_ATEN_INTS}, {"padding", NS_ATEN_INTS}, {"dilation", NS_ATEN_INTS},
                  {"ceil_mode", NS_ATEN_BOOL}),
    .infer = infer,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .annotation = NS_ANNOTATION_RESULT_AS_OPERAND,
    .supported = supported,
    .lower = lower,
    .reads = reads,
    .catalogue = NS_CALL_CATALOGUE(POOL, cases),
};
