#include "report/report.h"

const ns_stage_result *ns_report_stage(const ns_case_result *result, ns_stage stage)
{
    for (int i = 0; i < result->stage_count; i++)
        if (result->stages[i].stage == stage)
            return &result->stages[i];
    return NULL;
}

const char *ns_report_reference(const ns_stage_result *stage)
{
    if (stage->against)
        return stage->against;
    const ns_stage reference = ns_stage_reference(stage->stage);
    return reference == stage->stage ? "" : ns_stage_text(reference);
}

bool ns_report_counts(const ns_suite_result *result, ns_verdict verdict)
{
    return verdict <= NS_VERDICT_SKIPPED || result->counts[verdict] > 0;
}
