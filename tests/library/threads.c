/* One context per thread: threads that load, run, tap, inspect, diagnose and run rows of the suite at once,
 * each with models and arenas of its own, share nothing; one budget serves them all and one call cancels
 * them. Under ThreadSanitizer (scripts/check) it is a fault if they touch the same memory. */
#include <math.h>
#include <pthread.h>

#include "npuscope/npuscope.h"
#include "support/data.h"
#include "support/test.h"

#define THREADS 4
#define ROUNDS 2
#define CASE "captured/test_bmm_a16w8_u85_INT[rand_rect]/"

typedef struct worker {
    pthread_t thread;
    ns_budget *budget; /* all threads' */
    size_t taps;
    ns_code code; /* of the first failure */
    ns_error error;
    double sqnr_db;
} worker;

static ns_code tap(void *context, const ns_model_tap *of, ns_error *error)
{
    (void)error;
    ((worker *)context)->taps += of->data->data != NULL;
    return NS_OK;
}

static ns_code run_model(worker *w, const char *file, ns_arena *arena, const void **output, size_t *size)
{
    ns_bytes bytes;
    ns_model *model = NULL;
    ns_npy in;
    const char *text;
    const void *inputs[2], *outputs[1];
    ns_model_options options = {
        .size = sizeof options, .cpu_mask = ns_cpu_detect(), .budget = w->budget, .tap = tap, .context = w};
    NS_TRY(test_data_read(file, arena, &bytes, &w->error));
    NS_TRY(ns_model_load(bytes.data, bytes.size, NS_ACCELERATOR_UNKNOWN, w->budget, &model, &w->error));
    for (int i = 0; i < 2; i++) {
        NS_TRY(
            test_data_array(i ? CASE "delegate0_in1.npy" : CASE "delegate0_in0.npy", arena, &in, &w->error));
        inputs[i] = in.data;
    }
    ns_code code = ns_model_run(model, &options, inputs, 1, arena, outputs, NULL, &w->error);
    if (code == NS_OK)
        code = ns_model_inspect(model, true, arena, &text, &w->error);
    *output = outputs[0];
    *size = ns_model_output(model, 0)->bytes;
    ns_model_free(model);
    return code;
}

/* The stream against the graph: no element differs. */
static ns_code compare(worker *w, ns_arena *arena)
{
    const void *results[2];
    size_t sizes[2];
    ns_comparison comparison;
    const ns_tolerance exact = {0};
    NS_TRY(run_model(w, CASE "delegate0.tosa", arena, &results[0], &sizes[0]));
    NS_TRY(run_model(w, CASE "delegate0_vela.npz", arena, &results[1], &sizes[1]));
    ns_compare_begin(&comparison);
    for (size_t i = 0; i < sizes[0] / 2; i++)
        ns_compare_add(&comparison, &exact, ((const int16_t *)results[1])[i],
                       ((const int16_t *)results[0])[i]);
    ns_compare_end(&comparison);
    w->sqnr_db = comparison.sqnr_db;
    return sizes[0] == sizes[1] ? NS_OK : ns_fail(&w->error, NS_ERROR_INTERNAL, "sizes differ");
}

static ns_code diagnose(worker *w, ns_arena *arena)
{
    ns_bytes bytes;
    ns_graph *graph = NULL;
    ns_npy in;
    ns_diagnose_precision found;
    NS_TRY(test_data_read("diagnose/mlp_narrow/model.tosa", arena, &bytes, &w->error));
    NS_TRY(test_data_array("diagnose/mlp_narrow/in0.npy", arena, &in, &w->error));
    NS_TRY(ns_graph_read_within(w->budget, bytes.data, bytes.size, &graph, &w->error));
    const ns_block *block = &graph->regions[0].blocks[0];
    ns_tensor input = block->tensors[block->inputs[0]].tensor;
    input.data = (void *)(uintptr_t)in.data;
    const ns_diagnose_options options = {.size = sizeof options,
                                         .inputs = &input,
                                         .input_count = 1,
                                         .samples = 1,
                                         .cpu_mask = ns_cpu_detect(),
                                         .threads = 2};
    ns_code code = ns_diagnose_precision_run(graph, &options, arena, &found, &w->error);
    if (code == NS_OK && (found.verdict != NS_DIAGNOSE_OPERATOR || found.blame_count < 1))
        code = ns_fail(&w->error, NS_ERROR_INTERNAL, "nothing is blamed");
    ns_graph_free(graph);
    return code;
}

static ns_code run_rows(worker *w, ns_arena *arena)
{
    static const char *const ops[] = {"exp", "bmm"};
    ns_suite_options options;
    ns_suite_result *result = NULL;
    ns_suite_defaults(&options, sizeof options);
    options.ops = ops;
    options.op_count = 2;
    options.stages = "ideal,quantised,eval";
    options.threads = 2;
    options.cpu_mask = ns_cpu_detect();
    NS_TRY(ns_suite_run(&options, arena, &result, &w->error));
    return result->counts[NS_VERDICT_PASS] > 0 && !result->counts[NS_VERDICT_FAIL]
               ? NS_OK
               : ns_fail(&w->error, NS_ERROR_INTERNAL, "a row does not pass");
}

static void *work(void *context)
{
    worker *w = context;
    for (int i = 0; i < ROUNDS && w->code == NS_OK; i++) {
        ns_arena *arena = ns_arena_new_within(w->budget);
        w->code = compare(w, arena);
        if (w->code == NS_OK)
            w->code = diagnose(w, arena);
        if (w->code == NS_OK)
            w->code = run_rows(w, arena);
        ns_arena_free(arena);
    }
    return NULL;
}

static void run_all(worker *workers, ns_budget *budget)
{
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){.budget = budget};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
}

static void test_contexts(void **state)
{
    (void)state;
    worker workers[THREADS];
    ns_budget budget;
    ns_budget_open(&budget, 0, 0, 0);
    run_all(workers, &budget);
    for (int i = 0; i < THREADS; i++) {
        if (workers[i].code != NS_OK)
            fail_msg("thread %d: %s", i, workers[i].error.message);
        assert_true(isinf(workers[i].sqnr_db));
        assert_true(workers[i].taps > 0);
        assert_int_equal(workers[i].taps, workers[0].taps);
    }
    assert_int_equal(budget.memory, 0);
}

/* Cancelled by another thread, wherever they are: all end, and give their memory back. */
static void *cancel(void *budget)
{
    ns_budget_cancel(budget);
    return NULL;
}

static void test_cancel(void **state)
{
    (void)state;
    worker workers[THREADS];
    ns_budget budget;
    pthread_t other;
    ns_budget_open(&budget, 0, 0, 0);
    assert_int_equal(pthread_create(&other, NULL, cancel, &budget), 0);
    run_all(workers, &budget);
    assert_int_equal(pthread_join(other, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        assert_true(workers[i].code == NS_ERROR_CANCELLED || workers[i].code == NS_OK);
    run_all(workers, &budget);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(workers[i].code, NS_ERROR_CANCELLED);
    assert_int_equal(budget.memory, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_contexts), cmocka_unit_test(test_cancel)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
