/* CONST and CONST_SHAPE: the values are the output tensor's own, in the file. */
#include "eval/call.h"

ns_code ns_eval_constant(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 0, 0, 1, error));
    const ns_graph_tensor *declared = &call->block->tensors[call->node->outputs[0]];
    if (!declared->tensor.data || declared->is_variable)
        return ns_fail(error, NS_ERROR_INPUT, "the constant has no values");
    return NS_OK;
}
