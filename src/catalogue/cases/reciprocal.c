/* reciprocal: out[i] = 1 / x[i]. Near zero the result grows without bound, so every input is at least 0.1;
 * both lists draw from [0.5, 1.5), as ExecuTorch's tests do. docs/suite.md has what happens nearer to zero.
 */
#include "catalogue/cases/unary.h"

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank1", NS_UNARY(NS_UNIFORM, 0.5, 1, 1, 10)},
    {NS_LIST_SEED, "rank2", NS_UNARY(NS_UNIFORM, 0.5, 1, 2, 5, 10)},
    {NS_LIST_SEED, "rank3", NS_UNARY(NS_UNIFORM, 0.5, 1, 3, 2, 5, 10)},
    {NS_LIST_EXECUTORCH, "rank1", NS_UNARY(NS_UNIFORM, 0.5, 1, 1, 10)},
    {NS_LIST_EXECUTORCH, "rank2", NS_UNARY(NS_UNIFORM, 0.5, 1, 2, 5, 10)},
    {NS_LIST_EXECUTORCH, "rank3", NS_UNARY(NS_UNIFORM, 0.5, 1, 3, 2, 5, 10)},
};

static ns_code build(const void *parameters, ns_random *random, ns_aten_program *program, ns_tensor *inputs,
                     ns_error *error)
{
    int x, result;
    NS_TRY(ns_unary_input(parameters, random, program, inputs, &x, error));
    NS_TRY(ns_aten_add_reciprocal(program, x, &result, error));
    return ns_aten_add_output(program, result, error);
}

const ns_catalogue_operator ns_catalogue_reciprocal = {
    .name = "reciprocal",
    .case_count = sizeof cases / sizeof cases[0],
    .cases = cases,
    .qtol = {NS_SEED_QTOL, 128},
    .epsilon = {NS_SEED_EPSILON, 0x1p-16},
    .build = build,
};
