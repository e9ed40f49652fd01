/* Every stream of the checked-in corpus: the simulator equals the reference model in every element. */
#include "support/conformance.h"
#include "support/test.h"

typedef struct expectation {
    const char *family;
    int equal, rules; /* streams that are equal, and that a chip rule changes */
} expectation;

/* Groups of graphs for which Vela 5.1.0 emits what the chip computes otherwise (docs/conformance.md). */
static bool chip_rule_expected(const ns_corpus_graph *graph)
{
    return strcmp(graph->operator, "add_small_integers") == 0 ||
           strcmp(graph->operator, "max_pool_fused") == 0;
}

static void check_family(const ns_corpus *corpus, const expectation *expected)
{
    char message[NS_CONFORMANCE_MESSAGE];
    int equal = 0, rules = 0, bad = 0;
    for (int i = 0; i < corpus->graph_count; i++) {
        const ns_corpus_graph *graph = &corpus->graphs[i];
        for (int k = 0; k < graph->stream_count; k++) {
            if (!strstr(graph->streams[k].target, expected->family))
                continue;
            ns_conformance result = ns_conformance_npu(corpus, graph, &graph->streams[k], message);
            if (result == NS_CONFORMANCE_EQUAL) {
                equal++;
            } else if (result == NS_CONFORMANCE_CHIP_RULE && chip_rule_expected(graph)) {
                rules++;
            } else {
                print_error("%s %s: %s\n", graph->name, graph->streams[k].target, message);
                bad++;
            }
        }
    }
    print_message("%s: %d streams equal, %d changed by a chip rule\n", expected->family, equal, rules);
    assert_int_equal(bad, 0);
    assert_int_equal(equal, expected->equal);
    assert_int_equal(rules, expected->rules);
}

static void check(const expectation *expected)
{
    char path[1024];
    ns_arena *arena = ns_arena_new();
    ns_corpus corpus;
    ns_error error;
    ASSERT_OK(ns_corpus_open(test_data(path, sizeof path, "conformance.zip"), arena, &corpus, &error));
    check_family(&corpus, expected);
    ns_corpus_close(&corpus);
    ns_arena_free(arena);
}

static void test_u55(void **state)
{
    (void)state;
    check(&(expectation){"ethos-u55", 277, 8});
}

static void test_u65(void **state)
{
    (void)state;
    check(&(expectation){"ethos-u65", 201, 8});
}

static void test_u85(void **state)
{
    (void)state;
    check(&(expectation){"ethos-u85", 816, 0});
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_u55), cmocka_unit_test(test_u65),
                                       cmocka_unit_test(test_u85)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
