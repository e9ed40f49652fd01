/* COND_IF: the outputs of then_graph or else_graph. WHILE_LOOP: body_graph's outputs become its inputs for as
 * long as cond_graph gives true. */
#include <string.h>

#include "eval/call.h"

/* Puts a block's outputs where the operator's are. */
static ns_code hand_over(ns_eval_call *call, const ns_tensor *const *results, ns_error *error)
{
    for (int i = 0; i < call->output_count; i++) {
        ns_tensor *out = call->outputs[i];
        if (results[i]->dtype != out->dtype || !ns_shape_equal(results[i], out))
            return ns_eval_bad_shape(results[i], "a result of its block", error);
        memcpy(out->data, results[i]->data, ns_tensor_count(out) * (size_t)ns_dtype_bytes(out->dtype));
    }
    return NS_OK;
}

static ns_code read_condition(const ns_tensor *condition, bool *value, ns_error *error)
{
    if (condition->dtype != NS_DTYPE_BOOL || ns_tensor_count(condition) != 1)
        return ns_eval_bad_shape(condition, "the condition", error);
    *value = ns_tensor_get(condition, 0) != 0;
    return NS_OK;
}

static ns_code cond_if(ns_eval_call *call, ns_arena *arena, ns_error *error)
{
    bool condition = false;
    NS_TRY(read_condition(call->inputs[0], &condition, error));
    ns_tensor *results = NS_ARENA_ARRAY(arena, (size_t)call->output_count, ns_tensor);
    const ns_tensor **list = NS_ARENA_ARRAY(arena, (size_t)call->output_count, const ns_tensor *);
    if (!results || !list)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its results");
    for (int i = 0; i < call->output_count; i++)
        list[i] = &results[i];
    const char *name = condition ? call->attributes->then_graph : call->attributes->else_graph;
    NS_TRY(call->run_block(call->run, name, call->input_count - 1, call->inputs + 1, arena,
                           call->output_count, results, error));
    return hand_over(call, list, error);
}

/* One iteration's values live in one arena, the next one's in the other. */
static ns_code while_loop(ns_eval_call *call, ns_arena *arenas[2], ns_error *error)
{
    int count = call->input_count;
    const ns_tensor **list = call->inputs;
    for (int which = 0;; which = !which) {
        ns_arena *arena = arenas[which];
        ns_arena_reset(arena);
        ns_tensor *results = NS_ARENA_ARRAY(arena, (size_t)count + 1, ns_tensor);
        const ns_tensor **next = NS_ARENA_ARRAY(arena, (size_t)count, const ns_tensor *);
        bool condition = false;
        if (!results || !next)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for its results");
        NS_TRY(call->run_block(call->run, call->attributes->cond_graph, count, list, arena, 1,
                               &results[count], error));
        NS_TRY(read_condition(&results[count], &condition, error));
        if (!condition)
            break;
        NS_TRY(call->run_block(call->run, call->attributes->body_graph, count, list, arena, count, results,
                               error));
        for (int i = 0; i < count; i++)
            next[i] = &results[i];
        list = next;
    }
    return hand_over(call, list, error);
}

ns_code ns_eval_cond_if(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 1, -1, call->output_count, error));
    ns_arena *arena = ns_arena_new_within(call->budget);
    ns_code code =
        arena ? cond_if(call, arena, error) : ns_fail(error, NS_ERROR_MEMORY, "no memory for its block");
    ns_arena_free(arena);
    return code;
}

ns_code ns_eval_while_loop(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, call->output_count, call->output_count, call->output_count, error));
    ns_arena *arenas[2] = {ns_arena_new_within(call->budget), ns_arena_new_within(call->budget)};
    ns_code code = arenas[0] && arenas[1] ? while_loop(call, arenas, error)
                                          : ns_fail(error, NS_ERROR_MEMORY, "no memory for its blocks");
    ns_arena_free(arenas[0]);
    ns_arena_free(arenas[1]);
    return code;
}
