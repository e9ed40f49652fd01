/* gru: r, z = sigmoid of the gates' sums; n = tanh(its input's part + r * its state's part); h = n + z * (h -
 * n) (families/recurrent.h). */
#include <math.h>

#include "ir/interface.h"
#include "ops/cases.h"
#include "ops/declared.h"
#include "ops/families/products.h"

enum { R, Z, N };

/* sigmoid(x + y) */
static ns_code add_gate(ns_aten_program *program, int x, int y, int *out, ns_error *error)
{
    NS_TRY(ns_aten_call(program, &ns_aten_op_add, 2, (int[]){x, y}, NULL, out, error));
    return ns_aten_call(program, &ns_aten_op_sigmoid, 1, out, NULL, out, error);
}

static ns_code cell(ns_aten_program *program, const int linear[2], int64_t hidden, int *states,
                    ns_error *error)
{
    int x[3], h[3], r = 0, z = 0, n = 0;
    for (int i = 0; i < 3; i++)
        NS_TRY(ns_recurrent_gate(program, linear[0], hidden, i, &x[i], error));
    for (int i = 0; i < 3; i++)
        NS_TRY(ns_recurrent_gate(program, linear[1], hidden, i, &h[i], error));
    NS_TRY(add_gate(program, x[R], h[R], &r, error));
    NS_TRY(add_gate(program, x[Z], h[Z], &z, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_mul, 2, (int[]){r, h[N]}, NULL, &n, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_add, 2, (int[]){x[N], n}, NULL, &n, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_tanh, 1, &n, NULL, &n, error));
    int *state = &states[0];
    NS_TRY(ns_aten_call(program, &ns_aten_op_sub, 2, (int[]){*state, n}, NULL, state, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_mul, 2, (int[]){z, *state}, NULL, state, error));
    return ns_aten_call(program, &ns_aten_op_add, 2, (int[]){n, *state}, NULL, state, error);
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static void compute(const double *linear[2], int64_t hidden, int64_t i, double *const *states)
{
    const double r = sigmoid(linear[0][i] + linear[1][i]);
    const double z = sigmoid(linear[0][hidden + i] + linear[1][hidden + i]);
    const double n = tanh(linear[0][2 * hidden + i] + r * linear[1][2 * hidden + i]);
    states[0][i] = n + z * (states[0][i] - n);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "steps5",
     &(const ns_call_case){
         6,
         {NS_INPUT(NS_NORMAL, 0, 1, 3, 5, 1, 6), NS_WEIGHT(NS_CONSTANT, 0, 0, 3, 1, 1, 8),
          NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 2, 24, 6), NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 2, 24, 8),
          NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 1, 24), NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 1, 24)},
         NS_CALL_ARGUMENTS({"has_biases", NS_BOOL(true)}, {"num_layers", NS_INT(1)},
                           {"bidirectional", NS_BOOL(false)}, {"batch_first", NS_BOOL(false)})}},
};

const ns_aten_operator ns_aten_op_gru = {
    .name = "gru",
    .aten = "aten.gru.input",
    NS_RECURRENT_FAMILY((&(const ns_recurrent){3, 1, cell, compute}), NS_ATEN_TENSOR),
    .catalogue = NS_CALL_CATALOGUE(COMPOSITE, cases),
};
