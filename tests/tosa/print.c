#include <jansson.h>
#include <math.h>

#include "support/graph.h"

static ns_error error;

#define CONV1D "captured/test_conv1d_a16w8_u55_INT[2_3x2x40_nobias_per_channel_quant=False]/delegate0.tosa"

static const char *print_text(ns_arena *arena, const char *name)
{
    ns_graph *graph = test_read_graph(name);
    const char *text = NULL;
    ASSERT_OK(ns_graph_print_text(graph, arena, &text, &error));
    ns_graph_free(graph);
    return text;
}

static void test_listing(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    const char *text = print_text(arena, CONV1D);
    const char *expected[] = {
        "TOSA 1.0.0\n",
        "block main\n  inputs 1, outputs 1, tensors 17, operators 16\n",
        "    7 CONV2D  pad 0, 0, 0, 0  stride 1, 1  dilation 1, 1  local_bound false\n"
        "            acc_type int48  (468 MACs)\n",
        "      weight      aten_convolution_default_weight_ohwi  [3, 1, 2, 2] int8\n                  = -1, "
        "-127, ",
        "      multiplier  tosa_rescale_default_multipliers  [1] int16 = 27182\n",
        "      factor      0.0032403 = 27182 >> 23\n",
        "MACs          468\nconstants     100 bytes\nprofiles      EXT-INT16 PRO-INT\n",
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        if (!strstr(text, expected[i]))
            fail_msg("the listing lacks:\n%s\nit is:\n%s", expected[i], text);
    ns_arena_free(arena);
}

#define JSON_AT(stack, module)                                                          \
    "{\"aten_info\": {\"node_name\": \"x\"}, \"torch_info\": {\"stack_trace\": [" stack \
    "], \"node_trace\": [{\"name\": \"File \\\"no.py\\\", line 1\"}], \"nn_module_stack\": " module "}}"
#define USER "\"File \\\"/home/me/model.py\\\", line 12, in forward\", "
#define PASS(name) \
    "\"  File \\\"/v/site-packages/executorch/backends/arm/_passes/" name ".py\\\", line 3, in call\""
#define NORM "{\"a\": [\"\", \"m.Net\"], \"b\": [\"block.n\", \"torch.nn.modules.normalization.LayerNorm\"]}"
#define WRAPPER \
    "{\"a\": [\"\", \"torch.export.<locals>.Wrapper\"]}, \"torch_fn\": [\"sub_1\", \"OpOverload.sub\"]"
#define CONV "{\"b\": [\"c\", \"torch.nn.modules.conv.Conv1d\"]}"
#define ROOT "{\"a\": [\"\", \"m.Net\"]}, \"torch_fn\": [\"softmax_1\", \"function.softmax\"]"

/* What ExecuTorch 1.5.1 writes with dump_debug_info, of a chain of operators: an operator without a module
 * takes that of the nearest that the same pass made, else of the nearest. */
static void test_source(void **state)
{
    (void)state;
    static const struct {
        const char *location, *source;
    } chain[] = {
        {JSON_AT(USER PASS("rewrite_conv_pass"), CONV), "module: c (Conv1d), /home/me/model.py:12"},
        {JSON_AT(PASS("decompose_layernorm_pass"), WRAPPER),
         "module: block.n (LayerNorm), /home/me/model.py:12 (taken from its neighbour 't3')"},
        {JSON_AT(USER PASS("decompose_layernorm_pass"), NORM),
         "module: block.n (LayerNorm), /home/me/model.py:12"},
        {JSON_AT(PASS("insert_table_ops"), "\"No module stack trace available\""),
         "module: block.n (LayerNorm), /home/me/model.py:12 (taken from its neighbour 't3')"},
        {JSON_AT("", ROOT), "module: the model itself (Net), softmax"},
        {"model.py:3", "model.py:3"},
        {NULL, NULL},
        {"{", "module: the model itself (Net), softmax (taken from its neighbour 't5')"},
        {"{\"nn_module_stack\": {\"a\": [\"b",
         "module: the model itself (Net), softmax (taken from its neighbour 't5')"},
    };
    enum { COUNT = sizeof chain / sizeof *chain };
    ns_arena *arena = ns_arena_new();
    ns_graph_tensor tensors[COUNT + 1];
    ns_operator operators[COUNT];
    int names[COUNT + 1];
    for (int i = 0; i <= COUNT; i++) {
        names[i] = i;
        tensors[i] = (ns_graph_tensor){.name = ns_arena_format(arena, "t%d", i)};
    }
    for (int i = 0; i < COUNT; i++)
        operators[i] = (ns_operator){.op = NS_OP_ABS,
                                     .input_count = 1,
                                     .output_count = 1,
                                     .inputs = &names[i],
                                     .outputs = &names[i + 1],
                                     .location = chain[i].location};
    ns_block block = {
        .tensor_count = COUNT + 1, .operator_count = COUNT, .tensors = tensors, .operators = operators};
    for (int i = 0; i < COUNT; i++) {
        const char *text = NULL;
        ASSERT_OK(ns_operator_source(&block, i, arena, &text, &error));
        if (chain[i].source)
            assert_string_equal(text, chain[i].source);
        else
            assert_null(text);
    }
    block.operator_count = 2; /* no neighbour has one */
    operators[0].location = NULL;
    const char *text = "";
    ASSERT_OK(ns_operator_source(&block, 1, arena, &text, &error));
    assert_null(text);
    ns_arena_free(arena);
}

/* Some operators, and constants where they are read. */
static void test_some(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_graph *graph = test_read_graph(CONV1D);
    const char *text = NULL;
    ASSERT_OK(ns_graph_print_some(graph, NULL, arena, &text, &error));
    assert_null(strstr(text, "\n    6 CONST"));
    assert_non_null(strstr(text, "multiplier  tosa_rescale_default_multipliers  [1] int16 = 27182\n"));
    const char *const twelve[] = {"12", "rescale", "RESCALE"};
    for (size_t i = 0; i < sizeof twelve / sizeof *twelve; i++) {
        ASSERT_OK(ns_graph_print_some(graph, twelve[i], arena, &text, &error));
        assert_non_null(strstr(text, "\n   12 RESCALE "));
        assert_null(strstr(text, "CONV2D  pad"));
        assert_null(strstr(text, "\n    8 CONST")); /* of that name, and not of that kind */
    }
    ASSERT_OK(ns_graph_print_some(graph, "default_weight_ohwi", arena, &text, &error));
    assert_non_null(strstr(text, "\n    1 CONST\n"));
    assert_int_equal(ns_graph_print_some(graph, "nosuch", arena, &text, &error), NS_ERROR_USAGE);
    assert_int_equal(ns_graph_print_some(graph, "16", arena, &text, &error), NS_ERROR_USAGE);
    assert_int_equal(ns_graph_print_some_json(graph, "", arena, &text, &error), NS_ERROR_USAGE);
    ASSERT_OK(ns_graph_print_some_json(graph, "RESCALE", arena, &text, &error));
    json_t *root = json_loads(text, 0, NULL);
    json_t *block =
        json_array_get(json_object_get(json_array_get(json_object_get(root, "regions"), 0), "blocks"), 0);
    json_t *operators = json_object_get(block, "operators");
    assert_int_equal(json_array_size(operators), 1);
    /* 27182 / 2^23, in the 9 digits of the document. */
    const double factor =
        json_real_value(json_array_get(json_object_get(json_array_get(operators, 0), "factors"), 0));
    assert_true(fabs(factor - 27182.0 / (1 << 23)) < 1e-11);
    json_decref(root);
    ns_graph_free(graph);
    ns_arena_free(arena);
}

/* The issue's own: 1298417 >> 40. Per channel several, of which the first few are shown. */
static void test_factors(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_graph *graph = NULL;
    ASSERT_OK(ns_graph_new(&graph, &error));
    ns_block *block = &graph->regions[0].blocks[0];
    int in[5] = {0}, y = 0;
    int32_t multipliers[] = {1298417, 1 << 30, 3, 4, 5}, zero = 0;
    int8_t shifts[] = {40, 30, 0, 1, 2};
    const ns_attributes rescale = {.scale32 = true, .per_channel = true};
    for (int count = 1; count <= 5; count += 4) {
        const ns_tensor m = {.dtype = NS_DTYPE_INT32, .rank = 1, .shape = {count}, .data = multipliers};
        const ns_tensor s = {.dtype = NS_DTYPE_INT8, .rank = 1, .shape = {count}, .data = shifts};
        const ns_tensor z = {.dtype = NS_DTYPE_INT32, .rank = 1, .shape = {1}, .data = &zero};
        ASSERT_OK(ns_block_add_tensor(graph, block, count == 1 ? "x" : "x5", NS_DTYPE_INT32, 1,
                                      (int64_t[]){count}, &in[0], &error));
        ASSERT_OK(ns_block_add_tensor(graph, block, count == 1 ? "y" : "y5", NS_DTYPE_INT16, 1,
                                      (int64_t[]){count}, &y, &error));
        ASSERT_OK(ns_block_add_const(graph, block, count == 1 ? "m" : "m5", &m, &in[1], &error));
        ASSERT_OK(ns_block_add_const(graph, block, count == 1 ? "s" : "s5", &s, &in[2], &error));
        ASSERT_OK(ns_block_add_const(graph, block, count == 1 ? "i" : "i5", &z, &in[3], &error));
        ASSERT_OK(ns_block_add_const(graph, block, count == 1 ? "o" : "o5", &z, &in[4], &error));
        ASSERT_OK(ns_block_add_operator(graph, block,
                                        &(ns_operator_parts){NS_OP_RESCALE, &rescale, 5, in, 1, &y}, &error));
    }
    const char *text = NULL;
    ASSERT_OK(ns_graph_print_some(graph, "RESCALE", arena, &text, &error));
    assert_non_null(strstr(text, "      factor      1.1809e-06 = 1298417 >> 40\n"));
    assert_non_null(strstr(text, "      factor      1.1809e-06, 1, 3, 2, ..\n"));
    ns_graph_free(graph);
    ns_arena_free(arena);
}

static void check_columns(const char *name)
{
    ns_arena *arena = ns_arena_new();
    for (const char *line = print_text(arena, name); *line; line += strcspn(line, "\n") + 1)
        assert_in_range(strcspn(line, "\n"), 0, 80);
    ns_arena_free(arena);
}

static void test_listings_fit_80_columns(void **state)
{
    (void)state;
    assert_int_equal(test_each_captured(check_columns), 127);
}

/* A graph with an odd name, a clamp's limits, a float constant, more values than are given, and a fault. */
static ns_graph *odd_graph(void)
{
    ns_graph *graph = NULL;
    ASSERT_OK(ns_graph_new(&graph, &error));
    ns_block *block = &graph->regions[0].blocks[0];
    int x = 0, y = 0, c = 0;
    ASSERT_OK(ns_block_add_tensor(graph, block, "x\n\xff", NS_DTYPE_INT16, 1, (int64_t[]){4}, &x, &error));
    ASSERT_OK(ns_block_add_tensor(graph, block, "y\xc3\xa9", NS_DTYPE_INT16, 1, (int64_t[]){5}, &y, &error));
    const ns_attributes clamp = {.min_val = {2, (uint8_t[]){0, 0x80}}, .max_val = {2, (uint8_t[]){0xff, 0}}};
    ASSERT_OK(
        ns_block_add_operator(graph, block, &(ns_operator_parts){NS_OP_CLAMP, &clamp, 1, &x, 1, &y}, &error));
    float values[100] = {0.1f, -3.5f};
    values[99] = 7;
    const ns_tensor constant = {.dtype = NS_DTYPE_FP32, .rank = 1, .shape = {100}, .data = values};
    ASSERT_OK(ns_block_add_const(graph, block, "c", &constant, &c, &error));
    ASSERT_OK(ns_block_set_inputs(graph, block, 1, &x, &error));
    ASSERT_OK(ns_block_set_outputs(graph, block, 1, &y, &error));
    return graph;
}

static void test_json(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_graph *graph = odd_graph();
    const char *text = NULL;
    ASSERT_OK(ns_graph_print_json(graph, arena, &text, &error));
    json_error_t fault;
    json_t *root = json_loads(text, 0, &fault);
    if (!root)
        fail_msg("%s", fault.text);
    json_t *block =
        json_array_get(json_object_get(json_array_get(json_object_get(root, "regions"), 0), "blocks"), 0);
    json_t *operator= json_array_get(json_object_get(block, "operators"), 0);
    json_t *attributes = json_object_get(operator, "attributes");
    json_t *tensor = json_array_get(json_object_get(block, "tensors"), 2);
    assert_string_equal(json_string_value(json_object_get(root, "schema")), "npuscope/inspect/1");
    assert_true(json_is_false(json_object_get(root, "valid")));
    assert_string_equal(
        json_string_value(json_object_get(root, "fault")),
        "operator 0 (CLAMP): output \"output\" is [5] int16 and input \"input\" is [4] int16: their "
        "shapes must be equal");
    assert_string_equal(json_string_value(json_array_get(json_object_get(block, "inputs"), 0)),
                        "x\\x0a\\xff");
    assert_string_equal(json_string_value(json_array_get(json_object_get(block, "outputs"), 0)), "y\xc3\xa9");
    assert_int_equal(json_integer_value(json_object_get(attributes, "min_val")), -32768);
    assert_int_equal(json_integer_value(json_object_get(attributes, "max_val")), 255);
    assert_int_equal(json_array_size(json_object_get(tensor, "values")), 8);
    assert_true((float)json_real_value(json_array_get(json_object_get(tensor, "values"), 0)) == 0.1f);
    assert_true(json_real_value(json_object_get(tensor, "minimum")) == -3.5);
    assert_true(json_real_value(json_object_get(tensor, "maximum")) == 7);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(root, "statistics"), "constant_bytes")), 400);
    json_decref(root);
    ns_graph_free(graph);
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_listing),
        cmocka_unit_test(test_some),
        cmocka_unit_test(test_source),
        cmocka_unit_test(test_factors),
        cmocka_unit_test(test_listings_fit_80_columns),
        cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
