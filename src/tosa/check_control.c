#include "tosa/check.h"

#include <string.h>

/* CONST, CONST_SHAPE: the output has values. */
ns_code ns_check_const(const ns_check *check)
{
    const ns_graph_tensor *tensor = &check->block->tensors[check->operator->outputs[0]];
    if (!tensor->tensor.data)
        return NS_CHECK_FAIL(check, "constant \"%s\" has no values", tensor->name);
    return NS_OK;
}

/* `count` operands of the operator have the shapes and types that the block's inputs or outputs have. */
static ns_code check_interface(const ns_check *check, const char *role, const ns_block *block, bool outputs,
                               int count, const int *operands)
{
    const char *what = outputs ? "outputs" : "inputs";
    const int wanted = outputs ? block->output_count : block->input_count;
    const int *indices = outputs ? block->outputs : block->inputs;
    if (count != wanted)
        return NS_CHECK_FAIL(check, "%s \"%s\" has %d %s; the operator gives %d", role, block->name, wanted,
                             what, count);
    for (int i = 0; i < count; i++) {
        const ns_tensor *a = &check->block->tensors[operands[i]].tensor;
        const ns_tensor *b = &block->tensors[indices[i]].tensor;
        char x[128], y[128];
        if (a->dtype != b->dtype || !ns_shape_equal(a, b))
            return NS_CHECK_FAIL(check, "%s \"%s\": number %d of its %s is %s; the operator's is %s", role,
                                 block->name, i, what, ns_tensor_describe(b, x, sizeof x),
                                 ns_tensor_describe(a, y, sizeof y));
    }
    return NS_OK;
}

static ns_code find_block(const ns_check *check, const char *role, const char *name, const ns_block **out)
{
    *out = ns_graph_find_block(check->graph, name);
    if (*out)
        return NS_OK;
    return NS_CHECK_FAIL(check, "%s names region \"%s\", which the file does not have", role,
                         name ? name : "");
}

/* COND_IF: the condition has one element; both graphs take the inputs behind it and give the outputs. */
ns_code ns_check_cond_if(const ns_check *check)
{
    const ns_operator *operator= check->operator;
    if (ns_tensor_count(ns_check_input(check, 0)) != 1)
        return NS_CHECK_FAIL(check, "the condition has %zu elements; it must have one",
                             ns_tensor_count(ns_check_input(check, 0)));
    const char *roles[2] = {"then_graph", "else_graph"};
    const char *names[2] = {operator->attributes.then_graph, operator->attributes.else_graph };
    for (int i = 0; i < 2; i++) {
        const ns_block *block = NULL;
        NS_TRY(find_block(check, roles[i], names[i], &block));
        NS_TRY(
            check_interface(check, roles[i], block, false, operator->input_count - 1, operator->inputs + 1));
        NS_TRY(check_interface(check, roles[i], block, true, operator->output_count, operator->outputs));
    }
    return NS_OK;
}

/* WHILE_LOOP: outputs are like inputs; cond_graph takes the inputs and gives one bool; body_graph takes
 * the inputs and gives their like. */
ns_code ns_check_while_loop(const ns_check *check)
{
    const ns_operator *operator= check->operator;
    if (operator->input_count != operator->output_count)
        return NS_CHECK_FAIL(check, "it has %d inputs and %d outputs; they must be as many",
                                    operator->input_count, operator->output_count);
    for (int i = 0; i < operator->input_count; i++) {
        const ns_tensor *a = ns_check_input(check, i), *b = ns_check_output(check, i);
        char x[128], y[128];
        if (a->dtype != b->dtype || !ns_shape_equal(a, b))
            return NS_CHECK_FAIL(check, "input %d is %s, output %d is %s: they must be equal", i,
                                 ns_tensor_describe(a, x, sizeof x), i, ns_tensor_describe(b, y, sizeof y));
    }
    const ns_block *condition = NULL, *body = NULL;
    NS_TRY(find_block(check, "cond_graph", operator->attributes.cond_graph, &condition));
    NS_TRY(find_block(check, "body_graph", operator->attributes.body_graph, &body));
    NS_TRY(check_interface(check, "cond_graph", condition, false, operator->input_count, operator->inputs));
    NS_TRY(check_interface(check, "body_graph", body, false, operator->input_count, operator->inputs));
    NS_TRY(check_interface(check, "body_graph", body, true, operator->output_count, operator->outputs));
    if (condition->output_count != 1)
        return NS_CHECK_FAIL(check, "cond_graph \"%s\" has %d outputs; it must have one", condition->name,
                             condition->output_count);
    const ns_tensor *result = &condition->tensors[condition->outputs[0]].tensor;
    char text[128];
    if (result->dtype != NS_DTYPE_BOOL || ns_tensor_count(result) != 1)
        return NS_CHECK_FAIL(check, "cond_graph \"%s\" gives %s; it must give one bool", condition->name,
                             ns_tensor_describe(result, text, sizeof text));
    return NS_OK;
}

