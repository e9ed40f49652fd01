#include "base/bytes.h"
#include "support/graph.h"

static ns_error error;

static const ns_operator *find_operator(const ns_block *block, ns_op op)
{
    for (int i = 0; i < block->operator_count; i++)
        if (block->operators[i].op == op)
            return &block->operators[i];
    fail_msg("the graph has no %s", ns_op_text(op));
    return NULL;
}

static const ns_tensor *input_of(const ns_block *block, const ns_operator *operator, int index)
{
    return &block->tensors[operator->inputs[index]].tensor;
}

/* Facts as tosa-tools 2026.5.0's own Python reader (package `tosa`) prints them for this file. */
static void test_conv1d_facts(void **state)
{
    (void)state;
    ns_graph *graph = test_read_graph(
        "captured/test_conv1d_a16w8_u55_INT[2_3x2x40_nobias_per_channel_quant=False]/delegate0.tosa");
    assert_int_equal(graph->version_major, 1);
    assert_int_equal(graph->version_minor, 0);
    assert_int_equal(graph->version_patch, 0);
    assert_false(graph->version_draft);
    assert_int_equal(graph->region_count, 1);
    const ns_block *block = &graph->regions[0].blocks[0];
    assert_string_equal(block->name, "main");
    assert_int_equal(block->operator_count, 16);
    assert_int_equal(block->tensor_count, 17);
    assert_int_equal(block->input_count, 1);
    assert_string_equal(block->tensors[block->inputs[0]].name,
                        "quantized_decomposed_quantize_per_tensor_default");
    assert_string_equal(block->tensors[block->outputs[0]].name, "tosa_transpose_default_1");

    const ns_operator *conv = find_operator(block, NS_OP_CONV2D);
    const int64_t weight_shape[4] = {3, 1, 2, 2};
    const int8_t weights[12] = {-1, -127, 83, -114, -59, -3, 41, 122, -14, -47, 41, -30};
    assert_memory_equal(input_of(block, conv, 1)->shape, weight_shape, sizeof weight_shape);
    assert_memory_equal(input_of(block, conv, 1)->data, weights, sizeof weights);
    assert_int_equal(input_of(block, conv, 2)->dtype, NS_DTYPE_INT48);
    assert_int_equal(conv->attributes.pad.count, 4);
    assert_int_equal(conv->attributes.stride.values[1], 1);
    assert_int_equal(conv->attributes.acc_type, NS_DTYPE_INT48);

    const ns_operator *rescale = find_operator(block, NS_OP_RESCALE);
    assert_int_equal(ns_tensor_get(input_of(block, rescale, 1), 0), 27182);
    assert_int_equal(ns_tensor_get(input_of(block, rescale, 2), 0), 23);
    assert_false(rescale->attributes.scale32);
    assert_int_equal(rescale->attributes.rounding_mode, NS_SINGLE_ROUND);
    const ns_operator *transpose = find_operator(block, NS_OP_TRANSPOSE);
    assert_int_equal(transpose->attributes.perms.count, 3);
    assert_int_equal(transpose->attributes.perms.values[1], 2);

    const ns_tensor *shape = input_of(block, find_operator(block, NS_OP_RESHAPE), 1);
    const int64_t values[4] = {1, 1, 40, 2};
    assert_int_equal(shape->dtype, NS_DTYPE_SHAPE);
    assert_memory_equal(shape->data, values, sizeof values);
    ns_graph_free(graph);
}

/* A graph of one ABS, as bytes that tests may change. */
static uint8_t *small_file(ns_arena *arena, int minor, size_t *size)
{
    ns_graph *graph = NULL;
    ASSERT_OK(ns_graph_new(&graph, &error));
    graph->version_minor = minor;
    ns_block *block = &graph->regions[0].blocks[0];
    int x = 0, y = 0;
    ASSERT_OK(ns_block_add_tensor(graph, block, "xxxx", NS_DTYPE_INT32, 1, (int64_t[]){4}, &x, &error));
    ASSERT_OK(ns_block_add_tensor(graph, block, "yyyy", NS_DTYPE_INT32, 1, (int64_t[]){4}, &y, &error));
    ASSERT_OK(
        ns_block_add_operator(graph, block, &(ns_operator_parts){NS_OP_ABS, NULL, 1, &x, 1, &y}, &error));
    ASSERT_OK(ns_block_set_inputs(graph, block, 1, &x, &error));
    ASSERT_OK(ns_block_set_outputs(graph, block, 1, &y, &error));
    const void *data = NULL;
    ASSERT_OK(ns_graph_write(graph, arena, &data, size, &error));
    uint8_t *copy = ns_arena_copy(arena, data, *size);
    ns_graph_free(graph);
    return copy;
}

static void expect_failure(const uint8_t *data, size_t size, ns_code code, const char *message)
{
    ns_graph *graph = NULL;
    assert_int_equal(ns_graph_read(data, size, &graph, &error), code);
    assert_null(graph);
    if (!strstr(error.message, message))
        fail_msg("\"%s\" lacks \"%s\"", error.message, message);
}

static void test_versions(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    size_t size = 0;
    for (int minor = 0; minor < 2; minor++) {
        ns_graph *graph = NULL;
        const uint8_t *data = small_file(arena, minor, &size);
        ASSERT_OK(ns_graph_read(data, size, &graph, &error));
        assert_int_equal(graph->version_minor, minor);
        ns_graph_free(graph);
    }
    expect_failure(small_file(arena, 2, &size), size, NS_ERROR_UNSUPPORTED,
                   "TOSA version 1.2.0: versions 1.0 and 1.1 are read");
    ns_arena_free(arena);
}

static void test_other_files(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    size_t size = 0;
    uint8_t *data = small_file(arena, 0, &size);
    expect_failure(data, 7, NS_ERROR_INPUT, "7 bytes are too few for a FlatBuffer");
    data[7] = 'B';
    expect_failure(data, size, NS_ERROR_INPUT, "the file identifier at byte 4 is not \"TOSA\"");
    data[7] = 'A';
    ns_store_u32(data, 0xfffffff0);
    expect_failure(data, size, NS_ERROR_INPUT,
                   "root table: the offset 4294967280 at byte 0 leads out of the file");
    ns_arena_free(arena);
}

/* The name of the operator's input in the file becomes another one. */
static void test_unknown_names(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    size_t size = 0;
    uint8_t *data = small_file(arena, 0, &size);
    for (size_t i = size - 4; i > 0; i--) {
        if (!memcmp(data + i, "xxxx", 4)) {
            data[i] = 'w'; /* the last of the three: the operator's */
            break;
        }
    }
    expect_failure(data, size, NS_ERROR_INPUT,
                   "region 0: block 0: operator 0: ABS: input 0: the block has no tensor \"wxxx\"");
    ns_arena_free(arena);
}

/* ExecuTorch 1.5.0 gives the weight_zp of shape [1] one byte for each channel when weights are per channel.
 */
static void test_extra_data_is_accepted(void **state)
{
    (void)state;
    ns_graph *graph = test_read_graph(
        "captured/test_conv1d_a16w8_u55_INT[2_3x2x40_nobias_per_channel_quant=True]/delegate0.tosa");
    const ns_block *block = &graph->regions[0].blocks[0];
    const ns_tensor *zero_point = input_of(block, find_operator(block, NS_OP_CONV2D), 4);
    assert_int_equal(zero_point->shape[0], 1);
    assert_int_equal(ns_tensor_get(zero_point, 0), 0);
    ns_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conv1d_facts),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_other_files),
        cmocka_unit_test(test_unknown_names),
        cmocka_unit_test(test_extra_data_is_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
