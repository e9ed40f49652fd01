/* masked_fill: x, and a number where the mask is true. Decomposed before the quantiser sees it
 * (ExecuTorch 1.5.1, backends/arm/_passes/decompose_masked_fill_pass.py): where, with a constant of x's
 * shape. */
#include "ir/interface.h"
#include "ops/cases.h"
#include "ops/declared.h"
#include "ops/families/arithmetic.h"

enum { SELF, MASK, VALUE };

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_node *x = ns_aten_operand(program, node, SELF);
    NS_TRY(ns_infer_broadcast(program, node, error));
    node->dtype = x->dtype;
    if (ns_aten_operand(program, node, MASK)->dtype != NS_DTYPE_BOOL || node->rank != x->rank ||
        ns_aten_count(node) != ns_aten_count(x))
        return ns_fail(error, NS_ERROR_INPUT, "%s needs a mask of truth values that fits x", node->op->aten);
    return NS_OK;
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    int64_t at[NS_MAX_RANK] = {0};
    for (size_t i = 0; i < ns_aten_count(node); i++) {
        NS_TRY(ns_aten_check_time_at(operands, i, error));
        ns_coordinates(node, i, at);
        out[i] = operands->values[MASK][ns_broadcast_element(operands->nodes[MASK], node->rank, at)] != 0
                     ? node->attributes[VALUE].real
                     : operands->values[SELF][i];
    }
    return NS_OK;
}

static ns_code decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error)
{
    int filling = 0;
    NS_TRY(ns_aten_add_full(program, node->rank, node->shape, (float)node->attributes[VALUE].real, &filling,
                            error));
    return ns_aten_call(program, &ns_aten_op_where, 3, (int[]){inputs[MASK], filling, inputs[SELF]}, NULL,
                        out, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "broadcast",
     NS_CALL2(NS_INPUT(NS_NORMAL, 0, 1, 3, 3, 8, 8), NS_TRUTH(3, 1, 8, 8), {"value", NS_REAL(-2)})},
};

const ns_aten_operator ns_aten_op_masked_fill = {
    .name = "masked_fill",
    .aten = "aten.masked_fill.Scalar",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"mask", NS_ATEN_TENSOR},
                  {"value", NS_ATEN_REAL, .required = true}),
    .infer = infer,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .decompose = decompose,
    .catalogue = NS_CALL_CATALOGUE(BINARY, cases),
};
