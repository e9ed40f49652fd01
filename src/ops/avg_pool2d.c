/* avg_pool2d: the mean of each window of [n, c, h, w]: over the elements inside it, or with count_include_pad
 * over its area with zeros for the padding, or over divisor_override (families/pool.h).
 *
 * Decomposed where the divisor is not the number of elements (ExecuTorch 1.5.1,
 * backends/arm/_passes/decompose_avg_pool2d_pass.py): pad by zeros, a pool without padding, and for
 * divisor_override a mul by area / divisor. */
#include <math.h>

#include "ir/interface.h"
#include "ops/cases.h"
#include "ops/declared.h"
#include "ops/families/products.h"
#include "ops/families/reductions.h"

enum { SELF, KERNEL, STRIDE, PADDING, CEIL_MODE, COUNT_INCLUDE_PAD, DIVISOR };

static ns_code window_of(const ns_aten_program *program, const ns_aten_node *node, ns_pool_window *window,
                         ns_error *error)
{
    return ns_pool_measure(node, ns_aten_operand(program, node, 0), &node->attributes[KERNEL],
                           &node->attributes[STRIDE], &node->attributes[PADDING],
                           node->attributes[CEIL_MODE].integer, window, error);
}

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    ns_pool_window window;
    const ns_aten_attribute *divisor = &node->attributes[DIVISOR];
    NS_TRY(window_of(program, node, &window, error));
    if (!divisor->none && divisor->integer == 0)
        return ns_fail(error, NS_ERROR_INPUT, "%s: divisor_override is 0", node->op->aten);
    ns_pool_infer(&window, ns_aten_operand(program, node, 0), node);
    return NS_OK;
}

/* What the sum of the window [y, x] is divided by: PyTorch counts the part of the window inside operand and
 * padding. */
static double divisor_of(const ns_aten_node *node, const ns_pool_window *window, int64_t y, int64_t x)
{
    const int64_t at[2] = {y, x};
    double count = 1;
    if (!node->attributes[DIVISOR].none)
        return (double)node->attributes[DIVISOR].integer;
    for (int axis = 0; axis < 2; axis++) {
        int64_t from, to;
        ns_pool_range(window, axis, at[axis], &from, &to);
        if (node->attributes[COUNT_INCLUDE_PAD].integer) {
            from = at[axis] * window->stride[axis] - window->before[axis];
            to = from + window->kernel[axis];
            const int64_t end = window->in[axis] + window->before[axis];
            to = to > end ? end : to;
        }
        count *= (double)(to - from);
    }
    return count;
}

static double mean(const ns_aten_node *node, const ns_pool_window *window, const double *plane, int64_t y,
                   int64_t x)
{
    int64_t top, bottom, left, right;
    long double sum = 0;
    ns_pool_range(window, 0, y, &top, &bottom);
    ns_pool_range(window, 1, x, &left, &right);
    for (int64_t i = top; i < bottom; i++)
        for (int64_t j = left; j < right; j++)
            sum += plane[i * window->in[1] + j];
    return (double)(sum / (long double)divisor_of(node, window, y, x));
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    ns_pool_window window;
    NS_TRY(window_of(operands->program, node, &window, error));
    return ns_pool_exact(node, &window, operands, mean, out, error);
}

static ns_code supported(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                         ns_error *error)
{
    ns_pool_window window;
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    NS_TRY(window_of(program, node, &window, error));
    if (target == NS_TARGET_U55 && input->shape[0] != 1)
        return ns_keep_off(node, target, error, "Avgpool2d needs N==1, got N==%lld",
                           (long long)input->shape[0]);
    if (target == NS_TARGET_U55 && (window.before[0] || window.before[1]) &&
        (window.kernel[0] > 8 || window.kernel[1] > 8))
        return ns_keep_off(node, target, error,
                           "Avgpool2d with padding needs kernel dims < 8, got [%lld, %lld]",
                           (long long)window.kernel[0], (long long)window.kernel[1]);
    return ns_pool_supported("Avgpool2d", node, input, &window, target, error);
}

