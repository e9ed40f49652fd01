/* Four models of ExecuTorch with their ground truth (tests/data/diagnose.zip): verdict, operator, cause and
 * distances to float. The truth was measured against PyTorch's float results; the figures against the graph's
 * real-valued self are those of an independent evaluator in Python. */
#include <math.h>

#include "npuscope/cpu.h"
#include "npuscope/diagnose.h"
#include "support/data.h"
#include "support/kept_graphs.h"
#include "support/test.h"

static const struct {
    const char *name, *verdict, *output, *op, *function, *cause;
    double against_ideal, knocked_out; /* dB against the real-valued self */
    double local_steps, local_db;
    double against_float, float_knocked_out; /* dB against float, measured */
} models[] = {
    {"logsoftmax_head", "operator", "tosa_rescale_default_15", "TABLE", "log", "table", 22.17, 57.70, 4600.2,
     22.2, 22.18, 52.76},
    {"mlp_narrow", "operator", "tosa_rescale_default_2", "CONV2D", NULL, "saturation", 11.84, 77.62, 76738,
     9.1, 11.84, 45.53},
    {"residual_wide", "operator", "tosa_rescale_default_5", "ADD", NULL, "step", 33.01, 75.35, 0.5, 32.9,
     32.86, 46.72},
    {"se_block", "healthy", NULL, NULL, NULL, NULL, 87.80, 0, 0, 0, 64.97, 0},
};
enum { MODEL_COUNT = sizeof models / sizeof models[0] };

static ns_error error;

static void diagnose(const char *name, int threads, unsigned mask, ns_diagnose_precision *out)
{
    ns_bytes bytes;
    ns_graph *graph = NULL;
    ns_npy array;
    ns_tensor input;
    ASSERT_OK(test_data_read(ns_arena_format(arena, "diagnose/%s/model.tosa", name), arena, &bytes, &error));
    ASSERT_OK(ns_graph_read(bytes.data, bytes.size, &graph, &error));
    keep(graph);
    ASSERT_OK(test_data_array(ns_arena_format(arena, "diagnose/%s/in0.npy", name), arena, &array, &error));
    ASSERT_OK(ns_npy_to_tensor(&array, NS_DTYPE_INT16, &input, &error));
    const ns_diagnose_options options = {
        .inputs = &input, .input_count = 1, .samples = 1, .cpu_mask = mask, .threads = threads};
    ASSERT_OK(ns_diagnose_precision_run(graph, &options, arena, out, &error));
}

static void near(double got, double wanted, double within)
{
    if (!(fabs(got - wanted) <= within))
        fail_msg("%.4f is not within %.2f of %.4f", got, within, wanted);
}

static void models_are_judged(void **state)
{
    (void)state;
    for (int i = 0; i < MODEL_COUNT; i++) {
        ns_diagnose_precision precision;
        diagnose(models[i].name, 2, ns_cpu_detect(), &precision);
        assert_string_equal(ns_diagnose_verdict_text(precision.verdict), models[i].verdict);
        near(precision.against_ideal_db, models[i].against_ideal, 0.02);
        near(precision.against_float_db, models[i].against_float, 0.5);
        assert_true(precision.low_db <= precision.high_db);
        if (!models[i].output) {
            assert_int_equal(precision.blame_count, 0);
            continue;
        }
        const ns_diagnose_blame *blame = &precision.blame[0];
        const ns_diagnose_stage *stage = &precision.stages[blame->stage];
        assert_int_equal(precision.blame_count, 1);
        assert_string_equal(stage->output, models[i].output);
        assert_string_equal(stage->op, models[i].op);
        assert_string_equal(ns_diagnose_cause_text(ns_diagnose_cause_family(blame->cause)), models[i].cause);
        if (models[i].function)
            assert_string_equal(stage->function, models[i].function);
        near(stage->knocked_out_db, models[i].knocked_out, 0.02);
        near(stage->local_steps, models[i].local_steps, 0.002 * models[i].local_steps + 0.01);
        near(stage->local_db, models[i].local_db, 0.06);
        near(blame->knocked_out_db, models[i].float_knocked_out, 1.0);
        assert_true(blame->mend_count > 0 && blame->mended_db > blame->now_db + 1);
    }
}

