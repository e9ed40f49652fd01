/* Streams whose waits and block dependencies have been weakened: the results stay, and hazards are reported.
 *
 * Every stream of the checked-in corpus runs without a hazard (tests/conformance/npu.c); here each runs again
 * with one sort of promise taken out. */
#include "npu/watch/internal.h"

#include "npu/internal.h"
#include "support/conformance.h"
#include "support/test.h"

/* What is taken out of a stream, and what it takes with it. */
typedef struct weakening {
    const char *command; /* name of an operation or register */
    int64_t value;       /* that a register gets; -1: the operation does nothing */
    int changed;         /* commands of the stream at hand */
} weakening;

static int index_of(const ns_npu_entry *entries, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(entries[i].name, name) == 0)
            return i;
    fail_msg("no command %s", name);
    return -1;
}

static void weaken(void *context, ns_npu_stream *stream)
{
    weakening *what = context;
    const ns_npu_table *table = stream->config->table;
    const bool operation = what->value < 0;
    const int index = operation ? index_of(table->operations, table->operation_count, what->command)
                                : index_of(table->registers, table->register_count, what->command);
    const int nothing = index_of(table->operations, table->operation_count, "PMU_MASK");
    what->changed = 0;
    for (size_t i = 0; i < stream->command_count; i++) {
        ns_npu_command *command = &stream->commands[i];
        if (command->index != index || command->is_operation != operation)
            continue;
        if (operation)
            command->index = (uint8_t)nothing;
        command->value = operation ? 0 : (uint64_t)what->value;
        what->changed++;
    }
}

/* Of the family's streams that have the command, how many report a hazard once it is weakened. */
static void check(const char *family, weakening what, int having, int reporting)
{
    char path[1024], message[NS_CONFORMANCE_MESSAGE];
    ns_arena *arena = ns_arena_new();
    ns_corpus corpus;
    ns_error error;
    int seen = 0, reported = 0;
    ASSERT_OK(ns_corpus_open(test_data(path, sizeof path, "conformance.zip"), arena, &corpus, &error));
    for (int i = 0; i < corpus.graph_count; i++)
        for (int k = 0; k < corpus.graphs[i].stream_count; k++) {
            const ns_corpus_stream *stream = &corpus.graphs[i].streams[k];
            ns_conformance_watch watch = {.hazards = true, .change = weaken, .context = &what};
            if (!strstr(stream->target, family))
                continue;
            what.changed = 0;
            ns_conformance result = ns_conformance_npu(&corpus, &corpus.graphs[i], stream, &watch, message);
            assert_true(result == NS_CONFORMANCE_EQUAL || result == NS_CONFORMANCE_CHIP_RULE);
            assert_true(watch.statistics.hazards == 0 || what.changed > 0);
            seen += what.changed > 0;
            reported += watch.statistics.hazards > 0;
        }
    ns_corpus_close(&corpus);
    ns_arena_free(arena);
    print_message("%s without %s: %d streams, %d report a hazard\n", family, what.command, seen, reported);
    assert_int_equal(seen, having);
    assert_int_equal(reported, reporting);
}

static void test_dma_waits(void **state)
{
    (void)state;
    check("ethos-u55", (weakening){"DMA_WAIT", -1, 0}, 37, 37);
    check("ethos-u65", (weakening){"DMA_WAIT", -1, 0}, 30, 30);
    check("ethos-u85", (weakening){"DMA_WAIT", -1, 0}, 101, 93);
}

static void test_kernel_waits(void **state)
{
    (void)state;
    check("ethos-u55", (weakening){"KERNEL_WAIT", -1, 0}, 19, 19);
    check("ethos-u65", (weakening){"KERNEL_WAIT", -1, 0}, 15, 15);
    check("ethos-u85", (weakening){"KERNEL_WAIT", -1, 0}, 49, 40);
}

static void test_block_dependencies(void **state)
{
    (void)state;
    check("ethos-u55", (weakening){"BLOCKDEP", 3, 0}, 285, 66);
    check("ethos-u65", (weakening){"BLOCKDEP", 3, 0}, 209, 60);
    check("ethos-u85", (weakening){"BLOCKDEP", 7, 0}, 804, 195);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_dma_waits), cmocka_unit_test(test_kernel_waits),
                                       cmocka_unit_test(test_block_dependencies)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
