/* exp: out[i] = e^x[i] */
#include "catalogue/cases/unary.h"

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank1", NS_UNARY(NS_UNIFORM, 0, 1, 1, 10)},
    {NS_LIST_SEED, "rank2", NS_UNARY(NS_UNIFORM, -0.5, 1, 2, 8, 8)},
    {NS_LIST_SEED, "rank3", NS_UNARY(NS_UNIFORM, -1, 2, 3, 1, 4, 4)},
    {NS_LIST_EXECUTORCH, "rank1_rand", NS_UNARY(NS_UNIFORM, 0, 1, 1, 10)},
    {NS_LIST_EXECUTORCH, "rank2_rand", NS_UNARY(NS_UNIFORM, -0.5, 1, 2, 8, 8)},
    {NS_LIST_EXECUTORCH, "rank3_rand", NS_UNARY(NS_UNIFORM, -1, 2, 3, 1, 4, 4)},
};

static ns_code build(const void *parameters, ns_random *random, ns_aten_program *program, ns_tensor *inputs,
                     ns_error *error)
{
    int x, result;
    NS_TRY(ns_unary_input(parameters, random, program, inputs, &x, error));
    NS_TRY(ns_aten_add_exp(program, x, &result, error));
    return ns_aten_add_output(program, result, error);
}

const ns_catalogue_operator ns_catalogue_exp = {
    .name = "exp",
    .case_count = sizeof cases / sizeof cases[0],
    .cases = cases,
    .qtol = {NS_SEED_QTOL, 128},
    .epsilon = {NS_SEED_EPSILON, 0x1p-16},
    .build = build,
};
