/* Reports of a search for bad inputs: text, and the document npuscope/search/1 (docs/sweep.md). */
#ifndef NS_REPORT_SEARCH_H
#define NS_REPORT_SEARCH_H

#include <stdio.h>

#include "base/bytes.h"
#include "npuscope/search.h"

/* Within 100 columns: the worst element with what it depends on, the kinds of inputs, counts by error. */
void ns_report_search_text(const ns_search_result *result, FILE *out);

ns_code ns_report_search_json(const ns_search_result *result, ns_arena *arena, ns_bytes *out,
                              ns_error *error);

#endif
