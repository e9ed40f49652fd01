/* Diagnose for programs: tables and CI. */
#ifndef NS_REPORT_DIAGNOSE_TABLE_H
#define NS_REPORT_DIAGNOSE_TABLE_H

#include "base/bytes.h"
#include "npuscope/diagnose.h"

/* A row for each stage, comma-separated, with a heading. */
ns_code ns_report_diagnose_csv(const ns_diagnose_result *result, ns_arena *arena, ns_bytes *out,
                               ns_error *error);

/* JUnit XML: a test case for each stage, failed where it is blamed, and one for each configuration. */
ns_code ns_report_diagnose_junit(const ns_diagnose_result *result, ns_arena *arena, ns_bytes *out,
                                 ns_error *error);

/* A summary for a CI job's page. */
ns_code ns_report_diagnose_markdown(const ns_diagnose_result *result, ns_arena *arena, ns_bytes *out,
                                    ns_error *error);

/* Node data for Model Explorer with Arm's TOSA adapter: each stage's share of the error at the output in
 * percent, at the operator that it is named after. Nodes are <region>/op<index> there. */
ns_code ns_report_diagnose_nodes(const ns_diagnose_result *result, ns_arena *arena, ns_bytes *out,
                                 ns_error *error);

#endif
