#include "npuscope/graph.h"

#include "support/test.h"

static ns_error error;

/* More tensors than the first array holds, so that growth is met. */
static void test_tensors_keep_name_and_shape(void **state)
{
    (void)state;
    ns_graph *graph = NULL;
    ASSERT_OK(ns_graph_new(&graph, &error));
    ns_block *block = &graph->regions[0].blocks[0];
    for (int i = 0; i < 100; i++) {
        char name[16];
        snprintf(name, sizeof name, "t%d", i);
        int index = -1;
        ASSERT_OK(
            ns_block_add_tensor(graph, block, name, NS_DTYPE_INT16, 2, (int64_t[]){i, 3}, &index, &error));
        assert_int_equal(index, i);
    }
    assert_int_equal(block->tensor_count, 100);
    assert_string_equal(block->tensors[99].name, "t99");
    assert_int_equal(block->tensors[99].tensor.shape[0], 99);
    assert_int_equal(block->tensors[99].tensor.shape[1], 3);
    assert_null(block->tensors[99].tensor.data);
    ns_graph_free(graph);
}

static void test_constants_are_copied(void **state)
{
    (void)state;
    ns_graph *graph = NULL;
    ASSERT_OK(ns_graph_new(&graph, &error));
    ns_block *block = &graph->regions[0].blocks[0];
    int8_t values[3] = {1, -2, 3};
    const ns_tensor value = {.dtype = NS_DTYPE_INT8, .rank = 1, .shape = {3}, .data = values};
    int index = -1, shape = -1;
    ASSERT_OK(ns_block_add_const(graph, block, "zp", &value, &index, &error));
    memset(values, 0, sizeof values);
    assert_int_equal(ns_tensor_get(&block->tensors[index].tensor, 1), -2);
    ASSERT_OK(ns_block_add_const_shape(graph, block, "new_shape", 2, (int64_t[]){4, 5}, &shape, &error));
    assert_int_equal(block->tensors[shape].tensor.dtype, NS_DTYPE_SHAPE);
    assert_int_equal(ns_tensor_get(&block->tensors[shape].tensor, 1), 5);
    assert_int_equal(block->operator_count, 2);
    assert_int_equal(block->operators[0].op, NS_OP_CONST);
    assert_int_equal(block->operators[0].outputs[0], index);
    assert_int_equal(block->operators[1].op, NS_OP_CONST_SHAPE);
    ns_graph_free(graph);
}

static void test_operator_copies_only_its_attributes(void **state)
{
    (void)state;
    ns_graph *graph = NULL;
    ASSERT_OK(ns_graph_new(&graph, &error));
    ns_block *block = &graph->regions[0].blocks[0];
    int in = -1, out = -1;
    ASSERT_OK(ns_block_add_tensor(graph, block, "x", NS_DTYPE_INT8, 2, (int64_t[]){4, 5}, &in, &error));
    ASSERT_OK(ns_block_add_tensor(graph, block, "y", NS_DTYPE_INT8, 2, (int64_t[]){5, 4}, &out, &error));
    int32_t perms[2] = {1, 0};
    ns_attributes attributes = {.axis = 7, .perms = {.count = 2, .values = perms}};
    ASSERT_OK(ns_block_add_operator(
        graph, block, &(ns_operator_parts){NS_OP_TRANSPOSE, &attributes, 1, &in, 1, &out}, &error));
    perms[0] = 99;
    assert_int_equal(block->operators[0].attributes.perms.values[0], 1);
    assert_int_equal(block->operators[0].attributes.axis, 0);
    ASSERT_OK(ns_block_set_inputs(graph, block, 1, &in, &error));
    ASSERT_OK(ns_block_set_outputs(graph, block, 1, &out, &error));
    assert_int_equal(block->inputs[0], in);
    assert_int_equal(block->outputs[0], out);
    assert_int_equal(ns_block_add_operator(
                         graph, block, &(ns_operator_parts){NS_OP_ABS, NULL, 1, (int[]){2}, 1, &out}, &error),
                     NS_ERROR_INTERNAL);
    assert_string_equal(error.message, "tensor 2 is not one of the block's 2");
    ns_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tensors_keep_name_and_shape),
        cmocka_unit_test(test_constants_are_copied),
        cmocka_unit_test(test_operator_copies_only_its_attributes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
