/* Modules beyond the captured cases, lowered with the scales that ExecuTorch chose, are the graphs that
 * ExecuTorch made for each target, or are rejected where it kept them off (scripts/record-lower). */
#include "lower/interface.h"
#include "support/data.h"
#include "support/graph.h"
#include "support/same_graph.h"

static ns_error error;
static int graph_count, rejected_count, different_count;

/* The graph that ExecuTorch made for `target`; NULL where it made none. Where both targets' graphs were the
 * same bytes, only the first is kept. */
static ns_graph *expected_graph(const char *name, ns_target target, ns_arena *arena)
{
    const char *files[2] = {
        ns_arena_format(arena, "lower/%s/%s.tosa", name, ns_target_text(target)),
        ns_arena_format(arena, "lower/%s/both.tosa", name),
    };
    for (int i = 0; i < 2; i++) {
        if (test_data_has(files[i]))
            return test_read_graph(files[i]);
    }
    return NULL;
}

static void check_target(const char *name, const ns_aten_program *program, ns_target target, ns_arena *arena)
{
    ns_graph *native = NULL, *expected = expected_graph(name, target, arena);
    ns_code code = ns_lower(program, target, &native, &error);
    char text[512] = "";
    if (!expected) {
        rejected_count++;
        if (code == NS_OK)
            snprintf(text, sizeof text, "lowered, but ExecuTorch keeps it off");
        else if (code != NS_ERROR_UNSUPPORTED)
            snprintf(text, sizeof text, "%s", error.message);
    } else {
        graph_count++;
        if (code != NS_OK || ns_graph_validate(native, &error) != NS_OK)
            snprintf(text, sizeof text, "%s", error.message);
        else if (same_graph(native, expected, text, sizeof text))
            text[0] = '\0';
    }
    if (text[0]) {
        print_error("%s %s: %s\n", name, ns_target_text(target), text);
        different_count++;
    }
    ns_graph_free(native);
    ns_graph_free(expected);
}

static void test_graphs(void **state)
{
    (void)state;
    int count = 0;
    const char *const *names = NULL;
    ns_arena *all = ns_arena_new();
    ASSERT_OK(test_data_list("lower", all, &names, &count, &error));
    for (int i = 0; i < count; i++) {
        ns_arena *arena = ns_arena_new();
        ns_aten_program *program = NULL;
        if (captured_load_program(ns_arena_format(arena, "../lower/%s", names[i]), arena, &program, &error) !=
            NS_OK)
            fail_msg("%s: %s", names[i], error.message);
        for (int target = 0; target < NS_TARGET_COUNT; target++)
            check_target(names[i], program, (ns_target)target, arena);
        ns_arena_free(arena);
    }
    ns_arena_free(all);
    print_message("%d graphs, %d rejected\n", graph_count, rejected_count);
    assert_true(graph_count > 50);
    assert_true(rejected_count > 5);
    assert_int_equal(different_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_graphs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
