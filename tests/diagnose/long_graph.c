/* A long chain of ADDs with one stage whose step is 512 times too coarse: single runs of all stages cost the
 * square of the length, so that neighbours run together first; the stage must be found all the same, and the
 * time must grow as the length does. */
#include <math.h>
#include <time.h>

#include "npuscope/diagnose.h"
#include "npuscope/eval.h"
#include "support/kept_graphs.h"
#include "support/test.h"

enum { ELEMENTS = 256, COARSE = 40 };

static ns_error error;

static int add_tensor(ns_graph *graph, const char *kind, int index, ns_dtype dtype)
{
    const int64_t shape[] = {1, ELEMENTS};
    int tensor = -1;
    ASSERT_OK(ns_block_add_tensor(graph, &graph->regions[0].blocks[0],
                                  ns_arena_format(arena, "%s_%d", kind, index), dtype, 2, shape, &tensor,
                                  &error));
    return tensor;
}

static int add_const(ns_graph *graph, const char *kind, int index, ns_dtype dtype, int64_t value)
{
    ns_tensor tensor;
    const int64_t one = 1;
    int result = -1;
    ASSERT_OK(ns_tensor_new(arena, dtype, 1, &one, &tensor, &error));
    ns_tensor_set(&tensor, 0, value);
    ASSERT_OK(ns_block_add_const(graph, &graph->regions[0].blocks[0],
                                 ns_arena_format(arena, "%s_%d", kind, index), &tensor, &result, &error));
    return result;
}

/* out = in * 2^-shift, the multiplier being 2^30. */
static int rescale(ns_graph *graph, int index, int in, ns_dtype from, ns_dtype to, int shift,
                   const char *name)
{
    ns_block *block = &graph->regions[0].blocks[0];
    const int out = add_tensor(graph, name, index, to);
    const int inputs[] = {
        in, add_const(graph, ns_arena_format(arena, "m_%s", name), index, NS_DTYPE_INT32, 1 << 30),
        add_const(graph, ns_arena_format(arena, "s_%s", name), index, NS_DTYPE_INT8, 30 + shift),
        add_const(graph, ns_arena_format(arena, "a_%s", name), index, from, 0),
        add_const(graph, ns_arena_format(arena, "b_%s", name), index, to, 0)};
    const ns_attributes attributes = {.scale32 = true, .rounding_mode = NS_SINGLE_ROUND};
    ASSERT_OK(ns_block_add_operator(
        graph, block, &(ns_operator_parts){NS_OP_RESCALE, &attributes, 5, inputs, 1, &out}, &error));
    return out;
}

/* `stages` times x = round((x + x) / 2), where the stage `coarse` stores x / 512 and the next takes it back.
 */
static ns_graph *make(int stages, int coarse)
{
    ns_graph *graph = NULL;
    ASSERT_OK(ns_graph_new(&graph, &error));
    ns_block *block = &graph->regions[0].blocks[0];
    int x = add_tensor(graph, "in", 0, NS_DTYPE_INT16);
    ASSERT_OK(ns_block_set_inputs(graph, block, 1, &x, &error));
    for (int i = 0; i < stages; i++) {
        const int wide = rescale(graph, i, x, NS_DTYPE_INT16, NS_DTYPE_INT32, -8, "wide");
        const int sum = add_tensor(graph, "sum", i, NS_DTYPE_INT32), inputs[] = {wide, wide};
        ASSERT_OK(ns_block_add_operator(
            graph, block, &(ns_operator_parts){NS_OP_ADD, &(ns_attributes){0}, 2, inputs, 1, &sum}, &error));
        x = rescale(graph, i, sum, NS_DTYPE_INT32, NS_DTYPE_INT16,
                    9 + (i == coarse       ? 9
                         : i == coarse + 1 ? -9
                                           : 0),
                    "stage");
    }
    ASSERT_OK(ns_block_set_outputs(graph, block, 1, &x, &error));
    ASSERT_OK(ns_graph_validate(graph, &error));
    return graph;
}

static double diagnose(int stages, int coarse, ns_diagnose_precision *out)
{
    const int64_t shape[] = {1, ELEMENTS};
    ns_tensor input;
    struct timespec from, to;
    ASSERT_OK(ns_tensor_new(arena, NS_DTYPE_INT16, 2, shape, &input, &error));
    for (int i = 0; i < ELEMENTS; i++)
        ns_tensor_set(&input, (size_t)i, (i * 7919) % 20000 - 10000);
    const ns_diagnose_options options = {.inputs = &input, .input_count = 1, .samples = 1, .threads = 1};
    ns_graph *graph = keep(make(stages, coarse));
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    ASSERT_OK(ns_diagnose_precision_run(graph, &options, arena, out, &error));
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    return (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec);
}

