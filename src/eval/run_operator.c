#include "eval/internal.h"

#include "eval/interface.h"
#include "eval/real.h"

static const struct {
    ns_eval_function function;
} functions[NS_OP_COUNT] = {
#define NS_EVAL_FUNCTION(op, function) [NS_OP_##op] = {ns_eval_##function},
#include "eval/functions.def"
#undef NS_EVAL_FUNCTION
};

/* The function of an operator on floating-point elements; NULL: it computes nothing with them, or has none.
 */
static ns_eval_function real_function(const ns_eval_call *call)
{
    static const struct {
        ns_eval_function function;
    } real_functions[NS_OP_COUNT] = {
#define NS_REAL_FUNCTION(op, function) [NS_OP_##op] = {ns_real_##function},
#include "eval/real_functions.def"
#undef NS_REAL_FUNCTION
    };
    bool is_real = false;
    for (int i = 0; i < call->input_count; i++)
        is_real |= ns_real_is(call->inputs[i]->dtype);
    for (int i = 0; i < call->output_count; i++)
        is_real |= ns_real_is(call->outputs[i]->dtype);
    return is_real ? real_functions[call->node->op].function : NULL;
}

/* A variable's tensor has a name, but no data: only the operators that know variables may take one. */
static ns_code check_variables(const ns_block *block, const ns_operator *op, ns_error *error)
{
    if (op->op == NS_OP_VARIABLE || op->op == NS_OP_VARIABLE_READ || op->op == NS_OP_VARIABLE_WRITE)
        return NS_OK;
    const int *operands[2] = {op->inputs, op->outputs}, counts[2] = {op->input_count, op->output_count};
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < counts[side]; i++)
            if (block->tensors[operands[side][i]].is_variable)
                return ns_fail(error, NS_ERROR_INPUT, "variable '%s' is an operand: VARIABLE_READ reads one",
                               block->tensors[operands[side][i]].name);
    return NS_OK;
}

/* Whether all operands but the first are constants of the graph. */
static bool is_constant(const ns_block *block, const ns_operator *op)
{
    for (int i = 1; i < op->input_count; i++) {
        const ns_graph_tensor *tensor = &block->tensors[op->inputs[i]];
        if (!tensor->tensor.data || tensor->is_variable)
            return false;
    }
    return true;
}

ns_code ns_run_operator(ns_frame *f, const ns_operator *op, ns_error *error)
{
    struct ns_eval_run *run = f->run;
    const ns_block *block = f->block;
    ns_value *values = f->values;
    ns_eval_call call = {
        .run = run,
        .run_block = run->run_block,
        .variables = &run->variables,
        .block = block,
        .node = op,
        .attributes = &op->attributes,
        .input_count = op->input_count,
        .output_count = op->output_count,
        .scratch = run->scratch,
        .kept_arena = run->kept,
        .kept = is_constant(block, op) ? &f->kept->operators[op - block->operators] : NULL,
        .budget = run->budget,
        .kernels = &run->kernels,
    };
    NS_TRY(check_variables(block, op, error));
    for (int i = 0; i < op->input_count; i++)
        if (!values[op->inputs[i]].present && !block->tensors[op->inputs[i]].is_variable)
            return ns_fail(error, NS_ERROR_INPUT, "tensor '%s' is read before it has a value",
                           block->tensors[op->inputs[i]].name);
    NS_TRY(ns_budget_spend(run->budget, ns_eval_work(block, op) + NS_EVAL_OPERATOR_WORK, error));
    /* RESHAPE and IDENTITY leave the elements where they are. */
    if ((op->op == NS_OP_RESHAPE || op->op == NS_OP_IDENTITY) && op->input_count > 0 &&
        op->output_count == 1 && ns_value_share(&values[op->inputs[0]], &values[op->outputs[0]]))
        return NS_OK;
    /* Operators that run blocks come back here, where the scratch is reset: their lists must outlive it. */
    ns_arena *lists = op->op == NS_OP_COND_IF || op->op == NS_OP_WHILE_LOOP ? f->arena : run->scratch;
    call.inputs = NS_ARENA_ARRAY(lists, (size_t)op->input_count, const ns_tensor *);
    call.outputs = NS_ARENA_ARRAY(lists, (size_t)op->output_count, ns_tensor *);
    if (!call.inputs || !call.outputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its operands");
    for (int i = 0; i < op->input_count; i++)
        call.inputs[i] = &values[op->inputs[i]].tensor;
    for (int i = 0; i < op->output_count; i++) {
        ns_value *v = &values[op->outputs[i]];
        /* A variable as an operand is its name; op_variable.c keeps the values. */
        if (block->tensors[op->outputs[i]].is_variable)
            v->buffer = NULL;
        else if (!v->present)
            NS_TRY(ns_value_make(v, &run->store, f->results, error));
        else if (v->buffer == NULL && op->op != NS_OP_CONST && op->op != NS_OP_CONST_SHAPE)
            return ns_fail(error, NS_ERROR_INPUT, "tensor '%s' is written twice",
                           block->tensors[op->outputs[i]].name);
        call.outputs[i] = &v->tensor;
    }
    const ns_eval_function real = real_function(&call);
    const ns_eval_function function = real ? real : functions[op->op].function;
    return function ? function(&call, error)
                    : ns_fail(error, NS_ERROR_UNSUPPORTED, "this operator is not evaluated");
}