/* Threads change no bit. */
static void results_do_not_depend_on_threads(void **state)
{
    (void)state;
    ns_diagnose_precision a, b;
    diagnose("logsoftmax_head", 1, ns_cpu_detect(), &a);
    diagnose("logsoftmax_head", 5, ns_cpu_detect(), &b);
    const double figures[][2] = {{a.against_float_db, b.against_float_db},
                                 {a.low_db, b.low_db},
                                 {a.high_db, b.high_db},
                                 {a.limit_db, b.limit_db},
                                 {a.against_ideal_db, b.against_ideal_db},
                                 {a.all_mended_db, b.all_mended_db},
                                 {a.without_faults_db, b.without_faults_db},
                                 {a.dither[0].db, b.dither[0].db}};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        assert_memory_equal(&figures[i][0], &figures[i][1], sizeof(double));
    for (int i = 0; i < a.stage_count; i++)
        assert_memory_equal(&a.stages[i].alone_db, &b.stages[i].alone_db, sizeof(double));
    assert_int_equal(a.blame_count, b.blame_count);
    for (int i = 0; i < a.blame_count; i++) {
        assert_int_equal(a.blame[i].cause, b.blame[i].cause);
        assert_int_equal(a.blame[i].mend_count, b.blame[i].mend_count);
        for (int k = 0; k < a.blame[i].mend_count; k++) {
            assert_string_equal(a.blame[i].mends[k].text, b.blame[i].mends[k].text);
            assert_memory_equal(&a.blame[i].mends[k].mended_db, &b.blame[i].mends[k].mended_db,
                                sizeof(double));
        }
    }
}

/* Instruction sets change nothing that is printed. */
static void results_do_not_depend_on_the_machine(void **state)
{
    (void)state;
    ns_diagnose_precision a, b;
    diagnose("logsoftmax_head", 1, 0, &a);
    diagnose("logsoftmax_head", 3, ns_cpu_detect(), &b);
    assert_int_equal(a.stage_count, b.stage_count);
    near(a.against_ideal_db, b.against_ideal_db, 1e-6);
    near(a.against_float_db, b.against_float_db, 1e-3); /* estimated in floats */
    near(a.limit_db, b.limit_db, 1e-3);
    for (int i = 0; i < a.stage_count; i++) {
        near(a.stages[i].local_steps, b.stages[i].local_steps, 1e-6);
        if (isfinite(a.stages[i].alone_db))
            near(a.stages[i].alone_db, b.stages[i].alone_db, 1e-2); /* in floats too */
    }
}

/* Two copies of a sample are as good and as bad as one. */
static void samples_add_up(void **state)
{
    (void)state;
    ns_bytes bytes;
    ns_graph *graph = NULL;
    ns_npy array;
    ns_tensor input;
    ns_diagnose_precision one, two;
    ASSERT_OK(test_data_read("diagnose/mlp_narrow/model.tosa", arena, &bytes, &error));
    ASSERT_OK(ns_graph_read(bytes.data, bytes.size, &graph, &error));
    keep(graph);
    ASSERT_OK(test_data_array("diagnose/mlp_narrow/in0.npy", arena, &array, &error));
    ASSERT_OK(ns_npy_to_tensor(&array, NS_DTYPE_INT16, &input, &error));
    const size_t size = array.count * sizeof(int16_t);
    char *twice = ns_arena_alloc(arena, 2, size);
    assert_non_null(twice);
    memcpy(twice, input.data, size);
    memcpy(twice + size, input.data, size);
    ns_diagnose_options options = {
        .inputs = &input, .input_count = 1, .samples = 1, .cpu_mask = ns_cpu_detect()};
    ASSERT_OK(ns_diagnose_precision_run(graph, &options, arena, &one, &error));
    input.data = twice;
    options.samples = 2;
    ASSERT_OK(ns_diagnose_precision_run(graph, &options, arena, &two, &error));
    near(two.against_ideal_db, one.against_ideal_db, 1e-9);
    assert_int_equal(two.stages[two.blame[0].stage].clipped, 2 * one.stages[one.blame[0].stage].clipped);
    assert_string_equal(two.stages[two.blame[0].stage].output, one.stages[one.blame[0].stage].output);
}

/* Conditions and loops, several results of one: taken as they are. That what the diagnosis computes is what
 * eval computes, it checks itself. */
