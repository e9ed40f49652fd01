#include "ir/interface.h"
#include "lower/interface.h"
#include "support/aten.h"
#include "support/quantised_program.h"

static ns_error error;

static ns_aten_program *new_program(void)
{
    ns_aten_program *program = NULL;
    ASSERT_OK(ns_aten_program_new(ns_arena_new(), &program, &error));
    return program;
}

static const ns_operator *find(const ns_graph *graph, ns_op op, int number)
{
    const ns_block *block = &graph->regions[0].blocks[0];
    for (int i = 0; i < block->operator_count; i++)
        if (block->operators[i].op == op && number-- == 0)
            return &block->operators[i];
    fail_msg("no %s number %d", ns_op_text(op), number);
    return NULL;
}

static int64_t constant(const ns_graph *graph, const ns_operator *operator, int operand, size_t element)
{
    return ns_tensor_get(&graph->regions[0].blocks[0].tensors[operator->inputs[operand]].tensor, element);
}

static void assert_list(const ns_int_list *list, int count, const int32_t *expected)
{
    assert_int_equal(list->count, count);
    for (int i = 0; i < count; i++)
        assert_int_equal(list->values[i], expected[i]);
}

static void test_targets(void **state)
{
    (void)state;
    ns_target target = NS_TARGET_U55;
    ASSERT_OK(ns_target_parse("u85", &target, &error));
    assert_int_equal(target, NS_TARGET_U85);
    assert_string_equal(ns_target_text(target), "u85");
    assert_int_equal(ns_target_parse("u65", &target, &error), NS_ERROR_USAGE);
    assert_non_null(strstr(error.message, "u55, u85"));
}

/* A value without scale, and a MEAN that is not decomposed. */
static void test_not_quantised(void **state)
{
    (void)state;
    ns_aten_program *program = new_program();
    int input = 0, output = 0;
    ns_graph *graph = NULL;
    ASSERT_OK(ns_aten_add_input(program, "x", 1, (int64_t[]){4}, &input, &error));
    ASSERT_OK(ns_aten_add_mean(program, input, 0, NULL, true, &output, &error));
    ASSERT_OK(ns_aten_add_output(program, output, &error));
    test_quantise(program, input, 0.5f);
    assert_int_equal(ns_lower(program, NS_TARGET_U55, &graph, &error), NS_ERROR_INPUT);
    assert_non_null(strstr(error.message, "no per-tensor int16 quantisation"));
    test_quantise(program, output, 0.5f);
    assert_int_equal(ns_lower(program, NS_TARGET_U55, &graph, &error), NS_ERROR_INTERNAL);
    assert_non_null(strstr(error.message, "decomposed"));
    ns_arena_free(program->arena);
}

/* mean over 4 = sum * 0.25 with the scales 2^-12, 2^-10, 2^-12, 2^-12: the narrowing by 2^-2 and the
 * product's scale 2^-10 show in the multipliers and shifts. */
static void test_sum_and_mul(void **state)
{
    (void)state;
    ns_aten_program *program = new_program();
    int x = 0, sum = 0, mul = 0;
    ns_graph *graph = NULL;
    ASSERT_OK(ns_aten_add_input(program, "x", 2, (int64_t[]){3, 4}, &x, &error));
    ASSERT_OK(ns_aten_add_sum(program, x, 1, (int[]){1}, true, &sum, &error));
    int quarter = test_parameter(program, NS_DTYPE_INT16, 2, (int64_t[]){1, 1}, (int32_t[]){1024}, 1,
                                 (float[]){0x1p-12f});
    ASSERT_OK(ns_aten_add_mul(program, sum, quarter, &mul, &error));
    ASSERT_OK(ns_aten_add_output(program, mul, &error));
    test_quantise(program, x, 0x1p-12f);
    test_quantise(program, sum, 0x1p-10f);
    test_quantise(program, mul, 0x1p-12f);
    ASSERT_OK(ns_lower(program, NS_TARGET_U85, &graph, &error));
    assert_int_equal(find(graph, NS_OP_REDUCE_SUM, 0)->attributes.axis, 1);
    /* Rescales: constant in, x in, sum out, sum in, product out. */
    static const int shifts[5] = {30, 30, 32, 30, 40};
    for (int i = 0; i < 5; i++) {
        const ns_operator *rescale = find(graph, NS_OP_RESCALE, i);
        assert_true(rescale->attributes.scale32);
        assert_int_equal(constant(graph, rescale, 1, 0), 1 << 30);
        assert_int_equal(constant(graph, rescale, 2, 0), shifts[i]);
    }
    ns_graph_free(graph);
    ns_arena_free(program->arena);
}

/* Kernel 3, stride 4, padding 1 over 12 elements: the last window ends one element behind the padded
 * input's element 11, so that (12 + 2 - 2 - 1) mod 4 = 3 are left over: the padding and 2 elements go. */
static void test_conv1d_size(void **state)
{
    (void)state;
    ns_aten_program *program = new_program();
    int x = 0, conv = 0;
    ns_graph *graph = NULL;
    static const int32_t weights[12] = {1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6};
    ASSERT_OK(ns_aten_add_input(program, "x", 3, (int64_t[]){1, 2, 12}, &x, &error));
    int weight = test_parameter(program, NS_DTYPE_INT8, 3, (int64_t[]){2, 2, 3}, weights, 2,
                                (float[]){0x1p-7f, 0x1p-8f});
    ASSERT_OK(ns_aten_add_conv1d(program, &(conv1d_arguments){x, weight, -1, 4, 1, 1, 1}, &conv, &error));
    ASSERT_OK(ns_aten_add_output(program, conv, &error));
    test_quantise(program, x, 0x1p-12f);
    test_quantise(program, conv, 0x1p-12f);
    ASSERT_OK(ns_lower(program, NS_TARGET_U85, &graph, &error));
    const ns_operator *slice = find(graph, NS_OP_SLICE, 0);
    assert_int_equal(constant(graph, slice, 2, 2), 10);
    const ns_operator *made = find(graph, NS_OP_CONV2D, 0);
    assert_list(&made->attributes.pad, 4, (int32_t[]){0, 0, 1, 0});
    assert_list(&made->attributes.stride, 2, (int32_t[]){1, 4});
    assert_int_equal(made->attributes.acc_type, NS_DTYPE_INT48);
    /* [o, i, k] to [o, 1, k, i], and a zero bias. */
    static const int expected[12] = {1, 4, 2, 5, 3, 6, -1, -4, -2, -5, -3, -6};
    for (size_t i = 0; i < 12; i++)
        assert_int_equal(constant(graph, made, 1, i), expected[i]);
    assert_int_equal(constant(graph, made, 2, 1), 0);
    const ns_operator *rescale = find(graph, NS_OP_RESCALE, 0);
    assert_true(rescale->attributes.per_channel);
    assert_false(rescale->attributes.scale32);
    assert_int_equal(constant(graph, rescale, 1, 0), 1 << 14);
    assert_int_equal(constant(graph, rescale, 2, 0), 21);
    assert_int_equal(constant(graph, rescale, 2, 1), 22);
    ns_graph_free(graph);
    /* The U55 has no stride over 3 with padding. */
    assert_int_equal(ns_lower(program, NS_TARGET_U55, &graph, &error), NS_ERROR_UNSUPPORTED);
    ns_arena_free(program->arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_not_quantised),
        cmocka_unit_test(test_sum_and_mul),
        cmocka_unit_test(test_conv1d_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
