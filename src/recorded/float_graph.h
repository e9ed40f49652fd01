/* The float graph of a recorded case. */
#ifndef NS_RECORDED_FLOAT_GRAPH_H
#define NS_RECORDED_FLOAT_GRAPH_H

#include "ir/program.h"
#include "recorded/interface.h"

/* Reads float.json and its parameters: a list of FX nodes in order, each with name, kind (placeholder,
 * get_attr, call_function, output), target, args and kwargs ({"node": name} for the result of another node),
 * and shape. */
ns_code ns_recorded_float_graph(const ns_case_files *files, ns_arena *arena, ns_aten_program **out,
                                ns_error *error);

/* npuscope's name of the one operator that float.json calls, or the FX node's where npuscope lacks it; NULL
 * where there are several or none. */
ns_code ns_recorded_operator(const ns_case_files *files, ns_arena *arena, const char **out, ns_error *error);

#endif
