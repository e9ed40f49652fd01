#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/interface.h"
#include "report/report.h"

#include "sample.h"
#include "support/test.h"

static const char *render(const ns_suite_result *result, ns_arena *arena)
{
    ns_bytes bytes;
    ns_error error;
    ns_buffer buffer = {.arena = arena};
    ASSERT_OK(ns_report_markdown(result, &buffer, &error));
    bytes = (ns_bytes){buffer.data, buffer.size};
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

static ns_error error;

/* One verdict for both halves of a diagnosis: nothing is healthy beside a stream that is wrong. */
static void test_one_verdict_of_a_diagnosis(void **state)
{
    (void)state;
    static const struct {
        ns_diagnose_verdict verdict;
        int findings;
        const char *markdown, *text;
    } wanted[] = {
        {NS_DIAGNOSE_HEALTHY, 0, "\n**healthy**: nothing to blame. Expected",
         "verdict: healthy: nothing to blame\n"},
        {NS_DIAGNOSE_HEALTHY, 1,
         "\n**compilation**: 1 of 2 configurations is a finding; precision is healthy: nothing",
         "verdict: compilation: 1 of 2 configurations is a finding; precision is healthy: nothing to "
         "blame\n"},
        {NS_DIAGNOSE_OPERATOR, 2,
         "\n**operator**: an operator loses precision; compilation: 2 of 2 configurations are",
         "verdict: operator: an operator loses precision; compilation: 2 of 2 configurations are findings\n"},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        ns_arena *arena = ns_arena_new();
        const ns_diagnose_precision precision = {.verdict = wanted[i].verdict,
                                                 .reason = ns_diagnose_verdict_sentence(wanted[i].verdict)};
        ns_diagnose_compile rows[2];
        for (int k = 0; k < 2; k++)
            rows[k] = (ns_diagnose_compile){.accelerator = "ethos-u55-128",
                                            .memory_mode = "Sram_Only",
                                            .vela = "5.1.0",
                                            .verdict = k < wanted[i].findings ? "wrong" : "right",
                                            .is_finding = k < wanted[i].findings};
        const ns_diagnose_result result = {
            .model = "m.tosa", .precision = &precision, .compile = rows, .compile_count = 2};
        ns_bytes bytes;
        char *printed = NULL;
        size_t size = 0;
        FILE *to = open_memstream(&printed, &size);
        ns_report_diagnose_text(&result, to);
        fclose(to);
        assert_memory_equal(printed, wanted[i].text, strlen(wanted[i].text));
        free(printed);
        ASSERT_OK(ns_report_diagnose_markdown(&result, arena, &bytes, &error));
        assert_contains(
            (const char *)ns_arena_format(arena, "%.*s", (int)bytes.size, (const char *)bytes.data),
            wanted[i].markdown);
        assert_int_equal(ns_diagnose_fails(&result), i > 0);
        ns_arena_free(arena);
    }
}

/* JUnit: what could not be compared is skipped, a verdict that blames nobody is a failure; and where an
 * operator comes from stands in the text of a finding. */
static void test_nothing_is_green_that_is_not_right(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    static const char *const notes[] = {"look at the scale"};
    const ns_diagnose_precision precision = {.verdict = NS_DIAGNOSE_SUSPECT,
                                             .reason = "does not fit",
                                             .notes = (const char **)notes,
                                             .note_count = 1};
    const ns_diagnose_compile row = {.accelerator = "ethos-u55-128",
                                     .memory_mode = "-",
                                     .vela = "-",
                                     .verdict = "unknown",
                                     .reason = "no graph"};
    const ns_diagnose_result result = {
        .model = "m.tosa", .precision = &precision, .compile = &row, .compile_count = 1};
    ns_bytes bytes;
    ASSERT_OK(ns_report_diagnose_junit(&result, arena, &bytes, &error));
    const char *text = ns_arena_format(arena, "%.*s", (int)bytes.size, (const char *)bytes.data);
    assert_contains(text, "<testsuites tests=\"2\" failures=\"1\">");
    assert_contains(
        text,
        "name=\"verdict\" time=\"0\">\n      <failure type=\"suspect\" message=\"does not fit; look at");
    assert_contains(text, "<skipped message=\"no graph\"/>");
    const ns_diagnose_departure first = {.command = 3,
                                         .operation = "CONV",
                                         .output = "t",
                                         .operator_index = 7,
                                         .op = "CONV2D",
                                         .location = "module: n (Linear), m.py:12"};
    char *printed = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&printed, &size);
    ns_report_diagnose_departure(&first, to);
    fclose(to);
    assert_string_equal(
        printed, "    first: command 3, CONV, writes t, operator 7 (CONV2D), module: n (Linear), m.py:12\n");
    free(printed);
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_and_failures),
        cmocka_unit_test(test_many_failures_are_counted),
        cmocka_unit_test(test_a_long_reason_is_cut),
        cmocka_unit_test(test_a_vela_that_is_missing),
        cmocka_unit_test(test_one_verdict_of_a_diagnosis),
        cmocka_unit_test(test_nothing_is_green_that_is_not_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
