/* Every captured graph with its captured inputs gives the reference model's outputs in every element; and
 * the captured `reciprocal` graphs are unpredictable for exactly the inputs that docs/errata.md names. */
#include "npuscope/eval.h"
#include "support/data.h"
#include "support/test.h"

static ns_error error;

static ns_graph *load_graph(const char *folder, ns_arena *arena)
{
    char path[1024];
    ns_bytes bytes;
    ns_graph *graph = NULL;
    snprintf(path, sizeof path, "%s/delegate0.tosa", folder);
    ASSERT_OK(test_data_read(path, arena, &bytes, &error));
    ASSERT_OK(ns_graph_read(bytes.data, bytes.size, &graph, &error));
    ASSERT_OK(ns_graph_validate(graph, &error));
    return graph;
}

/* Evaluates the graph in `folder`; returns how many output elements were compared. */
static size_t check_case(const char *folder, const ns_eval_options *options)
{
    ns_arena *arena = ns_arena_new();
    assert_non_null(arena);
    ns_graph *graph = load_graph(folder, arena);
    const ns_block *block = &graph->regions[0].blocks[0];
    ns_tensor inputs[8], outputs[8];
    assert_in_range(block->input_count, 1, 8);
    assert_in_range(block->output_count, 1, 8);
    char path[1024];
    ns_npy array;
    for (int i = 0; i < block->input_count; i++) {
        snprintf(path, sizeof path, "%s/delegate0_in%d.npy", folder, i);
        ASSERT_OK(test_data_array(path, arena, &array, &error));
        ASSERT_OK(
            ns_npy_to_tensor(&array, block->tensors[block->inputs[i]].tensor.dtype, &inputs[i], &error));
    }
    /* The second run finds weights and chains that the first has prepared. */
    ns_evaluator *evaluator = NULL;
    ASSERT_OK(ns_evaluator_new(graph, options, &evaluator, &error));
    for (int run = 0; run < 2; run++)
        ASSERT_OK(ns_evaluator_run(evaluator, inputs, block->input_count, arena, outputs, &error));
    ns_evaluator_free(evaluator);
    size_t compared = 0;
    for (int i = 0; i < block->output_count; i++) {
        snprintf(path, sizeof path, "%s/delegate0_out%d.npy", folder, i);
        ASSERT_OK(test_data_array(path, arena, &array, &error));
        ns_tensor expected;
        ASSERT_OK(ns_npy_to_tensor(&array, outputs[i].dtype, &expected, &error));
        assert_true(ns_shape_equal(&expected, &outputs[i]));
        for (size_t e = 0; e < array.count; e++)
            if (ns_tensor_get(&expected, e) != ns_tensor_get(&outputs[i], e))
                fail_msg("%s: output %d, element %zu is %lld; expected %lld", folder, i, e,
                         (long long)ns_tensor_get(&outputs[i], e), (long long)ns_tensor_get(&expected, e));
        compared += array.count;
    }
    ns_graph_free(graph);
    ns_arena_free(arena);
    return compared;
}

static void equals_the_reference_model(void **state)
{
    const ns_eval_options *options = *state;
    char folder[1024];
    int cases = 0;
    size_t elements = 0;
    const char *const *names = NULL;
    ns_arena *arena = ns_arena_new();
    ASSERT_OK(test_data_list("captured", arena, &names, &cases, &error));
    for (int i = 0; i < cases; i++) {
        snprintf(folder, sizeof folder, "captured/%s", names[i]);
        elements += check_case(folder, options);
    }
    ns_arena_free(arena);
    assert_int_equal(cases, 127);
    assert_true(elements > 127);
}

/* All 65,536 codes, as often as the captured shape needs to hold them. */
static void reciprocal_is_unpredictable_just_below_zero(void **state)
{
    (void)state;
    static const char *const names[] = {"u55_INT[rank1]", "u55_INT[rank2]", "u55_INT[rank3]",
                                        "u85_INT[rank1]", "u85_INT[rank2]", "u85_INT[rank3]"};
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        char name[128];
        snprintf(name, sizeof name, "captured/test_reciprocal_a16w8_%s", names[n]);
        ns_arena *arena = ns_arena_new(), *scratch = ns_arena_new();
        assert_non_null(arena);
        assert_non_null(scratch);
        ns_graph *graph = load_graph(name, arena);
        const ns_block *block = &graph->regions[0].blocks[0];
        ns_tensor input, output;
        const ns_tensor *declared = &block->tensors[block->inputs[0]].tensor;
        ASSERT_OK(ns_tensor_new(arena, declared->dtype, declared->rank, declared->shape, &input, &error));
        size_t count = ns_tensor_count(&input);
        ns_eval_options options = {.cpu_mask = ~0u};
        ns_evaluator *evaluator = NULL;
        ASSERT_OK(ns_evaluator_new(graph, &options, &evaluator, &error));
        for (int code = -32768; code <= 32767; code++) {
            for (size_t i = 0; i < count; i++)
                ns_tensor_set(&input, i, i == count - 1 ? code : 1);
            ns_arena_reset(scratch);
            ns_code result = ns_evaluator_run(evaluator, &input, 1, scratch, &output, &error);
            assert_int_equal(result, code >= -128 && code <= -1 ? NS_ERROR_UNPREDICTABLE : NS_OK);
        }
        for (size_t i = 0; i < count; i++)
            ns_tensor_set(&input, i, i == count - 1 ? -1 : 1);
        ns_evaluator_free(evaluator);
        assert_int_equal(ns_eval(graph, &options, &input, 1, scratch, &output, &error),
                         NS_ERROR_UNPREDICTABLE);
        assert_non_null(strstr(error.message, "(TABLE) 'tosa_table_default': element ["));
        assert_non_null(strstr(error.message, "for input -1 the slope from table entry 255 (-32767) to 256 "
                                              "(32767) is 65534, outside int16"));
        ns_graph_free(graph);
        ns_arena_free(scratch);
        ns_arena_free(arena);
    }
}

int main(void)
{
    ns_eval_options plain = {.cpu_mask = 0}, all = {.cpu_mask = ~0u};
    ns_eval_options single = {.cpu_mask = ~0u, .no_chains = true};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(equals_the_reference_model, &plain),
        cmocka_unit_test_prestate(equals_the_reference_model, &all),
        cmocka_unit_test_prestate(equals_the_reference_model, &single),
        cmocka_unit_test(reciprocal_is_unpredictable_just_below_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
