/* What a graph of a few hundred bytes may ask for: windows that take hours, outputs that no machine holds. */
#include "npuscope/eval.h"
#include "support/test.h"

static ns_error error;

/* `op` from x to `outputs` tensors of its kind, with the attributes. */
static ns_graph *graph_of(ns_op op, const ns_attributes *attributes, const int64_t *in, const int64_t *out,
                          int outputs)
{
    ns_graph *graph = NULL;
    ASSERT_OK(ns_graph_new(&graph, &error));
    ns_block *block = &graph->regions[0].blocks[0];
    int x, ys[16];
    ASSERT_OK(ns_block_add_tensor(graph, block, "x", NS_DTYPE_INT8, 4, in, &x, &error));
    for (int i = 0; i < outputs; i++) {
        char name[8];
        snprintf(name, sizeof name, "y%d", i);
        ASSERT_OK(ns_block_add_tensor(graph, block, name, NS_DTYPE_INT8, 4, out, &ys[i], &error));
        ASSERT_OK(ns_block_add_operator(graph, block, &(ns_operator_parts){op, attributes, 1, &x, 1, &ys[i]},
                                        &error));
    }
    ASSERT_OK(ns_block_set_inputs(graph, block, 1, &x, &error));
    ASSERT_OK(ns_block_set_outputs(graph, block, outputs, ys, &error));
    return graph;
}

static ns_code run(ns_graph *graph, const int64_t *shape, ns_budget *budget)
{
    ns_arena *arena = ns_arena_new();
    ns_tensor input, outputs[16];
    const ns_eval_options options = {.budget = budget};
    ASSERT_OK(ns_tensor_new(arena, NS_DTYPE_INT8, 4, shape, &input, &error));
    const ns_code code = ns_eval(graph, &options, &input, 1, arena, outputs, &error);
    ns_arena_free(arena);
    ns_graph_free(graph);
    return code;
}

static const int64_t huge[] = {1, 8192, 8192, 1}, half[] = {1, 4097, 4097, 1}, small[] = {1, 4, 4, 1};

/* 4097 x 4097 windows of 4096 x 4096. */
static void windows_are_counted(void **state)
{
    (void)state;
    int32_t kernel[] = {4096, 4096}, stride[] = {1, 1}, pad[] = {0, 0, 0, 0};
    const ns_attributes attributes = {.kernel = {2, kernel}, .stride = {2, stride}, .pad = {4, pad}};
    assert_int_equal(run(graph_of(NS_OP_MAX_POOL2D, &attributes, huge, half, 1), huge, NULL),
                     NS_ERROR_BUDGET);
    assert_non_null(
        strstr(error.message, "operator 0 (MAX_POOL2D) 'y0': the work budget of 17592186044416 operations"));
    /* 4097^2 * 4096^2 + 8192^2 + 4097^2 elements, and the start of one operator. */
    assert_non_null(strstr(error.message, ": 0 are done, and 281612516335873 more are needed here"));
}

static void outputs_are_counted_first(void **state)
{
    (void)state;
    ns_budget budget;
    ns_budget_open(&budget, (uint64_t)1 << 26, 0, 0);
    assert_int_equal(run(graph_of(NS_OP_ABS, NULL, huge, huge, 2), huge, &budget), NS_ERROR_BUDGET);
    assert_non_null(
        strstr(error.message, "the graph's 2 outputs take 128 MiB, above the memory budget of 64 MiB"));
    assert_int_equal(budget.work, 0);
    assert_int_equal(budget.memory, 0);
}

/* Tensors between operators are charged too, and all is given back. */
static void books_are_closed(void **state)
{
    (void)state;
    ns_budget budget;
    ns_budget_open(&budget, (uint64_t)1 << 20, 1 << 20, 0);
    ASSERT_OK(run(graph_of(NS_OP_IDENTITY, NULL, small, small, 3), small, &budget));
    assert_int_equal(budget.memory, 0);
    /* Three operators that read 16 elements and write 16, and their starts. */
    assert_int_equal(budget.work, 3 * (16 + 16 + 256));
    ns_budget_open(&budget, 0, 800, 0);
    assert_int_equal(run(graph_of(NS_OP_IDENTITY, NULL, small, small, 3), small, &budget), NS_ERROR_BUDGET);
    assert_non_null(strstr(error.message, "operator 2 (IDENTITY) 'y2': the work budget of 800 operations"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_are_counted),
        cmocka_unit_test(outputs_are_counted_first),
        cmocka_unit_test(books_are_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
