/* Diagnose, compile half: which configurations are right, and each finding, for people. */
#ifndef NS_REPORT_DIAGNOSE_COMPILE_H
#define NS_REPORT_DIAGNOSE_COMPILE_H

#include <stdio.h>

#include "npuscope/diagnose.h"

/* A line of counts, then a paragraph for each finding with all configurations that show it, then refusals. */
void ns_report_diagnose_compile_text(const ns_diagnose_result *result, FILE *out);

/* The first operation that departs, a line or more. */
void ns_report_diagnose_departure(const ns_diagnose_departure *first, FILE *out);

#endif
