/* The float graph of a recorded case. */
#ifndef NS_RECORDED_FLOAT_GRAPH_H
#define NS_RECORDED_FLOAT_GRAPH_H

#include "ir/program.h"

/* Reads float.json and its parameters: a list of FX nodes in order, each with name, kind (placeholder,
 * get_attr, call_function, output), target, args and kwargs ({"node": name} for the result of another node),
 * and shape. */
ns_code ns_recorded_float_graph(const char *folder, ns_arena *arena, ns_aten_program **out, ns_error *error);

#endif
