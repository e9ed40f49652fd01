/* Known defects are found by target and release, and only where their pattern is. */
#include "npuscope/defects.h"

#include "support/arena.h"
#include "support/test.h"

/* x [1, 4, 6, 8] int8 -> SLICE of `size` channels from 2 on -> REDUCE_MAX over `axis`. */
static ns_graph *slice_reduce(int64_t size, int axis)
{
    ns_error error;
    ns_graph *graph = NULL;
    ASSERT_OK(ns_graph_new(&graph, &error));
    ns_block *block = &graph->regions[0].blocks[0];
    const int64_t shape[] = {1, 4, 6, 8}, cut[] = {1, 4, 6, size};
    int64_t reduced[] = {1, 4, 6, size};
    reduced[axis] = 1;
    int operands[3], x = 0, y = 0;
    ASSERT_OK(ns_block_add_tensor(graph, block, "x", NS_DTYPE_INT8, 4, shape, &operands[0], &error));
    ASSERT_OK(ns_block_add_const_shape(graph, block, "start", 4, (int64_t[]){0, 0, 0, 8 - size}, &operands[1],
                                       &error));
    ASSERT_OK(ns_block_add_const_shape(graph, block, "size", 4, cut, &operands[2], &error));
    ASSERT_OK(ns_block_add_tensor(graph, block, "cut", NS_DTYPE_INT8, 4, cut, &x, &error));
    ASSERT_OK(ns_block_add_operator(graph, block, &(ns_operator_parts){NS_OP_SLICE, NULL, 3, operands, 1, &x},
                                    &error));
    const ns_attributes attributes = {.axis = axis, .nan_mode = NS_NAN_PROPAGATE};
    ASSERT_OK(ns_block_add_tensor(graph, block, "y", NS_DTYPE_INT8, 4, reduced, &y, &error));
    ASSERT_OK(ns_block_add_operator(
        graph, block, &(ns_operator_parts){NS_OP_REDUCE_MAX, &attributes, 1, &x, 1, &y}, &error));
    ASSERT_OK(ns_block_set_inputs(graph, block, 1, operands, &error));
    ASSERT_OK(ns_block_set_outputs(graph, block, 1, &y, &error));
    ASSERT_OK(ns_graph_validate(graph, &error));
    return graph;
}

/* The families for which the defect is found in the graph; 0 for none. */
static unsigned families_of(ns_graph *graph, unsigned families, const char *release)
{
    ns_error error;
    ns_defect_match *matches = NULL;
    int count = 0;
    ASSERT_OK(ns_defects_find(graph, families, release, arena, &matches, &count, &error));
    const unsigned found = count ? matches[0].families : 0;
    if (count) {
        assert_int_equal(count, 1);
        assert_int_equal(matches[0].defect, NS_DEFECT_slice_reduce);
        assert_int_equal(matches[0].block->operators[matches[0].op].op, NS_OP_REDUCE_MAX);
    }
    ns_graph_free(graph);
    return found;
}

enum { ALL = NS_FAMILY_U55 | NS_FAMILY_U65 | NS_FAMILY_U85 };

/* Over the channels every target is wrong; over H those that reduce over W alone (finds of Vela 5.0.0
 * to 5.2.0, docs/errata.md). */
static void by_target(void **state)
{
    (void)state;
    assert_int_equal(families_of(slice_reduce(4, 3), ALL, "5.1.0"), ALL);
    assert_int_equal(families_of(slice_reduce(4, 3), NS_FAMILY_U85, "5.1.0"), NS_FAMILY_U85);
    assert_int_equal(families_of(slice_reduce(4, 1), ALL, "5.1.0"), NS_FAMILY_U55 | NS_FAMILY_U65);
    assert_int_equal(families_of(slice_reduce(4, 2), ALL, "5.1.0"), 0);
}

static void by_release(void **state)
{
    (void)state;
    assert_int_equal(families_of(slice_reduce(4, 3), ALL, NULL), ALL);
    assert_int_equal(families_of(slice_reduce(4, 3), ALL, "5.2.0"), ALL);
    assert_int_equal(families_of(slice_reduce(4, 3), ALL, "5.2"), 0);
    assert_true(ns_defects_know_release("5.0.0"));
    assert_false(ns_defects_know_release("5.2"));
    assert_false(ns_defects_know_release(""));
}

/* A SLICE of all there is changes nothing. */
static void healthy(void **state)
{
    (void)state;
    assert_int_equal(families_of(slice_reduce(8, 3), ALL, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(by_target, set_up, tear_down),
        cmocka_unit_test_setup_teardown(by_release, set_up, tear_down),
        cmocka_unit_test_setup_teardown(healthy, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
