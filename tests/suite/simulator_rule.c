/* A simulator with one rule changed, linked in the place of the right one (meson.build): natural rounding
 * truncates. The row must blame the stage npu, and no configuration of Vela can agree with eval, so that the
 * simulator is to be suspected. Skipped where Vela is not installed (scripts/install-vela). */
#define _GNU_SOURCE
#include <stdlib.h>

#include "npuscope/suite.h"
#include "support/test.h"

static ns_vela vela;
static ns_arena *arena;
static char cache[] = "/tmp/npuscope-test-XXXXXX";

static void test_a_changed_rule(void **state)
{
    (void)state;
    static const char *const ops[] = {"conv1d"}, *const names[] = {"k3_per_channel"};
    static const char *const targets[] = {"u55", "u85"};
    ns_error error;
    ns_suite_result *result = NULL;
    ns_suite_options options = ns_suite_defaults();
    options.ops = ops;
    options.names = names;
    options.targets = targets;
    options.op_count = options.name_count = 1;
    options.target_count = 2;
    options.qtol = 1e9; /* whatever the tolerance */
    options.vela_options = &(ns_vela_options){.cache = cache};
    ASSERT_OK(ns_suite_run(&options, arena, &result, &error));
    assert_int_equal(result->case_count, 2);
    for (int i = 0; i < 2; i++) {
        const ns_case_result *row = &result->cases[i];
        assert_string_equal(row->target, targets[i]);
        assert_int_equal(row->verdict, NS_VERDICT_FAIL);
        assert_int_equal(row->at_fault, NS_STAGE_NPU);
        assert_string_equal(ns_stage_blame(row->at_fault), "compile");
        assert_int_equal(row->suspect, NS_SUSPECT_SIMULATOR);
        assert_non_null(strstr(row->reason, "npuscope's simulator is to be suspected"));
        assert_int_equal(row->configuration_count, i == 0 ? 3 + 3 : 4 + 5);
        for (int k = 0; k < row->configuration_count; k++) {
            assert_int_equal(row->configurations[k].agreement, NS_AGREEMENT_DIFFERS);
            assert_in_range(row->configurations[k].differing, 1, 64 * 1024);
        }
    }
}

int main(void)
{
    ns_error error = {0};
    arena = ns_arena_new();
    if (ns_vela_find(NULL, arena, &vela, &error) != NS_OK) {
        printf("%s\n", error.message);
        return 77;
    }
    if (!mkdtemp(cache))
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_changed_rule)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ns_vela_cache_info info;
    failed += ns_vela_cache_clear(cache, &info, &error) != NS_OK || remove(cache) != 0;
    ns_arena_free(arena);
    return failed;
}
