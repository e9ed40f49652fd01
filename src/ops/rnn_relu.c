/* rnn_relu: h = relu(the sum of both linear layers) (families/recurrent.h). */
#include <math.h>

#include "ir/interface.h"
#include "ops/cases.h"
#include "ops/declared.h"
#include "ops/families/products.h"

static ns_code cell(ns_aten_program *program, const int linear[2], int64_t hidden, int *states,
                    ns_error *error)
{
    (void)hidden;
    NS_TRY(ns_aten_call(program, &ns_aten_op_add, 2, linear, NULL, &states[0], error));
    return ns_aten_call(program, &ns_aten_op_relu, 1, &states[0], NULL, &states[0], error);
}

static void compute(const double *linear[2], int64_t hidden, int64_t i, double *const *states)
{
    (void)hidden;
    states[0][i] = fmax(linear[0][i] + linear[1][i], 0);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "steps5",
     &(const ns_call_case){
         6,
         {NS_INPUT(NS_NORMAL, 0, 1, 3, 5, 1, 6), NS_WEIGHT(NS_CONSTANT, 0, 0, 3, 1, 1, 8),
          NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 2, 8, 6), NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 2, 8, 8),
          NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 1, 8), NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 1, 8)},
         NS_CALL_ARGUMENTS({"has_biases", NS_BOOL(true)}, {"num_layers", NS_INT(1)},
                           {"bidirectional", NS_BOOL(false)}, {"batch_first", NS_BOOL(false)})}},
};

const ns_aten_operator ns_aten_op_rnn_relu = {
    .name = "rnn_relu",
    .aten = "aten.rnn_relu.input",
    NS_RECURRENT_FAMILY((&(const ns_recurrent){1, 1, cell, compute}), NS_ATEN_TENSOR),
    .catalogue = NS_CALL_CATALOGUE(COMPOSITE, cases),
};
