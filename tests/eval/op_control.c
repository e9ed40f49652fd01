/* COND_IF and WHILE_LOOP: blocks by name, values that go round, loops without end; VARIABLE. */
#include "npuscope/eval.h"
#include "support/test.h"

static ns_error error;
static const int64_t one[] = {1};

static int add_tensor(ns_graph *graph, ns_block *block, const char *name, ns_dtype dtype)
{
    int index = 0;
    ASSERT_OK(ns_block_add_tensor(graph, block, name, dtype, 1, one, &index, &error));
    return index;
}

static int add_const(ns_graph *graph, ns_block *block, const char *name, int32_t number)
{
    int index = 0;
    const ns_tensor value = {.dtype = NS_DTYPE_INT32, .rank = 1, .shape = {1}, .data = &number};
    ASSERT_OK(ns_block_add_const(graph, block, name, &value, &index, &error));
    return index;
}

/* A graph of `count` regions with one block each; region 0 is the main one. */
static ns_graph *new_graph(int count, const char *const *names)
{
    ns_graph *graph = NULL;
    ASSERT_OK(ns_graph_new(&graph, &error));
    ns_region *regions = NS_ARENA_ARRAY(graph->arena, (size_t)count, ns_region);
    ns_block *blocks = NS_ARENA_ARRAY(graph->arena, (size_t)count, ns_block);
    regions[0] = graph->regions[0];
    for (int i = 1; i < count; i++) {
        blocks[i].name = names[i - 1];
        regions[i] = (ns_region){.name = names[i - 1], .block_count = 1, .blocks = &blocks[i]};
    }
    graph->regions = regions;
    graph->region_count = count;
    return graph;
}

/* Block of one int32 input: `op` of it and `number`. */
static void fill_block(ns_graph *graph, ns_block *block, ns_op op, int32_t number, ns_dtype result)
{
    int in = add_tensor(graph, block, "x", NS_DTYPE_INT32), constant = add_const(graph, block, "c", number);
    int out = add_tensor(graph, block, "y", result);
    const int operands[] = {constant, in};
    ASSERT_OK(
        ns_block_add_operator(graph, block, &(ns_operator_parts){op, NULL, 2, operands, 1, &out}, &error));
    ASSERT_OK(ns_block_set_inputs(graph, block, 1, &in, &error));
    ASSERT_OK(ns_block_set_outputs(graph, block, 1, &out, &error));
}

/* Adds main's only operator and runs the graph; frees it. */
static ns_code run(ns_graph *graph, ns_op op, const ns_attributes *attributes, bool has_condition,
                   int32_t *value)
{
    ns_block *block = &graph->regions[0].blocks[0];
    bool flag = *value > 0;
    int operands[2], count = 0;
    ns_tensor inputs[2], output;
    if (has_condition) {
        operands[count] = add_tensor(graph, block, "condition", NS_DTYPE_BOOL);
        inputs[count++] = (ns_tensor){.dtype = NS_DTYPE_BOOL, .rank = 1, .shape = {1}, .data = &flag};
    }
    operands[count] = add_tensor(graph, block, "a", NS_DTYPE_INT32);
    inputs[count++] = (ns_tensor){.dtype = NS_DTYPE_INT32, .rank = 1, .shape = {1}, .data = value};
    int out = add_tensor(graph, block, "out", NS_DTYPE_INT32);
    ASSERT_OK(ns_block_add_operator(graph, block,
                                    &(ns_operator_parts){op, attributes, count, operands, 1, &out}, &error));
    ASSERT_OK(ns_block_set_inputs(graph, block, count, operands, &error));
    ASSERT_OK(ns_block_set_outputs(graph, block, 1, &out, &error));
    ns_arena *arena = ns_arena_new();
    ns_code code = ns_eval(graph, NULL, inputs, count, arena, &output, &error);
    if (code == NS_OK)
        *value = (int32_t)ns_tensor_get(&output, 0);
    ns_arena_free(arena);
    ns_graph_free(graph);
    return code;
}

static ns_graph *condition_graph(void)
{
    ns_graph *graph = new_graph(3, (const char *const[]){"hundred", "negate"});
    fill_block(graph, &graph->regions[1].blocks[0], NS_OP_ADD, 100, NS_DTYPE_INT32);
    fill_block(graph, &graph->regions[2].blocks[0], NS_OP_SUB, 0, NS_DTYPE_INT32);
    return graph;
}

static void cond_if_takes_one_block(void **state)
{
    (void)state;
    const ns_attributes attributes = {.then_graph = "hundred", .else_graph = "negate"};
    int32_t value = 7;
    ASSERT_OK(run(condition_graph(), NS_OP_COND_IF, &attributes, true, &value));
    assert_int_equal(value, 107);
    value = -7;
    ASSERT_OK(run(condition_graph(), NS_OP_COND_IF, &attributes, true, &value));
    assert_int_equal(value, 7);
    value = INT32_MAX;
    assert_int_equal(run(condition_graph(), NS_OP_COND_IF, &attributes, true, &value),
                     NS_ERROR_UNPREDICTABLE);
    assert_non_null(strstr(error.message, "(COND_IF) 'out'"));
    assert_non_null(strstr(error.message, "(ADD) 'y'"));
    assert_non_null(strstr(error.message, "100 and 2147483647"));
    const ns_attributes wrong = {.then_graph = "absent", .else_graph = "negate"};
    value = 1;
    assert_int_equal(run(condition_graph(), NS_OP_COND_IF, &wrong, true, &value), NS_ERROR_INPUT);
    assert_non_null(strstr(error.message, "there is no region 'absent' with a block to run"));
}

