/* Details: what a page shows of a case beside its figures: the graph, the command stream, a sweep. */
#ifndef NS_SUITE_DETAILS_H
#define NS_SUITE_DETAILS_H

#include "npuscope/graph.h"
#include "npuscope/suite.h"
#include "npuscope/vela.h"

/* The main block's inputs, operators and outputs as nodes, constants folded into their readers. */
ns_code ns_details_draw_graph(const ns_graph *graph, ns_arena *arena, ns_case_details *details,
                              ns_error *error);

/* The text of a compiled stream; a stream that cannot be read leaves the reason in its place. */
ns_code ns_details_print_stream(const ns_vela_request *request, ns_arena *arena, ns_case_details *details,
                                ns_error *error);

/* A copy of all of it in `arena`; NULL when memory is out. */
const ns_case_details *ns_details_copy(const ns_case_details *details, ns_arena *arena);

#endif
