/* Every stream of the checked-in corpus: the simulator equals the reference model in every element, and no
 * access is left to chance by the stream's waits and block dependencies. */
#include "support/conformance.h"
#include "support/test.h"

typedef struct expectation {
    const char *family;
    int equal, changed; /* streams that are equal, and that a chip rule changes */
} expectation;

/* Groups of graphs for which Vela 5.1.0 emits what the chip computes otherwise, and the one rule that strikes
 * (docs/conformance.md). */
static const struct {
    const char *group, *rule;
} CHANGED[] = {{"add_small_integers", "OPERAND_SHIFT"}};

/* Counts the chip rules that struck, and those of them that are `wanted`. */
typedef struct rules {
    const char *wanted;
    size_t count, wanted_count;
} rules;

static void note_rule(void *context, const char *text)
{
    static const char START[] = "chip rule ";
    rules *seen = context;
    const char *name = strstr(text, START);
    if (!name)
        return;
    name += sizeof START - 1;
    size_t length = strcspn(name, ":");
    seen->count++;
    seen->wanted_count +=
        seen->wanted && strlen(seen->wanted) == length && strncmp(name, seen->wanted, length) == 0;
}

/* The rule of the graph's group; NULL where none may change the result. */
static const char *rule_of(const ns_corpus_graph *graph)
{
    for (size_t i = 0; i < sizeof CHANGED / sizeof CHANGED[0]; i++)
        if (strcmp(graph->operator, CHANGED[i].group) == 0)
            return CHANGED[i].rule;
    return NULL;
}

static void check_family(ns_corpus *corpus, const expectation *expected)
{
    char message[NS_CONFORMANCE_MESSAGE];
    int equal = 0, changed = 0, bad = 0;
    size_t hazards = 0, signs = 0, possible = 0;
    for (int i = 0; i < corpus->graph_count; i++) {
        const ns_corpus_graph *graph = &corpus->graphs[i];
        for (int k = 0; k < graph->stream_count; k++) {
            if (!strstr(graph->streams[k].target, expected->family))
                continue;
            rules seen = {.wanted = rule_of(graph)};
            ns_conformance_watch watch = {
                .hazards = true, .check = true, .message = note_rule, .context = &seen};
            ns_conformance result = ns_conformance_npu(corpus, graph, &graph->streams[k], &watch, message);
            hazards += watch.statistics.hazards;
            signs += watch.statistics.signs;
            possible += watch.statistics.possible_signs;
            if (watch.statistics.signs || watch.statistics.possible_signs)
                print_error("%s %s: %s, %s\n", graph->name, graph->streams[k].target, watch.statistics.sign,
                            watch.statistics.possible_sign);
            if (result == NS_CONFORMANCE_EQUAL) {
                equal++;
            } else if (result == NS_CONFORMANCE_CHIP_RULE && seen.count > 0 &&
                       seen.wanted_count == seen.count && watch.statistics.chip_rules == seen.count) {
                changed++;
            } else {
                print_error("%s %s: %s\n", graph->name, graph->streams[k].target, message);
                bad++;
            }
        }
    }
    print_message("%s: %d streams equal, %d changed by a chip rule, %zu hazards, %zu signs, %zu possible\n",
                  expected->family, equal, changed, hazards, signs, possible);
    assert_int_equal(bad, 0);
    assert_int_equal(equal, expected->equal);
    assert_int_equal(changed, expected->changed);
    assert_int_equal(hazards, 0);
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