static void control_flow_is_taken_as_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int inputs;
    } graphs[] = {{"s0_cond_if_binary_6x6x1x3_i16_cond1", 2}, {"s0_while_loop_3_i8_iter1", 2}};
    for (size_t g = 0; g < sizeof graphs / sizeof *graphs; g++) {
        ns_bytes bytes;
        ns_graph *graph = NULL;
        ns_tensor inputs[2];
        ns_diagnose_precision precision;
        ASSERT_OK(test_data_read(ns_arena_format(arena, "conformance/%s/graph.tosa", graphs[g].name), arena,
                                 &bytes, &error));
        ASSERT_OK(ns_graph_read(bytes.data, bytes.size, &graph, &error));
        const ns_block *block = &graph->regions[0].blocks[0];
        assert_int_equal(block->input_count, graphs[g].inputs);
        for (int i = 0; i < block->input_count; i++) {
            ns_npy array;
            ASSERT_OK(test_data_array(ns_arena_format(arena, "conformance/%s/in%d.npy", graphs[g].name, i),
                                      arena, &array, &error));
            ASSERT_OK(
                ns_npy_to_tensor(&array, block->tensors[block->inputs[i]].tensor.dtype, &inputs[i], &error));
        }
        const ns_diagnose_options options = {
            .inputs = inputs, .input_count = block->input_count, .samples = 1, .threads = 2};
        ASSERT_OK(ns_diagnose_precision_run(graph, &options, arena, &precision, &error));
        assert_int_equal(precision.verdict, NS_DIAGNOSE_HEALTHY);
        assert_true(isinf(precision.against_ideal_db));
        ns_graph_free(graph);
    }
}

static ns_graph *read_se_block(ns_tensor *input)
{
    ns_bytes bytes;
    ns_npy array;
    ns_graph *graph = NULL;
    ASSERT_OK(test_data_read("diagnose/se_block/model.tosa", arena, &bytes, &error));
    ASSERT_OK(ns_graph_read(bytes.data, bytes.size, &graph, &error));
    keep(graph);
    ASSERT_OK(test_data_array("diagnose/se_block/in0.npy", arena, &array, &error));
    ASSERT_OK(ns_npy_to_tensor(&array, NS_DTYPE_INT16, input, &error));
    return graph;
}

/* Healthy beside what its weights cost; against its real-valued self alone the stage with the largest share
 * is blamed. What a reference has shown of it is reduced so, for no reference is of a smaller graph. */
static void what_a_reference_shows_is_reduced(void **state)
{
    (void)state;
    ns_tensor input;
    ns_graph *graph = read_se_block(&input);
    ns_diagnose_precision plain, self, small;
    ns_diagnose_smallest smallest;
    ns_diagnose_options options = {.inputs = &input, .input_count = 1, .samples = 1, .threads = 1};
    ASSERT_OK(ns_diagnose_precision_run(graph, &options, arena, &plain, &error));
    assert_int_equal(plain.verdict, NS_DIAGNOSE_HEALTHY);
    options.against_self = true;
    ASSERT_OK(ns_diagnose_precision_run(graph, &options, arena, &self, &error));
    assert_int_equal(self.verdict, NS_DIAGNOSE_OPERATOR);
    near(self.against_float_db, plain.against_ideal_db, 1e-9);
    assert_true(isinf(self.limit_db));
    self.measured = true;
    options.against_self = false;
    ASSERT_OK(ns_diagnose_reduce(graph, &options, &self, 20, arena, &smallest, &error));
    assert_non_null(strstr(smallest.finding, "against its real-valued self"));
    assert_true(smallest.operators < smallest.operators_before / 4);
    ASSERT_OK(ns_graph_read(smallest.file, smallest.file_size, &graph, &error));
    keep(graph);
    options.inputs = smallest.inputs;
    options.input_count = smallest.input_count;
    options.against_self = true;
    ASSERT_OK(ns_diagnose_precision_run(graph, &options, arena, &small, &error));
    assert_string_equal(small.stages[small.blame[0].stage].op, self.stages[self.blame[0].stage].op);
    self.blame_count = 0; /* nobody is blamed */
    assert_int_equal(ns_diagnose_reduce(graph, &options, &self, 20, arena, &smallest, &error),
                     NS_ERROR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(models_are_judged, set_up, tear_down_graphs),
        cmocka_unit_test_setup_teardown(results_do_not_depend_on_the_machine, set_up, tear_down_graphs),
        cmocka_unit_test_setup_teardown(results_do_not_depend_on_threads, set_up, tear_down_graphs),
        cmocka_unit_test_setup_teardown(what_a_reference_shows_is_reduced, set_up, tear_down_graphs),
        cmocka_unit_test_setup_teardown(samples_add_up, set_up, tear_down_graphs),
        cmocka_unit_test_setup_teardown(control_flow_is_taken_as_it_is, set_up, tear_down_graphs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
