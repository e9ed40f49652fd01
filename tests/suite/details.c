/* Details of real rows: the graph with its constants inside, the sweep; and a copy that stands alone. */
#include "suite/internal.h"

#include <math.h>

#include "npuscope/sweep.h"
#include "support/test.h"

/* The row's details in a new arena; all that they were made in is freed. */
static const ns_case_details *details_of(const char *op, const char *name, ns_arena *kept)
{
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_suite_options options;
    ns_suite_defaults(&options, sizeof options);
    const char *target = "u85";
    options.op_count = options.name_count = options.target_count = 1;
    options.ops = &op;
    options.names = &name;
    options.targets = &target;
    options.stages = "eval";
    ns_suite_selection selection;
    ASSERT_OK(ns_suite_select(&options, arena, &selection, &error));
    ns_case_run *run = NULL;
    ns_case_result *result = NULL;
    const ns_case_options case_options = {.stages = selection.stages, .details = true};
    ASSERT_OK(ns_suite_case_begin(&selection.rows[0], &case_options, arena, &run, &error));
    assert_null(ns_suite_sweep_request(run));
    ASSERT_OK(ns_suite_case_finish(run, &result, &error));
    const ns_case_details *copy = ns_details_copy(result->details, kept);
    assert_non_null(copy);
    ns_arena_free(arena);
    return copy;
}

static void test_a_graph(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    const ns_case_details *details = details_of("conv1d", "k3_stride2_padding1_per_channel", arena);
    static const char *const names[] = {"input 0", "TRANSPOSE", "RESHAPE",   "CONV2D",
                                        "RESCALE", "RESHAPE",   "TRANSPOSE", "output 0"};
    assert_int_equal(details->node_count, 8);
    for (int i = 0; i < 8; i++) {
        assert_string_equal(details->nodes[i].name, names[i]);
        assert_int_equal(details->nodes[i].input_count, i > 0);
        if (i > 0)
            assert_int_equal(details->nodes[i].inputs[0], i - 1);
    }
    assert_string_equal(details->nodes[0].type, "[1, 3, 64] int16");
    assert_string_equal(details->nodes[3].type, "[1, 1, 32, 8] int48");
    assert_string_equal(details->nodes[3].settings,
                        "pad 0, 0, 1, 0; stride 1, 2\ndilation 1, 1; acc_type int48\n"
                        "weight [8, 1, 3, 3] int8\nbias [8] int48");
    assert_string_equal(details->nodes[6].settings, "perms 0, 2, 1");
    assert_null(details->stream);
    assert_null(details->sweep);
    assert_null(details->sweep_problem);
    ns_arena_free(arena);
}

static void test_a_sweep(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    const ns_sweep_result *sweep = details_of("reciprocal", "rank2", arena)->sweep;
    assert_non_null(sweep);
    assert_null(sweep->ideal);
    assert_null(sweep->eval.steps);
    assert_int_equal(sweep->range_count, 1);
    assert_int_equal(sweep->ranges[0].first, -128);
    assert_non_null(sweep->rule);
    assert_string_equal(sweep->npu.reason, "Vela was not asked for");
    double largest = 0;
    for (int c = 0; c < NS_SWEEP_COLUMNS; c++) {
        if (isnan(sweep->eval.largest[c]))
            continue;
        assert_true(sweep->eval.least[c] <= sweep->eval.mean[c]);
        assert_true(sweep->eval.mean[c] <= sweep->eval.largest[c]);
        largest = fmax(largest, sweep->eval.largest[c]);
    }
    assert_true(largest == sweep->eval.max_steps);
    const int column = (sweep->eval.worst_code - NS_SWEEP_FIRST_CODE) / (NS_SWEEP_CODES / NS_SWEEP_COLUMNS);
    assert_true(sweep->eval.largest[column] == largest);
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_graph),
        cmocka_unit_test(test_a_sweep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
