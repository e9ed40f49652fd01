#include "report/report.h"

#include <string.h>

static bool same_reason(const ns_case_result *a, const ns_case_result *b)
{
    return b->verdict == NS_VERDICT_REJECTED && a->reason && b->reason && strcmp(a->reason, b->reason) == 0;
}

int ns_report_rejected(const ns_suite_result *result, int index)
{
    const ns_case_result *one = &result->cases[index];
    int rows = 0;
    if (one->verdict != NS_VERDICT_REJECTED)
        return 0;
    for (int i = 0; i < result->case_count; i++) {
        if (!same_reason(one, &result->cases[i]))
            continue;
        if (i < index)
            return 0;
        rows++;
    }
    return rows;
}
