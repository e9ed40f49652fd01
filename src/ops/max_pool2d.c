/* max_pool2d: the largest element of each window of [n, c, h, w]; padding counts as nothing
 * (families/pool.h). */
#include <math.h>

#include "ops/cases.h"
#include "ops/families/products.h"

enum { SELF, KERNEL, STRIDE, PADDING, DILATION, CEIL_MODE };

static ns_code window_of(const ns_aten_program *program, const ns_aten_node *node, ns_pool_window *window,
                         ns_error *error)
{
    const ns_aten_attribute *dilation = &node->attributes[DILATION];
    for (int i = 0; i < dilation->count; i++)
        if (dilation->list[i] != 1)
            return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s: dilation %lld; only 1 is known", node->op->aten,
                           (long long)dilation->list[i]);
    return ns_pool_measure(node, ns_aten_operand(program, node, 0), &node->attributes[KERNEL],
                           &node->attributes[STRIDE], &node->attributes[PADDING],
                           node->attributes[CEIL_MODE].integer, window, error);
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
    (void)node;
    int64_t top, bottom, left, right;
    double most = -INFINITY;
    ns_pool_range(window, 0, y, &top, &bottom);
    ns_pool_range(window, 1, x, &left, &right);
    for (int64_t i = top; i < bottom; i++)
        for (int64_t j = left; j < right; j++)
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
    return ns_pool_supported("Maxpool2d", node, ns_aten_operand(program, node, 0), &window, target, error);
}

static ns_code lower(ns_lowering *lowering, int node, ns_error *error)
{
    ns_pool_window window;
    NS_TRY(window_of(lowering->program, &lowering->program->nodes[node], &window, error));
    return ns_pool_lower(lowering, node, NS_OP_MAX_POOL2D, &window, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "k2",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 4, 10, 10), {"kernel_size", NS_LIST(2, 2, 2)})},
    {NS_LIST_SEED, "k3_padding",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 4, 10, 10), {"kernel_size", NS_LIST(2, 3, 3)},
              {"stride", NS_LIST(2, 2, 2)}, {"padding", NS_LIST(2, 1, 1)})},
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
    .reads = ns_pool_reads,
    .catalogue = NS_CALL_CATALOGUE(POOL, cases),
};
