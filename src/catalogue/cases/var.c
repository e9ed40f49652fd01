/* var: the sum of squared differences from the mean, over n - correction; all dimensions. */
#include "catalogue/cases/reduction.h"

#define RANDN .data = {NS_NORMAL, 0, 1}
#define RAND .data = {NS_UNIFORM, 0, 1}
#define VAR(...) (&(const ns_reduction){__VA_ARGS__})

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank4_keepdim_correction0",
     VAR(.rank = 4, .shape = {1, 50, 10, 20}, .keepdim = true, .correction = 0, RANDN)},
    {NS_LIST_SEED, "rank3_correction0", VAR(.rank = 3, .shape = {1, 50, 10}, .correction = 0, RAND)},
    {NS_LIST_SEED, "rank4_keepdim_correction1",
     VAR(.rank = 4, .shape = {1, 30, 15, 20}, .keepdim = true, .correction = 1, RANDN)},
    {NS_LIST_SEED, "rank4_correction0.5", VAR(.rank = 4, .shape = {1, 50, 10, 20}, .correction = 0.5, RAND)},
    {NS_LIST_EXECUTORCH, "var_4d_keep_dim_0_correction",
     VAR(.rank = 4, .shape = {1, 50, 10, 20}, .keepdim = true, .correction = 0, RANDN)},
    {NS_LIST_EXECUTORCH, "var_4d_keep_dim_1_correction",
     VAR(.rank = 4, .shape = {1, 30, 15, 20}, .keepdim = true, .correction = 1, RANDN)},
};

static ns_code build(const void *parameters, ns_random *random, ns_aten_program *program, ns_tensor *inputs,
                     ns_error *error)
{
    const ns_reduction *var = parameters;
    int x, result;
    NS_TRY(ns_reduction_input(var, random, program, inputs, &x, error));
    NS_TRY(ns_aten_add_var(program, x, var->dim_count, var->dims, var->correction, var->keepdim, &result,
                           error));
    return ns_aten_add_output(program, result, error);
}

const ns_catalogue_operator ns_catalogue_var = {
    .name = "var",
    .case_count = sizeof cases / sizeof cases[0],
    .cases = cases,
    .qtol = {NS_SEED_QTOL, NS_EXECUTORCH_QTOL},
    .epsilon = {NS_SEED_EPSILON, NS_EXECUTORCH_EPSILON},
    .build = build,
};
