/* softmax: out = e^x / sum over dim of e^x (families/softmax.h). */
#include "ops/families/softmax.h"

const ns_aten_operator ns_aten_op_softmax = {
    .name = "softmax",
    .aten = "aten.softmax.int",
    NS_SOFTMAX_PARAMETERS,
    .infer = ns_softmax_infer,
    .exact = ns_softmax_exact,
    .float32 = ns_aten_rounded,
    .decompose = ns_softmax_decompose,
};
