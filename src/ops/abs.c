/* abs: out = |x|. RESCALE to INT32 at the operand's scale, ABS, RESCALE to INT16
 * (InsertRescaleInt32Pass, ExecuTorch 1.5.1, backends/arm/_passes/insert_rescales_pass.py). */
#include <math.h>

#include "ops/cases.h"
#include "ops/families/arithmetic.h"

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank1", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 1, 10))},
    {NS_LIST_SEED, "rank2", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 8))},
    {NS_LIST_SEED, "rank4", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 8, 10))},
};

const ns_aten_operator ns_aten_op_abs = {
    .name = "abs",
    .aten = "aten.abs.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
    NS_RESCALED_FAMILY((&(const ns_rescaled){fabs, NS_OP_ABS})),
    .lower = ns_rescaled_lower,
    .rescales_operands = true,
    .bound = ns_bound_sum,
    .sweepable = true,
    .catalogue = NS_CALL_CATALOGUE(UNARY, cases),
};
