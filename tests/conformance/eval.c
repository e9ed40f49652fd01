/* Every graph of the checked-in corpus: ns_eval equals the reference model in every element. */
#include "support/conformance.h"
#include "support/test.h"

/* Below these the corpus is not the one that the test was written for. */
#define LEAST_GRAPHS 300

static void test_graphs(void **state)
{
    (void)state;
    char path[1024], message[NS_CONFORMANCE_MESSAGE];
    ns_arena *arena = ns_arena_new();
    ns_corpus corpus;
    ns_error error;
    ASSERT_OK(ns_corpus_open(test_data(path, sizeof path, "conformance.zip"), arena, &corpus, &error));
    int equal = 0, bad = 0;
    for (int i = 0; i < corpus.graph_count; i++) {
        ns_conformance result = ns_conformance_eval(&corpus, &corpus.graphs[i], message);
        equal += result == NS_CONFORMANCE_EQUAL;
        if (result != NS_CONFORMANCE_EQUAL) {
            print_error("%s: %s\n", corpus.graphs[i].name, message);
            bad++;
        }
    }
    print_message("%d graphs equal\n", equal);
    assert_int_equal(bad, 0);
    assert_true(equal >= LEAST_GRAPHS);
    ns_corpus_close(&corpus);
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_graphs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
