/* Streams that tell readings of the registers apart (docs/open-questions.md): built graphs whose streams have
 * the configuration in question, and that are equal to the reference model in every element. */
#include "npu/internal.h"
#include "support/conformance.h"
#include "support/test.h"

/* Registers as they stand at an operation. */
typedef struct registers {
    const ns_npu_table *table;
    uint64_t values[NS_NPU_REGISTERS_MAX];
} registers;

static uint64_t value_of(const registers *state, const char *name)
{
    for (int i = 0; i < state->table->register_count; i++)
        if (strcmp(state->table->registers[i].name, name) == 0)
            return state->values[i];
    fail_msg("no register %s", name);
    return 0;
}

/* The producer of a chain has an 8-bit OFM that nothing clips: its upper bits are lost, or are they not? */
static bool chains_unclipped_bytes(const registers *state, const char *operation)
{
    const uint64_t precision = value_of(state, "OFM_PRECISION");
    return strcmp(operation, "ELEMENTWISE") == 0 && precision >> 14 == 2 && (precision >> 1 & 3) == 0 &&
           (value_of(state, "ACTIVATION") >> 12 & 1) == 1;
}

/* Unsigned 16-bit OFM whose zero point is 32768, a negative number if the register is taken for signed. */
static bool has_large_zero_point(const registers *state, const char *operation)
{
    const uint64_t precision = value_of(state, "OFM_PRECISION");
    return strcmp(operation, "POOL") == 0 && (precision & 1) == 0 && (precision >> 1 & 3) == 1 &&
           value_of(state, "OFM_ZERO_POINT") == 0x8000 && value_of(state, "ACTIVATION_MIN") == 0 &&
           value_of(state, "ACTIVATION_MAX") == 0xffff;
}

/* An average over several taps without any padding, whose reciprocal is in OFM_SCALE. */
static bool averages_by_reciprocal(const registers *state, const char *operation)
{
    return strcmp(operation, "POOL") == 0 && value_of(state, "KERNEL_WIDTH_M1") > 0 &&
           value_of(state, "IFM_PAD_TOP") == 0 && value_of(state, "IFM_PAD_LEFT") == 0 &&
           value_of(state, "IFM_PAD_RIGHT") == 0 && value_of(state, "IFM_PAD_BOTTOM") == 0 &&
           (uint32_t)value_of(state, "OFM_SCALE") != 1;
}

/* ... and that has a scale of 1 on Ethos-U85. */
static bool averages_by_taps(const registers *state, const char *operation)
{
    return strcmp(operation, "POOL") == 0 && value_of(state, "KERNEL_WIDTH_M1") > 0 &&
           (uint32_t)value_of(state, "OFM_SCALE") == 1;
}

typedef struct question {
    const char *group, *family;
    bool (*has)(const registers *state, const char *operation);
    int streams; /* of the group's, those in which an operation has it */
    int seen;
} question;

static question questions[] = {
    {"shift_chain", "ethos-u85", chains_unclipped_bytes, 3, 0},
    {"rescale_unsigned", "ethos-u55", has_large_zero_point, 3, 0},
    {"rescale_unsigned", "ethos-u85", has_large_zero_point, 3, 0},
    {"average_rescaled", "ethos-u55", averages_by_reciprocal, 8, 0},
    {"average_rescaled", "ethos-u85", averages_by_taps, 8, 0},
};
enum { QUESTION_COUNT = sizeof questions / sizeof questions[0] };

static void look(void *context, ns_npu_stream *stream)
{
    question *at = context;
    registers state = {.table = stream->config->table};
    for (size_t i = 0; i < stream->command_count; i++) {
        const ns_npu_command *command = &stream->commands[i];
        if (!command->is_operation) {
            state.values[command->index] = command->value;
        } else if (at->has(&state, state.table->operations[command->index].name)) {
            at->seen++;
            return;
        }
    }
}

static void streams_with_the_configuration_are_equal(void **state)
{
    (void)state;
    char path[1024], message[NS_CONFORMANCE_MESSAGE];
    ns_arena *arena = ns_arena_new();
    ns_corpus corpus;
    ns_error error;
    int streams = 0;
    ASSERT_OK(ns_corpus_open(test_data(path, sizeof path, "questions.zip"), arena, &corpus, &error));
    for (int i = 0; i < corpus.graph_count; i++) {
        const ns_corpus_graph *graph = &corpus.graphs[i];
        if (ns_conformance_eval(&corpus, graph, message) != NS_CONFORMANCE_EQUAL)
            fail_msg("%s: %s", graph->name, message);
        for (int k = 0; k < graph->stream_count; k++) {
            question *at = questions;
            while (at < questions + QUESTION_COUNT &&
                   (strcmp(at->group, graph->operator) != 0 || !strstr(graph->streams[k].target, at->family)))
                at++;
            ns_conformance_watch watch = {
                .hazards = true, .change = at < questions + QUESTION_COUNT ? look : NULL, .context = at};
            if (ns_conformance_npu(&corpus, graph, &graph->streams[k], &watch, message) !=
                NS_CONFORMANCE_EQUAL)
                fail_msg("%s %s: %s", graph->name, graph->streams[k].target, message);
            assert_int_equal(watch.statistics.hazards, 0);
            streams++;
        }
    }
    ns_corpus_close(&corpus);
    ns_arena_free(arena);
    assert_int_equal(streams, 47);
    for (int i = 0; i < QUESTION_COUNT; i++) {
        print_message("%s, %s: %d streams\n", questions[i].group, questions[i].family, questions[i].seen);
        assert_int_equal(questions[i].seen, questions[i].streams);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(streams_with_the_configuration_are_equal)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
