#include "support/test.h"

#include "ir/interface.h"
#include "support/aten.h"

#define SHAPE(...)                                                             \
    (int)(sizeof(int64_t[]){__VA_ARGS__} / sizeof(int64_t)), (const int64_t[]) \
    {                                                                          \
        __VA_ARGS__                                                            \
    }

static void expect_shape(const ns_aten_program *program, int node, int rank, const int64_t *shape)
{
    assert_int_equal(program->nodes[node].rank, rank);
    for (int i = 0; i < rank; i++)
        assert_int_equal(program->nodes[node].shape[i], shape[i]);
}

static void shapes_and_names(void **state)
{
    (void)state;
    ns_error error;
    ns_arena *arena = ns_arena_new();
    ns_aten_program *program;
    int x, y, w, node;
    static const float weight[24];
    ASSERT_OK(ns_aten_program_new(arena, &program, &error));
    ASSERT_OK(ns_aten_add_input(program, "x", SHAPE(2, 3, 20), &x, &error));
    ASSERT_OK(ns_aten_add_input(program, "x", SHAPE(2, 20, 5), &y, &error));
    ASSERT_OK(ns_aten_add_parameter(program, NULL, SHAPE(4, 3, 2), weight, &w, &error));
    assert_string_equal(program->nodes[y].name, "x_1");
    ASSERT_OK(ns_aten_add_bmm(program, x, y, &node, &error));
    expect_shape(program, node, SHAPE(2, 3, 5));
    ASSERT_OK(ns_aten_add_bmm(program, x, y, &node, &error));
    assert_string_equal(program->nodes[node].name, "bmm_1");
    ASSERT_OK(ns_aten_add_conv1d(program, &(conv1d_arguments){x, w, -1, 3, 1, 4, 1}, &node, &error));
    expect_shape(program, node, SHAPE(2, 4, 6)); /* (20 + 2 - 5) / 3 + 1 */
    ASSERT_OK(ns_aten_add_mean(program, x, 0, NULL, false, &node, &error));
    assert_int_equal(program->nodes[node].rank, 0);
    assert_int_equal(program->nodes[node].attributes[1].count, 3);
    ASSERT_OK(ns_aten_add_sum(program, x, 2, (int[]){-1, 0}, true, &node, &error));
    expect_shape(program, node, SHAPE(1, 3, 1));
    assert_int_equal(program->nodes[node].attributes[1].list[0], 2);
    ASSERT_OK(ns_aten_add_reshape(program, x, SHAPE(6, 20), &node, &error));
    ASSERT_OK(ns_aten_add_output(program, node, &error));
    assert_int_equal(program->input_count, 2);
    assert_int_equal(program->outputs[0], node);
    ns_arena_free(arena);
}

/* Integers and truth values go in as they are, and through what moves them. */
static void inputs_that_are_no_reals(void **state)
{
    (void)state;
    ns_error error;
    ns_arena *arena = ns_arena_new();
    ns_aten_program *program, *decomposed;
    int x, y, node;
    ns_tensor inputs[2];
    double **values;
    const int64_t shape[] = {3};
    ASSERT_OK(ns_aten_program_new(arena, &program, &error));
    ASSERT_OK(ns_aten_add_typed_input(program, "x", NS_DTYPE_INT32, SHAPE(3), &x, &error));
    ASSERT_OK(ns_aten_add_typed_input(program, "y", NS_DTYPE_BOOL, SHAPE(3), &y, &error));
    ASSERT_OK(ns_aten_add_reshape(program, y, SHAPE(1, 3), &node, &error));
    ASSERT_OK(ns_aten_add_output(program, node, &error));
    assert_int_equal(program->nodes[node].dtype, NS_DTYPE_BOOL);
    ASSERT_OK(ns_tensor_new(arena, NS_DTYPE_INT32, 1, shape, &inputs[0], &error));
    ASSERT_OK(ns_tensor_new(arena, NS_DTYPE_BOOL, 1, shape, &inputs[1], &error));
    ns_tensor_set(&inputs[0], 2, 2147483647); /* float32 has no such number */
    ns_tensor_set(&inputs[1], 1, 1);
    ASSERT_OK(ns_aten_decompose(program, arena, &decomposed, &error));
    ASSERT_OK(ns_aten_evaluate(decomposed, NS_ATEN_IDEAL, inputs, arena, &values, &error));
    assert_true(values[x][2] == 2147483647 && values[node][1] == 1 && values[node][2] == 0);
    assert_int_equal(
        ns_aten_evaluate(program, NS_ATEN_IDEAL, (ns_tensor[]){inputs[1], inputs[1]}, arena, &values, &error),
        NS_ERROR_INPUT);
    assert_non_null(strstr(error.message, "int32"));
    assert_int_equal(ns_aten_add_typed_input(program, "z", NS_DTYPE_INT8, SHAPE(3), &node, &error),
                     NS_ERROR_INPUT);
    ns_arena_free(arena);
}

