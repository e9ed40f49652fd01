/* The page as text. How it behaves in a browser is tested by page.py, to which this program gives the page of
 * hand-made results: test_report_html FILE writes it. */
#include "report/report.h"

#include "npuscope/sweep.h"
#include "sample.h"
#include "support/test.h"

static int one_input[] = {0}, two_inputs[] = {1, 0}, last_input[] = {2};
static ns_graph_node sample_nodes[] = {
    {"input 0", "", "[2, 3] int16", 0, NULL},
    {"TABLE", "table [513] int16", "[2, 3] int32", 1, one_input},
    {"ADD<b>", "axis 1\nshift \"30\"", "[2, 3] int32", 2, two_inputs},
    {"output 0", "", "[2, 3] int16", 1, last_input},
};
static const ns_configuration sample_configurations[] = {
    {"ethos-u55-256", "", NS_AGREEMENT_AGREES, 0, NULL},
    {"ethos-u55-128", "--optimise Size", NS_AGREEMENT_DIFFERS, 5, NULL},
    {"ethos-u55-32", "--<x>", NS_AGREEMENT_NOT_COMPILED, 0, "no <room>"},
};
static ns_sweep_range sample_ranges[] = {{-128, -1}};

static const char *render(const ns_suite_result *result, ns_arena *arena)
{
    ns_bytes bytes;
    ns_error error;
    ns_buffer buffer = {.arena = arena};
    ASSERT_OK(ns_report_html(result, &buffer, &error));
    bytes = (ns_bytes){buffer.data, buffer.size};
    const char *text = ns_arena_format(arena, "%.*s", (int)bytes.size, (const char *)bytes.data);
    assert_non_null(text);
    return text;
}

/* Every kind of row and of detail, with names that are markup and names that are long. */
static ns_suite_result all_kinds(ns_arena *arena)
{
    static ns_case_result cases[8];
    static ns_case_details details;
    static ns_stage_result failed;
    ns_suite_result result = sample_result();
    ns_sweep_result *sweep = NS_ARENA_NEW(arena, ns_sweep_result);
    assert_non_null(sweep);
    *sweep = (ns_sweep_result){
        .input_scale = 1.0 / 32768,
        .range_count = 1,
        .ranges = sample_ranges,
        .unpredictable = 128,
        .rule = "<i>no</i> rule",
        .eval = {.name = "eval", .compared = 65408, .max_steps = 250, .worst_code = 77, .bins = {65000, 408}},
        .npu = {.name = "npu", .reason = "Vela was <not> asked for"}};
    for (int i = 0; i < NS_SWEEP_COLUMNS; i++) {
        sweep->eval.least[i] = 0;
        sweep->eval.mean[i] = 0.25;
        sweep->eval.largest[i] = i == 40 ? NAN : i % 7 ? 0.5 : 250;
    }
    details = (ns_case_details){4, sample_nodes, "SET_<x> & \"y\"\nOP_STOP", sweep, NULL};
    failed = result.cases[1].stages[0];
    failed.stage = NS_STAGE_NPU;
    for (int i = 0; i < 5; i++)
        cases[i] = result.cases[i];
    cases[1].details = &details;
    for (int i = 5; i < 8; i++) { /* one name, three rows */
        cases[i] = result.cases[1];
        cases[i].name = "<script>alert(\"x\")</script> '%41#";
        cases[i].stages = &failed;
        cases[i].at_fault = NS_STAGE_NPU;
        cases[i].details = &details;
        cases[i].configurations = sample_configurations;
        cases[i].configuration_count = 3;
        cases[i].suspect = NS_SUSPECT_VELA;
    }
    result.cases = cases;
    result.case_count = 8;
    result.counts[NS_VERDICT_FAIL] = 4;
    result.vela_missing = "no <Vela>";
    return result;
}

static void test_nothing_is_obeyed(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    const ns_suite_result result = all_kinds(arena);
    const char *text = render(&result, arena);
    assert_contains(text, "int16 &lt;bmm&gt; &amp; &quot;U55&quot; do not go");
    assert_contains(text, "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;");
    assert_null(strstr(text, "<script>alert"));
    assert_null(strstr(text, "<bmm>"));
    assert_null(strstr(text, "<Vela>"));
    assert_contains(text, ">no &lt;Vela&gt;</tr>");
    assert_null(strstr(text, "<i>no</i>"));
    assert_null(strstr(text, "ADD<b>"));
    assert_contains(text, "SET_&lt;x&gt; &amp; &quot;y&quot;\nOP_STOP");
    assert_contains(text, "<code>npuscope suite <span>--catalogue seed</span> <span>--op exp</span> "
                          "<span>--case '&lt;script&gt;");
    ns_arena_free(arena);
}

static void test_rows_of_one_name_have_two_addresses(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    const ns_suite_result result = all_kinds(arena);
    const char *text = render(&result, arena);
    assert_contains(text, "id=\"exp/rank1/u55\"");
    assert_contains(text, "id=\"exp/_script_alert__x___/script____41_/u55\"");
    assert_contains(text, "id=\"exp/_script_alert__x___/script____41_/u55/6\"");
    assert_contains(text, "id=\"exp/_script_alert__x___/script____41_/u55/7\"");
    assert_contains(text, "href=\"#exp/_script_alert__x___/script____41_/u55/7\"");
    ns_arena_free(arena);
}

static void test_figures(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    const ns_suite_result result = all_kinds(arena);
    const char *text = render(&result, arena);
    assert_contains(text, "\u2717 4 failed");
    assert_contains(text, "\u2717 at fault: compile</b> exp ");
    assert_contains(text, "\u2298 2 rejected</b> int16 ");
    /* Said once, over the table. */
    assert_contains(
        text,
        "colspan=\"10\">the worst element comes from x = 0.5, -1, 2, 0.125, .. (9 elements from -3 to 4)");
    assert_contains(text, "<g data-count=\"65000\">");
    assert_contains(text, "data-worst=\"77\"");
    assert_contains(text, "128 codes are left open: &lt;i&gt;");
    assert_contains(text, "shift &quot;30&quot;");
    assert_null(strstr(text, "http://"));
    assert_null(strstr(text, "https://"));
    ns_arena_free(arena);
}

static int write_page(const char *path)
{
    ns_arena *arena = ns_arena_new();
    const ns_suite_result result = all_kinds(arena);
    const char *text = render(&result, arena);
    FILE *file = fopen(path, "w");
    const bool written = file && fputs(text, file) >= 0;
    const bool closed = file && fclose(file) == 0;
    ns_arena_free(arena);
    return written && closed ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return write_page(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_obeyed),
        cmocka_unit_test(test_rows_of_one_name_have_two_addresses),
        cmocka_unit_test(test_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
