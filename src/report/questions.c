/* Questions about results that several reports ask. */
#include <ctype.h>

#include "report/report.h"

#include <string.h>

const ns_stage_result *ns_report_stage(const ns_case_result *result, ns_stage stage)
{
    for (int i = 0; i < result->stage_count; i++)
        if (result->stages[i].stage == stage)
            return &result->stages[i];
    return NULL;
}

const ns_stage_result *ns_report_result_stage(const ns_case_result *result)
{
    const ns_stage_result *eval = ns_report_stage(result, NS_STAGE_EVAL),
                          *npu = ns_report_stage(result, NS_STAGE_NPU);
    return eval || !npu || !npu->measured ? eval : npu;
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

bool ns_report_meets(const ns_case_result *result, ns_defect defect)
{
    for (int i = 0; i < result->defect_count; i++)
        if (result->defects[i] == defect)
            return true;
    return false;
}

/* Behind a number that stands at `text`. */
static const char *skip_number(const char *text)
{
    const char *end = text + (*text == '-');
    if (!isdigit((unsigned char)*end))
        return text;
    while (isdigit((unsigned char)*end) || (*end == '.' && isdigit((unsigned char)end[1])) ||
           (*end == 'e' && (end[1] == '+' || end[1] == '-')) ||
           ((*end == '+' || *end == '-') && end[-1] == 'e'))
        end++;
    return end;
}

bool ns_report_same_words(const char *a, const char *b)
{
    a = a ? a : "";
    b = b ? b : "";
    while (*a && *b) {
        const char *a_end = skip_number(a), *b_end = skip_number(b);
        if ((a_end == a) != (b_end == b) || (a_end == a && *a != *b))
            return false;
        a = a_end == a ? a + 1 : a_end;
        b = b_end == b ? b + 1 : b_end;
    }
    return !*a && !*b;
}
