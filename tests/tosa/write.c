#include "support/graph.h"
#include "tosa/operator_info.h"

static ns_error error;

static void assert_lists_equal(int count, const int *a, int other_count, const int *b)
{
    assert_int_equal(count, other_count);
    for (int i = 0; i < count; i++)
        assert_int_equal(a[i], b[i]);
}

static void assert_attribute_equal(ns_attribute attribute, const ns_attributes *a, const ns_attributes *b)
{
    const ns_attribute_info *info = ns_attribute_get_info(attribute);
    const void *x = ns_attribute_const_field(a, attribute), *y = ns_attribute_const_field(b, attribute);
    if (info->kind == NS_ATTRIBUTE_KIND_INT_LIST) {
        const ns_int_list *p = x, *q = y;
        assert_lists_equal(p->count, p->values, q->count, q->values);
    } else if (info->kind == NS_ATTRIBUTE_KIND_BYTE_LIST) {
        const ns_byte_list *p = x, *q = y;
        assert_int_equal(p->count, q->count);
        assert_memory_equal(p->values, q->values, p->count);
    } else if (info->kind == NS_ATTRIBUTE_KIND_STRING) {
        const char *const *p = x, *const *q = y;
        assert_int_equal(!*p, !*q);
        if (*p)
            assert_string_equal(*p, *q);
    } else {
        assert_memory_equal(x, y, info->size);
    }
}

static void assert_blocks_equal(const ns_block *a, const ns_block *b)
{
    assert_string_equal(a->name, b->name);
    assert_lists_equal(a->input_count, a->inputs, b->input_count, b->inputs);
    assert_lists_equal(a->output_count, a->outputs, b->output_count, b->outputs);
    assert_int_equal(a->tensor_count, b->tensor_count);
    for (int i = 0; i < a->tensor_count; i++) {
        const ns_tensor *x = &a->tensors[i].tensor, *y = &b->tensors[i].tensor;
        assert_string_equal(a->tensors[i].name, b->tensors[i].name);
        assert_int_equal(x->dtype, y->dtype);
        assert_true(ns_shape_equal(x, y));
        assert_int_equal(!x->data, !y->data);
        if (x->data)
            assert_memory_equal(x->data, y->data, ns_tensor_count(x) * (size_t)ns_dtype_bytes(x->dtype));
    }
    assert_int_equal(a->operator_count, b->operator_count);
    for (int i = 0; i < a->operator_count; i++) {
        const ns_operator *x = &a->operators[i], *y = &b->operators[i];
        assert_int_equal(x->op, y->op);
        assert_lists_equal(x->input_count, x->inputs, y->input_count, y->inputs);
        assert_lists_equal(x->output_count, x->outputs, y->output_count, y->outputs);
        for (ns_attribute attribute = 0; attribute < NS_ATTRIBUTE_COUNT; attribute++)
            assert_attribute_equal(attribute, &x->attributes, &y->attributes);
        assert_int_equal(!x->location, !y->location);
        if (x->location)
            assert_string_equal(x->location, y->location);
    }
}

static ns_graph *write_and_read(const ns_graph *graph, ns_arena *arena, ns_bytes *bytes)
{
    const void *data = NULL;
    ns_graph *again = NULL;
    ASSERT_OK(ns_graph_write(graph, arena, &data, &bytes->size, &error));
    bytes->data = data;
    ASSERT_OK(ns_graph_read(bytes->data, bytes->size, &again, &error));
    return again;
}

static void check_round_trip(const char *name)
{
    ns_arena *arena = ns_arena_new();
    ns_graph *graph = test_read_graph(name);
    ns_bytes first, second;
    ns_graph *again = write_and_read(graph, arena, &first);
    assert_int_equal(graph->version_major, again->version_major);
    assert_int_equal(graph->version_minor, again->version_minor);
    assert_int_equal(graph->version_patch, again->version_patch);
    assert_int_equal(graph->version_draft, again->version_draft);
    assert_int_equal(graph->region_count, again->region_count);
    for (int i = 0; i < graph->region_count; i++) {
        assert_int_equal(graph->regions[i].block_count, again->regions[i].block_count);
        for (int j = 0; j < graph->regions[i].block_count; j++)
            assert_blocks_equal(&graph->regions[i].blocks[j], &again->regions[i].blocks[j]);
    }
    ns_graph_free(write_and_read(again, arena, &second));
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.data, second.data, first.size);
    ns_graph_free(graph);
    ns_graph_free(again);
    ns_arena_free(arena);
}

