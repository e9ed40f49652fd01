#include "report/report.h"

const ns_tensor *ns_report_output(const ns_case_result *result, const ns_stage_result *stage)
{
    return result->outputs ? &result->outputs[stage->worst_output].tensor : &result->output;
}

void ns_report_coordinates(const ns_tensor *tensor, size_t element, int64_t *at)
{
    for (int i = tensor->rank - 1; i >= 0; i--) {
        at[i] = (int64_t)(element % (size_t)tensor->shape[i]);
        element /= (size_t)tensor->shape[i];
    }
}

const char *ns_report_index(const ns_tensor *tensor, size_t element, char *text, size_t size)
{
    int64_t at[NS_MAX_RANK] = {0};
    ns_report_coordinates(tensor, element, at);
    size_t used = (size_t)snprintf(text, size, "[");
    for (int i = 0; i < tensor->rank && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%lld", i ? ", " : "", (long long)at[i]);
    if (used < size)
        snprintf(text + used, size - used, "]");
    return text;
}
