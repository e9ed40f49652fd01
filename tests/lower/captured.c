/* Each captured case, lowered with the captured scales, is the graph that ExecuTorch made. */
#include "support/captured.h"
#include "lower/lower.h"
#include "support/graph.h"
#include "support/same_graph.h"

static ns_error error;

static ns_target target_of(const char *name)
{
    return strstr(name, "_u55_") ? NS_TARGET_U55 : NS_TARGET_U85;
}

static void test_structure(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    const char *const *names = NULL;
    int count = 0, different = 0;
    ASSERT_OK(captured_list(arena, &names, &count, &error));
    assert_true(count > 100);
    for (int i = 0; i < count; i++) {
        ns_arena *work = ns_arena_new();
        captured_case one;
        ASSERT_OK(captured_load(names[i], work, &one, &error));
        ns_graph *native = NULL;
        if (ns_lower(one.program, target_of(names[i]), &native, &error) != NS_OK)
            fail_msg("%s: %s", names[i], error.message);
        ASSERT_OK(ns_graph_validate(native, &error));
        ns_graph *expected = test_read_graph(ns_arena_format(work, "captured/%s/delegate0.tosa", names[i]));
        char text[512];
        if (!same_graph(native, expected, text, sizeof text)) {
            print_error("%s: %s\n", names[i], text);
            different++;
        }
        ns_graph_free(native);
        ns_graph_free(expected);
        ns_arena_free(work);
    }
    ns_arena_free(arena);
    assert_int_equal(different, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_structure)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
