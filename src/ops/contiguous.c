/* contiguous: the same tensor; where PyTorch keeps it makes no difference here. */
#include "ops/cases.h"
#include "ops/families/movement.h"

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank2", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 8))},
};

const ns_aten_operator ns_aten_op_contiguous = {
    .name = "contiguous",
    .aten = "aten.contiguous.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
    NS_VIEW_FAMILY,
    .only_view = ns_view_always,
    .infer = ns_infer_same,
    .catalogue = NS_CALL_CATALOGUE(MOVE, cases),
};
