/* Diagnose as a page. */
#ifndef NS_REPORT_DIAGNOSE_HTML_H
#define NS_REPORT_DIAGNOSE_HTML_H

#include "base/bytes.h"
#include "npuscope/diagnose.h"

/* One self-contained page: verdict, findings with the table's curve, the way to float, the stages as a graph
 * coloured by their share of the loss, the error at the output. */
ns_code ns_report_diagnose_html(const ns_diagnose_result *result, ns_arena *arena, ns_bytes *out,
                                ns_error *error);

#endif
