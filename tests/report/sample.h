/* A hand-made result with one case for each verdict. */
#ifndef NS_TESTS_REPORT_SAMPLE_H
#define NS_TESTS_REPORT_SAMPLE_H

#include <math.h>

#include "npuscope/suite.h"
#include "support/test.h"

#define SAMPLE_REASON "3 of 6 elements differ from quantised by more than the tolerance, at most by 200 steps"
#define SAMPLE_LONG_NAME "a_name_that_is_far_too_long_for_any_column_and_ends_in_quant=False"

static ns_suite_operand sample_operand = {"x", 9, 4, {0.5, -1, 2, 0.125}, -3, 4};

static ns_stage_result sample_pass[] = {
    {.stage = NS_STAGE_IDEAL, .verdict = NS_VERDICT_PASS, .measured = true, .sqnr_db = INFINITY},
    {.stage = NS_STAGE_QUANTISED,
     .verdict = NS_VERDICT_PASS,
     .measured = true,
     .max_abs_error = 0.25,
     .max_steps = 1,
     .mean_steps = 0.5,
     .sqnr_db = 60.25,
     .max_difference = 0.25,
     .max_difference_steps = 1,
     .operand_count = 1,
     .operands = &sample_operand},
};
static ns_stage_result sample_fail[] = {
    {.stage = NS_STAGE_QUANTISED,
     .verdict = NS_VERDICT_FAIL,
     .reason = SAMPLE_REASON,
     .measured = true,
     .max_abs_error = 50,
     .max_steps = 200,
     .mean_steps = 123456,
     .sqnr_db = -INFINITY,
     .max_difference = 50,
     .max_difference_steps = 200,
     .beyond = 3,
     .worst_element = 5,
     .worst_ideal = 1.5,
     .worst_reference = 1.25,
     .worst_got = NAN,
     .worst_tolerance = 0.75,
     .operand_count = 1,
     .operands = &sample_operand},
};
static ns_stage_result sample_rejected[] = {
    {.stage = NS_STAGE_QUANTISED,
     .verdict = NS_VERDICT_REJECTED,
     .reason = "int16 <bmm> & \"U55\" do not go"},
};
static ns_stage_result sample_skipped[] = {
    {.stage = NS_STAGE_QUANTISED, .verdict = NS_VERDICT_SKIPPED, .reason = "an earlier stage gave no output"},
};

#define SAMPLE_CASE(op_, name_, verdict_, stages_, reason_)                                            \
    {                                                                                                  \
        .op = op_, .name = name_, .target = "u55", .accelerator = "ethos-u55-128",                     \
        .settings = {128, 1e-3, 1e-3, 0x1p-16, true},                                                  \
        .output = {.dtype = NS_DTYPE_INT16, .rank = 2, .shape = {2, 3}}, .scale = 0.25, .minimum = -1, \
        .maximum = 1, .stage_count = sizeof stages_ / sizeof stages_[0], .stages = stages_,            \
        .verdict = verdict_, .reason = reason_, .seconds = 0.5                                         \
    }

static ns_case_result sample_cases[] = {
    SAMPLE_CASE("exp", "rank1", NS_VERDICT_PASS, sample_pass, NULL),
    SAMPLE_CASE("exp", SAMPLE_LONG_NAME, NS_VERDICT_FAIL, sample_fail, SAMPLE_REASON),
    SAMPLE_CASE("bmm", "same", NS_VERDICT_REJECTED, sample_rejected, "int16 <bmm> & \"U55\" do not go"),
    SAMPLE_CASE("bmm", "other", NS_VERDICT_REJECTED, sample_rejected, "int16 <bmm> & \"U55\" do not go"),
    SAMPLE_CASE("var", "all", NS_VERDICT_SKIPPED, sample_skipped, "an earlier stage gave no output"),
};

static inline ns_suite_result sample_result(void)
{
    static const ns_defect defects[] = {NS_DEFECT_slice_reduce};
    sample_cases[1].at_fault = NS_STAGE_QUANTISED;
    sample_cases[0].scale_count = 2;
    sample_cases[0].floor_count = 1;
    sample_cases[0].input_codes = (ns_suite_codes){3, -1, 1};
    sample_cases[0].output_codes = (ns_suite_codes){2, 0, 9};
    sample_cases[0].defect_count = 1;
    sample_cases[0].defects = defects;
    return (ns_suite_result){
        .catalogue = "seed",
        .seed = 7,
        .vela = "5.1.0",
        .stages = 1u << NS_STAGE_IDEAL | 1u << NS_STAGE_QUANTISED,
        .case_count = 5,
        .cases = sample_cases,
        .counts = {[NS_VERDICT_PASS] = 1,
                   [NS_VERDICT_FAIL] = 1,
                   [NS_VERDICT_REJECTED] = 2,
                   [NS_VERDICT_SKIPPED] = 1},
        .seconds = 2.5,
    };
}

static inline void assert_contains(const char *text, const char *part)
{
    if (!text)
        fail_msg("no text");
    else if (!strstr(text, part))
        fail_msg("'%s' is not in:\n%s", part, text);
}

#endif
