#include "support/graph.h"

static ns_error error;

/* Counted by hand from the formula of each operator. */
static void test_macs(void **state)
{
    (void)state;
    static const struct {
        ns_op op;
        ns_tensor input, weight, output;
        int64_t macs;
    } rows[] = {
        /* 4 * 5 output positions, 6 channels, 3 * 3 * 2 each */
        {NS_OP_CONV2D,
         {.rank = 4, .shape = {1, 9, 9, 2}},
         {.rank = 4, .shape = {6, 3, 3, 2}},
         {.rank = 4, .shape = {1, 4, 5, 6}},
         20 * 6 * 18},
        {NS_OP_DEPTHWISE_CONV2D,
         {.rank = 4, .shape = {1, 9, 9, 2}},
         {.rank = 4, .shape = {3, 2, 2, 3}},
         {.rank = 4, .shape = {1, 4, 5, 6}},
         20 * 6 * 6},
        /* each of the 2 * 2 * 3 inputs meets 7 * 3 * 3 weights */
        {NS_OP_TRANSPOSE_CONV2D,
         {.rank = 4, .shape = {1, 2, 2, 3}},
         {.rank = 4, .shape = {7, 3, 3, 3}},
         {.rank = 4, .shape = {1, 4, 4, 7}},
         12 * 63},
        {NS_OP_MATMUL,
         {.rank = 3, .shape = {2, 3, 4}},
         {.rank = 3, .shape = {2, 4, 5}},
         {.rank = 3, .shape = {2, 3, 5}},
         30 * 4},
        {NS_OP_ADD, {.rank = 1, .shape = {9}}, {.rank = 1, .shape = {9}}, {.rank = 1, .shape = {9}}, 0},
        /* too few dims for its operator: counted as nothing, not read past */
        {NS_OP_CONV2D, {.rank = 1, .shape = {9}}, {.rank = 1, .shape = {9}}, {.rank = 1, .shape = {9}}, 0},
        {NS_OP_CONV2D,
         {.rank = 4, .shape = {1 << 20, 1 << 20, 1, 1}},
         {.rank = 4, .shape = {1, 1 << 20, 1 << 20, 1}},
         {.rank = 4, .shape = {1 << 20, 1 << 20, 1, 1}},
         INT64_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ns_graph_tensor tensors[3] = {
            {.tensor = rows[i].input}, {.tensor = rows[i].weight}, {.tensor = rows[i].output}};
        const ns_block block = {.tensor_count = 3, .tensors = tensors};
        const ns_operator operator= {.op = rows[i].op,
                                     .input_count = 2,
                                     .output_count = 1,
                                     .inputs = (int[]){0, 1},
                                     .outputs = (int[]){2}};
        assert_int_equal(ns_operator_macs(&block, &operator), rows[i].macs);
    }
}

static void test_counts_of_a_captured_graph(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_graph *graph = test_read_graph("captured/test_bmm_a16w8_u85_INT[rand_same]/delegate0.tosa");
    ns_graph_statistics statistics;
    ASSERT_OK(ns_graph_count(graph, arena, &statistics, &error));
    assert_int_equal(statistics.operators[NS_OP_MATMUL], 1);
    assert_int_equal(statistics.operator_count, graph->regions[0].blocks[0].operator_count);
    assert_true(statistics.macs > 0);
    assert_string_equal(statistics.profiles, "EXT-INT16 PRO-INT");
    ns_graph_free(graph);
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_macs),
        cmocka_unit_test(test_counts_of_a_captured_graph),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
