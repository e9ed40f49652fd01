/* mean.dim: the arithmetic mean over dim: the sum, to the bound of ns_double2, over the number of reduced
 * elements. The quantiser sees it decomposed (families/decompose.c, ns_decompose_mean). */
#include "ops/families/reductions.h"

enum { SELF, DIM, KEEPDIM };

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    ns_arena *scratch = ns_arena_new();
    ns_double2 *sums = NULL;
    size_t reduced = 0;
    if (!scratch)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: out of memory", node->name);
    const ns_code code = ns_reduce_sums(node, operands, scratch, &sums, &reduced, error);
    for (size_t i = 0; code == NS_OK && i < ns_aten_count(node); i++)
        out[i] = ns_double2_divide(sums[i], (double)reduced);
    ns_arena_free(scratch);
    return code;
}

static ns_code decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error)
{
    return ns_decompose_mean(program, inputs[0], &node->attributes[DIM], node->rank, node->shape, out, error);
}

static double reduced_count(const ns_aten_program *program, const ns_aten_node *node)
{
    const ns_aten_node *operand = ns_aten_operand(program, node, 0);
    return (double)ns_aten_count(operand) / (double)ns_aten_count(node);
}

static double bound(const ns_aten_program *program, const ns_aten_node *node, const ns_term *term,
                    const double *values, const double *bounds)
{
    (void)term;
    (void)values;
    return bounds[0] / reduced_count(program, node);
}

#define SHAPE_1 .rank = 1, .shape = {7}
#define SHAPE_2 .rank = 2, .shape = {5, 7}
#define SHAPE_4 .rank = 4, .shape = {1, 5, 7, 3}
#define DIMS(count, ...)                                        \
    {                                                           \
        "dim", NS_INTS(count, ((const int64_t[]){__VA_ARGS__})) \
    }
#define KEEP                     \
    {                            \
        "keepdim", NS_BOOL(true) \
    }
#define MEAN(shape, ...) \
    (&(const ns_reduce_case){shape, .data = {NS_UNIFORM, 0, 1}, .arguments = NS_ARGUMENTS(__VA_ARGS__)})
#define SHAPE_73 .rank = 2, .shape = {7, 3}
#define SHAPE_573 .rank = 3, .shape = {5, 7, 3}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank1", MEAN(SHAPE_1, DIMS(1, -1))},
    {NS_LIST_SEED, "rank1_keepdim", MEAN(SHAPE_1, DIMS(1, 0), KEEP)},
    {NS_LIST_SEED, "rank2", MEAN(SHAPE_2, DIMS(2, -2, -1))},
    {NS_LIST_SEED, "rank2_keepdim", MEAN(SHAPE_73, DIMS(2, 0, 1), KEEP)},
    {NS_LIST_SEED, "rank3_keepdim", MEAN(SHAPE_573, DIMS(3, 0, 1, 2), KEEP)},
    {NS_LIST_SEED, "dim1_keepdim", MEAN(SHAPE_4, DIMS(1, 1), KEEP)},
    {NS_LIST_SEED, "dim_minus1", MEAN(SHAPE_4, DIMS(1, -1))},
    {NS_LIST_SEED, "dims23_keepdim", MEAN(SHAPE_4, DIMS(2, 2, 3), KEEP)},
    {NS_LIST_SEED, "dims_minus321", MEAN(SHAPE_4, DIMS(3, -3, -2, -1))},
    {NS_LIST_SEED, "dims0123_keepdim", MEAN(SHAPE_4, DIMS(4, 0, 1, 2, 3), KEEP)},
    {NS_LIST_SEED, "dim_none_keepdim", MEAN(SHAPE_4, KEEP)},
    {NS_LIST_EXECUTORCH, "rank_2_keepdim", MEAN(SHAPE_73, DIMS(2, 0, 1), KEEP)},
    {NS_LIST_EXECUTORCH, "rank_3_keepdim", MEAN(SHAPE_573, DIMS(3, 0, 1, 2), KEEP)},
    {NS_LIST_EXECUTORCH, "rand_23_keepdim", MEAN(SHAPE_4, DIMS(2, 2, 3), KEEP)},
    {NS_LIST_EXECUTORCH, "rand_0123_keepdim", MEAN(SHAPE_4, DIMS(4, 0, 1, 2, 3), KEEP)},
    {NS_LIST_EXECUTORCH, "rand_none_keepdim", MEAN(SHAPE_4, KEEP)},
    {NS_LIST_EXECUTORCH, "rank_2", MEAN(SHAPE_2, DIMS(2, -2, -1))},
    {NS_LIST_EXECUTORCH, "rand_123", MEAN(SHAPE_4, DIMS(3, -3, -2, -1))},
    {NS_LIST_EXECUTORCH, "rank_1_keepdim", MEAN(SHAPE_1, DIMS(1, 0), KEEP)},
    {NS_LIST_EXECUTORCH, "rand_1_keepdim", MEAN(SHAPE_4, DIMS(1, 1), KEEP)},
    {NS_LIST_EXECUTORCH, "rank_1", MEAN(SHAPE_1, DIMS(1, -1))},
    {NS_LIST_EXECUTORCH, "rand_3", MEAN(SHAPE_4, DIMS(1, -1))},
};

const ns_aten_operator ns_aten_op_mean_dim = {
    .name = "mean.dim",
    .aten = "aten.mean.dim",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"dim", NS_ATEN_INTS}, {"keepdim", NS_ATEN_BOOL}),
    .family = &(const ns_reduce){DIM, KEEPDIM},
    .infer = ns_reduce_infer,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .decompose = decompose,
    .terms = ns_reduce_terms,
    .bound = bound,
    .catalogue = NS_CATALOGUE(REDUCE, cases, NS_EXECUTORCH_QTOL, NS_EXECUTORCH_EPSILON, ns_reduce_build),
};