/* Regions go by their own names, as in tosa_reference_model, which gives 107 for this graph: block "negate"
 * of region "hundred" adds, block "hundred" of region "negate" negates. */
static void regions_are_found_by_their_names(void **state)
{
    (void)state;
    const ns_attributes attributes = {.then_graph = "hundred", .else_graph = "negate"};
    ns_graph *graph = condition_graph();
    graph->regions[1].blocks[0].name = "negate";
    graph->regions[2].blocks[0].name = "hundred";
    assert_ptr_equal(ns_graph_find_block(graph, "hundred"), &graph->regions[1].blocks[0]);
    int32_t value = 7;
    ASSERT_OK(run(graph, NS_OP_COND_IF, &attributes, true, &value));
    assert_int_equal(value, 107);
    /* A block's own name finds nothing. */
    graph = condition_graph();
    graph->regions[1].name = "other";
    assert_null(ns_graph_find_block(graph, "hundred"));
    assert_int_equal(run(graph, NS_OP_COND_IF, &attributes, true, &value), NS_ERROR_INPUT);
}

/* while (limit > x) x += step */
static ns_graph *loop_graph(int32_t limit, int32_t step)
{
    ns_graph *graph = new_graph(3, (const char *const[]){"below", "step"});
    fill_block(graph, &graph->regions[1].blocks[0], NS_OP_GREATER, limit, NS_DTYPE_BOOL);
    fill_block(graph, &graph->regions[2].blocks[0], NS_OP_ADD, step, NS_DTYPE_INT32);
    return graph;
}

static void while_loop_goes_round(void **state)
{
    (void)state;
    const ns_attributes attributes = {.cond_graph = "below", .body_graph = "step"};
    int32_t value = 1;
    ASSERT_OK(run(loop_graph(10, 4), NS_OP_WHILE_LOOP, &attributes, false, &value));
    assert_int_equal(value, 13);
    ASSERT_OK(run(loop_graph(10, 4), NS_OP_WHILE_LOOP, &attributes, false, &value));
    assert_int_equal(value, 13);
    value = INT32_MAX - 10;
    assert_int_equal(run(loop_graph(INT32_MAX, 6), NS_OP_WHILE_LOOP, &attributes, false, &value),
                     NS_ERROR_UNPREDICTABLE);
    assert_non_null(strstr(error.message, "6 and 2147483643"));
}

static void endless_loops_end(void **state)
{
    (void)state;
    const ns_attributes attributes = {.cond_graph = "below", .body_graph = "step"};
    int32_t value = 1;
    assert_int_equal(run(loop_graph(10, 0), NS_OP_WHILE_LOOP, &attributes, false, &value), NS_ERROR_BUDGET);
    assert_non_null(strstr(error.message, "(WHILE_LOOP) 'out'"));
    assert_non_null(strstr(error.message, "the work budget of 17592186044416 operations is exceeded"));
}

/* A block that runs itself. */
static void recursion_ends(void **state)
{
    (void)state;
    ns_graph *graph = new_graph(2, (const char *const[]){"self"});
    ns_block *block = &graph->regions[1].blocks[0];
    const ns_attributes attributes = {.then_graph = "self", .else_graph = "self"};
    const int operands[] = {add_tensor(graph, block, "c", NS_DTYPE_BOOL),
                            add_tensor(graph, block, "x", NS_DTYPE_INT32)};
    const int inputs[] = {operands[0], operands[0], operands[1]};
    int out = add_tensor(graph, block, "y", NS_DTYPE_INT32);
    ASSERT_OK(ns_block_add_operator(
        graph, block, &(ns_operator_parts){NS_OP_COND_IF, &attributes, 3, inputs, 1, &out}, &error));
    ASSERT_OK(ns_block_set_inputs(graph, block, 2, operands, &error));
    ASSERT_OK(ns_block_set_outputs(graph, block, 1, &out, &error));
    ns_block *main_block = &graph->regions[0].blocks[0];
    const int given[] = {add_tensor(graph, main_block, "c", NS_DTYPE_BOOL),
                         add_tensor(graph, main_block, "x", NS_DTYPE_INT32)};
    const int passed[] = {given[0], given[0], given[1]};
    int result = add_tensor(graph, main_block, "y", NS_DTYPE_INT32);
    ASSERT_OK(ns_block_add_operator(
        graph, main_block, &(ns_operator_parts){NS_OP_COND_IF, &attributes, 3, passed, 1, &result}, &error));
    ASSERT_OK(ns_block_set_inputs(graph, main_block, 2, given, &error));
    ASSERT_OK(ns_block_set_outputs(graph, main_block, 1, &result, &error));
    bool flag = true;
    int32_t value = 1;
    const ns_tensor values[] = {{.dtype = NS_DTYPE_BOOL, .rank = 1, .shape = {1}, .data = &flag},
                                {.dtype = NS_DTYPE_INT32, .rank = 1, .shape = {1}, .data = &value}};
    ns_tensor output;
    ns_arena *arena = ns_arena_new();
    assert_int_equal(ns_eval(graph, NULL, values, 2, arena, &output, &error), NS_ERROR_INPUT);
    ns_arena_free(arena);
    ns_graph_free(graph);
}

