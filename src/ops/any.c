/* any.dim: whether one of the truth values over dim is true: REDUCE_ANY, RESHAPE where the dim goes
 * (ExecuTorch 1.5.1, backends/arm/_passes/decompose_any_pass.py; operator_support/ethos_u55_support.py keeps
 * it off Ethos-U55). */
#include "lower/lowering.h"
#include "ops/families/reductions.h"

enum { SELF, DIM, KEEPDIM };

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    NS_TRY(ns_reduce_infer(program, node, error));
    node->dtype = NS_DTYPE_BOOL;
    return ns_aten_operand(program, node, SELF)->dtype == NS_DTYPE_BOOL
               ? NS_OK
               : ns_fail(error, NS_ERROR_UNSUPPORTED, "%s of numbers is not known", node->op->aten);
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    ns_reduction reduction;
    for (size_t i = 0; i < ns_aten_count(node); i++)
        out[i] = 0;
    ns_reduction_start(&reduction, node, operands->nodes[SELF]);
    for (size_t i = 0; i < ns_aten_count(operands->nodes[SELF]); i++, ns_reduction_next(&reduction)) {
        NS_TRY(ns_aten_check_time_at(operands, i, error));
        if (operands->values[SELF][i] != 0)
            out[reduction.output] = 1;
    }
    return NS_OK;
}

static ns_code supported(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                         ns_error *error)
{
    (void)program;
    return target == NS_TARGET_U55 ? ns_keep_off(node, target, error, "Op is not supported on U55.") : NS_OK;
}

static ns_code lower(ns_lowering *lowering, int node, ns_error *error)
{
    return ns_reduce_lower(lowering, node, &(ns_attributes){0}, NS_OP_REDUCE_ANY, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "last", NS_CALL1(NS_TRUTH(2, 8, 8), {"dim", NS_LIST(1, -1)})},
    {NS_LIST_SEED, "dims12_keepdim",
     NS_CALL1(NS_TRUTH(4, 1, 3, 8, 10), {"dim", NS_LIST(2, 1, 2)}, {"keepdim", NS_BOOL(true)})},
};

const ns_aten_operator ns_aten_op_any = {
    .name = "any.dim",
    .aten = "aten.any.dim",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"dim", NS_ATEN_INTS}, {"keepdim", NS_ATEN_BOOL}),
    .family = &(const ns_reduce){DIM, KEEPDIM},
    .infer = infer,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .annotation = NS_ANNOTATION_NONE,
    .supported = supported,
    .lower = lower,
    .terms = ns_reduce_terms,
    .catalogue = NS_CALL_CATALOGUE(REDUCE, cases),
};
