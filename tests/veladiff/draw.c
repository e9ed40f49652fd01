/* Drawn inputs reach what a clamp hides: max(x) - min(x) of a row saturates int16 for whole-range integers.
 */
#include "support/arena.h"
#include "support/test.h"
#include "veladiff/internal.h"

enum { ROWS = 4, COLUMNS = 64 };

static ns_error error;

static int add_tensor(ns_graph *graph, ns_dtype dtype, int64_t columns)
{
    char name[16];
    int index = 0;
    ns_block *block = &graph->regions[0].blocks[0];
    snprintf(name, sizeof name, "t%d", block->tensor_count);
    ASSERT_OK(ns_block_add_tensor(graph, block, name, dtype, 2, (int64_t[]){ROWS, columns}, &index, &error));
    return index;
}

static int add(ns_graph *graph, ns_op op, const ns_attributes *attributes, int count, const int *inputs,
               int out)
{
    const ns_operator_parts parts = {op, attributes, count, inputs, 1, &out};
    ASSERT_OK(ns_block_add_operator(graph, &graph->regions[0].blocks[0], &parts, &error));
    return out;
}

static int add_one(ns_graph *graph, ns_dtype dtype, int64_t value)
{
    ns_tensor tensor;
    char name[16];
    int index = 0;
    ns_block *block = &graph->regions[0].blocks[0];
    snprintf(name, sizeof name, "t%d", block->tensor_count);
    ASSERT_OK(ns_tensor_new(graph->arena, dtype, 1, (int64_t[]){1}, &tensor, &error));
    ns_tensor_set(&tensor, 0, value);
    ASSERT_OK(ns_block_add_const(graph, block, name, &tensor, &index, &error));
    return index;
}

/* Times 2^(30 - shift). */
static int rescale(ns_graph *graph, int in, ns_dtype from, ns_dtype to, int shift)
{
    const ns_attributes attributes = {.scale32 = true, .rounding_mode = NS_SINGLE_ROUND};
    const int operands[] = {in, add_one(graph, NS_DTYPE_INT32, 1 << 30), add_one(graph, NS_DTYPE_INT8, shift),
                            add_one(graph, from, 0), add_one(graph, to, 0)};
    return add(graph, NS_OP_RESCALE, &attributes, 5, operands, add_tensor(graph, to, 1));
}

/* max - min of each row. */
static ns_graph *make_graph(void)
{
    ns_graph *graph = NULL;
    const ns_attributes along = {.axis = 1, .nan_mode = NS_NAN_PROPAGATE};
    ASSERT_OK(ns_graph_new(&graph, &error));
    ns_block *block = &graph->regions[0].blocks[0];
    const int x = add_tensor(graph, NS_DTYPE_INT16, COLUMNS);
    const int high = add(graph, NS_OP_REDUCE_MAX, &along, 1, &x, add_tensor(graph, NS_DTYPE_INT16, 1));
    const int low = add(graph, NS_OP_REDUCE_MIN, &along, 1, &x, add_tensor(graph, NS_DTYPE_INT16, 1));
    const int both[] = {rescale(graph, high, NS_DTYPE_INT16, NS_DTYPE_INT32, 30),
                        rescale(graph, low, NS_DTYPE_INT16, NS_DTYPE_INT32, 30)};
    const int apart = add(graph, NS_OP_SUB, NULL, 2, both, add_tensor(graph, NS_DTYPE_INT32, 1));
    const int out = rescale(graph, apart, NS_DTYPE_INT32, NS_DTYPE_INT16, 30);
    ASSERT_OK(ns_block_set_inputs(graph, block, 1, &x, &error));
    ASSERT_OK(ns_block_set_outputs(graph, block, 1, &out, &error));
    return graph;
}

static bool saturates(const ns_tensor *tensor)
{
    for (size_t i = 0; i < ns_tensor_count(tensor); i++)
        if (ns_tensor_get(tensor, i) != INT16_MAX)
            return false;
    return true;
}

static void test_a_clamp_hides_nothing(void **state)
{
    (void)state;
    ns_graph *graph = make_graph();
    ns_vela_diff_graph result = {0};
    ns_diff_subject subject = {.result = &result, .input_count = 1, .output_count = 1, .read = {true}};
    const ns_eval_options options = {0};
    ns_random random = {0};
    ASSERT_OK(ns_diff_draw(graph, &options, &random, arena, &subject, &error));
    /* The whole range is among the sets, and says nothing: 64 draws span more than half of it but once in
     * 2^56. */
    assert_true(saturates(subject.sets[0].evaluated));
    int shown = 0, equal_rows = 0;
    for (int i = 0; i < subject.set_count; i++) {
        const ns_tensor *in = &subject.sets[i].inputs[0], *out = &subject.sets[i].evaluated[0];
        shown += !saturates(out);
        bool equal = true;
        for (size_t k = 0; k < ns_tensor_count(in); k++)
            equal = equal && ns_tensor_get(in, k) == ns_tensor_get(in, k - k % COLUMNS);
        for (int row = 0; equal && row < ROWS; row++)
            assert_int_equal(ns_tensor_get(out, (size_t)row), 0);
        equal_rows += equal;
    }
    assert_true(shown >= 3);
    assert_true(equal_rows >= 1);
    assert_int_equal(result.unmoved, 0);
    ns_graph_free(graph);
}

/* An output that nothing moves: times 2^-32. */
static void test_what_does_not_change(void **state)
{
    (void)state;
    ns_graph *graph = NULL;
    ASSERT_OK(ns_graph_new(&graph, &error));
    ns_block *block = &graph->regions[0].blocks[0];
    const int x = add_tensor(graph, NS_DTYPE_INT8, 1);
    const int out = rescale(graph, x, NS_DTYPE_INT8, NS_DTYPE_INT8, 62);
    ASSERT_OK(ns_block_set_inputs(graph, block, 1, &x, &error));
    ASSERT_OK(ns_block_set_outputs(graph, block, 1, &out, &error));
    ns_vela_diff_graph result = {0};
    ns_diff_subject subject = {.result = &result, .input_count = 1, .output_count = 1, .read = {true}};
    const ns_eval_options options = {0};
    ns_random random = {0};
    ASSERT_OK(ns_diff_draw(graph, &options, &random, arena, &subject, &error));
    assert_int_equal(result.unmoved, ROWS);
    assert_int_equal(subject.set_count, 6);
    ns_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_clamp_hides_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_does_not_change, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
