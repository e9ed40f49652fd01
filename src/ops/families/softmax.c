#include "ops/families/reductions.h"

#include <math.h>

#include "ir/interface.h"
#include "ops/declared.h"
#include "ops/families/movement.h"

enum { SELF, DIM };

ns_code ns_softmax_infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    int axis = 0;
    NS_TRY(ns_infer_same(program, node, error));
    return ns_move_dim(node, node->attributes[DIM].integer, node->rank, &axis, error);
}

/* One row of `count` values from `first` on, `step` apart. */
static ns_code softmax_row(const ns_aten_operands *operands, size_t first, int64_t count, int64_t step,
                           bool logarithm, double *out, ns_error *error)
{
    double most = -INFINITY;
    long double sum = 0;
    const double *x = operands->values[0] + first;
    out += first;
    for (int64_t i = 0; i < count; i++)
        most = fmax(most, x[i * step]);
    for (int64_t i = 0; i < count; i++) {
        NS_TRY(ns_aten_check_time_at(operands, first + (size_t)i, error));
        sum += expl((long double)x[i * step] - (long double)most);
    }
    for (int64_t i = 0; i < count; i++) {
        const long double difference = (long double)x[i * step] - (long double)most;
        out[i * step] = (double)(logarithm ? difference - logl(sum) : expl(difference) / sum);
    }
    return NS_OK;
}

static ns_code along_dim(const ns_aten_node *node, const ns_aten_operands *operands, bool logarithm,
                         double *out, ns_error *error)
{
    const int axis = ns_move_axis(node->attributes[DIM].integer, node->rank);
    int64_t step = 1;
    for (int i = axis + 1; i < node->rank; i++)
        step *= node->shape[i];
    const int64_t count = node->shape[axis],
                  outer = (int64_t)ns_aten_count(node) / (count > 0 && step > 0 ? count * step : 1);
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < step; i++)
            NS_TRY(softmax_row(operands, (size_t)(o * count * step + i), count, step, logarithm, out, error));
    return NS_OK;
}

ns_code ns_softmax_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                         ns_error *error)
{
    return along_dim(node, operands, false, out, error);
}

ns_code ns_log_softmax_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                             ns_error *error)
{
    return along_dim(node, operands, true, out, error);
}

ns_code ns_softmax_decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                             ns_error *error)
{
    const int64_t dim = node->attributes[DIM].integer;
    const ns_aten_argument *along = NS_ARGUMENTS({"dim", NS_INTS(1, &dim)}, {"keepdim", NS_BOOL(true)});
    int most, difference, exponential, sum, inverse;
    NS_TRY(ns_aten_call(program, &ns_aten_op_amax, 1, inputs, along, &most, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_sub, 2, (int[]){inputs[0], most}, NULL, &difference, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_exp, 1, &difference, NULL, &exponential, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_sum, 1, &exponential, along, &sum, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_reciprocal, 1, &sum, NULL, &inverse, error));
    return ns_aten_call(program, &ns_aten_op_mul, 2, (int[]){exponential, inverse}, NULL, out, error);
}
