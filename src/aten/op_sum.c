/* SUM: out = sum of x over dims. MEAN: the same over the number n of reduced elements.
 * VAR: sum of (x - mean)^2 over max(0, n - correction).
 * Sums to the bound of ns_double2. VAR's differences from the mean are double-double too, so that its
 * relative error stays below 2^-50 however large the mean is against the spread. */
#include "aten/float32_sum.h"
#include "aten/operator.h"

/* Results are accumulated element by element in the operand's order: sums[i] belongs to out[i]. */
static ns_code sum_into(const ns_aten_node *node, const ns_aten_operands *operands, ns_double2 *sums)
{
    ns_reduction reduction;
    ns_reduction_start(&reduction, node, operands->nodes[0]);
    size_t count = ns_aten_count(operands->nodes[0]);
    for (size_t i = 0; i < count; i++) {
        ns_double2_add(&sums[reduction.output], operands->values[0][i]);
        ns_reduction_next(&reduction);
    }
    return NS_OK;
}

/* Squares of the differences from the means (means[i] belongs to out[i]). */
static void squares_into(const ns_aten_node *node, const ns_aten_operands *operands, const ns_double2 *means,
                         ns_double2 *sums)
{
    ns_reduction reduction;
    ns_reduction_start(&reduction, node, operands->nodes[0]);
    size_t count = ns_aten_count(operands->nodes[0]);
    for (size_t i = 0; i < count; i++) {
        ns_double2 mean = means[reduction.output], difference = {operands->values[0][i], 0};
        ns_double2_add(&difference, -mean.hi);
        difference.lo -= mean.lo;
        ns_double2 *sum = &sums[reduction.output];
        ns_double2_add_product(sum, difference.hi, difference.hi);
        sum->lo += 2 * difference.hi * difference.lo;
        ns_reduction_next(&reduction);
    }
}

static ns_code evaluate(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                        ns_error *error)
{
    ns_arena *scratch = ns_arena_new();
    size_t results = ns_aten_count(node);
    ns_double2 *sums = scratch ? NS_ARENA_ARRAY(scratch, results, ns_double2) : NULL;
    ns_double2 *squares =
        sums && node->op == NS_ATEN_VAR ? NS_ARENA_ARRAY(scratch, results, ns_double2) : NULL;
    if (!sums || (node->op == NS_ATEN_VAR && !squares)) {
        ns_arena_free(scratch);
        return ns_fail(error, NS_ERROR_MEMORY, "%s: out of memory for %zu sums", ns_aten_op_text(node->op),
                       results);
    }
    ns_reduction reduction;
    ns_reduction_start(&reduction, node, operands->nodes[0]);
    double n = (double)reduction.reduced_count;
    sum_into(node, operands, sums);
    if (node->op == NS_ATEN_VAR) {
        for (size_t i = 0; i < results; i++) {
            /* The mean as hi + lo: hi rounded, lo what hi leaves. */
            double hi = ns_double2_divide(sums[i], n);
            sums[i] = (ns_double2){hi, (fma(-hi, n, sums[i].hi) + sums[i].lo) / n};
        }
        squares_into(node, operands, sums, squares);
    }
    double divisor = node->op == NS_ATEN_VAR ? fmax(0, n - node->correction) : n;
    for (size_t i = 0; i < results; i++) {
        if (node->op == NS_ATEN_SUM)
            out[i] = sums[i].hi + sums[i].lo;
        else
            out[i] = ns_double2_divide(node->op == NS_ATEN_VAR ? squares[i] : sums[i], divisor);
    }
    ns_arena_free(scratch);
    return NS_OK;
}

static ns_code evaluate_float32(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                                ns_error *error)
{
    ns_arena *scratch = ns_arena_new();
    size_t count = ns_aten_count(operands->nodes[0]), results = ns_aten_count(node);
    float *values = scratch ? NS_ARENA_ARRAY(scratch, count, float) : NULL;
    float *sums = values ? NS_ARENA_ARRAY(scratch, results, float) : NULL;
    if (!sums) {
        ns_arena_free(scratch);
        return ns_fail(error, NS_ERROR_MEMORY, "%s: out of memory for %zu values", node->name, count);
    }
    for (size_t i = 0; i < count; i++)
        values[i] = (float)operands->values[0][i];
    ns_float32_reduce(node, operands->nodes[0], values, sums);
    for (size_t i = 0; i < results; i++)
        out[i] = (double)sums[i];
    ns_arena_free(scratch);
    return NS_OK;
}

const ns_aten_operator ns_aten_operator_SUM = {
    .infer = ns_aten_infer_reduction, .evaluate = evaluate, .evaluate_float32 = evaluate_float32};
const ns_aten_operator ns_aten_operator_MEAN = {.infer = ns_aten_infer_reduction, .evaluate = evaluate};
const ns_aten_operator ns_aten_operator_VAR = {.infer = ns_aten_infer_reduction, .evaluate = evaluate};

static ns_code add(ns_aten_program *program, ns_aten_op op, int input, int dim_count, const int *dims,
                   double correction, bool keepdim, int *node, ns_error *error)
{
    ns_aten_node prototype = {.op = op,
                              .input_count = 1,
                              .inputs = {input},
                              .dim_count = dim_count,
                              .correction = correction,
                              .keepdim = keepdim};
    if (dim_count < 0 || dim_count > NS_MAX_RANK)
        return ns_fail(error, NS_ERROR_INPUT, "%s: %d dims, at most %d are possible", ns_aten_op_text(op),
                       dim_count, NS_MAX_RANK);
    for (int i = 0; i < dim_count; i++)
        prototype.dims[i] = dims[i];
    return ns_aten_add(program, &prototype, node, error);
}

ns_code ns_aten_add_mean(ns_aten_program *program, int input, int dim_count, const int *dims, bool keepdim,
                         int *node, ns_error *error)
{
    return add(program, NS_ATEN_MEAN, input, dim_count, dims, 0, keepdim, node, error);
}

ns_code ns_aten_add_sum(ns_aten_program *program, int input, int dim_count, const int *dims, bool keepdim,
                        int *node, ns_error *error)
{
    return add(program, NS_ATEN_SUM, input, dim_count, dims, 0, keepdim, node, error);
}

ns_code ns_aten_add_var(ns_aten_program *program, int input, int dim_count, const int *dims,
                        double correction, bool keepdim, int *node, ns_error *error)
{
    return add(program, NS_ATEN_VAR, input, dim_count, dims, correction, keepdim, node, error);
}
