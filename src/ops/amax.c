/* amax: the largest element over dim. */
#include "ops/cases.h"
#include "ops/declared.h"
#include "ops/families/reductions.h"

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "last", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 8), {"dim", NS_LIST(1, -1)})},
    {NS_LIST_SEED, "last_keepdim",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 8, 10), {"dim", NS_LIST(1, -1)},
              {"keepdim", NS_BOOL(true)})},
    {NS_LIST_SEED, "dims12", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 8, 10), {"dim", NS_LIST(2, 1, 2)})},
    {NS_LIST_SEED, "first_keepdim",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 4, 8), {"dim", NS_LIST(1, 0)}, {"keepdim", NS_BOOL(true)})},
};

const ns_aten_operator ns_aten_op_amax = {
    .name = "amax",
    .aten = "aten.amax.default",
    NS_EXTREME_FAMILY(NS_OP_REDUCE_MAX, 1),
    .catalogue = NS_CALL_CATALOGUE(REDUCE, cases),
};

static ns_code decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error)
{
    return ns_decompose_extreme(program, &ns_aten_op_amax, node, inputs, out, error);
}

const ns_aten_operator ns_aten_op_max_dim = {
    .name = "max.dim",
    .aten = "aten.max.dim",
    NS_EXTREME_OF_DIM(NS_OP_REDUCE_MAX, 1),
    .decompose = decompose,
};
