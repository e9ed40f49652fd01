#include "report/report.h"

#include "sample.h"
#include "support/test.h"

/* The report as one string, which the caller frees. A file in between: a stream into memory would keep the
 * address of a local variable. */
static char *render(const ns_suite_result *result, bool colour)
{
    FILE *stream = tmpfile();
    assert_non_null(stream);
    ns_report_text(result, colour, stream);
    const long size = ftell(stream);
    assert_true(size > 0);
    char *text = calloc(1, (size_t)size + 1);
    assert_non_null(text);
    rewind(stream);
    assert_int_equal(fread(text, 1, (size_t)size, stream), size);
    fclose(stream);
    return text;
}

static void test_everything_is_said(void **state)
{
    (void)state;
    const ns_suite_result result = sample_result();
    char *text = render(&result, false);
    assert_contains(text, "\nexp        rank1 ");
    assert_contains(text, "  1.00   0.50  60.2    1/2    0.0  pass\n");
    assert_contains(text, "200.00  1e+05  -inf      -    3.0  FAIL\n");
    assert_contains(text, "     -      -     -      -      -  rejected\n");
    assert_contains(text, "\nrejected bmm on u55\n  int16 <bmm> & \"U55\" do not go\n");
    assert_contains(text, "\nFAIL exp " SAMPLE_LONG_NAME ", at fault: quantise\n  on u55\n");
    assert_contains(text, "  quantised: 3 of 6 elements differ");
    assert_contains(text, "worst element [1, 2] of [2, 3] int16: got nan, ideal 1.5");
    assert_contains(text, "from x = 0.5, -1, 2, 0.125, ... (9 elements in [-3, 4])\n");
    assert_contains(text, "\n5 cases: 1 passed, 1 failed, 2 rejected, 1 skipped (2.50 s)\nmax, mean: error "
                          "against ideal in steps");
    assert_contains(text, "known defect of Vela 5.1.0: slice_reduce (wrong)\n");
    assert_contains(text, "avoided by: ");
    assert_contains(text, "met by exp rank1 on u55\n");
    assert_null(strchr(text, '\033'));
    /* The two rejected cases have one reason, told once. */
    assert_null(strstr(strstr(text, "do not go") + 1, "do not go"));
    free(text);
}

static void test_100_columns(void **state)
{
    (void)state;
    ns_suite_result result = sample_result();
    /* All columns that there are. */
    result.stages = (1u << NS_STAGE_COUNT) - 1;
    char *text = render(&result, true);
    for (const char *line = text; *line;) {
        const size_t length = strcspn(line, "\n");
        if (strchr(line, '\033') >= line + length && length > NS_REPORT_COLUMNS)
            fail_msg("%zu columns: %.*s", length, (int)length, line);
        line += length + 1;
    }
    assert_contains(text, "..");
    free(text);
    /* Piped: whole. */
    text = render(&result, false);
    assert_contains(text, "\nexp        " SAMPLE_LONG_NAME " ");
    free(text);
}

/* Two targets with the same failure are one paragraph; a difference makes two. */
static void test_same_failure_on_two_targets(void **state)
{
    (void)state;
    ns_case_result cases[] = {sample_result().cases[1], sample_result().cases[1]};
    ns_stage_result stage = cases[0].stages[0];
    cases[1].target = "u85";
    ns_suite_result result = sample_result();
    stage.worst_got = cases[0].stages[0].worst_got = 3;
    cases[1].stages = &stage;
    result.cases = cases;
    result.case_count = 2;
    char *text = render(&result, false);
    assert_contains(text, ", at fault: quantise\n  on u55, u85\n");
    free(text);
    stage.max_difference *= 2;
    text = render(&result, false);
    assert_contains(text, ", at fault: quantise\n  on u55\n");
    assert_contains(text, ", at fault: quantise\n  on u85\n");
    free(text);
    cases[0].stages[0].worst_got = NAN;
}

static void test_colour(void **state)
{
    (void)state;
    const ns_suite_result result = sample_result();
    char *text = render(&result, true);
    assert_contains(text, "\033[32mpass\033[0m\n");
    assert_contains(text, "\033[1;31mFAIL\033[0m\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_is_said),
        cmocka_unit_test(test_100_columns),
        cmocka_unit_test(test_same_failure_on_two_targets),
        cmocka_unit_test(test_colour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
