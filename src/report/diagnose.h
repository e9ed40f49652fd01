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

#endif
