/* Report: results as documents. */
#ifndef NPUSCOPE_REPORT_H
#define NPUSCOPE_REPORT_H

#include "npuscope/diagnose.h"
#include "npuscope/suite.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The JSON documents npuscope/suite/1 and npuscope/diagnose/1 (docs/suite.schema.json,
 * docs/diagnose.schema.json), in memory of `arena`: *text has *size bytes. */
ns_code ns_report_suite_json(const ns_suite_result *result, ns_arena *arena, const char **text, size_t *size,
                             ns_error *error);
ns_code ns_report_diagnosis_json(const ns_diagnose_result *result, ns_arena *arena, const char **text,
                                 size_t *size, ns_error *error);

#ifdef __cplusplus
}
#endif

#endif
