#include "report/report.h"

const ns_stage_result *ns_report_stage(const ns_case_result *result, ns_stage stage)
{
    for (int i = 0; i < result->stage_count; i++)
        if (result->stages[i].stage == stage)
            return &result->stages[i];
    return NULL;
}
