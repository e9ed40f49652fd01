/* A simulator with one rule changed, linked in the place of the right one (meson.build): natural rounding
 * truncates. The row must blame the stage npu, and no configuration of Vela can agree with eval, so that the
 * simulator is to be suspected. */
#define _GNU_SOURCE
#include <stdlib.h>

#include "npuscope/suite.h"
#include "support/with_vela.h"

static void test_a_changed_rule(void **state)
{
    (void)state;
    static const char *const ops[] = {"conv1d"}, *const names[] = {"k3_per_channel"};
    static const char *const targets[] = {"u55", "u85"};
    ns_error error;
    ns_suite_result *result = NULL;
    ns_suite_options options;
    ns_suite_defaults(&options, sizeof options);
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

static int run_group(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_changed_rule)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return with_vela(run_group);
}