static void test_captured_graphs_round_trip(void **state)
{
    (void)state;
    assert_int_equal(test_each_captured(check_round_trip), 127);
}

/* One operator for each kind of attribute, and one constant for each packing. */
static void test_every_kind_round_trips(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_graph *graph = NULL;
    ASSERT_OK(ns_graph_new(&graph, &error));
    graph->version_minor = 1;
    graph->version_draft = true;
    ns_block *block = &graph->regions[0].blocks[0];
    int8_t nibbles[5] = {-8, 7, -1, 0, 3};
    int64_t wide[2] = {-((int64_t)1 << 47), ((int64_t)1 << 47) - 1};
    uint8_t six[5] = {0x3f, 0x01, 0x20, 0x15, 0x2a};
    const ns_tensor values[] = {
        {.dtype = NS_DTYPE_INT4, .rank = 1, .shape = {5}, .data = nibbles},
        {.dtype = NS_DTYPE_INT48, .rank = 1, .shape = {2}, .data = wide},
        {.dtype = NS_DTYPE_FP6E2M3, .rank = 1, .shape = {5}, .data = six},
    };
    int tensors[4];
    for (int i = 0; i < 3; i++) {
        char name[8];
        snprintf(name, sizeof name, "c%d", i);
        ASSERT_OK(ns_block_add_const(graph, block, name, &values[i], &tensors[i], &error));
    }
    ASSERT_OK(ns_block_add_const_shape(graph, block, "none", 0, NULL, &tensors[3], &error));
    const ns_attributes attributes = {
        .axis = -3,
        .nan_mode = NS_NAN_IGNORE,
        .kernel = {2, (int32_t[]){3, -5}},
        .acc_type = NS_DTYPE_INT48,
        .local_bound = true,
        .min_val = {3, (uint8_t[]){1, 0, 255}},
        .operator_name = "name",
        .domain_name = "",
        .implementation_attrs = {1, (uint8_t[]){9}},
    };
    const ns_op ops[] = {NS_OP_ARGMAX, NS_OP_AVG_POOL2D, NS_OP_CONV2D, NS_OP_CLAMP, NS_OP_CUSTOM, NS_OP_ADD};
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
        ASSERT_OK(ns_block_add_operator(
            graph, block, &(ns_operator_parts){ops[i], &attributes, 4, tensors, 0, NULL}, &error));
    ns_bytes bytes;
    ns_graph *again = write_and_read(graph, arena, &bytes);
    assert_int_equal(again->version_minor, 1);
    assert_true(again->version_draft);
    assert_blocks_equal(block, &again->regions[0].blocks[0]);
    ns_graph_free(again);
    ns_graph_free(graph);
    ns_arena_free(arena);
}

static void test_dims_beyond_32_bits_are_refused(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_graph *graph = NULL;
    ASSERT_OK(ns_graph_new(&graph, &error));
    int index = 0;
    ASSERT_OK(ns_block_add_tensor(graph, &graph->regions[0].blocks[0], "x", NS_DTYPE_INT8, 1,
                                  (int64_t[]){(int64_t)1 << 31}, &index, &error));
    const void *data = NULL;
    size_t size = 0;
    assert_int_equal(ns_graph_write(graph, arena, &data, &size, &error), NS_ERROR_UNSUPPORTED);
    assert_string_equal(error.message,
                        "tensor \"x\": dim 0 is 2147483648; a .tosa file holds dims below 2^31");
    ns_graph_free(graph);
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_captured_graphs_round_trip),
        cmocka_unit_test(test_every_kind_round_trips),
        cmocka_unit_test(test_dims_beyond_32_bits_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