static void refused(void **state)
{
    (void)state;
    ns_error error;
    ns_arena *arena = ns_arena_new();
    ns_aten_program *program;
    int x, y, node;
    ASSERT_OK(ns_aten_program_new(arena, &program, &error));
    ASSERT_OK(ns_aten_add_input(program, NULL, SHAPE(2, 3, 4), &x, &error));
    ASSERT_OK(ns_aten_add_input(program, NULL, SHAPE(2, 5, 4), &y, &error));
    int before = program->node_count;
    assert_int_equal(ns_aten_add_bmm(program, x, y, &node, &error), NS_ERROR_INPUT);
    assert_non_null(strstr(error.message, "[2, 3, 4] and [2, 5, 4]"));
    assert_int_equal(ns_aten_add_exp(program, 7, &node, &error), NS_ERROR_INPUT);
    assert_int_equal(ns_aten_add_exp(program, -1, &node, &error), NS_ERROR_INPUT);
    assert_int_equal(ns_aten_add_mean(program, x, 1, (int[]){3}, true, &node, &error), NS_ERROR_INPUT);
    assert_int_equal(ns_aten_add_mean(program, x, 2, (int[]){1, -2}, true, &node, &error), NS_ERROR_INPUT);
    assert_non_null(strstr(error.message, "twice"));
    assert_int_equal(ns_aten_add_reshape(program, x, SHAPE(5, 5), &node, &error), NS_ERROR_INPUT);
    assert_int_equal(ns_aten_add_conv1d(program, &(conv1d_arguments){x, y, -1, 1, 0, 1, 1}, &node, &error),
                     NS_ERROR_INPUT);
    assert_int_equal(ns_aten_add_conv1d(program, &(conv1d_arguments){x, y, -1, 0, 0, 1, 1}, &node, &error),
                     NS_ERROR_INPUT);
    assert_int_equal(ns_aten_add_parameter(program, NULL, SHAPE(2), NULL, &node, &error), NS_ERROR_INPUT);
    assert_int_equal(ns_aten_add_input(program, NULL, SHAPE(-2), &node, &error), NS_ERROR_INPUT);
    assert_int_equal(ns_aten_add_output(program, before, &error), NS_ERROR_INPUT);
    assert_int_equal(program->node_count, before);

    /* Inputs of another shape or type are named. */
    double **values;
    ns_tensor tensors[2];
    int64_t shape[] = {2, 3, 4};
    ASSERT_OK(ns_tensor_new(arena, NS_DTYPE_FP32, 3, shape, &tensors[0], &error));
    ASSERT_OK(ns_tensor_new(arena, NS_DTYPE_FP32, 3, shape, &tensors[1], &error));
    assert_int_equal(ns_aten_evaluate(program, NS_ATEN_IDEAL, tensors, arena, &values, &error),
                     NS_ERROR_INPUT);
    assert_non_null(strstr(error.message, "input 1"));
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(shapes_and_names),
                                       cmocka_unit_test(inputs_that_are_no_reals), cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
