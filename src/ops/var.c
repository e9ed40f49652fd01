/* var: the sum of squared differences from the mean over max(0, n - correction), n the number of reduced
 * elements. The differences from the mean are double-double like the sums, so that the relative error stays
 * below 2^-50 however large the mean is against the spread.
 *
 * The quantiser sees it decomposed (decompose_var_pass.py): the mean with kept dims, SUB, MUL by itself, SUM,
 * MUL by the constant 1 / (n - correction). */
#include "ir/interface.h"
#include "ops/declared.h"
#include "ops/families/reductions.h"

enum { SELF, DIM, CORRECTION, KEEPDIM };

/* None is 1, as in PyTorch. */
static double correction_of(const ns_aten_node *node)
{
    return node->attributes[CORRECTION].none ? 1 : node->attributes[CORRECTION].real;
}

/* Squares of the differences from the means (means[i] belongs to result i). */
static void add_squares(const ns_aten_node *node, const ns_aten_operands *operands, const ns_double2 *means,
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

static ns_code compute(const ns_aten_node *node, const ns_aten_operands *operands, ns_arena *scratch,
                       double *out, ns_error *error)
{
    const size_t results = ns_aten_count(node);
    ns_double2 *means = NULL, *squares = NS_ARENA_ARRAY(scratch, results, ns_double2);
    size_t reduced = 0;
    NS_TRY(ns_reduce_sums(node, operands, scratch, &means, &reduced, error));
    if (!squares)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: out of memory for %zu sums", node->op->aten, results);
    const double n = (double)reduced;
    for (size_t i = 0; i < results; i++) {
        /* The mean as hi + lo: hi rounded, lo what hi leaves. */
        const double hi = ns_double2_divide(means[i], n);
        means[i] = (ns_double2){hi, (fma(-hi, n, means[i].hi) + means[i].lo) / n};
    }
    add_squares(node, operands, means, squares);
    for (size_t i = 0; i < results; i++)
        out[i] = ns_double2_divide(squares[i], fmax(0, n - correction_of(node)));
    return NS_OK;
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    ns_arena *scratch = ns_arena_new();
    if (!scratch)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: out of memory", node->name);
    const ns_code code = compute(node, operands, scratch, out, error);
    ns_arena_free(scratch);
    return code;
}

static ns_code decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error)
{
    const ns_aten_node operand = program->nodes[inputs[0]];
    const ns_aten_attribute *dims = &node->attributes[DIM];
    int64_t kept[NS_MAX_RANK];
    double n = 1;
    int result = 0;
    for (int i = 0; i < operand.rank; i++)
        kept[i] = operand.shape[i];
    for (int i = 0; i < dims->count; i++) {
        n *= (double)operand.shape[dims->list[i]];
        kept[dims->list[i]] = 1;
    }
    const double divisor = n - correction_of(node);
    if (!(divisor > 0))
        return ns_fail(
            error, NS_ERROR_UNSUPPORTED,
            "%s: %g elements less correction %g leave nothing to divide by; ExecuTorch cannot export it",
            node->name, n, correction_of(node));
    NS_TRY(ns_decompose_mean(program, inputs[0], dims, operand.rank, kept, &result, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_sub, 2, (int[]){inputs[0], result}, NULL, &result, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_mul, 2, (int[]){result, result}, NULL, &result, error));
    NS_TRY(ns_decompose_sum(program, result, dims, node->attributes[KEEPDIM].integer, &result, error));
    return ns_decompose_scale(program, result, 1 / divisor, out, error);
}

#define RANDN NS_NORMAL, 0, 1
#define RAND NS_UNIFORM, 0, 1
#define VAR(data_, correction_, keepdim_, rank_, ...) \
    (&(const ns_reduce_case){                         \
        .rank = (rank_),                              \
        .shape = {__VA_ARGS__},                       \
        .data = {data_},                              \
        .arguments = NS_ARGUMENTS({"correction", NS_REAL(correction_)}, {"keepdim", NS_BOOL(keepdim_)})})

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank4_keepdim_correction0", VAR(RANDN, 0, true, 4, 1, 50, 10, 20)},
    {NS_LIST_SEED, "rank3_correction0", VAR(RAND, 0, false, 3, 1, 50, 10)},
    {NS_LIST_SEED, "rank4_keepdim_correction1", VAR(RANDN, 1, true, 4, 1, 30, 15, 20)},
    {NS_LIST_SEED, "rank4_correction0.5", VAR(RAND, 0.5, false, 4, 1, 50, 10, 20)},
    {NS_LIST_EXECUTORCH, "var_4d_keep_dim_0_correction", VAR(RANDN, 0, true, 4, 1, 50, 10, 20)},
    {NS_LIST_EXECUTORCH, "var_4d_keep_dim_1_correction", VAR(RANDN, 1, true, 4, 1, 30, 15, 20)},
};

const ns_aten_operator ns_aten_op_var = {
    .name = "var",
    .aten = "aten.var.correction",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"dim", NS_ATEN_INTS},
                  {"correction", NS_ATEN_REAL, .otherwise = NS_ABSENT}, {"keepdim", NS_ATEN_BOOL}),
    .family = &(const ns_reduce){DIM, KEEPDIM},
    .infer = ns_reduce_infer,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .decompose = decompose,
    .terms = ns_reduce_terms,
    .catalogue = NS_CATALOGUE(REDUCE, cases, NS_EXECUTORCH_QTOL, NS_EXECUTORCH_EPSILON, ns_reduce_build),
};
