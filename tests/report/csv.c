#include "report/report.h"

#include "sample.h"
#include "support/test.h"

static void test_lines(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    const ns_suite_result result = sample_result();
    ns_bytes bytes;
    ns_error error;
    ns_buffer buffer = {.arena = arena};
    ASSERT_OK(ns_report_csv(&result, &buffer, &error));
    bytes = (ns_bytes){buffer.data, buffer.size};
    const char *text = ns_arena_format(arena, "%.*s", (int)bytes.size, (const char *)bytes.data);
    assert_string_equal(
        text,
        "op,case,target,accelerator,verdict,at_fault,stage,stage_verdict,max_steps,mean_steps,sqnr_db,"
        "max_difference_steps,beyond_tolerance,reason,limit_steps,scales,scales_at_floor,input_codes,output_"
        "codes,"
        "known_defects\r\n"
        "exp,rank1,u55,ethos-u55-128,pass,,ideal,pass,0,0,inf,,,\"\",,2,1,3,2,slice_reduce\r\n"
        "exp,rank1,u55,ethos-u55-128,pass,,quantised,pass,1,0.5,60.25,1,0,\"\",0,2,1,3,2,slice_reduce\r\n"
        "exp," SAMPLE_LONG_NAME
        ",u55,ethos-u55-128,fail,quantise,quantised,fail,200,123456,-inf,200,3,\"" SAMPLE_REASON
        "\",3,,,,,\r\n"
        "bmm,same,u55,ethos-u55-128,rejected,,quantised,rejected,,,,,,\"int16 <bmm> & \"\"U55\"\" do not "
        "go\",,,,,,\r\n"
        "bmm,other,u55,ethos-u55-128,rejected,,quantised,rejected,,,,,,\"int16 <bmm> & \"\"U55\"\" do not "
        "go\",,,,,,\r\n"
        "var,all,u55,ethos-u55-128,skipped,,quantised,skipped,,,,,,\"an earlier stage gave no "
        "output\",,,,,,\r\n");
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
