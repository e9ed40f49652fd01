#include "report/report.h"

const ns_stage_result *ns_report_stage(const ns_case_result *result, ns_stage stage)
{
    for (int i = 0; i < result->stage_count; i++)
        if (result->stages[i].stage == stage)
            return &result->stages[i];
    return NULL;
}

bool ns_report_counts(const ns_suite_result *result, ns_verdict verdict)
{
    return verdict <= NS_VERDICT_SKIPPED || result->counts[verdict] > 0;
}
