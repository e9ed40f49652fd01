#include "report/report.h"

#include "sample.h"
#include "support/test.h"

/* The report as one string, which the caller frees. A file in between: a stream into memory would keep the
 * address of a local variable. */
static char *render(const ns_suite_result *result, size_t columns)
{
    FILE *stream = tmpfile();
    assert_non_null(stream);
    ns_report_text(result, columns > 0, columns, stream);
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
    char *text = render(&result, 0);
    assert_contains(text, "\nexp        rank1 ");
    assert_contains(text, "  1.00   0.50  60.2    1/2    0.0  pass\n");
    assert_contains(text, "200.00  1e+05  -inf      -    3.0  FAIL\n");
    assert_contains(text, "     -      -     -      -      -  rejected\n");
    assert_contains(text, "\nrejected bmm on u55\n  int16 <bmm> & \"U55\" do not go\n");
    assert_contains(text, "\nFAIL exp " SAMPLE_LONG_NAME ", at fault: quantise\n  on u55\n");
    assert_contains(text, "  quantised: 3 of 6 elements differ");
    assert_contains(text, "worst element [1, 2] of [2, 3] int16: got nan, ideal 1.5");
    assert_contains(text, "from x = 0.5, -1, 2, 0.125, ... (9 elements in [-3, 4])\n");
    assert_contains(
        text, "\n5 cases: 1 passed, 1 failed, 2 rejected, 1 skipped (2.50 s)\npass allows qtol 128 steps, "
              "atol 0.001, rtol 0.001; least scale 2^-16 (epsilon)\nmax, mean: error "
              "against ideal in steps");
    assert_contains(text, "known defect of Vela 5.1.0: slice_reduce (wrong)\n");
    assert_contains(text, "avoided by: ");
    assert_contains(text, "met by exp rank1 on u55\n");
    assert_null(strchr(text, '\033'));
    /* The two rejected cases have one reason, told once. */
    assert_null(strstr(strstr(text, "do not go") + 1, "do not go"));
    free(text);
}

static void check_columns(const char *text)
{
    for (const char *line = text; *line;) {
        const size_t length = strcspn(line, "\n");
        /* Longer words, as a name may be, stay whole. */
        if (strchr(line, '\033') >= line + length && length > NS_REPORT_COLUMNS &&
            !strstr(line, SAMPLE_LONG_NAME))
            fail_msg("%zu columns: %.*s", length, (int)length, line);
        line += length + 1;
    }
}

/* On a terminal of 80 columns, and of 100: names are whole, on a line of their own where they are long. */
static void test_columns(void **state)
{
    (void)state;
    ns_suite_result result = sample_result();
    /* All columns that there are. */
    result.stages = (1u << NS_STAGE_COUNT) - 1;
    char *text = render(&result, 80);
    check_columns(text);
    assert_contains(text, "\nexp " SAMPLE_LONG_NAME " on u55\n        ");
    assert_contains(text, "from 100 columns on");
    assert_null(strstr(text, "mean"));
    free(text);
    text = render(&result, 100);
    assert_contains(text, " mean ");
    free(text);
    text = render(&result, 0);
    assert_contains(text, "\nexp        " SAMPLE_LONG_NAME " ");
    free(text);
}

/* Of a model that is given compiled the NPU's errors stand where those of eval would; what is not known is
 * "-". */
static void test_compiled_model(void **state)
{
    (void)state;
    ns_stage_result stage = sample_pass[1];
    stage.stage = NS_STAGE_NPU;
    stage.against = "expected";
    stage.max_steps = stage.mean_steps = stage.max_difference_steps = NAN;
    stage.max_difference = 0;
    ns_case_result row = sample_cases[0];
    row.scale = NAN;
    row.scale_count = row.defect_count = 0;
    row.stages = &stage;
    row.stage_count = 1;
    ns_suite_result result = sample_result();
    result.stages = (1u << NS_STAGE_COUNT) - 1;
    result.cases = &row;
    result.case_count = 1;
    char *text = render(&result, 0);
    assert_contains(
        text,
        "\nexp        rank1 u55         -      -     -      -      -  60.2   exact      -      -  pass\n");
    assert_contains(text, "the NPU's errors stand under eval");
    assert_null(strstr(text, "pass allows"));
    free(text);
    stage.against = "ideal";
    stage.max_difference = 0.25;
    row.settings.qtol = 1;
    text = render(&result, 80);
    assert_contains(text, "\noperator, case target ");
    assert_contains(text, "\nexp rank1      u55             -      -  60.2  within  \033[32mpass\033[0m\n");
    assert_contains(text, "\npass allows qtol 1 step, atol 0.001, rtol 0.001\n");
    free(text);
}

/* A cause is told once, whatever its numbers, with all rows that have it; another reason is another cause. */
static void test_each_cause_once(void **state)
{
    (void)state;
    ns_case_result cases[] = {sample_result().cases[1], sample_result().cases[1], sample_result().cases[1]};
    ns_stage_result stage = cases[0].stages[0];
    cases[1].target = "u85";
    cases[2].name = "rank4";
    ns_suite_result result = sample_result();
    stage.worst_got = cases[0].stages[0].worst_got = 3;
    cases[1].stages = cases[2].stages = &stage;
    result.cases = cases;
    result.case_count = 3;
    char *text = render(&result, 0);
    assert_contains(text, ", at fault: quantise\n  on u55, u85; the same: exp rank4 on u55\n");
    free(text);
    stage.max_difference *= 2;
    stage.reason =
        "12 of 600 elements differ from quantised by more than the tolerance, at most by -2.5e+03 steps";
    text = render(&result, 0);
    assert_contains(text, ", at fault: quantise\n  on u55, u85; the same: exp rank4 on u55\n");
    assert_null(strstr(strstr(text, "FAIL exp") + 1, "FAIL exp"));
    free(text);
    stage.reason = "another";
    text = render(&result, 0);
    assert_contains(text, ", at fault: quantise\n  on u55\n");
    assert_contains(text, ", at fault: quantise\n  on u85; the same: exp rank4 on u55\n");
    free(text);
    cases[1].op = "log";
    text = render(&result, 0);
    assert_contains(text, "FAIL log " SAMPLE_LONG_NAME ", at fault: quantise\n  on u85\n");
    free(text);
    cases[0].stages[0].worst_got = NAN;
}

static void test_colour(void **state)
{
    (void)state;
    const ns_suite_result result = sample_result();
    char *text = render(&result, 80);
    assert_contains(text, "\033[32mpass\033[0m\n");
    assert_contains(text, "\033[1;31mFAIL\033[0m\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_is_said),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_compiled_model),
        cmocka_unit_test(test_each_cause_once),
        cmocka_unit_test(test_colour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
