/* adaptive_avg_pool2d: the mean of cell [y, x] of [n, c, h, w] in as many cells as output_size says: rows
 * floor(y * h / out) to ceil((y + 1) * h / out) - 1, columns likewise.
 *
 * One AVG_POOL2D where both axes divide so that a window of equal size and a stride of at most 3 do it; else
 * a SLICE and an AVG_POOL2D for each cell, CONCAT over w, then over h (ExecuTorch 1.5.1,
 * backends/arm/_passes/decompose_adaptive_avg_pool2d_pass.py). */
#include "ops/cases.h"
#include "ops/families/products.h"

enum { SELF, OUTPUT_SIZE };

static int64_t first_of(int64_t at, int64_t in, int64_t out)
{
    return at * in / out;
}

static int64_t end_of(int64_t at, int64_t in, int64_t out)
{
    return ((at + 1) * in + out - 1) / out;
}

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    const ns_aten_attribute *size = &node->attributes[OUTPUT_SIZE];
    char text[128];
    if (input->rank != 4 || size->count < 1 || size->count > 2)
        return ns_fail(error, NS_ERROR_INPUT, "%s needs [n, c, h, w] and one or two sizes, got %s",
                       node->op->aten, ns_aten_shape_text(input, text, sizeof text));
    NS_TRY(ns_infer_same(program, node, error));
    for (int i = 0; i < 2; i++) {
        node->shape[2 + i] = size->list[size->count == 1 ? 0 : i];
        if (node->shape[2 + i] < 1 || input->shape[2 + i] < 1)
            return ns_fail(error, NS_ERROR_INPUT, "%s: %lld cells of an axis of %lld", node->op->aten,
                           (long long)node->shape[2 + i], (long long)input->shape[2 + i]);
    }
    return NS_OK;
}

static double mean(const ns_aten_node *node, const ns_pool_window *window, const double *plane, int64_t y,
                   int64_t x)
{
    (void)node;
    const int64_t h = window->in[0], w = window->in[1], rows = window->out[0], columns = window->out[1];
    long double sum = 0;
    int64_t count = 0;
    for (int64_t i = first_of(y, h, rows); i < end_of(y, h, rows); i++)
        for (int64_t j = first_of(x, w, columns); j < end_of(x, w, columns); j++, count++)
            sum += plane[i * w + j];
    return (double)(sum / (long double)count);
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    const ns_aten_node *input = operands->nodes[0];
    const ns_pool_window window = {.in = {input->shape[2], input->shape[3]},
                                   .out = {node->shape[2], node->shape[3]}};
    return ns_pool_exact(node, &window, operands, mean, out, error);
}

/* The one window that does it, where there is one. */
static bool find_window(const ns_aten_node *node, const ns_aten_node *input, ns_pool_window *window)
{
    *window = (ns_pool_window){0};
    for (int axis = 0; axis < 2; axis++) {
        const int64_t in = input->shape[2 + axis], out = node->shape[2 + axis];
        window->in[axis] = in;
        window->out[axis] = out;
        window->stride[axis] = in / out;
        window->kernel[axis] = in / out + in % out;
        if (in % out > 1 || in / out < 1 || in / out > 3)
            return false;
    }
    return true;
}

static ns_code pool_cell(ns_lowering *lowering, const ns_aten_node *node, int input, const int64_t at[2],
                         int *step, ns_error *error)
{
    const ns_step *value = &lowering->plan.steps[input];
    int64_t start[4] = {0}, size[4] = {value->shape[0], 0, 0, value->shape[3]};
    ns_pool_window cell = {.out = {1, 1}, .stride = {1, 1}};
    for (int i = 0; i < 2; i++) {
        start[1 + i] = first_of(at[i], value->shape[1 + i], node->shape[2 + i]);
        size[1 + i] = end_of(at[i], value->shape[1 + i], node->shape[2 + i]) - start[1 + i];
        cell.in[i] = cell.kernel[i] = size[1 + i];
    }
    *step = input;
    if (size[1] != value->shape[1] || size[2] != value->shape[2])
        NS_TRY(ns_plan_slice_all(&lowering->plan, input, start, size, NS_PLAN_END, step, error));
    return ns_pool_step(lowering, NS_OP_AVG_POOL2D, &cell, step, error);
}

static ns_code join(ns_lowering *lowering, int64_t count, const int *parts, int axis, int *step,
                    ns_error *error)
{
    *step = parts[0];
    return count == 1 ? NS_OK
                      : ns_plan_concat(&lowering->plan, (int)count, parts, axis, NS_PLAN_END, step, error);
}

static ns_code pool_cells(ns_lowering *lowering, const ns_aten_node *node, int input, int *step,
                          ns_error *error)
{
    const int64_t rows = node->shape[2], columns = node->shape[3];
    int *row = NS_ARENA_ARRAY(lowering->arena, (size_t)columns, int);
    int *all = NS_ARENA_ARRAY(lowering->arena, (size_t)rows, int);
    if (!row || !all)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the cells of %s", node->name);
    for (int64_t y = 0; y < rows; y++) {
        for (int64_t x = 0; x < columns; x++)
            NS_TRY(pool_cell(lowering, node, input, (const int64_t[]){y, x}, &row[x], error));
        NS_TRY(join(lowering, columns, row, 2, &all[y], error));
    }
    return join(lowering, rows, all, 1, step, error);
}

static ns_code supported(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                         ns_error *error)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    ns_pool_window window;
    if (target == NS_TARGET_U55 && input->shape[0] != 1)
        return ns_keep_off(node, target, error, "Avgpool2d needs N==1, got N==%lld",
                           (long long)input->shape[0]);
    return find_window(node, input, &window)
               ? ns_pool_supported("Avgpool2d", node, input, &window, target, error)
               : NS_OK;
}

static ns_code lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    ns_pool_window window;
    ns_layout layout;
    int step = 0;
    if (find_window(result, ns_aten_operand(lowering->program, result, 0), &window))
        return ns_pool_lower(lowering, node, NS_OP_AVG_POOL2D, &window, error);
    ns_pool_reads(lowering, node, 0, &layout);
    NS_TRY(ns_lowering_value(lowering, result->inputs[0], &layout, &step, error));
    NS_TRY(pool_cells(lowering, result, step, &step, error));
    return ns_lowering_set(lowering, node, &layout, step, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "to_1",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 4, 7, 7), {"output_size", NS_LIST(2, 1, 1)})},
    {NS_LIST_SEED, "to_2x2",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 4, 10, 10), {"output_size", NS_LIST(2, 2, 2)})},
    {NS_LIST_SEED, "to_3x5",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 4, 9, 10), {"output_size", NS_LIST(2, 3, 5)})},
};

const ns_aten_operator ns_aten_op_adaptive_avg_pool2d = {
    .name = "adaptive_avg_pool2d",
    .aten = "aten.adaptive_avg_pool2d.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"output_size", NS_ATEN_INTS, .required = true}),
    .infer = infer,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .annotation = NS_ANNOTATION_RESULT_AS_OPERAND,
    .supported = supported,
    .lower = lower,
    .reads = ns_pool_reads,
    .catalogue = NS_CALL_CATALOGUE(POOL, cases),
};
