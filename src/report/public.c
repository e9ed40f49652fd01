/* What npuscope/report.h gives of the reports. */
#include "npuscope/report.h"

#include "report/interface.h"
#include "report/report.h"

ns_code ns_report_suite_json(const ns_suite_result *result, ns_arena *arena, const char **text, size_t *size,
                             ns_error *error)
{
    ns_bytes bytes;
    NS_TRY(ns_report_json(result, arena, &bytes, error));
    *text = (const char *)bytes.data;
    *size = bytes.size;
    return NS_OK;
}

ns_code ns_report_diagnosis_json(const ns_diagnose_result *result, ns_arena *arena, const char **text,
                                 size_t *size, ns_error *error)
{
    ns_bytes bytes;
    NS_TRY(ns_report_diagnose_json(result, arena, &bytes, error));
    *text = (const char *)bytes.data;
    *size = bytes.size;
    return NS_OK;
}
