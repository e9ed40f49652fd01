/* A whole model for Ethos-U85: a Conformer encoder of four blocks, a16w8, as ExecuTorch 1.5.0 and Vela 5.1.0
 * lower it (scripts/record-conformer). Its TOSA graph through the evaluator and the stream of its program
 * through the simulator equal the reference model in every element; the program equals it between quantize
 * and dequantize. */
#include "npuscope/program.h"
#include "support/conformance.h"
#include "support/test.h"

/* Block operations of the stream: CONV 76, DEPTHWISE 4, POOL 220, ELEMENTWISE 240. */
#define OPERATIONS 540

typedef struct fixture {
    ns_arena *arena;
    ns_corpus corpus;
    const ns_corpus_graph *graph;
} fixture;

static int open_corpus(void **state)
{
    static fixture it;
    char path[1024];
    ns_error error = {0};
    it.arena = ns_arena_new();
    ASSERT_OK(ns_corpus_open(test_data(path, sizeof path, "conformer.zip"), it.arena, &it.corpus, &error));
    assert_int_equal(it.corpus.graph_count, 1);
    it.graph = &it.corpus.graphs[0];
    *state = &it;
    return 0;
}

static int close_corpus(void **state)
{
    fixture *it = *state;
    ns_corpus_close(&it->corpus);
    ns_arena_free(it->arena);
    return 0;
}

static void graph_is_exact(void **state)
{
    fixture *it = *state;
    char message[NS_CONFORMANCE_MESSAGE];
    if (ns_conformance_eval(&it->corpus, it->graph, message) != NS_CONFORMANCE_EQUAL)
        fail_msg("eval: %s", message);
}

/* No part of the stream is left out, and its waits and block dependencies order every access. */
static void stream_is_exact(void **state)
{
    fixture *it = *state;
    char message[NS_CONFORMANCE_MESSAGE];
    ns_conformance_watch watch = {.hazards = true};
    assert_int_equal(it->graph->stream_count, 1);
    if (ns_conformance_npu(&it->corpus, it->graph, &it->graph->streams[0], &watch, message) !=
        NS_CONFORMANCE_EQUAL)
        fail_msg("npu: %s", message);
    assert_int_equal(watch.statistics.operations, OPERATIONS);
    assert_int_equal(watch.statistics.hazards, 0);
    assert_int_equal(watch.statistics.chip_rules, 0);
}

static void program_is_exact(void **state)
{
    fixture *it = *state;
    ns_error error = {0};
    ns_bytes file;
    ns_npy array;
    ns_program *program;
    ns_program_tensor output;
    ns_program_statistics statistics;
    ASSERT_OK(ns_corpus_read(&it->corpus, it->graph, it->graph->streams[0].file, it->arena, &file, &error));
    ASSERT_OK(ns_program_read(file.data, file.size, NS_ACCELERATOR_U85_256, it->arena, &program, &error));
    ASSERT_OK(ns_corpus_array(&it->corpus, it->graph, "program_in", 0, it->arena, &array, &error));
    assert_int_equal(array.type, NS_NPY_FLOAT32);
    const void *const input = array.data;
    const size_t size = array.count * sizeof(float);
    ASSERT_OK(ns_program_run(program, NULL, &(ns_program_inputs){1, &input, &size}, it->arena, &output,
                             &statistics, &error));
    assert_int_equal(statistics.delegate_calls, 1);
    ASSERT_OK(ns_corpus_array(&it->corpus, it->graph, "program_out", 0, it->arena, &array, &error));
    assert_int_equal(output.scalar, NS_SCALAR_FLOAT32);
    assert_int_equal(output.count, array.count);
    assert_memory_equal(output.data, array.data, array.count * sizeof(float));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(graph_is_exact, open_corpus, close_corpus),
        cmocka_unit_test_setup_teardown(stream_is_exact, open_corpus, close_corpus),
        cmocka_unit_test_setup_teardown(program_is_exact, open_corpus, close_corpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
