/* Source: ExecuTorch 1.5.1, backends/arm/_passes/decompose_layernorm_pass.py, decompose_groupnorm_pass.py. */
#include "ops/families/reductions.h"

#include <math.h>

#include "ir/interface.h"
#include "ops/declared.h"

ns_code ns_normalise_row(const ns_aten_operands *operands, const double *x, double *out, int64_t count,
                         double epsilon, ns_error *error)
{
    long double sum = 0, squares = 0;
    for (int64_t i = 0; i < count; i++)
        sum += x[i];
    const long double mean = sum / (long double)count;
    for (int64_t i = 0; i < count; i++) {
        NS_TRY(ns_aten_check_time_at(operands, (size_t)i, error));
        squares += (x[i] - mean) * (x[i] - mean);
    }
    const long double factor = 1 / sqrtl(squares / (long double)count + (long double)epsilon);
    for (int64_t i = 0; i < count; i++)
        out[i] = (double)((x[i] - mean) * factor);
    return NS_OK;
}

ns_code ns_normalise_by(ns_aten_program *program, int centred, int var, double epsilon, int *out,
                        ns_error *error)
{
    const int rank = program->nodes[var].rank;
    const float eps = (float)epsilon;
    int64_t one[NS_MAX_RANK];
    int constant, factor;
    for (int i = 0; i < rank; i++)
        one[i] = 1;
    NS_TRY(ns_aten_add_parameter(program, NULL, rank, one, &eps, &constant, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_add, 2, (int[]){var, constant}, NULL, &factor, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_rsqrt, 1, &factor, NULL, &factor, error));
    return ns_aten_call(program, &ns_aten_op_mul, 2, (int[]){centred, factor}, NULL, out, error);
}

ns_code ns_normalise_decompose(ns_aten_program *program, int x, const ns_aten_attribute *dims, double epsilon,
                               int *out, ns_error *error)
{
    int mean, centred, var;
    NS_TRY(ns_aten_call(program, &ns_aten_op_mean_dim, 1, &x,
                        NS_ARGUMENTS({"dim", *dims}, {"keepdim", NS_BOOL(true)}), &mean, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_sub, 2, (int[]){x, mean}, NULL, &centred, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_var, 1, &x,
                        NS_ARGUMENTS({"dim", *dims}, {"correction", NS_REAL(0)}, {"keepdim", NS_BOOL(true)}),
                        &var, error));
    return ns_normalise_by(program, centred, var, epsilon, out, error);
}

ns_code ns_normalise_affine(ns_aten_program *program, int x, int weight, int bias, int rank,
                            const int64_t *shape, int *out, ns_error *error)
{
    int operand = 0;
    *out = x;
    if (weight >= 0) {
        NS_TRY(ns_decompose_reshape(program, weight, rank, shape, &operand, error));
        NS_TRY(ns_aten_call(program, &ns_aten_op_mul, 2, (int[]){*out, operand}, NULL, out, error));
    }
    if (bias >= 0) {
        NS_TRY(ns_decompose_reshape(program, bias, rank, shape, &operand, error));
        NS_TRY(ns_aten_call(program, &ns_aten_op_add, 2, (int[]){*out, operand}, NULL, out, error));
    }
    return NS_OK;
}
