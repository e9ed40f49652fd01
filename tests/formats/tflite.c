#include "formats/tflite.h"

#include "support/data.h"
#include "support/test.h"

static ns_error error;

static ns_bytes load(ns_arena *arena, const char *name)
{
    char relative[256];
    ns_bytes bytes;
    snprintf(relative, sizeof relative, "tflite/%s/model.tflite", name);
    ASSERT_OK(test_data_read(relative, arena, &bytes, &error));
    return bytes;
}

/* What Vela 5.1.0's own schema classes print of the file. */
static void test_compiled_model(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_bytes bytes = load(arena, "add_unequal_int8_u55_v5.1.0");
    ns_tflite model;
    assert_true(ns_tflite_probe(bytes));
    ASSERT_OK(ns_tflite_read(bytes, arena, &model, &error));
    const ns_tflite_subgraph *graph = &model.subgraphs[0];
    assert_int_equal(model.subgraph_count, 1);
    assert_string_equal(model.description, "Vela Optimised");
    assert_int_equal(graph->tensor_count, 6);
    assert_int_equal(graph->operator_count, 1);
    assert_int_equal(graph->input_count, 2);
    assert_int_equal(graph->output_count, 1);
    assert_int_equal(graph->inputs[1], 4);
    assert_int_equal(graph->outputs[0], 5);
    const ns_tflite_operator *operator= & graph->operators[0];
    static const int32_t inputs[] = {0, 1, 2, 2, 3, 4};
    assert_true(operator->custom);
    assert_string_equal(operator->name, "ethos-u");
    assert_int_equal(operator->input_count, 6);
    assert_memory_equal(operator->inputs, inputs, sizeof inputs);
    assert_int_equal(operator->output_count, 1);
    assert_int_equal(operator->outputs[0], 5);
    assert_int_equal(graph->tensors[0].data.size, 372);
    assert_memory_equal(graph->tensors[0].data.data, "COP1", 4);
    const ns_tflite_tensor *second = &graph->tensors[4];
    assert_string_equal(second->name, "x1");
    assert_string_equal(ns_tflite_type_text(second->type), "int8");
    assert_int_equal(ns_tflite_type_bytes(second->type), 1);
    assert_int_equal(second->rank, 4);
    assert_int_equal(second->shape[3], 20);
    assert_null(second->data.data);
    assert_int_equal(second->offset, 608);
    assert_int_equal(second->scale_count, 1);
    assert_true(second->scale > 0.0038109 && second->scale < 0.0038111);
    assert_int_equal(second->zero_point, 8);
    assert_int_equal(graph->tensors[0].offset, -1);
    ns_arena_free(arena);
}

static void test_builtin_operators(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_tflite model;
    ASSERT_OK(ns_tflite_read(load(arena, "cpu_operator"), arena, &model, &error));
    const ns_tflite_subgraph *graph = &model.subgraphs[0];
    int dense = 0;
    for (int i = 0; i < graph->operator_count; i++)
        dense += !graph->operators[i].custom && strcmp(graph->operators[i].name, "FULLY_CONNECTED") == 0;
    assert_int_equal(dense, 1);
    ns_arena_free(arena);
}

static void test_other_files(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_tflite model;
    const ns_bytes tosa = {(const uint8_t *)"\10\0\0\0TOSA\4\0\4\0\4\0\0\0", 16}, none = {NULL, 0};
    assert_false(ns_tflite_probe(tosa));
    assert_false(ns_tflite_probe(none));
    assert_int_equal(ns_tflite_read(tosa, arena, &model, &error), NS_ERROR_INPUT);
    assert_int_equal(ns_tflite_read(none, arena, &model, &error), NS_ERROR_INPUT);
    ns_arena_free(arena);
}

/* A zero point is a code of its type: differences from it are taken in int32. */
static void test_zero_point(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    const ns_bytes bytes = load(arena, "add_unequal_int8_u55_v5.1.0");
    uint8_t *changed = ns_arena_copy(arena, bytes.data, bytes.size);
    static const uint8_t one_of_8[12] = {1, 0, 0, 0, 8}; /* a vector of one int64 */
    ns_tflite model;
    for (size_t i = 0; i + sizeof one_of_8 <= bytes.size; i += 4)
        if (memcmp(changed + i, one_of_8, sizeof one_of_8) == 0)
            changed[i + 7] = 0x80;
    assert_int_equal(ns_tflite_read((ns_bytes){changed, bytes.size}, arena, &model, &error), NS_ERROR_INPUT);
    assert_string_equal(error.message, "tensor 'x1': zero point 2147483656 is none of int8");
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compiled_model),
        cmocka_unit_test(test_builtin_operators),
        cmocka_unit_test(test_other_files),
        cmocka_unit_test(test_zero_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