/* VARIABLE v; [VARIABLE_WRITE v = in;] out = VARIABLE_READ v. */
static ns_code run_variable(bool is_declared, bool is_written, int32_t *value)
{
    ns_graph *graph = new_graph(1, NULL);
    ns_block *block = &graph->regions[0].blocks[0];
    int in = add_tensor(graph, block, "in", NS_DTYPE_INT32),
        v = add_tensor(graph, block, "v", NS_DTYPE_INT32);
    int out = add_tensor(graph, block, "out", NS_DTYPE_INT32);
    block->tensors[v].is_variable = true;
    block->tensors[v].variable_name = "state";
    if (is_declared)
        ASSERT_OK(ns_block_add_operator(graph, block,
                                        &(ns_operator_parts){NS_OP_VARIABLE, NULL, 0, NULL, 1, &v}, &error));
    if (is_written)
        ASSERT_OK(ns_block_add_operator(
            graph, block, &(ns_operator_parts){NS_OP_VARIABLE_WRITE, NULL, 1, &in, 1, &v}, &error));
    ASSERT_OK(ns_block_add_operator(graph, block,
                                    &(ns_operator_parts){NS_OP_VARIABLE_READ, NULL, 1, &v, 1, &out}, &error));
    ASSERT_OK(ns_block_set_inputs(graph, block, 1, &in, &error));
    ASSERT_OK(ns_block_set_outputs(graph, block, 1, &out, &error));
    const ns_tensor input = {.dtype = NS_DTYPE_INT32, .rank = 1, .shape = {1}, .data = value};
    ns_tensor output;
    ns_arena *arena = ns_arena_new();
    ns_code code = ns_eval(graph, NULL, &input, 1, arena, &output, &error);
    if (code == NS_OK)
        *value = (int32_t)ns_tensor_get(&output, 0);
    ns_arena_free(arena);
    ns_graph_free(graph);
    return code;
}

static void variables_keep_what_was_written(void **state)
{
    (void)state;
    int32_t value = 42;
    ASSERT_OK(run_variable(true, true, &value));
    assert_int_equal(value, 42);
    assert_int_equal(run_variable(true, false, &value), NS_ERROR_UNPREDICTABLE);
    assert_non_null(strstr(error.message, "(VARIABLE_READ) 'out'"));
    assert_non_null(strstr(error.message, "variable 'state' is read before it is written"));
    assert_int_equal(run_variable(false, true, &value), NS_ERROR_UNPREDICTABLE);
    assert_non_null(strstr(error.message, "variable 'state' is not declared before"));
}

/* A variable's tensor has no data: an operator that reads it would read nothing. */
static void variables_are_no_operands(void **state)
{
    (void)state;
    ns_graph *graph = new_graph(1, NULL);
    ns_block *block = &graph->regions[0].blocks[0];
    const int in = add_tensor(graph, block, "in", NS_DTYPE_INT32);
    const int v = add_tensor(graph, block, "v", NS_DTYPE_INT32);
    const int out = add_tensor(graph, block, "out", NS_DTYPE_INT32);
    block->tensors[v].is_variable = true;
    const int operands[] = {in, v};
    ASSERT_OK(ns_block_add_operator(graph, block, &(ns_operator_parts){NS_OP_ADD, NULL, 2, operands, 1, &out},
                                    &error));
    ASSERT_OK(ns_block_set_inputs(graph, block, 1, &in, &error));
    ASSERT_OK(ns_block_set_outputs(graph, block, 1, &out, &error));
    int32_t value = 1;
    const ns_tensor input = {.dtype = NS_DTYPE_INT32, .rank = 1, .shape = {1}, .data = &value};
    ns_tensor output;
    ns_arena *arena = ns_arena_new();
    assert_int_equal(ns_eval(graph, NULL, &input, 1, arena, &output, &error), NS_ERROR_INPUT);
    assert_non_null(strstr(error.message, "variable 'v' is an operand"));
    ns_arena_free(arena);
    ns_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cond_if_takes_one_block),
        cmocka_unit_test(regions_are_found_by_their_names),
        cmocka_unit_test(variables_are_no_operands),
        cmocka_unit_test(while_loop_goes_round),
        cmocka_unit_test(endless_loops_end),
        cmocka_unit_test(recursion_ends),
        cmocka_unit_test(variables_keep_what_was_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