/* The step of 512 codes over a signal of +-10000: uniform noise of 512 / sqrt(12), 32 dB below. */
static void the_stage_is_found(void **state)
{
    (void)state;
    static const int lengths[] = {100, 350};
    for (int i = 0; i < 2; i++) {
        ns_diagnose_precision precision;
        diagnose(lengths[i], COARSE, &precision);
        assert_int_equal(precision.stage_count, lengths[i]);
        assert_string_equal(ns_diagnose_verdict_text(precision.verdict), "operator");
        assert_int_equal(precision.blame_count, 1);
        const ns_diagnose_stage *stage = &precision.stages[precision.blame[0].stage];
        assert_string_equal(stage->output, "stage_40");
        assert_string_equal(stage->op, "ADD");
        assert_int_equal(ns_diagnose_cause_family(precision.blame[0].cause), NS_DIAGNOSE_CAUSE_STEP);
        assert_true(stage->largest_code >= 19 && stage->largest_code <= 20);
        assert_true(fabs(precision.against_ideal_db - 31.8) < 1);
    }
}

/* Four times the length may take at most eight times as long (it would be sixteen for the square). */
static void time_grows_as_the_length(void **state)
{
    (void)state;
    ns_diagnose_precision precision;
    double once = INFINITY, four_times = INFINITY;
    for (int i = 0; i < 3; i++) {
        once = fmin(once, diagnose(333, COARSE, &precision));
        four_times = fmin(four_times, diagnose(1332, COARSE, &precision));
    }
    print_message("999 operators: %.3f s; 3996: %.3f s\n", once, four_times);
    assert_true(four_times < 8 * once);
}

/* Of 999 operators the few are left that still show the same finding: their own diagnosis says so, and the
 * results that come with it are TOSA's. */
static void a_long_graph_is_reduced(void **state)
{
    (void)state;
    ns_tensor input, got;
    const int64_t shape[] = {1, ELEMENTS};
    ns_diagnose_precision precision;
    ns_diagnose_smallest smallest;
    ns_graph *reduced = NULL;
    const ns_eval_options plain = {0};
    ASSERT_OK(ns_tensor_new(arena, NS_DTYPE_INT16, 2, shape, &input, &error));
    for (int i = 0; i < ELEMENTS; i++)
        ns_tensor_set(&input, (size_t)i, (i * 7919) % 20000 - 10000);
    ns_diagnose_options options = {.inputs = &input, .input_count = 1, .samples = 1, .threads = 1};
    ns_graph *graph = keep(make(333, COARSE));
    ASSERT_OK(ns_diagnose_precision_run(graph, &options, arena, &precision, &error));
    ASSERT_OK(ns_diagnose_reduce(graph, &options, &precision, 20, arena, &smallest, &error));
    print_message("%s: %d of %d operators, %.3f s\n", smallest.words, smallest.operators,
                  smallest.operators_before, smallest.seconds);
    assert_true(smallest.operators_before >= 999);
    assert_true(smallest.operators <= 4);
    assert_string_equal(smallest.finding, "operator: ADD: step");
    ASSERT_OK(ns_graph_read(smallest.file, smallest.file_size, &reduced, &error));
    keep(reduced);
    options.inputs = smallest.inputs;
    options.input_count = smallest.input_count;
    ASSERT_OK(ns_diagnose_precision_run(reduced, &options, arena, &precision, &error));
    assert_int_equal(precision.verdict, NS_DIAGNOSE_OPERATOR);
    assert_string_equal(precision.stages[precision.blame[0].stage].op, "ADD");
    assert_int_equal(ns_diagnose_cause_family(precision.blame[0].cause), NS_DIAGNOSE_CAUSE_STEP);
    assert_int_equal(smallest.output_count, 1);
    ASSERT_OK(ns_eval(reduced, &plain, smallest.inputs, smallest.input_count, arena, &got, &error));
    for (size_t i = 0; i < ns_tensor_count(&got); i++)
        assert_int_equal(ns_tensor_get(&got, i), ns_tensor_get(&smallest.outputs[0], i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_stage_is_found, set_up, tear_down_graphs),
        cmocka_unit_test_setup_teardown(time_grows_as_the_length, set_up, tear_down_graphs),
        cmocka_unit_test_setup_teardown(a_long_graph_is_reduced, set_up, tear_down_graphs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
