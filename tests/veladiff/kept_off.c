/* A row that fails before Vela is a failed graph, and none that ExecuTorch keeps off the target. */
#include <math.h>

#include "npuscope/vela_diff.h"
#include "support/arena.h"
#include "support/test.h"

/* bmm of the seed catalogue on `target`. No scale of a graph reaches 1e38, so that its lowering fails; Vela
 * is then not needed. */
static ns_code run(const char *target, ns_vela_diff_result *result, ns_error *error)
{
    static const char *const ops[] = {"bmm"}, *const names[] = {"rectangular"};
    ns_suite_options suite;
    ns_suite_defaults(&suite, sizeof suite);
    suite.op_count = suite.name_count = suite.target_count = 1;
    suite.ops = ops;
    suite.names = names;
    suite.targets = &target;
    suite.epsilon = 1e38;
    const ns_vela_diff_options options = {.suite = &suite};
    const ns_vela_diff_compiler compilers[2] = {{.vela = {"none", "A"}}, {.vela = {"none", "B"}}};
    return ns_vela_diff(&options, 2, compilers, arena, result, error);
}

static void test_a_failed_lowering(void **state)
{
    (void)state;
    ns_vela_diff_result result;
    ns_error error;
    ASSERT_OK(run("u85", &result, &error));
    assert_int_equal(result.kept_off, 0);
    assert_int_equal(result.count, 1);
    assert_non_null(result.graphs[0].eval_reason);
    for (int side = 0; side < 2; side++) {
        assert_int_equal(result.statuses[side][NS_VELA_DIFF_FAILED], 1);
        assert_string_equal(result.graphs[0].sides[side].reason, result.graphs[0].eval_reason);
    }
}

static void test_kept_off(void **state)
{
    (void)state;
    ns_vela_diff_result result;
    ns_error error;
    assert_int_equal(run("u55", &result, &error), NS_ERROR_USAGE);
    assert_int_equal(result.kept_off, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_failed_lowering, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_kept_off, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
