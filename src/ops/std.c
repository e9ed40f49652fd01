/* std: the root of var. ExecuTorch 1.5.1's quantiser does not know it, and what it becomes later (var, sqrt)
 * is not quantised either: it stays on the CPU. */
#include <math.h>

#include "ops/declared.h"
#include "ops/families/reductions.h"

enum { SELF, DIM, CORRECTION, KEEPDIM };

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    NS_TRY(ns_aten_op_var.exact(node, operands, out, error));
    for (size_t i = 0; i < ns_aten_count(node); i++)
        out[i] = sqrt(out[i]);
    return NS_OK;
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "last",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 16), {"dim", NS_LIST(1, -1)}, {"keepdim", NS_BOOL(true)})},
};

const ns_aten_operator ns_aten_op_std = {
    .name = "std",
    .aten = "aten.std.correction",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"dim", NS_ATEN_INTS},
                  {"correction", NS_ATEN_REAL, .otherwise = NS_ABSENT}, {"keepdim", NS_ATEN_BOOL}),
    .family = &(const ns_reduce){DIM, KEEPDIM},
    .infer = ns_reduce_infer,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .annotation = NS_ANNOTATION_FLOAT,
    .terms = ns_reduce_terms,
    .catalogue = NS_CALL_CATALOGUE(REDUCE, cases),
};
