/* div: out = a / b, broadcast; rounded where asked, to the whole number below or towards 0. Decomposed before
 * the quantiser sees it: reciprocal of b, and mul (ExecuTorch 1.5.1,
 * backends/arm/_passes/decompose_div_pass.py); of a constant b the reciprocal is a constant; then floor, or a
 * choice of ceil and floor (decompose_div_tensor_mode.py). */
#include <math.h>

#include "ir/interface.h"
#include "ops/cases.h"
#include "ops/declared.h"
#include "ops/families/arithmetic.h"
#include "ops/families/reductions.h"

enum { SELF, OTHER, MODE };
enum { TRUNC, FLOOR };

static const char *const modes[] = {"trunc", "floor", NULL};

static double real(double a, double b)
{
    return a / b;
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    const ns_aten_attribute *mode = &node->attributes[MODE];
    NS_TRY(ns_broadcast(node, operands, out, real, error));
    for (size_t i = 0; !mode->none && i < ns_aten_count(node); i++)
        out[i] = mode->integer == FLOOR ? floor(out[i]) : trunc(out[i]);
    return NS_OK;
}

static ns_code invert(ns_aten_program *program, int operand, int *out, ns_error *error)
{
    const ns_aten_node *b = &program->nodes[operand];
    if (b->kind != NS_ATEN_PARAMETER)
        return ns_aten_call(program, &ns_aten_op_reciprocal, 1, &operand, NULL, out, error);
    const size_t count = ns_aten_count(b);
    float *values = NS_ARENA_ARRAY(program->arena, count, float);
    if (!values)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %zu values", count);
    for (size_t i = 0; i < count; i++)
        values[i] = 1.0f / b->data[i];
    return ns_aten_add_parameter(program, NULL, b->rank, b->shape, values, out, error);
}

/* 0 > x ? ceil(x) : floor(x). */
static ns_code truncate(ns_aten_program *program, int x, int *out, ns_error *error)
{
    const int rank = program->nodes[x].rank;
    int64_t one[NS_MAX_RANK];
    int constant = 0, negative = 0, above = 0, below = 0;
    for (int i = 0; i < rank; i++)
        one[i] = 1;
    NS_TRY(ns_aten_add_full(program, rank, one, 0, &constant, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_gt, 2, (int[]){constant, x}, NULL, &negative, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_ceil, 1, &x, NULL, &above, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_floor, 1, &x, NULL, &below, error));
    return ns_aten_call(program, &ns_aten_op_where, 3, (int[]){negative, above, below}, NULL, out, error);
}

static ns_code decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error)
{
    const ns_aten_attribute *mode = &node->attributes[MODE];
    int inverse = 0;
    NS_TRY(invert(program, inputs[1], &inverse, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_mul, 2, (int[]){inputs[0], inverse}, NULL, out, error));
    if (mode->none)
        return NS_OK;
    return mode->integer == FLOOR ? ns_aten_call(program, &ns_aten_op_floor, 1, out, NULL, out, error)
                                  : truncate(program, *out, out, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "same",
     NS_CALL2(NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 8), NS_INPUT(NS_UNIFORM, 0.5, 1, 2, 8, 8))},
    {NS_LIST_SEED, "broadcast",
     NS_CALL2(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 8, 10), NS_INPUT(NS_UNIFORM, 1, 3, 3, 3, 1, 10))},
};

const ns_aten_operator ns_aten_op_div = {
    .name = "div",
    .aten = "aten.div.Tensor",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"other", NS_ATEN_TENSOR},
                  {"rounding_mode", NS_ATEN_CHOICE, .otherwise = NS_ABSENT, .choices = modes}),
    .infer = ns_infer_broadcast,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .decompose = decompose,
    .catalogue = NS_CALL_CATALOGUE(BINARY, cases),
};
