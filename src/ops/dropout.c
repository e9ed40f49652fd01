/* dropout: in a model that is not trained the same tensor. */
#include "ops/cases.h"
#include "ops/families/movement.h"

enum { INPUT, P, TRAIN };

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    return node->attributes[TRAIN].integer
               ? ns_fail(error, NS_ERROR_UNSUPPORTED, "%s draws at random: call eval() of the module first",
                         node->op->aten)
               : ns_infer_same(program, node, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank2", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 8))},
};

const ns_aten_operator ns_aten_op_dropout = {
    .name = "dropout",
    .aten = "aten.dropout.default",
    NS_PARAMETERS({"input", NS_ATEN_TENSOR}, {"p", NS_ATEN_REAL}, {"train", NS_ATEN_BOOL}),
    NS_VIEW_FAMILY,
    .only_view = ns_view_always,
    .infer = infer,
    .catalogue = NS_CALL_CATALOGUE(MOVE, cases),
};
