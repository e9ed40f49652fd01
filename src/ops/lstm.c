/* lstm: i, f, o = sigmoid, g = tanh of the gates' sums; c = f * c + i * g; h = o * tanh(c)
 * (families/recurrent.h). */
#include <math.h>

#include "ir/interface.h"
#include "ops/cases.h"
#include "ops/declared.h"
#include "ops/families/products.h"

enum { I, F, G, O };

static ns_code cell(ns_aten_program *program, const int linear[2], int64_t hidden, int *states,
                    ns_error *error)
{
    int sum = 0, gates[4], kept = 0, added = 0;
    NS_TRY(ns_aten_call(program, &ns_aten_op_add, 2, linear, NULL, &sum, error));
    for (int i = 0; i < 4; i++)
        NS_TRY(ns_recurrent_gate(program, sum, hidden, i, &gates[i], error));
    for (int i = 0; i < 4; i++)
        NS_TRY(ns_aten_call(program, i == G ? &ns_aten_op_tanh : &ns_aten_op_sigmoid, 1, &gates[i], NULL,
                            &gates[i], error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_mul, 2, (int[]){gates[F], states[1]}, NULL, &kept, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_mul, 2, (int[]){gates[I], gates[G]}, NULL, &added, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_add, 2, (int[]){kept, added}, NULL, &states[1], error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_tanh, 1, &states[1], NULL, &states[0], error));
    return ns_aten_call(program, &ns_aten_op_mul, 2, (int[]){gates[O], states[0]}, NULL, &states[0], error);
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static void compute(const double *linear[2], int64_t hidden, int64_t i, double *const *states)
{
    double gates[4];
    for (int g = 0; g < 4; g++)
        gates[g] = linear[0][g * hidden + i] + linear[1][g * hidden + i];
    states[1][i] = sigmoid(gates[F]) * states[1][i] + sigmoid(gates[I]) * tanh(gates[G]);
    states[0][i] = sigmoid(gates[O]) * tanh(states[1][i]);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "steps5",
     &(const ns_call_case){
         7,
         {NS_INPUT(NS_NORMAL, 0, 1, 3, 5, 1, 6), NS_WEIGHT(NS_CONSTANT, 0, 0, 3, 1, 1, 8),
          NS_WEIGHT(NS_CONSTANT, 0, 0, 3, 1, 1, 8), NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 2, 32, 6),
          NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 2, 32, 8), NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 1, 32),
          NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 1, 32)},
         NS_CALL_ARGUMENTS({"has_biases", NS_BOOL(true)}, {"num_layers", NS_INT(1)},
                           {"bidirectional", NS_BOOL(false)}, {"batch_first", NS_BOOL(false)})}},
};

const ns_aten_operator ns_aten_op_lstm = {
    .name = "lstm",
    .aten = "aten.lstm.input",
    NS_RECURRENT_FAMILY((&(const ns_recurrent){4, 2, cell, compute}), NS_ATEN_TENSORS),
    .catalogue = NS_CALL_CATALOGUE(COMPOSITE, cases),
};
