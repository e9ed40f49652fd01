/* Of one graph, Vela's streams for every MAC count of Ethos-U85, with and without chaining and fast weights,
 * give the same outputs: all equal the reference model's. tests/data/variants.zip
 * (tests/conformance/variants). */
#include "support/conformance.h"
#include "support/test.h"

typedef struct counts {
    int graphs, macs, chaining,
        fast; /* streams of a MAC count; pairs with and without chaining, fast weights */
} counts;

static const ns_corpus_stream *find(const ns_corpus_graph *graph, const char *target)
{
    for (int i = 0; i < graph->stream_count; i++)
        if (strcmp(graph->streams[i].target, target) == 0)
            return &graph->streams[i];
    return NULL;
}

static void every_mac_count(const ns_corpus_graph *graph, counts *seen)
{
    static const int macs[] = {128, 256, 512, 1024, 2048};
    for (size_t i = 0; i < sizeof macs / sizeof macs[0]; i++) {
        char target[32];
        snprintf(target, sizeof target, "ethos-u85-%d", macs[i]);
        if (!find(graph, target))
            fail_msg("%s has no stream for %s", graph->name, target);
        seen->macs++;
    }
}

/* A variation's file is not that of the plain compilation: what is compared has a difference to begin with.
 */
static void files_differ(ns_corpus *corpus, const ns_corpus_graph *graph, const ns_corpus_stream *stream,
                         ns_arena *arena)
{
    const ns_corpus_stream *plain = find(graph, stream->accelerator);
    ns_bytes a, b;
    ns_error error = {0};
    assert_non_null(plain);
    ASSERT_OK(ns_corpus_read(corpus, graph, plain->file, arena, &a, &error));
    ASSERT_OK(ns_corpus_read(corpus, graph, stream->file, arena, &b, &error));
    if (a.size == b.size && memcmp(a.data, b.data, a.size) == 0)
        fail_msg("%s: %s is the same as %s", graph->name, stream->target, plain->target);
}

static void variants_agree(void **state)
{
    (void)state;
    char path[1024], message[NS_CONFORMANCE_MESSAGE];
    ns_arena *arena = ns_arena_new();
    ns_corpus corpus;
    ns_error error = {0};
    counts seen = {0};
    int bad = 0;
    ASSERT_OK(ns_corpus_open(test_data(path, sizeof path, "variants.zip"), arena, &corpus, &error));
    for (int i = 0; i < corpus.graph_count; i++) {
        const ns_corpus_graph *graph = &corpus.graphs[i];
        seen.graphs++;
        every_mac_count(graph, &seen);
        for (int k = 0; k < graph->stream_count; k++) {
            const ns_corpus_stream *stream = &graph->streams[k];
            if (strchr(stream->target, '_'))
                files_differ(&corpus, graph, stream, arena);
            seen.chaining += strstr(stream->target, "_nochain") != NULL;
            seen.fast += strstr(stream->target, "_nofwd") != NULL;
            if (ns_conformance_npu(&corpus, graph, stream, NULL, message) != NS_CONFORMANCE_EQUAL) {
                print_error("%s %s: %s\n", graph->name, stream->target, message);
                bad++;
            }
        }
    }
    print_message("%d graphs, %d streams of a MAC count, %d without chaining, %d without fast weights\n",
                  seen.graphs, seen.macs, seen.chaining, seen.fast);
    assert_int_equal(bad, 0);
    assert_int_equal(seen.graphs, 21);
    assert_int_equal(seen.macs, 5 * seen.graphs);
    assert_int_equal(seen.chaining, 95);
    assert_int_equal(seen.fast, 4);
    ns_corpus_close(&corpus);
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(variants_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
