/* mean.dim: the arithmetic mean over some dimensions. */
#include "catalogue/cases/reduction.h"

#define SHAPE_1 .rank = 1, .shape = {7}
#define SHAPE_2 .rank = 2, .shape = {5, 7}
#define SHAPE_4 .rank = 4, .shape = {1, 5, 7, 3}
#define DIMS(count, ...) .dim_count = (count), .dims = {__VA_ARGS__}
#define MEAN(...) (&(const ns_reduction){__VA_ARGS__, .data = {NS_UNIFORM, 0, 1}})

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank1", MEAN(SHAPE_1, DIMS(1, -1))},
    {NS_LIST_SEED, "rank1_keepdim", MEAN(SHAPE_1, DIMS(1, 0), .keepdim = true)},
    {NS_LIST_SEED, "rank2", MEAN(SHAPE_2, DIMS(2, -2, -1))},
    {NS_LIST_SEED, "rank2_keepdim", MEAN(.rank = 2, .shape = {7, 3}, DIMS(2, 0, 1), .keepdim = true)},
    {NS_LIST_SEED, "rank3_keepdim", MEAN(.rank = 3, .shape = {5, 7, 3}, DIMS(3, 0, 1, 2), .keepdim = true)},
    {NS_LIST_SEED, "dim1_keepdim", MEAN(SHAPE_4, DIMS(1, 1), .keepdim = true)},
    {NS_LIST_SEED, "dim_minus1", MEAN(SHAPE_4, DIMS(1, -1))},
    {NS_LIST_SEED, "dims23_keepdim", MEAN(SHAPE_4, DIMS(2, 2, 3), .keepdim = true)},
    {NS_LIST_SEED, "dims_minus321", MEAN(SHAPE_4, DIMS(3, -3, -2, -1))},
    {NS_LIST_SEED, "dims0123_keepdim", MEAN(SHAPE_4, DIMS(4, 0, 1, 2, 3), .keepdim = true)},
    {NS_LIST_SEED, "dim_none_keepdim", MEAN(SHAPE_4, .keepdim = true)},
    {NS_LIST_EXECUTORCH, "rank_2_keepdim", MEAN(.rank = 2, .shape = {7, 3}, DIMS(2, 0, 1), .keepdim = true)},
    {NS_LIST_EXECUTORCH, "rank_3_keepdim",
     MEAN(.rank = 3, .shape = {5, 7, 3}, DIMS(3, 0, 1, 2), .keepdim = true)},
    {NS_LIST_EXECUTORCH, "rand_23_keepdim", MEAN(SHAPE_4, DIMS(2, 2, 3), .keepdim = true)},
    {NS_LIST_EXECUTORCH, "rand_0123_keepdim", MEAN(SHAPE_4, DIMS(4, 0, 1, 2, 3), .keepdim = true)},
    {NS_LIST_EXECUTORCH, "rand_none_keepdim", MEAN(SHAPE_4, .keepdim = true)},
    {NS_LIST_EXECUTORCH, "rank_2", MEAN(SHAPE_2, DIMS(2, -2, -1))},
    {NS_LIST_EXECUTORCH, "rand_123", MEAN(SHAPE_4, DIMS(3, -3, -2, -1))},
    {NS_LIST_EXECUTORCH, "rank_1_keepdim", MEAN(SHAPE_1, DIMS(1, 0), .keepdim = true)},
    {NS_LIST_EXECUTORCH, "rand_1_keepdim", MEAN(SHAPE_4, DIMS(1, 1), .keepdim = true)},
    {NS_LIST_EXECUTORCH, "rank_1", MEAN(SHAPE_1, DIMS(1, -1))},
    {NS_LIST_EXECUTORCH, "rand_3", MEAN(SHAPE_4, DIMS(1, -1))},
};

static ns_code build(const void *parameters, ns_random *random, ns_aten_program *program, ns_tensor *inputs,
                     ns_error *error)
{
    const ns_reduction *mean = parameters;
    int x, result;
    NS_TRY(ns_reduction_input(mean, random, program, inputs, &x, error));
    NS_TRY(ns_aten_add_mean(program, x, mean->dim_count, mean->dims, mean->keepdim, &result, error));
    return ns_aten_add_output(program, result, error);
}

const ns_catalogue_operator ns_catalogue_mean_dim = {
    .name = "mean.dim",
    .case_count = sizeof cases / sizeof cases[0],
    .cases = cases,
    .qtol = {NS_SEED_QTOL, NS_EXECUTORCH_QTOL},
    .epsilon = {NS_SEED_EPSILON, NS_EXECUTORCH_EPSILON},
    .build = build,
};
