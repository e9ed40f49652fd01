/* bmm: out[b][i][j] = sum over k of x[b][i][k] * y[b][k][j] */
#include "catalogue/catalogue.h"

typedef struct ns_bmm_case {
    int64_t x[3], y[3];
    ns_case_data x_data, y_data;
} ns_bmm_case;

/* Batch, rows, inner, columns. */
#define BMM(batch, rows, inner, columns, x_data, y_data) \
    (&(const ns_bmm_case){{(batch), (rows), (inner)}, {(batch), (inner), (columns)}, x_data, y_data})
#define RAND             \
    {                    \
        NS_UNIFORM, 0, 1 \
    }
#define NEGATIVE          \
    {                     \
        NS_NORMAL, 0, -10 \
    }
#define SHIFTED         \
    {                   \
        NS_NORMAL, 5, 5 \
    }

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "same_shape", BMM(2, 1, 1, 1, RAND, RAND)},
    {NS_LIST_SEED, "different_shapes", BMM(5, 3, 5, 2, RAND, RAND)},
    {NS_LIST_SEED, "rectangular", BMM(1, 55, 3, 44, RAND, RAND)},
    {NS_LIST_SEED, "batch10", BMM(10, 1, 10, 5, RAND, RAND)},
    {NS_LIST_SEED, "negative", BMM(2, 32, 64, 32, NEGATIVE, SHIFTED)},
    {NS_LIST_EXECUTORCH, "rand_same", BMM(2, 1, 1, 1, RAND, RAND)},
    {NS_LIST_EXECUTORCH, "rand_diff", BMM(5, 3, 5, 2, RAND, RAND)},
    {NS_LIST_EXECUTORCH, "rand_rect", BMM(1, 55, 3, 44, RAND, RAND)},
    {NS_LIST_EXECUTORCH, "rand_batch10", BMM(10, 1, 10, 5, RAND, RAND)},
    {NS_LIST_EXECUTORCH, "rand_neg", BMM(2, 32, 64, 32, NEGATIVE, SHIFTED)},
};

static ns_code build(const void *parameters, ns_random *random, ns_aten_program *program, ns_tensor *inputs,
                     ns_error *error)
{
    const ns_bmm_case *bmm = parameters;
    int x, y, result;
    NS_TRY(ns_case_input(program, "x", 3, bmm->x, bmm->x_data, random, &inputs[0], &x, error));
    NS_TRY(ns_case_input(program, "y", 3, bmm->y, bmm->y_data, random, &inputs[1], &y, error));
    NS_TRY(ns_aten_add_bmm(program, x, y, &result, error));
    return ns_aten_add_output(program, result, error);
}

const ns_catalogue_operator ns_catalogue_bmm = {
    .name = "bmm",
    .case_count = sizeof cases / sizeof cases[0],
    .cases = cases,
    .qtol = {NS_SEED_QTOL, 1},
    .epsilon = {NS_SEED_EPSILON, 0x1p-16},
    .build = build,
};
