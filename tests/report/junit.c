#include "report/report.h"

#include "sample.h"
#include "support/test.h"

static void test_the_document(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    const ns_suite_result result = sample_result();
    ns_bytes bytes;
    ns_error error;
    ns_buffer buffer = {.arena = arena};
    ASSERT_OK(ns_report_junit(&result, &buffer, &error));
    bytes = (ns_bytes){buffer.data, buffer.size};
    const char *text = ns_arena_format(arena, "%.*s", (int)bytes.size, (const char *)bytes.data);
    assert_contains(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"npuscope suite\" "
                          "tests=\"5\" failures=\"1\" errors=\"0\" skipped=\"3\" time=\"2.500000\">");
    assert_contains(text, "<testsuite name=\"exp\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\"");
    assert_contains(text, "<testsuite name=\"bmm\" tests=\"2\" failures=\"0\" errors=\"0\" skipped=\"2\"");
    assert_contains(text, "<testcase name=\"rank1\" classname=\"npuscope.u55.exp\" time=\"0.500000\">");
    assert_contains(text, "<failure type=\"quantise\" message=\"" SAMPLE_REASON "\"/>");
    assert_contains(text, "<skipped message=\"int16 &lt;bmm&gt; &amp; &quot;U55&quot; do not go\"/>");
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_document)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
