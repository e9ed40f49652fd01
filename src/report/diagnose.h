/* Diagnose: what is to blame in a model, for people and for programs. */
#ifndef NS_REPORT_DIAGNOSE_H
#define NS_REPORT_DIAGNOSE_H

#include <stdio.h>

#include "base/bytes.h"
#include "npuscope/diagnose.h"

/* The verdict first, then each blamed stage, then what is not to blame; then the compile half. */
void ns_report_diagnose_text(const ns_diagnose_result *result, FILE *out);

/* The document npuscope/diagnose/1 (docs/diagnose.schema.json), in memory of `arena`. */
ns_code ns_report_diagnose_json(const ns_diagnose_result *result, ns_arena *arena, ns_bytes *out,
                                ns_error *error);

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

/* One self-contained page: verdict, findings with the table's curve, the way to float, the stages as a graph
 * coloured by their share of the loss, the error at the output. */
ns_code ns_report_diagnose_html(const ns_diagnose_result *result, ns_arena *arena, ns_bytes *out,
                                ns_error *error);

#endif