/* VARIABLE, VARIABLE_READ, VARIABLE_WRITE: the operand that names the variable is one, and the value has its
 * shape and type. */
ns_code ns_check_variable(const ns_check *check)
{
    const ns_operator *operator= check->operator;
    const ns_graph_tensor *variable = NULL, *value = NULL;
    for (int i = 0; i < operator->input_count + operator->output_count; i++) {
        const int index =
            i < operator->input_count ? operator->inputs[i] : operator->outputs[i - operator->input_count];
        const ns_graph_tensor *tensor = &check->block->tensors[index];
        if (tensor->is_variable && !variable)
            variable = tensor;
        else
            value = tensor;
    }
    if (variable && value &&
        (variable->tensor.dtype != value->tensor.dtype || !ns_shape_equal(&variable->tensor, &value->tensor)))
        return NS_CHECK_FAIL(check, "variable \"%s\" and tensor \"%s\" differ in shape or type",
                             variable->name, value->name);
    return NS_OK;
}

/* The blocks that an operator runs; returns how many. */
static int called_blocks(const ns_graph *graph, const ns_operator *operator, const ns_block * blocks[2])
{
    const ns_attributes *a = &operator->attributes;
    if (operator->op == NS_OP_COND_IF) {
        blocks[0] = ns_graph_find_block(graph, a->then_graph);
        blocks[1] = ns_graph_find_block(graph, a->else_graph);
        return 2;
    }
    if (operator->op == NS_OP_WHILE_LOOP) {
        blocks[0] = ns_graph_find_block(graph, a->cond_graph);
        blocks[1] = ns_graph_find_block(graph, a->body_graph);
        return 2;
    }
    return 0;
}

/* How deep blocks nest is found level by level: `levels` passes over all operators, so that neither depth
 * nor the number of paths through the blocks costs more. A graph whose blocks call in a circle never ends. */
ns_code ns_check_nesting(const ns_graph *graph, ns_error *error)
{
    size_t count = 0;
    for (int i = 0; i < graph->region_count; i++)
        count += (size_t)graph->regions[i].block_count;
    ns_arena *scratch = ns_arena_new_like(graph->arena);
    const ns_block **level = scratch ? NS_ARENA_ARRAY(scratch, count, const ns_block *) : NULL;
    const ns_block **next = scratch ? NS_ARENA_ARRAY(scratch, count, const ns_block *) : NULL;
    if (!level || !next) {
        ns_arena_free(scratch);
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %zu blocks", count);
    }
    size_t level_count = 1;
    level[0] = &graph->regions[0].blocks[0];
    ns_code code = NS_OK;
    for (int depth = 0; level_count && code == NS_OK; depth++) {
        size_t next_count = 0;
        for (size_t i = 0; i < level_count; i++) {
            for (int j = 0; j < level[i]->operator_count; j++) {
                const ns_block *blocks[2];
                const int calls = called_blocks(graph, &level[i]->operators[j], blocks);
                for (int k = 0; k < calls; k++) {
                    bool known = !blocks[k];
                    for (size_t m = 0; m < next_count; m++)
                        known = known || next[m] == blocks[k];
                    if (!known)
                        next[next_count++] = blocks[k];
                }
            }
        }
        if (next_count && depth >= NS_LEVEL_MAX_NESTING)
            code =
                ns_fail(error, NS_ERROR_UNSUPPORTED,
                        "COND_IF and WHILE_LOOP nest deeper than %d levels, or a block runs itself; level 8K "
                        "allows %d (MAX_NESTING)",
                        NS_LEVEL_MAX_NESTING, NS_LEVEL_MAX_NESTING);
        const ns_block **swap = level;
        level = next;
        next = swap;
        level_count = next_count;
    }
    ns_arena_free(scratch);
    return code;
}
