/* contiguous: the same tensor; where PyTorch keeps it makes no difference here. */
#include "ops/families/view.h"

const ns_aten_operator ns_aten_op_contiguous = {
    .name = "contiguous",
    .aten = "aten.contiguous.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
    NS_VIEW_FAMILY,
    .only_view = ns_view_always,
    .infer = ns_infer_same,
};
