/* output = f(input1, input2) with broadcasting; kernels/binary.def has each formula and its REQUIRE. */
#include <stdio.h>

#include "eval/interface.h"
#include "eval/step.h"

/* Which types an operator is defined for: bit = size index (int8 1, int16 2, int32 4, int64 8), or bool. */
enum { BOOLS = 16, WORDS = 4 + 8, ALL = 1 + 2 + 4 + 8 };

static const struct {
    ns_binary kernel;
    int types;
    bool is_known;
} rows[NS_OP_COUNT] = {
    [NS_OP_ADD] = {NS_BINARY_ADD, WORDS, true},
    [NS_OP_SUB] = {NS_BINARY_SUB, WORDS, true},
    [NS_OP_INTDIV] = {NS_BINARY_INTDIV, WORDS, true},
    [NS_OP_MAXIMUM] = {NS_BINARY_MAXIMUM, WORDS, true},
    [NS_OP_MINIMUM] = {NS_BINARY_MINIMUM, WORDS, true},
    [NS_OP_ARITHMETIC_RIGHT_SHIFT] = {NS_BINARY_ARITHMETIC_RIGHT_SHIFT, ALL, true},
    [NS_OP_BITWISE_AND] = {NS_BINARY_BITWISE_AND, ALL, true},
    [NS_OP_BITWISE_OR] = {NS_BINARY_BITWISE_OR, ALL, true},
    [NS_OP_BITWISE_XOR] = {NS_BINARY_BITWISE_XOR, ALL, true},
    [NS_OP_LOGICAL_LEFT_SHIFT] = {NS_BINARY_LOGICAL_LEFT_SHIFT, ALL, true},
    [NS_OP_LOGICAL_RIGHT_SHIFT] = {NS_BINARY_LOGICAL_RIGHT_SHIFT, ALL, true},
    [NS_OP_LOGICAL_AND] = {NS_BINARY_LOGICAL_AND, BOOLS, true},
    [NS_OP_LOGICAL_OR] = {NS_BINARY_LOGICAL_OR, BOOLS, true},
    [NS_OP_LOGICAL_XOR] = {NS_BINARY_LOGICAL_XOR, BOOLS, true},
    [NS_OP_EQUAL] = {NS_BINARY_EQUAL, WORDS, true},
    [NS_OP_GREATER] = {NS_BINARY_GREATER, WORDS, true},
    [NS_OP_GREATER_EQUAL] = {NS_BINARY_GREATER_EQUAL, WORDS, true},
};

static bool is_type_allowed(ns_dtype dtype, int types)
{
    if (dtype == NS_DTYPE_BOOL)
        return types & BOOLS;
    return ns_dtype_is_integer(dtype) && dtype != NS_DTYPE_INT4 && dtype != NS_DTYPE_INT48 &&
           (types & 1 << ns_eval_size_index(dtype));
}

/* Finds the first element of a row that the kernel calls a fault, and reports it. */
static ns_code report(const ns_eval_call *call, ns_binary_row kernel, const ns_broadcast *walk,
                      ns_error *error)
{
    const ns_tensor *a = call->inputs[0], *b = call->inputs[1];
    size_t size = (size_t)ns_dtype_bytes(a->dtype);
    for (size_t i = 0; i < walk->row_length; i++) {
        size_t at_a = walk->offset[0] + i * (size_t)walk->row_step[0];
        size_t at_b = walk->offset[1] + i * (size_t)walk->row_step[1];
        int64_t result;
        char element[128];
        if (kernel((const char *)a->data + at_a * size, 1, (const char *)b->data + at_b * size, 1, &result,
                   1))
            return ns_fail(
                error, NS_ERROR_UNPREDICTABLE, "%s: the operands %lld and %lld have no result in %s",
                ns_eval_element(call->outputs[0], walk->row * walk->row_length + i, element, sizeof element),
                (long long)ns_tensor_get(a, at_a), (long long)ns_tensor_get(b, at_b),
                ns_dtype_text(call->outputs[0]->dtype));
    }
    return ns_fail(error, NS_ERROR_INTERNAL, "a fault that is not found again");
}

typedef struct pairwise {
    ns_binary_row kernel;
    int in_bytes, out_bytes;
} pairwise;

/* All but the operands' elements and shapes. */
static ns_code read_pairwise(const ns_eval_call *call, pairwise *p, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 2, 2, 1, error));
    const ns_tensor *a = call->inputs[0], *b = call->inputs[1], *out = call->outputs[0];
    ns_op op = call->node->op;
    if (!rows[op].is_known)
        return ns_fail(error, NS_ERROR_INTERNAL, "an operator without a row");
    ns_binary which = rows[op].kernel;
    if (op == NS_OP_ARITHMETIC_RIGHT_SHIFT && call->attributes->round)
        which = NS_BINARY_ARITHMETIC_RIGHT_SHIFT_ROUND;
    bool is_flag = op == NS_OP_EQUAL || op == NS_OP_GREATER || op == NS_OP_GREATER_EQUAL;
    if (!is_type_allowed(a->dtype, rows[op].types))
        return ns_eval_unsupported_type(a, error);
    if (b->dtype != a->dtype || out->dtype != (is_flag ? NS_DTYPE_BOOL : a->dtype))
        return ns_fail(error, NS_ERROR_INPUT, "its operands are of different types");
    *p = (pairwise){call->kernels->binary[which][ns_eval_size_index(a->dtype)], ns_dtype_bytes(a->dtype),
                    ns_dtype_bytes(out->dtype)};
    return NS_OK;
}

ns_code ns_eval_binary(ns_eval_call *call, ns_error *error)
{
    pairwise p;
    NS_TRY(read_pairwise(call, &p, error));
    const ns_tensor *a = call->inputs[0], *b = call->inputs[1];
    ns_tensor *out = call->outputs[0];
    size_t size = (size_t)p.in_bytes, out_size = (size_t)p.out_bytes;
    ns_broadcast walk;
    NS_TRY(ns_broadcast_begin(&walk, out, 2, call->inputs, error));
    for (; walk.row < walk.row_count; ns_broadcast_next(&walk))
        if (p.kernel((const char *)a->data + walk.offset[0] * size, walk.row_step[0],
                     (const char *)b->data + walk.offset[1] * size, walk.row_step[1],
                     (char *)out->data + walk.row * walk.row_length * out_size, walk.row_length))
            return report(call, p.kernel, &walk, error);
    return NS_OK;
}

static bool run_step(const ns_step *step, const ns_slab *slab)
{
    const pairwise *p = step->data;
    return ns_step_run_binary(p->kernel, step, slab, p->in_bytes, p->out_bytes);
}

ns_code ns_step_binary(ns_eval_call *call, ns_step *step, ns_error *error)
{
    pairwise *p = NS_ARENA_NEW(call->scratch, pairwise);
    if (!p)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a step");
    NS_TRY(read_pairwise(call, p, error));
    step->run = run_step;
    step->data = p;
    return NS_OK;
}
