/* gelu: out[i] = x[i] / 2 * (1 + erf(x[i] / sqrt 2)), or with PyTorch's tanh approximation of it. */
#include "catalogue/cases/unary.h"

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank1", NS_UNARY(NS_NORMAL, 0, 2, 1, 160)},
    {NS_LIST_SEED, "rank2", NS_UNARY(NS_UNIFORM, -0.5, 1, 2, 10, 10)},
    {NS_LIST_SEED, "rank3", NS_UNARY(NS_UNIFORM, -4, 8, 3, 4, 8, 8)},
    {NS_LIST_EXECUTORCH, "zeros_none", NS_UNARY(NS_CONSTANT, 0, 0, 4, 1, 10, 10, 10)},
    {NS_LIST_EXECUTORCH, "ones_none", NS_UNARY(NS_CONSTANT, 1, 0, 3, 10, 10, 10)},
    {NS_LIST_EXECUTORCH, "rand_none", NS_UNARY(NS_UNIFORM, -0.5, 1, 2, 10, 10)},
    {NS_LIST_EXECUTORCH, "randn_pos_none", NS_UNARY(NS_NORMAL, 10, 1, 4, 1, 4, 4, 4)},
    {NS_LIST_EXECUTORCH, "randn_neg_none", NS_UNARY(NS_NORMAL, -10, 1, 4, 1, 4, 4, 4)},
    {NS_LIST_EXECUTORCH, "ramp_none", NS_UNARY(NS_RAMP, -16, 0.2, 1, 160)},
    {NS_LIST_EXECUTORCH, "zeros_tanh", NS_UNARY_TANH(NS_CONSTANT, 0, 0, 4, 1, 10, 10, 10)},
    {NS_LIST_EXECUTORCH, "ones_tanh", NS_UNARY_TANH(NS_CONSTANT, 1, 0, 3, 10, 10, 10)},
    {NS_LIST_EXECUTORCH, "rand_tanh", NS_UNARY_TANH(NS_UNIFORM, -0.5, 1, 2, 10, 10)},
    {NS_LIST_EXECUTORCH, "randn_pos_tanh", NS_UNARY_TANH(NS_NORMAL, 10, 1, 4, 1, 4, 4, 4)},
    {NS_LIST_EXECUTORCH, "randn_neg_tanh", NS_UNARY_TANH(NS_NORMAL, -10, 1, 4, 1, 4, 4, 4)},
    {NS_LIST_EXECUTORCH, "ramp_tanh", NS_UNARY_TANH(NS_RAMP, -16, 0.2, 1, 160)},
};

static ns_code build(const void *parameters, ns_random *random, ns_aten_program *program, ns_tensor *inputs,
                     ns_error *error)
{
    const ns_unary *unary = parameters;
    int x, result;
    NS_TRY(ns_unary_input(unary, random, program, inputs, &x, error));
    NS_TRY(ns_aten_add_gelu(program, x, unary->tanh_approximation, &result, error));
    return ns_aten_add_output(program, result, error);
}

const ns_catalogue_operator ns_catalogue_gelu = {
    .name = "gelu",
    .case_count = sizeof cases / sizeof cases[0],
    .cases = cases,
    .qtol = {NS_SEED_QTOL, 128},
    .epsilon = {NS_SEED_EPSILON, 0x1p-16},
    .build = build,
};
