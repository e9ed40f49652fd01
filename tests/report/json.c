#include "report/report.h"

#include <jansson.h>

#include "sample.h"
#include "support/test.h"

static json_t *render(const ns_suite_result *result, ns_arena *arena)
{
    ns_bytes bytes;
    ns_error error;
    json_error_t problem;
    ns_buffer buffer = {.arena = arena};
    ASSERT_OK(ns_report_json(result, &buffer, &error));
    bytes = (ns_bytes){buffer.data, buffer.size};
    assert_int_equal(bytes.data[bytes.size - 1], '\n');
    json_t *root = json_loadb((const char *)bytes.data, bytes.size, JSON_REJECT_DUPLICATES, &problem);
    if (!root)
        fail_msg("line %d: %s", problem.line, problem.text);
    return root;
}

static void test_the_contract(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    const ns_suite_result result = sample_result();
    json_t *root = render(&result, arena);
    assert_string_equal(json_string_value(json_object_get(root, "schema")), "npuscope/suite/1");
    assert_int_equal(json_integer_value(json_object_get(root, "seed")), 7);
    json_t *summary = json_object_get(root, "summary");
    assert_int_equal(json_integer_value(json_object_get(summary, "passed")), 1);
    assert_int_equal(json_integer_value(json_object_get(summary, "failed")), 1);
    assert_int_equal(json_integer_value(json_object_get(summary, "rejected")), 2);
    assert_int_equal(json_integer_value(json_object_get(summary, "skipped")), 1);
    json_t *cases = json_object_get(root, "cases");
    assert_int_equal(json_array_size(cases), 5);

    json_t *pass = json_array_get(cases, 0);
    assert_string_equal(json_string_value(json_object_get(pass, "op")), "exp");
    assert_string_equal(json_string_value(json_object_get(pass, "case")), "rank1");
    assert_string_equal(json_string_value(json_object_get(pass, "verdict")), "pass");
    assert_true(json_is_null(json_object_get(pass, "at_fault")));
    assert_string_equal(json_string_value(json_object_get(pass, "reason")), "");
    json_t *stage = json_array_get(json_object_get(pass, "stages"), 1);
    assert_string_equal(json_string_value(json_object_get(stage, "name")), "quantised");
    assert_true(json_real_value(json_object_get(stage, "max_abs_error")) == 0.25);
    assert_true(json_real_value(json_object_get(stage, "max_steps")) == 1);
    assert_true(json_real_value(json_object_get(stage, "sqnr_db")) == 60.25);

    json_t *fail = json_array_get(cases, 1);
    assert_string_equal(json_string_value(json_object_get(fail, "at_fault")), "quantise");
    assert_string_equal(json_string_value(json_object_get(fail, "reason")), SAMPLE_REASON);
    stage = json_array_get(json_object_get(fail, "stages"), 0);
    assert_true(json_is_null(json_object_get(stage, "sqnr_db")));
    json_t *worst = json_object_get(stage, "worst");
    assert_int_equal(json_integer_value(json_array_get(json_object_get(worst, "index"), 0)), 1);
    assert_int_equal(json_integer_value(json_array_get(json_object_get(worst, "index"), 1)), 2);
    assert_true(json_is_null(json_object_get(worst, "got")));
    assert_int_equal(
        json_array_size(json_object_get(json_array_get(json_object_get(worst, "inputs"), 0), "values")), 4);

    json_t *rejected = json_array_get(cases, 2);
    assert_string_equal(json_string_value(json_object_get(rejected, "verdict")), "rejected");
    assert_true(json_is_null(json_object_get(rejected, "at_fault")));
    assert_string_equal(json_string_value(json_object_get(rejected, "reason")),
                        "int16 <bmm> & \"U55\" do not go");
    stage = json_array_get(json_object_get(rejected, "stages"), 0);
    assert_true(json_is_null(json_object_get(stage, "max_steps")));
    assert_true(json_is_null(json_object_get(stage, "worst")));
    json_decref(root);
    ns_arena_free(arena);
}

static void test_same_bytes(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    const ns_suite_result result = sample_result();
    ns_bytes a, b;
    ns_error error;
    ns_buffer buffer_a = {.arena = arena};
    ASSERT_OK(ns_report_json(&result, &buffer_a, &error));
    a = (ns_bytes){buffer_a.data, buffer_a.size};
    ns_buffer buffer_b = {.arena = arena};
    ASSERT_OK(ns_report_json(&result, &buffer_b, &error));
    b = (ns_bytes){buffer_b.data, buffer_b.size};
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_contract),
        cmocka_unit_test(test_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