static ns_code lower(ns_lowering *lowering, int node, ns_error *error)
{
    ns_pool_window window;
    NS_TRY(window_of(lowering->program, &lowering->program->nodes[node], &window, error));
    return ns_pool_lower(lowering, node, NS_OP_AVG_POOL2D, &window, error);
}

/* The padding behind one axis that is made explicit. */
static int64_t explicit_behind(const ns_pool_window *window, int axis, bool ceil_mode, bool overridden)
{
    const int64_t before = window->before[axis], behind = window->behind[axis];
    if (before == 0)
        return 0;
    if (ceil_mode && !overridden && behind > before)
        return before;
    return behind >= 0 ? behind : before;
}

static ns_code decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error)
{
    ns_pool_window window;
    const ns_aten_attribute *a = node->attributes;
    const bool overridden = !a[DIVISOR].none, ceil_mode = a[CEIL_MODE].integer;
    const bool counts = overridden || a[COUNT_INCLUDE_PAD].integer;
    const ns_aten_node *input = &program->nodes[inputs[0]];
    NS_TRY(ns_pool_measure(node, input, &a[KERNEL], &a[STRIDE], &a[PADDING], ceil_mode, &window, error));
    const double area = (double)(window.kernel[0] * window.kernel[1]);
    const int64_t widths[4] = {window.before[1], explicit_behind(&window, 1, ceil_mode, overridden),
                               window.before[0], explicit_behind(&window, 0, ceil_mode, overridden)};
    ns_aten_attribute padding = a[PADDING];
    *out = inputs[0];
    if (counts && (window.before[0] || window.before[1]))
        NS_TRY(ns_aten_call(program, &ns_aten_op_pad, 1, inputs,
                            NS_ARGUMENTS({"pad", NS_INTS(4, widths)}, {"value", NS_REAL(0)}), out, error));
    if (counts)
        padding = (ns_aten_attribute){0};
    NS_TRY(ns_aten_call(program, &ns_aten_op_avg_pool2d, 1, out,
                        NS_ARGUMENTS({"kernel_size", a[KERNEL]}, {"stride", a[STRIDE]}, {"padding", padding},
                                     {"ceil_mode", a[CEIL_MODE]}, {"count_include_pad", NS_BOOL(false)}),
                        out, error));
    if (overridden && (double)a[DIVISOR].integer != area)
        return ns_decompose_scale(program, *out, area / (double)a[DIVISOR].integer, out, error);
    return NS_OK;
}

static bool decomposes(const ns_aten_program *program, const ns_aten_node *node)
{
    (void)program;
    return node->attributes[COUNT_INCLUDE_PAD].integer || !node->attributes[DIVISOR].none;
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "k2",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 4, 10, 10), {"kernel_size", NS_LIST(2, 2, 2)})},
    {NS_LIST_SEED, "k3_padding",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 4, 10, 10), {"kernel_size", NS_LIST(2, 3, 3)},
              {"stride", NS_LIST(2, 2, 2)}, {"padding", NS_LIST(2, 1, 1)})},
    {NS_LIST_SEED, "ceil",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 4, 9, 9), {"kernel_size", NS_LIST(2, 2, 2)},
              {"ceil_mode", NS_BOOL(true)})},
};

const ns_aten_operator ns_aten_op_avg_pool2d = {
    .name = "avg_pool2d",
    .aten = "aten.avg_pool2d.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"kernel_size", NS_ATEN_INTS, .required = true},
                  {"stride", NS_ATEN_INTS}, {"padding", NS_ATEN_INTS}, {"ceil_mode", NS_ATEN_BOOL},
                  {"count_include_pad", NS_ATEN_BOOL, .otherwise = NS_BOOL(true)},
                  {"divisor_override", NS_ATEN_INT, .otherwise = NS_ABSENT}),
    .infer = infer,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .decompose = decompose,
    .decomposes = decomposes,
    .annotation = NS_ANNOTATION_RESULT_AS_OPERAND,
    .supported = supported,
    .lower = lower,
    .reads = ns_pool_reads,
    .catalogue = NS_CALL_CATALOGUE(POOL, cases),
};
