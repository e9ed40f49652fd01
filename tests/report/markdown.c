#include "report/report.h"

#include "sample.h"
#include "support/test.h"

static const char *render(const ns_suite_result *result, ns_arena *arena)
{
    ns_bytes bytes;
    ns_error error;
    ASSERT_OK(ns_report_markdown(result, arena, &bytes, &error));
    const char *text = ns_arena_format(arena, "%.*s", (int)bytes.size, (const char *)bytes.data);
    assert_non_null(text);
    return text;
}

static void test_counts_and_failures(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_suite_result result = sample_result();
    result.vela = "5.1.0";
    const char *text = render(&result, arena);
    assert_contains(text, "### npuscope suite: 5 rows, 1 passed, 1 failed, 2 rejected, 1 skipped\n");
    assert_contains(text, "Catalogue seed, seed 7, Vela 5.1.0.\n");
    assert_contains(
        text, "\n| operator | target | passed | failed | rejected | skipped | largest error in steps |\n");
    assert_contains(text, "\n| exp | u55 | 1 | 1 | 0 | 0 | 200 |\n");
    assert_contains(text, "\n| bmm | u55 | 0 | 0 | 2 | 0 | - |\n");
    assert_contains(text, "\n#### Failed\n\n| row | at fault | why |\n|---|---|---|\n"
                          "| exp " SAMPLE_LONG_NAME " on u55 | quantise | " SAMPLE_REASON " |\n");
    /* What a reason has in markup is shown, not obeyed; one line for both rows. */
    assert_contains(
        text, "\n#### Rejected\n\n- 2 rows, first bmm same on u55: int16 &lt;bmm> &amp; \"U55\" do not go\n");
    assert_null(strstr(strstr(text, "do not go") + 1, "do not go"));
    ns_arena_free(arena);
}

/* A job's page takes a megabyte at most; a reader takes less. */
static void test_many_failures_are_counted(void **state)
{
    (void)state;
    enum { ROWS = 100 };
    ns_arena *arena = ns_arena_new();
    ns_suite_result result = sample_result();
    ns_case_result cases[ROWS];
    for (int i = 0; i < ROWS; i++)
        cases[i] = result.cases[1];
    result.cases = cases;
    result.case_count = ROWS;
    const char *text = render(&result, arena);
    assert_contains(text, "\nand 75 more\n");
    assert_true(strlen(text) < 8192);
    ns_arena_free(arena);
}

/* The page and the JSON have all of it. */
static void test_a_long_reason_is_cut(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_suite_result result = sample_result();
    char words[600];
    for (size_t i = 0; i < sizeof words; i++)
        words[i] = i % 9 ? 'a' : ' ';
    words[sizeof words - 1] = 0;
    ns_case_result one = result.cases[1];
    one.reason = words;
    result.cases = &one;
    result.case_count = 1;
    const char *row = strstr(render(&result, arena), "| quantise | ");
    assert_non_null(row);
    const size_t length = strcspn(row, "\n");
    assert_true(length > 200 && length < 230);
    assert_memory_equal(row + length - strlen("aaaaaaaa .. |"), "aaaaaaaa .. |", strlen("aaaaaaaa .. |"));
    /* One word without end is cut where the room ends. */
    memset(words, 'b', sizeof words - 1);
    row = strstr(render(&result, arena), "| quantise | ");
    assert_non_null(row);
    assert_true(strcspn(row, "\n") < 230);
    ns_arena_free(arena);
}

static void test_a_vela_that_is_missing(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_suite_result result = sample_result();
    result.vela_missing = "Vela was not found";
    assert_contains(render(&result, arena), "\n**The NPU did not run:** Vela was not found\n");
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_and_failures),
        cmocka_unit_test(test_many_failures_are_counted),
        cmocka_unit_test(test_a_long_reason_is_cut),
        cmocka_unit_test(test_a_vela_that_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
